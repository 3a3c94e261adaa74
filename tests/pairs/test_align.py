"""Alignment: known geometry comes back, untouched pixels stay untouched, strangers stay strangers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from maskwright.pairs.align import align
from maskwright.pairs.values import Aligned, Picture
from tests.contracts.annotator import jpeg, textured

WIDTH, HEIGHT = 320, 240


@pytest.fixture(scope="module")
def photo() -> Picture:
    return textured(11, WIDTH, HEIGHT)


def edited(picture: Picture) -> Picture:
    """A quarter of the picture replaced."""
    other = picture.copy()
    other[40:160, 60:220] = textured(12, 160, 120)
    return other


def warped(picture: Picture, matrix: NDArray[np.float64], width: int, height: int) -> Picture:
    """The picture seen through a map from new to old pixels."""
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, matrix[:2], (width, height), flags=flags))


def displacement(found: Aligned, matrix: NDArray[np.float64]) -> float:
    """Mean distance between found and true place, in pixels of the edited grid, over the valid grid."""
    height, width = found.valid.shape
    x, y = np.meshgrid(np.arange(0, width, 9), np.arange(0, height, 9))
    here = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])[:, found.valid[y.ravel(), x.ravel()]]
    back = np.linalg.inv(matrix) @ found.geometry.matrix @ here
    return float(np.mean(np.hypot(*(back[:2] - here[:2]))))


def turned(degrees: float, zoom: float = 1.0) -> NDArray[np.float64]:
    forward = np.eye(3)
    forward[:2] = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), degrees, zoom)
    return np.linalg.inv(forward)


def test_identical_pictures_keep_every_pixel(photo: Picture) -> None:
    found = align(photo, photo.copy())
    assert found.geometry.kind == "identity"
    assert found.tone.is_identity
    assert found.valid.all()
    np.testing.assert_array_equal(found.original, photo)


def test_an_edit_saved_as_jpeg_is_on_the_same_grid_and_not_resampled(photo: Picture) -> None:
    found = align(photo, jpeg(edited(photo), 60))
    assert found.geometry.kind == "identity"
    np.testing.assert_array_equal(found.original, photo)


@pytest.mark.parametrize("px", [1, 3])
def test_a_whole_shift_is_found_and_undone_to_the_pixel(photo: Picture, px: int) -> None:
    large = textured(13, WIDTH + 8, HEIGHT + 8)
    found = align(large[:HEIGHT, :WIDTH], jpeg(large[px : HEIGHT + px, px : WIDTH + px], 80))
    assert found.geometry.kind == "shifted"
    np.testing.assert_allclose(found.geometry.matrix[:2, 2], [px, px], atol=0.05)


MAPS = {
    "half a pixel": (np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]]), WIDTH, HEIGHT),
    "a turn of 7 degrees": (turned(7, 1.2), WIDTH, HEIGHT),
    "a crop": (np.array([[1, 0, 40], [0, 1, 30], [0, 0, 1.0]]), WIDTH - 80, HEIGHT - 60),
    "half the size": (np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1.0]]), WIDTH // 2, HEIGHT // 2),
    "a stretch of 4 %": (np.array([[1 / 1.04, 0, 6.15], [0, 1, 0], [0, 0, 1.0]]), WIDTH, HEIGHT),
    "a mirror": (np.array([[-1, 0, WIDTH - 1], [0, 1, 0], [0, 0, 1.0]]), WIDTH, HEIGHT),
}


@pytest.mark.parametrize("name", MAPS)
def test_the_original_is_laid_on_the_edited_grid_within_half_a_pixel(name: str, photo: Picture) -> None:
    matrix, width, height = MAPS[name]
    found = align(photo, jpeg(warped(edited(photo), matrix, width, height), 75))
    assert found.original.shape == (height, width, 3)
    assert displacement(found, matrix) < 0.5


def test_where_the_original_has_no_pixel_is_not_valid(photo: Picture) -> None:
    found = align(photo[:, :250], photo)
    assert not found.valid[:, 260:].any()
    assert found.valid[:, :240].mean() > 0.99


def test_a_mirror_is_called_one(photo: Picture) -> None:
    assert align(photo, np.ascontiguousarray(photo[:, ::-1])).geometry.kind == "mirrored"


@pytest.mark.parametrize("seed", range(4))
def test_different_pictures_are_unrelated(seed: int) -> None:
    found = align(textured(100 + seed, WIDTH, HEIGHT), jpeg(textured(200 + seed, 300, 260), 80))
    assert found.geometry.kind == "unrelated"
    assert found.valid.all()


def test_sharing_only_a_pasted_object_is_not_enough(photo: Picture) -> None:
    other = textured(300, WIDTH, HEIGHT)
    other[100:220, 150:310] = photo[20:140, 30:190]
    assert align(photo, jpeg(other, 80)).geometry.kind == "unrelated"


def test_the_same_pair_aligns_the_same_twice(photo: Picture) -> None:
    moved = jpeg(warped(edited(photo), turned(5, 1.1), WIDTH, HEIGHT), 75)
    first, second = align(photo, moved), align(photo, moved)
    np.testing.assert_array_equal(first.original, second.original)
    np.testing.assert_array_equal(first.geometry.matrix, second.geometry.matrix)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 50), (40, 3)])
def test_tiny_pictures_align_too(width: int, height: int) -> None:
    rng = np.random.default_rng(0)
    original, other = rng.integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    assert align(original, other).original.shape == (height, width, 3)


def test_the_pictures_are_not_modified(photo: Picture) -> None:
    original, other = photo.copy(), edited(photo)
    kept = other.copy()
    align(original, other)
    np.testing.assert_array_equal(original, photo)
    np.testing.assert_array_equal(other, kept)
