"""Parquet: types, row groups, damage, and footers that lie."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from maskwright.errors import InputError
from maskwright.pairs.sources import Roles, Source, open_source
from maskwright.pairs.sources.parquet import ParquetReader
from maskwright.pairs.values import Encoded, Located, Pair, Rejection
from tests.contracts.source import SourceContract, everything
from tests.pairs.tables import PNG, image_struct, keys, opened


class TestParquetWithBytes(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        table = pa.table(
            {
                "source_img": [image_struct(PNG[i % 6]) for i in range(90)],
                "target_img": [image_struct(None if i == 7 else PNG[(i + 1) % 6]) for i in range(90)],
                "instruction": [f"edit {i}" for i in range(90)],
                "turn_index": pa.array(range(90), pa.int32()),
                "scores": [[i / 2] for i in range(90)],
            }
        )
        pq.write_table(table, tmp_path / "p.parquet", row_group_size=37)
        return lambda: open_source(tmp_path / "p.parquet")


class TestParquetShards(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        for shard, count in enumerate((13, 40, 0, 9)):
            table = pa.table(
                {
                    "before": pa.array([PNG[i % 6] for i in range(count)], pa.binary()),
                    "after": pa.array([None if i == 3 else PNG[1] for i in range(count)], pa.binary()),
                    "n": pa.array(range(count), pa.int64()),
                }
            )
            (tmp_path / "data").mkdir(exist_ok=True)
            pq.write_table(table, tmp_path / "data" / f"s-{shard}.parquet", row_group_size=8)
        return lambda: open_source(tmp_path)


def parquet_file(folder: Path, rows: int = 60, **columns: Any) -> Path:
    path = folder / "t.parquet"
    table = pa.table({"original": [PNG[i % 6] for i in range(rows)], "edited": [PNG[1]] * rows, **columns})
    pq.write_table(table, path, row_group_size=20, compression="none", use_dictionary=False)
    return path


def test_other_columns_keep_their_types_and_pictures_are_not_carried(tmp_path: Path) -> None:
    times = pa.array(np.arange(60).astype("datetime64[ns]"))
    path = parquet_file(
        tmp_path,
        small=pa.array(range(60), pa.int8()),
        when=times,
        day=pa.array([0] * 60, pa.date32()),
        word=pa.array(["x"] * 60).dictionary_encode(),
        sketch=[PNG[2]] * 60,
        **{"dotted.name": [1.5] * 60},
    )
    source = open_source(path)
    types = {field.name: field.type for field in source.schema()}
    assert types == {
        "small": pa.int8(),
        "when": pa.string(),
        "day": pa.date32(),
        "word": pa.string(),
        "dotted.name": pa.float64(),
    }
    row = everything(source)[59]
    assert row.columns["when"] == "1970-01-01 00:00:00.000000059"
    assert row.columns["dotted.name"] == 1.5


def test_a_damaged_row_group_costs_its_own_rows_only(tmp_path: Path) -> None:
    path = parquet_file(tmp_path)
    data = bytearray(path.read_bytes())
    column = pq.ParquetFile(path).metadata.row_group(1).column(0)
    start = column.data_page_offset
    data[start : start + 40] = b"\xff" * 40
    path.write_bytes(data)
    rows = opened(path)
    assert [getattr(row, "reason", "") for row in rows] == [""] * 20 + ["bad_row"] * 20 + [""] * 20


def test_reading_on_where_the_last_part_ended_decodes_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = open_source(parquet_file(tmp_path))
    opened_files = []
    real = ParquetReader._open
    monkeypatch.setattr(
        ParquetReader, "_open", lambda self, file: opened_files.append(file) or real(self, file)
    )
    assert len(everything(source)) == 60
    assert len(opened_files) == 3, "once for each row group"


def test_two_readers_of_a_row_group_do_not_disturb_each_other(tmp_path: Path) -> None:
    table = pa.table({"original": ["a.png"] * 700, "edited": ["b.png"] * 700, "n": range(700)})
    pq.write_table(table, tmp_path / "t.parquet")
    source = open_source(tmp_path / "t.parquet")
    plan = source.plan()
    list(source.read(plan[0]))  # leaves the place where it stopped
    assert (plan[1].start, plan[1].rows, plan[9].start) == (11, 11, 99), "across batches of 16 rows"
    near, far = source.read(plan[1]), source.read(plan[9])
    found = [(next(near).columns["n"], next(far).columns["n"]) for _ in range(11)]
    assert found == [(11 + i, 99 + i) for i in range(11)]


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_a_truncated_parquet_file_is_refused(share: float, tmp_path: Path) -> None:
    path = parquet_file(tmp_path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(InputError, match="not a readable Parquet"):
        open_source(path)


def test_shards_of_different_columns_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"original": ["a.png"], "edited": ["b.png"], "n": [1]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"original": ["a.png"], "edited": ["b.png"], "n": ["x"]}), tmp_path / "b.parquet")
    with pytest.raises(InputError, match="differ"):
        open_source(tmp_path)
    pq.write_table(pa.table({"original": ["a.png"], "edited": ["b.png"]}), tmp_path / "b.parquet")
    with pytest.raises(InputError, match="other columns"):
        open_source(tmp_path)


def test_paths_in_a_shard_are_relative_to_the_shard(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    pq.write_table(pa.table({"original": ["a.png"], "edited": ["b.png"]}), tmp_path / "d" / "s.parquet")
    (row,) = opened(tmp_path)
    assert (keys(row), row.id) == (["d/a.png", "d/b.png"], "d/s.parquet#0")
    assert isinstance(row, Pair)
    assert row.original == Located(str(tmp_path / "d" / "a.png"), "d/a.png")


# ---- files that lie -------------------------------------------------------------------------------------

PEAK = """
import sys, pyarrow
from maskwright.pairs.sources import Roles, Source, open_source
source = open_source(sys.argv[1])
rows = sum(1 for part in source.plan() for _ in source.read(part))
print(rows, pyarrow.default_memory_pool().max_memory() >> 20)
"""


@pytest.mark.parametrize("rows", [100, 800])
def test_memory_does_not_grow_with_the_row_group(rows: int, tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    sides = {side: [noise.bytes(100_000) for _ in range(rows)] for side in ("original", "edited")}
    # pages of 16 pictures; a page has to be in memory, a row group does not
    pq.write_table(pa.table(sides), tmp_path / "t.parquet", row_group_size=rows, write_batch_size=16)
    assert pq.ParquetFile(tmp_path / "t.parquet").metadata.num_row_groups == 1
    command = [sys.executable, "-c", PEAK, str(tmp_path / "t.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    read, peak_mb = map(int, done.stdout.split())
    assert read == rows
    assert peak_mb < 32, "of 20 or 160 MB that the row group holds"


def with_footer(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Rewrite the footer: Thrift in front of its length and `PAR1`."""
    data = path.read_bytes()
    length = int.from_bytes(data[-8:-4], "little")
    footer = change(data[-8 - length : -8])
    path.write_bytes(data[: -8 - length] + footer + len(footer).to_bytes(4, "little") + b"PAR1")


