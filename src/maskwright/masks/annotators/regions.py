"""From log odds to a mask: regions that are sure somewhere, their borders, gaps and holes.

Shared by the annotators that weigh evidence.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.masks.annotators.evidence import Codes, Plane
from maskwright.masks.annotators.rule import Rule
from maskwright.pairs.values import Aligned, ChangeMap, Mask

BELOW, ABOVE = np.float32(0.45), np.float32(0.55)
"""Where a map must agree with a mask, it is held at these at least."""


def strength_of(pair: Aligned) -> Codes:
    """(H, W) uint8: the largest channel of the absolute difference, 0 where the original has no pixel."""
    red, green, blue = cv2.split(cv2.absdiff(pair.original, pair.edited))
    strength = cv2.max(cv2.max(red, green), blue)
    strength[~pair.valid] = 0
    return np.asarray(strength, np.uint8)


def seeded(odds: Plane, *, seed: float, least_px: int) -> Mask:
    """Places with positive log odds, in regions that are sure somewhere and large enough.

    Args:
        odds: (h, w) float32 on the half grid.
        seed: log odds that the surest place of a region must pass.
        least_px: pixels of the picture that a region must have.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats((odds > 0).view(np.uint8), connectivity=8)
    keep = np.zeros(count, bool)
    keep[np.unique(labels[odds > seed])] = True
    keep &= stats[:, cv2.CC_STAT_AREA] * 4 >= least_px
    keep[0] = False
    return np.asarray(keep[labels])


def without_specks(change: ChangeMap, least_px: int) -> ChangeMap:
    """The map with regions of its mask that have fewer pixels held below 0.5; overwritten."""
    box, inside = _marked(change, 0)
    if inside.size:
        _, labels, stats, _ = cv2.connectedComponentsWithStats(inside.view(np.uint8), connectivity=8)
        small = stats[:, cv2.CC_STAT_AREA] < least_px
        small[0] = False
        if small.any():
            change[box][small[labels]] = BELOW
    return change


def reaching(change: ChangeMap, mask: Mask) -> ChangeMap:
    """The map with regions of its mask that hold no pixel of another one held below 0.5; overwritten."""
    box, inside = _marked(change, 0)
    if inside.size:
        count, labels = cv2.connectedComponents(inside.view(np.uint8), connectivity=8)
        alone = np.ones(count, np.bool_)
        alone[labels[mask[box]]] = False
        alone[0] = False
        if alone.any():
            change[box][alone[labels]] = BELOW
    return change


def solid(change: ChangeMap, rule: Rule) -> ChangeMap:
    """The map with small gaps and holes of its mask held above 0.5, as people draw masks; overwritten."""
    # The margin keeps a hole at the box's side from being taken for the outside, and the other way round.
    box, inside = _marked(change, rule.close_px + 1)
    if inside.size:
        change[box][filled(closed(inside, rule.close_px), rule.hole_share) & ~inside] = ABOVE
    return change


def _marked(change: ChangeMap, margin: int) -> tuple[tuple[slice, slice], Mask]:
    """A map's mask within the smallest window that holds it and a margin; of no size where there is none."""
    mask = change >= 0.5
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    if not width:
        return np.s_[:0, :0], mask[:0, :0]
    box = np.s_[max(0, y - margin) : y + height + margin, max(0, x - margin) : x + width + margin]
    return box, np.ascontiguousarray(mask[box])


def cut(proposed: Mask, strength: Plane, rule: Rule, *, step: int) -> Mask:
    """Draws each border where the strength rises from outside to inside, then closes and fills.

    Codecs and blending leave a skirt around an edit. Inside and outside strength are
    averaged near each place, so that a strong object and a faint one are each cut at
    their own share.

    Args:
        step: pixels of the edited picture to one of this grid.
    """
    if not proposed.any():
        return proposed
    inside = proposed.astype(np.float32)
    outside = np.asarray(1 - cv2.dilate(inside, np.ones((5, 5), np.uint8)), np.float32)
    within = _mean_near(strength, inside, rule.border_sigma / step)
    around = _mean_near(strength, outside, rule.border_sigma / step)
    radius = max(1, round(rule.close_px / step))
    bridged = cv2.morphologyEx(strength, cv2.MORPH_CLOSE, disc(radius))
    mask = proposed & (bridged > around + np.float32(rule.border_share) * (within - around))
    return filled(closed(mask, radius), rule.hole_share)


def _mean_near(strength: Plane, where: Plane, sigma: float) -> Plane:
    side = 2 * round(np.sqrt(3) * sigma) + 1  # a box with this standard deviation
    weight = cv2.blur(where, (side, side)) + np.float32(1e-3)
    return np.asarray(cv2.blur(strength * where, (side, side)) / weight, np.float32)


@functools.cache
def disc(radius: int) -> NDArray[np.uint8]:
    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def closed(mask: Mask, radius: int) -> Mask:
    side = 2 * radius + 1
    padded = cv2.copyMakeBorder(mask.view(np.uint8), side, side, side, side, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc(radius))
    return closed[side:-side, side:-side] > 0


def filled(mask: Mask, hole_share: float) -> Mask:
    """The mask with its holes filled, but for holes that are large: something was kept there."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~mask).view(np.uint8), connectivity=4)
    height, width = mask.shape
    x, y, w, h, area = stats.T
    fill = (x > 0) & (y > 0) & (x + w < width) & (y + h < height)
    fill &= area <= hole_share * np.count_nonzero(mask)
    fill[0] = True
    return np.asarray(fill[labels])


def agreeing(probability: Plane, mask: Mask) -> ChangeMap:
    """The probability, held at or above 0.5 on the mask and below it elsewhere."""
    change = np.where(mask, np.maximum(probability, ABOVE), np.minimum(probability, BELOW))
    return change.astype(np.float32)
