"""The figures of the bench as rows of words: a title, a head and lines, for a terminal or a page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from maskwright.bench.baselines import PER_PICTURE, PER_TABLE
from maskwright.bench.nulls import FalseMarks
from maskwright.bench.result import BenchResult, Confusion, Ignored, Method, Row, Slice, Trust
from maskwright.measures.metrics import Estimate
from maskwright.pairs.values import BACKGROUNDS, GROUPS

WORST = 10
"""Pairs listed; enough to look at by eye."""
HALF = 0.5
"""The share of the most trusted pairs whose IoU stands with its interval: the better half."""
LABELS = {
    "all_ones": "everything marked",
    "absolute": "absolute difference",
    "blurred": "blurred difference",
    "signed": "signed, blurred",
    "signed_filled": "signed, blurred, filled",
    "otsu_blurred": "Otsu on blurred",
    PER_PICTURE: "signed, blurred, filled, best threshold of EVERY picture",
}


@dataclass(frozen=True, slots=True)
class Table:
    """Words in rows of equal length; the first row is the head, the first column text, the rest figures.

    Args:
        name: of the kind of table; one kind comes once an annotator, a column of `by`, or a harm.
    """

    name: str
    title: str
    rows: tuple[tuple[str, ...], ...]


def tables(result: BenchResult) -> Iterator[Table]:
    """Everything a person wants to see of a run, in reading order."""
    pairs = f"{result.n} pairs of {result.originals} originals"
    yield Table("methods", f"{pairs}; mean over pictures with 95 % interval", _methods(result.methods))
    yield Table("differences", "F1 against each other, paired difference", _differences(result.methods))
    for column in result.by:
        yield Table("slices", f"F1 by {column}; baselines keep their threshold", _slices(result, column))
        title = f"F1 of {result.methods[0].name} by {column}, paired difference to"
        yield Table("slice_gains", title, _slice_gains(result, column))
    for confusion in result.confusions:
        title = f"background by {confusion.annotator}; rows: what the table says"
        yield Table("confusion", title, confused(confusion))
    if result.trust:
        yield Table("trust", "trust: do scores tell good masks from bad ones", _trust(result))
    if result.ignored:
        title = "what annotators ignore; counted as they mark it in every other figure"
        yield Table("ignored", title, _ignored(result))
    title = "calibration: are change maps probabilities (pixels in doubt or near a true border)"
    yield Table("calibration", title, _calibration(result))
    yield Table("worst", f"worst pairs of {result.methods[0].name}", _worst(result))
    if result.false_marks:
        yield Table("false_marks", "marked share of photographs nobody edited", _false_marks(result))
    for harmed in result.robust:
        yield Table("robust", f"the same pairs after {harmed.after}", _methods(harmed.methods))
    if result.unmeasured:
        lines = ((row[0], row[1], row[2]) for row in result.unmeasured)
        yield Table("unmeasured", "not measured", (("id", "reason", "what was seen"), *lines))


def label(name: str, kind: str) -> str:
    """The name of a method for people; annotators keep theirs."""
    return name if kind == "annotator" else LABELS.get(name, name)


def brief(name: str, kind: str) -> str:
    """The same where there is little room."""
    return "oracle a picture" if kind == "oracle" else label(name, kind)


def figure(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def interval(found: Estimate) -> str:
    return "" if math.isnan(found.low) else f"[{found.low:.3f}, {found.high:.3f}]"


def gain(found: Estimate) -> str:
    """A difference, with its sign."""
    return f"{found.mean:+.3f}"


def marked(row: FalseMarks) -> tuple[str, str]:
    """Mean and worst share of a photograph, in percent."""
    return f"{100 * row.mean:.3f}", f"{100 * row.worst:.2f}"


def worst_first(result: BenchResult) -> list[Row]:
    """By F1 of the first annotator; equal ones in the order of the table."""
    ours = result.methods[0].name
    return sorted(result.rows, key=lambda row: row.f1[ours])


def _methods(methods: Sequence[Method]) -> tuple[tuple[str, ...], ...]:
    head = ("method", "F1", "", "IoU", "", "visible F1", "threshold")
    lines = (
        (
            label(method.name, method.kind),
            figure(method.f1.mean),
            interval(method.f1),
            figure(method.iou.mean),
            interval(method.iou),
            figure(method.visible_f1.mean),
            "" if method.threshold is None else f"{method.threshold} (tuned here)",
        )
        for method in methods
    )
    return (head, *lines)


def _differences(methods: Sequence[Method]) -> tuple[tuple[str, ...], ...]:
    ours = [method for method in methods if method.kind == "annotator"]
    head = ("minus", *(word for method in ours for word in (method.name, "")))
    lines = (
        (
            label(other, ""),
            *(word for method in ours for word in _gain_and_interval(method.better_than.get(other))),
        )
        for other in ours[0].better_than
    )
    return (head, *lines)


def _gain_and_interval(found: Estimate | None) -> tuple[str, str]:
    """Empty for two that are not compared: the second annotator with itself or a third."""
    return ("", "") if found is None else (gain(found), interval(found))


def _slice_gains(result: BenchResult, column: str) -> tuple[tuple[str, ...], ...]:
    others = [m for m in result.methods[1:] if m.kind != "baseline" or m.name == PER_TABLE]
    head = (column, "n", *(word for other in others for word in (brief(other.name, other.kind), "")))
    lines = []
    for part in slices_by(result, column):
        better_than = part.methods[0].better_than
        gains = (word for other in others for word in _gain_and_interval(better_than[other.name]))
        lines.append((part.value, str(part.n), *gains))
    return (head, *lines)


def slices_by(result: BenchResult, column: str) -> list[Slice]:
    """Those of one column of `by`."""
    return [part for part in result.slices if part.column == column]


def _slices(result: BenchResult, column: str) -> tuple[tuple[str, ...], ...]:
    shown = [m for m in result.methods if m.kind != "baseline" or m.name in (PER_TABLE, "blurred")]
    ours = [m.name for m in result.methods if m.kind == "annotator"]
    names = [brief(m.name, m.kind) for m in shown]
    head = (column, "n", *names, *(f"{name} IoU" for name in ours))
    lines = []
    for part in slices_by(result, column):
        found = {method.name: method for method in part.methods}
        f1 = (figure(found[method.name].f1.mean) for method in shown)
        lines.append((part.value, str(part.n), *f1, *(figure(found[name].iou.mean) for name in ours)))
    return (head, *lines)


def confused(confusion: Confusion) -> tuple[tuple[str, ...], ...]:
    """A line for each word of the table, a column for each word of the annotator."""
    told = sorted({table for table, _ in confusion.counts}, key=_order_of)
    found = sorted({found for _, found in confusion.counts}, key=_order_of)
    head = ("", *(name or "(none)" for name in found))
    return (
        head,
        *((row, *(str(confusion.counts.get((row, column), 0)) for column in found)) for row in told),
    )


def _order_of(name: str) -> tuple[int, str]:
    known = (*BACKGROUNDS, *GROUPS)
    return (known.index(name) if name in known else len(known), name)


def _trust(result: BenchResult) -> tuple[tuple[str, ...], ...]:
    shares = [share for share, _ in result.trust[0].kept_iou]
    words = [(f"IoU of best {100 * share:.0f} %", *([""] if share == HALF else [])) for share in shares]
    head = ("score", "n", "Spearman with IoU", "", *(word for each in words for word in each))
    return (head, *(_of_trust(trust) for trust in result.trust))


def _of_trust(trust: Trust) -> tuple[str, ...]:
    kept = ((figure(iou.mean), *([interval(iou)] if share == HALF else [])) for share, iou in trust.kept_iou)
    return (
        f"{trust.annotator}: {trust.score}",
        str(trust.n),
        figure(trust.spearman.mean),
        interval(trust.spearman),
        *(word for each in kept for word in each),
    )


def _ignored(result: BenchResult) -> tuple[tuple[str, ...], ...]:
    head = ("annotator", "ignored %", "", "F1 without it", "", "gain", "")
    return (head, *(_of_ignored(each) for each in result.ignored))


def _of_ignored(each: Ignored) -> tuple[str, ...]:
    share = each.share
    return (
        each.annotator,
        f"{100 * share.mean:.2f}",
        f"[{100 * share.low:.2f}, {100 * share.high:.2f}]",
        figure(each.spared_f1.mean),
        interval(each.spared_f1),
        gain(each.gain),
        interval(each.gain),
    )


def _calibration(result: BenchResult) -> tuple[tuple[str, ...], ...]:
    head = ("annotator", "expected calibration error", "Brier score", "pixels")
    lines = (
        (each.annotator, figure(each.error), figure(each.brier), f"{each.pixels:,}")
        for each in result.calibration
    )
    return (head, *lines)


def _worst(result: BenchResult) -> tuple[tuple[str, ...], ...]:
    ours = result.methods[0].name
    head = ("pair", f"{ours} F1", "IoU", label(PER_TABLE, ""), "verdict")
    return (
        head,
        *(
            (
                row.key,
                figure(row.f1[ours]),
                figure(row.iou[ours]),
                figure(row.f1[PER_TABLE]),
                row.verdict[ours] or row.status[ours],
            )
            for row in worst_first(result)[:WORST]
        ),
    )


def _false_marks(result: BenchResult) -> tuple[tuple[str, ...], ...]:
    head = ("kind", "method", "mean %", "worst %", "n", "without mask", "worst photograph")
    lines = (
        (
            row.kind,
            LABELS[PER_TABLE] if row.annotator == PER_TABLE else row.annotator,
            *marked(row),
            str(row.n),
            str(row.without_mask),
            row.worst_photo,
        )
        for row in result.false_marks
    )
    return (head, *lines)
