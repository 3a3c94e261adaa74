"""Which row becomes which picture of a dataset: split, name, label. Frozen before anything is written."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from maskwright.corpus import atomic
from maskwright.datasets.building.gather import Gathered, Keep, may_be_authentic
from maskwright.datasets.formats import Shard
from maskwright.datasets.values import SPLITS
from maskwright.errors import RunError

Numbers: TypeAlias = NDArray[np.int64]
PlanRow: TypeAlias = Mapping[str, Any]
"""A row of `SCHEMA`."""

PLAN = Path(".build") / "plan.parquet"
"""In a dataset until it is finished."""

WINDOW = 64
"""Neighbours in a corpus that are shuffled. Their pictures are read one after the other, from as few row
groups of a table as they lie in, and wait in memory for their turn: 128 files, mostly below a megabyte."""

FORGED, AUTHENTIC = "forged", "authentic"

SCHEMA = pa.schema(
    [
        ("stem", pa.string()),
        ("split", pa.dictionary(pa.int8(), pa.string())),
        ("label", pa.dictionary(pa.int8(), pa.string())),
        ("corpus", pa.int16()),
        ("part", pa.int32()),
        ("row", pa.int32()),
        ("id", pa.string()),
        ("photograph", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Authentic pictures of one split.

    Args:
        wanted: as many as the ratio asks for.
        there: photographs that can give one.
    """

    split: str
    wanted: int
    there: int


def hashes(gathered: Sequence[Gathered], seed: int) -> NDArray[np.uint64]:
    """A number a row that depends on seed, source and id only, so that more rows change no other's."""
    found = []
    for each in gathered:
        begin = hashlib.sha256(f"{seed}\n{each.source}\n".encode())
        for row in each.table["id"].to_pylist():
            digest = begin.copy()
            digest.update(row.encode())
            found.append(int.from_bytes(digest.digest()[:8], "little"))
    return np.array(found, np.uint64)


def draw_authentic(
    photographs: Numbers, splits: Numbers, may: Keep, chance: NDArray[np.uint64], ratio: float
) -> tuple[Numbers, tuple[Asked, ...]]:
    """Rows whose original becomes an authentic picture, and how many were asked for.

    A photograph gives one at most: two near-duplicates would teach nothing more than one.

    Args:
        photographs, splits: (rows,) numbers; forged rows all.
        may: (rows,) which originals are photographs.
        chance: (rows,) decides which photographs, and which of their rows.
        ratio: authentic pictures for each forged one.
    """
    rows = np.flatnonzero(may)
    rows = rows[np.argsort(chance[rows], kind="stable")]
    rows = rows[np.sort(np.unique(photographs[rows], return_index=True)[1])]  # the first of each photograph
    taken, asked = [], []
    for number, split in enumerate(SPLITS):
        there = rows[splits[rows] == number]
        wanted = round(ratio * int(np.count_nonzero(splits == number)))
        taken.append(there[:wanted])
        asked.append(Asked(split, wanted, len(there)))
    return np.sort(np.concatenate(taken)), tuple(asked)


def lay_out(
    gathered: Sequence[Gathered],
    photographs: Numbers,
    splits: Numbers,
    *,
    seed: int,
    ratio: float,
    said: bool,
) -> tuple[pa.Table, tuple[Asked, ...]]:
    """The plan: a row a picture, split by split, by stem; and what was asked for of authentic ones.

    Stems number the pictures of all splits together. The corpora are laid side by side, each stretched over
    the whole, and within every `WINDOW` neighbours the order is drawn: so a stem says nothing of label,
    corpus or split, and yet who writes them in order reads every corpus from its start to its end.

    Args:
        photographs, splits: (rows,) of all corpora, one after the other; splits count in `SPLITS`.
        ratio: authentic pictures for each forged one.
        said: originals of which nobody knows are photographs.
    """
    chance = hashes(gathered, seed)
    may = np.concatenate([may_be_authentic(each, said) for each in gathered])
    authentic, asked = draw_authentic(photographs, splits, may, chance, ratio)
    rows = np.concatenate([np.arange(len(photographs)), authentic])
    forged = np.arange(len(rows)) < len(photographs)
    # another draw than the one that chose them; 2**64 / golden ratio, odd: Knuth, TAOCP 3, 6.4
    draw = np.where(forged, chance[rows], ~chance[rows]) * np.uint64(0x9E3779B97F4A7C15)
    sizes = [each.table.num_rows for each in gathered]
    place = np.concatenate([(np.arange(size) + 0.5) / max(size, 1) for size in sizes])
    along = np.argsort(place[rows], kind="stable")
    window = np.empty(len(rows), np.int64)
    window[along] = np.arange(len(rows)) // WINDOW
    order = np.lexsort((draw, window))
    rows, forged = rows[order], forged[order]
    digits = max(6, len(str(max(len(rows) - 1, 0))))
    stems = np.array([f"{number:0{digits}d}" for number in range(len(rows))], dtype=f"U{digits}")
    by_split = np.argsort(splits[rows], kind="stable")
    rows, forged, stems = rows[by_split], forged[by_split], stems[by_split]
    table = pa.concat_tables([each.table.select(["part", "row", "id"]) for each in gathered])
    corpus = np.repeat(np.arange(len(sizes)), sizes)
    names = {"split": SPLITS, "label": (FORGED, AUTHENTIC)}
    codes = {"split": splits[rows], "label": np.where(forged, 0, 1)}
    columns = {
        "stem": pa.array(stems),
        **{
            name: pa.DictionaryArray.from_arrays(pa.array(codes[name], pa.int8()), pa.array(names[name]))
            for name in names
        },
        "corpus": pa.array(corpus[rows], pa.int16()),
        **{name: table[name].take(pa.array(rows)) for name in ("part", "row", "id")},
        "photograph": pa.array(photographs[rows]),
    }
    return pa.table(columns).cast(SCHEMA), asked


