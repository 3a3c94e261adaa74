"""The terms of every source, and whether a dataset may be passed on. A practical reading, no legal advice."""

from __future__ import annotations

from collections.abc import Sequence

from maskwright.datasets.building.licences import LEVELS, is_enough
from maskwright.datasets.card.figures import Figures
from maskwright.datasets.formats import Format
from maskwright.datasets.values import Built
from maskwright.pages.dataset import Grid, Passing, Section
from maskwright.pages.lines import Code, Line, Link
from maskwright.pages.words import counted
from maskwright.pairs.presets import PRESETS
from maskwright.pairs.presets.preset import REDISTRIBUTE

PEOPLE = (
    "A corpus's licence does not clear the people in its pictures. Their rights in their own image, in data"
    " about them and to privacy remain: whoever publishes or uses the pictures answers to them."
)
ADDRESSES = {"hf:": "https://huggingface.co/datasets/", "gh:": "https://github.com/"}
"""How homes of presets begin -> how the address does."""


def passing(figures: Figures, format: Format) -> Passing:
    """Whether it may be passed on, from what its rows say."""
    needed = "pictures" if "picture" in format.roles else "masks"
    short = sum(
        rows
        for word, rows in figures.redistribute.items()
        if not is_enough(word if word in LEVELS else "nothing", needed)
    )
    if short:
        return Passing(
            "mistake",
            "Not for passing on.",
            f"For {short:,} of {counted(figures.rows, 'row')} nothing is known that allows passing on their"
            f" {needed}. Its maker answers for having written them.",
        )
    if needed == "masks":
        return Passing(
            "fine",
            "May be passed on: masks, scores and keys, no pictures.",
            "The sources of all rows allow it. Who has the pictures joins them again.",
        )
    return Passing(
        "fine",
        "May be passed on, under the terms of its sources.",
        "The sources of all rows allow passing on what is made of their pictures. Their names and terms go"
        " with it, and the people in the pictures keep their rights.",
    )


def terms(built: Built, figures: Figures) -> Section:
    """The corpora that are known by name, and what the rows say themselves."""
    reading = "; ".join(f"{word}: {says}" for word, says in REDISTRIBUTE.items())
    says: list[Line] = [
        [
            "The dataset as a whole: ",
            Code(built.licence),
            ". Every row keeps the terms of its source besides.",
        ]
        if built.licence
        else "Its maker states no licence for the whole: every row keeps the terms of its source.",
        PEOPLE,
    ]
    known = [_corpus(each.name) for each in figures.sources if each.name in PRESETS]
    grids = []
    if known:
        grids.append(Grid(("source", "where it is published", "its terms"), known))
    rows = [
        ([Code(each.source)], f"{each.rows:,}", each.licence or "nothing", [Code(each.redistribute)])
        for each in figures.terms
    ]
    grids.append(Grid(("source", "rows", "what they say", "may be passed on"), rows, frozenset({1})))
    then: list[Line] = []
    if more := figures.texts - len(figures.terms):
        left = figures.rows - sum(each.rows for each in figures.terms)
        said = f"Under {counted(more, 'further text')} ({counted(left, 'row')}): see the column "
        then.append([said, Code("licence"), " of the table of provenance."])
    then.append(f"What may be passed on is a practical reading of the terms, no legal advice. {reading}.")
    return Section("terms", "Terms", says=says, tables=grids, then=then)


def _corpus(name: str) -> Sequence[Line]:
    preset = PRESETS[name]
    return ([f"{preset.title} (", Code(name), ")"], _home(preset.home), preset.licence)


def _home(home: str) -> Line:
    for short, long in ADDRESSES.items():
        if home.startswith(short):
            return [Link(long + home.removeprefix(short))]
    return [Code(home)]
