"""The known mask of a pair: how it is stored, and how it lies on the measured change."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from maskwright.corpus.inspect.values import KnownMask
from maskwright.measures.metrics import pixel_iou
from maskwright.pairs.maskfile import fitted_mask, read_mask
from maskwright.pairs.opening import open_image
from maskwright.pairs.values import Encoded, Located, Mask, RuledMask

OTHERS_LEVEL = 127.5
"""IMDLBenCo takes mean(RGB) above this for edited (its abstract_dataset.py), and so do many."""

LEAST_CHANGE = 0.002
"""Share of the picture a measured change must have to be compared with the mask."""

SHAPE = 0.02
"""Proportions that differ by no more are the same: rounding of small sizes."""

TURNS: Mapping[str, Callable[[Mask], Mask]] = {
    "turned left": lambda mask: np.rot90(mask, 1),
    "turned right": lambda mask: np.rot90(mask, 3),
    "upside down": lambda mask: np.rot90(mask, 2),
    "mirrored": lambda mask: mask[:, ::-1],
    "mirrored upside down": lambda mask: mask[::-1],
    "transposed": lambda mask: mask.T,
    "transposed upside down": lambda mask: np.rot90(mask.T, 2),
}
"""What was done to a mask -> what undoes it or is undone by it; left is against the clock."""


def look_at_mask(
    stored: Encoded | Located | RuledMask,
    edited_size: tuple[int, int],
    original_size: tuple[int, int],
    change: Mask | None,
    *,
    max_pixels: int,
) -> tuple[KnownMask, Mask]:
    """What is known of a mask, and the mask.

    Args:
        stored: a `RuledMask` is fitted as its corpus allows, and how it is stored is no mistake.
        edited_size, original_size: (width, height), upright; of the two pictures.
        change: (H, W) bool on the edited picture's grid, what was measured; None if nothing was.

    Raises:
        InputError: it cannot be read; `reason` is bad_mask.
    """
    is_known = isinstance(stored, RuledMask)
    if isinstance(stored, RuledMask):
        mask = fitted_mask(stored, *edited_size, max_pixels=max_pixels)[0]
        image = open_image(stored.picture, max_pixels=max_pixels).image
    else:
        mask = read_mask(stored, max_pixels=max_pixels)
        image = open_image(stored, max_pixels=max_pixels).image
    colours = plain_of(image)
    height, width = mask.shape
    plain = mask if is_known else colours.mean(axis=2) > OTHERS_LEVEL
    fits = fits_of((width, height), edited_size, original_size)
    agreement = _agreement(mask, change) if change is not None and fits in ("edited", "turned") else {}
    known = KnownMask(
        width=width,
        height=height,
        mode=image.mode,
        top=int(colours.max()),
        levels=len(np.unique(colours.max(axis=2))),
        area_frac=float(mask.mean()),
        by_alpha=not is_known and is_clear(image) and not np.array_equal(plain, mask),
        seen_plainly=pixel_iou(mask, plain),
        fits=fits,
        agreement=agreement,
        covers=_covers(mask, change) if agreement and change is not None and fits == "edited" else math.nan,
    )
    return known, mask


def plain_of(image: Image) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 as a tool sees it that knows only 8-bit RGB; deep grey is cut off at 255."""
    if image.mode == "F" or image.mode.startswith("I"):
        grey = np.nan_to_num(np.clip(np.asarray(image), 0, 255)).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    # LAB knows no way to RGB but by a profile; its lightness is what there is to see
    return np.asarray((image.getchannel("L") if image.mode == "LAB" else image).convert("RGB"))


def is_clear(image: Image) -> bool:
    """Whether any of it can be seen through."""
    return image.has_transparency_data and np.asarray(image.convert("RGBA"))[:, :, 3].min() < 255


def fits_of(size: tuple[int, int], edited: tuple[int, int], original: tuple[int, int]) -> str:
    """How a mask's size fits, as `KnownMask.fits` says; all are (width, height)."""
    if size == edited:
        return "edited"
    if size == edited[::-1]:
        return "turned"
    if size == original:
        return "original"
    return "shape" if abs(size[0] * edited[1] / (size[1] * edited[0]) - 1) <= SHAPE else "other"


def _agreement(mask: Mask, change: Mask) -> Mapping[str, float]:
    if change.mean() < LEAST_CHANGE or not mask.any():
        return {}
    found = {
        name: pixel_iou(turn(mask), change)
        for name, turn in TURNS.items()
        if turn(mask).shape == change.shape
    }
    if mask.shape == change.shape:
        found |= {"as_is": pixel_iou(mask, change), "inverted": pixel_iou(~mask, change)}
    return found


def _covers(mask: Mask, change: Mask) -> float:
    return float(np.count_nonzero(mask & change) / np.count_nonzero(change))
