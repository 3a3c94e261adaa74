"""The ensemble: what a vote may and may not do, what is ignored, whose answer is taken for which pair."""

from __future__ import annotations

import json
from collections.abc import Mapping

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.masks.annotators import Annotator, load_annotator
from maskwright.masks.annotators.compact import LEAST_PX
from maskwright.masks.annotators.ensemble import DOUBT, Ensemble, Voters, constants, voted
from maskwright.masks.annotators.large import LARGE
from maskwright.masks.pipeline import annotate_pair
from maskwright.measures.metrics import pixel_f1, pixel_iou
from maskwright.pairs.align import align
from maskwright.pairs.values import Aligned, Change, ChangeMap, Hint, Mask, Pair
from tests.contracts.annotator import AnnotatorContract, edited_pair, jpeg, laid, textured
from tests.masks.taking import taken

NAMES = ("compact", "sigma-compact", "difference")
SIDE = 24
EVERYWHERE = np.ones((SIDE, SIDE), np.bool_)


def weighed(**weights: float) -> dict[str, float]:
    """Constants with these weights by letter: a, b, c."""
    told: dict[str, float] = json.loads(constants())
    return told | {f"weight_{name}": weight for name, weight in weights.items()}


def votes(*maps: ChangeMap, background: str = "resaved", **weights: float) -> Change:
    changes = {name: Change(each, background=background) for name, each in zip("abc", maps, strict=False)}
    return voted(changes, EVERYWHERE, weighed(**(weights or dict.fromkeys(changes, 1.0))))


def box(left: int, right: int, inside: float = 0.9, outside: float = 0.1) -> ChangeMap:
    """Sure of the columns from left to right, and of no others."""
    found = np.full((SIDE, SIDE), outside, np.float32)
    found[:, left:right] = inside
    return found


def test_every_voter_has_a_weight_that_is_not_below_zero() -> None:
    told = json.loads(constants())
    weights = {name: value for name, value in told.items() if name.startswith("weight_")}
    assert list(weights) == [f"weight_{name}" for name in NAMES]
    assert min(weights.values()) >= 0
    assert max(weights.values()) > 0


@given(
    st.lists(st.floats(0.5, 1, width=32), min_size=3, max_size=3),
    st.lists(st.floats(0, 0.4375, width=32), min_size=3, max_size=3),
    st.lists(st.floats(0.0625, 2), min_size=3, max_size=3),
)
def test_what_all_say_is_what_the_vote_says(
    high: list[float], low: list[float], weights: list[float]
) -> None:
    maps = [box(5, 12, inside, outside) for inside, outside in zip(high, low, strict=True)]
    found = votes(*maps, **dict(zip("abc", weights, strict=True)))
    assert np.array_equal(found.map >= 0.5, maps[0] >= 0.5)
    assert found.ignore is None
    assert found.scores["agreement"] == 1


def test_the_vote_is_the_weighed_sum_of_log_odds() -> None:
    found = votes(box(5, 12, 0.9), box(5, 12, 0.3), a=0.5, b=0.25)
    odds = 0.5 * np.log(0.9 / 0.1) + 0.25 * np.log(0.3 / 0.7)
    assert found.map[3, 8] == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-6)


def test_the_one_with_more_weight_wins_and_one_without_is_not_heard() -> None:
    one, other = box(0, 10), box(10, 20)
    assert np.array_equal(votes(one, other, a=0.6, b=0.4).map >= 0.5, one >= 0.5)
    assert np.array_equal(votes(one, other, a=0.4, b=0.6).map >= 0.5, other >= 0.5)
    np.testing.assert_allclose(votes(one, other, a=1, b=0).map, one, atol=1e-6)


