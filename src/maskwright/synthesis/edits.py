"""Edits: steps that change a region of the edited picture and mark what really changed.

Truth: a pixel is edited where the region was written to and the largest channel difference,
blurred with sigma 1, reaches `VISIBLE` levels; gaps up to 7 px are closed. Whatever else the
edit touched is put back, so outside the mask the picture is equal to the bit, and a paste
that lands on its own colour is no edit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from maskwright.errors import SettingError
from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis.regions import Draw, any_region, blob
from maskwright.synthesis.steps import Made, Step, check_picture

VISIBLE = 8
"""Grey levels below which a change counts as not there: the measure `visible truth` of our bench."""
INPAINT_PX = 4000
"""Largest area OpenCV's inpainting is given, in pixels; larger regions are filled at a smaller scale,
since its time grows with the area (4000 px cost about 10 ms)."""

Window = tuple[slice, slice]


def paste(
    donor: Picture,
    cut: Draw = blob,
    *,
    scale: float = 1.0,
    feather_px: float = 0.0,
    match_colour: float = 0.0,
) -> Step:
    """An object of another picture, put somewhere on the edited one.

    Args:
        donor: (h, w, 3) uint8, where the object is taken from.
        cut: draws the object's outline on the donor's grid.
        scale: size of the pasted object over its size in the donor; made smaller where it would not fit.
        feather_px: width of the soft border, inside the outline; 0 is hard.
        match_colour: 0 keeps the object's colours, 1 gives it mean and spread of what it covers.
    """
    check_picture(donor, "donor")

    def step(made: Made, rng: Generator) -> Made:
        shape = cut(donor.shape[0], donor.shape[1], rng)
        return _place(made, rng, donor, shape, scale, feather_px, match_colour)

    return step


def copy_move(cut: Draw = blob, *, scale: float = 1.0, feather_px: float = 0.0) -> Step:
    """A part of the edited picture, copied to another place in it; the copy is the edit, not its source."""

    def step(made: Made, rng: Generator) -> Made:
        donor = made.edited
        shape = cut(donor.shape[0], donor.shape[1], rng)
        return _place(made, rng, donor, shape, scale, feather_px, 0.0)

    return step


def removal(fill: Literal["telea", "ns", "patch"], draw: Draw | None = None) -> Step:
    """What lies in a region is taken out, and the hole is filled from around it.

    Args:
        fill: OpenCV's inpainting (Telea 2004, or Navier-Stokes: Bertalmio et al. 2001), or a
            patch of the same picture whose surroundings fit the hole's.
        draw: the region; any kind unless told.
    """
    if fill not in ("telea", "ns", "patch"):
        raise SettingError(f"fill is {fill!r}, expected telea, ns or patch")
    draw = draw or any_region()

    def step(made: Made, rng: Generator) -> Made:
        edited = made.edited
        region = draw(edited.shape[0], edited.shape[1], rng)
        window = _window(region, margin=8)
        patch = _patch_fill(edited, region, window, rng) if fill == "patch" else None
        if patch is None:
            flag = cv2.INPAINT_NS if fill == "ns" else cv2.INPAINT_TELEA
            patch = _inpaint(edited[window], region[window], flag, rng)
        return _commit(made, window, patch, region[window])

    return step


def replacement(donor: Picture, draw: Draw | None = None, *, keep_light: bool = False) -> Step:
    """A region filled with the texture of another picture.

    Args:
        donor: (h, w, 3) uint8; a random part of it covers the region.
        draw: the region; any kind unless told.
        keep_light: only the fine texture is exchanged, light and large forms stay.
    """
    check_picture(donor, "donor")
    draw = draw or any_region()

    def step(made: Made, rng: Generator) -> Made:
        edited = made.edited
        region = draw(edited.shape[0], edited.shape[1], rng)
        window = _window(region, margin=0)
        old = edited[window]
        new = _crop_of(donor, old.shape[0], old.shape[1], rng).astype(np.float32)
        if keep_light:
            new = cv2.GaussianBlur(old.astype(np.float32), (0, 0), 6) + new - cv2.GaussianBlur(new, (0, 0), 6)
        return _commit(made, window, _to_uint8(new), region[window])

    return step


def recolour(draw: Draw | None = None) -> Step:
    """A region in another hue and saturation; its lightness stays."""
    draw = draw or any_region()

    def step(made: Made, rng: Generator) -> Made:
        edited = made.edited
        region = draw(edited.shape[0], edited.shape[1], rng)
        window = _window(region, margin=0)
        hsv = cv2.cvtColor(edited[window], cv2.COLOR_RGB2HSV).astype(np.int16)
        hsv[..., 0] = (hsv[..., 0] + int(rng.integers(15, 166))) % 180  # OpenCV's hue runs from 0 to 179
        hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.8, 1.4) + rng.uniform(0, 40), 0, 255)
        patch = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)
        return _commit(made, window, patch.astype(np.uint8), region[window])

    return step


def relight(draw: Draw | None = None) -> Step:
    """A region made lighter or darker, unevenly and with a tint."""
    draw = draw or any_region()

    def step(made: Made, rng: Generator) -> Made:
        edited = made.edited
        region = draw(edited.shape[0], edited.shape[1], rng)
        window = _window(region, margin=0)
        old = edited[window].astype(np.float32)
        gain = rng.choice([rng.uniform(0.35, 0.75), rng.uniform(1.3, 1.9)])
        corners = (gain * np.exp(rng.normal(0, 0.15, (2, 2)))).astype(np.float32)
        field = cv2.resize(corners, (old.shape[1], old.shape[0]), interpolation=cv2.INTER_LINEAR)
        tint = np.exp(rng.normal(0, 0.06, 3)).astype(np.float32)
        return _commit(made, window, _to_uint8(old * field[..., None] * tint), region[window])

    return step


def _commit(made: Made, window: Window, patch: Picture, region: Mask) -> Made:
    """Write the patch where it changes something to be seen; mark exactly what was written."""
    old = made.edited[window]
    difference = cv2.absdiff(patch, old).max(axis=2)
    difference[~region] = 0
    seen = (cv2.GaussianBlur(difference, (0, 0), 1) >= VISIBLE).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    seen = cv2.morphologyEx(
        cv2.copyMakeBorder(seen, 7, 7, 7, 7, cv2.BORDER_CONSTANT), cv2.MORPH_CLOSE, kernel
    )
    changed = seen[7:-7, 7:-7].astype(np.bool_) & region
    edited, mask, ignore = made.edited.copy(), made.mask.copy(), made.ignore.copy()
    edited[window][changed] = patch[changed]
    mask[window] |= changed
    ignore[window] &= ~changed
    return replace(made, edited=edited, mask=mask, ignore=ignore)


def _place(
    made: Made,
    rng: Generator,
    donor: Picture,
    shape: Mask,
    scale: float,
    feather_px: float,
    match_colour: float,
) -> Made:
    """Cut `shape` out of the donor and lay it on the edited picture, its centre anywhere inside."""
    edited = made.edited
    height, width = edited.shape[:2]
    cut = _window(shape, margin=0)
    rows, columns = shape[cut].shape
    scale = float(min(scale, 0.9 * height / rows, 0.9 * width / columns))
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    thing = np.asarray(cv2.resize(donor[cut], size, interpolation=kernel), np.uint8)
    outline = cv2.resize(shape[cut].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    top = int(rng.integers(-(size[1] // 4), max(1, height - 3 * size[1] // 4)))
    left = int(rng.integers(-(size[0] // 4), max(1, width - 3 * size[0] // 4)))
    inside = (slice(max(0, -top), height - top), slice(max(0, -left), width - left))
    thing, region = thing[inside], outline[inside].astype(np.bool_)
    window = (
        slice(max(0, top), max(0, top) + region.shape[0]),
        slice(max(0, left), max(0, left) + region.shape[1]),
    )
    if not region.any():
        return made
    old = edited[window]
    if match_colour > 0:
        thing = _colour_matched(thing, old, region, match_colour)
    if feather_px > 0:
        alpha = _feathered(region, feather_px)[..., None]
        thing = _to_uint8(alpha * thing + (1 - alpha) * old)
    return _commit(made, window, thing, region)


def _feathered(region: Mask, feather_px: float) -> NDArray[np.float32]:
    """Opacity: 0 on the region's border and outside, 1 from about `feather_px` inside."""
    pad = int(feather_px) + 2
    padded = cv2.copyMakeBorder(region.astype(np.float32), pad, pad, pad, pad, cv2.BORDER_CONSTANT)
    soft = cv2.GaussianBlur(padded, (0, 0), max(0.3, feather_px / 2))[pad:-pad, pad:-pad]
    return np.asarray(np.clip(2 * soft - 1, 0, 1), np.float32)


