from __future__ import annotations

import numpy as np
import pytest

from maskwright.learning.priors import ABSENT, KINDS, draw_prior


def edited() -> np.ndarray:
    """A ring in the left upper part, so that its box is more than itself."""
    rows, columns = np.ogrid[:96, :128]
    away = np.hypot(rows - 36, columns - 40)
    return (away < 24) & (away > 10)


def region(kind: str, seed: int) -> np.ndarray:
    return KINDS[kind][1](edited(), np.random.default_rng(seed))


SEEDS = range(12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_prior_is_a_region_on_the_masks_grid_and_leaves_the_mask_alone(kind: str) -> None:
    given = edited()
    found = KINDS[kind][1](given, np.random.default_rng(0))
    assert (found.shape, found.dtype) == (given.shape, np.bool_)
    assert np.array_equal(given, edited())


def test_a_right_one_is_the_edit() -> None:
    assert np.array_equal(region("right", 0), edited())


def test_a_dilated_one_holds_the_edit_and_more_about_it() -> None:
    sizes = {np.count_nonzero(region("dilated", seed)) for seed in SEEDS}
    assert all((region("dilated", seed) | ~edited()).all() for seed in SEEDS)
    assert min(sizes) > np.count_nonzero(edited())
    assert len(sizes) > 4


def test_a_boxed_one_is_the_smallest_box() -> None:
    rows, columns = np.nonzero(edited())
    expected = np.zeros_like(edited())
    expected[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    assert np.array_equal(region("boxed", 0), expected)


def test_a_shifted_one_is_the_edit_elsewhere_in_whole_steps() -> None:
    moved = 0
    for seed in SEEDS:
        found = region("shifted", seed)
        assert 0 < np.count_nonzero(found) <= np.count_nonzero(edited())
        rows, columns = (
            int(a.min() - b.min()) for a, b in zip(np.nonzero(found), np.nonzero(edited()), strict=True)
        )
        if min(36 - 24 + rows, 40 - 24 + columns) > 0:  # nothing fell over the side
            assert np.array_equal(found, np.roll(edited(), (rows, columns), (0, 1)))
            moved += (rows, columns) != (0, 0)
    assert moved >= 3


def test_one_that_is_partly_wrong_has_half_of_the_edit_and_another_place() -> None:
    wrong = 0
    for seed in SEEDS:
        found = region("partly wrong", seed)
        share = np.count_nonzero(found & edited()) / np.count_nonzero(edited())
        assert 0.4 < share < 0.6
        wrong += bool((found & ~edited()).any())
    assert wrong >= 10


def test_an_adverse_one_touches_the_edit_nowhere() -> None:
    found = [region("adverse", seed) for seed in SEEDS]
    assert not any((each & edited()).any() for each in found)
    assert sum(each.any() for each in found) >= 8


def drawn(mask: np.ndarray, count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [draw_prior(mask, rng) for _ in range(count)]


def test_the_share_without_a_prior_is_the_one_that_is_told() -> None:
    # An adverse one may fall out of the picture; the mask lies in its middle, where that is rare.
    mask = np.zeros((64, 64), np.uint8)
    mask[24:40, 24:40] = 255
    found = drawn(mask, 1000)
    assert all((each.shape, each.dtype) == (mask.shape, np.uint8) for each in found)
    assert np.mean([not each.any() for each in found]) == pytest.approx(ABSENT, abs=0.09)


def test_an_unedited_sample_gets_a_lie_or_nothing() -> None:
    found = drawn(np.zeros((64, 64), np.uint8), 200)
    told = np.mean([each.any() for each in found])
    assert 1 - ABSENT - 0.12 < told < 1 - ABSENT + 0.12
    assert len({each.tobytes() for each in found}) > 80


def test_priors_come_with_hard_and_with_soft_borders() -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[20:44, 20:44] = 255
    levels = [len(np.unique(each)) for each in drawn(mask, 100) if each.any()]
    assert min(levels) == 2
    assert 0.25 < np.mean([count > 4 for count in levels]) < 0.75


def test_a_share_of_a_place_counts_from_a_half_on() -> None:
    faint = np.full((64, 64), 127, np.uint8)
    assert not any((each == 255).all() for each in drawn(faint, 60))
    assert any((each == 255).all() for each in drawn(faint + 1, 60))
