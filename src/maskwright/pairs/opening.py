"""Any picture file to a decoded Pillow image, turned upright; or the reason why not.

Formats are told by their first bytes, never by the file's name, and only those of
`MAGIC` (and HEIC with its extra) reach a decoder. Size is checked from the header
before anything is decoded. Pillow's global settings are neither changed nor relied on.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from PIL import Image

from maskwright.errors import InputError, SettingError
from maskwright.pairs.fetching import fetch
from maskwright.pairs.values import REASONS, Encoded, Linked, Located, PictureLike

MAX_PIXELS = 100_000_000
"""Pixels a picture may have: a little above Pillow's own warning (89 478 485), and 300 MB as RGB."""

MAGIC: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), name)
    for pattern, name in (
        (rb"\xff\xd8\xff", "JPEG"),
        (rb"\x89PNG\r\n\x1a\n", "PNG"),
        (rb"RIFF....WEBP", "WEBP"),
        (rb"II\*\0|MM\0\*|II\+\0|MM\0\+", "TIFF"),
        (rb"BM", "BMP"),
        (rb"GIF8[79]a", "GIF"),
        (rb"....ftyp(avif|avis)", "AVIF"),
        # mif1 and msf1 only say "some picture in this container": the compatible brands decide
        (rb"....ftyp(mif1|msf1).{4}(?:....){0,8}?avi[fs]", "AVIF"),
        (rb"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", "HEIF"),
    )
)
"""First bytes -> Pillow's name of the format; the first match wins."""

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF 2.32, tag 0x0112 (Orientation) -> what makes the picture upright."""

# The widest pixel read here is four channels of 32 bits; the rest is room for metadata.
BYTES_PER_PIXEL, METADATA_BYTES = 16, 1 << 26

LARGEST_FILE = MAX_PIXELS * BYTES_PER_PIXEL + METADATA_BYTES
"""Bytes a picture file may have where no other limit on pixels is known."""

T = TypeVar("T")

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_REMOTE_HINT = "a table's pictures are fetched with --allow-remote; or download them, then give paths"


@dataclass(frozen=True, slots=True)
class Opened:
    """A decoded, upright image in whatever mode its file has.

    Args:
        image: loaded; its `info` still holds the ICC profile.
        format: Pillow's name, HEIF, or empty for an image that came without a file.
        data: the file's bytes; None for an image that came without a file.
        name: what to call the picture in a message.
        done: what was done so far beyond decoding.
    """

    image: Image.Image
    format: str
    data: bytes | None
    name: str
    done: tuple[str, ...]


def open_image(picture: PictureLike, *, max_pixels: int = MAX_PIXELS) -> Opened:
    """Decode a picture file or take a Pillow image, first frame, upright.

    Raises:
        InputError: `reason` is file_missing, file_empty, not_a_picture, truncated, too_large,
            needs_heif, remote_not_allowed or remote_failed; the message names the file.
        SettingError: `max_pixels` is not a whole number of at least 1.
    """
    check_max_pixels(max_pixels)
    if isinstance(picture, Image.Image):
        name = shown(getattr(picture, "filename", "") or "the picture")
        return _guarded(lambda: _from_image(picture, name, max_pixels), name)
    data, name = _read(picture, max_pixels)
    format_ = _format(data, name)
    decode = _from_heif if format_ == "HEIF" else _from_file
    return _guarded(lambda: decode(data, format_, name, max_pixels), name)


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture file says of itself before its pixels are decoded.

    Args:
        format: Pillow's name, or HEIF.
        width, height: pixels as stored, not turned as EXIF says; of a HEIC file those of the upright picture.
        mode: Pillow's, of what decoding gives before any conversion: RGB, L, P, CMYK, I;16, ...
        info: what the plugin found beside the pixels: exif, xmp, icc_profile, ...
    """

    format: str
    width: int
    height: int
    mode: str
    info: Mapping[Any, Any]


def read_header(data: bytes, name: str = "the picture bytes") -> Header:
    """Read a picture file's header; no pixel is decoded.

    Raises:
        InputError: as `open_image`, but for what only decoding shows.
    """
    format_ = _format(data, name)
    read = _heif_header if format_ == "HEIF" else _plugin_header
    return _guarded(lambda: read(data, format_, name), name)


