"""Corruptions: steps that change a whole picture the way saving, resizing and editors' housekeeping do.

`side` says which picture. A geometric step of the edited side moves the mask along; one of the
original does not. Borders that come from outside the picture repeat it in mirror image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from maskwright.errors import SettingError
from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis.fields import bent_places, mask_from, outside, taken_from
from maskwright.synthesis.steps import Made, Side, Step, check_side, mirror_border, on_side, size_of

SUBSAMPLINGS = {
    "4:4:4": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    "4:2:2": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "4:2:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
}
KERNELS = {
    "nearest": cv2.INTER_NEAREST,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "area": cv2.INTER_AREA,
    "lanczos": cv2.INTER_LANCZOS4,
}


def jpeg(quality: int, *, subsampling: str = "4:2:0", side: Side = "edited") -> Step:
    """Saved as JPEG (libjpeg's quality 1-100) and read again."""
    factor = _known("subsampling", subsampling, SUBSAMPLINGS)
    settings = [cv2.IMWRITE_JPEG_QUALITY, _quality(quality), cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor]
    return on_side(side, lambda picture, rng: saved(picture, ".jpg", settings))


def webp(quality: int, *, side: Side = "edited") -> Step:
    """Saved as lossy WebP (quality 1-100) and read again."""
    settings = [cv2.IMWRITE_WEBP_QUALITY, _quality(quality)]
    return on_side(side, lambda picture, rng: saved(picture, ".webp", settings))


def resample(scale: float, *, down: str = "area", up: str = "cubic", side: Side = "edited") -> Step:
    """Resized by `scale` and back to the size it had."""
    _positive(scale=scale)
    first, second = _known("kernel", down, KERNELS), _known("kernel", up, KERNELS)

    def change(picture: Picture, rng: Generator) -> Picture:
        height, width = picture.shape[:2]
        there = cv2.resize(picture, (_scaled(width, scale), _scaled(height, scale)), interpolation=first)
        return np.asarray(cv2.resize(there, (width, height), interpolation=second), np.uint8)

    return on_side(side, change)


def resize(scale: float, *, kernel: str = "area", side: Side = "edited") -> Step:
    """Resized by `scale`, and left at that size."""
    return stretch(scale, scale, kernel=kernel, side=side)


def stretch(scale_x: float, scale_y: float, *, kernel: str = "area", side: Side = "edited") -> Step:
    """Width and height multiplied by factors of their own."""
    check_side(side)
    _positive(scale_x=scale_x, scale_y=scale_y)
    flag = _known("kernel", kernel, KERNELS)

    def sized(array: NDArray[Any], flag: int) -> NDArray[Any]:
        height, width = array.shape[:2]
        size = (_scaled(width, scale_x), _scaled(height, scale_y))
        return np.asarray(cv2.resize(array, size, interpolation=flag))

    return _moving(side, lambda picture, is_mask: sized(picture, cv2.INTER_NEAREST if is_mask else flag))


def crop(left: float, top: float, right: float, bottom: float, *, side: Side = "edited") -> Step:
    """Cut down to a window in shares of width and height; (0, 0, 1, 1) is the whole, a pixel always stays."""
    check_side(side)
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise SettingError(
            f"the window {left, top, right, bottom} must lie in 0..1, left < right, top < bottom"
        )

    def change(array: NDArray[Any], is_mask: bool) -> NDArray[Any]:
        height, width = array.shape[:2]
        first_row, first_column = int(top * height), int(left * width)
        last_row = max(first_row + 1, round(bottom * height))
        last_column = max(first_column + 1, round(right * width))
        return array[first_row:last_row, first_column:last_column].copy()

    return _moving(side, change)


def rotate(degrees: float, *, zoom: float = 1.0, side: Side = "edited") -> Step:
    """Turned about its centre (anticlockwise) and enlarged by `zoom`, the size stays."""
    check_side(side)

    return _warping(side, lambda height, width: _about_middle(height, width, degrees, zoom))


def shift(right_px: float, down_px: float, *, zoom: float = 1.0, side: Side = "edited") -> Step:
    """Moved by whole or part pixels, and enlarged about its centre; the size stays."""
    check_side(side)
    _positive(zoom=zoom)

    def matrix(height: int, width: int) -> NDArray[np.float64]:
        found = _about_middle(height, width, 0.0, zoom)
        found[:, 2] += (right_px, down_px)
        return found

    return _warping(side, matrix)


def bend(largest_px: float, *, spacing_px: float = 32.0) -> Step:
    """The edited picture moved smoothly, each place by its own way; what comes from outside is ignored.

    Args:
        largest_px: no pixel is moved further along rows or columns.
        spacing_px: how far apart the places are that move independently.
    """
    _positive(spacing_px=spacing_px)

    def step(made: Made, rng: Generator) -> Made:
        height, width = made.mask.shape
        places = bent_places(height, width, spacing_px, largest_px, rng)
        edited = taken_from(made.edited, places, kernel=cv2.INTER_CUBIC)
        ignore = mask_from(made.ignore, places) | outside(places, height, width)
        return replace(made, edited=edited, mask=mask_from(made.mask, places), ignore=ignore)

    return step


def tone(
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0),
    *,
    offset: float = 0.0,
    gamma: float = 1.0,
    side: Side = "edited",
) -> Step:
    """The same curve everywhere: 255 * (value / 255) ** gamma * gain + offset, per channel."""
    levels = 255 * (np.arange(256) / 255)[:, None] ** gamma * np.asarray(gain) + offset
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)[None]
    return on_side(side, lambda picture, rng: np.asarray(cv2.LUT(picture, table), np.uint8))


