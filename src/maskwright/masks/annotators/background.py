"""How the pixels outside the edit compare: identical, resaved, regenerated or redrawn."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.masks.annotators.evidence import Codes, Plane
from maskwright.masks.annotators.regions import strength_of
from maskwright.pairs.values import Aligned, Mask

RESAVED = 12
"""Grey levels; 95 % of the pixels outside the edit differ by no more when only codecs were at work."""
IN_PLACE = 0.9
"""Least mean local correlation outside the edit of a picture whose structure is still in place."""


def is_identical(pair: Aligned, strength: Codes, mask: Mask) -> bool:
    """Whether the pixels outside the edit are bit-equal.

    As in the definition of `background`: at least 99.5 % of the pixels farther than 16 px
    from the mask are equal. Flat places do not vote: codecs leave them alone, too.
    """
    near = cv2.dilate(mask.view(np.uint8), np.ones((33, 33), np.uint8))
    far = (near == 0) & pair.valid
    if np.count_nonzero((strength > 0) & far) > 0.005 * np.count_nonzero(far):
        return False
    grey = cv2.cvtColor(pair.edited, cv2.COLOR_RGB2GRAY)
    structured = cv2.absdiff(grey, cv2.blur(grey, (3, 3))) > 1
    # less structure than this cannot tell a pasted-back background from a codec that met a calm one
    return bool(np.count_nonzero(structured & far) >= 0.01 * far.size)


def noisy_background(pair: Aligned, valid: Mask, mask: Mask) -> str:
    """resaved, regenerated or redrawn: how the pixels outside the edit compare.

    After the definition that data sets of pairs use: outside the mask grown by 16 px, 95 % of
    the largest channel differences within 12 levels is `resaved`; above that, a mean local
    correlation of the luminance over 0.9 (blur 2 px, windows of 8 px, textured places) is `regenerated`.

    Args:
        valid, mask: (h, w) bool on the half grid.
    """
    far = valid & (cv2.dilate(mask.view(np.uint8), np.ones((17, 17), np.uint8)) == 0)
    height, width = pair.valid.shape
    outside = cv2.resize(far.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    count = np.count_nonzero(outside)
    if count == 0:
        return "redrawn"
    histogram = cv2.calcHist([strength_of(pair)], [0], outside, [256], [0, 256]).ravel()
    if histogram[: RESAVED + 1].sum() >= 0.95 * count:
        return "resaved"
    alike = _local_correlation(pair, outside)
    return "regenerated" if alike > IN_PLACE else "redrawn"


def _local_correlation(pair: Aligned, outside: NDArray[np.uint8]) -> float:
    """Mean correlation of the luminance over textured places outside the edit; 1 where there are none."""
    size = (max(1, outside.shape[1] // 4), max(1, outside.shape[0] // 4))
    original, edited = (
        cv2.cvtColor(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY).astype(
            np.float32
        )
        for picture in (pair.original, pair.edited)
    )

    def mean(plane: Plane) -> Plane:
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), 2), np.float32)

    mean_o, mean_e = mean(original), mean(edited)
    var_o, var_e = mean(original * original) - mean_o**2, mean(edited * edited) - mean_e**2
    textured = (cv2.resize(outside, size, interpolation=cv2.INTER_NEAREST) > 0) & (
        np.maximum(var_o, var_e) > 25
    )
    if not textured.any():
        return 1.0
    both = mean(original * edited) - mean_o * mean_e
    return float(np.mean((both / np.sqrt(np.maximum(var_o * var_e, 1)))[textured]))
