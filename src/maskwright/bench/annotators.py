"""Annotators on a table with known masks: figures, intervals, baselines, false marks, trust.

Figures are means over pictures, their 95 % intervals bootstrapped over originals; compared methods
are compared by paired differences on the same pictures. A pair an annotator rejects or fails on
counts as an empty mask. Baselines are tuned on the very pairs they are judged by; ours never are.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from maskwright.bench import baselines
from maskwright.bench.methods import counts_of, methods_of, slices_of
from maskwright.bench.nulls import false_marks
from maskwright.bench.records import Record, ignore_of, measure
from maskwright.bench.result import BenchResult, Calibrated, Confusion, Harmed, Row
from maskwright.bench.robustness import harms
from maskwright.bench.trust import ignored_of, trust_of
from maskwright.corpus.conditions import matching
from maskwright.errors import InputError, SettingError, unknown_name
from maskwright.masks.annotators import ANNOTATORS, DEFAULT, Annotator, Setup, load_annotators
from maskwright.measures.calibration import Calibration, brier, expected_error, reliability
from maskwright.measures.metrics import f1_of, iou_of
from maskwright.pairs.sources import Roles, Source, open_source
from maskwright.pairs.values import Encoded, Located, Pair, Rejection
from maskwright.synthesis.photos import read_photos
from maskwright.synthesis.roundtrip import load_roundtrip
from maskwright.synthesis.steps import Step

Progress = Callable[[str, int, int], None]
"""(what, how many done, of how many)."""


def bench_annotators(
    table: str | os.PathLike[str],
    *,
    annotators: Sequence[str] = (DEFAULT,),
    setup: Setup = Setup(),  # noqa: B008 - frozen
    where: str | None = None,
    by: Sequence[str] = (),
    unedited: str | os.PathLike[str] | None = None,
    roundtrip: str | os.PathLike[str] | None = None,
    robust: bool = False,
    roles: Roles = Roles(),  # noqa: B008 - frozen
    progress: Progress = lambda what, done, total: None,
) -> BenchResult:
    """Measure annotators, and all baselines beside them, on pairs whose masks are known.

    Args:
        table: CSV, JSONL or Parquet with columns of originals, edited pictures and masks.
        annotators: names, `package.module:Class`, or .onnx files beside their cards; the first is compared
            with every other.
        setup: what they are put together from; each takes of it what it can.
        where: an SQL condition over the table's own columns; original, edited and mask are the paths.
        by: columns of the table; the same figures for each of their values.
        unedited: a folder of photographs or a CSV file of them (of its rows, those with split `val`):
            how much of what nobody edited is marked.
        roundtrip: an autoencoder as ONNX: one more kind of false marks, and the pairs once more after it.
        robust: the pairs once more after each harm of `bench/robustness.py`, which no training sees.
        roles: which columns hold what, where the table does not say.

    Raises:
        InputError: the table cannot be read, or no row of it can be measured.
        SettingError: an unknown annotator or column, or a condition that is none.
    """
    if not annotators:
        raise SettingError("no annotator was named", hint=f"known: {', '.join(ANNOTATORS)}")
    loaded = load_annotators(annotators, setup)
    clashes = set(loaded) & {*baselines.NAMES, baselines.PER_PICTURE}
    if clashes:
        raise SettingError(f"{sorted(clashes)[0]!r} is a baseline, and printed anyway")
    network = None if roundtrip is None else load_roundtrip(roundtrip)
    photos = [] if unedited is None else [photo.path for photo in read_photos(unedited, "val")]
    source = open_source(table, roles=roles)
    chosen = chosen_rows(source, where, by)
    records, unmeasured = _measured(source, chosen, loaded, None, progress, "pairs")
    if not records:
        reason = f": {unmeasured[0].id}: {unmeasured[0].detail}" if unmeasured else ""
        raise InputError(
            f"no row of {source.location} can be measured{reason}",
            hint="name the columns: original, edited, mask; or widen the condition",
        )
    best = baselines.best_of_table([record.curves for record in records])
    after_harm = []
    for after, harm in harms(network, held_out=robust).items():
        harmed, _ = _measured(source, chosen, loaded, harm, progress, f"after {after}")
        tuned = baselines.best_of_table([record.curves for record in harmed])
        after_harm.append(Harmed(after, methods_of(harmed, tuned)))
    threshold = int(records[0].curves[baselines.PER_TABLE].thresholds[best[baselines.PER_TABLE]])
    marks, unreadable = false_marks(
        photos,
        loaded,
        network=network,
        baseline_threshold=threshold,
        progress=lambda done: progress("photographs", done, len(photos)),
    )
    return BenchResult(
        table=str(source.location),
        where=where,
        n=len(records),
        originals=len({record.group for record in records}),
        unmeasured=tuple((row.id, row.reason, row.detail) for row in (*unmeasured, *unreadable)),
        methods=methods_of(records, best),
        by=tuple(by),
        slices=slices_of(records, best, by),
        confusions=_confusions(records),
        trust=trust_of(records),
        ignored=ignored_of(records),
        calibration=_calibration(records),
        unedited=None if unedited is None else os.fspath(unedited),
        false_marks=tuple(marks),
        roundtrip=None if roundtrip is None else os.fspath(roundtrip),
        robust=tuple(after_harm),
        rows=tuple(_row(record, best, by) for record in records),
    )


def chosen_rows(source: Source, where: str | None, by: Sequence[str]) -> set[str]:
    """Ids of the rows that the condition lets through; `by` are columns that must be there."""
    names = [
        *source.schema().names,
        *(n for n in ("original", "edited", "mask") if n not in source.schema().names),
    ]
    for column in by:
        if column not in source.schema().names:
            raise unknown_name("column", column, source.schema().names)
    ids, columns = [], []
    for part in source.plan():
        for pair in source.read(part):
            ids.append(pair.id)
            columns.append(_with_keys(pair))
    if where is None:
        return set(ids)
    types = {name: source.schema().field(name).type for name in source.schema().names}
    values = {
        name: pa.array([row.get(name) for row in columns], types.get(name, pa.string())) for name in names
    }
    number = "pair_id_"
    while number in values:
        number += "_"
    kept = matching(pa.table({**values, number: ids}), where)
    return set(kept.column(number).to_pylist())


def _with_keys(pair: Pair | Rejection) -> dict[str, Any]:
    """The row's columns, and where its pictures lie, under the words used here."""
    if isinstance(pair, Rejection):
        return dict(pair.columns)
    keys = {
        name: picture.key
        for name, picture in (("original", pair.original), ("edited", pair.edited), ("mask", pair.mask))
        if isinstance(picture, Located | Encoded)
    }
    return keys | dict(pair.columns)


