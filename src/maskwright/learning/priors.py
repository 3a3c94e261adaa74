"""Priors that training shows: the true region as grounding would find it, more or less wrong, or none."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from maskwright.synthesis.regions import blob

Bytes = NDArray[np.uint8]

ABSENT = 0.4
"""Share of samples without a prior. Our choice, as are the weights below."""
SOFTENED = 0.5
"""Share of priors with soft borders, as a heat map has them."""


def draw_prior(mask: Bytes, rng: Generator) -> Bytes:
    """A prior for a sample, (h, w) uint8, 0..255; zeros where there is none.

    Args:
        mask: (h, w) uint8, edited share of each place. Where it is empty, the prior is a lie.
    """
    if rng.random() < ABSENT:
        return np.zeros_like(mask)
    edited = mask >= 128
    names = list(KINDS)
    weights = np.array([KINDS[name][0] for name in names])
    kind = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    region = KINDS[kind][1](edited, rng) if edited.any() else blob(mask.shape[0], mask.shape[1], rng)
    prior = np.where(region, np.uint8(255), np.uint8(0))
    if rng.random() < SOFTENED:
        prior = np.asarray(cv2.GaussianBlur(prior, (0, 0), float(rng.uniform(1, 8))), np.uint8)
        prior = np.asarray(cv2.convertScaleAbs(prior, alpha=float(rng.uniform(0.6, 1))), np.uint8)
    return prior


def _right(edited: NDArray[np.bool_], rng: Generator) -> NDArray[np.bool_]:
    return edited


def _dilated(edited: NDArray[np.bool_], rng: Generator) -> NDArray[np.bool_]:
    radius = max(1, round(float(np.sqrt(edited.sum())) * rng.uniform(0.05, 0.6)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.dilate(edited.view(np.uint8), disc).astype(np.bool_)


def _boxed(edited: NDArray[np.bool_], rng: Generator) -> NDArray[np.bool_]:
    x, y, width, height = cv2.boundingRect(edited.view(np.uint8))
    region = np.zeros_like(edited)
    region[y : y + height, x : x + width] = True
    return region


def _shifted(edited: NDArray[np.bool_], rng: Generator) -> NDArray[np.bool_]:
    side = float(np.sqrt(edited.sum()))
    right, down = (round(rng.normal(0, 0.4) * side) for _ in range(2))
    return _moved(edited, right, down)


def _partly(edited: NDArray[np.bool_], rng: Generator) -> NDArray[np.bool_]:
    """One half of it, and somewhere else."""
    height, width = edited.shape
    x, y, wide, high = cv2.boundingRect(edited.view(np.uint8))
    half = edited.copy()
    if rng.random() < 0.5:
        half[:, : x + wide // 2] = False
    else:
        half[: y + high // 2] = False
    return half | (blob(height, width, rng) & ~edited)


def _adverse(edited: NDArray[np.bool_], rng: Generator) -> NDArray[np.bool_]:
    """Somewhere else alone."""
    height, width = edited.shape
    right, down = (int(rng.integers(-size, size)) for size in (width, height))
    lie = _moved(edited, right, down) if rng.random() < 0.5 else blob(height, width, rng)
    return lie & ~edited


def _moved(region: NDArray[np.bool_], right: int, down: int) -> NDArray[np.bool_]:
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float64)
    return cv2.warpAffine(region.view(np.uint8), matrix, region.shape[::-1]).astype(np.bool_)


KINDS: dict[str, tuple[float, Callable[[NDArray[np.bool_], Generator], NDArray[np.bool_]]]] = {
    "right": (3, _right),
    "dilated": (3, _dilated),
    "boxed": (2, _boxed),
    "shifted": (2, _shifted),
    "partly wrong": (2, _partly),
    "adverse": (4, _adverse),
}
"""How a prior comes of the true region, by weight."""
