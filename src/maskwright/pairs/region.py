"""Where an edit was meant to be, on the edited picture's grid: a mask picture, a box, or run lengths."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import numpy as np

from maskwright.errors import InputError
from maskwright.pairs.maskfile import read_mask
from maskwright.pairs.opening import MAX_PIXELS, shown
from maskwright.pairs.rle import decode_rle
from maskwright.pairs.values import Mask, PictureLike, Shape

LOOKS = 'a mask picture, a box [x, y, width, height], or run lengths {"size": [height, width], "counts": ...}'
"""What a region can be, for people."""

_NUMBERS = re.compile(r"[-+0-9.eE]+(?:\s*,\s*[-+0-9.eE]+)+")


def shape_of(cell: Any) -> Shape | None:
    """A table's cell as a region in numbers; None for one that holds something else, like a path.

    >>> shape_of([1, 2, 3, 4]), shape_of(" 1,2, 3,4"), shape_of("masks/1.png")
    (Shape(text='[1, 2, 3, 4]'), Shape(text='[1,2, 3,4]'), None)
    """
    if isinstance(cell, dict) and "counts" in cell:
        held = {
            name: value.decode("latin-1") if isinstance(value, bytes) else value
            for name, value in cell.items()
        }
        return Shape(json.dumps(held, default=str))
    if isinstance(cell, list) and cell and not any(isinstance(one, str | bytes | dict) for one in cell):
        return Shape(json.dumps(cell, default=str))
    if not isinstance(cell, str):
        return None
    text = cell.strip()
    if _NUMBERS.fullmatch(text):
        return Shape(f"[{text}]")
    return Shape(text) if text[:1] in ("[", "{") else None


def read_region(
    region: PictureLike | Shape, *, width: int, height: int, max_pixels: int = MAX_PIXELS
) -> Mask:
    """A region as a mask. Nothing is resized, cut or moved: what does not fit is refused.

    A box has the pixels whose centre it holds; its numbers are pixels from the left and upper edge of the
    picture and need not be whole. Run lengths are those of `rle`.

    Args:
        width, height: of the edited picture.

    Returns:
        (H, W) bool.

    Raises:
        InputError: it cannot be read, has another size, is empty or leaves the picture; `reason` is bad_mask.

    >>> read_region(Shape("[1, 0, 2, 1]"), width=4, height=2)
    array([[False,  True,  True, False],
           [False, False, False, False]])
    """
    try:
        if isinstance(region, Shape):
            return _drawn(region.text, width, height)
        mask = read_mask(region, max_pixels=max_pixels)
        _check_size(mask.shape, width, height)
        return mask
    except InputError as error:
        raise InputError(f"region: {error}", hint=error.hint, reason="bad_mask") from error


def _check_size(size: tuple[int, ...], width: int, height: int) -> None:
    if size != (height, width):
        raise InputError(
            f"it is {size[1]}x{size[0]}, the edited picture {width}x{height} (width x height)",
            hint="a region is as large as the edited picture; nothing is resized for you",
        )


def _drawn(text: str, width: int, height: int) -> Mask:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return _runs(value, width, height)
    numbers = value if isinstance(value, list) else []
    if len(numbers) != 4 or not all(_is_number(number) for number in numbers):
        raise InputError(f"{shown(text)[:80]} is none", hint=f"a region is {LOOKS}")
    return _box(*numbers, width=width, height=height)


def _is_number(value: Any) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) < 2**53 and math.isfinite(value)


def _box(x: float, y: float, wide: float, tall: float, *, width: int, height: int) -> Mask:
    if x < 0 or y < 0 or wide <= 0 or tall <= 0 or x + wide > width or y + tall > height:
        raise InputError(
            f"the box [{x}, {y}, {wide}, {tall}] (x, y, width, height) is not inside the edited picture,"
            f" which is {width}x{height}",
            hint="its numbers are pixels of the edited picture, x and y those of the upper left corner",
        )
    # pixel i is [i, i + 1), its centre i + 0.5
    rows = slice(math.ceil(y - 0.5), math.ceil(y + tall - 0.5))
    columns = slice(math.ceil(x - 0.5), math.ceil(x + wide - 0.5))
    mask = np.zeros((height, width), np.bool_)
    mask[rows, columns] = True
    if not mask.any():
        raise InputError(f"the box [{x}, {y}, {wide}, {tall}] holds the centre of no pixel")
    return mask


def _runs(value: dict[str, Any], width: int, height: int) -> Mask:
    size, counts = value.get("size"), value.get("counts")
    if (
        not isinstance(size, list)
        or [type(side) for side in size] != [int, int]
        or not isinstance(counts, str | list)
    ):
        raise InputError("an object without size and counts is none", hint=f"a region is {LOOKS}")
    _check_size((size[0], size[1]), width, height)
    return decode_rle(counts, height, width)
