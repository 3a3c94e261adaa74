"""The page of a corpus: what was found, which masks to look at first, what the scores say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from maskwright.measures.metrics import Estimate
from maskwright.pages.cards import Gallery, PairCard
from maskwright.pages.images import legend_uri
from maskwright.pages.page import render, save_page
from maskwright.pages.plots import Dot, Dots, Histogram
from maskwright.pages.words import figure

JSON_VERSION = 1
"""Of the object that `Report.as_dict` gives; a key that goes or changes its meaning raises it."""


@dataclass(frozen=True, slots=True)
class Behind:
    """The rows behind a figure.

    Args:
        anchor: its place on the page.
        title: what they have in common, in words.
        condition: SQL that gives them all: `open_corpus(OUT).sql(condition)`.
        count: how many there are.
        ids: of the first ones.
    """

    anchor: str
    title: str
    condition: str
    count: int
    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows have a word in a column; `link` is the anchor of those rows."""

    name: str
    says: str
    count: int
    link: str


@dataclass(frozen=True, slots=True)
class Relation:
    """The rows of one group, by what became of them.

    Args:
        counted: shared-probe, shared-donor or unrelated, and how many; empty where nobody said.
        verdicts, reasons: of these rows, most common first.
        sheet: the name of the sheet with examples; empty where there is none.
    """

    counted: Count
    verdicts: Sequence[Count]
    reasons: Sequence[Count]
    sheet: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """Pairs to look at, and why these."""

    name: str
    title: str
    why: str
    cards: Sequence[PairCard]


@dataclass(frozen=True, slots=True)
class Group:
    """The rows with one value of the column of `--by`.

    Args:
        edited, unedited, unanswered: rows with a mask, with an empty one, without an answer.
        means: one of each measure, over rows that are ok, intervals over originals; no interval (nan)
            where there are too few.
        links: anchors of the rows behind the four counts.
    """

    name: str
    count: int
    edited: int
    unedited: int
    unanswered: int
    means: Sequence[Estimate]
    links: Sequence[str]


@dataclass(frozen=True, slots=True)
class Paired:
    """Two values of the column of `--by`, compared on what both have.

    Args:
        first, second: the values; differences are second minus first.
        shared: how many originals (or what `--pair-on` says) both have.
        differences: one of each measure; no interval (nan) where too few have it.
        link: anchor of the rows of either.
    """

    first: str
    second: str
    shared: int
    differences: Sequence[Estimate]
    link: str


@dataclass(frozen=True, slots=True)
class Report:
    """What `report` found in a corpus.

    Args:
        out, source, annotator: whose rows these are.
        sentence: the corpus in one sentence.
        rows, rows_planned: in finished parts, and in all.
        statuses, verdicts, reasons, backgrounds, geometries: counts, most common first.
        relations: what the two pictures of a pair are to each other; empty where the annotator does not say.
        sheets: pairs to look at; the first is the one to look at first.
        unreachable: why pictures could not be shown; empty where all were.
        histograms: of the scores, over rows that are ok.
        by, pair_on: the columns that were asked for; None where none was.
        measures: (column, what it says) of the means in `groups` and `paired`.
        over: what the intervals of `groups` are drawn over, in words.
        behind: the rows behind every figure.
        next: what to type.
    """

    out: str
    source: str
    annotator: str
    sentence: str
    rows: int
    rows_planned: int
    statuses: Sequence[Count]
    verdicts: Sequence[Count]
    reasons: Sequence[Count]
    backgrounds: Sequence[Count]
    geometries: Sequence[Count]
    relations: Sequence[Relation]
    sheets: Sequence[Sheet]
    unreachable: str
    histograms: Sequence[Histogram]
    by: str | None
    pair_on: str | None
    measures: Sequence[tuple[str, str]]
    groups: Sequence[Group]
    paired: Sequence[Paired]
    over: str
    behind: Sequence[Behind]
    next: str

    def to_html(self) -> str:
        """The page, one file of at most 10 MB."""
        return render(
            "report",
            report=self,
            anchors={card.id: card.anchor for sheet in self.sheets for card in sheet.cards},
            group_plots=self._group_plots(),
            paired_plots=self._paired_plots(),
            legend=legend_uri(),
        )

    def save(self, path: Path | str) -> None:
        """Write the page; an older page of ours is replaced.

        Raises:
            RunError: something else is there, or it cannot be written.
        """
        save_page(self.to_html(), Path(path))

    def as_dict(self) -> dict[str, Any]:
        """All but the pictures, as plain dicts, lists, numbers and texts, with `version`."""
        plain = asdict(self)
        for sheet in plain["sheets"]:
            sheet["ids"] = [card["id"] for card in sheet.pop("cards")]
        return {"version": JSON_VERSION, **plain}

    def _repr_html_(self) -> str:
        cards = self.sheets[0].cards if self.sheets else ()
        return Gallery(self.sentence, tuple(cards))._repr_html_()

    def _group_plots(self) -> list[Dots]:
        return [
            Dots(name, says, [_dot(group.name, group.means[m], group.links[0]) for group in self.groups])
            for m, (name, says) in enumerate(self.measures)
        ]

    def _paired_plots(self) -> list[Dots]:
        return [
            Dots(
                name,
                says,
                [
                    _dot(f"{each.second} − {each.first}", each.differences[m], each.link)
                    for each in self.paired
                ],
                zero=True,
            )
            for m, (name, says) in enumerate(self.measures)
        ]


def _dot(name: str, found: Estimate, link: str) -> Dot:
    figures = with_interval(found)
    return Dot(name, found.mean, found.low, found.high, link=link, figures=f"{figures}, n {found.groups}")


def with_interval(found: Estimate) -> str:
    """A mean and its interval in words; the mean alone where there is none."""
    if found.low != found.low:
        return figure(found.mean)
    return f"{figure(found.mean)} [{figure(found.low)}, {figure(found.high)}]"
