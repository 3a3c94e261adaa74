"""Regions that follow what a photograph shows, for photographs without a label map."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis.regions import AREA_FRAC, Draw, blob

LONGEST_PX = 160
"""The photograph is looked at this small: larger, its smallest folds become borders, and time grows."""
SEEDS = 9
"""Along the longer side; every seed becomes a superpixel. More make them too small to be things."""


def superpixels(picture: Picture) -> Draw:
    """A region of few superpixels that look alike and touch.

    Source:
        Watershed of the picture's gradient from jittered grid seeds (Meyer 1992, as OpenCV does it), then
        the neighbour nearest in colour is added until the area is reached that was drawn.
    """

    def draw(height: int, width: int, rng: Generator) -> Mask:
        labels, colours = segments(picture, rng)
        wanted = float(np.exp(rng.uniform(*np.log(AREA_FRAC)))) * labels.size
        chosen = _grown_to(labels, colours, wanted, rng)
        soft = cv2.resize(chosen.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
        region = cv2.GaussianBlur(soft, (0, 0), max(1.0, max(height, width) / LONGEST_PX)) >= 0.5
        return np.asarray(region) if region.any() else blob(height, width, rng)

    return draw


def segments(picture: Picture, rng: Generator) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Labels from 0 at the small size, and the mean colour of each, (n, 3)."""
    scale = min(1.0, LONGEST_PX / max(picture.shape[:2]))
    height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    small = np.asarray(cv2.medianBlur(small, 3), np.uint8)
    step = max(2.0, max(height, width) / SEEDS)
    rows, columns = (np.arange(step / 2, length, step) for length in (height, width))
    markers = np.zeros((height, width), np.int32)
    for number, (row, column) in enumerate(((r, c) for r in rows for c in columns), start=1):
        y, x = np.array([row, column]) + rng.uniform(-0.4, 0.4, 2) * step
        markers[int(np.clip(y, 0, height - 1)), int(np.clip(x, 0, width - 1))] = number
    cv2.watershed(small, markers)
    labels = np.maximum(markers, 0)
    # OpenCV leaves borders between regions, and the frame, without a label: give them a neighbour's.
    while not labels.all():
        wider = cv2.dilate(labels.astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.int32)
        if not wider.any():
            wider = wider + 1
        labels = np.where(labels == 0, wider, labels)
    present = np.bincount(labels.ravel()) > 0
    labels = np.asarray((np.cumsum(present) - 1)[labels], np.int32)
    counts = np.bincount(labels.ravel())
    sums = [np.bincount(labels.ravel(), small[..., channel].ravel()) for channel in range(3)]
    return labels, (np.stack(sums, axis=1) / counts[:, None]).astype(np.float32)


def _grown_to(labels: NDArray[np.int32], colours: NDArray[np.float32], wanted: float, rng: Generator) -> Mask:
    """One superpixel, and its neighbours nearest in colour until the area is reached."""
    counts = np.bincount(labels.ravel())
    touching = np.zeros((len(counts), len(counts)), np.bool_)
    for one, other in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        touching[one, other] = touching[other, one] = True
    start = int(rng.integers(len(counts)))
    taken = np.zeros(len(counts), np.bool_)
    taken[start] = True
    while counts[taken].sum() < wanted:
        near = touching[taken].any(axis=0) & ~taken
        if not near.any():
            break
        apart = np.abs(colours - colours[start]).sum(axis=1)
        taken[int(np.where(near, apart, np.inf).argmin())] = True
    return np.asarray(taken[labels])
