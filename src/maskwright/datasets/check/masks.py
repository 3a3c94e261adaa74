"""How a mask is stored, and what is wrong with that for those who read it in other ways."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from maskwright.corpus.inspect.checks.masks import SEEN
from maskwright.corpus.inspect.known import OTHERS_LEVEL, fits_of, is_clear, plain_of
from maskwright.measures.metrics import pixel_iou
from maskwright.pairs.maskfile import is_lossy, read_mask
from maskwright.pairs.opening import open_image, read_bytes
from maskwright.pairs.values import Encoded, Mask, MaskLike, RuledMask

FULL = 0.995
"""From this share on a mask is full: a rim of a pixel or two is no part that was left alone."""
MOST_AREA, MOST_RIM = 0.9, 0.9
"""Shares of the picture and of its rim from which on a mask looks inverted. Of 1,399 masks of generated pairs
of `train` photographs 0.2 % look so, replaced backgrounds; of the same masks inverted 47 %. From half of
the picture on it would be 1.3 and 66 %."""


@dataclass(frozen=True, slots=True)
class StoredMask:
    """A mask as it is stored and as it is meant.

    Args:
        mask: (H, W) bool, read by its rule or by ours, upright, not fitted.
        mode: Pillow's name of how it is stored.
        lossy: its file's format blurs levels.
        levels: different levels of its strongest channel, at most 256.
        top: the highest of them, 0..255.
        coloured: its channels differ.
        by_alpha: it is told by transparency.
        seen_plainly: IoU of the mask with what others see.
        seen_inverted: IoU of what is not the mask with that.
        turned: EXIF says that it is to be turned.
    """

    mask: Mask
    mode: str
    lossy: bool
    levels: int
    top: int
    coloured: bool
    by_alpha: bool
    seen_plainly: float
    seen_inverted: float
    turned: bool


def stored_mask(stored: MaskLike, *, max_pixels: int) -> StoredMask:
    """Read a mask, and how it is stored.

    Raises:
        InputError: it cannot be read, or not as a mask; `reason` says why.
    """
    picture = stored.picture if isinstance(stored, RuledMask) else stored
    file = Encoded(read_bytes(picture, max_pixels=max_pixels), getattr(picture, "key", "the mask"))
    mask = read_mask(
        replace(stored, picture=file) if isinstance(stored, RuledMask) else file, max_pixels=max_pixels
    )
    opened = open_image(file, max_pixels=max_pixels)
    colours = plain_of(opened.image)
    strongest = colours.max(axis=2)
    known = np.flatnonzero(np.bincount(strongest.ravel(), minlength=256))
    plain = colours.mean(axis=2) > OTHERS_LEVEL
    return StoredMask(
        mask=mask,
        mode=opened.image.mode,
        lossy=is_lossy(opened),
        levels=len(known),
        top=int(known[-1]),
        coloured=bool((strongest != colours.min(axis=2)).any()),
        by_alpha=is_clear(opened.image) and not np.array_equal(plain, mask),
        seen_plainly=pixel_iou(mask, plain),
        seen_inverted=pixel_iou(~mask, plain),
        turned=any(step.startswith("exif_orientation") for step in opened.done),
    )


def storage_defect(stored: StoredMask) -> tuple[str, str] | None:
    """(kind, detail) of how a mask is stored; the one that explains most, None where all read it alike."""
    told = f"{stored.mode}, {_levels(stored.levels)}, the highest {stored.top}"
    if stored.by_alpha:
        return "mask_in_alpha", told
    if stored.lossy:
        return "mask_lossy", told
    if stored.mask.any() and stored.seen_plainly < SEEN:
        if stored.seen_inverted > SEEN:
            return "mask_inverted", "its corpus marks in black what was edited"
        return "mask_dark", told
    if stored.coloured:
        return "mask_soft", f"coloured; {told}"
    if stored.levels > 2:
        return "mask_soft", told
    return None


def area_defect(mask: Mask, label: str, *, whole: bool) -> tuple[str, str] | None:
    """(kind, detail) of how much a mask marks.

    Args:
        label: forged, authentic, synthetic, or empty where nobody says.
        whole: that all of the picture was edited is known or measured.
    """
    area = float(mask.mean())
    if label == "authentic":
        return ("mask_of_authentic", f"{area:.1%} of it are marked") if area else None
    if not area:
        return ("mask_empty", "no pixel is marked") if label == "forged" else None
    if area >= FULL and not whole and label != "synthetic":
        return "mask_full", f"{area:.1%} of the picture are marked"
    return None


def looks_inverted(mask: Mask) -> bool:
    """Whether it marks most of the picture and nearly all of its rim."""
    rim = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return bool(MOST_AREA < mask.mean() < FULL and rim.mean() >= MOST_RIM)


def size_defect(size: tuple[int, int], picture: tuple[int, int]) -> tuple[str, str, str]:
    """(kind, detail, cure) of a mask of another size than its picture; both are (width, height)."""
    fits = fits_of(size, picture, picture)
    told = f"mask {size[0]}x{size[1]}, picture {picture[0]}x{picture[1]}"
    if fits == "turned":
        return "mask_turned", f"{told}: height and width are exchanged", ""
    return "mask_other_size", told, "resized" if fits == "shape" else ""


def _levels(count: int) -> str:
    return "1 level" if count == 1 else f"{count} levels"
