"""Masks as people have them, read as what they are: (H, W) bool, True = edited.

The rules, first match wins (the page docs/why/reading.md says why):

1.  bool arrays and 1-bit pictures are taken as they are.
2.  A palette of colours: every index above 0. A palette of greys is a grey mask.
3.  Transparency, somewhere:
    a.  what can be seen is a photograph: transparent is edited (the picture with a hole);
    b.  what can be seen is all black: transparent is edited (a hole in a black sheet);
    c.  otherwise what can be seen is the drawing, laid over black, and rules 4 and 5 hold.
4.  Colours: the strongest channel is the level; black is what was not edited.
5.  Levels: one level, edited where it is not 0; two, the higher; more, from half of the
    range upwards (128 of 255, 32768 of 65535); none that high, then they are labels and
    every one above 0 is edited. In lossy files (JPEG) always from half of the range upwards.

A `RuledMask` brings its own rule instead, because its corpus is known: `alpha == 0`, `green > 120`.
"""

from __future__ import annotations

import operator
import re
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError
from maskwright.pairs.opening import MAX_PIXELS, Opened, check_max_pixels, check_size, open_image
from maskwright.pairs.values import Mask, MaskLike, RuledMask

# More colours than this and what is seen is a photograph, not a drawing in a few colours with soft
# borders. A drawing's soft borders run through at most 256 levels of each colour; photographs of
# 64x64 pixels already hold more than 1000 colours.
DRAWN_COLOURS = 256


FITS = {
    "same": "another size is refused",
    "nearest": "resized, the nearest pixel counts",
    "turned": "on its side: turned left; within 2 % of the size: resized; else refused",
}
"""What is done with a mask of another size than its picture's. `turned` is what TruFor's loader does
(AbstractDataset.py) but for the 2 %: it resizes masks of any size."""

NEAR = 0.02
"""Share of height and of width by which a mask may differ to be resized under `turned`; of the 17 masks of
CASIA v2 that do not fit, 5 lie on their side and 8 are this near (ecosystem notes, 2.2)."""

_RULE = re.compile(r"(alpha|green|grey|strongest) (<|>|==) (\d+(?:\.\d+)?)")
_COMPARED = {"<": operator.lt, ">": operator.gt, "==": operator.eq}


def read_mask(picture: MaskLike, *, max_pixels: int = MAX_PIXELS) -> Mask:
    """Read a mask of any common kind: 0/255, 0/1, palette, alpha, 1-bit, 16-bit, soft, JPEG.

    Nothing is inverted and nothing resized: white, or what the rules of this module say, is edited.

    Args:
        picture: as for `read_picture`; arrays may be bool, integer or float, (H, W) or with 1, 3 or 4
            channels (4 in uint8 only). A `RuledMask` is read by its own rule.

    Returns:
        (H, W) bool on the mask's own grid, upright as EXIF says.

    Raises:
        InputError: it cannot be read or cannot be meant as a mask; `reason` is bad_mask.

    >>> read_mask(np.array([[0, 1]], np.uint8))
    array([[False,  True]])
    """
    try:
        if isinstance(picture, np.ndarray):
            check_max_pixels(max_pixels)
            return _from_array(picture, max_pixels)
        if isinstance(picture, RuledMask):
            opened = open_image(picture.picture, max_pixels=max_pixels)
            return ruled(opened, picture.rule) if picture.rule else _from_image(opened)
        return _from_image(open_image(picture, max_pixels=max_pixels))
    except InputError as error:
        raise InputError(f"the mask cannot be read: {error}", hint=error.hint, reason="bad_mask") from error


