"""One number of a picture from its map, where a network gives none."""

from __future__ import annotations

import cv2

from maskwright.pairs.values import ChangeMap

WINDOW_PX = 32
"""Side of the window whose mean counts: a few odd pixels are no finding. Not tuned: of a compact detector
half trained, windows of 8 to 32 tell edited from authentic pictures alike (AUC 0.70 to 0.72; the mean of the
whole map 0.62; its maximum 0.71; 120 edited and 79 authentic pictures, in the median of 321x347 pixels)."""


def score_of(map: ChangeMap) -> float:
    """How surely some place of a picture was edited: the highest mean of its map over a square window, 0..1.

    max over windows of `WINDOW_PX` x `WINDOW_PX` that lie inside the picture of the mean of the map there; a
    side of the picture that is shorter is a side of the window. A constant map has its own value as score.

    Args:
        map: (H, W) float32 in 0..1.

    >>> import numpy as np
    >>> map = np.zeros((64, 64), np.float32)
    >>> map[10:26, 20:52] = 1
    >>> score_of(map)
    0.5
    """
    height, width = map.shape
    down, across = min(WINDOW_PX, height), min(WINDOW_PX, width)
    means = cv2.boxFilter(map, -1, (across, down), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
    inside = means[: height - down + 1, : width - across + 1]
    return float(min(1.0, max(0.0, inside.max())))