def split_counts(plan: pa.Table) -> dict[str, dict[str, int]]:
    """Split -> label -> pictures; all of them, also where there are none."""
    counts = {split: {FORGED: 0, AUTHENTIC: 0} for split in SPLITS}
    for each in plan.group_by(["split", "label"]).aggregate([([], "count_all")]).to_pylist():
        counts[each["split"]][each["label"]] = each["count_all"]
    return counts


@dataclass(frozen=True, slots=True)
class Planned:
    """A shard, how many rows it has, and the row group of the plan that has them."""

    shard: Shard
    rows: int
    group: int


def shards_of(plan: pa.Table, rows_in_shard: int) -> tuple[Planned, ...]:
    """The shards of every split, in the plan's order."""
    shards: list[Planned] = []
    for split, counts in split_counts(plan).items():
        rows = sum(counts.values())
        of = -(-rows // rows_in_shard)
        for number in range(of):
            here = min(rows_in_shard, rows - number * rows_in_shard)
            shards.append(Planned(Shard(split, number, of), here, len(shards)))
    return tuple(shards)


def plan_bytes(plan: pa.Table, rows_in_shard: int) -> bytes:
    """plan.parquet, a row group a shard; the same plan gives the same bytes."""
    buffer = io.BytesIO()
    with pq.ParquetWriter(buffer, SCHEMA, compression="zstd") as writer:
        for split in SPLITS:
            of_split = plan.filter(pc.equal(plan["split"], split))
            for first in range(0, of_split.num_rows, rows_in_shard):
                writer.write_table(of_split.slice(first, rows_in_shard), row_group_size=rows_in_shard)
    return buffer.getvalue()


def refuse_unfinished(dataset: Path) -> None:
    """Refuse a dataset that is still being built: what is there is not all there is going to be.

    Raises:
        RunError: its plan, which the end of a build takes away, is there.
    """
    if (dataset / PLAN).exists():
        raise RunError(
            f"{dataset} is not finished: its build was stopped, or still runs",
            hint="type the line of maskwright build again: it goes on where it stopped",
        )


def write_plan(dataset: Path, data: bytes) -> None:
    """Put the plan where workers read it."""
    path = dataset / PLAN
    with atomic.told(path):
        path.parent.mkdir(exist_ok=True)
    with atomic.replacing(path) as temporary:
        temporary.write_bytes(data)


def read_group(dataset: Path, group: int) -> list[PlanRow]:
    """The rows of one shard.

    Raises:
        RunError: the plan cannot be read.
    """
    path = dataset / PLAN
    try:
        with pq.ParquetFile(path) as file:
            rows: list[PlanRow] = file.read_row_group(group).to_pylist()
            return rows
    except (OSError, pa.ArrowException, IndexError) as fault:
        raise RunError(
            f"{path} cannot be read: {fault}", hint="type the same line again: it is made anew"
        ) from fault


def windows(rows: Sequence[PlanRow]) -> Iterator[list[PlanRow]]:
    """The rows of a shard, those together that lie close to each other in their corpora."""
    waiting: list[PlanRow] = []
    for row in rows:
        if waiting and int(row["stem"]) // WINDOW != int(waiting[0]["stem"]) // WINDOW:
            yield waiting
            waiting = []
        waiting.append(row)
    if waiting:
        yield waiting
