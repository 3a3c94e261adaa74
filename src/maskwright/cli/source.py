"""What commands that read a source ask of it."""

from __future__ import annotations

from typing import Annotated

import typer

Source = Annotated[
    str,
    typer.Argument(
        help="A folder of pictures, or a table: CSV, JSONL, Parquet, tar; a path, a URL or hf:OWNER/NAME.",
        metavar="SOURCE",
        show_default=False,
    ),
]
Original = Annotated[str | None, typer.Option(help="The table's column of originals.", metavar="COL")]
Edited = Annotated[str | None, typer.Option(help="The table's column of edited pictures.", metavar="COL")]
Mask = Annotated[str | None, typer.Option(help="The table's column of known masks.", metavar="COL")]
Region = Annotated[
    str | None,
    typer.Option(help="The table's column of where edits were meant: masks, boxes or RLE.", metavar="COL"),
]
Instruction = Annotated[str | None, typer.Option(help="The table's column of instructions.", metavar="COL")]
Swap = Annotated[bool, typer.Option("--swap", help="Exchange original and edited.")]
Corpus = Annotated[
    str | None, typer.Option(help="A published corpus by name; the docs list them.", metavar="PRESET")
]
AllowRemote = Annotated[bool, typer.Option("--allow-remote", help="Read what is not on this machine.")]
MaxPixels = Annotated[int, typer.Option(help="Pictures with more pixels are rejected.", min=1, metavar="N")]
MAX_PIXELS = 100_000_000
"""`maskwright.pairs.opening.MAX_PIXELS`, which help must not import; a test holds them equal."""
