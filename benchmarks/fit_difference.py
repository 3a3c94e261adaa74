"""Fits the constants of the difference annotator on synthetic edits of `train` photographs.

    python benchmarks/fit_difference.py --pairs 1500 --seed 1            # writes difference.json
    python benchmarks/fit_difference.py --pairs 1500 --seed 1 --dry-run  # only prints the figures

Each plane of evidence gets a table: a sum of ramps between fixed knots, bound to rise (or fall)
where more of the plane must not mean less of an edit. The sum is the log odds of an edit. The
loss is 1 - soft F1, a mean over pictures, plus balanced cross entropy, plus the marked share of
unedited pictures. Needs the photographs (MASKWRIGHT_DATA) and scipy (it comes with scikit-learn).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from maskwright.masks.annotators import difference
from maskwright.masks.annotators import rule as rules
from maskwright.masks.annotators.evidence import ZERO, Evidence, evidence
from maskwright.measures.metrics import pixel_f1
from maskwright.pairs.align import align
from maskwright.pairs.values import Aligned, Mask
from maskwright.synthesis.photos import read_photos
from maskwright.synthesis.samples import draw_sample

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
TARGET = Path(difference.__file__).with_name(rules.CONSTANTS)

MARGIN = [ZERO + step for step in (-16, 0, 16, 32, 48, 64, 96, 144)]
LEVEL = [0, 32, 64, 96, 128, 160, 192, 255]
BELOW_PEAK = [0, 16, 32, 48, 64, 96, 128, 255]
PLANES: dict[str, tuple[list[int], int]] = {
    **{f"{name}_margin": (MARGIN, 1) for name in ("sharp", "fine", "coarse", "broad")},
    "energy_margin": ([ZERO + step for step in (0, 10, 20, 32, 48, 80, 136)], 1),
    **dict.fromkeys(("sharp", "fine", "coarse", "energy"), (LEVEL, 1)),
    "activity": ([0, 32, 64, 96, 128, 160, 200], 0),
    "likeness": ([96, 128, 138, 144, 150, 154, 158, 160], -1),
    "contrast_ratio": ([0, 10, 22, 48], 1),
    **{f"below_peak_{px}{calm}": (BELOW_PEAK, 0) for px in (32, 16, 8) for calm in ("", "_calm")},
}
"""Plane: the codes at which its table may bend, and whether it may only rise (1), fall (-1) or both (0)."""
SCALARS: dict[str, list[float]] = {
    "noise": [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5],
    "calm": [0, 0.3, 0.6, 1, 1.5, 2, 3],
}
REST = {
    "seed": 1.0,
    "border_share": 0.4,
    "border_sigma": 16,
    "close_px": 6,
    "hole_share": 0.15,
    "least_px": 24,
}
"""Chosen by hand on synthetic `train` pairs; docs/LOG.md has the table of what was tried."""
PIXELS = 2500
"""Places looked at in each pair when fitting."""
UNEDITED_WEIGHT = 50
"""A picture without an edit costs this times its marked share: 2 % marked is as bad as an F1 of 0.
120 costs a flat patch of 25 levels and gains nothing on unedited photographs (docs/LOG.md)."""
CROSS_ENTROPY_WEIGHT = 0.3
SHRINK = 1e-3


@dataclass(frozen=True, slots=True)
class Example:
    """An aligned synthetic pair, what was seen of it, its mask, and what its background was made to be."""

    pair: Aligned
    seen: Evidence
    mask: Mask
    background: str


def examples(split: str, count: int, seed: int) -> list[Example]:
    """Synthetic pairs through the same alignment that every pair goes through."""
    photos = read_photos(DATA / "photos" / "photos.csv", split)
    made: list[Example] = []
    for number in range(count):
        told = draw_sample(photos, np.random.default_rng([seed, number])).told
        pair = align(told.made.original, told.made.edited)
        made.append(Example(pair, evidence(pair), told.made.mask, told.background))
    return made


def design(
    made: list[Example], seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.intp]]:
    """Ramps (n, k), truth (n,) and picture number (n,) of places drawn from every example."""
    rng = np.random.default_rng(seed)
    ramps, truths, numbers = [], [], []
    for number, example in enumerate(made):
        height, width = example.seen.sharp.shape
        half = cv2.resize(example.mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
        places = np.flatnonzero(example.seen.valid)
        places = rng.choice(places, min(PIXELS, len(places)), replace=False)
        columns = [np.ones((len(places), 1), np.float32)]
        columns += [
            _ramps(example.seen.codes[name].ravel()[places], knots) for name, (knots, _) in PLANES.items()
        ]
        columns += [
            np.repeat(_ramps(np.array([example.seen.scalars[name]]), knots), len(places), 0)
            for name, knots in SCALARS.items()
        ]
        ramps.append(np.concatenate(columns, axis=1))
        truths.append((half.ravel()[places] >= 0.5).astype(np.float32))
        numbers.append(np.full(len(places), number))
    return np.concatenate(ramps), np.concatenate(truths), np.concatenate(numbers)


def _ramps(values: NDArray[np.generic], knots: list[int] | list[float]) -> NDArray[np.float32]:
    low, high = np.asarray(knots[:-1], np.float32), np.asarray(knots[1:], np.float32)
    return np.clip((values.astype(np.float32)[:, None] - low) / (high - low), 0, 1)


def fit(
    ramps: NDArray[np.float32], truth: NDArray[np.float32], number: NDArray[np.intp]
) -> NDArray[np.float64]:
    """The weights of bias and ramps that minimise the loss (see the module's first lines)."""
    pictures = int(number[-1]) + 1
    size = np.bincount(number, minlength=pictures).astype(float)
    edited = np.bincount(number, weights=truth, minlength=pictures)
    unedited = edited == 0
    on = np.where(unedited, 0, 0.5 / np.maximum(edited, 1))
    off = np.where(unedited, 1 / size, 0.5 / np.maximum(size - edited, 1))
    balance = np.where(truth > 0, on[number], off[number])

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        chance = 1 / (1 + np.exp(-np.clip(ramps @ weights.astype(np.float32), -30, 30)))
        hit = np.bincount(number, weights=chance * truth, minlength=pictures)
        claimed = np.bincount(number, weights=chance, minlength=pictures)
        both = np.maximum(claimed + edited, 1e-9)
        value = np.where(unedited, UNEDITED_WEIGHT * claimed / size, 1 - 2 * hit / both).sum()
        slope = np.where(
            unedited[number],
            (UNEDITED_WEIGHT / size)[number],
            (2 * hit / both**2)[number] - (2 / both)[number] * truth,
        )
        entropy = -(balance * np.log(np.where(truth > 0, chance, 1 - chance) + 1e-7)).sum()
        value = (value + CROSS_ENTROPY_WEIGHT * entropy) / pictures + SHRINK * (weights[1:] ** 2).sum()
        push = (slope * chance * (1 - chance) + CROSS_ENTROPY_WEIGHT * balance * (chance - truth)) / pictures
        gradient = (ramps.T @ push.astype(np.float32)).astype(float)
        gradient[1:] += 2 * SHRINK * weights[1:]
        return float(value), gradient

    bounds: list[tuple[float | None, float | None]] = [(None, None)]
    for knots, direction in PLANES.values():
        bounds += [{1: (0, None), -1: (None, 0), 0: (None, None)}[direction]] * (len(knots) - 1)
    for knots in SCALARS.values():
        bounds += [(None, None)] * (len(knots) - 1)
    start = np.zeros(ramps.shape[1])
    start[0] = -3
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 200})
    print(f"loss {found.fun:.4f} after {found.nit} steps on {len(truth):,} places of {pictures} pairs")
    return np.asarray(found.x)