def fitted_mask(mask: MaskLike, width: int, height: int, *, max_pixels: int = MAX_PIXELS) -> tuple[Mask, str]:
    """Read a mask onto its picture's grid, as its corpus allows; only a `RuledMask` can be fitted.

    Args:
        width, height: of the picture, upright.

    Returns:
        (H, W) bool of the picture's size; and what was done: empty, turned or resized.

    Raises:
        InputError: as `read_mask`; or its size does not fit; `reason` is bad_mask.
    """
    read = read_mask(mask, max_pixels=max_pixels)
    fit = mask.fit if isinstance(mask, RuledMask) else "same"
    tall, wide = read.shape
    if (wide, tall) == (width, height):
        return read, ""
    if fit == "turned" and (tall, wide) == (width, height):
        return np.ascontiguousarray(np.rot90(read)), "turned"
    near = abs(wide - width) <= NEAR * width and abs(tall - height) <= NEAR * height
    if fit == "nearest" or (fit == "turned" and near):
        sized = cv2.resize(read.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
        return sized.astype(np.bool_), "resized"
    sizes = f"the mask is {wide}x{tall}, the edited picture {width}x{height} (width x height)"
    raise InputError(sizes, reason="bad_mask")


def mask_and_ignore(
    mask: MaskLike | None, ignore: MaskLike | None, width: int, height: int
) -> tuple[Mask | None, Mask | None]:
    """A mask, fitted, and where nobody can say, both on a picture's grid; None for what is not there.

    Raises:
        InputError: as `fitted_mask`; what is ignored is not of the picture's size.
    """
    known = None if mask is None else fitted_mask(mask, width, height)[0]
    unknown = None if ignore is None else read_mask(ignore)
    if unknown is not None and unknown.shape != (height, width):
        raise InputError("the ignore is not of the picture's size", reason="bad_mask")
    return known, unknown


def ruled(opened: Opened, rule: str) -> Mask:
    """The pixels of an opened mask that a rule calls edited.

    Args:
        rule: `alpha == 0`, `green > 120`, `grey < 180`, `strongest > 0`: which level of a pixel is compared
            with what. Levels are 0..255; grey is ITU-R 601-2 luma as Pillow takes it, strongest the highest
            of red, green and blue.

    Raises:
        InputError: the rule is none, or the picture has no such levels: no transparency, or more than 8 bits.
    """
    parts = _RULE.fullmatch(rule)
    if parts is None:
        raise InputError(f"{rule!r} is no rule for masks")
    image, level = opened.image, parts[1]
    if image.mode == "F" or image.mode.startswith("I"):
        raise InputError(f"its levels are {image.mode}, its corpus has masks of 8 bits")
    if level == "alpha" and not image.has_transparency_data:
        raise InputError("it has no transparency, by which its corpus marks what was edited")
    levels: NDArray[np.uint8]
    if level == "grey":
        levels = np.asarray(image.convert("L"))
    else:
        pixels = np.asarray(image.convert("RGBA"))
        channel = {"green": 1, "alpha": 3}.get(level)
        levels = pixels[:, :, :3].max(axis=2) if channel is None else pixels[:, :, channel]
    return np.asarray(_COMPARED[parts[2]](levels, float(parts[3])), np.bool_)


def _from_array(array: NDArray[Any], max_pixels: int) -> Mask:
    channels = array.shape[2:]
    if array.ndim not in (2, 3) or not array.size or channels not in ((), (1,), (3,), (4,)):
        raise InputError(f"a mask array is (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), not {array.shape}")
    if array.dtype.kind not in "buif":
        raise InputError(f"a mask array holds bool, integers or floats, not {array.dtype}")
    check_size(array.shape[1], array.shape[0], "the mask array", max_pixels)
    if channels == (1,):
        array = array[:, :, 0]
    if array.dtype == np.bool_:
        return np.asarray(array.any(axis=2) if array.ndim == 3 else array, np.bool_)
    if channels == (4,):
        if array.dtype != np.uint8:
            raise InputError(f"a mask array with alpha is uint8, not {array.dtype}")
        return _with_alpha(array[:, :, :3], array[:, :, 3], lossy=False)
    return _from_colours(array, lossy=False) if array.ndim == 3 else _from_levels(array, lossy=False)


def _from_image(opened: Opened) -> Mask:
    image, lossy = opened.image, is_lossy(opened)
    if image.mode == "1":
        return np.asarray(image)
    if image.mode == "P":
        indices = np.asarray(image)
        colours = np.asarray(image.convert("RGB"))
        if not _is_grey(colours):
            return indices > 0
        if "transparency" not in image.info:
            return _from_levels(colours[:, :, 0], lossy=lossy)
    if image.has_transparency_data:
        pixels = np.asarray(image.convert("RGBA"))
        return _with_alpha(pixels[:, :, :3], pixels[:, :, 3], lossy=lossy)
    if image.mode in ("L", "I", "F") or image.mode.startswith("I;16"):
        return _from_levels(np.asarray(image), lossy=lossy)
    return _from_colours(np.asarray(image.convert("RGB")), lossy=lossy)


def _with_alpha(colours: NDArray[np.uint8], alpha: NDArray[np.uint8], *, lossy: bool) -> Mask:
    """Rule 3; `colours` (H, W, 3), `alpha` (H, W), both 0..255."""
    if alpha.min() == 255:
        return _from_colours(colours, lossy=lossy)
    transparent = alpha < 128
    seen = colours[~transparent]
    if not seen.size:  # nothing can be seen: all of it was cut out
        return transparent
    codes = seen.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    if not seen.any() or len(np.unique(codes)) > DRAWN_COLOURS:
        return transparent
    return _from_colours(np.where(transparent[:, :, None], np.uint8(0), colours), lossy=lossy)


def _from_colours(colours: NDArray[Any], *, lossy: bool) -> Mask:
    """Rule 4; `colours` (H, W, 3)."""
    edited = _from_levels(colours.max(axis=2), lossy=lossy)
    if edited.all() and not _is_grey(colours):
        raise InputError("a coloured mask without black does not say which colour is not edited")
    return edited


def _from_levels(levels: NDArray[Any], *, lossy: bool) -> Mask:
    """Rule 5; `levels` (H, W), integers or floats from 0 up."""
    if levels.dtype == np.uint8:
        known = np.flatnonzero(np.bincount(levels.ravel(), minlength=256))
    else:
        known = np.unique(levels)
    low, high = known[0], known[-1]
    if not (low >= 0 and np.isfinite(high)):
        raise InputError(f"mask levels are 0 or more and finite, found {low:g} to {high:g}")
    top = 1 if levels.dtype.kind == "f" and high <= 1 else 255 if high <= 255 else 65535
    half = top / 2
    if lossy:
        edited = levels >= half
    elif len(known) == 2:
        edited = levels == high
    else:
        edited = levels >= half if len(known) > 2 and high >= half else levels > 0
    return np.asarray(edited, np.bool_)


def _is_grey(colours: NDArray[Any]) -> bool:
    return bool((colours == colours[:, :, :1]).all())


def is_lossy(opened: Opened) -> bool:
    """Whether neighbouring levels may be a codec's noise."""
    if opened.format == "WEBP":
        return opened.data is None or b"VP8L" not in opened.data[:64]
    return opened.format in ("JPEG", "MPO", "AVIF", "HEIF")
