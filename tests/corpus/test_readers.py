"""The same pairs through every reader and every executor: the same masks, change maps and scores."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from maskwright.corpus.annotate import Options, annotate
from maskwright.corpus.reader import open_corpus
from maskwright.corpus.schema import COLUMNS
from maskwright.pairs.opening import read_bytes
from maskwright.pairs.sources import Roles, open_source
from maskwright.pairs.values import Encoded, Located, Pair
from tests.contracts.source import everything
from tests.corpus.made import edited, photograph
from tests.pairs.servers import Answer, serving

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("MASKWRIGHT_DATA", ROOT.parent / "shared" / "data"))
REAL = DATA / "unlabelled" / "unlabelled.csv"

NAMES = {"id", "original", "edited", "file", "detail"}
"""Columns in which a row says where it stands, which differs from reader to reader."""

SIDES = ("original", "edited")
PACKED = ("parquet", "webdataset")
ON_DISK = ("folder", "jsonl", *PACKED)
AT_A_DISTANCE = ("urls", "distant.csv", "distant.parquet", "distant.tar")


def repack() -> ModuleType:
    spec = importlib.util.spec_from_file_location("repack", ROOT / "examples" / "repack.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def made_table(place: Path, count: int = 20) -> Path:
    """A table of JPEG, PNG and WebP pairs of several sizes: edited, untouched, resized, one broken."""
    place.mkdir(parents=True)
    rows = []
    for number in range(count):
        before = photograph(number, side=48 + number % 5)
        after = edited(before) if number % 3 else before
        if number % 7 == 5:
            after = np.asarray(cv2.resize(after, (64, 64), interpolation=cv2.INTER_AREA), np.uint8)
        names = f"{number}_a.jpg", f"{number}_b.{('png', 'jpg', 'webp')[number % 3]}"
        for name, picture in zip(names, (before, after), strict=True):
            data = cv2.imencode(Path(name).suffix, picture[..., ::-1])[1].tobytes()
            (place / name).write_bytes(data[:400] if name == "9_b.png" else data)
        rows.append({"original": names[0], "edited": names[1], "instruction": f"n° {number}", "n": number})
    return write_csv(place / "pairs.csv", rows)


def write_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def rows_in(table: Path) -> list[dict[str, Any]]:
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def forms(table: Path, place: Path) -> dict[str, Path]:
    """The same pairs in every form that is read from a disk."""
    rows = rows_in(table)
    for number, row in enumerate(rows):
        for side in ("original", "edited"):
            target = place / "folder" / side / f"{number:05d}{Path(row[side]).suffix}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(table.parent / row[side], target)
    lines = [
        json.dumps({**row, **{side: str(table.parent / row[side]) for side in ("original", "edited")}})
        for row in rows
    ]
    (place / "pairs.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    source = open_source(table)
    repack().write_parquet(source, place / "parquet", files=3, group_rows=4)
    repack().write_tars(source, place / "webdataset", files=3)
    return {
        "csv": table,
        "folder": place / "folder",
        "jsonl": place / "pairs.jsonl",
        **{name: place / name for name in PACKED},
    }


@contextmanager
def distant(table: Path, place: Path) -> Iterator[dict[str, str | Path]]:
    """The same pairs at a web server: the pictures alone, and whole tables of three kinds."""
    source, rows = open_source(table), rows_in(table)
    files = {row[side]: (table.parent / row[side]).read_bytes() for row in rows for side in SIDES}
    repack().write_parquet(source, place / "one-parquet", files=1)
    repack().write_tars(source, place / "one-tar", files=1)
    tables = {
        "distant.csv": table.read_bytes(),
        "distant.parquet": (place / "one-parquet" / "pairs-00000.parquet").read_bytes(),
        "distant.tar": (place / "one-tar" / "pairs-00000.tar").read_bytes(),
    }
    with serving({f"/{name}": Answer(data) for name, data in {**files, **tables}.items()}) as web:
        linked = [{**row, **{side: f"{web.url}/{row[side]}" for side in SIDES}} for row in rows]
        yield {
            "urls": write_csv(place / "urls.csv", linked),
            **{name: f"{web.url}/{name}" for name in tables},
        }


def found_in(out: Path) -> list[dict[str, Any]]:
    """What was found for every pair, in the plan's order: scores, words, and the bytes of the maps."""
    names = [column.name for column in COLUMNS if column.name not in NAMES]
    rows: list[dict[str, Any]] = open_corpus(out).table(names).to_pylist()
    for row in rows:
        for name, value in row.items():
            if isinstance(value, dict):
                row[name] = value["bytes"]
    return rows


