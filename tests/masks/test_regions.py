"""Masks as people draw them: gaps closed, holes filled."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from maskwright.masks.annotators.regions import closed, filled, solid
from maskwright.masks.annotators.rule import shipped_rule
from maskwright.pairs.values import ChangeMap, Mask

RULE = shipped_rule()


def sure_of(mask: Mask) -> ChangeMap:
    return np.where(mask, np.float32(0.9), np.float32(0.1))


def disc_with_hole(hole: int) -> Mask:
    mask = np.zeros((160, 160), np.uint8)
    cv2.circle(mask, (80, 80), 60, 1, -1)
    cv2.circle(mask, (80, 80), hole, 0, -1)
    return mask > 0


def test_a_small_hole_becomes_part_of_the_mask_and_nothing_else_changes() -> None:
    mask = disc_with_hole(12)
    change = solid(sure_of(mask), RULE)
    assert change[80, 80] >= 0.5
    assert np.array_equal(change[mask], sure_of(mask)[mask])
    assert change[0, 0] == np.float32(0.1)


def test_a_large_hole_stays_since_something_was_kept_there() -> None:
    assert solid(sure_of(disc_with_hole(40)), RULE)[80, 80] == np.float32(0.1)


@pytest.mark.parametrize("seed", range(8))
def test_the_result_is_that_of_closing_and_filling_the_whole_picture(seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.random((90, 140), dtype=np.float32), (0, 0), float(rng.uniform(2, 6)))
    mask = np.zeros((120, 180), np.bool_)
    top, left = (0, 40) if seed % 2 else (15, 20)
    mask[top : top + 90, left : left + 140] = noise > np.quantile(noise, 0.6)
    whole = mask | filled(closed(mask, RULE.close_px), RULE.hole_share)
    assert np.array_equal(solid(sure_of(mask), RULE) >= 0.5, whole)


def test_a_map_without_a_mask_stays_as_it_is() -> None:
    faint = np.full((20, 30), 0.2, np.float32)
    assert np.array_equal(solid(faint.copy(), RULE), faint)