def constants(weights: NDArray[np.float64]) -> dict[str, object]:
    """The JSON form that `rules.read_rule` reads."""
    left = iter(weights[1:].tolist())

    def table(knots: list[int] | list[float]) -> list[list[float]]:
        values = np.cumsum([next(left) for _ in knots[1:]])
        return [list(knots), [0.0, *(round(float(value), 3) for value in values)]]

    tables = {name: table(knots) for name, (knots, _) in PLANES.items()}
    scalars = {name: table(knots) for name, knots in SCALARS.items()}
    return {"bias": round(float(weights[0]), 3), "tables": tables, "scalars": scalars, **REST}


def report(name: str, made: list[Example], rule: rules.Rule) -> None:
    """Prints F1 by background and the marked share of unedited pictures."""
    scores: dict[str, list[float]] = {}
    marked = []
    for example in made:
        mask = difference.change_of(example.pair, rule).map >= 0.5
        if example.mask.any():
            scores.setdefault(example.background, []).append(pixel_f1(mask, example.mask))
        else:
            marked.append(float(mask.mean()))
    everything = [score for values in scores.values() for score in values]
    by = ", ".join(f"{key} {np.mean(values):.3f} (n {len(values)})" for key, values in sorted(scores.items()))
    print(f"{name}: F1 {np.mean(everything):.4f}: {by}")
    print(f"{name}: unedited marked: mean {np.mean(marked):.4%}, worst {max(marked):.2%} (n {len(marked)})")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dry-run", action="store_true", help="write nothing")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    began = time.perf_counter()
    train = examples("train", options.pairs, options.seed)
    print(f"made {len(train)} pairs in {time.perf_counter() - began:.0f} s")
    found = constants(fit(*design(train, options.seed)))
    rule = rules.read_rule(found)
    report("train", train[:300], rule)
    report("val", examples("val", 300, options.seed + 1), rule)
    if not options.dry_run:
        text = json.dumps(found, indent=1)
        flat = re.sub(r"\[\s+([^\[\]]*?)\s+\]", lambda match: "[" + " ".join(match[1].split()) + "]", text)
        TARGET.write_text(flat + "\n", encoding="utf-8")
        print(f"wrote {TARGET.name}")


if __name__ == "__main__":
    main()
