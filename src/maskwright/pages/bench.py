"""The page of a measurement: how good annotators are, against what, on which pairs they fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maskwright.pages.images import Shot, exact_uri, shrunk
from maskwright.pages.page import render
from maskwright.pages.plots import Curves, Dots, Histogram, Scatter
from maskwright.pairs.grid import check_same_grid
from maskwright.pairs.values import Mask

MASK_PX = 288
"""Longer side of a mask on a card: three side by side fill half a screen."""
HIT, FALSE, MISS, NEITHER = (255, 255, 255), (0, 114, 178), (230, 159, 0), (24, 24, 24)
"""White, blue and orange of Okabe and Ito's palette (2008) on near-black: relative luminance 1, .15, .43 and
.01, so that they also differ in grey."""
COLOURS = {
    "white: hit, edited in truth and marked": HIT,
    "orange: missed, edited in truth and not marked": MISS,
    "blue: false, marked and not edited in truth": FALSE,
    "dark: neither": NEITHER,
}

Rows = Sequence[Sequence[str]]
"""Words of a table: the first row is the head, the first column text, the rest figures."""


@dataclass(frozen=True, slots=True)
class Section:
    """One idea of the page.

    Args:
        anchor: its place on the page.
        why: how it is to be read.
        says: what is found, in sentences.
        large: whether plots are drawn two side by side, not three.
        values: the pairs behind the figures by value.
        agrees: whether cells whose row and column have the same name are those that are right.
    """

    anchor: str
    title: str
    why: str
    says: Sequence[str] = ()
    plots: Sequence[Dots | Curves | Scatter | Histogram] = ()
    table: Rows = ()
    values: Sequence[ValueRows] = ()
    large: bool = False
    agrees: bool = False


@dataclass(frozen=True, slots=True)
class MaskPicture:
    """A mask on a card: `uri` of its picture, `says` under it."""

    name: str
    says: str
    uri: str


@dataclass(frozen=True, slots=True)
class BenchCard:
    """A pair with its truth, what was marked, and what the baseline marked; or a picture alone.

    Args:
        anchor: its place on the page.
        name: of the pair.
        facts: a few words: rank and F1.
        says: verdict and background.
        shot: original and edited, ours outlined; None of a picture alone, and where they cannot be read.
        masks: truth, ours, the baseline's, in `COLOURS`; of a picture alone itself, ours, and its map.
        figures: head and a row a mask.
        note: what is odd, or why pictures are missing; empty where nothing is.
    """

    anchor: str
    name: str
    facts: str
    says: str
    shot: Shot | None
    masks: Sequence[MaskPicture]
    figures: Rows
    note: str


@dataclass(frozen=True, slots=True)
class PairRow:
    """A line of the list of all pairs; `card` is the anchor of its card, empty where it has none."""

    anchor: str
    name: str
    words: Sequence[str]
    card: str


@dataclass(frozen=True, slots=True)
class PairRows:
    """Pairs whose F1 lies in one bar of the histogram."""

    anchor: str
    title: str
    rows: Sequence[PairRow]


@dataclass(frozen=True, slots=True)
class ValueRows:
    """Pairs with one value of a column of `--by`: (name, anchor) of each."""

    anchor: str
    title: str
    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class BenchView:
    """What the page shows, in reading order.

    Args:
        name: of the table.
        sentence: the finding.
        says: what belongs to it.
        sections: before the cards.
        cards: the worst pairs.
        cards_title, cards_why: over them.
        pairs: all pairs, or the worst of very many; `pairs_head` over their words.
        pairs_left: how many pairs are not listed.
        unmeasured: rows without figures; a table of id, reason and detail, empty where there are none.
        unasked: sentences on what was not asked for.
        definitions: (word, what it means).
        limits: sentences on what this does not show.
        facts: (what, value): table, condition, versions.
        command: the line that makes this page.
    """

    name: str
    sentence: str
    says: Sequence[str]
    sections: Sequence[Section]
    cards: Sequence[BenchCard]
    cards_title: str
    cards_why: str
    pairs: Sequence[PairRows]
    pairs_head: Sequence[str]
    pairs_left: int
    unmeasured: Rows
    unasked: Sequence[str]
    definitions: Sequence[tuple[str, str]]
    limits: Sequence[str]
    facts: Sequence[tuple[str, str]]
    command: str


def bench_page(view: BenchView) -> str:
    """The page as one HTML file; nothing on it depends on when it was made.

    Raises:
        RunError: it has more than 10 MB.
    """
    return render("bench", view=view, colours=colour_uris())


def colour_uris() -> list[tuple[str, str]]:
    """(what a colour means, a patch of it) of `COLOURS`."""
    return [(says, exact_uri(np.full((8, 8, 3), colour, np.uint8))) for says, colour in COLOURS.items()]


def mask_uri(mask: Mask, truth: Mask) -> str:
    """What a mask hits, misses and marks falsely, as a small PNG data URI in `COLOURS`.

    Args:
        mask, truth: (H, W) bool on one grid; the truth with itself is all hit.

    Raises:
        GridError: they differ in size.
    """
    check_same_grid(mask=mask, truth=truth)
    palette = np.array([NEITHER, MISS, FALSE, HIT], np.uint8)
    return exact_uri(shrunk(palette[truth.view(np.uint8) + 2 * mask.view(np.uint8)], MASK_PX))
