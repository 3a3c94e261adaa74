"""Both protocols against scikit-learn, scipy, slow obvious code, and their own numbers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy import ndimage
from sklearn import metrics as sk

from maskwright.errors import GridError, InputError
from maskwright.measures import protocols
from maskwright.measures.metrics import pixel_f1, pixel_iou
from maskwright.measures.protocols import (
    BencoAuc,
    Skipped,
    benco,
    benco_picture,
    trufor,
    trufor_picture,
)
from tests.strategies import masks

ChangeMap = NDArray[np.float32]
Mask = NDArray[np.bool_]
FEW_LEVELS = st.sampled_from([-1.0, -0.0, 0.0, 0.25, 0.5, 0.75, 1.0])
ANY_LEVEL = st.floats(-2, 2, width=32)


@st.composite
def scored(
    draw: st.DrawFn, levels: st.SearchStrategy[float] = FEW_LEVELS | ANY_LEVEL
) -> tuple[ChangeMap, Mask]:
    """A float32 map, with many ties or hardly any, and a truth of its size."""
    truth = draw(masks())
    return draw(hnp.arrays(np.float32, truth.shape, elements=levels)), truth


@st.composite
def scored_pictures(draw: st.DrawFn) -> tuple[list[float], list[bool]]:
    """Scores of whole pictures, ties included, and classes of which both occur."""
    scores = draw(st.lists(FEW_LEVELS | ANY_LEVEL, min_size=2, max_size=12))
    classes = draw(st.lists(st.booleans(), min_size=len(scores) - 2, max_size=len(scores) - 2))
    return scores, [True, False, *classes]


def flat(level: float, size: tuple[int, int] = (40, 40)) -> ChangeMap:
    return np.full(size, level, np.float32)


def square(side: int, size: int = 60) -> Mask:
    """A square edit in the middle, far from the picture's border."""
    mask = np.zeros((size, size), bool)
    start = (size - side) // 2
    mask[start : start + side, start : start + side] = True
    return mask


NONE, ALL = np.zeros((40, 40), bool), np.ones((40, 40), bool)
SOME = square(20, 40)


# --- IMDLBenCo


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


# --- TruFor


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


# --- both


@given(st.lists(st.tuples(scored(), st.none() | ANY_LEVEL | st.just(math.nan)), max_size=4))
def test_used_and_skipped_add_up_to_all_pictures_in_every_figure(
    pictures: list[tuple[tuple[ChangeMap, Mask], float | None]],
) -> None:
    summaries = (
        benco(benco_picture(*both, score=score) for both, score in pictures),
        trufor(trufor_picture(*both, score=score) for both, score in pictures),
    )
    for summary in summaries:
        names = [name for name in summary.__slots__ if name not in ("pictures", "empty_truths")]
        for figure in (getattr(summary, name) for name in names):
            assert figure.used + sum(one.pictures for one in figure.skipped) == len(pictures)
            assert math.isnan(figure.value) == (figure.used == 0)


@given(scored())
def test_neither_protocol_changes_what_it_is_given(both: tuple[ChangeMap, Mask]) -> None:
    change, truth = both[0].copy(), both[1].copy()
    benco_picture(*both)
    trufor_picture(*both)
    assert both[0].tobytes() == change.tobytes()
    assert (both[1] == truth).all()


@given(scored())
def test_mirrored_pictures_score_the_same_but_for_the_order_of_ties(both: tuple[ChangeMap, Mask]) -> None:
    change, truth = both
    mirrored = np.ascontiguousarray(change[:, ::-1]), np.ascontiguousarray(truth[:, ::-1])
    one, other = benco_picture(*both), benco_picture(*mirrored)
    assert (one.f1, one.iou) == (other.f1, other.iou)
    assert (one.auc.lowest, one.auc.highest) == pytest.approx(
        (other.auc.lowest, other.auc.highest), nan_ok=True
    )
    found, turned = trufor_picture(*both), trufor_picture(*mirrored)
    assert (found.f1_best, found.f1_th) == pytest.approx((turned.f1_best, turned.f1_th), nan_ok=True)


PICTURE_MEASURES = [
    getattr(protocols, name)
    for name in protocols.__all__
    if name.startswith(("benco_pixel", "trufor_f1", "benco_picture", "trufor_picture"))
]


@pytest.mark.parametrize("measure", PICTURE_MEASURES)
def test_maps_and_truths_of_two_sizes_are_refused(measure: Callable[..., object]) -> None:
    with pytest.raises(GridError, match=r"\(3, 4\).*\(4, 3\)"):
        measure(flat(0, (3, 4)), np.zeros((4, 3), bool))


@pytest.mark.parametrize("measure", PICTURE_MEASURES)
def test_a_map_with_a_nan_is_refused(measure: Callable[..., object]) -> None:
    with pytest.raises(InputError, match="finite"):
        measure(flat(math.nan), SOME)


def test_a_map_that_is_not_float32_and_a_truth_that_is_not_bool_are_refused() -> None:
    with pytest.raises(InputError, match="float64"):
        protocols.benco_pixel_f1(flat(0).astype(np.float64), SOME)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="uint8"):
        protocols.trufor_f1_best(flat(0), SOME.astype(np.uint8))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="uint8"):
        protocols.trufor_truth(SOME.astype(np.uint8))  # type: ignore[arg-type]


def test_scores_that_do_not_go_with_their_classes_are_refused() -> None:
    with pytest.raises(InputError, match="2 scores came with 1"):
        protocols.benco_image_auc([0.1, 0.2], [True])
    with pytest.raises(InputError, match="finite"):
        protocols.benco_image_auc([0.1, math.nan], [True, False])


def test_both_profiles_are_named_and_have_a_summary_of_that_name() -> None:
    assert list(protocols.PROTOCOLS) == ["benco", "trufor"]
    assert all(callable(getattr(protocols, name)) for name in protocols.PROTOCOLS)
