"""The card of a dataset: what it holds, what the pictures look like, what may be done with it.

One value, `DatasetView`, is shown in two ways: as README.md, which hubs show, and as a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from maskwright.pages.lines import Line
from maskwright.pages.markdown import render_markdown
from maskwright.pages.page import render, render_drawing
from maskwright.pages.plots import Histogram
from maskwright.pages.report import Sheet


@dataclass(frozen=True, slots=True)
class Grid:
    """A table.

    Args:
        head: of the columns.
        rows: a cell a column; the first names the row.
        numbers: columns that hold figures.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[Line]]
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Section:
    """One idea of the card.

    Args:
        anchor: its place on the page.
        says: paragraphs.
        points: a list after them.
        tables: after the list.
        then: paragraphs after the tables.
        code: (language, lines) to type.
        sheets: names of sheets shown in it.
        plots: whether the histograms are shown in it.
    """

    anchor: str
    title: str
    says: Sequence[Line] = ()
    points: Sequence[Line] = ()
    tables: Sequence[Grid] = ()
    then: Sequence[Line] = ()
    code: Sequence[tuple[str, str]] = ()
    sheets: Sequence[str] = ()
    plots: bool = False


@dataclass(frozen=True, slots=True)
class Passing:
    """Whether it may be passed on: a head word, a sentence, and how loud: fine, suspicion or mistake."""

    kind: str
    title: str
    says: Line


@dataclass(frozen=True, slots=True)
class Hub:
    """What the front matter of README.md says to a hub.

    Args:
        licence: an identifier that the hub knows; `other` needs `licence_name`.
        size: the hub's class of so many rows.
        tags: plain words.
        config: name of the one configuration.
        data_files: (split, pattern); empty where the hub cannot load it.
    """

    licence: str
    licence_name: str
    size: str
    tags: Sequence[str]
    config: str
    data_files: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class DatasetView:
    """What both cards show.

    Args:
        name: of the dataset.
        hub: for the front matter.
        finding: the first sentence.
        says: two or three more, what it is.
        passing: whether it may be passed on.
        tiles: (figure, what it counts).
        sheets: by name; the first is shown on top.
        shown: what the tiles of a sheet are, in words.
        has_pictures: whether the dataset holds pictures, not masks alone.
        pictures_missing: why there are no sheets; empty where there are.
        histograms: of scores.
        sections: in reading order.
        footer: the annotator and the format, a sentence.
    """

    name: str
    hub: Hub
    finding: str
    says: Sequence[Line]
    passing: Passing
    tiles: Sequence[tuple[str, str]]
    sheets: Sequence[Sheet]
    shown: str
    has_pictures: bool
    pictures_missing: str
    histograms: Sequence[Histogram]
    sections: Sequence[Section]
    footer: str
    of: dict[str, Sheet] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.of.update({sheet.name: sheet for sheet in self.sheets})


def dataset_page(view: DatasetView) -> str:
    """The page as one HTML file; nothing on it depends on when it was made.

    Raises:
        RunError: it has more than 10 MB.
    """
    return render("dataset", view=view)


def dataset_readme(view: DatasetView) -> str:
    """README.md with YAML front matter; its pictures are `card/{sheet}.jpg` and `card/{histogram}.svg`."""
    return render_markdown("dataset", view=view)


def histogram_svg(plot: Histogram) -> str:
    """A histogram as an SVG file of its own, readable on light and dark ground."""
    return render_drawing("histogram", plot=plot)
