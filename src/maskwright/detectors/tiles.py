"""Parts of a picture looked at one after another, so that memory hardly grows with it.

Three ways, by what a network takes: any size (`in_tiles`), squares of one size (`in_squares`), or one square
for the whole picture (`at_once`). Besides the picture and its map none holds more than a tile at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.masks.annotators.encoders import continued
from maskwright.pairs.values import ChangeMap, Picture

TILE_PX = 1536
"""Side of what a network of any size sees at once, in pixels, margins included; only a margin beyond a
quarter of it makes tiles larger. Memory is bounded by it, speed by what margins leave: see
benchmarks/bench_detectors.py."""
GRID_PX = 8
"""Tiles start on the grid of JPEG blocks: a network that sees it sees the same in every tile."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a network says of what it sees at once.

    Args:
        map: (H, W) float32 in 0..1.
        score: 0..1; None where it gives none.
    """

    map: ChangeMap
    score: float | None


Look: TypeAlias = Callable[[Picture], Looked]
"""Asks a network about a picture it can take, for a map of the same height and width."""


def in_tiles(picture: Picture, look: Look, *, multiple: int, margin: int) -> Looked:
    """By a network that takes any size, each pixel by the one tile whose share it is in.

    The map is that of the whole picture looked at at once, but for rounding, where the margin is no less
    than what a pixel of the map depends on to each side and the network does the same everywhere on a grid
    of `multiple` pixels. What depends on the whole picture (attention, a global mean) depends on the tile.

    Args:
        multiple: of which the network's sides are; the picture is continued by its last pixels.
        margin: seen around a share and not used, in pixels; rounded up to the grid on which tiles start.

    Returns:
        The map, and the highest of the tiles' scores.
    """
    height, width = picture.shape[:2]
    step = math.lcm(multiple, GRID_PX)
    around = -(-margin // step) * step
    found = np.empty((height, width), np.float32)
    scores = []
    for share in product(shares(height, step, around), shares(width, step, around)):
        seen = tuple(slice(max(0, part.start - around), part.stop + around) for part in share)
        looked = look(continued(picture[seen], multiple))
        inner = tuple(
            slice(part.start - whole.start, part.stop - whole.start)
            for part, whole in zip(share, seen, strict=True)
        )
        found[share] = looked.map[inner]
        scores.append(looked.score)
    return Looked(found, _highest(scores))


def in_squares(picture: Picture, look: Look, *, side: int, margin: int) -> Looked:
    """By a network that takes one size, at the picture's own resolution, blended where squares overlap.

    Neighbours overlap by at least twice the margin. A square's weight rises from its border inwards over
    that length as sin^2 does, and weights are divided by their sum, so that the map has no step where a
    square ends. A picture smaller than a square is continued by black, as in IMDLBenCo's padding mode.

    Args:
        side: of a square, in pixels.
        margin: in pixels; less than half the side.

    Returns:
        The map, and the highest of the squares' scores.
    """
    height, width = picture.shape[:2]
    found = np.zeros((height, width), np.float32)
    scores = []
    for (top, down), (left, across) in product(weighted(height, side, margin), weighted(width, side, margin)):
        part = picture[top : top + side, left : left + side]
        part = continued(part, GRID_PX)[:side, :side]  # the last square reaches beyond the end by less
        square = np.zeros((side, side, 3), np.uint8)
        square[: part.shape[0], : part.shape[1]] = part
        looked = look(square)
        used = looked.map[: len(down), : len(across)]
        found[top : top + len(down), left : left + len(across)] += used * down[:, None] * across
        scores.append(looked.score)
    return Looked(np.clip(found, 0, 1, out=found), _highest(scores))


def at_once(picture: Picture, look: Look, *, side: int) -> Looked:
    """By a network that takes one size: the whole picture resized to it whatever its aspect, the map back.

    Both ways are linear, as in IMDLBenCo's resizing mode, which most published detectors are trained in.
    """
    height, width = picture.shape[:2]
    looked = look(np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8))
    back = cv2.resize(looked.map, (width, height), interpolation=cv2.INTER_LINEAR)
    return Looked(np.asarray(np.clip(back, 0, 1, out=back), np.float32), looked.score)


def shares(length: int, step: int, around: int) -> Iterator[slice]:
    """Shares of an axis, which begin on the grid and with what is seen around them are at most `TILE_PX`.

    A share is never less than twice `around`, else most of the work would be done for margins.

    Args:
        step: of the grid, in pixels.
        around: seen on each side of a share, a multiple of `step`.

    >>> [(each.start, each.stop) for each in shares(2500, 8, 128)]
    [(0, 1408), (1408, 2500)]
    """
    side = max(step, 2 * around, (TILE_PX - 2 * around) // step * step)
    cuts = [0]
    if length > side + 2 * around:  # the first and the last have only one side to see beyond
        cuts.append(side + around)
        while length - cuts[-1] > side + around:
            cuts.append(cuts[-1] + side)
    return (slice(start, stop) for start, stop in pairwise([*cuts, length]))


def weighted(length: int, side: int, margin: int) -> list[tuple[int, NDArray[np.float32]]]:
    """Where squares begin along an axis, on the grid, and what each pixel of theirs weighs: 1 in sum.

    The last one may reach beyond the end by less than `GRID_PX`; pixels there have no weight.
    """
    starts = [0]
    if length > side:
        grid = min(GRID_PX, side - 2 * margin)
        last = -(-(length - side) // grid) * grid
        count = -(-last // ((side - 2 * margin) // grid * grid))
        starts = [last * number // count // grid * grid for number in range(count + 1)]
    depth = np.minimum(np.arange(side), np.arange(side)[::-1]) + 0.5
    bump = np.sin(np.pi / 2 * np.minimum(1, depth / (2 * margin + 0.5))) ** 2
    total = np.zeros(length)
    for start in starts:
        total[start : start + side] += bump[: length - start]
    return [
        (start, (bump[: length - start] / total[start : start + side]).astype(np.float32)) for start in starts
    ]


def _highest(scores: list[float | None]) -> float | None:
    return max((score for score in scores if score is not None), default=None)
