"""`maskwright status`: how far a run is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.summary import print_summary, summary_json
from maskwright.cli.terminal import answer_json

EXAMPLE = "Example:  maskwright status out"


def command(
    out: Annotated[Path, typer.Argument(help="What annotate writes to.", metavar="OUT", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say how far a run is, and how to go on.

    Rows done, rejected and failed by reason, the rate, and the time left.
    """
    from maskwright.corpus.status import status

    summary = status(out)
    if as_json:
        answer_json(summary_json(summary))
    else:
        print_summary(summary)
