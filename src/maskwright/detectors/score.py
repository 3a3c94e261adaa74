"""One number of a picture from its map, where a network gives none."""

from __future__ import annotations

import cv2
import numpy as np

from maskwright.pairs.values import ChangeMap

WINDOW_PX = 32
"""Side of the window whose mean counts: a few odd pixels make no finding."""


def score_of(map: ChangeMap) -> float:
    """The highest mean of the map over a square of `WINDOW_PX`, 0..1; of the whole map where it is smaller.

    Args:
        map: (H, W) float32 in 0..1.
    """
    height, width = map.shape
    side = (min(WINDOW_PX, width), min(WINDOW_PX, height))
    means = cv2.blur(map, side, borderType=cv2.BORDER_REFLECT)
    return float(np.clip(means.max(), 0, 1))
