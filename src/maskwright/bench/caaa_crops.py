"""Both pictures of a pair cropped to one aspect and one size, by chance, with what makes the group true kept.

A picture's own size and aspect may give its group away: copies share them, strangers seldom do. So each of
the two gets a window of one aspect, at a place and of an extent of its own, and both windows are brought
to one size. A draw is taken if it leaves `KEPT` of what makes the group true; after `TRIES` the best is.

- shared-donor: of the object, in the edited picture by `mask` and in the original by `donor`. Where no mask
  says where the object is, of the whole picture, since it may be anywhere.
- shared-probe: half of each window is shown by the other too, and at most half of what both show is edited.
- unrelated: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.random import Generator

from maskwright.bench.caaa_cases import Case
from maskwright.pairs.registration_warp import resized
from maskwright.pairs.values import Mask, Picture

SEEDS = 5
"""Crops of a pair."""
ASPECT = 2.0
"""Widest window, width over height; the narrowest is the inverse; drawn evenly in the logarithm."""
LEAST_SIDE = 0.6
"""Smallest window, in sides of the largest of its aspect; every third window is the largest."""
LONGEST_PX = (256, 512)
"""The longer side that both windows are brought to."""
KEPT = 0.9
"""Share of what makes the group true that a crop should leave."""
SHARED = 0.5
"""Least share of each window of a shared-probe pair that the other shows; most of it that may be edited."""
TRIES = 500
"""Draws of windows; those of data/groups whose whole donor was pasted rarely find one that keeps enough."""


@dataclass(frozen=True, slots=True)
class Window:
    """Whole pixels of a picture: the first row and column in it, and the first ones beyond it."""

    top: int
    left: int
    bottom: int
    right: int

    def of(self, array: Picture | Mask) -> Picture | Mask:
        return array[self.top : self.bottom, self.left : self.right]


def cropped(case: Case, rng: Generator) -> tuple[Case, float]:
    """The pair after its crop, and how much was kept: from `KEPT` on all that had to be."""
    best: tuple[float, Window, Window] | None = None
    for _ in range(TRIES):
        aspect = float(np.exp(rng.uniform(-np.log(ASPECT), np.log(ASPECT))))
        there, here = (_drawn(picture, aspect, rng) for picture in (case.original, case.edited))
        kept = _kept(case, there, here)
        if best is None or kept > best[0]:
            best = (kept, there, here)
        if kept >= KEPT:
            break
    assert best is not None
    kept, there, here = best
    longest = int(rng.integers(LONGEST_PX[0], LONGEST_PX[1] + 1))
    aspect = (here.right - here.left) / (here.bottom - here.top)
    width = round(longest * min(1.0, aspect))
    height = round(longest * min(1.0, 1 / aspect))

    def shown(picture: Picture, window: Window) -> Picture:
        return resized(np.ascontiguousarray(window.of(picture)), width, height)

    def marked(mask: Mask | None, window: Window) -> Mask | None:
        if mask is None:
            return None
        inside = np.ascontiguousarray(window.of(mask)).astype(np.uint8)
        return cv2.resize(inside, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.bool_)

    ignore = marked(case.ignore, here)
    assert ignore is not None
    done = replace(
        case,
        original=shown(case.original, there),
        edited=shown(case.edited, here),
        mask=marked(case.mask, here),
        ignore=ignore,
        donor=marked(case.donor, there),
    )
    return done, kept


def _drawn(picture: Picture, aspect: float, rng: Generator) -> Window:
    """A window of an aspect, as a whole number of pixels."""
    height, width = picture.shape[:2]
    side = 1.0 if rng.random() < 1 / 3 else float(rng.uniform(LEAST_SIDE, 1))
    columns = max(1, round(side * min(width, height * aspect)))
    rows = max(1, round(side * min(height, width / aspect)))
    top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    return Window(top, left, top + rows, left + columns)


def _kept(case: Case, there: Window, here: Window) -> float:
    """How much of what makes the group true is left, in 0..1; from `KEPT` on enough of it."""
    if case.group == "shared-donor":
        sides = ((case.mask, case.edited, here), (case.donor, case.original, there))
        return min(_share(mask, picture, window) for mask, picture, window in sides)
    return _seen_by_both(case, there, here) if case.group == "shared-probe" else 1.0


def _share(mask: Mask | None, picture: Picture, window: Window) -> float:
    wanted = np.ones(picture.shape[:2], np.bool_) if mask is None or not mask.any() else mask
    return float(np.count_nonzero(window.of(wanted)) / np.count_nonzero(wanted))


def _seen_by_both(case: Case, there: Window, here: Window) -> float:
    """1 where the windows of one photograph show enough of each other, else their overlap, below `KEPT`."""
    height, width = case.edited.shape[:2]
    rows, columns = height / case.original.shape[0], width / case.original.shape[1]
    top, left = max(here.top, there.top * rows), max(here.left, there.left * columns)
    bottom, right = min(here.bottom, there.bottom * rows), min(here.right, there.right * columns)
    both = max(0.0, bottom - top) * max(0.0, right - left)
    ours = (here.bottom - here.top) * (here.right - here.left)
    theirs = (there.bottom - there.top) * rows * (there.right - there.left) * columns
    share = float(both / max(ours, theirs))
    if share < SHARED:
        return KEPT * share
    seen = Window(round(top), round(left), round(bottom), round(right))
    edited = 0.0 if case.mask is None else float(np.mean(seen.of(case.mask)))
    return 1.0 if edited <= SHARED else KEPT * (1 - edited)
