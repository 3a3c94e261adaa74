"""Whatever breaks under a run: rows in are rows out, once each, nothing half, and the same line completes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from maskwright.corpus.annotate import Options, annotate
from maskwright.corpus.parts import parts_done
from maskwright.corpus.plan import load_plan
from maskwright.corpus.reader import open_corpus
from maskwright.corpus.status import status
from maskwright.corpus.work import PartTask, annotate_part
from maskwright.errors import InputError, RunError
from maskwright.pairs.sources import Roles, open_source
from maskwright.pairs.sources.jsonlines import JsonReader
from tests.corpus.made import edited, folder_of, parts_of, photograph, png, table_of
from tests.pairs.servers import Answer, serving
from tests.pairs.test_sources_webdataset import headers, sample, write_tar

ROOT = Path(__file__).parents[2]
SLOW = "tests.corpus.made:Slow"


def tar_of(path: Path, count: int) -> Path:
    """A tar of so many edited pairs."""
    samples = []
    for number in range(count):
        before = photograph(number)
        samples.append(sample(f"{number:04}", original__png=png(before), edited__png=png(edited(before))))
    return write_tar(path, *samples)


def parquet_of(path: Path, count: int, group: int = 10) -> Path:
    """A Parquet file of so many edited pairs, in row groups."""
    befores = [photograph(number) for number in range(count)]
    sides = {"original": [png(each) for each in befores], "edited": [png(edited(each)) for each in befores]}
    pq.write_table(pa.table(sides), path, row_group_size=group, compression="none")
    return path


def assert_sound(out: Path) -> None:
    """What is there is whole: every row of every finished part once, and nothing else."""
    plan = {each.part.number: each for each in load_plan(out)}
    done = parts_done(out)
    corpus = open_corpus(out)
    ids = corpus.ids
    assert len(ids) == len(set(ids)) == sum(plan[number].rows for number in done)
    assert ids == [
        row.id for number in done for row in open_source(corpus.source, roles=REMOTE).read(plan[number].part)
    ]
    pictures = corpus.table(["status", "mask", "change"]).to_pylist()
    assert all((row["mask"] is not None) == (row["status"] == "ok") for row in pictures)
    assert not list(out.rglob(".tmp-*"))


REMOTE = Roles(allow_remote=True)

# ---- no room --------------------------------------------------------------------------------------------

FULL = """
import json, subprocess, sys
from pathlib import Path
from maskwright.corpus.annotate import Options, annotate
from maskwright.corpus.status import status
from maskwright.errors import RunError
from tests.corpus.test_faults import assert_sound, digests
source, out, files = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "files"
try:
    annotate(source, out, workers=2, options=Options(files=files))
    sys.exit("it was not full")
except RunError as fault:
    said = [str(fault), fault.hint]
before = digests(out)
if before:
    assert_sound(out)
