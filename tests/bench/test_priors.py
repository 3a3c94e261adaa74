from __future__ import annotations

import cv2
import numpy as np
import pytest

from maskwright.bench.priors import PRIORS
from maskwright.pairs.values import Mask


@pytest.fixture
def disc() -> Mask:
    canvas = np.zeros((120, 160), np.uint8)
    cv2.circle(canvas, (70, 60), 20, 1, -1)
    return canvas.astype(np.bool_)


def made(kind: str, mask: Mask, seed: int = 0) -> Mask:
    found = PRIORS[kind](mask, np.random.default_rng(seed))
    assert found is not None
    return found


def test_each_is_a_function_of_the_region_and_the_seed_and_leaves_the_region_alone(disc: Mask) -> None:
    before = disc.copy()
    for kind in PRIORS:
        if kind != "absent":
            assert np.array_equal(made(kind, disc, 3), made(kind, disc, 3))
            assert made(kind, disc).dtype == np.bool_
            assert made(kind, disc).shape == disc.shape
    assert np.array_equal(disc, before)


def test_a_right_prior_is_the_edit_and_an_absent_one_is_none(disc: Mask) -> None:
    assert np.array_equal(made("right", disc), disc)
    assert PRIORS["absent"](disc, np.random.default_rng(0)) is None


def test_a_shifted_prior_has_the_form_of_the_edit_and_covers_about_half_of_it(disc: Mask) -> None:
    for seed in range(5):
        found = made("shifted", disc, seed)
        assert found.sum() == disc.sum()
        # Two discs of radius r, 0.5 sqrt(pi) r apart, share 0.46 of each: a formula of circles.
        assert (found & disc).sum() / disc.sum() == pytest.approx(0.46, abs=0.04)


def test_a_dilated_prior_holds_the_edit_and_has_twice_its_area(disc: Mask) -> None:
    found = made("dilated", disc)
    assert (found | disc).sum() == found.sum()
    # A margin of 0.25 sqrt(pi) r about a disc of radius r.
    assert found.sum() / disc.sum() == pytest.approx((1 + 0.25 * np.sqrt(np.pi)) ** 2, rel=0.06)


def test_a_partly_wrong_prior_is_half_of_the_edit_and_as_much_elsewhere(disc: Mask) -> None:
    for seed in range(5):
        found = made("partly wrong", disc, seed)
        assert (found & disc).sum() / disc.sum() == pytest.approx(0.5, abs=0.03)
        assert (found & ~disc).sum() / disc.sum() == pytest.approx(0.5, abs=0.05)


def test_an_adversarial_prior_has_the_size_of_the_edit_and_touches_none_of_it(disc: Mask) -> None:
    for seed in range(5):
        found = made("adversarial", disc, seed)
        assert not (found & disc).any()
        assert found.sum() == pytest.approx(disc.sum(), rel=0.02)


def test_where_all_is_edited_there_is_no_room_for_a_lie() -> None:
    assert not made("adversarial", np.ones((30, 40), np.bool_)).any()


def test_an_empty_region_stays_empty() -> None:
    empty = np.zeros((30, 40), np.bool_)
    for kind in PRIORS:
        if kind != "absent":
            assert not made(kind, empty).any()
