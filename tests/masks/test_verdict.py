"""The table of verdicts: its order, its borders, and each verdict on pictures made for it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.errors import InputError
from maskwright.masks.annotators import load_annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.masks.verdict import (
    RESAVED_FLOOR,
    TABLE,
    UNEXPLAINED_FRAC,
    WHOLE_AREA_FRAC,
    Findings,
    sentence_of,
    tone_floor_de,
    verdict_of,
)
from maskwright.pairs.values import VERDICTS, Pair, Picture
from tests.contracts.annotator import jpeg, textured

DIFFERENCE = load_annotator("difference")


def found(original: Picture | bytes, edited: Picture | bytes) -> str:
    return annotate_pair(Pair("pair", original, edited), DIFFERENCE).verdict


def photo(seed: int = 1, width: int = 320, height: int = 256) -> Picture:
    """Textured, and calm enough that a codec leaves little."""
    return cv2.GaussianBlur(textured(seed, width, height), (0, 0), 1.0)


def test_the_table_holds_every_verdict_once() -> None:
    assert sorted(name for name, _ in TABLE) == sorted(VERDICTS)


def test_every_verdict_has_a_sentence() -> None:
    assert all(sentence_of(name).endswith(".") for name, _ in TABLE)


def test_the_manual_lists_the_verdicts_in_the_order_of_the_table() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "reference" / "verdicts.md").read_text(encoding="utf-8")
    listed = [line.split("`")[1] for line in manual.splitlines() if line.startswith("| `")]
    assert listed[: len(TABLE)] == [name for name, _ in TABLE]


def test_an_unknown_verdict_has_none() -> None:
    with pytest.raises(InputError, match="not a known verdict"):
        sentence_of("fine")


# Facts that make a verdict hold, laid over each other: the first of the table must win.
FACTS = {
    "identical_file": {"same_bytes": True},
    "same_pixels": {"same_pixels": True},
    "different_photograph": {"geometry": "unrelated"},
    "whole_picture": {"area_frac": 0.9},
    "local_edit": {"area_frac": 0.1},
    "geometry_only": {"geometry": "shifted"},
    "tone_only": {"tone_shift_de": 5.0},
    "undecided": {"unexplained": 0.5},
}


@pytest.mark.parametrize("name", FACTS)
def test_each_verdict_holds_for_its_own_facts(name: str) -> None:
    assert verdict_of(Findings(**FACTS[name])) == name


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("identical_file", "same_pixels"),
        ("same_pixels", "local_edit"),
        ("different_photograph", "whole_picture"),
        ("different_photograph", "tone_only"),
        ("whole_picture", "geometry_only"),
        ("local_edit", "geometry_only"),
        ("local_edit", "tone_only"),
        ("geometry_only", "tone_only"),
        ("geometry_only", "undecided"),
        ("tone_only", "undecided"),
    ],
)
def test_the_earlier_of_two_that_hold_wins(first: str, second: str) -> None:
    assert verdict_of(Findings(**{**FACTS[second], **FACTS[first]})) == first


def test_a_shared_object_comes_before_sizes_and_after_nothing_shared() -> None:
    assert verdict_of(Findings(group="shared-donor", geometry="unrelated", area_frac=0.9)) == "object_taken"


def test_without_any_finding_the_picture_was_saved_again() -> None:
    assert verdict_of(Findings()) == "resaved"


def test_a_change_of_size_alone_is_no_change_of_geometry() -> None:
    assert verdict_of(Findings(geometry="resized")) == "resaved"


def test_the_border_of_the_whole_picture_belongs_to_the_local_edit() -> None:
    assert verdict_of(Findings(area_frac=WHOLE_AREA_FRAC)) == "local_edit"


def test_tone_within_the_noise_floor_is_no_change_of_tone() -> None:
    floor = 4.0
    assert verdict_of(Findings(noise_floor=floor, tone_shift_de=tone_floor_de(floor))) == "resaved"
    assert verdict_of(Findings(noise_floor=floor, tone_shift_de=tone_floor_de(floor) + 0.1)) == "tone_only"


def test_more_noise_than_saving_explains_is_undecided() -> None:
    assert verdict_of(Findings(noise_floor=RESAVED_FLOOR)) == "resaved"
    assert verdict_of(Findings(noise_floor=RESAVED_FLOOR + 0.1)) == "undecided"
    assert verdict_of(Findings(unexplained=UNEXPLAINED_FRAC + 0.001)) == "undecided"


# --- the same on pictures


def png(picture: Picture, level: int = 3) -> bytes:
    return bytes(cv2.imencode(".png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, level])[1])


def test_one_file_twice_is_an_identical_file() -> None:
    assert found(png(photo()), png(photo())) == "identical_file"


def test_two_files_of_the_same_pixels_are_same_pixels() -> None:
    first, second = png(photo(), 1), png(photo(), 9)
    assert first != second
    assert found(first, second) == "same_pixels"


def test_two_photographs_are_different_photographs() -> None:
    assert found(photo(1, 160, 128), photo(2, 160, 128)) == "different_photograph"


def test_a_pasted_box_is_a_local_edit_whatever_the_background() -> None:
    edited = photo()
    edited[60:140, 80:180] = photo(7)[60:140, 80:180]
    assert found(photo(), edited) == "local_edit"
    assert found(photo(), jpeg(edited, 85)) == "local_edit"


def test_a_shift_alone_is_geometry_only() -> None:
    assert (
        found(photo(width=420, height=340), photo(width=420, height=340)[13:, 9:].copy()) == "geometry_only"
    )


def test_a_darker_copy_is_tone_only() -> None:
    assert found(photo(), (photo() * 0.8 + 10).astype(np.uint8)) == "tone_only"


def test_a_jpeg_of_the_picture_is_resaved() -> None:
    assert found(photo(), jpeg(photo(), 85)) == "resaved"


def test_half_the_size_and_back_is_resaved() -> None:
    small = cv2.resize(photo(), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    assert found(photo(), small) == "resaved"
