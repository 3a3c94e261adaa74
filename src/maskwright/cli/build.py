"""`maskwright build`: a dataset of the rows that were selected."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from maskwright.cli.crew import Executor, Workers
from maskwright.cli.progress import reporter
from maskwright.cli.terminal import answer, answer_json, answer_table, answer_text
from maskwright.errors import SettingError
from maskwright.pages.words import counted, short, size

if TYPE_CHECKING:
    from maskwright.datasets.building.build import Announced, BuildSummary

EXAMPLE = "Example:  maskwright build dataset --from out --selection sure --format imagefolder"

LICENCES_SHOWN = 6


def command(
    dataset: Annotated[
        Path,
        typer.Argument(help="A folder, new or of this very build.", metavar="DATASET", show_default=False),
    ],
    outs: Annotated[
        list[Path],
        typer.Option(
            "--from",
            help="What annotate writes to, again for more; or one dataset of masks.",
            metavar="OUT",
            show_default=False,
        ),
    ],
    format: Annotated[
        str,
        typer.Option(
            help="parquet, imagefolder, webdataset, imdlbenco, coco, change-detection or masks.",
            metavar="FORMAT",
            show_default=False,
        ),
    ],
    selection: Annotated[str, typer.Option(help="The name that was given to select.", metavar="N")] = "",
    split: Annotated[
        str, typer.Option(help="Shares of train, val and test.", metavar="A,B,C")
    ] = "0.8,0.1,0.1",
    seed: Annotated[int, typer.Option(help="Of all chance.", min=0, metavar="S")] = 0,
    authentic: Annotated[
        float, typer.Option(help="Authentic pictures for each forged one.", metavar="R")
    ] = 0.0,
    originals_are_photographs: Annotated[
        bool,
        typer.Option(
            "--originals-are-photographs", help="Say so of corpora where nobody knows: nobody edited them."
        ),
    ] = False,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            help="Leave out what shows a picture of this test set; again for more.", metavar="SOURCE"
        ),
    ] = None,
    regeneration: Annotated[
        Literal["keep", "paste-back"],
        typer.Option(
            help="Outside the mask: as the editor gave it, or the original.", metavar="keep|paste-back"
        ),
    ] = "keep",
    pictures: Annotated[
        Literal["png", "jpeg"], typer.Option(help="How all pictures are stored.", metavar="png|jpeg")
    ] = "png",
    quality: Annotated[
        int | None,
        typer.Option(help="Of JPEG, 1 to 100.", min=1, max=100, metavar="Q", show_default="95"),
    ] = None,
    restricted: Annotated[
        Literal["refuse", "leave-out", "include"],
        typer.Option(
            help="What to do about rows that nothing allows to pass on.", metavar="refuse|leave-out|include"
        ),
    ] = "refuse",
    licence: Annotated[
        str, typer.Option(help="Of the dataset as a whole; every row keeps its own.", metavar="TEXT")
    ] = "",
    name: Annotated[
        str,
        typer.Option(
            "--dataset-name", help="What its card calls it.", metavar="TEXT", show_default="DATASET"
        ),
    ] = "",
    workers: Workers = None,
    executor: Executor = "local",
    sources: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            help="Where a corpus of a dataset of masks is; again for more, in its order.",
            metavar="PATH",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make a dataset of the rows that were selected.

    Splits share no photograph. Says what it is going to write before it does. The same line again goes on
    where the last one stopped.
    """
    from maskwright.datasets.building.build import BuildOptions, build
    from maskwright.datasets.shortcuts.containers import Encoding

    if quality is not None and pictures == "png":
        raise SettingError("a PNG has no quality: it keeps every pixel", hint="--pictures jpeg --quality Q")
    options = BuildOptions(
        split=_shares(split),
        seed=seed,
        authentic=authentic,
        originals_are_photographs=originals_are_photographs,
        exclude=tuple(exclude or ()),
        regeneration=regeneration,
        encoding=Encoding("png") if pictures == "png" else Encoding("jpeg", quality or JPEG_QUALITY),
        restricted=restricted,
        licence=licence,
        name=name,
        sources=tuple(sources or ()),
    )
    with reporter() as shown:
        summary = build(
            dataset,
            outs=outs,
            format=format,
            selection=selection,
            options=options,
            workers=workers,
            executor=executor,
            announce=(lambda announced: None) if as_json else _announce,
            progress=shown.steps,
        )
    if as_json:
        answer_json(asdict(summary))
    else:
        _print(summary)
    if summary.left_out:
        raise typer.Exit(3)


JPEG_QUALITY = 95
"""Of Pillow's documentation: above 95 files grow and pictures hardly gain."""


def _shares(text: str) -> tuple[float, float, float]:
    try:
        train, val, test = (float(word) for word in text.split(","))
    except ValueError as fault:
        raise SettingError(
            f"--split {text!r} is not three numbers", hint="like --split 0.8,0.1,0.1, together 1"
        ) from fault
    return train, val, test


def _announce(announced: Announced) -> None:
    """What happened to every selected row, and what is about to be written."""
    for source, funnel in announced.funnels:
        answer(short(source))
        answer_table([[f"  {what}", f"{left:,}"] for what, left in funnel])
    answer()
    labels = list(next(iter(announced.counts.values())))
    rows = [
        [split, *(f"{counts[label]:,}" for label in labels)] for split, counts in announced.counts.items()
    ]
    totals = [f"{sum(counts[label] for counts in announced.counts.values()):,}" for label in labels]
    answer_table([["", *labels], *rows, ["all", *totals]])
    for split, wanted, there in announced.authentic:
        if there < wanted:
            answer(
                f"{split}: {wanted:,} authentic pictures are wanted, all {there:,} there are will be taken"
            )
    answer()
    _print_licences(announced)
    for sentence in announced.notes:
        answer_text(sentence)
    pictures = sum(sum(counts.values()) for counts in announced.counts.values())
    if announced.there == pictures:
        answer("to write: nothing, all of it is there")
        return
    about = f"about {announced.files:,} files and {size(announced.bytes)}"
    tried = f", by {counted(announced.tried, 'row')} made on trial" if announced.tried else ""
    if announced.there:
        tried = f", of which {announced.there:,} of {counted(pictures, 'picture')} are there"
    answer(f"to write: {about}{tried}; {size(announced.free_bytes)} are free")


def _print_licences(announced: Announced) -> None:
    """Terms of the rows, most rows first, and what they let pass on."""
    rows = [
        [f"{count:,}", level, short(source), short(licence) or "nothing is said"]
        for source, licence, level, count in announced.licences
    ]
    answer_table([["rows", "may pass on", "from", "terms"], *rows[:LICENCES_SHOWN]], "rlll")
    if len(rows) > LICENCES_SHOWN:
        answer(f"and {counted(len(rows) - LICENCES_SHOWN, 'more licence')}")
    answer()


def _print(summary: BuildSummary) -> None:
    from maskwright.datasets.building.entries import LEFT_OUT
    from maskwright.pairs.values import REASONS

    answer(
        f"{counted(summary.rows, 'picture')} in {summary.dataset}: "
        f"{counted(summary.files, 'file')}, {size(summary.bytes)}"
    )
    if summary.left_out:
        gone = sum(summary.left_out.values())
        answer(f"left out, listed in {summary.dataset}/left_out.parquet: {counted(gone, 'row')}")
        says = {**REASONS, **LEFT_OUT}
        answer_table(
            [[f"  {reason}", f"{count:,}", says[reason]] for reason, count in summary.left_out.items()], "lrl"
        )
    answer(f"read its card: {summary.dataset}/card.html")
    answer(f"next: {summary.next}")
