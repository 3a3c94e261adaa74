"""Smooth random fields over a picture: slow changes of light, and displacements."""

from __future__ import annotations

from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from maskwright.pairs.values import Mask
from maskwright.synthesis.steps import mirror_border

Floats: TypeAlias = NDArray[np.float32]
Places: TypeAlias = tuple[Floats, Floats]
"""Column and row, each (H, W) float32, from which every pixel is taken."""


def smooth_field(height: int, width: int, spacing_px: float, largest: float, rng: Generator) -> Floats:
    """(H, W) float32 in -largest..largest: uniform knots `spacing_px` apart, straight lines between them."""
    knots = (max(2, int(height // spacing_px) + 2), max(2, int(width // spacing_px) + 2))
    coarse = rng.uniform(-largest, largest, knots).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def tone_field(height: int, width: int, spacing_px: float, largest: float, rng: Generator) -> Floats:
    """(H, W, 3): a slow field of lightness, and a slower one of colour a third as strong."""
    light = smooth_field(height, width, spacing_px, largest, rng)
    colour = rng.uniform(-largest / 3, largest / 3, (3, 3, 3)).astype(np.float32)
    wide: Floats = np.asarray(cv2.resize(colour, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    wide += light[..., None]
    return wide


def bent_places(height: int, width: int, spacing_px: float, largest_px: float, rng: Generator) -> Places:
    """Every place moved smoothly by at most `largest_px`, along rows and along columns."""
    x = np.arange(width, dtype=np.float32)[None] + smooth_field(height, width, spacing_px, largest_px, rng)
    y = np.arange(height, dtype=np.float32)[:, None] + smooth_field(
        height, width, spacing_px, largest_px, rng
    )
    return x, y


def taken_from(array: NDArray[Any], places: Places, *, kernel: int = cv2.INTER_LINEAR) -> NDArray[Any]:
    """The array with every pixel taken from its place; outside, it is mirrored."""
    moved = cv2.remap(array, *places, kernel, borderMode=mirror_border(array))
    return np.asarray(moved, dtype=array.dtype)


def mask_from(mask: Mask, places: Places) -> Mask:
    """A mask whose pixels are taken from the nearest of their places; outside it is empty."""
    moved = cv2.remap(mask.astype(np.uint8), *places, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
    return moved.astype(np.bool_)


def outside(places: Places, height: int, width: int) -> Mask:
    """Where a place lies beyond the picture by more than half a pixel: those pixels are made up."""
    x, y = places
    return np.asarray((x < -0.5) | (y < -0.5) | (x > width - 0.5) | (y > height - 0.5))
