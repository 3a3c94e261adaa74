"""Tiny networks in the form a detector has, written with the `onnx` package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.weights.networks import write_card

onnx = pytest.importorskip("onnx")

REACH_PX = 11
"""What a pixel of `stepped`'s map depends on to each side, at most: 3 in its own cell of 4, 4 for the cell
beside it, 4 for what that cell sees beyond itself."""


def bright(
    path: Path,
    *,
    names: tuple[str, str] = ("picture", "odds"),
    kind: str = "UINT8",
    size: Sequence[Any] = ("H", "W"),
    batch: Any = "N",
    colours: Any = 3,
    classes: int = 1,
    scored: str | None = None,
    stepped: bool = False,
    gain: float = 1 / 16,
    middle: float = 128.0,
    smaller: bool = False,
    **detector: Any,
) -> Path:
    """Writes `gain * (mean of the colours - middle)`, and a card whose key detector has `detector`.

    Args:
        names: of input and output.
        kind: of the input; FLOAT is taken as 0..1.
        classes: with 2 the map has two channels, of which the second is half that and the first its negative.
        scored: name of a further output, the map's mean.
        stepped: means are taken over cells of 4x4 that see each other, with a reach of `REACH_PX`.
        smaller: the map has half the size.
    """
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(3)
    first, second = (rng.uniform(-0.5, 1, (1, 1, side, side)).astype(np.float32) for side in (9, 3))
    constants = {
        "channels": np.array([1], np.int64),
        "scale": np.float32(gain * (1 if kind == "UINT8" else 255)),
        "shift": np.float32(gain * middle),
        "first": first / first.sum(),
        "second": second / second.sum(),
        "cells": np.array([1, 1, 4, 4], np.float32),
        "signs": np.array([-0.5, 0.5], np.float32).reshape(1, 2, 1, 1),
    }
    nodes = [
        helper.make_node("Cast", names[:1], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats", "channels"], ["grey"], keepdims=1),
    ]
    last = "grey"
    if stepped:
        nodes += [
            helper.make_node("Conv", [last, "first"], ["coarse"], strides=[4, 4], pads=[4, 4, 4, 4]),
            helper.make_node("Conv", ["coarse", "second"], ["mixed"], pads=[1, 1, 1, 1]),
            helper.make_node(
                "Resize", ["mixed", "", "cells"], ["fine"], mode="nearest", nearest_mode="floor"
            ),
        ]
        last = "fine"
    if smaller:
        nodes.append(helper.make_node("AveragePool", [last], ["half"], kernel_shape=[2, 2], strides=[2, 2]))
        last = "half"
    nodes += [
        helper.make_node("Mul", [last, "scale"], ["scaled"]),
        helper.make_node("Sub", ["scaled", "shift"], ["one"]),
        helper.make_node("Mul", ["one", "signs"], ["two"]),
        helper.make_node("Identity", ["two" if classes == 2 else "one"], names[1:]),
    ]
    outputs = [helper.make_tensor_value_info(names[1], TensorProto.FLOAT, [batch, classes, None, None])]
    if scored is not None:
        nodes.append(helper.make_node("ReduceMean", ["one"], [scored], keepdims=0))
        outputs.append(helper.make_tensor_value_info(scored, TensorProto.FLOAT, []))
    taken = helper.make_tensor_value_info(names[0], getattr(TensorProto, kind), [batch, colours, *size])
    tensors = [numpy_helper.from_array(np.asarray(value), key) for key, value in constants.items()]
    return written(path, helper.make_graph(nodes, "bright", [taken], outputs, tensors), **detector)


def written(path: Path, graph: Any, **detector: Any) -> Path:
    """Writes a graph and its card."""
    from onnx import helper

    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    write_card(path, detector=detector)
    return path


def log_odds(picture: np.ndarray, gain: float = 1 / 16, middle: float = 128.0) -> np.ndarray:
    """(H, W) float64: what `bright` says, by numpy."""
    return gain * (picture.astype(np.float64).mean(axis=2) - middle)


def chance(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))