subprocess.run(["mount", "-o", "remount,size=64m", out.parent], check=True)
annotate(source, out, workers=2, options=Options(files=files))
assert_sound(out)
print(json.dumps({"said": said, "before": before, "after": digests(out)}))
"""


def digests(out: Path) -> dict[str, str]:
    """Name -> digest of every file there, but for run.json, which holds the place of the source."""
    files = [path for path in sorted(out.rglob("*")) if path.is_file() and path.name != "run.json"]
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def eighty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("eighty") / "source", 80)


@pytest.fixture(scope="module")
def undisturbed(eighty: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    annotate(eighty, out, workers=2)
    return out


def on_a_small_disk(source: Path, disk: Path, size_kb: int, *, files: bool) -> dict[str, Any]:
    """A run on a disk of its own that is too small, and again when it is larger."""
    disk.mkdir()
    mount = f"mount -t tmpfs -o size={size_kb}k none {disk}"
    inside = ["unshare", "--mount", "--map-root-user", "sh", "-c", f'{mount} && exec "$@"', "sh"]
    try:
        may = subprocess.run([*inside, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        may = False
    if not may:
        pytest.skip("no disk of a test's own may be mounted here")
    words = [sys.executable, "-c", FULL, source, disk / "out", "files" if files else "none"]
    done = subprocess.run([*inside, *map(str, words)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("files", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_full_disk_stops_the_run_and_the_same_line_completes_it(
    files: bool, eighty: Path, undisturbed: Path, tmp_path: Path
) -> None:
    wanted = {name: digest for name, digest in digests(undisturbed).items() if files or "png" not in name}
    pages = sum(-(-(undisturbed / name).stat().st_size // 4096) for name in wanted)
    found = on_a_small_disk(eighty, tmp_path / "disk", 4 * pages * 6 // 10, files=files)
    message, hint = found["said"]
    assert "cannot be written: the disk is full" in message
    assert "type the same line again" in hint
    parts = [name for name in found["before"] if name.startswith("annotations/")]
    assert 0 < len(parts) < 10, "full in the middle of the run"
    assert found["after"] == wanted
    assert found["before"].items() <= wanted.items()


@pytest.mark.slow
def test_a_disk_that_is_full_from_the_start_is_told(eighty: Path, undisturbed: Path, tmp_path: Path) -> None:
    found = on_a_small_disk(eighty, tmp_path / "disk", 4, files=True)
    assert "the disk is full" in found["said"][0]
    assert found["before"] == {}
    assert found["after"] == digests(undisturbed)


LIMITED = """
import sys
from maskwright.corpus.annotate import Options, annotate
annotate(sys.argv[1], sys.argv[2], workers=1, options=Options(files=False))
"""


@pytest.mark.slow
def test_a_file_that_may_not_grow_further_stops_the_run_and_the_same_call_completes_it(
    tmp_path: Path,
) -> None:
    source, out = folder_of(tmp_path / "source", 40), tmp_path / "out"
    annotate(source, tmp_path / "undisturbed", workers=1, options=Options(files=False))
    sizes = [path.stat().st_size for path in (tmp_path / "undisturbed" / "annotations").iterdir()]
    limit = sorted(sizes)[2]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(source), str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert "cannot be written: " in done.stderr
    assert len(parts_done(out)) < 5
    assert_sound(out)
    annotate(source, out, workers=1, options=Options(files=False))
    assert parts_of(out) == parts_of(tmp_path / "undisturbed")


# ---- processes that go away -----------------------------------------------------------------------------


def workers_of(pid: int) -> list[psutil.Process]:
    return [
        each
        for each in psutil.Process(pid).children(recursive=True)
        if "executors.worker import serve" in " ".join(each.cmdline())
    ]


@pytest.mark.slow
def test_a_worker_that_is_killed_from_outside_costs_nothing(
    eighty: Path, undisturbed: Path, tmp_path: Path
) -> None:
    out, killed = tmp_path / "out", []

    def kill() -> None:
        while not out.is_dir() or len(parts_done(out)) < 2:
            time.sleep(0.005)
        for worker in workers_of(os.getpid())[:1]:
            worker.kill()
            killed.append(len(parts_done(out)))

    killer = threading.Thread(target=kill)
    killer.start()
    annotate(eighty, out, workers=2, annotator=SLOW, options=Options(files=False))
    killer.join()
    assert killed[0] < 10
    assert_sound(out)
    annotate(eighty, tmp_path / "again", workers=2, annotator=SLOW, options=Options(files=False))
    assert parts_of(out) == parts_of(tmp_path / "again")


RUN = """
import sys
from maskwright.corpus.annotate import annotate
annotate(sys.argv[1], sys.argv[2], annotator=sys.argv[3], workers=2)
"""


@pytest.mark.slow
def test_what_is_there_when_all_is_killed_at_once_is_whole(eighty: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-c", RUN, str(eighty), str(out), SLOW], cwd=ROOT)
    while len(parts_done(out)) < 3:
        assert process.poll() is None
        time.sleep(0.005)
    for each in [psutil.Process(process.pid), *workers_of(process.pid)]:
        each.send_signal(signal.SIGKILL)
    process.wait()
    assert 3 <= len(parts_done(out)) < 10
    assert status(out).rows_done == 8 * len(parts_done(out)) == len(open_corpus(out).ids)
    annotate(eighty, out, annotator=SLOW, workers=2)
    assert len(open_corpus(out).ids) == 80
    assert_sound(out)


# ---- sources that are cut off or change ------------------------------------------------------------------


def test_of_a_tar_that_is_cut_off_all_before_the_cut_is_as_in_the_whole(tmp_path: Path) -> None:
    whole = tar_of(tmp_path / "pairs.tar", 24)
    annotate(whole, tmp_path / "whole", workers=1)
    data, cut = whole.read_bytes(), headers(whole)["0017.edited.png"] + 700
    whole.write_bytes(data[:cut])
    summary = annotate(whole, tmp_path / "out", workers=1)
    assert (summary.rows_planned, summary.rows_done) == (18, 18)
    assert summary.by_reason == {"bad_row": 1}
    assert_sound(tmp_path / "out")
    assert maps(tmp_path / "out") == [*maps(tmp_path / "whole")[:17], (None, None)]
    times = modified(tmp_path / "out")
    assert annotate(whole, tmp_path / "out", workers=1).command == ""
    assert modified(tmp_path / "out") == times, "there was nothing left to do"


def maps(out: Path) -> list[tuple[bytes | None, ...]]:
    rows = open_corpus(out).table(["mask", "change"]).to_pylist()
    return [tuple(row[name] and row[name]["bytes"] for name in ("mask", "change")) for row in rows]


def modified(out: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in out.rglob("*")}


def test_of_a_parquet_file_with_a_damaged_row_group_the_others_are_as_in_the_whole(tmp_path: Path) -> None:
    source = parquet_of(tmp_path / "pairs.parquet", 30)
    annotate(source, tmp_path / "whole", workers=1)
    data = bytearray(source.read_bytes())
    start = pq.ParquetFile(source).metadata.row_group(1).column(0).data_page_offset
    data[start : start + 40] = b"\xff" * 40
    source.write_bytes(data)
    summary = annotate(source, tmp_path / "out", workers=1)
    assert summary.by_reason == {"bad_row": 10}
    assert_sound(tmp_path / "out")
    whole = maps(tmp_path / "whole")
    assert maps(tmp_path / "out") == whole[:10] + [(None, None)] * 10 + whole[20:]


def test_a_parquet_file_that_is_cut_off_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    source = parquet_of(tmp_path / "pairs.parquet", 30)
    source.write_bytes(source.read_bytes()[:-2000])
    with pytest.raises(InputError, match=r"pairs\.parquet is not a readable Parquet file"):
        annotate(source, tmp_path / "out", workers=1)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tar", "parquet"])
def test_a_file_that_is_cut_off_under_a_run_stops_it_and_when_it_is_whole_again_the_run_goes_on(
    kind: str, tmp_path: Path
) -> None:
    source = {"tar": tar_of, "parquet": parquet_of}[kind](tmp_path / f"pairs.{kind}", 80)
    kept = shutil.copy2(source, tmp_path / "kept")
    assert_stops_and_goes_on(
        source,
        tmp_path,
        lambda: os.truncate(source, source.stat().st_size // 4),
        lambda: shutil.copy2(kept, source),
    )


@pytest.mark.slow
def test_a_folder_that_goes_away_under_a_run_stops_it_and_when_it_is_back_the_run_goes_on(
    tmp_path: Path,
) -> None:
    source, away = folder_of(tmp_path / "source", 80), tmp_path / "away"
    assert_stops_and_goes_on(source, tmp_path, lambda: source.rename(away), lambda: away.rename(source))


@pytest.mark.slow
def test_a_server_that_goes_away_under_a_run_stops_it_and_when_it_is_back_the_run_goes_on(
    tmp_path: Path,
) -> None:
    pytest.importorskip("aiohttp", reason="the extra hub is not installed")
    good, gone = Answer(tar_of(tmp_path / "pairs.tar", 80).read_bytes()), Answer(status=500)
    with serving({"/pairs.tar": good}) as web:
        assert_stops_and_goes_on(
            f"{web.url}/pairs.tar",
            tmp_path,
            lambda: web.answers.update({"/pairs.tar": gone}),
            lambda: web.answers.update({"/pairs.tar": good}),
        )


def assert_stops_and_goes_on(
    source: Path | str, place: Path, harm: Callable[[], object], heal: Callable[[], object]
) -> None:
    out, options = place / "out", Options(files=False, roles=REMOTE)
    annotate(source, place / "undisturbed", annotator=SLOW, workers=1, options=options)
    harmed: list[int] = []

    def harm_it() -> None:
        while not out.is_dir() or len(parts_done(out)) < 2:
            time.sleep(0.005)
        harm()
        harmed.append(len(parts_done(out)))

    harmer = threading.Thread(target=harm_it)
    harmer.start()
    with pytest.raises(RunError, match=r"has changed since the run began|can no longer be read"):
        annotate(source, out, annotator=SLOW, workers=1, options=options)
    harmer.join()
    heal()
    assert harmed[0] <= len(parts_done(out)) < 10
    assert_sound(out)
    annotate(source, out, annotator=SLOW, workers=1, options=options)
    assert parts_of(out) == parts_of(place / "undisturbed")


# ---- sources that raise ----------------------------------------------------------------------------------


def test_a_source_that_raises_in_the_middle_of_a_part_breaks_the_rows_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = table_of(tmp_path / "source", [{"n": number} for number in range(20)])
    lines = [json.dumps({"original": "before.png", "edited": "after.png", "n": n}) for n in range(20)]
    source = table.with_name("pairs.jsonl")
    source.write_text("\n".join(lines))
    out = tmp_path / "out"
    annotate(source, out, workers=1)
    before = parts_of(out)
    (out / "annotations" / "part-00001.parquet").unlink()
    read = JsonReader.read

    def breaks(reader: JsonReader, *arguments: Any) -> Iterator[Any]:
        for number, row in enumerate(read(reader, *arguments)):
            if number == 3:
                raise ZeroDivisionError("a bug of the reader's")
            yield row

    with monkeypatch.context() as broken:
        broken.setattr(JsonReader, "read", breaks)
        counts = annotate_part(str(out), PartTask(1, files=False), lambda note: None)
    assert counts == {"ok": 3, "failed": 5}
    rows = open_corpus(out).table(["id", "reason", "detail"]).to_pylist()
    assert [row["id"] for row in rows] == [f"pairs.jsonl#{number}" for number in range(20)]
    assert [row["reason"] for row in rows[8:16]] == [""] * 3 + ["internal_error"] * 5
    assert "a bug of the reader's" in rows[11]["detail"]
    assert annotate(source, out, workers=1, retry_failed=True).by_status == {"ok": 20}
    assert parts_of(out) == before


def test_every_test_that_the_manual_names_is_there() -> None:
    page = (ROOT / "docs" / "why" / "exactly-once.md").read_text(encoding="utf-8")
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", page)
    assert len(named) > 15
    assert [name for name in named if f"def {name}(" not in tests] == []
