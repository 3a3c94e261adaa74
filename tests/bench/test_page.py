"""The page of a run: its numbers are the run's, its cards the worst pairs."""

from __future__ import annotations

import csv
import dataclasses
import html
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from maskwright.bench.annotators import bench_annotators
from maskwright.bench.page import html_of
from maskwright.bench.result import BenchResult
from maskwright.bench.tables import tables
from maskwright.masks.annotators import DEFAULT
from maskwright.measures.metrics import pixel_f1
from maskwright.pairs.picture import encode_png
from maskwright.pairs.values import Aligned, Card, Change, Hint
from tests.bench.conftest import png, textured
from tests.browser import DESKTOP, PHONE, needs_browser, opened
from tests.conftest import Command

SHIFTS = [5, 0, 9, 2, 7, 1, 30, 3, 8, 4, 6, 5]
"""Pixels by which the mask of a pair lies beside its edit, so that F1 is known to fall with it."""


class Speckled:
    """Marks every other pixel: a mask in more pieces than any real one."""

    card = Card(name="speckled", version="1", digest="0" * 64)

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        chance = np.random.default_rng(0)
        return [Change(chance.integers(0, 2, pair.valid.shape).astype(np.float32)) for pair in batch]


class Forgetful:
    """Marks another half of the picture each time it is asked: no annotator may do that."""

    card = Card(name="forgetful", version="1", digest="0" * 64)
    calls = 0

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        found = []
        for pair in batch:
            Forgetful.calls += 1
            mark = np.zeros(pair.valid.shape, np.float32)
            mark[:, : 30 * Forgetful.calls] = 1
            found.append(Change(mark))
        return found