def varint(value: int) -> bytes:
    """A whole number as Thrift's compact protocol writes it: zigzag, seven bits a byte."""
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


@pytest.mark.parametrize("claimed", [2**62, 10**9, 2 * 10**6, -5])
def test_rows_that_cannot_be_there_are_refused(claimed: int, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"original": ["a.png"] * 12_345, "edited": ["b.png"] * 12_345}), path)
    with_footer(path, lambda footer: footer.replace(varint(12_345), varint(claimed)))
    with pytest.raises(InputError, match="not a readable Parquet"):
        open_source(path)


def test_a_file_that_counts_other_rows_than_its_row_groups_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"original": ["a.png"] * 12_345, "edited": ["b.png"] * 12_345}), path)
    with_footer(path, lambda footer: footer.replace(varint(12_345), varint(12_346), 1))
    with pytest.raises(InputError, match="it says it has 12346 rows, its row groups 12345"):
        open_source(path)


def test_a_row_group_that_claims_rows_it_has_not_rejects_them(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"original": ["a.png"] * 300, "edited": ["b.png"] * 300}), path)
    with_footer(path, lambda footer: footer.replace(varint(300), varint(400)))
    found = opened(path)
    assert len(found) == 400
    assert {row.reason for row in found[300:] if isinstance(row, Rejection)} == {"bad_row"}


def test_a_forged_footer_is_refused_or_gives_rows_and_nothing_else(tmp_path: Path) -> None:
    path = parquet_file(tmp_path, n=pa.array(range(60)))
    whole = path.read_bytes()
    random = np.random.default_rng(5)
    outcomes = set()
    for _ in range(150):

        def forge(footer: bytes) -> bytes:
            forged = bytearray(footer)
            for place in random.integers(0, len(footer), 3):
                forged[place] = random.integers(0, 256)
            return bytes(forged)

        path.write_bytes(whole)
        with_footer(path, forge)
        try:
            found = opened(path)
        except InputError:
            outcomes.add("refused")
        else:
            outcomes.add("read")
            assert all(isinstance(row, Pair | Rejection) for row in found)
    assert outcomes == {"refused", "read"}


def test_thousands_of_columns_are_refused(tmp_path: Path) -> None:
    table = {"original": ["a.png"], "edited": ["b.png"], **{f"c{i}": [i] for i in range(2_000)}}
    pq.write_table(pa.table(table), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="2002 columns"):
        open_source(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    "name", ["../../x", 'say "so"', "it's", "two\nlines", "a:b#1:c", "; drop table", "日本"]
)
def test_any_column_name_finds_its_picture_again(name: str, tmp_path: Path) -> None:
    pq.write_table(pa.table({name: [PNG[0]], "edited": [PNG[1]], f"{name}2": [7]}), tmp_path / "t.parquet")
    source = open_source(tmp_path / "t.parquet", roles=Roles(original=name))
    (row,) = everything(source)
    assert isinstance(row, Pair)
    assert row.original == Encoded(PNG[0], f"t.parquet#0:{name}")
    assert source.picture(f"t.parquet#0:{name}") == row.original
    assert row.columns == {f"{name}2": 7}
