"""Whether two pictures show the same photograph, looked at closely: asked before candidates are merged.

Features of small pictures say how one may lie on the other, the right way round or mirrored; Gauss-Newton
settles that map; then the structure of the two is compared block by block. They are the same photograph
where blocks of one of the two find themselves in the other: `AGREEING` of all that have any structure.
So a crop is found, and a photograph inside a collage, by the frame of the smaller one; an object or a logo
that two pictures share is a small part of both frames, and merges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from maskwright.pairs.align import FEW_BLOCKS, MOST_STRETCH
from maskwright.pairs.registration import Grey, Matrix, Views, grey_of, judged, refined, views_of
from maskwright.pairs.registration_features import Features, feature_map, features_of, mirrored
from maskwright.pairs.values import Picture

RULE = 1
"""Changes with what this file answers: answers kept from another rule are not used."""
SIDE = 256
"""Longest side in pixels on which pictures are compared; about 400 features and 170 blocks of 16 pixels."""
AGREEING = 0.4
"""Share of the structure of one of the two that must be found in the other (`registration.agreement`).

Of 582 near pairs of different photographs the highest reached 0.14, two frames of one drive. Of 146 `train`
photographs all copies are above that are resized, cropped to 60 %, mirrored or saved anew, and 250 of 251
edited anywhere (docs/why/leaks.md).
"""

_COARSEST = 40


@dataclass(frozen=True, slots=True)
class Look:
    """What is kept of a picture to compare it: some 0.5 MB."""

    views: Views
    features: Features
    turned: Features


def look_at(picture: Picture) -> Look:
    """Make ready a picture, (H, W, 3) uint8, for any number of comparisons."""
    grey = grey_of(_small(picture))
    features = features_of(grey)
    return Look(views_of(grey), features, mirrored(features))


def same_photograph(one: Look, other: Look) -> bool:
    """Whether two pictures show the same photograph, or one of them holds the other one whole."""
    return any(agreeing(one, other, turned) >= AGREEING for turned in (False, True))


def agreeing(one: Look, other: Look, turned: bool) -> float:
    """Share of the structure of one of the two that is found in the other, whichever has more; about 0..1.

    Args:
        turned: look for the first mirrored left to right.
    """
    found = feature_map(one.turned if turned else one.features, other.features)
    if found is None:
        return 0.0
    onto = _flip(one.views) @ found if turned else found
    onto = refined(one.views, other.views, onto, longest=SIDE, shortest=_COARSEST)
    stretch = np.linalg.svd(onto[:2, :2], compute_uv=False) if np.isfinite(onto).all() else np.zeros(2)
    if stretch[0] > MOST_STRETCH * stretch[1] or stretch[1] <= 0:
        return 0.0
    sides = judged(one.views, other.views, onto), judged(other.views, one.views, _back(onto))
    return max(fit.agreement if fit.telling >= FEW_BLOCKS else 0.0 for fit in sides)


def _back(onto: Matrix) -> Matrix:
    return np.asarray(np.linalg.inv(onto), np.float64)


def _flip(views: Views) -> Matrix:
    return np.array([[-1.0, 0, views.width - 1], [0, 1, 0], [0, 0, 1]])


def _small(picture: Picture) -> Grey:
    height, width = picture.shape[:2]
    factor = max(height, width) / SIDE
    if factor <= 1:
        return np.ascontiguousarray(picture)
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    return np.asarray(cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA), np.uint8)
