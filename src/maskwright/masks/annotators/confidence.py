"""How likely a mask is right, from its calibrated change map alone.

A map of probabilities says itself how well its mask should fit. That figure is not yet a
probability of being right; a fit on pairs with known masks makes it one (`maskwright train`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from maskwright.pairs.values import ChangeMap

MASK, EMPTY = "expected_iou", "strongest"
"""What is known of a mask, and of an empty one; the names of the constants follow from them."""


def confidence(change: ChangeMap, constants: Mapping[str, float]) -> float:
    """Calibrated probability that IoU >= 0.7; for an empty mask, that nothing was edited.

    Args:
        change: (h, w) float32 in 0..1, calibrated; any grid.
        constants: `<kind>_bias` and `<kind>_weight` for the two kinds of `evidence_of`.
    """
    kind, value = evidence_of(change)
    odds = constants[f"{kind}_bias"] + constants[f"{kind}_weight"] * value
    return 1 / (1 + math.exp(-odds))


def evidence_of(change: ChangeMap) -> tuple[str, float]:
    """Which kind of mask the map has, and what speaks for it.

    `expected_iou`: sum of the map inside the mask over the mask's area and the sum outside. Were every
    pixel edited with its probability, this is the ratio of what is expected of intersection and
    union. `strongest`: the largest value of a map whose mask is empty.

    >>> evidence_of(np.array([[1, 1, 0.5, 0.25, 0.25]], np.float32))
    ('expected_iou', 0.7142857142857143)
    >>> evidence_of(np.array([[0.25, 0]], np.float32))
    ('strongest', 0.25)
    """
    mask = change >= 0.5
    if not mask.any():
        return EMPTY, float(change.max())
    inside = float(change[mask].sum(dtype=np.float64))
    outside = float(change.sum(dtype=np.float64)) - inside
    return MASK, inside / (float(np.count_nonzero(mask)) + outside)
