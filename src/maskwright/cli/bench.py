"""`maskwright bench`: measure annotators against known masks and against baselines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="bench",
    help="Measure against known masks and against baselines.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.callback()
def _group() -> None:
    pass


@app.command(
    name="annotators",
    epilog="Example:  maskwright bench annotators pairs.csv --where \"truth = 'author'\" --by background",
)
def annotators(
    table: Annotated[
        Path,
        typer.Argument(
            help="A table of pairs with a column of known masks.", metavar="TABLE", show_default=False
        ),
    ],
    annotator: Annotated[
        list[str],
        typer.Option(help="A name, package.module:Class or .onnx; may be repeated.", metavar="NAME"),
    ] = ["difference"],  # noqa: B006 - read only
    where: Annotated[
        str | None, typer.Option(help="An SQL condition over the table's columns.", metavar="SQL")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Figures for every value of this column too.", metavar="COLUMN")
    ] = None,
    unedited: Annotated[
        Path | None,
        typer.Option(help="A table or folder of photographs: how much is falsely marked.", metavar="PHOTOS"),
    ] = None,
    roundtrip: Annotated[
        Path | None, typer.Option(help="An autoencoder, for the robustness figures.", metavar="ONNX")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure annotators and all baselines on known masks."""
    raise NotImplementedError
