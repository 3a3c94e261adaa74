"""The compact annotator: the contract, exact backgrounds, large pictures, calm, confidence."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.errors import InputError
from maskwright.masks.annotators import Annotator, load_annotator
from maskwright.masks.annotators.compact import Compact
from maskwright.masks.annotators.confidence import evidence_of
from maskwright.masks.annotators.evidence import evidence
from maskwright.masks.annotators.large import LARGE, odds_of_large
from maskwright.masks.annotators.rule import log_odds
from maskwright.measures.metrics import pixel_f1
from maskwright.pairs.values import Aligned, Hint, Mask, Picture
from tests.contracts.annotator import AnnotatorContract, jpeg, laid, textured


@pytest.fixture(scope="module")
def compact() -> Compact:
    return Compact()


class TestCompact(AnnotatorContract):
    @pytest.fixture
    def annotator(self, compact: Compact) -> Annotator:
        return compact


def annotated(annotator: Annotator, pair: Aligned) -> Mask:
    (change,) = annotator.annotate([pair], [Hint()])
    return change.map >= 0.5


def with_disc(picture: Picture, x: int, y: int, radius: int, seed: int = 9) -> tuple[Picture, Mask]:
    """The picture with a disc of another texture, and where that is."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.circle(mask, (x, y), radius, 1, -1)
    other = 255 - textured(seed, picture.shape[1], picture.shape[0])
    return np.where(mask[..., None] > 0, other, picture), mask > 0


def test_on_a_bit_equal_background_the_map_is_that_of_the_difference_annotator(compact: Compact) -> None:
    original = textured(1, 240, 200)
    edited, _ = with_disc(original, 120, 90, 30)
    pair = laid(original, edited)
    (ours,) = compact.annotate([pair], [Hint()])
    (theirs,) = load_annotator("difference").annotate([pair], [Hint()])
    assert ours.background == "identical"
    assert np.array_equal(ours.map, theirs.map)


def test_a_pasted_disc_is_found_in_a_jpeg_to_within_a_pixel(compact: Compact) -> None:
    original = textured(2, 320, 256)
    edited, truth = with_disc(original, 150, 120, 40)
    mask = annotated(compact, laid(jpeg(original, 90), jpeg(edited, 80)))
    assert pixel_f1(mask, truth) > 0.96


@pytest.mark.parametrize("quality", [50, 75, 95])
def test_nothing_is_marked_of_a_picture_that_was_only_saved(compact: Compact, quality: int) -> None:
    original = textured(3, 320, 256)
    assert not annotated(compact, laid(original, jpeg(original, quality))).any()


def test_where_nothing_is_suspicious_the_network_is_not_asked(compact: Compact) -> None:
    original = textured(4, 320, 256)
    seen = evidence(laid(original, jpeg(original, 85)))
    weigher = compact._weigher
    assert np.array_equal(weigher.weigh(seen)[0], log_odds(seen, weigher.rule))


def test_sides_that_are_no_multiple_of_anything_give_the_same_as_a_larger_frame(compact: Compact) -> None:
    original = textured(5, 384, 320)
    edited, _ = with_disc(original, 150, 120, 40)
    before, after = jpeg(original, 90), jpeg(edited, 80)
    whole = annotated(compact, laid(before, after))
    part = annotated(compact, laid(before[:301, :357], after[:301, :357]))
    assert np.mean(part != whole[:301, :357]) < 0.002


def large_pair() -> tuple[Aligned, Mask, Mask]:
    """A picture above `LARGE` with a small and a large edit, and where these are."""
    width, height = 1800, 1300
    assert width * height > LARGE
    original = textured(6, width, height)
    edited, small = with_disc(original, 300, 260, 24)
    edited, big = with_disc(edited, 1200, 700, 420, seed=10)
    return laid(jpeg(original, 92), jpeg(edited, 85)), small, big


def test_small_and_large_edits_are_found_in_a_large_picture(compact: Compact) -> None:
    pair, small, big = large_pair()
    mask = annotated(compact, pair)
    assert pixel_f1(mask[:600, :600], small[:600, :600]) > 0.9
    assert pixel_f1(mask, small | big) > 0.97


