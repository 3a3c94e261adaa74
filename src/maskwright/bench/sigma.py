"""The ablation of SIGMA: every idea a row, on redrawn pairs that no training has seen, and on real ones."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.bench.annotators import chosen_rows
from maskwright.bench.arms import AGAINST, NO_PRIOR, Arm, Bench, Found, ask, open_bench
from maskwright.bench.baselines import best_index, best_of_picture
from maskwright.bench.priors import PRIORS
from maskwright.bench.records import KnownPair, generator_of, ignore_of, read_known
from maskwright.bench.redrawn import COUNT, KINDS, Again, redrawn_pairs
from maskwright.bench.robustness import QUALITY
from maskwright.errors import InputError
from maskwright.masks.annotators import Setup
from maskwright.measures.metrics import Counts, Estimate, estimate, f1_of, paired_difference
from maskwright.pairs.sources import open_source
from maskwright.pairs.values import BACKGROUNDS, Mask, Rejection
from maskwright.synthesis.corruptions import jpeg
from maskwright.synthesis.photos import Photo, read_photos
from maskwright.synthesis.roundtrip import KeptRoundtrip, load_roundtrip, pass_through
from maskwright.synthesis.steps import Made, chain, on_side

UNEDITED = 3
"""One pair that nobody edited for so many edited ones."""
MADE, REAL, PASSED = "made", "real", "after the autoencoder"
"""Tables of pairs: the best thresholds are those of all pairs of a table."""
ALL = "all"
"""The column of all real pairs."""

Progress = Callable[[str, int, int], None]
"""(what, how many done, of how many)."""


@dataclass(frozen=True, slots=True)
class Column:
    """Pairs of one kind.

    Args:
        table: of `MADE`, `REAL`, `PASSED`.
        edited: whether their masks hold anything; else the figure is the marked share.
    """

    table: str
    name: str
    edited: bool = True


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


@dataclass(frozen=True, slots=True)
class _Case:
    """A pair to be asked, or one that was."""

    column: Column
    name: str
    group: str
    made: Made
    region: Mask


@dataclass(frozen=True, slots=True)
class _Asked:
    column: Column
    name: str
    group: str
    found: Found


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

    Raises:
        InputError: a table or a photograph cannot be read.
        SettingError: an unknown annotator, head or column.
    """
    bench = open_bench(heads or {}, setup)
    again = _again(roundtrip, keep)
    shots = read_photos(photos, "val")
    unmeasured: list[Rejection] = []
    asked = []
    total = 2 * (count + -(-count // UNEDITED))
    for case in _made_cases(shots, again, count):
        asked.append(_asked(bench, case))
        progress("made pairs", len(asked), total)
    if pairs is not None:
        known = list(_known_pairs(pairs, where, unmeasured))
        total = len(known) * (1 if again is None else 2)
        for done, case in enumerate(_real_cases(known, again), start=1):
            asked.append(_asked(bench, case))
            progress("real pairs", done, total)
    return _ablation(bench, asked, unmeasured)


def _again(roundtrip: str | os.PathLike[str] | None, keep: str | os.PathLike[str] | None) -> Again | None:
    if roundtrip is None:
        return None
    network = load_roundtrip(roundtrip)
    if keep is not None:
        return KeptRoundtrip(roundtrip, keep)
    return lambda picture: pass_through(network, picture)


def _made_cases(photos: Sequence[Photo], again: Again | None, count: int) -> Iterator[_Case]:
    """Pairs of both kinds; beside the first of them the same photographs without an edit.

    What nobody edited is asked with priors of the edit that the other has.
    """
    for kind in KINDS:
        edited = redrawn_pairs(photos, kind, again=again, count=count)
        first = -(-count // UNEDITED)
        unedited = redrawn_pairs(photos, kind, again=again, count=first, edited=False)
        for pair in edited:
            name = f"{kind} {pair.number}"
            yield _Case(Column(MADE, kind), name, pair.photo, pair.made, pair.made.mask)
            if pair.number < first:
                bare = next(unedited)
                column = Column(MADE, f"{kind}, unedited", edited=False)
                yield _Case(column, f"{name} unedited", bare.photo, bare.made, pair.made.mask)


def _known_pairs(
    table: str | os.PathLike[str], where: str | None, unmeasured: list[Rejection]
) -> Iterator[KnownPair]:
    """The rows that can be measured, in the order of the table."""
    source = open_source(table)
    chosen = chosen_rows(source, where, ["background"])
    for part in source.plan():
        for pair in source.read(part):
            if pair.id in chosen:
                known = read_known(pair, ignore_of(source, pair))
                if isinstance(known, Rejection):
                    unmeasured.append(known)
                else:
                    yield known


def _real_cases(known: Sequence[KnownPair], again: Again | None) -> Iterator[_Case]:
    """Every pair by its background, and once more after the autoencoder and JPEG."""
    for pair in known:
        made = Made(pair.original, pair.edited, pair.truth, pair.ignore)
        group = hashlib.sha256(pair.original.tobytes()).hexdigest()[:16]
        name = str(pair.shown.columns.get("id", pair.shown.id))
        yield _Case(Column(REAL, str(pair.shown.columns["background"])), name, group, made, made.mask)
        if again is not None:
            passed = chain(on_side("edited", lambda picture, rng: again(picture)), jpeg(QUALITY))
            made = passed(made, generator_of(pair.shown.id))
            yield _Case(Column(PASSED, PASSED), f"{name} {PASSED}", group, made, made.mask)


def _asked(bench: Bench, case: _Case) -> _Asked:
    found = ask(bench, case.name, case.made, case.region, every_prior=case.column.table == MADE)
    return _Asked(case.column, case.name, case.group, found)


def _ablation(bench: Bench, asked: Sequence[_Asked], unmeasured: Sequence[Rejection]) -> Ablation:
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


def _columns(asked: Sequence[_Asked]) -> list[Column]:
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


def _thresholds(arms: Sequence[Arm], asked: Sequence[_Asked]) -> dict[tuple[str, str], int]:
    """(levels, table) -> place of the best threshold for the edited pairs of the table."""
    found = {}
    for levels in dict.fromkeys(arm.levels for arm in arms if arm.levels):
        for table in dict.fromkeys(each.column.table for each in asked):
            those = [e.found.curves[levels] for e in asked if e.column.table == table and e.column.edited]
            found[levels, table] = best_index(those)
    return found


def _counts(arm: Arm, asked: _Asked, best: Mapping[tuple[str, str], int]) -> Counts:
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
    bench: Bench, asked: Sequence[_Asked], columns: Sequence[Column], places: Sequence[Sequence[int]]
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
