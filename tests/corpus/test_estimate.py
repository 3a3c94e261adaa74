"""A plan says what a run would take, and writes nothing."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from maskwright.corpus.annotate import Options, annotate
from maskwright.corpus.estimate import ROWS, Estimate, estimate, wilson
from maskwright.corpus.plan import drawn
from maskwright.corpus.trial import single_rows
from maskwright.errors import SettingError
from maskwright.pairs.sources import open_source
from tests.conftest import Command
from tests.corpus.made import folder_of, table_of

PAIRS = 30


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 pairs, of which six cannot be read."""
    place = folder_of(tmp_path_factory.mktemp("thirty") / "source", PAIRS)
    for number in range(6):
        (place / "edited" / f"{number:04d}.png").write_bytes(b"no picture")
    return place


@pytest.fixture(scope="module")
def found(source: Path) -> Estimate:
    return estimate(source, source.parent / "out")


def test_nothing_is_written(found: Estimate, source: Path) -> None:
    assert [path.name for path in source.parent.iterdir()] == ["source"]
    assert found.command.endswith(f"{source} {source.parent / 'out'}")


def test_a_small_source_is_tried_whole(found: Estimate) -> None:
    assert (found.tried, found.rows, found.parts) == (PAIRS, PAIRS, 4)


def test_shares_are_those_of_the_rows_tried(found: Estimate) -> None:
    shares = {(each.status, each.reason): each.share for each in found.shares}
    assert shares == {("ok", ""): 0.8, ("rejected", ""): 0.2, ("rejected", "not_a_picture"): 0.2}


def test_bytes_and_files_are_those_that_a_run_writes(found: Estimate, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    annotate(source, out, workers=1)
    files = [path for path in out.rglob("*") if path.is_file()]
    assert found.out_files == len(files)
    written = sum(path.stat().st_size for path in files if path.parent != out)
    assert found.out_bytes == pytest.approx(written, rel=0.05)


def test_without_the_view_there_is_a_file_a_part(source: Path) -> None:
    assert estimate(source, options=Options(files=False)).out_files == 4 + 2


def test_times_and_their_shares_fit_together(found: Estimate) -> None:
    assert 0 < found.annotator_s + found.source_s < found.pair_s
    assert found.pair_low_s < found.pair_s < found.pair_high_s
    assert found.core_hours == pytest.approx(PAIRS * found.pair_s / 3600)


def test_the_time_in_the_annotator_is_told(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "source", 4)
    assert estimate(source, annotator="tests.corpus.made:Slow").annotator_s >= 0.03


def test_workers_share_parts_but_do_not_divide_them(found: Estimate, source: Path) -> None:
    assert found.hours == ((1, pytest.approx(found.core_hours)), (4, pytest.approx(found.core_hours / 4)))
    # Three workers need two rounds for four parts, as two would.
    three = estimate(source, workers=3)
    assert three.hours == ((3, pytest.approx(three.core_hours / 2)),)


def test_a_row_that_ends_its_worker_is_counted_and_the_others_are_tried(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "source", 6, marks=[2])
    found = estimate(source, annotator="tests.corpus.made:Exits")
    shares = {(each.status, each.reason): each.share for each in found.shares}
    assert shares[("failed", "worker_died")] == pytest.approx(1 / 6)
    assert shares[("ok", "")] == pytest.approx(5 / 6)


@pytest.mark.parametrize("kind", ["folder", "table"])
def test_single_rows_are_those_that_were_drawn(tmp_path: Path, kind: str) -> None:
    place = folder_of(tmp_path, 40) if kind == "folder" else table_of(tmp_path, [{"n": n} for n in range(40)])
    source = open_source(place)
    plan = drawn(source.plan(), 9, 3)
    expected = [list(source.read(each.part))[row].id for each in plan for row in each.take or ()]
    assert [row.id for each in single_rows(plan) for row in source.read(each.part)] == expected


def test_the_draw_follows_the_seed(tmp_path: Path) -> None:
    parts = open_source(folder_of(tmp_path, 40)).plan()
    one, same, other = (single_rows(drawn(parts, 9, seed)) for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.slow
def test_of_a_large_source_so_many_rows_are_tried(tmp_path: Path) -> None:
    found = estimate(table_of(tmp_path, [{"n": n} for n in range(2 * ROWS)]))
    assert (found.tried, found.rows) == (ROWS, 2 * ROWS)


@pytest.mark.parametrize(("hits", "tried"), [(0, 200), (1, 200), (10, 200), (200, 200), (3, 7)])
def test_wilsons_edges_are_just_not_rejected_by_the_normal_test(hits: int, tried: int) -> None:
    for edge in wilson(hits, tried):
        deviation = 1.959963984540054 * math.sqrt(edge * (1 - edge) / tried)
        assert abs(hits / tried - edge) == pytest.approx(deviation, abs=1e-9)


@pytest.mark.parametrize("workers", [0, -3])
def test_workers_out_of_range_are_refused(source: Path, workers: int) -> None:
    with pytest.raises(SettingError):
        estimate(source, workers=workers)


def test_the_command_prints_it_and_writes_nothing(source: Path, command: Command) -> None:
    code, answer, _ = command("annotate", source, "--plan", "--workers", "7")
    assert code == 0
    assert "30 rows in 4 parts; 30 random rows tried" in answer
    for word in ("core-hours", "not_a_picture", "workers", f"next: maskwright annotate {source} OUT"):
        assert word in answer
    assert [path.name for path in source.parent.iterdir()] == ["source"]


def test_as_json_it_has_the_same_names(source: Path, command: Command) -> None:
    code, answer, _ = command("annotate", source, "out", "--plan", "--json")
    told = json.loads(answer)
    assert code == 0
    assert set(told) == {"version", *Estimate.__slots__}
    assert told["shares"][0]["status"] == "ok"


def test_annotate_without_a_folder_says_what_to_type(source: Path, command: Command) -> None:
    code, _, beside = command("annotate", source)
    assert code == 2
    assert "maskwright annotate SOURCE OUT" in beside
