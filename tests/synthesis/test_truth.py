"""What counts as edited, as ignored, and as nothing."""

from __future__ import annotations

import numpy as np

from maskwright.pairs.values import Mask
from maskwright.synthesis.steps import Made, begin
from maskwright.synthesis.truth import SHADE, shade, silhouette, window_of, write

WHOLE = np.s_[0:100, 0:120]


def grey(level: int = 100) -> Made:
    return begin(np.full((100, 120, 3), level, np.uint8))


def square(top: int, left: int, side: int) -> Mask:
    mask = np.zeros((100, 120), np.bool_)
    mask[top : top + side, left : left + side] = True
    return mask


def test_a_small_place_of_the_old_colour_makes_no_hole_in_a_thing() -> None:
    region, new = square(20, 30, 50), np.full((100, 120, 3), 200, np.uint8)
    new[40:50, 50:60] = 100
    made = write(grey(), WHOLE, new, region)
    assert np.array_equal(made.mask, region)
    assert not made.ignore.any()


def test_half_a_thing_on_its_own_colour_is_no_edit() -> None:
    region, new = square(20, 30, 50), np.full((100, 120, 3), 200, np.uint8)
    new[:, :55] = 100
    made = write(grey(), WHOLE, new, region)
    assert made.mask[20:70, 56:80].all()
    assert not made.mask[:, :52].any()
    assert np.array_equal(made.edited[:, :52], grey().edited[:, :52])


def test_a_speck_beside_a_thing_and_a_speck_alone_are_no_edit() -> None:
    difference = np.zeros((100, 120), np.uint8)
    region = square(0, 0, 100)
    difference[10:60, 10:60] = 90
    difference[90, 90] = 90
    found = silhouette(difference, region)
    assert found[10:60, 10:60].all()
    assert not found[85:].any()
    difference[10:60, 10:60] = 0
    assert not silhouette(difference, region).any()


def test_what_lies_below_the_visible_is_put_back() -> None:
    made = write(grey(), WHOLE, np.full((100, 120, 3), 106, np.uint8), square(20, 30, 50))
    assert not made.mask.any()
    assert (made.edited == 100).all()


def test_between_a_faint_and_a_solid_blend_nobody_can_say() -> None:
    region, new = square(20, 20, 60), np.full((100, 120, 3), 250, np.uint8)
    opacity = np.zeros((100, 120), np.float32)
    opacity[:, 20:80] = np.linspace(0, 1, 60)
    made = write(grey(), WHOLE, new, region, alpha=opacity)
    row = made.edited[50, :, 0].astype(float)
    share = (row - 100) / 150
    assert (share[made.mask[50]] > 0.84).all()
    assert made.mask[50].any()
    blended = (share > 0.16) & (share < 0.84)
    assert made.ignore[50][blended].all()
    assert not made.ignore[50][share < 0.02].any()


def test_an_edit_over_what_was_ignored_is_an_edit() -> None:
    first = Made(grey().original, grey().edited, square(0, 0, 5), square(20, 30, 50))
    made = write(first, WHOLE, np.full((100, 120, 3), 200, np.uint8), square(20, 30, 30))
    assert made.mask[20:50, 30:60].all()
    assert not made.ignore[20:50, 30:60].any()
    assert made.ignore[60, 70]
    assert made.mask[:5, :5].all()


def test_a_clear_shadow_is_edited_a_faint_one_is_ignored() -> None:
    opacity = np.zeros((100, 120), np.float32)
    opacity[:, 0:40], opacity[:, 40:80] = 0.5, 0.1
    made = shade(grey(), WHOLE, opacity)
    assert 100 * 0.1 < SHADE[1] < 100 * 0.5
    assert made.mask[:, :38].all()
    assert made.ignore[:, 42:78].all()
    assert not (made.mask | made.ignore)[:, 82:].any()
    assert (made.edited[:, :40] == 50).all()


def test_a_window_is_tight_and_its_margin_stays_inside() -> None:
    assert window_of(square(20, 30, 10)) == np.s_[20:30, 30:40]
    assert window_of(square(0, 110, 10), margin=5) == np.s_[0:15, 105:120]
