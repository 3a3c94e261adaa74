"""IMDLBenCo's protocol against scikit-learn, slow obvious code, and its own numbers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from sklearn import metrics as sk

from maskwright.errors import InputError
from maskwright.measures import protocols
from maskwright.measures.metrics import pixel_f1, pixel_iou
from maskwright.measures.protocols import (
    BencoAuc,
    Skipped,
    benco,
    benco_picture,
)
from tests.measures.protocols.made import ALL, NONE, SOME, ChangeMap, Mask, flat, scored, scored_pictures
from tests.strategies import masks


def test_a_mask_of_noughts_and_ones_becomes_empty() -> None:
    assert not protocols.benco_truth(SOME.astype(np.uint8)).any()


def test_a_mask_in_dark_red_becomes_empty() -> None:
    mask = np.zeros((4, 4, 3), np.uint8)
    mask[..., 0] = 128
    assert not protocols.benco_truth(mask).any()


@given(hnp.arrays(np.uint8, (3, 5, 3), elements=st.sampled_from([0, 1, 127, 128, 129, 255])))
def test_a_mask_is_cut_where_the_sum_of_its_colours_passes_382(mask: NDArray[np.uint8]) -> None:
    slow = [[int(red) + int(green) + int(blue) > 382 for red, green, blue in row] for row in mask]
    assert protocols.benco_truth(mask).tolist() == slow


def test_a_grey_mask_is_cut_above_127() -> None:
    levels = np.array([[0, 127, 128, 255]], np.uint8)
    assert protocols.benco_truth(levels).tolist() == [[False, False, True, True]]


def test_a_mask_file_with_alpha_is_refused() -> None:
    with pytest.raises(InputError, match=r"\(4, 4, 4\)"):
        protocols.benco_truth(np.zeros((4, 4, 4), np.uint8))


@given(scored())
def test_where_something_is_hit_benco_f1_is_scikit_learns_to_seven_digits(
    both: tuple[ChangeMap, Mask],
) -> None:
    change, truth = both
    theirs = sk.f1_score(truth.ravel(), change.ravel() > 0.5, zero_division=0.0)
    assert protocols.benco_pixel_f1(change, truth) == pytest.approx(theirs, abs=5e-8)


@given(scored())
def test_benco_f1_in_reverse_is_that_of_the_pixels_not_claimed(both: tuple[ChangeMap, Mask]) -> None:
    change, truth = both
    theirs = sk.f1_score(truth.ravel(), ~(change.ravel() > 0.5), zero_division=0.0)
    assert protocols.benco_pixel_f1_reverse(change, truth) == pytest.approx(theirs, abs=5e-8)


@given(scored())
def test_benco_iou_is_scikit_learns_to_seven_digits(both: tuple[ChangeMap, Mask]) -> None:
    change, truth = both
    theirs = sk.jaccard_score(truth.ravel(), change.ravel() > 0.5, zero_division=0.0)
    assert protocols.benco_pixel_iou(change, truth) == pytest.approx(theirs, abs=5e-8)
    turned = sk.jaccard_score(truth.ravel(), 1 - change.ravel() > 0.5, zero_division=0.0)
    assert protocols.benco_pixel_iou_reverse(change, truth) == pytest.approx(turned, abs=5e-8)


def test_a_clean_picture_rightly_called_clean_scores_nought_with_benco_and_one_with_us() -> None:
    assert protocols.benco_pixel_f1(flat(0), NONE) == protocols.benco_pixel_iou(flat(0), NONE) == 0
    assert pixel_f1(NONE, NONE) == pixel_iou(NONE, NONE) == 1


def test_a_perfect_mask_scores_just_below_one_with_benco() -> None:
    perfect = SOME.astype(np.float32)
    assert 1 - 2e-8 < protocols.benco_pixel_f1(perfect, SOME) < 1
    assert 1 - 2e-8 < protocols.benco_pixel_iou(perfect, SOME) < 1


def test_a_map_of_exactly_one_half_claims_nothing() -> None:
    assert protocols.benco_pixel_f1(flat(0.5), ALL) == protocols.benco_pixel_iou(flat(0.5), ALL) == 0


def test_a_map_of_exactly_one_half_is_claimed_by_f1_in_reverse_but_not_by_iou_in_reverse() -> None:
    assert protocols.benco_pixel_f1_reverse(flat(0.5), ALL) == pytest.approx(1)
    assert protocols.benco_pixel_iou_reverse(flat(0.5), ALL) == 0


@given(scored())
def test_double_is_the_better_of_both(both: tuple[ChangeMap, Mask]) -> None:
    for name in ("f1", "iou"):
        plain, reverse, double = (
            getattr(protocols, f"benco_pixel_{name}{ending}")(*both) for ending in ("", "_reverse", "_double")
        )
        assert double == max(plain, reverse)


def slow_benco_auc(change: ChangeMap, truth: Mask, key: Callable[[tuple[float, bool]], object]) -> float:
    """One pixel after the other, in an order of one's choice; the curve from its first point on."""
    pixels = sorted(zip(change.ravel().tolist(), truth.ravel().tolist(), strict=True), key=key)
    edited, unedited = int(truth.sum()), int((~truth).sum())
    tpr = np.cumsum([real for _, real in pixels]) / edited
    fpr = np.cumsum([not real for _, real in pixels]) / unedited
    return float(np.trapezoid(tpr, fpr))


