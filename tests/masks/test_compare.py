"""Two pictures in; a sentence, regions, files and JSON out; and squares inserted to see what is missed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from maskwright.errors import InputError, RunError
from maskwright.masks.annotators import DEFAULT, load_annotator
from maskwright.masks.compare import Comparison, compare, comparison_json
from maskwright.masks.insertion import CONTRAST, SIDES_PX, insert_and_look, insert_squares
from maskwright.masks.missed import MOST_PX, missed_px
from maskwright.masks.scores import SCORES
from maskwright.masks.side_effects import side_effect, side_effect_scores
from maskwright.pages.words import figure, percent
from maskwright.pairs.picture import decode_grey, encode_png, read_picture
from maskwright.pairs.values import Aligned, Card, Change, ChangeMap, Hint, Picture
from tests.conftest import Command
from tests.contracts.annotator import jpeg, laid, textured


def photo(seed: int = 1, width: int = 320, height: int = 256) -> Picture:
    return cv2.GaussianBlur(textured(seed, width, height), (0, 0), 1.0)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    edited = photo()
    edited[60:140, 80:180] = 255 - photo()[60:140, 80:180]
    edited[200:230, 20:60] = 255 - photo()[200:230, 20:60]
    return compare(photo(), jpeg(edited, 90))


def test_the_sentence_says_share_regions_certainty_and_what_could_be_missed(comparison: Comparison) -> None:
    assert comparison.verdict == "local_edit"
    assert comparison.sentence.startswith("Part of the picture was changed: ")
    assert " in 2 regions." in comparison.sentence
    assert " is certain." in comparison.sentence
    assert "could have been missed." in comparison.sentence


def test_regions_lie_over_the_edits_largest_first(comparison: Comparison) -> None:
    first, second = comparison.regions
    assert (first.number, second.number) == (1, 2)
    assert abs(first.x - 80) < 6
    assert abs(first.width - 100) < 12
    assert abs(second.y - 200) < 6


def test_identical_files_say_so_and_nothing_else() -> None:
    found = compare(photo(), photo())
    assert found.sentence == "The files differ, but every pixel is the same."
    assert not found.mask.any()


def test_an_exact_background_would_have_shown_a_single_pixel() -> None:
    edited = photo()
    edited[60:140, 80:180] = 255 - photo()[60:140, 80:180]
    found = compare(photo(), edited)
    assert found.smallest_seen_px == 1
    assert "A change of a single pixel would have been seen." in found.sentence


def test_nothing_found_says_how_large_an_edit_could_have_been_missed() -> None:
    found = compare(photo(), jpeg(photo(), 70))
    assert found.verdict == "resaved"
    assert not found.mask.any()
    assert found.smallest_seen_px in SIDES_PX
    assert f"smaller than about {found.smallest_seen_px} x {found.smallest_seen_px} px" in found.sentence


def test_different_photographs_are_an_answer() -> None:
    found = compare(photo(1, 160, 128), photo(2, 160, 128))
    assert found.verdict == "different_photograph"
    assert found.mask.shape == (128, 160)
    assert not found.mask.any()
    assert set(found.scores) == set(SCORES)
    json.dumps(comparison_json(found), allow_nan=False)


def test_what_alignment_and_tone_took_out_is_said() -> None:
    edited = photo(width=420, height=340)[13:, 9:].copy()
    edited[60:140, 80:180] = 255 - edited[60:140, 80:180]
    darker = (edited * 0.8 + 10).astype(np.uint8)
    found = compare(photo(width=420, height=340), darker)
    assert found.verdict == "local_edit"
    assert "that was allowed for" in found.sentence
    assert "brightness or colour" in found.sentence


def test_a_broken_picture_is_raised_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"original: .*gone\.jpg") as caught:
        compare(tmp_path / "gone.jpg", photo())
    assert caught.value.reason == "file_missing"


# --- files and JSON


def test_five_files_are_written_that_read_back_as_what_they_are(
    comparison: Comparison, tmp_path: Path
) -> None:
    comparison.save(tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["change.png", "compare.html", "compare.json", "mask.png", "overlay.png"]
    mask = decode_grey((tmp_path / "out" / "mask.png").read_bytes())
    change = decode_grey((tmp_path / "out" / "change.png").read_bytes())
    np.testing.assert_array_equal(mask == 255, comparison.mask)
    np.testing.assert_array_equal(change >= 128, comparison.mask)
    np.testing.assert_array_equal(read_picture(tmp_path / "out" / "overlay.png").pixels, comparison.overlay())
    told = json.loads((tmp_path / "out" / "compare.json").read_text(encoding="utf-8"))
    assert told == comparison_json(comparison)


@pytest.fixture(scope="module")
def beside(comparison: Comparison) -> Comparison:
    """The pair of `comparison`, where only the larger of its two edits was meant."""
    region = np.zeros(comparison.mask.shape, np.bool_)
    region[40:160, 60:200] = True
    return compare(comparison.original, comparison.edited, region=region)


def test_with_a_region_the_sentence_says_how_much_lies_outside_and_how_the_outside_compares(
    beside: Comparison,
) -> None:
    assert beside.region is not None
    beyond = np.count_nonzero(beside.mask & ~beside.region) / np.count_nonzero(beside.mask)
    assert f"Of what changed, {percent(beyond)} lies outside the given region." in beside.sentence
    decibels, similarity = beside.scores["outside_psnr"], beside.scores["outside_ssim"]
    assert f"compare at {figure(decibels)} dB (SSIM {figure(similarity)})" in beside.sentence


def test_where_aligned_and_raw_differ_the_sentence_says_both() -> None:
    edited = np.roll(photo(), 6, axis=1)
    edited[60:140, 80:180] = 255 - edited[60:140, 80:180]
    region = np.zeros(edited.shape[:2], np.bool_)
    region[50:150, 70:190] = True
    found = compare(photo(), edited, region=region)
    raw = figure(found.scores["outside_psnr_raw"])
    assert found.scores["outside_psnr"] > found.scores["outside_psnr_raw"] + 5
    assert f"after alignment, {raw} dB" in found.sentence


def test_without_a_region_nothing_is_said_of_one(comparison: Comparison) -> None:
    assert "given region" not in comparison.sentence
    assert comparison.side_effect is None
    assert (comparison.as_dict()["region"], comparison.as_dict()["grounding"]) == (None, None)


def test_of_two_different_photographs_nothing_is_said_of_a_region() -> None:
    found = compare(photo(1), photo(2), region=np.ones((256, 320), np.bool_))
    assert found.verdict == "different_photograph"
    assert "given region" not in found.sentence
    assert found.side_effect is None


def test_the_change_outside_the_region_is_written_as_a_picture(beside: Comparison, tmp_path: Path) -> None:
    beside.save(tmp_path)
    levels = decode_grey((tmp_path / "side_effect.png").read_bytes())
    assert not levels[40:160, 60:200].any()
    assert np.array_equal(levels[:, :60], decode_grey((tmp_path / "change.png").read_bytes())[:, :60])
    assert (levels[:, :60] >= 128).any()


def test_the_json_tells_which_region_it_was_and_its_scores(comparison: Comparison, tmp_path: Path) -> None:
    path = tmp_path / "region.png"
    path.write_bytes(encode_png(np.ones(comparison.mask.shape, np.bool_)))
    told = compare(comparison.original, comparison.edited, region=path).as_dict()
    assert (told["region"], told["grounding"], told["side_effect_frac"]) == (str(path), "region", 0)
    assert 0 < told["region_used_frac"] == told["area_frac"] < 1


class Grounded:
    """The default annotator, with a place of its own that it takes for the one that was meant."""

    card = Card("grounded", "1", "0" * 64, layers=("side_effect",))

    def __init__(self, grounding: str) -> None:
        self.grounding = grounding

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        return [self._of(each) for each in load_annotator(DEFAULT).annotate(batch, hints)]

    def _of(self, change: Change) -> Change:
        region = np.zeros(change.map.shape, np.bool_)
        region[40:160, 60:200] = self.grounding != "whole"
        layers = {"side_effect": side_effect(change.map, region)}
        scores = {**change.scores, **side_effect_scores(change.map >= 0.5, region)}
        return replace(change, layers=layers, scores=scores, grounding=self.grounding)


def test_what_the_annotator_took_for_the_region_is_said_to_be_its_own(
    comparison: Comparison, beside: Comparison, tmp_path: Path
) -> None:
    found = compare(comparison.original, comparison.edited, annotator=Grounded("clipseg"))
    share = percent(found.scores["side_effect_frac"] or 0)
    assert f"Of what changed, {share} lies outside what the instruction names, as clipseg finds it." in (
        found.sentence
    )
    assert "given region" not in found.sentence
    assert found.as_dict()["grounding"] == "clipseg"
    found.save(tmp_path)
    beside.save(tmp_path / "given")
    pictures = [(place / "side_effect.png").read_bytes() for place in (tmp_path, tmp_path / "given")]
    assert pictures[0] == pictures[1]


def test_where_the_whole_picture_was_meant_nothing_is_said_of_an_outside(comparison: Comparison) -> None:
    found = compare(comparison.original, comparison.edited, annotator=Grounded("whole"))
    assert "lies outside" not in found.sentence


def test_a_given_region_wins_over_the_annotators_own(comparison: Comparison) -> None:
    everywhere = np.ones(comparison.mask.shape, np.bool_)
    found = compare(comparison.original, comparison.edited, region=everywhere, annotator=Grounded("clipseg"))
    assert (found.annotation.grounding, found.scores["side_effect_frac"]) == ("region", 0)
    assert found.side_effect is not None
    assert not found.side_effect.any()


def test_the_command_says_it_and_writes_it(command: Command, comparison: Comparison, tmp_path: Path) -> None:
    for name, pixels in {"a": comparison.original, "b": comparison.edited}.items():
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    (tmp_path / "r.png").write_bytes(encode_png(np.ones(comparison.mask.shape, np.bool_)))
    pictures = tmp_path / "a.png", tmp_path / "b.png"
    code, shown, _ = command("compare", *pictures, "--region", tmp_path / "r.png", "-o", tmp_path / "out")
    assert code == 0
    assert "0 % lies outside the given region" in " ".join(shown.split())
    assert (tmp_path / "out" / "side_effect.png").exists()
    page = (tmp_path / "out" / "compare.html").read_text(encoding="utf-8")
    assert f"--region={tmp_path / 'r.png'}" in page
    code, _, told = command("compare", *pictures, "--region", tmp_path / "gone.png")
    assert code == 2
    assert told.startswith("error: region: ")


def test_a_region_of_another_size_is_refused_with_both_sizes(comparison: Comparison) -> None:
    with pytest.raises(InputError, match=r"320x256.*256x320|256x320.*320x256") as caught:
        compare(comparison.original, comparison.edited, region=np.ones((320, 256), np.bool_))
    assert "as large as the edited picture" in caught.value.hint


def test_the_json_has_a_version_every_score_and_the_regions(comparison: Comparison) -> None:
    told = json.loads(json.dumps(comparison.as_dict(), allow_nan=False))
    assert told["version"] == 1
    assert set(SCORES) <= set(told)
    assert told["confidence"] is None  # the default annotator has none
    assert [region["number"] for region in told["regions"]] == [1, 2]
    assert told["annotator"] == DEFAULT


def test_every_key_of_the_json_is_in_the_manual(comparison: Comparison) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "reference" / "verdicts.md").read_text(encoding="utf-8")
    assert [key for key in comparison.as_dict() if key not in SCORES and f"`{key}`" not in manual] == []


def test_saving_twice_is_no_fault(comparison: Comparison, tmp_path: Path) -> None:
    comparison.save(tmp_path)
    comparison.save(tmp_path)


def test_files_of_others_are_not_replaced_and_nothing_is_left(comparison: Comparison, tmp_path: Path) -> None:
    (tmp_path / "overlay.png").write_bytes(b"mine")
    with pytest.raises(RunError, match=r"overlay\.png is there already"):
        comparison.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["overlay.png"]


def test_a_folder_that_cannot_be_made_is_told(comparison: Comparison, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunError, match="cannot be written"):
        comparison.save(tmp_path / "file")


def test_a_notebook_shows_the_sentence_and_the_overlay(comparison: Comparison) -> None:
    shown = comparison._repr_html_()
    assert comparison.sentence in shown
    assert "data:image/png;base64," in shown
    assert comparison._repr_png_().startswith(b"\x89PNG")


# --- inserting


class FromSide:
    """Sees every square of a known side and larger, and nothing smaller."""

    card = Card("from_side", "1", "0" * 64)

    def __init__(self, side: int) -> None:
        self.side = side
        self.runs = 0

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        self.runs += 1
        return [Change(self._large(pair)) for pair in batch]

    def _large(self, pair: Aligned) -> ChangeMap:
        changed = (pair.original != pair.edited).any(axis=2).astype(np.uint8)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(changed)
        large = stats[:, cv2.CC_STAT_AREA] >= self.side**2
        large[0] = False
        return large[labels].astype(np.float32)


EMPTY = np.zeros((256, 320), np.bool_)


@pytest.mark.parametrize("side", SIDES_PX)
def test_the_smallest_square_that_is_seen_is_found(side: int) -> None:
    pair = laid(photo(), photo())
    assert insert_and_look(pair, EMPTY, FromSide(side)).seen_px == side


@pytest.mark.parametrize(("every", "seen"), [(1, True), (2, True), (3, False)])
def test_a_size_is_seen_when_half_of_its_squares_are(every: int, *, seen: bool) -> None:
    class Some(FromSide):
        def _large(self, pair: Aligned) -> ChangeMap:
            changed = (pair.original != pair.edited).any(axis=2).astype(np.uint8)
            labels = cv2.connectedComponents(changed)[1]
            return ((labels % every == 1 % every) & (labels > 0)).astype(np.float32)

    found = insert_and_look(laid(photo(), photo()), EMPTY, Some(1)).seen_px
    assert (found == 1) == seen


def test_what_is_never_seen_is_not_known() -> None:
    found = insert_and_look(laid(photo(), photo()), EMPTY, FromSide(200))
    assert (found.seen_px, found.largest_px) == (None, 64)


def test_without_a_free_place_nothing_is_inserted() -> None:
    annotator = FromSide(1)
    found = insert_and_look(laid(photo(), photo()), ~EMPTY, annotator)
    assert (found.seen_px, found.largest_px, annotator.runs) == (None, 0, 0)


def test_tiny_pictures_are_tried_with_what_fits() -> None:
    dot = np.zeros((1, 1, 3), np.uint8)
    assert insert_and_look(laid(dot, dot), np.zeros((1, 1), np.bool_), FromSide(1)).largest_px == 0
    small = photo()[:12, :9].copy()
    assert insert_and_look(laid(small, small), np.zeros((12, 9), np.bool_), FromSide(1)).largest_px == 3


def test_squares_keep_away_from_the_mask_and_from_invalid_pixels() -> None:
    class Watching(FromSide):
        def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
            for pair in batch:
                changed = (pair.original != pair.edited).any(axis=2)
                assert changed.any()
                assert not (changed & (mask | ~valid)).any()
            return super().annotate(batch, hints)

    mask, valid = EMPTY.copy(), ~EMPTY
    mask[:, :100] = True
    valid[200:] = False
    pair = laid(photo(), photo())
    insert_and_look(Aligned(pair.original, pair.edited, valid, pair.geometry), mask, Watching(6))


def test_large_pictures_are_tried_in_a_window_without_the_mask() -> None:
    class Sized(FromSide):
        def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
            assert batch[0].valid.shape == (300, 1024)
            return super().annotate(batch, hints)

    wide = cv2.resize(photo(), (2600, 300))
    mask = np.zeros((300, 2600), np.bool_)
    mask[:, :1400] = True
    assert insert_and_look(laid(wide, wide), mask, Sized(8)).seen_px == 8


def test_an_inserted_square_differs_by_the_contrast_and_leaves_the_rest() -> None:
    picture = np.full((40, 40, 3), 250, np.uint8)
    picture[:, :20] = 3
    changed = insert_squares(picture, np.array([[2, 2], [30, 30]]), 5)
    assert (changed[2:7, 2:7] == 3 + CONTRAST).all()
    assert (changed[30:35, 30:35] == 250 - CONTRAST).all()
    assert np.count_nonzero((changed != picture).any(axis=2)) == 50


def test_more_noise_hides_larger_edits() -> None:
    annotator = load_annotator("difference")
    sides = []
    for quality in (95, 10):
        pair = laid(photo(), jpeg(photo(), quality))
        sides.append(insert_and_look(pair, EMPTY, annotator).seen_px or 128)
    assert sides[0] < sides[1]


# --- the formula


def test_the_formula_rises_with_the_noise_floor_and_has_a_top() -> None:
    sides = [missed_px(floor, "regenerated") or 0 for floor in (0.0, 1.0, 3.0, 8.0, 1e9)]
    assert sides == sorted(sides)
    assert sides[-1] == MOST_PX


def test_a_bit_equal_background_hides_nothing_and_an_unknown_floor_says_nothing() -> None:
    assert missed_px(0.0, "identical") == 1
    assert missed_px(None, "resaved") is None


def test_an_instruction_is_read_and_told() -> None:
    told = compare(photo(), photo()[::-1].copy(), instruction="make the sky red").as_dict()
    assert (told["instruction"], told["action"], told["original_concept"]) == (
        "make the sky red",
        "attribute",
        "sky",
    )
