"""JSON Lines, and a JSON array of objects, row by row.

A column has the narrowest type that holds all its values; where they do not go together (a number here,
an object there) it is text, and what is not text is written as JSON.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import pyarrow as pa

from maskwright.errors import InputError
from maskwright.pairs.sources.lines import ROWS_PER_MARK, SAMPLE, Lines, first_byte, is_clean
from maskwright.pairs.sources.roles import holds_shapes, kind_of_texts
from maskwright.pairs.sources.stores import Store
from maskwright.pairs.sources.table import BadRow, Row

DEEPEST = 16
"""Levels of nesting of a value; deeper ones are a row that cannot be read."""


class Seen:
    """What the objects seen so far say of their columns."""

    def __init__(self) -> None:
        self.types: dict[str, pa.DataType] = {}
        self._samples: dict[str, list[str]] = {}

    def learn(self, row: Mapping[str, Any]) -> None:
        """Widen the columns so that they hold this object too."""
        for name, value in row.items():
            self.types[name] = _merged(self.types.get(name, pa.null()), _type_of(value))
            sample = self._samples.setdefault(name, [])
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, str) and text and len(sample) < SAMPLE:
                    sample.append(text)

    def columns(self) -> dict[str, tuple[str, pa.DataType]]:
        """As `Reader.columns`."""
        return {name: (self._kind(name, type_), _storable(type_)) for name, type_ in self.types.items()}

    def _kind(self, name: str, type_: pa.DataType) -> str:
        if holds_shapes(type_):
            return "shape"
        if type_ not in (pa.string(), pa.list_(pa.string()), _MIXED) or not self._samples[name]:
            return "other"
        return kind_of_texts(self._samples[name])


class JsonReader:
    """Rows of one JSON Lines file, read through once when opened; a `.json` array is held in memory."""

    def __init__(self, store: Store, files: Sequence[str]) -> None:
        self.store, self.files = store, files
        self._name = store.name(files[0])
        self._seen = Seen()
        self._marks, self._count = array("q"), 0
        try:
            with store.open(files[0]) as file:
                start = first_byte(file, self._name)
                self._held = self._load(file, start) if files[0].lower().endswith(".json") else None
                for offset, text in self._texts(file, start):
                    if self._count % ROWS_PER_MARK == 0:
                        self._marks.append(offset)
                    self._count += 1
                    if isinstance(row := _row(text), dict):
                        self._seen.learn(row)
        except OSError as error:
            raise InputError(f"{self._name} cannot be read: {error.strerror}") from error
        if self._count and not self._seen.types:
            raise InputError(f"{self._name} holds no JSON objects, one a line")

    def columns(self) -> Mapping[str, tuple[str, pa.DataType]]:
        return self._seen.columns()

    def known(self) -> None:
        """It is always one file."""

    def count(self, file: str) -> int:
        return self._count

    def read(self, file: str, start: int, rows: int, columns: Sequence[str]) -> Iterator[Row]:
        mark = 0 if self._held is not None else start // ROWS_PER_MARK
        with self.store.open(file) as stream:
            found = self._texts(stream, self._marks[mark] if self._marks else 0)
            for i, (_, text) in enumerate(found, mark * ROWS_PER_MARK):
                if i >= start + rows:
                    return
                if i >= start:
                    row = _row(text)
                    yield {name: row.get(name) for name in columns} if isinstance(row, dict) else row

    def _load(self, file: BinaryIO, start: int) -> list[Row]:
        file.seek(start)
        value = parse(file.read().decode("utf-8", "surrogateescape"))
        if not isinstance(value, list):
            raise InputError(
                f"{self._name} is not a JSON array of objects", hint="or one object a line, .jsonl"
            )
        return [checked(one) for one in value]

    def _texts(self, file: BinaryIO, start: int) -> Iterator[tuple[int, str | Row]]:
        """(where it begins, its text) of every line that is not blank; the rows of an array."""
        if self._held is not None:
            yield from enumerate(self._held)
            return
        lines = Lines(file, start)
        offset = start
        for line in lines:
            if line.strip():
                yield offset, line
            offset = lines.offset


def parse(text: str) -> Any:
    """The JSON value of a text; a `BadRow` where it has none, or names a key twice."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError("a key is there twice")
        return dict(pairs)

    try:
        return json.loads(text, object_pairs_hook=unique)
    except ValueError as error:
        return BadRow(f"not JSON: {error}")
    except RecursionError:
        return BadRow("it is nested too deeply")


def _row(found: str | Row) -> Row:
    """The row in a line's text; one of an array is a row already."""
    return checked(parse(found)) if isinstance(found, str) else found


def checked(row: Any) -> Row:
    """A parsed value as a row; a `BadRow` where it is none."""
    if isinstance(row, BadRow):
        return row
    if not isinstance(row, dict):
        return BadRow("not a JSON object")
    if problem := _problem(row, 0):
        return BadRow(problem)
    return row


def _problem(value: Any, depth: int) -> str:
    """What keeps a value from being stored; empty when nothing does."""
    if depth > DEEPEST:
        return "it is nested too deeply"
    if isinstance(value, str):
        return "" if is_clean(value) else "it holds a NUL or text that is not UTF-8"
    inner: Iterable[Any] = value if isinstance(value, list) else ()
    if isinstance(value, dict):
        inner = [*value.keys(), *value.values()]
    return next(filter(None, (_problem(one, depth + 1) for one in inner)), "")


_MIXED = pa.large_string()
"""Marks a column whose values do not go together; carried as text."""


def _type_of(value: Any) -> pa.DataType:
    if value is None:
        return pa.null()
    if isinstance(value, bool):
        return pa.bool_()
    if isinstance(value, int):
        # beyond 2^53 JSON promises no exact number (RFC 8259, section 6), and floats beside it would not fit
        return pa.int64() if abs(value) <= 2**53 else _MIXED
    if isinstance(value, float):
        return pa.float64()
    if isinstance(value, str):
        return pa.string()
    if isinstance(value, list):
        inner = pa.null()
        for one in value:
            inner = _merged(inner, _type_of(one))
        return _MIXED if inner == _MIXED else pa.list_(inner)
    fields = {name: _type_of(one) for name, one in value.items()}
    return pa.struct(fields.items()) if fields and _MIXED not in fields.values() else _MIXED


def _merged(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """The narrowest type of values of both types; `_MIXED` when there is none."""
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    if {one, other} == {pa.int64(), pa.float64()}:
        return pa.float64()
    if pa.types.is_list(one) and pa.types.is_list(other):
        inner = _merged(one.value_type, other.value_type)
        return _MIXED if inner == _MIXED else pa.list_(inner)
    if pa.types.is_struct(one) and pa.types.is_struct(other):
        fields = {field.name: field.type for field in one}
        for field in other:
            fields[field.name] = _merged(fields.get(field.name, pa.null()), field.type)
        return _MIXED if _MIXED in fields.values() else pa.struct(fields.items())
    return _MIXED


def _storable(type_: pa.DataType) -> pa.DataType:
    return pa.string() if type_ == _MIXED else type_
