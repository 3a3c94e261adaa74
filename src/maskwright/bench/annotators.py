"""Annotators on a table with known masks: figures, intervals, baselines, false marks, trust.

Figures are means over pictures, their 95 % intervals bootstrapped over originals; compared methods
are compared by paired differences on the same pictures. A pair an annotator rejects or fails on
counts as an empty mask. Baselines are tuned on the very pairs they are judged by; ours never are.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from maskwright.bench import baselines
from maskwright.bench.nulls import false_marks
from maskwright.bench.records import TRUST, Record, measure
from maskwright.bench.result import BenchResult, Confusion, Method, Row, Slice, Trust
from maskwright.corpus.conditions import matching
from maskwright.errors import InputError, SettingError, unknown_name
from maskwright.masks.annotators import ANNOTATORS, DEFAULT, Annotator, load_annotator
from maskwright.measures.metrics import (
    Counts,
    estimate,
    f1_of,
    iou_of,
    mean,
    paired_difference,
    rank_correlation,
)
from maskwright.pairs.sources import Roles, Source, open_source
from maskwright.pairs.values import Encoded, Located, Pair, Rejection
from maskwright.synthesis.corruptions import jpeg
from maskwright.synthesis.photos import read_photos
from maskwright.synthesis.roundtrip import load_roundtrip, roundtrip
from maskwright.synthesis.steps import Step, chain

KEPT = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
"""Shares of a risk-coverage curve."""
ROBUST_QUALITY = 75
"""JPEG quality after the autoencoder (design, Measures)."""

Progress = Callable[[str, int, int], None]
"""(what, how many done, of how many)."""


def bench_annotators(
    table: str | os.PathLike[str],
    *,
    annotators: Sequence[str] = (DEFAULT,),
    where: str | None = None,
    by: str | None = None,
    unedited: str | os.PathLike[str] | None = None,
    roundtrip: str | os.PathLike[str] | None = None,
    roles: Roles = Roles(),  # noqa: B008 - frozen
    progress: Progress = lambda what, done, total: None,
) -> BenchResult:
    """Measure annotators, and all baselines beside them, on pairs whose masks are known.

    Args:
        table: CSV, JSONL or Parquet with columns of originals, edited pictures and masks.
        annotators: names, `package.module:Class`, or .onnx files beside their cards.
        where: an SQL condition over the table's own columns; original, edited and mask are the paths.
        by: a column of the table; the same figures for each of its values.
        unedited: a folder of photographs or a CSV file of them (of its rows, those with split `val`):
            how much of what nobody edited is marked.
        roundtrip: an autoencoder as ONNX: one more kind of false marks, and the pairs once more after it.
        roles: which columns hold what, where the table does not say.

    Raises:
        InputError: the table cannot be read, or no row of it can be measured.
        SettingError: an unknown annotator or column, or a condition that is none.
    """
    if not annotators:
        raise SettingError("no annotator was named", hint=f"known: {', '.join(ANNOTATORS)}")
    loaded = {name: load_annotator(name) for name in dict.fromkeys(annotators)}
    clashes = set(loaded) & {*baselines.NAMES, baselines.PER_PICTURE}
    if clashes:
        raise SettingError(f"{sorted(clashes)[0]!r} is a baseline, and printed anyway")
    network = None if roundtrip is None else load_roundtrip(roundtrip)
    photos = [] if unedited is None else [photo.path for photo in read_photos(unedited, "val")]
    source = open_source(table, roles=roles)
    chosen = _chosen(source, where, by)
    records, unmeasured = _measured(source, chosen, loaded, None, progress, "pairs")
    if not records:
        reason = f": {unmeasured[0].id}: {unmeasured[0].detail}" if unmeasured else ""
        raise InputError(
            f"no row of {source.location} can be measured{reason}",
            hint="name the columns: original, edited, mask; or widen the condition",
        )
    best = baselines.best_of_table([record.curves for record in records])
    robust: list[Record] = []
    if network is not None:
        robust, _ = _measured(source, chosen, loaded, _harm(network), progress, "after an autoencoder")
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
        methods=_methods(records, best),
        by=by,
        slices=() if by is None else _slices(records, best, by),
        confusions=_confusions(records),
        trust=_trust(records),
        unedited=None if unedited is None else os.fspath(unedited),
        false_marks=tuple(marks),
        roundtrip=None if roundtrip is None else os.fspath(roundtrip),
        robust=_methods(robust, baselines.best_of_table([record.curves for record in robust]))
        if robust
        else (),
        rows=tuple(_row(record, best, by) for record in records),
    )


def _harm(network: Any) -> Step:
    return chain(roundtrip(network), jpeg(ROBUST_QUALITY))


def _chosen(source: Source, where: str | None, by: str | None) -> set[str]:
    """Ids of the rows that the condition lets through."""
    names = [
        *source.schema().names,
        *(n for n in ("original", "edited", "mask") if n not in source.schema().names),
    ]
    if by is not None and by not in source.schema().names:
        raise unknown_name("column", by, source.schema().names)
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
            found = measure(pair, annotators, corrupt=corrupt)
            if isinstance(found, Rejection):
                unmeasured.append(found)
            else:
                records.append(found)
            progress(what, len(records) + len(unmeasured), len(chosen))
    return records, unmeasured


def _counts(record: Record, best: Mapping[str, int], *, visible: bool = False) -> dict[str, Counts]:
    """Counts of one pair by method: annotators, baselines at the table's threshold, the oracle."""
    curves = record.visible_curves if visible else record.curves
    found = {name: marked.visible if visible else marked.counts for name, marked in record.marked.items()}
    found |= {name: curves[name].at(best[name]) for name in baselines.NAMES}
    return found | {baselines.PER_PICTURE: baselines.best_of_picture(curves[baselines.PER_TABLE])}


