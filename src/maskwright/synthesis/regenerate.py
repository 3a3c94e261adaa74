"""Fake generator noise: what passing a photograph through an autoencoder does to pixels nobody edited.

Five parts, each with a weight drawn anew: blurred and sharpened again, a fine band that is bent and
fades in and out, smooth warps, slow tone fields, and noise that follows the local activity. The list
is that of a throw-away prototype whose networks carried over to a real autoencoder they had never seen
(design, What is known). No autoencoder's output was used to set the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias, TypeVar

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from maskwright.errors import SettingError
from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis.steps import Made, Side, Step, check_side, mirror_border

WARP_PX = 1.5
"""Largest displacement at strength 1, pixels (the prototype's)."""
MAX_STRENGTH = 2.0
"""Worse than any autoencoder we know of: what is fitted on harsh noise stays calm on mild noise,
and not the other way round (docs/LOG.md)."""
TONE_LEVELS = 6.0
"""Largest slow change of level at strength 1, grey levels."""

Floats: TypeAlias = NDArray[np.float32]
Array = TypeVar("Array", Picture, Floats)


def regenerate(strength: float = 0.5, *, side: Side = "edited") -> Step:
    """The whole picture as if a generator had drawn it again.

    Args:
        strength: 0 leaves the picture as it is; 0.2, 0.5 and 1 give a median of 34, 30 and 26 dB on 60
            photographs (10 % of them below 29, 25 and 22 dB).
        side: with `both`, each side gets noise of its own, of the same strength.
    """
    check_side(side)
    if not 0 <= strength <= MAX_STRENGTH:
        raise SettingError(f"strength is {strength}, expected 0 to {MAX_STRENGTH:g}")

    def step(made: Made, rng: Generator) -> Made:
        if strength == 0:
            return made
        if side != "edited":
            made = replace(made, original=_regenerated(made.original, (), strength, rng)[0])
        if side != "original":
            edited, (mask, ignore) = _regenerated(made.edited, (made.mask, made.ignore), strength, rng)
            made = replace(made, edited=edited, mask=mask, ignore=ignore)
        return made

    return step


def _regenerated(
    picture: Picture, masks: Sequence[Mask], strength: float, rng: Generator
) -> tuple[Picture, list[Mask]]:
    weights = strength * rng.uniform(0.4, 1.0, 5)
    height, width = picture.shape[:2]
    soft = _down_up_sharpen(picture, float(weights[0]), rng)
    warp_x, warp_y = _warp(height, width, WARP_PX * float(weights[2]), rng)
    soft = _taken_from(soft, warp_x, warp_y)
    base = cv2.GaussianBlur(soft, (0, 0), 1.2)
    fine: Floats = np.subtract(soft, base, dtype=np.float32)
    # Activity before the bend, so that noise sits on textures, as an autoencoder's mistakes do.
    activity = cv2.GaussianBlur(np.abs(fine[..., 1]), (0, 0), 2)
    bend_x, bend_y = _warp(height, width, float(weights[1]), rng)
    fine = _taken_from(fine, bend_x, bend_y)
    fine *= (1 + _field(height, width, 24, 0.6 * float(weights[1]), rng))[..., None]
    fine += _texture_noise(height, width, rng) * (float(weights[4]) * (0.8 + 0.9 * activity)[..., None])
    levels = base + fine + _tone(height, width, TONE_LEVELS * float(weights[3]), rng)
    moved = [
        cv2.remap(mask.astype(np.uint8), warp_x, warp_y, cv2.INTER_NEAREST).astype(np.bool_) for mask in masks
    ]
    return np.asarray(cv2.convertScaleAbs(np.maximum(levels, 0)), np.uint8), moved


def _down_up_sharpen(picture: Picture, weight: float, rng: Generator) -> Picture:
    """Detail above a scale of 1 - weight / 2 is lost; sharpening brings back contrast, not detail."""
    height, width = picture.shape[:2]
    scale = 1 - weight * rng.uniform(0.3, 0.55)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    again = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    amount = rng.uniform(0.2, 0.9)
    return np.asarray(
        cv2.addWeighted(again, 1 + amount, cv2.GaussianBlur(again, (0, 0), 1.0), -amount, 0), np.uint8
    )


def _warp(height: int, width: int, largest_px: float, rng: Generator) -> tuple[Floats, Floats]:
    """Where each pixel is taken from: a smooth displacement of at most `largest_px`, in x and y."""
    spacing = int(rng.integers(16, 64))
    x = np.arange(width, dtype=np.float32)[None] + _field(height, width, spacing, largest_px, rng)
    y = np.arange(height, dtype=np.float32)[:, None] + _field(height, width, spacing, largest_px, rng)
    return x, y


def _taken_from(array: Array, x: Floats, y: Floats) -> Array:
    moved = cv2.remap(array, x, y, cv2.INTER_LINEAR, borderMode=mirror_border(array))
    return np.asarray(moved, dtype=array.dtype)


def _field(height: int, width: int, spacing_px: int, largest: float, rng: Generator) -> Floats:
    """A smooth field in -largest..largest, made of uniform knots `spacing_px` apart."""
    knots = (max(2, height // spacing_px + 2), max(2, width // spacing_px + 2))
    coarse = rng.uniform(-largest, largest, knots).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _tone(height: int, width: int, largest: float, rng: Generator) -> Floats:
    """(H, W, 3): a slow field of lightness, and a slower one of colour a third as strong."""
    light = _field(height, width, int(rng.integers(48, 160)), largest, rng)
    colour = rng.uniform(-largest / 3, largest / 3, (3, 3, 3)).astype(np.float32)
    wide = cv2.resize(colour, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide + light[..., None], np.float32)


def _texture_noise(height: int, width: int, rng: Generator) -> Floats:
    """(H, W, 3) noise of spread 1, mostly in lightness, its grain one to two pixels wide."""
    # Bytes are four times as quick to draw as normal numbers; the blur makes them nearly normal.
    raw = np.frombuffer(rng.bytes(height * width * 4), np.uint8).reshape(height, width, 4)
    sigma = rng.uniform(0.6, 1.0)
    noise: Floats = np.asarray(cv2.GaussianBlur(raw.astype(np.float32) - 127.5, (0, 0), sigma), np.float32)
    noise /= 73.9 * _spread_after_blur(sigma)  # 73.9: spread of a uniform byte
    return 0.9 * noise[..., 3:] + 0.44 * noise[..., :3]


def _spread_after_blur(sigma: float) -> float:
    """How much a Gaussian blur lowers the spread of white noise: the norm of its kernel."""
    kernel = cv2.getGaussianKernel(int(sigma * 8) | 1, sigma)
    return float(np.square(kernel).sum())
