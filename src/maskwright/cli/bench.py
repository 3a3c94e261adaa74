"""`maskwright bench`: measure annotators and detectors against known masks and against baselines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskwright.cli import bench_detectors
from maskwright.cli.progress import reporter
from maskwright.cli.setup import Backbone, Grounding, Vae
from maskwright.cli.tables import answer_tables
from maskwright.cli.terminal import answer_json, note
from maskwright.masks.annotators import DEFAULT, Setup

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
    ] = [DEFAULT],  # noqa: B006 - read only
    backbone: Backbone = None,
    grounding: Grounding = None,
    vae: Vae = None,
    where: Annotated[
        str | None, typer.Option(help="An SQL condition over the table's columns.", metavar="SQL")
    ] = None,
    by: Annotated[
        list[str],
        typer.Option(help="Figures for every value of this column too; may be repeated.", metavar="COLUMN"),
    ] = [],  # noqa: B006 - read only
    unedited: Annotated[
        Path | None,
        typer.Option(
            help="A folder or CSV of photographs: how much of them is falsely marked.", metavar="PHOTOS"
        ),
    ] = None,
    roundtrip: Annotated[
        Path | None, typer.Option(help="An autoencoder, for the robustness figures.", metavar="ONNX")
    ] = None,
    robust: Annotated[
        bool,
        typer.Option("--robust", help="The pairs once more after harm that no training sees."),
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(help="Write a page with plots and the worst pairs here.", metavar="FILE.html"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure annotators and all baselines on known masks.

    F1 and IoU as means over pictures with 95 % intervals, paired differences of each annotator to
    every baseline and of the first to the others, trust, calibration, the worst pairs; false marks
    with --unedited, robustness with --roundtrip and --robust. What a column "ignore" marks counts
    for nobody. With --html all of it as one page, with plots and the pictures of the 24 worst pairs
    of the first annotator.
    """
    from maskwright.bench.annotators import bench_annotators
    from maskwright.bench.tables import tables

    if html is not None:
        from maskwright.pages.page import check_place

        check_place(html)
    with reporter() as progress:
        measured = bench_annotators(
            table,
            annotators=annotator,
            setup=Setup(backbone, grounding, vae),
            where=where,
            by=by,
            unedited=unedited,
            roundtrip=roundtrip,
            robust=robust,
            progress=progress.steps,
        )
    if as_json:
        answer_json(measured.to_json())
    else:
        answer_tables(tables(measured))
    if html is not None:
        # After the answer: what was measured for an hour is not lost to a full disk.
        from maskwright.bench.page import html_of
        from maskwright.pages.page import save_page

        with reporter() as progress:
            save_page(html_of(measured, progress=progress.steps), html)
        note(f"wrote {html}")


@app.command(
    name="sigma",
    epilog="Example:  maskwright bench sigma photos.csv --roundtrip autoencoder.onnx --head stage1=head.onnx",
)
def sigma(
    photos: Annotated[
        Path,
        typer.Argument(
            help="A folder or CSV of photographs that nothing was trained on.",
            metavar="PHOTOS",
            show_default=False,
        ),
    ],
    roundtrip: Annotated[
        Path | None,
        typer.Option(
            help="An autoencoder that draws the made pairs, and the real ones again.", metavar="ONNX"
        ),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(help="Real pairs with known masks and a column background.", metavar="TABLE"),
    ] = None,
    where: Annotated[
        str | None, typer.Option(help="An SQL condition over the columns of --pairs.", metavar="SQL")
    ] = None,
    head: Annotated[
        list[str],
        typer.Option(
            help="A trained head as stage1=, stage2= or samcd=; may be repeated.", metavar="NAME=ONNX"
        ),
    ] = [],  # noqa: B006 - read only
    backbone: Backbone = None,
    vae: Vae = None,
    count: Annotated[int, typer.Option(help="Made pairs of each kind.", min=1, metavar="N")] = 300,
    keep: Annotated[
        Path | None,
        typer.Option(help="A folder for the autoencoder's answers: the next run is quicker.", metavar="DIR"),
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes.", min=1, metavar="N")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure what each idea of SIGMA is worth.

    Made pairs: photographs, edited with known masks, then drawn anew by means that no training uses;
    and the same photographs without an edit. A row is compared with the compact annotator, pair by pair.
    Priors are the true regions: right, shifted, dilated, partly wrong, absent, adversarial.
    """
    from maskwright.bench.arms import heads_of
    from maskwright.bench.sigma import bench_sigma
    from maskwright.bench.sigma_tables import ablation_tables

    with reporter() as progress:
        found = bench_sigma(
            photos,
            roundtrip=roundtrip,
            pairs=pairs,
            where=where,
            heads=heads_of(head),
            setup=Setup(backbone, None, vae),
            count=count,
            keep=keep,
            workers=workers,
            progress=progress.steps,
        )
    if as_json:
        answer_json(found.to_json())
    else:
        answer_tables(ablation_tables(found))


@app.command(
    name="caaa",
    epilog="Example:  maskwright bench caaa photos.csv --groups groups.csv --pairs pairs.csv",
)
def caaa(
    photos: Annotated[
        Path,
        typer.Argument(
            help="A folder or CSV of photographs that nothing was trained on.",
            metavar="PHOTOS",
            show_default=False,
        ),
    ],
    groups: Annotated[
        Path | None,
        typer.Option(
            help="Real pairs with a column group, and mask_probe and mask_donor where known.", metavar="TABLE"
        ),
    ] = None,
    pairs: Annotated[Path | None, typer.Option(help="Real pairs with known masks.", metavar="TABLE")] = None,
    where: Annotated[
        str | None, typer.Option(help="An SQL condition over the columns of --pairs.", metavar="SQL")
    ] = None,
    annotator: Annotated[
        str,
        typer.Option(help="What is measured: a name, package.module:Class or .onnx.", metavar="NAME"),
    ] = "caaa",
    dass: Annotated[
        Path | None,
        typer.Option(help="A head on both pictures and their difference, to be compared.", metavar="ONNX"),
    ] = None,
    plain: Annotated[
        Path | None,
        typer.Option(help="The compact network trained as long as --dass was.", metavar="ONNX"),
    ] = None,
    count: Annotated[int, typer.Option(help="Made pairs of each group.", min=1, metavar="N")] = 200,
    workers: Annotated[int, typer.Option(help="Processes.", min=1, metavar="N")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure how well groups are told apart, and what was taken is found.

    Made pairs of each group from photographs; with --groups real ones, as they are and cropped to a
    common aspect and size five times; with --pairs the routing against the compact annotator. Beside it
    stand the same chain with keypoints, the hull of keypoints alone, and a blurred difference that knows
    the truth. Every pair is counted by what it ends in.
    """
    from maskwright.bench.caaa import bench_caaa, names_of
    from maskwright.bench.caaa_tables import caaa_tables

    heads = {name: None if path is None else str(path) for name, path in (("dass", dass), ("plain", plain))}
    with reporter() as progress:
        found = bench_caaa(
            photos,
            groups=groups,
            pairs=pairs,
            where=where,
            names=names_of(annotator, dass=heads["dass"], plain=heads["plain"]),
            count=count,
            workers=workers,
            progress=progress.steps,
        )
    if as_json:
        answer_json(found.to_json())
    else:
        answer_tables(caaa_tables(found))


app.command(name="detectors", epilog=bench_detectors.EXAMPLE)(bench_detectors.command)
