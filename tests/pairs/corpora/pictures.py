"""Pictures for miniatures: a photograph, an edit of it, the part that was edited."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = (64, 48)
"""Width, height."""


def photograph(seed: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """(H, W, 3) uint8: soft noise, another one a seed."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(40, 216, (6, 8, 3)).astype(np.uint8))
    soft = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC)).astype(np.int16)
    return np.clip(soft + rng.integers(-6, 7, soft.shape), 0, 255).astype(np.uint8)


def region(size: tuple[int, int] = SIZE) -> NDArray[np.bool_]:
    """(H, W) bool: an eighth of the picture, left and above of its middle, told from any turned copy."""
    width, height = size
    part = np.zeros((height, width), np.bool_)
    part[height // 8 : height // 2, width // 8 : width // 2 - width // 16] = True
    return part


def edited(picture: NDArray[np.uint8], part: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The picture with another one in that part."""
    other = photograph(999, (picture.shape[1], picture.shape[0]))[::-1, ::-1]
    return np.where(part[:, :, None], other, picture).astype(np.uint8)


def stored(array: NDArray[np.uint8] | NDArray[np.bool_], format_: str = "PNG", **options: object) -> bytes:
    """A picture file; bool arrays become 0 and 255."""
    levels = array * np.uint8(255) if array.dtype == np.bool_ else array
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, format_, **options)
    return buffer.getvalue()
