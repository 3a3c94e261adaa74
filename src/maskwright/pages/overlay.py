"""Where a picture was edited, drawn so that one can see it: outlines and numbers, never a fill.

Every region gets a double line, light inside dark, just outside its border: one of the two
stands out on any picture, also in grey and to people who do not tell red from green. The
edit itself stays visible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from maskwright.pairs.grid import check_same_grid
from maskwright.pairs.values import Mask, Picture

MOST_REGIONS = 99
"""Regions beyond this many are outlined but not numbered: three digits hide more than they tell."""
LINES_A_SIDE = 220
"""The shorter side is this many lines of the outline wide: 2 px on 512 px; looked at from 300 to 1,600 px."""
LABELS_A_SIDE = 26
"""The shorter side is this many labels high."""
LEAST_LABEL_PX = 13
"""Digits of OpenCV's font smaller than this cannot be read."""
LIGHT = (255, 226, 60)
DARK = (20, 20, 20)
"""Relative luminance 0.77 and 0.01: a contrast of 14 to 1, yellow and black for any kind of colour vision."""


@dataclass(frozen=True, slots=True)
class Region:
    """One connected piece of a mask.

    Args:
        number: 1 for the largest.
        x, y: left and top pixel of its box, on the mask's grid.
        width, height: of its box, in pixels.
        area_px: pixels of the piece itself.
        area_frac: the same as a share of the picture, in 0..1.
    """

    number: int
    x: int
    y: int
    width: int
    height: int
    area_px: int
    area_frac: float


def regions(mask: Mask) -> tuple[Region, ...]:
    """The connected pieces of a mask, largest first; at most the `MOST_REGIONS` largest.

    Pixels that touch at a corner belong together (8-connected). Equal sizes are in
    reading order. How many there are in all is the score `components`.

    Args:
        mask: (H, W) bool.

    >>> mask = np.array([[1, 1, 0, 0], [0, 0, 0, 1]], dtype=bool)
    >>> [(piece.number, piece.x, piece.y, piece.area_px) for piece in regions(mask)]
    [(1, 0, 0, 2), (2, 3, 1, 1)]
    """
    if not mask.any():
        return ()
    boxes = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)[2][1:]
    order = np.lexsort((boxes[:, cv2.CC_STAT_LEFT], boxes[:, cv2.CC_STAT_TOP], -boxes[:, cv2.CC_STAT_AREA]))
    found = []
    for number, place in enumerate(order[:MOST_REGIONS], start=1):
        x, y, width, height, area = (int(value) for value in boxes[place])
        found.append(Region(number, x, y, width, height, area, area / mask.size))
    return tuple(found)


def draw_overlay(picture: Picture, mask: Mask, found: Sequence[Region] | None = None) -> Picture:
    """A copy of the picture with the edited regions outlined and numbered.

    Args:
        picture: (H, W, 3) uint8 RGB, usually the edited one; left as it is.
        mask: (H, W) bool on the same grid.
        found: what `regions(mask)` gave; computed when not given.

    Raises:
        GridError: picture and mask differ in size.
    """
    check_same_grid(picture=picture, mask=mask)
    drawn = picture.copy()
    if not mask.any():
        return drawn
    line_px = max(1, round(min(mask.shape) / LINES_A_SIDE))
    shown = _off_the_frame(mask, 2 * line_px)
    away = cv2.distanceTransform((~shown).view(np.uint8), cv2.DIST_L2, 3)
    drawn[(away > 0) & (away <= 2 * line_px + 0.5)] = DARK
    drawn[(away > 0) & (away <= line_px + 0.5)] = LIGHT
    taken = shown.copy()
    for region in regions(mask) if found is None else found:
        _draw_label(drawn, taken, region, line_px)
    return drawn


def _off_the_frame(mask: Mask, band_px: int) -> Mask:
    """The mask drawn back from the frame, so that an outline fits; pieces wholly in the band stay."""
    inner = np.zeros_like(mask)
    inner[band_px:-band_px, band_px:-band_px] = True
    pieces = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)[1]
    kept = np.zeros(int(pieces.max()) + 1, dtype=bool)
    kept[np.unique(pieces[mask & inner])] = True
    shown: Mask = mask & (inner | ~kept[pieces])
    return shown


def _draw_label(drawn: Picture, taken: Mask, region: Region, line_px: int) -> None:
    """The region's number on a dark plate, at the first of four corners that hides least."""
    text = str(region.number)
    high = max(LEAST_LABEL_PX, round(min(taken.shape) / LABELS_A_SIDE))
    thick = max(1, high // 9)
    scale = high * 0.62 / 21  # a capital of this font is 21 px high at scale 1
    (wide_text, high_text), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
    wide = wide_text + high // 2
    gap = 2 * line_px + 1
    left, right = region.x, region.x + region.width - wide
    above, below = region.y - gap - high, region.y + region.height + gap
    most_x, most_y = max(0, taken.shape[1] - wide), max(0, taken.shape[0] - high)
    corners = [(left, above), (left, below), (right, above), (right, below)]
    places = [(min(max(x, 0), most_x), min(max(y, 0), most_y)) for x, y in corners]
    x, y = min(places, key=lambda place: _hidden(taken, place[0], place[1], wide, high))
    cv2.rectangle(drawn, (x, y), (x + wide - 1, y + high - 1), DARK, -1)
    origin = (x + (wide - wide_text) // 2, y + (high + high_text) // 2)
    cv2.putText(drawn, text, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, LIGHT, thick, cv2.LINE_AA)
    taken[y : y + high, x : x + wide] = True


def _hidden(taken: Mask, x: int, y: int, width: int, height: int) -> int:
    return int(np.count_nonzero(taken[y : y + height, x : x + width]))
