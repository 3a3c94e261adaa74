"""The columns of a corpus in memory, and the rows behind every figure that is made of them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from maskwright.pages.report import Behind

WORDS = (
    *("id", "original", "edited", "instruction", "status", "reason", "verdict"),
    *("background", "kind", "area_frac", "qes", "confidence", "unexplained"),
)
"""Columns that are needed to look at rows."""
IDS_SHOWN = 20
"""Rows listed behind a figure; its condition gives them all."""


class Rows:
    """Some columns of a corpus, `WORDS` among them; a place is the number of a row.

    `behind` grows with every figure that asks for a link.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._words: dict[str, list[str]] = {}
        self.behind: list[Behind] = []
        self.ids: list[str] = self._table["id"].to_pylist()
        self.ok = self.where("status", "ok")
        self.edited = self.ok[np.nan_to_num(self.score("area_frac")[self.ok]) > 0]

    def words(self, column: str) -> list[str]:
        """A column as text, a word a row; empty for null."""
        if column not in self._words:
            values = self._table[column].to_pylist()
            self._words[column] = ["" if value is None else str(value) for value in values]
        return self._words[column]

    def score(self, column: str) -> NDArray[np.float64]:
        """(n,) float64 of a column of numbers; nan for null, and where there is no such column."""
        if column not in self._table.column_names:
            return np.full(self._table.num_rows, np.nan)
        found = self._table[column].to_numpy(zero_copy_only=False)
        return np.asarray(found, np.float64)

    def where(self, column: str, word: str) -> NDArray[np.int64]:
        """Places of the rows that have this word, in order."""
        return np.array([place for place, each in enumerate(self.words(column)) if each == word], np.int64)

    def equals(self, column: str, word: str) -> str:
        """The SQL condition of `where`."""
        return f"{_name(column)} is null" if not word else f"{_name(column)} = {_text(word)}"

    def link(self, title: str, condition: str, places: NDArray[np.int64]) -> str:
        """The anchor of the list of these rows; empty for none."""
        if not len(places):
            return ""
        anchor = f"rows-{len(self.behind) + 1}"
        ids = [self.ids[place] for place in places[:IDS_SHOWN]]
        self.behind.append(Behind(anchor, title, condition, len(places), ids))
        return anchor


def _name(column: str) -> str:
    """A column's name in SQL."""
    return column if re.fullmatch(r"[a-z_]+", column) else '"' + column.replace('"', '""') + '"'


def _text(value: Any) -> str:
    """A text in SQL."""
    return "'" + str(value).replace("'", "''") + "'"
