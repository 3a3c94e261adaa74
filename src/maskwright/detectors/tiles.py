"""Parts of a picture that are looked at one after another, so that memory does not grow with it."""

from __future__ import annotations

from collections.abc import Iterator

TILE_PX = 1024
"""Side of the part of a tile that is used, in pixels."""


def tiles(height: int, width: int, *, step: int, margin: int) -> Iterator[tuple[tuple[slice, slice], ...]]:
    """What is used of each tile, and what is seen of it, both in pixels of the picture.

    Args:
        step: tiles start at multiples of this.
        margin: seen around what is used, rounded up to multiples of `step`.
    """
    around = -(-margin // step) * step
    side = max(step, TILE_PX // step * step)
    for top in range(0, height, side):
        for left in range(0, width, side):
            used = slice(top, min(top + side, height)), slice(left, min(left + side, width))
            seen = (
                slice(max(0, top - around), min(top + side + around, height)),
                slice(max(0, left - around), min(left + side + around, width)),
            )
            yield used, seen
