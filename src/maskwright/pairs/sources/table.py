"""A table as a source: whatever reads its rows, the same roles, ids, parts and rejections."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import pyarrow as pa

from maskwright.errors import InputError
from maskwright.pairs.fetching import scheme_of
from maskwright.pairs.opening import is_remote, shown
from maskwright.pairs.region import shape_of
from maskwright.pairs.sources.base import (
    Part,
    Reading,
    Roles,
    check_etag,
    portable,
    ranges,
    rows_per_part,
)
from maskwright.pairs.sources.known import Known
from maskwright.pairs.sources.roles import ALIASES, chosen_roles, find_roles
from maskwright.pairs.sources.stores import Store
from maskwright.pairs.values import Encoded, Linked, Located, Pair, PictureLike, Rejection, Shape


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read, what is wrong with it, and the key of `REASONS` for that."""

    detail: str
    reason: str = "bad_row"


KINDS = {
    ".csv": "CSV",
    ".tsv": "TSV",
    ".jsonl": "JSON Lines",
    ".ndjson": "JSON Lines",
    ".json": "JSON",
    ".parquet": "Parquet",
    ".pq": "Parquet",
    ".tar": "tar",
}
"""Ending of a table's name -> what people call it."""

MOST_COLUMNS = 2000
"""Columns a table may have; tables of pairs have some dozens, and every one is looked at for each row."""

Row: TypeAlias = "dict[str, Any] | BadRow"


class Reader(Protocol):
    """One or more files of rows with the same columns.

    Paths of `files` are relative to the store. A row is a dict of all `columns` that were asked for; a cell
    may be an `Encoded` picture, where the reader knows a better key than row and column.
    """

    @property
    def store(self) -> Store:
        """Where the files are."""

    @property
    def files(self) -> Sequence[str]:
        """Paths relative to the store."""

    def columns(self) -> Mapping[str, tuple[str, pa.DataType]]:
        """Name -> (picture, text, shape, file or other; the type), in order; files are not carried."""

    def known(self) -> Known | None:
        """What its files have in common; None for a reader of one file."""

    def count(self, file: str) -> int:
        """Rows of a file, unreadable ones included."""

    def read(self, file: str, start: int, rows: int, columns: Sequence[str]) -> Iterator[Row]:
        """Exactly `rows` rows from `start` on; at most a small batch of them is in memory."""


