"""What a network is worth on whole pairs of photographs that it did not learn from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from maskwright.learning.export import Inputs
from maskwright.learning.stream import Sample, Shard
from maskwright.measures.metrics import count, f1_of, iou_of
from maskwright.weights import open_network

Floats = NDArray[np.float32]
Says = Callable[[NDArray[np.uint8]], NDArray[np.generic]]
"""(1, C, h, w) uint8 to (1, 1, h, w) log odds."""


def of_planes(planes: NDArray[np.uint8]) -> Inputs:
    """What a network of planes alone takes."""
    return {"planes": planes}


def whole_pairs(shard: Shard, *, multiple: int) -> list[Sample]:
    """The pairs of a shard without their padding, but for what makes sides multiples of a number."""
    found = []
    side = shard.mask.shape[-1]
    for planes, mask, ignore in zip(shard.planes, shard.mask, shard.ignore, strict=True):
        counted = ignore < 255
        height, width = (
            min(side, _up(1 + int(np.flatnonzero(counted.any(axis=axis)).max(initial=0)), multiple))
            for axis in (1, 0)
        )
        found.append(Sample(planes[:, :height, :width], mask[:height, :width], ignore[:height, :width]))
    return found


def says(network: nn.Module) -> Says:
    """What a network in torch says."""
    device = next(network.parameters()).device

    def run(planes: NDArray[np.uint8]) -> NDArray[np.generic]:
        with torch.inference_mode():
            return np.asarray(network(torch.from_numpy(planes).to(device)).float().cpu().numpy())

    return run


def file_says(path: Path, given: Callable[[NDArray[np.uint8]], Inputs] = of_planes) -> Says:
    """What an exported network says.

    Args:
        given: its inputs for planes.
    """
    session = open_network(path)
    return lambda planes: np.asarray(session.run(None, dict(given(planes)))[0])


def odds_of(say: Says, pairs: Sequence[Sample]) -> list[Floats]:
    """(h, w) float32 each: what is said of every pair."""
    return [np.asarray(say(np.ascontiguousarray(pair.planes[None]))[0, 0], np.float32) for pair in pairs]


def figures_of(odds: Sequence[Floats], pairs: Sequence[Sample]) -> dict[str, float]:
    """Figures at a chance of 0.5, on the half grid.

    Returns:
        f1 and iou, means over pairs in which something is edited; unedited_marked, the mean marked
        share of the others. What there is no pair for is missing.
    """
    counts = [
        count(odd >= 0, pair.mask >= 128, ignore=pair.ignore >= 128)
        for odd, pair in zip(odds, pairs, strict=True)
    ]
    edited = [each for each in counts if each.tp + each.fn]
    others = [each for each in counts if not each.tp + each.fn]
    figures = {}
    if edited:
        figures["f1"] = float(np.mean([f1_of(c) for c in edited]))
        figures["iou"] = float(np.mean([iou_of(c) for c in edited]))
    if others:
        figures["unedited_marked"] = float(np.mean([c.fp / max(1, c.fp + c.tn) for c in others]))
    return figures


def f1_at_half(odds: Sequence[Floats], pairs: Sequence[Sample]) -> float:
    """Mean F1 at a chance of 0.5 of the pairs in which something is edited; nan without any."""
    return figures_of(odds, pairs).get("f1", math.nan)


def _up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple
