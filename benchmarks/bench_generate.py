"""What a made pair costs: processor time of `draw_sample`, in multiples of decoding its photograph.

    python benchmarks/bench_generate.py --samples 500
    python benchmarks/bench_generate.py --samples 500 --autoencoder network.onnx --cache DIR --json

The floor is one `cv2.imdecode` of the photograph that was drawn, in the same run. Times are processor time
of one thread, so that a busy machine does not count. Printed: the whole, reading apart, by background and by
edit, and how large masks are. Needs the photographs of MASKWRIGHT_DATA, or those named by --photos.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from maskwright.synthesis.photos import load_photo, read_photos
from maskwright.synthesis.roundtrip import KeptRoundtrip
from maskwright.synthesis.samples import draw_sample

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
SHARES = (5, 25, 50, 75, 95)


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Milliseconds a sample, means over the run, and what the masks are like."""
    photos = read_photos(options.photos, options.split)
    again = KeptRoundtrip(options.autoencoder, options.cache) if options.autoencoder else None
    by: dict[str, dict[str, list[float]]] = {"background": defaultdict(list), "edit": defaultdict(list)}
    whole, read, floor, areas, ignored = [], [], [], [], []
    for number in range(options.samples):
        began = time.process_time()
        sample = draw_sample(photos, np.random.default_rng([options.seed, number]), again=again)
        whole.append(1e3 * (time.process_time() - began))
        drawn = [sample.photo, *([sample.donor] if sample.donor else [])]
        read.append(_cost(lambda drawn=drawn: [load_photo(photo, longest_px=448) for photo in drawn]))
        data = np.frombuffer(Path(sample.photo.path).read_bytes(), np.uint8)
        floor.append(_cost(lambda data=data: cv2.imdecode(data, cv2.IMREAD_COLOR)))
        by["background"][sample.told.background].append(whole[-1])
        for edit in sample.told.edits:
            by["edit"][edit].append(whole[-1])
        if sample.told.edits:
            areas.append(float(sample.told.made.mask.mean()))
        ignored.append(float(sample.told.made.ignore.mean()))
    return {
        "samples": options.samples,
        "ms": float(np.mean(whole)),
        "of_which_reading_ms": float(np.mean(read)),
        "floor_ms": float(np.mean(floor)),
        "ratio": float(np.mean(whole) / np.mean(floor)),
        "samples_per_s_a_core": float(1e3 / np.mean(whole)),
        "edited": len(areas),
        "edited_without_a_mask": int(np.sum(np.array(areas) == 0)),
        "area_frac": {f"p{share}": float(np.percentile(areas, share)) for share in SHARES},
        "ignore_frac": float(np.mean(ignored)),
        **{
            f"ms_by_{kind}": {name: float(np.mean(times)) for name, times in sorted(found.items())}
            for kind, found in by.items()
        },
    }


def _cost(work: Any) -> float:
    began = time.process_time()
    work()
    return 1e3 * (time.process_time() - began)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--photos", type=Path, default=DATA / "photos" / "photos.csv")
    parser.add_argument("--split", default="train")
    parser.add_argument("--autoencoder", type=Path)
    parser.add_argument("--cache", type=Path, default=Path("kept"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    found = measured(options)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        if isinstance(value, dict):
            print(f"{name}: " + ", ".join(f"{key} {number:.3g}" for key, number in value.items()))
        else:
            print(f"{name}: {value:.4g}")


if __name__ == "__main__":
    main()