def test_two_looks_agree_with_one_on_nearly_every_pixel(compact: Compact) -> None:
    pair, _, _ = large_pair()
    twice = odds_of_large(pair, compact._weigher.weigh).odds > 0
    once = compact._weigher.weigh(evidence(pair))[0] > 0
    assert np.mean(once != twice) < 0.003


def test_confidence_is_higher_for_a_sharp_edit_than_for_one_that_fades_out(compact: Compact) -> None:
    original = textured(7, 320, 256)
    sharp, disc = with_disc(original, 150, 120, 40)
    share = cv2.GaussianBlur(disc.astype(np.float32), (0, 0), 25)[..., None]
    fading = np.rint(original + 0.5 * share * (sharp.astype(np.float32) - original)).astype(np.uint8)
    found = []
    for edited in (sharp, fading):
        (change,) = compact.annotate([laid(jpeg(original, 90), jpeg(edited, 60))], [Hint()])
        assert change.map.max() >= 0.5
        found.append(change.scores["confidence"])
    assert 0 <= found[1] < found[0] <= 1


def test_a_network_of_your_own_is_used_by_its_path(compact: Compact, tmp_path: Path) -> None:
    for name in ("compact.onnx", "compact.card.json"):
        data = resources.files("maskwright.weights").joinpath(name).read_bytes()
        (tmp_path / name.replace("compact", "mine")).write_bytes(data)
    mine = load_annotator(str(tmp_path / "mine.onnx"))
    pair, _, _ = large_pair()
    (ours,), (theirs,) = (each.annotate([pair], [Hint()]) for each in (mine, compact))
    assert np.array_equal(ours.map, theirs.map)


def test_a_card_without_calibration_is_refused_by_the_name_of_what_it_lacks(tmp_path: Path) -> None:
    room = resources.files("maskwright.weights")
    (tmp_path / "mine.onnx").write_bytes(room.joinpath("compact.onnx").read_bytes())
    card = json.loads(room.joinpath("compact.card.json").read_text())
    del card["constants"]["odds_gain"]
    (tmp_path / "mine.card.json").write_text(json.dumps(card))
    with pytest.raises(InputError, match="lacks the constant odds_gain"):
        load_annotator(str(tmp_path / "mine.onnx"))


def test_calibration_moves_no_mask_and_survives_any_odds(compact: Compact) -> None:
    odds = np.array([[-1e30, -3, -1e-3, 0, 1e-3, 3, 1e30]], np.float32)
    change = compact._weigher.chance(odds.copy())
    assert np.array_equal(change >= 0.5, odds >= 0)
    assert np.isfinite(change).all()


def test_confidence_of_an_empty_mask_falls_with_the_strongest_doubt() -> None:
    assert evidence_of(np.zeros((4, 4), np.float32)) == ("empty", {"strongest": 0.0})
    assert evidence_of(np.full((4, 4), 0.4, np.float32)) == (
        "empty",
        {"strongest": pytest.approx(0.4)},
    )


def test_expected_iou_is_that_of_pixels_drawn_with_their_chances() -> None:
    rng = np.random.default_rng(0)
    change = rng.uniform(0, 1, (40, 40)).astype(np.float32)
    mask = change >= 0.5
    drawn = [rng.uniform(0, 1, change.shape) < change for _ in range(400)]
    measured = np.mean([np.sum(mask & one) / np.sum(mask | one) for one in drawn])
    kind, known = evidence_of(change)
    assert kind == "mask"
    assert known["expected_iou"] == pytest.approx(measured, abs=0.01)


def test_thickness_is_doubled_area_over_border_and_does_not_change_with_the_scale() -> None:
    def of_a_square(side: int, size: int) -> float:
        change = np.zeros((size, size), np.float32)
        change[10 : 10 + side, 10 : 10 + side] = 1
        return evidence_of(change)[1]["thickness"]

    assert of_a_square(64, 200) - of_a_square(32, 200) == pytest.approx(1, abs=0.05)
    assert of_a_square(64, 400) == pytest.approx(of_a_square(32, 200), abs=0.05)
