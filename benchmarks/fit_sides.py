"""Fit the constants by which `maskwright check` tells which of two pictures was edited.

    maskwright generate ../shared/data/photos/photos.csv MADE -n 1600 --split train --seed 15
    python benchmarks/fit_sides.py MADE [--write]

Logistic regression without a constant on the steps from original to edited picture (`sides.traces`) of each
pair with an edit and pictures of one size; exchanged pairs are the same rows with the other sign, and need
not be added. A ridge of 1 per weight. Prints how the pairs of another seed fare (--held MADE) and, with
--write, writes src/maskwright/datasets/check/sides_fit.py.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.datasets.check.sides import MOST, traces
from maskwright.pairs.picture import read_mask, read_picture

PLACE = Path(__file__).parents[1] / "src" / "maskwright" / "datasets" / "check" / "sides_fit.py"
RIDGE, STEPS = 1.0, 40
TEMPLATE = '''"""Constants of `sides`; written by benchmarks/fit_sides.py."""

import numpy as np

SCALES = np.array(
    [
{scales}
    ]
)
"""Root mean square of each measure's step from original to edited picture."""

WEIGHTS = np.array(
    [
{weights}
    ]
)
"""Log odds for each scale of a step."""
'''


def steps_of(made: Path) -> NDArray[np.float64]:
    """(n, measures) steps from original to edited picture."""
    found = []
    with (made / "pairs.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            mask = read_mask(made / row["mask"])
            original, edited = (read_picture(made / row[side]).pixels for side in ("original", "edited"))
            if mask.any() and not mask.all() and original.shape == edited.shape:
                found.append(traces(edited, mask) - traces(original, mask))
    return np.nan_to_num(np.stack(found))


def fitted(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights, by Newton's method."""
    weights = np.zeros(steps.shape[1])
    for _ in range(STEPS):
        wrong = 1 / (1 + np.exp(steps @ weights))
        slope = RIDGE * weights - steps.T @ wrong
        curve = (steps * (wrong * (1 - wrong))[:, None]).T @ steps + RIDGE * np.eye(len(weights))
        weights -= np.linalg.solve(curve, slope)
    return weights


def lines_of(values: NDArray[np.float64]) -> str:
    return "\n".join(
        "        " + ", ".join(f"{value:.4g}" for value in values[start : start + 8]) + ","
        for start in range(0, len(values), 8)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("made", type=Path)
    parser.add_argument("--held", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    steps = steps_of(options.made)
    scales = np.sqrt(np.mean(steps**2, axis=0)) + 1e-6
    weights = fitted(np.clip(steps / scales, -MOST, MOST))
    for name, each in (("fitted on", steps), *((("held", steps_of(options.held)),) if options.held else ())):
        odds = np.clip(each / scales, -MOST, MOST) @ weights
        told = ", ".join(f"{t}: {np.mean(odds > t):.3f} {np.mean(odds < -t):.4f}" for t in (0, 1, 2, 3, 4, 5))
        print(
            f"{name} {len(odds)} pairs; log odds: exchanged pairs found, right ones called exchanged: {told}"
        )
    if options.write:
        PLACE.write_text(
            TEMPLATE.format(scales=lines_of(scales), weights=lines_of(weights)), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
