"""Edits as generative editors leave them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis.generative import redraw, skirt
from maskwright.synthesis.regions import box
from maskwright.synthesis.steps import begin


def test_a_redrawn_region_is_marked_and_nothing_else_changes(photo: Picture, donor: Picture) -> None:
    made = redraw(donor, box)(begin(photo), np.random.default_rng(3))
    assert made.mask.any()
    assert np.array_equal(made.original, photo)
    assert np.array_equal(made.edited[~made.mask], photo[~made.mask])
    assert np.mean(np.any(made.edited != photo, axis=2)[made.mask]) > 0.9


def test_a_skirt_changes_only_what_is_outside_the_mask(photo: Picture) -> None:
    mask: Mask = box(*photo.shape[:2], np.random.default_rng(2), area_frac=0.2)
    made = skirt(8, 8)(replace(begin(photo), mask=mask), np.random.default_rng(1))
    assert np.array_equal(made.mask, mask)
    assert np.array_equal(made.edited[mask], photo[mask])
    assert not np.array_equal(made.edited, photo)
    assert np.abs(made.edited.astype(int) - photo).max() <= 8
