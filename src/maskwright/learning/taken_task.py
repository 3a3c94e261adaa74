"""What CAAA's mask of a taken object is learned from: donor pairs, laid as the matcher would lay them.

The network is compact's, asked the other question: not where two copies of a photograph differ, but where
the edited picture shows what the original, laid on it by an object's map, shows there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from torch import nn

from maskwright.errors import InputError
from maskwright.learning.networks.compact import Compact
from maskwright.learning.shares import told_apart
from maskwright.learning.stream import Maker, Sample, on_half_grid
from maskwright.learning.task import CompactTask
from maskwright.masks.annotators.caaa import laid_by
from maskwright.masks.annotators.evidence import evidence
from maskwright.masks.annotators.planes import planes
from maskwright.masks.annotators.rule import log_odds, shipped_rule
from maskwright.pairs.values import Aligned, Mask
from maskwright.synthesis import donors
from maskwright.synthesis.donors import Related, draw_donor
from maskwright.synthesis.photos import Photo

OFF_PX, OFF = 0.6, 0.003
"""Spread of what a map that was found is off: pixels, and shares of a pixel a pixel."""
ASTRAY = 0.12
"""Share of the pairs that are laid by a map that is wrong altogether: there nothing was taken."""
SEEN = 0.3
"""Least share of the object that the matcher knows of."""


@dataclass(frozen=True, slots=True)
class DrawTaken:
    """Draws donor pairs as they are laid; a maker of samples that can be pickled."""

    photos: tuple[Photo, ...]

    def __call__(self, rng: Generator) -> Sample:
        drawn = draw_donor(self.photos, rng)
        pair, truth = laid_somehow(drawn, rng)
        if not pair.valid.any():
            raise InputError("the original was laid beside the edited picture")
        seen = evidence(pair)
        return Sample(
            planes(seen, log_odds(seen, shipped_rule())),
            on_half_grid(truth),
            on_half_grid(drawn.ignore | ~pair.valid),
        )


def laid_somehow(drawn: Related, rng: Generator) -> tuple[Aligned, Mask]:
    """The original laid as a matcher might lay it, and (H, W) bool what was taken where it lies so."""
    assert drawn.matrix is not None
    height, width = drawn.edited.shape[:2]
    off = np.eye(3)
    off[:2, :2] += rng.normal(0, OFF, (2, 2))
    middle = np.argwhere(drawn.mask).mean(axis=0)[::-1]
    off[:2, 2] = middle - off[:2, :2] @ middle + rng.normal(0, OFF_PX, 2)
    if rng.random() < ASTRAY:
        off[:2, 2] += rng.choice([-1, 1], 2) * rng.uniform(0.1, 0.4, 2) * (width, height)
        return laid_by(drawn.original, drawn.edited, drawn.matrix @ off, _part(drawn.mask, rng)), (
            np.zeros_like(drawn.mask)
        )
    laid = laid_by(drawn.original, drawn.edited, drawn.matrix @ off, _part(drawn.mask, rng))
    return laid, drawn.mask


def _part(mask: Mask, rng: Generator) -> Mask:
    """What of the object the matcher knows of: all that lies on one side of a line through it."""
    y, x = np.nonzero(mask)
    angle = float(rng.uniform(0, 2 * np.pi))
    along: NDArray[np.float64] = x * np.cos(angle) + y * np.sin(angle)
    least = np.quantile(along, float(rng.uniform(0, 1 - SEEN)))
    part = np.zeros_like(mask)
    part[y[along >= least], x[along >= least]] = True
    grown = cv2.dilate(part.view(np.uint8), np.ones((5, 5), np.uint8))
    return np.asarray(grown, np.bool_)


class TakenTask(CompactTask):
    """The task of the second half of `maskwright train caaa`; to be closed."""

    def network(self) -> nn.Module:
        network = Compact()
        # it starts from "taken where nothing differs"
        nn.init.constant_(cast("nn.Parameter", network.keep), -1.0)
        return network


def taken_of(photos: tuple[Photo, ...]) -> tuple[Maker, str]:
    """What draws samples of photographs, and all that they depend on."""
    return DrawTaken(photos), "\n".join(["taken", str(donors.RECIPE), *told_apart(photos)])
