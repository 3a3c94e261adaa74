"""How alike two pictures are over a set of pixels: MSE, PSNR, SSIM. cv2 and numpy only."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.grid import check_same_grid
from maskwright.pairs.values import Mask, Picture

PSNR_CAP = 100.0
"""dB stated for equal pixels, where the formula gives infinity, which no mean survives."""
SSIM_SIDE, SSIM_SIGMA = 11, 1.5
"""Window of Wang et al. 2004 (doi:10.1109/TIP.2003.819861), section III-B."""
SSIM_K1, SSIM_K2 = 0.01, 0.03
"""Constants of the same paper, section III-B."""


def mse(original: Picture, edited: Picture, where: Mask) -> float | None:
    """Mean squared difference of the pixels in `where`, over channels, grey levels squared; None if none."""
    check_same_grid(original=original, edited=edited, where=where)
    total = np.count_nonzero(where)
    if total == 0:
        return None
    difference = cv2.absdiff(original, edited)
    squares = cv2.multiply(difference, difference, dtype=cv2.CV_32F)
    return float(sum(cv2.mean(squares, where.astype(np.uint8))[:3]) / 3)


def psnr(error: float | None) -> float | None:
    """Peak signal-to-noise ratio of an `mse` of 8-bit pictures, dB, at most `PSNR_CAP`; None stays None.

    >>> psnr(255.0**2)
    0.0
    """
    if error is None:
        return None
    return PSNR_CAP if error == 0 else min(PSNR_CAP, 10 * math.log10(255**2 / error))


def ssim(original: Picture, edited: Picture, where: Mask) -> float | None:
    """Structural similarity of the luminance over `where`, -1..1, 1 = equal; None if no window fits.

    The mean of the local index over pixels whose whole 11x11 window lies in `where`, so that
    what is outside `where` cannot leak in. Source: Wang et al. 2004, equation 13, on luminance,
    at full size (the paper's viewing-distance rule, a downsampling, is not applied).
    """
    check_same_grid(original=original, edited=edited, where=where)
    window = np.ones((SSIM_SIDE, SSIM_SIDE), np.uint8)
    inner = cv2.erode(where.astype(np.uint8), window)
    if not inner.any():
        return None
    return float(cv2.mean(_ssim_map(_luminance(original), _luminance(edited)), inner)[0])


def _luminance(picture: Picture) -> NDArray[np.float32]:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _ssim_map(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    mean_1, mean_2 = _local(first), _local(second)
    variance_1 = _local(first * first) - mean_1 * mean_1
    variance_2 = _local(second * second) - mean_2 * mean_2
    covariance = _local(first * second) - mean_1 * mean_2
    c1, c2 = (SSIM_K1 * 255) ** 2, (SSIM_K2 * 255) ** 2
    above = (2 * mean_1 * mean_2 + c1) * (2 * covariance + c2)
    below = (mean_1 * mean_1 + mean_2 * mean_2 + c1) * (variance_1 + variance_2 + c2)
    return np.asarray(above / below, np.float32)


def _local(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    size = (SSIM_SIDE, SSIM_SIDE)
    return np.asarray(cv2.GaussianBlur(plane, size, SSIM_SIGMA, borderType=cv2.BORDER_REFLECT), np.float32)
