"""Whether a change map's values are probabilities: counts by value that add, and what follows from them.

Most pixels of a change map are plain: 0 where nothing happened, 1 well inside an edit. They would make
any map look calibrated. Counted are those in doubt, and those near a true border (design, Measures).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import GridError, InputError
from maskwright.measures.metrics import Bools, Numbers

DOUBT = (0.05, 0.95)
"""Values between these are in doubt; ends excluded (design, Measures)."""
BORDER_PX = 8
"""A pixel is near a border when one of the other class lies within this distance (same place)."""
BINS = 15
"""Bins of equal mass (same place)."""
FINE = 1000
"""Bins of equal width that are counted and later joined to `BINS`: a stored map has 256 values."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Values of change maps by truth, in `FINE` bins of equal width; adds over pictures.

    Args:
        pixels: (FINE,) int64, counted pixels.
        edited: (FINE,) int64, those of them that are edited in truth.
        claimed: (FINE,) float64, the sum of their values.
        squares: sum of (value - truth)^2 over all of them.
    """

    pixels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(FINE, np.int64))
    edited: NDArray[np.int64] = field(default_factory=lambda: np.zeros(FINE, np.int64))
    claimed: Numbers = field(default_factory=lambda: np.zeros(FINE))
    squares: float = 0.0

    def __add__(self, other: Calibration) -> Calibration:
        return Calibration(
            self.pixels + other.pixels,
            self.edited + other.edited,
            self.claimed + other.claimed,
            self.squares + other.squares,
        )


@dataclass(frozen=True, slots=True)
class Bin:
    """Pixels of like values: the mean value, and the share of them that is edited in truth."""

    claimed: float
    edited: float
    pixels: int


def count_calibration(
    change: NDArray[np.float32], truth: Bools, *, ignore: Bools | None = None
) -> Calibration:
    """The counts of one picture: pixels in doubt, and those near a border of the truth.

    Args:
        change: (H, W) float32 in 0..1, the probability that a pixel was edited.
        truth: (H, W) bool.
        ignore: (H, W) bool, pixels that count for nobody; borders are those of the truth all the same.

    Raises:
        GridError: shapes differ.
        InputError: a mask is not bool, or a value lies outside 0..1.
    """
    for name, mask in (("truth", truth), ("ignore", ignore)):
        if mask is not None and mask.dtype != np.bool_:
            raise InputError(f"{name} must be bool, not {mask.dtype}")
        if mask is not None and mask.shape != change.shape:
            raise GridError(f"{name} is {mask.shape}, the change map is {change.shape} (height, width)")
    if change.size and not (change.min() >= 0 and change.max() <= 1):
        raise InputError("a change map has values outside 0..1")
    low, high = DOUBT
    counted = ((change > low) & (change < high)) | near_border(truth)
    if ignore is not None:
        counted &= ~ignore
    value, real = change[counted].astype(np.float64), truth[counted]
    place = np.minimum((value * FINE).astype(np.int64), FINE - 1)
    return Calibration(
        np.bincount(place, minlength=FINE).astype(np.int64),
        np.bincount(place[real], minlength=FINE).astype(np.int64),
        np.bincount(place, value, minlength=FINE).astype(np.float64),
        float(((value - real) ** 2).sum()),
    )


def near_border(truth: Bools) -> Bools:
    """(H, W) bool: a pixel of the other class lies within `BORDER_PX`, from centre to centre."""
    if not truth.any() or truth.all():
        return np.zeros_like(truth)
    return _grown(truth) & _grown(~truth)


def expected_error(counts: Calibration) -> float:
    """Expected calibration error: mean distance of a bin's mean value from its edited share, by pixels.

    0 is best; nan where nothing was counted.

    Source:
        Naeini, Cooper and Hauskrecht 2015, with bins of equal mass (Nguyen and O'Connor 2015) instead
        of equal width.
    """
    bins = reliability(counts)
    total = sum(one.pixels for one in bins)
    return sum(one.pixels * abs(one.claimed - one.edited) for one in bins) / total if total else math.nan


def brier(counts: Calibration) -> float:
    """Brier score (1950): mean squared distance of value and truth; 0 is best, nan where nothing counts."""
    total = int(counts.pixels.sum())
    return counts.squares / total if total else math.nan


def reliability(counts: Calibration) -> tuple[Bin, ...]:
    """At most `BINS` bins of equal mass, by value, empty ones left out.

    Bins are joined of fine ones and never cut one, so that many pixels of one value make a heavy bin.
    """
    total = int(counts.pixels.sum())
    if not total:
        return ()
    middle = np.cumsum(counts.pixels) - counts.pixels / 2
    place = np.minimum((middle * BINS / total).astype(np.int64), BINS - 1)
    pixels, edited, claimed = (
        np.bincount(place, weights, minlength=BINS)
        for weights in (counts.pixels, counts.edited, counts.claimed)
    )
    return tuple(
        Bin(float(claimed[k] / pixels[k]), float(edited[k] / pixels[k]), int(pixels[k]))
        for k in np.flatnonzero(pixels)
    )


def _grown(mask: Bools) -> Bools:
    """Every pixel within `BORDER_PX` of a marked one: rows of a disc, each by running sums."""
    height, width = mask.shape
    sums = np.zeros((height, width + 2 * BORDER_PX + 1), np.int32)
    np.cumsum(np.pad(mask, ((0, 0), (BORDER_PX, BORDER_PX))), axis=1, out=sums[:, 1:])
    found = np.zeros_like(mask)
    for down in range(max(-BORDER_PX, 1 - height), min(BORDER_PX, height - 1) + 1):
        half = math.isqrt(BORDER_PX**2 - down**2)
        first, last = BORDER_PX - half, BORDER_PX + half + 1
        near = sums[:, last : last + width] > sums[:, first : first + width]
        found[max(0, -down) : height - max(0, down)] |= near[max(0, down) : height - max(0, -down)]
    return found