def _methods(records: Sequence[Record], best: Mapping[str, int]) -> tuple[Method, ...]:
    groups = [record.group for record in records]
    counts = [_counts(record, best) for record in records]
    visible = [_counts(record, best, visible=True) for record in records]
    f1 = {name: [f1_of(pair[name]) for pair in counts] for name in counts[0]}

    def method(name: str) -> Method:
        is_ours = name in records[0].marked
        is_oracle = name == baselines.PER_PICTURE
        curve = records[0].curves.get(name)
        return Method(
            name=name,
            kind="annotator" if is_ours else "oracle" if is_oracle else "baseline",
            threshold=int(curve.thresholds[best[name]]) if curve and curve.thresholds.size > 1 else None,
            f1=estimate(f1[name], groups),
            iou=estimate([iou_of(pair[name]) for pair in counts], groups),
            visible_f1=estimate([f1_of(pair[name]) for pair in visible], groups),
            better_than={
                other: paired_difference(f1[name], f1[other], groups)
                for other in (*baselines.NAMES, baselines.PER_PICTURE)
            }
            if is_ours
            else {},
        )

    return tuple(method(name) for name in f1)


def _slices(records: Sequence[Record], best: Mapping[str, int], by: str) -> tuple[Slice, ...]:
    values = sorted({str(record.columns.get(by)) for record in records})
    found = []
    for value in values:
        inside = [record for record in records if str(record.columns.get(by)) == value]
        found.append(Slice(value, len(inside), _methods(inside, best)))
    return tuple(found)


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


def _trust(records: Sequence[Record]) -> tuple[Trust, ...]:
    found = []
    for name in records[0].marked:
        iou = [iou_of(record.marked[name].counts) for record in records]
        for score in TRUST:
            values = [record.marked[name].trust.get(score) for record in records]
            known = [(value, cover) for value, cover in zip(values, iou, strict=True) if value is not None]
            if not known:
                continue
            ranked = [-math.inf if value is None else value for value in values]
            order = sorted(range(len(iou)), key=ranked.__getitem__, reverse=True)
            kept = tuple(
                (share, mean([iou[i] for i in order[: max(1, round(share * len(order)))]])) for share in KEPT
            )
            spearman = rank_correlation([value for value, _ in known], [cover for _, cover in known])
            found.append(Trust(name, score, len(known), spearman, kept))
    return tuple(found)


def _row(record: Record, best: Mapping[str, int], by: str | None) -> Row:
    counts, visible = _counts(record, best), _counts(record, best, visible=True)
    marked = record.marked.items()
    return Row(
        id=record.id,
        key=str(record.columns.get("id", record.id)),
        value=None if by is None else str(record.columns.get(by)),
        status={name: found.reason or found.status for name, found in marked},
        verdict={name: found.verdict for name, found in marked},
        background={name: found.background for name, found in marked},
        f1={name: f1_of(of_pair) for name, of_pair in counts.items()},
        iou={name: iou_of(of_pair) for name, of_pair in counts.items()},
        visible_f1={name: f1_of(of_pair) for name, of_pair in visible.items()},
    )
