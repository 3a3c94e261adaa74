from __future__ import annotations

import cv2
import numpy as np
import pytest

from maskwright.errors import GridError, InputError
from maskwright.measures.calibration import (
    BINS,
    Calibration,
    brier,
    count_calibration,
    expected_error,
    near_border,
    reliability,
)


def drawn(seed: int, *, height: int = 160, width: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """A smooth map of probabilities and a truth drawn from it."""
    rng = np.random.default_rng(seed)
    knots = rng.uniform(0, 1, (6, 6)).astype(np.float32)
    change = np.clip(cv2.resize(knots, (width, height), interpolation=cv2.INTER_LINEAR), 0, 1)
    return change, rng.random(change.shape) < change


def test_a_map_the_truth_is_drawn_from_is_calibrated() -> None:
    counts = sum((count_calibration(*drawn(seed)) for seed in range(8)), Calibration())
    assert counts.pixels.sum() > 200_000
    assert expected_error(counts) < 0.01


def test_a_map_that_is_too_sure_is_not() -> None:
    change, truth = drawn(0)
    sure = np.clip(0.5 + 3 * (change - 0.5), 0, 1).astype(np.float32)
    assert expected_error(count_calibration(sure, truth)) > 0.1
    assert expected_error(count_calibration(change, truth)) < 0.03


def test_a_wrong_level_is_off_by_its_distance() -> None:
    change, truth = np.full((100, 100), 0.3, np.float32), np.zeros((100, 100), np.bool_)
    truth[:, ::2] = True
    counts = count_calibration(change, truth)
    assert expected_error(counts) == pytest.approx(0.2)
    assert brier(counts) == pytest.approx((0.3**2 + 0.7**2) / 2)


def test_brier_is_the_mean_square_of_pixels_counted_by_hand() -> None:
    change, truth = drawn(1)
    counted = ((change > 0.05) & (change < 0.95)) | near_border(truth)
    assert brier(count_calibration(change, truth)) == pytest.approx(
        np.mean((change[counted].astype(np.float64) - truth[counted]) ** 2)
    )


@pytest.mark.parametrize("shape", [(90, 130), (5, 40), (1, 30), (40, 1), (9, 9)])
def test_near_a_border_is_within_eight_pixels_of_the_other_class(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    truth = cv2.resize(rng.random((4, 4)).astype(np.float32), shape[::-1]) > 0.5
    truth.flat[0] = not truth.flat[-1]
    apart = np.where(
        truth,
        cv2.distanceTransform(truth.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE),
        cv2.distanceTransform((~truth).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE),
    )
    assert np.array_equal(near_border(truth), apart <= 8 + 1e-3)


def test_plain_pixels_far_from_borders_count_for_nobody() -> None:
    truth = np.zeros((100, 100), np.bool_)
    truth[40:60, 40:60] = True
    assert count_calibration(truth.astype(np.float32), truth).pixels.sum() == near_border(truth).sum()
    assert not count_calibration(np.zeros((9, 9), np.float32), np.zeros((9, 9), np.bool_)).pixels.any()


def test_ignored_pixels_count_for_nobody() -> None:
    change, truth = drawn(2)
    ignore = np.zeros_like(truth)
    ignore[:, 100:] = True
    change[:, 100:] = 0.5
    counted = ((change > 0.05) & (change < 0.95)) | near_border(truth)
    assert count_calibration(change, truth, ignore=ignore).pixels.sum() == counted[:, :100].sum()


def test_counts_of_halves_add_to_those_of_the_whole() -> None:
    change, truth = drawn(4)
    change[:] = np.clip(change, 0.06, 0.94)  # all in doubt, so that the seam is no border
    whole = count_calibration(change, truth)
    halves = count_calibration(change[:80], truth[:80]) + count_calibration(change[80:], truth[80:])
    assert np.array_equal(halves.pixels, whole.pixels)
    assert np.array_equal(halves.edited, whole.edited)
    assert brier(halves) == pytest.approx(brier(whole))


def test_bins_have_equal_mass_and_hold_every_pixel() -> None:
    counts = count_calibration(*drawn(5))
    bins = reliability(counts)
    assert len(bins) == BINS
    assert sum(one.pixels for one in bins) == counts.pixels.sum()
    sizes = [one.pixels for one in bins]
    assert max(sizes) < 1.2 * min(sizes)
    assert [one.claimed for one in bins] == sorted(one.claimed for one in bins)


def test_nothing_counted_gives_no_number() -> None:
    assert np.isnan(expected_error(Calibration()))
    assert np.isnan(brier(Calibration()))
    assert reliability(Calibration()) == ()


def test_what_is_no_map_or_does_not_fit_is_refused() -> None:
    truth = np.zeros((4, 4), np.bool_)
    with pytest.raises(GridError, match="truth is"):
        count_calibration(np.zeros((4, 5), np.float32), truth)
    with pytest.raises(InputError, match="outside"):
        count_calibration(np.full((4, 4), 1.5, np.float32), truth)
    with pytest.raises(InputError, match="bool"):
        count_calibration(np.zeros((4, 4), np.float32), truth.astype(np.uint8))