@given(scored())
def test_benco_auc_is_the_area_under_one_step_a_pixel(both: tuple[ChangeMap, Mask]) -> None:
    change, truth = both
    if truth.any() and not truth.all():
        found = protocols.benco_pixel_auc(change, truth)
        assert found.reading_order == pytest.approx(slow_benco_auc(*both, key=lambda one: -one[0]))
        assert found.lowest == pytest.approx(slow_benco_auc(*both, key=lambda one: (-one[0], one[1])))
        assert found.highest == pytest.approx(slow_benco_auc(*both, key=lambda one: (-one[0], not one[1])))


@given(scored())
def test_half_way_between_the_bounds_of_benco_auc_lies_scikit_learns(both: tuple[ChangeMap, Mask]) -> None:
    change, truth = both
    if truth.any() and not truth.all():
        found = protocols.benco_pixel_auc(change, truth)
        theirs = sk.roc_auc_score(truth.ravel(), change.ravel())
        assert (found.lowest + found.highest) / 2 == pytest.approx(theirs)
        assert found.lowest - 1e-12 <= found.reading_order <= found.highest + 1e-12


@given(masks())
def test_without_ties_benco_auc_is_scikit_learns_whatever_the_order(truth: Mask) -> None:
    if truth.any() and not truth.all():
        change = np.random.default_rng(1).permutation(truth.size).reshape(truth.shape).astype(np.float32)
        found = protocols.benco_pixel_auc(change, truth)
        assert found.lowest == found.highest
        assert found.reading_order == pytest.approx(sk.roc_auc_score(truth.ravel(), change.ravel()))


def test_the_benco_auc_of_a_flat_map_is_anything_from_nought_to_one() -> None:
    first = np.array([[True, False]])
    found = protocols.benco_pixel_auc(flat(0.3, (1, 2)), first)
    assert (found.lowest, found.highest) == (0, 1)
    assert found.reading_order == 1
    assert protocols.benco_pixel_auc(flat(0.3, (1, 2)), ~first).reading_order == 0


def test_benco_auc_is_nought_where_nothing_is_edited() -> None:
    assert protocols.benco_pixel_auc(flat(0.3), NONE) == BencoAuc(0, 0, 0)


def test_benco_auc_is_nan_where_everything_is_edited() -> None:
    assert math.isnan(protocols.benco_pixel_auc(flat(0.3), ALL).reading_order)


def test_turning_a_map_ties_its_levels_next_to_nought() -> None:
    change = np.array([[1e-9, 2e-9]], np.float32)
    truth = np.array([[False, True]])
    assert protocols.benco_pixel_auc(change, truth) == BencoAuc(1, 1, 1)
    turned = protocols.benco_pixel_auc_reverse(change, truth)
    assert (turned.lowest, turned.highest) == (0, 1)


@given(scored(levels=st.sampled_from([0.0, 0.25, 0.5, 1.0])))
def test_turning_a_map_turns_the_bounds_of_its_auc(both: tuple[ChangeMap, Mask]) -> None:
    truth = both[1]
    if truth.any() and not truth.all():
        plain, turned = protocols.benco_pixel_auc(*both), protocols.benco_pixel_auc_reverse(*both)
        assert turned.lowest == pytest.approx(1 - plain.highest)
        assert turned.highest == pytest.approx(1 - plain.lowest)
        double = protocols.benco_pixel_auc_double(*both)
        assert double.reading_order == max(plain.reading_order, turned.reading_order)


