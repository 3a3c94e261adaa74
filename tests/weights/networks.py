"""Tiny networks in the form an annotator has, written with the `onnx` package."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

onnx = pytest.importorskip("onnx")


def difference_network(path: Path, *, output: str = "change", gain: float = 4.0, block: int = 1) -> Path:
    """Writes `clip(gain * mean |edited - original| / 255, 0, 1)`; with `block`, sizes must be multiples."""
    from onnx import TensorProto, helper

    size = ["N", 3, "H", "W"]
    nodes = [
        helper.make_node("Cast", ["original"], ["o"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["edited"], ["e"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["e", "o"], ["signed"]),
        helper.make_node("Abs", ["signed"], ["size"]),
        helper.make_node("ReduceMean", ["size", "channels"], ["mean"], keepdims=1),
        helper.make_node("Mul", ["mean", "gain"], ["scaled"]),
        helper.make_node("Clip", ["scaled", "zero", "one"], ["clipped"]),
    ]
    last = "clipped"
    if block > 1:
        nodes.append(helper.make_node("SpaceToDepth", [last], ["deep"], blocksize=block))
        nodes.append(helper.make_node("DepthToSpace", ["deep"], ["wide"], blocksize=block))
        last = "wide"
    nodes.append(helper.make_node("Identity", [last], [output]))
    constants = [
        helper.make_tensor("gain", TensorProto.FLOAT, [], [gain / 255]),
        helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]),
        helper.make_tensor("one", TensorProto.FLOAT, [], [1.0]),
        helper.make_tensor("channels", TensorProto.INT64, [1], [1]),
    ]
    graph = helper.make_graph(
        nodes,
        "difference",
        [helper.make_tensor_value_info(name, TensorProto.UINT8, size) for name in ("original", "edited")],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", 1, "H", "W"])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


def write_card(path: Path, **changes: Any) -> Path:
    """The card of a network file; `changes` are laid over a correct one."""
    card = {"name": "tiny", "version": "1", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    beside = path.with_suffix(".card.json")
    beside.write_text(json.dumps({**card, **changes}))
    return beside


def pyramid_network(
    path: Path, *, size: tuple[int, int] | None = None, scores: bool = False, maps: bool = True
) -> Path:
    """Writes a network of one picture: means of 4x4 pixels (3 channels), means of 8x8 and their negatives
    (6 channels), where asked the former's blue alone as `scores`, and the mean of all as `classes`."""
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("AveragePool", ["picture"], ["shallow"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("AveragePool", ["picture"], ["wide"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Neg", ["wide"], ["negative"]),
        helper.make_node("Concat", ["wide", "negative"], ["deep"], axis=1),
        helper.make_node("Slice", ["wide", "two", "three", "one"], ["scores"]),
        helper.make_node("ReduceMean", ["picture", "plane"], ["classes"], keepdims=0),
    ]
    channels = {"shallow": 3, "deep": 6} if maps else {}
    channels |= {"scores": 1} if scores else {}
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, count, None, None])
        for name, count in channels.items()
    ]
    outputs.append(helper.make_tensor_value_info("classes", TensorProto.FLOAT, [1, 3]))
    numbers = {"one": [1], "two": [2], "three": [3], "plane": [2, 3]}
    graph = helper.make_graph(
        nodes,
        "pyramid",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, *(size or ("H", "W"))])],
        outputs,
        [helper.make_tensor(name, TensorProto.INT64, [len(v)], v) for name, v in numbers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


def identity_roundtrip(path: Path, *, gain: float = 1.0, swap: bool = False) -> Path:
    """Writes an autoencoder that gives the picture back, darkened by `gain`, or red and blue exchanged."""
    from onnx import TensorProto, helper

    size = ["N", 3, "H", "W"]
    nodes = [
        helper.make_node("Gather", ["picture", "order"], ["ordered"], axis=1),
        helper.make_node("Mul", ["ordered", "gain"], ["roundtrip"]),
    ]
    graph = helper.make_graph(
        nodes,
        "roundtrip",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, size)],
        [helper.make_tensor_value_info("roundtrip", TensorProto.FLOAT, size)],
        [
            helper.make_tensor("order", TensorProto.INT64, [3], [2, 1, 0] if swap else [0, 1, 2]),
            helper.make_tensor("gain", TensorProto.FLOAT, [], [gain]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path
