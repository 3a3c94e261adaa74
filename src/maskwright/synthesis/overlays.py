"""Edits laid on top: words, flat drawn shapes, cut-outs with an outline."""

from __future__ import annotations

import string

import cv2
import numpy as np
from numpy.random import Generator

from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis.regions import AREA_FRAC, Draw, blob
from maskwright.synthesis.steps import Made, Step, check_picture
from maskwright.synthesis.truth import to_uint8, window_of, write

FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)
LETTERS = string.ascii_letters + string.digits


def text(*, opacity: float = 1.0) -> Step:
    """A line of made-up words, now and then on a strip; the edit is the letters, or the strip.

    Args:
        opacity: below 1 a watermark.
    """

    def step(made: Made, rng: Generator) -> Made:
        height, width = made.mask.shape
        lengths = rng.integers(2, 9, int(rng.integers(1, 4)))
        words = " ".join("".join(rng.choice(list(LETTERS), length)) for length in lengths)
        font = FONTS[int(rng.integers(len(FONTS)))]
        (across, down), below = cv2.getTextSize(words, font, 1.0, 1)
        wide = float(rng.uniform(0.1, 0.9)) * width
        scale = max(0.3, wide / across)
        thick = max(1, round(scale * float(rng.uniform(0.8, 3.5))))
        (across, down), below = cv2.getTextSize(words, font, scale, thick)
        left = int(rng.integers(0, max(1, width - across)))
        foot = int(rng.integers(min(down, height - 1), height))
        letters = np.zeros((height, width), np.uint8)
        cv2.putText(letters, words, (left, foot), font, scale, 255, thick, cv2.LINE_AA)
        alpha = letters.astype(np.float32) / 255
        colours = rng.integers(0, 256, (2, 3))
        new = np.broadcast_to(colours[0].astype(np.uint8), made.edited.shape)
        region = alpha > 0
        if rng.random() < 0.25:
            strip = np.zeros((height, width), np.uint8)
            edge = max(2, down // 4)
            cv2.rectangle(
                strip, (left - edge, foot - down - edge), (left + across + edge, foot + below + edge), 1, -1
            )
            region = strip.astype(np.bool_)
            new = to_uint8(colours[1] + alpha[..., None] * (colours[0] - colours[1]).astype(np.float32))
            alpha = region.astype(np.float32)
        return _laid(made, new, region, alpha, opacity)

    return step


def sticker(*, opacity: float = 1.0) -> Step:
    """A flat shape in one colour, filled or as a thick outline: ellipse, polygon, star, arrow or cross."""

    def step(made: Made, rng: Generator) -> Made:
        height, width = made.mask.shape
        radius = float(np.sqrt(np.exp(rng.uniform(*np.log(AREA_FRAC))) * height * width / np.pi))
        outline = _outline(rng) * min(radius, 0.6 * min(height, width))
        turn = float(rng.uniform(0, 2 * np.pi))
        lean = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        centre = rng.uniform(0.1, 0.9, 2) * (width, height)
        # OpenCV takes points in sixteenths of a pixel when told so.
        points = np.round((outline @ lean + centre) * 16).astype(np.int32)
        canvas = np.zeros((height, width), np.uint8)
        if rng.random() < 0.75:
            cv2.fillPoly(canvas, [points], 255, cv2.LINE_AA, 4)
        else:
            thick = max(1, round(float(rng.uniform(0.05, 0.25)) * radius))
            cv2.polylines(canvas, [points], True, 255, thick, cv2.LINE_AA, 4)
        new = np.broadcast_to(rng.integers(0, 256, 3).astype(np.uint8), made.edited.shape)
        return _laid(made, new, canvas > 0, canvas.astype(np.float32) / 255, opacity)

    return step


def outlined_cutout(donor: Picture, cut: Draw = blob) -> Step:
    """An object of another picture with a rim in one colour, as stickers have."""
    check_picture(donor, "donor")

    def step(made: Made, rng: Generator) -> Made:
        height, width = made.mask.shape
        shape = cut(donor.shape[0], donor.shape[1], rng)
        window = window_of(shape)
        size = float(np.sqrt(np.exp(rng.uniform(*np.log(AREA_FRAC))) * height * width))
        scale = size / float(np.sqrt(np.count_nonzero(shape)))
        rows, columns = (side.stop - side.start for side in window)
        scale = min(scale, 0.9 * height / rows, 0.9 * width / columns, 2.0)
        inner = (max(1, round(columns * scale)), max(1, round(rows * scale)))
        kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        pixels = cv2.resize(donor[window], inner, interpolation=kernel)
        mask = cv2.resize(shape[window].astype(np.uint8), inner, interpolation=cv2.INTER_NEAREST)
        rim = max(1, round(0.04 * size))
        room = (rim + 1,) * 4
        pixels = cv2.copyMakeBorder(pixels, *room, cv2.BORDER_REPLICATE)
        mask = cv2.copyMakeBorder(mask, *room, cv2.BORDER_CONSTANT)
        wide = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim + 1,) * 2))
        colour = np.full(3, 255) if rng.random() < 0.6 else rng.integers(0, 256, 3)
        new = np.where(mask[..., None] > 0, pixels, colour.astype(np.uint8))
        top = int(rng.integers(0, max(1, height - new.shape[0] + 1)))
        left = int(rng.integers(0, max(1, width - new.shape[1] + 1)))
        new, wide = new[: height - top, : width - left], wide[: height - top, : width - left]
        place = (slice(top, top + wide.shape[0]), slice(left, left + wide.shape[1]))
        return write(made, place, np.asarray(new, np.uint8), wide > 0) if wide.any() else made

    return step


def _laid(made: Made, new: Picture, region: Mask, alpha: np.ndarray, opacity: float) -> Made:
    """Paint of an opacity: half-covered pixels are its border; a watermark is judged by what it changed."""
    if not region.any():
        return made
    window = window_of(region)
    pixels = new[window]
    if opacity < 1:
        old = made.edited[window].astype(np.float32)
        pixels = to_uint8(old + opacity * (pixels - old))
    return write(made, window, pixels, region[window], alpha=np.asarray(alpha[window], np.float32))


def _outline(rng: Generator) -> np.ndarray:
    """(n, 2) points of a shape about the origin, at most 1 from it."""
    kind = int(rng.integers(5))
    if kind == 0:
        angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        return np.stack([np.cos(angle), float(rng.uniform(0.4, 1)) * np.sin(angle)], axis=1)
    if kind in (1, 2):
        corners = int(rng.integers(3, 8))
        angle = np.linspace(0, 2 * np.pi, 2 * corners, endpoint=False)
        # Of a polygon every other point is the middle of a side, of a star the dent between two tips.
        dent = np.cos(np.pi / corners) if kind == 1 else float(rng.uniform(0.35, 0.6))
        radius = np.where(np.arange(2 * corners) % 2, dent, 1.0)
        return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    if kind == 3:
        arrow = [(-1, -0.2), (0.2, -0.2), (0.2, -0.5), (1, 0), (0.2, 0.5), (0.2, 0.2), (-1, 0.2)]
        return np.array(arrow)
    half = float(rng.uniform(0.12, 0.35))
    arm = np.array([(-half, -1), (half, -1), (half, -half)])
    quarter = np.array([[0, 1], [-1, 0]])
    return np.concatenate([arm @ np.linalg.matrix_power(quarter, turn) for turn in range(4)])
