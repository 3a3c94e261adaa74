"""Fake generator noise: what passing a photograph through an autoencoder does to pixels nobody edited.

`regenerate` has five parts, each with a weight drawn anew: blurred and sharpened again, a fine band that
is bent and fades in and out, smooth warps, slow tone fields, and noise that follows the local activity.
The list is that of a throw-away prototype whose networks carried over to a real autoencoder they had never
seen (design, What is known). The others are built otherwise on purpose, so that nothing learns the marks
of one of them. No autoencoder's output was used to set the weights.

Two corruptions must never be in a recipe, for annotators are tested with them: a blur at an eighth of the
size that is sharpened again, and JPEG 2000. `regenerate` and `redecode` are relatives of the first and must
not shrink to less than a quarter (bench/robustness.py says what its figure therefore means).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.random import Generator

from maskwright.errors import SettingError
from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis.corruptions import saved
from maskwright.synthesis.fields import Floats, bent_places, mask_from, smooth_field, taken_from, tone_field
from maskwright.synthesis.steps import Made, Side, Step, check_side, on_side, size_of
from maskwright.synthesis.truth import to_uint8

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
    _check(strength)

    def step(made: Made, rng: Generator) -> Made:
        if strength == 0:
            return made
        if side != "edited":
            made = replace(made, original=passed_through(made.original, strength, rng))
        if side != "original":
            edited, (mask, ignore) = _regenerated(made.edited, (made.mask, made.ignore), strength, rng)
            made = replace(made, edited=edited, mask=mask, ignore=ignore)
        return made

    return step


def passed_through(picture: Picture, strength: float, rng: Generator) -> Picture:
    """What `regenerate` makes of one picture."""
    _check(strength)
    return _regenerated(picture, (), strength, rng)[0]


def redecode(strength: float = 0.5, *, side: Side = "edited") -> Step:
    """Blurred at a quarter of the size and sharpened again, mixed with what was there.

    Args:
        strength: 1 keeps next to nothing of the detail finer than four pixels.
    """
    _check(strength)

    def change(picture: Picture, rng: Generator) -> Picture:
        height, width = size_of(picture)
        scale = float(rng.uniform(0.25, 0.4))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        coarse = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        coarse = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        amount = float(rng.uniform(0.5, 1.5))
        sharp = cv2.addWeighted(coarse, 1 + amount, cv2.GaussianBlur(coarse, (0, 0), 2), -amount, 0)
        share = min(0.95, strength * float(rng.uniform(0.4, 0.8)))
        return np.asarray(cv2.addWeighted(picture, 1 - share, sharp, share, 0), np.uint8)

    return on_side(side, change)


def smear(strength: float = 0.5, *, side: Side = "edited") -> Step:
    """Flat areas painted over, edges kept, colours coarser than lightness: as denoisers and painters do.

    Args:
        strength: the share of the painted picture; 1 keeps nothing of the texture.
    """
    _check(strength)

    def change(picture: Picture, rng: Generator) -> Picture:
        height, width = size_of(picture)
        painted = cv2.medianBlur(picture, int(rng.choice([3, 5])))
        ycc = cv2.cvtColor(painted, cv2.COLOR_RGB2YCrCb)
        size = (max(1, width // 4), max(1, height // 4))
        colour = cv2.resize(ycc[..., 1:], size, interpolation=cv2.INTER_AREA)
        ycc[..., 1:] = cv2.resize(colour, (width, height), interpolation=cv2.INTER_LINEAR)
        painted = cv2.cvtColor(ycc, cv2.COLOR_YCrCb2RGB)
        share = min(1.0, strength * float(rng.uniform(0.5, 1)))
        return np.asarray(cv2.addWeighted(picture, 1 - share, painted, share, 0), np.uint8)

    return on_side(side, change)


def requantise(strength: float = 0.5, *, side: Side = "edited") -> Step:
    """Quantised in blocks that no codec's grid matches, at a scale of its own: marks without a grid of 8.

    Args:
        strength: 0 quantises next to nothing, 2 as a JPEG of quality 15.
    """
    _check(strength)

    def change(picture: Picture, rng: Generator) -> Picture:
        height, width = size_of(picture)
        scale = float(rng.uniform(0.7, 1.6))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        quality = int(np.clip(75 - 30 * strength * float(rng.uniform(0.6, 1)), 15, 90))
        other = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
        other = saved(np.asarray(other, np.uint8), ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])
        other = cv2.resize(other, (width, height), interpolation=cv2.INTER_LINEAR)
        share = float(rng.uniform(0.5, 1))
        return np.asarray(cv2.addWeighted(picture, 1 - share, other, share, 0), np.uint8)

    return on_side(side, change)


def convolve(strength: float = 0.5, *, side: Side = "edited") -> Step:
    """The mistakes of a small random network: they depend on what is shown, and are the same every time.

    Args:
        strength: 1 gives mistakes of a spread of about 8 grey levels where there is texture.

    Two layers of random 5x5 and 3x3 filters with tanh between them, on a picture without its mean.
    """
    _check(strength)

    def change(picture: Picture, rng: Generator) -> Picture:
        mixed = rng.normal(0, 1, (3, 3)).astype(np.float32)
        first = rng.normal(0, 1, (5, 5)).astype(np.float32)
        first -= first.mean()
        second = rng.normal(0, 1, (3, 3)).astype(np.float32)
        values = cv2.transform(picture.astype(np.float32), mixed)
        values = cv2.filter2D(values, -1, first)
        values = np.tanh(values * np.float32(1 / 150))  # 150: a middling edge gives a half
        values = cv2.filter2D(cv2.transform(values, mixed.T), -1, second)
        size = float(np.sqrt(np.mean(np.square(values)))) + 1e-6
        wanted = 8 * strength * float(rng.uniform(0.4, 1))
        # A picture without texture has no mistakes to make large.
        return to_uint8(picture + values * np.float32(min(wanted / size, 4 * wanted)))

    return on_side(side, change)


def _check(strength: float) -> None:
    if not 0 <= strength <= MAX_STRENGTH:
        raise SettingError(f"strength is {strength}, expected 0 to {MAX_STRENGTH:g}")


def _regenerated(
    picture: Picture, masks: Sequence[Mask], strength: float, rng: Generator
) -> tuple[Picture, list[Mask]]:
    weights = strength * rng.uniform(0.4, 1.0, 5)
    height, width = picture.shape[:2]
    soft = _down_up_sharpen(picture, float(weights[0]), rng)
    places = bent_places(height, width, int(rng.integers(16, 64)), WARP_PX * float(weights[2]), rng)
    soft = taken_from(soft, places)
    base: Picture = np.asarray(cv2.GaussianBlur(soft, (0, 0), 1.2), np.uint8)
    fine: Floats = np.subtract(soft, base, dtype=np.float32)
    # Activity before the bend, so that noise sits on textures, as an autoencoder's mistakes do.
    activity = cv2.blur(np.abs(fine[..., 1]), (5, 5))
    bend = bent_places(height, width, int(rng.integers(16, 64)), float(weights[1]), rng)
    fine = taken_from(fine, bend)
    fine *= (1 + smooth_field(height, width, 24, 0.6 * float(weights[1]), rng))[..., None]
    levels: Floats = _texture_noise(height, width, rng)
    levels *= (float(weights[4]) * (0.8 + 0.9 * activity))[..., None]
    levels += fine
    levels += base.astype(np.float32)
    levels += tone_field(height, width, int(rng.integers(48, 160)), TONE_LEVELS * float(weights[3]), rng)
    return np.asarray(cv2.convertScaleAbs(np.maximum(levels, 0)), np.uint8), [
        mask_from(mask, places) for mask in masks
    ]


def _down_up_sharpen(picture: Picture, weight: float, rng: Generator) -> Picture:
    """Detail above a scale of 1 - weight / 2 is lost; sharpening brings back contrast, not detail."""
    height, width = picture.shape[:2]
    scale = 1 - weight * rng.uniform(0.3, 0.55)
    scale = max(0.25, scale)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    again = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    amount = rng.uniform(0.2, 0.9)
    return np.asarray(
        cv2.addWeighted(again, 1 + amount, cv2.GaussianBlur(again, (0, 0), 1.0), -amount, 0), np.uint8
    )


def _texture_noise(height: int, width: int, rng: Generator) -> Floats:
    """(H, W, 3) noise of spread 1, mostly in lightness, its grain one to two pixels wide."""
    # Bytes are four times as quick to draw as normal numbers; the blur makes them nearly normal.
    raw = np.frombuffer(rng.bytes(height * width * 4), np.uint8).reshape(height, width, 4)
    sigma = rng.uniform(0.6, 1.0)
    noise: Floats = np.asarray(cv2.GaussianBlur(raw.astype(np.float32), (0, 0), sigma), np.float32)
    noise -= 127.5
    spread = 73.9 * _spread_after_blur(sigma)  # 73.9: spread of a uniform byte
    return np.asarray(cv2.transform(noise, _MIX / np.float32(spread)), np.float32)


_MIX = np.array([[0.44, 0, 0, 0.9], [0, 0.44, 0, 0.9], [0, 0, 0.44, 0.9]], np.float32)
"""Of three channels of colour and one of lightness: their squares add to 1."""


def _spread_after_blur(sigma: float) -> float:
    """How much a Gaussian blur lowers the spread of white noise: the norm of its kernel."""
    kernel = cv2.getGaussianKernel(int(sigma * 8) | 1, sigma)
    return float(np.square(kernel).sum())
