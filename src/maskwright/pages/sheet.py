"""Many pictures on one page, a row a thing, with a word above each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from maskwright.errors import InputError
from maskwright.pairs.values import Picture

GROUND, INK = (250, 250, 250), (30, 30, 30)
GAP_PX, TITLE_PX = 8, 22


@dataclass(frozen=True, slots=True)
class Row:
    """A line of text and the pictures under it.

    Args:
        title: letters outside ASCII are drawn as question marks; the font has no others.
        pictures: (H, W, 3) uint8 each, of any size.
    """

    title: str
    pictures: tuple[Picture, ...]


def contact_sheet(rows: Sequence[Row], *, tile_px: int = 200, columns: int = 1) -> Picture:
    """All rows on one page; every picture is scaled to fit a square tile, its shape kept.

    Args:
        rows: in reading order.
        tile_px: side of a tile.
        columns: how many rows stand side by side.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        InputError: there are no rows.
    """
    if not rows:
        raise InputError("a contact sheet needs at least one row")
    tiles = max(len(row.pictures) for row in rows)
    strips = [_strip(row, tiles, tile_px) for row in rows]
    strips += [np.full_like(strips[0], GROUND)] * (-len(strips) % columns)
    lines = [np.hstack(strips[start : start + columns]) for start in range(0, len(strips), columns)]
    return np.vstack(lines)


def _strip(row: Row, tiles: int, tile_px: int) -> Picture:
    step = tile_px + GAP_PX
    strip = np.full((TITLE_PX + step, tiles * step + GAP_PX, 3), GROUND, np.uint8)
    title = row.title.encode("ascii", "replace").decode()
    cv2.putText(strip, title, (GAP_PX, TITLE_PX - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, INK, 1, cv2.LINE_AA)
    for place, picture in enumerate(row.pictures):
        tile = _fitted(picture, tile_px)
        top = TITLE_PX + (tile_px - tile.shape[0]) // 2
        left = GAP_PX + place * step + (tile_px - tile.shape[1]) // 2
        strip[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return strip


def _fitted(picture: Picture, tile_px: int) -> Picture:
    height, width = picture.shape[:2]
    scale = tile_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=kernel), np.uint8)
