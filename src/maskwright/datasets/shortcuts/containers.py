"""Pictures of a dataset in containers that say nothing of what was edited, and the pixels that go into them.

Original and edited pictures come in files that differ: a JPEG of a camera beside a PNG of a generator. A
detector that may look at that need not look at the edit. So every picture is decoded, brought to
the size of the edited one, and stored by one encoder with one setting. What this cannot take
away is in the pixels: docs/why/shortcuts.md.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from PIL import Image

from maskwright.datasets.values import Stored
from maskwright.errors import InputError, SettingError
from maskwright.pairs.align import align
from maskwright.pairs.grid import check_same_grid
from maskwright.pairs.registration_warp import resized, warped
from maskwright.pairs.values import Mask, Picture

JPEG_LONGEST_PX = 65_500
"""libjpeg's JPEG_MAX_DIMENSION (jmorecfg.h)."""
PNG_LEVEL = 3
"""zlib's. A photograph of 481x321 pixels takes 242 kB and 19 ms; at Pillow's default, 6, 245 kB and 44 ms."""
BLEND_PX = 3
"""Pixels inside the border of a mask over which `paste_back` passes from the original to the edited picture:
a seam that is no step, and little of the edit lost. Our choice."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How all pictures of a dataset are stored; as text "png" or "jpeg 95".

    Args:
        quality: libjpeg's, 1 to 100; None for PNG.
    """

    kind: Literal["png", "jpeg"]
    quality: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("png", "jpeg"):
            raise SettingError(f"pictures are stored as png or jpeg, not {self.kind!r}")
        if self.kind == "png" and self.quality is not None:
            raise SettingError("a PNG has no quality: it keeps every pixel")
        if self.kind == "jpeg" and not (isinstance(self.quality, int) and 1 <= self.quality <= 100):
            raise SettingError(f"the quality of a JPEG is a whole number from 1 to 100, not {self.quality}")

    def __str__(self) -> str:
        return self.kind if self.quality is None else f"{self.kind} {self.quality}"


def encode(picture: Picture, encoding: Encoding) -> Stored:
    """A picture as a file that holds its pixels and nothing else; the same pixels give the same bytes.

    PNG: 8-bit RGB, chunks IHDR, IDAT, IEND. JPEG: baseline, 4:4:4, libjpeg's own tables and Huffman codes,
    JFIF's header of fixed content; no EXIF, no profile, no comment.

    Args:
        picture: (H, W, 3) uint8.

    Raises:
        InputError: the picture is not of that kind, is empty, or has too long a side for a JPEG.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or not picture.size:
        raise InputError(f"a stored picture is (H, W, 3) uint8, not {picture.shape} {picture.dtype}")
    image, stream = Image.fromarray(np.ascontiguousarray(picture)), io.BytesIO()
    if encoding.quality is None:
        image.save(stream, "PNG", compress_level=PNG_LEVEL)
        return Stored(stream.getvalue(), ".png")
    if max(image.size) > JPEG_LONGEST_PX:
        raise InputError(
            f"a picture of {image.width}x{image.height} pixels is too long for a JPEG,"
            f" which has at most {JPEG_LONGEST_PX} a side",
            hint="store the pictures as png",
        )
    # codes made for each picture (optimize) would differ in length from picture to picture
    image.save(stream, "JPEG", quality=encoding.quality, subsampling="4:4:4", optimize=False)
    return Stored(stream.getvalue(), ".jpg")


def on_grid(original: Picture, edited: Picture) -> tuple[Picture, Mask]:
    """The original on the edited picture's grid, in its own colours.

    Placed as `align` places it, but without its tone fit: that fit changes levels by a table, which leaves
    gaps in the histogram that authentic pictures do not have. Where nothing moved, it is the
    very array given.

    Args:
        original, edited: (H, W, 3) uint8; any two sizes.

    Returns:
        The original, of the edited picture's shape, and (H, W) bool: where it has a pixel. Elsewhere its
        border is repeated.

    Raises:
        InputError: reason `unrelated`: no place of one on the other was found.
    """
    height, width = edited.shape[:2]
    cv2.setRNGSeed(0)  # OpenCV's estimators draw from one generator a thread
    aligned = align(original, edited)
    kind = aligned.geometry.kind
    if kind == "unrelated":
        raise InputError("the original cannot be laid on the edited picture's grid", reason="unrelated")
    if kind == "identity" or aligned.tone.is_identity:
        return original if kind == "identity" else aligned.original, aligned.valid
    return warped(original, aligned.geometry.matrix, width, height), aligned.valid


def counterpart(original: Picture, width: int, height: int) -> Picture:
    """The original as an authentic picture as large as its edited one, without borders.

    Generators give squares, or sides that are multiples of 64; photographs seldom have such. So a size alone
    would tell edited from authentic. Untouched where the size is the same; else scaled, keeping its
    proportions, until it covers the size, and cut to it about its middle: a stretch, or bars, would
    tell as well.

    Args:
        original: (H, W, 3) uint8.
        width, height: of the edited picture; at least 1.
    """
    there = original.shape[:2]
    scale = max(height / there[0], width / there[1])
    tall, wide = (max(1, round(there[0] * scale)), max(1, round(there[1] * scale)))
    covering = resized(original, max(wide, width), max(tall, height))
    top, left = (covering.shape[0] - height) // 2, (covering.shape[1] - width) // 2
    return np.ascontiguousarray(covering[top : top + height, left : left + width])


def paste_back(original: Picture, valid: Mask, edited: Picture, mask: Mask) -> Picture:
    """The edited picture inside the mask, and the original everywhere else, exactly.

    The share of the edited picture rises over `BLEND_PX` pixels from the mask's border inwards, evenly with
    the distance to the nearest pixel outside; a region too thin for that rises faster, so that its
    innermost pixels are the edited ones. The frame of the picture is no border of a mask.

    Args:
        original, valid: as `on_grid` gives them.
        edited: (H, W, 3) uint8.
        mask: (H, W) bool, True = edited. Empty gives the original.

    Raises:
        GridError: the sizes differ.
        InputError: outside the mask there are pixels that the original does not have.
    """
    check_same_grid(edited=edited, original=original, valid=valid, mask=mask)
    missing = np.count_nonzero(~mask & ~valid)
    if missing:
        raise InputError(
            f"the original has no pixel in {missing / mask.size:.1%} of the picture that the mask leaves out,"
            " so nothing can be pasted back there",
            hint="keep the edited pictures as they are (--regeneration keep), or leave such rows out",
        )
    # where the original has no pixel, which is inside the mask, there is nothing to blend with
    share = np.where(valid, _share(mask), np.float32(1))[:, :, None]
    here, there = original.astype(np.float32), edited.astype(np.float32)
    return np.asarray(np.rint(here + share * (there - here)), np.uint8)


def _share(mask: Mask) -> np.ndarray:
    """(H, W) float32 in 0..1: how much of the edited picture each pixel gets; 0 outside the mask."""
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    count, regions = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    deepest = np.zeros(count, np.float32)
    np.maximum.at(deepest, regions.ravel().astype(np.intp), depth.ravel())
    ramp = np.clip(deepest, 1, BLEND_PX + 1)[regions]
    return np.asarray(np.minimum(depth / ramp, 1), np.float32)
