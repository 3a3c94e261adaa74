"""What IMDLBenCo does to pictures to see what that costs a detector: blur, noise, JPEG, step by step.

The steps are those of its `test_robust.py` (release 0.1.45, with albumentations 1.3.0), done before anything
is resized. Two details differ from what its names promise, and are done here as they are there: the noise's
figure is its VARIANCE (`var_limit`), and noisy levels are cut off, not rounded. Two details are ours: it
draws each JPEG quality from two neighbours (quality - 1, quality), here it is the higher one; and it encodes
red as blue and blue as red, here colours are what they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from maskwright.pairs.values import Picture
from maskwright.synthesis.corruptions import saved


@dataclass(frozen=True, slots=True)
class Harm:
    """One thing done to a picture, in steps.

    Args:
        name: for people.
        unit: what the steps count.
        steps: from mild to strong.
        do: picture, step and chance in, picture out.
    """

    name: str
    unit: str
    steps: tuple[int, ...]
    do: Callable[[Picture, int, Generator], Picture]


def blurred(picture: Picture, kernel_px: int, chance: Generator) -> Picture:
    """Gaussian blur; sigma 0.3 * ((kernel - 1) / 2 - 1) + 0.8, as OpenCV takes it from the kernel.

    Args:
        picture: (H, W, 3) uint8.
        kernel_px: odd.
    """
    return np.asarray(cv2.GaussianBlur(picture, (kernel_px, kernel_px), 0), np.uint8)


def noisy(picture: Picture, variance: int, chance: Generator) -> Picture:
    """Gaussian noise of its own for each level of each pixel, cut off to whole levels, not rounded.

    Args:
        picture: (H, W, 3) uint8.
        variance: of the noise, grey levels squared.
    """
    noise = chance.standard_normal(picture.shape, np.float32) * np.float32(variance**0.5)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def compressed(picture: Picture, quality: int, chance: Generator) -> Picture:
    """Saved as JPEG with OpenCV's own settings but for the quality, and read again."""
    return saved(picture, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])


HARMS: dict[str, Harm] = {
    "blur": Harm("Gaussian blur", "side of the kernel, pixels", (3, 7, 11, 15, 19, 23), blurred),
    "noise": Harm("Gaussian noise", "variance, grey levels squared", (3, 7, 11, 15, 19, 23), noisy),
    "jpeg": Harm("JPEG", "quality", (100, 90, 80, 70, 60, 50), compressed),
}
"""IMDLBenCo's steps by name; its blur of 0 is the picture as it is, where every curve here begins."""
