"""The blocks of metadata in a picture file, by walking its container; nothing is decoded or verified."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL import Image

from maskwright.pairs.jpegtables import jpeg_segments
from maskwright.pairs.opening import Header

TEXT_BYTES = 1 << 20
"""A text is read up to here; longer ones are cut, so that a small file cannot fill memory."""

MOST_TEXTS = 256
"""Text blocks of a file that are looked at."""

C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""Of the ISO box that holds Content Credentials: C2PA specification 2.1, A.5."""

C2PA_TIFF_TAG = 0xCD41
"""C2PA specification 2.1, A.3."""

_XMP_TAG = 0x02BC


@dataclass
class Blocks:
    """What a file carries beside its pixels.

    Args:
        exif: as Pillow's `Exif.load` takes it; empty if none.
        xmp: the packet, UTF-8; empty if none.
        texts: (keyword, text) of PNG's text chunks, in order.
        credentials: bytes that Content Credentials (C2PA) are stored in; empty if none.
    """

    exif: bytes = b""
    xmp: bytes = b""
    texts: list[tuple[str, str]] = field(default_factory=list)
    credentials: bytes = b""


def blocks_of(data: bytes, header: Header) -> Blocks:
    """The metadata blocks of a picture file; what is damaged is passed over.

    Args:
        data: the whole file.
        header: of the same file.
    """
    walk = {"JPEG": _jpeg, "PNG": _png, "WEBP": _webp, "TIFF": _tiff, "AVIF": _iso, "HEIF": _iso}
    blocks = Blocks()
    if header.format in walk:
        walk[header.format](data, header, blocks)
    return blocks


def _jpeg(data: bytes, header: Header, blocks: Blocks) -> None:
    for marker, payload in jpeg_segments(data):
        if marker == 0xE1 and payload.startswith(b"Exif\0") and not blocks.exif:
            blocks.exif = payload
        elif marker == 0xE1 and payload.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
            blocks.xmp = blocks.xmp or payload[29:]
        # APP11 in JUMBF's JPEG XT form (ISO/IEC 19566-5, D.2): "JP", box instance, packet, then the box
        elif (
            marker == 0xEB and payload.startswith(b"JP") and (blocks.credentials or b"c2pa" in payload[:128])
        ):
            blocks.credentials += payload[16:]


def _png(data: bytes, header: Header, blocks: Blocks) -> None:
    for kind, body in chunks_of(data, 8, ">I", head_first=False):
        if kind == b"eXIf":
            blocks.exif = blocks.exif or body
        elif kind == b"caBX":
            blocks.credentials = blocks.credentials or body
        elif kind in (b"tEXt", b"zTXt", b"iTXt") and len(blocks.texts) < MOST_TEXTS:
            keyword, text = _png_text(kind, body)
            if keyword == "XML:com.adobe.xmp":
                blocks.xmp = blocks.xmp or text.encode("utf-8", "replace")
            else:
                blocks.texts.append((keyword, text))


def _webp(data: bytes, header: Header, blocks: Blocks) -> None:
    for kind, body in chunks_of(data, 12, "<I", head_first=True):
        if kind == b"EXIF":
            blocks.exif = blocks.exif or body
        elif kind == b"XMP ":
            blocks.xmp = blocks.xmp or body
        elif kind == b"C2PA":
            blocks.credentials = blocks.credentials or body


def _tiff(data: bytes, header: Header, blocks: Blocks) -> None:
    blocks.exif = data  # a TIFF file is what EXIF is a copy of
    try:
        tags = Image.Exif()
        tags.load(data)
        found = {tag: tags.get(tag) for tag in (_XMP_TAG, C2PA_TIFF_TAG)}
    except Exception:  # foreign bytes: struct.error, KeyError, SyntaxError, ...
        return
    blocks.xmp, blocks.credentials = (
        bytes(value) if isinstance(value, bytes) else b"" for value in found.values()
    )


def _iso(data: bytes, header: Header, blocks: Blocks) -> None:
    exif, xmp = header.info.get("exif"), header.info.get("xmp")
    blocks.exif = exif if isinstance(exif, bytes) else b""
    blocks.xmp = xmp if isinstance(xmp, bytes) else b""
    for kind, body in _boxes(data):
        if (kind == b"uuid" and body.startswith(C2PA_UUID)) or (kind == b"jumb" and b"c2pa" in body[:128]):
            blocks.credentials = blocks.credentials or body


def chunks_of(data: bytes, at: int, length: str, *, head_first: bool) -> Iterator[tuple[bytes, bytes]]:
    """(kind, body) of PNG's chunks (length first, checksum behind) or RIFF's (kind first, padded)."""
    while at + 8 <= len(data):
        kind = data[at : at + 4] if head_first else data[at + 4 : at + 8]
        (size,) = struct.unpack_from(length, data, at if not head_first else at + 4)
        yield kind, data[at + 8 : at + 8 + size]
        at += 8 + size + (size & 1 if head_first else 4)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(kind, body) of the outermost boxes of an ISO base media file."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= len(data):
            (size,), head = struct.unpack_from(">Q", data, at + 8), 16
        elif size == 0:
            size = len(data) - at
        if size < head:
            return
        yield kind, data[at + head : at + size]
        at += size


def _png_text(kind: bytes, body: bytes) -> tuple[str, str]:
    """(keyword, text); PNG specification, third edition, 11.3.3."""
    keyword, _, rest = body.partition(b"\0")
    if kind == b"zTXt":
        text = _inflated(rest[1:])
    elif kind == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:].partition(b"\0")[2].partition(b"\0")[2]
        text = _inflated(rest) if packed else rest[:TEXT_BYTES]
    else:
        text = rest[:TEXT_BYTES]
    return keyword.decode("latin-1"), text.decode("utf-8" if kind == b"iTXt" else "latin-1", "replace")


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, TEXT_BYTES)
    except zlib.error:
        return b""
