"""How small an edit would still be seen in this very pair: insert some, and look.

A square is inserted by adding a tenth of the range to the edited picture, or taking it
away where that would clip: whatever noise the pair has stays in it. Squares of one size
are inserted in several places at once, away from the mask and from each other.

Seen: at least half of a square is in the new mask. A size is seen when at least half of
its squares are.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.masks.annotators import Annotator
from maskwright.pairs.values import Aligned, Hint, Mask, Picture

CONTRAST = 25
"""Grey levels a square differs by, in every channel: a tenth of the range, a moderate edit."""
SIDES_PX = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
"""Sizes tried, in steps of at most two."""
MOST_SQUARES, LEAST_SQUARES = 12, 4
"""Squares of one size: enough that half of them is no accident; of large ones fewer find a place."""
AREA_FRAC = 0.02
"""Share of the unmasked pixels that may be taken by squares at once: more, and they become the
picture's noise or end its being bit-equal elsewhere (measured: 3 of 48 bit-equal pairs with
large edits at 0.05). The rest of the squares then gets a run of its own."""
WINDOW_PX = 1024
"""Side of the window a larger picture is tried in, so that an answer takes a second."""


@dataclass(frozen=True, slots=True)
class Insertion:
    """What inserting squares has shown, in pixels of the edited picture.

    Args:
        seen_px: side of the smallest square that is seen; None where not even the largest is.
        largest_px: side of the largest square that found a place; 0 where none did.
    """

    seen_px: int | None
    largest_px: int


def insert_and_look(pair: Aligned, mask: Mask, annotator: Annotator, hint: Hint | None = None) -> Insertion:
    """How small an edit the annotator still sees in this pair.

    Args:
        pair: what the annotator saw; not modified.
        mask: what it found, (H, W) bool; squares keep away from it.

    Returns:
        Sides are of `SIDES_PX`, found by bisection: the smallest, if larger is always easier.
    """
    pair, mask, hint = _window(pair, mask, hint or Hint())
    free = pair.valid & ~mask
    places = {side: _places(free, side) for side in SIDES_PX}
    sides = [side for side in SIDES_PX if len(places[side])]
    low, high = 0, len(sides)
    while low < high:
        middle = (low + high) // 2
        if _is_seen(pair, free, places[sides[middle]], sides[middle], annotator, hint):
            high = middle
        else:
            low = middle + 1
    return Insertion(sides[low] if low < len(sides) else None, max(sides, default=0))


def insert_squares(picture: Picture, corners: NDArray[np.intp], side: int) -> Picture:
    """A copy with squares made lighter by `CONTRAST`, or darker where the picture is light.

    Args:
        corners: (N, 2), left and top of each square.
    """
    changed = picture.copy()
    for x, y in corners:
        square = changed[y : y + side, x : x + side].astype(np.int16)
        square += CONTRAST if square.mean() < 128 else -CONTRAST
        changed[y : y + side, x : x + side] = square.clip(0, 255)
    return changed


def _is_seen(
    pair: Aligned, free: Mask, corners: NDArray[np.intp], side: int, annotator: Annotator, hint: Hint
) -> bool:
    at_once = max(1, _budget(free, side))
    seen = 0
    for start in range(0, len(corners), at_once):
        some = corners[start : start + at_once]
        edited = insert_squares(pair.edited, some, side)
        tried = Aligned(pair.original, edited, pair.valid, pair.geometry, pair.tone)
        (change,) = annotator.annotate([tried], [hint])
        found = change.map >= np.float32(0.5)
        areas = [int(np.count_nonzero(found[y : y + side, x : x + side])) for x, y in some]
        seen += sum(2 * area >= side * side for area in areas)
    return 2 * seen >= len(corners)


def _budget(free: Mask, side: int) -> int:
    """How many squares of this size may be there at once."""
    return int(AREA_FRAC * np.count_nonzero(free)) // (side * side)


def _places(free: Mask, side: int) -> NDArray[np.intp]:
    """Left and top corners of squares that lie in `free` and apart, (N, 2); the same every time."""
    height, width = free.shape
    if 3 * side > min(height, width):
        return np.empty((0, 2), np.intp)
    count = min(max(_budget(free, side), LEAST_SQUARES), MOST_SQUARES)
    blocked = cv2.integral((~free).astype(np.uint8))
    rng = np.random.default_rng(side)
    chosen: list[tuple[int, int]] = []
    # Twenty throws a place find one wherever a seventh of the picture is free.
    for x, y in zip(
        rng.integers(0, width - side + 1, 20 * count),
        rng.integers(0, height - side + 1, 20 * count),
        strict=True,
    ):
        inside = blocked[y + side, x + side] - blocked[y, x + side] - blocked[y + side, x] + blocked[y, x]
        apart = all(max(abs(x - left), abs(y - top)) >= 2 * side + 16 for left, top in chosen)
        if inside == 0 and apart:
            chosen.append((int(x), int(y)))
        if len(chosen) == count:
            break
    return np.array(chosen, np.intp).reshape(-1, 2)


def _window(pair: Aligned, mask: Mask, hint: Hint) -> tuple[Aligned, Mask, Hint]:
    """The part of a large picture with the least mask in it; a small one as it is."""
    height, width = mask.shape
    high, wide = min(height, WINDOW_PX), min(width, WINDOW_PX)
    if (high, wide) == (height, width):
        return pair, mask, hint
    blocked = cv2.integral((mask | ~pair.valid).astype(np.uint8))
    tops, lefts = (
        np.unique(np.linspace(0, whole - part, 5).astype(int))
        for whole, part in ((height, high), (width, wide))
    )
    inside = (
        blocked[np.ix_(tops + high, lefts + wide)]
        - blocked[np.ix_(tops, lefts + wide)]
        - blocked[np.ix_(tops + high, lefts)]
        + blocked[np.ix_(tops, lefts)]
    )
    row, column = np.unravel_index(int(inside.argmin()), inside.shape)
    cut = (slice(tops[row], tops[row] + high), slice(lefts[column], lefts[column] + wide))
    part = Aligned(
        np.ascontiguousarray(pair.original[cut]),
        np.ascontiguousarray(pair.edited[cut]),
        np.ascontiguousarray(pair.valid[cut]),
        pair.geometry,
        pair.tone,
    )
    region = None if hint.region is None else np.ascontiguousarray(hint.region[cut])
    return part, np.ascontiguousarray(mask[cut]), Hint(hint.instruction, region)
