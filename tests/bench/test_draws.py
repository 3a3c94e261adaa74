"""Figures of draws against scikit-learn on the pictures that were drawn, one after another."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from maskwright.bench.draws import (
    accuracy_figure,
    auc_figure,
    balanced_figure,
    draws,
    f1_figure,
    mean_figure,
    of_draws,
    with_interval,
)
from maskwright.measures.metrics import RESAMPLES, estimate

RNG = np.random.default_rng(4)
SCORES = np.round(RNG.random(30), 1)  # with ties
REAL = RNG.random(30) < 0.4
CLAIMED = SCORES >= 0.5
TIMES = RNG.integers(0, 4, (20, 30)).astype(np.float64)


def drawn(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    return np.repeat(values, times.astype(int))


def test_the_auc_of_draws_is_scikit_learns() -> None:
    theirs = [sk.roc_auc_score(drawn(REAL, row), drawn(SCORES, row)) for row in TIMES]
    assert auc_figure(SCORES, REAL)(TIMES) == pytest.approx(theirs)


def test_f1_and_accuracies_of_draws_are_scikit_learns() -> None:
    for figure, theirs in (
        (f1_figure, sk.f1_score),
        (accuracy_figure, sk.accuracy_score),
        (balanced_figure, sk.balanced_accuracy_score),
    ):
        told = [theirs(drawn(REAL, row), drawn(CLAIMED, row)) for row in TIMES]
        assert figure(CLAIMED, REAL)(TIMES) == pytest.approx(told)


def test_a_draw_of_one_class_has_no_auc() -> None:
    times = np.where(REAL, 0.0, 1.0)[None]
    assert np.isnan(auc_figure(SCORES, REAL)(times)).all()


def test_whole_groups_are_drawn() -> None:
    groups = ["a", "b", "a", "c", "b", "a"]
    times = np.concatenate(list(draws(groups)))
    assert times.shape == (RESAMPLES, 6)
    assert (times[:, 0] == times[:, 2]).all()
    assert (times[:, 0] == times[:, 5]).all()
    assert (times[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_the_interval_of_a_mean_is_that_of_estimate() -> None:
    values, groups = RNG.random(40), [f"{k // 3}" for k in range(40)]
    ours = with_interval(float(values.mean()), of_draws(mean_figure(values), groups), n=40, groups=14)
    theirs = estimate(values.tolist(), groups)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
    assert (ours.n, ours.groups) == (theirs.n, theirs.groups)
