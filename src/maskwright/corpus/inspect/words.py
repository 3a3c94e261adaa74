"""Whether words and pictures of a row go the same way: what was to be added is there, or was there before."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.sources.roles import normal
from maskwright.pairs.values import Mask, Picture

WORDS_WEIGHT = 0.8
"""Log odds for a clear case. Judgement: a thing put in mostly brings detail with it, and not always."""
CAPTION_WEIGHT = 1.5
"""Log odds. Judgement: two captions that differ by the word the instruction names leave little doubt."""

ADDING = re.compile(r"\s*(?:please\s+)?(?:add|insert|place|put|include|draw)\b", re.IGNORECASE)
REMOVING = re.compile(
    r"\s*(?:please\s+)?(?:remove|delete|erase|take\s+(?:away|out)|get\s+rid\s+of)\b", re.IGNORECASE
)
COLOURS: Mapping[str, tuple[int, int, int]] = {
    "red": (200, 30, 30),
    "orange": (240, 140, 30),
    "yellow": (240, 220, 40),
    "green": (40, 150, 60),
    "blue": (40, 80, 200),
    "purple": (130, 50, 160),
    "pink": (240, 130, 180),
    "brown": (120, 80, 40),
    "black": (20, 20, 20),
    "white": (240, 240, 240),
}
"""Typical RGB of colour words; only which of two pictures is nearer counts."""
_COLOURING = re.compile(
    rf"\b(?:make|turn|change|colou?r|paint|dye)\b.*\b({'|'.join(COLOURS)})\W*$", re.IGNORECASE
)

CAPTIONS: tuple[tuple[str, str], ...] = (
    ("source_caption", "target_caption"),
    ("original_caption", "edited_caption"),
    ("original_prompt", "edited_prompt"),
    ("input_caption", "output_caption"),
    ("input_caption_by_llama", "output_caption_by_llama"),
    ("input", "output"),
)
"""Columns of captions before and after, as public sets name them."""

_IDLE = frozenset(
    {"the", "of", "in", "on", "at", "to", "with", "and", "or", "is", "are", "it", "its", "this", "that"}
    | {"an", "some", "into", "from", "by", "for"}
)


def direction_by_words(
    instruction: str | None, columns: Mapping[str, Any], original: Picture, edited: Picture, mask: Mask
) -> Mapping[str, float]:
    """Evidence by name, log odds: above 0 the sides fit the words, below 0 they fit them exchanged.

    Args:
        columns: all other columns of the row; captions are found by name.
        original, edited: (H, W, 3) uint8 on one grid.
        mask: (H, W) bool, where they differ.
    """
    if not instruction:
        return {}
    found = {"captions": _captions(instruction, columns)}
    if mask.any():
        found["words"] = _things(instruction, original, edited, mask)
    return {name: value for name, value in found.items() if value}


def _things(instruction: str, original: Picture, edited: Picture, mask: Mask) -> float:
    """Detail inside the mask for things that come and go, colour for colours."""
    way = 1 if ADDING.match(instruction) else -1 if REMOVING.match(instruction) else 0
    if way:
        gain = math.log((_detail(edited, mask) + 1) / (_detail(original, mask) + 1))
        return WORDS_WEIGHT * way * max(-1.0, min(1.0, 2 * gain))
    if named := _COLOURING.search(instruction):
        wanted = _lab(np.array([[COLOURS[named[1].lower()]]], np.uint8))[0, 0]
        before, after = (
            float(np.linalg.norm(_lab(picture)[mask].mean(axis=0) - wanted)) for picture in (original, edited)
        )
        return WORDS_WEIGHT * max(-1.0, min(1.0, (before - after) / 20))
    return 0.0


def _detail(picture: Picture, mask: Mask) -> float:
    """Mean gradient inside the mask, grey levels a pixel."""
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), 1.0).astype(np.float32)
    across, down = cv2.Sobel(grey, -1, 1, 0, scale=0.125), cv2.Sobel(grey, -1, 0, 1, scale=0.125)
    return float(cv2.magnitude(across, down)[mask].mean())


def _lab(picture: Picture) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def _captions(instruction: str, columns: Mapping[str, Any]) -> float:
    """Whether what the instruction names comes with the second caption, or goes with the first."""
    named = {normal(name): value for name, value in columns.items() if isinstance(value, str) and value}
    for first, second in CAPTIONS:
        if first in named and second in named:
            before, after, asked = (_content(text) for text in (named[first], named[second], instruction))
            came, went = len(asked & (after - before)), len(asked & (before - after))
            way = -1 if REMOVING.match(instruction) else 1
            return CAPTION_WEIGHT * way * ((came > went) - (went > came))
    return 0.0


def _content(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{2,}", text.lower())) - _IDLE
