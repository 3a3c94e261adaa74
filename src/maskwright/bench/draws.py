"""Figures taken anew on photographs drawn anew: those of whole pictures, and means over several sets.

A draw is written as how often it holds each picture, so that thousands of draws are one product of matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence

import numpy as np

from maskwright.measures.metrics import DRAWS_AT_ONCE, RESAMPLES, Bools, Estimate, Numbers

Times = Numbers
"""(R, n): how often each of R draws holds each of n pictures."""
Figure = Callable[[Times], Numbers]
"""(R,) the figure of each draw; nan where it has none."""


def draws(groups: Sequence[Hashable], seed: int = 0) -> Iterator[Times]:
    """`RESAMPLES` draws of whole groups with replacement, a few rows at a time; as `metrics.estimate` draws.

    Args:
        groups: of each picture.
    """
    known: dict[Hashable, int] = {}
    number = np.array([known.setdefault(group, len(known)) for group in groups], np.int64)
    count = len(known)
    chance = np.random.default_rng(seed)
    batch = max(1, min(RESAMPLES, DRAWS_AT_ONCE // max(1, len(number))))
    for start in range(0, RESAMPLES, batch):
        rows = min(batch, RESAMPLES - start)
        drawn = chance.integers(0, count, (rows, count)) + np.arange(0, rows * count, count)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count)
        yield times[:, number].astype(np.float64)


def of_draws(figure: Figure, groups: Sequence[Hashable], seed: int = 0) -> Numbers:
    """(RESAMPLES,) the figure of every draw."""
    return np.concatenate([figure(times) for times in draws(groups, seed)])


def with_interval(whole: float, drawn: Numbers, *, n: int, groups: int) -> Estimate:
    """A figure with the 2.5th and 97.5th percentile of its draws, those without one left out."""
    there = drawn[np.isfinite(drawn)]
    low, high = np.percentile(there, [2.5, 97.5]) if there.size else (np.nan, np.nan)
    return Estimate(whole, float(low), float(high), n, groups)


def mean_figure(values: Numbers) -> Figure:
    """The mean over pictures that have a value.

    Args:
        values: (n,) nan where a picture has none.
    """
    there = np.isfinite(values)
    known = np.where(there, values, 0.0)
    counted = there.astype(np.float64)
    return lambda times: _divided(times @ known, times @ counted)


def f1_figure(claimed: Bools, real: Bools) -> Figure:
    """F1 of pictures: 2TP / (2TP + FP + FN)."""
    both = (claimed & real).astype(np.float64)
    either = claimed.astype(np.float64) + real
    return lambda times: _divided(2 * (times @ both), times @ either)


def accuracy_figure(claimed: Bools, real: Bools) -> Figure:
    """The share of pictures that are put right."""
    return mean_figure((claimed == real).astype(np.float64))


def balanced_figure(claimed: Bools, real: Bools) -> Figure:
    """The mean of the shares of edited and of unedited pictures that are put right."""
    right = (claimed == real).astype(np.float64)
    edited, unedited = mean_figure(np.where(real, right, np.nan)), mean_figure(np.where(real, np.nan, right))
    return lambda times: (edited(times) + unedited(times)) / 2


def auc_figure(scores: Numbers, real: Bools) -> Figure:
    """The area under the ROC curve of pictures, ties half."""
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    forged = real[order].astype(np.float64)

    def figure(times: Times) -> Numbers:
        sorted_times = times[:, order]
        edited = np.add.reduceat(sorted_times * forged, starts, axis=1)
        unedited = np.add.reduceat(sorted_times * (1 - forged), starts, axis=1)
        below = np.cumsum(unedited, axis=1) - unedited
        wins = (edited * (below + 0.5 * unedited)).sum(axis=1)
        return _divided(wins, edited.sum(axis=1) * unedited.sum(axis=1))

    return figure


def _divided(above: Numbers, below: Numbers) -> Numbers:
    share = np.full(below.shape, np.nan)
    np.divide(above, below, out=share, where=below > 0)
    return share
