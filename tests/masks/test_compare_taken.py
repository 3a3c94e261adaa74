"""What `compare` says, writes and shows of a pair that shares only an object."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.masks.compare import Comparison, compare
from maskwright.pages.images import outline
from maskwright.pages.words import percent
from maskwright.pairs.picture import decode_grey, read_picture
from maskwright.pairs.values import Aligned, Change, Hint
from tests.browser import needs_browser, opened
from tests.conftest import Command
from tests.contracts.page import HOSTILE, PageContract
from tests.masks.taking import Taken, Takes, taken


class Counting(Takes):
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        self.asked += len(batch)
        return super().annotate(batch, hints)


ANNOTATOR = Counting()


@pytest.fixture(scope="module")
def pair() -> Taken:
    return taken(5)


@pytest.fixture(scope="module")
def comparison(pair: Taken) -> Comparison:
    return compare(pair.original, pair.edited, annotator=ANNOTATOR)


def test_the_sentence_speaks_of_the_object_in_both_pictures(comparison: Comparison) -> None:
    assert comparison.donor is not None
    here, there = (percent(float(each.mean())) for each in (comparison.mask, comparison.donor >= 0.5))
    assert comparison.sentence == (
        "Only an object was taken from the original; the rest is another photograph."
        f" It covers {here} of the edited picture, and {there} of the original."
        " Against the original it is 0.8 times as large and turned by 20 degrees counter-clockwise."
        " Of what looks taken, 100 % is certain."
    )


def test_no_edits_are_inserted_into_another_photograph(comparison: Comparison) -> None:
    assert comparison.smallest_seen_px is None
    assert ANNOTATOR.asked == 1


def test_what_was_taken_is_outlined_and_listed_on_the_originals_own_pixels(
    pair: Taken, comparison: Comparison
) -> None:
    (region,) = comparison.donor_regions
    rows, columns = (np.flatnonzero(pair.donor.any(axis=axis)) for axis in (1, 0))
    assert abs(region.x - columns[0]) <= 3
    assert abs(region.y - rows[0]) <= 3
    drawn = comparison.donor_overlay()
    assert drawn.shape == pair.original.shape
    changed = (drawn != pair.original).any(axis=2)
    assert changed.any()
    assert not (changed & (comparison.donor >= 0.5)).any()


def test_the_files_hold_both_pictures(comparison: Comparison, tmp_path: Path) -> None:
    comparison.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        *("compare.html", "compare.json", "mask.png", "change.png", "overlay.png"),
        *("donor.png", "donor_overlay.png"),
    }
    assert comparison.donor is not None
    levels = decode_grey((tmp_path / "donor.png").read_bytes())
    np.testing.assert_array_equal(levels >= 128, comparison.donor >= 0.5)
    told = json.loads((tmp_path / "compare.json").read_text(encoding="utf-8"))
    assert (told["verdict"], told["group"], told["background"]) == ("object_taken", "shared-donor", None)
    assert (told["outside_change"], told["crop_frac"], told["smallest_seen_px"]) == (None, None, None)
    assert [each["number"] for each in told["donor_regions"]] == [1]
    matrix = np.array(told["matrix"])
    np.testing.assert_allclose(matrix, comparison.annotation.geometry.matrix)  # type: ignore[union-attr]
    np.testing.assert_array_equal(
        read_picture(tmp_path / "donor_overlay.png").pixels, comparison.donor_overlay()
    )


def test_the_page_shows_two_pictures_apart_and_says_nothing_of_a_background(comparison: Comparison) -> None:
    page = comparison.to_html()
    assert 'class="versus apart"' in page
    assert 'class="versus main"' not in page
    assert comparison.donor is not None
    assert outline(comparison.donor >= 0.5, 1400) in page
    assert "another photograph" in page
    assert "Where the rest of the edited picture comes from" in page
    for word in ("lies outside the original", "outside_change", "could have been missed", "frame"):
        assert word not in page.split("</head>")[1].replace('class="frame"', "").split("<script")[0], word


def test_the_line_at_the_foot_of_the_page_names_the_annotator(comparison: Comparison, tmp_path: Path) -> None:
    named = replace(comparison, card=replace(comparison.card, name="compact"), names=("a.png", "b.png"))
    named.save(tmp_path)
    assert "--annotator=compact a.png b.png" in (tmp_path / "compare.html").read_text(encoding="utf-8")


def test_a_notebook_shows_the_original_as_it_is_with_what_was_taken(comparison: Comparison) -> None:
    shown = comparison._repr_html_()
    assert "what was taken outlined" in shown
    assert 'viewBox="0 0 240 200"' in shown
    assert 'viewBox="0 0 260 180"' in shown


def test_an_object_that_cannot_be_shown_is_told_of_without_a_place(pair: Taken) -> None:
    class Vague(Takes):
        def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
            return [Change(np.zeros(each.valid.shape, np.float32), group="shared-donor") for each in batch]

    found = compare(pair.original, pair.edited, annotator=Vague())
    assert found.sentence.endswith("another photograph. Where it is could not be told.")
    assert (found.donor, found.donor_regions) == (None, ())
    np.testing.assert_array_equal(found.donor_overlay(), pair.original)
    assert 'class="versus apart"' in found.to_html()


@pytest.mark.slow
def test_a_region_is_compared_with_the_object(pair: Taken) -> None:
    region = np.zeros(pair.mask.shape, np.bool_)
    region[:, :110] = True
    found = compare(pair.original, pair.edited, region=region, annotator=Takes())
    beyond = np.count_nonzero(found.mask & ~region) / np.count_nonzero(found.mask)
    assert f"Of the object, {percent(beyond)} lies outside the given region." in found.sentence
    assert "is covered by it" in found.sentence
    assert " dB" not in found.sentence


@pytest.mark.slow
def test_the_command_lists_where_it_was_and_where_it_is(
    command: Command, pair: Taken, tmp_path: Path
) -> None:
    for name in ("original", "edited"):
        Image.fromarray(getattr(pair, name)).save(tmp_path / f"{name}.png")
    pictures = tmp_path / "original.png", tmp_path / "edited.png"
    code, told, _ = command(
        *("compare", *pictures, "--annotator", "tests.masks.taking:Takes", "-o", tmp_path / "out")
    )
    assert code == 0
    assert "of the picture" in told
    assert "of the original" in told
    assert "donor.png, donor_overlay.png" in told


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of another pair, with a region, under a hostile name."""
    pair = taken(6, scale=1.3)
    region = np.zeros(pair.mask.shape, np.bool_)
    region[40:160, 30:130] = True
    path = tmp_path_factory.mktemp("taken") / "compare.html"
    found = compare(pair.original, pair.edited, region=region, annotator=Takes())
    path.write_text(found.to_html(command=f"maskwright compare {HOSTILE}"), encoding="utf-8")
    return path


@pytest.mark.slow
class TestPageOfATakenObject(PageContract):
    """Of the pair above."""


@pytest.mark.slow
@needs_browser
def test_the_outlines_lie_where_the_object_is_on_either_picture(
    pair: Taken, comparison: Comparison, tmp_path: Path
) -> None:
    comparison.save(tmp_path)
    with opened(tmp_path / "compare.html") as seen:
        for side, mask in (("original", pair.donor), ("edited", pair.mask)):
            frame = seen.page.locator(f".apart .{side} img").first.bounding_box()
            box = seen.page.locator(f".apart .{side} svg path.over").first.bounding_box()
            columns = np.flatnonzero(mask.any(axis=0))
            scale = frame["width"] / mask.shape[1]
            assert (box["x"] - frame["x"]) / scale == pytest.approx(columns[0], abs=5)
            assert (box["x"] + box["width"] - frame["x"]) / scale == pytest.approx(columns[-1] + 1, abs=5)