def test_the_numbers_are_those_of_imdlbenco_itself() -> None:
    # PixelF1, PixelIOU, PixelAUC of IMDLBenCo 0.1.45 (commit 3efef9b, torch 2.14.1, CPU), run on this
    # picture; modes origin, reverse, double. Its AUCs are stored in float32.
    rng = np.random.default_rng(7)
    change, truth = rng.random((12, 9), np.float32), rng.random((12, 9)) < 0.3
    for name, theirs in {
        "f1": [0.3218390761051658, 0.3466666619662223, 0.3466666619662223],
        "iou": [0.1917808218915369, 0.20967741932101977, 0.20967741932101977],
    }.items():
        ours = [
            getattr(protocols, f"benco_pixel_{name}{end}")(change, truth)
            for end in ("", "_reverse", "_double")
        ]
        assert ours == pytest.approx(theirs, abs=1e-15)
    areas = [
        getattr(protocols, f"benco_pixel_auc{end}")(change, truth) for end in ("", "_reverse", "_double")
    ]
    assert [area.reading_order for area in areas] == pytest.approx(
        [0.47050753235816956, 0.5294924378395081, 0.5294924378395081], abs=1e-7
    )


def test_the_numbers_of_whole_pictures_are_those_of_imdlbenco_itself() -> None:
    # ImageF1, ImageAccuracy, ImageAUC, run the same way; its F1 is in float32
    scores, edited = [0.9, 0.5, 0.2, 0.6, 0.5, 0.1], [True, True, False, False, False, True]
    assert protocols.benco_image_f1(scores, edited) == pytest.approx(0.4000000059604645, abs=1e-7)
    assert protocols.benco_image_accuracy(scores, edited) == 0.5
    assert protocols.benco_image_auc(scores, edited) == 0.5


@given(scored_pictures())
def test_benco_figures_of_whole_pictures_are_scikit_learns(both: tuple[list[float], list[bool]]) -> None:
    scores, edited = both
    claimed = [score > 0.5 for score in scores]
    assert protocols.benco_image_f1(scores, edited) == pytest.approx(
        sk.f1_score(edited, claimed, zero_division=0.0), abs=5e-9
    )
    assert protocols.benco_image_accuracy(scores, edited) == pytest.approx(sk.accuracy_score(edited, claimed))
    assert protocols.benco_image_auc(scores, edited) == pytest.approx(sk.roc_auc_score(edited, scores))


def test_a_set_half_of_clean_pictures_predicted_perfectly_scores_one_half_with_benco() -> None:
    # scu-zjz/IMDLBenCo issue 46
    pictures = [benco_picture(truth.astype(np.float32), truth) for truth in (SOME, NONE)]
    found = benco(pictures)
    assert found.pixel_f1.value == pytest.approx(0.5)
    assert (found.pixel_f1.used, found.empty_truths) == (2, 1)


def test_benco_skips_a_picture_edited_all_over_in_the_auc_and_says_so() -> None:
    found = benco([benco_picture(flat(0.7), ALL), benco_picture(SOME.astype(np.float32), SOME)])
    assert found.pixel_auc.value == 1
    assert found.pixel_auc.used == 1
    assert found.pixel_auc.skipped == (Skipped("no_unedited_pixel", 1),)
    assert found.pixel_f1.used == 2


def test_benco_calls_a_picture_with_an_empty_mask_edited_if_told_so() -> None:
    assert benco_picture(flat(0), NONE).edited is False
    told = benco_picture(flat(0), NONE, edited=True)
    assert told.edited
    assert told.truth_is_empty


def test_pictures_without_a_finite_score_are_left_out_of_the_picture_figures_and_counted() -> None:
    pictures = [benco_picture(flat(0), SOME, score=score) for score in (None, math.nan, math.inf, 0.9)] + [
        benco_picture(flat(0), NONE, score=0.1)
    ]
    found = benco(pictures)
    assert found.image_auc.value == 1
    assert found.image_accuracy.used == 2
    assert found.image_f1.skipped == (Skipped("no_score", 1), Skipped("score_not_finite", 2))


def test_the_auc_of_pictures_of_one_class_is_nan_and_skips_them_all() -> None:
    found = benco([benco_picture(flat(0), SOME, score=0.2)] * 3)
    assert math.isnan(found.image_auc.value)
    assert (found.image_auc.used, found.image_auc.skipped) == (0, (Skipped("one_class", 3),))
    assert found.image_accuracy.used == 3
