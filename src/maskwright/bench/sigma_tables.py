"""The ablation of SIGMA as rows of words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maskwright.bench.arms import AGAINST
from maskwright.bench.priors import PRIORS
from maskwright.bench.sigma import Ablation, Figure
from maskwright.bench.sigma_cases import MADE, PASSED, REAL, Column
from maskwright.bench.tables import Table, figure, gain, interval
from maskwright.measures.metrics import Estimate


def ablation_tables(found: Ablation) -> Iterator[Table]:
    """Everything a person wants to see of a run, in reading order."""
    made = _places(found, MADE, edited=True)
    yield Table("made", f"made pairs: F1 with 95 % interval, and minus {AGAINST}", _compared(found, made))
    bare = _places(found, MADE, edited=False)
    if bare:
        yield Table(
            "unedited", "made pairs that nobody edited: marked share, mean % and worst %", _marks(found, bare)
        )
    real = _places(found, REAL, edited=True)
    if real:
        yield Table("real", "real pairs: F1 by background", _means(found, real))
        last = [real[-1], *_places(found, PASSED, edited=True)]
        title = f"all real pairs, and the same after an autoencoder and JPEG: F1, and minus {AGAINST}"
        yield Table("real_all", title, _compared(found, last))
    if found.priors:
        title = f"priors: {found.prompted} with each, minus without; and what it adds where nobody edited"
        yield Table("priors", title, _priors(found))
    if found.unmeasured:
        yield Table("unmeasured", "not measured", (("id", "reason", "what was seen"), *found.unmeasured))


def _places(found: Ablation, table: str, *, edited: bool) -> list[int]:
    return [
        place
        for place, (column, _) in enumerate(found.columns)
        if (column.table, column.edited) == (table, edited)
    ]


def _titles(found: Ablation, places: Sequence[int]) -> list[str]:
    return [f"{column.name}, n {n}" for column, n in (found.columns[place] for place in places)]


def _compared(found: Ablation, places: Sequence[int]) -> tuple[tuple[str, ...], ...]:
    titles = _titles(found, places)
    head = ("", *(word for title in titles for word in (title, "", f"minus {AGAINST}", "")), "cut at")
    lines = []
    for name, figures in found.rows.items():
        words = [word for place in places for word in _with_gain(figures[place])]
        lines.append((name, *words, _cut(found, name, found.columns[places[0]][0])))
    return (head, *lines)


def _with_gain(of: Figure) -> tuple[str, str, str, str]:
    return (*_words(of.f1), *_words(of.gain, signed=True))


def _words(of: Estimate | None, *, signed: bool = False) -> tuple[str, str]:
    return ("", "") if of is None else (gain(of) if signed else figure(of.mean), interval(of))


def _cut(found: Ablation, name: str, column: Column) -> str:
    """The level of a row that is cut at the best threshold of these very pairs."""
    level = found.thresholds.get(name, {}).get(column.table)
    return "" if level is None else f"{level} (tuned here)"


def _means(found: Ablation, places: Sequence[int]) -> tuple[tuple[str, ...], ...]:
    lines = []
    for name, figures in found.rows.items():
        means = [figures[place].f1 for place in places]
        lines.append((name, *("" if mean is None else figure(mean.mean) for mean in means)))
    return (("", *_titles(found, places)), *lines)


def _marks(found: Ablation, places: Sequence[int]) -> tuple[tuple[str, ...], ...]:
    head = ("", *(word for title in _titles(found, places) for word in (title, "worst")))
    lines = [
        (name, *(word for place in places for word in _percents(figures[place].marked, figures[place].worst)))
        for name, figures in found.rows.items()
    ]
    return (head, *lines)


def _percents(mean: float, worst: float) -> tuple[str, str]:
    return f"{100 * mean:.3f}", f"{100 * worst:.2f}"


def _priors(found: Ablation) -> tuple[tuple[str, ...], ...]:
    places = [place for place, (column, _) in enumerate(found.columns) if column.table == MADE]
    head = [""]
    for place, title in zip(places, _titles(found, places), strict=True):
        edited = found.columns[place][0].edited
        head += (
            [title, "", "minus absent", ""] if edited else [f"{title}: added %", "worst %", "masks created"]
        )
    lines = []
    for kind in PRIORS:
        words = [kind]
        for of in found.priors[kind]:
            if of.f1 is None:
                words += [*_percents(of.added, of.worst_added), str(of.created)]
            else:
                words += [*_words(of.f1), *_words(of.gain, signed=True)]
        lines.append(tuple(words))
    return (tuple(head), *lines)
