"""CAAA: the contract, each group by its own way, the layer of what was taken, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.errors import InputError, MissingExtraError
from maskwright.masks.annotators import Annotator
from maskwright.masks.annotators.caaa import Caaa, agrees_everywhere, laid_by
from maskwright.masks.annotators.compact import Compact
from maskwright.measures.metrics import pixel_f1
from maskwright.pairs.align import align
from maskwright.pairs.values import DONOR, Change, Hint, Picture
from maskwright.weights import shipped
from tests.contracts.annotator import AnnotatorContract, edited_pair, jpeg, textured
from tests.masks.taking import taken


@pytest.fixture(scope="module")
def caaa() -> Caaa:
    return Caaa()


@pytest.mark.slow
class TestCaaa(AnnotatorContract):
    @pytest.fixture
    def annotator(self, caaa: Caaa) -> Annotator:
        return caaa


def change_of(caaa: Caaa, original: Picture, edited: Picture) -> Change:
    (change,) = caaa.annotate([align(original, edited)], [Hint()])
    return change


def test_an_aligned_pair_takes_the_quick_way_to_compact(caaa: Caaa) -> None:
    pair = edited_pair(3)
    assert agrees_everywhere(pair)
    (ours,), (theirs,) = (each.annotate([pair], [Hint()]) for each in (caaa, Compact()))
    assert np.array_equal(ours.map, theirs.map)
    assert ours.group == "shared-probe"
    assert ours.aligned is None


@pytest.mark.slow
@pytest.mark.parametrize("mirrored", [False, True])
def test_an_object_that_was_taken_is_marked_in_both_pictures(caaa: Caaa, mirrored: bool) -> None:
    pair = taken(2, mirrored=mirrored)
    change = change_of(caaa, jpeg(pair.original, 90), jpeg(pair.edited, 85))
    assert change.group == "shared-donor"
    assert pixel_f1(change.map >= 0.5, pair.mask) > 0.9
    assert pixel_f1(change.layers[DONOR] >= 0.5, pair.donor) > 0.9
    assert change.aligned is not None
    assert 0 <= change.scores["confidence"] <= 1


@pytest.mark.slow
def test_nothing_is_marked_where_the_laid_original_has_no_pixel(caaa: Caaa) -> None:
    pair = taken(2, scale=0.6)
    change = change_of(caaa, pair.original, pair.edited)
    assert change.aligned is not None
    assert not change.aligned.valid.all()
    assert not change.map[~change.aligned.valid].any()


@pytest.mark.slow
def test_two_photographs_are_unrelated(caaa: Caaa) -> None:
    change = change_of(caaa, textured(1, 240, 200), textured(2, 250, 190))
    assert change.group == "unrelated"
    assert not change.map.any()


@pytest.mark.slow
def test_each_kind_of_matches_alone_finds_an_object_too(caaa: Caaa) -> None:
    pair = taken(4)
    alone = caaa.alone()
    assert set(alone) == {"sacm", "keypoints"}
    for one in alone.values():
        assert pixel_f1(change_of(one, pair.original, pair.edited).map >= 0.5, pair.mask) > 0.8


@pytest.mark.slow
def test_the_object_of_a_large_picture_is_marked_on_its_own_grid(caaa: Caaa) -> None:
    original, edited = textured(1, 1700, 1300), textured(2, 1800, 1350)
    mask = np.zeros(edited.shape[:2], np.uint8)
    cv2.ellipse(mask, (900, 700), (420, 300), 15, 0, 360, 1, -1)
    moved = np.roll(np.pad(original, ((0, 50), (0, 100), (0, 0))), (60, 90), (0, 1))
    edited[mask > 0] = moved[mask > 0]
    change = change_of(caaa, original, jpeg(edited, 90))
    assert change.group == "shared-donor"
    assert pixel_f1(change.map >= 0.5, mask > 0) > 0.9


def test_a_pair_laid_by_an_object_has_its_tone_and_its_own_pixels() -> None:
    pair = taken(3)
    darker = pair.original // 2 + 20
    laid = laid_by(darker, pair.edited, pair.matrix, pair.mask)
    inner = cv2.erode(pair.mask.view(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert np.abs(laid.original[inner].astype(int) - pair.edited[inner]).mean() < 4
    assert not laid.tone.is_identity
    assert laid.unlaid is darker


@pytest.mark.parametrize(("name", "constant"), [("caaa", "unrelated_bias"), ("caaa-donor", "odds_gain")])
def test_a_card_that_lacks_a_constant_is_refused_by_its_name(
    tmp_path: Path, name: str, constant: str
) -> None:
    for each in ("caaa", "caaa-donor"):
        for place in (shipped(each), shipped(each).with_suffix(".card.json")):
            (tmp_path / place.name).write_bytes(place.read_bytes())
    card = json.loads((tmp_path / f"{name}.card.json").read_text())
    del card["constants"][constant]
    (tmp_path / f"{name}.card.json").write_text(json.dumps(card))
    with pytest.raises(InputError, match=f"lacks the constant {constant}"):
        Caaa(str(tmp_path / "caaa.onnx"))


def test_the_network_of_the_mask_must_lie_beside_that_of_the_descriptors(tmp_path: Path) -> None:
    for place in (shipped("caaa"), shipped("caaa").with_suffix(".card.json")):
        (tmp_path / place.name).write_bytes(place.read_bytes())
    with pytest.raises(MissingExtraError, match="caaa-donor"):
        Caaa(str(tmp_path / "caaa.onnx"))
