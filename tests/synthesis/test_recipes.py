from __future__ import annotations

import cv2
import numpy as np
import pytest

from maskwright.errors import InputError, SettingError
from maskwright.pairs.values import Picture
from maskwright.synthesis.recipes import BACKGROUNDS, draw_background, make_pair
from maskwright.synthesis.steps import begin, chain

every_background = pytest.mark.parametrize("background", BACKGROUNDS)


@every_background
def test_the_same_seed_gives_the_same_bytes(background: str, photo: Picture, donor: Picture) -> None:
    for seed in range(6):
        first = make_pair(photo, donor, np.random.default_rng(seed), background=background)
        second = make_pair(photo, donor, np.random.default_rng(seed), background=background)
        assert [part.tobytes() for part in first] == [part.tobytes() for part in second]


@every_background
def test_a_pair_has_a_mask_on_the_edited_pictures_grid(
    background: str, photo: Picture, donor: Picture
) -> None:
    labels = np.kron(np.arange(1, 13).reshape(3, 4), np.ones((50, 48))).astype(np.uint8)[:150, :190]
    found = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        original, edited, mask = make_pair(photo, donor, rng, background=background, labels=labels)
        assert original.dtype == edited.dtype == np.uint8
        assert mask.shape == edited.shape[:2]
        found += bool(mask.any())
    assert found >= 22


def test_an_identical_background_is_equal_to_the_bit_away_from_the_edit(
    photo: Picture, donor: Picture
) -> None:
    looked_at = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        original, edited, mask = make_pair(photo, donor, rng, background="identical")
        far = cv2.dilate(mask.astype(np.uint8), np.ones((81, 81), np.uint8)) == 0
        looked_at += np.count_nonzero(far)
        assert np.array_equal(original[far], edited[far])
    assert looked_at > 20 * 1000


@pytest.mark.parametrize("background", ["resaved", "regenerated"])
def test_any_other_background_is_not(background: str, photo: Picture, donor: Picture) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        pictures, mask = chain(*draw_background(background, rng))(*begin(photo), rng)
        assert not mask.any()
        assert pictures[0].shape != pictures[1].shape or not np.array_equal(*pictures)


def test_an_unknown_background_is_refused_with_the_nearest(photo: Picture, donor: Picture) -> None:
    with pytest.raises(SettingError) as caught:
        make_pair(photo, donor, np.random.default_rng(0), background="resave")
    assert "resaved" in caught.value.hint


def test_a_photo_of_floats_is_refused(donor: Picture) -> None:
    with pytest.raises(InputError, match="uint8"):
        make_pair(np.zeros((9, 9, 3)), donor, np.random.default_rng(0), background="identical")  # type: ignore[arg-type]
