"""The global tone change between two aligned pictures: gain and offset a channel, or nothing.

The fit is robust (reweighted least squares from several starts, Geman-McClure weights)
and guarded. It is refused unless clearly more of the picture agrees with it than without
it, the agreeing pixels span a range of levels (one flat area can be explained by any
offset), and hardly any part of the picture agrees only without it: a background made
darker behind an untouched person is an edit, not a change of tone.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.values import Mask, Picture, Tone

Levels = NDArray[np.float32]

GRID = 44
"""The fit looks at about this many pixels a side: 2,000 pixels fix two numbers a channel."""
DARKEST, BRIGHTEST = 4, 251
"""Levels outside are clipped in one of the pictures and say nothing of a gain."""
LEAST_PIXELS = 64
CLOSE = 4.0
"""Grey levels within which two pixels agree: what JPEG 75 leaves on most of a photograph."""
NO_SHIFT = 0.75
"""Median difference, in grey levels, of the darker and the brighter half below which nothing is fitted."""
STARTS = (1.0, 0.75, 1.33)
"""Gains the fit starts from."""
GAINS = (0.4, 2.5)
"""Beyond this a map of tones is no longer one exposure of the same photograph."""
LEAST_AGREEING = 0.25
LEAST_RISE = 1.08
"""By what factor the score must rise: below it the fit follows noise."""
LEAST_RANGE = 10.0
"""Standard deviation of the agreeing pixels' brightness, grey levels."""
MOST_CONTRADICTING = 0.12
"""Share of the pixels that may agree without the fit and no longer with it."""
TINY_GAIN, TINY_OFFSET = 0.01, 0.75
"""Fits nearer to the identity than this change at most a level or two, and are left out."""


def fit_tone(original: Picture, edited: Picture, valid: Mask) -> Tone:
    """Gain and offset a channel that take the original to the edited picture, where that is certain.

    Args:
        original, edited: (H, W, 3) uint8, aligned.
        valid: (H, W) bool, where the original has a pixel.

    Returns:
        Tone; the identity where nothing needs fitting or the fit was refused.
    """
    here, there = _sample(original, edited, valid)
    if here.shape[1] < LEAST_PIXELS or not _shifted(here, there):
        return Tone()
    gain, offset = _line(here, there)
    plain, fitted = np.abs(there - here), np.abs(there - (gain * here + offset))
    without, agreeing = plain.max(axis=0) < CLOSE, fitted.max(axis=0) < CLOSE
    refused = (
        agreeing.mean() < LEAST_AGREEING
        or _score(fitted) < LEAST_RISE * _score(plain)
        or here[:, agreeing].mean(axis=0).std() < LEAST_RANGE
        or (without & (fitted.max(axis=0) > 1.5 * CLOSE)).mean() > MOST_CONTRADICTING
        or (np.abs(gain - 1).max() < TINY_GAIN and np.abs(offset).max() < TINY_OFFSET)
    )
    return Tone() if refused else Tone(gain.ravel().astype(np.float64), offset.ravel().astype(np.float64))


def apply_tone(picture: Picture, tone: Tone) -> Picture:
    """The picture with the tone applied; the very array given where the tone is the identity."""
    if tone.is_identity:
        return picture
    steps = np.arange(256)[:, None] * tone.gain + tone.offset
    table = np.clip(np.rint(steps), 0, 255).astype(np.uint8).reshape(256, 1, 3)
    return np.asarray(cv2.LUT(picture, table), np.uint8)


def _sample(original: Picture, edited: Picture, valid: Mask) -> tuple[Levels, Levels]:
    """Pixels of both on a coarse grid, (3, n) each, without those clipped in one of them."""
    height, width = valid.shape
    size = (min(width, GRID), min(height, GRID))
    here = cv2.resize(original, size, interpolation=cv2.INTER_LINEAR).reshape(-1, 3).T
    there = cv2.resize(edited, size, interpolation=cv2.INTER_LINEAR).reshape(-1, 3).T
    low, high = np.minimum(here, there).min(axis=0), np.maximum(here, there).max(axis=0)
    use = (low >= DARKEST) & (high <= BRIGHTEST)
    if not valid.all():
        use &= cv2.resize(valid.view(np.uint8), size, interpolation=cv2.INTER_NEAREST).ravel() > 0
    return here.compress(use, axis=1).astype(np.float32), there.compress(use, axis=1).astype(np.float32)


def _shifted(here: Levels, there: Levels) -> bool:
    """Whether pixels that nearly agree, the darker or the brighter half, differ in one direction."""
    change = there - here
    near = np.abs(change).max(axis=0) < 2 * CLOSE
    if near.mean() < LEAST_AGREEING:
        return True
    change, level = change.compress(near, axis=1), here[1].compress(near)
    dark = level < np.median(level)
    halves = (change.compress(dark, axis=1), change.compress(~dark, axis=1))
    return any(half.size > 0 and np.abs(np.median(half, axis=1)).max() > NO_SHIFT for half in halves)


def _score(distance: Levels) -> float:
    return float(np.mean(1 / (1 + (distance / CLOSE) ** 2)))


def _line(here: Levels, there: Levels) -> tuple[Levels, Levels]:
    """The best line a channel, each (3, 1): from every start on some pixels, then the best on all."""
    some, onto = here[:, ::4], there[:, ::4]
    found = []
    for start in STARTS:
        gain = np.full((3, 1), start, np.float32)
        offset = np.median(onto - gain * some, axis=1, keepdims=True)
        found.append(_fitted(some, onto, gain, offset, (24.0, 14.0, 9.0, 6.0)))
    best = max(found, key=lambda line: _score(onto - line[0] * some - line[1]))
    return _fitted(here, there, *best, (5.0, 4.0, 3.0, 3.0))


def _fitted(
    here: Levels, there: Levels, gain: Levels, offset: Levels, scales: tuple[float, ...]
) -> tuple[Levels, Levels]:
    """Reweighted least squares, a round a scale (grey levels)."""
    for scale in scales:
        weight = 1 / (1 + ((there - gain * here - offset) / scale) ** 2) ** 2
        total = weight.sum(axis=1, keepdims=True)
        middle = (weight * here).sum(axis=1, keepdims=True) / total
        onto = (weight * there).sum(axis=1, keepdims=True) / total
        away = weight * (here - middle)
        spread = (away * here).sum(axis=1, keepdims=True)
        # `total` is one grey level of spread: pixels of one level give an offset and no gain
        slope = ((away * there).sum(axis=1, keepdims=True) + total) / (spread + total)
        gain = np.clip(slope, *GAINS).astype(np.float32)
        offset = onto - gain * middle
    return gain, offset
