"""Self-made photographs: smooth forms and fine texture, no flat areas by chance."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from maskwright.pairs.values import Picture


def textured(height: int, width: int, seed: int) -> Picture:
    """(H, W, 3) uint8: noise at three scales, so that every place differs from every other."""
    rng = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 128.0, np.float32)
    for spacing, weight in ((64, 60), (8, 25), (1, 8)):
        knots = rng.uniform(-1, 1, (height // spacing + 2, width // spacing + 2, 3)).astype(np.float32)
        picture += weight * cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def photo() -> Picture:
    return textured(150, 190, seed=1)


@pytest.fixture(scope="session")
def donor() -> Picture:
    return textured(120, 100, seed=2)
