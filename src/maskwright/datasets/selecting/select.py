"""Select the rows of corpora that fulfil conditions; write them beside each corpus, with their funnel."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from maskwright.corpus import atomic
from maskwright.corpus.conditions import Conditions
from maskwright.corpus.executors.local import default_workers
from maskwright.corpus.plan import load_plan
from maskwright.corpus.reader import Batch, Corpus, open_corpus
from maskwright.datasets.building.options import DEFAULTS, build_command
from maskwright.datasets.selecting.asking import asked_of
from maskwright.datasets.selecting.funnel import OK, ROWS, SCORES, Funnel, Spread, Step
from maskwright.datasets.selecting.selection import (
    FORMAT,
    check_name,
    file_digest,
    parts_digest,
    rows_path,
    settings_path,
)
from maskwright.datasets.selecting.threshold import MAP, REFUSED, check_threshold, derived
from maskwright.datasets.values import Progress
from maskwright.errors import SettingError
from maskwright.masks.scores import OF_SHAPE

if TYPE_CHECKING:
    from maskwright.datasets.selecting.duplicates import Photographs

# Kept rows are written so many at a time: some MB of ids.
_ROWS_IN_GROUP = 100_000


@dataclass(frozen=True, slots=True)
class SelectedFrom:
    """What was selected from one corpus.

    Args:
        out: the corpus.
        source: where its pairs came from.
        rows: kept.
        funnel: all rows, those that are ok, then condition by condition.
        parts_done, parts_planned: the corpus is not finished where they differ.
        replaced: another selection of that name was there.
    """

    out: str
    source: str
    rows: int
    funnel: tuple[Step, ...]
    parts_done: int
    parts_planned: int
    replaced: bool


@dataclass(frozen=True, slots=True)
class Selected:
    """What `select` found and wrote.

    Args:
        conditions: SQL, all of which hold for every row that was kept.
        threshold: of the change maps; None: the stored masks.
        rows: kept, in all corpora.
        empty: how many of them have an empty mask: nothing to learn from, so `build` leaves them out.
        funnel, spreads: over all corpora; with a threshold, no spread of what is not known of its masks.
        outs: corpus by corpus.
        photographs: that the rows show; None where nobody asked.
        next: what to type next.
    """

    name: str
    conditions: tuple[str, ...]
    threshold: float | None
    rows: int
    empty: int
    funnel: tuple[Step, ...]
    spreads: tuple[Spread, ...]
    outs: tuple[SelectedFrom, ...]
    photographs: Photographs | None
    next: str

    def as_dict(self) -> dict[str, Any]:
        """Names and numbers, for JSON."""
        return asdict(self)


def select(
    outs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    where: str | Sequence[str],
    *,
    name: str,
    threshold: float | None = None,
    near_duplicates: bool = False,
    progress: Progress = lambda what, done, total: None,
) -> Selected:
    """Choose the rows of corpora that a dataset is made of.

    Only rows that are ok can be chosen. Each corpus gets `selections/<name>.parquet` and `.json` of its own;
    a selection that has this name already is replaced. The same selection gives the same bytes.

    Args:
        outs: what `annotate` wrote, finished or not; one or several.
        where: SQL conditions over the columns, all of which must hold: `"qes > 0.5"`.
        name: letters, digits, - and _.
        threshold: masks are `change >= threshold` instead of `change >= 0.5`; conditions see area_frac,
            components, largest_component_frac and border_sharpness of those.
        near_duplicates: also compare the chosen rows and count the photographs they show. What is found is
            kept in the corpora, and `build` need not find it again.
        progress: called now and then, in this thread.

    Raises:
        SettingError: a condition, the name or the threshold cannot be used, or no row is left.
        RunError: an OUT is no output of `annotate`, a part is damaged, or the disk is full. Whatever is
            raised, nothing was written.
    """
    check_name(name)
    check_threshold(threshold)
    conditions = (where,) if isinstance(where, str) else tuple(where)
    if not conditions:
        raise SettingError("there is no condition", hint="true keeps every row that is ok: --where true")
    corpora = _opened([outs] if isinstance(outs, str | os.PathLike) else outs)
    total = Funnel(conditions)
    found = []
    with contextlib.ExitStack() as stack:
        asked = [stack.enter_context(each) for each in asked_of(corpora, conditions, threshold)]
        files = [stack.enter_context(_files(corpus.out, name)) for corpus in corpora]
        done = _Done(progress, corpora)
        for corpus, each, (rows, settings) in zip(corpora, asked, files, strict=True):
            funnel = Funnel(conditions)
            digest = parts_digest(corpus.out, corpus.parts)
            with atomic.told(rows_path(corpus.out, name)):
                _write_rows(rows, _schema(corpus, threshold), _chosen(corpus, each, funnel, threshold, done))
                record = {
                    "format": FORMAT,
                    "name": name,
                    "conditions": list(conditions),
                    "threshold": threshold,
                    "rows": funnel.steps[-1].left,
                    "funnel": [asdict(step) for step in funnel.steps],
                    "parts": len(corpus.parts),
                    "parts_planned": len(load_plan(corpus.out)),
                    "parts_digest": digest,
                    "rows_digest": file_digest(rows),
                }
                settings.write_text(json.dumps(record, indent=1) + "\n")
            total.add_all(funnel)
            found.append(_selected_from(corpus, name, record, funnel))
        if not total.steps[-1].left:
            raise _none_left(total.steps)
    photographs = None
    if near_duplicates:
        from maskwright.datasets.selecting.duplicates import count_photographs

        photographs = count_photographs([corpus.out for corpus in corpora], name, progress=progress)
    return Selected(
        name=name,
        conditions=conditions,
        threshold=threshold,
        rows=total.steps[-1].left,
        empty=total.empty,
        funnel=total.steps,
        spreads=tuple(each for each in total.spreads if threshold is None or each.name not in REFUSED),
        outs=tuple(found),
        photographs=photographs,
        next=build_command(
            Path("DATASET"),
            outs=[corpus.out for corpus in corpora],
            selection=name,
            format="parquet",
            options=DEFAULTS,
        ),
    )


class _Done:
    """How many rows of all corpora have been looked at."""

    def __init__(self, progress: Progress, corpora: Sequence[Corpus]) -> None:
        self._progress, self._done = progress, 0
        self._total = sum(
            planned.rows
            for corpus in corpora
            for planned in load_plan(corpus.out)
            if planned.part.number in set(corpus.parts)
        )

    def more(self, rows: int) -> None:
        self._done += rows
        self._progress("select", self._done, self._total)


def _opened(outs: Sequence[str | os.PathLike[str]]) -> list[Corpus]:
    places = [Path(out) for out in outs]
    if not places:
        raise SettingError("there is no corpus to select from", hint="give what annotate wrote")
    for number, place in enumerate(places):
        if place.resolve() in (other.resolve() for other in places[:number]):
            raise SettingError(f"{place} is given twice", hint="give each corpus once")
    return [open_corpus(place) for place in places]


@contextlib.contextmanager
def _files(out: Path, name: str) -> Iterator[tuple[Path, Path]]:
    """Temporary paths for the rows and for what is said of them, which take their places on leaving.

    The rows do first, so that the file that vouches for them never speaks of rows that are not there.
    """
    folder = rows_path(out, name).parent
    with atomic.told(folder):
        folder.mkdir(exist_ok=True)
    atomic.remove_stale(folder)
    try:
        with (
            atomic.replacing(settings_path(out, name)) as settings,
            atomic.replacing(rows_path(out, name)) as rows,
        ):
            yield rows, settings
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()  # where it is empty: nothing was selected


def _chosen(
    corpus: Corpus, asked: Conditions, funnel: Funnel, threshold: float | None, done: _Done
) -> Iterator[pa.Table]:
    """The rows of a selection, batch by batch, as they are written."""
    schema = _schema(corpus, threshold)
    shown = schema.names[2:]
    for batch in _batches(
        corpus, list(dict.fromkeys([*shown, "status", *SCORES, *asked.columns])), threshold
    ):
        table = batch.table
        ok = pc.equal(table["status"], "ok").fill_null(False).to_numpy()
        fulfilled = asked.of(table)
        unknown = [
            int(np.count_nonzero(asked.unknown(place, table) & ok)) if (ok & ~each).any() else 0
            for place, each in enumerate(fulfilled)
        ]
        kept = funnel.add(table, ok, fulfilled, unknown)
        columns = table.select(shown).filter(pa.array(kept)).columns
        yield pa.table([batch.part[kept], batch.row[kept], *columns], schema=schema)
        done.more(table.num_rows)


def _batches(corpus: Corpus, names: Sequence[str], threshold: float | None) -> Iterator[Batch]:
    """The rows with these columns; with a threshold, those of its masks in place of the stored ones."""
    if threshold is None:
        yield from corpus.batches(names)
        return
    stored = [name for name in names if name not in OF_SHAPE]
    with ThreadPoolExecutor(default_workers()) as pool:
        for batch in corpus.batches([*stored, MAP]):
            anew = derived(batch.table, threshold, pool)
            table = batch.table.select(stored)
            for name in OF_SHAPE:
                table = table.append_column(name, anew[name])
            yield Batch(table, batch.part, batch.row)


def _schema(corpus: Corpus, threshold: float | None) -> pa.Schema:
    """Of the rows of a selection."""
    shown = ["id"] if threshold is None else ["id", *OF_SHAPE]
    return pa.schema(
        [("part", pa.int32()), ("row", pa.int32()), *(corpus.schema.field(name) for name in shown)]
    )


def _write_rows(path: Path, schema: pa.Schema, tables: Iterator[pa.Table]) -> None:
    """One Parquet file, in groups of some `_ROWS_IN_GROUP` rows; the same tables give the same bytes."""
    waiting: list[pa.Table] = []
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=["part"]) as writer:
        for table in tables:
            waiting.append(table)
            if sum(each.num_rows for each in waiting) >= _ROWS_IN_GROUP:
                writer.write_table(pa.concat_tables(waiting), row_group_size=2 * _ROWS_IN_GROUP)
                waiting = []
        if waiting:
            writer.write_table(pa.concat_tables(waiting), row_group_size=2 * _ROWS_IN_GROUP)


def _selected_from(corpus: Corpus, name: str, record: Mapping[str, Any], funnel: Funnel) -> SelectedFrom:
    try:
        before: object = json.loads(settings_path(corpus.out, name).read_bytes())
    except FileNotFoundError:
        before = record
    except (OSError, ValueError):
        before = None
    return SelectedFrom(
        out=str(corpus.out),
        source=corpus.source,
        rows=record["rows"],
        funnel=funnel.steps,
        parts_done=record["parts"],
        parts_planned=record["parts_planned"],
        replaced=before != json.loads(json.dumps(record)),
    )


def _none_left(steps: Sequence[Step]) -> SettingError:
    """The funnel in a sentence, and the condition that dropped the last rows."""
    told = ", ".join(
        [f"{steps[0].left:,} rows", *(f"{step.what} leaves {step.left:,}" for step in steps[1:])]
    )
    before, last = next((one, two) for one, two in pairwise([Step("", 0, 0, 1), *steps]) if not two.left)
    if last.what == ROWS:
        hint = "no part is finished yet: maskwright status OUT says how far it is"
    elif last.what == OK:
        hint = "no row has a mask; maskwright status OUT says why"
    else:
        hint = f"{last.what} drops the last {before.left:,}"
        if last.unknown:
            hint += f"; a column it names is null in {last.unknown:,} rows"
    return SettingError(f"no row is left: {told}", hint=hint)
