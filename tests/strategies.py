"""Shared hypothesis strategies: tiny pictures, masks, broken bytes."""

from __future__ import annotations

import io

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image

SIZES = st.integers(1, 17)
"""Odd, even, one; small enough that a test stays quick."""


def pictures(*, channels: int = 3) -> st.SearchStrategy[NDArray[np.uint8]]:
    """(H, W, channels) uint8, 1 to 17 pixels a side."""
    return st.tuples(SIZES, SIZES).flatmap(lambda size: hnp.arrays(np.uint8, (*size, channels)))


def grey_maps() -> st.SearchStrategy[NDArray[np.uint8]]:
    """(H, W) uint8."""
    return st.tuples(SIZES, SIZES).flatmap(lambda size: hnp.arrays(np.uint8, size))


@st.composite
def masks(draw: st.DrawFn) -> NDArray[np.bool_]:
    """(H, W) bool: none, all, one pixel, a block with a hole, or anything."""
    height, width = draw(SIZES), draw(SIZES)
    kind = draw(st.sampled_from(["none", "all", "pixel", "hole", "any"]))
    mask = np.zeros((height, width), bool)
    if kind == "all":
        mask[:] = True
    elif kind == "pixel":
        mask[draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))] = True
    elif kind == "hole":
        mask[:] = True
        mask[height // 3 : height - height // 3, width // 3 : width - width // 3] = False
    elif kind == "any":
        mask = draw(hnp.arrays(np.bool_, (height, width)))
    return mask


def picture_file(format_: str, mode: str = "RGB", *, seed: int = 0, **options: object) -> bytes:
    """A 24x20 noise picture as a file."""
    rng = np.random.default_rng(seed)
    image = Image.fromarray(rng.integers(0, 256, (20, 24, 3), np.uint8)).convert(mode)
    stream = io.BytesIO()
    image.save(stream, format_, **options)
    return stream.getvalue()


FORMATS = (
    ("JPEG", "RGB"),
    ("JPEG", "L"),
    ("JPEG", "CMYK"),
    ("PNG", "RGB"),
    ("PNG", "RGBA"),
    ("PNG", "P"),
    ("PNG", "1"),
    ("PNG", "I;16"),
    ("WEBP", "RGB"),
    ("TIFF", "RGB"),
    ("TIFF", "CMYK"),
    ("TIFF", "LAB"),
    ("TIFF", "F"),
    ("BMP", "RGB"),
    ("GIF", "P"),
    ("AVIF", "RGB"),
)


@st.composite
def broken_files(draw: st.DrawFn) -> bytes:
    """A picture file with some bytes changed, cut off, doubled or put in."""
    format_, mode = draw(st.sampled_from(FORMATS))
    data = bytearray(_file(format_, mode))
    for _ in range(draw(st.integers(1, 4))):
        # headers decide most, so damage falls there half the time
        place = draw(st.integers(0, min(len(data), 64) if draw(st.booleans()) else len(data)))
        match draw(st.sampled_from(["change", "cut", "insert", "double"])):
            case "change":
                data[place : place + 4] = draw(st.binary(min_size=1, max_size=4))
            case "cut":
                del data[place:]
            case "insert":
                data[place:place] = draw(st.binary(min_size=1, max_size=8))
            case "double":
                data[place:place] = data[place : place + 64]
    return bytes(data)


_FILES: dict[tuple[str, str], bytes] = {}


def _file(format_: str, mode: str) -> bytes:
    """`picture_file`, made once; modes without a direct conversion from RGB go by a detour."""
    if (format_, mode) not in _FILES:
        if mode in ("I;16", "LAB", "F"):
            grey = np.random.default_rng(0).integers(0, 65536, (20, 24), np.uint16)
            image = {
                "I;16": lambda: Image.fromarray(grey),
                "LAB": lambda: Image.frombytes("LAB", (24, 20), bytes(24 * 20 * 3)),
                "F": lambda: Image.fromarray((grey / 65535).astype(np.float32)),
            }[mode]()
            stream = io.BytesIO()
            image.save(stream, format_)
            _FILES[format_, mode] = stream.getvalue()
        else:
            _FILES[format_, mode] = picture_file(format_, mode)
    return _FILES[format_, mode]
