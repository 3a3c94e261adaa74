"""What was confirmed of candidates, kept beside the corpora, so that no picture is opened twice for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from maskwright.corpus import atomic
from maskwright.datasets.leaks.confirm import RULE

ANSWERS = "same_photograph.parquet"
"""Name of the file in OUT. It may be deleted: what it says is found again."""

_SCHEMA = pa.schema(
    [
        *((f"{side}_{name}", kind) for side in ("one", "other") for name, kind in (
            ("source", pa.string()), ("key", pa.string()), ("descriptor", pa.binary())
        )),
        ("same", pa.bool_()),
    ],
    metadata={"rule": str(RULE)},
)  # fmt: skip


class Named(NamedTuple):
    """A picture: where its corpus came from, its key there, and what it looked like when it was described."""

    source: str
    key: str
    descriptor: bytes


Answers: TypeAlias = dict[tuple[Named, Named], bool]
"""(one, other), the smaller first -> whether they show the same photograph."""


def pair_of(one: Named, other: Named) -> tuple[Named, Named]:
    """The key of `Answers`."""
    return (one, other) if one <= other else (other, one)


def kept_answers(outs: Iterable[Path]) -> Answers:
    """All that is kept in these folders under the rule of today; what cannot be read is not there."""
    found: Answers = {}
    for out in outs:
        try:
            table = pq.read_table(out / ANSWERS, partitioning=None)
        except (OSError, pa.ArrowException):
            continue
        if table.schema.equals(_SCHEMA) and (table.schema.metadata or {}).get(b"rule") == str(RULE).encode():
            for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
                found[Named(*row[:3]), Named(*row[3:6])] = row[6]
    return found


def keep_answers(out: Path, answers: Mapping[tuple[Named, Named], bool]) -> None:
    """Write these beside what the folder has; of two processes at once the last one wins.

    Raises:
        RunError: the folder cannot be written.
    """
    rows = sorted({**kept_answers([out]), **answers}.items())
    columns = list(zip(*((*one, *other, same) for (one, other), same in rows), strict=True))
    table = pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, _SCHEMA, strict=True)], schema=_SCHEMA
    )
    with atomic.replacing(out / ANSWERS) as temporary:
        pq.write_table(table, temporary, compression="zstd")
