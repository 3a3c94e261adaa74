"""The page of a dataset, in a real browser."""

from pathlib import Path

import pytest

from maskwright.datasets.card import write_card
from tests.browser import DESKTOP, PHONE, needs_browser, opened
from tests.contracts.page import HOSTILE, SHOWN, PageContract
from tests.datasets.carded import dataset, entries


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a dataset whose every foreign text is hostile."""
    words = (
        "id",
        "source",
        "instruction",
        "annotator",
        "annotator_digest",
        "verdict",
        "background",
        "licence",
    )
    given = entries(14, 4, **dict.fromkeys(words, HOSTILE))
    folder = tmp_path_factory.mktemp("page") / "made"
    settings = {
        "name": HOSTILE,
        "licence": HOSTILE,
        "encoding": HOSTILE,
        "command": f"maskwright build {HOSTILE}",
    }
    write_card(dataset(folder, given, excluded=((HOSTILE, 2),), **settings))
    return folder / "card.html"


class TestDatasetPage(PageContract):
    """Of the dataset above."""


@needs_browser
def test_hostile_words_are_told_wherever_they_belong(page: Path) -> None:
    with opened(page) as seen:
        assert seen.text().count(SHOWN) > 15


@needs_browser
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_first_screen_says_what_it_is_and_whether_it_may_be_passed_on(
    page: Path, size: tuple[int, int]
) -> None:
    with opened(page, size=size) as seen:
        for place in (".finding", ".findings h3", ".tiles b"):
            box = seen.page.locator(place).first.bounding_box()
            assert 0 < box["y"] < size[1] - box["height"]


@needs_browser
def test_a_picture_is_on_the_first_screen_of_a_desktop(page: Path) -> None:
    with opened(page) as seen:
        assert seen.page.locator(".sheet img").first.bounding_box()["y"] < DESKTOP[1] - 50


@needs_browser
def test_masks_are_drawn_over_the_edited_pictures(page: Path) -> None:
    with opened(page) as seen:
        outlines = seen.page.locator(".card .edited svg.outline .over")
        pictures = seen.page.locator(".card .edited img")
        assert outlines.count() == pictures.count() > 10
        line, picture = outlines.first.bounding_box(), pictures.first.bounding_box()
    assert picture["x"] < line["x"] < line["x"] + line["width"] < picture["x"] + picture["width"]


@needs_browser
def test_code_keeps_its_lines(page: Path) -> None:
    with opened(page) as seen:
        text = seen.page.locator("#load pre").inner_text()
    assert text.splitlines()[0] == "from datasets import load_dataset"
    assert len(text.splitlines()) >= 3


@needs_browser
def test_a_drawing_of_the_readme_stands_alone(page: Path) -> None:
    with opened(page.parent / "card" / "qes.svg") as seen:
        assert seen.trouble == []
        assert seen.outside == []
        assert seen.page.locator("rect").count() == 11
        assert "qes" in seen.page.text_content("svg")
