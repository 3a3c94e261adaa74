import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")

from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402

from maskwright.learning.earnest import (  # noqa: E402
    HAND,
    Annotated,
    Judged,
    annotated,
    another_hand,
    confidence_constants,
    figures_in_earnest,
    gain_of,
    judged,
    with_gain,
)
from maskwright.learning.shares import shared  # noqa: E402
from maskwright.masks.annotators.confidence import confidence  # noqa: E402
from maskwright.measures.metrics import Counts  # noqa: E402
from maskwright.pairs.align import align  # noqa: E402
from maskwright.pairs.values import Aligned, Change  # noqa: E402
from maskwright.synthesis.samples import draw_sample  # noqa: E402


def mask(sure: float, *, right: bool) -> Judged:
    """A map with a mask in it, a quarter of it as sure as told."""
    change = np.full((8, 8), 0.0, np.float32)
    change[:4, :4] = 0.5 + 0.5 * sure
    counts = Counts(tp=9 if right else 1, fp=1, fn=0 if right else 9, tn=50)
    return Judged(change, counts, counts)


def empty(strongest: float, *, right: bool) -> Judged:
    change = np.zeros((8, 8), np.float32)
    change[3, 3] = strongest
    counts = Counts(fn=0 if right else 5, tn=60)
    return Judged(change, counts, counts)


def some() -> list[Judged]:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(200):
        sure = float(rng.random())
        found.append(mask(sure, right=bool(rng.random() < sure)))
        found.append(empty(0.49 * sure, right=bool(rng.random() > sure)))
    return found


def test_sure_masks_get_more_confidence_and_so_do_empty_maps_without_a_hint_of_an_edit() -> None:
    constants = confidence_constants(some())
    assert set(constants) == {
        "mask_bias",
        "mask_expected_iou",
        "mask_thickness",
        "empty_bias",
        "empty_strongest",
    }
    assert confidence(mask(0.9, right=True).change, constants) == pytest.approx(0.9, abs=0.1)
    assert confidence(mask(0.2, right=True).change, constants) == pytest.approx(0.2, abs=0.1)
    assert confidence(empty(0.04, right=True).change, constants) > 0.8
    assert confidence(empty(0.45, right=True).change, constants) < 0.2


def test_where_masks_of_a_kind_are_hardly_ever_wrong_their_share_is_the_confidence() -> None:
    masks = [mask(0.5, right=number > 0) for number in range(20)] + [empty(0.1, right=True)] * 30
    constants = confidence_constants(masks)
    assert confidence(masks[0].change, constants) == pytest.approx(
        20 / 22
    )  # 19 right, 1 wrong, one more each
    assert confidence(masks[-1].change, constants) == pytest.approx(31 / 32)


def test_figures_in_earnest_are_means_over_pairs() -> None:
    nothing = dict.fromkeys(confidence_constants(some()), 0.0)  # confidence is a half everywhere
    half = Judged(np.ones((2, 2), np.float32), Counts(tp=5, fp=5), Counts(tp=5, fp=5))
    marked = Judged(np.ones((2, 2), np.float32), Counts(fp=1, tn=3), Counts(fp=1, tn=3))
    figures = figures_in_earnest([half, mask(1, right=True), marked, empty(0, right=True)], nothing)
    assert figures["mask_iou"] == pytest.approx((0.5 + 0.9) / 2)
    assert figures["mask_f1"] == pytest.approx((2 / 3 + 18 / 19) / 2)
    assert figures["mask_unedited_marked"] == pytest.approx(1 / 8)
    assert figures["confidence_brier"] == pytest.approx(0.25)


def test_masks_are_held_against_the_truth_of_the_pair_they_were_made_for(folder: Path) -> None:
    def whole(pair: Aligned) -> Change:
        return Change(np.ones(pair.valid.shape, np.float32))

    photos = shared(folder).learnt
    found = list(annotated(photos, whole, seed=4, pairs=10))
    assert 7 <= len(found) <= 10  # a few may not be aligned
    drawn = (draw_sample(photos, np.random.default_rng((4, place))).told.made for place in range(3))
    first = next(made for made in drawn if align(made.original, made.edited).geometry.kind != "unrelated")
    assert np.array_equal(found[0].truth, first.mask & ~found[0].ignore)
    for each, against in zip(found, judged(found), strict=True):
        area, counted = np.count_nonzero(each.truth), np.count_nonzero(~each.ignore)
        assert (against.counts.tp, against.counts.fp) == (area, counted - area)
    assert any(each.truth.any() for each in found)


def overconfident(count: int, gain: float) -> list[Annotated]:
    """Maps whose log odds are `gain` times what they should be."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(count):
        odds = rng.normal(0, 1.5, (64, 64)).repeat(2, 0).repeat(2, 1)
        truth = (rng.random((64, 64)) < 1 / (1 + np.exp(-odds[::2, ::2]))).repeat(2, 0).repeat(2, 1)
        change = (1 / (1 + np.exp(-gain * odds))).astype(np.float32)
        nothing = np.zeros(truth.shape, np.bool_)
        found.append(Annotated(Change(change, background="resaved"), truth, nothing, rng))
    return found


def test_the_gain_takes_back_what_a_map_claims_too_much() -> None:
    assert gain_of(overconfident(6, gain=3.0)) == pytest.approx(1 / 3, abs=0.05)


def test_exact_maps_do_not_count_for_the_gain_and_are_left_by_it() -> None:
    exact = [
        replace(each, change=replace(each.change, background="identical")) for each in overconfident(3, 9)
    ]
    assert gain_of([*overconfident(6, 3.0), *exact]) == gain_of(overconfident(6, 3.0))
    assert gain_of(exact) == 1
    assert np.array_equal(next(with_gain(exact, 0.5)).change.map, exact[0].change.map)


def test_a_gain_moves_no_mask() -> None:
    found = overconfident(2, 3.0)
    for before, after in zip(found, with_gain(found, 0.4), strict=True):
        assert np.array_equal(before.change.map >= 0.5, after.change.map >= 0.5)
        assert after.change.map.max() < before.change.map.max()


def test_another_hand_draws_the_border_about_as_far_off_as_told() -> None:
    truth = np.zeros((300, 400), np.bool_)  # a diagonal of 500 px
    truth[100:200, 100:300] = True
    rng = np.random.default_rng(0)
    offsets = [(int(another_hand(truth, rng)[150].sum()) - 200) / 2 for _ in range(300)]
    assert abs(float(np.mean(offsets))) < 0.5
    assert float(np.std(offsets)) == pytest.approx(HAND * 500, rel=0.25)


def test_another_hand_never_draws_nothing() -> None:
    truth = np.zeros((300, 400), np.bool_)
    truth[150, 200] = True
    rng = np.random.default_rng(1)
    assert all(another_hand(truth, rng).any() for _ in range(50))
