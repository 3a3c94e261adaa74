"""What one record showed: its defects, and the little that is kept of it to be set against all others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import cv2
import numpy as np

from maskwright.datasets.check.values import Defect
from maskwright.pairs.descriptor import describe, phash, reduced
from maskwright.pairs.filefacts import FileFacts
from maskwright.pairs.opening import read_bytes
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Encoded, Mask, Picture, PictureLike

DIGEST_BYTES = 12
FIELDS, APART = 8, 32
"""Fields along a side, and by how many levels of 255 one may differ where a mask was resized."""


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
        marked: as `marked` gives it; empty where there is no mask.
        ways: how the files of original and picture were saved; empty where one of them is not there.
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
    marked: bytes
    ways: tuple[str, str] | tuple[()]
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
    pixels = hashlib.blake2b(np.ascontiguousarray(read.pixels).data, digest_size=DIGEST_BYTES)
    pixels.update(str(read.pixels.shape).encode())
    return Look(digest(read.data), pixels.digest(), phash(small), describe(small))


def marked(mask: Mask) -> bytes:
    """Where a mask marks a picture, roughly: the share of each of 8x8 fields, 0..255 in a byte each."""
    levels = mask.view(np.uint8) * np.uint8(255)
    return bytes(cv2.resize(levels, (FIELDS, FIELDS), interpolation=cv2.INTER_AREA).ravel())


def marked_alike(one: bytes, other: bytes) -> bool:
    """Whether two masks mark the same, as far as `marked` tells; two that are not there do."""
    if len(one) != len(other):
        return False
    apart = np.frombuffer(one, np.uint8).astype(int) - np.frombuffer(other, np.uint8)
    return not len(apart) or int(np.abs(apart).max()) <= APART


def way_of(facts: FileFacts) -> str:
    """How a file was saved, in so few words that rows of one source have few different ones."""
    quality = "" if facts.jpeg_quality is None else f" {facts.jpeg_quality // 5 * 5}"
    return (
        f"{facts.format}{quality}{' camera' if facts.camera else ''}{' generator' if facts.generator else ''}"
    )


def digest(data: bytes) -> bytes:
    """Of a file: 12 bytes of its sha256; of a billion files two are the same by chance 1 time in 10 ** 11."""
    return hashlib.sha256(data).digest()[:DIGEST_BYTES]


def written(sha256: str) -> bytes:
    """The digest of a file whose checksum was written down, 64 hex digits."""
    return bytes.fromhex(sha256)[:DIGEST_BYTES]
