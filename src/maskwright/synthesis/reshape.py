"""Edits that bend: an object made fatter, thinner, longer, or turned a little, in place."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from maskwright.synthesis.fields import taken_from
from maskwright.synthesis.regions import Draw, any_shape
from maskwright.synthesis.steps import Made, Step, size_of
from maskwright.synthesis.truth import closed, window_of, write

MOVED_PX = 0.7
"""A pixel belongs to the bent region when it was moved at least so far."""
LARGEST_FRAC = 0.2
"""Of the picture; what is larger is bent only about its middle."""


def reshape(draw: Draw = any_shape) -> Step:
    """The surroundings of a region bent: bulged, pinched, stretched or twirled, less and less outwards.

    Source:
        The displacement falls as (1 - r^2)^2 from the middle of an ellipse about the region to its rim, so
        that it has no edge (after Gustafson's interactive image warping, 1993).
    """

    def step(made: Made, rng: Generator) -> Made:
        rows, columns = window_of(draw(*size_of(made.mask), rng))
        half = 0.75 * np.array([rows.stop - rows.start, columns.stop - columns.start])
        too_large = np.pi * half.prod() / (LARGEST_FRAC * made.mask.size)
        half_y, half_x = np.maximum(3.0, half / np.sqrt(max(1.0, too_large))).tolist()
        y0, x0 = ((side.start + side.stop - 1) / 2 for side in (rows, columns))
        window = (
            slice(max(0, int(y0 - half_y)), min(made.mask.shape[0], int(y0 + half_y) + 1)),
            slice(max(0, int(x0 - half_x)), min(made.mask.shape[1], int(x0 + half_x) + 1)),
        )
        y, x = np.mgrid[window].astype(np.float32)
        right, down = x - x0, y - y0
        fall = np.clip(1 - (right / half_x) ** 2 - (down / half_y) ** 2, 0, 1) ** 2
        strength = float(rng.choice([-1, 1])) * float(rng.uniform(0.2, 0.55))
        kind = int(rng.integers(3))
        if kind == 0:  # bulge or pinch
            move_x, move_y = -strength * fall * right, -strength * fall * down
        elif kind == 1:  # pulled to a side
            angle = float(rng.uniform(0, 2 * np.pi))
            far = abs(strength) * min(half_x, half_y) * 0.6
            move_x, move_y = far * fall * np.cos(angle), far * fall * np.sin(angle)
        else:  # twirl
            turn = 1.2 * strength * fall
            move_x = right * np.cos(turn) - down * np.sin(turn) - right
            move_y = right * np.sin(turn) + down * np.cos(turn) - down
        places = (x + move_x).astype(np.float32), (y + move_y).astype(np.float32)
        new = taken_from(made.edited, places, kernel=cv2.INTER_CUBIC)
        bent = closed(np.hypot(move_x, move_y) >= MOVED_PX, 9)
        return write(made, window, new, bent) if bent.any() else made

    return step
