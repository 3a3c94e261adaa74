"""`maskwright demo`: the main job on photographs that come with it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.cli.progress import reporter
from maskwright.cli.terminal import answer, answer_json, answer_table, answer_text

if TYPE_CHECKING:
    from maskwright.bench.demo import Demonstration

EXAMPLE = "Example:  maskwright demo -o maskwright-demo"


def command(
    out: Annotated[
        Path, typer.Option("-o", "--out", help="A folder for the pairs and their masks.", metavar="DIR")
    ] = Path("maskwright-demo"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Annotate pairs with known edits.

    Makes the edits on photographs, saves the pairs as people do, annotates them, and shows
    how well that went. Ends with one of the edited pictures looked at alone.

    Needs: pip install 'maskwright[demo]'
    """
    from maskwright.bench.demo import demo

    with reporter() as progress:
        shown = demo(out, progress=progress.rows)
    if as_json:
        answer_json(asdict(shown))
    else:
        _print(shown)


def _print(shown: Demonstration) -> None:
    from maskwright.corpus.command import report_command

    heads = ["pair", "edit", "edited picture", "verdict or reason", "F1"]
    rows = [
        [each.name, each.edit, each.saved_as, each.verdict or each.reason, _figure(each.f1)]
        for each in shown.pairs
    ]
    answer_table([heads, *rows], "llllr")
    answer()
    answer(f"F1 against the known masks, mean over the pairs that were edited: {_figure(shown.f1_mean)}")
    answer(f"pairs and known masks: {shown.table}")
    answer(f"masks:                 {Path(shown.run) / 'masks'}")
    answer(f"all on one page:       {shown.sheet}")
    answer()
    answer(f"{Path(shown.looked).name} looked at alone, without its original:")
    answer_text(shown.finding if shown.detected else f"skipped: {shown.finding}")
    if shown.detected:
        answer(f"page:                  {shown.detected}")
    answer()
    answer(f"next: {report_command(shown.run)}")


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
