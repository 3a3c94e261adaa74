"""Datasets in Parquet with pictures, as Hugging Face `datasets` stores them: written, recognised, read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from maskwright.corpus.parts import table_writer
from maskwright.corpus.schema import TYPES
from maskwright.datasets.formats import Put, Shard
from maskwright.datasets.formats.columns import COLUMNS, columns_of, row_of
from maskwright.datasets.formats.files import by_split, ignore_png, listed, mask_png, picture_of, shard_path
from maskwright.datasets.formats.labels import label_of
from maskwright.datasets.values import Entry, Record, Stored
from maskwright.errors import InputError
from maskwright.pairs.opening import shown
from maskwright.pairs.sources.preset import split_of
from maskwright.pairs.values import Encoded

COLUMN_OF = {"picture": "image", "mask": "mask", "ignore": "ignore", "original": "original"}
"""What a format stores of an entry -> the column it is in."""

PLACES = ("data", "")
"""Folders where Parquet files of a dataset are looked for; the first that has some counts."""

# What annotate writes into a corpus beside its parts.
_NO_DATA = ("plan.parquet",)


def schema_of(roles: Iterable[str]) -> pa.Schema:
    """Pictures first, then `COLUMNS`; marked so that `datasets` decodes the pictures."""
    pictures = [COLUMN_OF[role] for role in roles]
    features = {name: {"_type": "Image"} for name in pictures}
    fields = [*((name, TYPES["picture"]) for name in pictures), *COLUMNS.items()]
    return pa.schema(fields, {"huggingface": json.dumps({"info": {"features": features}}, sort_keys=True)})


def write_table(
    folder: Path, shard: Shard, entries: Iterable[Entry], roles: tuple[str, ...]
) -> Iterator[Put]:
    """Write a shard as data/{split}-{number}-of-{count}.parquet; a picture that is not there is null."""
    path = shard_path(folder, shard, ".parquet")
    place = path.relative_to(folder).as_posix()
    with table_writer(path, schema_of(roles), [COLUMN_OF[role] for role in roles]) as add:
        for row, entry in enumerate(entries):
            stored = {role: picture for role in roles if (picture := _stored(entry, role))}
            add(
                columns_of(entry.row)
                | {
                    COLUMN_OF[role]: {"bytes": picture.data, "path": f"{entry.stem}{picture.suffix}"}
                    for role, picture in stored.items()
                }
            )
            for role, picture in stored.items():
                yield Put(entry.stem, role, f"{place}#{row}:{COLUMN_OF[role]}", picture.data)


def _stored(entry: Entry, role: str) -> Stored | None:
    if role == "picture":
        return picture_of(entry)
    if role == "mask":
        return mask_png(entry.mask)
    if role == "ignore":
        return None if entry.ignore is None else ignore_png(entry)
    return entry.original


def data_files(folder: Path) -> list[str]:
    """The Parquet files of a dataset, relative to it, in order."""
    for place in PLACES:
        names = [
            name for name in listed(folder / place) if name.endswith(".parquet") and name not in _NO_DATA
        ]
        if names:
            return by_split(f"{place}/{name}" if place else name for name in names)
    return []


def picture_columns(folder: Path) -> tuple[frozenset[str], frozenset[str]]:
    """(columns that hold pictures, all columns) of the first file; nothing where it cannot be read."""
    for file in data_files(folder)[:1]:
        try:
            schema = pq.read_schema(folder / file)
        except (pa.ArrowException, OSError, ValueError):
            break
        pictures = frozenset(field.name for field in schema if _holds_pictures(field.type))
        return pictures, frozenset(schema.names)
    return frozenset(), frozenset()


def _holds_pictures(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return bool(kind.get_field_index("bytes") >= 0)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def read_table(folder: Path) -> Iterator[Record]:
    """Records of all files, a few rows at a time.

    Raises:
        InputError: a file is damaged.
    """
    for file in data_files(folder):
        try:
            with pq.ParquetFile(folder / file) as table:
                names = _class_names(table.schema_arrow)
                row = 0
                for batch in table.iter_batches(batch_size=16, use_threads=False):
                    for values in batch.to_pylist():
                        yield _record(file, row, values, names)
                        row += 1
        except (pa.ArrowException, OSError, ValueError) as fault:
            raise InputError(f"{shown(folder / file)} is damaged: {fault}") from fault


def _record(file: str, row: int, values: dict[str, Any], names: list[str]) -> Record:
    found = {
        role: _encoded(values.pop(column, None), f"{file}#{row}:{column}")
        for role, column in COLUMN_OF.items()
        if column in values
    }
    split = split_of(file)
    label = values.get("label")
    if isinstance(label, int) and 0 <= label < len(names):
        label = names[label]
    return Record(f"{file}#{row}", split, label_of(label), **_roles(found), row=row_of(values, split))


def _roles(found: Mapping[str, Encoded | None]) -> dict[str, Encoded | None]:
    return {role: found.get(role) for role in ("picture", "original", "mask", "ignore")}


def _encoded(value: Any, key: str) -> Encoded | None:
    data = value.get("bytes") if isinstance(value, dict) else value
    return Encoded(data, key) if isinstance(data, bytes) else None


def _class_names(schema: pa.Schema) -> list[str]:
    """Names of the labels where `datasets` stored them as numbers."""
    try:
        said = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        names = said["info"]["features"]["label"]["names"]
        return [str(name) for name in names]
    except (ValueError, KeyError, TypeError):
        return []
