"""Maps that hold: found, settled to a fraction of a pixel, and none where pictures share nothing."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from maskwright.masks.annotators.candidates import Matches
from maskwright.masks.annotators.keypoints import keypoint_mask, keypoint_matches
from maskwright.masks.annotators.located import UNLIKELY, Located, grids_of, located, on_grid
from maskwright.measures.metrics import pixel_f1
from maskwright.pairs.registration import blocks_of, grey_of, views_of
from maskwright.pairs.values import Picture
from tests.contracts.annotator import jpeg, textured
from tests.masks.taking import Taken, taken


def found_in(original: Picture, edited: Picture) -> list[Located]:
    return located(original, edited, keypoint_matches(original, edited))


def off_px(one: Located, pair: Taken) -> float:
    """How far the map is off, in pixels of the original: mean over the object."""
    y, x = np.nonzero(pair.mask)
    places = np.stack([x, y, np.ones_like(x)]).astype(float)
    return float(np.hypot(*((one.matrix - pair.matrix) @ places)[:2]).mean())


@pytest.mark.parametrize("mirrored", [pytest.param(False, marks=pytest.mark.slow), True])
def test_an_object_is_located_to_a_fraction_of_a_pixel(mirrored: bool) -> None:
    pair = taken(3, mirrored=mirrored)
    (one,) = found_in(jpeg(pair.original, 90), jpeg(pair.edited, 85))
    assert off_px(one, pair) < 0.3
    assert pixel_f1(on_grid(one.support, one.block_px, *pair.mask.shape), pair.mask) > 0.85


def test_coarse_matches_are_enough_to_settle_a_map() -> None:
    pair = taken(4)
    rng = np.random.default_rng(0)
    y, x = np.nonzero(pair.mask)
    some = rng.choice(len(x), 40, replace=False)
    places = np.stack([x[some], y[some]], axis=1).astype(np.float32)
    onto = places @ pair.matrix[:2, :2].T + pair.matrix[:2, 2] + rng.normal(0, 3, places.shape)
    given = Matches(places, onto.astype(np.float32), np.ones(40, np.float32), False, 8.0, 48_000)
    (one,) = located(pair.original, pair.edited, [given])
    assert off_px(one, pair) < 0.3


@pytest.mark.slow
def test_two_kinds_of_matches_tell_of_one_map_once() -> None:
    pair = taken(5)
    given = keypoint_matches(pair.original, pair.edited)
    assert len(located(pair.original, pair.edited, [*given, *given])) == 1


def test_after_a_map_that_is_no_chance_no_further_matches_are_asked_for() -> None:
    pair = taken(5)

    def sets() -> Iterator[Matches]:
        yield from keypoint_matches(pair.original, pair.edited)
        raise AssertionError("asked for more")

    (one,) = located(pair.original, pair.edited, sets())
    assert one.chance <= UNLIKELY


@pytest.mark.slow
def test_pictures_that_share_nothing_have_no_map() -> None:
    assert not any(found_in(textured(seed, 240, 200), textured(seed + 50, 260, 180)) for seed in range(3))


def test_contours_that_lie_on_contours_are_no_map() -> None:
    """Two pictures of one straight edge each agree along it under any map that lays edge on edge."""
    one, other = np.full((200, 200, 3), 60, np.uint8), np.full((200, 200, 3), 40, np.uint8)
    one[:, 100:], other[:, 70:] = 200, 220
    places = np.stack([np.full(30, 70.0), np.linspace(20, 180, 30)], axis=1).astype(np.float32)
    onto = places + np.float32(np.array([30, 0]))
    given = Matches(places, onto.astype(np.float32), np.ones(30, np.float32), False, 3.0, 40_000)
    assert located(one, other, [given]) == []


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 90), (20, 20), (900, 30)])
def test_small_and_long_pictures_are_no_error(width: int, height: int) -> None:
    picture = textured(1, width, height)
    for pair in ((picture, textured(2, 200, 150)), (textured(2, 200, 150), picture), (picture, picture)):
        for one in found_in(*pair):
            assert np.isfinite(one.matrix).all()


def test_pictures_of_one_colour_have_no_map() -> None:
    grey = np.full((120, 160, 3), 128, np.uint8)
    assert found_in(grey, grey.copy()) == []
    assert found_in(grey, textured(3, 160, 120)) == []


def test_blocks_lie_where_their_pixels_do() -> None:
    blocks = np.array([[True, False], [False, False]])
    grid = on_grid(blocks, 8, 19, 16)
    assert grid[:8, :8].all()
    assert np.count_nonzero(grid) == 64


def test_a_contour_has_nothing_across_and_a_corner_has() -> None:
    picture = np.full((64, 64, 3), 50, np.uint8)
    picture[:, 20:] = 200
    picture[40:, 36:] = 90
    views = views_of(grey_of(picture))
    seen = grids_of(blocks_of(views, views.levels[0], np.eye(3), 8), (8, 8))
    assert seen.across[1, 2] < 0.05
    assert seen.across[4:6, 4].max() > 0.3


def test_the_hull_of_keypoints_is_a_rough_mask() -> None:
    pair = taken(6, degrees=0.0, scale=1.0)
    assert pixel_f1(keypoint_mask(pair.original, pair.edited), pair.mask) > 0.6
    assert not keypoint_mask(textured(1, 120, 100), np.full((90, 90, 3), 9, np.uint8)).any()


def test_mirrored_matches_are_in_the_originals_own_pixels() -> None:
    picture = textured(7, 200, 160)
    turned = np.ascontiguousarray(cv2.flip(picture, 1))
    _, mirrored = keypoint_matches(picture, turned)
    off = np.abs(mirrored.places[:, 0] - (199 - mirrored.onto[:, 0]))
    assert mirrored.mirrored
    assert len(off) > 50
    assert np.median(off) < 1
