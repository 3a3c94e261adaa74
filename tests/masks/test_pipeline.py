"""One pair from files to verdict: shortcuts, reasons, and faults that stay inside their row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.errors import InputError, SettingError
from maskwright.masks.annotators import ANNOTATORS, Annotator, load_annotator
from maskwright.masks.pipeline import DETAIL_LIMIT, annotate_pair, annotate_pairs
from maskwright.masks.scores import SCORES
from maskwright.pairs.values import Aligned, Card, Change, Hint, Mask, Pair, Picture, Rejection
from tests.contracts.annotator import jpeg, textured


class Threshold:
    """The smallest annotator there is: marks pixels that differ by more than 32 levels."""

    card = Card("threshold", "1", "0" * 64)

    def __init__(self) -> None:
        self.hints: list[Hint] = []

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        self.hints += hints
        return [
            Change((cv2.absdiff(p.original, p.edited).max(axis=2) > 32).astype(np.float32)) for p in batch
        ]


class Finder(Threshold):
    """Says that an object was taken, and has a layer for it."""

    card = Card("finder", "1", "0" * 64, layers=("donor",))

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        return [Change(np.zeros(p.valid.shape, np.float32), group="shared-donor") for p in batch]


class Undecided(Threshold):
    """One half everywhere: the least that is still a mask."""

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        return [Change(np.full(p.valid.shape, 0.5, np.float32)) for p in batch]


class Broken(Threshold):
    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        raise RuntimeError("first line\nsecond line " + "x" * 1000)


class TooSure(Threshold):
    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        return [Change(np.full(p.valid.shape, 1.5, np.float32)) for p in batch]


class OtherSize(Threshold):
    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        return [Change(np.zeros((3, 3), np.float32)) for _ in batch]


class Unreachable(Threshold):
    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        raise AssertionError("no annotator is needed for the same pixels")


ORIGINAL = textured(1, 200, 160)


@pytest.fixture
def edited() -> Picture:
    picture = ORIGINAL.copy()
    picture[40:80, 50:110] = textured(9, 60, 40)
    return picture


def test_a_pair_gets_a_mask_scores_and_a_verdict(edited: Picture) -> None:
    found = annotate_pair(Pair("a", ORIGINAL, edited), Threshold())
    assert (found.status, found.reason, found.verdict) == ("ok", "", "local_edit")
    assert (found.width, found.height) == (200, 160)
    assert found.mask is not None
    assert found.mask[50:70, 60:100].mean() > 0.3
    assert not found.mask[100:].any()
    assert set(found.scores) == set(SCORES)


def test_the_mask_is_the_change_map_from_one_half_up(edited: Picture) -> None:
    found = annotate_pair(Pair("a", ORIGINAL, edited), load_annotator("difference"))
    assert found.change is not None
    assert found.mask is not None
    assert found.mask.any()
    np.testing.assert_array_equal(found.mask, found.change >= 0.5)


def test_one_half_is_in_the_mask(edited: Picture) -> None:
    found = annotate_pair(Pair("a", ORIGINAL, edited), Undecided())
    assert found.mask is not None
    assert found.mask.all()
    assert found.verdict == "whole_picture"


def test_the_same_pixels_need_neither_alignment_nor_annotator() -> None:
    found = annotate_pair(Pair("a", ORIGINAL, ORIGINAL.copy()), Unreachable())
    assert (found.status, found.verdict, found.background) == ("ok", "same_pixels", "identical")
    assert found.change is not None
    assert not found.change.any()
    scores = dict(found.scores)
    assert (scores["area_frac"], scores["shift_px"], scores["tone_shift_de"], scores["scale"]) == (0, 0, 0, 1)
    assert scores["sharpness_ratio"] == 1


def test_unrelated_photographs_are_rejected_with_a_verdict() -> None:
    found = annotate_pair(Pair("a", textured(1, 128, 96), textured(2, 128, 96)), Threshold())
    assert (found.status, found.reason, found.verdict) == ("rejected", "unrelated", "different_photograph")
    assert (found.width, found.height) == (128, 96)
    assert found.mask is None


def test_an_annotator_that_finds_objects_is_asked_about_unrelated_photographs() -> None:
    found = annotate_pair(Pair("a", textured(1, 128, 96), textured(2, 128, 96)), Finder())
    assert (found.status, found.verdict, found.group) == ("ok", "object_taken", "shared-donor")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "file_empty"),
        (b"no picture at all", "not_a_picture"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "truncated"),
    ],
)
@pytest.mark.parametrize("side", ["original", "edited"])
def test_a_broken_picture_is_rejected_with_its_reason_and_side(data: bytes, reason: str, side: str) -> None:
    pictures = {"original": ORIGINAL, "edited": ORIGINAL, side: data}
    found = annotate_pair(Pair("a", **pictures), Threshold())
    assert found.status == "rejected"
    assert found.reason in (reason, "not_a_picture")
    assert found.detail.startswith(f"{side}: ")


def test_a_missing_file_is_rejected(tmp_path: Path) -> None:
    found = annotate_pair(Pair("a", tmp_path / "gone.jpg", ORIGINAL), Threshold())
    assert (found.status, found.reason) == ("rejected", "file_missing")
    assert "gone.jpg" in found.detail


def test_a_picture_over_the_limit_is_rejected() -> None:
    found = annotate_pair(Pair("a", ORIGINAL, ORIGINAL), Threshold(), max_pixels=100)
    assert (found.status, found.reason) == ("rejected", "too_large")


@pytest.mark.parametrize("annotator", [Broken(), TooSure(), OtherSize()])
def test_an_annotator_that_breaks_costs_its_row_only(annotator: Annotator, edited: Picture) -> None:
    found = annotate_pair(Pair("a", ORIGINAL, edited), annotator)
    assert (found.status, found.reason) == ("failed", "internal_error")
    assert found.detail
    assert "\n" not in found.detail
    assert len(found.detail) <= DETAIL_LIMIT


def test_a_region_reaches_the_annotator_and_its_scores(edited: Picture) -> None:
    region = np.zeros((160, 200), np.bool_)
    region[40:80, 50:110] = True
    annotator = Threshold()
    pair = Pair("a", ORIGINAL, edited, instruction="paint it", region=region.astype(np.uint8) * 255)
    found = annotate_pair(pair, annotator)
    (hint,) = annotator.hints
    assert hint.instruction == "paint it"
    assert hint.region is not None
    np.testing.assert_array_equal(hint.region, region)
    used = found.scores["region_used_frac"]
    assert used is not None
    assert used > 0.3
    assert found.scores["outside_mse"] == 0


@pytest.mark.parametrize("region", [np.zeros((10, 10), np.uint8), b"nothing"])
def test_a_region_that_does_not_fit_is_rejected(region: Mask | bytes, edited: Picture) -> None:
    found = annotate_pair(Pair("a", ORIGINAL, edited, region=region), Threshold())
    assert (found.status, found.reason) == ("rejected", "bad_mask")
    assert found.detail.startswith("region: ")


def test_the_known_mask_is_not_looked_at(edited: Picture) -> None:
    plain = annotate_pair(Pair("a", ORIGINAL, edited), Threshold())
    with_mask = annotate_pair(Pair("a", ORIGINAL, edited, mask=b"not even a picture"), Threshold())
    assert with_mask.scores == plain.scores


def test_inputs_are_not_modified(edited: Picture) -> None:
    kept = ORIGINAL.copy(), edited.copy()
    annotate_pair(Pair("a", ORIGINAL, edited), load_annotator("difference"))
    np.testing.assert_array_equal(ORIGINAL, kept[0])
    np.testing.assert_array_equal(edited, kept[1])


def test_what_reading_did_is_told() -> None:
    grey = cv2.imencode(".png", ORIGINAL[..., 0])[1].tobytes()
    assert "grey" in annotate_pair(Pair("a", ORIGINAL, grey), Threshold()).edited_read


def test_many_pairs_come_back_in_order_and_a_rejection_is_passed_on(edited: Picture) -> None:
    rows = [
        Pair("a", ORIGINAL, edited),
        Rejection("b", "unmatched", "b.jpg has no partner"),
        Pair("c", b"", b""),
    ]
    found = list(annotate_pairs(rows, annotator=Threshold()))
    assert [(row.id, row.status) for row in found] == [("a", "ok"), ("b", "rejected"), ("c", "rejected")]
    assert found[1].reason == "unmatched"


def test_pairs_are_annotated_one_at_a_time_as_they_are_asked_for() -> None:
    asked = []

    def rows() -> object:
        for name in ("a", "b"):
            asked.append(name)
            yield Pair(name, ORIGINAL, ORIGINAL)

    found = annotate_pairs(rows(), annotator=Threshold())  # type: ignore[arg-type]
    next(found)
    assert asked == ["a"]


# --- names of annotators


def test_every_name_in_the_table_is_an_annotator() -> None:
    for name in ANNOTATORS:
        assert isinstance(load_annotator(name), Annotator)


def test_a_class_of_ones_own_is_named_by_its_module() -> None:
    assert load_annotator("tests.masks.test_pipeline:Threshold").card.name == "threshold"


def test_an_unknown_name_gets_the_nearest_known_one() -> None:
    with pytest.raises(SettingError) as caught:
        load_annotator("diference")
    assert "did you mean difference?" in caught.value.hint


@pytest.mark.parametrize(
    "name", ["no.such.module:Thing", "tests.masks.test_pipeline:Thing", ":", "a:", "", "..:A"]
)
def test_a_place_that_holds_no_class_is_a_wrong_setting(name: str) -> None:
    with pytest.raises(SettingError):
        load_annotator(name)


def test_a_class_that_is_no_annotator_is_refused() -> None:
    with pytest.raises(InputError, match="is no annotator"):
        load_annotator("collections:Counter")


def test_a_jpeg_pair_and_its_second_run_are_the_same(edited: Picture) -> None:
    pair = Pair("a", ORIGINAL, jpeg(edited, 85))
    first, second = (annotate_pair(pair, load_annotator("difference")) for _ in range(2))
    assert first.change is not None
    assert second.change is not None
    np.testing.assert_array_equal(first.change, second.change)
    assert first.scores == second.scores


SAVED = cv2.imencode(".jpg", ORIGINAL[:40, :48])[1].tobytes()


@given(
    st.one_of(
        st.binary(max_size=64),
        st.builds(lambda end: SAVED[:end], st.integers(0, len(SAVED))),
        st.builds(
            lambda place, data: SAVED[:place] + data + SAVED[place + len(data) :],
            st.integers(0, len(SAVED)),
            st.binary(min_size=1, max_size=4),
        ),
    )
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_whatever_the_bytes_a_pair_becomes_a_row(data: bytes) -> None:
    found = annotate_pair(Pair("a", SAVED, data), Threshold())
    assert found.status in ("ok", "rejected")
    assert (found.mask is not None) == (found.status == "ok")


@pytest.mark.parametrize(
    "picture", [None, 5, object(), np.zeros((0, 0, 3), np.uint8), np.zeros((4, 4), complex)]
)
def test_a_picture_that_is_none_becomes_a_row(picture: object) -> None:
    found = annotate_pair(Pair("a", SAVED, picture), Threshold())  # type: ignore[arg-type]
    assert found.status == "rejected"
