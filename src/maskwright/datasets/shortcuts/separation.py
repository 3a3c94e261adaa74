"""How well figures of pictures tell two classes apart, on photographs that were not learned from.

A useless figure must come out at 0.5, and its interval hold 0.5 in 19 of 20 datasets. Three things stand
in the way; docs/why/shortcuts.md has the measurements.

- Where all scores are put in one list, a constant score of each fold, the share of forged pictures it
  was learned from, is the lower the more forged pictures the fold holds: AUC far below 0.5. So only
  pictures of one fold are compared with each other, and the AUC is the share of all such comparisons won.
- Pictures of one photograph are alike in size and more. They are always in one fold, so that nothing is
  learned from a picture of a photograph that is judged; equal figures get equal scores and count half.
- What is learned for one fold comes from the pictures that the other folds are judged by. For a score that is
  linear in the pictures learned from, any two folds then say the same thing twice, and the variance is twice
  that of independent folds, which is all that a bootstrap of fixed scores sees. So the interval is widened
  by the square root of two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskwright.measures.metrics import RESAMPLES, rank_correlation

FOLDS = 5
LEAST_PHOTOGRAPHS = 20
"""Fewer of either class leave less than 4 in a fold."""
WIDER = 2**0.5
"""See the module; without it the interval missed 0.5 in 11 to 18 of 100 datasets of random figures."""
TREES, DEPTH = 50, 3
"""Of the boosted trees: enough to tell a combination of three facts; our choice."""
DIGITS = 9
"""Of a score: what arithmetic in another order changes is not told apart."""

Figures = NDArray[np.float64]
Score = Callable[[Figures, NDArray[np.bool_], Figures], Figures]
"""(figures learned from, which are forged, figures judged) -> a score each of these, higher for forged."""


@dataclass(frozen=True, slots=True)
class Separation:
    """An area under the ROC curve with its 95 % interval; 0.5 is chance.

    Args:
        auc: probability that of two pictures the forged one has the higher score, ties half.
        low, high: from a bootstrap over photographs.
    """

    auc: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Classes:
    """Which pictures are forged, and which show one photograph.

    Args:
        forged: (n,) bool.
        photographs: (n,) int64, 0 to the number of photographs.
        folds: (n,) int64; all pictures of a photograph are in one.
    """

    forged: NDArray[np.bool_]
    photographs: NDArray[np.int64]
    folds: NDArray[np.int64]


def classes_of(forged: NDArray[np.bool_], photographs: NDArray[np.int64], *, seed: int) -> Classes | None:
    """Deal photographs to folds by chance: those with both classes, and those with one, evenly.

    Args:
        forged: (n,) bool.
        photographs: (n,) int64, any numbers.

    Returns:
        None where either class is seen in fewer than `LEAST_PHOTOGRAPHS` photographs.
    """
    _, numbers = np.unique(photographs, return_inverse=True)
    count = int(numbers.max(initial=-1)) + 1
    seen = np.zeros((count, 2), np.bool_)
    seen[numbers, forged.astype(np.intp)] = True
    if seen.sum(axis=0).min() < LEAST_PHOTOGRAPHS:
        return None
    order = np.random.default_rng(seed).permutation(count)
    order = order[np.argsort(seen[order] @ np.array([1, 2]), kind="stable")]
    folds = np.empty(count, np.int64)
    folds[order] = np.arange(count) % FOLDS
    return Classes(forged, numbers.astype(np.int64), folds[numbers])


def separation(figures: Figures, classes: Classes, score: Score, *, seed: int) -> Separation:
    """How well a score tells forged from authentic on photographs it was not learned from.

    Args:
        figures: (n, d) float64, finite; figures that are the same in all pictures are left out.
        score: what learns, for each fold from all others.

    Returns:
        0.5 without any width where no figure differs.
    """
    differing = figures[:, np.ptp(figures, axis=0) > 0]
    scores = np.zeros(len(figures))
    for fold in range(FOLDS if differing.shape[1] else 0):
        judged = classes.folds == fold
        learned = differing[~judged]
        found = score(learned, classes.forged[~judged], differing[judged])
        scores[judged] = np.round(found, DIGITS)
    return _interval(_won(scores, classes), int(classes.photographs.max()) + 1, seed)


def by_one_figure(learned: Figures, forged: NDArray[np.bool_], judged: Figures) -> Figures:
    """A score that is a single figure, turned round where the forged pictures learned from had less of it."""
    higher = rank_correlation(learned[:, 0].tolist(), forged.tolist()) >= 0
    return judged[:, 0] if higher else -judged[:, 0]


def logistic(learned: Figures, forged: NDArray[np.bool_], judged: Figures) -> Figures:
    """Logistic regression on figures brought to mean 0 and deviation 1. Needs scikit-learn."""
    from sklearn.linear_model import LogisticRegression

    mean, deviation = learned.mean(axis=0), learned.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1)
    model = LogisticRegression(max_iter=1000).fit((learned - mean) / scale, forged)
    return np.asarray(model.decision_function((judged - mean) / scale), np.float64)


def boosted(learned: Figures, forged: NDArray[np.bool_], judged: Figures) -> Figures:
    """Gradient boosted trees, which find what only several figures together tell; needs scikit-learn."""
    from sklearn.ensemble import GradientBoostingClassifier

    model = GradientBoostingClassifier(n_estimators=TREES, max_depth=DEPTH, random_state=0)
    return np.asarray(model.fit(learned, forged).decision_function(judged), np.float64)


@dataclass(frozen=True, slots=True)
class _Won:
    """The comparisons within a fold, by photograph.

    Args:
        photographs: (g,) which.
        won: (g, g): of forged pictures of one photograph against authentic ones of another; ties half.
        forged, authentic: (g,) how many pictures of each class.
    """

    photographs: NDArray[np.int64]
    won: Figures
    forged: Figures
    authentic: Figures


def _won(scores: Figures, classes: Classes) -> list[_Won]:
    found = []
    for fold in range(FOLDS):
        here = classes.folds == fold
        photographs, numbers = np.unique(classes.photographs[here], return_inverse=True)
        forged, score = classes.forged[here], scores[here]
        one, other = score[forged][:, None], score[~forged][None]
        # summed over the pictures of each photograph, on both sides
        member = np.zeros((len(photographs), len(numbers)))
        member[numbers, np.arange(len(numbers))] = 1
        wins = (one > other) + 0.5 * (one == other)
        by_photograph = member[:, forged] @ wins @ member[:, ~forged].T
        found.append(
            _Won(photographs, by_photograph, member[:, forged].sum(axis=1), member[:, ~forged].sum(axis=1))
        )
    return found


def _interval(folds: list[_Won], photographs: int, seed: int) -> Separation:
    auc = float(_auc(folds, np.ones((1, photographs)))[0])
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(photographs, np.full(photographs, 1 / photographs), RESAMPLES)
    ends = np.nanpercentile(_auc(folds, drawn.astype(np.float64)), [2.5, 97.5])
    low, high = np.clip(auc + WIDER * (ends - auc), 0, 1)
    return Separation(auc, float(low), float(high))


def _auc(folds: list[_Won], times: Figures) -> Figures:
    """(B,) AUCs with every photograph counted so many times; times is (B, photographs)."""
    won, compared = np.zeros(len(times)), np.zeros(len(times))
    for fold in folds:
        each = times[:, fold.photographs]
        won += ((each @ fold.won) * each).sum(axis=1)
        compared += (each @ fold.forged) * (each @ fold.authentic)
    return np.asarray(np.divide(won, compared, out=np.full(len(times), np.nan), where=compared > 0))
