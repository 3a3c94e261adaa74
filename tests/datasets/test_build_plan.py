"""Which row goes where under which name: drawn by a seed, telling nothing, and in reading order."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from maskwright.datasets.building.gather import Gathered, told_apart
from maskwright.datasets.building.plan import (
    AUTHENTIC,
    FORGED,
    PLAN,
    WINDOW,
    draw_authentic,
    hashes,
    lay_out,
    plan_bytes,
    read_group,
    shards_of,
    split_counts,
    windows,
    write_plan,
)
from maskwright.datasets.values import SPLITS

SIZES = (3000, 500)


def gathered(source: str, rows: int, *, authentic: bool | None = None) -> Gathered:
    """Rows of a corpus in which three after one another show one photograph; a value, no corpus behind it."""
    numbers = np.arange(rows)
    table = pa.table(
        {
            "part": pa.array(numbers // 100, pa.int32()),
            "row": pa.array(numbers % 100, pa.int32()),
            "id": [f"{source}#{number}" for number in numbers],
            "original_is_authentic": pa.array([authentic] * rows, pa.bool_()),
        }
    )
    nothing = cast("Any", None)
    return Gathered(Path("/none"), source, nothing, nothing, nothing, None, table, ())


@pytest.fixture(scope="module")
def plan() -> pa.Table:
    corpora = [gathered("one", SIZES[0]), gathered("two", SIZES[1])]
    photographs = np.concatenate([np.arange(SIZES[0]) // 3, 10_000 + np.arange(SIZES[1]) // 3])
    splits = (photographs % 10 > 7).astype(np.int64) + (photographs % 10 > 8)
    table, asked = lay_out(corpora, photographs, splits, seed=1, ratio=0.3, said=True)
    assert all(each.wanted <= each.there for each in asked)
    return table


def auc(numbers: NDArray[Any], positive: NDArray[np.bool_]) -> float:
    """Chance that a positive has the larger number; 0.5 says nothing. By ranks (Mann-Whitney)."""
    ranks = np.argsort(np.argsort(numbers)) + 1
    of_positive = int(positive.sum())
    above = ranks[positive].sum() - of_positive * (of_positive + 1) / 2
    return float(above / (of_positive * (len(numbers) - of_positive)))


def test_every_row_is_forged_once_and_authentic_ones_come_beside(plan: pa.Table) -> None:
    forged = plan.filter(pa.compute.equal(plan["label"], FORGED))
    assert forged.num_rows == len(set(forged["id"].to_pylist())) == sum(SIZES)
    counts = split_counts(plan)
    assert [counts[split][AUTHENTIC] for split in SPLITS] == [
        round(0.3 * counts[split][FORGED]) for split in SPLITS
    ]


def test_stems_are_digits_of_one_length_that_count_the_pictures(plan: pa.Table) -> None:
    stems = plan["stem"].to_pylist()
    assert sorted(stems) == [f"{number:06d}" for number in range(plan.num_rows)]


def test_within_a_split_names_sort_as_rows_do(plan: pa.Table) -> None:
    for split in SPLITS:
        stems = plan.filter(pa.compute.equal(plan["split"], split))["stem"].to_pylist()
        assert stems == sorted(stems)


@pytest.mark.parametrize(
    ("column", "value"), [("label", AUTHENTIC), ("corpus", 1), ("split", "val"), ("split", "test")]
)
@pytest.mark.parametrize("what", ["number", "place in its window"])
def test_a_stem_says_nothing_of_label_corpus_or_split(
    column: str, value: object, what: str, plan: pa.Table
) -> None:
    stems = np.array(plan["stem"].to_pylist(), np.int64)
    numbers = stems if what == "number" else stems % WINDOW
    positive = np.array([each == value for each in plan[column].to_pylist()])
    spread = 3 * np.sqrt(len(stems) / (12 * positive.sum() * (~positive).sum()))
    assert abs(auc(numbers, positive) - 0.5) < spread, "three standard deviations of chance"


def test_who_reads_in_the_order_of_stems_never_goes_back_far(plan: pa.Table) -> None:
    ordered = plan.sort_by("stem")
    corpus = np.array(ordered["corpus"].to_pylist())
    places = np.array(ordered["part"].to_pylist()) * 100 + np.array(ordered["row"].to_pylist())
    for number in range(len(SIZES)):
        of_corpus = places[corpus == number]
        back = np.maximum.accumulate(of_corpus) - of_corpus
        assert 0 < back.max() < WINDOW


def test_the_order_is_drawn_within_a_window(plan: pa.Table) -> None:
    ordered = plan.sort_by("stem")
    places = np.array(ordered["part"].to_pylist()) * 100 + np.array(ordered["row"].to_pylist())
    assert (np.diff(places) < 0).mean() > 0.3


def test_another_seed_gives_another_order_and_the_same_seed_the_same() -> None:
    rows = [gathered("one", 200)]
    photographs, splits = np.arange(200) // 3, np.zeros(200, np.int64)

    def stems(seed: int) -> list[str]:
        found, _ = lay_out(rows, photographs, splits, seed=seed, ratio=0, said=True)
        ids: list[str] = found.sort_by("stem")["id"].to_pylist()
        return ids

    assert stems(1) == stems(1) != stems(2)


def test_the_draw_of_a_row_does_not_depend_on_the_rows_beside_it() -> None:
    few, many = hashes([gathered("one", 10)], 3), hashes([gathered("none", 5), gathered("one", 20)], 3)
    assert np.array_equal(few, many[5:15])


# ---- authentic pictures ---------------------------------------------------------------------------------


def drawn(ratio: float, may: NDArray[np.bool_] | None = None) -> tuple[NDArray[np.int64], Any]:
    """Photographs and rows that give one, of 8 photographs with 2, 4, ... 16 rows, all in one split."""
    photographs = np.repeat(np.arange(8), 2 * np.arange(1, 9)).astype(np.int64)
    chance = np.random.default_rng(5).integers(0, 1 << 63, len(photographs), dtype=np.uint64)
    allowed = np.ones(len(photographs), np.bool_) if may is None else may
    splits = np.zeros(len(photographs), np.int64)
    rows, asked = draw_authentic(photographs, splits, allowed, chance, ratio)
    return photographs[rows], (asked[0], rows)


def test_no_photograph_gives_two_authentic_pictures_and_too_few_are_told() -> None:
    photographs, (asked, _) = drawn(1.0)
    assert sorted(photographs) == list(range(8))
    assert (asked.split, asked.wanted, asked.there) == ("train", 72, 8)


def test_as_many_are_taken_as_are_asked_for() -> None:
    photographs, (asked, _) = drawn(5 / 72)
    assert len(set(photographs)) == asked.wanted == 5


def test_only_rows_that_may_give_authentic_pictures() -> None:
    may = np.zeros(72, np.bool_)
    may[10:14] = True
    photographs, (_, rows) = drawn(1.0, may)
    assert set(rows) <= {10, 11, 12, 13}
    assert sorted(photographs) == [2, 3]


@pytest.mark.parametrize(
    ("known", "said", "given"), [(True, False, 10), (None, False, 0), (None, True, 10), (False, True, 0)]
)
def test_what_a_corpus_knows_of_its_originals_is_believed_before_what_is_said(
    known: bool | None, said: bool, given: int
) -> None:
    rows = [gathered("one", 30, authentic=known)]
    table, _ = lay_out(rows, np.arange(30) // 3, np.zeros(30, np.int64), seed=0, ratio=1, said=said)
    assert split_counts(table)["train"][AUTHENTIC] == given


def test_an_authentic_picture_is_in_the_split_of_its_photograph(plan: pa.Table) -> None:
    splits: dict[int, set[str]] = {}
    for row in plan.select(["photograph", "split"]).to_pylist():
        splits.setdefault(row["photograph"], set()).add(row["split"])
    assert all(len(found) == 1 for found in splits.values())


# ---- the frozen table -----------------------------------------------------------------------------------


def test_a_shard_reads_its_own_rows_and_all_shards_are_the_plan(plan: pa.Table, tmp_path: Path) -> None:
    write_plan(tmp_path, plan_bytes(plan, 300))
    shards = shards_of(plan, 300)
    groups = [read_group(tmp_path, each.group) for each in shards]
    assert [row for group in groups for row in group] == plan.to_pylist()
    assert [len(group) for group in groups] == [each.rows for each in shards]
    for each, group in zip(shards, groups, strict=True):
        assert {row["split"] for row in group} == {each.shard.split}


def test_a_plan_has_no_pictures_and_takes_some_tens_of_bytes_a_row(plan: pa.Table, tmp_path: Path) -> None:
    write_plan(tmp_path, plan_bytes(plan, 300))
    assert pq.read_schema(tmp_path / PLAN).names == plan.schema.names
    assert plan.nbytes / plan.num_rows < 60


def test_windows_are_cut_where_stems_pass_a_multiple(plan: pa.Table) -> None:
    rows = plan.filter(pa.compute.equal(plan["split"], "val")).to_pylist()
    cut = list(windows(rows))
    assert [row for window in cut for row in window] == rows
    assert all(len({int(row["stem"]) // WINDOW for row in window}) == 1 for window in cut)
    assert len(cut) == len({int(row["stem"]) // WINDOW for row in rows})


@pytest.mark.parametrize(
    ("places", "names"),
    [
        (["/data/pairs.csv"], ["pairs.csv"]),
        (["/data/a/pairs.csv", "/data/b/pairs.csv"], ["a/pairs.csv", "b/pairs.csv"]),
        (["/data/photos/", "/data/photos"], ["photos", "photos"]),
        (["hf:owner/name", "pipe"], ["hf:owner/name", "pipe"]),
    ],
)
def test_sources_are_named_as_shortly_as_tells_them_apart(places: list[str], names: list[str]) -> None:
    assert told_apart(places) == names
