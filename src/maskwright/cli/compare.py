"""`maskwright compare`: what was changed between two pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.cli.setup import Backbone, Grounding, Vae
from maskwright.cli.terminal import answer, answer_json, answer_table, answer_text
from maskwright.masks.annotators import DEFAULT, Setup, load_annotator
from maskwright.pages.words import percent

if TYPE_CHECKING:
    from maskwright.masks.compare import Comparison
    from maskwright.pages.overlay import Region

EXAMPLE = "Example:  maskwright compare before.jpg after.jpg -o out"

MOST_LISTED = 12
"""Regions on a screen; `--json` and compare.json have all that are numbered."""


def command(
    original: Annotated[
        Path, typer.Argument(help="The picture before.", metavar="ORIGINAL", show_default=False)
    ],
    edited: Annotated[Path, typer.Argument(help="The picture after.", metavar="EDITED", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="Write a page to look at, mask, change map, overlay and compare.json here.",
            metavar="DIR",
        ),
    ] = None,
    instruction: Annotated[
        str | None,
        typer.Option(help="The words the editor was given; for --grounding.", metavar="TEXT"),
    ] = None,
    region: Annotated[
        Path | None,
        typer.Option(help="Where the edit was meant to be: a mask, as large as EDITED.", metavar="MASK"),
    ] = None,
    annotator: Annotated[
        str,
        typer.Option(help="A name, package.module:Class, or an .onnx file beside its card.", metavar="NAME"),
    ] = DEFAULT,
    backbone: Backbone = None,
    grounding: Grounding = None,
    vae: Vae = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what was changed between two pictures.

    In a sentence, with numbered regions, and how small an edit could have been missed.
    """
    from maskwright.masks.compare import compare

    loaded = load_annotator(annotator, Setup(backbone, grounding, vae))
    comparison = compare(original, edited, instruction=instruction, region=region, annotator=loaded)
    if out is not None:
        comparison.save(out)
    if as_json:
        answer_json(comparison.as_dict())
    else:
        _print(comparison, out)


def _print(comparison: Comparison, out: Path | None) -> None:
    answer_text(comparison.sentence)
    shown = comparison.regions[:MOST_LISTED]
    if shown:
        heads = ["region", "width x height", "at x,y", "of the picture"]
        rows = [[str(each.number), *_placed(each)] for each in shown]
        answer()
        answer_table([heads, *rows])
        if more := len(comparison.regions) - len(shown):
            answer(f"and {more} smaller")
    if taken := comparison.donor_regions[:MOST_LISTED]:
        heads = ["taken from", "width x height", "at x,y", "of the original"]
        answer()
        answer_table([heads, *(["", *_placed(each)] for each in taken)])
    if out is not None:
        answer()
        further = "" if comparison.side_effect is None else ", side_effect.png"
        further += "" if comparison.donor is None else ", donor.png, donor_overlay.png"
        answer(f"wrote compare.html, mask.png, change.png, overlay.png{further} and compare.json to {out}")


def _placed(region: Region) -> list[str]:
    size, place = f"{region.width} x {region.height}", f"{region.x},{region.y}"
    return [size, place, percent(region.area_frac)]
