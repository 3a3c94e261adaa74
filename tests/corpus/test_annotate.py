"""A whole source becomes a corpus: every row once, whatever the rows hold."""

from __future__ import annotations

import csv
import shutil
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.corpus.annotate import Options, RowsDone, annotate
from maskwright.corpus.names import file_name
from maskwright.corpus.parts import parts_done
from maskwright.corpus.reader import open_corpus
from maskwright.errors import InputError, RunError, SettingError
from maskwright.pairs.picture import decode_grey
from maskwright.pairs.sources import Roles
from maskwright.pairs.values import REASONS
from tests.corpus.made import edited, folder_of, parts_of, photograph, save, table_of
from tests.corpus.test_names import HOSTILE


def temporaries(out: Path) -> list[str]:
    return [path.name for path in out.rglob(".tmp-*")]


@pytest.fixture(scope="module")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("twenty") / "source", 20)


@pytest.fixture(scope="module")
def finished(twenty: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("finished") / "out"
    annotate(twenty, out, workers=1)
    return out


def test_every_pair_of_a_folder_gets_its_mask(finished: Path) -> None:
    corpus = open_corpus(finished)
    assert corpus.table(["status"])["status"].to_pylist() == ["ok"] * 20
    before = photograph(7)
    mask = corpus.mask("edited/0007.png")
    assert mask is not None
    assert np.array_equal(mask, (edited(before) != before).any(axis=2))


def test_nothing_but_the_promised_files_is_left(finished: Path) -> None:
    assert sorted(path.name for path in finished.iterdir()) == [
        "annotations",
        "change",
        "masks",
        "plan.parquet",
        "run.json",
    ]
    assert temporaries(finished) == []


def test_the_files_are_the_pictures_of_the_parts(finished: Path) -> None:
    corpus = open_corpus(finished)
    for pair_id in corpus.ids:
        levels = decode_grey((finished / "masks" / f"{file_name(pair_id)}.png").read_bytes())
        mask = corpus.mask(pair_id)
        assert mask is not None
        assert np.array_equal(levels, np.where(mask, 255, 0))


def test_the_number_of_workers_does_not_change_a_byte(twenty: Path, finished: Path, tmp_path: Path) -> None:
    annotate(twenty, tmp_path / "out", workers=2)
    assert parts_of(tmp_path / "out") == parts_of(finished)


def test_a_second_call_finds_nothing_to_do(twenty: Path, finished: Path) -> None:
    times = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    summary = annotate(twenty, finished, workers=2)
    assert summary.rows_done == 20
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*")} == times


def test_a_missing_part_is_made_again_to_the_same_bytes(twenty: Path, finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(finished, out)
    (out / "annotations" / "part-00001.parquet").unlink()
    annotate(twenty, out, workers=1)
    assert parts_of(out) == parts_of(finished)


def test_files_that_were_lost_are_written_again_on_resume(
    twenty: Path, finished: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(finished, out)
    gone = out / "masks" / f"{file_name('edited/0003.png')}.png"
    data = gone.read_bytes()
    gone.unlink()
    annotate(twenty, out, workers=1)
    assert gone.read_bytes() == data


def test_progress_ends_at_the_total(twenty: Path, tmp_path: Path) -> None:
    seen: list[RowsDone] = []
    annotate(twenty, tmp_path / "out", workers=1, progress=seen.append)
    assert [(each.rows, each.total) for each in (seen[0], seen[-1])] == [(0, 20), (20, 20)]
    assert all(a.rows <= b.rows for a, b in pairwise(seen))


def test_broken_files_are_rows_with_a_reason(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "source", 6)
    (source / "edited" / "0001.png").write_bytes(b"")
    whole = (source / "edited" / "0002.png").read_bytes()
    (source / "edited" / "0002.png").write_bytes(whole[: len(whole) // 2])
    (source / "edited" / "0003.png").write_text("no picture at all")
    (source / "original" / "0004.png").unlink()
    summary = annotate(source, tmp_path / "out", workers=1)
    table = open_corpus(tmp_path / "out").table(["id", "reason", "detail"]).to_pylist()
    reasons = {row["id"]: row["reason"] for row in table}
    assert reasons == {
        "edited/0000.png": "",
        "edited/0001.png": "file_empty",
        "edited/0002.png": "truncated",
        "edited/0003.png": "not_a_picture",
        "edited/0004.png": "unmatched",
        "edited/0005.png": "",
    }
    assert set(reasons.values()) <= set(REASONS)
    assert (summary.rows_planned, summary.rows_done) == (6, 6)
    assert summary.by_status == {"rejected": 4, "ok": 2}


def test_hostile_values_stay_in_their_row_and_in_out(tmp_path: Path) -> None:
    rows = [{"name": each.encode("utf-8", "replace").decode().replace("\0", "")} for each in HOSTILE]
    source = table_of(tmp_path / "source", rows)
    annotate(source, tmp_path / "deep" / "out", workers=1)
    corpus = open_corpus(tmp_path / "deep" / "out")
    with source.open(encoding="utf-8", newline="") as file:
        expected = [row["name"] for row in csv.DictReader(file)]
    assert [name or "" for name in corpus.table(["name"])["name"].to_pylist()] == expected
    assert {path.name for path in tmp_path.iterdir()} == {"source", "deep"}


@pytest.mark.parametrize("place", ["", "inside", "deep/inside"])
def test_out_inside_the_source_is_refused(tmp_path: Path, place: str) -> None:
    source = folder_of(tmp_path / "source", 1)
    with pytest.raises(SettingError, match="inside the source"):
        annotate(source, source / place)
    assert sorted(path.name for path in source.iterdir()) == ["edited", "original"]


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "source", 1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    with pytest.raises(SettingError, match="not empty"):
        annotate(source, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]


def test_a_file_as_out_is_refused(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "source", 1)
    (tmp_path / "out").write_text("a file")
    with pytest.raises(SettingError, match="is a file"):
        annotate(source, tmp_path / "out")


def test_out_that_cannot_be_written_is_a_run_error(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "source", 1)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        annotate(source, tmp_path / "file" / "out")


def test_an_unknown_annotator_leaves_no_trace(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "source", 1)
    with pytest.raises(SettingError) as caught:
        annotate(source, tmp_path / "out", annotator="diference")
    assert "difference" in caught.value.hint
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("workers", [0, -2])
def test_no_worker_is_refused(tmp_path: Path, workers: int) -> None:
    source = folder_of(tmp_path / "source", 1)
    with pytest.raises(SettingError):
        annotate(source, tmp_path / "out", workers=workers)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (Options(seed=1, sample=7), "sample: was None, is 7"),
        (Options(max_pixels=5000), "max_pixels: was 100000000, is 5000"),
    ],
)
def test_another_setting_is_refused_with_the_difference(
    twenty: Path, finished: Path, options: Options, shown: str
) -> None:
    with pytest.raises(RunError, match=shown):
        annotate(twenty, finished, options=options)


def test_another_annotator_is_refused_with_the_difference(twenty: Path, finished: Path) -> None:
    with pytest.raises(RunError, match="annotator_digest: was"):
        annotate(twenty, finished, annotator="tests.corpus.made:OtherConstants")


def test_a_changed_source_is_refused_with_the_difference(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "source", 10)
    annotate(source, tmp_path / "out", workers=1)
    before = parts_of(tmp_path / "out")
    save(source / "edited" / "0003.png", photograph(55, side=64))
    with pytest.raises(RunError, match=r"part 0 .* changed: .*size \d+ to \d+"):
        annotate(source, tmp_path / "out", workers=1)
    assert parts_of(tmp_path / "out") == before


def test_a_sample_is_drawn_once_and_kept(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "source", 30)
    options = Options(sample=9, seed=4, files=False)
    summary = annotate(source, tmp_path / "a", workers=1, options=options)
    ids = open_corpus(tmp_path / "a").ids
    assert summary.rows_planned == 9
    assert len(set(ids)) == 9
    annotate(source, tmp_path / "b", workers=2, options=options)
    (tmp_path / "b" / "annotations" / f"part-{parts_done(tmp_path / 'b')[0]:05d}.parquet").unlink()
    annotate(source, tmp_path / "b", workers=2, options=options)
    assert parts_of(tmp_path / "b") == parts_of(tmp_path / "a")
    annotate(source, tmp_path / "c", workers=1, options=Options(sample=9, seed=5))
    assert open_corpus(tmp_path / "c").ids != ids


@pytest.mark.parametrize(
    "options",
    [
        Options(seed=-1),
        Options(sample=1, seed=-1),
        Options(max_pixels=0),
        Options(timeout_s=0),
        Options(timeout_s=float("nan")),
        Options(roles=Roles(original="left")),
    ],
)
def test_a_setting_out_of_range_is_refused_before_anything_is_made(tmp_path: Path, options: Options) -> None:
    source = folder_of(tmp_path / "source", 1)
    with pytest.raises(SettingError):
        annotate(source, tmp_path / "out", options=options)
    with pytest.raises(SettingError):
        annotate(source, tmp_path / "o\0ut")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_a_run_in_another_thread_is_the_same(twenty: Path, finished: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(annotate, twenty, tmp_path / "out", workers=1).result()
    assert parts_of(tmp_path / "out") == parts_of(finished)


@pytest.mark.parametrize("sample", [0, -1, 31, 2.5])
def test_a_sample_that_cannot_be_drawn_is_refused(tmp_path: Path, sample: Any) -> None:
    source = folder_of(tmp_path / "source", 30)
    with pytest.raises(SettingError, match="30 rows"):
        annotate(source, tmp_path / "out", options=Options(sample=sample))
    assert not (tmp_path / "out").exists()


def test_without_files_there_are_none_until_unpacked(twenty: Path, finished: Path, tmp_path: Path) -> None:
    from maskwright.corpus.view import unpack

    out = tmp_path / "out"
    annotate(twenty, out, workers=1, options=Options(files=False))
    assert not (out / "masks").exists()
    assert unpack(out) == 40
    assert unpack(out) == 0
    files = [path.relative_to(out) for path in out.rglob("*.png")]
    assert {each: (out / each).read_bytes() for each in files} == {
        path.relative_to(finished): path.read_bytes() for path in finished.rglob("*.png")
    }


def test_a_source_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        annotate(tmp_path / "nowhere", tmp_path / "out")
    assert not (tmp_path / "out").exists()
