"""The pairs of SIGMA's ablation, each made and asked by itself, so that processes can share them."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from maskwright.bench.annotators import chosen_rows
from maskwright.bench.arms import Bench, Found, ask, open_bench
from maskwright.bench.records import KnownPair, digest_of, generator_of, ignore_of, read_known
from maskwright.bench.redrawn import KINDS, Again, redrawn_pair
from maskwright.bench.robustness import QUALITY
from maskwright.masks.annotators import Setup
from maskwright.pairs.sources import open_source
from maskwright.pairs.values import Mask, Rejection
from maskwright.synthesis.corruptions import jpeg
from maskwright.synthesis.photos import Photo
from maskwright.synthesis.roundtrip import KeptRoundtrip, load_roundtrip, pass_through
from maskwright.synthesis.steps import Made, chain, on_side

UNEDITED = 3
"""One pair that nobody edited for so many edited ones."""
MADE, REAL, PASSED = "made", "real", "after the autoencoder"
"""Tables of pairs: the best thresholds are those of all pairs of a table."""
ALL = "all"
"""The column of all real pairs."""
BACKGROUND = "background"
"""The column of a table that says to which column here a real pair belongs."""


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
class _Case:
    """A pair to be asked, or one that was."""

    column: Column
    name: str
    group: str
    made: Made
    region: Mask


@dataclass(frozen=True, slots=True)
class MadeTask:
    kind: str
    number: int
    edited: bool


@dataclass(frozen=True, slots=True)
class RealTask:
    pair: KnownPair
    passed: bool


Task: TypeAlias = "MadeTask | RealTask"


@dataclass(frozen=True, slots=True)
class Asked:
    column: Column
    name: str
    group: str
    found: Found


class Asking:
    """Makes the pair of a task and asks everything of it; pickled, it opens its networks where it is used."""

    def __init__(
        self,
        heads: Mapping[str, str],
        setup: Setup,
        roundtrip: str | os.PathLike[str] | None,
        keep: str | os.PathLike[str] | None,
        photos: tuple[Photo, ...],
    ) -> None:
        self._heads, self._setup, self._photos = dict(heads), setup, photos
        self._roundtrip, self._keep = roundtrip, keep

    @functools.cached_property
    def bench(self) -> Bench:
        return open_bench(self._heads, self._setup)

    @functools.cached_property
    def again(self) -> Again | None:
        return _again(self._roundtrip, self._keep)

    def __call__(self, task: Task) -> Asked:
        if isinstance(task, MadeTask):
            case = _made_case(self._photos, self.again, task)
        else:
            case = _real_case(task.pair, self.again, passed=task.passed)
        found = ask(self.bench, case.name, case.made, case.region, every_prior=case.column.table == MADE)
        return Asked(case.column, case.name, case.group, found)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("bench", "again")}


def _again(roundtrip: str | os.PathLike[str] | None, keep: str | os.PathLike[str] | None) -> Again | None:
    if roundtrip is None:
        return None
    network = load_roundtrip(roundtrip)
    if keep is not None:
        return KeptRoundtrip(roundtrip, keep)
    return lambda picture: pass_through(network, picture)


def made_tasks(count: int) -> list[MadeTask]:
    """Pairs of both kinds; beside the first of them the same photographs without an edit."""
    tasks = []
    for kind in KINDS:
        for number in range(count):
            tasks.append(MadeTask(kind, number, edited=True))
            if number < -(-count // UNEDITED):
                tasks.append(MadeTask(kind, number, edited=False))
    return tasks


def _made_case(photos: Sequence[Photo], again: Again | None, task: MadeTask) -> _Case:
    """What nobody edited is asked with priors of the edit that the other has."""
    pair = redrawn_pair(photos, task.kind, task.number, again=again)
    name = f"{task.kind} {task.number}"
    if task.edited:
        return _Case(Column(MADE, task.kind), name, pair.photo, pair.made, pair.made.mask)
    bare = redrawn_pair(photos, task.kind, task.number, again=again, edited=False)
    column = Column(MADE, f"{task.kind}, unedited", edited=False)
    return _Case(column, f"{name} unedited", bare.photo, bare.made, pair.made.mask)


def known_pairs(
    table: str | os.PathLike[str], where: str | None, by: Sequence[str], unmeasured: list[Rejection]
) -> Iterator[KnownPair]:
    """The rows that can be measured, in the order of the table; `by` are columns that must be there."""
    source = open_source(table)
    chosen = chosen_rows(source, where, by)
    for part in source.plan():
        for pair in source.read(part):
            if pair.id in chosen:
                known = read_known(pair, ignore_of(source, pair))
                if isinstance(known, Rejection):
                    unmeasured.append(known)
                else:
                    yield known


def _real_case(pair: KnownPair, again: Again | None, *, passed: bool) -> _Case:
    """A pair by its background, or after the autoencoder and JPEG."""
    made = Made(pair.original, pair.edited, pair.truth, pair.ignore)
    group = digest_of(pair.original)
    name = str(pair.shown.columns.get("id", pair.shown.id))
    if again is None or not passed:
        return _Case(Column(REAL, str(pair.shown.columns[BACKGROUND])), name, group, made, made.mask)
    steps = chain(on_side("edited", lambda picture, rng: again(picture)), jpeg(QUALITY))
    made = steps(made, generator_of(pair.shown.id))
    return _Case(Column(PASSED, PASSED), f"{name} {PASSED}", group, made, made.mask)
