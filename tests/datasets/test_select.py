"""Selecting keeps exactly the rows it says, counts them right, and leaves nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import maskwright
from maskwright.datasets.selecting.select import Selected, select
from maskwright.datasets.selecting.selection import load_selection
from maskwright.errors import MaskwrightError, RunError, SettingError
from tests.datasets.grown import Grower

ROWS = [
    {"status": "ok", "qes": 0.9, "area_frac": 0.1, "confidence": 0.8, "model": "a"},
    {"status": "ok", "qes": 0.4, "area_frac": 0.7, "confidence": None, "model": "b"},
    {"status": "rejected", "qes": None, "area_frac": None, "confidence": None, "model": "a"},
    {"status": "ok", "qes": 0.6, "area_frac": 0.7, "confidence": 0.2, "model": None},
    {"status": "ok", "qes": 0.5, "area_frac": 0.0, "confidence": None, "model": "a"},
    {"status": "failed", "qes": 0.99, "area_frac": 0.2, "confidence": None, "model": "b"},
    {"status": "ok", "qes": 0.7, "area_frac": 0.6, "confidence": 1.0, "model": "b"},
]


@pytest.fixture(scope="module")
def grower(tmp_path_factory: pytest.TempPathFactory) -> Grower:
    return Grower(tmp_path_factory.mktemp("grower"))


@pytest.fixture
def out(grower: Grower, tmp_path: Path) -> Path:
    return grower.grow(tmp_path / "out", ROWS)


def files_of(out: Path) -> dict[str, bytes]:
    """Everything in OUT, by its path."""
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def chosen(out: Path, name: str) -> list[str]:
    ids: list[str] = load_selection(out, name).table()["id"].to_pylist()
    return ids


def test_rows_that_fulfil_all_conditions_and_are_ok_are_chosen_in_order(out: Path) -> None:
    select(out, ["qes > 0.5", "area_frac <= 0.6"], name="good")
    assert chosen(out, "good") == ["row 0", "row 6"]


def test_a_row_that_is_not_ok_is_never_chosen(out: Path) -> None:
    select(out, "true", name="all")
    assert chosen(out, "all") == ["row 0", "row 1", "row 3", "row 4", "row 6"]


def test_part_and_row_of_a_selection_find_the_row_in_the_parts_file(out: Path) -> None:
    select(out, "qes > 0.5", name="good")
    for place in load_selection(out, "good").table().to_pylist():
        part = pq.read_table(out / "annotations" / f"part-{place['part']:05d}.parquet", partitioning=None)
        assert part["id"][place["row"]].as_py() == place["id"]


def test_the_funnel_says_what_each_condition_drops_alone_and_what_is_left(out: Path) -> None:
    found = select(out, ["qes > 0.5", "area_frac <= 0.6", "model = 'b'"], name="good")
    assert [(step.what, step.alone, step.left) for step in found.funnel] == [
        ("rows", 0, 7),
        ("status = 'ok'", 2, 5),
        ("qes > 0.5", 2, 3),
        ("area_frac <= 0.6", 2, 2),
        ("model = 'b'", 3, 1),
    ]


def test_what_a_condition_drops_because_a_value_is_null_is_counted_apart(out: Path) -> None:
    found = select(out, "confidence > 0.5 -- is it sure?", name="good")
    assert (found.funnel[-1].alone, found.funnel[-1].unknown) == (3, 2)


def test_the_spread_counts_ok_and_chosen_rows_once_each(out: Path) -> None:
    found = select(out, "qes > 0.5", name="good")
    spreads = {spread.name: spread for spread in found.spreads}
    assert spreads["qes"].ok == (0, 0, 0, 0, 1, 1, 1, 1, 0, 1)
    assert spreads["qes"].kept == (0, 0, 0, 0, 0, 0, 1, 1, 0, 1)
    assert (sum(spreads["confidence"].ok), spreads["confidence"].unknown) == (3, 2)


scores = st.one_of(st.none(), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.floats(0, 1))
rows_of_any = st.lists(
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(["ok", "ok", "ok", "rejected"]),
            "qes": scores,
            "area_frac": scores,
            "confidence": scores,
            "model": st.sampled_from(["a", "b", None]),
        }
    ),
    min_size=1,
    max_size=12,
)
CONDITIONS: dict[str, Callable[[dict[str, Any]], bool | None]] = {
    "qes > 0.5": lambda row: None if row["qes"] is None else row["qes"] > 0.5,
    "AREA_FRAC <= 0.25": lambda row: None if row["area_frac"] is None else row["area_frac"] <= 0.25,
    "confidence is null": lambda row: row["confidence"] is None,
    "model in ('a')": lambda row: None if row["model"] is None else row["model"] == "a",
    '"qes" * 2 < 1.5': lambda row: None if row["qes"] is None else row["qes"] * 2 < 1.5,
}


@settings(max_examples=15)
@given(rows=rows_of_any, conditions=st.lists(st.sampled_from(list(CONDITIONS)), min_size=1, unique=True))
def test_the_funnel_is_what_counting_row_by_row_gives(
    grower: Grower,
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[dict[str, Any]],
    conditions: list[str],
) -> None:
    out = grower.grow(tmp_path_factory.mktemp("any") / "out", rows)
    ok = [row for row in rows if row["status"] == "ok"]
    left, counts = ok, [(0, len(rows)), (len(rows) - len(ok), len(ok))]
    for condition in conditions:
        holds = CONDITIONS[condition]
        left = [row for row in left if holds(row)]
        counts.append((sum(not holds(row) for row in ok), len(left)))
    if not left:
        with pytest.raises(SettingError, match="no row is left"):
            select(out, conditions, name="any")
        return
    found = select(out, conditions, name="any")
    assert [(step.alone, step.left) for step in found.funnel] == counts
    assert chosen(out, "any") == [f"row {place}" for place, row in enumerate(rows) if row in left]
    for spread in found.spreads:
        known = [row[spread.name] for row in left if row[spread.name] is not None]
        assert list(spread.kept) == np.histogram(known, spread.edges)[0].tolist()


def test_the_funnel_on_many_parts_is_duckdbs_own(grower: Grower, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [
        {"qes": float(rng.random()), "area_frac": float(rng.random()), "status": "ok"} for _ in range(500)
    ]
    out = grower.grow(tmp_path / "out", rows, in_part=70)
    found = select(out, ["qes > 0.5", "area_frac between 0.1 and 0.6"], name="good")
    parts = f"read_parquet('{out}/annotations/*.parquet')"
    counted = [
        duckdb.sql(f"select count(*) from {parts} where {condition}").fetchall()[0][0]
        for condition in ("true", "true", "qes > 0.5", "qes > 0.5 and area_frac between 0.1 and 0.6")
    ]
    assert [step.left for step in found.funnel] == counted


def test_each_corpus_gets_its_own_selection_and_the_funnel_adds_up(grower: Grower, tmp_path: Path) -> None:
    outs = [grower.grow(tmp_path / "one", ROWS), grower.grow(tmp_path / "two", ROWS[:1])]
    found = select(outs, "qes > 0.5", name="good")
    assert [each.rows for each in found.outs] == [3, 1]
    assert found.rows == found.funnel[-1].left == 4
    assert [load_selection(out, "good").rows for out in outs] == [3, 1]


def test_a_corpus_may_end_with_no_row_where_another_has_some(grower: Grower, tmp_path: Path) -> None:
    outs = [grower.grow(tmp_path / "one", ROWS), grower.grow(tmp_path / "two", ROWS[1:2])]
    select(outs, "qes > 0.5", name="good")
    assert load_selection(outs[1], "good").table().num_rows == 0


def test_the_same_selection_again_writes_the_same_bytes(out: Path) -> None:
    select(out, ["qes > 0.5", "random() < 0.9"], name="good")
    before = files_of(out)
    assert "selections/good.parquet" in before
    found = select(out, ["qes > 0.5", "random() < 0.9"], name="good")
    assert files_of(out) == before
    assert not found.outs[0].replaced


def test_another_selection_of_the_same_name_replaces_it_and_is_told(out: Path) -> None:
    select(out, "qes > 0.5", name="good")
    found = select(out, "qes < 0.5", name="good")
    assert found.outs[0].replaced
    selection = load_selection(out, "good")
    assert (selection.conditions, chosen(out, "good")) == (("qes < 0.5",), ["row 1"])


def test_a_moved_corpus_keeps_its_selections(out: Path) -> None:
    select(out, "qes > 0.5", name="good")
    moved = out.rename(out.with_name("moved"))
    assert chosen(moved, "good") == ["row 0", "row 3", "row 6"]


def test_an_unfinished_corpus_says_how_many_parts_were_seen(grower: Grower, tmp_path: Path) -> None:
    out = grower.grow(tmp_path / "out", ROWS, in_part=2, missing=[1, 3])
    found = select(out, "true", name="some")
    assert (found.outs[0].parts_done, found.outs[0].parts_planned) == (2, 4)
    told = json.loads((out / "selections" / "some.json").read_bytes())
    assert (told["parts"], told["parts_planned"], told["rows"]) == (2, 4, 3)
    assert chosen(out, "some") == ["row 0", "row 1", "row 4"]


# What is refused


def refused(out: Path, *arguments: Any, **settings: Any) -> MaskwrightError:
    """The error of a selection; makes sure that it left nothing behind."""
    before = files_of(out)
    folders = sorted(path.name for path in out.iterdir())
    with pytest.raises(MaskwrightError) as caught:
        select(*arguments, **settings)
    assert files_of(out) == before
    assert sorted(path.name for path in out.iterdir()) == folders
    return caught.value


def test_an_unknown_column_is_answered_with_the_nearest_one(out: Path) -> None:
    assert refused(out, out, "qess > 0.5", name="good").hint == "did you mean qes?"


def test_the_first_condition_that_is_wrong_is_the_one_that_is_told(out: Path) -> None:
    assert "'qess > 1'" in str(refused(out, out, ["verdict = 'local_edit'", "qess > 1", "x"], name="good"))


@pytest.mark.parametrize("where", ["", "  ", ["qes > 0.5", ""], []])
def test_an_empty_condition_is_refused(out: Path, where: str | list[str]) -> None:
    assert "condition" in str(refused(out, out, where, name="good"))


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a/b", "../out", "a b", "-good", "gut.parquet", "ü", "a\n", "a\x1b[31m", "x" * 101],
)
def test_a_name_that_is_no_file_name_everywhere_is_refused(out: Path, name: str) -> None:
    assert "cannot be named" in str(refused(out, out, "true", name=name))


@pytest.mark.parametrize("threshold", [0.0, 1.0, -0.1, 2.0, float("nan")])
def test_a_threshold_that_leaves_all_or_nothing_is_refused(out: Path, threshold: float) -> None:
    assert "threshold" in str(refused(out, out, "true", name="good", threshold=threshold))


def test_no_row_left_shows_the_funnel_and_the_condition_that_dropped_the_last(out: Path) -> None:
    error = refused(out, out, ["qes > 0.8", "area_frac > 0.5", "model = 'a'"], name="good")
    assert str(error) == (
        "no row is left: 7 rows, status = 'ok' leaves 5, qes > 0.8 leaves 1,"
        " area_frac > 0.5 leaves 0, model = 'a' leaves 0"
    )
    assert error.hint == "area_frac > 0.5 drops the last 1"


def test_no_row_left_says_where_values_are_null(grower: Grower, tmp_path: Path) -> None:
    out = grower.grow(tmp_path / "out", [{"confidence": None}] * 3)
    assert refused(out, out, "confidence > 0", name="good").hint == (
        "confidence > 0 drops the last 3; a column it names is null in 3 rows"
    )


def test_a_corpus_without_a_finished_part_has_nothing_to_choose(grower: Grower, tmp_path: Path) -> None:
    out = grower.grow(tmp_path / "out", ROWS, in_part=7, missing=[0])
    assert "no part is finished" in refused(out, out, "true", name="good").hint


def test_a_folder_that_is_no_run_is_refused(out: Path, tmp_path: Path) -> None:
    (tmp_path / "else").mkdir()
    error = refused(out, [out, tmp_path / "else"], "true", name="good")
    assert "is no output of maskwright" in str(error)


def test_a_corpus_given_twice_is_refused(out: Path) -> None:
    assert "given twice" in str(refused(out, [out, out / ".." / "out"], "true", name="good"))


def test_a_column_that_only_some_corpora_have_is_told_with_their_names(out: Path, tmp_path: Path) -> None:
    other = Grower(tmp_path / "grower", columns=["editor"]).grow(tmp_path / "other", [{}])
    error = refused(other, [out, other], "model = 'a'", name="good")
    said = "the condition \"model = 'a'\" cannot be used: there is no column 'model'"
    assert str(error) == f"in {other} {said}; in {out} it can"


def test_a_damaged_part_is_told_and_nothing_is_written(out: Path) -> None:
    path = out / "annotations" / "part-00001.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    error = refused(out, out, "true", name="good")
    assert "part-00001.parquet is damaged" in str(error)
    assert "maskwright annotate" in error.hint


def test_a_selection_that_is_stopped_leaves_nothing(out: Path) -> None:
    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    before = files_of(out)
    with pytest.raises(KeyboardInterrupt):
        select(out, "true", name="good", progress=stop)
    assert files_of(out) == before
    assert not (out / "selections").exists()


FULL = """
import json, os, shutil, sys
from pathlib import Path
from maskwright.datasets.selecting.select import select
from maskwright.errors import RunError
out = Path(shutil.copytree(sys.argv[1], Path(sys.argv[2]) / "out"))
select(out, "qes > 0.5", name="good")
files = lambda: {str(path): path.read_bytes().hex() for path in out.rglob("*") if path.is_file()}
before = files()
try:
    with open(Path(sys.argv[2]) / "filler", "wb", buffering=0) as filler:
        while True:
            filler.write(bytes(1024))
