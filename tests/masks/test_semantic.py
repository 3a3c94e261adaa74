"""Distances of features and their calibration, on layers whose answer is known by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from maskwright.masks.annotators.semantic import (
    BOOST,
    MOST_LEVEL,
    MOST_SPREAD,
    THRESHOLD,
    USUAL,
    Null,
    amplified,
    calibrated,
    distances,
    null_of,
    null_of_backbone,
    plain,
)

HERE = (5, 7)
SIZE = (24, 20)


def layer(seed: int, channels: int = 8, height: int = 10, width: int = 12) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(channels, height, width)).astype(np.float32)


def slowly(original: NDArray[np.float32], edited: NDArray[np.float32]) -> NDArray[np.float64]:
    """The chord of the mean of both cosine distances, place by place."""
    _, height, width = original.shape

    def cosine(one: tuple[int, int], other: tuple[int, int]) -> float:
        a, b = original[:, *one].astype(np.float64), edited[:, *other].astype(np.float64)
        return float(a @ b / np.sqrt((a @ a) * (b @ b)))

    found = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            around = [
                cosine((min(max(y + dy, 0), height - 1), min(max(x + dx, 0), width - 1)), (y, x))
                for dy in (-1, 0, 1)
                for dx in (-1, 0, 1)
            ]
            found[y, x] = np.sqrt(2 * ((1 - cosine((y, x), (y, x))) + (1 - max(around))) / 2)
    return found


def everywhere(height: int = 10, width: int = 12) -> NDArray[np.bool_]:
    return np.ones((height, width), np.bool_)


def test_distances_equal_those_taken_place_by_place() -> None:
    original, edited = layer(1), layer(2)
    (found,) = distances((original,), (edited,))
    np.testing.assert_allclose(found, slowly(original, edited), atol=1e-5)


def test_equal_features_have_no_distance() -> None:
    (found,) = distances((layer(1),), (layer(1),))
    assert found.max() < 1e-3


def test_opposite_features_are_two_apart_unless_a_match_is_near() -> None:
    original = np.ones((3, 6, 6), np.float32)
    (found,) = distances((original,), (-original,))
    np.testing.assert_allclose(found, 2, atol=1e-6)


def test_how_strong_features_are_does_not_matter() -> None:
    one = distances((layer(1),), (layer(2),))[0]
    other = distances((7 * layer(1),), (0.1 * layer(2),))[0]
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_what_moved_by_one_step_counts_half() -> None:
    original = layer(3)
    edited = np.roll(original, 1, axis=2)
    moved = distances((original,), (edited,))[0][1:-1, 2:-1] ** 2
    new = distances((original,), (layer(4),))[0][1:-1, 2:-1] ** 2
    assert moved.mean() == pytest.approx(1, abs=0.1)
    assert new.mean() > 1.3


def test_features_that_are_all_zero_have_a_finite_distance() -> None:
    (found,) = distances((np.zeros((3, 4, 4), np.float32),), (layer(1, 3, 4, 4),))
    assert np.isfinite(found).all()


def test_the_pair_s_own_level_and_spread_are_median_and_scaled_deviation() -> None:
    plane = np.arange(101, dtype=np.float32).reshape(1, 101)
    found = null_of(plane, np.ones((1, 101), np.bool_))
    assert (found.level, found.spread) == (50.0, pytest.approx(1.4826 * 25))


def test_places_that_are_not_valid_say_nothing_of_the_usual() -> None:
    plane = np.zeros((4, 8), np.float32)
    plane[:, 4:] = 9
    assert null_of(plane, np.arange(8)[None].repeat(4, 0) < 4).level == 0
    assert null_of(plane, np.zeros((4, 8), np.bool_)) == Null(0.0, 0.0)


def test_by_itself_a_pair_is_calibrated_to_median_0_and_spread_1() -> None:
    plane = np.random.default_rng(0).normal(5, 2, (40, 50)).astype(np.float32)
    found = calibrated([plane], (50, 40), valid=np.ones((40, 50), np.bool_))
    assert np.median(found) == pytest.approx(0, abs=1e-5)
    assert np.std(found) == pytest.approx(1, abs=0.05)


def test_a_pair_that_is_new_all_over_is_not_explained_away_by_itself() -> None:
    plane = np.full((10, 12), 1.4, np.float32)
    assert calibrated([plane], SIZE, valid=everywhere()).max() == 0
    found = calibrated([plane], SIZE, valid=everywhere(), constant=USUAL)
    expected = (1.4 - MOST_LEVEL * 0.32) / 0.12
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert expected > THRESHOLD


def test_a_calm_pair_s_small_distances_are_not_blown_up() -> None:
    plane = np.random.default_rng(0).uniform(0, 0.1, (10, 12)).astype(np.float32)
    assert calibrated([plane], SIZE, valid=everywhere()).max() > THRESHOLD / 2
    assert calibrated([plane], SIZE, valid=everywhere(), constant=USUAL).max() < 0


def test_a_pair_s_own_spread_counts_up_to_a_bound() -> None:
    plane = np.concatenate([np.zeros((10, 6)), np.ones((10, 6))], axis=1).astype(np.float32)
    found = calibrated([plane], (12, 10), valid=everywhere(), constant=USUAL)
    level = min(0.5, MOST_LEVEL * 0.32)
    assert found[5, 11] == pytest.approx((1 - level) / (MOST_SPREAD * 0.12), rel=1e-4)


def test_what_a_round_trip_changes_here_is_usual_here() -> None:
    plane = np.full((10, 12), 0.4, np.float32)
    plane[HERE] = 1.2
    fragile = np.zeros((10, 12), np.float32)
    fragile[HERE[0] - 1 : HERE[0] + 2, HERE[1] - 1 : HERE[1] + 2] = 1.2
    without, with_it = (
        calibrated([plane], (12, 10), valid=everywhere(), constant=USUAL, roundtrip=roundtrip)
        for roundtrip in (None, [fragile])
    )
    assert without[HERE] > THRESHOLD
    assert with_it[HERE] == pytest.approx(0, abs=1e-4)


def test_a_backbone_without_constants_of_its_own_gets_the_usual_ones() -> None:
    assert null_of_backbone("dinov2-small") == USUAL
    assert null_of_backbone("compact") != USUAL


def test_without_calibration_it_is_the_mean_of_the_layers() -> None:
    planes = [np.full((10, 12), value, np.float32) for value in (0.2, 0.6)]
    np.testing.assert_allclose(plain(planes, SIZE), 0.4, rtol=1e-5)


class TestPrior:
    def odds(self) -> NDArray[np.float32]:
        odds = np.full((20, 20), -THRESHOLD, np.float32)
        odds[5:10, 5:10] = -0.5
        odds[7, 7] = 1
        return odds

    def prior(self, *place: slice) -> NDArray[np.float32]:
        prior = np.zeros((20, 20), np.float32)
        prior[place] = 1
        return prior

    def test_a_right_prior_raises_the_evidence_it_agrees_with(self) -> None:
        raised = amplified(self.odds(), self.prior(slice(5, 10), slice(5, 10)))
        assert (raised[5:10, 5:10] > self.odds()[5:10, 5:10]).all()

    def test_no_prior_lowers_anything_or_adds_more_than_the_boost(self) -> None:
        rng = np.random.default_rng(0)
        odds = rng.normal(-1, 1, (20, 20)).astype(np.float32)
        for prior in (rng.random((20, 20)), odds > 0, np.ones((20, 20)), odds < -1):
            added = amplified(odds, prior.astype(np.float32)) - odds
            assert added.min() >= 0
            assert added.max() <= BOOST + 1e-6

    def test_where_there_is_no_evidence_none_is_made(self) -> None:
        odds = self.odds()
        raised = amplified(odds, self.prior(slice(0, 12), slice(0, 12)))
        np.testing.assert_array_equal(raised[odds == -THRESHOLD], -THRESHOLD)

    def test_a_prior_that_points_elsewhere_is_shut_out(self) -> None:
        np.testing.assert_array_equal(
            amplified(self.odds(), self.prior(slice(12, 20), slice(0, 20))), self.odds()
        )

    def test_a_prior_that_is_the_same_everywhere_says_nothing(self) -> None:
        np.testing.assert_array_equal(amplified(self.odds(), np.ones((20, 20), np.float32)), self.odds())