def _measured(
    source: Source,
    chosen: set[str],
    annotators: Mapping[str, Annotator],
    corrupt: Step | None,
    progress: Progress,
    what: str,
) -> tuple[list[Record], list[Rejection]]:
    records: list[Record] = []
    unmeasured: list[Rejection] = []
    for part in source.plan():
        for pair in source.read(part):
            if pair.id not in chosen:
                continue
            found = measure(pair, annotators, ignore=ignore_of(source, pair), corrupt=corrupt)
            if isinstance(found, Rejection):
                unmeasured.append(found)
            else:
                records.append(found)
            progress(what, len(records) + len(unmeasured), len(chosen))
    return records, unmeasured


def _confusions(records: Sequence[Record]) -> tuple[Confusion, ...]:
    """Empty unless the table has a column `background`."""
    told = [record for record in records if record.columns.get("background")]
    if not told:
        return ()
    return tuple(
        Confusion(
            name,
            dict(Counter((str(r.columns["background"]), r.marked[name].background or "") for r in told)),
        )
        for name in records[0].marked
    )


def _calibration(records: Sequence[Record]) -> tuple[Calibrated, ...]:
    found = []
    for name in records[0].marked:
        counts = sum((record.marked[name].calibration for record in records), Calibration())
        pixels = int(counts.pixels.sum())
        found.append(Calibrated(name, expected_error(counts), brier(counts), pixels, reliability(counts)))
    return tuple(found)


def _row(record: Record, best: Mapping[str, int], by: Sequence[str]) -> Row:
    counts, visible = counts_of(record, best), counts_of(record, best, visible=True)
    marked = record.marked.items()
    return Row(
        id=record.id,
        key=str(record.columns.get("id", record.id)),
        values=tuple(str(record.columns.get(column)) for column in by),
        status={name: found.reason or found.status for name, found in marked},
        verdict={name: found.verdict for name, found in marked},
        background={name: found.background for name, found in marked},
        f1={name: f1_of(of_pair) for name, of_pair in counts.items()},
        iou={name: iou_of(of_pair) for name, of_pair in counts.items()},
        visible_f1={name: f1_of(of_pair) for name, of_pair in visible.items()},
    )
