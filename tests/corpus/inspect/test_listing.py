"""All rows are gone through once, the sampled pairs come by, everything is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.corpus.inspect import listing as module
from maskwright.corpus.inspect.listing import Lister
from maskwright.corpus.inspect.offsets import find_offset
from maskwright.pairs.picture import MAX_PIXELS
from maskwright.pairs.sources import open_source
from tests.corpus.inspect.made import clean_rows, write_table


@given(st.integers(1, 300), st.integers(1, 80), st.integers(0, 5))
def test_stretches_cover_all_rows_and_differ_by_one_row_at_most(rows: int, sample: int, seed: int) -> None:
    bins = module._bins(rows, sample, seed)
    assert len(bins) == min(rows, sample)
    assert [each for first, _, stop in bins for each in range(first, stop)] == list(range(rows))
    assert all(first <= drawn < stop for first, drawn, stop in bins)
    lengths = {stop - first for first, _, stop in bins}
    assert max(lengths) - min(lengths) <= 1


def table_of_texts(place: Path, rows: list[str]) -> Path:
    place.write_text("original,edited\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return place


def test_a_stretch_gives_the_pair_it_has_wherever_it_lies(tmp_path: Path) -> None:
    rows = [",e.png"] * 40
    for number in (2, 19, 33):
        rows[number] = f"o{number}.png,e{number}.png"
    source = open_source(table_of_texts(tmp_path / "t.csv", rows))
    for seed in range(5):
        lister = Lister(source, 4, seed)
        assert [pair.id for pair in lister.sampled()] == ["t.csv#2", "t.csv#19", "t.csv#33"]
        assert lister.listing().rejected["no_picture"].rows == 37


@pytest.mark.parametrize("seed", range(12))
def test_every_stretch_that_has_a_pair_gives_one_of_its_own(tmp_path: Path, seed: int) -> None:
    filled = np.random.default_rng(seed).random(83) < 0.3
    rows = ["o.png,e.png" if each else "o.png," for each in filled]
    lister = Lister(open_source(table_of_texts(tmp_path / "t.csv", rows)), 20, seed)
    sampled = [int(pair.id.partition("#")[2]) for pair in lister.sampled()]
    bins = module._bins(83, 20, seed)
    wanted = [i for i, (first, _, stop) in enumerate(bins) if filled[first:stop].any()]
    assert [next(i for i, each in enumerate(bins) if each[0] <= row < each[2]) for row in sampled] == wanted


def test_files_that_are_not_there_are_counted_by_side(tmp_path: Path) -> None:
    source = open_source(table_of_texts(tmp_path / "t.csv", ["a.png,b.png"] * 3))
    lister = Lister(source, 60, 0)
    assert len(list(lister.sampled())) == 3
    missing = lister.listing().missing
    assert {role: group.rows for role, group in missing.items()} == {"original": 3, "edited": 3}
    assert missing["edited"].ids == ("t.csv#0", "t.csv#1", "t.csv#2")


def test_of_a_very_large_table_only_rows_of_the_sample_are_read_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = clean_rows(4) * 50
    table = {"original": [row.original for row in rows], "edited": [row.edited for row in rows]}
    pq.write_table(pa.table(table), tmp_path / "t.parquet")
    monkeypatch.setattr(module, "READ_BYTES", 20 * len(rows[0].original))
    lister = Lister(open_source(tmp_path / "t.parquet"), 3, 0)
    sampled = [int(pair.id.partition("#")[2]) for pair in lister.sampled()]
    found = lister.listing()
    assert [row // 67 for row in sampled] == [0, 1, 2]
    assert found.rows == 200
    assert 3 <= found.listed < 200


def test_files_too_many_to_be_told_apart_are_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = write_table(tmp_path, [*clean_rows(2), *clean_rows(2)])
    monkeypatch.setattr(module, "HASH_BYTES", 0)
    lister = Lister(open_source(place), 60, 0)
    assert len(list(lister.sampled())) == 4
    assert lister.listing().unhashed == 8
    assert lister.listing().duplicates.rows == 0


def test_pairs_in_their_places_have_no_offset(tmp_path: Path) -> None:
    offset = find_offset(open_source(write_table(tmp_path, clean_rows(24))), max_pixels=MAX_PIXELS)
    assert offset is not None
    assert offset.rows == 0
    assert offset.by_chance == 0
