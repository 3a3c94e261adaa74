"""What `report` says of a corpus, against what the corpus says itself; and its page in a real browser."""

import csv
import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import maskwright
from maskwright.errors import RunError, SettingError
from maskwright.pages.report import Report
from tests.browser import needs_browser, opened
from tests.conftest import Command
from tests.contracts.page import HOSTILE, SHOWN, PageContract
from tests.corpus.made import photograph, save

COLUMN = 'mo"del </script><b>'
ROOT = Path(__file__).parents[2]


def scene(number: int) -> np.ndarray:
    """A picture of 96x96 with texture, by which it can be told from others."""
    grain = np.random.default_rng(number).integers(0, 60, (24, 24, 3)).repeat(4, 0).repeat(4, 1)
    return np.clip(photograph(number, 96) * 0.7 + grain, 0, 255).astype(np.uint8)


def edited(number: int, side: int) -> np.ndarray:
    """The scene with a box of this size painted over."""
    picture = scene(number)
    picture[20 : 20 + side, 30 : 30 + side] = 255 - picture[20 : 20 + side, 30 : 30 + side]
    return picture


def write(path: Path, heads: list[str], rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([heads, *rows])


def corpus_of(place: Path) -> Path:
    """Six originals edited by two models, the second with larger edits; one unedited, one broken, one
    of another photograph. The table has a hostile column name, value and instruction."""
    rows = []
    for number in range(6):
        save(place / f"o{number}.png", scene(number))
        for model, side in (("small", 14), (HOSTILE, 30 + number)):
            name = f"e{number}-{side}.png"
            save(place / name, edited(number, side))
            rows.append([f"o{number}.png", name, model, f"make it {HOSTILE}"])
    save(place / "again.png", scene(0))
    save(place / "other.png", scene(50))
    (place / "broken.png").write_bytes((place / "o1.png").read_bytes()[:100])
    rows += [
        [f"o{n}.png", name, "small", ""] for n, name in enumerate(("again.png", "broken.png", "other.png"))
    ]
    write(place / "table.csv", ["original", "edited", COLUMN, "instruction"], rows)
    maskwright.annotate(place / "table.csv", place / "out", workers=1)
    return place / "out"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corpus_of(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def found(out: Path) -> Report:
    return maskwright.report(out, by=COLUMN, pair_on="original")


@pytest.fixture(scope="module")
def page(found: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    found.save(path)
    return path


def test_the_condition_behind_every_figure_gives_as_many_rows_and_begins_with_those_listed(
    out: Path, found: Report
) -> None:
    corpus = maskwright.open_corpus(out)
    assert len(found.behind) > 20
    for behind in found.behind:
        ids = corpus.sql(behind.condition)["id"].to_pylist()
        assert (len(ids), ids[: len(behind.ids)]) == (behind.count, list(behind.ids)), behind


def test_every_link_of_a_figure_has_its_rows(found: Report) -> None:
    counts = {behind.anchor: behind.count for behind in found.behind}
    figures = [*found.statuses, *found.verdicts, *found.reasons, *found.backgrounds, *found.geometries]
    figures += [bar for plot in found.histograms for bar in plot.bars]
    told = [(figure.link, figure.count) for figure in figures]
    for group in found.groups:
        numbers = (group.count, group.edited, group.unedited, group.unanswered)
        told += zip(group.links, numbers, strict=True)
    assert all((counts[link] if link else 0) == count for link, count in told)
    assert all(each.link in counts for each in found.paired)


def test_the_counts_add_up_to_the_rows(found: Report) -> None:
    assert found.rows == found.rows_planned == 15
    assert sum(each.count for each in found.statuses) == 15
    assert sum(group.count for group in found.groups) == 15
    assert {each.name: each.count for each in found.statuses} == {"edited": 12, "unedited": 1, "rejected": 2}
    assert {each.name: each.count for each in found.reasons} == {"truncated": 1, "unrelated": 1}
    for plot in found.histograms:
        assert sum(bar.count for bar in plot.bars) <= 13
    assert found.sentence == "12 of 15 pairs were edited, in 1 nothing was found and 2 have no answer."


def test_no_row_is_on_two_sheets_and_the_least_sure_come_first(out: Path, found: Report) -> None:
    ids = [card.id for sheet in found.sheets for card in sheet.cards]
    assert len(ids) == len(set(ids))
    qes = dict(
        zip(*(maskwright.open_corpus(out).table()[name].to_pylist() for name in ("id", "qes")), strict=True)
    )
    first = [qes[card.id] for card in found.sheets[0].cards]
    assert len(first) == 12
    assert first == sorted(first)


def test_means_of_a_group_are_those_of_its_rows(out: Path, found: Report) -> None:
    rows = [row for row in maskwright.open_corpus(out).table().to_pylist() if row["status"] == "ok"]
    places = {name: place for place, (name, _) in enumerate(found.measures)}
    for group in found.groups:
        values = [row["area_frac"] for row in rows if row[COLUMN] == group.name]
        assert group.means[places["area_frac"]].mean == pytest.approx(np.mean(values))
        assert group.edited + group.unedited == len(values)


def test_paired_differences_are_those_of_rows_with_the_same_original(out: Path, found: Report) -> None:
    area: dict[str, dict[str, list[float]]] = {}
    for row in maskwright.open_corpus(out).table().to_pylist():
        if row["status"] == "ok":
            area.setdefault(row["original"], {}).setdefault(row[COLUMN], []).append(row["area_frac"])
    differences = [
        np.mean(each[HOSTILE]) - np.mean(each["small"]) for each in area.values() if len(each) == 2
    ]
    (paired,) = found.paired
    assert (paired.first, paired.second) == ("small", HOSTILE)
    told = paired.differences[[name for name, _ in found.measures].index("area_frac")]
    assert told.groups == paired.shared == len(differences) == 6
    assert told.mean == pytest.approx(np.mean(differences))


def test_fewer_than_ten_originals_get_no_interval(found: Report) -> None:
    assert {math.isnan(each.low) for each in found.paired[0].differences} == {True}
    assert "too few" in found.to_html() or ", n 6" in found.to_html()


def test_ten_originals_get_an_interval_that_holds_the_mean(tmp_path: Path) -> None:
    rows = []
    for number in range(10):
        save(tmp_path / f"o{number}.png", scene(number))
        for model, side in (("a", 14), ("b", 24 + number)):
            save(tmp_path / f"{model}{number}.png", edited(number, side))
            rows.append([f"o{number}.png", f"{model}{number}.png", model])
    write(tmp_path / "table.csv", ["original", "edited", "model"], rows)
    maskwright.annotate(tmp_path / "table.csv", tmp_path / "out", workers=1)
    found = maskwright.report(tmp_path / "out", by="model", pair_on="original")
    area = found.paired[0].differences[[name for name, _ in found.measures].index("area_frac")]
    assert 0 < area.low < area.mean < area.high
    assert all(group.means[0].low < group.means[0].mean for group in found.groups if group.name == "b")


ODD = {
    "order": ["a", "b", "a"],
    "group": ["a", "b", "a"],
    "Status": ["ok", "bad", "ok"],
    "Model": ["x", "y", "x"],
    "model": ["p", "p", "q"],
    'quo"te': ["it's", 'a "b"', ""],
    "lines": ["a\nb", "a b", "a\rb"],
    "empty": ["", "x", ""],
    "yes": [True, False, True],
    "number": [0.5, 0.25, 0.5],
    "whole": [3, 4, 3],
}
"""Column -> its values in three rows; some names are SQL's, or differ from others only in case."""


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("odd")
    for number in range(3):
        save(place / f"o{number}.png", scene(number))
        save(place / f"e{number}.png", edited(number, 14 + 4 * number))
    files = {
        role: [str(place / f"{role[0]}{number}.png") for number in range(3)]
        for role in ("original", "edited")
    }
    nulls = {"some": pa.array([None, "x", ""]), "none": pa.array([None, 1, None], pa.int64())}
    pq.write_table(pa.table({**files, **ODD, **nulls}), place / "table.parquet")
    maskwright.annotate(place / "table.parquet", place / "out", workers=1)
    return place / "out"


@pytest.mark.parametrize("column", [*ODD, "some", "none", "verdict", "reason", "detail", "area_frac"])
def test_conditions_hold_for_columns_of_any_name_and_kind(odd: Path, column: str) -> None:
    corpus = maskwright.open_corpus(odd)
    by = column if column not in ("group", "Status", "model") else f"source_{column}"
    found = maskwright.report(odd, by=by)
    assert sum(group.count for group in found.groups) == 3
    for behind in found.behind:
        assert corpus.sql(behind.condition).num_rows == behind.count, behind
        assert behind.condition.isprintable()


def test_pictures_are_no_values_to_compare(odd: Path) -> None:
    with pytest.raises(SettingError, match="column 'mask' holds struct"):
        maskwright.report(odd, by="mask")


def test_values_beyond_those_shown_are_counted_together(tmp_path: Path) -> None:
    save(tmp_path / "o.png", scene(0))
    save(tmp_path / "e.png", edited(0, 20))
    rows = [["o.png", "e.png", f"model {number}"] for number in range(15)]
    write(tmp_path / "table.csv", ["original", "edited", "model"], rows)
    maskwright.annotate(tmp_path / "table.csv", tmp_path / "out", workers=1)
    found = maskwright.report(tmp_path / "out", by="model")
    assert (len(found.groups), found.groups[-1].name, found.groups[-1].count) == (13, "all other values", 3)
    others = next(each for each in found.behind if each.title == "model all other values")
    assert maskwright.open_corpus(tmp_path / "out").sql(others.condition).num_rows == 3


def test_a_corpus_without_any_answer_can_be_asked_by_a_column(tmp_path: Path) -> None:
    save(tmp_path / "o.png", scene(0))
    (tmp_path / "e.png").write_bytes(b"no picture")
    write(tmp_path / "table.csv", ["original", "edited", "model"], [["o.png", "e.png", "a"]] * 2)
    maskwright.annotate(tmp_path / "table.csv", tmp_path / "out", workers=1)
    found = maskwright.report(tmp_path / "out", by="model", pair_on="original")
    assert (found.paired, found.measures, found.groups[0].unanswered) == ([], [], 2)
    assert "No two values of model" in found.to_html()


def test_a_page_that_would_be_too_heavy_gets_smaller_pictures(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from maskwright.pages import page

    whole = maskwright.report(out).to_html()
    monkeypatch.setattr(page, "MOST_BYTES", len(whole.encode()) * 3 // 4)
    light = maskwright.report(out).to_html()
    assert len(light.encode()) <= page.MOST_BYTES
    assert light.count("data:image") == whole.count("data:image")


def test_of_few_rows_none_is_called_borderline_that_is_sure(tmp_path: Path) -> None:
    for number in range(16):
        save(tmp_path / "pairs" / "original" / f"{number}.png", scene(number))
        save(tmp_path / "pairs" / "edited" / f"{number}.png", edited(number, 20))
    maskwright.annotate(tmp_path / "pairs", tmp_path / "out", workers=1)
    sheets = {sheet.name: len(sheet.cards) for sheet in maskwright.report(tmp_path / "out").sheets}
    assert sheets == {"worst": 12, "best": 4}


def test_a_column_nobody_has_gets_the_nearest_name(out: Path) -> None:
    with pytest.raises(SettingError, match="no column named 'verdikt'") as error:
        maskwright.report(out, by="verdikt")
    assert "verdict" in error.value.hint


def test_pairing_without_values_to_pair_is_refused(out: Path) -> None:
    with pytest.raises(SettingError, match="compares the values of a column"):
        maskwright.report(out, pair_on="original")


def test_what_has_no_partner_is_told_on_the_page(command: Command, out: Path, tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    code, told, _ = command("report", out, "--by", "verdict", "--pair-on", "id", "-o", page)
    assert code == 0
    assert "No two values of 'verdict' have a row with the same 'id'" in told.replace("\n", " ")
    assert "No two values of verdict have a row with the same id" in page.read_text(encoding="utf-8")


def test_pictures_that_are_gone_are_told_and_masks_are_shown(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out.parent, tmp_path / "copy")
    run = tmp_path / "copy" / "out" / "run.json"
    told = json.loads(run.read_text())
    run.write_text(json.dumps(told | {"source": str(tmp_path / "copy" / "table.csv")}))
    for picture in (tmp_path / "copy").glob("e*.png"):
        picture.unlink()
    found = maskwright.report(tmp_path / "copy" / "out")
    shots = [card.shot for card in found.sheets[0].cards]
    assert "not there" in found.unreachable
    assert all(shot is not None and shot.change and shot.outline and not shot.edited for shot in shots)
    page = found.to_html()
    assert "Pictures are missing" in page
    assert page.count('alt="The change map of') == sum(len(sheet.cards) for sheet in found.sheets[:1])


def test_a_source_that_is_gone_is_told_as_well(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "out")
    run = tmp_path / "out" / "run.json"
    run.write_text(json.dumps(json.loads(run.read_text()) | {"source": str(tmp_path / "gone.csv")}))
    assert "no such file" in maskwright.report(tmp_path / "out").unreachable


def test_a_picture_that_is_another_one_now_is_not_shown_under_the_mask(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out.parent, tmp_path / "copy")
    run = tmp_path / "copy" / "out" / "run.json"
    told = json.loads(run.read_text())
    run.write_text(json.dumps(told | {"source": str(tmp_path / "copy" / "table.csv")}))
    save(tmp_path / "copy" / "e0-14.png", photograph(0, 64))
    found = maskwright.report(tmp_path / "copy" / "out")
    (card,) = [card for card in found.sheets[0].cards if card.says.startswith("make it") and card.note]
    assert "64x64" in card.note


def test_a_page_takes_the_place_of_an_older_one_but_of_nothing_else(found: Report, tmp_path: Path) -> None:
    found.save(tmp_path / "report.html")
    found.save(tmp_path / "report.html")
    (tmp_path / "mine.html").write_text("<p>mine")
    with pytest.raises(RunError, match="is no page of maskwright"):
        found.save(tmp_path / "mine.html")
    assert (tmp_path / "mine.html").read_text() == "<p>mine"
    with pytest.raises(RunError, match="is no page of maskwright"):
        found.save("/dev/null")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.html", "report.html"]


def test_the_json_has_every_figure_and_no_picture(found: Report) -> None:
    told = json.dumps(found.as_dict())
    assert "base64" not in told
    assert json.loads(told)["verdicts"][0]["count"] == found.verdicts[0].count


def test_a_corpus_without_a_finished_part_says_so(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "out")
    for part in (tmp_path / "out" / "annotations").iterdir():
        part.unlink()
    found = maskwright.report(tmp_path / "out", by=COLUMN)
    assert (found.rows, found.rows_planned, found.sheets) == (0, 15, [])
    assert found.sentence == "No part is finished yet."
    assert "No part is finished yet." in found.to_html()


def test_the_command_writes_the_page_and_says_the_main_figures(
    command: Command, out: Path, tmp_path: Path
) -> None:
    code, told, _ = command("report", out, "--by", COLUMN, "--pair-on", "original", "-o", tmp_path / "r.html")
    assert code == 0
    assert "12 of 15 pairs were edited" in told
    assert "\x1b" not in told
    assert (tmp_path / "r.html").stat().st_size > 50_000


def test_a_notebook_shows_rows_with_pictures_and_no_script(out: Path, found: Report) -> None:
    corpus = maskwright.open_corpus(out)
    shown = corpus.show("status = 'ok' and area_frac > 0.05")._repr_html_()
    assert shown.count("<figure") == 3 * 6
    assert corpus._repr_html_().count("<figure") > 3 * 6
    for cell in (shown, found._repr_html_()):
        assert "<script" not in cell
        assert "&lt;/script&gt;&lt;img" in cell


@pytest.mark.slow
def test_ten_thousand_rows_make_a_page_of_at_most_ten_megabytes() -> None:
    command = [sys.executable, ROOT / "benchmarks" / "bench_report.py", "--rows", "10000", "--json"]
    done = subprocess.run(command, capture_output=True, check=True)
    (row,) = json.loads(done.stdout)["rows"]
    assert row["page_mb"] < 10
    assert row["peak_mb"] < 1000


@needs_browser
def test_a_figure_leads_to_its_rows_and_a_row_to_its_pictures(page: Path, found: Report) -> None:
    with opened(page) as seen:
        seen.page.click(f"a[href='#{found.verdicts[0].link}'] >> nth=0")
        rows = seen.page.locator(f"#{found.verdicts[0].link}")
        assert rows.is_visible()
        rows.locator("li a").first.click()
        assert seen.page.locator(".card:target").is_visible()


@needs_browser
def test_a_pair_is_wiped_blinked_and_left_with_the_keyboard_alone(page: Path) -> None:
    with opened(page) as seen:
        seen.page.locator(".card .open").first.focus()
        seen.page.keyboard.press("Enter")
        first = seen.page.inner_text("dialog h2")
        clip = "getComputedStyle(document.querySelectorAll('dialog .stage img')[1]).clipPath"
        before = seen.page.evaluate(clip)
        seen.page.keyboard.press("ArrowRight")
        assert seen.page.evaluate(clip) != before
        seen.page.keyboard.press("n")
        assert seen.page.inner_text("dialog h2") != first
        seen.page.keyboard.press("p")
        assert seen.page.inner_text("dialog h2") == first
        seen.page.keyboard.press("Escape")
        assert not seen.page.locator("dialog").is_visible()
        assert seen.page.evaluate("document.activeElement.className") == "open"


@needs_browser
def test_without_scripts_pictures_maps_and_rows_are_all_there(page: Path, found: Report) -> None:
    with opened(page, scripts=False) as seen:
        assert seen.page.locator(".card .side.original img").count() == sum(
            len(s.cards) for s in found.sheets
        )
        assert seen.page.locator(".open").count() == 0
        assert seen.page.locator("details").count() == len(found.behind)


class TestReportPage(PageContract):
    """Of the corpus above."""


@needs_browser
def test_columns_values_and_instructions_are_shown_as_they_are(page: Path) -> None:
    with opened(page) as seen:
        text = seen.text()
    assert f"By {COLUMN}" in text
    assert f"make it {SHOWN}" in text
