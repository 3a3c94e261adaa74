"""`maskwright train`: a network of one's own from photographs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.cli.progress import reporter
from maskwright.cli.terminal import answer, answer_json
from maskwright.errors import SettingError

if TYPE_CHECKING:
    from maskwright.learning.train import Outcome

EXAMPLE = "Example:  maskwright train compact --photos photos.csv --minutes 60 -o trained"


def command(
    network: Annotated[
        str,
        typer.Argument(
            help="compact, dass, sigma, sam-cd, caaa, autoencoder or detector.",
            metavar="NETWORK",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", help="A folder, new or of this very run.", metavar="OUT", show_default=False
        ),
    ],
    photos: Annotated[
        str | None,
        typer.Option(
            help="All but detector: a folder, or a CSV table with path, labels, split; rows of split val only"
            " measure.",
            metavar="PHOTOS",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Of detector: compact-detector, mfpt, apsc or vit-lora.", metavar="NAME"),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Of detector: a dataset with masks; its rows of split val only measure.", metavar="DATASET"
        ),
    ] = None,
    val: Annotated[
        str | None,
        typer.Option(help="Of detector: a dataset that measures in their place.", metavar="DATASET"),
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Length of the run; or --steps.", metavar="M")] = None,
    steps: Annotated[
        int | None, typer.Option(help="Length of the run, exact and repeatable.", metavar="N")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of weights and samples.", min=0, metavar="S")] = 0,
    batch: Annotated[int, typer.Option(help="Samples a step, over all GPUs.", min=1, metavar="N")] = 32,
    reuse: Annotated[int, typer.Option(help="How often a sample is trained on.", min=1, metavar="N")] = 8,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Processes that make samples; by default as many as processors, less one.",
            min=1,
            metavar="N",
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(help="A folder for samples, that runs may share; by default OUT/cache.", metavar="DIR"),
    ] = None,
    autoencoder: Annotated[
        Path | None,
        typer.Option(help="An ONNX file; a share of the pairs passes through it.", metavar="FILE"),
    ] = None,
    stage: Annotated[int, typer.Option(help="Of sigma: 1, then 2.", min=1, max=2, metavar="K")] = 1,
    start: Annotated[
        Path | None,
        typer.Option(help="For stage 2: the folder that stage 1 was trained into.", metavar="DIR"),
    ] = None,
    unlabelled: Annotated[
        Path | None,
        typer.Option(
            help="For stage 2: a table of real pairs without masks; of its rows, those of split train.",
            metavar="TABLE",
        ),
    ] = None,
    backbone: Annotated[
        str | None,
        typer.Option(
            help="Of sigma, both stages: a folder or hub id of DINOv2 or DINOv3, or an ONNX file;"
            " by default the compact network's own encoder. Of detector: what it stands on.",
            metavar="SPEC",
        ),
    ] = None,
    side: Annotated[
        int | None,
        typer.Option(help="Of a detector on a backbone: the square it sees pictures as.", metavar="PX"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Train a network on photographs, or a detector on a dataset.

    Of photographs pairs are made as training goes on. OUT holds the network as ONNX, its card, losses,
    and checkpoints from which the same line again goes on.

    Needs: pip install 'maskwright[torch]'
    """
    from maskwright.learning.train import Options, train, train_detector

    options = Options(
        seed=seed,
        batch=batch,
        reuse=reuse,
        workers=workers,
        cache=cache,
        autoencoder=autoencoder,
        stage=stage,
        start=start,
        unlabelled=unlabelled,
        backbone=backbone,
        side=side,
    )
    with reporter() as progress:
        if network == "detector":
            chosen, dataset = _detector(name, data, photos)
            outcome = train_detector(
                chosen,
                dataset,
                out,
                val=val,
                steps=steps,
                minutes=minutes,
                options=options,
                progress=progress.training,
            )
        else:
            outcome = train(
                network,
                _photos(photos, (name, data, val)),
                out,
                steps=steps,
                minutes=minutes,
                options=options,
                progress=progress.training,
            )
    if outcome is None:  # the process that leads answers
        return
    if as_json:
        answer_json(_json(outcome))
    else:
        _print(outcome)


def _detector(name: str | None, data: str | None, photos: str | None) -> tuple[str, str]:
    """Name and dataset of a detector, or what to type."""
    if photos is not None:
        raise SettingError("a detector learns from a dataset, not from photographs", hint="--data DATASET")
    if name is None or data is None:
        raise SettingError(
            f"which detector, and on what: {'--name' if name is None else '--data'} is missing",
            hint="maskwright train detector --name compact-detector --data DATASET -o OUT --minutes 60",
        )
    return name, data


def _photos(photos: str | None, of_detector: tuple[str | None, ...]) -> str:
    """The photographs of all that is no detector, or what to type."""
    if any(each is not None for each in of_detector):
        raise SettingError(
            "--name, --data and --val are a detector's",
            hint="maskwright train detector --name NAME --data DATASET -o OUT",
        )
    if photos is None:
        raise SettingError(
            "there is nothing to learn from: --photos is missing",
            hint="a folder of photographs, or a CSV table with the columns path, labels, split",
        )
    return photos


def _json(outcome: Outcome) -> dict[str, object]:
    return {
        "network": str(outcome.network),
        "card": str(outcome.card),
        "steps": outcome.steps,
        "seconds": outcome.elapsed_s,
        "figures": dict(outcome.figures),
    }


def _print(outcome: Outcome) -> None:
    from maskwright.pages.words import counted, seconds

    answer(f"trained for {counted(outcome.steps, 'step')} in {seconds(outcome.elapsed_s)}")
    for name, value in outcome.figures.items():
        answer(f"  {name:18} {value:.4g}")
    answer(f"network: {outcome.network}")
    answer(f"card:    {outcome.card}")
    answer(f"losses:  {outcome.network.parent / 'losses.svg'}")
