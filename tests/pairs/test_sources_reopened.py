"""Shards opened one at a time, from what the opening of all found out: the same source."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from maskwright.errors import InputError
from maskwright.pairs.sources import Known, Roles, Source, open_source, reopen_source
from maskwright.pairs.values import Pair, Rejection
from tests.contracts.source import SourceContract, everything
from tests.pairs.corpora import lists
from tests.pairs.tables import PNG, image_struct, rows_of, write_csv
from tests.pairs.test_sources_webdataset import pair, sample, write_tar


def again(source: Source, roles: Roles = Roles()) -> Source:  # noqa: B008 - frozen
    """The source as a worker opens it: from the plan, and what is stored of the first opening."""
    known = source.known()
    assert known is not None
    stored = Known.from_json(json.loads(json.dumps(known.to_json())))
    files = list(dict.fromkeys(part.file for part in source.plan()))
    return reopen_source(source.location, stored, files, roles=roles)


def shards_of_parquet(place: Path) -> Path:
    """Four shards of which none says alone what all say together."""
    place.mkdir(exist_ok=True)
    for shard in range(4):
        numbers = range(shard * 20, shard * 20 + 20)
        columns = {
            # paths in the first shard; names without an ending, which alone are text, in the others
            "original": pa.array([f"a/{i}.png" if shard == 0 else f"a/{i}" for i in numbers]),
            "edited": pa.array([image_struct(None if i % 9 == 3 else PNG[i % 6]) for i in numbers]),
            "note": pa.array([None] * 20 if shard != 2 else [f"note {i}" for i in numbers]),
            "never": pa.array([None] * 20),
            "when": pa.array(list(numbers), pa.timestamp("ns")),
            "box": pa.array([{"w": i, "tags": [str(i)]} for i in numbers]),
        }
        pq.write_table(pa.table(columns), place / f"s-{shard}.parquet", row_group_size=8)
    return place


def shards_of_tars(place: Path) -> Path:
    """Tars whose members differ: another format, other members, a key of JSON that elsewhere is a member."""
    place.mkdir(exist_ok=True)
    write_tar(place / "s-0.tar", *[pair(f"{i}", json=json.dumps({"n": i})) for i in range(12)])
    jpeg = [
        sample(f"{i}", original__jpg=PNG[1], edited__webp=PNG[2], txt=f"edit {i}", mask__png=PNG[3])
        for i in range(9)
    ]
    write_tar(place / "s-1.tar", *jpeg, sample("odd", txt="no pictures"))
    late = [pair(f"{i}", json=json.dumps({"n": i / 2, "late": "x", "box": {"w": 1}})) for i in range(7)]
    write_tar(place / "s-2.tar", *late, pair("twice", json='{"txt": "a member elsewhere"}'))
    write_tar(place / "s-3.tar", *[pair(f"{i}") for i in range(5)])
    return place


def shards_of_sessions(place: Path) -> Path:
    """Two shards of sessions of several edits, and their pictures."""
    lists.imgedit_sessions(place, turns=(3, 2, 0, 4) * 3).rename(place / "part0.parquet")
    lists.imgedit_sessions(place, turns=(1, 5, 2)).rename(place / "part1.parquet")
    return place


SESSIONS = Roles(corpus="imgedit-multi-turn")
MADE = [(shards_of_parquet, Roles()), (shards_of_tars, Roles()), (shards_of_sessions, SESSIONS)]


class TestShardsOfParquet(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        shards_of_parquet(tmp_path)
        return lambda: again(open_source(tmp_path))


class TestShardsOfTars(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        shards_of_tars(tmp_path)
        return lambda: again(open_source(tmp_path))


class TestShardsOfSessions(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        shards_of_sessions(tmp_path)
        return lambda: again(open_source(tmp_path, roles=SESSIONS), SESSIONS)


@pytest.mark.parametrize(("make", "roles"), MADE)
def test_opened_shard_by_shard_it_is_what_it_is_opened_whole(
    make: Callable[[Path], Path], roles: Roles, tmp_path: Path
) -> None:
    whole = open_source(make(tmp_path), roles=roles)
    alone = again(whole, roles)
    assert alone.schema() == whole.schema()
    assert alone.reading() == whole.reading()
    for part in reversed(whole.plan()):
        assert list(alone.read(part)) == list(whole.read(part))
    assert alone.plan() == whole.plan()
    assert everything(alone) == everything(whole)


@pytest.mark.parametrize(("make", "roles"), MADE)
def test_a_part_needs_no_other_shard(make: Callable[[Path], Path], roles: Roles, tmp_path: Path) -> None:
    whole = open_source(make(tmp_path), roles=roles)
    rows = {part.number: list(whole.read(part)) for part in whole.plan()}
    for part in whole.plan():
        held = {path: path.read_bytes() for path in tmp_path.iterdir() if path.suffix in (".tar", ".parquet")}
        times = {path: path.stat().st_mtime_ns for path in held}
        for path in held:
            if path.name != part.file:
                path.unlink()
        alone = again(whole, roles)
        assert alone.holds(part)
        assert list(alone.read(part)) == rows[part.number]
        assert len([row for row in rows[part.number] if isinstance(row, Pair)]) > 0
        for path, data in held.items():
            if path.name != part.file:
                path.write_bytes(data)
                os.utime(path, ns=(times[path], times[path]))


def test_a_shard_alone_would_be_read_otherwise(tmp_path: Path) -> None:
    """Else the tests above could not fail."""
    shards_of_parquet(tmp_path / "parquet")
    with pytest.raises(InputError, match="no column is clearly the original"):
        open_source(tmp_path / "parquet" / "s-1.parquet")
    whole = open_source(shards_of_tars(tmp_path / "tars"))
    assert open_source(tmp_path / "tars" / "s-0.tar").schema() != whole.schema()
    (twice,) = (row for row in everything(whole) if row.id == "s-2.tar#7")
    assert isinstance(twice, Rejection)
    assert "is the name of another member" in twice.detail
    assert isinstance(everything(open_source(tmp_path / "tars" / "s-2.tar"))[7], Pair)


def test_a_part_is_held_until_its_own_shard_changes(tmp_path: Path) -> None:
    whole = open_source(shards_of_tars(tmp_path))
    first, last = whole.plan()[0], whole.plan()[-1]
    write_tar(tmp_path / "s-3.tar", pair("another"))
    assert again(whole).holds(first)
    assert not again(whole).holds(last)
    with pytest.raises(InputError, match="changed"):
        list(again(whole).read(last))
    (tmp_path / "s-3.tar").unlink()
    with pytest.raises(InputError, match="cannot be read"):
        again(whole).holds(last)


def test_a_file_alone_and_a_folder_of_pictures_are_opened_whole(tmp_path: Path) -> None:
    table = shards_of_parquet(tmp_path / "shards") / "s-0.parquet"
    for side in ("original", "edited"):
        (tmp_path / "pictures" / side).mkdir(parents=True)
        (tmp_path / "pictures" / side / "1.png").write_bytes(PNG[0])
    for place in (table, write_csv(tmp_path / "t.csv", rows_of(9)), tmp_path / "pictures"):
        source = open_source(place)
        assert source.known() is None
        assert all(source.holds(part) for part in source.plan())


def test_names_that_are_no_utf8_lead_back_to_their_files(tmp_path: Path) -> None:
    shards_of_tars(tmp_path)
    os.rename(tmp_path / "s-0.tar", os.fsencode(tmp_path) + b"/s-\xff\\0.tar")
    whole = open_source(tmp_path)
    assert everything(again(whole)) == everything(whole)
