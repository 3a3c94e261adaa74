"""The columns of a corpus in memory, and the rows behind every figure that is made of them."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from maskwright.corpus.schema import COLUMNS
from maskwright.pages.report import Behind

WORDS = (
    *("id", "original", "edited", "instruction", "status", "reason", "verdict", "group"),
    *("background", "kind", "area_frac", "qes", "confidence", "unexplained"),
)
"""Columns that are needed to look at rows."""
OF_MASKS = frozenset(
    {"qes", "contrast", "components", "border_sharpness", "largest_component_frac", "side_effect_frac"}
)
"""Scores that speak of a mask: where it is empty they say nothing, though 0 may stand there."""
IDS_SHOWN = 20
"""Rows listed behind a figure; its condition gives them all."""


class Rows:
    """Some columns of a corpus, `WORDS` among them; a place is the number of a row.

    `behind` grows with every figure that asks for a link. `edited` are the rows with a mask, `taken` those of
    which only an object is shared; whether the annotator says a group at all, says `grouped`.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._words: dict[str, list[str]] = {}
        self.behind: list[Behind] = []
        self.ids: list[str] = self._table["id"].to_pylist()
        self.ok = self.where("status", "ok")
        self.edited = self.ok[np.nan_to_num(self.score("area_frac")[self.ok]) > 0]
        self.taken = self.where("verdict", "object_taken")

    @property
    def grouped(self) -> bool:
        """Whether there is a pair whose group somebody had to find out: equal pixels need nobody for it."""
        plain = ("identical_file", "same_pixels")
        verdicts, groups = self.words("verdict"), self.words("group")
        return any(groups[place] and verdicts[place] not in plain for place in self.ok)

    def words(self, column: str) -> list[str]:
        """A column as text, a word a row; empty for null."""
        if column not in self._words:
            values = self._table[column].to_pylist()
            if pa.types.is_floating(self._table.schema.field(column).type):
                values = [None if value is None else value + 0.0 for value in values]  # -0 is 0
            self._words[column] = ["" if value is None else str(value) for value in values]
        return self._words[column]

    def score(self, column: str) -> NDArray[np.float64]:
        """(n,) float64 of a column of numbers; nan for null, where there is no such column, and for what is
        said of masks where there is none."""
        if column not in self._table.column_names:
            return np.full(self._table.num_rows, np.nan)
        found = np.array(self._table[column].to_numpy(zero_copy_only=False), np.float64)
        if column in OF_MASKS:
            found[np.setdiff1d(np.arange(len(found)), self.edited)] = np.nan
        return found

    def known(self, column: str) -> tuple[NDArray[np.int64], str]:
        """Places of the rows that are ok and have this score, and the SQL condition of that."""
        of_masks = " and area_frac > 0" if column in OF_MASKS else ""
        places = self.ok[np.isfinite(self.score(column)[self.ok])]
        return places, f"status = 'ok' and {column} is not null{of_masks}"

    def where(self, column: str, word: str) -> NDArray[np.int64]:
        """Places of the rows that have this word, in order."""
        return np.array([place for place, each in enumerate(self.words(column)) if each == word], np.int64)

    def equals(self, column: str, word: str) -> str:
        """The SQL condition of `where`."""
        name, kind = sql_name(column), sql_type(self._table.schema.field(column).type)
        if kind == "VARCHAR":
            return f"{name} = {sql_text(word)}" if word else f"coalesce({name}, '') = ''"
        return f"{name} = {sql_text(word)}::{kind}" if word else f"{name} is null"

    def link(self, title: str, condition: str, places: NDArray[np.int64]) -> str:
        """The anchor of the list of these rows; empty for none."""
        if not len(places):
            return ""
        anchor = f"rows-{len(self.behind) + 1}"
        ids = [self.ids[place] for place in places[:IDS_SHOWN]]
        self.behind.append(Behind(anchor, title, condition, len(places), ids))
        return anchor


def sql_type(kind: pa.DataType) -> str:
    """DuckDB's widest type for a column whose values can be told apart by words; empty for others."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "VARCHAR"
    if pa.types.is_boolean(kind):
        return "BOOLEAN"
    if pa.types.is_integer(kind):
        return "HUGEINT"
    return "DOUBLE" if pa.types.is_floating(kind) else ""


def sql_name(column: str) -> str:
    """A column's name in SQL; those of our own that are no keywords go without quotes."""
    plain = column in _OWN and column != "group"
    return column if plain else '"' + column.replace('"', '""') + '"'


def sql_text(value: str) -> str:
    """A text in SQL, printable on one line.

    >>> sql_text("it's"), sql_text("a\\nb")
    ("'it''s'", "('a' || chr(10) || 'b')")
    """
    if value.isprintable():
        return _quoted(value)
    parts = [
        _quoted("".join(group)) if printable else " || ".join(f"chr({ord(sign)})" for sign in group)
        for printable, group in ((key, list(signs)) for key, signs in groupby(value, key=str.isprintable))
    ]
    return f"({' || '.join(parts)})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_OWN = frozenset(column.name for column in COLUMNS)
