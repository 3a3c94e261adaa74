"""A first guess of how two pictures lie on each other, from features: SIFT and MAGSAC."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.registration import Grey, Matrix, resizing

FEATURES = 1000
"""Most features a picture gives."""
LONGEST = 512
"""Longest side features are looked for at; 640 found no more and took half as long again."""
CONTRAST = 0.02
"""Half of OpenCV's contrast threshold, so that soft and strongly compressed pictures give enough."""
RATIO = 0.8
"""A match must be this much nearer than the second: Lowe, IJCV 2004, section 7.1."""
INLIER_PX = 3.0
"""Largest error of an inlier, in pixels of the reduced original."""
LEAST_MATCHES = 6
"""An affine map needs three; two more maps by chance must not."""
SEED = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """What counts as a feature.

    Args:
        features: most a picture gives.
        contrast, edge: OpenCV's thresholds; a higher `edge` lets features lie along contours.
    """

    features: int = FEATURES
    contrast: float = CONTRAST
    edge: float = 10.0


@dataclass(frozen=True, slots=True)
class Features:
    """Places (n, 2) float32 in the picture's own pixels, descriptors (n, 128), and the picture's width."""

    places: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    reduced: float
    width: int


def features_of(grey: Grey, finding: Finding = Finding()) -> Features:
    """SIFT features with root descriptors (Arandjelovic and Zisserman, CVPR 2012)."""
    height, width = grey.shape
    reduced = max(1.0, max(height, width) / LONGEST)
    size = (max(1, round(width / reduced)), max(1, round(height / reduced)))
    small = grey if reduced == 1 else cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    finder = cv2.SIFT_create(  # type: ignore[attr-defined]
        nfeatures=finding.features, contrastThreshold=finding.contrast, edgeThreshold=finding.edge
    )
    points, descriptors = finder.detectAndCompute(small, None)
    if descriptors is None or not len(points):
        return Features(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32), reduced, width)
    to_full = resizing(size, (width, height))
    places = np.array([point.pt for point in points]) * to_full.diagonal()[:2] + to_full[:2, 2]
    roots = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6))
    return Features(places.astype(np.float32), roots.astype(np.float32), reduced, width)


def mirrored(features: Features) -> Features:
    """The features of the same picture mirrored left to right.

    A descriptor is 4 x 4 cells of 8 directions in the frame of the feature's own direction;
    mirroring turns the order of the cells across that direction, and the sense of turning.
    """
    cells = features.descriptors.reshape(-1, 4, 4, 8)[:, ::-1][..., [0, 7, 6, 5, 4, 3, 2, 1]]
    places = features.places.copy()
    places[:, 0] = features.width - 1 - places[:, 0]
    return Features(places, np.ascontiguousarray(cells).reshape(-1, 128), features.reduced, features.width)


@dataclass(frozen=True, slots=True)
class Matched:
    """Places that look alike, (n, 2) float32 each in its picture's own pixels, and how far apart (n,)."""

    places: NDArray[np.float32]
    onto: NDArray[np.float32]
    distance: NDArray[np.float32]


def matched(original: Features, edited: Features, ratio: float = RATIO) -> Matched:
    """The matches of two pictures that pass the ratio test."""
    if len(original.places) < 2 or not len(edited.places):
        none = np.zeros((0, 2), np.float32)
        return Matched(none, none, none[:, 0])
    nearest = cv2.BFMatcher(cv2.NORM_L2).knnMatch(edited.descriptors, original.descriptors, k=2)
    good = [best for best, second in nearest if best.distance < ratio * second.distance]
    return Matched(
        edited.places[[match.queryIdx for match in good]],
        original.places[[match.trainIdx for match in good]],
        np.array([match.distance for match in good], np.float32),
    )


def feature_map(original: Features, edited: Features) -> Matrix | None:
    """The affine map from edited to original pixels that most matches agree with, or None."""
    if min(len(original.places), len(edited.places)) < LEAST_MATCHES:
        return None
    pairs = matched(original, edited)
    found = robust_map(pairs.places, pairs.onto, INLIER_PX * original.reduced)
    return None if found is None else found[0]


def robust_map(
    places: NDArray[np.float32], onto: NDArray[np.float32], inlier_px: float
) -> tuple[Matrix, NDArray[np.bool_]] | None:
    """The affine map that most matches agree with, and which do, (n,); None where too few do.

    The same matches always give the same map: MAGSAC's random numbers have a fixed seed.

    Args:
        places, onto: (n, 2) float32, pixels of the edited picture and of the original.
        inlier_px: largest error of an inlier, in pixels of the original.
    """
    if len(places) < LEAST_MATCHES:
        return None
    found, inliers = cv2.estimateAffine2D(places, onto, _settings(inlier_px))
    if found is None or np.count_nonzero(inliers) < LEAST_MATCHES:
        return None
    if not np.isfinite(found).all() or abs(np.linalg.det(found[:, :2])) < 1e-4:
        return None
    return np.vstack([found, [0, 0, 1]]).astype(np.float64), np.asarray(inliers.ravel() > 0)


def _settings(threshold: float) -> cv2.UsacParams:
    """OpenCV's own USAC_MAGSAC settings, with a seed; `estimateAffine2D` takes no seed by itself."""
    settings = cv2.UsacParams()
    settings.randomGeneratorState = SEED
    settings.confidence = 0.999
    settings.maxIterations = 5000
    settings.score = cv2.SCORE_METHOD_MAGSAC
    settings.sampler = cv2.SAMPLING_UNIFORM
    settings.loMethod = cv2.LOCAL_OPTIM_SIGMA
    settings.loIterations = 10
    settings.loSampleSize = 20
    settings.threshold = threshold
    settings.final_polisher = cv2.MAGSAC
    settings.final_polisher_iterations = 5
    return settings
