"""What a picture looks like, in 64 bytes and in 64 bits, so that near-duplicates are found without pictures.

A descriptor is a picture reduced to its lowest frequencies. Frequencies can be mirrored (some change
their sign) and cut to a window (a linear map), so two descriptors are compared the right way round and
mirrored, whole on whole and whole on each of 36 windows. Near means candidate, never proof.
Why, and how well it works: docs/why/descriptor.md.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError
from maskwright.pairs.values import Picture

Floats: TypeAlias = NDArray[np.float64]
Levels: TypeAlias = NDArray[np.float32]
"""(n, 128) float32: the coefficients of n descriptors, whole numbers from -7 to 7."""

DESCRIPTOR_BYTES = 64
"""Length of a descriptor: 128 coefficients of 4 bits."""
NEAR = 0.46
"""A distance below which two pictures are candidates: of different photographs, 1 pair in 10,000 is.

Measured on 874 `train` photographs (docs/why/descriptor.md). 0.52 lets 1 in 1,000 through, 0.40 1 in 100,000.
"""

_SIDE = 32
"""Pixels: both reduce a picture to a square of this side first. As imagehash does; 64 is no better."""
_HASHED = 8
"""Frequencies along each side that the hash keeps; imagehash's default."""
_FREQUENCIES = (9, 5, 5)
"""Frequencies along a side, 0 among them, of luma, blue and red difference: 80 + 24 + 24 coefficients."""
_SLOPE = 0.75
"""A coefficient counts by its frequency to this power: photographs hold ever less at higher ones.

0.5 and 1 are as good within .002 of mean recall.
"""
_COLOUR = 2.0
"""Weight of colour beside luma; at 3 grey copies begin to be missed, at 1 crops."""
_TOP = 7
"""The largest level. A coefficient of the mean size has it, so that no strong one decides alone."""
_FAINTEST = 0.25
"""Grey levels: weaker coefficients are a plain picture's noise. The plainest of 1,091 photographs has 1.5."""
_SPANS = ((0.0, 1.0), (0.0, 0.86), (0.14, 0.86), (0.0, 0.74), (0.13, 0.74), (0.26, 0.74))
"""Starts and lengths of windows along a side, in shares of it; 36 combinations, 55 to 100 % of the area."""


