"""A map settled on windows of a large picture's own pixels.

A view has no side above `FINEST`. Of a picture of 4000 pixels it shows a shift of half a pixel as
0.07: too little to explain any variance, and enough to leave a false edge at every contour. So nine
windows of the edited picture are looked at in full, one in each part of it, where it has most
structure. Their blocks are put together, with their places in the picture, and tell what the
blocks of one view would tell.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.registration import (
    Blocks,
    Fit,
    Matrix,
    View,
    Views,
    agreement,
    blocks_of,
    displacement,
    fit_of,
    left_after,
    reduced,
    scaling,
    shifting,
    solve,
    views_of,
)

PARTS = 3
"""Windows a side: one in each part of the picture, so that no edit meets them all."""
WINDOW = 192
"""Side of a window in pixels; 160 and 240 settled shifts as well on mosaics of `train`."""
COARSER = 0.7
"""Pixels of the original, at least, in one of a window; with fewer a window shows the blur of enlarging."""
LEAST_BLOCKS = 20
"""Agreeing blocks below which windows do not overrule the view."""
HELD_BLOCKS, HELD_PARTS = 5, 5
"""A part of the picture with this many agreeing blocks holds the map. With fewer such parts the map is only
shifted: an affine map held at one end is loose at the other."""
SHOWN = 1.0
"""Variance, grey levels squared, that a motion must bring into a block to be looked for there. Most blocks of
a large picture are smooth, and would outvote its contours."""
ROUNDS = 4
"""Most Gauss-Newton steps."""
SETTLED = 0.02
"""Movement in pixels of a window below which the map has settled."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of the edited picture, and the original's views from its own pixels on.

    Args:
        views: the windows, `factor` times smaller where the edited picture is an enlarged one;
            `to_full` takes their pixels to the edited picture's.
        width, height: of the whole edited picture, as much smaller.
    """

    original: Views
    views: tuple[View, ...]
    factor: int
    width: int
    height: int


def windows_of(original: Views, edited: Views, seen: Fit) -> Windows | None:
    """Where to look closer; None where nothing finer is to be seen, or too little agrees.

    Args:
        seen: the map so far, and the blocks of the edited picture's finest view.
    """
    finest = edited.levels[0]
    shrink = float(np.sqrt(abs(np.linalg.det(seen.matrix[:2, :2]))))
    factor = max(1, int(np.ceil(COARSER / shrink)))
    if factor >= finest.factor or not seen.blocks.agreeing.any():
        return None
    views = []
    for x, y in _places(seen.blocks, finest):
        left, right = _around(x, edited.width, factor)
        top, bottom = _around(y, edited.height, factor)
        window = reduced(edited.grey[top:bottom, left:right], factor, factor)
        views.append(View(window.grey, factor, shifting(left, top) @ window.to_full))
    width, height = edited.width // factor, edited.height // factor
    return Windows(views_of(original.grey, max(original.grey.shape)), tuple(views), factor, width, height)


def _places(blocks: Blocks, view: View) -> list[tuple[float, float]]:
    """The middle of the agreeing block with most structure in each part, in the picture's pixels.

    Most structure in the direction that has less of it: the smaller eigenvalue of the products
    of the gradient (Shi and Tomasi, CVPR 1994).
    """
    part = _part_of(blocks, view.grey.shape[1], view.grey.shape[0])
    weaker = (blocks.xx + blocks.yy) / 2 - np.hypot((blocks.xx - blocks.yy) / 2, blocks.xy)
    places = []
    for number in np.unique(part[blocks.agreeing]):
        best = np.argmax(np.where(blocks.agreeing & (part == number), weaker, -np.inf))
        x, y, _ = view.to_full @ (blocks.x[best], blocks.y[best], 1)
        places.append((float(x), float(y)))
    return places


def _part_of(blocks: Blocks, width: int, height: int) -> NDArray[np.int_]:
    """In which part of a grid of width x height each block lies: (n,), 0 to PARTS * PARTS - 1."""
    column, row = (PARTS * blocks.x / width).astype(int), (PARTS * blocks.y / height).astype(int)
    return np.asarray(column + PARTS * row)


def _around(middle: float, length: int, factor: int) -> tuple[int, int]:
    """First and one past the last pixel of a window, within a side; the first is a multiple of `factor`."""
    side = WINDOW * factor
    first = int(np.clip(middle - side / 2, 0, max(0, length - side))) // factor * factor
    return first, min(length, first + side)


def settled_in(windows: Windows, matrix: Matrix) -> Fit | None:
    """The map after Gauss-Newton on the windows; None where less agrees than before, or too little."""
    to_full = scaling(windows.factor)
    back = np.linalg.inv(to_full)
    blocks = _blocks(windows, matrix)
    before, held = agreement(blocks), _part_of(blocks, windows.width, windows.height)[blocks.agreeing]
    freedom = 6 if np.count_nonzero(np.bincount(held) >= HELD_BLOCKS) >= HELD_PARTS else 2
    for _ in range(ROUNDS):
        motion = solve(blocks, freedom)
        matrix = matrix @ to_full @ motion @ back
        blocks = _blocks(windows, matrix)
        if displacement(motion, windows.width, windows.height) < SETTLED:
            break
    if agreement(blocks) < before - 0.01 or np.count_nonzero(blocks.agreeing) < LEAST_BLOCKS:
        return None
    return fit_of(matrix, blocks, windows.factor, windows.width, windows.height)


def judged_in(windows: Windows, matrix: Matrix) -> Fit:
    """What speaks for a map in the windows."""
    return fit_of(matrix, _blocks(windows, matrix), windows.factor, windows.width, windows.height)


def share_left(windows: Windows, fit: Fit, apart: Matrix) -> float:
    """The share a map leaves of what a simpler one would, in the median block; 1 where none shows it.

    Both are told from the map's own blocks: pixels laid between pixels are smoother, so that any map
    that is no whole shift would seem to leave less than one that is.

    Args:
        apart: the motion of the edited picture's pixels after which the map is the simpler one.
    """
    to_full = scaling(windows.factor)
    motion = np.linalg.inv(to_full) @ apart @ to_full
    none = np.zeros_like(fit.blocks.tt)
    shown = left_after(replace(fit.blocks, xt=none, yt=none, tt=none), motion) > SHOWN
    use = fit.blocks.agreeing & shown
    left, without = np.maximum(fit.blocks.tt[use], 1), np.maximum(left_after(fit.blocks, motion)[use], 1)
    return float(np.median(left / without)) if use.any() else 1.0


def _blocks(windows: Windows, matrix: Matrix) -> Blocks:
    """The blocks of all windows; their places are those on a view of the whole picture."""
    back = np.linalg.inv(scaling(windows.factor))
    parts = []
    for view in windows.views:
        blocks = blocks_of(windows.original, view, matrix)
        corner = back @ view.to_full
        parts.append(replace(blocks, x=blocks.x + corner[0, 2], y=blocks.y + corner[1, 2]))
    return Blocks(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Blocks)))
