"""The score of a picture that is taken from its map."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from maskwright.detectors.score import WINDOW_PX, score_of

MAPS = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=40),
    elements={"min_value": 0, "max_value": 1},
)


@given(MAPS)
def test_it_is_the_highest_mean_over_windows_inside_the_picture(map_: np.ndarray) -> None:
    window = (min(WINDOW_PX, map_.shape[0]), min(WINDOW_PX, map_.shape[1]))
    every = np.lib.stride_tricks.sliding_window_view(map_.astype(np.float64), window)
    assert score_of(map_) == pytest.approx(every.mean(axis=(2, 3)).max(), abs=1e-5)


def test_a_few_odd_pixels_are_no_finding() -> None:
    map_ = np.zeros((300, 300), np.float32)
    map_[np.random.default_rng(0).random((300, 300)) < 0.01] = 1
    assert score_of(map_) < 0.1


def test_it_is_the_same_wherever_a_region_lies() -> None:
    corner, middle = np.zeros((2, 200, 200), np.float32)
    corner[:40, :40] = 0.8
    middle[80:120, 80:120] = 0.8
    assert score_of(corner) == score_of(middle) == pytest.approx(0.8)
