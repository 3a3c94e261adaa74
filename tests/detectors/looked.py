"""Pictures that `bright` looks at: dark, with bright boxes as edits, and detectors with known answers."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np

from maskwright.pairs.values import Card, Detection, Picture
from maskwright.weights import card_path
from tests.detectors.networks import bright

BOX = (30, 20, 40, 36)
"""x, y, width and height of the edit: the window of 32 px that gives the score fits in."""


def detector(path: Path, **constants: float) -> Path:
    """A network that takes every bright pixel for edited, and its card with constants."""
    bright(path, gain=1 / 4)
    told = json.loads(card_path(path).read_text())
    told |= {"constants": constants, "training_data": "nothing", "licence": "CC0-1.0"}
    card_path(path).write_text(json.dumps(told))
    return path


def picture(*, box: tuple[int, int, int, int] | None = BOX, width: int = 120, height: int = 90) -> np.ndarray:
    """(height, width, 3) uint8, dark, with a bright box."""
    pixels = np.random.default_rng(5).integers(20, 60, (height, width, 3)).astype(np.uint8)
    if box:
        x, y, wide, high = box
        pixels[y : y + high, x : x + wide] = 230
    return pixels


def png(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", np.ascontiguousarray(pixels[..., ::-1]))[1].tobytes()


class Killer:
    """Takes its process with it on a picture whose first pixel is red, and says nothing of others."""

    card = Card("killer", "1", "0" * 64)

    def detect(self, picture: Picture) -> Detection:
        if tuple(picture[0, 0]) == (255, 0, 0):
            os._exit(9)
        return Detection(np.zeros(picture.shape[:2], np.float32), 0.0)


class Slanted(Killer):
    """Gives a map of another size than the picture."""

    card = Card("slanted", "1", "1" * 64)

    def detect(self, picture: Picture) -> Detection:
        return Detection(np.zeros((3, 4), np.float32), 0.0)
