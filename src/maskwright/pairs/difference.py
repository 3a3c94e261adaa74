"""Plain differences of two pictures, in grey levels: the building blocks of the baselines.

Blurring the signed difference, not its absolute value, lets noise of mean zero cancel: codecs and
generators leave such noise, edits do not (design, What is known).
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.grid import check_same_grid
from maskwright.pairs.values import Picture

Grey: TypeAlias = NDArray[np.uint8]
"""(H, W) uint8, grey levels, rounded."""

BLUR_SIGMA = 2.0
"""Pixels; of the blurred absolute difference (design, Measures)."""
VISIBLE = 8
"""Grey levels: a change by less cannot be seen and counts as not there (design, Measures)."""
SIGNED_SIGMA = 2.5
"""Pixels; of the blurred signed difference (design, Measures)."""


def difference(original: Picture, edited: Picture) -> Grey:
    """The largest absolute difference of the three channels.

    Raises:
        GridError: the pictures differ in size.
    """
    check_same_grid(original=original, edited=edited)
    return np.asarray(cv2.absdiff(original, edited).max(axis=2), np.uint8)


def blurred_difference(original: Picture, edited: Picture, *, sigma: float = BLUR_SIGMA) -> Grey:
    """The same, then blurred by a Gaussian: noise is averaged, but does not cancel."""
    return np.asarray(cv2.GaussianBlur(difference(original, edited), (0, 0), sigma), np.uint8)


def signed_difference(original: Picture, edited: Picture, *, sigma: float = SIGNED_SIGMA) -> Grey:
    """Edited minus original, blurred channel by channel, then its largest absolute value: noise cancels."""
    check_same_grid(original=original, edited=edited)
    signed = cv2.subtract(edited, original, dtype=cv2.CV_32F)
    smooth = np.abs(cv2.GaussianBlur(signed, (0, 0), sigma)).max(axis=2)
    return np.asarray(np.rint(smooth), np.uint8)


def on_grid_of(edited: Picture, original: Picture) -> Picture:
    """The original resized to the edited picture's size and not registered; itself where they agree."""
    if original.shape == edited.shape:
        return original
    height, width = edited.shape[:2]
    smaller = height * width < original.shape[0] * original.shape[1]
    kernel = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(original, (width, height), interpolation=kernel), np.uint8)
