"""Edits as generative editors leave them: a region drawn anew around an object, and a skirt about it.

An inpainting network draws everything in the region it is given, not only the object it was asked
for: what should have stayed comes back close to what it was. Here the truth is that region.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.random import Generator

from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis.regions import Draw, any_region, blob
from maskwright.synthesis.steps import Made, Step, check_picture

DRAWN_ANEW = 2.0
"""Grey levels: a place of the region counts as edited where the largest channel difference, blurred
with sigma 4, reaches this. Less than that cannot be told from the region having been left alone."""


def redraw(donor: Picture, draw: Draw | None = None) -> Step:
    """A region drawn anew: what was there, moved, blurred and textured, around an object of the donor.

    Args:
        donor: (h, w, 3) uint8, gives the object and the texture.
        draw: the region; any kind unless told.
    """
    check_picture(donor, "donor")
    draw = draw or any_region()

    def step(made: Made, rng: Generator) -> Made:
        edited = made.edited
        height, width = made.mask.shape
        region = draw(height, width, rng)
        new = cv2.resize(donor, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
        thing = _centred(blob(height, width, rng, area_frac=0.5 * float(region.mean())), region)
        drawn = np.where(thing[..., None], new, _again(edited, new, rng))
        drawn = np.clip(np.round(drawn), 0, 255).astype(np.uint8)
        difference = cv2.absdiff(drawn, edited).max(axis=2).astype(np.float32)
        changed = region & (cv2.GaussianBlur(difference, (0, 0), 4) >= DRAWN_ANEW)
        edited = np.where(changed[..., None], drawn, edited)
        return replace(made, edited=edited, mask=made.mask | changed, ignore=made.ignore & ~changed)

    return step


def skirt(width_px: float, levels: float) -> Step:
    """A faint change of tone that fades out around the edit; the mask does not grow by it.

    Args:
        width_px: standard deviation of the fading.
        levels: change right beside the edit, grey levels, drawn for each channel up to this.
    """

    def step(made: Made, rng: Generator) -> Made:
        near = cv2.GaussianBlur(made.mask.astype(np.float32), (0, 0), width_px)[..., None]
        tone = 2 * near * rng.uniform(-levels, levels, 3).astype(np.float32)
        toned = np.clip(np.round(made.edited + tone), 0, 255).astype(np.uint8)
        return replace(made, edited=np.where(made.mask[..., None], made.edited, toned))

    return step


def all_but_a_blob(height: int, width: int, rng: Generator, /) -> Mask:
    """A background: everything but a blob of a fifth to three fifths of the picture."""
    return np.asarray(~blob(height, width, rng, area_frac=float(rng.uniform(0.2, 0.6))))


def _again(picture: Picture, texture: np.ndarray, rng: Generator) -> np.ndarray:
    """The picture as a generator would draw it again when it may take liberties, float32."""
    height, width = picture.shape[:2]
    move = np.array([[1, 0, rng.normal(0, 2)], [0, 1, rng.normal(0, 2)]], np.float32)
    moved = cv2.warpAffine(picture, move, (width, height), borderMode=cv2.BORDER_REFLECT)
    base = cv2.GaussianBlur(moved.astype(np.float32), (0, 0), float(rng.uniform(0.8, 2.5)))
    coarse = rng.normal(0, rng.uniform(2, 12), (max(2, height // 12), max(2, width // 12)))
    light = cv2.resize(coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    fine = texture - cv2.GaussianBlur(texture, (0, 0), 3)
    return np.asarray(base + light[..., None] + fine * np.float32(rng.uniform(0.2, 0.7)))


def _centred(shape: Mask, region: Mask) -> Mask:
    """The shape moved so that its centre is the region's; what passes an edge comes back at the other."""
    if not (shape.any() and region.any()):
        return shape
    shift = [
        round(float(np.mean(a) - np.mean(b))) for a, b in zip(region.nonzero(), shape.nonzero(), strict=True)
    ]
    return np.roll(shape, shift, (0, 1))
