"""Tiles: nothing seen twice or not at all, no seams, and the same map as of the whole picture."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.detectors.onnx import OnnxDetector
from maskwright.detectors.tiles import (
    GRID_PX,
    TILE_PX,
    Looked,
    at_once,
    in_squares,
    in_tiles,
    shares,
    weighted,
)
from maskwright.pairs.values import Picture
from tests.contracts.annotator import textured
from tests.detectors.networks import REACH_PX, bright, chance

ROUNDING = 1e-5
"""Largest difference of a map in 0..1 that is rounding: sums are taken in another order in a tile."""


def seen_whole(path: Path, picture: Picture) -> np.ndarray:
    """The map of a picture given to the network at once, by onnxruntime alone."""
    height, width = picture.shape[:2]
    padded = np.pad(picture, ((0, -height % 4), (0, -width % 4), (0, 0)), mode="edge")
    (odds,) = onnxruntime.InferenceSession(path.read_bytes()).run(
        None, {"picture": np.ascontiguousarray(padded.transpose(2, 0, 1)[None])}
    )
    return chance(odds[0, 0, :height, :width].astype(np.float64))


@pytest.mark.parametrize(("width", "height"), [(4703, 41), (38, 3501), (1545, 1541)])
def test_a_picture_in_tiles_has_the_map_of_the_whole(tmp_path: Path, width: int, height: int) -> None:
    path = bright(tmp_path / "net.onnx", stepped=True, multiple=4, margin=REACH_PX)
    picture = textured(1, width, height)
    found = OnnxDetector(path).detect(picture).map
    assert np.abs(found - seen_whole(path, picture)).max() < ROUNDING


def test_a_margin_less_than_the_reach_shows(tmp_path: Path) -> None:
    path = bright(tmp_path / "net.onnx", stepped=True, multiple=4, margin=0)
    picture = textured(1, 4703, 41)
    assert np.abs(OnnxDetector(path).detect(picture).map - seen_whole(path, picture)).max() > 0.01


@settings(max_examples=40)
@given(st.integers(1, 6000), st.sampled_from([1, 4, 12, 14, 32, 96]), st.integers(0, 900))
def test_shares_cover_an_axis_once_on_the_grid_and_see_no_more_than_a_tile(
    length: int, multiple: int, margin: int
) -> None:
    step = math.lcm(multiple, GRID_PX)
    around = -(-margin // step) * step
    found = list(shares(length, step, around))
    assert [i for part in found for i in range(part.start, part.stop)] == list(range(length))
    assert all(part.start % step == 0 for part in found)
    for part in found:
        assert min(length, part.stop + around) - max(0, part.start - around) <= max(TILE_PX, 4 * around, step)


@settings(max_examples=40)
@given(st.integers(1, 3000), st.integers(1, 700), st.floats(0, 1))
def test_weights_of_squares_sum_to_one_at_every_pixel(length: int, side: int, share: float) -> None:
    margin = int(share * (side - 1) / 2)
    total = np.zeros(length)
    for start, weights in weighted(length, side, margin):
        assert 0 < len(weights) <= side
        total[start : start + len(weights)] += weights
    np.testing.assert_allclose(total, 1, atol=1e-5)


@given(st.integers(513, 5000), st.sampled_from([64, 224, 512]))
def test_squares_start_on_the_grid_and_overlap_by_twice_the_margin(length: int, side: int) -> None:
    starts = [start for start, _ in weighted(length, side, side // 8)]
    assert all(start % GRID_PX == 0 for start in starts)
    assert starts[0] == 0
    assert length <= starts[-1] + side < length + GRID_PX
    assert max(np.diff(starts)) <= side - 2 * (side // 8)


def sawtooth(picture: Picture) -> Looked:
    """The worst of networks: what it says depends on where in its square a pixel lies, from 0 to 1."""
    height, width = picture.shape[:2]
    return Looked(np.tile(np.linspace(0, 1, width, dtype=np.float32), (height, 1)), None)


def test_squares_leave_no_step_where_one_ends() -> None:
    found = in_squares(np.zeros((90, 700, 3), np.uint8), sawtooth, side=128, margin=16).map
    slope = 1 / 127 + (np.pi / 2) / (2 * 16)  # of the sawtooth, and of a weight between two that differ by 1
    assert np.abs(np.diff(found, axis=1)).max() < 1.05 * slope


def test_in_squares_gives_a_pointwise_network_back() -> None:
    picture = textured(2, 333, 201)

    def look(part: Picture) -> Looked:
        return Looked(part[..., 1].astype(np.float32) / 255, None)

    found = in_squares(picture, look, side=96, margin=12).map
    np.testing.assert_allclose(found, picture[..., 1] / 255, atol=1e-6)


def test_a_picture_smaller_than_a_square_is_continued_by_black() -> None:
    seen: list[Picture] = []

    def look(part: Picture) -> Looked:
        seen.append(part)
        return Looked(np.zeros(part.shape[:2], np.float32), None)

    picture = textured(2, 40, 24)
    assert in_squares(picture, look, side=64, margin=8).map.shape == (24, 40)
    (square,) = seen
    np.testing.assert_array_equal(square[:24, :40], picture)
    assert not square[24:].any()
    assert not square[:, 40:].any()


def test_a_picture_seen_at_once_has_its_map_in_its_own_place() -> None:
    picture = np.zeros((300, 170, 3), np.uint8)
    picture[60:150, 20:80] = 255
    found = at_once(picture, lambda part: Looked((part[..., 0] / 255).astype(np.float32), None), side=64).map
    sure = np.ones((300, 170), bool)
    for border in (60, 150):
        sure[border - 6 : border + 6] = False  # a pixel of the square is 4.7 x 2.7 of the picture
    for border in (20, 80):
        sure[:, border - 6 : border + 6] = False
    np.testing.assert_array_equal((found >= 0.5)[sure], (picture[..., 0] == 255)[sure])


def test_the_score_is_the_highest_of_the_tiles() -> None:
    picture = np.zeros((30, 3100, 3), np.uint8)
    picture[:, 2000:] = 90

    def look(part: Picture) -> Looked:
        return Looked(np.zeros(part.shape[:2], np.float32), float(part.mean()) / 100)

    found = in_tiles(picture, look, multiple=1, margin=0)
    assert found.score is not None
    assert 0.85 < found.score <= 0.9
