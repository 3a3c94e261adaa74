"""Which rows conditions drop, one after another and alone, and how the scores of the kept ones are spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from maskwright.corpus.report import EDGES

SCORES = ("qes", "confidence", "area_frac")
"""Scores whose spread is shown: how sure the mask is, twice, and how large."""
ROWS, OK = "rows", "status = 'ok'"
"""What the first two steps of every funnel are called."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a funnel.

    Args:
        what: a condition, as typed.
        alone: rows that it drops where no other condition is asked; of those that are ok.
        unknown: how many of them because a column it names is null there.
        left: rows that fulfil it and all before it.
    """

    what: str
    alone: int
    unknown: int
    left: int


@dataclass(frozen=True, slots=True)
class Spread:
    """The spread of a score.

    Args:
        edges: of the bins; a bin holds its lower edge, the last one its upper edge, too.
        ok, kept: rows in each bin, of all that are ok and of those that were kept.
        unknown: rows that are ok and have no value.
    """

    name: str
    edges: tuple[float, ...]
    ok: tuple[int, ...]
    kept: tuple[int, ...]
    unknown: int


class Funnel:
    """Counts rows, batch by batch.

    Args:
        conditions: as typed.
    """

    def __init__(self, conditions: Sequence[str]) -> None:
        self._conditions = tuple(conditions)
        self._rows = self._ok = self._empty = 0
        self._counts = np.zeros((len(conditions), 3), np.int64)  # alone, unknown, left
        self._unknown = dict.fromkeys(SCORES, 0)
        self._bins = {name: np.zeros((2, len(EDGES[name]) - 1), np.int64) for name in SCORES}

    def add(
        self,
        table: pa.Table,
        ok: NDArray[np.bool_],
        fulfilled: Sequence[NDArray[np.bool_]],
        unknown: Sequence[int],
    ) -> NDArray[np.bool_]:
        """Count a batch; which of its rows are kept, (n,) bool.

        Args:
            table: holds the columns `SCORES`.
            ok: (n,) bool.
            fulfilled: (n,) bool, a condition each.
            unknown: rows that are ok and not known to fulfil it, a condition each.
        """
        kept = ok
        for place, each in enumerate(fulfilled):
            kept = kept & each
            self._counts[place] += (np.count_nonzero(ok & ~each), unknown[place], np.count_nonzero(kept))
        self._rows += len(ok)
        self._ok += int(np.count_nonzero(ok))
        for name in SCORES:
            column = table[name]
            values = np.asarray(column.to_numpy(zero_copy_only=False), np.float64)  # null is nan
            known = ~np.isnan(values)
            self._unknown[name] += int(np.count_nonzero(ok & ~known))
            if name == "area_frac":
                self._empty += int(np.count_nonzero(kept & (values == 0)))
            for place, rows in enumerate((ok, kept)):
                self._bins[name][place] += np.histogram(values[rows & known], EDGES[name])[0]
        return kept

    def add_all(self, other: Funnel) -> None:
        """Count what another funnel of the same conditions has counted."""
        self._rows += other._rows
        self._ok += other._ok
        self._empty += other._empty
        self._counts += other._counts
        for name in SCORES:
            self._unknown[name] += other._unknown[name]
            self._bins[name] += other._bins[name]

    @property
    def empty(self) -> int:
        """Rows that were kept and have an empty mask."""
        return self._empty

    @property
    def steps(self) -> tuple[Step, ...]:
        """All rows, those that are ok, then condition by condition."""
        return (
            Step(ROWS, 0, 0, self._rows),
            Step(OK, self._rows - self._ok, 0, self._ok),
            *(
                Step(what, int(alone), int(unknown), int(left))
                for what, (alone, unknown, left) in zip(self._conditions, self._counts, strict=True)
            ),
        )

    @property
    def spreads(self) -> tuple[Spread, ...]:
        """In the order of `SCORES`."""
        return tuple(
            Spread(name, EDGES[name], _counts(ok), _counts(kept), self._unknown[name])
            for name, (ok, kept) in self._bins.items()
        )


def _counts(bins: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(int(count) for count in bins)
