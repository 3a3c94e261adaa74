"""A worker opens the shard of its part and no other, and writes the same bytes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from maskwright.corpus.annotate import Options, annotate, run_of
from maskwright.corpus.estimate import estimate
from maskwright.corpus.plan import RUN, drawn, freeze_run, load_plan, load_run
from maskwright.corpus.reader import open_corpus
from maskwright.corpus.work import PartTask, annotate_part, workshop
from maskwright.errors import RunError
from maskwright.masks.annotators import DEFAULT, load_annotator
from maskwright.pairs.sources import Roles, open_source
from tests.corpus.made import edited, parts_of, photograph, png
from tests.pairs.corpora import lists
from tests.pairs.test_sources_webdataset import sample, write_tar

NO_FILES = Options(files=False)
SESSIONS = Options(files=False, roles=Roles(corpus="imgedit-multi-turn"))


def tars(place: Path, shards: int = 3) -> Path:
    """Tars of pairs; some members are in one shard only."""
    place.mkdir()
    for shard in range(shards):
        samples = []
        for number in range(9):
            before = photograph(shard * 9 + number)
            more = (
                {"txt": f"edit {number}"} if shard == 1 else {"json": json.dumps({"n": number + shard / 2})}
            )
            after = b"no picture" if number == 4 else png(edited(before))
            samples.append(sample(f"{number}", original__png=png(before), edited__png=after, **more))
        write_tar(place / f"s-{shard}.tar", *samples)
    return place


def parquet(place: Path) -> Path:
    """Shards of Parquet; a column has no values in the first, another none in the last."""
    place.mkdir()
    for shard in range(3):
        pictures = [photograph(shard * 9 + number) for number in range(9)]
        columns: dict[str, Any] = {
            "original": [png(each) for each in pictures],
            "edited": [None if i == 2 else png(edited(each)) for i, each in enumerate(pictures)],
            "note": [None] * 9 if shard == 0 else [f"note {i}" for i in range(9)],
            "n": [None] * 9 if shard == 2 else list(range(9)),
        }
        pq.write_table(pa.table(columns), place / f"s-{shard}.parquet", row_group_size=4)
    return place


def sessions(place: Path) -> Path:
    """Sessions of several edits in two shards."""
    place.mkdir()
    lists.imgedit_sessions(place, turns=(3, 2, 0, 4)).rename(place / "part0.parquet")
    lists.imgedit_sessions(place, turns=(1, 5, 2)).rename(place / "part1.parquet")
    return place


@pytest.mark.parametrize(
    ("make", "options"),
    [(tars, NO_FILES), (parquet, NO_FILES), (sessions, SESSIONS)],
)
def test_parts_are_the_same_bytes_as_of_a_source_opened_whole(
    make: Callable[[Path], Path], options: Options, tmp_path: Path
) -> None:
    source, out, whole = make(tmp_path / "source"), tmp_path / "out", tmp_path / "whole"
    annotate(source, out, workers=1, options=options)
    run, plan = load_run(out), load_plan(out)
    assert run.known is not None
    assert len({planned.part.file for planned in plan}) > 1
    (whole / "annotations").mkdir(parents=True)
    freeze_run(whole, replace(run, known=None), plan)
    for planned in plan:
        annotate_part(str(whole), PartTask(planned.part.number, files=False), lambda note: None)
    assert parts_of(out) == parts_of(whole)
    assert set(open_corpus(out).table(["status"])["status"].to_pylist()) > {"ok"}


def test_a_worker_does_its_part_with_all_other_shards_gone(tmp_path: Path) -> None:
    source, out = tars(tmp_path / "source"), tmp_path / "out"
    annotate(source, out, workers=1, options=NO_FILES)
    before, part = parts_of(out), out / "annotations" / "part-00004.parquet"
    assert load_plan(out)[4].part.file == "s-2.tar"
    part.unlink()
    for gone in ("s-0.tar", "s-1.tar"):
        (source / gone).unlink()
    annotate_part(str(out), PartTask(4, files=False), lambda note: None)
    assert parts_of(out) == before
    assert open_corpus(out).pictures("s-2.tar#0")[0].shape == (48, 48, 3)


def test_a_shard_that_changes_stops_its_parts_and_the_next_sitting(tmp_path: Path) -> None:
    source, out = tars(tmp_path / "source"), tmp_path / "out"
    annotate(source, out, workers=1, options=NO_FILES)
    before = parts_of(out)
    for part in (out / "annotations").iterdir():
        part.unlink()
    write_tar(source / "s-1.tar", sample("x", original__png=b"", edited__png=b""))
    workshop.cache_clear()
    annotate_part(str(out), PartTask(0, files=False), lambda note: None)
    assert parts_of(out)["part-00000.parquet"] == before["part-00000.parquet"]
    with pytest.raises(RunError, match=r"has changed since the run began \(part 2\)"):
        annotate_part(str(out), PartTask(2, files=False), lambda note: None)
    with pytest.raises(RunError, match=r"belongs to another run: .*s-1\.tar"):
        annotate(source, out, workers=1, options=NO_FILES)
    (source / "s-1.tar").unlink()
    with pytest.raises(RunError, match=r"can no longer be read \(part 2\)"):
        annotate_part(str(out), PartTask(2, files=False), lambda note: None)
    assert [path.name for path in (out / "annotations").iterdir()] == ["part-00000.parquet"]


def test_a_worker_does_its_part_of_what_lies_at_a_distance_with_all_other_shards_gone(
    tmp_path: Path,
) -> None:
    fsspec = pytest.importorskip("fsspec", reason="the extra hub is not installed")
    system, root = fsspec.filesystem("memory"), f"/{tmp_path.name}"
    here, there = tmp_path / "here", tmp_path / "there"
    annotate(tars(tmp_path / "made"), here, workers=1, options=NO_FILES)
    for path in (tmp_path / "made").iterdir():
        system.pipe_file(f"{root}/{path.name}", path.read_bytes())
    options = Options(files=False, roles=Roles(allow_remote=True))
    opened = open_source(f"memory:/{root}", roles=options.roles)
    run = run_of(opened, DEFAULT, load_annotator(DEFAULT).card, options)
    (there / "annotations").mkdir(parents=True)
    freeze_run(there, run, drawn(opened.plan(), None, 0))
    for gone in ("s-0.tar", "s-1.tar"):
        system.rm(f"{root}/{gone}")
    annotate_part(str(there), PartTask(4, files=False), lambda note: None)
    system.rm(root, recursive=True)
    assert parts_of(there)["part-00004.parquet"] == parts_of(here)["part-00004.parquet"]


def test_what_a_run_takes_is_told_of_a_source_of_shards(tmp_path: Path) -> None:
    found = estimate(parquet(tmp_path / "source"), options=NO_FILES)
    assert found.tried == found.rows == 27
    assert [(each.status, each.share) for each in found.shares if not each.reason] == [
        ("ok", 24 / 27),
        ("rejected", 3 / 27),
    ]


def test_a_run_that_knows_nothing_of_its_shards_goes_on(tmp_path: Path) -> None:
    """One that an earlier version began."""
    source, out = parquet(tmp_path / "source"), tmp_path / "out"
    annotate(source, out, workers=1, options=NO_FILES)
    before = parts_of(out)
    record = json.loads((out / RUN).read_text())
    del record["known"]
    (out / RUN).write_text(json.dumps(record))
    (out / "annotations" / "part-00001.parquet").unlink()
    annotate(source, out, workers=1, options=NO_FILES)
    assert parts_of(out) == before


def test_where_one_shard_does_not_lead_back_to_the_plan_workers_open_the_whole(tmp_path: Path) -> None:
    """As where a server says another time of a file than its listing does."""
    opened, card = open_source(tars(tmp_path / "source")), load_annotator(DEFAULT).card
    assert run_of(opened, DEFAULT, card, NO_FILES).known is not None
    os.utime(tmp_path / "source" / "s-0.tar", ns=(1, 1))
    assert run_of(opened, DEFAULT, card, NO_FILES).known is None
