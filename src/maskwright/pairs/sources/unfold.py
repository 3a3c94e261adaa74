"""Rows that hold a whole session of edits, or lists where others have columns, as a plain table of pairs."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import pyarrow as pa

from maskwright.pairs.opening import is_remote
from maskwright.pairs.presets.preset import Unfold
from maskwright.pairs.sources.known import Known
from maskwright.pairs.sources.table import BadRow, Reader, Row

ROLES = ("original", "edited", "instruction")
"""Columns of an unfolded table that hold a pair."""
KEY, TURN = "session_key", "session_turn"
"""Columns of an unfolded table that say of which session a pair is, and its place in it, from 1 on."""

MOST_TURNS = 1000
"""Edits a row may hold; more are no session, and a list without end must not hold a reader up."""

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(-?\d+)\]|\[(\w+)=([^\]]*)\]")
_IMAGE_TOKEN = re.compile(r"<image>\s*")


def value_at(row: Mapping[str, Any], path: str) -> Any:
    """What lies at a path inside a row; None where the path leads nowhere.

    >>> value_at({"files": [{"id": "a", "url": "x"}, {"id": "b", "url": "y"}]}, "files[id=b].url")
    'y'
    >>> value_at({"image": ["0.png", "1.png"]}, "image[-1]")
    '1.png'
    """
    found: Any = row
    for match in _STEP.finditer(path):
        name, place, field, wanted = match.groups()
        try:
            if name is not None:
                found = found.get(name)
            elif place is not None:
                found = found[int(place)]
            else:
                found = next(one for one in found if one.get(field) == wanted)
        except (AttributeError, IndexError, KeyError, TypeError, StopIteration):
            return None
    return found


def root_of(path: str) -> str:
    """The column a path begins in.

    >>> root_of("files[id=b].url")
    'files'
    """
    match = _STEP.match(path)
    return (match[1] or "") if match else ""


class UnfoldedReader:
    """A reader's rows, one pair each; a row without a pair is one row that cannot be read."""

    def __init__(self, reader: Reader, unfold: Unfold) -> None:
        self.store = reader.store
        self._reader, self._unfold = reader, unfold
        paths = (
            *unfold.original,
            unfold.edited,
            unfold.last or "",
            unfold.instruction or "",
            unfold.key or "",
        )
        # a name with a number in it stands for as many columns as there are
        patterns = [re.escape(root).replace(r"\{n\}", r"\d+") for path in paths if (root := root_of(path))]
        self._is_used = re.compile("|".join(patterns)).fullmatch
        columns = reader.columns()
        self._used = [name for name in columns if self._is_used(name)]
        self._columns: dict[str, tuple[str, pa.DataType]] = {
            **dict.fromkeys(("original", "edited"), ("picture", pa.string())),
            **({"instruction": ("text", pa.string())} if unfold.instruction else {}),
            KEY: ("text", pa.string()),
            TURN: ("other", pa.int32()),
            **{name: kind for name, kind in columns.items() if not self._is_used(name) and name not in ROLES},
        }
        self._ends: dict[str, list[int]] = {}

    @property
    def files(self) -> Sequence[str]:
        return self._reader.files

    def columns(self) -> Mapping[str, tuple[str, pa.DataType]]:
        return self._columns

    def known(self) -> Known | None:
        return self._reader.known()

    def count(self, file: str) -> int:
        ends = self._ends_of(file)
        return ends[-1] if ends else 0

    def read(self, file: str, start: int, rows: int, columns: Sequence[str]) -> Iterator[Row]:
        ends = self._ends_of(file)
        first = bisect_right(ends, start)
        last = bisect_right(ends, start + rows - 1)
        asked = [*self._used, *(name for name in columns if name in self._reader.columns())]
        at = ends[first - 1] if first else 0
        for row in self._reader.read(
            file, first, min(last + 1, len(ends)) - first, list(dict.fromkeys(asked))
        ):
            for pair in self._pairs(row):
                if start <= at < start + rows:
                    yield pair if isinstance(pair, BadRow) else {name: pair.get(name) for name in columns}
                at += 1

    def _ends_of(self, file: str) -> list[int]:
        """Row of the file -> number of pairs up to and with it."""
        if file not in self._ends:
            count = self._reader.count(file)
            if "{" in self._unfold.edited:
                rows = self._reader.read(file, 0, count, self._used)
                counts = [sum(1 for _ in self._pairs(row)) for row in rows]
            else:
                counts = [1] * count
            self._ends[file] = list(accumulate(counts))
        return self._ends[file]

    def _pairs(self, row: Row) -> Iterator[Row]:
        """The pairs of a row, at least one or a bad row."""
        if isinstance(row, BadRow):
            yield row
            return
        found = 0
        before: Any = None
        for turn in range(1, MOST_TURNS + 1):
            edited = self._at(row, self._unfold.edited, turn)
            is_last = edited is None
            if is_last and self._unfold.last:
                edited = self._at(row, self._unfold.last, turn)
            if edited is None:
                break
            own = [self._at(row, path, turn) for path in self._unfold.original if turn == 1 or "{" in path]
            original = next((each for each in own if each), before)
            key = value_at(row, self._unfold.key) if self._unfold.key else None
            yield {
                **row,
                "original": self._located(original),
                "edited": self._located(edited),
                "instruction": self._text(row, turn),
                KEY: key if isinstance(key, str) else None,
                TURN: turn,
            }
            before, found = edited, found + 1
            if is_last or "{" not in self._unfold.edited:
                break
        if not found:
            yield BadRow("it holds no edit")

    def _at(self, row: Mapping[str, Any], path: str, turn: int) -> Any:
        value = value_at(row, path.replace("{n}", str(turn)).replace("{i}", str(turn - 1)))
        return (value[0] if value else None) if isinstance(value, list) else value

    def _located(self, picture: Any) -> Any:
        """A path from where the corpus counts its paths; anything else as it is."""
        if isinstance(picture, str) and picture and self._unfold.within and not is_remote(picture):
            return posixpath.join(self._unfold.within, picture)
        return picture

    def _text(self, row: Mapping[str, Any], turn: int) -> str | None:
        text = self._at(row, self._unfold.instruction, turn) if self._unfold.instruction else None
        return _IMAGE_TOKEN.sub("", text).strip() if isinstance(text, str) else None