def read_bytes(picture: PictureLike, *, max_pixels: int = MAX_PIXELS) -> bytes:
    """The bytes of a picture file that is not decoded.

    Raises:
        InputError: file_missing, not_a_picture (no plain file, or no file at all), too_large,
            remote_not_allowed.
    """
    return _read(picture, max_pixels)[0]


def check_max_pixels(max_pixels: int) -> None:
    """Refuse a limit that is not a whole number of at least 1."""
    if isinstance(max_pixels, bool) or not isinstance(max_pixels, int) or max_pixels < 1:
        raise SettingError(f"max_pixels is a whole number of at least 1, not {max_pixels!r}")


def check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    """Refuse a picture of no or too many pixels, before it is decoded."""
    if width < 1 or height < 1:
        raise refused("truncated", name, f"its header says {width}x{height} pixels")
    if width * height > max_pixels:
        raise refused("too_large", name, f"{width}x{height} pixels, allowed are {max_pixels}")


def refused(reason: str, name: str, found: str = "", *, hint: str = "") -> InputError:
    """The error for a picture that is not read: which one, why, what was found."""
    message = f"{name}: {REASONS[reason]}" + (f" ({found})" if found else "")
    return InputError(message, reason=reason, hint=hint)


def shown(name: object) -> str:
    """A file name as it can be printed and stored: nothing unprintable, no lone surrogates."""
    text = os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) else str(name)
    return text if text.isprintable() else ascii(text)


def name_of(picture: PictureLike) -> str:
    """What a picture was called: its key or path as it was given; empty for one that has none."""
    if isinstance(picture, Encoded | Located):
        return picture.key
    return str(os.fspath(picture)) if isinstance(picture, str | os.PathLike) else ""


def is_remote(text: str) -> bool:
    """Whether a path is a URL."""
    return _URL.match(text) is not None


def _read(picture: PictureLike, max_pixels: int) -> tuple[bytes, str]:
    """The bytes of a picture file and what to call it."""
    if isinstance(picture, bytes | bytearray | memoryview):
        return bytes(picture), "the picture bytes"
    if isinstance(picture, Encoded):
        return picture.data, shown(picture.key)
    if not isinstance(picture, str | os.PathLike | Located):
        raise refused("not_a_picture", f"a {type(picture).__name__}", "paths, bytes, images, arrays are")
    path = picture.path if isinstance(picture, Located) else os.fspath(picture)
    name = shown(path)
    limit = max_pixels * BYTES_PER_PIXEL + METADATA_BYTES
    if isinstance(picture, Linked):
        return fetch(picture.path, name, limit), name
    if isinstance(path, str) and is_remote(path):
        raise refused("remote_not_allowed", name, hint=_REMOTE_HINT)
    try:
        state = os.stat(path)
        # a named pipe or a device would block or never end
        if not stat.S_ISREG(state.st_mode):
            raise refused("not_a_picture", name, "it is not a plain file")
        if state.st_size > limit:
            raise refused("too_large", name, f"the file has {state.st_size} bytes")
        with open(path, "rb") as file:
            return file.read(limit + 1), name
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise refused("file_missing", name, _words(error)) from error


def _format(data: bytes, name: str) -> str:
    """Pillow's name of a file's format, by its first bytes."""
    if not data:
        raise refused("file_empty", name)
    format_ = next((kind for pattern, kind in MAGIC if pattern.match(data[:64])), "")
    if not format_:
        raise refused("not_a_picture", name, f"it begins with {data[:8]!r}")
    return format_


def _guarded(decode: Callable[[], T], name: str) -> T:
    """Run a decoder; whatever it raises on hostile bytes becomes an InputError.

    Pillow reports oddities it can live with as warnings. Where the caller made warnings
    errors, the picture is read again with them off, so the result does not depend on filters.
    """
    try:
        try:
            return decode()
        except Warning:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return decode()
    except InputError:
        raise
    except (MemoryError, Image.DecompressionBombError) as error:
        raise refused("too_large", name, _words(error)) from error
    except Exception as error:  # plugins raise anything: struct.error, KeyError, zlib.error, ...
        unsupported = re.search(r"unknown|(un|not |n't )support", str(error), re.IGNORECASE)
        raise refused("not_a_picture" if unsupported else "truncated", name, _words(error)) from error


def _from_file(data: bytes, format_: str, name: str, max_pixels: int) -> Opened:
    return _upright(_by_plugin(data, format_, name), format_, data, name, max_pixels)