def without_words(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As it is where a source has no instructions."""
    of_words = ("instruction", "action", "original_concept", "edited_concept")
    return [{**row, **dict.fromkeys(of_words)} for row in rows]


def run(source: str | Path, out: Path, **settings: Any) -> list[dict[str, Any]]:
    options = Options(files=False, roles=Roles(allow_remote="://" in str(source) or "urls" in str(source)))
    annotate(source, out, options=options, **settings)
    return found_in(out)


Run = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_table(tmp_path_factory.mktemp("made") / "table")


@pytest.fixture(scope="module")
def stored(table: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return forms(table, tmp_path_factory.mktemp("forms"))


@pytest.fixture(scope="module")
def expected(table: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What a local run of one worker finds in the CSV table."""
    rows = run(table, tmp_path_factory.mktemp("expected") / "out", workers=1)
    assert {row["verdict"] for row in rows} >= {"local_edit", "resaved"}, "edited and untouched ones"
    assert [row["reason"] for row in rows if row["change"] is None] == ["truncated"]
    return rows


def assert_same(form: str, found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    wanted = without_words(expected) if form.startswith("folder") else expected
    for number, (row, other) in enumerate(zip(found, wanted, strict=True)):
        differ = [name for name in other if row[name] != other[name]]
        assert not differ, f"row {number} of {form}: {', '.join(differ)}"


def test_repacking_copies_every_byte_of_a_picture(stored: dict[str, Path]) -> None:
    sides = [
        [
            (read_bytes(row.original), read_bytes(row.edited), row.instruction, row.columns["n"])
            for row in everything(open_source(stored[form]))
            if isinstance(row, Pair) and isinstance(row.original, Encoded | Located)
        ]
        for form in ("csv", *PACKED)
    ]
    assert len(sides[0]) == 20
    assert sides[1] == sides[0]
    assert sides[2] == sides[0]


def test_repacking_makes_several_files_and_row_groups(stored: dict[str, Path]) -> None:
    files = sorted(stored["parquet"].iterdir())
    assert [pq.ParquetFile(file).metadata.num_row_groups for file in files] == [2, 2, 2]
    assert len(list(stored["webdataset"].iterdir())) == 3


@pytest.mark.parametrize("form", ON_DISK)
def test_every_form_of_the_same_pairs_gives_the_same_maps_and_scores(
    form: str, stored: dict[str, Path], expected: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert_same(form, run(stored[form], tmp_path / "out", workers=1), expected)


@pytest.mark.slow
@pytest.mark.parametrize("form", AT_A_DISTANCE)
def test_what_is_read_at_a_distance_gives_the_same(
    form: str, table: Path, expected: list[dict[str, Any]], tmp_path: Path
) -> None:
    pytest.importorskip("aiohttp", reason="the extra hub is not installed")
    with distant(table, tmp_path) as sources:
        assert_same(form, run(sources[form], tmp_path / "out", workers=1), expected)


@pytest.mark.slow
@pytest.mark.parametrize("form", PACKED)
def test_a_data_set_of_the_hub_gives_the_same(
    form: str, stored: dict[str, Path], expected: list[dict[str, Any]], tmp_path: Path
) -> None:
    pytest.importorskip("datasets", reason="the extra hub is not installed")
    from tests.pairs.at_the_hub import SETS, _Hub

    files = {f"train-{file.name}": file.read_bytes() for file in sorted(stored[form].iterdir())}
    with pytest.MonkeyPatch.context() as patch, serving(_Hub()) as web:
        patch.setitem(SETS, "own/pairs", {"README.md": b"# pairs", **files})
        line = ["annotate", "hf:own/pairs:train", tmp_path / "out", "--allow-remote", "--workers", "1"]
        environment = {"HF_ENDPOINT": web.url, "HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "maskwright", *map(str, line)],
            env={**os.environ, **environment, "HF_HUB_DISABLE_TELEMETRY": "1"},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    assert_same(form, found_in(tmp_path / "out"), expected)


@pytest.mark.slow
@pytest.mark.parametrize("form", ON_DISK)
def test_two_workers_give_the_same(
    form: str, stored: dict[str, Path], expected: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert_same(form, run(stored[form], tmp_path / "out", workers=2), expected)


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Two processors of a Ray cluster on this machine."""
    pytest.importorskip("ray", reason="Ray is not installed")
    from maskwright.corpus.executors.ray import connected

    with connected(2):
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("form", ["csv", *ON_DISK])
def test_ray_gives_the_same(
    form: str, stored: dict[str, Path], expected: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert_same(form, run(stored[form], tmp_path / "out", workers=2, executor="ray"), expected)


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_real_pairs_are_the_same_through_all_readers_and_executors(tmp_path: Path) -> None:
    if not REAL.is_file():
        pytest.skip("the real pairs of MASKWRIGHT_DATA are not here")
    sources = forms(REAL, tmp_path)
    expected = run(REAL, tmp_path / "out", workers=1)
    assert len(expected) == len(rows_in(REAL))
    assert sum(row["status"] == "ok" for row in expected) > len(expected) / 2, "the rest is redrawn"
    for form, source in sources.items():
        for executor in ("local", "ray"):
            found = run(source, tmp_path / f"out-{form}-{executor}", workers=2, executor=executor)
            assert_same(f"{form} by {executor}", found, expected)
