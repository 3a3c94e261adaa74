"""The global tone change between two aligned pictures: gain and offset a channel, or nothing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.values import Mask, Picture, Tone

GRID = 96
"""The fit looks at no more than about this many pixels a side."""
CLOSE = 3.0
"""Grey levels within which two pixels agree: what a good JPEG leaves of an average over a few pixels."""
LEAST_SHARE = 0.35
"""Share of the pixels that must agree closely once the fit is applied."""
LEAST_GAIN = 0.10
"""By how much that share must rise over what it is without a fit."""


def fit_tone(original: Picture, edited: Picture, valid: Mask) -> Tone:
    """Gain and offset a channel that take the original to the edited picture, where that is certain.

    Args:
        original, edited: (H, W, 3) uint8, aligned.
        valid: (H, W) bool, where the original has a pixel.

    Returns:
        Tone; the identity where nothing needs fitting or the fit was refused.
    """
    here, there = _sample(original, edited, valid)
    if len(here) < 64:
        return Tone()
    already = _agreeing(here, there)
    if already > 0.9:
        return Tone()
    gain, offset = np.ones(3), np.zeros(3)
    for channel in range(3):
        gain[channel], offset[channel] = _robust_line(here[:, channel], there[:, channel])
    fitted = _agreeing(here * gain + offset, there)
    if fitted < LEAST_SHARE or fitted < already + LEAST_GAIN:
        return Tone()
    return Tone(gain, offset)


def apply_tone(picture: Picture, tone: Tone) -> Picture:
    """The picture with the tone applied; the very same array where the tone is the identity."""
    if tone.is_identity:
        return picture
    steps = np.arange(256)[:, None] * tone.gain + tone.offset
    table = np.clip(np.rint(steps), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table.reshape(256, 1, 3)), np.uint8)


def _sample(
    original: Picture, edited: Picture, valid: Mask
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    height, width = valid.shape
    factor = max(1, round(max(height, width) / GRID))
    size = (max(1, width // factor), max(1, height // factor))
    cut = (slice(0, size[1] * factor), slice(0, size[0] * factor))
    if size[0] * factor > width or size[1] * factor > height:
        cut = (slice(None), slice(None))
    here = cv2.resize(original[cut], size, interpolation=cv2.INTER_AREA).reshape(-1, 3).astype(np.float32)
    there = cv2.resize(edited[cut], size, interpolation=cv2.INTER_AREA).reshape(-1, 3).astype(np.float32)
    use = cv2.resize(valid[cut].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).ravel() > 0
    use &= (np.minimum(here, there).min(axis=1) > 3) & (np.maximum(here, there).max(axis=1) < 252)
    return here[use], there[use]


def _agreeing(here: NDArray[np.floating], there: NDArray[np.floating]) -> float:
    return float(np.mean(np.abs(here - there).max(axis=1) < CLOSE))


def _robust_line(here: NDArray[np.float32], there: NDArray[np.float32]) -> tuple[float, float]:
    """Gain and offset by reweighted least squares (Geman-McClure), from the median ratio of spreads."""
    gain, offset = 1.0, float(np.median(there - here))
    scale = 16.0
    for _ in range(12):
        left = there - gain * here - offset
        weight = 1 / (1 + (left / scale) ** 2) ** 2
        total = weight.sum()
        middle, onto = (weight @ here) / total, (weight @ there) / total
        spread = weight @ (here - middle) ** 2
        gain = float((weight @ ((here - middle) * (there - onto))) / max(spread, 1e-6))
        gain = float(np.clip(gain, 0.4, 2.5))
        offset = float(onto - gain * middle)
        scale = max(2.0, scale * 0.75)
    return gain, offset
