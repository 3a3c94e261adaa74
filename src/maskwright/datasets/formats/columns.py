"""The columns of `ROW` in formats' own tables, and as JSON."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from maskwright.datasets.building.built import PROVENANCE
from maskwright.datasets.values import ROW, SPLITS
from maskwright.errors import RunError

NAMES = {"original": "source_original", "edited": "source_edited"}
"""Columns of `ROW` that have another name in formats' tables, where `original` is a picture."""

COLUMNS: dict[str, pa.DataType] = {
    NAMES.get(name, name): kind for name, (kind, _) in ROW.items() if name not in ("files", "split")
}
"""Columns of a format's table: name -> type. The split is said by the file that the row is in."""

_OURS = {theirs: ours for ours, theirs in NAMES.items()}


def columns_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `ROW` as a row of `COLUMNS`.

    >>> columns_of({"original": "a.jpg", "split": "val"})["source_original"]
    'a.jpg'
    """
    return {name: row.get(_OURS.get(name, name)) for name in COLUMNS}


def row_of(columns: Mapping[str, Any], split: str) -> dict[str, Any]:
    """What `columns_of` was given, but for `files`."""
    return {"split": split, **{_OURS.get(name, name): value for name, value in columns.items()}}


def json_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `ROW` as an object of JSON whose keys have one type in all rows.

    Text that is not there is empty. A number that is not there, or is none, is left out: programs that guess
    types from the first rows (Hugging Face `datasets`, Arrow) take a null for a type of its own.

    >>> json_row({"id": "a", "qes": float("nan"), "width": 3})["id"], "qes" in json_row({"qes": None})
    ('a', False)
    """
    found = {}
    for name, value in columns_of(row).items():
        if pa.types.is_string(COLUMNS[name]):
            found[name] = value or ""
        elif value is not None and not (isinstance(value, float) and not math.isfinite(value)):
            found[name] = value
    return found


def json_line(value: Any) -> str:
    """One line of JSON in ASCII, so that no reader's idea of a line's end or of an encoding matters."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def provenance(folder: Path) -> dict[str, list[Path]]:
    """The tables of a dataset's rows: split -> files, in order. What holds no rows is left out.

    Raises:
        RunError: a table is damaged.
    """
    found = {split: sorted((folder / PROVENANCE).glob(f"{split}-*.parquet")) for split in SPLITS}
    filled = {split: [path for path in files if _rows(path)] for split, files in found.items()}
    return {split: files for split, files in filled.items() if files}


def _rows(path: Path) -> int:
    with _damage_told(path):
        return int(pq.read_metadata(path).num_rows)


def rows_in(files: list[Path], *, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """Rows of a split's tables, one after the other.

    Raises:
        RunError: a table is damaged.
    """
    for path in files:
        with _damage_told(path), pq.ParquetFile(path) as table:
            for batch in table.iter_batches(batch_size=1000, columns=columns, use_threads=False):
                yield from batch.to_pylist()


def all_rows(folder: Path, columns: list[str]) -> Iterator[dict[str, Any]]:
    """These columns of every row of a dataset's provenance, split after split.

    Raises:
        RunError: a table is damaged.
    """
    for files in provenance(folder).values():
        yield from rows_in(files, columns=columns)


@contextlib.contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as fault:
        raise RunError(f"{path} is damaged: {fault}", hint="delete that file, then build again") from fault
