"""What an edit changed beyond the region it was meant for: as a map, and in two numbers."""

from __future__ import annotations

import numpy as np

from maskwright.measures.metrics import pixel_f1
from maskwright.pairs.grid import check_same_grid
from maskwright.pairs.values import ChangeMap, Mask

LAYER = "side_effect"
"""The name of the map among an annotator's layers."""


def side_effect(change: ChangeMap, region: Mask) -> ChangeMap:
    """The change map outside the region; 0 inside it.

    Args:
        change: (H, W) float32 in 0..1.
        region: (H, W) bool, where the edit was meant to be.

    Returns:
        (H, W) float32 in 0..1; at 0.5 and above are the mask's pixels outside the region. All of the
        change map where the region is empty, nothing where it is the whole picture.

    Raises:
        GridError: shapes differ.

    >>> side_effect(np.array([[0.25, 0.75, 1]], np.float32), np.array([[False, False, True]])).tolist()
    [[0.25, 0.75, 0.0]]
    """
    check_same_grid(change=change, region=region)
    return np.where(region, np.float32(0), change)


def side_effect_scores(mask: Mask, region: Mask, *, ignore: Mask | None = None) -> dict[str, float]:
    """How much of what changed lies outside the region, and how well the two agree.

    Args:
        mask: (H, W) bool, what changed.
        region: (H, W) bool, where the edit was meant to be.
        ignore: (H, W) bool; pixels that count for nobody, neither in the mask nor in the region.

    Returns:
        `side_effect_frac`: share of the mask outside the region, 0 where the mask is empty;
        `instruction_match`: F1 of mask and region, 1 where both are empty, 0 where one of them is.

    Raises:
        GridError: shapes differ.

    >>> mask, region = np.array([[True, True, True, False]]), np.array([[False, True, False, True]])
    >>> side_effect_scores(mask, region)
    {'side_effect_frac': 0.6666666666666666, 'instruction_match': 0.4}
    """
    check_same_grid(mask=mask, region=region, ignore=ignore)
    claimed = mask if ignore is None else mask & ~ignore
    area = np.count_nonzero(claimed)
    outside = np.count_nonzero(claimed & ~region)
    return {
        "side_effect_frac": float(outside / area) if area else 0.0,
        "instruction_match": pixel_f1(mask, region, ignore=ignore),
    }