class TableSource:
    """Pairs from the rows of a table.

    The id is `<file>#<row>`, rows counted from 0. Columns that hold pictures are not carried, all others are,
    with their types; so is the instruction's, when it is a list of which only the first is used.

    Args:
        lazy: look at a file only when it is asked for; the columns are known.
    """

    def __init__(self, location: str, reader: Reader, roles: Roles, *, lazy: bool = False) -> None:
        self.location = location
        self._reader = reader
        self._where = shown(location)
        self._files = {portable(file): file for file in reader.files}
        self._opened: dict[str, tuple[int, int, str]] = {}
        if not lazy and not self.rows():
            raise InputError(f"{self._where} has no rows")
        columns = reader.columns()
        check_columns(self._where, len(columns))
        self._roles = find_roles(self._where, {name: kind for name, (kind, _) in columns.items()}, roles)
        self._given, self._columns = roles, columns
        used = {self._roles.original, self._roles.edited, self._roles.mask}
        if self._roles.instruction and pa.types.is_string(columns[self._roles.instruction][1]):
            used.add(self._roles.instruction)
        self._schema = pa.schema(
            [
                pa.field(name, type_)
                for name, (kind, type_) in columns.items()
                if name not in used
                and not pa.types.is_null(type_)
                and kind != "file"
                and not (kind == "picture" and _is_bytes(type_))
            ]
        )
        chosen = [getattr(self._roles, role) for role in ALIASES]
        self._needed = list(dict.fromkeys([name for name in chosen if name] + self._schema.names))

    def schema(self) -> pa.Schema:
        return self._schema

    def reading(self) -> Reading:
        chosen = chosen_roles(self._given, self._roles)
        roles = {each.place: each.role for each in chosen}
        carried = tuple(self._schema.names)
        columns = []
        for name, (kind, type_) in self._columns.items():
            left_out = (
                "left out, it has no values"
                if pa.types.is_null(type_)
                else f"left out, {kind}s are not copied"
            )
            columns.append((name, roles.get(name) or ("carried" if name in carried else left_out)))
        return Reading(self._kind(), "", chosen, tuple(columns), carried, self._roles.swap)

    def _kind(self) -> str:
        name = KINDS[posixpath.splitext(next(iter(self._files)))[1].lower()]
        return f"{len(self._files):,} {name} files" if len(self._files) > 1 else f"a {name} table"

    def rows(self) -> int:
        return sum(self._open(file)[0] for file in self._files)

    def plan(self) -> list[Part]:
        step = rows_per_part(self.rows())
        cuts = [(file, *cut) for file in self._files for cut in ranges(self._open(file)[0], step)]
        return [
            Part(i, file, start, rows, *self._open(file)[1:]) for i, (file, start, rows) in enumerate(cuts)
        ]

    def read(self, part: Part) -> Iterator[Pair | Rejection]:
        self._check(part)
        row = part.start
        for values in self._reader.read(self._files[part.file], part.start, part.rows, self._needed):
            yield self._pair(part.file, row, values)
            row += 1
        self._check(part)

    def picture(self, key: str) -> PictureLike:
        for file, place in self._places(key):
            row, _, column = place.partition(":")
            if row.isascii() and row.isdigit() and column:
                return self._cell(file, int(row), column, key)
        if is_remote(key):
            return Linked(key, key) if self._given.allow_remote and scheme_of(key) else Located(key, key)
        return self._reader.store.picture(key)

    def holds(self, part: Part) -> bool:
        return part.file in self._files and self._open(part.file)[1:] == (part.size, part.etag)

    def known(self) -> Known | None:
        return self._reader.known() if len(self._files) > 1 else None

    def _open(self, file: str) -> tuple[int, int, str]:
        """(rows, bytes, etag) of a file, as it was when it was first asked for."""
        if file not in self._opened:
            path = self._files[file]
            state = self._reader.store.state(path)
            self._opened[file] = (self._reader.count(path), *state)
        return self._opened[file]

    def _check(self, part: Part) -> None:
        """Refuse a part whose file is not as it was planned, or not as it was opened."""
        check_etag(self._where, part, self._open(part.file)[2] if part.file in self._files else None)
        check_etag(self._where, part, self._reader.store.state(self._files[part.file])[1])

    def _places(self, key: str) -> Iterator[tuple[str, str]]:
        """(key of a file of the table, what stands behind `#`); a name may hold `#` itself."""
        cut = key.find("#")
        while cut >= 0:
            if key[:cut] in self._files:
                yield key[:cut], key[cut + 1 :]
            cut = key.find("#", cut + 1)

    def _cell(self, file: str, row: int, column: str, key: str) -> PictureLike:
        if row < self._open(file)[0] and column in self._reader.columns():
            for values in self._reader.read(self._files[file], row, 1, [column]):
                picture = self._picture(file, row, column, values) if isinstance(values, dict) else None
                if isinstance(picture, Encoded | Located):
                    return picture
        raise InputError(f"{self._where} holds no picture at {key}", reason="no_picture")

    def _pair(self, file: str, row: int, values: Row) -> Pair | Rejection:
        """One row; what is wrong with it is a rejection."""
        id_ = f"{file}#{row}"
        if isinstance(values, BadRow):
            return Rejection(id_, values.reason, values.detail)
        carried = {field.name: _fit(values[field.name], field.type) for field in self._schema}
        pictures: list[Encoded | Located | None] = []
        for role in ("original", "edited", "mask"):
            column = getattr(self._roles, role)
            found = None if column is None else self._picture(file, row, column, values)
            if isinstance(found, Rejection):
                return Rejection(id_, found.reason, f"{role}: {found.detail}", carried)
            pictures.append(found)
        original, edited, mask = pictures
        region = self._region(file, row, values)
        if isinstance(region, Rejection):
            return Rejection(id_, region.reason, f"region: {region.detail}", carried)
        if original is None or edited is None:
            empty = self._roles.original if original is None else self._roles.edited
            return Rejection(id_, "no_picture", f"column {empty!r} is empty", carried)
        return Pair(id_, original, edited, self._instruction(values), region, mask, carried)

    def _region(
        self, file: str, row: int, values: Mapping[str, Any]
    ) -> Encoded | Located | Shape | Rejection | None:
        """What the region's cell holds: a box or run lengths, or a picture."""
        column = self._roles.region
        if column is None:
            return None
        found = shape_of(values[column]) or self._picture(file, row, column, values)
        if isinstance(found, Rejection) and found.reason in ("ambiguous", "bad_row"):
            return Rejection(found.id, "bad_mask", found.detail)
        return found

    def _picture(
        self, file: str, row: int, column: str, values: Mapping[str, Any]
    ) -> Encoded | Located | Rejection | None:
        """What a cell holds: bytes, {bytes, path}, a path, or a list of one of these."""
        id_, cell = f"{file}#{row}", values[column]
        if isinstance(cell, list):
            if len(cell) > 1:
                return Rejection(id_, "ambiguous", f"column {column!r} holds {len(cell)} pictures")
            cell = cell[0] if cell else None
        if isinstance(cell, dict):
            cell = cell.get("bytes") or cell.get("path")
        if isinstance(cell, Encoded):
            return cell
        if isinstance(cell, bytes):
            return Encoded(cell, f"{id_}:{column}")
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            return None
        if not isinstance(cell, str):
            return Rejection(id_, "bad_row", f"column {column!r} holds no picture but {shown(cell)[:80]}")
        if is_remote(cell):
            if self._given.allow_remote and scheme_of(cell):
                return Linked(cell, cell)
            return Rejection(id_, "remote_not_allowed", shown(cell)[:200])
        key = posixpath.join(posixpath.dirname(file), cell)
        return self._reader.store.picture(key)

    def _instruction(self, values: Mapping[str, Any]) -> str | None:
        found = values[self._roles.instruction] if self._roles.instruction else None
        if isinstance(found, list):
            found = next((text for text in found if text), None)
        return found if isinstance(found, str) and found else None


def check_columns(where: str, count: int) -> None:
    """Refuse a table of more than `MOST_COLUMNS`."""
    if count > MOST_COLUMNS:
        raise InputError(f"{where} has {count} columns, at most {MOST_COLUMNS} are read")


def _fit(value: Any, type_: pa.DataType) -> Any:
    """A value as its column's type has it: JSON mixes numbers, and what goes together as nothing is text."""
    if type_ == pa.string() and value is not None and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return float(value) if type_ == pa.float64() and isinstance(value, int) else value


def _is_bytes(type_: pa.DataType) -> bool:
    """Whether a column of pictures holds the pictures themselves, not their paths."""
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return _is_bytes(type_.value_type)
    return not (pa.types.is_string(type_) or pa.types.is_large_string(type_))
