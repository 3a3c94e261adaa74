"""Conditions a user writes (`truth = 'author' and qes > 0.5`), answered by DuckDB, locked in.

The condition is handed to `filter(...)` of an Arrow relation: it is one expression, so there
are no statements; the connection may touch no file, load no extension, see no variable of
this program, and its settings cannot be changed from inside.
"""

from __future__ import annotations

import difflib
import re

import duckdb
import pyarrow as pa

from maskwright.errors import SettingError

# A filter streams over the columns it names; this is for sorts and sets inside subqueries.
MEMORY_LIMIT = "512MB"

# Without external access DuckDB 2 neither sees variables nor loads extensions; older ones are told.
_LOCKED = (
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET temp_directory = ''",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


def matching(table: pa.Table, condition: str) -> pa.Table:
    """The rows of `table` for which the SQL condition is true, in their order.

    Args:
        table: any Arrow table; its types and metadata come back unchanged.
        condition: a DuckDB expression over the table's columns; a row for which it is
            NULL is left out.

    Raises:
        SettingError: the condition is not one expression over these columns, or it asks
            for a file; the hint names the nearest column.

    >>> rows = pa.table({"id": ["a", "b"], "qes": [0.2, 0.9]})
    >>> matching(rows, "qes > 0.5").to_pylist()
    [{'id': 'b', 'qes': 0.9}]
    """
    if not condition.strip():
        raise SettingError("the condition is empty", hint="write one, like: area_frac > 0.01")
    number = "row_number_"
    while number in table.column_names:
        number += "_"
    numbered = table.append_column(number, pa.array(range(table.num_rows), pa.int64()))
    connection = duckdb.connect(":memory:", config={"threads": 1, "memory_limit": MEMORY_LIMIT})
    try:
        for line in _LOCKED:
            connection.execute(line)
        kept = connection.from_arrow(numbered).filter(condition).project(number).fetchall()
    except duckdb.Error as fault:
        raise _explained(condition, str(fault), table.column_names) from fault
    finally:
        connection.close()
    return table.take(pa.array(sorted(row for (row,) in kept), pa.int64()))


def _explained(condition: str, fault: str, columns: list[str]) -> SettingError:
    """DuckDB's first line, and the column that was probably meant."""
    said = next((line.strip() for line in fault.splitlines() if line.strip()), "it cannot be read")
    unknown = re.search(r'column "(.*?)" not found', said)
    hint = "write one expression over the columns, with text in single quotes: truth = 'author'"
    if unknown:
        near = difflib.get_close_matches(unknown.group(1), columns, n=3)
        some = ", ".join(columns[:8]) + (", ..." if len(columns) > 8 else "")
        hint = f"did you mean {', '.join(near)}?" if near else f"the columns are {some}"
    elif "disabled by configuration" in said:
        hint = "a condition may use only the columns of this table, no file"
    return SettingError(f"the condition {condition!r} cannot be used: {said}", hint=hint)
