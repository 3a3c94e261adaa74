from __future__ import annotations

import cv2
import numpy as np
import pytest

from maskwright.errors import InputError, SettingError
from maskwright.pairs.values import Picture
from maskwright.synthesis.backgrounds import BACKGROUNDS, draw_background
from maskwright.synthesis.recipes import make_pair
from maskwright.synthesis.steps import begin, chain

every_background = pytest.mark.parametrize("background", BACKGROUNDS)


@every_background
def test_the_same_seed_gives_the_same_bytes(background: str, photo: Picture, donor: Picture) -> None:
    for seed in range(6):
        first = make_pair(photo, donor, np.random.default_rng(seed), background=background)
        second = make_pair(photo, donor, np.random.default_rng(seed), background=background)
        assert first.edits == second.edits
        assert first.corruptions == second.corruptions
        for name in ("original", "edited", "mask", "ignore"):
            assert getattr(first.made, name).tobytes() == getattr(second.made, name).tobytes()


@every_background
def test_a_pair_has_a_mask_on_the_edited_pictures_grid(
    background: str, photo: Picture, donor: Picture
) -> None:
    labels = np.kron(np.arange(1, 13).reshape(3, 4), np.ones((50, 48))).astype(np.uint8)[:150, :190]
    found = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        made = make_pair(photo, donor, rng, background=background, labels=labels).made
        assert made.original.dtype == made.edited.dtype == np.uint8
        assert made.mask.shape == made.ignore.shape == made.edited.shape[:2]
        found += bool(made.mask.any())
    assert found >= 22


def test_an_identical_background_is_equal_to_the_bit_away_from_the_edit(
    photo: Picture, donor: Picture
) -> None:
    looked_at = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        made = make_pair(photo, donor, rng, background="identical").made
        far = cv2.dilate(made.mask.astype(np.uint8), np.ones((81, 81), np.uint8)) == 0
        looked_at += np.count_nonzero(far)
        assert np.array_equal(made.original[far], made.edited[far])
    assert looked_at > 20 * 1000


@pytest.mark.parametrize("background", ["resaved", "regenerated"])
def test_any_other_background_is_not(background: str, photo: Picture, donor: Picture) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        made = chain(*(named.step for named in draw_background(background, rng)))(begin(photo), rng)
        assert not made.mask.any()
        assert made.original.shape != made.edited.shape or not np.array_equal(made.original, made.edited)


def test_an_unknown_background_is_refused_with_the_nearest(photo: Picture, donor: Picture) -> None:
    with pytest.raises(SettingError) as caught:
        make_pair(photo, donor, np.random.default_rng(0), background="resave")
    assert "resaved" in caught.value.hint


def test_a_photo_of_floats_is_refused(donor: Picture) -> None:
    with pytest.raises(InputError, match="uint8"):
        make_pair(np.zeros((9, 9, 3)), donor, np.random.default_rng(0), background="identical")  # type: ignore[arg-type]
