"""Hostile input through the commands: refused or made safe row by row, and nothing outside OUT changes."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from maskwright.corpus.reader import open_corpus
from maskwright.corpus.status import status
from tests.conftest import Command
from tests.corpus.hostile import AFTER, BEFORE, BOMBS, WORDS, World, make_world
from tests.pairs.servers import Answer, serving
from tests.pairs.test_sources_parquet import varint, with_footer
from tests.pairs.test_sources_webdataset import entry, write_tar

PROMISED = re.compile(
    r"plan\.parquet|run\.json|annotations(/part-\d{5}\.parquet)?|(masks|change)(/[A-Za-z0-9_][\w-]{0,115}\.png)?",
    re.ASCII,
)


def assert_harmless(world: World, printed: str, before: dict[str, Any]) -> None:
    """Nothing beside OUT has changed, OUT holds what is promised, and nothing printed acts on a terminal."""
    assert world.listing() == before
    if world.out.exists():
        names = [path.relative_to(world.out).as_posix() for path in world.out.rglob("*")]
        assert [name for name in names if not PROMISED.fullmatch(name)] == []
        assert not any(path.is_symlink() for path in world.out.rglob("*"))
    assert all(sign.isprintable() or sign == "\n" for sign in printed)


def outcomes(world: World) -> list[dict[str, Any]]:
    found = open_corpus(world.out).table(["id", "status", "reason", "detail"]).to_pylist()
    assert len({row["id"] for row in found}) == len(found) == status(world.out).rows_planned
    return found


# ---- tars ------------------------------------------------------------------------------------------------


def members_of(world: World) -> dict[str, tuple[list[tuple[tarfile.TarInfo, bytes]], str]]:
    """Kind -> a sample of a hostile kind, and the reason its row must have."""
    secret = str(world.victim / "secret.png")

    def pair(key: str, before: bytes = BEFORE, after: bytes = AFTER, **fields: Any) -> Any:
        sides = (("original.png", before), ("edited.png", after))
        return [entry(f"{key}.{side}", data, **fields) for side, data in sides]

    def odd(key: str, **fields: Any) -> Any:
        return [entry(f"{key}.original.png", BEFORE), entry(f"{key}.edited.png", **fields)]

    kinds: dict[str, Any] = {
        "an honest pair": (pair("a/honest"), ""),
        "an absolute path": (pair(str(world.victim / "planted")), "bad_row"),
        "a path that climbs": (pair("../victim/planted"), "bad_row"),
        "a path that climbs within": (pair("a/../../victim/planted"), "bad_row"),
        "a symbolic link": (odd("s", type=tarfile.SYMTYPE, linkname=secret), "bad_row"),
        "a symbolic link that climbs": (
            odd("t", type=tarfile.SYMTYPE, linkname="../victim/secret.png"),
            "bad_row",
        ),
        "a hard link": (odd("h", type=tarfile.LNKTYPE, linkname=secret), "bad_row"),
        "a device without end": (odd("d", type=tarfile.CHRTYPE, devmajor=1, devminor=5), "bad_row"),
        "a disk": (odd("b", type=tarfile.BLKTYPE, devmajor=8), "bad_row"),
        "a pipe": (odd("p", type=tarfile.FIFOTYPE), "bad_row"),
    }
    for name, (make, reason) in BOMBS.items():
        kinds[f"{name} that unpacks to gigabytes"] = pair(f"bomb {name}", after=make()), reason
    for name, word in WORDS.items():
        if "victim" not in word:
            kinds[f"a key with {name}"] = pair(f"w/{word}".replace(".", "_")), ""
    return kinds


@pytest.fixture(scope="module")
def tar_world(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, dict[str, str], str, dict[str, Any]]:
    """A world in which `inspect` and `annotate` have been over a tar of all hostile members."""
    world = make_world(tmp_path_factory.mktemp("tars"))
    kinds = members_of(world)
    write_tar(world.source / "pairs.tar", *(members for members, _ in kinds.values()))
    before = world.listing()
    seen, looked = world.run("inspect", world.source / "pairs.tar")
    done, printed = world.run("annotate", world.source / "pairs.tar", world.out, "--workers", "1")
    assert (seen, done) == (3, 0), looked + printed
    return world, {kind: reason for kind, (_, reason) in kinds.items()}, looked + printed, before


def test_a_tar_of_hostile_members_harms_nothing(
    tar_world: tuple[World, dict[str, str], str, dict[str, Any]],
) -> None:
    world, _, printed, before = tar_world
    assert_harmless(world, printed, before)


KINDS = list(members_of(World(Path("/nowhere"))))


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_member_is_a_row_with_its_reason(
    kind: str, tar_world: tuple[World, dict[str, str], str, dict[str, Any]]
) -> None:
    world, reasons, _, _ = tar_world
    rows = outcomes(world)
    assert len(rows) == len(KINDS)
    assert rows[KINDS.index(kind)]["reason"] == reasons[kind], rows[KINDS.index(kind)]["detail"]


# ---- Parquet ---------------------------------------------------------------------------------------------


def hostile_table(web: str) -> tuple[dict[str, list[Any]], list[str]]:
    """Columns of a table with pictures inside, and the reason of each row."""
    rows: list[tuple[Any, str]] = [({"bytes": AFTER, "path": "/victim/planted.png"}, "")]
    rows += [({"bytes": make(), "path": None}, reason) for make, reason in BOMBS.values()]
    rows += [
        ({"bytes": None, "path": f"{web}/picture.png"}, "remote_not_allowed"),
        ({"bytes": None, "path": "file:///etc/hostname"}, "remote_not_allowed"),
        ({"bytes": None, "path": "\x1b[31m../../nothing\n.png"}, "file_missing"),
        ({"bytes": b"", "path": ""}, "no_picture"),
        ({"bytes": b"\x1b]0;title\x07 no picture", "path": None}, "not_a_picture"),
    ]
    words = list(WORDS.values())
    columns: dict[str, list[Any]] = {
        "original": [{"bytes": BEFORE, "path": None}] * len(rows),
        "edited": [cell for cell, _ in rows],
        "instruction": [words[i % len(words)] for i in range(len(rows))],
    }
    return columns | {word: words[: len(rows)] for word in words}, [reason for _, reason in rows]


NAME = "quo'te \"\n\x1b[31m $(x).parquet"


@pytest.fixture(scope="module")
def parquet_world(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A world in which both commands have been over a Parquet file of hostile rows, columns and name."""
    world = make_world(tmp_path_factory.mktemp("parquet"))
    with serving({"/picture.png": Answer(AFTER)}) as web:
        columns, reasons = hostile_table(web.url)
        pq.write_table(pa.table(columns), world.source / NAME, compression="zstd")
        before = world.listing()
        seen, looked = world.run("inspect", world.source / NAME)
        done, printed = world.run("annotate", world.source / NAME, world.out, "--workers", "1")
        assert (seen, done) == (3, 0), looked + printed
        return world, reasons, looked + printed, before, list(web.asked)


