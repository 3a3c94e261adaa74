"""How likely a mask is right, from its calibrated change map alone.

A map of probabilities says itself how well its mask should fit, and the thinner a mask, the more a
border counts that another hand would draw a little elsewhere. Neither is a probability of being
right yet; a fit on pairs with known masks makes them one (`maskwright train`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import cv2
import numpy as np

from maskwright.pairs.values import ChangeMap

KINDS: dict[str, tuple[str, ...]] = {"mask": ("expected_iou", "thickness"), "empty": ("strongest",)}
"""What is known of a mask, and of an empty one."""
CONSTANTS = tuple(f"{kind}_{name}" for kind, names in KINDS.items() for name in ("bias", *names))
"""What a card must hold for it."""
LEAST = 1e-4
"""Probabilities closer to 0 or 1 are held here before their log odds are taken."""


def odds_of(change: ChangeMap) -> ChangeMap:
    """The log odds of a change map, float32, within 9.2 of 0."""
    value = np.clip(change, LEAST, 1 - LEAST)
    return np.asarray(np.log(value / (1 - value)), np.float32)


def confidence(change: ChangeMap, constants: Mapping[str, float]) -> float:
    """Calibrated probability that IoU >= 0.7; for an empty mask, that nothing was edited.

    Args:
        change: (h, w) float32 in 0..1, calibrated, on the half grid.
        constants: of the card.
    """
    kind, known = evidence_of(change)
    odds = constants[f"{kind}_bias"]
    odds += sum(constants[f"{kind}_{name}"] * value for name, value in known.items())
    return 0.5 * (1 + math.tanh(odds / 2))


def evidence_of(change: ChangeMap) -> tuple[str, dict[str, float]]:
    """Which of `KINDS` the map's mask is, and what speaks for it.

    expected_iou
        sum of the map inside the mask over the mask's area and the sum outside. Were every pixel edited
        with its probability, this is the ratio of what is expected of intersection and union.
    thickness
        log2 of the mask's area over its border's length, in diagonals of the picture.
    strongest
        the largest value of the map.

    >>> evidence_of(np.array([[0.25, 0]], np.float32))
    ('empty', {'strongest': 0.25})
    """
    mask = change >= 0.5
    area = int(np.count_nonzero(mask))
    if not area:
        return "empty", {"strongest": float(change.max())}
    inside = float(change[mask].sum(dtype=np.float64))
    outside = float(change.sum(dtype=np.float64)) - inside
    border = area - int(np.count_nonzero(cv2.erode(mask.view(np.uint8), np.ones((3, 3), np.uint8))))
    thickness = math.log2(area / max(1, border) / math.hypot(*change.shape))
    return "mask", {"expected_iou": inside / (area + outside), "thickness": thickness}
