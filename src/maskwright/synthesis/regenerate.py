"""Fake generator noise: what passing a photograph through an autoencoder does to pixels nobody edited.

Five parts, each with a weight drawn anew: blurred and sharpened again, a fine band that is bent and
fades in and out, smooth warps, slow tone fields, and noise that follows the local activity. The list
is that of a throw-away prototype whose networks carried over to a real autoencoder they had never seen
(design, What is known). No autoencoder's output was used to set the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.random import Generator

from maskwright.errors import SettingError
from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis.fields import Floats, bent_places, mask_from, smooth_field, taken_from
from maskwright.synthesis.steps import Made, Side, Step, check_side

WARP_PX = 1.5
"""Largest displacement at strength 1, pixels (the prototype's)."""
MAX_STRENGTH = 2.0
"""Worse than any autoencoder we know of: what is fitted on harsh noise stays calm on mild noise,
and not the other way round (docs/LOG.md)."""
TONE_LEVELS = 6.0
"""Largest slow change of level at strength 1, grey levels."""


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
    places = bent_places(height, width, int(rng.integers(16, 64)), WARP_PX * float(weights[2]), rng)
    soft = taken_from(soft, places)
    base = cv2.GaussianBlur(soft, (0, 0), 1.2)
    fine: Floats = np.subtract(soft, base, dtype=np.float32)
    # Activity before the bend, so that noise sits on textures, as an autoencoder's mistakes do.
    activity = cv2.GaussianBlur(np.abs(fine[..., 1]), (0, 0), 2)
    bend = bent_places(height, width, int(rng.integers(16, 64)), float(weights[1]), rng)
    fine = taken_from(fine, bend)
    fine *= (1 + smooth_field(height, width, 24, 0.6 * float(weights[1]), rng))[..., None]
    fine += _texture_noise(height, width, rng) * (float(weights[4]) * (0.8 + 0.9 * activity)[..., None])
    levels = base + fine + _tone(height, width, TONE_LEVELS * float(weights[3]), rng)
    moved = [mask_from(mask, places) for mask in masks]
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


def _tone(height: int, width: int, largest: float, rng: Generator) -> Floats:
    """(H, W, 3): a slow field of lightness, and a slower one of colour a third as strong."""
    light = smooth_field(height, width, int(rng.integers(48, 160)), largest, rng)
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