def _by_plugin(data: bytes, format_: str, name: str) -> Image.Image:
    """Opened, not decoded, by the one plugin the first bytes call for."""
    if format_ not in Image.OPEN:
        Image.init()
    if format_ not in Image.OPEN:
        raise refused("not_a_picture", name, f"this Pillow was built without {format_}")
    # The plugin itself, not Image.open: that one warns or refuses by Pillow's global limit.
    factory, accept = Image.OPEN[format_]
    accepted = accept(data[:16]) if accept else True
    if isinstance(accepted, str) or not accepted:
        raise refused("not_a_picture", name, f"this Pillow does not decode it as {format_}")
    return factory(io.BytesIO(data), "")


def _from_image(image: Image.Image, name: str, max_pixels: int) -> Opened:
    return _upright(image, image.format or "", None, name, max_pixels)


def _from_heif(data: bytes, format_: str, name: str, max_pixels: int) -> Opened:
    """HEIC by pillow-heif, called directly: registering it would change Pillow for the whole process."""
    heif = _heif(data, name)
    width, height = heif.size
    check_size(width, height, name, max_pixels)
    image = heif.to_pillow()  # libheif turns it upright
    return Opened(image, format_, data, name, ("first_frame",) if len(heif) > 1 else ())


def _heif(data: bytes, name: str) -> Any:
    try:
        import pillow_heif
    except ImportError as error:
        raise refused("needs_heif", name, hint="pip install 'maskwright[heif]'") from error
    return pillow_heif.open_heif(io.BytesIO(data))


def _heif_header(data: bytes, format_: str, name: str) -> Header:
    heif = _heif(data, name)
    width, height = heif.size
    return Header(format_, width, height, heif.mode, heif.info)


def _plugin_header(data: bytes, format_: str, name: str) -> Header:
    image = _by_plugin(data, format_, name)
    tags = getattr(image, "tag_v2", {}) if format_ == "TIFF" else {}
    # Pillow gives the size of the upright picture for a TIFF, and only for that
    width, height = tags.get(256, image.width), tags.get(257, image.height)
    if not (isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0):
        raise refused("truncated", name, f"its header says {width}x{height} pixels")
    return Header(format_, width, height, image.mode, dict(image.info))


def _upright(image: Image.Image, format_: str, data: bytes | None, name: str, max_pixels: int) -> Opened:
    """Check the size, decode the first frame, turn it as EXIF says."""
    check_size(*image.size, name, max_pixels)
    done = []
    with contextlib.suppress(Exception):  # a broken second frame is no fault of the first
        if data is not None and getattr(image, "is_animated", False):
            done.append("first_frame")
    # Pillow turns a TIFF while decoding and then forgets how; other formats may keep EXIF after the pixels.
    turn = _orientation(image) if format_ == "TIFF" else 1
    image.load()
    upright = image
    if format_ != "TIFF":
        turn = _orientation(image)
        if turn in UPRIGHT:
            upright = image.transpose(UPRIGHT[turn])
    if turn in UPRIGHT:
        done.append(f"exif_orientation_{turn}")
    if _is_deep(image, format_, data):
        done.append("16_bit")
    return Opened(upright, format_, data, name, tuple(done))


def _orientation(image: Image.Image) -> int:
    """EXIF's orientation, 1 where there is none or it cannot be read."""
    try:
        turn = image.getexif().get(0x0112, 1)
    except Exception:  # EXIF is foreign bytes too, and a picture is readable without it
        return 1
    return turn if isinstance(turn, int) else 1


def _is_deep(image: Image.Image, format_: str, data: bytes | None) -> bool:
    """Whether the file holds 16 bits a channel; Pillow keeps the high byte of colour pictures."""
    if image.mode.startswith("I;16"):
        return True
    if format_ == "PNG" and data is not None:
        return data[12:16] == b"IHDR" and data[24:25] == b"\x10"
    bits = getattr(image, "tag_v2", {}).get(258, (8,)) if format_ == "TIFF" else (8,)
    return image.mode not in ("I", "F") and bool(bits) and max(bits) == 16


def words(error: BaseException) -> str:
    """An error of another library in one short line."""
    return _short(str(error) or type(error).__name__)


def _words(error: BaseException) -> str:
    """The same; of the system's errors without their number and file."""
    return _short(error.strerror) if isinstance(error, OSError) and error.strerror else words(error)


def _short(text: str) -> str:
    return " ".join(shown(text).split())[:160]
