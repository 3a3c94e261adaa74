"""A network small enough to be written down."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import helper


def autoencoder(path: Path, gain: float) -> Path:
    """A network that gives back its picture times a number."""
    picture, out = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 3, "h", "w"])
        for name in ("picture", "out")
    )
    factor = helper.make_tensor("gain", onnx.TensorProto.FLOAT, [], [gain])
    node = helper.make_node("Mul", ["picture", "gain"], ["out"])
    graph = helper.make_graph([node], "times", [picture], [out], [factor])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path
