"""`maskwright bench detectors`: measure detectors on labelled datasets under published protocols."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli.progress import reporter
from maskwright.cli.tables import answer_tables
from maskwright.cli.terminal import answer, answer_json, note
from maskwright.detectors import DEFAULT

EXAMPLE = (
    "Example:  maskwright bench detectors --data DATASET --detector detector.onnx --protocol benco -o OUT"
)


def command(
    data: Annotated[
        list[str],
        typer.Option(
            help="A dataset, or corpus=PATH for a published one; again for more.",
            metavar="DATASET",
            show_default=False,
        ),
    ],
    detector: Annotated[
        list[str],
        typer.Option(help="A name, package.module:Class or .onnx; may be repeated.", metavar="NAME"),
    ] = [DEFAULT],  # noqa: B006 - read only
    protocol: Annotated[
        list[str],
        typer.Option(help="plain, benco or trufor; a table each.", metavar="NAME"),
    ] = ["plain"],  # noqa: B006 - read only
    split: Annotated[
        str | None,
        typer.Option(help="Rows measured; else those of split test, or all.", metavar="SPLIT"),
    ] = None,
    grid: Annotated[
        int, typer.Option(help="Of benco: the square that pictures are resized to, pixels.", min=1)
    ] = 512,
    robust: Annotated[
        bool,
        typer.Option("--robust", help="Once more after each step of blur, noise and JPEG."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Write detectors.html and detectors.json here.", metavar="DIR"),
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes.", min=1, metavar="N")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure detectors on pictures whose masks are known.

    F1, IoU and AUC of pixels, AUC, F1 and accuracy of whole pictures where there are authentic ones, set
    by set and as a mean over sets, with 95 % intervals; beside two that do not look. benco and trufor
    are as IMDLBenCo and TruFor measure, quirks included. Of pairs the original is authentic.
    """
    from maskwright.bench.detector_page import check_out, save_bench
    from maskwright.bench.detector_tables import detector_tables
    from maskwright.bench.detectors import bench_detectors

    if out is not None:
        check_out(out)
    with reporter() as progress:
        measured = bench_detectors(
            data,
            detectors=detector,
            protocols=protocol,
            split=split,
            grid=grid,
            robust=robust,
            workers=workers,
            progress=progress.steps,
        )
    if as_json:
        answer_json(measured.to_json())
    else:
        for name, says in measured.protocols.items():
            answer(f"{name}: {says}")
        answer()
        answer_tables(detector_tables(measured))
    if out is not None:
        save_bench(measured, out)
        note(f"wrote detectors.html and detectors.json to {out}")
