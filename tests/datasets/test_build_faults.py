"""What cannot be built is refused before anything is written; what breaks leaves nothing half and goes on."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from maskwright.datasets.building.build import BuildOptions, build
from maskwright.datasets.selecting.select import select
from maskwright.datasets.shortcuts.containers import Encoding
from maskwright.errors import InputError, MaskwrightError, RunError, SettingError
from tests.conftest import Command
from tests.corpus.made import save
from tests.datasets.building import SIDE, corpus_of, digests, rows_of, scene, table_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return table_of(tmp_path_factory.mktemp("faults") / "source", range(8), edits=1, nothing=[1])


@pytest.fixture(scope="module")
def out(source: Path) -> Path:
    return corpus_of(source, source.parents[1] / "out")


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of which nothing is said."""
    place = tmp_path_factory.mktemp("closed")
    return corpus_of(table_of(place / "source", range(50, 54), edits=1, licence=None), place / "out")


Given = dict[str, Any]


def built(dataset: Path, outs: list[Path], **given: Any) -> Any:
    settings: Given = {"selection": "all", "format": "imagefolder", "workers": 1} | given
    return build(dataset, outs=outs, **settings)


# ---- refused, and nothing written -----------------------------------------------------------------------

REFUSED: list[tuple[str, Given, type[MaskwrightError], str, str]] = [
    ("an unknown selection", {"selection": "al"}, SettingError, "no selection named 'al'", "all"),
    ("no selection", {"selection": ""}, SettingError, "needs the name of a selection", "--selection"),
    (
        "a selection of rows without edits",
        {"selection": "unedited"},
        SettingError,
        "leaves no row",
        "maskwright select",
    ),
    ("an unknown format", {"format": "imagefoldr"}, SettingError, "no format named", "imagefolder"),
    (
        "shares over one",
        {"options": BuildOptions(split=(0.8, 0.2, 0.2))},
        SettingError,
        "1.2, not 1",
        "--split",
    ),
    (
        "a negative share",
        {"options": BuildOptions(split=(1.2, -0.1, -0.1))},
        SettingError,
        "0 to 1",
        "--split",
    ),
    ("a negative ratio", {"options": BuildOptions(authentic=-1)}, SettingError, "no ratio", "--authentic"),
    ("a negative seed", {"options": BuildOptions(seed=-1)}, SettingError, "from 0 on", ""),
    (
        "authentic pictures in a format without them",
        {"options": BuildOptions(authentic=1), "format": "change-detection"},
        SettingError,
        "no authentic pictures",
        "--authentic",
    ),
    (
        "pasting back without pictures",
        {"options": BuildOptions(regeneration="paste-back"), "format": "masks"},
        SettingError,
        "nothing can be pasted back",
        "--regeneration",
    ),
    (
        "a way to store pictures without pictures",
        {"options": BuildOptions(encoding=Encoding("jpeg", 90)), "format": "masks"},
        SettingError,
        "no pictures",
        "--pictures",
    ),
    (
        "a licence that rows contradict",
        {"options": BuildOptions(licence="CC0")},
        SettingError,
        "allows more than CC BY rows do",
        "--licence 'CC BY'",
    ),
    ("no workers", {"workers": 0}, SettingError, "cannot work", "1 or more"),
    ("an unknown executor", {"executor": "locl"}, SettingError, "no executor", "local"),
    (
        "a source for no masks",
        {"options": BuildOptions(sources=("a",))},
        SettingError,
        "for a dataset of masks",
        "leave it out",
    ),
]


@pytest.mark.parametrize(
    ("given", "kind", "message", "hint"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_cannot_be_built_is_refused_and_nothing_is_written(
    given: Given, kind: type[MaskwrightError], message: str, hint: str, out: Path, tmp_path: Path
) -> None:
    select([out], ["area_frac = 0"], name="unedited")
    with pytest.raises(kind, match=message) as told:
        built(tmp_path / "dataset", [out], **given)
    assert hint in told.value.hint
    assert not (tmp_path / "dataset").exists()


def test_a_corpus_given_twice_is_refused(out: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="more than once"):
        built(tmp_path / "dataset", [out, out])


def test_what_is_no_corpus_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(RunError, match="no output of maskwright"):
        built(tmp_path / "dataset", [tmp_path / "other"])


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (lambda out, source: out / "dataset", "lies inside the corpus"),
        (lambda out, source: out, "lies inside the corpus"),
        (lambda out, source: out.parent, "lies inside the dataset"),
    ],
    ids=["inside OUT", "OUT itself", "around OUT"],
)
def test_a_dataset_in_what_it_is_made_of_is_refused(
    place: Callable[[Path, Path], Path], message: str, out: Path, source: Path
) -> None:
    before = digests(out)
    with pytest.raises(SettingError, match=message):
        built(place(out, source), [out])
    assert digests(out) == before


