"""A run is frozen once, whole, and compared ever after."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.corpus import atomic
from maskwright.corpus.annotate import Options, annotate
from maskwright.corpus.command import resume_command
from maskwright.corpus.parts import write_part
from maskwright.corpus.plan import drawn, freeze_run, load_plan, load_run, plan_bytes
from maskwright.corpus.reader import open_corpus
from maskwright.corpus.schema import freeze, misfits
from maskwright.corpus.status import status
from maskwright.corpus.work import PartTask, annotate_part
from maskwright.errors import RunError, SettingError
from maskwright.masks.annotators import DEFAULT
from maskwright.pairs.sources import Part, Roles, open_source
from tests.corpus.made import folder_of, photograph, save, table_of

parts_strategy = st.lists(st.integers(1, 30), min_size=1, max_size=12).map(
    lambda sizes: [Part(n, "", sum(sizes[:n]), rows, 0, "") for n, rows in enumerate(sizes)]
)


@settings(deadline=None)
@given(parts_strategy, st.integers(0, 2**32), st.data())
def test_a_sample_draws_so_many_different_rows(parts: list[Part], seed: int, data: st.DataObject) -> None:
    sample = data.draw(st.integers(1, sum(part.rows for part in parts)))
    plan = drawn(parts, sample, seed)
    assert sum(planned.rows for planned in plan) == sample
    for planned in plan:
        assert planned.take is not None
        assert list(planned.take) == sorted(set(planned.take))
        assert all(0 <= row < planned.part.rows for row in planned.take)


def test_every_row_is_drawn_as_often_as_any_other() -> None:
    parts = [Part(n, "", 0, rows, 0, "") for n, rows in enumerate([1, 7, 2])]
    hits = Counter(
        (planned.part.number, row)
        for seed in range(2000)
        for planned in drawn(parts, 5, seed)
        for row in planned.take or ()
    )
    # 2000 draws of 5 of 10: 1000 each, with a standard deviation of 22
    assert len(hits) == 10
    assert all(880 < count < 1120 for count in hits.values())


def test_the_same_plan_gives_the_same_bytes(tmp_path: Path) -> None:
    plan = drawn([Part(0, "a", 0, 9, 5, "x"), Part(1, "b", 0, 9, 5, "y")], 7, 1)
    assert plan_bytes(plan) == plan_bytes(plan)
    (tmp_path / "plan.parquet").write_bytes(plan_bytes(plan))
    assert load_plan(tmp_path) == plan


def test_run_json_can_be_read_by_people(tmp_path: Path) -> None:
    annotate(folder_of(tmp_path / "source", 1), tmp_path / "out", workers=1)
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["annotator_name"] == DEFAULT
    assert record["source"] == str(tmp_path / "source")
    assert record["columns"]["area_frac"] == "double"
    assert {"maskwright", "numpy", "opencv-python-headless", "pillow", "pyarrow"} <= set(record["versions"])


def test_a_plan_that_was_not_yet_there_is_made_from_the_source(tmp_path: Path) -> None:
    source, out = folder_of(tmp_path / "source", 3), tmp_path / "out"
    annotate(source, out, workers=1)
    plan = (out / "plan.parquet").read_bytes()
    (out / "plan.parquet").unlink()
    with pytest.raises(RunError, match=r"plan\.parquet"):
        status(out)
    annotate(source, out, workers=1)
    assert (out / "plan.parquet").read_bytes() == plan


RACE = """
import sys, time
from maskwright.corpus.annotate import Options, annotate
from maskwright.errors import RunError
time.sleep(max(0.0, float(sys.argv[4]) - time.time()))
try:
    annotate(sys.argv[1], sys.argv[2], workers=1, options=Options(max_pixels=int(sys.argv[3])))
except RunError as fault:
    sys.exit(str(fault))
