"""The compact network of the wheel, or of a training run, as weights in torch that stay as they are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from maskwright.errors import InputError
from maskwright.learning.networks.compact import Compact
from maskwright.masks.annotators.planes import CHANNELS
from maskwright.weights import open_network


def compact_of(path: str | os.PathLike[str]) -> Compact:
    """The network of an .onnx file that `maskwright train compact` wrote, in evaluation mode.

    Weights in eight bits become the numbers they stand for; what lies between layers is not rounded, so it
    says what the file says but for rounding.

    Raises:
        InputError: the file is no compact network.
    """
    import onnx
    from onnx import numpy_helper

    open_network(path)  # says what is wrong with a file, and checks it against its card
    graph = onnx.load(os.fspath(path)).graph
    stored = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    network = Compact()
    network.on_bytes = nn.Conv2d(len(CHANNELS), network.stem.out_channels, 4, stride=2, padding=1)
    state = network.state_dict()
    try:
        found = {name: _weight(name, stored) for name in state if not name.startswith("stem.")}
        network.load_state_dict({**state, **found})
    except (KeyError, RuntimeError) as error:
        raise InputError(f"{path} is no network of `maskwright train compact`: {error}") from error
    return network.eval()


def _weight(name: str, stored: Mapping[str, NDArray[Any]]) -> Tensor:
    """A weight as it is stored, or what its eight bits stand for; scales are one, or one a first axis."""
    if name in stored:
        return torch.from_numpy(stored[name].copy())
    levels = stored[f"{name}_quantized"].astype(np.float32)
    stem = name if f"{name}_scale" in stored else f"{name}_quantized"
    scale, zero = (stored[f"{stem}_{part}"].astype(np.float32) for part in ("scale", "zero_point"))
    along = (-1, *[1] * (levels.ndim - 1))
    return torch.from_numpy((levels - zero.reshape(along)) * scale.reshape(along))
