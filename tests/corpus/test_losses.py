"""Pictures that crash, hang or break their worker cost their own row, and can be tried again."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from maskwright.corpus.annotate import Options, annotate
from maskwright.corpus.reader import open_corpus
from maskwright.corpus.status import status
from maskwright.errors import RunError
from tests.corpus.made import folder_of, parts_of


def outcome(out: Path) -> list[tuple[str, str]]:
    table = open_corpus(out).table(["status", "reason"])
    return list(zip(table["status"].to_pylist(), table["reason"].to_pylist(), strict=True))


def expected(rows: int, killers: dict[int, str]) -> list[tuple[str, str]]:
    return [("failed", killers[row]) if row in killers else ("ok", "") for row in range(rows)]


def test_a_picture_that_crashes_its_worker_costs_one_row(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "source", 12, marks=[5])
    summary = annotate(source, tmp_path / "out", annotator="tests.corpus.made:Exits", workers=1)
    assert outcome(tmp_path / "out") == expected(12, {5: "worker_died"})
    assert summary.by_status == {"ok": 11, "failed": 1}
    assert not list((tmp_path / "out").rglob(".tmp-*"))


@pytest.mark.slow
def test_several_such_pictures_cost_a_row_each(tmp_path: Path) -> None:
    marks = [0, 1, 7, 8, 15]
    source = folder_of(tmp_path / "source", 16, marks=marks)
    annotate(source, tmp_path / "out", annotator="tests.corpus.made:Exits", workers=2)
    assert outcome(tmp_path / "out") == expected(16, dict.fromkeys(marks, "worker_died"))


def test_a_picture_that_hangs_its_worker_costs_one_row(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "source", 6, marks=[2])
    options = Options(timeout_s=1.0)
    annotate(source, tmp_path / "out", annotator="tests.corpus.made:Hangs", workers=1, options=options)
    assert outcome(tmp_path / "out") == expected(6, {2: "timed_out"})
    assert not list((tmp_path / "out").rglob(".tmp-*"))


@pytest.mark.slow
def test_a_picture_that_eats_the_memory_costs_one_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maskwright.corpus.sitting._MEMORY_SHARE", 0.0)
    source = folder_of(tmp_path / "source", 4, marks=[1])
    annotate(source, tmp_path / "out", annotator="tests.corpus.made:Hoards", workers=1)
    assert outcome(tmp_path / "out") == expected(4, {1: "worker_died"})
    detail = open_corpus(tmp_path / "out").table(["detail"])["detail"][1].as_py()
    assert "MemoryError" in detail


def test_a_bug_of_an_annotator_costs_one_row(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "source", 6, marks=[4])
    annotate(source, tmp_path / "out", annotator="tests.corpus.made:Raises", workers=1)
    assert outcome(tmp_path / "out") == expected(6, {4: "internal_error"})


@pytest.mark.slow
def test_rows_beside_a_killer_are_as_without_it(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "source", 8, marks=[5])
    annotate(source, tmp_path / "died", annotator="tests.corpus.made:Exits", workers=1)
    annotate(source, tmp_path / "fine", workers=1)
    one, other = (open_corpus(tmp_path / name) for name in ("died", "fine"))
    columns = [name for name in one.columns if name != "id"]

    def rows(table: pa.Table) -> list[dict[str, object]]:
        return [row for at, row in enumerate(table.to_pylist()) if at != 5]

    assert rows(one.table(columns)) == rows(other.table(columns))


def test_failed_rows_are_kept_until_they_are_retried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = folder_of(tmp_path / "source", 20, marks=[9])
    harm = tmp_path / "harm"
    harm.touch()
    monkeypatch.setenv("HARM_FILE", str(harm))
    out = tmp_path / "out"
    annotator = "tests.corpus.made:FailsOnce"
    assert annotate(source, out, annotator=annotator, workers=1).by_status["failed"] == 1
    assert status(out).command.endswith(f"--retry failed {source} {out}")
    before = parts_of(out)
    harm.unlink()
    annotate(source, out, annotator=annotator, workers=1)
    assert parts_of(out) == before
    summary = annotate(source, out, annotator=annotator, workers=1, retry_failed=True)
    assert summary.by_status == {"ok": 20}
    assert summary.command == ""
    changed = [name for name, data in parts_of(out).items() if data != before[name]]
    assert changed == ["part-00001.parquet"]
    assert len(list((out / "masks").iterdir())) == 20


def test_an_annotator_that_ends_every_worker_at_once_is_the_runs_fault(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "source", 2)
    with pytest.raises(RunError, match="outside of any row"):
        annotate(source, tmp_path / "out", annotator="tests.corpus.made:DiesInWorkers", workers=1)
    assert not list((tmp_path / "out").rglob(".tmp-*"))
