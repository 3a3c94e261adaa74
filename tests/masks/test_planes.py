"""Planes by their names: those of DASS out of those of the compact network."""

from __future__ import annotations

import numpy as np

from maskwright.masks.annotators.planes import CHANNELS, DASS, seen_as


def test_dass_looks_at_both_pictures_and_at_how_far_they_lie_apart() -> None:
    made = np.random.default_rng(0).integers(0, 256, (2, len(CHANNELS), 5, 4), dtype=np.uint8)
    made[:, 0], made[:, 3] = 10, 12  # what bytes would make 254 of
    found = seen_as(made, DASS)
    assert found.shape == (2, 9, 5, 4)
    assert found.dtype == np.uint8
    assert np.array_equal(found[:, :6], made[:, :6])
    assert np.array_equal(found[:, 6:], np.abs(made[:, :3].astype(int) - made[:, 3:6]))
    assert (found[:, 6] == 2).all()


def test_the_compact_network_gets_its_planes_as_they_are() -> None:
    made = np.zeros((len(CHANNELS), 3, 3), np.uint8)
    assert seen_as(made, CHANNELS) is made
