"""What the two protocols share: a figure with what it rests on, ranked pixels, scores of whole pictures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import GridError, InputError
from maskwright.measures.metrics import Bools, Levels, Numbers, auc, mean

ChangeMap: TypeAlias = NDArray[np.float32]
Places: TypeAlias = NDArray[np.int64]

THRESHOLD = 0.5
"""A pixel or a picture is claimed strictly above it, in both tools."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """How many pictures a figure leaves out for one reason."""

    reason: str
    pictures: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure over pictures, with how many it rests on; nan if that is none."""

    value: float
    used: int
    skipped: tuple[Skipped, ...] = ()


class ScoredPicture(Protocol):
    """A picture that may have a score, and its class."""

    @property
    def score(self) -> float | None: ...
    @property
    def edited(self) -> bool: ...


def mean_figure(values: Sequence[float], reasons: Sequence[str]) -> Figure:
    """The mean of the values without a reason to be left out; the others are counted by theirs."""
    used = [value for value, reason in zip(values, reasons, strict=True) if not reason]
    return Figure(mean(used), len(used), _tally(reasons))


def score_figure(
    measure: Callable[[Sequence[float], Sequence[bool]], float], pictures: Iterable[ScoredPicture]
) -> Figure:
    """A measure of the scores of whole pictures; all are skipped where it is nan."""
    scores: list[float] = []
    edited: list[bool] = []
    reasons: list[str] = []
    for picture in pictures:
        if picture.score is None:
            reasons.append("no_score")
        elif not math.isfinite(picture.score):
            reasons.append("score_not_finite")
        else:
            scores.append(picture.score)
            edited.append(picture.edited)
    value = measure(scores, edited) if scores else math.nan
    if math.isnan(value):
        return Figure(value, 0, _tally(reasons + ["one_class"] * len(scores)))
    return Figure(value, len(scores), _tally(reasons))


def _tally(reasons: Iterable[str]) -> tuple[Skipped, ...]:
    """Each reason with its number of pictures, sorted by name; "" is none."""
    found = Counter(filter(None, reasons))
    return tuple(Skipped(reason, found[reason]) for reason in sorted(found))


def check(change: ChangeMap, truth: Bools) -> None:
    """Refuse a map and a truth that cannot be scored.

    Raises:
        GridError: shapes differ.
        InputError: the map is not float32 or not finite, the truth is not bool.
    """
    if change.dtype != np.float32:
        raise InputError(f"change must be float32, not {change.dtype}", hint="change.astype(np.float32)")
    if truth.dtype != np.bool_:
        raise InputError(f"truth must be bool, not {truth.dtype}")
    if change.shape != truth.shape:
        raise GridError(f"change is {change.shape}, truth is {truth.shape} (height, width)")
    if not np.isfinite(change).all():
        raise InputError("change holds values that are not finite numbers")


def ranked(levels: ChangeMap, truth: Bools) -> tuple[Bools, Places]:
    """Pixels from the highest level to the lowest, tied ones in the order they came in.

    Level, place and truth go into one whole number a pixel, which sorts in half the time that numpy needs
    for a stable order of floats. A place fits into 31 bits.

    Args:
        levels: (n,) float32, finite, n > 0.
        truth: (n,) bool.

    Returns:
        (n,) the truth in that order, and the place of the last pixel of each level.
    """
    bits = (levels + np.float32(0)).view(np.uint32)  # -0.0 becomes 0.0, its equal
    negative = bits >> 31 == 1
    falling = np.where(negative, bits, ~bits & np.uint32(0x7FFFFFFF))
    keys = falling.astype(np.uint64) << 32 | np.arange(levels.size).astype(np.uint64) << 1 | truth
    keys.sort()
    last = np.append(np.flatnonzero(np.diff(keys >> 32)), levels.size - 1)
    return (keys & 1).astype(np.bool_), last


def levels_of(above: Places, last: Places) -> Levels:
    """The pixels of every level by truth, from the lowest level up, for `auc`.

    Args:
        above: (n,) how many edited pixels there are down to each of the pixels of `ranked`.
        last: as from `ranked`.
    """
    edited = np.diff(above[last], prepend=0)[::-1]
    return Levels(edited, np.diff(last, prepend=-1)[::-1] - edited)


def read_scores(scores: Sequence[float], edited: Sequence[bool]) -> tuple[Numbers, Bools]:
    """Scores and classes of pictures as arrays.

    Raises:
        InputError: not as many of the one as of the other.
    """
    if len(scores) != len(edited):
        raise InputError(f"{len(scores)} scores came with {len(edited)} classes")
    return np.asarray(scores, np.float64), np.asarray(edited, np.bool_)


def auc_of_scores(scores: Numbers, edited: Bools) -> float:
    """The area under the ROC curve of whole pictures, ties half; nan where they are all one class.

    Raises:
        InputError: a score is not finite.
    """
    if not np.isfinite(scores).all():
        raise InputError("a score is not a finite number")
    values, place = np.unique(scores, return_inverse=True)
    hits = np.bincount(place[edited], minlength=values.size)
    return auc(Levels(hits, np.bincount(place, minlength=values.size) - hits))
