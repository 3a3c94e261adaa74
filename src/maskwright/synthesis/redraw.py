"""A whole picture drawn again, as editors do that make a new picture after the old one.

Generators such as InstructPix2Pix, Plug-and-Play and Imagic keep what a picture shows, and little of its
pixels: things move and grow by some pixels, textures are made up anew, colours shift thing by thing, and
sharpness changes. Each step here is one of these, built of plain filters; a strength or a share of 0 leaves
the picture alone. Ranges and weights, in `backgrounds`, were set by looking at pairs beside real ones
(data/unlabelled, split train).

Never here, for annotators are tested with them: an autoencoder, meshes of triangles or thin plates, JPEG
2000, and anything that goes below a quarter of the size.
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
from maskwright.pairs.difference import difference
from maskwright.pairs.values import Picture
from maskwright.synthesis.fields import (
    Floats,
    Places,
    bent_places,
    mask_from,
    outside,
    smooth_field,
    taken_from,
)
from maskwright.synthesis.signals import sharpen, white_noise
from maskwright.synthesis.steps import Made, Step, on_side, size_of
from maskwright.synthesis.superpixels import LONGEST_PX, segments
from maskwright.synthesis.truth import to_uint8

STEEPEST = 0.35
"""Pixels of motion per pixel of distance at most, for each field: steeper, the picture folds."""
ENERGY_PX = 11
"""Detail is scaled to the energy found within so many pixels."""
QUARTER = 4
"""How far `relatent` reduces: the latent of a diffusion model is an eighth, which is held out."""
BUSY_LEVELS = 8.0
"""Mean detail of a quarter-size picture, grey levels, where noise has its whole strength. Our choice."""
MOST_SHARPENED = 2.5
"""Of `resharpen`: halos as wide and bright as those of the real pairs, and no more."""
SEEN_LEVELS = 14.0
"""Mean difference in grey levels below which nobody could tell an edit from redrawing. Our choice."""


def sway(largest_px: float, *, bumps: int = 4) -> Step:
    """Everything moved smoothly, coarse and fine; some things shift, grow or shrink on their own.

    Args:
        largest_px: how far the pixel moves that moves furthest along rows or columns, unless the picture
            is too small to move so far without folding.
        bumps: how many things move on their own.

    The mask moves along; what comes from outside is ignored.
    """
    _in_range("largest_px", largest_px, 0, 64)

    def step(made: Made, rng: Generator) -> Made:
        if largest_px == 0:
            return made
        height, width = size_of(made.mask)
        places = _swaying(height, width, largest_px, bumps, rng)
        edited = taken_from(made.edited, places, kernel=cv2.INTER_CUBIC)
        ignore = mask_from(made.ignore, places) | outside(places, height, width)
        return replace(made, edited=edited, mask=mask_from(made.mask, places), ignore=ignore)

    return step


def retexture(share: float, *, sigma: float = 2.5, kind: str = "shuffled", edges: float = 0.5) -> Step:
    """A share of the detail exchanged for detail from elsewhere in the picture, as strong as what was there.

    Args:
        share: 0 keeps all, 1 keeps none of it.
        sigma: what a Gaussian of this takes away is the detail, pixels.
        kind: where it is from, a key of `ELSEWHERE`.
        edges: 1 keeps the detail of strong edges, 0 exchanges it as any other.
    """
    _in_range("share", share, 0, 1)
    _in_range("edges", edges, 0, 1)
    _in_range("sigma", sigma, 0.5, 8)
    if kind not in ELSEWHERE:
        raise SettingError(f"kind is {kind!r}, expected one of {', '.join(ELSEWHERE)}")

    def change(picture: Picture, rng: Generator) -> Picture:
        if share == 0:
            return picture
        soft = cv2.GaussianBlur(picture, (0, 0), sigma)
        detail: Floats = np.subtract(picture, soft, dtype=np.float32)
        other = ELSEWHERE[kind](detail, rng)
        here, there = (_energy(each) for each in (detail, other))
        weight = np.full_like(here, share)
        if edges:
            # Detail far above the picture's own middle is an edge, or as good as one.
            weight *= 1 - np.float32(edges) * np.clip(here / np.float32(4 * here.mean() + 1) - 0.25, 0, 1)
        scale = weight * np.minimum(here / (there + 0.5), 3)
        return to_uint8(picture + other * scale[..., None] - detail * weight[..., None])

    return on_side("edited", change)


def retone(levels: float, *, labels: NDArray[Any] | None = None) -> Step:
    """Light and colour of every thing shifted its own way, with soft borders between things.

    Args:
        levels: largest shift of lightness in grey levels; that of a channel apart is half of it.
        labels: (H, W) integers, the things on the edited picture's grid; without, or of another size,
            superpixels of the edited picture.
    """
    _in_range("levels", levels, 0, 128)

    def change(picture: Picture, rng: Generator) -> Picture:
        if levels == 0:
            return picture
        height, width = size_of(picture)
        things = _things(picture, labels, rng)
        count = int(things.max()) + 1
        shifts = rng.uniform(-levels, levels, (count, 1)) + rng.uniform(-levels / 2, levels / 2, (count, 3))
        soft = cv2.GaussianBlur(shifts.astype(np.float32)[things], (0, 0), float(rng.uniform(0.5, 4)))
        return to_uint8(picture + cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR))

    return on_side("edited", change)


def paint(share: float, *, reach: int = 5, amount: float = 1.0) -> Step:
    """Simplified and sharpened again: flat areas, clear edges, no texture between, as if it were drawn.

    Args:
        share: of the painted picture; 0 leaves the picture as it is.
        reach: 3, 5 or 7, the size of the median that simplifies.
        amount: of the unsharp mask after it.
    """
    _in_range("share", share, 0, 1)
    _in_range("amount", amount, 0, 3)
    if reach not in (3, 5, 7):
        raise SettingError(f"reach is {reach}, expected 3, 5 or 7")

    def change(picture: Picture, rng: Generator) -> Picture:
        if share == 0:
            return picture
        height, width = size_of(picture)
        half = (max(1, width // 2), max(1, height // 2))
        small = cv2.medianBlur(cv2.resize(picture, half, interpolation=cv2.INTER_AREA), min(reach, 5))
        small = cv2.bilateralFilter(small, 5, float(rng.uniform(15, 50)), 3)
        flat = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
        flat = cv2.addWeighted(flat, 0.5, cv2.medianBlur(picture, min(reach, 5)), 0.5, 0)
        soft = cv2.GaussianBlur(flat, (0, 0), float(rng.uniform(1, 2.5)))
        sharp = cv2.addWeighted(flat, 1 + amount, soft, -amount, 0)
        return np.asarray(cv2.addWeighted(picture, 1 - share, sharp, share, 0), np.uint8)

    return on_side("edited", change)


def relatent(share: float, *, noise: float = 6.0, edges: float = 0.5, moved_px: float = 2.0) -> Step:
    """Kept at a quarter of the size only, with noise there; edges are put back a little beside their place.

    Args:
        share: of the result; 0 leaves the picture as it is.
        noise: its spread on the small picture where that is busy, grey levels; a seventh of it where flat.
        edges: the share of the lost detail that comes back from a bent copy.
        moved_px: how far that copy is bent at most.
    """
    _in_range("share", share, 0, 1)
    _in_range("noise", noise, 0, 64)
    _in_range("edges", edges, 0, 1)

    def change(picture: Picture, rng: Generator) -> Picture:
        if share == 0:
            return picture
        height, width = size_of(picture)
        size = (max(1, width // QUARTER), max(1, height // QUARTER))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        # Generators leave flat places flat and make up what is busy.
        busy = cv2.blur(cv2.absdiff(small, cv2.GaussianBlur(small, (0, 0), 2))[..., 1], (5, 5))
        strength = np.float32(noise) * np.clip(busy / np.float32(BUSY_LEVELS), 0.15, 1.5)
        noisy = small + strength[..., None] * _grain(*size_of(small), rng)
        up, clean = (
            cv2.resize(each, (width, height), interpolation=cv2.INTER_CUBIC)
            for each in (to_uint8(noisy), small)
        )
        lost = cv2.subtract(picture, clean, dtype=cv2.CV_16S)
        spacing_px = float(rng.uniform(10, 40))
        places = bent_places(height, width, spacing_px, min(moved_px, STEEPEST * spacing_px), rng)
        lost = taken_from(lost, places)
        amount = float(rng.uniform(0, 0.8))
        sharp = cv2.addWeighted(up, 1 + amount, cv2.GaussianBlur(up, (0, 0), 2), -amount, 0)
        drawn = cv2.addWeighted(sharp, 1, lost, edges, 0, dtype=cv2.CV_8U)
        return np.asarray(cv2.addWeighted(picture, 1 - share, drawn, share, 0), np.uint8)

    return on_side("edited", change)


def resharpen(ratio: float, *, sigma: float = 1.2) -> Step:
    """As sharp as the original times a ratio, by an unsharp mask: what was redrawn is not softer as a rule.

    Args:
        ratio: of the mean size of what a Gaussian of `sigma` takes away, edited to original.
    """
    _in_range("ratio", ratio, 0.1, 4)
    _in_range("sigma", sigma, 0.5, 8)

    def step(made: Made, rng: Generator) -> Made:
        fine = []
        for side in (made.original, made.edited):
            fine.append(float(np.mean(cv2.absdiff(side, cv2.GaussianBlur(side, (0, 0), sigma)))))
        amount = float(np.clip(ratio * fine[0] / (fine[1] + 0.01) - 1, -0.8, MOST_SHARPENED))
        return sharpen(amount, sigma=sigma)(made, rng)

    return step


def unseen_ignored(least_levels: float = SEEN_LEVELS) -> Step:
    """Parts of the mask whose edit is too faint to be told from redrawing are ignored: they have no truth.

    Args:
        least_levels: mean difference of a connected part, grey levels after a blur of sigma 3.
    """
    _in_range("least_levels", least_levels, 0, 255)

    def step(made: Made, rng: Generator) -> Made:
        if made.original.shape != made.edited.shape or not made.mask.any():
            return made
        sides = (made.original, made.edited)
        before, after = (np.asarray(cv2.GaussianBlur(side, (0, 0), 3), np.uint8) for side in sides)
        count, parts = cv2.connectedComponents(made.mask.astype(np.uint8), connectivity=8)
        levels = np.bincount(parts.ravel(), difference(before, after).ravel(), count)
        faint = levels / np.maximum(np.bincount(parts.ravel(), minlength=count), 1) < least_levels
        faint[0] = False
        return replace(made, ignore=made.ignore | faint[parts])

    return step


def _things(picture: Picture, labels: NDArray[Any] | None, rng: Generator) -> NDArray[Any]:
    """(h, w) integers from 0: the label map made small, or superpixels."""
    height, width = size_of(picture)
    if labels is None or labels.shape != (height, width):
        return segments(picture, rng)[0]
    scale = min(1.0, LONGEST_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
    return np.unique(small, return_inverse=True)[1].reshape(small.shape)


def _swaying(height: int, width: int, largest_px: float, bumps: int, rng: Generator) -> Places:
    """The sum of two or three fields and some bumps, scaled so that its largest is `largest_px`."""
    longest = max(height, width)
    moved = np.zeros((2, height, width), np.float32)
    for spacing_px in np.exp(rng.uniform(np.log(14), np.log(max(15, longest / 2)), int(rng.integers(2, 4)))):
        reach_px = float(min(rng.uniform(0.3, 1) * largest_px, STEEPEST / 2 * spacing_px))
        for along in moved:
            along += smooth_field(height, width, float(spacing_px), reach_px, rng)
    for _ in range(bumps):
        _bump(moved, largest_px, rng)
    furthest = float(np.abs(moved).max())
    moved *= np.float32(min(1.0, largest_px / (furthest + 1e-6)))
    x = np.arange(width, dtype=np.float32)[None] + moved[0]
    y = np.arange(height, dtype=np.float32)[:, None] + moved[1]
    return x, y


def _bump(moved: Floats, largest_px: float, rng: Generator) -> None:
    """Add to the motion, (2, H, W) columns and rows: a round place that shifts and grows or shrinks."""
    _, height, width = moved.shape
    radius = float(rng.uniform(0.03, 0.16)) * max(height, width)
    column, row = rng.uniform(0, width), rng.uniform(0, height)
    reach_px = min(largest_px, STEEPEST * radius)
    shift, grow = rng.uniform(-reach_px, reach_px, 2), float(rng.uniform(-1, 1)) * reach_px / radius
    rows = slice(max(0, int(row - 2.5 * radius)), min(height, int(row + 2.5 * radius) + 1))
    columns = slice(max(0, int(column - 2.5 * radius)), min(width, int(column + 2.5 * radius) + 1))
    across = np.arange(columns.start, columns.stop, dtype=np.float32)[None] - np.float32(column)
    down = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] - np.float32(row)
    near = np.exp(-np.square(across / radius)) * np.exp(-np.square(down / radius))
    # It ends where the window does: the Gaussian less what it is there (2.5 radii).
    near = np.maximum(near - np.float32(np.exp(-(2.5**2))), 0)
    moved[0, rows, columns] += near * (np.float32(shift[0]) + np.float32(grow) * across)
    moved[1, rows, columns] += near * (np.float32(shift[1]) + np.float32(grow) * down)


def _mirrored(detail: Floats, rng: Generator) -> Floats:
    """Left and right exchanged, then rolled: nothing keeps its place."""
    return _rolled(np.asarray(detail[:, ::-1]), rng)


def _rolled(detail: Floats, rng: Generator) -> Floats:
    """Rolled by a tenth to a third of the size."""
    by = [int(length * rng.uniform(0.1, 0.33)) for length in size_of(detail)]
    return np.roll(detail, by, axis=(0, 1))


def _shuffled(detail: Floats, rng: Generator) -> Floats:
    """Patches of 8 to 24 px, each from somewhere within about 24 px: the same material, drawn anew."""
    height, width = size_of(detail)
    patch_px, far_px = float(rng.uniform(8, 24)), float(rng.uniform(6, 24))
    knots = (int(height // patch_px) + 1, int(width // patch_px) + 1)
    x, y = (
        cv2.resize(
            rng.uniform(-far_px, far_px, knots).astype(np.float32),
            (width, height),
            interpolation=cv2.INTER_NEAREST,
        )
        for _ in range(2)
    )
    places = x + np.arange(width, dtype=np.float32)[None], y + np.arange(height, dtype=np.float32)[:, None]
    return taken_from(detail, places, kernel=cv2.INTER_NEAREST)


def _energy(detail: Floats) -> Floats:
    """(H, W) mean size of the detail of the middle channel around every place."""
    return np.asarray(cv2.blur(np.abs(detail[..., 1]), (ENERGY_PX, ENERGY_PX)), np.float32)


def _grain(height: int, width: int, rng: Generator) -> Floats:
    """(H, W, 3) noise of spread about 1, half of it the same in all channels."""
    return np.float32(0.7) * (
        white_noise(height, width, rng) + white_noise(height, width, rng, channels=1)[..., None]
    )


def _in_range(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise SettingError(f"{name} is {value}, expected {least:g} to {most:g}")


ELSEWHERE: dict[str, Callable[[Floats, Generator], Floats]] = {
    "mirrored": _mirrored,
    "rolled": _rolled,
    "shuffled": _shuffled,
}
"""Where the detail of `retexture` comes from."""
