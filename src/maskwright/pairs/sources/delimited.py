"""CSV and TSV, row by row.

UTF-8. The delimiter is the one of `, ; tab |` that cuts the header into most names. Cells stay as written,
but for columns of which every cell is a number exactly as this number is printed: those are int64 or float64.
"""

from __future__ import annotations

import contextlib
import csv
import math
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import pyarrow as pa

from maskwright.errors import InputError
from maskwright.pairs.sources.lines import ROWS_PER_MARK, SAMPLE, Lines, first_byte, is_clean
from maskwright.pairs.sources.roles import kind_of_texts, looks_like_pictures
from maskwright.pairs.sources.stores import Store
from maskwright.pairs.sources.table import BadRow, Row

_TYPES = {"whole": pa.int64(), "long": pa.int64(), "real": pa.float64()}
_NUMBER = re.compile(r"-?\d")


class CsvReader:
    """Rows of one CSV file; it is read through once when opened, to count and to know the types."""

    def __init__(self, store: Store, files: Sequence[str]) -> None:
        self.store, self.files = store, files
        self._name = store.name(files[0])
        try:
            with store.open(files[0]) as file:
                self._delimiter, self._header, self._body = self._read_header(file)
                self._scan(file)
        except OSError as error:
            raise InputError(f"{self._name} cannot be read: {error.strerror}") from error

    def columns(self) -> Mapping[str, tuple[str, pa.DataType]]:
        return dict(zip(self._header, zip(self._kinds, self._types, strict=True), strict=True))

    def known(self) -> None:
        """It is always one file."""

    def count(self, file: str) -> int:
        return self._rows

    def read(self, file: str, start: int, rows: int, columns: Sequence[str]) -> Iterator[Row]:
        wanted = [(name, i) for i, name in enumerate(self._header) if name in columns]
        mark = start // ROWS_PER_MARK
        with self.store.open(file) as stream:
            for row, (_, cells) in enumerate(self._records(stream, self._marks[mark]), mark * ROWS_PER_MARK):
                if row >= start + rows:
                    return
                if row >= start:
                    values = self._values(cells) if isinstance(cells, list) else cells
                    yield {name: values[i] for name, i in wanted} if isinstance(values, list) else values

    def _read_header(self, file: BinaryIO) -> tuple[str, list[str], int]:
        """(delimiter, column names, where the rows begin)."""
        start = first_byte(file, self._name)
        lines = Lines(file, start)
        first = next(lines, "")
        if not first.strip():
            raise InputError(f"{self._name} has no header line")
        if not is_clean(first):
            raise InputError(f"the header of {self._name} is not UTF-8 text", hint="save it as UTF-8")
        delimiter = max(",;\t|", key=first.count)
        lines = Lines(file, start)
        try:
            names = next(csv.reader(lines, delimiter=delimiter, strict=True))
        except csv.Error as error:
            raise InputError(f"the header of {self._name} cannot be read: {error}") from error
        # spreadsheets and pandas leave the name of the row number empty
        names = [name if name.strip() else f"column_{i + 1}" for i, name in enumerate(names)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise InputError(f"{self._name} has more than one column {', '.join(map(repr, twice[:8]))}")
        if not all(map(is_clean, names)):
            raise InputError(f"the header of {self._name} is not UTF-8 text", hint="save it as UTF-8")
        return delimiter, names, lines.offset

    def _scan(self, file: BinaryIO) -> None:
        """Count the rows, remember places, take samples, find the types."""
        width = len(self._header)
        self._marks, self._rows = array("q", [self._body]), 0
        self._samples: list[list[str]] = [[] for _ in range(width)]
        kinds = ["nothing"] * width
        for offset, cells in self._records(file, self._body):
            if self._rows and self._rows % ROWS_PER_MARK == 0:
                self._marks.append(offset)
            self._rows += 1
            if isinstance(cells, BadRow) or len(cells) > width:
                continue
            for i, cell in enumerate(cells):
                if cell and len(self._samples[i]) < SAMPLE:
                    self._samples[i].append(cell)
                if cell and kinds[i] != "text":
                    kinds[i] = _wider(kinds[i], cell)
        self._types = [_TYPES.get(kind, pa.string()) for kind in kinds]
        self._kinds = [
            "other" if type_ != pa.string() else kind_of_texts(sample)
            for sample, type_ in zip(self._samples, self._types, strict=True)
        ]

    def _records(self, file: BinaryIO, start: int) -> Iterator[tuple[int, list[str] | BadRow]]:
        """(where it begins, cells) of every record; blank lines are none."""
        lines = Lines(file, start)
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        while True:
            offset = lines.offset
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield offset, BadRow(str(error))
                continue
            if cells:
                yield offset, self._checked(cells)

    def _checked(self, cells: list[str]) -> list[str] | BadRow:
        if len(cells) < len(self._header):
            return BadRow(self._ragged(cells))
        if not all(map(is_clean, cells)):
            return BadRow("it holds a NUL or bytes that are not UTF-8")
        return cells

    def _values(self, cells: list[str]) -> list[Any] | BadRow:
        """The cells with their types.

        Cells too many come from a delimiter that should have been quoted. They are put back together where
        that can only have been in the text at the end: the last column is text, and every picture and
        number before it is in its place.
        """
        width = len(self._header)
        if len(cells) > width:
            first, last = cells[: width - 1], self._delimiter.join(cells[width - 1 :])
            in_place = all(
                looks_like_pictures([cell])
                for cell, kind in zip(first, self._kinds, strict=False)
                if kind == "picture"
            )
            if self._kinds[-1] != "text" or not in_place:
                return BadRow(self._ragged(cells))
            cells = [*first, last]
        try:
            return [_value(cell, type_) for cell, type_ in zip(cells, self._types, strict=True)]
        except ValueError:
            return BadRow(self._ragged(cells))

    def _ragged(self, cells: list[str]) -> str:
        return f"{len(cells)} cells, the header has {len(self._header)}"


def _wider(kind: str, cell: str) -> str:
    """The narrowest kind that keeps a column's cells, so far `kind`, and this one exactly.

    Kinds: nothing, whole (exact as float64 too), long (exact as int64 only), real, text.
    """
    found = "text"
    if _NUMBER.match(cell):
        try:
            if str(int(cell)) == cell:
                found = (
                    "whole" if abs(int(cell)) < 2**53 else "long" if -(2**63) <= int(cell) < 2**63 else "text"
                )
        except ValueError:
            with contextlib.suppress(ValueError):
                found = "real" if repr(float(cell)) == cell and math.isfinite(float(cell)) else "text"
    both = {kind, found} - {"nothing"}
    if len(both) == 1:
        return found
    return {frozenset({"whole", "long"}): "long", frozenset({"whole", "real"}): "real"}.get(
        frozenset(both), "text"
    )


def _value(cell: str, type_: pa.DataType) -> str | int | float | None:
    if type_ == pa.string():
        return cell
    if not cell:
        return None
    return int(cell) if type_ == pa.int64() else float(cell)
