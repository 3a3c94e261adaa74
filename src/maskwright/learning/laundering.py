"""What happens to pictures on their way through other hands, as a detector meets them: saved again, resized,
sharpened or blurred a little, noisy. Made of synthesis' own steps; the mask moves along."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from maskwright.synthesis.corruptions import KERNELS, SUBSAMPLINGS, jpeg, resize, webp
from maskwright.synthesis.signals import noise, sharpen
from maskwright.synthesis.steps import Made, Step

UNTOUCHED = 0.4
"""Share of the pictures that stay as they are. All numbers here are our choice, not tuned."""
MOST = 3
"""So many steps at most, each of its own kind or not."""
RECIPE = 1
"""Counts changes of what is drawn here."""


def laundered(made: Made, rng: Generator) -> Made:
    """The edited picture of a pair, its mask and ignore, after up to `MOST` steps."""
    if rng.random() < UNTOUCHED:
        return made
    kinds, shares = list(STEPS), np.array([share for share, _ in STEPS.values()])
    for kind in rng.choice(kinds, int(rng.integers(1, MOST + 1)), p=shares / shares.sum()):
        made = STEPS[str(kind)][1](rng)(made, rng)
    return made


def _saved(rng: Generator) -> Step:
    """From 50 on, high qualities more often: as the web's pictures are."""
    quality = 100 - round(50 * float(rng.beta(1.2, 2.0)))
    return jpeg(quality, subsampling=str(rng.choice([*SUBSAMPLINGS])))


def _resized(rng: Generator) -> Step:
    scale = float(np.exp(rng.uniform(np.log(0.5), np.log(1.5))))
    kernels = ["linear", "cubic", "lanczos"] + (["area"] if scale < 1 else [])
    assert set(kernels) <= set(KERNELS)
    return resize(scale, kernel=str(rng.choice(kernels)))


STEPS: dict[str, tuple[float, Callable[[Generator], Step]]] = {
    "jpeg": (0.45, _saved),
    "webp": (0.05, lambda rng: webp(int(rng.integers(60, 96)))),
    "resize": (0.25, _resized),
    "noise": (0.1, lambda rng: noise(float(rng.uniform(0.3, 4.0)))),
    "blur": (0.1, lambda rng: sharpen(-1.0, sigma=float(rng.uniform(0.3, 1.2)))),
    "sharpen": (0.05, lambda rng: sharpen(float(rng.uniform(0.2, 1.0)))),
}
"""Kind: its share, and what draws a step of it."""
