"""The page of an inspection, in a real browser."""

import csv
from pathlib import Path

import numpy as np
import pytest

import maskwright
from maskwright.errors import RunError
from tests.browser import needs_browser, opened
from tests.conftest import Command
from tests.contracts.page import HOSTILE, PageContract
from tests.corpus.made import edited, photograph, save


def source_of(place: Path, rows: int) -> Path:
    """So many pairs with inverted masks, a hostile instruction and column; one picture cut off."""
    told = []
    for number in range(rows):
        before = photograph(number, 96)
        save(place / f"o{number}.png", before)
        save(place / f"e{number}.png", edited(before))
        mask = np.full((96, 96, 3), 255, np.uint8)
        mask[10:26, 12:30] = 0
        save(place / f"m{number}.png", mask)
        told.append([f"o{number}.png", f"e{number}.png", f"m{number}.png", HOSTILE, "x"])
    broken = place / "e1.png"
    broken.write_bytes(broken.read_bytes()[:200])
    with (place / "table.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([["original", "edited", "mask", "instruction", 'a "</b>'], *told])
    return place / "table.csv"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("inspected")
    maskwright.inspect(source_of(place, 14)).save(place / "inspect.html")
    return place / "inspect.html"


def test_the_command_writes_the_page_and_leaves_with_3(command: Command, tmp_path: Path) -> None:
    code, told, _ = command("inspect", source_of(tmp_path, 12), "-o", tmp_path / "inspect.html")
    assert code == 3
    assert f"wrote {tmp_path / 'inspect.html'}" in told
    assert "mistake masks_inverted" in told


def test_a_file_in_the_way_is_told_before_the_source_is_read(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.html").write_text("<p>mine")
    code, _, told = command("inspect", tmp_path / "no-such-table.csv", "-o", tmp_path / "mine.html")
    assert code == RunError.exit_code
    assert "is no page of maskwright" in told


def test_a_source_of_one_pair_has_a_page(tmp_path: Path) -> None:
    before = photograph(3, 96)
    save(tmp_path / "pairs" / "original" / "a.png", before)
    save(tmp_path / "pairs" / "edited" / "a.png", edited(before))
    found = maskwright.inspect(tmp_path / "pairs")
    assert found.to_html().count('class="card"') == 1


@needs_browser
def test_mistakes_come_first_with_what_to_type(page: Path) -> None:
    with opened(page) as seen:
        first = seen.page.locator(".findings li").first
        assert first.get_attribute("class") == "mistake"
        assert first.locator("pre").inner_text().strip()
        assert first.bounding_box()["y"] < 900


@needs_browser
def test_twelve_pairs_stand_with_the_original_on_the_left_and_the_known_mask(page: Path) -> None:
    with opened(page) as seen:
        cards = seen.page.locator(".card")
        assert cards.count() == 12
        whole = cards.filter(has=seen.page.locator(".versus"))
        left, right = (whole.first.locator(f".{side}").bounding_box()["x"] for side in ("original", "edited"))
        assert left < right
        assert seen.page.get_by_text("known mask", exact=True).count() == whole.count()


class TestInspectionPage(PageContract):
    """Of the source above."""


@needs_browser
def test_names_of_columns_are_text(page: Path) -> None:
    with opened(page) as seen:
        seen.page.get_by_text("columns, and what becomes of each").click()
        assert 'a "</b>' in seen.text()
