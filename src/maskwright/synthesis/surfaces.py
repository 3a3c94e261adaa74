"""Edits of what a region looks like: another texture, material, colour, light or sharpness."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator

from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis.fields import smooth_field
from maskwright.synthesis.objects import feathered
from maskwright.synthesis.regions import Draw, any_shape, blob
from maskwright.synthesis.steps import Made, Step, check_picture, size_of
from maskwright.synthesis.truth import to_uint8, window_of, write

KEPT_FRAC, KEPT_TRIES = (0.08, 0.6), 6
"""What stays in front of a new backdrop takes so much of the picture; that often a thing of that size is
looked for before a blob stands in."""


def replacement(donor: Picture, draw: Draw = any_shape, *, feather_px: float = 0.0) -> Step:
    """A region filled with a random part of another picture."""
    check_picture(donor, "donor")
    return _surface(draw, lambda old, rng: crop_of(donor, *size_of(old), rng), feather_px)


def backdrop(donor: Picture, draw: Draw, *, feather_px: float = 0.0) -> Step:
    """Everything outside a thing exchanged: for another picture, sharp or out of focus, or for one colour.

    Args:
        draw: the thing that stays.
    """
    check_picture(donor, "donor")

    def new(old: Picture, rng: Generator) -> Picture:
        scenery = crop_of(donor, *size_of(old), rng)
        kind = rng.random()
        if kind < 0.2:
            flat = np.full_like(old, rng.integers(0, 256, 3))
            return to_uint8(flat + smooth_field(*size_of(old), max(old.shape), 30, rng)[..., None])
        if kind < 0.45:
            return np.asarray(cv2.GaussianBlur(scenery, (0, 0), float(rng.uniform(1.5, 6))), np.uint8)
        return scenery

    def all_but(height: int, width: int, rng: Generator) -> Mask:
        for _ in range(KEPT_TRIES):
            kept = draw(height, width, rng)
            if KEPT_FRAC[0] <= kept.mean() <= KEPT_FRAC[1]:
                return ~kept
        around = ~blob(height, width, rng, area_frac=float(rng.uniform(*KEPT_FRAC)))
        return around if around.any() else ~around

    return _surface(all_but, new, feather_px)


def material(donor: Picture, draw: Draw = any_shape) -> Step:
    """A region made of another stuff: texture and colour of another picture, the light that was there."""
    check_picture(donor, "donor")

    def new(old: Picture, rng: Generator) -> Picture:
        texture = crop_of(donor, *size_of(old), rng).astype(np.float32)
        if rng.random() < 0.5:
            wide = cv2.blur(texture, (15, 15))
            return to_uint8(cv2.blur(old, (9, 9)) + float(rng.uniform(0.7, 1.5)) * (texture - wide))
        light = cv2.blur(cv2.cvtColor(old, cv2.COLOR_RGB2GRAY), (7, 7)).astype(np.float32)
        gain = (light + 20) / (float(light.mean()) + 20)
        return to_uint8(texture * gain[..., None])

    return _surface(draw, new)


def recolour(draw: Draw = any_shape) -> Step:
    """A region in another hue and saturation, or in grey; its lightness stays."""

    def new(old: Picture, rng: Generator) -> Picture:
        hsv = cv2.cvtColor(old, cv2.COLOR_RGB2HSV).astype(np.int16)
        if rng.random() < 0.15:
            hsv[..., 1] //= 8
        elif rng.random() < 0.5:
            hsv[..., 0] = (hsv[..., 0] + int(rng.integers(15, 166))) % 180  # OpenCV's hue runs from 0 to 179
            hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.8, 1.4) + rng.uniform(0, 40), 0, 255)
        else:
            # One colour for all, as a painter would: more saturated where it was.
            hsv[..., 0] = int(rng.integers(0, 180))
            hsv[..., 1] = np.clip(hsv[..., 1] * 0.5 + rng.uniform(40, 180), 0, 255)
        return np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), np.uint8)

    return _surface(draw, new)


def relight(draw: Draw = any_shape, *, feather_px: float = 0.0) -> Step:
    """A region made lighter or darker, unevenly and with a tint."""

    def new(old: Picture, rng: Generator) -> Picture:
        gain = rng.choice([rng.uniform(0.3, 0.75), rng.uniform(1.3, 2.0)])
        corners = (gain * np.exp(rng.normal(0, 0.15, (2, 2)))).astype(np.float32)
        field = cv2.resize(corners, (old.shape[1], old.shape[0]), interpolation=cv2.INTER_LINEAR)
        tint = np.exp(rng.normal(0, 0.06, 3)).astype(np.float32)
        return to_uint8(old * field[..., None] * tint)

    return _surface(draw, new, feather_px)


def veil(draw: Draw = any_shape, *, feather_px: float = 0.0) -> Step:
    """A region under a thin layer of one colour: a tint that texture shows through."""

    def new(old: Picture, rng: Generator) -> Picture:
        colour, opacity = rng.integers(0, 256, 3), float(rng.uniform(0.06, 0.5))
        return to_uint8(old * (1 - opacity) + opacity * colour)

    return _surface(draw, new, feather_px)


def disturb(draw: Draw = any_shape) -> Step:
    """A region blurred, made of large squares, sharpened or noisy: faces hidden, focus changed."""

    def new(old: Picture, rng: Generator) -> Picture:
        kind = int(rng.integers(4))
        if kind == 0:
            return np.asarray(cv2.GaussianBlur(old, (0, 0), float(rng.uniform(2, 8))), np.uint8)
        if kind == 1:
            block = int(rng.integers(4, 17))
            small = cv2.resize(
                old,
                (max(1, old.shape[1] // block), max(1, old.shape[0] // block)),
                interpolation=cv2.INTER_AREA,
            )
            return np.asarray(
                cv2.resize(small, (old.shape[1], old.shape[0]), interpolation=cv2.INTER_NEAREST), np.uint8
            )
        if kind == 2:
            amount = float(rng.uniform(1.5, 4))
            return np.asarray(
                cv2.addWeighted(old, 1 + amount, cv2.GaussianBlur(old, (0, 0), 1.5), -amount, 0), np.uint8
            )
        return to_uint8(old + rng.normal(0, float(rng.uniform(12, 40)), old.shape).astype(np.float32))

    return _surface(draw, new)


def crop_of(donor: Picture, rows: int, columns: int, rng: Generator) -> Picture:
    """A random part of the donor of the wanted size; the donor is enlarged where it is too small."""
    scale = max(1.0, rows / donor.shape[0], columns / donor.shape[1])
    if scale > 1:
        size = (max(columns, round(donor.shape[1] * scale)), max(rows, round(donor.shape[0] * scale)))
        donor = np.asarray(cv2.resize(donor, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    top = int(rng.integers(0, donor.shape[0] - rows + 1))
    left = int(rng.integers(0, donor.shape[1] - columns + 1))
    return donor[top : top + rows, left : left + columns]


def _surface(draw: Draw, new: Callable[[Picture, Generator], Picture], feather_px: float = 0.0) -> Step:
    """A step that gives the pixels of a region another look."""

    def step(made: Made, rng: Generator) -> Made:
        region = draw(*size_of(made.mask), rng)
        window = window_of(region, margin=2)
        alpha = feathered(region[window], feather_px) if feather_px > 0 else None
        return write(made, window, new(made.edited[window], rng), region[window], alpha=alpha)

    return step
