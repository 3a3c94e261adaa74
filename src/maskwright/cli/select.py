"""`maskwright select`: choose the rows of corpora that a dataset is made of."""

from __future__ import annotations

from itertools import pairwise, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.cli.progress import reporter
from maskwright.cli.terminal import answer, answer_json, answer_table, line_width, note
from maskwright.pages.words import counted, figure, percent, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from maskwright.datasets.selecting.duplicates import Photographs
    from maskwright.datasets.selecting.funnel import Spread, Step
    from maskwright.datasets.selecting.select import Selected

EXAMPLE = 'Example:  maskwright select out --where "qes > 0.5" --name sure'

LEAST_BAR, MOST_BAR = 10, 40
"""Letters of the longest bar: shorter ones hide what is between, longer ones say no more."""
BETWEEN = 4
"""Blanks between two histograms."""


def command(
    outs: Annotated[
        list[Path],
        typer.Argument(help="What annotate writes to; one or several.", metavar="OUT", show_default=False),
    ],
    where: Annotated[
        list[str],
        typer.Option(
            help='SQL over the columns, like "qes > 0.5"; again for more, all of which must hold.',
            metavar="SQL",
            show_default=False,
        ),
    ],
    name: Annotated[
        str,
        typer.Option(
            help="What build will call it by: letters, digits, - and _.", metavar="N", show_default=False
        ),
    ],
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Take masks of the stored change maps at this level, above 0 and below 1.",
            metavar="T",
            show_default="0.5, the stored masks",
        ),
    ] = None,
    near_duplicates: Annotated[
        bool,
        typer.Option(
            "--near-duplicates",
            help="Also compare the chosen rows: how many photographs they show. Kept for build.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Choose the rows of corpora that a dataset is made of.

    Only rows that are ok are chosen. Says how many each condition drops, alone and after those before
    it, and how the scores of the chosen ones are spread; writes OUT/selections/N.parquet and N.json.
    """
    from maskwright.datasets.selecting.select import select

    with reporter() as shown:
        selected = select(
            outs,
            where,
            name=name,
            threshold=threshold,
            near_duplicates=near_duplicates,
            progress=shown.steps,
        )
    if as_json:
        answer_json(selected.as_dict())
    else:
        _print(selected)


def _print(selected: Selected) -> None:
    rows, name = selected.funnel[0].left, selected.name
    masks = (
        "" if selected.threshold is None else f", masks where the change map reaches {selected.threshold:g}"
    )
    answer(f"{selected.rows:,} of {counted(rows, 'row')} chosen ({percent(selected.rows / rows)}){masks}")
    if selected.empty:
        answer(f"{selected.empty:,} of them with an empty mask (area_frac = 0): build leaves those out")
    answer()
    _print_funnel(selected.funnel)
    if len(selected.outs) > 1:
        answer()
        answer_table(
            [
                [f"  from {each.out}", f"{each.rows:,}", f"of {counted(each.funnel[0].left, 'row')}"]
                for each in selected.outs
            ],
            "lrr",
        )
    answer()
    _print_spreads(selected.spreads)
    answer()
    if selected.photographs is not None:
        _print_photographs(selected.photographs, several=len(selected.outs) > 1)
        answer()
    for each in selected.outs:
        if each.parts_done < each.parts_planned:
            answer(
                f"not finished: {each.out} has {each.parts_done:,} of"
                f" {counted(each.parts_planned, 'part')}; select again when it has more"
            )
        word = f"replaced another {name}:" if each.replaced else "wrote"
        answer(f"{word} {each.out}/selections/{name}.parquet")
    answer(f"next: {selected.next}")


def _print_funnel(steps: Sequence[Step]) -> None:
    null = any(step.unknown for step in steps)
    lines = [["", "drops alone", *(["of them null"] if null else []), "left"]]
    for place, step in enumerate(steps):
        alone, unknown = (f"{count:,}" if count or place else "" for count in (step.alone, step.unknown))
        counts = [alone, unknown, f"{step.left:,}"] if null else [alone, f"{step.left:,}"]
        lines.append([_cut(step.what, line_width() - 40), *counts])
    answer_table(lines, "lr")


def _print_spreads(spreads: Sequence[Spread]) -> None:
    """Histograms, beside each other where they fit."""
    shown = [spread for spread in spreads if any(spread.ok)]
    columns = [_labels(spread) for spread in shown]
    room = {count: (line_width() - BETWEEN * (count - 1)) // count for count in range(len(shown), 0, -1)}
    taken = max((len(label) + len(count) + 2 for rows in columns for label, count in rows), default=0)
    beside = next((count for count, width in room.items() if width - taken >= LEAST_BAR), 1)
    blocks = [_block(spread, rows, room[beside] - taken) for spread, rows in zip(shown, columns, strict=True)]
    for first in range(0, len(blocks), beside):
        together = blocks[first : first + beside]
        for lines in zip_longest(*together, fillvalue=""):
            padded = [line.ljust(max(map(len, block))) for line, block in zip(lines, together, strict=True)]
            answer((" " * BETWEEN).join(padded).rstrip())
        answer()
    answer("# chosen  . ok, but not chosen")
    for spread in spreads:
        if spread.unknown:
            rows = counted(sum(spread.ok) + spread.unknown, "ok row")
            answer(f"{spread.name} is null in {spread.unknown:,} of {rows}")


def _print_photographs(found: Photographs, *, several: bool) -> None:
    answer(f"{counted(found.photographs, 'photograph')} in {counted(found.rows, 'row')}")
    lines = []
    for each in found.largest:
        ids = [short(f"{out}: {pair_id}" if several else pair_id) for out, pair_id in each.ids]
        lines.append([f"  {each.rows:,} rows", ", ".join([*ids, *(["..."] if each.rows > len(ids) else [])])])
    if lines:
        answer_table(lines, "rl")
    for sentence in found.notes:
        note(sentence)


def _labels(spread: Spread) -> list[tuple[str, str]]:
    """Edges and counts of every bin, each of one length."""
    edges = [f"{figure(low)}–{figure(high)}" for low, high in pairwise(spread.edges)]
    counts = [f"{kept:,} of {ok:,}" for kept, ok in zip(spread.kept, spread.ok, strict=True)]
    left, right = max(map(len, edges)), max(map(len, counts))
    return [(edge.ljust(left), count.rjust(right)) for edge, count in zip(edges, counts, strict=True)]


def _block(spread: Spread, labels: Sequence[tuple[str, str]], width: int) -> list[str]:
    most = max(spread.ok)
    length = max(1, min(width, MOST_BAR))
    lines = [spread.name]
    for (edge, count), kept, ok in zip(labels, spread.kept, spread.ok, strict=True):
        lines.append(f"{edge} {_bar(kept, ok, most, length).ljust(length)} {count}")
    return lines


def _bar(kept: int, ok: int, most: int, length: int) -> str:
    """What is there is seen, however little: rounded up."""
    whole, chosen = -(-ok * length // most), -(-kept * length // most)
    if kept < ok:
        chosen = min(chosen, whole - 1) if whole > 1 or not kept else chosen
    return "#" * chosen + "." * (whole - chosen)


def _cut(text: str, letters: int) -> str:
    letters = max(letters, 10)
    return text if len(text) <= letters else f"{text[: letters - 2]} …"
