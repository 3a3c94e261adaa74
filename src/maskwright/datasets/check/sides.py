"""Which of two pictures was edited where a mask is, by how the mask's border lies in each.

An edit ends at its mask: there the edited picture has a seam that the original has not, and inside it has
another fineness than all around. Both pictures are measured in the same places, near the border and away from
it, and the measures of one are subtracted from those of the other: exchanged pictures exchange the sign.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.corpus.inspect.sides import LAPLACIAN, blocks_of, luma_of, share_of
from maskwright.datasets.check.sides_fit import SCALES, WEIGHTS
from maskwright.pairs.values import Mask, Picture

ZONES = {
    "on": (-1.1, 1.1),
    "inside": (1.1, 3.1),
    "outside": (-3.1, -1.1),
    "deep": (3.1, 8.0),
    "far": (-8.0, -3.1),
}
"""Distances from the mask's border in pixels, positive inside."""
MOST = 4.0
"""A measure counts at most so many times its scale: no single one decides."""
GROWN_PX = 4
"""Blocks outside keep this far from the mask."""


def swapped_odds(picture: Picture, original: Picture, mask: Mask) -> float:
    """Log odds that `original` is the edited one; 0 where the mask has no border or both are the same.

    Args:
        picture, original: (H, W, 3) uint8 on one grid, as stored, not warped.
        mask: (H, W) bool, where one of them was edited.

    Source:
        Logistic regression without a constant on pairs that `generate` made of `train` photographs
        (benchmarks/fit_sides.py).
    """
    if not mask.any() or mask.all():
        return 0.0
    step = np.nan_to_num(traces(picture, mask) - traces(original, mask))
    return float(-np.clip(step / SCALES, -MOST, MOST) @ WEIGHTS)


def traces(picture: Picture, mask: Mask) -> NDArray[np.float64]:
    """What a picture shows along a mask's border and on both sides of it; NaN where there are no pixels.

    Of each zone: mean gradient across the border of luma and both chroma planes, along it of luma, and mean
    second derivative, all as logarithms; then of 8x8 blocks inside and outside three percentiles of the noise
    and three shares of fine detail; last the border's gradient against that around it.
    """
    return np.array([*_border(picture, mask), *_blocks(picture, mask)])


def _border(picture: Picture, mask: Mask) -> list[float]:
    depth = _depth(mask)
    smooth = cv2.GaussianBlur(depth, (0, 0), 1.5)
    across, down = cv2.Sobel(smooth, -1, 1, 0), cv2.Sobel(smooth, -1, 0, 1)
    length = np.hypot(across, down) + np.float32(1e-6)
    across, down = across / length, down / length
    zones = [(depth > low) & (depth < high) for low, high in ZONES.values()]
    planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    found = []
    for number in range(3):
        plane = np.ascontiguousarray(planes[:, :, number])
        right, under = cv2.Sobel(plane, -1, 1, 0, scale=0.25), cv2.Sobel(plane, -1, 0, 1, scale=0.25)
        found += [_log(np.abs(right * across + under * down)[zone]) for zone in zones]
        if number == 0:
            found += [_log(np.abs(right * down - under * across)[zone]) for zone in zones]
            bent = np.abs(cv2.Laplacian(plane, -1))
            found += [_log(bent[zone]) for zone in zones]
            steep = np.hypot(right, under)
            near = (np.abs(depth) < 8) & ~zones[0]
            seam = _log(steep[zones[0]]) - _log(steep[near])
    return [*found, seam]


def _blocks(picture: Picture, mask: Mask) -> list[float]:
    luma = luma_of(picture)
    height, width = (length // 8 * 8 for length in luma.shape)
    if not height or not width:
        return [math.nan] * 12
    luma, mask = luma[:height, :width], mask[:height, :width]
    grown = cv2.dilate(mask.view(np.uint8), np.ones((2 * GROWN_PX + 1,) * 2, np.uint8))
    bent = np.abs(cv2.filter2D(luma, -1, LAPLACIAN))
    noise = bent.reshape(height // 8, 8, width // 8, 8).mean((1, 3))
    blocks = np.abs(blocks_of(luma))
    found = []
    for where in (share_of(mask) >= 0.9, share_of(grown) == 0):
        if not where.any():
            found += [math.nan] * 6
            continue
        found += [math.log(value + 0.1) for value in np.percentile(noise[where], (10, 50, 90))]
        chosen = blocks[where]
        coarse = chosen[:, 1:3, 1:3].mean() + 0.5
        found += [
            math.log((chosen[:, 5:, 5:].mean() + 0.05) / coarse),
            math.log((chosen[:, 3:5, 3:5].mean() + 0.05) / coarse),
            float((chosen[:, 4:, 4:] < 0.5).mean()),
        ]
    return found


def _depth(mask: Mask) -> NDArray[np.float32]:
    """Distance to the border in pixels, positive inside; the picture's own edge is no border."""
    inside, outside = (
        cv2.distanceTransform(np.pad(side.view(np.uint8), 1, mode="edge"), cv2.DIST_L2, 3)[1:-1, 1:-1]
        for side in (mask, ~mask)
    )
    return np.asarray(np.where(mask, inside - 0.5, 0.5 - outside), np.float32)


def _log(values: NDArray[np.float32]) -> float:
    return math.log(float(values.mean()) + 0.5) if values.size else math.nan