except OSError:
    pass
try:
    select(out, "true", name="good")
except RunError as fault:
    print(json.dumps([str(fault), files() == before]))
"""


def test_a_full_disk_is_told_and_leaves_the_selection_that_was_there(out: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f'mount -t tmpfs -o size=1m none {disk} && exec "$@"'
    inside = ["unshare", "--mount", "--map-root-user", "sh", "-c", mount, "sh"]
    try:
        may = subprocess.run([*inside, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        may = False
    if not may:
        pytest.skip("no disk of a test's own may be mounted here")
    done = subprocess.run([*inside, sys.executable, "-c", FULL, out, disk], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said, unchanged = json.loads(done.stdout)
    assert "selections/good.parquet cannot be written: the disk is full" in said
    assert unchanged


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_corpus_that_cannot_be_written_is_told(out: Path) -> None:
    out.chmod(0o500)
    try:
        assert "cannot be written" in str(refused(out, out, "true", name="good"))
    finally:
        out.chmod(0o700)


@pytest.mark.parametrize(
    "condition",
    [
        "true; drop table x",
        "true) or (true",
        "true limit 1",
        "id in (select content from read_text('{}'))",
        "id in (select column0 from read_csv('{}'))",
        "id in (select * from '{}')",
        "exists (select 1 from glob('{}*'))",
        "COPY (select 1) TO '{}'",
        "ATTACH '{}'",
        "getenv('HOME') is not null",
        "mask is not null",
    ],
)
def test_a_hostile_condition_reads_no_file_and_runs_no_statement(
    out: Path, tmp_path: Path, condition: str
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("row 0\n")
    refused(out, out, condition.format(secret), name="good")
    assert secret.read_text() == "row 0\n"


# A selection read again


def changed_by(out: Path, change: Callable[[Path], None]) -> RunError:
    select(out, ["qes > 0.5", "model <> 'it''s'"], name="good", threshold=None)
    change(out)
    with pytest.raises(RunError) as caught:
        load_selection(out, "good")
    return caught.value


def test_a_selection_of_a_corpus_that_grew_is_refused_with_the_line_to_type(
    grower: Grower, tmp_path: Path
) -> None:
    out = grower.grow(tmp_path / "out", ROWS, missing=[1])
    whole = grower.grow(tmp_path / "whole", ROWS)
    part = Path("annotations") / "part-00001.parquet"
    error = changed_by(out, lambda out: shutil.copy(whole / part, out / part) and None)
    assert "then 1 part, now 2 parts" in str(error)
    assert error.hint == (
        f"select again: maskwright select {out} --where 'qes > 0.5'"
        " --where 'model <> '\"'\"'it'\"'\"''\"'\"'s'\"'\"'' --name good"
    )


def test_a_selection_is_refused_where_a_part_was_made_anew_with_another_score(
    grower: Grower, tmp_path: Path
) -> None:
    out = grower.grow(tmp_path / "out", ROWS)
    other = grower.grow(tmp_path / "other", [{**ROWS[0], "qes": 0.8}, *ROWS[1:]])
    part = Path("annotations") / "part-00000.parquet"
    assert (out / part).stat().st_size == (other / part).stat().st_size
    assert "has changed" in str(changed_by(out, lambda out: shutil.copy(other / part, out / part) and None))


def test_touching_a_part_does_not_change_a_corpus(out: Path) -> None:
    select(out, "qes > 0.5", name="good")
    os.utime(out / "annotations" / "part-00000.parquet", (1, 1))
    assert load_selection(out, "good").rows == 3


@pytest.mark.parametrize("broken", [b"", b"{}", b"[]", b'{"format": 2}', b"\xff"])
def test_a_damaged_description_is_told(out: Path, broken: bytes) -> None:
    error = changed_by(out, lambda out: (out / "selections/good.json").write_bytes(broken) and None)
    assert "is damaged" in str(error)
    assert "maskwright select" in error.hint


@pytest.mark.parametrize("rows", [b"PAR1", None])
def test_rows_that_are_not_those_described_are_told(out: Path, rows: bytes | None) -> None:
    path = out / "selections" / "good.parquet"
    error = changed_by(out, lambda _: path.unlink() if rows is None else path.write_bytes(rows) and None)
    assert "is damaged" in str(error)


def test_an_unknown_selection_is_answered_with_the_nearest_one(out: Path) -> None:
    with pytest.raises(SettingError) as caught:
        load_selection(out, "good")
    assert f"maskwright select {out}" in caught.value.hint
    select(out, "true", name="good")
    with pytest.raises(SettingError) as caught:
        load_selection(out, "god")
    assert caught.value.hint == "did you mean good?"


def test_the_public_name_is_the_same_function() -> None:
    assert maskwright.select is select
    assert maskwright.Selected is Selected
