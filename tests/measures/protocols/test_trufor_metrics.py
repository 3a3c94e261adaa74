"""TruFor's protocol against scipy, scikit-learn and slow obvious code."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from sklearn import metrics as sk

from maskwright.measures import protocols
from maskwright.measures.protocols import (
    Skipped,
    trufor,
    trufor_picture,
)
from tests.measures.protocols.made import (
    ALL,
    FEW_LEVELS,
    NONE,
    SOME,
    ChangeMap,
    Mask,
    flat,
    scored,
    scored_pictures,
    square,
)
from tests.strategies import masks


@pytest.mark.parametrize(("side", "left"), [(8, 0), (14, 0), (15, 1), (20, 36)])
def test_a_square_edit_keeps_only_what_is_7_pixels_inside(side: int, left: int) -> None:
    assert np.count_nonzero(protocols.trufor_truth(square(side)).edited) == left


def test_pixels_within_5_of_the_edit_are_not_counted_as_unedited() -> None:
    assert np.count_nonzero(~protocols.trufor_truth(square(20)).unedited) == 30 * 30


@given(masks())
def test_the_counted_pixels_are_those_of_scipys_filters(truth: Mask) -> None:
    found = protocols.trufor_truth(truth)
    assert (found.edited == ndimage.minimum_filter(truth, size=15)).all()
    assert (found.unedited == ~ndimage.maximum_filter(truth, size=11)).all()


@pytest.mark.parametrize("share", [0.0005, 0.01, 0.99, 0.9995])
def test_the_counted_pixels_of_a_larger_picture_are_those_of_scipys_filters(share: float) -> None:
    truth = np.random.default_rng(3).random((90, 71)) < share
    found = protocols.trufor_truth(truth)
    assert found.edited.any() or found.unedited.any()
    assert (found.edited == ndimage.minimum_filter(truth, size=15, mode="reflect")).all()
    assert (found.unedited == ~ndimage.maximum_filter(truth, size=11, mode="reflect")).all()


def test_an_edit_is_not_worn_away_along_the_border_of_the_picture() -> None:
    truth = np.zeros((60, 60), bool)
    truth[:20, :20] = True
    assert np.count_nonzero(protocols.trufor_truth(truth).edited) == 13 * 13


def test_nothing_within_the_ring_changes_a_trufor_figure() -> None:
    truth = square(30)
    pixels = protocols.trufor_truth(truth)
    ring = ~pixels.edited & ~pixels.unedited
    assert ring.any()
    change = np.random.default_rng(4).random(truth.shape, np.float32)
    other = np.where(ring, 1 - change, change)
    assert trufor_picture(change, truth) == trufor_picture(other, truth)


def slow_trufor(change: ChangeMap, truth: Mask) -> tuple[float, float]:
    """F1_best and F1_th from scipy's filters and scikit-learn's counts, a threshold after the other."""
    edited = ndimage.minimum_filter(truth, size=15)
    counted = edited | ~ndimage.maximum_filter(truth, size=11)
    levels, real = change[counted], edited[counted]
    if not real.size:
        return math.nan, math.nan

    def f1(claimed: Mask) -> float:
        return max(sk.f1_score(real, one, zero_division=0.0) for one in (claimed, ~claimed))

    best = max(f1(levels >= threshold) for threshold in np.unique(levels))
    claimed = levels > 0.5
    alone = np.union1d(real, claimed).size == 1  # a confusion matrix of 1x1
    return best, math.nan if alone else f1(claimed)


@st.composite
def blocks(draw: st.DrawFn) -> tuple[ChangeMap, Mask]:
    """Up to 4 x 4 blocks of 16 pixels a side, so that pixels of both classes are left to count."""
    size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    change, truth = draw(hnp.arrays(np.float32, size, elements=FEW_LEVELS)), draw(hnp.arrays(np.bool_, size))
    return change.repeat(16, 0).repeat(16, 1), truth.repeat(16, 0).repeat(16, 1)


@given(blocks() | scored())
def test_the_f1s_of_trufor_are_those_of_scikit_learn_over_every_threshold(
    both: tuple[ChangeMap, Mask],
) -> None:
    found = trufor_picture(*both)
    assert (found.f1_best, found.f1_th) == pytest.approx(slow_trufor(*both), nan_ok=True)
    assert protocols.trufor_f1_best(*both) == pytest.approx(found.f1_best, nan_ok=True)
    assert protocols.trufor_f1_th(*both) == pytest.approx(found.f1_th, nan_ok=True)


def test_a_map_of_noughts_on_a_picture_edited_to_nine_tenths_scores_954_through_its_inverse() -> None:
    # 288 of 320 rows edited: 281 of them counted as edited, 27 as unedited, so 2 * 281 / (2 * 281 + 27)
    truth = np.zeros((320, 320), bool)
    truth[:288] = True
    assert truth.mean() == 0.9
    assert protocols.trufor_f1_th(flat(0, (320, 320)), truth) == pytest.approx(562 / 589)
    assert round(protocols.trufor_f1_th(flat(0, (320, 320)), truth), 3) == 0.954
    assert protocols.benco_pixel_f1(flat(0, (320, 320)), truth) == 0


def test_the_inverse_of_a_perfect_map_scores_one_with_trufor() -> None:
    change = 1 - SOME.astype(np.float32)
    assert protocols.trufor_f1_th(change, SOME) == protocols.trufor_f1_best(change, SOME) == 1


def test_exactly_one_half_is_not_claimed_by_trufor() -> None:
    truth = square(30)
    change = np.where(truth, np.float32(0.5), np.float32(0.6))
    assert protocols.trufor_f1_th(change, truth) == 1  # by its inverse
    assert protocols.trufor_f1_th(np.where(truth, np.float32(0.5), np.float32(0)), truth) < 1


def test_a_small_edit_that_nothing_claims_is_nan_at_the_threshold_and_nought_at_the_best() -> None:
    assert math.isnan(protocols.trufor_f1_th(flat(0, (60, 60)), square(14)))
    assert protocols.trufor_f1_best(flat(0, (60, 60)), square(14)) == 0


def test_a_small_edit_beside_a_false_claim_is_nought_at_the_threshold() -> None:
    change = flat(0, (60, 60))
    change[0, 0] = 1
    assert protocols.trufor_f1_th(change, square(14)) == 0


def test_a_small_edit_where_all_is_claimed_is_nought_at_the_threshold() -> None:
    assert protocols.trufor_f1_th(flat(1, (60, 60)), square(14)) == 0


def test_a_picture_edited_and_claimed_all_over_is_nan_at_the_threshold_and_one_at_the_best() -> None:
    assert math.isnan(protocols.trufor_f1_th(flat(1), ALL))
    assert protocols.trufor_f1_best(flat(1), ALL) == 1


def test_a_picture_without_a_counted_pixel_is_nan_in_both() -> None:
    truth = square(2, 8)
    assert math.isnan(protocols.trufor_f1_best(flat(0, (8, 8)), truth))
    assert math.isnan(protocols.trufor_f1_th(flat(0, (8, 8)), truth))


def test_trufor_leaves_out_one_class_pictures_at_the_threshold_only_and_says_how_many() -> None:
    small, large = square(14), square(30)
    found = trufor(
        [trufor_picture(flat(0, (60, 60)), small), trufor_picture(large.astype(np.float32), large)]
    )
    assert (found.f1_th.value, found.f1_th.used) == (1, 1)
    assert found.f1_th.skipped == (Skipped("one_class", 1),)
    assert (found.f1_best.value, found.f1_best.used, found.f1_best.skipped) == (0.5, 2, ())


def test_trufor_scores_f1_on_edited_pictures_only() -> None:
    found = trufor(
        [
            trufor_picture(flat(1), NONE, score=0.1),
            trufor_picture(flat(0, (8, 8)), square(2, 8), score=0.9),
            trufor_picture(SOME.astype(np.float32), SOME, score=0.8),
        ]
    )
    assert found.f1_best.value == found.f1_th.value == 1
    skipped = (Skipped("no_counted_pixel", 1), Skipped("unedited_picture", 1))
    assert found.f1_best.skipped == found.f1_th.skipped == skipped
    assert found.detection_auc.used == found.balanced_accuracy.used == 3


@given(scored_pictures())
def test_trufor_figures_of_whole_pictures_are_scikit_learns(both: tuple[list[float], list[bool]]) -> None:
    scores, edited = both
    claimed = [score > 0.5 for score in scores]
    assert protocols.trufor_detection_auc(scores, edited) == pytest.approx(sk.roc_auc_score(edited, scores))
    theirs = sk.balanced_accuracy_score(edited, claimed)
    assert protocols.trufor_balanced_accuracy(scores, edited) == pytest.approx(theirs)


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_trufor_drops_scores_that_are_not_finite(score: float) -> None:
    scores, edited = [0.9, 0.6, 0.2, score], [True, False, False, True]
    assert protocols.trufor_detection_auc(scores, edited) == 1
    assert protocols.trufor_balanced_accuracy(scores, edited) == 0.75


def test_trufor_figures_of_pictures_of_one_class_are_nan_and_skip_them_all() -> None:
    found = trufor([trufor_picture(flat(0), SOME, score=0.2)] * 3)
    for figure in (found.detection_auc, found.balanced_accuracy):
        assert math.isnan(figure.value)
        assert (figure.used, figure.skipped) == (0, (Skipped("one_class", 3),))
