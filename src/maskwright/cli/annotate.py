"""`maskwright annotate`: a mask or a reason for every pair of a source."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from maskwright.cli.crew import Executor, Workers
from maskwright.cli.progress import reporter
from maskwright.cli.setup import Backbone, Grounding, Vae
from maskwright.cli.source import (
    MAX_PIXELS,
    AllowRemote,
    Corpus,
    Edited,
    Instruction,
    Mask,
    MaxPixels,
    Original,
    Region,
    Source,
    Swap,
)
from maskwright.cli.summary import print_summary, summary_json
from maskwright.cli.terminal import answer_json
from maskwright.errors import SettingError
from maskwright.masks.annotators import DEFAULT, Setup

if TYPE_CHECKING:
    from maskwright.corpus.annotate import Options

EXAMPLE = "Example:  maskwright annotate pairs.csv out --workers 4"


def command(
    source: Source,
    out: Annotated[
        Path | None,
        typer.Argument(help="A folder, new or of this very run.", metavar="OUT", show_default=False),
    ] = None,
    annotator: Annotated[
        str,
        typer.Option(help="A name, package.module:Class, or an .onnx file beside its card.", metavar="NAME"),
    ] = DEFAULT,
    backbone: Backbone = None,
    grounding: Grounding = None,
    vae: Vae = None,
    workers: Workers = None,
    executor: Executor = "local",
    files: Annotated[
        bool | None,
        typer.Option(
            "--files/--no-files", help="Write masks/*.png too; by default for folders and small tables."
        ),
    ] = None,
    sample: Annotated[
        int | None, typer.Option(help="Annotate only so many rows, drawn with --seed.", min=1, metavar="N")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the draw.", metavar="S")] = 0,
    plan: Annotated[
        bool, typer.Option("--plan", help="Try 200 random rows, say what all would take; write nothing.")
    ] = False,
    retry: Annotated[
        Literal["failed"] | None,
        typer.Option(help="Write the parts that hold failed rows anew.", metavar="failed"),
    ] = None,
    original: Original = None,
    edited: Edited = None,
    mask: Mask = None,
    region: Region = None,
    instruction: Instruction = None,
    swap: Swap = False,
    corpus: Corpus = None,
    allow_remote: AllowRemote = False,
    max_pixels: MaxPixels = MAX_PIXELS,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Turn every pair into a mask or a reason.

    The same line again goes on where the last one stopped.
    """
    from maskwright.corpus.annotate import Options, annotate
    from maskwright.pairs.sources import Roles

    roles = Roles(
        original=original,
        edited=edited,
        mask=mask,
        region=region,
        instruction=instruction,
        swap=swap,
        corpus=corpus,
        allow_remote=allow_remote,
    )
    options = Options(
        files=files,
        sample=sample,
        seed=seed,
        roles=roles,
        max_pixels=max_pixels,
        setup=Setup(backbone, grounding, vae),
    )
    if plan:
        _plan(source, out, annotator=annotator, workers=workers, options=options, as_json=as_json)
        return
    if out is None:
        raise SettingError(
            "annotate needs a folder to write to",
            hint="maskwright annotate SOURCE OUT, or --plan for a forecast",
        )
    with reporter() as progress:
        summary = annotate(
            source,
            out,
            annotator=annotator,
            workers=workers,
            executor=executor,
            retry_failed=retry == "failed",
            progress=progress.rows,
            options=options,
        )
    if as_json:
        answer_json(summary_json(summary))
    else:
        print_summary(summary)
    if summary.by_status.get("failed"):
        raise typer.Exit(3)


def _plan(
    source: str, out: Path | None, *, annotator: str, workers: int | None, options: Options, as_json: bool
) -> None:
    from maskwright.cli.plan import print_estimate
    from maskwright.corpus.estimate import estimate

    with reporter() as progress:
        found = estimate(
            source,
            "OUT" if out is None else out,
            annotator=annotator,
            workers=workers,
            progress=progress.rows,
            options=options,
        )
    if as_json:
        answer_json(asdict(found))
    else:
        print_estimate(found)
