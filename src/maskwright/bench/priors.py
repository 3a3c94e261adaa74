"""What a prior may be, from right to adversarial: true regions, degraded on purpose by fixed amounts.

A grounding model is right, near, too generous, half right, silent or fooled; these stand for each of
them, so that what a prior is worth, and what a wrong one costs, can be measured without any model.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator

from maskwright.pairs.values import Mask

SHIFTED_FRAC = 0.5
"""How far a shifted region lies off, in sides of a square of its area: about half of it still covers."""
DILATED_FRAC = 0.25
"""How far a dilated region reaches over its border, in the same: a disc then has twice its area."""
PLACES = 64
"""Places tried for an adversarial region; the one that covers least of the edit is taken."""


def right(mask: Mask, rng: Generator) -> Mask | None:
    """The edit itself."""
    return mask


def shifted(mask: Mask, rng: Generator) -> Mask | None:
    """The region beside the edit by `SHIFTED_FRAC` in some direction; what leaves the picture is lost."""
    far, angle = SHIFTED_FRAC * _side(mask), rng.uniform(0, 2 * np.pi)
    right_px, down_px = round(far * np.cos(angle)), round(far * np.sin(angle))
    matrix = np.array([[1, 0, right_px], [0, 1, down_px]], np.float64)
    size = (mask.shape[1], mask.shape[0])
    return cv2.warpAffine(mask.astype(np.uint8), matrix, size, flags=cv2.INTER_NEAREST).astype(np.bool_)


def dilated(mask: Mask, rng: Generator) -> Mask | None:
    """The region with a margin of `DILATED_FRAC` all around."""
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) if mask.any() else None
    return mask if away is None else np.asarray(away <= max(1.0, DILATED_FRAC * _side(mask)))


def partly_wrong(mask: Mask, rng: Generator) -> Mask | None:
    """Half of the edit, cut by a straight line, and as much again somewhere else."""
    rows, columns = np.nonzero(mask)
    if not rows.size:
        return mask
    angle = rng.uniform(0, 2 * np.pi)
    along = rows * np.sin(angle) + columns * np.cos(angle)
    kept = along <= np.median(along)
    half, other = np.zeros_like(mask), np.zeros_like(mask)
    half[rows[kept], columns[kept]] = True
    other[rows[~kept], columns[~kept]] = True
    return np.asarray(half | _elsewhere(other, mask, rng))


def absent(mask: Mask, rng: Generator) -> Mask | None:
    """No prior."""
    return None


def adversarial(mask: Mask, rng: Generator) -> Mask | None:
    """A region of the edit's form and size where nothing was edited; smaller where there is no such room."""
    return _elsewhere(mask, mask, rng)


PRIORS: dict[str, Callable[[Mask, Generator], Mask | None]] = {
    "absent": absent,
    "right": right,
    "shifted": shifted,
    "dilated": dilated,
    "partly wrong": partly_wrong,
    "adversarial": adversarial,
}
"""Each takes a true region, (H, W) bool, and gives another of the same shape, or None for no prior."""


def _elsewhere(region: Mask, edited: Mask, rng: Generator) -> Mask:
    """The region moved, around the edges, to where it covers least of the edit and none of it."""
    best = region
    least = region.size + 1
    for _ in range(PLACES):
        moved = np.roll(
            region, (int(rng.integers(region.shape[0])), int(rng.integers(region.shape[1]))), (0, 1)
        )
        overlap = int(np.count_nonzero(moved & edited))
        if overlap < least:
            best, least = moved, overlap
    return best & ~edited


def _side(mask: Mask) -> float:
    """Side of a square of the mask's area, pixels."""
    return float(np.sqrt(np.count_nonzero(mask)))
