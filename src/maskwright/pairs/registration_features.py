"""A first guess of how two pictures lie on each other, from features: SIFT and MAGSAC."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.registration import Matrix, scaling

FEATURES = 2000
"""Most features a picture gives; more cost time and found no more pairs."""
RATIO = 0.8
"""Lowe's ratio, IJCV 2004, section 7.1."""
LEAST_MATCHES = 6
SEED = 20


def feature_map(original: NDArray[np.uint8], edited: NDArray[np.uint8], longest: int = 640) -> Matrix | None:
    """The affine map from edited to original pixels most matches agree with, or None.

    Args:
        original, edited: (H, W) uint8, grey, any sizes.
        longest: pictures are reduced by a whole factor until no side is longer than about this.
    """
    here, there = _features(edited, longest), _features(original, longest)
    if here is None or there is None:
        return None
    matched = cv2.BFMatcher(cv2.NORM_L2).knnMatch(here[1], there[1], k=2)
    good = [pair[0] for pair in matched if len(pair) == 2 and pair[0].distance < RATIO * pair[1].distance]
    if len(good) < LEAST_MATCHES:
        return None
    points = here[0][[match.queryIdx for match in good]]
    onto = there[0][[match.trainIdx for match in good]]
    settings = cv2.UsacParams()
    settings.randomGeneratorState = SEED
    settings.confidence = 0.999
    settings.maxIterations = 5000
    settings.score = cv2.SCORE_METHOD_MAGSAC
    settings.sampler = cv2.SAMPLING_UNIFORM
    settings.loMethod = cv2.LOCAL_OPTIM_SIGMA
    settings.loIterations = 10
    settings.loSampleSize = 20
    settings.threshold = 3.0
    settings.final_polisher = cv2.MAGSAC
    settings.final_polisher_iterations = 5
    found, inliers = cv2.estimateAffine2D(points, onto, settings)
    if found is None or inliers is None or np.count_nonzero(inliers) < LEAST_MATCHES:
        return None
    return np.vstack([found, [0, 0, 1]]).astype(np.float64)


def _features(
    grey: NDArray[np.uint8], longest: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    factor = max(1, round(max(grey.shape) / longest))
    if factor > 1:
        height, width = grey.shape[0] // factor, grey.shape[1] // factor
        cut = grey[: height * factor, : width * factor]
        grey = np.asarray(cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    points, descriptors = cv2.SIFT_create(nfeatures=FEATURES, contrastThreshold=0.02).detectAndCompute(
        grey, None
    )
    if descriptors is None or len(points) < LEAST_MATCHES:
        return None
    to_full = scaling(factor)
    places = np.array([point.pt for point in points], np.float32) * to_full[0, 0] + to_full[0, 2]
    roots = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6))
    return places.astype(np.float32), roots.astype(np.float32)
