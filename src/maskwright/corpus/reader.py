"""Reading a corpus: its table, its masks, its pictures. Nobody else opens these files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from maskwright.corpus.conditions import Conditions
from maskwright.corpus.parts import open_part, parts_done, read_part
from maskwright.corpus.plan import Run, load_plan, load_run, source_of
from maskwright.errors import InputError, RunError, unknown_name
from maskwright.pages.cards import Gallery
from maskwright.pairs.picture import decode_grey, read_picture
from maskwright.pairs.sources import Source
from maskwright.pairs.values import ChangeMap, Mask, Picture

# A condition is answered over this many rows at a time: some 10 MB of text and figures.
_ROWS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a corpus, in the plan's order.

    Args:
        part, row: (n,) int32: the part each is in, and its place in the part's file.
    """

    table: pa.Table
    part: NDArray[np.int32]
    row: NDArray[np.int32]


def open_corpus(out: Path | str) -> Corpus:
    """Open what `annotate` wrote, finished or not: the parts that are there now.

    Raises:
        RunError: OUT is no output of this package.
    """
    folder = Path(out)
    return Corpus(folder, load_run(folder), tuple(parts_done(folder)))


class Corpus:
    """The finished parts of a run, as they were when it was opened.

    Every method raises RunError for a damaged part, and those that take an id InputError for one
    that is not there. Masks and maps are on the edited picture's grid; None where the row has none.
    """

    def __init__(self, out: Path, run: Run, parts: tuple[int, ...]) -> None:
        self._out, self._run, self._parts = out, run, parts

    @property
    def out(self) -> Path:
        """The folder it is kept in."""
        return self._out

    @property
    def parts(self) -> tuple[int, ...]:
        """Numbers of the finished parts that are read."""
        return self._parts

    @property
    def schema(self) -> pa.Schema:
        """Of all columns."""
        return self._run.frozen.arrow

    @property
    def picture_columns(self) -> tuple[str, ...]:
        """Columns that hold pictures: mask, ignore, change and layers."""
        return self._run.frozen.pictures

    @property
    def source(self) -> str:
        """Where the pairs came from."""
        return self._run.source

    @property
    def columns(self) -> tuple[str, ...]:
        """All column names, pictures last among ours, then the source's."""
        return tuple(self._run.frozen.arrow.names)

    @property
    def layers(self) -> tuple[str, ...]:
        """Names that `layer` takes."""
        return self._run.layers

    @property
    def ids(self) -> list[str]:
        """The id of every row, in the plan's order."""
        ids: list[str] = self.table(["id"])["id"].to_pylist()
        return ids

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows in the plan's order.

        Args:
            columns: which; by default all but the pictures, which weigh a hundred times the rest.

        Raises:
            SettingError: there is no such column.
        """
        names = self._named(columns)
        return pa.concat_tables([self._empty(names), *(batch.table for batch in self.batches(names))])

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Batch]:
        """All rows in the plan's order, some at a time: memory does not grow with the corpus.

        Args:
            columns: which; by default all but the pictures. Where a picture is named a batch is a row
                group, at most a hundred rows and some 64 MB; else some 20,000 rows.

        Raises:
            SettingError: there is no such column.
        """
        names = self._named(columns)
        if set(names) & set(self.picture_columns):
            yield from self._groups(names)
            return
        waiting: list[Batch] = []
        for number in self._parts:
            table = read_part(self._out, number, names)
            waiting.append(_batch(table, number, 0))
            if sum(each.table.num_rows for each in waiting) >= _ROWS_AT_ONCE:
                yield _joined(waiting)
                waiting = []
        if waiting:
            yield _joined(waiting)

    def _groups(self, names: Sequence[str]) -> Iterator[Batch]:
        """Row group by row group."""
        for number in self._parts:
            first = 0
            with open_part(self._out, number) as part:
                groups = part.num_row_groups
            for group in range(groups):
                table = read_part(self._out, number, names, group=group)
                yield _batch(table, number, first)
                first += table.num_rows

    def sql(self, condition: str) -> pa.Table:
        """The rows for which an SQL condition holds, without pictures.

        Args:
            condition: over all columns but the pictures, like "status = 'ok' and area_frac > 0.01".

        Raises:
            SettingError: it is not a condition over these columns.
        """
        names = self._named(None)
        empty = self._empty(names)
        kept = [empty]
        with Conditions([condition], empty.schema) as conditions:
            for batch in self.batches(names):
                (fulfilled,) = conditions.of(batch.table)
                kept.append(batch.table.filter(pa.array(fulfilled)))
        return pa.concat_tables(kept)

    def show(self, condition: str | None = None) -> Gallery:
        """The first twelve rows for which an SQL condition holds, as pictures for a notebook.

        Args:
            condition: as for `sql`; all rows where there is none.

        Raises:
            SettingError: it is not a condition over these columns.
        """
        from maskwright.corpus.look import Looks
        from maskwright.corpus.rows import WORDS, Rows

        found = self.table(WORDS) if condition is None else self.sql(condition)
        return Looks(self, Rows(found)).gallery()

    def _repr_html_(self) -> str:
        return self.show()._repr_html_()

    def mask(self, pair_id: str) -> Mask | None:
        """(H, W) bool, True = edited."""
        levels = self._levels("mask", pair_id)
        return None if levels is None else levels >= 128

    def ignore(self, pair_id: str) -> Mask | None:
        """(H, W) bool, True = nobody can say."""
        levels = self._levels("ignore", pair_id)
        return None if levels is None else levels >= 128

    def change(self, pair_id: str) -> ChangeMap | None:
        """(H, W) float32 in 0..1 in steps of 1/255; the mask is `change >= 0.5`."""
        return self._map("change", pair_id)

    def layer(self, name: str, pair_id: str) -> ChangeMap | None:
        """A further map, as `change`; `donor` is on the original's grid.

        Raises:
            SettingError: the annotator yields no such layer.
        """
        if name not in self._run.layers:
            raise unknown_name("layer", name, self._run.layers)
        return self._map(name, pair_id)

    def pictures(self, pair_id: str) -> tuple[Picture, Picture]:
        """Original and edited as decoded: (H, W, 3) uint8 sRGB each, every one at its own size.

        Raises:
            InputError: a picture is no longer where it was, or cannot be read.
        """
        row = self._row(pair_id, ("original", "edited"))
        found = []
        for role in ("original", "edited"):
            if row[role] is None:
                raise InputError(f"the row {pair_id!r} has no {role} picture", reason="no_picture")
            found.append(self.picture(row[role]))
        return found[0], found[1]

    def picture(self, key: str) -> Picture:
        """One picture by its key, as the columns original and edited have it; decoded, (H, W, 3) uint8 sRGB.

        Raises:
            InputError: it is no longer where it was, or cannot be read.
        """
        return read_picture(self._source.picture(key), max_pixels=self._run.max_pixels).pixels

    def _levels(self, column: str, pair_id: str) -> NDArray[np.uint8] | None:
        picture = self._row(pair_id, (column,))[column]
        if picture is None:
            return None
        try:
            return decode_grey(picture["bytes"])
        except InputError as fault:
            raise RunError(
                f"{column} of {pair_id!r} in {self._out} is damaged: {fault}",
                hint=f"delete the part that holds it, then see: maskwright status {self._out}",
            ) from fault

    def _map(self, column: str, pair_id: str) -> ChangeMap | None:
        levels = self._levels(column, pair_id)
        return None if levels is None else levels.astype(np.float32) / np.float32(255)

    def _row(self, pair_id: str, columns: Sequence[str]) -> dict[str, Any]:
        """Some columns of one row; reads one row group of one part."""
        digests, places = self._places
        digest = _digest(pair_id)
        at = int(np.searchsorted(digests, digest))
        while at < len(digests) and digests[at] == digest:
            part, group, row = (int(number) for number in places[at])
            table = read_part(self._out, part, ("id", *columns), group=group).slice(row, 1)
            found: dict[str, Any] = table.to_pylist()[0]
            if found["id"] == pair_id:
                return found
            at += 1
        raise InputError(
            f"there is no row with the id {pair_id!r} in the finished parts of {self._out}",
            hint="the ids are open_corpus(...).ids",
        )

    @cached_property
    def _places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Sorted (n,) int64 digests of the ids, and (n, 3) part, row group and row in it.

        32 bytes a row, so that a million rows can be looked up without holding their ids.
        """
        digests, places = [], []
        for number in self._parts:
            with open_part(self._out, number) as part:
                groups = part.num_row_groups
            for group in range(groups):
                ids = read_part(self._out, number, ("id",), group=group)["id"].to_pylist()
                digests += [_digest(each) for each in ids]
                places += [(number, group, row) for row in range(len(ids))]
        order = np.argsort(np.array(digests, np.int64), kind="stable")
        return np.array(digests, np.int64)[order], np.array(places, np.int64).reshape(-1, 3)[order]

    @cached_property
    def _source(self) -> Source:
        return source_of(self._run, load_plan(self._out))

    def _named(self, columns: Sequence[str] | None) -> list[str]:
        if columns is None:
            return [name for name in self.columns if name not in self._run.frozen.pictures]
        for name in columns:
            if name not in self.columns:
                raise unknown_name("column", name, self.columns)
        return list(columns)

    def _empty(self, names: Sequence[str]) -> pa.Table:
        return self._run.frozen.arrow.empty_table().select(names)


def _batch(table: pa.Table, part: int, first: int) -> Batch:
    rows = np.arange(first, first + table.num_rows, dtype=np.int32)
    return Batch(table, np.full(table.num_rows, part, np.int32), rows)


def _joined(batches: Sequence[Batch]) -> Batch:
    return Batch(
        pa.concat_tables([batch.table for batch in batches]),
        np.concatenate([batch.part for batch in batches]),
        np.concatenate([batch.row for batch in batches]),
    )


def _digest(pair_id: str) -> int:
    """Python's own hash: the same within a process, which is as long as a place is kept."""
    return hash(pair_id)
