"""Pictures as a page holds them: data URIs no larger than the eye needs, and outlines as SVG paths."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.difference import on_grid_of
from maskwright.pairs.grid import check_same_grid
from maskwright.pairs.picture import encode_png
from maskwright.pairs.values import Aligned, ChangeMap, Mask, Picture

QUALITY = 85
"""JPEG quality of photographs on pages: what a person looks at; masks and maps are PNG."""
NOWHERE = np.uint8(128)
"""Level of every channel where an original has no pixel; never its border drawn on."""
OUTLINE_LETTERS = 40_000
"""Of an outline: 48 cards with two lines each stay below half a page. Those of 219 masks of real pairs have
at most 21,737 at 1,400 px."""
COLOURS = cv2.COLORMAP_CIVIDIS
"""Of the change map: even steps to the eye, also without red and green (Nunez et al. 2018)."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A pair as a page shows it; all on one grid, but for an original that stands apart.

    Args:
        original, edited, change: data URIs; `change` is empty where there is no map.
        outline: an SVG path around the mask; empty where the mask is.
        width, height: of the pictures, in pixels of the page.
        left: where the mask begins, percent of the width; 0 where there is none.
        meant, side_effect: SVG paths around where the edit was meant to be, and around what changed outside
            of it; empty where nobody said, or nothing is.
        apart: (width, height) of an original that has a grid of its own, since only an object is shared;
            None where the two may be laid over each other.
        donor: an SVG path around what was taken, on that grid; empty where nobody said.
    """

    original: str
    edited: str
    change: str
    outline: str
    width: int
    height: int
    left: int = 0
    meant: str = ""
    side_effect: str = ""
    apart: tuple[int, int] | None = None
    donor: str = ""


def shot_of(
    original: Picture,
    edited: Picture,
    mask: Mask | None,
    change: ChangeMap | None,
    *,
    longest_px: int,
    meant: Mask | None = None,
    side_effect: Mask | None = None,
    apart: bool = False,
    donor: Mask | None = None,
) -> Shot:
    """A pair made small enough for a page.

    Args:
        original: (H, W, 3) uint8 on the edited picture's grid, or of another size: then it is resized,
            unless it stands apart.
        edited: (H, W, 3) uint8.
        mask: (H, W) bool or None.
        change: (H, W) float32 in 0..1 or None.
        longest_px: the longer side is made at most so long.
        meant: (H, W) bool, where the edit was meant to be, or None.
        side_effect: (H, W) bool, what changed outside of it, or None.
        apart: whether the original keeps the grid it has.
        donor: on the grid of an original that stands apart, bool, what was taken of it, or None.

    Raises:
        GridError: a mask or the map are not on the edited picture's grid, or `donor` not on the original's.
    """
    check_same_grid(edited=edited, mask=mask, change=change, meant=meant, side_effect=side_effect)
    check_same_grid(original=original, donor=donor)
    small, there = shrunk(edited, longest_px), shrunk(original, longest_px)
    height, width = small.shape[:2]
    return Shot(
        original=photo_uri(there if apart else on_grid_of(small, there)),
        edited=photo_uri(small),
        change="" if change is None else map_uri(change, longest_px),
        outline="" if mask is None else outline(mask, longest_px),
        width=width,
        height=height,
        left=0 if mask is None else left_of(mask),
        meant="" if meant is None else outline(meant, longest_px),
        side_effect="" if side_effect is None else outline(side_effect, longest_px),
        apart=(there.shape[1], there.shape[0]) if apart else None,
        donor="" if donor is None else outline(donor, longest_px),
    )


def left_of(mask: Mask) -> int:
    """Where the first column of a mask is, in whole percent of the width; 0 for an empty one."""
    return int(100 * mask.any(axis=0).argmax() / mask.shape[1])


def laid_on(pair: Aligned) -> Picture:
    """The original on the edited picture's grid, grey where it has no pixel, (H, W, 3) uint8."""
    if pair.valid.all():
        return pair.original
    return np.where(pair.valid[..., None], pair.original, NOWHERE)


def shrunk(picture: Picture, longest_px: int) -> Picture:
    """The picture with its longer side at most `longest_px`; itself where it is."""
    height, width = picture.shape[:2]
    scale = longest_px / max(height, width)
    if scale >= 1:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def photo_uri(picture: Picture, *, quality: int = QUALITY) -> str:
    """A JPEG data URI of a picture, (H, W, 3) uint8 RGB."""
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality]
    coded = cv2.imencode(".jpg", np.ascontiguousarray(picture[..., ::-1]), settings)[1]
    return _uri("jpeg", coded)


