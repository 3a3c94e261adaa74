"""Edits for docs/failure_kinds.py that nobody needs elsewhere: each hard to find in one way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from numpy.random import Generator

from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis import corruptions, surfaces
from maskwright.synthesis.regions import Draw, blob, ellipse
from maskwright.synthesis.steps import Made, Step, chain
from maskwright.synthesis.truth import shade, to_uint8, window_of, write

Change = Callable[[Picture, Generator], Picture]
"""What is done to the pixels of a region and of 20 px around it."""


def of_area(frac: float, draw: Callable[..., Mask] = blob) -> Draw:
    """Draws a region that takes this share of the picture."""
    return partial(draw, area_frac=frac)


def looked(change: Change, draw: Draw) -> Step:
    """A region's pixels changed by a function."""

    def step(made: Made, rng: Generator) -> Made:
        region = draw(*made.mask.shape, rng)
        window = window_of(region, margin=20)
        return write(made, window, change(made.edited[window], rng), region[window])

    return step


def tinted(levels: float) -> Change:
    """Every channel moved by up to so many grey levels, one of them by all of it."""

    def change(old: Picture, rng: Generator) -> Picture:
        tint = rng.uniform(-1, 1, 3).astype(np.float32)
        return to_uint8(old + tint * np.float32(levels / np.abs(tint).max()))

    return change


def veiled(opacity: float) -> Change:
    """One colour laid over everything."""

    def change(old: Picture, rng: Generator) -> Picture:
        return to_uint8(old + np.float32(opacity) * (rng.integers(0, 256, 3) - old.astype(np.float32)))

    return change


def softened(sigma: float) -> Change:
    return lambda old, rng: np.asarray(cv2.GaussianBlur(old, (0, 0), sigma), np.uint8)


def line(width_px: int) -> Step:
    """A thin line in one colour, as drawn by hand."""

    def step(made: Made, rng: Generator) -> Made:
        height, width = made.mask.shape
        canvas = np.zeros((height, width), np.uint8)
        way = np.cumsum(rng.normal(0, 0.09 * min(height, width), (7, 2)), axis=0)
        points = way - way.mean(axis=0) + rng.uniform(0.3, 0.7, 2) * (width, height)
        cv2.polylines(canvas, [points.round().astype(np.int32)], False, 1, width_px)
        region = canvas.astype(np.bool_)
        new = np.broadcast_to(rng.integers(0, 256, 3).astype(np.uint8), made.edited.shape)
        window = window_of(region)
        return write(made, window, np.ascontiguousarray(new[window]), region[window])

    return step


def slid(far_px: int) -> Change:
    """Pixels from so far beside, in a direction drawn by chance."""

    def change(old: Picture, rng: Generator) -> Picture:
        angle = float(rng.uniform(0, 2 * np.pi))
        moved = (round(far_px * float(np.sin(angle))), round(far_px * float(np.cos(angle))))
        return np.roll(old, moved, axis=(0, 1))

    return change


def below(frac: float) -> Draw:
    """The lower part of the picture."""

    def draw(height: int, width: int, rng: Generator) -> Mask:
        return np.repeat(np.arange(height)[:, None] >= (1 - frac) * height, width, axis=1)

    return draw


def striped(draw: Draw, gap_px: int) -> Draw:
    """A region of which only stripes are left, as wide as the gaps between them."""

    def stripes(height: int, width: int, rng: Generator) -> Mask:
        across = np.add.outer(np.arange(height), np.arange(width)) // gap_px % 2 == 0
        return draw(height, width, rng) & across

    return stripes


def shadow(opacity: float, frac: float) -> Step:
    """A soft shadow without the thing that casts it."""

    def step(made: Made, rng: Generator) -> Made:
        region = ellipse(*made.mask.shape, rng, area_frac=frac).astype(np.float32)
        soft = cv2.GaussianBlur(region, (0, 0), 0.12 * float(np.sqrt(region.sum())))
        return shade(made, (slice(None), slice(None)), opacity * soft)

    return step


def at_edge(donor: Picture, share: float) -> Step:
    """A new strip of which a crop has left this share of the width."""

    def strip(height: int, width: int, rng: Generator) -> Mask:
        region = np.zeros((height, width), np.bool_)
        top = int(rng.uniform(0, 0.5) * height)
        region[top : top + height // 3, : round((0.05 + share) * width)] = True
        return region

    return chain(surfaces.replacement(donor, strip), corruptions.crop(0.05, 0, 1, 0.97))
