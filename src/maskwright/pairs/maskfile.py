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
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError
from maskwright.pairs.opening import MAX_PIXELS, Opened, check_max_pixels, check_size, open_image
from maskwright.pairs.values import Mask, PictureLike

# More colours than this and what is seen is a photograph, not a drawing in a few colours with soft
# borders. A drawing's soft borders run through at most 256 levels of each colour; photographs of
# 64x64 pixels already hold more than 1000 colours.
DRAWN_COLOURS = 256


def read_mask(picture: PictureLike, *, max_pixels: int = MAX_PIXELS) -> Mask:
    """Read a mask of any common kind: 0/255, 0/1, palette, alpha, 1-bit, 16-bit, soft, JPEG.

    Nothing is inverted and nothing resized: white, or what the rules of this module say, is edited.

    Args:
        picture: as for `read_picture`; arrays may be bool, integer or float, (H, W) or with 1, 3 or 4
            channels (4 in uint8 only).

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
        return _from_image(open_image(picture, max_pixels=max_pixels))
    except InputError as error:
        raise InputError(f"the mask cannot be read: {error}", hint=error.hint, reason="bad_mask") from error


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
    image, lossy = opened.image, _is_lossy(opened)
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


def _is_lossy(opened: Opened) -> bool:
    """Whether neighbouring levels may be a codec's noise."""
    if opened.format == "WEBP":
        return opened.data is None or b"VP8L" not in opened.data[:64]
    return opened.format in ("JPEG", "MPO", "AVIF", "HEIF")
