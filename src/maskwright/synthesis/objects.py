"""Edits with things: pasted from another photograph, copied within one, made larger in place, exchanged."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis.fields import Floats
from maskwright.synthesis.fills import removal
from maskwright.synthesis.regions import AREA_FRAC, Draw, any_shape, blob
from maskwright.synthesis.steps import Made, Step, check_picture, size_of
from maskwright.synthesis.truth import Window, shade, to_uint8, window_of, write

NARROW = 0.15
"""Times the root of a region's area: a soft border wider than this would leave nothing solid of it."""
JITTER_GAP_FRAC = 0.3
"""Of an object that was drawn again in place, this much may look as before and still belong to it."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A cut-out.

    Args:
        pixels: (h, w, 3) uint8.
        outline: (h, w) bool.
    """

    pixels: Picture
    outline: Mask


def paste(
    donor: Picture,
    cut: Draw = blob,
    *,
    scale: float | None = 1.0,
    rotation_deg: float = 0.0,
    feather_px: float = 0.0,
    match_colour: float = 0.0,
    shadow: float = 0.0,
) -> Step:
    """An object of another picture, put somewhere on the edited one.

    Args:
        donor: (h, w, 3) uint8, where the object is taken from.
        cut: draws the object's outline on the donor's grid.
        scale: size of the pasted object over its size in the donor; None draws it so that its area follows
            `AREA_FRAC`. Made smaller where it would not fit.
        rotation_deg: anticlockwise.
        feather_px: width of the soft border, inside the outline; 0 is hard.
        match_colour: 0 keeps the object's colours, 1 gives it mean and spread of what it covers.
        shadow: opacity of a shadow it casts, to a side drawn by chance; 0 is none.
    """
    check_picture(donor, "donor")

    def step(made: Made, rng: Generator) -> Made:
        thing = _cut_out(donor, cut(donor.shape[0], donor.shape[1], rng))
        thing = _turned(thing, _fitting(thing, made.edited, scale, rng), rotation_deg)
        top, left = _anywhere(thing, made.edited, rng)
        if shadow > 0:
            made = _shadowed(made, thing.outline, top, left, shadow, rng)
        return _lay(made, thing, top, left, feather_px=feather_px, match_colour=match_colour)

    return step


def copy_move(cut: Draw = blob, *, scale: float = 1.0, feather_px: float = 0.0) -> Step:
    """A part of the edited picture, copied to another place in it; the copy is the edit, not its source."""

    def step(made: Made, rng: Generator) -> Made:
        thing = _cut_out(made.edited, cut(*size_of(made.mask), rng))
        thing = _turned(thing, _fitting(thing, made.edited, scale, rng), 0.0)
        return _lay(made, thing, *_anywhere(thing, made.edited, rng), feather_px=feather_px)

    return step


def jitter(cut: Draw, *, grow: float = 0.125, shift_px: float = 0.0, feather_px: float = 0.0) -> Step:
    """An object made larger and put back in its place.

    Args:
        grow: 0.125 makes it an eighth larger, as in MIMLv2.
        shift_px: moved by at most this besides.

    Source:
        "Object Jitter" of MIMLv2 (arXiv 2508.20987), as the code of APSC-Net does it: enlarged by an
        eighth, sometimes with a soft border. We also move it.
    """

    def step(made: Made, rng: Generator) -> Made:
        outline = cut(*size_of(made.mask), rng)
        window = window_of(outline)
        thing = _turned(_cut_out(made.edited, outline), 1 + grow, 0.0)
        middle = [(side.start + side.stop) / 2 for side in window]
        corner = np.array(middle) - np.array(thing.outline.shape) / 2 + rng.uniform(-shift_px, shift_px, 2)
        top, left = (round(float(place)) for place in corner)
        return _lay(made, thing, top, left, feather_px=feather_px, gap_frac=JITTER_GAP_FRAC)

    return step


def exchange(donor: Picture, cut: Draw = blob, draw: Draw = any_shape, *, feather_px: float = 0.0) -> Step:
    """What lies in a region is taken out, and an object of another picture of its size put there."""
    check_picture(donor, "donor")

    def step(made: Made, rng: Generator) -> Made:
        region = draw(*size_of(made.mask), rng)
        made = removal("patch", lambda height, width, rng: region)(made, rng)
        thing = _cut_out(donor, cut(donor.shape[0], donor.shape[1], rng))
        window = window_of(region)
        room = [side.stop - side.start for side in window]
        scale = float(np.sqrt(room[0] * room[1] / thing.outline.size) * rng.uniform(0.8, 1.2))
        thing = _turned(thing, scale, 0.0)
        middle = [(side.start + side.stop) / 2 for side in window]
        top, left = (round(m - s / 2) for m, s in zip(middle, thing.outline.shape, strict=True))
        return _lay(made, thing, top, left, feather_px=feather_px)

    return step


