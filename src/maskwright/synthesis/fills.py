"""Removal: what lies in a region is taken out, and the hole is filled from around it."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.random import Generator

from maskwright.errors import SettingError
from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis.regions import Draw, any_shape
from maskwright.synthesis.steps import Made, Step, size_of
from maskwright.synthesis.truth import Window, to_uint8, window_of, write

INPAINT_PX = 2000
"""Largest area OpenCV's inpainting is given, in pixels; larger regions are filled at a smaller scale,
since its time grows with the area (4000 px cost about 10 ms)."""
PLACES = 12
"""Places looked at for a patch; more fit better and make fills that no longer differ from each other."""

Fill = Literal["telea", "ns", "patch"]


def removal(fill: Fill, draw: Draw = any_shape) -> Step:
    """What lies in a region is taken out, and the hole is filled from around it.

    Args:
        fill: OpenCV's inpainting (Telea 2004, or Navier-Stokes: Bertalmio et al. 2001), or a
            patch of the same picture whose surroundings fit the hole's.
        draw: the region.
    """
    if fill not in ("telea", "ns", "patch"):
        raise SettingError(f"fill is {fill!r}, expected telea, ns or patch")

    def step(made: Made, rng: Generator) -> Made:
        region = draw(*size_of(made.mask), rng)
        window = window_of(region, margin=8)
        return write(made, window, filled(made.edited, region, window, fill, rng), region[window])

    return step


def filled(picture: Picture, region: Mask, window: Window, fill: Fill, rng: Generator) -> Picture:
    """The window of a picture with its region filled from around it, (h, w, 3) uint8."""
    patch = _patch_fill(picture, region, window, rng) if fill == "patch" else None
    if patch is None:
        flag = cv2.INPAINT_NS if fill == "ns" else cv2.INPAINT_TELEA
        patch = _inpaint(picture[window], region[window], flag, rng)
    return patch


def _inpaint(old: Picture, region: Mask, flag: int, rng: Generator) -> Picture:
    """OpenCV's inpainting, at a smaller scale for large regions, with the grain of the surroundings."""
    scale = min(1.0, float(np.sqrt(INPAINT_PX / np.count_nonzero(region))))
    size = (max(1, round(old.shape[1] * scale)), max(1, round(old.shape[0] * scale)))
    small = cv2.resize(old, size, interpolation=cv2.INTER_AREA)
    hole = (cv2.resize(region.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    if hole.all():
        # Nothing around to fill from: one colour.
        return np.full_like(old, rng.integers(0, 256, 3))
    smooth = cv2.inpaint(small, hole, 3, flag)
    smooth = cv2.resize(smooth, (old.shape[1], old.shape[0]), interpolation=cv2.INTER_CUBIC)
    around = ~region
    fine = cv2.absdiff(old, np.asarray(cv2.GaussianBlur(old, (0, 0), 1), np.uint8))[around]
    spread = float(np.median(fine)) * float(rng.uniform(0.5, 2.0))
    grain = cv2.GaussianBlur(rng.normal(0, 1, old.shape[:2]).astype(np.float32), (0, 0), 0.7)
    return to_uint8(smooth + (2.0 * spread) * grain[..., None])  # 2.0: what the blur took away


def _patch_fill(picture: Picture, region: Mask, window: Window, rng: Generator) -> Picture | None:
    """The best of some windows of the same picture by its fit around the hole; None where none is free.

    The tone around the hole is led into it, so that the patch has no border of its own.
    """
    hole = region[window]
    rows, columns = hole.shape
    height, width = region.shape
    # Fit is judged on every other pixel: a quarter of the work, the same choice nearly always.
    ring = ~hole[::2, ::2]
    if rows >= height or columns >= width or not ring.any():
        return None
    old = picture[window][::2, ::2].astype(np.int16)
    best, best_cost = None, np.inf
    for _ in range(PLACES):
        top, left = int(rng.integers(0, height - rows + 1)), int(rng.integers(0, width - columns + 1))
        there = np.s_[top : top + rows, left : left + columns]
        if np.count_nonzero(region[there] & hole) > 0.1 * np.count_nonzero(hole):
            continue
        apart = (old - picture[there][::2, ::2])[ring].astype(np.float32)
        cost = float(np.abs(apart - apart.mean(axis=0)).mean())
        if cost < best_cost:
            best, best_cost = picture[there], cost
    if best is None:
        return None
    known = (~hole).astype(np.float32)
    apart = (picture[window].astype(np.float32) - best) * known[..., None]
    reach = max(2.0, float(np.sqrt(np.count_nonzero(hole))) / 4)
    weight = _blurred(known, reach) + 1e-3
    return to_uint8(best + _blurred(apart, reach) / weight[..., None])


def _blurred(values: np.ndarray, sigma: float) -> np.ndarray:
    """A wide blur, done at a quarter of the size where it is wide enough for that."""
    if sigma < 8 or min(values.shape[:2]) < 8:
        return cv2.GaussianBlur(values, (0, 0), sigma)
    small = cv2.resize(values, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / 4)
    return cv2.resize(small, (values.shape[1], values.shape[0]), interpolation=cv2.INTER_LINEAR)
