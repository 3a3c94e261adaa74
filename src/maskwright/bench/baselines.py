"""What anyone could do without us: the baselines that stand beside every figure.

Pictures of unequal size are resized, never registered. Each baseline is counted at every
threshold of `THRESHOLDS`, so that the best one can be chosen afterwards: over a whole table (an
oracle: tuned on the very pairs it is judged by), or for every picture (a stronger one).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.measures.metrics import Counts, count_levels, f1_of
from maskwright.pairs.difference import Grey, blurred_difference, difference, on_grid_of, signed_difference
from maskwright.pairs.values import Mask, Picture

FILLED_THRESHOLDS = (*range(1, 41), *range(42, 82, 2), *range(84, 132, 4))
"""Grey levels at which the filled baseline is tried; the best over a table lies between 8 and 30
(design, What is known), pictures of their own reach higher."""

LEVELLED: dict[str, Callable[[Picture, Picture], Grey]] = {
    "absolute": difference,
    "blurred": blurred_difference,
    "signed": signed_difference,
}
"""Baselines that are levels to be cut at a threshold, 0 to 255."""
NAMES = ("all_ones", *LEVELLED, "signed_filled", "otsu_blurred")
PER_TABLE = "signed_filled"
PER_PICTURE = "signed_filled_per_picture"
"""The baseline to beat, at the best threshold of the table and of EVERY picture."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Counts of one baseline on one picture, a value a threshold.

    Args:
        thresholds: (T,) grey levels; one value, 0, for a baseline without threshold.
        tp, fp: (T,) int64.
        real: pixels edited in truth.
        unreal: pixels that are not.
    """

    thresholds: NDArray[np.int64]
    tp: NDArray[np.int64]
    fp: NDArray[np.int64]
    real: int
    unreal: int

    def at(self, index: int) -> Counts:
        tp, fp = int(self.tp[index]), int(self.fp[index])
        return Counts(tp, fp, self.real - tp, self.unreal - fp)

    def f1(self) -> NDArray[np.float64]:
        """(T,) F1 at each threshold; both empty 1, one empty 0."""
        below = self.tp + self.fp + self.real
        return np.where(below > 0, 2 * self.tp / np.maximum(below, 1), 1.0)


def curves(
    original: Picture, edited: Picture, truth: Mask, *, ignore: Sequence[Mask | None] = (None,)
) -> list[dict[str, Curve]]:
    """Every baseline on one pair, at every threshold, once for each `ignore`.

    Args:
        original: (h, w, 3) uint8, resized where its size differs.
        edited: (H, W, 3) uint8.
        truth: (H, W) bool.
        ignore: each (H, W) bool or None: pixels that count for nobody.

    Returns:
        A dict of the names of `NAMES` for each `ignore`.
    """
    original = on_grid_of(edited, original)
    levels = {name: make(original, edited) for name, make in LEVELLED.items()}
    masks: dict[str, tuple[Sequence[int], list[Mask]]] = {
        "all_ones": ((0,), [np.ones_like(truth)]),
        "otsu_blurred": ((0,), [otsu(levels["blurred"])]),
    }
    filled = [fill(levels["signed"] >= threshold) for threshold in FILLED_THRESHOLDS]
    masks["signed_filled"] = (FILLED_THRESHOLDS, filled)
    return [
        {name: curve_of(grey, truth, without) for name, grey in levels.items()}
        | {name: _of_masks(tried, found, truth, without) for name, (tried, found) in masks.items()}
        for without in ignore
    ]


def curve_of(levels: Grey, truth: Mask, ignore: Mask | None) -> Curve:
    """The counts of `level >= t` for every t of 0..255.

    Args:
        levels: (H, W) uint8.
        truth, ignore: (H, W) bool.
    """
    found = count_levels(levels, truth, ignore=ignore)
    tp, fp = (np.cumsum(part[::-1])[::-1] for part in (found.edited, found.unedited))
    return Curve(np.arange(256), tp, fp, int(found.edited.sum()), int(found.unedited.sum()))


def signed_filled(original: Picture, edited: Picture, threshold: int) -> Mask:
    """The mask of `PER_TABLE` at one threshold, grey levels; originals of another size are resized."""
    return fill(signed_difference(on_grid_of(edited, original), edited) >= threshold)


def fill(mask: Mask) -> Mask:
    """A 5x5 closing, then every hole filled: pixels no path of unmarked ones joins to the picture's edge."""
    if not mask.any():
        return mask
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    window = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    # Four pixels around: two for the closing, so that the crop's edge does not hold marks together.
    padded = cv2.copyMakeBorder(mask[window].astype(np.uint8), 4, 4, 4, 4, cv2.BORDER_CONSTANT)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    cv2.floodFill(closed, None, (0, 0), 2)
    found = np.zeros_like(mask)
    found[window] = (closed != 2)[4:-4, 4:-4]
    return found


def otsu(levels: Grey) -> Mask:
    """Above Otsu's threshold (1979); nothing where all levels are the same."""
    if levels.min() == levels.max():
        return np.zeros(levels.shape, np.bool_)
    threshold, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return levels > threshold


def best_index(pictures: Sequence[Curve]) -> int:
    """The place of the one threshold with the best mean F1 over pictures; the lowest of equals."""
    return int(np.mean([curve.f1() for curve in pictures], axis=0).argmax())


def best_of_table(pictures: Sequence[Mapping[str, Curve]]) -> dict[str, int]:
    """The same for each baseline."""
    return {name: best_index([curves[name] for curves in pictures]) for name in NAMES}


def best_of_picture(curve: Curve) -> Counts:
    """The counts at the best threshold of this very picture; claiming nothing is among those tried."""
    nothing = Counts(fn=curve.real, tn=curve.unreal)
    best = curve.at(int(curve.f1().argmax()))
    return best if f1_of(best) >= f1_of(nothing) else nothing


def _of_masks(thresholds: Sequence[int], masks: Sequence[Mask], truth: Mask, ignore: Mask | None) -> Curve:
    counted = np.ones_like(truth) if ignore is None else ~ignore
    real, unreal = truth & counted, ~truth & counted
    tp = np.array([np.count_nonzero(mask & real) for mask in masks], np.int64)
    fp = np.array([np.count_nonzero(mask & unreal) for mask in masks], np.int64)
    return Curve(
        np.asarray(thresholds, np.int64), tp, fp, int(np.count_nonzero(real)), int(np.count_nonzero(unreal))
    )
