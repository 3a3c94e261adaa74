"""What a picture file gives away without its content: facts of its container, two traces in its pixels."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from maskwright.pairs.jpegtables import jpeg_facts, jpeg_segments, quantisation_tables
from maskwright.pairs.metadata import blocks_of, chunks_of
from maskwright.pairs.opening import Header, read_header
from maskwright.pairs.values import Picture

PNG_CHUNKS = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI tEXt zTXt iTXt bKGD hIST pHYs sPLT"
    b" eXIf tIME acTL fcTL fdAT caBX".split()
)
WEBP_CHUNKS = frozenset(b"VP8 |VP8L|VP8X|ALPH|ANIM|ANMF|ICCP|EXIF|XMP |C2PA".split(b"|"))
"""Kinds of chunks that are told apart: PNG specification, third edition, 4.7, with C2PA's; RFC 9649, 2.7."""
_COUNTED = frozenset({b"IDAT", b"fdAT", b"ANMF"})
"""How many of these there are goes by the number of bytes, and so by the content."""
_FRAMES = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))
_MARKERS = {
    **{code: f"marker SOF{code - 0xC0}" for code in _FRAMES},
    **{0xE0 + number: f"marker APP{number}" for number in range(16)},
    0xC4: "marker DHT",
    0xCC: "marker DAC",
    0xDB: "marker DQT",
    0xDD: "marker DRI",
    0xFE: "marker COM",
}
"""ITU-T T.81, table B.1; SOF2 is progressive."""


def container_facts(data: bytes) -> Mapping[str, float]:
    """Facts of a picture file that anyone can read without decoding it, by name; what is not named is 0.

    Format, width, height, their ratio and whether both are multiples of 8 or 64, mode and depth, density,
    metadata by kind; of JPEG the tables, sampling, markers and length of the Huffman codes; of PNG and WebP
    the kinds of chunks. Not the size of the file, which goes by the content: see `bits_per_pixel`.

    Raises:
        InputError: the bytes are no picture; `reason` as `read_picture` gives it.
    """
    header = read_header(data)
    width, height = header.width, header.height
    facts: dict[str, float] = {
        f"format {header.format}": 1,
        f"mode {header.mode}": 1,
        "width": width,
        "height": height,
        "width / height": width / height,
        "sides multiples of 8": width % 8 == height % 8 == 0,
        "sides multiples of 64": width % 64 == height % 64 == 0,
        "density": _density(header),
        "profile": bool(header.info.get("icc_profile")),
    }
    blocks = blocks_of(data, header)
    # a TIFF's tags are its header; in other files EXIF is metadata
    facts["exif"] = bool(blocks.exif) and header.format != "TIFF"
    facts |= {"xmp": bool(blocks.xmp), "credentials": bool(blocks.credentials), "texts": len(blocks.texts)}
    if header.format == "JPEG":
        facts |= _of_jpeg(data)
    elif header.format == "PNG":
        facts["deep"] = data[24:25] == b"\x10"
        facts["interlaced"] = data[28:29] == b"\1"
        facts |= _of_chunks(data, 8, ">I", PNG_CHUNKS, head_first=False)
    elif header.format == "WEBP":
        facts |= _of_chunks(data, 12, "<I", WEBP_CHUNKS, head_first=True)
    return {name: float(value) for name, value in facts.items() if value}


def bits_per_pixel(data: bytes) -> float:
    """The size of a picture file for each of its pixels, 8 * bytes / (width * height).

    A trace in the pixels, not of the container: stored by one encoder, what was compressed or
    smoothed before takes fewer bits.

    Raises:
        InputError: as `container_facts`.
    """
    header = read_header(data)
    return 8 * len(data) / (header.width * header.height)


def blockiness(picture: Picture) -> float:
    """How much the 8 x 8 blocks of a JPEG, saved once before, still show: 0 not at all, 2 at most.

    |a - b - c + d| of four pixels, in brightness, has one histogram about the corners of blocks and another
    in the middle of blocks; this is the sum of their differences. Blocks are counted from the upper left
    corner; those of a picture that was cut or resized afterwards show less, or not at all. Chance adds more
    to small pictures: 0.18 at 400 x 280 pixels, where JPEG 92 has 0.38 and JPEG 75 0.66.

    Args:
        picture: (H, W, 3) uint8; 0 for one too small to have a corner of blocks.

    Source:
        Z. Fan, R. de Queiroz, Identification of bitmap compression history: JPEG detection and quantizer
        estimation, IEEE Transactions on Image Processing 12(2), 2003.
    """
    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY).astype(np.int16)
    cross = np.abs(grey[:-1, :-1] - grey[:-1, 1:] - grey[1:, :-1] + grey[1:, 1:])
    corners, middles = cross[7::8, 7::8].ravel(), cross[3::8, 3::8].ravel()
    if not corners.size:
        return 0.0
    about, within = (np.bincount(each, minlength=511) / each.size for each in (corners, middles))
    return float(np.abs(about - within).sum())


def _density(header: Header) -> float:
    """Dots an inch across, 0 where the file does not say."""
    dpi = header.info.get("dpi")
    try:
        density = float(dpi[0]) if isinstance(dpi, tuple) else 0.0
    except (TypeError, ValueError, ZeroDivisionError, IndexError):  # an EXIF fraction x/0 among others
        return 0.0
    return density if np.isfinite(density) else 0.0


def _of_jpeg(data: bytes) -> dict[str, float]:
    jpeg = jpeg_facts(data)
    facts: dict[str, float] = {
        "quality": jpeg.quality or 0,
        "standard tables": bool(jpeg.standard),
        f"sampling {jpeg.chroma or 'none'}": 1,
    }
    for marker, payload in jpeg_segments(data):
        name = _MARKERS.get(marker, "")
        if name:
            facts[name] = facts.get(name, 0) + 1
        if marker == 0xC4:
            facts["bytes of Huffman codes"] = facts.get("bytes of Huffman codes", 0) + len(payload)
        elif marker == 0xDB:
            for number, table in quantisation_tables(payload).items():
                facts[f"sum of table {number}"] = float(table.sum())
    return facts


def _of_chunks(
    data: bytes, at: int, length: str, known: frozenset[bytes], *, head_first: bool
) -> dict[str, float]:
    facts: dict[str, float] = {}
    for kind, _ in chunks_of(data, at, length, head_first=head_first):
        name = f"chunk {kind.decode().strip() if kind in known else 'of another kind'}"
        facts[name] = 1 if kind in _COUNTED else facts.get(name, 0) + 1
    return facts
