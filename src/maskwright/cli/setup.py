"""What commands that take an annotator ask of how it is put together."""

from __future__ import annotations

from typing import Annotated

import typer

Backbone = Annotated[
    str | None,
    typer.Option(
        help="What sees the pictures, for annotators that take one: compact, an .onnx file of one picture, "
        "a folder or hub id of DINOv2 or DINOv3.",
        metavar="NAME",
    ),
]
Grounding = Annotated[
    str | None,
    typer.Option(
        help="What finds the place the instruction speaks of: region, none, clipseg:FOLDER, "
        "grounding-dino:FOLDER.",
        metavar="NAME",
    ),
]
Vae = Annotated[
    str | None,
    typer.Option(help="An autoencoder whose noise the pair is calibrated by.", metavar="ONNX"),
]