"""


@pytest.mark.slow
def test_of_two_different_runs_started_at_once_one_wins_whole(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "source", 3)
    for attempt in range(4):
        out = tmp_path / f"out{attempt}"
        at = str(time.time() + 1.5)
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", RACE, str(source), str(out), str(limit), at], stderr=subprocess.PIPE
            )
            for limit in (5000, 6000)
        ]
        said = [process.communicate()[1].decode() for process in processes]
        assert sorted(process.returncode for process in processes) == [0, 1], said
        winner = 5000 if processes[0].returncode == 0 else 6000
        assert load_run(out).max_pixels == winner
        assert f"max_pixels: was {winner}" in "".join(said)
        assert status(out).rows_done == 3
        assert not list(out.rglob(".tmp-*"))


def test_a_full_disk_is_a_run_error_and_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    annotate(folder_of(tmp_path / "source", 2), out, workers=1)
    run, (planned,) = load_run(out), load_plan(out)
    script = (
        "import resource, sys; from pathlib import Path; from maskwright.corpus.parts import write_part;"
        "from maskwright.corpus.plan import load_run; from maskwright.errors import RunError\n"
        "out = Path(sys.argv[1]); resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "try: write_part(out, load_run(out), 7, [{'id': 'x' * 5000 + str(n)} for n in range(500)])\n"
        "except RunError as fault: sys.exit(0 if 'cannot be written' in str(fault) else str(fault))\n"
        "sys.exit('nothing was raised')"
    )
    done = subprocess.run([sys.executable, "-c", script, str(out)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(out / "annotations")) == ["part-00000.parquet"]
    assert planned.rows == 2
    assert run.annotator == DEFAULT


def test_rows_that_break_off_leave_no_part(tmp_path: Path) -> None:
    out = tmp_path / "out"
    annotate(folder_of(tmp_path / "source", 2), out, workers=1)

    def rows() -> list[dict[str, object]]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_part(out, load_run(out), 7, (row for _ in [0] for row in rows()))
    assert sorted(os.listdir(out / "annotations")) == ["part-00000.parquet"]


def test_a_source_that_changes_under_a_run_stops_it(tmp_path: Path) -> None:
    source, out = folder_of(tmp_path / "source", 3), tmp_path / "out"
    annotate(source, out, workers=1)
    (out / "annotations" / "part-00000.parquet").unlink()
    save(source / "edited" / "0001.png", photograph(77, side=50))
    with pytest.raises(RunError, match="has changed since the run began"):
        annotate_part(str(out), PartTask(0, files=False), lambda note: None)
    assert not list((out / "annotations").iterdir())


def test_values_that_no_longer_fit_are_rejected_rows_not_a_new_type(tmp_path: Path) -> None:
    source, out = table_of(tmp_path / "source", [{"stars": n} for n in range(4)]), tmp_path / "out"
    annotate(source, out, workers=1)
    run = load_run(out)
    source.write_text(source.read_text().replace("after.png,2", "after.png,many"))
    assert open_source(source).schema().field("stars").type == pa.string()
    shutil.rmtree(out)
    (out / "annotations").mkdir(parents=True)
    freeze_run(out, run, drawn(open_source(source).plan(), None, 0))
    annotate_part(str(out), PartTask(0, files=False), lambda note: None)
    table = open_corpus(out).table(["reason", "stars"])
    assert table.schema.field("stars").type == pa.int64()
    assert table["reason"].to_pylist() == ["bad_row"] * 4
    assert table["stars"].to_pylist() == [None] * 4


@pytest.mark.parametrize(
    ("value", "fits"), [(3, True), (None, True), (3.5, False), ("three", False), (2**80, False)]
)
def test_only_values_of_the_frozen_type_fit(value: object, fits: bool) -> None:
    frozen = freeze(pa.schema([("stars", pa.int64())]), ())
    assert (misfits(frozen, {"stars": value}) == {}) is fits


def test_a_column_that_was_not_there_is_a_misfit() -> None:
    assert "new" in misfits(freeze(pa.schema([]), ()), {"new": 1})


@pytest.mark.parametrize("layer", ["mask", "id", "a/b", "..", ""])
def test_a_layer_may_not_take_a_name_of_ours_or_of_a_path(layer: str) -> None:
    with pytest.raises(SettingError):
        freeze(pa.schema([]), (layer,))


def test_the_command_to_go_on_is_quoted_and_whole(tmp_path: Path) -> None:
    source = table_of(tmp_path / "my source", [{"caption": "x"}])
    out = tmp_path / "it's out"
    roles = Roles(original="original", edited="edited", instruction="caption", swap=True)
    annotate(source, out, workers=1, options=Options(roles=roles, sample=1, seed=3, max_pixels=10_000))
    words = shlex.split(resume_command(load_run(out), out))
    assert words == [
        *[
            "maskwright",
            "annotate",
            "--original",
            "original",
            "--edited",
            "edited",
            "--instruction",
            "caption",
            "--swap",
        ],
        *["--sample", "1", "--seed", "3", "--max-pixels", "10000"],
        str(source),
        str(out),
    ]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
def test_a_dead_process_is_told_from_a_living_one(tmp_path: Path) -> None:
    mine = atomic.temporary_path(tmp_path / "part.parquet")
    mine.touch()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    while b") Z" not in Path(f"/proc/{dead.pid}/stat").read_bytes():
        time.sleep(0.01)  # ended, but not reaped: as orphans are where nobody reaps
    gone = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{dead.pid}-"))
    gone.touch()
    assert atomic.in_work(tmp_path)
    atomic.remove_stale(tmp_path)
    assert list(tmp_path.iterdir()) == [mine]
    dead.wait()
    atomic.remove_temporaries(tmp_path, of_pid=os.getpid())
    assert not atomic.in_work(tmp_path)
