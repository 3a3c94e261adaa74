"""Where an edit happens: blobs, brush strokes, boxes and labelled regions as masks.

Every function gives a bool (H, W) mask with at least one True pixel, whatever the size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from maskwright.pairs.values import Mask

Draw: TypeAlias = Callable[[int, int, Generator], Mask]
"""(height, width, generator) -> mask: how an edit asks for its place."""

AREA_FRAC = (0.003, 0.35)
"""Smallest and largest share of the picture an edit takes; drawn evenly in its logarithm. Our choice:
small objects to half a person, since most edits people make are small."""


def blob(height: int, width: int, rng: Generator, *, area_frac: float | None = None) -> Mask:
    """A closed wavy outline around a random centre.

    The radius is a sum of six harmonics of falling weight, drawn out along a random axis.
    """
    area = _area(height, width, rng, area_frac)
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    radius = np.ones_like(angle)
    for order in range(1, 7):
        radius += rng.normal(0, 0.35 / order) * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
    radius = np.clip(radius, 0.2, None)
    radius *= np.sqrt(area / (np.pi * np.mean(radius**2)))
    elongation = float(np.exp(rng.normal(0, 0.35)))
    along, across = radius * np.cos(angle) * elongation, radius * np.sin(angle) / elongation
    turn = rng.uniform(0, np.pi)
    x = rng.uniform(0, width) + along * np.cos(turn) - across * np.sin(turn)
    y = rng.uniform(0, height) + along * np.sin(turn) + across * np.cos(turn)
    canvas = np.zeros((height, width), np.uint8)
    cv2.fillPoly(canvas, [np.stack([x, y], axis=1).round().astype(np.int32)], 1)
    return _never_empty(canvas, x, y)


def strokes(height: int, width: int, rng: Generator, *, area_frac: float | None = None) -> Mask:
    """One to four brush strokes of one thickness, as people paint for an inpainter."""
    area = _area(height, width, rng, area_frac)
    count = int(rng.integers(1, 5))
    # Length is drawn as a multiple of the thickness, so that thickness follows from the area.
    thickness = max(1.0, float(np.sqrt(area / (count * rng.uniform(3, 12)))))
    length = area / (count * thickness)
    canvas = np.zeros((height, width), np.uint8)
    x = y = np.zeros(1)
    start = rng.uniform(0, 1, 2) * (width, height)
    for _ in range(count):
        knots = int(rng.integers(3, 8))
        turns = np.cumsum(rng.normal(0, 0.8, knots)) + rng.uniform(0, 2 * np.pi)
        x = start[0] + np.cumsum(np.cos(turns)) * length / knots
        y = start[1] + np.cumsum(np.sin(turns)) * length / knots
        points = np.stack([x, y], axis=1).round().astype(np.int32)
        cv2.polylines(canvas, [points], False, 1, max(1, round(thickness)))
        start = start + rng.normal(0, 3 * thickness, 2)
    return _never_empty(canvas, x, y)


def box(height: int, width: int, rng: Generator, *, area_frac: float | None = None) -> Mask:
    """An upright rectangle inside the picture."""
    area = _area(height, width, rng, area_frac)
    aspect = float(np.exp(rng.normal(0, 0.4)))
    across = int(np.clip(round(np.sqrt(area * aspect)), 1, width))
    down = int(np.clip(round(area / across), 1, height))
    left = int(rng.integers(0, width - across + 1))
    top = int(rng.integers(0, height - down + 1))
    mask = np.zeros((height, width), np.bool_)
    mask[top : top + down, left : left + across] = True
    return mask


def labelled(labels: NDArray[Any]) -> Draw:
    """One region of a label map, resized to the picture; a blob where no region fits `AREA_FRAC`.

    Args:
        labels: (h, w) integers, 0 = none, every region a number from 1.
    """
    numbers, counts = np.unique(labels[labels > 0], return_counts=True)
    share = counts / labels.size
    fitting = numbers[(share >= AREA_FRAC[0]) & (share <= AREA_FRAC[1])]

    def draw(height: int, width: int, rng: Generator) -> Mask:
        if not fitting.size:
            return blob(height, width, rng)
        chosen = (labels == rng.choice(fitting)).astype(np.uint8)
        region = cv2.resize(chosen, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.bool_)
        return region if region.any() else blob(height, width, rng)

    return draw


def any_region(labels: NDArray[Any] | None = None) -> Draw:
    """Any kind: half of the time from the label map where there is one, else blob, strokes or box."""
    shapes: tuple[Draw, ...] = (blob, blob, strokes, box)
    by_labels = None if labels is None else labelled(labels)

    def draw(height: int, width: int, rng: Generator) -> Mask:
        if by_labels is not None and rng.random() < 0.5:
            return by_labels(height, width, rng)
        return shapes[int(rng.integers(len(shapes)))](height, width, rng)

    return draw


def _area(height: int, width: int, rng: Generator, area_frac: float | None) -> float:
    """Area in pixels, at least one."""
    frac = float(np.exp(rng.uniform(*np.log(AREA_FRAC)))) if area_frac is None else area_frac
    return max(1.0, frac * height * width)


def _never_empty(canvas: NDArray[np.uint8], x: NDArray[np.float64], y: NDArray[np.float64]) -> Mask:
    """The canvas as a mask; where the outline fell outside or between pixels, the pixel nearest to it."""
    mask = canvas.astype(np.bool_)
    if not mask.any():
        height, width = mask.shape
        mask[int(np.clip(y.mean(), 0, height - 1)), int(np.clip(x.mean(), 0, width - 1))] = True
    return mask
