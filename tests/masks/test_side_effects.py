"""What lies outside the region: counted by hand on tiny masks, and by another program on drawn ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from maskwright.errors import GridError
from maskwright.masks.scores import score_pair
from maskwright.masks.side_effects import side_effect, side_effect_scores
from maskwright.pairs.values import Aligned, Change, Geometry, Mask
from tests.strategies import masks


def drawn(*rows: str) -> Mask:
    """`#` is True."""
    return np.array([[sign == "#" for sign in row] for row in rows])


MASK = drawn("##..", "##..", "....")
REGION = drawn(".##.", ".##.", "....")


def test_two_of_four_changed_pixels_outside_the_region_are_a_half() -> None:
    assert side_effect_scores(MASK, REGION) == {"side_effect_frac": 0.5, "instruction_match": 0.5}


def test_a_mask_inside_the_region_has_no_side_effect_but_matches_only_what_it_covers() -> None:
    found = side_effect_scores(drawn("#..."), drawn("##.."))
    assert found == {"side_effect_frac": 0, "instruction_match": pytest.approx(2 / 3)}


def test_where_nothing_changed_nothing_is_a_side_effect() -> None:
    assert side_effect_scores(drawn("...."), drawn("##..")) == {"side_effect_frac": 0, "instruction_match": 0}


def test_nothing_changed_in_an_empty_region_is_a_full_match() -> None:
    assert side_effect_scores(drawn("...."), drawn("....")) == {"side_effect_frac": 0, "instruction_match": 1}


def test_with_an_empty_region_all_that_changed_is_a_side_effect() -> None:
    assert side_effect_scores(MASK, np.zeros_like(MASK)) == {"side_effect_frac": 1, "instruction_match": 0}


def test_where_the_whole_picture_was_meant_nothing_is_a_side_effect() -> None:
    assert side_effect_scores(MASK, np.ones_like(MASK))["side_effect_frac"] == 0


def test_pixels_that_nobody_can_say_of_count_neither_as_changed_nor_as_region() -> None:
    # left of the mask: one pixel of two outside; left of the region: one of three
    ignore = drawn("#...", "..#.", "....")
    found = side_effect_scores(MASK, REGION, ignore=ignore)
    assert found == {"side_effect_frac": pytest.approx(1 / 3), "instruction_match": pytest.approx(2 * 2 / 6)}


def test_a_region_of_another_size_is_refused_with_both_sizes() -> None:
    with pytest.raises(GridError, match=r"region is 3x4, mask is 4x3"):
        side_effect_scores(MASK, REGION.T)
    with pytest.raises(GridError):
        side_effect(MASK.astype(np.float32), REGION.T)


def test_the_map_is_the_change_outside_and_nothing_inside() -> None:
    change = np.array([[0.2, 0.5, 1.0, 0.7]], np.float32)
    found = side_effect(change, drawn(".##."))
    assert found.dtype == np.float32
    assert found.tolist() == np.array([[0.2, 0, 0, 0.7]], np.float32).tolist()


@given(masks(), st.data())
def test_the_scores_are_those_of_sets_of_places(mask: Mask, data: st.DataObject) -> None:
    region, ignore = (data.draw(hnp.arrays(np.bool_, mask.shape)) for _ in range(2))
    places = [(y, x) for y, x in np.ndindex(mask.shape) if not ignore[y, x]]
    changed = {place for place in places if mask[place]}
    meant = {place for place in places if region[place]}
    found = side_effect_scores(mask, region, ignore=ignore)
    assert found["side_effect_frac"] == pytest.approx(len(changed - meant) / max(1, len(changed)))
    both = 2 * len(changed & meant) / (len(changed) + len(meant)) if changed or meant else 1
    assert found["instruction_match"] == pytest.approx(both)


@given(masks(), st.data())
def test_the_map_at_a_half_is_the_masks_part_outside(mask: Mask, data: st.DataObject) -> None:
    region = data.draw(hnp.arrays(np.bool_, mask.shape))
    change = np.where(mask, np.float32(0.5), np.float32(0.49))
    assert np.array_equal(side_effect(change, region) >= 0.5, mask & ~region)


def scored(region: Mask | None, own: Mapping[str, float] = {}) -> Mapping[str, float | None]:
    picture = np.zeros((*MASK.shape, 3), np.uint8)
    aligned = Aligned(picture, picture, np.ones_like(MASK), Geometry("identity", np.eye(3)))
    change = Change(MASK.astype(np.float32), scores=own)
    return score_pair(aligned, change, MASK, original=picture, region=region)


def test_any_annotators_mask_is_measured_against_a_given_region() -> None:
    found = scored(REGION)
    assert (found["side_effect_frac"], found["instruction_match"]) == (0.5, 0.5)


def test_without_a_region_the_scores_are_not_known() -> None:
    assert scored(None)["side_effect_frac"] is None
    assert scored(None)["instruction_match"] is None


def test_without_a_region_an_annotators_own_figures_stand() -> None:
    assert scored(None, {"side_effect_frac": 0.25})["side_effect_frac"] == 0.25


def test_a_given_region_wins_over_what_an_annotator_took_for_it() -> None:
    assert scored(REGION, {"side_effect_frac": 0.25})["side_effect_frac"] == 0.5
