"""`maskwright report`: what a corpus holds, and which masks to look at first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.cli.terminal import answer, answer_json, answer_table, answer_text
from maskwright.pages.words import figure, percent, short

if TYPE_CHECKING:
    from maskwright.pages.report import Count, Report

EXAMPLE = "Example:  maskwright report out --by model --pair-on original -o report.html"

MOST_LISTED = 6
"""Rows to look at on a screen; the page shows them with their pictures."""


def command(
    out: Annotated[Path, typer.Argument(help="What annotate writes to.", metavar="OUT", show_default=False)],
    by: Annotated[
        str | None, typer.Option(help="Figures for every value of this column too.", metavar="COLUMN")
    ] = None,
    pair_on: Annotated[
        str | None,
        typer.Option(
            help="With --by: compare its values on rows with the same value here, like original.",
            metavar="COLUMN",
        ),
    ] = None,
    page: Annotated[
        Path | None, typer.Option("-o", "--out", help="Write a page to look at here.", metavar="FILE.html")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what a corpus holds, and which masks to look at first.

    Counts, scores and contact sheets, from OUT alone; with --by also how the values of a column
    compare.
    """
    from maskwright.corpus.report import report
    from maskwright.pages.page import check_place

    if page is not None:
        check_place(page)
    found = report(out, by=by, pair_on=pair_on)
    if page is not None:
        found.save(page)
    if as_json:
        answer_json(found.as_dict())
    else:
        _print(found, page)


def _print(found: Report, page: Path | None) -> None:
    from maskwright.corpus.report import OF_REGIONS
    from maskwright.datasets.selecting.selection import select_command

    answer_text(found.sentence)
    answer()
    rows = [
        [each.name, f"{each.count:,}", percent(each.count / found.rows), each.says]
        for counts in (found.verdicts, found.reasons)
        for each in counts
    ]
    if rows:
        answer_table(rows, "lrrl")
    if found.relations:
        answer()
        heads = ["group", "rows", "", "what became of them"]
        lines = [
            [
                each.counted.name or "(no group)",
                f"{each.counted.count:,}",
                percent(each.counted.count / found.rows),
                "; no answer: ".join(filter(None, map(_listed, (each.verdicts, each.reasons)))),
            ]
            for each in found.relations
        ]
        answer_table([heads, *lines], "lrrl")
    if found.groups:
        answer()
        of_regions = [name in OF_REGIONS for name, _ in found.measures]
        if any(of_regions):
            _print_groups(found, [place for place, is_one in enumerate(of_regions) if is_one])
            answer()
        _print_groups(found, [place for place, is_one in enumerate(of_regions) if not is_one])
    if found.paired:
        answer()
        heads = [f"on the same {found.pair_on}", "in both", "", "difference", "95 % interval"]
        lines = [
            [
                f"{short(each.second)} - {short(each.first)}",
                f"{one.groups:,}",
                name,
                figure(one.mean),
                "too few" if one.low != one.low else f"[{figure(one.low)}, {figure(one.high)}]",
            ]
            for each in found.paired
            for (name, _), one in zip(found.measures, each.differences, strict=True)
        ]
        answer_table([heads, *lines], "lrlr")
    elif found.pair_on:
        answer()
        answer_text(
            f"No two values of {found.by!r} have a row with the same {found.pair_on!r}:"
            " name a column that says which rows belong together, --pair-on COLUMN."
        )
    if found.sheets:
        first = found.sheets[0]
        answer()
        answer(f"{first.title}:")
        answer_table([[f"  {short(card.id)}", card.facts] for card in first.cards[:MOST_LISTED]], "ll")
    answer()
    if page is None:
        answer(f"next: {found.next}")
    else:
        answer(f"wrote {page}")
        answer(f"next: {select_command([Path(found.out)], ['qes > 0.5'], 'good', None)}")


def _listed(counts: Sequence[Count]) -> str:
    return ", ".join(f"{each.count:,} {each.name}" for each in counts)


def _print_groups(found: Report, places: Sequence[int]) -> None:
    """Counts and means of every group, of the measures at these places."""
    heads = [str(found.by), "rows", "edited", *(found.measures[place][0] for place in places)]
    lines = [
        [
            short(each.name),
            f"{each.count:,}",
            f"{each.edited:,}",
            *(figure(each.means[place].mean) for place in places),
        ]
        for each in found.groups
    ]
    answer_table([heads, *lines])