def reduced(picture: Picture) -> Picture:
    """All that hash and descriptor see of a picture: its averages on a grid of 32x32 (OpenCV's INTER_AREA).

    Both do this themselves, to a picture of this size it does nothing. For large pictures it is what they
    cost, so whoever wants both reduces once.
    """
    small = cv2.resize(np.ascontiguousarray(picture), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def phash(picture: Picture) -> str:
    """The perceptual hash of a picture: 16 hex digits, most of their bits alike where pictures look alike.

    `reduced`, to grey (ITU-R 601: 0.299, 0.587, 0.114), unnormalised DCT-II along both sides, the 8x8 lowest
    frequencies, 0 among them, divided by 1024 and rounded to 6 decimals. A bit is 1 where one is above the
    median of the 64. Rows are vertical frequencies; the first bit is that of the mean.

    Args:
        picture: (H, W, 3) uint8, at least 1x1.

    Returns:
        Text, not a number: tools make a float of a number that may be missing, and that has 53 bits. In
        DuckDB `('0x' || original_phash)::UBIGINT` is the number, `bit_count(xor(a, b))` counts what differs.

    Source:
        The hash that the package imagehash calls phash, which reduces by a Lanczos filter: that costs six
        times as much. Of 364 photographs 77 % have the same hash there, 99 % differ in at most 2 bits, none
        in more than 4.

    >>> phash(np.full((5, 4, 3), 200, np.uint8))
    '8000000000000000'
    """
    cosines = _dct(_HASHED) / _scale(_HASHED)
    lowest = np.round(cosines @ _luma(reduced(picture).astype(np.float64)) @ cosines.T, 6).ravel()
    return np.packbits(lowest > np.median(lowest)).tobytes().hex()


def describe(picture: Picture) -> bytes:
    """The descriptor of a picture: 64 bytes to be compared with `distance`.

    `reduced`, then split into luma (as `phash`), blue minus luma and red minus luma. Of each a DCT-II keeps
    the lowest frequencies without the mean, times frequency ** 0.75, colour times 2. All 128 are divided by
    their root mean square and rounded to 15 levels, cut beyond it. So brightness and contrast of the whole
    do not matter, nor do size and shape.

    Args:
        picture: (H, W, 3) uint8, at least 1x1.

    Returns:
        128 levels from -7 to 7, 8 added, two a byte, the first in the high half. Luma first, then blue, then
        red; of each, rows of vertical frequency. A picture without content has 128 zeros.
    """
    colours = reduced(picture).astype(np.float64)
    luma = _luma(colours)
    found = []
    for plane, count in zip(
        (luma, colours[..., 2] - luma, colours[..., 0] - luma), _FREQUENCIES, strict=True
    ):
        cosines = _dct(count)
        found.append((cosines @ plane @ cosines.T).ravel()[1:])
    weighted = np.concatenate(found) * _weights()
    strength = max(float(np.sqrt(np.mean(weighted**2))), _FAINTEST)
    levels = (np.clip(np.rint(_TOP * weighted / strength), -_TOP, _TOP) + 8).astype(np.uint8)
    return (levels[0::2] << 4 | levels[1::2]).tobytes()


def distance(first: bytes, second: bytes) -> float:
    """How unlike two pictures look by their descriptors: 0 the same, 1 nothing in common.

    As `distances`, of which it is one.
    """
    return float(distances([first], [second])[0, 0])


def distances(first: Sequence[bytes], second: Sequence[bytes]) -> NDArray[np.float32]:
    """How unlike each of the first looks to each of the second: (n, m) float32 in 0..1.

    One minus the cosine of the two vectors of levels, at the best of the whole pictures, each whole
    picture on the windows of the other, and all of these mirrored. Candidates are below `NEAR`. A picture
    without content is at 1 from everything, itself too: only its hash can say that it is the same.

    Args:
        first, second: descriptors. A pair costs 2 * 36 * 128 multiplications and some 20 bytes of memory
            on the way: take many at once, but not more than some thousands.

    Raises:
        InputError: one of them is not 64 bytes long.
    """
    left, right = levels_of(first), levels_of(second)
    likeness = np.maximum(_likeness(left, right), _likeness(right, left).T)
    return np.asarray(1 - np.minimum(likeness, 1), np.float32)


def levels_of(descriptors: Sequence[bytes]) -> Levels:
    """The coefficients of descriptors.

    Raises:
        InputError: one of them is not 64 bytes long.
    """
    for number, descriptor in enumerate(descriptors):
        if len(descriptor) != DESCRIPTOR_BYTES:
            raise InputError(
                f"a descriptor is {DESCRIPTOR_BYTES} bytes long, number {number} has {len(descriptor)}"
            )
    packed = np.frombuffer(b"".join(descriptors), np.uint8).reshape(-1, DESCRIPTOR_BYTES)
    levels = np.stack([packed >> 4, packed & 15], axis=2).reshape(-1, 2 * DESCRIPTOR_BYTES)
    return levels.astype(np.float32) - 8


@functools.cache
def windows() -> tuple[Levels, ...]:
    """(128, 128) each: takes levels of a whole picture to those of one of 36 windows, but for a factor."""
    weights = _weights()
    made = []
    for top, height in _SPANS:
        for left, width in _SPANS:
            window = np.zeros((len(weights), len(weights)))
            at = 0
            for count in _FREQUENCIES:
                # the mean is of no use to other frequencies, nor are they wanted for it
                block = np.kron(_span(count, top, height), _span(count, left, width))[1:, 1:]
                window[at : at + len(block), at : at + len(block)] = block
                at += len(block)
            made.append((weights[:, None] * window / weights).astype(np.float32))
    return tuple(made)


@functools.cache
def odd() -> NDArray[np.bool_]:
    """(128,): those that change their sign when the picture is mirrored."""
    return np.concatenate([_grid(count)[1].ravel()[1:] % 2 == 1 for count in _FREQUENCIES])


def _likeness(whole: Levels, windowed: Levels) -> NDArray[np.float32]:
    """(n, m) cosines of whole pictures with windows of others: the best, mirrored or not; at least 0."""
    is_odd = odd()
    seen = _unit(whole)
    even_part, odd_part = seen[:, ~is_odd], seen[:, is_odd]
    best = np.zeros((len(whole), len(windowed)), np.float32)
    for window in windows():
        part = _unit(windowed @ window.T)
        # mirroring turns the sign of the second term, whichever of the two is mirrored
        both = even_part @ part[:, ~is_odd].T + np.abs(odd_part @ part[:, is_odd].T)
        np.maximum(best, both, out=best)
    return best


def _unit(vectors: Levels) -> Levels:
    """Each row at length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-6), np.float32)


def _span(count: int, start: float, length: float) -> Floats:
    """(count, count): takes coefficients along a side to those along a part of it."""
    places = (np.arange(1024) + 0.5) / 1024  # the integral over a side, by its midpoints
    return _basis(count, places) @ _basis(count, start + length * places).T / len(places)


def _basis(count: int, places: Floats) -> Floats:
    """(count, n): the cosines of a side from 0 to 1 at these places, each of mean square 1."""
    return np.asarray(_scale(count) * np.cos(np.pi * np.outer(np.arange(count), places)))


def _scale(count: int) -> Floats:
    """(count, 1): what brings a cosine to a mean square of 1."""
    return np.where(np.arange(count) > 0, np.sqrt(2), 1.0)[:, None]


@functools.cache
def _dct(count: int) -> Floats:
    """(count, 32): takes a side of a reduced picture to its coefficients."""
    return _basis(count, (np.arange(_SIDE) + 0.5) / _SIDE) / _SIDE


def _luma(colours: Floats) -> Floats:
    """(H, W) grey levels, ITU-R 601, not rounded, of (H, W, 3)."""
    return np.asarray(colours @ np.array([0.299, 0.587, 0.114]))


@functools.cache
def _weights() -> Floats:
    """(128,): what each coefficient is multiplied with."""
    return np.concatenate(
        [
            (1.0 if at == 0 else _COLOUR) * np.hypot(*_grid(count)).ravel()[1:] ** _SLOPE
            for at, count in enumerate(_FREQUENCIES)
        ]
    )


def _grid(count: int) -> NDArray[np.intp]:
    """(2, count, count): vertical and horizontal frequencies."""
    return np.indices((count, count))
