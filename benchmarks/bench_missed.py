"""How small an edit could have been missed: the formula of `annotate` against inserting edits.

    python benchmarks/bench_missed.py [--pairs 240] [--fit | --table CSV] [--json]

Makes pairs with known edits from photographs, runs the difference annotator, inserts squares as
`compare` does (`maskwright.masks.insertion`), and sets the smallest that is seen beside `missed_px`,
which knows the noise floor only. Without `--fit` the photographs are of `val`, on which nothing was
fitted. `--fit` takes `train` and fits the two constants of the formula: the line through log2(side)
over the noise floor that three of four pairs lie on or below (quantile regression by a grid search).
`--table` measures on real pairs instead: a table with columns original and edited, paths relative to it.
"Safe" is the share of pairs in which squares of the formula's side are seen; "close" the share in
which the formula is within a factor of two of the smallest.
Needs the photographs (MASKWRIGHT_DATA).
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from maskwright.masks.annotators import load_annotator
from maskwright.masks.insertion import SIDES_PX, insert_and_look
from maskwright.masks.pipeline import examine
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Pair
from maskwright.synthesis.recipes import make_pair

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
BACKGROUNDS = ("identical", "resaved", "regenerated")
UNSEEN_PX = 2.0 * SIDES_PX[-1]
"""Stands for "not even the largest square was seen"."""
QUANTILE = 0.75


def photographs(split: str, count: int) -> list[Path]:
    """Photographs of a split, spread over the sets."""
    with (DATA / "photos" / "photos.csv").open(newline="") as table:
        paths = [row["path"] for row in csv.DictReader(table) if row["split"] == split]
    rng = np.random.default_rng(9)
    return [DATA / "photos" / paths[place] for place in rng.permutation(len(paths))[:count]]


def synthetic(split: str, count: int) -> Iterator[Pair]:
    """Pairs with known edits, the three backgrounds in turn."""
    for number, (photo, donor) in enumerate(itertools.pairwise(photographs(split, count + 1))):
        first, second = (read_picture(path).pixels[:512, :512] for path in (photo, donor))
        made = BACKGROUNDS[number % len(BACKGROUNDS)]
        pair = make_pair(first, second, np.random.default_rng(number), background=made).made
        yield Pair(photo.name, pair.original, pair.edited)


def listed(table: Path) -> Iterator[Pair]:
    """The pairs of a table."""
    with table.open(newline="") as lines:
        for row in csv.DictReader(lines):
            original, edited = (table.parent / row[name] for name in ("original", "edited"))
            yield Pair(row["edited"], original, edited)


def measure(pairs: Iterable[Pair]) -> list[dict[str, Any]]:
    """A row a pair: background and noise floor, smallest square seen, and the formula's side."""
    annotator = load_annotator("difference")
    rows: list[dict[str, Any]] = []
    for pair in pairs:
        seen = examine(pair, annotator)
        if seen.aligned is None or seen.annotation.mask is None or seen.annotation.verdict == "same_pixels":
            continue
        found = insert_and_look(seen.aligned, seen.annotation.mask, annotator)
        if found.largest_px < SIDES_PX[-1] // 2:
            continue
        rows.append(
            {
                "background": seen.annotation.background,
                "noise_floor": seen.annotation.scores["noise_floor"],
                "seen_px": found.seen_px or UNSEEN_PX,
                "missed_px": seen.annotation.scores["missed_px"],
            }
        )
    return rows


def fit(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Base and slope of log2(side) over the noise floor, where the background is not bit-equal."""
    noisy = [row for row in rows if row["background"] != "identical"]
    floor = np.array([row["noise_floor"] for row in noisy])
    side = np.log2([row["seen_px"] for row in noisy])
    losses = {}
    for base, slope in itertools.product(np.arange(1, 4, 0.05), np.arange(0, 2, 0.05)):
        left = side - np.minimum(base + slope * floor, np.log2(UNSEEN_PX))
        losses[base, slope] = float(np.maximum(QUANTILE * left, (QUANTILE - 1) * left).sum())
    base, slope = min(losses, key=losses.__getitem__)
    return {"base": round(float(base), 2), "slope": round(float(slope), 2)}


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line a background, as decided by the annotator, and one for all."""
    lines = []
    for name in (*BACKGROUNDS, "redrawn", "all"):
        some = [row for row in rows if name in (row["background"], "all")]
        if not some:
            continue
        seen, told = (np.array([row[key] for row in some]) for key in ("seen_px", "missed_px"))
        ratio = told / seen
        lines.append(
            {
                "background": name,
                "n": len(some),
                "floor": float(np.median([row["noise_floor"] for row in some])),
                "seen_px": float(np.median(seen)),
                "missed_px": float(np.median(told)),
                "safe": float(np.mean(ratio >= 1)),
                "close": float(np.mean((ratio >= 0.5) & (ratio <= 2))),
            }
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=int, default=240)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--fit", action="store_true")
    which.add_argument("--table", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    split = "train" if options.fit else "val"
    rows = measure(listed(options.table) if options.table else synthetic(split, options.pairs))
    report = {
        "pairs": str(options.table or split),
        "python": platform.python_version(),
        "opencv": cv2.__version__,
    }
    fitted = fit(rows) if options.fit else {}
    if options.json:
        print(json.dumps({**report, **fitted, "lines": summary(rows), "rows": rows}))
        return
    print(*(f"{key} {value}" for key, value in {**report, **fitted}.items()), sep=", ")
    print(f"{'background':12} {'n':>4} {'floor':>6} {'seen_px':>8} {'missed_px':>9} {'safe':>5} {'close':>5}")
    for line in summary(rows):
        print(
            f"{line['background']:12} {line['n']:4d} {line['floor']:6.2f} {line['seen_px']:8.0f} "
            f"{line['missed_px']:9.0f} {line['safe']:5.2f} {line['close']:5.2f}"
        )


if __name__ == "__main__":
    main()
