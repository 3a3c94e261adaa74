"""Two editors on the same originals, one of which also paints elsewhere: what `report` says of them."""

import base64
import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import maskwright
from maskwright.pages.report import Paired, Report
from tests.browser import needs_browser, opened
from tests.conftest import Command
from tests.corpus.made import save
from tests.corpus.test_report import scene

ORIGINALS = 12
BOX = (30, 20, 30, 30)
"""Where every edit was meant to be: x, y, width, height."""


def painted(number: int, *, elsewhere: bool) -> np.ndarray:
    """The scene with its box painted, and a corner of growing size where it paints elsewhere, too."""
    picture = scene(number)
    x, y, width, height = BOX
    picture[y : y + height, x : x + width] = 255 - picture[y : y + height, x : x + width]
    if elsewhere:
        side = 12 + number
        picture[-side:, -side:] = 255 - picture[-side:, -side:]
    return picture


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one more original, `tidy` changed nothing."""
    place = tmp_path_factory.mktemp("editors")
    rows = []
    for number in range(ORIGINALS):
        save(place / f"o{number}.png", scene(number))
        for model in ("tidy", "untidy"):
            save(place / f"{model}{number}.png", painted(number, elsewhere=model == "untidy"))
            rows.append([f"o{number}.png", f"{model}{number}.png", model, ",".join(map(str, BOX))])
    save(place / "same.png", scene(0))
    rows.append(["o0.png", "same.png", "idle", ",".join(map(str, BOX))])
    with (place / "table.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["original", "edited", "model", "region"], *rows])
    maskwright.annotate(place / "table.csv", place / "out", workers=1)
    return place / "out"


@pytest.fixture(scope="module")
def found(out: Path) -> Report:
    return maskwright.report(out, by="model", pair_on="original")


def measure(found: Report, name: str) -> int:
    return [each for each, _ in found.measures].index(name)


def against(found: Report, first: str, second: str) -> Paired:
    (one,) = [each for each in found.paired if (each.first, each.second) == (first, second)]
    return one


def test_who_paints_elsewhere_has_more_side_effects_on_the_same_originals_beyond_chance(
    found: Report,
) -> None:
    difference = against(found, "tidy", "untidy").differences[measure(found, "side_effect_frac")]
    assert difference.groups == ORIGINALS
    assert 0.1 < difference.low < difference.mean < difference.high < 0.6


def test_the_difference_is_the_mean_of_those_of_each_original(out: Path, found: Report) -> None:
    shares: dict[str, dict[str, float]] = {}
    for row in maskwright.open_corpus(out).table().to_pylist():
        shares.setdefault(row["original"], {})[row["model"]] = row["side_effect_frac"]
    expected = np.mean([each["untidy"] - each["tidy"] for each in shares.values()])
    difference = against(found, "tidy", "untidy").differences[measure(found, "side_effect_frac")]
    assert difference.mean == pytest.approx(expected)


def test_what_is_left_outside_differs_and_what_was_used_inside_does_not(found: Report) -> None:
    differences = against(found, "tidy", "untidy").differences
    assert differences[measure(found, "outside_psnr")].high < -5
    assert differences[measure(found, "outside_mse")].low > 100
    assert abs(differences[measure(found, "region_used_frac")].mean) < 0.02


def test_who_changed_nothing_has_no_share_of_side_effects_and_no_match(found: Report) -> None:
    (idle,) = [group for group in found.groups if group.name == "idle"]
    assert (idle.edited, idle.unedited) == (0, 1)
    assert np.isnan(idle.means[measure(found, "side_effect_frac")].mean)
    assert idle.means[measure(found, "instruction_match")].mean == 0


def test_the_figures_of_regions_have_a_table_of_their_own_on_a_screen(command: Command, out: Path) -> None:
    code, shown, _ = command("report", out, "--by", "model", "--pair-on", "original")
    heads = [line.split() for line in shown.splitlines() if line.startswith("model ")]
    assert code == 0
    assert ["area_frac" in head for head in heads] == [False, True]
    assert heads[0][3:6] == ["side_effect_frac", "instruction_match", "region_used_frac"]


def test_without_a_region_nothing_is_said_of_one(out: Path, tmp_path: Path) -> None:
    rows = [["original", "edited", "model"], *[[f"o{n}.png", f"tidy{n}.png", "tidy"] for n in range(2)]]
    table = out.parent / "plain.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    maskwright.annotate(table, tmp_path / "out", workers=1)
    found = maskwright.report(tmp_path / "out", by="model")
    assert "side_effect_frac" not in [name for name, _ in found.measures]
    assert "side_effect_frac" not in [plot.name for plot in found.histograms]


def test_what_an_older_version_wrote_is_reported_without_the_scores_it_lacks(
    out: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old"
    shutil.copytree(out, old)
    run = json.loads((old / "run.json").read_bytes())
    schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(run["arrow_schema"])))
    schema = schema.remove(schema.get_field_index("side_effect_frac"))
    run["arrow_schema"] = base64.b64encode(schema.serialize().to_pybytes()).decode("ascii")
    (old / "run.json").write_text(json.dumps(run), encoding="utf-8")
    for part in (old / "annotations").iterdir():
        pq.write_table(pq.ParquetFile(part).read().drop_columns(["side_effect_frac"]), part)
    names = [name for name, _ in maskwright.report(old, by="model").measures]
    assert "side_effect_frac" not in names
    assert "area_frac" in names


@needs_browser
def test_the_page_shows_both_editors_and_their_difference(found: Report, tmp_path: Path) -> None:
    found.save(tmp_path / "report.html")
    with opened(tmp_path / "report.html") as seen:
        text = seen.text()
        assert "untidy − tidy" in text
        assert "share of the mask outside the region the edit was meant for" in text
        assert seen.too_wide() == 0
        heads = seen.page.locator("table", has_text="untidy − tidy").locator("thead").inner_text()
        assert "side_effect_frac" in heads
        assert "outside_psnr_raw" in heads
