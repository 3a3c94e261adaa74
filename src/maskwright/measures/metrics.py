"""How well masks and change maps cover the truth: counts and histograms that add, and what follows from them.

The counts of a picture are plain numbers that add over pictures, machines and runs; every figure is a
function of them. Edge cases, the same everywhere:

- F1 and IoU: both masks empty 1 (nothing edited, nothing claimed), exactly one empty 0.
- MCC, AUC, AP: nan where the truth is all one class, since ranking or correlation then means nothing
  (MCC is 0 when only the prediction is all one class).
- Ignored pixels count for nobody.

Arrays are numpy, masks (H, W) bool, change maps (H, W) float32 in 0..1.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import GridError, InputError

Bools: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[np.float64]

LEVELS = 256
"""Levels of a histogram: those of a stored change map, so that nothing is lost on maps read from disk."""
RESAMPLES = 2000
"""Bootstrap resamples: the end points of a 95 % interval then rest on 50 resamples each."""
DRAWS_AT_ONCE = 2_000_000
"""Groups drawn before they are counted: 48 MB, whatever the number of pictures."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Pixels by claim and truth; adds over pictures."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn)


def count(predicted: Bools, truth: Bools, *, ignore: Bools | None = None) -> Counts:
    """The counts of one picture.

    Args:
        predicted, truth: (H, W) bool, True = edited, one grid.
        ignore: (H, W) bool, pixels that count for nobody.

    Raises:
        GridError: shapes differ; nothing is resized for you.
        InputError: an array is not bool.
    """
    _check_bools(predicted=predicted, truth=truth, ignore=ignore)
    if ignore is not None:
        predicted, truth = predicted[~ignore], truth[~ignore]
    hit = int(np.count_nonzero(predicted & truth))
    claimed, real = int(np.count_nonzero(predicted)), int(np.count_nonzero(truth))
    return Counts(hit, claimed - hit, real - hit, truth.size - claimed - real + hit)


def f1_of(counts: Counts) -> float:
    """2TP / (2TP + FP + FN); 1 where nothing is edited and nothing claimed."""
    below = 2 * counts.tp + counts.fp + counts.fn
    return 2 * counts.tp / below if below else 1.0


def iou_of(counts: Counts) -> float:
    """TP / (TP + FP + FN); 1 where nothing is edited and nothing claimed."""
    below = counts.tp + counts.fp + counts.fn
    return counts.tp / below if below else 1.0


def mcc_of(counts: Counts) -> float:
    """Matthews' correlation in -1..1; nan where the truth is all one class, 0 where only the claim is."""
    claimed, unclaimed = counts.tp + counts.fp, counts.fn + counts.tn
    real, unreal = counts.tp + counts.fn, counts.fp + counts.tn
    if not real or not unreal:
        return float("nan")
    if not claimed or not unclaimed:
        return 0.0
    # Python's whole numbers do not overflow; the products of a pooled run would in int64.
    return float(
        (counts.tp * counts.tn - counts.fp * counts.fn) / (claimed * unclaimed * real * unreal) ** 0.5
    )


def pixel_f1(predicted: Bools, truth: Bools, *, ignore: Bools | None = None) -> float:
    """How well a mask covers the truth; 1 is best.

    Both empty is 1 (nothing edited, nothing claimed); exactly one empty is 0.

    Args:
        predicted: (H, W) bool, True = edited, on the edited picture's grid.
        truth: same shape, same grid.
        ignore: same shape; pixels that count for nobody.

    Returns:
        2TP / (2TP + FP + FN) over the counted pixels, in [0, 1], no unit.

    Raises:
        GridError: shapes differ; names both. Nothing is resized for you.

    Source:
        Design, Measures. Not TruFor's F1, which leaves out a band along the border and keeps the
        better of the map and its inverse.

    >>> pixel_f1(np.array([[True, True]]), np.array([[True, False]]))
    0.6666666666666666
    """
    return f1_of(count(predicted, truth, ignore=ignore))


def pixel_iou(predicted: Bools, truth: Bools, *, ignore: Bools | None = None) -> float:
    """Intersection over union, in [0, 1]; both empty 1, exactly one empty 0.

    >>> pixel_iou(np.array([[True, True]]), np.array([[True, False]]))
    0.5
    """
    return iou_of(count(predicted, truth, ignore=ignore))


def mcc(predicted: Bools, truth: Bools, *, ignore: Bools | None = None) -> float:
    """Matthews' correlation of a mask and the truth, in [-1, 1]; edge cases as in `mcc_of`."""
    return mcc_of(count(predicted, truth, ignore=ignore))


