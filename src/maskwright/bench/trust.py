"""Whether scores tell an annotator's good masks from its bad ones, and what it ignores its wrong pixels."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from maskwright.bench.records import TRUST, Record
from maskwright.bench.result import Ignored, Trust
from maskwright.measures.metrics import (
    RESAMPLES,
    Estimate,
    estimate,
    f1_of,
    iou_of,
    mean,
    paired_difference,
    rank_correlation,
)

KEPT = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
"""Shares of a risk-coverage curve."""

Places = NDArray[np.int64]


def trust_of(records: Sequence[Record]) -> tuple[Trust, ...]:
    """A row for each annotator and score; none where no pair has the score."""
    groups = [record.group for record in records]
    found = []
    for name in records[0].marked:
        iou = [iou_of(record.marked[name].counts) for record in records]
        for score in TRUST:
            values = [record.marked[name].trust.get(score) for record in records]
            if any(value is not None for value in values):
                found.append(_trust(name, score, values, iou, groups))
    return tuple(found)


def ignored_of(records: Sequence[Record]) -> tuple[Ignored, ...]:
    """A row for each annotator that ignores a pixel of some pair."""
    groups = [record.group for record in records]
    found = []
    for name in records[0].marked:
        marked = [record.marked[name] for record in records]
        share = [each.ignored for each in marked]
        spared, f1 = [f1_of(each.spared) for each in marked], [f1_of(each.counts) for each in marked]
        if any(share):
            gain = paired_difference(spared, f1, groups)
            found.append(Ignored(name, estimate(share, groups), estimate(spared, groups), gain))
    return tuple(found)


def _trust(
    name: str, score: str, values: Sequence[float | None], iou: Sequence[float], groups: Sequence[Hashable]
) -> Trust:
    known = [place for place, value in enumerate(values) if value is not None]
    scores = np.array([-np.inf if value is None else value for value in values])
    covers = np.asarray(iou)
    # Best first, pairs without the score last, equal ones in the order of the table.
    order = np.argsort(-scores, kind="stable")
    rank = np.argsort(order, kind="stable")

    def correlation(places: Places) -> float:
        there = places[np.isfinite(scores[places])]
        return rank_correlation(scores[there].tolist(), covers[there].tolist())

    def kept(share: float) -> Callable[[Places], float]:
        def iou_of_best(places: Places) -> float:
            best = order[np.sort(rank[places])[: max(1, round(share * len(places)))]]
            return mean(covers[best].tolist())

        return iou_of_best

    return Trust(
        name,
        score,
        len(known),
        bootstrapped(correlation, groups, n=len(known)),
        tuple(
            (share, bootstrapped(kept(share), groups, n=max(1, round(share * len(iou))))) for share in KEPT
        ),
    )


def bootstrapped(figure: Callable[[Places], float], groups: Sequence[Hashable], *, n: int) -> Estimate:
    """A figure that is no mean, with its interval: whole groups are drawn anew, and it is taken anew.

    Args:
        figure: of places in the list of pairs, a pair as often as it was drawn; nan where it has none.
        groups: of each pair.
        n: pairs behind the figure, for the record.

    Returns:
        The 2.5th to 97.5th percentile of `RESAMPLES` figures, those without one left out.
    """
    members: dict[Hashable, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(group, []).append(place)
    held = [np.array(places, np.int64) for places in members.values()]
    chance = np.random.default_rng(0)
    drawn = [
        figure(np.concatenate([held[k] for k in chance.integers(0, len(held), len(held))]))
        for _ in range(RESAMPLES)
    ]
    whole = figure(np.arange(len(groups)))
    there = [value for value in drawn if np.isfinite(value)]
    low, high = np.percentile(there, [2.5, 97.5]) if there else (float("nan"), float("nan"))
    return Estimate(whole, float(low), float(high), n, len(held))