def test_only_places_where_masks_differ_and_the_vote_is_in_doubt_are_ignored() -> None:
    one, other = box(4, 16), box(4, 12, 0.95)
    other[:, 12:14] = 0.02  # sure that it is not
    other[:, 14:16] = 0.3  # less sure
    found = votes(one, other)
    assert found.ignore is not None
    split = (one >= 0.5) != (other >= 0.5)
    doubted = (found.map > 1 - DOUBT) & (found.map < DOUBT)
    assert split[:, 12:16].all()
    assert np.array_equal(found.ignore, split & doubted)
    assert not found.ignore[:, 12:14].any()
    assert found.ignore[:, 14:16].all()


def test_agreement_is_the_mean_overlap_of_two_masks() -> None:
    found = votes(box(0, 8), box(0, 16), box(8, 16))
    assert found.scores["agreement"] == pytest.approx((8 / 16 + 0 + 8 / 16) / 3)


def test_agreement_is_one_where_nobody_finds_anything_and_zero_where_one_alone_of_two_does() -> None:
    nothing = box(0, 0)
    assert votes(nothing, nothing, nothing).scores["agreement"] == 1
    assert votes(nothing, box(0, 12), a=1, b=1).scores["agreement"] == 0


def test_a_member_that_sees_a_bit_equal_background_has_the_last_word() -> None:
    exact = Change(box(3, 6), scores={"noise_floor": 0.0}, background="identical")
    changes = {"a": Change(box(10, 20), background="resaved"), "b": exact}
    found = voted(changes, EVERYWHERE, weighed(a=5, b=0.1))
    assert np.array_equal(found.map, exact.map)
    assert found.background == "identical"
    assert found.ignore is None
    assert found.scores["agreement"] == 0


def test_regions_that_only_the_vote_makes_small_are_dropped_and_ignored() -> None:
    one, other = box(0, 0), box(0, 0)
    one[4:8, 4:9] = 0.7
    other[7:11, 4:9] = 0.7
    assert (one >= 0.5).sum() < LEAST_PX
    found = votes(one, other, a=1, b=1)
    assert not (found.map >= 0.5).any()
    assert found.ignore is None or not found.ignore[7, 4:9].any()  # both say so, and it is too small


def test_nothing_is_said_of_places_where_the_original_has_no_pixel() -> None:
    valid = EVERYWHERE.copy()
    valid[:, :6] = False
    changes = {"a": Change(box(0, 12)), "b": Change(box(0, 12))}
    found = voted(changes, valid, weighed(a=1, b=1))
    assert not found.map[~valid].any()
    assert (found.map >= 0.5)[:, 6:12].all()


def test_noise_and_background_are_those_of_the_member_nearest_to_the_vote() -> None:
    far = Change(box(0, 4), scores={"noise_floor": 9.0, "unexplained": 0.5}, background="redrawn")
    near = Change(box(6, 14), scores={"noise_floor": 2.0, "unexplained": 0.1}, background="resaved")
    found = voted({"a": far, "b": near}, EVERYWHERE, weighed(a=0.1, b=1))
    assert (found.background, found.scores["noise_floor"], found.scores["unexplained"]) == (
        "resaved",
        2.0,
        0.1,
    )


@pytest.fixture(scope="module")
def ensemble() -> Ensemble:
    return Ensemble()


@pytest.mark.slow
class TestEnsemble(AnnotatorContract):
    @pytest.fixture
    def annotator(self, ensemble: Ensemble) -> Annotator:
        return ensemble


def disc(x: int, y: int, radius: int, width: int = 320, height: int = 256) -> Mask:
    mask = np.zeros((height, width), np.uint8)
    cv2.circle(mask, (x, y), radius, 1, -1)
    return mask > 0


def with_disc(mask: Mask, share: float = 1.0) -> Aligned:
    """A disc of another texture, mixed in by a share; both sides saved as JPEG."""
    height, width = mask.shape
    original = textured(7, width, height)
    edited = original.astype(np.float64)
    edited[mask] += share * (255.0 - textured(9, width, height)[mask] - original[mask])
    return laid(jpeg(original, 90), jpeg(np.rint(edited).astype(np.uint8), 60))


