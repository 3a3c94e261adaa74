"""Pairs on a contact sheet of a page or a notebook."""

from __future__ import annotations

from dataclasses import dataclass

from maskwright.pages.images import Shot
from maskwright.pages.page import render

CARD_PX = 384
"""Longer side of a picture on a card: three of them side by side fill a column, the viewer doubles them."""


@dataclass(frozen=True, slots=True)
class PairCard:
    """A pair on a contact sheet.

    Args:
        anchor: its place on the page; empty in a notebook.
        id: of the row.
        facts: a few words: verdict and figures.
        says: what else tells the pair: its instruction, its file; may be empty.
        shot: its pictures; original and edited are empty where they could not be reached, all of it is
            None where there is nothing to see.
        note: why pictures are missing; empty where none is.
        third: what the picture beside original and edited is.
    """

    anchor: str
    id: str
    facts: str
    says: str
    shot: Shot | None
    note: str = ""
    third: str = "change map"


@dataclass(frozen=True, slots=True)
class Gallery:
    """A few pairs that show themselves in a notebook: no scripts, no styles that reach other cells."""

    sentence: str
    cards: tuple[PairCard, ...]

    def _repr_html_(self) -> str:
        return render("notebook", gallery=self)
