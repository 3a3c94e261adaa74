"""Trained networks as ONNX files, checked against torch, and in eight bits."""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from maskwright.corpus.atomic import replacing
from maskwright.errors import RunError
from maskwright.weights import CARD_KEYS, card_path, open_network

Inputs: TypeAlias = Mapping[str, NDArray[Any]]
"""What a network takes, by name."""

OPSET = 17
"""The newest that onnxruntime 1.20, the oldest we allow, and torch's exporter of graphs both know."""
TOLERANCE = 1e-4
"""Largest difference between torch and ONNX Runtime that is let pass (issue: on the map, in 0..1)."""


def export(
    network: nn.Module,
    path: Path,
    example: Inputs,
    *,
    outputs: Sequence[str] = ("odds",),
    moving: Mapping[str, Sequence[int]],
) -> Path:
    """Write a network as one ONNX file.

    Args:
        network: in evaluation mode, on the CPU.
        example: inputs by name, in the order of the network's arguments; the shape of each is that of any
            other but for the axes in `moving`.
        outputs: names of what it gives, in order.
        moving: axes whose length is not fixed, of inputs and output by name.
    """
    with replacing(path) as temporary, warnings.catch_warnings():
        # torch's newer exporter needs a package more and gives the same graph
        warnings.simplefilter("ignore", DeprecationWarning)
        # of how it writes the padding of a border, and of no matter
        warnings.filterwarnings("ignore", "Constant folding", UserWarning)
        # of the check of a group norm that it has more than one value
        warnings.filterwarnings("ignore", "Converting a tensor", module=r"torch\.nn\.functional")
        # of sides that transformers asks for: they are fixed, and `check` sees whether the file says the same
        warnings.filterwarnings("ignore", "Converting a tensor", module="transformers")
        torch.onnx.export(
            network,
            tuple(torch.from_numpy(array) for array in example.values()),
            temporary,
            dynamo=False,
            opset_version=OPSET,
            input_names=[*example],
            output_names=[*outputs],
            # a name an array: of axes with one name the runtime believes that they are of one length
            dynamic_axes={name: {axis: f"{name}{axis}" for axis in axes} for name, axes in moving.items()},
        )
    return path


def check(
    network: nn.Module,
    path: Path,
    inputs: Sequence[Inputs],
    *,
    as_chance: bool,
    tolerance: float = TOLERANCE,
) -> float:
    """The largest difference between torch and ONNX Runtime on some inputs.

    Args:
        as_chance: outputs are log odds, and compared as the probabilities they stand for.

    Raises:
        RunError: it is above `tolerance`; the file is removed.
    """
    session = open_network(path)
    worst = 0.0
    for given in inputs:
        with torch.inference_mode():
            told = network(*map(torch.from_numpy, given.values()))
        ours = [each.float().numpy() for each in (told if isinstance(told, tuple) else (told,))]
        for mine, theirs in zip(ours, session.run(None, dict(given)), strict=True):
            apart = chance(mine) - chance(theirs) if as_chance else mine - theirs
            worst = max(worst, float(np.abs(apart).max()))
    if not worst < tolerance:
        path.unlink()
        raise RunError(
            f"the exported network differs from torch by {worst:.2g}, at most {tolerance:g} is let pass",
            hint="the checkpoint stays; report what your network is made of",
        )
    return worst


def chance(odds: NDArray[Any]) -> NDArray[np.float64]:
    """Probabilities of log odds."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * odds.astype(np.float64))))


def quantized(path: Path, target: Path, crops: Sequence[Inputs], *, floats: Sequence[str] = ()) -> Path:
    """The network in static int8: weights a channel, activations by their range on some crops.

    Args:
        crops: inputs by name; design.md, section 7 takes 60.
        floats: names of modules that stay as they are, since what they are about is small beside the largest
            number that meets them.
    """
    import onnx
    from onnxruntime import quantization

    graph = onnx.load(path).graph
    left = [node.name for node in graph.node if any(node.name.startswith(f"/{name}") for name in floats)]

    class Crops(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left: Iterator[Inputs] = iter(crops)

        def get_next(self) -> Inputs | None:
            return next(self._left, None)

    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)  # it advises to pre-process, which changes nothing here
    try:
        with tempfile.TemporaryDirectory() as folder, replacing(target) as temporary:
            made = Path(folder) / "quantized.onnx"
            quantization.quantize_static(
                path,
                made,
                Crops(),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,  # seven bits of weights: eight overflow on x86 CPUs without VNNI
                activation_type=quantization.QuantType.QUInt8,  # signed ones have no fast path on x86
                weight_type=quantization.QuantType.QInt8,
                # what lies between convolutions, too: else each of them goes to floats and back
                op_types_to_quantize=["Conv", "Resize", "Add"],
                nodes_to_exclude=left,
            )
            temporary.write_bytes(made.read_bytes())
    finally:
        logger.setLevel(level)
    return target


def write_card(path: Path, **told: Any) -> Path:
    """The card of a network file, beside it; `told` are `CARD_KEYS` but for its digest."""
    card = {**told, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    ordered = {key: card[key] for key in CARD_KEYS if key in card}
    assert set(card) == set(ordered)
    beside = card_path(path)
    with replacing(beside) as temporary:
        temporary.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return beside
