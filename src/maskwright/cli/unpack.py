"""`maskwright unpack`: a run's masks as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.terminal import answer, answer_json
from maskwright.pages.words import counted

EXAMPLE = "Example:  maskwright unpack out"


def command(
    out: Annotated[Path, typer.Argument(help="What annotate wrote to.", metavar="OUT", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write the masks of a run as PNG files.

    All finished parts, into OUT/masks, OUT/change and the like. Files that are there stay.
    """
    from maskwright.corpus.view import unpack

    written = unpack(out)
    if as_json:
        answer_json({"out": str(out), "written": written})
    else:
        answer(f"wrote {counted(written, 'file')} to {out / 'masks'} and beside it")
