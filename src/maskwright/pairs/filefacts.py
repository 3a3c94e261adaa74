"""What a picture file says of where it comes from: a codec's settings, a camera, an editor, a generator.

Everything here is read, nothing is verified: metadata can be written by anyone and is lost on
the way as easily. Of Content Credentials only the presence is told; no signature and no hash is checked.
Certain is only what the decoder itself goes by: the format, the size, the tables and sampling of a JPEG.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from maskwright.pairs.jpegtables import jpeg_facts
from maskwright.pairs.metadata import Blocks, blocks_of
from maskwright.pairs.opening import read_header

LINE = 80
"""Letters of a text that is shown: a line of a terminal."""

GENERATORS = re.compile(
    r"""(?ix) \b(?: stable[ _-]?diffusion | midjourney | dall[-·. ]?e | adobe[ ]firefly | comfyui
    | automatic1111 | novelai | invokeai | fooocus | flux\.1 | google[ ]imagen | made[ ]with[ ]google[ ]ai
    | gemini | openai | chatgpt | gpt-4o | ideogram | leonardo\.ai | swarmui | diffusers )\b"""
)
"""Names that generators and their shells write of themselves; words that mean something else in a common
language (flux, imagen) only together with what makes them a name."""

GENERATOR_KEYS: Mapping[str, str] = {
    "parameters": "stable-diffusion-webui and others",
    "prompt": "ComfyUI and others",
    "workflow": "ComfyUI",
    "Dream": "InvokeAI",
    "sd-metadata": "InvokeAI",
    "invokeai_metadata": "InvokeAI",
    "generation_data": "tensor.art",
}
"""Keyword of a PNG text -> who writes what it was made from there."""

SOURCE_TYPES = re.compile(rb"(?i)(compositeWithTrainedAlgorithmicMedia|trainedAlgorithmicMedia)")
"""IPTC's digital source types for pictures made, or changed, by a generator (cv.iptc.org)."""

