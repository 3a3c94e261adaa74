"""`maskwright detect`: what looks edited in one picture, or in every picture of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.cli.progress import reporter
from maskwright.cli.terminal import answer, answer_json, answer_table, answer_text
from maskwright.detectors import DEFAULT
from maskwright.errors import SettingError
from maskwright.pages.words import counted, percent

if TYPE_CHECKING:
    from maskwright.detectors.folder import DetectedFolder
    from maskwright.detectors.single import Detected

EXAMPLE = "Example:  maskwright detect photo.jpg -o out"

MOST_LISTED = 12
"""Regions on a screen; `--json` and detect.json have all that are numbered."""


def command(
    picture: Annotated[
        Path,
        typer.Argument(help="A picture, or a folder.", metavar="PICTURE_OR_FOLDER", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="Write a page to look at, masks and maps here; a folder of pictures needs it.",
            metavar="DIR",
        ),
    ] = None,
    detector: Annotated[
        str,
        typer.Option(help="A name, package.module:Class, or an .onnx file beside its card.", metavar="NAME"),
    ] = DEFAULT,
    workers: Annotated[
        int | None,
        typer.Option(
            help="For a folder: processes, one thread each; by default as many as processors.",
            min=1,
            metavar="N",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what looks edited in one picture, without its original.

    In a sentence, with numbered regions, and how often such a finding is wrong. Of a folder every picture
    ends in a row or a reason; the same line again goes on where the last one stopped.
    """
    if picture.is_dir():
        _folder(picture, out, detector, workers, as_json)
        return
    from maskwright.detectors.single import detect

    if workers is not None:
        raise SettingError("one picture is looked at by one process", hint="leave out --workers")
    detected = detect(picture, detector)
    if out is not None:
        detected.save(out)
    if as_json:
        answer_json(detected.as_dict())
    else:
        _print(detected, out)


def _print(detected: Detected, out: Path | None) -> None:
    answer_text(detected.sentence)
    if detected.regions:
        shown = detected.regions[:MOST_LISTED]
        rows = [
            [
                str(each.number),
                f"{each.width} x {each.height}",
                f"{each.x},{each.y}",
                percent(each.area_frac),
            ]
            for each in shown
        ]
        answer()
        answer_table([["region", "width x height", "at x,y", "of the picture"], *rows])
        if more := int(detected.scores["components"] or 0) - len(shown):
            answer(f"and {more} smaller")
    if out is not None:
        answer()
        answer(f"wrote detect.html, mask.png, map.png, overlay.png and detect.json to {out}")


def _folder(folder: Path, out: Path | None, detector: str, workers: int | None, as_json: bool) -> None:
    from maskwright.detectors.folder import detect_folder

    if out is None:
        raise SettingError(
            f"{folder} is a folder, and what is found in it needs a place",
            hint="maskwright detect FOLDER -o OUT",
        )
    with reporter() as progress:
        detected = detect_folder(
            folder,
            out,
            detector=detector,
            workers=workers,
            progress=lambda done, total: progress.steps("pictures", done, total),
        )
    if as_json:
        answer_json(detected.as_dict())
    else:
        _print_folder(detected)
    if detected.by_status.get("failed"):
        raise typer.Exit(3)


def _print_folder(detected: DetectedFolder) -> None:
    from maskwright.detectors.findings import FINDINGS
    from maskwright.pairs.values import REASONS

    answer_text(detected.sentence)
    answer()
    rows = [[name, f"{number:,}", FINDINGS[name]] for name, number in detected.by_finding.items()]
    rows += [[name, f"{number:,}", REASONS[name]] for name, number in detected.by_reason.items()]
    answer_table(rows, "lrl")
    if detected.highest:
        answer()
        answer_table(
            [["score", "picture", "found"]]
            + [[f"{score:.3f}", name, finding] for name, score, finding in detected.highest],
            "l",
        )
    answer()
    if detected.passed_over:
        answer(f"{counted(detected.passed_over, 'file')} of other kinds passed over")
    if detected.pictures_per_s is not None:
        answer(f"{detected.pictures_per_s:.2f} pictures/s")
    answer(f"table: {detected.table}")
    answer(f"page:  {detected.page}")
    if detected.by_status.get("failed"):
        answer(f"next, to try again what failed: {detected.command}")