def feathered(region: Mask, feather_px: float) -> Floats:
    """Opacity: 0 on the region's border and outside, 1 from about `feather_px` inside.

    A region that reaches the edge of its array goes on beyond it: there is no border there. Of a small
    region the border is thinner, and below half a pixel it is hard.
    """
    feather_px = min(feather_px, NARROW * float(np.sqrt(np.count_nonzero(region))))
    if feather_px < 0.5:
        return region.astype(np.float32)
    pad = int(feather_px) + 2
    padded = cv2.copyMakeBorder(region.astype(np.float32), pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    soft = cv2.GaussianBlur(padded, (0, 0), max(0.3, feather_px / 2))[pad:-pad, pad:-pad]
    # In a hollow of the border the blur exceeds a half outside too.
    return np.asarray(np.clip(2 * soft - 1, 0, 1) * region, np.float32)


def colour_matched(thing: Picture, old: Picture, region: Mask, weight: float) -> Picture:
    """The thing with mean and spread per channel moved by `weight` towards what it covers."""
    ours, theirs = thing[region].astype(np.float32), old[region].astype(np.float32)
    spread = np.clip((theirs.std(axis=0) + 1) / (ours.std(axis=0) + 1), 0.5, 2)
    gain = 1 + weight * (spread - 1)
    mean = ours.mean(axis=0)
    return to_uint8((thing - mean) * gain + mean + weight * (theirs.mean(axis=0) - mean))


def _cut_out(donor: Picture, outline: Mask) -> Thing:
    window = window_of(outline)
    return Thing(donor[window], outline[window])


def _fitting(thing: Thing, picture: Picture, scale: float | None, rng: Generator) -> float:
    """The scale asked for or drawn, but never larger than the picture."""
    rows, columns = thing.outline.shape
    height, width = picture.shape[:2]
    if scale is None:
        area = float(np.exp(rng.uniform(*np.log(AREA_FRAC)))) * height * width
        scale = float(np.clip(np.sqrt(area / np.count_nonzero(thing.outline)), 0.05, 3))
    return float(min(scale, height / rows, width / columns))


def _turned(thing: Thing, scale: float, degrees: float) -> Thing:
    """Scaled, then turned about its middle, in a frame larger than it by a pixel on every side."""
    rows, columns = thing.outline.shape
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    pixels = np.asarray(cv2.resize(thing.pixels, size, interpolation=kernel), np.uint8)
    levels = cv2.resize(thing.outline.astype(np.uint8) * 255, size, interpolation=cv2.INTER_LINEAR)
    if degrees and min(size) > 1:
        across, down = size
        matrix = cv2.getRotationMatrix2D(((across - 1) / 2, (down - 1) / 2), degrees, 1.0)
        lean = np.abs(matrix[:, :2])
        frame = (int(lean[0] @ size) + 1, int(lean[1] @ size) + 1)
        matrix[:, 2] += ((frame[0] - across) / 2, (frame[1] - down) / 2)
        pixels = np.asarray(
            cv2.warpAffine(pixels, matrix, frame, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE),
            np.uint8,
        )
        levels = cv2.warpAffine(levels, matrix, frame, flags=cv2.INTER_LINEAR)
    framed = cv2.copyMakeBorder(pixels, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    levels = cv2.copyMakeBorder(levels, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    return Thing(np.asarray(framed, np.uint8), np.asarray(levels >= 128))


def _anywhere(thing: Thing, picture: Picture, rng: Generator) -> tuple[int, int]:
    """Top and left so that most of the thing lies inside."""
    rows, columns = thing.outline.shape
    height, width = picture.shape[:2]
    top = int(rng.integers(-(rows // 4), max(1, height - 3 * rows // 4)))
    left = int(rng.integers(-(columns // 4), max(1, width - 3 * columns // 4)))
    return top, left


def _inside(top: int, left: int, rows: int, columns: int, made: Made) -> tuple[Window, Window] | None:
    """Where an array laid at a place lies on the picture, and which of its own pixels those are."""
    height, width = made.mask.shape
    there = (
        slice(max(0, top), min(height, top + rows)),
        slice(max(0, left), min(width, left + columns)),
    )
    if there[0].start >= there[0].stop or there[1].start >= there[1].stop:
        return None
    (first, last), (start, stop) = ((side.start, side.stop) for side in there)
    return there, (slice(first - top, last - top), slice(start - left, stop - left))


def _lay(
    made: Made,
    thing: Thing,
    top: int,
    left: int,
    *,
    feather_px: float = 0.0,
    match_colour: float = 0.0,
    gap_frac: float | None = None,
) -> Made:
    found = _inside(top, left, *size_of(thing.outline), made)
    if found is None:
        return made
    window, own = found
    pixels, region = thing.pixels[own], thing.outline[own]
    if not region.any():
        return made
    if match_colour > 0:
        pixels = colour_matched(pixels, made.edited[window], region, match_colour)
    alpha = feathered(region, feather_px) if feather_px > 0 else None
    settings = {} if gap_frac is None else {"gap_frac": gap_frac}
    return write(made, window, pixels, region, alpha=alpha, **settings)


def _shadowed(made: Made, outline: Mask, top: int, left: int, opacity: float, rng: Generator) -> Made:
    """The thing's shadow: lying on the ground at its foot, or on what is close behind it."""
    rows, columns = outline.shape
    shape = outline.astype(np.float32)
    if rng.random() < 0.5:
        # On the ground: leaning to a side and flattened, its foot where the thing's foot is.
        lean, flat = float(rng.uniform(-1.2, 1.2)), float(rng.uniform(0.15, 0.5))
        matrix = np.array([[1, -lean, lean * (rows - 1)], [0, flat, (1 - flat) * (rows - 1)]])
        blur = max(0.8, 0.03 * rows)
    else:
        away = float(rng.uniform(0.03, 0.12)) * np.sqrt(rows * columns)
        angle = float(rng.uniform(0, 2 * np.pi))
        matrix = np.array([[1, 0, away * np.cos(angle)], [0, 1, away * np.sin(angle)]])
        blur = max(0.8, float(rng.uniform(0.2, 0.6)) * away)
    margin = (round(1.3 * rows) + 4, round(0.2 * rows) + 4)
    matrix[:, 2] += margin
    frame = (columns + 2 * margin[0], rows + 2 * margin[1])
    cast = cv2.warpAffine(shape, matrix, frame, flags=cv2.INTER_LINEAR)
    found = _inside(top - margin[1], left - margin[0], frame[1], frame[0], made)
    if found is None:
        return made
    window, own = found
    return shade(made, window, opacity * cv2.GaussianBlur(cast[own], (0, 0), blur))
