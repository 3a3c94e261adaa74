"""Awkward picture files, made here, for which the right reading is known."""

from __future__ import annotations

import io
import struct
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Columns are the red, green, blue primaries in XYZ (D50): Display P3 and sRGB, as their ICC profiles have
# them.
P3 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])


def photo(height: int = 40, width: int = 56, *, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth colours with some detail, nothing the same in two corners; (H, W, 3) uint8."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (5, 7, 3)).astype(np.float32)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth + rng.normal(0, 4, smooth.shape), 0, 255).astype(np.uint8)


def saved(pixels: NDArray[Any] | Image.Image, format_: str, **options: Any) -> bytes:
    """The bytes of a picture file."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    stream = io.BytesIO()
    image.save(stream, format_, **options)
    return stream.getvalue()


def turned(orientation: int) -> bytes:
    """EXIF with nothing but an orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def matrix_profile(primaries: NDArray[np.float64], gamma: float) -> bytes:
    """An ICC version 2 display profile of three primaries and one gamma (ICC.1:2001-04, 6.3.1.2)."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(values: Any) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(fixed(value) for value in values)

    name = b"made by a test\0"
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(78 + 1),
        b"wtpt": xyz((0.9642, 1.0, 0.8249)),
        b"rXYZ": xyz(primaries[:, 0]),
        b"gXYZ": xyz(primaries[:, 1]),
        b"bXYZ": xyz(primaries[:, 2]),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, body, start = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for tag, value in tags.items():
        table += tag + struct.pack(">II", start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    header = bytearray(128)
    header[0:4] = struct.pack(">I", start + len(body))
    header[8:12] = b"\x02\x10\0\0"
    header[12:24] = b"mntrRGB XYZ "
    header[36:40] = b"acsp"
    header[68:80] = fixed(0.9642) + fixed(1.0) + fixed(0.8249)
    return bytes(header) + table + body


def p3_to_srgb(pixels: NDArray[np.uint8], gamma: float) -> NDArray[np.float64]:
    """What pixels of `matrix_profile(P3, gamma)` are in sRGB (IEC 61966-2-1), in levels."""
    linear = np.clip((pixels / 255.0) ** gamma @ (np.linalg.inv(SRGB) @ P3).T, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def png_header(width: int, height: int) -> bytes:
    """A PNG that says it is large and holds next to nothing."""
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
