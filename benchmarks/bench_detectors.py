"""What it costs to look at one picture for edits.

    python benchmarks/bench_detectors.py                              # the detector in the wheel
    python benchmarks/bench_detectors.py --detector trained/mfpt.onnx --pictures 20 --json

Pictures are 512x512 JPEGs (quality 90) of the photographs of MASKWRIGHT_DATA, or random textures where there
are none. `decode` is `maskwright.read_picture` of the file's bytes, `detect` is the detector with one thread;
both are processor time of this process, so that other programs do not count, and medians over the pictures
but for the first. `ratio` is detect to decode. Memory is the peak (VmHWM, Linux alone) of a process of its
own that makes one picture and looks at it: of 512x512, and of 100 megapixels.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import metadata
from typing import Any

import cv2
import numpy as np

from bench_sigma import peak_mib
from bench_speed import SIDE, photographs
from maskwright.detectors import DEFAULT, load_detector
from maskwright.pairs.picture import read_picture

LARGE = (8660, 11548)
"""Height and width of 100 megapixels, no multiples of anything."""


def seconds_of(work: Callable[[], Any]) -> float:
    """Processor time of one call."""
    began = time.process_time()
    work()
    return time.process_time() - began


def speed(spec: str, count: int) -> dict[str, float]:
    """Milliseconds of decoding a picture and of looking at it."""
    detector = load_detector(spec)
    files = [
        cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
        for picture in photographs(count + 1)
    ]
    decode, detect = [], []
    for data in files:
        decode.append(seconds_of(lambda data=data: read_picture(data)))
        picture = read_picture(data).pixels
        detect.append(seconds_of(lambda picture=picture: detector.detect(picture)))
    found = {
        "decode_ms": 1000 * statistics.median(decode[1:]),
        "detect_ms": 1000 * statistics.median(detect[1:]),
    }
    return {
        **found,
        "ratio": found["detect_ms"] / found["decode_ms"],
        "pictures_per_s": 1000 / found["detect_ms"],
    }


def measured(spec: str, height: int, width: int) -> dict[str, float]:
    """Peak memory of this process, and seconds, after one picture; and how much of that was there before."""
    detector = load_detector(spec)
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (height // 16 + 1, width // 16 + 1, 3), np.uint8)
    picture = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    before = peak_mib()
    taken = seconds_of(lambda: detector.detect(picture))
    return {"peak_mib": peak_mib(), "before_mib": before, "s": taken}


def memory(spec: str, height: int, width: int) -> dict[str, float]:
    words = ["--measure", spec, str(height), str(width)]
    done = subprocess.run([sys.executable, __file__, *words], stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    cv2.setNumThreads(1)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--detector", action="append")
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.measure:
        spec, height, width = options.measure
        print(json.dumps(measured(spec, int(height), int(width))))
        return
    lines = []
    for spec in options.detector or [DEFAULT]:
        line: dict[str, Any] = {"detector": spec, "n": options.pictures, **speed(spec, options.pictures)}
        for name, (height, width) in (("small", (SIDE, SIDE)), ("large", LARGE)):
            line |= {f"{name}_{key}": value for key, value in memory(spec, height, width).items()}
        lines.append(line)
    versions = {
        name: metadata.version(name) for name in ("maskwright", "opencv-python-headless", "onnxruntime")
    }
    if options.json:
        print(json.dumps({"lines": lines, "versions": versions}))
        return
    print(f"{SIDE}x{SIDE}, one thread, n {options.pictures}; 100 megapixels, n 1")
    for line in lines:
        print(
            f"{line['detector']}: {line['detect_ms']:.1f} ms, {line['pictures_per_s']:.1f} pictures a second"
            f" and core, {line['ratio']:.1f} x decoding ({line['decode_ms']:.1f} ms),"
            f" peak {line['small_peak_mib']:.0f} MiB"
        )
        print(
            f"  100 megapixels: {line['large_s']:.0f} s, peak {line['large_peak_mib']:.0f} MiB,"
            f" of which {line['large_before_mib']:.0f} MiB before it looked"
        )
    print(", ".join(f"{name} {version}" for name, version in versions.items()))


if __name__ == "__main__":
    main()
