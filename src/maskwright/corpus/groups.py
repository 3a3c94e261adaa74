"""The values of a column side by side: means of each, and differences on what two of them share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from maskwright.corpus.rows import Rows
from maskwright.measures.metrics import Estimate, estimates
from maskwright.pages.report import Group, Paired

Places = NDArray[np.int64]

GROUPS_SHOWN = 12
"""Values of a column with rows of their own; the rest is counted together."""
PAIRS_SHOWN = 12
"""Differences between two values that are shown, those with the most in common."""
LEAST_SHARED = 10
"""With fewer originals there is no interval: a percentile bootstrap of 10 misses the truth 1 time in 10
instead of 1 in 20, of 4 it does 1 time in 5 (300 draws of N(0, 1) each)."""
NO_VALUE = "(no value)"


@dataclass(frozen=True, slots=True)
class Value:
    """The rows with one value of a column; `word` is None for all others together."""

    word: str | None
    places: Places
    condition: str

    @property
    def shown(self) -> str:
        return "all other values" if self.word is None else self.word or NO_VALUE


def values_of(rows: Rows, by: str) -> list[Value]:
    """The most common values of a column, and the rest."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(rows.words(by)):
        places.setdefault(word, []).append(place)
    ranked = sorted(places, key=lambda word: (-len(places[word]), word))
    found = [
        Value(word, np.array(places[word], np.int64), rows.equals(by, word)) for word in ranked[:GROUPS_SHOWN]
    ]
    if rest := ranked[GROUPS_SHOWN:]:
        others = np.sort(np.concatenate([np.array(places[word], np.int64) for word in rest]))
        condition = " and ".join(f"not coalesce({value.condition}, false)" for value in found)
        found.append(Value(None, others, condition))
    return found


def group_of(rows: Rows, by: str, value: Value, table: NDArray[np.float64]) -> Group:
    """Counts and means of the rows with one value.

    Args:
        table: (n, M) float64, the measures of all rows; nan where a row has none.
    """
    ok, edited = np.intersect1d(value.places, rows.ok), np.intersect1d(value.places, rows.edited)
    unedited, unanswered = np.setdiff1d(ok, edited), np.setdiff1d(value.places, ok)
    title, condition = f"{by} {value.shown}", f"({value.condition})"
    parts = (
        (value.places, title, value.condition),
        (edited, f"{title}, edited", f"{condition} and status = 'ok' and area_frac > 0"),
        (unedited, f"{title}, nothing found", f"{condition} and status = 'ok' and not area_frac > 0"),
        (unanswered, f"{title}, no answer", f"{condition} and status <> 'ok'"),
    )
    originals = rows.words("original")
    return Group(
        name=value.shown,
        count=len(value.places),
        edited=len(edited),
        unedited=len(unedited),
        unanswered=len(unanswered),
        means=_careful(estimates(table[ok], [originals[place] for place in ok])),
        links=[rows.link(words, where, places) for places, words, where in parts],
    )


def paired(
    rows: Rows, by: str, pair_on: str, values: Sequence[Value], table: NDArray[np.float64]
) -> list[Paired]:
    """Differences of means a key, for the pairs of values that share the most keys; empty where none do.

    Args:
        table: as for `group_of`.
    """
    named = [value for value in values if value.word is not None]
    keys = rows.words(pair_on)
    means = [_means_by_key(keys, np.intersect1d(value.places, rows.ok), table) for value in named]
    shared = {
        (first, second): [key for key in means[first] if key and key in means[second]]
        for first, second in combinations(range(len(named)), 2)
    }
    most = sorted((each for each in shared if shared[each]), key=lambda each: -len(shared[each]))
    found = []
    for first, second in sorted(most[:PAIRS_SHOWN]):
        both = shared[first, second]
        differences = np.array([means[second][key] - means[first][key] for key in both])
        either = np.sort(np.concatenate([named[first].places, named[second].places]))
        condition = f"({named[first].condition}) or ({named[second].condition})"
        title = f"{by} {named[first].shown} or {named[second].shown}"
        found.append(
            Paired(
                named[first].shown,
                named[second].shown,
                len(both),
                _careful(estimates(differences)),
                rows.link(title, condition, either),
            )
        )
    return found


def _means_by_key(
    keys: Sequence[str], places: Places, table: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Key -> (M,) mean of each measure over its rows; nan where one of them has none."""
    inside: dict[str, list[int]] = {}
    for place in places:
        inside.setdefault(keys[place], []).append(int(place))
    return {key: table[each].mean(axis=0) for key, each in inside.items()}


def _careful(found: Sequence[Estimate]) -> list[Estimate]:
    """Without an interval where too few originals stand behind it."""
    nan = float("nan")
    return [each if each.groups >= LEAST_SHARED else replace(each, low=nan, high=nan) for each in found]