def _colour_matched(thing: Picture, old: Picture, region: Mask, weight: float) -> Picture:
    """The thing with mean and spread per channel moved by `weight` towards what it covers."""
    ours, theirs = thing[region].astype(np.float32), old[region].astype(np.float32)
    spread = np.clip((theirs.std(axis=0) + 1) / (ours.std(axis=0) + 1), 0.5, 2)
    gain = 1 + weight * (spread - 1)
    mean = ours.mean(axis=0)
    return _to_uint8((thing - mean) * gain + mean + weight * (theirs.mean(axis=0) - mean))


def _inpaint(old: Picture, region: Mask, flag: int, rng: Generator) -> Picture:
    """OpenCV's inpainting, at a smaller scale for large regions, with the grain of the surroundings."""
    scale = min(1.0, float(np.sqrt(INPAINT_PX / np.count_nonzero(region))))
    size = (max(1, round(old.shape[1] * scale)), max(1, round(old.shape[0] * scale)))
    small = cv2.resize(old, size, interpolation=cv2.INTER_AREA)
    hole = (cv2.resize(region.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    if hole.all():
        # Nothing around to fill from: one colour.
        return np.full_like(old, rng.integers(0, 256, 3))
    filled = cv2.inpaint(small, hole, 3, flag)
    filled = cv2.resize(filled, (old.shape[1], old.shape[0]), interpolation=cv2.INTER_CUBIC)
    around = ~region
    fine = old[around].astype(np.float32) - cv2.GaussianBlur(old, (0, 0), 1)[around]
    grain = rng.normal(0, 1.0, old.shape).astype(np.float32) * float(np.median(np.abs(fine)))
    return _to_uint8(filled + grain)


def _patch_fill(edited: Picture, region: Mask, window: Window, rng: Generator) -> Picture | None:
    """The best of twelve windows of the same picture, by its fit around the hole; None where none is free."""
    rows, columns = region[window].shape
    height, width = region.shape
    if rows >= height or columns >= width:
        return None
    hole = region[window]
    ring = ~hole
    if not ring.any():
        return None
    old = edited[window]
    best, best_cost = None, np.inf
    for _ in range(12):
        top, left = int(rng.integers(0, height - rows + 1)), int(rng.integers(0, width - columns + 1))
        there = (slice(top, top + rows), slice(left, left + columns))
        if np.count_nonzero(region[there] & hole) > 0.1 * np.count_nonzero(hole):
            continue
        gap = old[ring].astype(np.float32).mean(axis=0) - edited[there][ring].astype(np.float32).mean(axis=0)
        cost = float(np.abs(edited[there][ring].astype(np.float32) + gap - old[ring]).mean())
        if cost < best_cost:
            best, best_cost = _to_uint8(edited[there] + gap), cost
    if best is None:
        return None
    alpha = _feathered(hole, 3.0)[..., None]
    return _to_uint8(alpha * best + (1 - alpha) * old)


def _crop_of(donor: Picture, rows: int, columns: int, rng: Generator) -> Picture:
    """A random part of the donor of the wanted size; the donor is enlarged where it is too small."""
    scale = max(1.0, rows / donor.shape[0], columns / donor.shape[1])
    if scale > 1:
        size = (max(columns, round(donor.shape[1] * scale)), max(rows, round(donor.shape[0] * scale)))
        donor = np.asarray(cv2.resize(donor, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    top = int(rng.integers(0, donor.shape[0] - rows + 1))
    left = int(rng.integers(0, donor.shape[1] - columns + 1))
    return donor[top : top + rows, left : left + columns]


def _window(region: Mask, *, margin: int) -> Window:
    """The smallest window around a region's True pixels, grown by a margin inside the picture."""
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    return (
        slice(max(0, int(rows[0]) - margin), int(rows[-1]) + 1 + margin),
        slice(max(0, int(columns[0]) - margin), int(columns[-1]) + 1 + margin),
    )


def _to_uint8(values: NDArray[np.floating]) -> Picture:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)