def alone(pair: Aligned) -> Mapping[str, Change]:
    return {name: load_annotator(name).annotate([pair], [Hint()])[0] for name in NAMES}


@pytest.mark.slow
def test_voters_that_look_together_find_what_each_finds_alone() -> None:
    width, height = 1600, 1300
    assert width * height > LARGE
    voters = Voters()
    for pair in (
        edited_pair(1),
        with_disc(disc(160, 120, 40)),
        with_disc(disc(700, 600, 200, width, height)),
    ):
        for (name, one), two in zip(alone(pair).items(), voters.changes_of(pair).values(), strict=True):
            assert np.array_equal(one.map, two.map), name
            assert one.scores == two.scores


@pytest.mark.slow
def test_on_a_pair_that_all_agree_on_the_mask_fits_and_little_is_ignored(ensemble: Ensemble) -> None:
    truth = disc(160, 120, 48)
    (found,) = ensemble.annotate([with_disc(truth)], [Hint()])
    assert found.group == "shared-probe"
    assert pixel_f1(found.map >= 0.5, truth) > 0.96
    assert found.scores["agreement"] > 0.9
    assert found.ignore is None or found.ignore.mean() < 0.005


@pytest.mark.slow
def test_a_faint_edit_has_less_agreement_than_a_plain_one(ensemble: Ensemble) -> None:
    plain, faint = ensemble.annotate(
        [with_disc(disc(160, 120, 48), share) for share in (1.0, 0.16)], [Hint()] * 2
    )
    assert faint.scores["agreement"] < 0.8 < plain.scores["agreement"]


@pytest.mark.slow
def test_agreement_is_that_of_the_masks_of_those_who_vote(ensemble: Ensemble) -> None:
    pair = with_disc(disc(160, 120, 48), 0.3)
    masks = [change.map >= 0.5 for change in alone(pair).values()]
    pairs = [pixel_iou(masks[one], masks[other]) for one, other in ((0, 1), (0, 2), (1, 2))]
    (found,) = ensemble.annotate([pair], [Hint()])
    assert found.scores["agreement"] == pytest.approx(np.mean(pairs))


@pytest.mark.slow
def test_what_was_taken_and_what_is_unrelated_are_answered_by_caaa_alone(ensemble: Ensemble) -> None:
    pair = taken(3)
    batch = [align(pair.original, pair.edited), align(textured(11, 260, 200), textured(12, 240, 180))]
    theirs = load_annotator("caaa").annotate(batch, [Hint()] * 2)
    assert theirs[1].group == "unrelated"
    for ours, other in zip(ensemble.annotate(batch, [Hint()] * 2), theirs, strict=True):
        assert ours.group == other.group != "shared-probe"
        assert np.array_equal(ours.map, other.map)
        assert "agreement" not in ours.scores


@pytest.mark.slow
def test_what_lies_outside_a_region_is_a_side_effect_of_the_vote(ensemble: Ensemble) -> None:
    inside, outside = disc(90, 120, 40), disc(230, 120, 40)
    region = disc(90, 120, 48)
    (found,) = ensemble.annotate([with_disc(inside | outside)], [Hint(region=region)])
    side = found.layers["side_effect"]
    assert not side[region].any()
    assert np.array_equal(side[~region], found.map[~region])
    assert found.scores["side_effect_frac"] == pytest.approx(0.5, abs=0.05)


@pytest.mark.slow
def test_a_pair_has_its_agreement_and_its_ignore_in_its_annotation(ensemble: Ensemble) -> None:
    pair = with_disc(disc(160, 120, 48), 0.3)
    found = annotate_pair(Pair("x", pair.original, pair.edited), ensemble)
    assert found.status == "ok"
    assert 0 < (found.scores["agreement"] or 0) < 1
    assert found.ignore is not None
    assert found.ignore.shape == pair.valid.shape
    assert (
        annotate_pair(Pair("x", pair.original, pair.edited), load_annotator("compact")).scores["agreement"]
        is None
    )
