"""The ablation of SIGMA: every idea a row, on redrawn pairs that no training has seen, and on real ones."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.bench.arms import AGAINST, NO_PRIOR, Arm, Bench
from maskwright.bench.baselines import best_index, best_of_picture
from maskwright.bench.priors import PRIORS
from maskwright.bench.processes import answers
from maskwright.bench.redrawn import COUNT
from maskwright.bench.sigma_cases import (
    ALL,
    BACKGROUND,
    MADE,
    PASSED,
    REAL,
    Asked,
    Asking,
    Column,
    RealTask,
    Task,
    known_pairs,
    made_tasks,
)
from maskwright.errors import InputError
from maskwright.masks.annotators import Setup
from maskwright.measures.metrics import Counts, Estimate, estimate, f1_of, paired_difference
from maskwright.pairs.values import BACKGROUNDS, Rejection
from maskwright.synthesis.photos import read_photos

Progress = Callable[[str, int, int], None]
"""(what, how many done, of how many)."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the ablation on the pairs of one column.

    Args:
        f1: mean over pairs; None for pairs without an edit.
        gain: that minus the F1 of `AGAINST` on the same pairs.
        marked, worst: mean and largest share of a picture that is marked without being edited.
    """

    f1: Estimate | None
    gain: Estimate | None
    marked: float
    worst: float


@dataclass(frozen=True, slots=True)
class PriorFigure:
    """A kind of prior on the pairs of one column.

    Args:
        f1: mean over pairs; None for pairs without an edit.
        gain: that minus the F1 without a prior.
        added, worst_added: mean and largest share of a picture that is marked with it and not without it.
        created: pairs of which nothing is marked without it and something with it.
    """

    f1: Estimate | None
    gain: Estimate | None
    added: float
    worst_added: float
    created: int


@dataclass(frozen=True, slots=True)
class Ablation:
    """All figures of one run.

    Args:
        columns: with the number of pairs of each.
        rows: name of a row -> figures, one a column; rows without an annotator have no gain.
        thresholds: name of a row -> table -> the level it was cut at.
        prompted: the annotator that was asked with every prior; empty where none takes any.
        priors: kind of prior -> figures, one for each column of made pairs.
        annotators: name in the rows -> (name, digest).
        unmeasured: (id, reason, detail) of rows that could not be read.
        pairs: id, column and F1 by row of every edited pair.
    """

    columns: tuple[tuple[Column, int], ...]
    rows: Mapping[str, tuple[Figure, ...]]
    thresholds: Mapping[str, Mapping[str, int]]
    prompted: str
    priors: Mapping[str, tuple[PriorFigure, ...]]
    annotators: Mapping[str, tuple[str, str]]
    unmeasured: tuple[tuple[str, str, str], ...]
    pairs: tuple[tuple[str, str, Mapping[str, float]], ...]

    def to_json(self) -> dict[str, Any]:
        """Plain dicts, lists, numbers and texts."""
        return dataclasses.asdict(self)


def bench_sigma(
    photos: str | os.PathLike[str],
    *,
    roundtrip: str | os.PathLike[str] | None = None,
    pairs: str | os.PathLike[str] | None = None,
    where: str | None = None,
    heads: Mapping[str, str] | None = None,
    setup: Setup = Setup(),  # noqa: B008 - frozen
    count: int = COUNT,
    keep: str | os.PathLike[str] | None = None,
    workers: int = 1,
    progress: Progress = lambda what, done, total: None,
) -> Ablation:
    """Measure every row of `bench/arms.py` on the same pairs.

    Args:
        photos: a folder of photographs or a CSV file of them (of its rows, those with split `val`).
        roundtrip: an autoencoder that no training has seen, as ONNX: it draws the made pairs (without it, a
            filter does), and the real pairs come once more after it.
        pairs: a table of real pairs with known masks and a column `background`.
        where: an SQL condition over its columns.
        heads: trained heads by what they are, see `open_bench`.
        setup: as for `open_bench`.
        count: made pairs of each kind.
        keep: a folder for what the autoencoder gave, so that a second run need not ask it again.
        workers: processes; the figures do not depend on it.

    Raises:
        InputError: a table or a photograph cannot be read.
        SettingError: an unknown annotator, head or column.
    """
    asking = Asking(heads or {}, setup, roundtrip, keep, tuple(read_photos(photos, "val")))
    bench = asking.bench
    unmeasured: list[Rejection] = []
    tasks: list[Task] = [*made_tasks(count)]
    if pairs is not None:
        for pair in known_pairs(pairs, where, [BACKGROUND], unmeasured):
            tasks += [RealTask(pair, passed=passed) for passed in ([False, True] if roundtrip else [False])]
    asked: list[Asked] = []
    for answer in answers(asking, tasks, workers):
        asked.append(answer)
        progress("pairs", len(asked), len(tasks))
    return _ablation(bench, asked, unmeasured)


def _ablation(bench: Bench, asked: Sequence[Asked], unmeasured: Sequence[Rejection]) -> Ablation:
    if not asked:
        raise InputError("no pair could be measured")
    columns = _columns(asked)
    best = _thresholds(bench.arms, asked)
    counts = {arm.name: [_counts(arm, each, best) for each in asked] for arm in bench.arms}
    against = next(arm.name for arm in bench.arms if arm.annotator == AGAINST)
    places = [
        [k for k, each in enumerate(asked) if column in (each.column, Column(each.column.table, ALL))]
        for column in columns
    ]
    groups = [each.group for each in asked]

    def figures(name: str) -> tuple[Figure, ...]:
        return tuple(
            _figure(
                column,
                [counts[name][k] for k in those],
                [counts[against][k] for k in those],
                [groups[k] for k in those],
            )
            for column, those in zip(columns, places, strict=True)
        )

    return Ablation(
        columns=tuple(zip(columns, map(len, places), strict=True)),
        rows={arm.name: figures(arm.name) for arm in bench.arms},
        thresholds={
            arm.name: {table: index for (levels, table), index in best.items() if levels == arm.levels}
            for arm in bench.arms
            if arm.levels and not arm.oracle
        },
        prompted=bench.prompted or "",
        priors=_priors(bench, asked, columns, places),
        annotators={key: (each.card.name, each.card.digest) for key, each in bench.annotators.items()},
        unmeasured=tuple((row.id, row.reason, row.detail) for row in unmeasured),
        pairs=tuple(
            (each.name, each.column.name, {name: f1_of(found[k]) for name, found in counts.items()})
            for k, each in enumerate(asked)
            if each.column.edited
        ),
    )


def _columns(asked: Sequence[Asked]) -> list[Column]:
    """Table by table; of each those with edits first, and of real pairs all of them last."""
    found = list(dict.fromkeys(each.column for each in asked))
    if any(column.table == REAL for column in found):
        found.append(Column(REAL, ALL))
    backgrounds = [*BACKGROUNDS, ALL]

    def order(column: Column) -> tuple[int, bool, int]:
        known = column.table == REAL and column.name in backgrounds
        rank = backgrounds.index(column.name) if known else len(backgrounds)
        return (
            (MADE, REAL, PASSED).index(column.table),
            not column.edited,
            rank if column.table == REAL else 0,
        )

    return sorted(found, key=order)


def _thresholds(arms: Sequence[Arm], asked: Sequence[Asked]) -> dict[tuple[str, str], int]:
    """(levels, table) -> place of the best threshold for the edited pairs of the table."""
    found = {}
    for levels in dict.fromkeys(arm.levels for arm in arms if arm.levels):
        for table in dict.fromkeys(each.column.table for each in asked):
            those = [e.found.curves[levels] for e in asked if e.column.table == table and e.column.edited]
            found[levels, table] = best_index(those)
    return found


def _counts(arm: Arm, asked: Asked, best: Mapping[tuple[str, str], int]) -> Counts:
    if not arm.levels:
        return asked.found.counts[arm.annotator, arm.prior]
    curve = asked.found.curves[arm.levels]
    return best_of_picture(curve) if arm.oracle else curve.at(best[arm.levels, asked.column.table])


def _figure(
    column: Column, ours: Sequence[Counts], theirs: Sequence[Counts], groups: Sequence[str]
) -> Figure:
    shares = [_share(counts) for counts in ours]
    marked, worst = float(np.mean(shares)), max(shares)
    if not column.edited:
        return Figure(None, None, marked, worst)
    f1, other = [f1_of(counts) for counts in ours], [f1_of(counts) for counts in theirs]
    return Figure(estimate(f1, groups), paired_difference(f1, other, groups), marked, worst)


def _priors(
    bench: Bench, asked: Sequence[Asked], columns: Sequence[Column], places: Sequence[Sequence[int]]
) -> dict[str, tuple[PriorFigure, ...]]:
    if bench.prompted is None:
        return {}
    name = bench.prompted

    def figure(kind: str, column: Column, those: Sequence[int]) -> PriorFigure:
        added = [asked[k].found.added[kind] for k in those]
        created = sum(asked[k].found.created[kind] for k in those)
        told = (float(np.mean(added)), max(added), created)
        if not column.edited:
            return PriorFigure(None, None, *told)
        groups = [asked[k].group for k in those]
        f1, without = ([f1_of(asked[k].found.counts[name, each]) for k in those] for each in (kind, NO_PRIOR))
        return PriorFigure(estimate(f1, groups), paired_difference(f1, without, groups), *told)

    return {
        kind: tuple(
            figure(kind, column, those)
            for column, those in zip(columns, places, strict=True)
            if column.table == MADE
        )
        for kind in PRIORS
    }


def _share(counts: Counts) -> float:
    """Of the pixels that count, those marked without being edited."""
    return counts.fp / max(1, counts.tp + counts.fp + counts.fn + counts.tn)