def grade(strength: float, *, side: Side = "edited") -> Step:
    """Colours mixed into each other over the whole picture: hue and saturation shift, grey stays grey.

    Args:
        strength: standard deviation of a channel's share in another; 0.05 is plain to see.
    """

    def mixed(picture: Picture, rng: Generator) -> Picture:
        matrix = rng.normal(0, strength, (3, 3)).astype(np.float32)
        matrix += np.eye(3, dtype=np.float32) - matrix.sum(axis=1, keepdims=True) / 3
        return np.asarray(np.clip(np.rint(picture @ matrix.T), 0, 255), np.uint8)

    return on_side(side, mixed)


def _moving(side: Side, change: Callable[[NDArray[Any], bool], NDArray[Any]]) -> Step:
    """A step out of a function of an array that moves pixels: change(array, is_mask) -> array."""

    def moved(mask: Mask) -> Mask:
        return change(mask.astype(np.uint8), True).astype(np.bool_)

    def step(made: Made, rng: Generator) -> Made:
        original = made.original if side == "edited" else change(made.original, False)
        if side == "original":
            return replace(made, original=original)
        return Made(original, change(made.edited, False), moved(made.mask), moved(made.ignore))

    return step


def _warping(side: Side, matrix_of: Callable[[int, int], NDArray[np.float64]]) -> Step:
    """An affine warp by the matrix (2, 3) that takes old to new places, given height and width.

    What comes from outside is mirrored; in the edited picture it is ignored.
    """

    def picture(array: Picture) -> Picture:
        matrix, size = matrix_of(*size_of(array)), array.shape[1::-1]
        moved = cv2.warpAffine(array, matrix, size, flags=cv2.INTER_CUBIC, borderMode=mirror_border(array))
        return np.asarray(moved, np.uint8)

    def mask(mask: Mask, matrix: NDArray[np.float64], outside: bool) -> Mask:
        moved = cv2.warpAffine(
            mask.astype(np.uint8), matrix, mask.shape[::-1], flags=cv2.INTER_NEAREST, borderValue=int(outside)
        )
        return moved.astype(np.bool_)

    def step(made: Made, rng: Generator) -> Made:
        original = made.original if side == "edited" else picture(made.original)
        if side == "original":
            return replace(made, original=original)
        matrix = matrix_of(*size_of(made.mask))
        moved = mask(made.mask, matrix, False), mask(made.ignore, matrix, True)
        return Made(original, picture(made.edited), *moved)

    return step


def _about_middle(height: int, width: int, degrees: float, zoom: float) -> NDArray[np.float64]:
    """Turned anticlockwise and enlarged about the picture's centre, (2, 3)."""
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, zoom)
    return np.asarray(matrix, np.float64)


def saved(picture: Picture, suffix: str, settings: list[int]) -> Picture:
    """Encoded by OpenCV and decoded again."""
    _, data = cv2.imencode(suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), settings)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)


def _scaled(length: int, scale: float) -> int:
    return max(1, round(length * scale))


def _positive(**scales: float) -> None:
    for name, scale in scales.items():
        if not scale > 0:
            raise SettingError(f"{name} is {scale}, expected a number above 0")


def _quality(quality: int) -> int:
    if not 1 <= quality <= 100:
        raise SettingError(f"quality is {quality}, expected 1 to 100")
    return int(quality)


def _known(kind: str, name: str, table: dict[str, int]) -> int:
    if name not in table:
        raise SettingError(f"{kind} is {name!r}, expected one of {', '.join(table)}")
    return table[name]
