"""A round trip through a real autoencoder, given as an ONNX file."""

from __future__ import annotations

from os import PathLike
from typing import Any

import cv2
import numpy as np

from maskwright.errors import InputError
from maskwright.pairs.values import Picture
from maskwright.synthesis.steps import Side, Step, check_picture, on_side

MULTIPLE = 8
"""Sides must be multiples of this: autoencoders of the latent diffusion family shrink by 8."""


def load_roundtrip(path: str | PathLike[str], *, threads: int = 1) -> Any:
    """Open an autoencoder: one input and one output, RGB NCHW in 0..1, dynamic height and width."""
    from maskwright.weights import open_network

    network = open_network(path, threads=threads)
    inputs, outputs = network.get_inputs(), network.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1 or len(inputs[0].shape) != 4:
        raise InputError(
            f"{path} has {len(inputs)} inputs and {len(outputs)} outputs, expected one picture in and one out"
        )
    return network


def pass_through(network: Any, picture: Picture) -> Picture:
    """The picture as the autoencoder gives it back, on the same grid.

    Padded in mirror image to multiples of 8 on the right and below, and cut again.
    """
    check_picture(picture, "picture")
    height, width = picture.shape[:2]
    padded = cv2.copyMakeBorder(picture, 0, -height % MULTIPLE, 0, -width % MULTIPLE, cv2.BORDER_REFLECT)
    planes = padded.astype(np.float32).transpose(2, 0, 1)[None] / 255
    (out,) = network.run(None, {network.get_inputs()[0].name: planes})
    levels = np.clip(np.rint(out[0].transpose(1, 2, 0) * 255), 0, 255)
    return np.ascontiguousarray(levels[:height, :width]).astype(np.uint8)


def roundtrip(network: Any, *, side: Side = "edited") -> Step:
    """A step that passes one side, or both, through an autoencoder of `load_roundtrip`."""
    return on_side(side, lambda picture, rng: pass_through(network, picture))
