"""What a pair costs: the whole of `annotate` in multiples of the floor.

    python benchmarks/bench_speed.py --pairs 2000            # identical geometry, half of them edited
    python benchmarks/bench_speed.py --pairs 2000 --annotator compact --json

The floor is what nobody can avoid: two `cv2.imdecode` and one 1-bit PNG encode of the same pictures
in the same run, one thread. `annotate` runs with one worker and one thread; start-up is excluded by
taking the difference between a long run and a short one. The stages are timed on the same pairs, in
this process, so that one sees where the time goes: `decode`, `align`, `change` (the annotator, of which
`network` is the part inside ONNX Runtime), `score` and `write` (both PNGs); `rest` is what `whole` has on
top, files of the run among it. FLOPs are those of the convolutions, two a multiplication. Pictures are
512x512 JPEG (original 92, edited 85) made of the photographs of MASKWRIGHT_DATA, or of random textures
where there are none.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

from maskwright.corpus.annotate import Options, annotate
from maskwright.masks.annotators import DEFAULT, load_annotator
from maskwright.masks.scores import score_pair
from maskwright.pairs.align import align
from maskwright.pairs.picture import encode_png, read_picture
from maskwright.pairs.values import Hint, Picture
from maskwright.synthesis.objects import paste
from maskwright.synthesis.steps import begin

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
SIDE = 512
SHORT = 100
"""Pairs of the run whose time is start-up and little else."""
STAGES = ("decode", "align", "change", "score", "write")


def photographs(count: int) -> list[Picture]:
    """At most `count` photographs as 512x512, of any split: nothing is fitted here."""
    table = DATA / "photos" / "photos.csv"
    if not table.is_file():
        print(f"no photographs at {DATA}: timing random textures", file=sys.stderr)
        rng = np.random.default_rng(0)
        noise = [rng.normal(128, 60, (64, 64, 3)).astype(np.float32) for _ in range(count)]
        return [
            np.clip(cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)
            for one in noise
        ]
    with table.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if min(int(row["width"]), int(row["height"])) >= 320]
    chosen = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))[:count]]
    pictures = [read_picture(DATA / "photos" / row["path"]).pixels for row in chosen]
    return [cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for picture in pictures]


def make_pairs(folder: Path, count: int, misaligned: float) -> None:
    """original/ and edited/, every other pair edited, a share of them shifted, turned and zoomed."""
    rng = np.random.default_rng(1)
    pictures = photographs(min(count, 200))
    for name in ("original", "edited"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        original = pictures[number % len(pictures)]
        edited = original
        if number % 2:
            donor = pictures[(number * 7 + 1) % len(pictures)]
            edited = paste(donor)(begin(original), rng).edited
        if rng.random() < misaligned:
            turn = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), rng.uniform(-3, 3), rng.uniform(1.02, 1.1))
            turn[:, 2] += rng.uniform(-8, 8, 2)
            edited = cv2.warpAffine(edited, turn, (SIDE, SIDE), flags=cv2.INTER_CUBIC)
        for name, picture, quality in (("original", original, 92), ("edited", edited, 85)):
            _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
            (folder / name / f"{number:05d}.jpg").write_bytes(data.tobytes())


def cost_per_pair(folder: Path, count: int, annotator: str) -> float:
    """Seconds a pair, start-up excluded, of the whole of `annotate` with one worker."""

    def run(sample: int | None) -> float:
        with tempfile.TemporaryDirectory() as out:
            began = time.perf_counter()
            options = Options(files=False, sample=sample)
            annotate(folder, Path(out) / "out", annotator=annotator, workers=1, options=options)
            return time.perf_counter() - began

    run(SHORT)  # warms the disk's cache
    short = statistics.median(run(SHORT) for _ in range(3))
    return (run(None) - short) / (count - SHORT)


class Watched:
    """What ONNX Runtime does while one looks: seconds and FLOPs of the calls inside one `with`."""

    def __init__(self) -> None:
        self._run = onnxruntime.InferenceSession.run
        self._known: dict[tuple[Any, ...], float] = {}
        self._calls: list[tuple[Any, dict[str, Any]]] = []
        self.seconds: list[float] = []
        self.flops = 0.0

    def __enter__(self) -> None:
        self._calls, self.seconds = [], []

        def watched(session: Any, names: Any, inputs: dict[str, Any], options: Any = None) -> Any:
            began = time.perf_counter()
            found = self._run(session, names, inputs, options)
            self.seconds.append(time.perf_counter() - began)
            self._calls.append((session, inputs))
            return found

        onnxruntime.InferenceSession.run = watched

    def __exit__(self, *trouble: object) -> None:
        onnxruntime.InferenceSession.run = self._run
        self.flops = 0.0
        for session, inputs in self._calls:
            key = (id(session), *(value.shape for value in inputs.values()))
            if key not in self._known:
                self._known[key] = flops_of(session._model_bytes, inputs)
            self.flops += self._known[key]


def flops_of(network: bytes, inputs: dict[str, Any]) -> float:
    """FLOPs of the convolutions of a network on these inputs; nan without the package onnx.

    It is run once with the output of every convolution handed out, whatever sizes the graph makes.
    A multiplication and its addition are two: output values times kernel values times 2.
    """
    try:
        import onnx
    except ImportError:
        return float("nan")
    graph = (model := onnx.load_from_string(network)).graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for node in graph.node:  # quantized weights are initializers behind one node
        if node.op_type == "DequantizeLinear" and node.input[0] in shapes:
            shapes[node.output[0]] = shapes[node.input[0]]
    kernels = {
        node.output[0]: shapes[node.input[3 if node.op_type == "QLinearConv" else 1]]
        for node in graph.node
        if node.op_type in ("Conv", "QLinearConv", "ConvInteger")
    }
    held = {output.name for output in graph.output}
    graph.output.extend(onnx.ValueInfoProto(name=name) for name in kernels if name not in held)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(list(kernels), inputs)
    return float(
        sum(2 * out.size * np.prod(kernel[1:]) for out, kernel in zip(found, kernels.values(), strict=True))
    )


def stages(folder: Path, count: int, name: str) -> dict[str, float]:
    """Milliseconds a pair of the floor and of every stage, means over `count` pairs in this process.

    With them `calls` of a network a pair, and their `mflops` a pair.
    """
    annotator = load_annotator(name)
    times: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        value = work()
        times.setdefault(name, []).append(time.perf_counter() - began)
        return value

    network, calls, flops = Watched(), [], []
    for number in range(count):
        paths = [folder / name / f"{number:05d}.jpg" for name in ("original", "edited")]
        data = [np.frombuffer(path.read_bytes(), np.uint8) for path in paths]
        original, edited = timed("decode", lambda paths=paths: [read_picture(p).pixels for p in paths])
        pair = timed("align", lambda o=original, e=edited: align(o, e))
        with network:
            (change,) = timed("change", lambda pair=pair: annotator.annotate([pair], [Hint()]))
        times.setdefault("network", []).append(sum(network.seconds))
        calls.append(len(network.seconds))
        flops.append(network.flops)
        mask = change.map >= 0.5
        timed(
            "score", lambda p=pair, c=change, m=mask, o=original: score_pair(p, c, m, original=o, region=None)
        )
        levels = np.round(change.map * 255).astype(np.uint8)
        timed("write", lambda levels=levels, mask=mask: (encode_png(levels), encode_png(mask)))
        grey = mask.astype(np.uint8) * 255
        timed(
            "floor",
            lambda data=data, grey=grey: (
                [cv2.imdecode(one, cv2.IMREAD_COLOR) for one in data],
                cv2.imencode(".png", grey, [cv2.IMWRITE_PNG_BILEVEL, 1]),
            ),
        )
    found = {stage: 1000 * statistics.fmean(values) for stage, values in times.items()}
    return found | {"calls": statistics.fmean(calls), "mflops": statistics.fmean(flops) / 1e6}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--annotator", default=DEFAULT)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    lines = []
    for name, misaligned in (("identical geometry", 0.0), ("10 % misaligned", 0.1)):
        with tempfile.TemporaryDirectory() as folder:
            make_pairs(Path(folder), options.pairs, misaligned)
            whole = 1000 * cost_per_pair(Path(folder), options.pairs, options.annotator)
            parts = stages(Path(folder), min(options.pairs, 400), options.annotator)
        parts["rest"] = whole - sum(parts[stage] for stage in STAGES)
        about = {"pairs": name, "n": options.pairs, "whole": whole, "pairs_per_s": 1000 / whole}
        lines.append({**about, **parts, "ratio": whole / parts["floor"]})
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    versions = {
        name: metadata.version(name)
        for name in ("maskwright", "opencv-python-headless", "pillow", "numpy", "onnxruntime")
    }
    if options.json:
        print(
            json.dumps(
                {
                    "annotator": options.annotator,
                    "lines": lines,
                    "peak_mb": peak,
                    "cpu": platform.processor(),
                    "versions": versions,
                }
            )
        )
        return
    keys = ("floor", "decode", "align", "change", "network", "score", "write", "rest")
    print(f"{'ms a pair':22s} {'whole':>8s} {'ratio':>7s}   " + " ".join(f"{key:>8s}" for key in keys))
    for line in lines:
        shares = " ".join(f"{line[key]:8.2f}" for key in keys)
        print(f"{line['pairs']:22s} {line['whole']:8.2f} {line['ratio']:6.1f}x   {shares}")
    for line in lines:
        said = f"{line['calls']:.2f} calls of a network and {line['mflops']:.0f} MFLOPs a pair"
        print(f"{line['pairs']}: {line['pairs_per_s']:.1f} pairs a second and core, {said}")
    print(f"{options.annotator}, n {options.pairs}, {SIDE}x{SIDE} JPEG, one worker, one thread")
    print(f"worker at most {peak:.0f} MB")
    print(", ".join(f"{name} {version}" for name, version in versions.items()))


if __name__ == "__main__":
    main()
