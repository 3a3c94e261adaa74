"""What verdicts rest on: tone shift, noise floor and unexplained share of pictures nobody edited.

    python benchmarks/bench_verdicts.py [--photos 40] [--split train] [--json]

Every photograph against a copy that was saved, resized, moved, or changed as a whole. Printed a kind:
verdicts with their counts, and median and largest value of each figure, over the photographs with
an empty mask. The constants of `maskwright.masks.verdict` were read off this table on `train`.
Needs the photographs (MASKWRIGHT_DATA).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from maskwright.masks.annotators import load_annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Pair, Picture, PictureLike

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
FIGURES = ("tone_shift_de", "noise_floor", "unexplained")
Copy = Callable[[Picture], PictureLike]


def saved(suffix: str, flag: int, quality: int) -> Copy:
    return lambda picture: cv2.imencode(suffix, picture[..., ::-1], [flag, quality])[1].tobytes()


def levels(change: Callable[[Any], Any]) -> Copy:
    return lambda picture: np.clip(change(picture.astype(np.float64)), 0, 255).round().astype(np.uint8)


def halved(picture: Picture) -> Picture:
    size = picture.shape[1::-1]
    half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(half, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def noisy(spread: float) -> Copy:
    rng = np.random.default_rng(0)
    return levels(lambda picture: picture + rng.normal(0, spread, picture.shape))


def waves(picture: Picture) -> PictureLike:
    y, x = np.indices(picture.shape[:2]) / 9
    return levels(lambda plain: plain + 25 * (np.sin(x) * np.sin(y))[..., None])(picture)


KINDS: dict[str, Copy] = {
    **{f"jpeg {q}": saved(".jpg", cv2.IMWRITE_JPEG_QUALITY, q) for q in (95, 75, 50, 30, 20, 10)},
    "webp 60": saved(".webp", cv2.IMWRITE_WEBP_QUALITY, 60),
    "half and back": halved,
    "1-px shift": lambda picture: np.ascontiguousarray(picture[1:, 1:]),
    "noise 10": noisy(10),
    "noise 40": noisy(40),
    "2 levels lighter": levels(lambda picture: picture + 2),
    "8 levels lighter": levels(lambda picture: picture + 8),
    "3 % darker": levels(lambda picture: 0.97 * picture),
    "10 % darker": levels(lambda picture: 0.9 * picture),
    "gamma 0.7": levels(lambda picture: 255 * (picture / 255) ** 0.7),
    "waves of 25 levels": waves,
}


def measure(split: str, count: int) -> list[dict[str, Any]]:
    """A line a kind."""
    annotator = load_annotator("difference")
    with (DATA / "photos" / "photos.csv").open(newline="") as table:
        paths = [row["path"] for row in csv.DictReader(table) if row["split"] == split]
    chosen = np.random.default_rng(4).permutation(len(paths))[:count]
    photos = [read_picture(DATA / "photos" / paths[place]).pixels[:512, :512] for place in chosen]
    lines = []
    for kind, copy in KINDS.items():
        found = [annotate_pair(Pair(kind, photo, copy(photo)), annotator) for photo in photos]
        empty = [row.scores for row in found if row.mask is not None and not row.mask.any()]
        line: dict[str, Any] = {
            "kind": kind,
            "verdicts": dict(Counter(row.verdict for row in found).most_common()),
        }
        for figure in FIGURES:
            values = [scores[figure] or 0.0 for scores in empty]
            line[figure] = [float(np.median(values)), max(values)] if values else None
        lines.append(line)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--photos", type=int, default=40)
    parser.add_argument("--split", choices=("train", "val"), default="train")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    lines = measure(options.split, options.photos)
    if options.json:
        print(json.dumps({"split": options.split, "opencv": cv2.__version__, "lines": lines}))
        return
    print(f"{options.split}, {options.photos} photographs, opencv {cv2.__version__}; median / largest")
    print(f"{'kind':20}" + "".join(f"{name:>16}" for name in FIGURES) + "  verdicts")
    for line in lines:
        shown = [f"{line[name][0]:7.3f} /{line[name][1]:6.3f}" if line[name] else "-" for name in FIGURES]
        print(f"{line['kind']:20}" + "".join(f"{text:>16}" for text in shown) + f"  {line['verdicts']}")


if __name__ == "__main__":
    main()
