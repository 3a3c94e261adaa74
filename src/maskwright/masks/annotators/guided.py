"""Borders that follow the picture: log odds of the half grid, drawn on the pixels by the difference itself.

The guided filter (He, Sun, Tang 2010) in its fast form (He, Sun 2015, arXiv 1505.00996): near each place the
log odds are fitted as a line in the strength of the difference, on the half grid; the lines are then
enlarged and read at every pixel's own strength. Where the difference has a border, the odds get theirs
there; where it has none, they are smoothed.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.masks.annotators.evidence import Codes, Plane

RADIUS = 2
"""Steps of the half grid; lines are fitted within a square of 2 * RADIUS + 1."""
SMOOTH = 8.0
"""Grey levels squared; strength that varies less is noise, and pulls no border."""
CLIP = 4.0
"""Near a border log odds are held in -CLIP..CLIP: how sure a place is must not outweigh where it ends."""
GRAIN = 0.7
"""Pixels; blur of the strength, so that single pixels of codec noise do not fray a border."""


def followed(odds: Plane, strength: Codes) -> Plane:
    """Log odds on the picture's own grid, (H, W) float32.

    Args:
        odds: (h, w) float32 on the half grid.
        strength: (H, W) uint8, of `strength_of`.

    Radius, smoothness, clip and grain were chosen on synthetic pairs of `train` photographs (docs/LOG.md).
    """
    guide = np.asarray(cv2.GaussianBlur(strength, (3, 3), GRAIN), np.uint8)
    height, width = strength.shape
    size = (odds.shape[1], odds.shape[0])
    small = np.asarray(cv2.resize(guide, size, interpolation=cv2.INTER_AREA), np.float32)
    held: Plane = np.clip(odds, -CLIP, CLIP)
    mean_guide, mean_odds = _mean(small), _mean(held)
    slope = (_mean(small * held) - mean_guide * mean_odds) / (
        _mean(small * small) - mean_guide * mean_guide + np.float32(SMOOTH)
    )
    level = mean_odds - slope * mean_guide + _beyond(odds)
    drawn = _enlarged(_mean(slope), width, height)
    cv2.multiply(drawn, guide, dst=drawn, dtype=cv2.CV_32F)
    return np.asarray(cv2.add(drawn, _enlarged(_mean(level), width, height), dst=drawn), np.float32)


def _beyond(odds: Plane) -> Plane:
    """By how much all that is near passes the clip: far from a border a place stays as sure as it is."""
    near = np.ones((2 * RADIUS + 1, 2 * RADIUS + 1), np.uint8)
    least, most = np.asarray(cv2.erode(odds, near)), np.asarray(cv2.dilate(odds, near))
    return np.asarray(np.maximum(least - CLIP, 0) + np.minimum(most + CLIP, 0), np.float32)


def _mean(plane: NDArray[np.floating]) -> Plane:
    side = 2 * RADIUS + 1
    return np.asarray(cv2.blur(plane, (side, side)), np.float32)


def _enlarged(plane: NDArray[np.float32], width: int, height: int) -> Plane:
    return np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