_CREATOR_TOOL = re.compile(rb"CreatorTool\s*(?:=\s*[\"']([^\"'<>]{1,400})[\"']|>([^<]{1,400})<)")
_CREDIT = re.compile(rb"(?i)Made with Google AI")
_SOFTWARE, _MAKE, _MODEL, _GPS, _DETAILS, _COMMENT = 0x0131, 0x010F, 0x0110, 0x8825, 0x8769, 0x9286
_LATITUDE = 2


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a picture file is and says of itself; see the module on what that is worth.

    Args:
        sha256: of the file, 64 hex digits.
        format: JPEG, PNG, WEBP, TIFF, BMP, GIF, AVIF or HEIF, by its first bytes.
        width, height: pixels as stored, before EXIF turns it.
        jpeg_quality: 1..100, libjpeg's setting whose tables are nearest; None: no JPEG.
        jpeg_tables_standard: the tables are exactly libjpeg's at that quality; None: no JPEG.
        chroma: 4:2:0, 4:4:4, ...; empty where there is none or it is not known.
        software: who wrote the file, by EXIF, XMP or a PNG text; one printable line, or empty.
        camera: make and model of EXIF; one printable line, or empty.
        generator: what in the file says that a generator made it, in words; empty if nothing does.
        has_credentials: it holds Content Credentials (C2PA).
        has_gps: EXIF has a latitude.
    """

    sha256: str
    size_bytes: int
    format: str
    width: int
    height: int
    jpeg_quality: int | None
    jpeg_tables_standard: bool | None
    chroma: str
    software: str
    camera: str
    generator: str
    has_credentials: bool
    has_gps: bool


def file_facts(data: bytes) -> FileFacts:
    """What a picture file is and says of itself; no pixel is decoded.

    Args:
        data: the whole file.

    Raises:
        InputError: the bytes are no picture; `reason` as `read_picture` gives it. Odd or damaged
            metadata never raises: it counts as not there.
    """
    header = read_header(data)
    blocks = blocks_of(data, header)
    exif = _exif(blocks.exif)
    jpeg = jpeg_facts(data) if header.format == "JPEG" else None
    software = _line(_first_text(exif.get(_SOFTWARE), _creator_tool(blocks.xmp), _png_software(blocks)))
    return FileFacts(
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        format=header.format,
        width=header.width,
        height=header.height,
        jpeg_quality=jpeg.quality if jpeg else None,
        jpeg_tables_standard=jpeg.standard if jpeg else None,
        chroma=jpeg.chroma if jpeg else "4:2:0" if data[8:16] == b"WEBPVP8 " else "",
        software=software,
        camera=_camera(exif),
        generator=_generator(blocks, exif, software),
        has_credentials=bool(blocks.credentials),
        has_gps=exif.get(_GPS) is True,
    )


def _exif(data: bytes) -> dict[int, Any]:
    """The few tags that are used; the GPS tag is True where there is a latitude."""
    found: dict[int, Any] = {}
    if not data:
        return found
    # EXIF is foreign bytes, and Pillow's reader raises anything on them: struct.error, KeyError, ...
    with warnings.catch_warnings(), contextlib.suppress(Exception):
        warnings.simplefilter("ignore")
        exif = Image.Exif()
        exif.load(data)
        for tag in (_SOFTWARE, _MAKE, _MODEL):
            with contextlib.suppress(Exception):
                found[tag] = exif.get(tag)
        with contextlib.suppress(Exception):
            found[_GPS] = _LATITUDE in exif.get_ifd(_GPS)
        with contextlib.suppress(Exception):
            found[_COMMENT] = exif.get_ifd(_DETAILS).get(_COMMENT)
    return found


def _generator(blocks: Blocks, exif: Mapping[int, Any], software: str) -> str:
    """The evidence, strongest first, in words."""
    said = []
    for place, data in (("XMP", blocks.xmp), ("Content Credentials", blocks.credentials)):
        if named := SOURCE_TYPES.search(data):
            made = "changed" if named[1].lower().startswith(b"composite") else "made"
            said.append(f"its {place} say it was {made} by a generator")
    keys = [key for key, _ in blocks.texts if key in GENERATOR_KEYS]
    if keys:
        said.append(f"PNG text {keys[0]!r} ({GENERATOR_KEYS[keys[0]]})")
    if b"Steps: " in (comment := _comment(exif)) and b"Sampler: " in comment:
        said.append("the EXIF comment holds a generator's settings")
    if GENERATORS.search(software):
        said.append(f"software {software!r}")
    elif _CREDIT.search(blocks.xmp):
        said.append("XMP credit 'Made with Google AI'")
    else:
        said += [
            f"PNG text {_line(key)!r} names {match[0]}"
            for key, text in blocks.texts
            if key in ("Description", "Comment", "Source", "Author") and (match := GENERATORS.search(text))
        ][:1]
    return "; ".join(said)


def _comment(exif: Mapping[int, Any]) -> bytes:
    """EXIF's user comment without the zero bytes that UTF-16 has between plain letters."""
    comment = exif.get(_COMMENT)
    if isinstance(comment, str):
        comment = comment.encode("utf-8", "replace")
    return comment.replace(b"\0", b"") if isinstance(comment, bytes) else b""


def _creator_tool(xmp: bytes) -> str:
    match = _CREATOR_TOOL.search(xmp)
    return (match[1] or match[2]).decode("utf-8", "replace") if match else ""


def _png_software(blocks: Blocks) -> str:
    return next((text for key, text in blocks.texts if key == "Software"), "")


def _camera(exif: Mapping[int, Any]) -> str:
    make, model = _line(_first_text(exif.get(_MAKE))), _line(_first_text(exif.get(_MODEL)))
    if make and model.lower().startswith(make.lower().split()[0]):
        return model
    return _line(f"{make} {model}")


def _first_text(*values: Any) -> str:
    """The first text that is not blank."""
    for value in values:
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(value, str) and value.strip(" \0\t\r\n"):
            return value
    return ""


def _line(text: str) -> str:
    """One printable line of at most `LINE` letters; lone surrogates are not printable."""
    flat = "".join(sign if sign.isprintable() else " " for sign in text.partition("\0")[0][: 10 * LINE])
    return " ".join(flat.split())[:LINE].strip()
