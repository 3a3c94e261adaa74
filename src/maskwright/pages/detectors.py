"""The page of detectors on labelled datasets: how good, under which protocol, and after what harm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maskwright.pages.bench import BenchCard, Rows, Section, colour_uris
from maskwright.pages.page import render


@dataclass(frozen=True, slots=True)
class DetectorsView:
    """What the page shows, in reading order.

    Args:
        name: of the sets.
        sentence: the finding.
        says: what belongs to it.
        sheets: (title, why, cards): pictures to look at, worst first.
        sets: pictures of each set, and where they went.
        faults: pictures without figures, or without a map of some detector; only a head where there are none.
        faults_left: how many are not listed.
        unasked: sentences on what was not asked for.
        definitions: (word, what it means).
        limits: sentences on what this does not show.
        facts: (what, value): sets, detectors, versions.
        command: the line that makes this page.
    """

    name: str
    sentence: str
    says: Sequence[str]
    sections: Sequence[Section]
    sheets: Sequence[tuple[str, str, Sequence[BenchCard]]]
    sets: Rows
    faults: Rows
    faults_left: int
    unasked: Sequence[str]
    definitions: Sequence[tuple[str, str]]
    limits: Sequence[str]
    facts: Sequence[tuple[str, str]]
    command: str


def detectors_page(view: DetectorsView) -> str:
    """The page as one HTML file; nothing on it depends on when it was made.

    Raises:
        RunError: it has more than 10 MB.
    """
    return render("detectors", view=view, colours=colour_uris())
