"""What one record showed: its defects, and the little that is kept of it to be set against all others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

from maskwright.datasets.check.values import Defect
from maskwright.pairs.descriptor import describe, phash, reduced
from maskwright.pairs.opening import read_bytes
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Encoded, Picture, PictureLike


@dataclass(frozen=True, slots=True)
class Read:
    """A picture that was read.

    Args:
        data: its file's bytes.
        pixels: (H, W, 3) uint8, upright.
        done: as `read_picture` says.
    """

    data: bytes
    pixels: Picture
    done: tuple[str, ...]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.pixels.shape[1], self.pixels.shape[0]


@dataclass(frozen=True, slots=True)
class Look:
    """What is kept of a picture: some 150 bytes.

    Args:
        file: digest of the file.
        pixels: digest of the pixels and the size.
        phash, descriptor: as `pairs.descriptor` gives them.
    """

    file: bytes
    pixels: bytes
    phash: str
    descriptor: bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """A record that was looked at.

    Args:
        forged: it is said to be, or its mask says so.
        compared: it was set against its original.
        picture, original: None where they could not be read.
        mask: digest of the mask as it was read; empty where there is none.
        odds: log odds that picture and original are exchanged, by their pixels; 0 where nothing is known.
        fits: `picture` or `original` where the two have different sizes and the mask has that of one of them.
    """

    id: str
    split: str
    label: str
    forged: bool
    compared: bool
    picture: Look | None
    original: Look | None
    mask: bytes
    odds: float
    fits: str
    defects: tuple[Defect, ...] = field(default_factory=tuple)


def read_side(stored: PictureLike, *, max_pixels: int) -> Read:
    """A picture's bytes and pixels, read once.

    Raises:
        InputError: as `read_picture`.
    """
    data = read_bytes(stored, max_pixels=max_pixels)
    decoded = read_picture(Encoded(data, getattr(stored, "key", "the picture")), max_pixels=max_pixels)
    return Read(data, decoded.pixels, decoded.done)


def look_of(read: Read) -> Look:
    """What is kept of a picture."""
    small = reduced(read.pixels)
    pixels = hashlib.blake2b(np.ascontiguousarray(read.pixels).data, digest_size=12)
    pixels.update(str(read.pixels.shape).encode())
    return Look(digest(read.data), pixels.digest(), phash(small), describe(small))


def digest(data: bytes) -> bytes:
    """Of a file, 12 bytes: two of a billion files are the same by chance once in 10 ** 11 times."""
    return hashlib.blake2b(data, digest_size=12).digest()
