"""The difference annotator: exact where it can be, calm where nothing was edited."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from maskwright.masks.annotators.difference import Difference
from maskwright.masks.annotators.evidence import FLOOR_CAP, evidence
from maskwright.measures.metrics import pixel_f1
from maskwright.pairs.values import Aligned, Change, Geometry, Hint, Mask, Picture
from maskwright.synthesis.regenerate import regenerate
from maskwright.synthesis.steps import Made, begin
from tests.contracts.annotator import AnnotatorContract, jpeg, laid, textured


class TestDifference(AnnotatorContract):
    @pytest.fixture
    def annotator(self) -> Difference:
        return Difference()


def change(original: Picture, edited: Picture) -> Change:
    return Difference().annotate([laid(original, edited)], [Hint()])[0]


def marked(original: Picture, edited: Picture) -> Mask:
    return change(original, edited).map >= 0.5


def pasted(picture: Picture, y: int, x: int, height: int, width: int) -> tuple[Picture, Mask]:
    """The picture with a box of something else in it, and where that is."""
    edited, truth = picture.copy(), np.zeros(picture.shape[:2], bool)
    edited[y : y + height, x : x + width] = 255 - textured(77, width, height)
    truth[y : y + height, x : x + width] = True
    return edited, truth


def disc(picture: Picture, x: int, y: int, radius: int, add: int) -> tuple[Picture, Mask]:
    """The picture with a brighter disc, and where that is."""
    canvas = np.zeros(picture.shape[:2], np.uint8)
    truth = cv2.circle(canvas, (x, y), radius, 1, -1) > 0
    edited = picture.copy()
    edited[truth] = np.clip(picture[truth].astype(int) + add, 0, 255)
    return edited, truth


@pytest.fixture
def photo() -> Picture:
    return textured(5, 320, 240)


def test_a_box_pasted_into_untouched_pixels_is_found_exactly(photo: Picture) -> None:
    edited, truth = pasted(photo, 60, 80, 70, 90)
    found = change(photo, edited)
    assert found.background == "identical"
    assert pixel_f1(found.map >= 0.5, truth) > 0.995


def test_one_changed_pixel_in_untouched_pixels_is_kept(photo: Picture) -> None:
    edited = photo.copy()
    edited[100, 100] ^= 128
    mask = marked(photo, edited)
    assert mask[100, 100]
    assert mask.sum() <= 9


@pytest.mark.parametrize("quality", [50, 75, 95])
def test_a_box_is_found_after_jpeg(photo: Picture, quality: int) -> None:
    edited, truth = pasted(photo, 60, 80, 70, 90)
    assert pixel_f1(marked(photo, jpeg(edited, quality)), truth) > 0.93


def test_a_small_edit_survives_jpeg(photo: Picture) -> None:
    edited, truth = disc(photo, 200, 120, 5, 70)
    assert pixel_f1(marked(photo, jpeg(edited, 90)), truth) > 0.6


def test_an_edit_is_found_under_generator_noise(photo: Picture) -> None:
    edited, truth = pasted(photo, 60, 80, 70, 90)
    rng = np.random.default_rng(0)
    made = regenerate(0.5)(Made(photo, edited, truth, np.zeros_like(truth)), rng)
    assert np.mean(made.edited != edited) > 0.5
    assert pixel_f1(marked(photo, made.edited), made.mask) > 0.85


@pytest.mark.parametrize("quality", [50, 75, 95])
def test_jpeg_alone_is_not_an_edit(photo: Picture, quality: int) -> None:
    assert not marked(photo, jpeg(photo, quality)).any()


def test_a_half_pixel_left_over_by_alignment_is_not_an_edit(photo: Picture) -> None:
    matrix = np.float32([[1, 0, 0.5], [0, 1, 0]])
    moved = cv2.warpAffine(photo, matrix, photo.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
    assert marked(photo, moved).mean() < 0.002


def test_where_the_original_has_no_pixel_nothing_is_marked(photo: Picture) -> None:
    edited, _ = pasted(photo, 60, 80, 70, 90)
    valid = np.ones(photo.shape[:2], bool)
    valid[:, :160] = False
    pair = Aligned(photo, jpeg(edited, 90), valid, Geometry("cropped", np.eye(3)))
    (found,) = Difference().annotate([pair], [Hint()])
    assert not (found.map >= 0.5)[:, :160].any()


def test_what_was_kept_inside_a_replaced_background_stays_out_of_the_mask(photo: Picture) -> None:
    edited = 255 - textured(78, 320, 240)
    kept = np.s_[60:200, 80:240]
    edited[kept] = photo[kept]
    mask = marked(photo, edited)
    assert not mask[80:180, 100:220].any()
    assert mask[:50].mean() > 0.95


def test_a_codec_is_called_resaved_and_a_generator_regenerated(photo: Picture) -> None:
    edited, _ = pasted(photo, 60, 80, 40, 50)
    assert change(photo, jpeg(edited, 95)).background == "resaved"
    noisy = regenerate(1.0)(begin(edited), np.random.default_rng(1)).edited
    assert change(photo, noisy).background == "regenerated"


def test_a_flat_background_does_not_vote_for_identical() -> None:
    flat = np.full((160, 200, 3), 255, np.uint8)
    edited, _ = pasted(flat, 40, 50, 60, 70)
    assert change(flat, jpeg(edited, 75)).background != "identical"


def test_a_picture_that_is_all_new_is_not_explained_away_as_noise() -> None:
    pair = laid(textured(5, 320, 240), 255 - textured(6, 320, 240))
    assert evidence(pair).scalars["calm"] <= np.log2(1 + FLOOR_CAP)
    (found,) = Difference().annotate([pair], [Hint()])
    assert (found.map >= 0.5).mean() > 0.5


def test_the_map_agrees_with_itself_when_stored_as_eight_bits(photo: Picture) -> None:
    edited, _ = pasted(photo, 60, 80, 70, 90)
    found = change(photo, jpeg(edited, 80)).map
    np.testing.assert_array_equal(np.round(found * 255) >= 128, found >= 0.5)