def f1_pooled(pictures: Iterable[Counts]) -> float:
    """F1 of all pixels of all pictures together, so that large edits weigh more; 1 for no pictures."""
    return f1_of(sum(pictures, Counts()))


def f1_picture_mean(pictures: Iterable[Counts]) -> float:
    """The mean of every picture's own F1: each picture weighs the same. nan for no pictures."""
    return mean([f1_of(counts) for counts in pictures])


def f1_oracle(pictures: Iterable[Levels]) -> float:
    """The mean over pictures of F1 at the best threshold of EVERY picture: an upper bound, not a result.

    A threshold above the highest level, which claims nothing, is among those tried. nan for no pictures.
    """
    return mean([float(levels.f1().max()) for levels in pictures])


@dataclass(frozen=True, slots=True)
class Levels:
    """A histogram of levels 0..255 by truth; adds over pictures.

    Args:
        edited: (256,) int64, pixels of each level that are edited in truth.
        unedited: (256,) int64, pixels of each level that are not.
    """

    edited: NDArray[np.int64] = field(default_factory=lambda: np.zeros(LEVELS, np.int64))
    unedited: NDArray[np.int64] = field(default_factory=lambda: np.zeros(LEVELS, np.int64))

    def __add__(self, other: Levels) -> Levels:
        return Levels(self.edited + other.edited, self.unedited + other.unedited)

    def counts(self, threshold: int) -> Counts:
        """The counts of the mask `level >= threshold`; threshold 256 claims nothing."""
        tp, fp = int(self.edited[threshold:].sum()), int(self.unedited[threshold:].sum())
        return Counts(tp, fp, int(self.edited.sum()) - tp, int(self.unedited.sum()) - fp)

    def f1(self) -> Numbers:
        """(257,) F1 of `level >= t` for t = 0..256."""
        tp, fp = _from_above(self.edited), _from_above(self.unedited)
        below = tp + fp + self.edited.sum()
        return np.where(below > 0, 2 * tp / np.maximum(below, 1), 1.0)


def count_levels(levels: NDArray[np.uint8], truth: Bools, *, ignore: Bools | None = None) -> Levels:
    """The histogram of one picture's levels.

    Args:
        levels: (H, W) uint8; of a change map round(255 * p), or any score in 256 levels.
        truth, ignore: (H, W) bool.
    """
    if levels.dtype != np.uint8:
        raise InputError(f"levels must be uint8, not {levels.dtype}")
    _check_bools(truth=truth, ignore=ignore)
    if levels.shape != truth.shape:
        raise GridError(f"levels are {levels.shape}, truth is {truth.shape} (height, width)")
    if ignore is not None:
        levels, truth = levels[~ignore], truth[~ignore]
    together = np.bincount(levels.ravel(), minlength=LEVELS)
    edited = np.bincount(levels[truth], minlength=LEVELS)
    return Levels(edited.astype(np.int64), (together - edited).astype(np.int64))


def auc(levels: Levels) -> float:
    """Area under the ROC curve, ties counted half (Mann-Whitney); nan where truth is all one class."""
    edited, unedited = int(levels.edited.sum()), int(levels.unedited.sum())
    if not edited or not unedited:
        return float("nan")
    below = np.cumsum(levels.unedited) - levels.unedited
    wins = (levels.edited * (below + 0.5 * levels.unedited)).sum()
    return float(wins / edited / unedited)


