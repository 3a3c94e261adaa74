"""`maskwright compare`: what was changed between two pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.cli.terminal import answer, answer_json, answer_table, counted, percent

if TYPE_CHECKING:
    from maskwright.masks.compare import Comparison

TEXTS = {"name": "compare", "epilog": "Example:  maskwright compare before.jpg after.jpg -o out"}

MOST_LISTED = 12
"""Regions shown on a screen; `compare.json` has all that are numbered."""


def command(
    original: Annotated[Path, typer.Argument(help="The picture before.", show_default=False)],
    edited: Annotated[Path, typer.Argument(help="The picture after.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", help="Write mask, change map, overlay and compare.json here.", metavar="DIR"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what was changed between two pictures, where, and how sure that is."""
    from maskwright.masks.compare import compare

    comparison = compare(original, edited)
    if out is not None:
        comparison.save(out)
    if as_json:
        answer_json(comparison.as_dict())
    else:
        _print(comparison, out)


def _print(comparison: Comparison, out: Path | None) -> None:
    answer(comparison.sentence)
    area_frac = comparison.scores.get("area_frac")
    regions = comparison.regions
    if regions:
        answer(f"{percent(area_frac or 0.0)} of the picture, {counted(len(regions), 'region')}:")
        answer_table(
            [
                [
                    f"  {region.number}",
                    f"{region.width}x{region.height} px",
                    f"at {region.x},{region.y}",
                    percent(region.area_frac),
                ]
                for region in regions[:MOST_LISTED]
            ],
            "lr",
        )
        if len(regions) > MOST_LISTED:
            answer(f"  and {counted(len(regions) - MOST_LISTED, 'smaller region')}")
    if out is not None:
        answer(f"wrote mask.png, change.png, overlay.png and compare.json to {out}")
