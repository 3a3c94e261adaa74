"""Each score against a value known by construction or an independent implementation."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from maskwright.masks import scores
from maskwright.masks.scores import SCORES, geometry_scores, qes, score_pair, stored_levels
from maskwright.pairs.values import Aligned, Change, Geometry, Mask, Tone
from tests.contracts.annotator import edited_pair, laid, textured
from tests.contracts.score import ScoreContract, cases


class TestScorePair(ScoreContract):
    def scores(self, aligned: Aligned, change: Change, mask: Mask) -> dict[str, float | None]:
        return score_pair(aligned, change, mask, original=aligned.original)


class TestScorePairWithRegion(ScoreContract):
    def scores(self, aligned: Aligned, change: Change, mask: Mask) -> dict[str, float | None]:
        region = np.zeros_like(mask)
        region[: len(mask) // 2] = True
        return score_pair(aligned, change, mask, original=aligned.original, region=region)


def of(name: str) -> dict[str, float | None]:
    aligned, change = cases()[name]
    return score_pair(aligned, change, change.map >= 0.5, original=aligned.original)


def test_the_columns_are_those_of_the_table_in_its_order() -> None:
    assert list(of("plain")) == list(SCORES)


# --- the stored map and its certainty


def test_stored_levels_of_128_are_exactly_the_mask() -> None:
    below, above = np.nextafter(np.float32(0.5), np.float32(0)), np.nextafter(np.float32(0.5), np.float32(1))
    change = np.concatenate([np.linspace(0, 1, 99_999, dtype=np.float32), [below, 0.5, above]])[None]
    change = change.astype(np.float32)
    np.testing.assert_array_equal(stored_levels(change) >= 128, change >= 0.5)


def test_qes_is_the_share_of_noticeable_levels_that_are_certain() -> None:
    levels = np.array([[0, 15, 16, 239], [240, 255, 128, 1]], np.uint8)
    assert qes(levels) == 2 / 5


def test_qes_of_an_empty_map_is_0_and_of_a_certain_one_1() -> None:
    assert qes(np.zeros((3, 3), np.uint8)) == 0
    assert qes(np.full((3, 3), 255, np.uint8)) == 1


# --- geometry

CENTRE = np.array([[1, 0, 149.5], [0, 1, 99.5], [0, 0, 1]])


def about_centre(linear: np.ndarray) -> np.ndarray:
    return CENTRE @ linear @ np.linalg.inv(CENTRE)


def test_a_plain_resize_moves_nothing_and_says_its_scale() -> None:
    half = np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1]])
    found = geometry_scores(Geometry("resized", half), (200, 300), (100, 150))
    assert found["shift_px"] == pytest.approx(0, abs=1e-9)
    assert found["scale"] == pytest.approx(0.5)
    assert found["crop_frac"] == pytest.approx(0, abs=1e-5)


def test_a_shift_is_its_length() -> None:
    matrix = np.array([[1, 0, 3], [0, 1, -4], [0, 0, 1.0]])
    found = geometry_scores(Geometry("shifted", matrix), (200, 300), (200, 300))
    assert found["shift_px"] == pytest.approx(5)
    assert found["rotation_deg"] == 0
    assert found["crop_frac"] == pytest.approx(1 - 297 * 196 / (300 * 200), abs=1e-5)


@pytest.mark.parametrize("angle", [-30.0, 5.0, 90.0])
def test_a_rotation_is_counter_clockwise_as_opencv_turns(angle: float) -> None:
    # getRotationMatrix2D takes the original to the edited picture, counter-clockwise.
    forward = np.vstack([cv2.getRotationMatrix2D((149.5, 99.5), angle, 1.5), [0, 0, 1]])
    found = geometry_scores(Geometry("similarity", np.linalg.inv(forward)), (200, 300), (200, 300))
    assert found["rotation_deg"] == pytest.approx(angle)
    assert found["scale"] == pytest.approx(1.5)
    assert found["shift_px"] == pytest.approx(0, abs=1e-9)
    assert found["mirrored"] == 0


def test_a_mirrored_picture_is_mirrored_and_not_turned() -> None:
    matrix = np.array([[-1, 0, 299], [0, 1, 0], [0, 0, 1.0]])
    found = geometry_scores(Geometry("mirrored", matrix), (200, 300), (200, 300))
    assert found["mirrored"] == 1
    assert (found["rotation_deg"], found["scale"]) == (0, 1)
    assert found["shift_px"] == found["crop_frac"] == 0


def test_a_crop_says_what_share_is_gone() -> None:
    matrix = np.array([[1, 0, 30], [0, 1, 20], [0, 0, 1.0]])
    found = geometry_scores(Geometry("cropped", matrix), (200, 300), (100, 150))
    assert found["crop_frac"] == pytest.approx(0.75)


def test_a_residual_that_was_not_measured_is_not_known() -> None:
    found = geometry_scores(Geometry("affine", np.eye(3), float("nan")), (9, 9), (9, 9))
    assert found["residual_px"] is None


def test_unrelated_pictures_have_no_geometry() -> None:
    assert all(of("unrelated")[name] is None for name in ("shift_px", "scale", "crop_frac", "mirrored"))


# --- the pair as a whole


def test_tone_shift_is_scikit_images_delta_e_of_a_uniform_change() -> None:
    colour = pytest.importorskip("skimage.color")
    before, after = (
        np.full((80, 80, 3), (90, 120, 60), np.uint8),
        np.full((80, 80, 3), (100, 118, 75), np.uint8),
    )
    expected = colour.deltaE_cie76(colour.rgb2lab(before), colour.rgb2lab(after))[0, 0]
    everywhere = np.ones((80, 80), np.bool_)
    assert scores.tone_shift_de(laid(before, after), everywhere) == pytest.approx(expected, abs=0.05)


def test_tone_shift_is_the_same_whether_the_fit_took_it_out_or_not() -> None:
    original = textured(2, 300, 260)
    gain, offset = np.array([0.9, 0.8, 0.95]), np.array([5.0, 10, 0])
    edited = np.clip(original * gain + offset, 0, 255).round().astype(np.uint8)
    everywhere = np.ones(edited.shape[:2], np.bool_)
    refused = laid(original, edited)
    accepted = Aligned(edited, edited, everywhere, Geometry("identity", np.eye(3)), Tone(gain, offset))
    first, second = (scores.tone_shift_de(pair, everywhere) for pair in (refused, accepted))
    assert first is not None
    assert first > 5
    assert second == pytest.approx(first, abs=0.3)


def test_noise_of_mean_zero_is_hardly_a_tone_shift() -> None:
    original = textured(3, 256, 256) // 2 + 60
    edited = (original + np.random.default_rng(0).normal(0, 6, original.shape)).round().astype(np.uint8)
    everywhere = np.ones(edited.shape[:2], np.bool_)
    shift = scores.tone_shift_de(laid(original, edited), everywhere)
    assert shift is not None
    assert shift < 1


def test_outside_change_is_the_mean_outside_the_mask_only() -> None:
    original = textured(1, 200, 200) // 2 + 20
    edited = original + np.uint8(3)
    edited[50:100, 50:100] = 0
    mask = np.zeros((200, 200), np.bool_)
    mask[50:100, 50:100] = True
    assert scores.outside_change(laid(original, edited), ~mask) == pytest.approx(3)


def test_blurring_lowers_sharpness_and_an_edit_inside_the_mask_does_not() -> None:
    original = textured(1, 200, 200)
    mask = np.zeros((200, 200), np.bool_)
    mask[50:100, 50:100] = True
    inside = original.copy()
    inside[50:100, 50:100] = np.random.default_rng(0).integers(0, 256, (50, 50, 3))
    assert scores.sharpness_ratio(laid(original, inside), ~mask) == 1
    blurred = cv2.GaussianBlur(original, (0, 0), 2)
    ratio = scores.sharpness_ratio(laid(original, blurred), ~mask)
    assert ratio is not None
    assert ratio < 0.9


def test_without_a_background_the_pair_as_a_whole_is_not_known() -> None:
    for name in ("full", "all_invalid", "one_pixel_full"):
        found = of(name)
        for column in ("tone_shift_de", "outside_change", "sharpness_ratio"):
            assert found[column] is None, (name, column)


# --- the mask


def test_an_empty_mask_has_no_area_no_regions_and_no_border() -> None:
    found = of("empty")
    assert (found["area_frac"], found["components"], found["largest_component_frac"]) == (0, 0, 0)
    assert found["border_sharpness"] is None


def test_a_full_mask_is_one_region_without_a_border() -> None:
    found = of("full")
    assert (found["area_frac"], found["components"], found["largest_component_frac"]) == (1, 1, 1)
    assert found["border_sharpness"] is None


def test_regions_are_counted_as_scikit_image_counts_them() -> None:
    measure = pytest.importorskip("skimage.measure")
    mask = textured(9, 120, 90)[..., 0] > 150
    found = score_pair(
        laid(*(textured(seed, 120, 90) for seed in (1, 2))),
        Change(mask.astype(np.float32)),
        mask,
        original=textured(1, 120, 90),
    )
    labels = measure.label(mask, connectivity=2)
    assert labels.max() > 1
    assert found["components"] == labels.max()
    assert found["largest_component_frac"] == pytest.approx(
        np.bincount(labels.ravel())[1:].max() / mask.sum()
    )
    assert found["area_frac"] == mask.mean()


def test_a_hard_border_is_sharper_than_a_soft_one() -> None:
    hard = np.zeros((60, 60), np.float32)
    hard[20:40, 20:40] = 1
    soft = cv2.GaussianBlur(hard, (0, 0), 4)
    sharp, smooth = (scores.border_sharpness(stored_levels(plane), plane >= 0.5) for plane in (hard, soft))
    assert sharp == 1
    assert smooth is not None
    assert smooth < 0.3


def test_contrast_is_inside_less_outside() -> None:
    original = textured(1, 200, 200) // 2 + 20
    edited = original + np.uint8(3)
    edited[50:100, 50:100] += 40
    plane = np.zeros((200, 200), np.float32)
    plane[50:100, 50:100] = 1
    found = score_pair(laid(original, edited), Change(plane), plane >= 0.5, original=original)
    assert found["contrast"] == pytest.approx(40)


# --- trust and regions


def test_an_annotators_own_figures_are_kept_and_win() -> None:
    aligned, change = cases()["plain"]
    told = Change(change.map, scores={"noise_floor": 2.0, "missed_px": 31.0, "extra": 1.0})
    found = score_pair(aligned, told, told.map >= 0.5, original=aligned.original)
    assert (found["noise_floor"], found["missed_px"], found["extra"]) == (2.0, 31.0, 1.0)


def test_confidence_is_not_known_without_a_calibration() -> None:
    assert of("plain")["confidence"] is None


def test_without_a_region_its_scores_are_not_known() -> None:
    assert all(of("plain")[name] is None for name in SCORES if name.startswith(("region_", "outside_mse")))


def test_region_used_is_the_share_of_the_region_in_the_mask() -> None:
    aligned, change = cases()["plain"]
    region = np.zeros_like(aligned.valid)
    region[40:90, 60:180] = True
    found = score_pair(aligned, change, change.map >= 0.5, original=aligned.original, region=region)
    assert found["region_used_frac"] == 0.5


def test_an_empty_region_is_used_by_nobody() -> None:
    aligned, change = cases()["plain"]
    region = np.zeros_like(aligned.valid)
    found = score_pair(aligned, change, change.map >= 0.5, original=aligned.original, region=region)
    assert found["region_used_frac"] is None


def test_alignment_separates_the_figures_from_the_raw_ones() -> None:
    original = textured(1, 200, 160)
    edited = np.ascontiguousarray(np.roll(original, 3, axis=1))
    region = np.zeros((160, 200), np.bool_)
    region[:20, :20] = True
    aligned = laid(edited.copy(), edited)
    nothing = Change(np.zeros((160, 200), np.float32))
    found = score_pair(aligned, nothing, nothing.map >= 0.5, original=original, region=region)
    assert (found["outside_mse"], found["outside_psnr"]) == (0, 100)
    raw = found["outside_mse_raw"]
    assert raw is not None
    assert raw > 10
    assert found["outside_psnr_raw"] == pytest.approx(10 * math.log10(255**2 / raw))


def test_scores_of_a_pair_and_of_its_mirror_image_agree() -> None:
    pair = edited_pair()
    plane = cases()["plain"][1].map
    flip = [np.ascontiguousarray(array[:, ::-1]) for array in (pair.original, pair.edited, plane)]
    first = score_pair(pair, Change(plane), plane >= 0.5, original=pair.original)
    second = score_pair(laid(flip[0], flip[1]), Change(flip[2]), flip[2] >= 0.5, original=flip[0])
    for name in ("qes", "area_frac", "components", "contrast", "border_sharpness", "outside_change"):
        assert second[name] == pytest.approx(first[name])


def test_pixels_the_original_lacks_do_not_count_as_touched_outside_the_region() -> None:
    original = textured(1, 200, 160)
    edited = original.copy()
    edited[:, 150:] = 0
    valid = np.ones((160, 200), np.bool_)
    valid[:, 150:] = False
    region = np.zeros((160, 200), np.bool_)
    region[:20, :20] = True
    aligned = Aligned(original, edited, valid, Geometry("shifted", np.eye(3)))
    nothing = Change(np.zeros((160, 200), np.float32))
    found = score_pair(aligned, nothing, nothing.map >= 0.5, original=original, region=region)
    assert found["outside_mse"] == 0
    assert found["outside_ssim"] == pytest.approx(1)
