"""One shard: its pictures, then its rows in `provenance/`. A shard whose rows are there is done."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from maskwright.corpus import atomic
from maskwright.corpus.executors import Beat
from maskwright.corpus.parts import table_writer
from maskwright.datasets.building.built import PROVENANCE
from maskwright.datasets.building.entries import Left, Wanted, entries
from maskwright.datasets.building.plan import PLAN, Planned, read_group
from maskwright.datasets.building.supply import CorpusSupply, MasksSupply, Supply
from maskwright.datasets.formats import Shard, load_format
from maskwright.datasets.values import ROW, Entry
from maskwright.pairs.sources import Roles

ROWS = pa.schema([(name, kind) for name, (kind, _) in ROW.items()])
"""Of `provenance/*.parquet`."""
LEFT = pa.schema([(name, pa.string()) for name in ("id", "source", "reason", "detail")])
"""Of `left_out.parquet`."""


@dataclass(frozen=True, slots=True)
class Corner:
    """One corpus as workers open it.

    Args:
        out: absolute: what annotate wrote, or a dataset of masks.
        source: as in `ROW`.
        threshold: None: the stored masks.
        pictures, roles: where its pictures are and how they are read, for a dataset of masks.
    """

    out: str
    source: str
    threshold: float | None
    pictures: str = ""
    roles: Roles = Roles()  # noqa: RUF009 - frozen


@dataclass(frozen=True, slots=True)
class Job:
    """All that shards depend on, beside the plan."""

    dataset: str
    format: str
    corpora: tuple[Corner, ...]
    wanted: Wanted


def write_shard(job: Job, planned: Planned, beat: Beat) -> int:
    """Write a shard; how many of its rows are left out.

    Raises:
        RunError: the dataset cannot be written, or a corpus or the plan not be read.
    """
    dataset, shard = Path(job.dataset), planned.shard
    left: list[Left] = []
    rows: dict[str, dict[str, Any]] = {}
    made = entries(
        read_group(dataset, planned.group), supplies(job.corpora), job.wanted, beat=beat, left=left.append
    )
    first = next(made, None)
    puts: Iterable[Any] = ()
    if first is not None:
        puts = load_format(job.format).write(dataset, shard, _noted(chain([first], made), rows))
    path = provenance_path(dataset, shard)
    with atomic.told(path):
        path.parent.mkdir(exist_ok=True)
    for put in puts:
        digest = hashlib.sha256(put.data).hexdigest()
        file = {"role": put.role, "path": put.path, "bytes": len(put.data), "sha256": digest}
        rows[put.stem].setdefault("files", []).append(file)
    if left:
        with table_writer(_left_path(dataset, shard), LEFT, ()) as add:
            for each in left:
                add(asdict(each))
    with table_writer(path, ROWS, ()) as add:
        for row in rows.values():
            add(row)
    beat(None)
    return len(left)


def _noted(made: Iterator[Entry], rows: dict[str, dict[str, Any]]) -> Iterator[Entry]:
    for entry in made:
        rows[entry.stem] = dict(entry.row)
        yield entry


@functools.lru_cache(maxsize=1)
def supplies(corpora: tuple[Corner, ...]) -> Sequence[Supply]:
    """What a worker opens once."""
    return [
        MasksSupply(each.out, each.pictures, each.roles)
        if each.pictures
        else CorpusSupply(each.out, each.source, each.threshold)
        for each in corpora
    ]


def provenance_path(dataset: Path, shard: Shard) -> Path:
    """Where a shard's rows are, or will be."""
    return dataset / PROVENANCE / f"{shard.split}-{shard.number:05d}.parquet"


def _left_path(dataset: Path, shard: Shard) -> Path:
    folder: Path = (dataset / PLAN).parent
    return folder / f"left-{shard.split}-{shard.number:05d}.parquet"


def left_out(dataset: Path) -> pa.Table:
    """What the finished shards have left out, in order."""
    folder = (dataset / PLAN).parent
    names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    found = [pq.read_table(folder / name) for name in names if re.fullmatch(r"left-.+\.parquet", name)]
    return pa.concat_tables([LEFT.empty_table(), *found])
