from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from skimage.filters import threshold_otsu

from maskwright.bench import baselines
from maskwright.measures.metrics import Counts, count, f1_of, pixel_f1
from maskwright.pairs.difference import (
    blurred_difference,
    difference,
    on_grid_of,
    signed_difference,
)
from tests.bench.conftest import textured

sizes = st.tuples(st.integers(1, 20), st.integers(1, 20))


@settings(deadline=None)
@given(hnp.arrays(np.bool_, sizes))
def test_filling_is_scipys_closing_and_hole_filling(mask: np.ndarray) -> None:
    padded = np.pad(mask, 4)
    closed = ndimage.binary_closing(padded, np.ones((5, 5), bool))
    assert np.array_equal(baselines.fill(mask), ndimage.binary_fill_holes(closed)[4:-4, 4:-4])


@given(hnp.arrays(np.uint8, sizes))
def test_otsu_is_scikit_images(levels: np.ndarray) -> None:
    found = baselines.otsu(levels)
    if levels.min() == levels.max():
        assert not found.any()
    else:
        theirs = levels > threshold_otsu(levels, nbins=256)
        ours, other = (levels[found], levels[~found]), (levels[theirs], levels[~theirs])
        # Equal best thresholds may be broken another way: compare what Otsu maximises.
        assert _between(*ours) == pytest.approx(_between(*other), rel=0.02)


def _between(above: np.ndarray, below: np.ndarray) -> float:
    if not above.size or not below.size:
        return 0.0
    return above.size * below.size * float(above.mean() - below.mean()) ** 2


def test_the_differences_are_what_scipy_makes_of_their_definitions() -> None:
    original, edited = textured(40, 50, 1), textured(40, 50, 2)
    gap = edited.astype(float) - original
    absolute = np.abs(gap).max(axis=2)
    assert np.array_equal(difference(original, edited), absolute)
    blurred = ndimage.gaussian_filter(absolute, 2, mode="mirror", truncate=5)
    assert np.abs(blurred_difference(original, edited) - blurred).max() <= 1.5
    signed = np.abs(ndimage.gaussian_filter(gap, (2.5, 2.5, 0), mode="mirror", truncate=5)).max(axis=2)
    assert np.abs(signed_difference(original, edited) - signed).max() <= 1.0


def test_noise_of_mean_nought_cancels_in_the_signed_difference_only() -> None:
    original = np.full((64, 64, 3), 120, np.uint8)
    noise = np.random.default_rng(0).integers(-20, 21, original.shape)
    edited = (original + noise).astype(np.uint8)
    assert signed_difference(original, edited).mean() < 0.4 * blurred_difference(original, edited).mean()


def test_a_smaller_edited_picture_gets_a_smaller_original() -> None:
    original = textured(60, 80, 3)
    resized = on_grid_of(np.zeros((30, 40, 3), np.uint8), original)
    means = original.reshape(30, 2, 40, 2, 3).mean(axis=(1, 3))
    assert np.abs(resized - means).max() <= 1
    assert on_grid_of(original, original) is original


def test_every_curve_counts_the_masks_of_its_thresholds() -> None:
    original, edited = textured(40, 50, 1), textured(40, 50, 1)
    edited[10:25, 5:30] = textured(15, 25, 9)
    truth = np.zeros((40, 50), bool)
    truth[8:25, 5:32] = True
    ignore = np.zeros_like(truth)
    ignore[:12] = True
    plain, without = baselines.curves(original, edited, truth, ignore=(None, ignore))
    signed = signed_difference(original, edited)
    slow = {
        "absolute": lambda t: difference(original, edited) >= t,
        "blurred": lambda t: blurred_difference(original, edited) >= t,
        "signed": lambda t: signed >= t,
        "signed_filled": lambda t: baselines.fill(signed >= t),
        "all_ones": lambda t: np.ones_like(truth),
    }
    assert set(plain) == set(baselines.NAMES)
    for name, mask_at in slow.items():
        for place in range(0, plain[name].thresholds.size, 7):
            mask = mask_at(plain[name].thresholds[place])
            assert plain[name].at(place) == count(mask, truth)
            assert without[name].at(place) == count(mask, truth, ignore=ignore)
            assert plain[name].f1()[place] == pytest.approx(pixel_f1(mask, truth))


def test_one_threshold_for_the_table_is_never_better_than_one_a_picture() -> None:
    found = []
    for seed in range(4):
        original, edited = textured(40, 50, seed), textured(40, 50, seed)
        noise = np.random.default_rng(seed).normal(0, 4 * seed, edited.shape)
        edited[5:20, 5:30] = textured(15, 25, seed + 9)
        edited = np.clip(edited + noise, 0, 255).astype(np.uint8)
        truth = np.zeros((40, 50), bool)
        truth[5:20, 5:30] = True
        found += baselines.curves(original, edited, truth)
    best = baselines.best_of_table(found)["signed_filled"]
    of_table = [f1_of(curves["signed_filled"].at(best)) for curves in found]
    of_picture = [f1_of(baselines.best_of_picture(curves["signed_filled"])) for curves in found]
    assert all(one >= other for one, other in zip(of_picture, of_table, strict=True))
    assert np.mean(of_table) == max(
        np.mean([curves["signed_filled"].f1()[place] for curves in found])
        for place in range(len(baselines.FILLED_THRESHOLDS))
    )
    assert np.mean(of_picture) > np.mean(of_table)


def test_an_unedited_pair_is_best_left_unmarked() -> None:
    photo = textured(20, 30, 0)
    noisy = np.clip(photo.astype(int) + 200, 0, 255).astype(np.uint8)
    (curves,) = baselines.curves(photo, noisy, np.zeros((20, 30), bool))
    assert baselines.best_of_picture(curves["signed_filled"]) == Counts(tn=600)
