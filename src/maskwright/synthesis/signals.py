"""Corruptions of a picture's fine detail and light that leave every pixel in its place."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from maskwright.errors import SettingError
from maskwright.pairs.values import Picture
from maskwright.synthesis.fields import Floats, tone_field
from maskwright.synthesis.steps import Side, Step, on_side, size_of
from maskwright.synthesis.truth import to_uint8

DRIFT_KNOTS = 5
"""Of a curve over all levels: a fold every 64 levels. Our choice."""


def local_tone(levels: float, *, spacing_px: float = 96.0, side: Side = "edited") -> Step:
    """Light and colour changed slowly from place to place, as by tone mapping or a generator's drift.

    Args:
        levels: largest change of lightness in grey levels; that of a channel apart is a third of it.
        spacing_px: how far apart the places are that change independently.
    """
    _not_below(0, levels=levels)
    _not_below(1, spacing_px=spacing_px)

    def change(picture: Picture, rng: Generator) -> Picture:
        return _added(picture, tone_field(*size_of(picture), spacing_px, levels, rng))

    return on_side(side, change)


def drift(levels: float, *, side: Side = "edited") -> Step:
    """Every colour moved a little its own way, the same all over the picture: what no gain and offset undo.

    Args:
        levels: about the largest change of a channel, grey levels.

    A change is the sum of a smooth random curve of each channel, mixed anew for every channel.
    """
    _not_below(0, levels=levels)

    def change(picture: Picture, rng: Generator) -> Picture:
        knots = rng.uniform(-1, 1, (1, DRIFT_KNOTS, 3)).astype(np.float32)
        curves = cv2.resize(knots, (256, 1), interpolation=cv2.INTER_CUBIC)
        mixed = rng.uniform(-1, 1, (3, 3)).astype(np.float32) + np.float32(0.7)  # the channels mostly agree
        mixed *= np.float32(levels) / np.abs(mixed).sum(axis=1, keepdims=True)
        return _added(picture, np.asarray(cv2.transform(cv2.LUT(picture, curves), mixed), np.float32))

    return on_side(side, change)


def sharpen(amount: float, *, sigma: float = 1.0, side: Side = "edited") -> Step:
    """Unsharp mask: `amount` times what a Gaussian of `sigma` takes away is added; below 0 it softens."""
    _not_below(-1, amount=amount)
    _not_below(0.1, sigma=sigma)

    def change(picture: Picture, rng: Generator) -> Picture:
        soft = cv2.GaussianBlur(picture, (0, 0), sigma)
        return np.asarray(cv2.addWeighted(picture, 1 + amount, soft, -amount, 0), np.uint8)

    return on_side(side, change)


def noise(read: float, *, shot: float = 0.0, side: Side = "edited") -> Step:
    """Sensor noise, white and of its own in every channel.

    Args:
        read: its spread in the dark, grey levels.
        shot: what its variance gains per grey level; 0.1 gives a spread of 5 at white.
    """
    _not_below(0, read=read, shot=shot)

    def change(picture: Picture, rng: Generator) -> Picture:
        table = np.sqrt(read**2 + shot * np.arange(256, dtype=np.float32))
        return _added(picture, table[picture] * white_noise(*size_of(picture), rng))

    return on_side(side, change)


def resynthesise(share: float, *, sigma: float = 1.2, side: Side = "edited") -> Step:
    """A share of the fine detail exchanged for noise of the same local energy.

    Args:
        share: 0 keeps all, 1 keeps none of it.
        sigma: what a Gaussian of this takes away is the fine detail.
    """
    if not 0 <= share <= 1:
        raise SettingError(f"share is {share}, expected 0 to 1")
    _not_below(0.1, sigma=sigma)

    def change(picture: Picture, rng: Generator) -> Picture:
        soft = cv2.GaussianBlur(picture, (0, 0), sigma)
        fine = np.subtract(picture, soft, dtype=np.float32)
        # Noise of lightness mostly: detail of its own in every channel would look like coloured grain.
        raw = white_noise(*size_of(picture), rng, channels=1)
        grain = raw - cv2.GaussianBlur(raw, (0, 0), sigma)
        energy = cv2.blur(np.abs(fine[..., 1]), (5, 5)) * np.float32(share * 1.25 / float(grain.std() + 1e-6))
        return _added(picture, (grain * energy)[..., None] - np.float32(share) * fine)

    return on_side(side, change)


def white_noise(height: int, width: int, rng: Generator, *, channels: int = 3) -> Floats:
    """(H, W, C) noise of spread 1, (H, W) for one channel: the sum of two uniform bytes.

    Drawing bytes is four times as quick as drawing normal numbers, and nobody sees the missing tails.
    """
    raw = np.frombuffer(rng.bytes(height * width * channels * 2), np.uint8).reshape(
        2, height, width, channels
    )
    total: Floats = np.add(raw[0], raw[1], dtype=np.float32)
    total -= 255
    total *= 1 / 104.5  # spread of the sum of two uniform bytes
    return total.reshape(height, width) if channels == 1 else total


def _added(picture: Picture, change: Floats) -> Picture:
    return to_uint8(picture + change)


def _not_below(least: float, **values: float) -> None:
    for name, value in values.items():
        if not value >= least:
            raise SettingError(f"{name} is {value}, expected at least {least}")
