"""Frozen networks that see one picture: what semantic differences are taken of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError, MissingExtraError, unknown_name
from maskwright.masks.named import class_named
from maskwright.pairs.values import Picture

BACKBONES: dict[str, str] = {
    "compact": "maskwright.masks.annotators.encoders:CompactEncoder",
}
"""Every backbone with a name; strings, so that listing them imports nothing."""
DEFAULT_BACKBONE = "compact"
"""Where none is named: it comes with this package."""
ONNX = "maskwright.masks.annotators.encoders:OnnxEncoder"
TRANSFORMER = "maskwright.learning.backbones:Dino"
"""What opens a folder or a hub id of a vision transformer."""
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")

Features = tuple[NDArray[np.float32], ...]
"""A picture's layers, each (C, h, w) float32, in the order of `Backbone.strides`."""


@runtime_checkable
class Backbone(Protocol):
    """A frozen network that sees one picture at a time; `tests/contracts/backbone.py` checks it.

    `features` gives the layers of every picture, in order; pictures (H, W, 3) uint8 RGB of any size.
    What it gives for a picture does not depend on those beside it, a second call gives the same, and
    the pictures are not modified. A layer of stride s is about H / s x W / s places of whatever size
    the network has made of a picture, so only ratios of its grid to the picture's are to be relied on.

    Attributes:
        name: for people.
        digest: sha256 (hex) of the weights.
        strides: pixels a step of each layer, shallow to deep.
    """

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def strides(self) -> tuple[int, ...]: ...

    def features(self, pictures: Sequence[Picture]) -> list[Features]: ...


def load_backbone(spec: str = DEFAULT_BACKBONE) -> Backbone:
    """The backbone a name stands for.

    Args:
        spec: a key of `BACKBONES`; the path of an .onnx file of one picture that gives feature maps; a folder
            or a hub id of a vision transformer (DINOv2, DINOv3), which needs the extra `torch`; or a
            `package.module:Class` whose class needs no arguments.

    Raises:
        SettingError: nothing has that name; the hint gives the nearest known one.
        MissingExtraError: a package or a file is not there.
        InputError: the file is none of a backbone, or is a pickle, which can run anything when opened.
    """
    backbone = _made(spec)
    if not isinstance(backbone, Backbone):
        raise InputError(
            f"{spec} is no backbone: it needs `name`, `digest`, `strides` and `features(pictures)`",
            hint="the protocol is maskwright.masks.annotators.backbones.Backbone",
        )
    return backbone


def _made(spec: str) -> object:
    if spec in BACKBONES:
        return class_named("backbone", BACKBONES[spec])()
    refuse_pickle(spec)
    if spec.lower().endswith(".onnx"):
        return class_named("backbone", ONNX)(spec)
    if Path(spec).is_dir() or _HUB_ID.fullmatch(spec):
        return class_named("backbone", TRANSFORMER)(spec)
    if ":" in spec and "/" not in spec:
        return class_named("backbone", spec)()
    if "/" in spec:
        raise MissingExtraError(
            f"there is no backbone at {spec}",
            hint="give a folder with config.json and model.safetensors, an .onnx file, or a hub id",
        )
    raise unknown_name("backbone", spec, BACKBONES)


def refuse_pickle(spec: str) -> None:
    """Refuse a path that by its ending is a pickle.

    Raises:
        InputError: it is one.
    """
    if spec.lower().endswith(PICKLES):
        raise InputError(
            f"{spec} is a pickle, which can run anything when it is opened: refused",
            hint="save the weights as model.safetensors beside config.json and give the folder, or an .onnx",
        )