def average_precision(levels: Levels) -> float:
    """Mean of precision over recall steps, without interpolation; nan where truth is all one class.

    Pixels of one level enter together, as in scikit-learn's `average_precision_score`.
    """
    edited, unedited = int(levels.edited.sum()), int(levels.unedited.sum())
    if not edited or not unedited:
        return float("nan")
    tp, fp = _from_above(levels.edited)[:-1], _from_above(levels.unedited)[:-1]
    precision = tp / np.maximum(tp + fp, 1)
    return float((precision * levels.edited).sum() / edited)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its bootstrap 95 % interval, and the number of pictures and groups behind it."""

    mean: float
    low: float
    high: float
    n: int
    groups: int


def estimate(values: Sequence[float], groups: Sequence[Hashable] | None = None, *, seed: int = 0) -> Estimate:
    """The mean of a figure over pictures, and how far it could move with other originals.

    Whole groups are drawn with replacement (pictures of one original are no independent witnesses),
    `RESAMPLES` times; the interval runs from the 2.5th to the 97.5th percentile of the means.

    Args:
        values: one figure a picture; nan is refused.
        groups: the group (original) of each; every picture its own where None.

    Returns:
        All nan for no pictures; an interval of no width for a single group.
    """
    found = np.asarray(values, np.float64)
    if not np.isfinite(found).all():
        raise InputError("a figure to be averaged is not a finite number")
    return estimates(found.reshape(-1, 1), groups, seed=seed)[0]


def estimates(values: Numbers, groups: Sequence[Hashable] | None = None, *, seed: int = 0) -> list[Estimate]:
    """As `estimate` for several figures of the same pictures, all on the same draws.

    Args:
        values: (n, M) float64; nan where a picture has no such figure.
        groups: as for `estimate`.

    Returns:
        M estimates; all nan for a figure that no picture has.
    """
    numbers = _group_numbers(values, groups)
    there = np.isfinite(values)
    known = np.flatnonzero(there.any(axis=0))
    found = [Estimate(float("nan"), float("nan"), float("nan"), 0, 0)] * values.shape[1]
    if not known.size:
        return found
    values, there = np.where(there, values, 0.0)[:, known], there[:, known]
    sums = np.stack([np.bincount(numbers, column) for column in values.T], axis=1).astype(np.float64)
    sizes = np.stack([np.bincount(numbers, column) for column in there.T], axis=1).astype(np.float64)
    low, high = np.nanpercentile(_resampled(sums, sizes, seed), [2.5, 97.5], axis=0)
    for place, m in enumerate(known):
        n, groups_n = int(there[:, place].sum()), int(np.count_nonzero(sizes[:, place]))
        mean_of = float(values[:, place].sum() / n)
        found[m] = Estimate(mean_of, float(low[place]), float(high[place]), n, groups_n)
    return found


def _resampled(sums: Numbers, sizes: Numbers, seed: int) -> Numbers:
    """(RESAMPLES, M) means over groups drawn with replacement; (G, M) sums and sizes of each group."""
    count = len(sums)
    generator = np.random.default_rng(seed)
    batch = max(1, min(RESAMPLES, DRAWS_AT_ONCE // count))
    means = []
    for start in range(0, RESAMPLES, batch):
        rows = min(batch, RESAMPLES - start)
        drawn = generator.integers(0, count, (rows, count)) + np.arange(0, rows * count, count)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float64)
        below = times @ sizes
        means.append(np.divide(times @ sums, below, out=np.full(below.shape, np.nan), where=below > 0))
    return np.concatenate(means)


def paired_difference(
    ours: Sequence[float],
    theirs: Sequence[float],
    groups: Sequence[Hashable] | None = None,
    *,
    seed: int = 0,
) -> Estimate:
    """Ours minus theirs on the same pictures, with the interval of that difference.

    An interval wholly above 0 says that ours is better on pictures like these.
    """
    if len(ours) != len(theirs):
        raise InputError(f"{len(ours)} figures cannot be paired with {len(theirs)}")
    return estimate([a - b for a, b in zip(ours, theirs, strict=True)], groups, seed=seed)


def mean(values: Sequence[float]) -> float:
    """The mean; nan, without a warning, for no values."""
    return float(np.mean(values)) if len(values) else float("nan")


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's: the correlation of average ranks, in -1..1; nan for fewer than two or constant values."""
    if len(first) != len(second):
        raise InputError(f"{len(first)} values cannot be paired with {len(second)}")
    a, b = _ranks(first), _ranks(second)
    if a.size < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def _ranks(values: Sequence[float]) -> Numbers:
    """Ranks from 1; equal values share the mean of theirs."""
    _, place, sizes = np.unique(np.asarray(values, np.float64), return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)
    return np.asarray((last - (sizes - 1) / 2)[place], np.float64)


def _from_above(histogram: NDArray[np.int64]) -> NDArray[np.int64]:
    """(257,) how many lie at level t or above, for t = 0..256."""
    return np.append(np.cumsum(histogram[::-1])[::-1], 0)


def _group_numbers(values: Sequence[float] | Numbers, groups: Sequence[Hashable] | None) -> NDArray[np.int64]:
    """Each value's group as a number from 0, in order of appearance."""
    if groups is None:
        return np.arange(len(values), dtype=np.int64)
    if len(groups) != len(values):
        raise InputError(f"{len(values)} figures came with {len(groups)} groups")
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(group, len(known)) for group in groups], np.int64)


def _check_bools(**masks: Bools | None) -> None:
    """Refuse what is not bool, and masks of unequal shape; None is passed over."""
    first, shape = "", None
    for name, mask in masks.items():
        if mask is None:
            continue
        if mask.dtype != np.bool_:
            raise InputError(f"{name} must be bool, not {mask.dtype}")
        if shape is None:
            first, shape = name, mask.shape
        elif mask.shape != shape:
            raise GridError(f"{name} is {mask.shape}, {first} is {shape} (height, width)")
