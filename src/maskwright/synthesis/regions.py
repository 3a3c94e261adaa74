"""Where an edit happens: blobs, strokes, boxes, ellipses, labelled regions and what lies around them.

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
from maskwright.synthesis.truth import window_of

Draw: TypeAlias = Callable[[int, int, Generator], Mask]
"""(height, width, generator) -> mask: how an edit asks for its place."""

AREA_FRAC = (0.001, 0.6)
"""Smallest and largest share of the picture an edit takes; drawn evenly in its logarithm. Our choice:
from a button to most of a scene, half of them below 2.5 %."""


SMALL_TRIES = 4
"""Regions drawn at most until one is small enough."""


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
    return _outlined(height, width, rng, along, across)


def ellipse(height: int, width: int, rng: Generator, *, area_frac: float | None = None) -> Mask:
    """An ellipse around a random centre, turned anyhow."""
    radius = np.sqrt(_area(height, width, rng, area_frac) / np.pi)
    elongation = float(np.exp(rng.normal(0, 0.3)))
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    return _outlined(
        height, width, rng, radius * elongation * np.cos(angle), radius / elongation * np.sin(angle)
    )


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


SHAPES: tuple[Draw, ...] = (blob, blob, ellipse, strokes, box)
"""What is drawn where a photograph says nothing of what it shows."""


def any_shape(height: int, width: int, rng: Generator, /) -> Mask:
    """One of `SHAPES`."""
    return SHAPES[int(rng.integers(len(SHAPES)))](height, width, rng)


def labelled(labels: NDArray[Any]) -> Draw:
    """One region of a label map, resized to the picture; a blob where no region fits `AREA_FRAC`.

    A label that lies in several places gives one of them, mostly a large one.

    Args:
        labels: (h, w) integers, 0 = none, every region a number from 1.
    """
    counts = np.bincount(labels.ravel())
    counts[0] = 0
    share = counts / labels.size
    fitting = np.flatnonzero((share >= AREA_FRAC[0]) & (share <= AREA_FRAC[1]))

    def draw(height: int, width: int, rng: Generator) -> Mask:
        if not fitting.size:
            return blob(height, width, rng)
        chosen = (labels == rng.choice(fitting)).astype(np.uint8)
        region = cv2.resize(chosen, (width, height), interpolation=cv2.INTER_NEAREST)
        _, parts, stats, _ = cv2.connectedComponentsWithStats(region, connectivity=8)
        areas = stats[1:, cv2.CC_STAT_AREA].astype(float)
        areas[areas < AREA_FRAC[0] * region.size / 2] = 0  # crumbs of the labelling
        if not areas.any():
            return blob(height, width, rng)
        return np.asarray(parts == 1 + rng.choice(len(areas), p=areas / areas.sum()))

    return draw


def at_most(draw: Draw, frac: float) -> Draw:
    """A region that takes no more than this share of the picture; after some tries, a blob."""

    def small(height: int, width: int, rng: Generator) -> Mask:
        for _ in range(SMALL_TRIES):
            region = draw(height, width, rng)
            if region.mean() <= frac:
                return region
        return blob(height, width, rng, area_frac=frac * float(rng.uniform(0.2, 0.8)))

    return small


def grown(draw: Draw) -> Draw:
    """A region with a margin about it: as an object's mask is grown before it goes to an inpainter."""

    def wide(height: int, width: int, rng: Generator) -> Mask:
        region = draw(height, width, rng)
        reach = 1 + int(float(rng.uniform(0.02, 0.25)) * np.sqrt(np.count_nonzero(region)))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * min(reach, 20) + 1,) * 2)
        return np.asarray(cv2.dilate(region.astype(np.uint8), kernel), np.bool_)

    return wide


def around(draw: Draw) -> Draw:
    """The box around a region, or an ellipse about it, with some room: as people mark an object."""

    def wide(height: int, width: int, rng: Generator) -> Mask:
        rows, columns = window_of(draw(height, width, rng))
        room = 1 + float(rng.uniform(0, 0.3))
        half = [room * (side.stop - side.start) / 2 for side in (columns, rows)]
        centre = [(side.start + side.stop - 1) / 2 for side in (columns, rows)]
        canvas = np.zeros((height, width), np.uint8)
        if rng.random() < 0.5:
            low, high = (
                tuple(round(c + sign * h) for c, h in zip(centre, half, strict=True)) for sign in (-1, 1)
            )
            cv2.rectangle(canvas, low, high, 1, -1)
        else:
            # An ellipse through the corners of the box is 2 ** 0.5 times as wide as the box.
            wider = float(rng.uniform(1.1, 1.42))
            axes = tuple(max(1, round(wider * h)) for h in half)
            cv2.ellipse(canvas, (round(centre[0]), round(centre[1])), axes, 0, 0, 360, 1, -1)
        return canvas.astype(np.bool_)

    return wide


def _outlined(height: int, width: int, rng: Generator, along: Any, across: Any) -> Mask:
    """A closed outline, turned anyhow, around a centre anywhere in the picture."""
    turn = rng.uniform(0, np.pi)
    x = rng.uniform(0, width) + along * np.cos(turn) - across * np.sin(turn)
    y = rng.uniform(0, height) + along * np.sin(turn) + across * np.cos(turn)
    canvas = np.zeros((height, width), np.uint8)
    cv2.fillPoly(canvas, [np.stack([x, y], axis=1).round().astype(np.int32)], 1)
    return _never_empty(canvas, x, y)


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