def write_table(
    folder: Path, shifts: Sequence[int], *, column: str = "kind", value: str = "a", values: int = 2
) -> Path:
    """A pair a shift: a box painted into one photograph, and a mask so far beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    original = textured(64, 96, seed=0)
    edited = original.copy()
    edited[20:44, 10:40] = 255 - edited[20:44, 10:40]
    (folder / "before.png").write_bytes(png(original))
    (folder / "after.png").write_bytes(png(edited))
    rows = [["id", "original", "edited", "mask", column]]
    for number, shift in enumerate(shifts):
        mask = np.zeros((64, 96), np.bool_)
        mask[20:44, 10 + shift : 40 + shift] = True
        (folder / f"mask{number}.png").write_bytes(encode_png(mask))
        rows.append(
            [f"p{number}", "before.png", "after.png", f"mask{number}.png", f"{value}{number % values}"]
        )
    with (folder / "pairs.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return folder / "pairs.csv"


def cards_of(page: str) -> list[str]:
    """Names on the cards, in order."""
    return [
        html.unescape(name) for name in re.findall(r'<li class="card" id="pair-\d+"><h3>(.*?)<span>', page)
    ]


def words_of(page: str) -> str:
    """The text of the page without its tags, its style and its script."""
    body = page.split("<body>")[1].split("<script>")[0]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", body)))


@pytest.fixture(scope="module")
def result(table: Path, photos: Path) -> BenchResult:
    return bench_annotators(table, by=["truth"], unedited=photos)


@pytest.fixture(scope="module")
def page(result: BenchResult) -> str:
    return html_of(result)


def test_the_page_says_the_numbers_of_the_run(result: BenchResult, page: str) -> None:
    text = words_of(page)
    ours, best = result.methods[0], max(result.methods[1:-1], key=lambda method: method.f1.mean)
    gain = ours.better_than[best.name]
    assert (
        f"{DEFAULT} has F1 {ours.f1.mean:.3f} [{ours.f1.low:.3f}, {ours.f1.high:.3f}] on 6 pairs of 4"
        f" originals, {gain.mean:+.3f} [{gain.low:.3f}, {gain.high:.3f}] against the best simple baseline."
    ) in text
    for method in result.methods:
        for found in (method.f1, method.iou, method.visible_f1):
            assert f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]" in text
    for row in result.rows:
        assert f"{row.key} {row.f1[DEFAULT]:.3f} {row.iou[DEFAULT]:.3f}" in text


def test_every_table_of_the_terminal_but_the_worst_pairs_is_on_the_page(
    result: BenchResult, page: str
) -> None:
    text = words_of(page)
    for shown in tables(result):
        for row in () if shown.name == "worst" else shown.rows:
            assert " ".join(" ".join(cell for cell in row if cell).split()) in text, (shown.name, row)


def test_a_dot_lies_where_its_mean_says(result: BenchResult, page: str) -> None:
    first = page.split('aria-label="F1, means with intervals"')[1].split("</svg>")[0]
    ticks = [float(x) for x in re.findall(r'<line class="axis" x1="([\d.]+)"', first)]
    labels = [
        float(word) for word in re.findall(r'text-anchor="(?:start|middle|end)">([\d.]+)</text>', first)
    ]
    dots = [float(x) for x in re.findall(r'<circle class="dot[^"]*" cx="([\d.]+)"', first)]
    assert len(dots) == len(result.methods)
    scale = (ticks[-1] - ticks[0]) / (labels[-1] - labels[0])
    for x, method in zip(dots, result.methods, strict=True):
        assert labels[0] + (x - ticks[0]) / scale == pytest.approx(method.f1.mean, abs=0.002)


def test_annotators_are_loud_and_baselines_are_not(result: BenchResult, page: str) -> None:
    first = page.split('aria-label="F1, means with intervals"')[1].split("</svg>")[0]
    kinds = re.findall(r'<circle class="dot( other)?"', first)
    assert [bool(kind) for kind in kinds] == [method.kind != "annotator" for method in result.methods]


def test_an_axis_of_false_marks_begins_at_nothing(result: BenchResult, page: str) -> None:
    assert all(row.worst == 0 for row in result.false_marks if row.annotator == DEFAULT)
    section = page.split('id="false-marks"')[1]
    first = section.split(f'aria-label="{DEFAULT}, means with intervals"')[1].split("</svg>")[0]
    words = re.findall(r'text-anchor="(?:start|middle|end)">([-\d.]+)</text>', first)
    assert (words[0], words[-1]) == ("0", "1")


def test_the_cards_are_the_24_worst_pairs_equal_ones_in_the_order_of_the_table(tmp_path: Path) -> None:
    table = write_table(tmp_path, [*SHIFTS, *SHIFTS, *SHIFTS])
    found = bench_annotators(table)
    f1 = [row.f1[DEFAULT] for row in found.rows]
    assert f1[6] < f1[2] < f1[8] < f1[1]  # farther beside the edit is worse
    assert len(set(f1)) < 24 < len(f1)  # there are ties, and pairs left out
    order = sorted(range(len(f1)), key=lambda place: (f1[place], place))
    page = html_of(found)
    assert cards_of(page) == [f"p{place}" for place in order[:24]]
    assert "The 24 worst pairs" in page
    assert html_of(found) == page


def test_a_card_has_the_figures_of_its_masks(tmp_path: Path) -> None:
    found = bench_annotators(write_table(tmp_path, [10]))
    truth, edit = np.zeros((64, 96), np.bool_), np.zeros((64, 96), np.bool_)
    truth[20:44, 20:50], edit[20:44, 10:40] = True, True
    text = words_of(html_of(found)).split("wipe")[0]
    assert found.rows[0].f1[DEFAULT] == pytest.approx(pixel_f1(edit, truth), abs=0.02)
    assert "truth 12 % of the picture" in text
    ours = re.search(DEFAULT + r" (\d\.\d{3}) \d\.\d{3} \d\.\d{3} (\d\.\d{3}) (\d\.\d{3}) baseline", text)
    assert ours is not None
    _, precision, recall = map(float, ours.groups())
    assert precision == pytest.approx(np.mean(truth[edit]), abs=0.03)
    assert recall == pytest.approx(np.mean(edit[truth]), abs=0.03)


def test_one_pair_has_a_page_without_intervals(tmp_path: Path) -> None:
    text = words_of(html_of(bench_annotators(write_table(tmp_path, [3]))))
    assert re.search(rf"{DEFAULT} has F1 0\.\d{{3}} on 1 pair of 1 original, [+-]0\.\d{{3}} against", text)
    assert "All pairs are of one original" in text
    assert "All pairs, worst first" in text
    assert f"qes of {DEFAULT}: it, or IoU, is the same on all pairs" in text


def test_a_pair_that_is_gone_by_then_keeps_its_figures_and_says_so(tmp_path: Path) -> None:
    table = write_table(tmp_path, [3, 9])
    found = bench_annotators(table)
    (tmp_path / "mask1.png").unlink()
    text = words_of(html_of(found))
    assert "No longer to be read: " in text
    assert f"p1 F1 {found.rows[1].f1[DEFAULT]:.3f}" in text
    table.write_text(table.read_text().rsplit("p1", 1)[0])
    assert "This pair is no longer in the table." in words_of(html_of(found))


def test_an_annotator_that_does_not_give_the_same_twice_is_found_out(tmp_path: Path) -> None:
    name = "tests.bench.test_page:Forgetful"
    text = words_of(html_of(bench_annotators(write_table(tmp_path, [3]), annotators=[name])))
    assert f"Looked at again, {name} had F1" in text


def test_a_pair_without_a_mask_says_why(tmp_path: Path) -> None:
    table = write_table(tmp_path, [3])
    (tmp_path / "after.png").write_bytes(png(np.rot90(textured(96, 64, seed=9)).copy()))
    found = bench_annotators(table)
    assert found.rows[0].status[DEFAULT] == "unrelated"
    text = words_of(html_of(found))
    assert "different photograph; geometry unrelated" in text
    assert "nothing marked" in text


@pytest.mark.slow
def test_a_mask_of_salt_and_pepper_on_noise_stays_below_ten_megabytes(tmp_path: Path) -> None:
    table = write_table(tmp_path, [3] * 26)
    chance = np.random.default_rng(1)
    noise = chance.integers(0, 256, (512, 512, 3)).astype(np.uint8)
    changed = noise.copy()
    changed[100:200, 100:200] = 255 - changed[100:200, 100:200]
    (tmp_path / "before.png").write_bytes(png(noise))
    (tmp_path / "after.png").write_bytes(png(changed))
    for number in range(26):
        (tmp_path / f"mask{number}.png").write_bytes(encode_png(chance.integers(0, 2, (512, 512)) > 0))
    page = html_of(bench_annotators(table, annotators=["tests.bench.test_page:Speckled"]))
    assert 3_000_000 < len(page) < 10_000_000
    assert page.count('<div class="versus"') == 24


def test_thousands_of_pairs_give_a_list_of_the_worst_and_a_point_for_every_one(result: BenchResult) -> None:
    rows = []
    for number in range(3000):
        f1 = dict.fromkeys(result.rows[0].f1, number % 997 / 996)
        row = result.rows[number % 6]
        rows.append(dataclasses.replace(row, id=f"x{number}", key=f"k{number}", f1=f1, iou=f1))
    page = html_of(dataclasses.replace(result, n=3000, rows=tuple(rows)))
    assert len(page) < 2_000_000
    assert len(re.findall(r'<tr id="row-', page)) == 500
    assert "2,500 better pairs more" in page
    assert page.count('<circle class="point') == 500
    assert len(re.findall(r"h0", page.split('class="cloud"')[1].split("/>")[0])) > 200


def test_values_of_a_column_beyond_those_drawn_are_in_the_table(tmp_path: Path) -> None:
    found = bench_annotators(write_table(tmp_path, SHIFTS * 3, values=36), by=["kind"])
    page = html_of(found)
    assert "the table has 12 more" in page
    assert all(f'<th scope="row">{part.value}</th>' in page for part in found.slices)


def test_what_was_not_asked_for_is_said(result: BenchResult, page: str, tmp_path: Path) -> None:
    assert "none was given (--roundtrip)" in page
    assert "(--unedited)" not in page
    assert "the edited picture 128x96" in words_of(page)
    other = html_of(bench_annotators(write_table(tmp_path, [3])))
    for option in ("--by", "--unedited", "--roundtrip", "--robust"):
        assert f"({option})" in other


def test_a_second_annotator_and_harm_have_their_place_and_their_numbers(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shlex

    table = write_table(tmp_path, [3, 9, 5])
    name = "tests.bench.test_page:Speckled"
    found = bench_annotators(table, annotators=["difference", name], by=["kind", "id"], robust=True)
    page = html_of(found)
    over = found.methods[0].better_than[name]
    assert f"difference has {over.mean:+.3f}" in words_of(page)
    places = re.findall(r'<section id="(by|gains|robust)-(\d)"', page)
    assert places == [
        *((what, number) for number in "01" for what in ("by", "gains")),
        *(("robust", number) for number in "01"),
    ]
    for place, harmed in enumerate(found.robust):
        section = page.split(f'id="robust-{place}"')[1].split("</section>")[0]
        assert f"After {harmed.after}" in section
        assert f"{harmed.methods[0].f1.mean:.3f}" in section
    line = html.unescape(re.findall(r"<pre><code>(.*?)</code></pre>", page)[-1])
    monkeypatch.chdir(tmp_path)
    assert command(*shlex.split(line)[1:])[0] == 0
    assert (tmp_path / "bench.html").read_text(encoding="utf-8") == page


def test_the_line_on_the_page_makes_it_again(
    result: BenchResult, page: str, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shlex

    line = html.unescape(re.findall(r"<pre><code>(.*?)</code></pre>", page)[-1])
    monkeypatch.chdir(tmp_path)
    code, _, err = command(*shlex.split(line)[1:])
    assert (code, err.splitlines()[-1]) == (0, "wrote bench.html")
    assert (tmp_path / "bench.html").read_text(encoding="utf-8") == page


def test_a_file_that_is_no_page_is_refused_before_anything_is_measured(
    table: Path, command: Command, tmp_path: Path
) -> None:
    (tmp_path / "mine.html").write_text("mine")
    code, out, err = command("bench", "annotators", table, "--html", tmp_path / "mine.html")
    assert (code, out) == (1, "")
    assert "is no page of maskwright" in err
    assert "pairs:" not in err
    assert (tmp_path / "mine.html").read_text() == "mine"


@needs_browser
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_page_of_a_run_fits_and_its_links_lead_somewhere(
    page: str, tmp_path: Path, size: tuple[int, int]
) -> None:
    (tmp_path / "bench.html").write_text(page, encoding="utf-8")
    with opened(tmp_path / "bench.html", size=size) as seen:
        assert (seen.outside, seen.trouble) == ([], [])
        assert (seen.too_wide(), seen.without_alt(), seen.broken()) == (0, 0, 0)
        lost = (
            "[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))"
            ".filter(h => !h.startsWith('#') || !document.getElementById(h.slice(1)))"
        )
        assert seen.page.evaluate(lost) == []


@needs_browser
def test_columns_and_values_of_a_strangers_table_are_text(tmp_path: Path) -> None:
    hostile = "</script><img src=x onerror=alert(1)>{{ 7*7 }}"
    table = write_table(tmp_path, [3, 9], column=hostile, value=hostile)
    table.write_text(table.read_text().replace("p1,", f'"{hostile}",'))
    (tmp_path / "bench.html").write_text(html_of(bench_annotators(table, by=[hostile])), encoding="utf-8")
    with opened(tmp_path / "bench.html") as seen:
        assert seen.trouble == []
        assert seen.page.locator("img[src=x]").count() == 0
        assert f"By {hostile}" in seen.text()
        assert f"{hostile}1" in seen.text()
        assert seen.page.inner_text(".card h3").startswith(hostile)


def test_what_an_annotator_ignores_has_a_section_with_its_share(tmp_path: Path) -> None:
    table = write_table(tmp_path, [0, 5])
    page = html_of(bench_annotators(table, annotators=["tests.bench.test_annotators:Doubting"]))
    (section,) = re.findall(r'id="ignored".*?</section>', page, re.DOTALL)
    assert "50.00" in section
    assert 'id="ignored"' not in html_of(bench_annotators(table))
