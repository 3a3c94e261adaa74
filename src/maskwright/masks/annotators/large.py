"""Large pictures, looked at twice: the whole frame made small, then windows at their own resolution.

The small frame shows what is large, with less noise. Windows at native resolution show what is
small, and where borders lie. Windows deep inside a region of the small frame are not looked at again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from maskwright.masks.annotators.evidence import STRIDE, Evidence, Plane, evidence
from maskwright.pairs.values import Aligned, Mask

LARGE = 2_000_000
"""Pixels; smaller pictures are looked at once. Three times the largest the network was trained on."""
FRAME_PX = 1024
"""Longer side of the small frame."""
WINDOW_PX = 1024
"""Side of a window, in pixels of the picture: a few ten megabytes of planes at a time."""
MARGIN_PX = 128
"""Around a window, seen and not used: what lies beside a place bears on it. A multiple of `STRIDE`."""
INSIDE_PX = 6
"""Pixels of the small frame: deeper than this inside a region, the small frame is right about it."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What two looks have shown.

    Args:
        odds: (h, w) float32 on the half grid of the picture, log odds of an edit.
        suspicious: (h, w) bool, where the difference annotator by itself would rather say edited.
        valid: (h, w) bool.
        calm: median over the windows of `Evidence.scalars["calm"]`.
    """

    odds: Plane
    suspicious: Mask
    valid: Mask
    calm: float


def odds_of_large(pair: Aligned, weigh: Callable[[Evidence], tuple[Plane, Mask]]) -> Looked:
    """Log odds of a picture of any size, in memory that hardly grows with it.

    Args:
        weigh: gives (h, w) float32 log odds of an edit, and (h, w) bool where there is suspicion, for the
            evidence of a picture or of a part of it.
    """
    height, width = pair.valid.shape
    size = (-(-width // STRIDE), -(-height // STRIDE))
    frame = shrunk(pair)
    seen = evidence(frame)
    coarse, doubted = weigh(seen)
    coarse[~seen.valid] = -20
    deep = cv2.erode((coarse > 0).view(np.uint8), np.ones((INSIDE_PX + 1, INSIDE_PX + 1), np.uint8))
    odds = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR), np.float32)
    suspicious = cv2.resize(doubted.view(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(np.bool_)
    inside = cv2.resize(deep, size, interpolation=cv2.INTER_NEAREST).astype(np.bool_)
    calms = [seen.scalars["calm"]]
    for inner, outer, offset in _windows(height, width):
        place = tuple(slice(part.start // STRIDE, -(-part.stop // STRIDE)) for part in inner)
        if inside[place].all():
            continue
        part = evidence(_part(pair, outer))
        calms.append(part.scalars["calm"])
        top, left = (pixels // STRIDE for pixels in offset)
        rows, columns = odds[place].shape
        used = np.s_[top : top + rows, left : left + columns]
        found, doubted = weigh(part)
        suspicious[place] = doubted[used]
        found = found[used]
        odds[place] = np.where(inside[place], np.maximum(found, odds[place]), found)
    valid = cv2.resize(pair.valid.view(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(np.bool_)
    return Looked(odds, suspicious, valid, float(np.median(calms)))


def shrunk(pair: Aligned) -> Aligned:
    """The pair with its longer side shrunk to `FRAME_PX`; the pair itself where it is no longer."""
    height, width = pair.valid.shape
    scale = FRAME_PX / max(height, width)
    if scale >= 1:
        return pair
    size = (max(1, round(width * scale)), max(1, round(height * scale)))

    def resized(array: np.ndarray, way: int) -> np.ndarray:
        return cv2.resize(array, size, interpolation=way)

    return Aligned(
        resized(pair.original, cv2.INTER_AREA),
        resized(pair.edited, cv2.INTER_AREA),
        resized(pair.valid.view(np.uint8), cv2.INTER_NEAREST).astype(np.bool_),
        pair.geometry,
        pair.tone,
    )


def _windows(
    height: int, width: int
) -> Iterator[tuple[tuple[slice, slice], tuple[slice, slice], tuple[int, int]]]:
    """What is used of a window, what is seen of it, and where the first lies in the second."""
    for top in range(0, height, WINDOW_PX):
        for left in range(0, width, WINDOW_PX):
            bottom, right = min(height, top + WINDOW_PX), min(width, left + WINDOW_PX)
            above, before = max(0, top - MARGIN_PX), max(0, left - MARGIN_PX)
            outer = (
                slice(above, min(height, bottom + MARGIN_PX)),
                slice(before, min(width, right + MARGIN_PX)),
            )
            yield (slice(top, bottom), slice(left, right)), outer, (top - above, left - before)


def _part(pair: Aligned, window: tuple[slice, slice]) -> Aligned:
    return Aligned(pair.original[window], pair.edited[window], pair.valid[window], pair.geometry, pair.tone)
