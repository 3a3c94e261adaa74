"""Any picture to (H, W, 3) uint8 sRGB, by one policy; and our own maps to PNG and back.

The policy, in this order: first frame; EXIF orientation applied; 16 bit to 8 by the high
byte; palette, grey, CMYK and LAB to RGB; an embedded ICC profile that is not sRGB converted
to sRGB; alpha composited over white. What was done is recorded in `Decoded.done`.
Why each is so: docs/why/reading.md. No other module decodes pictures.
"""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from maskwright.errors import InputError
from maskwright.pairs.maskfile import read_mask
from maskwright.pairs.opening import (
    MAX_PIXELS,
    check_max_pixels,
    check_size,
    open_image,
    refused,
)
from maskwright.pairs.values import Mask, Picture, PictureLike

__all__ = ["MAX_PIXELS", "Decoded", "decode_grey", "encode_png", "read_mask", "read_picture"]


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture, what was done to read it, and the bytes it came from.

    Args:
        pixels: (H, W, 3) uint8, sRGB; may be read-only.
        done: steps beyond plain 8-bit RGB, in order: first_frame, exif_orientation_N, 16_bit,
            float_as_0_to_1, float_as_0_to_255, int_as_0_to_255, int_as_0_to_65535, one_bit, palette, grey,
            cmyk, lab, ycbcr, icc_to_srgb, icc_ignored, alpha_over_white.
        data: the file's bytes; None for images and arrays.
    """

    pixels: Picture
    done: tuple[str, ...] = ()
    data: bytes | None = None


def read_picture(picture: PictureLike, *, max_pixels: int = MAX_PIXELS) -> Decoded:
    """Read any picture as 8-bit sRGB, the same way for both sides of a pair.

    Args:
        picture: path, bytes, `Encoded`, `Located`, Pillow image, or a uint8 array of shape
            (H, W), (H, W, 1), (H, W, 3) RGB or (H, W, 4) RGBA.
        max_pixels: width times height a picture may have, checked before it is decoded.

    Raises:
        InputError: `reason` is the key of `REASONS` for the row; the message names the picture.

    >>> read_picture(np.zeros((2, 3), np.uint8)).done
    ('grey',)
    """
    if isinstance(picture, np.ndarray):
        image, done = _image_from_array(picture, max_pixels), ()
        if image is None:
            return Decoded(np.ascontiguousarray(picture))
        return _decoded(image, done, None, "the picture array")
    opened = open_image(picture, max_pixels=max_pixels)
    return _decoded(opened.image, opened.done, opened.data, opened.name)


def encode_png(grey: NDArray[np.uint8] | Mask) -> bytes:
    """Store a mask or a map of ours as an 8-bit grey PNG, quickly.

    Args:
        grey: (H, W) uint8, or bool, which is written as 0 and 255.

    Source:
        Settings measured on 512x512 maps, one core, OpenCV 5: a mask 0.33 ms and 1.3 kB, a smooth map
        0.6 ms and 15 kB, against 1.55 ms and 3.3 kB, 1.85 ms and 13 kB at OpenCV's defaults. Run-length
        matching suits flat areas; choosing a filter for each row is what costs OpenCV 1.2 ms.
    """
    if grey.ndim != 2 or not grey.size or grey.dtype not in (np.uint8, np.bool_):
        raise InputError(f"a stored map is (H, W) uint8 or bool, not {grey.shape} {grey.dtype}")
    is_mask = grey.dtype == np.bool_
    levels: NDArray[Any] = grey * np.uint8(255) if is_mask else grey
    settings = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
    # Older OpenCV has no choice of filter and takes one that is as quick.
    row_filter = getattr(cv2, "IMWRITE_PNG_FILTER_NONE" if is_mask else "IMWRITE_PNG_FILTER_UP", None)
    if row_filter is not None:
        settings += [cv2.IMWRITE_PNG_FILTER, row_filter]
    return cv2.imencode(".png", levels, settings)[1].tobytes()


def decode_grey(data: bytes) -> NDArray[np.uint8]:
    """A map that `encode_png` stored: (H, W) uint8.

    Raises:
        InputError: the bytes are not an 8-bit grey PNG.
    """
    grey = None
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        try:
            grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        except cv2.error:
            grey = None
    if grey is None or grey.ndim != 2 or grey.dtype != np.uint8:
        raise InputError(f"expected the bytes of an 8-bit grey PNG, found {len(data)} bytes that are not one")
    return np.asarray(grey, np.uint8)


def _decoded(image: Image.Image, done: tuple[str, ...], data: bytes | None, name: str) -> Decoded:
    """The policy, after opening: to colour, to sRGB, over white, to an array."""
    steps = list(done)
    image = _plain_mode(image, steps, name)
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    profile = image.info.get("icc_profile")
    if alpha is not None:
        image = image.convert(image.mode[:-1])
    if profile:
        step, transform = _srgb_transform(bytes(profile), image.mode)
        if step:
            steps.append(step)
        if transform is not None:
            image = ImageCms.applyTransform(image, transform) or image
    if image.mode not in ("RGB", "L"):  # CMYK and YCbCr without a profile of their own
        image = image.convert("RGB")
    if alpha is not None and alpha.getextrema()[0] != 255:
        steps.append("alpha_over_white")
        white = Image.new("RGB", image.size, (255, 255, 255))
        white.paste(image, mask=alpha)
        image = white
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[:, :, None], 3, axis=2)
    return Decoded(pixels, tuple(steps), data)


def _plain_mode(image: Image.Image, steps: list[str], name: str) -> Image.Image:
    """To 8 bits a channel, one of L, LA, RGB, RGBA, CMYK, YCbCr; appends to `steps`."""
    info = image.info
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = Image.fromarray(_eight_bit(np.asarray(image), steps, name))
    elif image.mode == "LAB":
        steps.append("lab")
        image = ImageCms.applyTransform(image, _lab_to_srgb()) or image
        info = {}  # a profile of the file's describes LAB, not what this is now
    elif image.mode in ("RGBa", "La"):
        image = image.convert({"RGBa": "RGBA", "La": "LA"}[image.mode])
    if image.mode in ("1", "L", "LA"):
        steps.append("one_bit" if image.mode == "1" else "grey")
    elif image.mode in ("P", "PA"):
        steps.append("palette")
    elif image.mode in ("CMYK", "YCbCr"):
        steps.append(image.mode.lower())
    if image.mode in ("P", "PA") or (image.mode in ("1", "L", "RGB") and "transparency" in image.info):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode not in ("L", "LA", "RGB", "RGBA", "CMYK", "YCbCr"):
        image = image.convert("RGB")
    image.info = info
    return image


def _eight_bit(values: NDArray[Any], steps: list[str], name: str) -> NDArray[np.uint8]:
    """Deep grey values to 0..255: 16 bit by the high byte, others by the range they keep to.

    The high byte is what Pillow keeps of 16-bit colour, so grey and colour agree, and a picture
    that was widened from 8 bits comes back exactly.
    """
    if values.dtype.kind == "u":
        return (values >> 8).astype(np.uint8)
    low, high = float(values.min()), float(values.max())
    kind = "float" if values.dtype.kind == "f" else "int"
    top = next((top for top in ((1, 255) if kind == "float" else (255, 65535)) if high <= top), None)
    if top is None or not low >= 0:  # NaN fails both
        raise refused("not_a_picture", name, f"grey from {low:g} to {high:g}: which is white?")
    steps.append(f"{kind}_as_0_to_{top}")
    return np.floor(values * (255 / top) + 0.5 if top != 65535 else values // 256).astype(np.uint8)


@functools.lru_cache(maxsize=32)
def _srgb_transform(profile: bytes, mode: str) -> tuple[str, ImageCms.ImageCmsTransform | None]:
    """What to do about an ICC profile: (step to record, transform to apply).

    A profile is sRGB, and skipped, when its transform moves no colour of a test chart by more
    than one level; names lie. Profiles that are broken, or made for another mode, are ignored.
    """
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            # what browsers and viewers do for photographs
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        if mode in ("RGB", "L"):
            chart = _chart().convert(mode)
            moved = np.asarray(ImageCms.applyTransform(chart, transform), np.int16) - np.asarray(
                chart.convert("RGB"), np.int16
            )
            if np.abs(moved).max() <= 1:
                return "", None
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, ImportError):
        return "icc_ignored", None
    return "icc_to_srgb", transform


@functools.lru_cache(maxsize=1)
def _lab_to_srgb() -> ImageCms.ImageCmsTransform:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB")


def _chart() -> Image.Image:
    """Every combination of 17 levels a channel."""
    levels = np.linspace(0, 255, 17).round().astype(np.uint8)
    return Image.fromarray(np.stack(np.meshgrid(levels, levels, levels), -1).reshape(17, -1, 3))


def _image_from_array(array: NDArray[Any], max_pixels: int) -> Image.Image | None:
    """A Pillow image of an array that needs the policy; None for one that is plain RGB already."""
    check_max_pixels(max_pixels)
    name, channels = "the picture array", array.shape[2:]
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or channels not in ((), (1,), (3,), (4,)):
        raise refused(
            "not_a_picture",
            name,
            f"expected uint8 of (H, W), (H, W, 3) or (H, W, 4), found {array.dtype} of {array.shape}",
            hint="scale the values to 0..255 and cast: array.astype(numpy.uint8)",
        )
    if not array.size:
        raise refused("not_a_picture", name, f"it has no pixels, its shape is {array.shape}")
    check_size(array.shape[1], array.shape[0], name, max_pixels)
    if channels == (3,):
        return None
    return Image.fromarray(np.ascontiguousarray(array[:, :, 0] if channels == (1,) else array))
