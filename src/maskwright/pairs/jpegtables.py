"""What the quantisation tables of a JPEG say of how it was saved."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LUMA: NDArray[np.int64] = np.array(
    [
        *(16, 11, 10, 16, 24, 40, 51, 61),
        *(12, 12, 14, 19, 26, 58, 60, 55),
        *(14, 13, 16, 24, 40, 57, 69, 56),
        *(14, 17, 22, 29, 51, 87, 80, 62),
        *(18, 22, 37, 56, 68, 109, 103, 77),
        *(24, 35, 55, 64, 81, 104, 113, 92),
        *(49, 64, 78, 87, 103, 121, 120, 101),
        *(72, 92, 95, 98, 112, 100, 103, 99),
    ]
)
CHROMA: NDArray[np.int64] = np.array(
    [
        *(17, 18, 24, 47, 99, 99, 99, 99),
        *(18, 21, 26, 66, 99, 99, 99, 99),
        *(24, 26, 56, 99, 99, 99, 99, 99),
        *(47, 66, 99, 99, 99, 99, 99, 99),
        *(99,) * 32,
    ]
)
"""(64,) by rows, at quality 50: ITU-T T.81, tables K.1 and K.2."""

ZIGZAG: NDArray[np.int64] = np.array(
    sorted(range(64), key=lambda k: (k // 8 + k % 8, (k // 8 if (k // 8 + k % 8) % 2 else k % 8)))
)
"""Place by rows of the nth stored value: ITU-T T.81, figure 5."""

SAMPLINGS = {
    (1, 1): "4:4:4",
    (2, 1): "4:2:2",
    (2, 2): "4:2:0",
    (1, 2): "4:4:0",
    (4, 1): "4:1:1",
    (4, 2): "4:1:0",
}
"""Luma samples to one chroma sample, across and down -> what this is called."""

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class JpegFacts:
    """How a JPEG was saved.

    Args:
        quality: 1..100, the setting of libjpeg whose tables are nearest; None where the file has no tables.
        standard: the tables are exactly those of libjpeg at that quality; None as above.
        chroma: a name of `SAMPLINGS`; empty for grey, and for what has no name.
    """

    quality: int | None
    standard: bool | None
    chroma: str


def jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(marker, payload) of the segments before the pixels; ends where the file stops making sense."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker in _BARE:
            at += 2
            continue
        length = struct.unpack_from(">H", data, at + 2)[0]
        if length < 2:
            return
        yield marker, data[at + 4 : at + 2 + length]
        if marker == 0xDA:
            return
        at += 2 + length


def jpeg_facts(data: bytes) -> JpegFacts:
    """Read the tables and sampling factors of a JPEG file; never raises.

    Nearest: the least sum of absolute differences over the tables of the first two components, since those
    of libjpeg are one for luma and one for both kinds of chroma. Of equally near settings the higher.
    """
    tables: dict[int, NDArray[np.int64]] = {}
    components: list[tuple[int, int, int]] = []
    for marker, payload in jpeg_segments(data):
        if marker == 0xDB:
            tables |= quantisation_tables(payload)
        elif marker in _FRAMES and not components:
            components = _components(payload)
    found = [tables[table] for _, _, table in components[:2] if table in tables]
    quality, standard = _nearest(found) if found else (None, None)
    return JpegFacts(quality, standard, _sampling(components))


def libjpeg_tables(quality: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(luma, chroma), (64,) each by rows, that libjpeg writes at a quality of 1..100 for baseline files.

    Source: libjpeg 6b, jcparam.c, jpeg_quality_scaling and jpeg_add_quant_table.
    """
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return (
        np.clip((LUMA * scale + 50) // 100, 1, 255),
        np.clip((CHROMA * scale + 50) // 100, 1, 255),
    )


def _nearest(found: list[NDArray[np.int64]]) -> tuple[int, bool]:
    distances = {
        quality: sum(
            int(np.abs(table - standard).sum())
            for table, standard in zip(found, libjpeg_tables(quality), strict=False)
        )
        for quality in range(100, 0, -1)
    }
    quality = min(distances, key=distances.__getitem__)
    return quality, distances[quality] == 0


def quantisation_tables(payload: bytes) -> Mapping[int, NDArray[np.int64]]:
    """Table number -> (64,) by rows; ITU-T T.81, B.2.4.1."""
    tables: dict[int, NDArray[np.int64]] = {}
    at = 0
    while at < len(payload):
        deep, number = payload[at] >> 4, payload[at] & 15
        width = 2 if deep else 1
        stored = payload[at + 1 : at + 1 + 64 * width]
        if len(stored) < 64 * width:
            break
        table = np.zeros(64, np.int64)
        table[ZIGZAG] = np.frombuffer(stored, ">u2" if deep else np.uint8)
        tables[number] = table
        at += 1 + 64 * width
    return tables


def _components(payload: bytes) -> list[tuple[int, int, int]]:
    """(samples across, samples down, table number) of each component; ITU-T T.81, B.2.2."""
    count = payload[5] if len(payload) > 5 else 0
    records = [payload[6 + 3 * i : 9 + 3 * i] for i in range(count)]
    return [(each[1] >> 4, each[1] & 15, each[2]) for each in records if len(each) == 3]


def _sampling(components: list[tuple[int, int, int]]) -> str:
    if len(components) != 3 or components[1][:2] != components[2][:2] or 0 in components[1][:2]:
        return ""
    (luma_x, luma_y, _), (chroma_x, chroma_y, _) = components[:2]
    if luma_x % chroma_x or luma_y % chroma_y:
        return ""
    return SAMPLINGS.get((luma_x // chroma_x, luma_y // chroma_y), "")
