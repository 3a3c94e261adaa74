"""From a map to pixels: what kind of map it is, the original laid on the edited grid, letterbox bars."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from maskwright.pairs.registration import Grey, Matrix, displacement, resizing
from maskwright.pairs.values import Mask, Picture

NEAR_PX = 0.5
"""A map this near to a simpler one, on average over the grid, goes by the simpler one's name."""
ROUNDED_PX = 4.0
"""Sides rounded to a multiple of 8 are off by at most this; more is a stretch."""
EVEN_LEVELS = 16
"""Spread of grey levels across a row of a bar: black and a JPEG's ringing."""


@dataclass(frozen=True, slots=True)
class Box:
    """Columns left to right and rows top to bottom; right and bottom are one past the last."""

    left: int
    top: int
    right: int
    bottom: int


def kind_of(matrix: Matrix, original: tuple[int, int], edited: tuple[int, int]) -> str:
    """The name of a map among `GEOMETRIES`; sizes are (width, height)."""
    if np.linalg.det(matrix[:2, :2]) < 0:
        return "mirrored"
    back = np.linalg.inv(matrix)

    def near(other: Matrix) -> bool:
        return displacement(back @ other, *edited) < NEAR_PX

    if near(resizing(edited, original)):
        if original == edited:
            return "identity" if np.array_equal(matrix, np.eye(3)) else "shifted"
        return "resized" if _same_aspect(original, edited) else "affine"
    middle = np.array([(edited[0] - 1) / 2, (edited[1] - 1) / 2])
    a, b, c, d = matrix[:2, :2].ravel()
    upright = _about(middle, matrix, np.eye(2) * (a + d) / 2)
    if near(upright):
        if near(_about(middle, matrix, np.eye(2))):
            return "shifted" if original == edited else "cropped"
        corners = upright[:2] @ np.array([[-0.5, edited[0] - 0.5], [-0.5, edited[1] - 0.5], [1, 1]])
        within = (corners > -1.5).all() and (corners < np.array(original)[:, None] + 0.5).all()
        return "cropped" if within else "similarity"
    turned = np.array([[(a + d) / 2, (b - c) / 2], [(c - b) / 2, (a + d) / 2]])
    return "similarity" if near(_about(middle, matrix, turned)) else "affine"


def _about(middle: np.ndarray, matrix: Matrix, linear: np.ndarray) -> Matrix:
    """The map with another linear part that takes the middle of the grid to the same place."""
    other = np.eye(3)
    other[:2, :2] = linear
    other[:2, 2] = matrix[:2, :2] @ middle + matrix[:2, 2] - linear @ middle
    return other


def _same_aspect(original: tuple[int, int], edited: tuple[int, int]) -> bool:
    """Whether one scale gives both sides, up to rounding."""
    scale = (edited[0] + edited[1]) / (original[0] + original[1])
    return all(abs(there * scale - here) <= ROUNDED_PX for here, there in zip(edited, original, strict=True))


def resized(picture: Picture, width: int, height: int) -> Picture:
    """The whole picture at another size: area average to shrink, cubic to grow."""
    if picture.shape[:2] == (height, width):
        return picture
    smaller = picture.shape[1] >= width and picture.shape[0] >= height
    how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (width, height), interpolation=how), np.uint8)


def warped(picture: Picture, matrix: Matrix, width: int, height: int) -> Picture:
    """The picture on another grid, without aliasing where it shrinks; whole shifts keep every level."""
    whole = np.array_equal(matrix, np.rint(matrix))
    if whole and np.array_equal(np.abs(matrix[:2, :2]), np.eye(2)):
        how = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        flat = cv2.warpAffine(
            picture, matrix[:2], (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(flat, np.uint8)
    if np.allclose(matrix, resizing((width, height), (picture.shape[1], picture.shape[0])), atol=1e-9):
        return resized(picture, width, height)
    shrink = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    factor = max(1, int(np.ceil(shrink - 0.1)))
    finer = resizing((width * factor, height * factor), (width, height))
    laid = cv2.warpAffine(
        picture,
        (matrix @ finer)[:2],
        (width * factor, height * factor),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if factor > 1:
        laid = cv2.resize(laid, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(laid, np.uint8)


def lying_in(box: Box, matrix: Matrix, width: int, height: int) -> Mask:
    """(H, W) bool: which pixels of a grid a map takes into a box."""
    x, y = np.arange(width), np.arange(height)[:, None]
    at_x = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]
    at_y = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]
    tolerance = 0.501  # half a pixel, and what is lost in the arithmetic of exact maps
    return np.asarray(
        (at_x > box.left - tolerance)
        & (at_x < box.right - 1 + tolerance)
        & (at_y > box.top - tolerance)
        & (at_y < box.bottom - 1 + tolerance)
    )


def whole_of(grey: Grey) -> Box:
    return Box(0, 0, grey.shape[1], grey.shape[0])


def content_of(grey: Grey) -> Box:
    """The picture without letterbox bars: even bars of one level, as wide on opposite sides."""
    height, width = grey.shape
    top, bottom = _bar(grey), _bar(grey[::-1])
    left, right = _bar(grey.T), _bar(grey.T[::-1])
    if not _alike(top, bottom, height):
        top = bottom = 0
    if not _alike(left, right, width):
        left = right = 0
    return Box(left, top, width - right, height - bottom)


def _bar(grey: Grey) -> int:
    """How many rows from the top are even and of the first row's level."""
    low, high = grey.min(axis=1).astype(int), grey.max(axis=1).astype(int)
    even = (high - low <= EVEN_LEVELS) & (abs(high - high[0]) <= EVEN_LEVELS)
    return len(even) if even.all() else int(np.argmin(even))


def _alike(one: int, other: int, side: int) -> bool:
    return min(one, other) >= 2 and abs(one - other) <= max(2, side // 100) and one + other < 0.8 * side
