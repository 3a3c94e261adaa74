"""`maskwright generate`: pairs with known masks, made of photographs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.cli.crew import Workers
from maskwright.cli.progress import reporter
from maskwright.cli.terminal import answer, answer_json, answer_table
from maskwright.pages.words import counted

if TYPE_CHECKING:
    from maskwright.corpus.generate import Generated

EXAMPLE = "Example:  maskwright generate photos.csv made -n 1000 --split train"
SHOWN = 5


def command(
    photos: Annotated[
        Path,
        typer.Argument(
            help="A folder of photographs, or a CSV table with path and perhaps labels, split, licence.",
            metavar="PHOTOS",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Argument(help="A folder, new or of this very run.", metavar="OUT", show_default=False)
    ],
    n: Annotated[int, typer.Option("-n", help="Pairs to make.", min=1, metavar="N")] = 100,
    seed: Annotated[int, typer.Option(help="Of all chance in them.", min=0, metavar="S")] = 0,
    split: Annotated[
        str | None, typer.Option(help="Only photographs of this split of the table.", metavar="NAME")
    ] = None,
    workers: Workers = None,
    autoencoder: Annotated[
        Path | None,
        typer.Option(help="An ONNX file; a share of the pairs passes through it.", metavar="FILE"),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(help="A folder for its answers, that runs may share; by default in OUT.", metavar="DIR"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make pairs with known masks of photographs.

    Writes a source that inspect, annotate and bench read. The same line again goes on where the last one
    stopped.
    """
    from maskwright.corpus.generate import generate

    with reporter() as progress:
        made = generate(
            photos,
            out,
            n=n,
            seed=seed,
            split=split,
            workers=workers,
            autoencoder=autoencoder,
            cache=cache,
            progress=lambda done, total: progress.steps("pairs", done, total),
        )
    if as_json:
        answer_json(asdict(made))
    else:
        _print(made)


def _print(made: Generated) -> None:
    from maskwright.corpus.inspect.commands import inspect_line
    from maskwright.pairs.sources import Roles

    rate = f", {made.pairs_per_s:.1f} pairs/s" if made.pairs_per_s is not None else ""
    answer(f"{counted(made.pairs, 'pair')} of {counted(made.photographs, 'photograph')}{rate}")
    answer(f"{made.edited:,} with something edited, {made.pairs - made.edited:,} without")
    answer()
    rows = [[name, f"{number:,}"] for name, number in made.by_background.items()]
    answer_table([["background", "pairs"], *rows])
    answer()
    rows = [[name, f"{number:,}"] for name, number in made.by_edit.items()]
    answer_table([["edit", "pairs"], *rows])
    answer()
    if made.unreadable:
        answer(f"{counted(len(made.unreadable), 'photograph')} could not be read and others were drawn:")
        for line in made.unreadable[:SHOWN]:
            answer(f"  {line}")
    answer(f"pairs and masks: {made.table}")
    answer(f"some to look at: {made.sheet}")
    answer(f"next: {inspect_line(made.table, Roles())}")