def test_a_parquet_file_of_hostile_rows_and_columns_harms_nothing(parquet_world: Any) -> None:
    world, _, printed, before, _ = parquet_world
    assert_harmless(world, printed, before)


def test_every_hostile_row_of_a_parquet_file_has_its_reason(parquet_world: Any) -> None:
    world, reasons, *_ = parquet_world
    assert [row["reason"] for row in outcomes(world)] == reasons


def test_hostile_columns_come_along_as_they_are(parquet_world: Any) -> None:
    world, reasons, *_ = parquet_world
    found = open_corpus(world.out).table(list(WORDS.values()))
    assert found.to_pydict() == {word: list(WORDS.values())[: len(reasons)] for word in WORDS.values()}


def test_no_url_is_asked_for_without_being_allowed(parquet_world: Any) -> None:
    *_, asked = parquet_world
    assert asked == []


ABSURD = {
    "more rows than it has bytes": lambda footer: footer.replace(varint(12_345), varint(2**62)),
    "a billion rows": lambda footer: footer.replace(varint(12_345), varint(10**9)),
    "rows below none": lambda footer: footer.replace(varint(12_345), varint(-5)),
    "nothing that can be read": lambda footer: b"\xff" * len(footer),
    "no end": lambda footer: footer[: len(footer) // 2],
}


@pytest.mark.parametrize("verb", ["annotate", "inspect"])
@pytest.mark.parametrize("what", [*ABSURD, "a footer longer than itself", "thousands of columns"])
def test_a_parquet_file_of_absurd_metadata_is_refused_and_nothing_is_made(
    what: str, verb: str, command: Command, tmp_path: Path
) -> None:
    world = make_world(tmp_path / "world")
    source = world.source / "pairs.parquet"
    table = {"original": ["a.png"] * 12_345, "edited": ["b.png"] * 12_345}
    if what == "thousands of columns":
        table = {f"{name}{number}": ["x"] for number in range(1_000) for name in ("original", "edited")}
        table |= {"n": ["x"]}
    pq.write_table(pa.table(table), source)
    if what == "a footer longer than itself":
        source.write_bytes(source.read_bytes()[:-8] + b"\xff\xff\xff\x7fPAR1")
    elif what in ABSURD:
        with_footer(source, ABSURD[what])
    before = world.listing()
    code, answer, beside = command(verb, source, *([world.out] if verb == "annotate" else []))
    assert (code, answer) == (2, "")
    assert beside.startswith("error: ")
    assert not world.out.exists()
    assert_harmless(world, beside, before)


# ---- CSV -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["annotate", "inspect"])
def test_a_csv_of_hostile_names_cells_and_urls_harms_nothing(
    verb: str, command: Command, tmp_path: Path
) -> None:
    world = make_world(tmp_path / "world")
    for name, data in (("a.png", BEFORE), ("b.png", AFTER)):
        (world.source / name).write_bytes(data)
    source = world.source / 'we"ird\n\x1b[31m;table.csv'
    with serving({"/b.png": Answer(AFTER)}) as web:
        places = [f"{web.url}/b.png", "file:///etc/hostname", "data:image/png;base64,AAAA", "ftp://x/y.png"]
        with source.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["original", "edited", "instruction", *WORDS.values()])
            writer.writerows([["a.png", "b.png", word, *WORDS.values()] for word in WORDS.values()])
            writer.writerows([["a.png", place, "x", *WORDS.values()] for place in places])
        before = world.listing()
        words = [world.out, "--workers", "1"] if verb == "annotate" else []
        code, answer, beside = command(verb, source, *words)
        assert web.asked == []
    assert code == (0 if verb == "annotate" else 3), beside
    assert_harmless(world, answer + beside, before)
    if verb == "annotate":
        reasons = [row["reason"] for row in outcomes(world)]
        assert reasons[: len(WORDS)] == [""] * len(WORDS)
        assert set(reasons[len(WORDS) :]) <= {"remote_not_allowed", "file_missing"}


# ---- what it costs ---------------------------------------------------------------------------------------

PEAK = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "maskwright", *sys.argv[1:]], stdout=subprocess.DEVNULL)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tar", "parquet"])
def test_bombs_are_refused_before_they_are_unpacked(kind: str, tmp_path: Path) -> None:
    source = tmp_path / f"bombs.{kind}"
    bombs = [make() for make, _ in BOMBS.values()]
    if kind == "tar":
        members = [
            [entry(f"{i}.original.png", bomb), entry(f"{i}.edited.png", bomb)] for i, bomb in enumerate(bombs)
        ]
        write_tar(source, *members)
    else:
        pq.write_table(pa.table({"original": bombs, "edited": bombs}), source, compression="zstd")
    for words in (["annotate", source, tmp_path / "out", "--workers", "1"], ["inspect", source]):
        line = [sys.executable, "-c", PEAK, *map(str, words)]
        done = subprocess.run(line, capture_output=True, text=True, check=True)
        code, peak_mb = map(int, done.stdout.split())
        assert code == (0 if words[0] == "annotate" else 3), done.stderr
        assert peak_mb < 500, "one of them alone would be 900 MB"
