"""Places of two pictures that look alike, from SIFT features; and the mask they give by themselves.

It is the baseline beside trained descriptors (`sacm.py`): both give `Matches`, and what becomes of these
is the same.
"""

from __future__ import annotations

import cv2
import numpy as np

from maskwright.masks.annotators.candidates import Matches, turned_back
from maskwright.pairs.registration import grey_of
from maskwright.pairs.registration_features import (
    INLIER_PX,
    Features,
    Finding,
    features_of,
    matched,
    mirrored,
    robust_map,
)
from maskwright.pairs.values import Mask, Picture

FINDING = Finding(features=3000, contrast=0.005, edge=20.0)
"""An object of 2 % of a picture has few features: of 40 shared-donor pairs of `train` photographs 68 % have
three right matches, instead of 53 % with the settings for whole pictures."""
RATIO = 0.9
"""Matches need only be so much nearer than the second: most wrong ones agree on no map."""


def keypoint_matches(original: Picture, edited: Picture) -> list[Matches]:
    """The matches with the original as it is, and with the original mirrored left to right.

    Args:
        original, edited: (H, W, 3) uint8, RGB; any two sizes.
    """
    theirs, mine = (features_of(grey_of(picture), FINDING) for picture in (original, edited))
    area_px = original.shape[0] * original.shape[1]
    return [_matches(theirs, mine, False, area_px), _matches(mirrored(theirs), mine, True, area_px)]


def keypoint_mask(original: Picture, edited: Picture) -> Mask:
    """(H, W) bool on the edited picture's grid: the hull of the matches that most agree on one affine map.

    Nothing is verified: it is the baseline that others are compared with. Empty where there is no map.
    """
    mask = np.zeros(edited.shape[:2], np.uint8)
    best = np.zeros((0, 2), np.float32)
    for matches in keypoint_matches(original, edited):
        found = robust_map(matches.places, matches.onto, matches.tolerance_px)
        if found is not None and np.count_nonzero(found[1]) > len(best):
            best = matches.places[found[1]]
    if len(best):
        hull = cv2.convexHull(np.rint(best).astype(np.int32))
        cv2.fillConvexPoly(mask, hull, 1)
    return mask > 0


def _matches(original: Features, edited: Features, turned: bool, area_px: int) -> Matches:
    """Unit descriptors that lie d apart have a cosine of 1 - d * d / 2."""
    pairs = matched(original, edited, RATIO)
    return Matches(
        places=pairs.places,
        onto=turned_back(pairs.onto, original.width) if turned else pairs.onto,
        likeness=np.asarray(1 - pairs.distance**2 / 2, np.float32),
        mirrored=turned,
        tolerance_px=INLIER_PX * original.reduced,
        area_px=area_px,
    )