def test_a_dataset_inside_a_folder_of_pictures_is_refused(tmp_path: Path) -> None:
    for number in range(2):
        save(tmp_path / "source" / "original" / f"{number}.png", scene(number))
        save(tmp_path / "source" / "edited" / f"{number}.png", scene(number)[::-1].copy())
    corpus = corpus_of(tmp_path / "source", tmp_path / "out")
    with pytest.raises(SettingError, match="lies inside the source"):
        built(tmp_path / "source" / "dataset", [corpus])


def test_a_folder_that_holds_something_else_is_refused_and_untouched(out: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(SettingError, match="is not empty"):
        built(tmp_path, [out])
    assert digests(tmp_path).keys() == {"letter.txt"}


def test_a_file_is_no_place_for_a_dataset(out: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingError, match="is a file"):
        built(tmp_path / "file", [out])


# ---- rows that may not be passed on ---------------------------------------------------------------------


def test_rows_of_which_nothing_is_said_are_refused_with_the_lines_to_type(
    closed: Path, out: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        SettingError, match=r"the pictures of 4 of 12 rows: 4 of \S*table.csv \(nothing is said: nothing\)"
    ) as told:
        built(tmp_path / "dataset", [closed, out])
    lines = [line for line in told.value.hint.splitlines() if line.startswith("maskwright build")]
    assert [line.rpartition("--restricted ")[2] for line in lines] == ["leave-out", "include"]
    assert "8 rows stay" in told.value.hint
    assert not (tmp_path / "dataset").exists()


def test_the_line_that_is_told_builds(closed: Path, out: Path, tmp_path: Path, command: Command) -> None:
    words = [
        "build",
        tmp_path / "d",
        "--from",
        closed,
        "--from",
        out,
        "--selection",
        "all",
        "--format",
        "masks",
    ]
    code, _, err = command(*words)
    assert code == 2
    line = next(line.strip() for line in err.splitlines() if line.strip().startswith("maskwright build"))
    import shlex

    code, _, err = command(*shlex.split(line)[1:], "--workers", "1")
    assert (code, len(rows_of(tmp_path / "d"))) == (0, 8), err


def test_where_all_rows_are_excluded_the_funnel_says_so_and_what_to_change(
    out: Path, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingError, match=r"no row is left: .* not shown in source 0") as told:
        built(tmp_path / "dataset", [out], options=BuildOptions(exclude=(str(source.parent),)))
    assert "exclude less" in told.value.hint
    assert not (tmp_path / "dataset").exists()


def test_masks_alone_are_offered_where_masks_may_be_passed_on(tmp_path: Path) -> None:
    corpus = corpus_of(
        table_of(tmp_path / "source", range(4), edits=1, licence="CC BY-ND 4.0"), tmp_path / "out"
    )
    with pytest.raises(SettingError, match="the pictures of 4 of 4 rows") as told:
        built(tmp_path / "dataset", [corpus], options=BuildOptions(encoding=Encoding("jpeg", 90)))
    lines = [line for line in told.value.hint.splitlines() if line.startswith("maskwright build")]
    assert "--restricted include" in lines[0]
    assert "--format masks" in lines[1]
    assert "--pictures" not in lines[1], "a line that would be refused"
    built(tmp_path / "dataset", [corpus], format="masks")
    assert {row["redistribute"] for row in rows_of(tmp_path / "dataset")} == {"masks"}


@pytest.mark.parametrize(("restricted", "rows"), [("leave-out", 8), ("include", 12)])
def test_restricted_rows_are_left_out_or_written_as_asked(
    restricted: str, rows: int, closed: Path, out: Path, tmp_path: Path
) -> None:
    built(tmp_path / "dataset", [closed, out], options=BuildOptions(restricted=restricted))
    found = rows_of(tmp_path / "dataset")
    assert len(found) == rows
    assert sum(row["redistribute"] == "nothing" for row in found) == rows - 8


# ---- pictures that are gone -----------------------------------------------------------------------------


def test_originals_that_are_all_gone_stop_the_build_before_anything_is_written(tmp_path: Path) -> None:
    source = table_of(tmp_path / "source", range(3), edits=1)
    corpus = corpus_of(source, tmp_path / "out")
    for path in source.parent.glob("*.png"):
        path.unlink()
    with pytest.raises(InputError, match="none of 3 rows on trial can be made") as told:
        built(tmp_path / "dataset", [corpus])
    assert "where they were" in told.value.hint
    assert not (tmp_path / "dataset").exists()


def test_a_picture_that_is_gone_or_of_another_size_is_listed_and_the_exit_code_is_3(
    tmp_path: Path, command: Command
) -> None:
    source = table_of(tmp_path / "source", range(6), edits=1)
    corpus = corpus_of(source, tmp_path / "out")
    (source.parent / "001-0.png").unlink()
    save(source.parent / "002-0.png", scene(2, SIDE + 3))
    (source.parent / "003-0.png").write_bytes(b"not a picture")
    words = ["--from", corpus, "--selection", "all", "--format", "imdlbenco", "--workers", "1", "--json"]
    code, answer, err = command("build", tmp_path / "dataset", *words)
    assert code == 3, err
    assert json.loads(answer)["left_out"] == {"file_missing": 1, "changed": 1, "not_a_picture": 1}
    left = pq.read_table(tmp_path / "dataset" / "left_out.parquet").to_pylist()
    assert sorted((row["id"], row["reason"]) for row in left) == [
        ("table.csv#1", "file_missing"),
        ("table.csv#2", "changed"),
        ("table.csv#3", "not_a_picture"),
    ]
    assert "99x99" in next(row["detail"] for row in left if row["reason"] == "changed")
    assert len(rows_of(tmp_path / "dataset")) == 3


# ---- no room --------------------------------------------------------------------------------------------


def small_disk(place: Path, kilobytes: int, program: str, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a program where `place` is a disk of its own; skipped where none may be mounted."""
    place.mkdir()
    mount = f"mount -t tmpfs -o size={kilobytes}k none {place}"
    inside = ["unshare", "--mount", "--map-root-user", "sh", "-c", f'{mount} && exec "$@"', "sh"]
    if not shutil.which("unshare") or subprocess.run([*inside, "true"], capture_output=True).returncode:
        pytest.skip("no disk of a test's own may be mounted here")
    return subprocess.run(
        [*inside, sys.executable, "-c", program, *map(str, words)], cwd=ROOT, capture_output=True, text=True
    )


TOO_SMALL = """
import sys
from pathlib import Path
from maskwright.datasets.building.build import build
from maskwright.errors import RunError
dataset, out = Path(sys.argv[1]), Path(sys.argv[2])
try:
    build(dataset, outs=[out], selection="all", format="imagefolder", workers=1)
except RunError as fault:
    print(fault, fault.hint, dataset.exists())
"""


def test_a_disk_that_cannot_hold_it_is_told_before_anything_is_written(out: Path, tmp_path: Path) -> None:
    done = small_disk(tmp_path / "disk", 100, TOO_SMALL, tmp_path / "disk" / "dataset", out)
    assert "needs about" in done.stdout, done.stderr
    assert "has 102 kB free" in done.stdout
    assert done.stdout.strip().endswith("False")


FULL = """
import json, os, sys
from pathlib import Path
from maskwright.datasets.building.build import build
from maskwright.errors import RunError
from tests.datasets.building import digests
dataset, out, leave = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
ballast = dataset.parent / "ballast"
def fill(announced):
    ballast.write_bytes(bytes(announced.free_bytes - leave))
given = dict(outs=[out], selection="all", format="imagefolder", workers=1)
try:
    build(dataset, **given, announce=fill)
    sys.exit("it was not full")
except RunError as fault:
    said = [str(fault), fault.hint]
half = [path.name for path in dataset.rglob(".tmp-*")]
ballast.unlink()
build(dataset, **given)
print(json.dumps({"said": said, "half": half, "after": digests(dataset)}))
"""


def test_a_disk_that_fills_up_stops_the_build_and_the_same_call_completes_it(
    out: Path, tmp_path: Path
) -> None:
    built(tmp_path / "undisturbed" / "dataset", [out])
    leave = sum(path.stat().st_size for path in (tmp_path / "undisturbed").rglob("*.png")) // 2
    done = small_disk(tmp_path / "disk", 65536, FULL, tmp_path / "disk" / "dataset", out, leave)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert "cannot be written: the disk is full" in found["said"][0]
    assert "type the same line again" in found["said"][1]
    assert found["half"] == []
    assert found["after"] == digests(tmp_path / "undisturbed" / "dataset")


LIMITED = """
import sys
from maskwright.datasets.building.build import build
build(sys.argv[1], outs=[sys.argv[2]], selection="all", format="parquet", workers=1)
"""


@pytest.mark.slow
def test_a_file_that_may_not_grow_further_stops_the_build_and_the_same_call_completes_it(
    out: Path, tmp_path: Path
) -> None:
    built(tmp_path / "undisturbed" / "dataset", [out], format="parquet")
    limit = max(path.stat().st_size for path in (tmp_path / "undisturbed").rglob("*.parquet")) // 2
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "dataset"), str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert "cannot be written: " in done.stderr
    assert not list((tmp_path / "dataset").rglob(".tmp-*"))
    built(tmp_path / "dataset", [out], format="parquet")
    assert digests(tmp_path / "dataset") == digests(tmp_path / "undisturbed" / "dataset")


# ---- processes that go away -----------------------------------------------------------------------------

RUN = """
import sys
from maskwright.datasets.building.build import build
build(sys.argv[1], outs=[sys.argv[2]], selection="all", format="imagefolder", workers=1)
"""


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus that takes a second or two to build."""
    place = tmp_path_factory.mktemp("long")
    return corpus_of(table_of(place / "source", range(60), edits=1), place / "out")


def shards_done(dataset: Path) -> list[Path]:
    return sorted((dataset / "provenance").glob("[!.]*.parquet"))


def started(dataset: Path, out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(dataset), str(out)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        # a shell that runs the tests in the background has them ignore it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def until(happened: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    while not happened():
        assert process.poll() is None, "it ended before"
        time.sleep(0.002)


def test_a_build_that_is_killed_goes_on_to_the_same_bytes(long: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"
    process = started(dataset, long)
    pictures = dataset / "train" / "images"
    until(lambda: pictures.is_dir() and len(list(pictures.glob("*.png"))) >= 10, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (dataset / "checksums.sha256").exists(), "killed in the middle"
    assert len(shards_done(dataset)) < 3
    for path in pictures.glob("[!.]*.png"):
        assert path.read_bytes()[-8:-4] == b"IEND", "what is there is whole"
    built(dataset, [long])
    built(tmp_path / "undisturbed" / "dataset", [long])
    assert digests(dataset) == digests(tmp_path / "undisturbed" / "dataset")


@pytest.mark.slow
def test_a_build_that_is_stopped_says_how_to_go_on(long: Path, tmp_path: Path) -> None:
    process = started(tmp_path / "dataset", long)
    until(lambda: (tmp_path / "dataset" / "train").is_dir(), process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert b"stopped" in err
    assert b"shards are done and stay" in err
    assert not list((tmp_path / "dataset").rglob(".tmp-*"))


@pytest.mark.slow
def test_a_worker_that_dies_stops_the_build_at_its_row(long: Path, tmp_path: Path) -> None:
    import psutil

    process = started(tmp_path / "dataset", long)
    until(lambda: (tmp_path / "dataset" / "train").is_dir(), process)
    (worker,) = psutil.Process(process.pid).children()
    worker.kill()
    _, err = process.communicate()
    assert b"a worker was lost at table.csv#" in err
    built(tmp_path / "dataset", [long])
    assert len(rows_of(tmp_path / "dataset")) == 60


@pytest.mark.slow
def test_a_build_on_ray_gives_the_same_bytes(long: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    built(tmp_path / "ray" / "dataset", [long], executor="ray", workers=2)
    built(tmp_path / "local" / "dataset", [long])
    assert digests(tmp_path / "ray" / "dataset") == digests(tmp_path / "local" / "dataset")
