"""Which of two pictures was edited, by traces in their pixels and files.

An edited picture is the one whose changed region does not fit its own surroundings: there the history of
JPEG compression is missing that all around still shows, the detail has another fineness, the noise another
strength. Every piece of evidence compares both pictures in the same places, so that what the scene does to
one it does to the other; it is above 0 when the sides are the right way round, below 0 when exchanged, and
exactly turned about when the pictures are.

Where a generator touched every pixel the region fits its surroundings again, and these traces are silent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.filefacts import FileFacts
from maskwright.pairs.jpegtables import libjpeg_tables
from maskwright.pairs.values import Mask, Picture

HISTORY_WEIGHT, FINENESS_WEIGHT, NOISE_WEIGHT = 3.5, 1.4, 1.7
"""Log odds for each unit of evidence: logistic regression without a constant on 840 pairs both ways round,
28 `train` sources edited once (`base(..., once=True)` of benchmarks/bench_inspect.py, seed 1)."""

CAMERA_WEIGHT, GENERATOR_WEIGHT = 3.0, 3.0
"""A camera's or a generator's mark on one side only. Judgement: either is hard to come by innocently, and
a few rows of it must not outweigh the pixels of many."""
HINT_WEIGHT = 0.4
"""Software or Content Credentials on one side only: photographers' programs and cameras write them, too, so
that alone they never make a row vote."""

AREA = (0.003, 0.7)
"""Shares of the picture an edit must have for inside and outside to be compared."""
WINDOW_PX = 1024
"""Larger pictures are looked at in a window of this side around the edit."""
MARGIN_PX = 4
"""Outside begins so far from the mask."""
RING_PX = 32
"""Noise is compared with that of a ring of this width."""
MOST_BLOCKS = 2000
"""8x8 blocks outside that are looked at, evenly spread."""
LEAST_INSIDE, LEAST_RING, LEAST_VALUES = 4, 8, 40
TRACE = 0.3
"""Least mean phase that counts as a JPEG history; pictures without one show -0.1 to 0.1."""
QUALITIES = range(40, 99)

_K = np.arange(8)
_COSINES = math.sqrt(2 / 8) * np.cos((2 * _K[None] + 1) * _K[:, None] * math.pi / 16)
_DCT = np.where(_K[:, None] == 0, math.sqrt(1 / 8), _COSINES).astype(np.float32)
_LOW = tuple((u, v) for u in range(4) for v in range(4) if 0 < u + v <= 4 and (u, v) not in ((0, 4), (4, 0)))
LAPLACIAN = (np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]) / 6).astype(np.float32)
"""Immerkaer 1996 (doi:10.1006/cviu.1996.0060): insensitive to edges that are straight."""


def direction_by_pixels(
    original: Picture, edited: Picture, mask: Mask, *, regenerated: bool, lossless: bool
) -> Mapping[str, float]:
    """Evidence by name, log odds; empty where there is none.

    Args:
        original, edited: (H, W, 3) uint8 on one grid, as stored, not warped.
        mask: (H, W) bool, where they differ.
        regenerated: a generator touched the pixels outside.
        lossless: neither file is lossy, so that what history they show is an older one.
    """
    if not AREA[0] < mask.mean() < AREA[1]:
        return {}
    window = _window(mask)
    grown = cv2.dilate(mask[window].view(np.uint8), np.ones((2 * MARGIN_PX + 1,) * 2, np.uint8))
    outside, inside = share_of(grown) == 0, share_of(mask[window]) >= 0.9
    first, second = (luma_of(picture[window]) for picture in (original, edited))
    blocks = blocks_of(first), blocks_of(second)
    if regenerated:
        return _history_all_over(blocks, outside) if lossless else {}
    found = dict(_history(blocks, outside, inside))
    if np.count_nonzero(inside) >= LEAST_INSIDE:
        found |= _fineness(blocks, outside, inside)
        near = (
            share_of(cv2.dilate(mask[window].view(np.uint8), np.ones((2 * RING_PX + 1,) * 2, np.uint8))) > 0.9
        )
        ring = near & outside
        if np.count_nonzero(ring) < LEAST_RING:
            ring = outside
        if np.count_nonzero(ring) >= LEAST_RING:
            found["noise"] = NOISE_WEIGHT * _clipped(
                abs(_noise(second, inside, ring)) - abs(_noise(first, inside, ring)), 1.0
            )
    return found


def direction_by_files(original: FileFacts, edited: FileFacts) -> Mapping[str, float]:
    """What the two files say of themselves: cameras make originals, generators edits."""
    camera = _one_sided(original, edited, lambda facts: bool(facts.camera) or facts.has_gps)
    generator = _one_sided(original, edited, lambda facts: bool(facts.generator))
    hint = _one_sided(original, edited, lambda facts: bool(facts.software) or facts.has_credentials)
    found = {
        "camera": CAMERA_WEIGHT * camera,
        "generator": -GENERATOR_WEIGHT * generator,
        # a camera names its firmware, and that is no editor
        "software": 0.0 if camera else -HINT_WEIGHT * hint,
    }
    return {name: value for name, value in found.items() if value}


def _one_sided(original: FileFacts, edited: FileFacts, has: Callable[[FileFacts], bool]) -> int:
    """1: only the original has it; -1: only the edited picture."""
    return int(has(original)) - int(has(edited))


def _window(mask: Mask) -> tuple[slice, slice]:
    """Around the middle of the mask, on the grid of 8 px."""
    slices = []
    for axis, length in enumerate(mask.shape):
        places = np.flatnonzero(mask.any(axis=1 - axis))
        first = (int(places[0]) + int(places[-1])) // 2 - WINDOW_PX // 2
        first = max(0, min(first, length - WINDOW_PX)) // 8 * 8
        slices.append(slice(first, first + WINDOW_PX))
    return slices[0], slices[1]


def luma_of(picture: Picture) -> NDArray[np.float32]:
    """(H, W) float32, -128..127; JFIF 1.02, as JPEG files have it."""
    return picture.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32) - 128


def share_of(mask: NDArray[np.generic]) -> NDArray[np.float64]:
    """Share of each 8x8 block that is set."""
    height, width = (length // 8 for length in mask.shape)
    inside = mask[: height * 8, : width * 8] != 0
    return np.asarray(inside.reshape(height, 8, width, 8).mean((1, 3)))


def blocks_of(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """(rows, columns, 8, 8): the DCT of every block, scaled as JPEG does (ITU-T T.81, A.3.3)."""
    height, width = (length // 8 for length in luma.shape)
    blocks = luma[: height * 8, : width * 8].reshape(height, 8, width, 8).transpose(0, 2, 1, 3)
    return np.asarray(_DCT @ blocks @ _DCT.T, np.float32)


def _phase(blocks: NDArray[np.float32], steps: NDArray[np.int64]) -> float:
    """How well coefficients keep to multiples of the steps: mean cosine of their phase, -1..1; NaN if few.

    Only those beyond 0.6 steps count, since the many about 0 fit any step, and only steps of 3 and
    more, which rounding to whole levels has not blurred.
    """
    total, count = 0.0, 0
    for u, v in _LOW:
        step = float(steps[8 * u + v])
        if step >= 3:
            values = blocks[:, u, v]
            values = values[np.abs(values) > 0.6 * step]
            total += float(np.cos(values * (2 * math.pi / step)).sum())
            count += len(values)
    return total / count if count >= LEAST_VALUES else math.nan


def _quality_of(*sides: NDArray[np.float32]) -> tuple[float, NDArray[np.int64] | None]:
    """(the least mean phase of all sides, the tables for which that is greatest)."""
    best: tuple[float, NDArray[np.int64] | None] = (0.0, None)
    for quality in QUALITIES:
        steps = libjpeg_tables(quality)[0]
        phase = min(
            (_phase(side, steps) for side in sides), key=lambda value: -2 if math.isnan(value) else value
        )
        if phase > best[0]:
            best = phase, steps
    return best


def _spread(blocks: NDArray[np.float32], where: Mask) -> NDArray[np.float32]:
    chosen = blocks[where]
    return chosen[:: max(1, len(chosen) // MOST_BLOCKS)]


def _history(
    blocks: tuple[NDArray[np.float32], NDArray[np.float32]], outside: Mask, inside: Mask
) -> Mapping[str, float]:
    """A JPEG history that both show outside, and only one inside: that one is the original."""
    phase, steps = _quality_of(*(_spread(side, outside) for side in blocks))
    if steps is None or phase < TRACE:
        return {}
    first, second = (_phase(side[inside], steps) for side in blocks)
    if math.isnan(first) or math.isnan(second):
        return {}
    return {"history": HISTORY_WEIGHT * 2 * _clipped(first - second, 0.5)}


def _history_all_over(
    blocks: tuple[NDArray[np.float32], NDArray[np.float32]], outside: Mask
) -> Mapping[str, float]:
    """Of two lossless files only one was a JPEG once: a generator leaves no such history."""
    first, second = (_quality_of(_spread(side, outside))[0] for side in blocks)
    if max(first, second) < TRACE:
        return {}
    return {"history": HISTORY_WEIGHT * 2 * _clipped(first - second, 0.5)}


def _fineness(
    blocks: tuple[NDArray[np.float32], NDArray[np.float32]], outside: Mask, inside: Mask
) -> Mapping[str, float]:
    """Whose share of the finest detail differs more between inside and outside."""

    def finest(side: NDArray[np.float32], where: Mask) -> float:
        strengths = np.abs(side[where])
        return math.log((strengths[:, 5:, 5:].mean() + 0.05) / (strengths[:, 1:3, 1:3].mean() + 0.5))

    if not outside.any():
        return {}
    first, second = (abs(finest(side, inside) - finest(side, outside)) for side in blocks)
    return {"fineness": FINENESS_WEIGHT * _clipped(second - first, 1.0)}


def _noise(luma: NDArray[np.float32], inside: Mask, ring: Mask) -> float:
    """Log of how much noisier the calm tenth of the blocks inside is than that of the ring."""
    noise = np.abs(cv2.filter2D(luma, -1, LAPLACIAN))
    height, width = inside.shape
    mean = noise[: height * 8, : width * 8].reshape(height, 8, width, 8).mean((1, 3))
    return math.log((np.percentile(mean[inside], 10) + 0.1) / (np.percentile(mean[ring], 10) + 0.1))


def _clipped(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))
