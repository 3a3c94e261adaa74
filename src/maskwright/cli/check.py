"""`maskwright check`: the defects of a dataset, ours or others'."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.cli.progress import reporter
from maskwright.cli.source import MAX_PIXELS, Corpus, MaxPixels
from maskwright.cli.terminal import answer, answer_json, answer_table, answer_text
from maskwright.pages.words import counted, short

if TYPE_CHECKING:
    from maskwright.datasets.check.values import Checked, Fixed

EXAMPLE = "Example:  maskwright check casia --fix casia-fixed"


def command(
    dataset: Annotated[
        str,
        typer.Argument(
            help="Its folder: Tp and Gt, A and B and label, ImageFolder, Parquet, WebDataset, COCO, a public "
            "set; or pairs with masks, as a folder or a table.",
            metavar="DATASET",
            show_default=False,
        ),
    ],
    corpus: Corpus = None,
    fix: Annotated[
        Path | None,
        typer.Option(help="Write a repaired copy here, with fixed.json beside it.", metavar="NEW"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes; by default as many as processors.", min=1, metavar="N"),
    ] = None,
    max_pixels: MaxPixels = MAX_PIXELS,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, with every row that has a defect.")
    ] = False,
) -> None:
    """Say what is wrong with the masks and splits of a dataset.

    Every picture and mask is decoded. Where the originals are there, the change is measured and the masks set
    against it. Leaves with 3 if a defect is certain. Nothing is changed; --fix writes a new dataset.
    """
    from maskwright.datasets.check.checking import check

    with reporter() as shown:
        checked = check(
            dataset, corpus=corpus, fix=fix, workers=workers, max_pixels=max_pixels, progress=shown.steps
        )
    if as_json:
        answer_json(checked.as_dict())
    else:
        _print(checked)
    if checked.mistakes:
        raise typer.Exit(3)


def _print(checked: Checked) -> None:
    from maskwright.datasets.check.fix import check_line
    from maskwright.datasets.check.kinds import KINDS

    rows, wrong = counted(checked.rows, "row"), {defect.id for defect in checked.mistakes}
    answer_text(f"read as {checked.layout}: {checked.says}")
    splits = ", ".join(f"{name or 'no split'} {count:,}" for name, count in checked.splits.items())
    answer_text(
        f"{rows} ({splits}); {checked.forged:,} forged, {checked.originals:,} set against their original"
    )
    found = checked.found()
    answer()
    if found:
        heads = ["", "kind", "rows", "of", "for example"]
        lines = [
            [
                "wrong" if KINDS[each.kind].certain else "look",
                each.kind,
                f"{each.count:,}",
                f"{each.of:,}",
                ", ".join(map(short, each.ids[:2])),
            ]
            for each in found
        ]
        answer_table([heads, *lines], "llrrl")
        answer()
        for each in found:
            kind = KINDS[each.kind]
            answer_text(f"{each.kind}: {kind.sentence} What to do: {kind.todo}.")
        answer()
    none = "no defect is certain" if found else "no defect found"
    answer_text(f"{counted(len(wrong), 'row')} with a defect that is certain" if wrong else none)
    for sentence in checked.not_looked:
        answer_text(sentence)
    if checked.fixed is not None:
        _print_fixed(checked.fixed)
    elif checked.mistakes:
        answer()
        answer(f"next: {check_line(checked)}")


def _print_fixed(fixed: Fixed) -> None:
    answer()
    answer_text(f"wrote {fixed.folder}: {counted(fixed.copied, 'row')} copied as they are")
    for word, counts in (("repaired", fixed.repaired), ("left out", fixed.left_out)):
        if counts:
            answer_text(f"{word}: " + ", ".join(f"{kind} {count:,}" for kind, count in counts.items()))
    if fixed.not_copied:
        answer_text(f"{counted(fixed.not_copied, 'file')} of no such row were not copied")
    answer_text("what was done to every row: fixed.json")
