"""What the page of the bench draws: a section an idea, what matters first."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from maskwright.bench.baselines import PER_PICTURE, PER_TABLE
from maskwright.bench.result import BenchResult, Confusion, Method, Slice, Trust
from maskwright.bench.tables import (
    HALF,
    Table,
    brief,
    figure,
    gain,
    interval,
    label,
    marked,
    worst_first,
)
from maskwright.bench.worst import CARDS
from maskwright.measures.calibration import BINS, BORDER_PX, DOUBT
from maskwright.measures.metrics import Estimate
from maskwright.pages.bench import Section, ValueRows
from maskwright.pages.plots import Bar, Curve, Curves, Dot, Dots, Histogram, Point, Scatter
from maskwright.pages.words import counted

EDGES = tuple(tenth / 10 for tenth in range(11))
"""Of the bars of F1."""
LISTED = 500
"""Pairs in the list of all, worst first; the others are in `--json`."""
VALUES = 24
"""Values of the column of `--by` that are drawn, those with most pairs; the table has all."""
LEAST_AXIS = 1
"""Percent that the axis of false marks holds, so that next to nothing does not fill it."""
MEASURES = (("f1", "F1"), ("iou", "IoU"), ("visible_f1", "visible F1"))


def sections(result: BenchResult, words: dict[str, list[Table]]) -> Iterator[Section]:
    """All that is drawn.

    Args:
        words: the tables of the run by name.
    """
    yield Section(
        "methods",
        "Every method on these pairs",
        "Means over pairs with 95 % intervals. Annotators in colour; baselines and the oracle in grey."
        " The oracle takes the best threshold of every picture, for which one must know the truth.",
        plots=[_of_methods(result.methods, *measure) for measure in MEASURES],
        table=words["methods"][0].rows,
    )
    yield Section(
        "differences",
        "Better than the others?",
        "F1 minus that of each other on the same pairs. Right of the line the annotator is better;"
        " an interval that does not hold 0 says so for pairs like these.",
        plots=[_differences(method) for method in annotators_of(result)],
        table=words["differences"][0].rows,
    )
    for place, column in enumerate(result.by):
        yield _by(result, column, words["slices"][place])
        yield _gains_by(result, column, words["slice_gains"][place])
    yield _each_pair(result)
    if result.trust:
        yield _trust(result, words["trust"][0])
    if result.ignored:
        yield Section(
            "ignored",
            "Does it know where it is wrong?",
            "Pixels of which an annotator says that nobody can say. In every other figure they count as it"
            " marks them; here they are left out, once.",
            plots=[
                Dots(
                    "F1 without them minus F1",
                    "",
                    [_dot(each.annotator, each.gain, gain(each.gain)) for each in result.ignored],
                    zero=True,
                )
            ],
            table=words["ignored"][0].rows,
        )
    yield _calibration(result, words["calibration"][0])
    for confusion, table in zip(result.confusions, words.get("confusion", ()), strict=True):
        yield _confusion(confusion, table)
    if result.false_marks:
        yield _false_marks(result, words["false_marks"][0])
    for place, harmed in enumerate(result.robust):
        yield Section(
            f"robust-{place}",
            f"After {harmed.after}",
            "The same pairs once more; that was done to the edited side first. Baselines are tuned anew.",
            plots=[_of_methods(harmed.methods, *measure) for measure in MEASURES],
            table=words["robust"][place].rows,
        )


def annotators_of(result: BenchResult) -> list[Method]:
    return [method for method in result.methods if method.kind == "annotator"]


def with_interval(mean: str, found: Estimate) -> str:
    """A figure in words; one original alone gives no interval."""
    return f"{mean} {interval(found)}" if found.groups > 1 else mean


def bar_of(f1: float) -> int:
    """The place of the bar of the histogram that an F1 belongs to."""
    return bisect_right(EDGES[1:-1], f1)


def _dot(name: str, found: Estimate, mean: str, *, other: bool = False, link: str = "") -> Dot:
    figures = with_interval(mean, found)
    return Dot(name, found.mean, found.low, found.high, other=other, link=link, figures=figures)


def _of_methods(methods: Sequence[Method], measure: str, name: str) -> Dots:
    found = [(method, getattr(method, measure)) for method in methods]
    dots = [
        _dot(brief(m.name, m.kind), each, figure(each.mean), other=m.kind != "annotator") for m, each in found
    ]
    return Dots(name, "", dots)


def _differences(method: Method) -> Dots:
    dots = [
        _dot(brief(other, "oracle" if other == PER_PICTURE else ""), found, gain(found))
        for other, found in method.better_than.items()
    ]
    return Dots(f"{method.name} minus", "", dots, zero=True)


def _by(result: BenchResult, column: str, table: Table) -> Section:
    drawn, more = _drawn(result, column)
    shown = [m for m in result.methods if m.kind == "annotator" or m.name in (PER_TABLE, PER_PICTURE)]
    f1 = {(part.value, method.name): method.f1 for _, part in drawn for method in part.methods}
    found = [f1[part.value, method.name] for _, part in drawn for method in shown]
    plots = [
        Dots(
            brief(method.name, method.kind),
            "",
            [
                _dot(
                    f"{part.value}, n {part.n}",
                    f1[part.value, method.name],
                    figure(f1[part.value, method.name].mean),
                    other=method.kind != "annotator",
                    link=f"value-{place}",
                )
                for place, part in drawn
            ],
            holds=[end for each in found for end in (each.low, each.high)],
        )
        for method in shown
    ]
    return Section(
        f"by-{result.by.index(column)}",
        f"By {column}",
        "F1; n is the number of pairs, whose intervals say little where it is small. Baselines keep their"
        f" threshold of the whole table.{more}",
        plots=plots,
        table=table.rows,
        values=_values(result, column),
    )


def _gains_by(result: BenchResult, column: str, table: Table) -> Section:
    ours = result.methods[0].name
    drawn, more = _drawn(result, column)
    others = [m for m in result.methods[1:] if m.kind == "annotator" or m.name in (PER_TABLE, PER_PICTURE)]
    plots = []
    for other in others:
        gains = [(place, part, part.methods[0].better_than[other.name]) for place, part in drawn]
        dots = [
            _dot(f"{part.value}, n {part.n}", found, gain(found), link=f"value-{place}")
            for place, part, found in gains
        ]
        plots.append(Dots(f"{ours} minus {brief(other.name, other.kind)}", "", dots, zero=True))
    return Section(
        f"gains-{result.by.index(column)}",
        f"Better than the others, by {column}?",
        f"F1 of {ours} minus that of another on the same pairs.{more}",
        plots=plots,
        table=table.rows,
    )


def _drawn(result: BenchResult, column: str) -> tuple[list[tuple[int, Slice]], str]:
    """The values of a column with most pairs, each with its place in `slices`; and a word on the others."""
    parts = [(place, part) for place, part in enumerate(result.slices) if part.column == column]
    ranked = sorted(parts, key=lambda each: (-each[1].n, each[1].value))
    most = {part.value for _, part in ranked[:VALUES]}
    left = len(parts) - len(most)
    more = f" Drawn are the {VALUES} values with most pairs; the table has {left} more." if left else ""
    return [each for each in parts if each[1].value in most], more


def _values(result: BenchResult, column: str) -> list[ValueRows]:
    """The pairs behind the figures of a value, as far as they are listed."""
    which = result.by.index(column)
    inside: dict[str, list[tuple[str, str]]] = {}
    for rank, row in enumerate(worst_first(result)[:LISTED]):
        inside.setdefault(row.values[which], []).append((row.key, f"row-{rank}"))
    return [
        ValueRows(f"value-{place}", f"{part.value}: {counted(part.n, 'pair')}", inside.get(part.value, []))
        for place, part in enumerate(result.slices)
        if part.column == column
    ]


def _each_pair(result: BenchResult) -> Section:
    ours, baseline = result.methods[0].name, label(PER_TABLE, "")
    ranked = worst_first(result)
    f1 = [(row.f1[ours], row.f1[PER_TABLE]) for row in result.rows]
    better, worse = sum(a > b for a, b in f1), sum(a < b for a, b in f1)
    points = [
        Point(
            f"{row.key}: {ours} {figure(row.f1[ours])}, {baseline} {figure(row.f1[PER_TABLE])}",
            row.f1[PER_TABLE],
            row.f1[ours],
            f"pair-{rank}" if rank < CARDS else f"row-{rank}",
            marked=rank < CARDS,
        )
        for rank, row in enumerate(ranked[:LISTED])
    ]
    listed = {bar_of(row.f1[ours]) for row in ranked[:LISTED]}
    counts = [0] * (len(EDGES) - 1)
    for row in result.rows:
        counts[bar_of(row.f1[ours])] += 1
    bars = [
        Bar(low, high, counts[place], f"f1-{place}" if place in listed else "")
        for place, (low, high) in enumerate(pairwise(EDGES))
    ]
    ringed = (
        "Rings are pairs and lead to their cards."
        if result.n <= CARDS
        else f"Rings are the {CARDS} worst pairs and lead to their cards, dots lead to the list."
    )
    return Section(
        "each",
        "Pair by pair",
        f"Above the dashed line {ours} is better than the baseline, below it worse. {ringed}",
        says=[
            f"{ours} has the higher F1 on {counted(better, 'pair')}, the baseline on {worse:,};"
            f" equal are {result.n - better - worse:,}."
        ],
        plots=[
            Scatter(
                "F1 of every pair",
                "",
                baseline,
                ours,
                points[::-1],
                [(row.f1[PER_TABLE], row.f1[ours]) for row in ranked[LISTED:]],
            ),
            Histogram(f"F1 of {ours}", "Pairs by tenths of F1; a bar leads to its pairs.", bars),
        ],
        large=True,
    )


def _trust(result: BenchResult, table: Table) -> Section:
    def said(trust: Trust) -> str:
        kept = dict(trust.kept_iou)
        if math.isnan(trust.spearman.mean):
            same = "it, or IoU, is the same on all pairs, so nothing is ranked"
            return f"{trust.score} of {trust.annotator}: {same}."
        half = with_interval(figure(kept[HALF].mean), kept[HALF])
        return (
            f"{trust.score} of {trust.annotator}: rank correlation with IoU"
            f" {with_interval(figure(trust.spearman.mean), trust.spearman)}"
            f" over {counted(trust.n, 'pair')}; the half it trusts most has IoU {half},"
            f" all have {figure(kept[1.0].mean)}."
        )

    def curve(trust: Trust, other: bool) -> Curve:
        return Curve(trust.score, [(share, iou.mean) for share, iou in trust.kept_iou], other=other)

    plots = [
        Curves(
            name,
            "",
            "share kept, the most trusted first",
            [curve(trust, place > 0) for place, trust in enumerate(scores)],
        )
        for name, scores in ((n, list(g)) for n, g in groupby(result.trust, key=lambda t: t.annotator))
    ]
    return Section(
        "trust",
        "Does it know when it is wrong?",
        "Mean IoU of the pairs a score trusts most. A curve that falls to the right is a score that tells"
        " good masks from bad ones; a level one tells nothing. Spearman's rank correlation: 1 where the"
        " better mask always has the higher score, 0 where the score says nothing.",
        says=[said(trust) for trust in result.trust],
        plots=plots,
        table=table.rows,
    )


def _calibration(result: BenchResult, table: Table) -> Section:
    right = Curve("as it should be", [(0.0, 0.0), (1.0, 1.0)], other=True)
    return Section(
        "calibration",
        "Are the change maps probabilities?",
        "Of the pixels to which a map gives a probability, the share that is edited in truth; at most"
        f" {BINS} bins with as many pixels each. Counted are pixels in doubt, {DOUBT[0]:g} to {DOUBT[1]:g},"
        f" and those within {BORDER_PX} px of a true border.",
        plots=[
            Curves(
                each.annotator,
                "Upwards the share edited in truth.",
                "probability in the map",
                [Curve("map", [(one.claimed, one.edited) for one in each.bins]), right],
            )
            for each in result.calibration
        ],
        table=table.rows,
    )


def _confusion(confusion: Confusion, table: Table) -> Section:
    total = sum(confusion.counts.values())
    agreed = sum(n for (told, found), n in confusion.counts.items() if told == found)
    return Section(
        "background",
        f"What happened outside the edits, says {confusion.annotator}",
        "Pairs; rows are what the table says, columns what the annotator says. Bold where they agree.",
        says=[f"{agreed:,} of {counted(total, 'pair')} are called what the table calls them."],
        table=table.rows,
        agrees=True,
    )


def _false_marks(result: BenchResult, table: Table) -> Section:
    plots = []
    for name, kind in [*((m.name, m.kind) for m in annotators_of(result)), (PER_TABLE, "baseline")]:
        dots = []
        for row in (row for row in result.false_marks if row.annotator == name):
            mean, worst = marked(row)
            ends = (100 * row.mean, 100 * row.mean, 100 * row.worst)
            words = f"{mean} %, worst {worst} %"
            dots.append(Dot(row.kind, *ends, other=kind != "annotator", figures=words))
        plots.append(Dots(label(name, kind), "", dots, holds=(0, LEAST_AXIS)))
    return Section(
        "false-marks",
        "Marked on photographs that nobody edited",
        "Percent of the picture, by what was done to the file. The dot is the mean over photographs, the"
        " line goes to the worst one. None is right.",
        plots=plots,
        table=table.rows,
    )
