"""Pairs in which an object was taken, and the smallest annotator that finds it.

`Takes` really looks: SIFT matches, one affine map that many of them agree on, and the pixels that are
equal under it. It is good enough for pictures with texture, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.values import DONOR, Aligned, Card, Change, Geometry, Hint, Mask, Picture
from tests.contracts.annotator import textured

LEVELS = 12.0
"""Blurred difference up to which two pixels are equal, grey levels."""
INLIERS = 12
WHOLE = 0.6
"""Share of the edited picture from which it is a copy of the original, not an object of it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A pair and what is known of it.

    Args:
        matrix: (3, 3) float64, takes a pixel of the edited picture to the original.
        mask: (H, W) bool, the object in the edited picture.
        donor: (H0, W0) bool, the same in the original.
    """

    original: Picture
    edited: Picture
    matrix: NDArray[np.float64]
    mask: Mask
    donor: Mask


def taken(seed: int = 1, *, scale: float = 0.8, degrees: float = 20.0, mirrored: bool = False) -> Taken:
    """An ellipse of a picture of 240x200, scaled, turned counter-clockwise and put into one of 260x180."""
    original, edited = textured(seed, 240, 200), textured(seed + 500, 260, 180)
    centre, place = (130.0, 90.0), (110.0, 95.0)
    donor = np.zeros((200, 240), np.uint8)
    cv2.ellipse(donor, ((centre), (130, 90), 10), 255, -1)
    forth = np.vstack([cv2.getRotationMatrix2D(centre, degrees, scale), (0, 0, 1)])
    if mirrored:
        forth = forth @ np.array([[-1, 0, 2 * centre[0]], [0, 1, 0], [0, 0, 1.0]])
    forth = np.array([[1, 0, place[0] - centre[0]], [0, 1, place[1] - centre[1]], [0, 0, 1.0]]) @ forth
    size = (260, 180)
    mask = cv2.warpAffine(donor, forth[:2], size) >= 128
    moved = cv2.warpAffine(original, forth[:2], size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    edited[mask] = moved[mask]
    return Taken(original, edited, np.linalg.inv(forth), mask, donor > 0)


class Takes:
    """Says shared-probe, shared-donor or unrelated, with the layer of what was taken."""

    card = Card("takes", "1", "7" * 64, layers=(DONOR,))

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        return [self._of(pair) for pair in batch]

    def _of(self, pair: Aligned) -> Change:
        original = pair.original if pair.unlaid is None else pair.unlaid
        found = [_map_of(original, pair.edited), _map_of(original, pair.edited, mirrored=True)]
        matrix, inliers = max(found, key=lambda each: each[1])
        height, width = pair.edited.shape[:2]
        if matrix is None or inliers < INLIERS:
            return Change(np.zeros((height, width), np.float32), group="unrelated")
        laid, valid = _warped(original, matrix, (width, height))
        if pair.unlaid is None:
            valid &= pair.valid
        blurred = cv2.GaussianBlur(cv2.absdiff(laid, pair.edited).astype(np.float32), (0, 0), 1.5).max(axis=2)
        equal = valid & (blurred < LEVELS)
        if equal.mean() > WHOLE:
            aligned = Aligned(laid, pair.edited, valid, Geometry("similarity", matrix, 0.1), unlaid=original)
            return Change((valid & ~equal).astype(np.float32), group="shared-probe", aligned=aligned)
        equal = cv2.morphologyEx(equal.astype(np.uint8), cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
        _, labels, stats, _ = cv2.connectedComponentsWithStats(equal)
        mask = labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()) if len(stats) > 1 else labels > 0
        change = mask.astype(np.float32)
        back = cv2.warpAffine(change, matrix[:2], original.shape[1::-1])
        aligned = Aligned(laid, pair.edited, valid, Geometry("affine", matrix, 0.1), unlaid=original)
        layers = {DONOR: np.asarray(back, np.float32)}
        return Change(change, layers=layers, group="shared-donor", aligned=aligned)


def _map_of(
    original: Picture, edited: Picture, *, mirrored: bool = False
) -> tuple[NDArray[np.float64] | None, int]:
    """The affine map most matches agree on, from the edited picture to the original, and how many do."""
    flip = np.array([[-1, 0, original.shape[1] - 1], [0, 1, 0], [0, 0, 1.0]])
    there = np.ascontiguousarray(original[:, ::-1]) if mirrored else original
    sift = cv2.SIFT.create()
    (points, first), (others, second) = (sift.detectAndCompute(each, None) for each in (edited, there))
    if first is None or second is None or len(others) < 2:
        return None, 0
    pairs = cv2.BFMatcher().knnMatch(first, second, k=2)
    near = [one for one, two in pairs if one.distance < 0.7 * two.distance]
    if len(near) < INLIERS:
        return None, 0
    cv2.setRNGSeed(0)
    here = np.array([points[each.queryIdx].pt for each in near], np.float32)
    onto = np.array([others[each.trainIdx].pt for each in near], np.float32)
    matrix, inliers = cv2.estimateAffinePartial2D(here, onto, ransacReprojThreshold=1.5)
    if matrix is None:
        return None, 0
    whole = np.vstack([matrix, (0, 0, 1)])
    return (flip @ whole if mirrored else whole), int(inliers.sum())


def _warped(picture: Picture, matrix: NDArray[np.float64], size: tuple[int, int]) -> tuple[Picture, Mask]:
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(picture, matrix[:2], size, flags=flags)
    inside = np.full(picture.shape[:2], 255, np.uint8)
    valid = cv2.warpAffine(inside, matrix[:2], size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP) == 255
    return np.asarray(laid, np.uint8), valid