def exact_uri(picture: Picture) -> str:
    """A PNG data URI of a picture, (H, W, 3) uint8 RGB: every pixel as it is."""
    return _uri("png", np.frombuffer(png_of(picture), np.uint8))


def png_of(picture: Picture) -> bytes:
    """The bytes of a PNG file of a picture, (H, W, 3) uint8 RGB."""
    return cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))[1].tobytes()


def map_uri(change: ChangeMap, longest_px: int) -> str:
    """A PNG data URI of a change map in the colours of `legend_uri`."""
    levels = cv2.convertScaleAbs(change, alpha=255)
    height, width = levels.shape
    scale = min(1.0, longest_px / max(height, width))
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        levels = cv2.resize(levels, size, interpolation=cv2.INTER_AREA)
    return _uri("png", cv2.imencode(".png", cv2.applyColorMap(levels, COLOURS))[1])


def lighter(page: str, factor: float) -> str:
    """The page with every data URI picture of it made smaller by a factor, kind and shape kept."""

    def smaller(found: re.Match[str]) -> str:
        coded = np.frombuffer(base64.b64decode(found[2]), np.uint8)
        picture = cv2.imdecode(coded, cv2.IMREAD_UNCHANGED)
        if picture is None or min(picture.shape[:2]) * factor < 1:
            return found[0]
        small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        settings = [cv2.IMWRITE_JPEG_QUALITY, QUALITY] if found[1] == "jpeg" else []
        return _uri(found[1], cv2.imencode(f".{found[1]}", small, settings)[1])

    return re.sub(r"data:image/(jpeg|png);base64,([A-Za-z0-9+/=]+)", smaller, page)


def mask_uri(mask: Mask) -> str:
    """A PNG data URI of a mask, white = edited, as large as it is."""
    return _uri("png", np.frombuffer(encode_png(mask), np.uint8))


def legend_uri() -> str:
    """The colours of a change map from 0 to 1, left to right, as a PNG data URI."""
    ramp = np.arange(256, dtype=np.uint8)[None]
    return _uri("png", cv2.imencode(".png", cv2.applyColorMap(ramp, COLOURS))[1])


def shrunk_mask(mask: Mask, size: tuple[int, ...]) -> Mask:
    """A mask on a grid of (height, width), whatever grid it had; a place is set if a 500th of it was.

    In 255 levels: shares of less are what is left of a neighbour where two grids do not meet.
    """
    levels = mask.view(np.uint8) * np.uint8(255)
    shares = cv2.resize(levels, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(shares > 0, np.bool_)


def outline(mask: Mask, longest_px: int) -> str:
    """An SVG path around every piece of a mask and every hole in it, on the shrunk picture's pixels.

    A mask of so many specks that its path would have more than `OUTLINE_LETTERS` is drawn on a coarser
    grid. A small edit does not vanish: a 500th of a pixel counts.

    >>> outline(np.pad(np.ones((2, 3), bool), 2), 100)
    'M2 2V4H5V2Z'
    """
    if not mask.any():
        return ""
    height, width = mask.shape
    path = ""
    for coarser in (1, 2, 4, 8, 16):
        scale = min(1.0, longest_px / max(height, width)) / coarser
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        small = mask if size == mask.shape else shrunk_mask(mask, size)
        path = _around(small, coarser)
        if len(path) <= OUTLINE_LETTERS:
            break
    return path


def _around(mask: Mask, unit: int) -> str:
    """The path around a mask whose pixels are `unit` wide on the page."""
    # Twice as large, so that the contour of pixel centres can be moved out to pixel corners.
    grown = cv2.resize(mask.view(np.uint8), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(grown, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return "".join(_path(contour.reshape(-1, 2).astype(np.int64).tolist(), unit) for contour in contours)


def _path(points: Sequence[Sequence[int]], unit: int) -> str:
    """A closed SVG path of one contour on a grid of half pixels, each pixel `unit` wide."""
    kept: list[tuple[int, int]] = []
    for x, y in points:
        corner = ((x + 1) // 2 * unit, (y + 1) // 2 * unit)
        if not kept or corner != kept[-1]:
            kept.append(corner)
    words = [f"M{kept[0][0]} {kept[0][1]}"]
    for before, (x, y) in pairwise(kept):
        words.append(f"V{y}" if before[0] == x else f"H{x}" if before[1] == y else f"L{x} {y}")
    return "".join(words) + "Z"


def _uri(kind: str, coded: NDArray[np.uint8]) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(coded.tobytes()).decode()}"
