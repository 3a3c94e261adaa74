"""What an edit really changed: writes it, marks it, and puts back whatever nobody could see.

A person who draws the mask of an edit draws a silhouette. So small places inside a thing that happen to
have the colour that was there before make no holes in the mask; but a thing, or a large part of one, that
lands on its own colour is no edit. Where old and new are blended, nobody can say: `ignore`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.difference import VISIBLE, difference
from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis.fields import Floats
from maskwright.synthesis.steps import Made

SOLID, FAINT = 0.85, 0.15
"""Opacity from which a place is edited, and below which it is not; between them it is ignored."""
GAP_FRAC = 0.15
"""A place without visible change is part of the silhouette where it takes less of the region than this."""
SPECK_FRAC = 0.01
"""Parts smaller than this share of the region are not worth a mask, but for the largest."""
LEAST_FRAC = 0.03
"""Where less of the region than this changed, nothing was edited."""
SHADE = (4, 16)
"""Darkening in grey levels from which a shadow is ignored, and from which it is part of the edit."""

Window = tuple[slice, slice]


def write(
    made: Made,
    window: Window,
    new: Picture,
    region: Mask,
    *,
    alpha: Floats | None = None,
    gap_frac: float = GAP_FRAC,
) -> Made:
    """Lay new pixels on the edited picture and mark what changed.

    Args:
        window: where, rows and columns; the other arrays have its size.
        new: (h, w, 3) uint8, the pixels at full opacity.
        region: (h, w) bool, where the edit may write.
        alpha: (h, w) 0..1, opacity inside the region; None is opaque.
        gap_frac: see `silhouette`.

    Returns:
        Outside mask and ignore every pixel is what it was, but for opacities below `FAINT`.
    """
    old = made.edited[window]
    levels = difference(new, old)
    shape = silhouette(levels, region, gap_frac=gap_frac)
    if alpha is None:
        return marked(made, window, np.where(shape[..., None], new, old), shape, np.zeros_like(shape))
    opacity = alpha * (shape & (alpha > FAINT / 3))
    blended = to_uint8(old + opacity[..., None] * (new.astype(np.float32) - old))
    solid = shape & (alpha >= SOLID)
    felt = (opacity >= FAINT) | (opacity * levels >= VISIBLE)
    return marked(made, window, blended, solid, felt & ~solid)


def shade(made: Made, window: Window, opacity: Floats) -> Made:
    """Darken the edited picture; where it is plain to see it is edited, where it is faint it is ignored.

    Args:
        opacity: (h, w) 0..1: 1 is black.
    """
    old = made.edited[window]
    new = to_uint8(old * (1 - opacity[..., None]))
    darkening = cv2.blur(difference(new, old), (3, 3))
    clear = darkening >= SHADE[1]
    return marked(made, window, new, clear, (darkening >= SHADE[0]) & ~clear)


def marked(made: Made, window: Window, pixels: Picture, changed: Mask, unsure: Mask) -> Made:
    """Put pixels in a window of the edited picture; some of them are edited, of some nobody can say."""
    edited, mask, ignore = made.edited.copy(), made.mask.copy(), made.ignore.copy()
    edited[window] = pixels
    mask[window] |= changed
    # What was edited before and is blended over now stays edited.
    ignore[window] = (ignore[window] & ~changed) | (unsure & ~mask[window])
    return replace(made, edited=edited, mask=mask, ignore=ignore)


def silhouette(levels: NDArray[np.uint8], region: Mask, *, gap_frac: float = GAP_FRAC) -> Mask:
    """The part of a region that a person would call changed.

    Args:
        levels: (h, w) uint8, largest channel difference.
        gap_frac: places without visible change that take less of the region than this are filled.

    Returns:
        (h, w) bool inside the region; empty where next to nothing changed.
    """
    area = int(np.count_nonzero(region))
    seen = cv2.GaussianBlur(np.where(region, levels, np.uint8(0)), (0, 0), 1) >= VISIBLE
    seen &= region
    if np.count_nonzero(seen) < max(1.0, LEAST_FRAC * area):
        return np.zeros_like(region)
    reach = int(np.clip(0.04 * np.sqrt(area), 3, 12)) | 1
    shape = closed(seen, reach) & region
    shape |= _parts_below(region & ~shape, gap_frac * area)
    return np.asarray(shape & ~_parts_below(shape, SPECK_FRAC * area, keep_largest=True))


def closed(mask: Mask, reach: int) -> Mask:
    """The mask with gaps up to `reach` pixels closed, also towards the border of the array."""
    pad = cv2.copyMakeBorder(mask.astype(np.uint8), reach, reach, reach, reach, cv2.BORDER_CONSTANT)
    kernel = np.ones((reach, reach), np.uint8)
    shut = cv2.morphologyEx(pad, cv2.MORPH_CLOSE, kernel)
    return np.asarray(shut[reach:-reach, reach:-reach], np.bool_)


def to_uint8(values: NDArray[Any]) -> Picture:
    """Rounded (halves to even) and held to 0..255."""
    # A scaled add of nothing: OpenCV rounds and saturates in one pass.
    return np.asarray(cv2.addWeighted(values, 1, values, 0, 0, dtype=cv2.CV_8U), np.uint8)


def window_of(region: Mask, *, margin: int = 0) -> Window:
    """The smallest window around a region's True pixels, grown by a margin inside the picture."""
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    return (
        slice(max(0, int(rows[0]) - margin), min(region.shape[0], int(rows[-1]) + 1 + margin)),
        slice(max(0, int(columns[0]) - margin), min(region.shape[1], int(columns[-1]) + 1 + margin)),
    )


def _parts_below(mask: Mask, area: float, *, keep_largest: bool = False) -> Mask:
    """The connected parts of a mask that are smaller than an area; with `keep_largest`, that one is none."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    small = areas < area
    small[0] = False
    if keep_largest and len(areas) > 1:
        small[1 + int(areas[1:].argmax())] = False
    return np.asarray(small[labels])
