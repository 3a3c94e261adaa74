"""Figures of annotators and baselines out of counts: means, intervals, paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from maskwright.bench import baselines
from maskwright.bench.records import Record
from maskwright.bench.result import Method, Slice
from maskwright.measures.metrics import Counts, estimate, f1_of, iou_of, paired_difference


def counts_of(record: Record, best: Mapping[str, int], *, visible: bool = False) -> dict[str, Counts]:
    """Counts of one pair by method: annotators, baselines at the table's threshold, the oracle.

    Args:
        best: place of the table's threshold by baseline, of `baselines.best_of_table`.
        visible: without the truth that nobody can see.
    """
    curves = record.visible_curves if visible else record.curves
    found = {name: marked.visible if visible else marked.counts for name, marked in record.marked.items()}
    found |= {name: curves[name].at(best[name]) for name in baselines.NAMES}
    return found | {baselines.PER_PICTURE: baselines.best_of_picture(curves[baselines.PER_TABLE])}


def methods_of(records: Sequence[Record], best: Mapping[str, int]) -> tuple[Method, ...]:
    """Every method on some pairs, at least one: annotators first, then baselines, then the oracle."""
    groups = [record.group for record in records]
    counts = [counts_of(record, best) for record in records]
    visible = [counts_of(record, best, visible=True) for record in records]
    f1 = {name: [f1_of(pair[name]) for pair in counts] for name in counts[0]}
    ours = list(records[0].marked)

    def method(name: str) -> Method:
        is_oracle = name == baselines.PER_PICTURE
        curve = records[0].curves.get(name)
        others = [
            *(ours[1:] if name == ours[0] else ()),
            *((*baselines.NAMES, baselines.PER_PICTURE) if name in ours else ()),
        ]
        return Method(
            name=name,
            kind="annotator" if name in ours else "oracle" if is_oracle else "baseline",
            threshold=int(curve.thresholds[best[name]]) if curve and curve.thresholds.size > 1 else None,
            f1=estimate(f1[name], groups),
            iou=estimate([iou_of(pair[name]) for pair in counts], groups),
            visible_f1=estimate([f1_of(pair[name]) for pair in visible], groups),
            better_than={other: paired_difference(f1[name], f1[other], groups) for other in others},
        )

    return tuple(method(name) for name in f1)


def slices_of(records: Sequence[Record], best: Mapping[str, int], by: Sequence[str]) -> tuple[Slice, ...]:
    """The same for every value of every column, columns in the order asked for, values sorted."""
    found = []
    for column in by:
        inside: dict[str, list[Record]] = {}
        for record in records:
            inside.setdefault(str(record.columns.get(column)), []).append(record)
        found += [
            Slice(column, value, len(inside[value]), methods_of(inside[value], best))
            for value in sorted(inside)
        ]
    return tuple(found)
