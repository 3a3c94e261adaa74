"""Conditions a user writes (`truth = 'author' and qes > 0.5`), answered by DuckDB, locked in.

A condition is handed to `filter(...)` of an Arrow relation: it is one expression, so there
are no statements; the connection may touch no file, load no extension, see no variable of
this program, and its settings cannot be changed from inside.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from maskwright.errors import SettingError

# A filter streams over the columns it names; this is for sorts and sets inside subqueries.
MEMORY_LIMIT = "512MB"

# Without external access DuckDB 2 neither sees variables nor loads extensions; older ones are told.
# The seed makes random() the same every time, so that the same selection is.
_LOCKED = (
    "SELECT setseed(0.5)",
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET temp_directory = ''",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)

# What stands for columns without their names: COLUMNS('out.*') > 0, and #3 for the third. A star
# multiplies, or stands inside COLUMNS: elsewhere DuckDB refuses it here.
_ANY_COLUMN = re.compile(r"#|\bcolumns\b", re.IGNORECASE)


class Conditions:
    """SQL conditions over the same columns, answered for one batch of rows after another.

    A context: one locked connection for all batches, closed on leaving.

    Args:
        conditions: DuckDB expressions; a row for which one is NULL does not fulfil it.
        schema: of all columns that may be named.

    Raises:
        SettingError: a condition is not one expression over these columns, or it asks for a
            file; the hint names the nearest column.
    """

    def __init__(self, conditions: Sequence[str], schema: pa.Schema) -> None:
        self._conditions = tuple(conditions)
        self._columns = schema.names
        self._number = "row_number_"
        while self._number in schema.names:
            self._number += "_"
        self._connection = duckdb.connect(":memory:", config={"threads": 1, "memory_limit": MEMORY_LIMIT})
        try:
            for line in _LOCKED:
                self._connection.execute(line)
            self._needed = [self._needs(condition, schema) for condition in self._conditions]
        except BaseException:
            self._connection.close()
            raise

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that `of` needs, in the schema's order; a few more, at times, than are named."""
        needed = {name for names in self._needed for name in names}
        return tuple(name for name in self._columns if name in needed)

    def of(self, table: pa.Table) -> list[NDArray[np.bool_]]:
        """For every condition which rows fulfil it, (rows,) bool each.

        Args:
            table: holds `columns`, typed as the schema says.
        """
        return [
            self._fulfil(condition, table.select(names))
            for condition, names in zip(self._conditions, self._needed, strict=True)
        ]

    def unknown(self, place: int, table: pa.Table) -> NDArray[np.bool_]:
        """Which rows the condition at this place is NULL for, since a column is; (rows,) bool."""
        needed = table.select(self._needed[place])
        if not any(column.null_count for column in needed.columns):
            return np.zeros(table.num_rows, np.bool_)
        # The line break ends a comment that the condition may end with.
        return self._fulfil(f"({self._conditions[place]}\n) is null", needed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def _needs(self, condition: str, schema: pa.Schema) -> list[str]:
        """Names of the columns a condition can mention; tries it on no rows."""
        if not condition.strip():
            raise SettingError("the condition is empty", hint="write one, like: area_frac > 0.01")
        empty = schema.empty_table()
        self._fulfil(condition, empty)
        self._refuse_values(condition, empty)
        if _ANY_COLUMN.search(condition):
            return list(schema.names)
        # SQL compares names without case and doubles quotes inside quotes. A name that only happens
        # to be part of another word is read in vain, no more.
        text = condition.replace('""', '"').casefold()
        return [name for name in schema.names if name.casefold() in text]

    def _refuse_values(self, condition: str, empty: pa.Table) -> None:
        """A bare number would pass as true: `qes` would keep nearly every row."""
        # The line break ends a comment that the condition may end with.
        kinds = {str(kind) for kind in self._connection.from_arrow(empty).project(f"({condition}\n)").types}
        if kinds - {"BOOLEAN"}:
            raise SettingError(
                f"{condition!r} is a value, not a condition", hint="compare it, like: area_frac > 0.01"
            )

    def _fulfil(self, condition: str, table: pa.Table) -> NDArray[np.bool_]:
        numbers = pa.array(np.arange(table.num_rows))
        numbered = table.append_column(self._number, numbers)
        try:
            kept = self._connection.from_arrow(numbered).filter(condition).project(self._number)
            rows = kept.fetchnumpy()[self._number]
        except duckdb.Error as fault:
            raise _explained(condition, str(fault), self._columns) from fault
        fulfilled = np.zeros(table.num_rows, np.bool_)
        fulfilled[rows] = True
        return fulfilled


def matching(table: pa.Table, condition: str) -> pa.Table:
    """The rows of `table` for which the SQL condition is true, in their order.

    Args:
        table: any Arrow table; its types and metadata come back unchanged.
        condition: a DuckDB expression over the table's columns; a row for which it is
            NULL is left out.

    Raises:
        SettingError: as `Conditions`.

    >>> rows = pa.table({"id": ["a", "b"], "qes": [0.2, 0.9]})
    >>> matching(rows, "qes > 0.5").to_pylist()
    [{'id': 'b', 'qes': 0.9}]
    """
    with Conditions([condition], table.schema) as conditions:
        (fulfilled,) = conditions.of(table)
    return table.filter(pa.array(fulfilled))


def _explained(condition: str, fault: str, columns: Sequence[str]) -> SettingError:
    """DuckDB's first line, and the column that was probably meant."""
    said = next((line.strip() for line in fault.splitlines() if line.strip()), "it cannot be read")
    unknown = re.search(r'column "(.*?)" not found', said)
    hint = "write one expression over the columns, with text in single quotes: truth = 'author'"
    if unknown:
        said = f"there is no column {unknown.group(1)!r}"
        near = difflib.get_close_matches(unknown.group(1), columns, n=3)
        some = ", ".join(columns[:8]) + (", ..." if len(columns) > 8 else "")
        hint = f"did you mean {', '.join(near)}?" if near else f"the columns are {some}"
    elif "disabled by configuration" in said:
        hint = "a condition may use only the columns of this table, no file"
    elif said.startswith("Conversion Error") or "Cannot compare" in said:
        hint = "compare with a value of the column's type; try_cast(x as double) is null where x is no number"
    return SettingError(f"the condition {condition!r} cannot be used: {said}", hint=hint)
