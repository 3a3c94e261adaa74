"""Parquet files, streamed by row group."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from maskwright.errors import InputError
from maskwright.pairs.opening import shown, words
from maskwright.pairs.sources.known import Known
from maskwright.pairs.sources.lines import SAMPLE, is_clean
from maskwright.pairs.sources.roles import holds_shapes, kind_of_texts
from maskwright.pairs.sources.stores import Store
from maskwright.pairs.sources.table import BadRow, Row, check_columns

BATCH = 16
"""Rows in memory at once: two pictures of about 1 MB each, so some 32 MB."""

FOOTERS_AT_ONCE = 8
"""Shards whose footers are asked for at a time: at a distance each takes some tenths of a second."""

MOST_ROWS = 1 << 20
"""Rows a file may have beyond one for each of its bytes; more are not rows but a forged footer."""

_NOTHING = pa.record_batch({})
_BROKEN = (pa.ArrowException, OSError, ValueError, KeyError, IndexError, OverflowError, TypeError)


class _Cursor:
    """Where reading a row group stopped, so that the next part need not decode it from its start again."""

    def __init__(self, place: tuple[str, int, tuple[str, ...]], batches: Iterator[pa.RecordBatch]) -> None:
        self.place, self._batches = place, batches
        self.first, self.batch = 0, next(batches, _NOTHING)

    def advance(self) -> None:
        """Go to the next batch."""
        self.first += self.batch.num_rows
        batch = next(self._batches, None)
        if batch is None:
            raise ValueError("it has fewer rows than it says")
        self.batch = batch


class ParquetReader:
    """Rows of one Parquet file, or of several with the same columns.

    Footers are read when opened, or, with the columns known, each when its file is first asked for.
    """

    def __init__(self, store: Store, files: Sequence[str], known: Known | None = None) -> None:
        self.store = store
        self.files = [file.replace(os.sep, "/") for file in files]
        self._cursor: _Cursor | None = None
        self._groups: dict[str, list[int]] = {}
        self._columns = self._found() if known is None else known.columns

    def _found(self) -> Mapping[str, tuple[str, pa.DataType]]:
        """The columns of all files together."""
        with ThreadPoolExecutor(FOOTERS_AT_ONCE) as pool:
            footers = list(pool.map(self._footer, self.files))
        self._groups = {file: rows for file, (rows, _) in zip(self.files, footers, strict=True)}
        schema = self._same([schema for _, schema in footers])
        check_columns(self.store.name(self.files[0]), len(schema))
        texts = self._texts([field.name for field in schema if _is_text(_inner(field.type))])
        return {
            field.name: (_kind(field, texts.get(field.name, ())), _carried(field.type)) for field in schema
        }

    def columns(self) -> Mapping[str, tuple[str, pa.DataType]]:
        return self._columns

    def count(self, file: str) -> int:
        return sum(self._groups_of(file))

    def known(self) -> Known:
        return Known(self.store.root, self._columns)

    def read(self, file: str, start: int, rows: int, columns: Sequence[str]) -> Iterator[Row]:
        """Row groups one after the other; a damaged one costs its own rows."""
        first = 0
        for group, length in enumerate(self._groups_of(file)):
            skip, stop = max(start - first, 0), min(start + rows - first, length)
            if skip < stop:
                yield from self._group(file, group, skip, stop, columns)
            first += length

    def _group(self, file: str, group: int, skip: int, stop: int, columns: Sequence[str]) -> Iterator[Row]:
        """Rows skip..stop of a row group."""
        place = (file, group, tuple(columns))
        cursor, self._cursor = self._cursor, None  # whoever reads holds it alone
        row = skip
        try:
            if cursor is None or cursor.place != place or cursor.first > skip:
                cursor = _Cursor(place, self._open(file).iter_batches(BATCH, [group], list(columns)))
            while row < stop:
                while cursor.first + cursor.batch.num_rows <= row:
                    cursor.advance()
                cut = cursor.batch.slice(row - cursor.first, stop - row)
                for values in _rows(cut, columns):
                    row += 1
                    yield values
            self._cursor = cursor
        except _BROKEN as error:
            for _ in range(row, stop):
                yield BadRow(f"row group {group} is damaged: {words(error)}")

    def _groups_of(self, file: str) -> list[int]:
        """Rows of each row group."""
        if file not in self._groups:
            self._groups[file] = self._footer(file)[0]
        return self._groups[file]

    def _footer(self, file: str) -> tuple[list[int], pa.Schema]:
        """Rows of each row group, and the columns."""
        with self._open(file) as opened:
            return self._rows_of(file, opened.metadata), opened.schema_arrow.remove_metadata()

    def _rows_of(self, file: str, meta: pq.FileMetaData) -> list[int]:
        """Rows of each row group, where they can be true."""
        rows = [meta.row_group(i).num_rows for i in range(meta.num_row_groups)]
        most = MOST_ROWS + self.store.state(file)[0]
        if min(rows, default=0) < 0 or sum(rows) != meta.num_rows or sum(rows) > most:
            raise InputError(
                f"{self.store.name(file)} is not a readable Parquet file: it says it has {meta.num_rows} "
                f"rows, its row groups {sum(rows)}, in {self.store.state(file)[0]} bytes"
            )
        return rows

    def _open(self, file: str) -> pq.ParquetFile:
        try:
            # page by page, not whole column chunks: memory does not grow with the row group
            return pq.ParquetFile(self.store.for_arrow(file), pre_buffer=False, buffer_size=1 << 20)
        except _BROKEN as error:
            raise InputError(
                f"{self.store.name(file)} is not a readable Parquet file: {words(error)}"
            ) from error

    def _same(self, schemas: Sequence[pa.Schema]) -> pa.Schema:
        for file, schema in zip(self.files, schemas, strict=True):
            if twice := sorted({name for name in schema.names if schema.names.count(name) > 1}):
                raise InputError(f"{shown(file)} has more than one column {', '.join(map(repr, twice[:8]))}")
            if not all(map(is_clean, schema.names)):
                raise InputError(f"{shown(file)} has a column whose name is not plain text")
        try:
            unified = pa.unify_schemas(schemas)  # only null and a type go together
        except pa.ArrowException as error:
            raise InputError(
                f"{shown(self.files[0])} and the other Parquet files differ: {words(error)}"
            ) from error
        for file, schema in zip(self.files, schemas, strict=True):
            if schema.names != unified.names:
                raise InputError(f"{shown(file)} has other columns than {shown(self.files[0])}")
        return unified

    def _texts(self, names: Sequence[str]) -> dict[str, list[str]]:
        """Texts from the first rows of each column, all columns in one pass."""
        found: dict[str, list[str]] = {name: [] for name in names}
        if not self._sample(names, found):
            for name in names:  # a damaged column must not cost the others
                self._sample([name], found)
        return found

    def _sample(self, names: Sequence[str], found: dict[str, list[str]]) -> bool:
        """Add texts of the columns that have none yet; whether every row looked at could be read."""
        whole = True
        for file in self.files:
            wanted = [name for name in names if not found[name]]
            if not wanted:
                break
            for values in self.read(file, 0, min(self.count(file), SAMPLE), wanted):
                if isinstance(values, BadRow):
                    whole = False
                    continue
                for name in wanted:
                    cell = values[name]
                    found[name] += [text for text in (cell if isinstance(cell, list) else [cell]) if text]
        return whole


def _kind(field: pa.Field, texts: Sequence[str]) -> str:
    type_ = _inner(field.type)
    if holds_shapes(field.type) or holds_shapes(type_):
        return "shape"
    if _is_binary(type_):
        return "picture"
    if pa.types.is_struct(type_):
        names = {inner.name: inner.type for inner in type_}
        return "picture" if _is_binary(names.get("bytes", pa.null())) else "other"
    if not _is_text(type_):
        return "other"
    return kind_of_texts(texts)


def _rows(batch: pa.RecordBatch, columns: Sequence[str]) -> Iterator[Row]:
    """Rows as Python values, by name whatever the order."""
    try:
        held = {name: _cast(batch.column(name)).to_pylist() for name in columns}
    except _BROKEN:
        if batch.num_rows > 1:
            for i in range(batch.num_rows):
                yield from _rows(batch.slice(i, 1), columns)
            return
        yield BadRow("a value of it cannot be read")
        return
    for i in range(batch.num_rows):
        row = {name: values[i] for name, values in held.items()}
        yield row if _clean(row.values()) else BadRow("it holds a NUL")


def _clean(values: Any) -> bool:
    return all("\0" not in value for value in values if isinstance(value, str))


def _cast(column: pa.Array) -> pa.Array:
    type_ = _carried(column.type)
    return column if type_ == column.type else column.cast(type_)


def _inner(type_: pa.DataType) -> pa.DataType:
    """The type of what is in a list or a dictionary."""
    if pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_dictionary(type_):
        return _inner(type_.value_type)
    return type_


def _carried(type_: pa.DataType) -> pa.DataType:
    """The type a column is carried with: its own, but for those Python or DuckDB cannot hold.

    Dictionaries become what they hold; nanoseconds become text, which loses nothing.
    """
    if pa.types.is_dictionary(type_):
        return _carried(type_.value_type)
    if isinstance(type_, pa.BaseExtensionType):
        return _carried(type_.storage_type)
    if pa.types.is_large_string(type_):
        return pa.string()
    return pa.string() if getattr(type_, "unit", "") == "ns" else type_


def _is_binary(type_: pa.DataType) -> bool:
    return bool(pa.types.is_binary(type_) or pa.types.is_large_binary(type_))


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))
