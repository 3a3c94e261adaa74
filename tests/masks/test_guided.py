"""Log odds of the half grid, drawn on the pixels by the difference itself."""

import numpy as np
from numpy.typing import NDArray

from maskwright.masks.annotators.guided import CLIP, followed


def step_at(column: int, width: int = 64, height: int = 48, levels: int = 80) -> NDArray[np.uint8]:
    """Strength that rises from nothing at a column."""
    strength = np.zeros((height, width), np.uint8)
    strength[:, column:] = levels
    return strength


def odds_from(column: float, width: int = 64, height: int = 48) -> NDArray[np.float32]:
    """Log odds on the half grid that pass 0 at a column of the picture, a level a pixel."""
    places = 2 * np.arange(width // 2) + 0.5
    return np.tile((places - column).astype(np.float32), (height // 2, 1))


def test_a_border_moves_to_within_a_pixel_of_where_the_difference_has_one() -> None:
    for column in range(28, 36):
        for off in (-2.5, 2.5):
            drawn = followed(odds_from(column + off), step_at(column)) > 0
            assert abs(int(np.count_nonzero(~drawn[20])) - column) <= 1


def test_without_a_difference_the_border_stays_where_the_odds_have_it() -> None:
    drawn = followed(odds_from(29.5), np.zeros((48, 64), np.uint8)) > 0
    assert np.array_equal(drawn, step_at(30) > 0)


def test_noise_of_the_difference_pulls_no_border() -> None:
    noise = np.random.default_rng(0).integers(0, 4, (48, 64)).astype(np.uint8)
    drawn = followed(odds_from(29.5), noise) > 0
    assert np.mean(drawn != (step_at(30) > 0)) < 0.02


def test_sureness_does_not_outweigh_place_and_is_kept_far_from_a_border() -> None:
    sure = np.where(odds_from(30) > 0, np.float32(9), np.float32(-9))
    found = followed(sure, step_at(31))
    assert abs(int(np.count_nonzero(found[20] <= 0)) - 31) <= 1
    assert np.abs(found[:, 29:33]).max() <= 2 * CLIP
    assert np.allclose(found[:, 50:], 9, atol=0.1)
    assert np.allclose(found[:, :10], -9, atol=0.1)


def test_pictures_of_odd_sides_and_of_one_pixel_have_a_map_of_their_size() -> None:
    for height, width in ((1, 1), (1, 7), (5, 3), (33, 47)):
        odds = np.ones((-(-height // 2), -(-width // 2)), np.float32)
        assert np.allclose(followed(odds, np.zeros((height, width), np.uint8)), 1)
