"""Edits as generative editors leave them: a region drawn anew, and a faint trace about it.

An inpainting network draws everything in the region it is given, not only the object it was asked
for: what should have stayed comes back close to what it was. Here the truth is that region.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.random import Generator

from maskwright.pairs.difference import difference
from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis.fields import bent_places, smooth_field, taken_from
from maskwright.synthesis.fills import Fill, filled
from maskwright.synthesis.objects import colour_matched, feathered
from maskwright.synthesis.regenerate import passed_through
from maskwright.synthesis.regions import Draw, any_shape, blob
from maskwright.synthesis.steps import Made, Step, check_picture, size_of
from maskwright.synthesis.surfaces import crop_of
from maskwright.synthesis.truth import SOLID, Window, closed, marked, to_uint8, window_of

DRAWN_ANEW = 2.0
"""Grey levels: a place of the region counts as edited where the largest channel difference, blurred
with sigma 4, reaches this. Less than that cannot be told from the region having been left alone."""
ENLARGED = 4
"""An object of the donor is made at most so many times larger: beyond that one sees its pixels."""
SKIRT_FELT = 4.0
"""Grey levels of a skirt from which it is ignored."""


def redraw(donor: Picture, draw: Draw = any_shape, *, cut: Draw = blob, feather_px: float = 0.0) -> Step:
    """A region drawn anew, as an inpainter does: what was there, or its surroundings, around something new.

    Args:
        donor: (h, w, 3) uint8, gives the object and the texture.
        draw: the region.
        cut: draws the object's outline on the donor's grid.
        feather_px: width of the soft border inside the region.
    """
    check_picture(donor, "donor")

    def step(made: Made, rng: Generator) -> Made:
        region = draw(*size_of(made.mask), rng)
        window = window_of(region, margin=8)
        inside, old = region[window], made.edited[window]
        drawn = _content(made.edited, region, window, donor, rng)
        if rng.random() < 0.8:
            drawn = _with_object(drawn, old, inside, donor, cut, rng)
        levels = difference(drawn, old).astype(np.float32)
        changed = inside & (cv2.GaussianBlur(levels, (0, 0), 4) >= DRAWN_ANEW)
        changed = closed(changed, 9) & inside
        return _laid(made, window, drawn, changed, feather_px)

    return step


def skirt(width_px: float, levels: float) -> Step:
    """A faint change of tone that fades out around the edit; where it can be felt it is ignored.

    Args:
        width_px: standard deviation of the fading.
        levels: change right beside the edit, grey levels, drawn for each channel up to this.
    """

    def step(made: Made, rng: Generator) -> Made:
        near = cv2.GaussianBlur(made.mask.astype(np.float32), (0, 0), width_px)[..., None]
        tone = 2 * near * rng.uniform(-levels, levels, 3).astype(np.float32)
        edited = np.where(made.mask[..., None], made.edited, to_uint8(made.edited + tone))
        felt = (np.abs(tone).max(axis=2) >= SKIRT_FELT) & ~made.mask
        return replace(made, edited=edited, ignore=made.ignore | felt)

    return step


def _laid(made: Made, window: Window, drawn: Picture, changed: Mask, feather_px: float) -> Made:
    alpha = feathered(changed, feather_px)
    old = made.edited[window]
    solid = changed & (alpha >= SOLID)
    return marked(
        made,
        window,
        to_uint8(old + alpha[..., None] * (drawn.astype(np.float32) - old)),
        solid,
        changed & ~solid,
    )


def _content(picture: Picture, region: Mask, window: Window, donor: Picture, rng: Generator) -> Picture:
    """What a generator puts where it has nothing new to show: in the window, everywhere."""
    old, size = picture[window], size_of(region[window])
    kind = rng.random()
    if kind < 0.25:  # what was there, as it comes back from an autoencoder
        return passed_through(old, float(rng.uniform(0.3, 1.5)), rng)
    if kind < 0.45:  # something else, in these colours
        return colour_matched(crop_of(donor, *size, rng), old, region[window], float(rng.uniform(0.3, 1)))
    if kind < 0.7:  # the surroundings go on
        fill: Fill = "patch" if rng.random() < 0.6 else "telea"
        return _again(filled(picture, region, window, fill, rng), crop_of(donor, *size, rng), rng)
    return _again(old, crop_of(donor, *size, rng), rng)


def _again(picture: Picture, texture: Picture, rng: Generator) -> Picture:
    """The picture as a generator would draw it again when it may take liberties."""
    height, width = picture.shape[:2]
    far_px = float(np.exp(rng.uniform(np.log(1.5), np.log(10))))
    places = bent_places(height, width, float(rng.uniform(24, 80)), far_px, rng)
    blur = float(rng.uniform(0.3, 0.8) if rng.random() < 0.5 else rng.uniform(0.8, 2.2))
    base = cv2.GaussianBlur(taken_from(picture, places), (0, 0), blur)
    light = smooth_field(height, width, float(rng.uniform(12, 60)), float(rng.uniform(4, 30)), rng)
    tint = rng.normal(0, float(rng.uniform(1, 8)), 3).astype(np.float32)
    fine = texture.astype(np.float32) - cv2.blur(texture, (7, 7))
    return to_uint8(base + light[..., None] + tint + fine * np.float32(rng.uniform(0.1, 0.7)))


def _with_object(
    drawn: Picture, old: Picture, region: Mask, donor: Picture, cut: Draw, rng: Generator
) -> Picture:
    """An object of the donor fitted to the region; or what was there in another colour."""
    if rng.random() < 0.25:
        return to_uint8(drawn[..., rng.permutation(3)] * float(rng.uniform(0.7, 1.3)))
    outline = cut(donor.shape[0], donor.shape[1], rng)
    there, here = window_of(outline), window_of(region)
    rows, columns = (
        min(int(rng.uniform(0.5, 1.1) * (place.stop - place.start)), ENLARGED * (side.stop - side.start))
        for place, side in zip(here, there, strict=True)
    )
    size = (max(1, columns), max(1, rows))
    thing = np.asarray(cv2.resize(donor[there], size, interpolation=cv2.INTER_LINEAR), np.uint8)
    soft = cv2.resize(outline[there].astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    shape = cv2.blur(soft, (5, 5)) >= 0.5  # without the steps of an outline that was made larger
    top, left = (
        max(0, (side.start + side.stop - length) // 2) for side, length in zip(here, size[::-1], strict=True)
    )
    shape = shape[: drawn.shape[0] - top, : drawn.shape[1] - left]
    thing = thing[: shape.shape[0], : shape.shape[1]]
    place = np.s_[top : top + shape.shape[0], left : left + shape.shape[1]]
    if rng.random() < 0.5 and shape.any():
        thing = colour_matched(thing, old[place], shape, float(rng.uniform(0.2, 0.8)))
    new = drawn.copy()
    new[place][shape] = thing[shape]
    return new
