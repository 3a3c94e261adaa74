import importlib.util
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "bench_speed.py"


def test_flops_are_those_of_the_convolutions_counted_by_hand() -> None:
    onnx = pytest.importorskip("onnx")
    make, numbers, float32 = onnx.helper, onnx.numpy_helper, onnx.TensorProto.FLOAT
    spec = importlib.util.spec_from_file_location("bench_speed", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    weights = [
        numbers.from_array(np.ones((8, 2, 3, 3), np.float32), "first"),
        numbers.from_array(np.ones((5, 8, 1, 1), np.float32), "second"),
    ]
    nodes = [
        make.make_node("Conv", ["x", "first"], ["half"], strides=[2, 2], pads=[1, 1, 1, 1], group=2),
        make.make_node("Conv", ["half", "second"], ["y"]),
    ]
    graph = make.make_graph(
        nodes,
        "two convolutions",
        [make.make_tensor_value_info("x", float32, [1, 4, "h", "w"])],
        [make.make_tensor_value_info("y", float32, [1, 5, "h2", "w2"])],
        weights,
    )
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=10)
    found = script.flops_of(model.SerializeToString(), {"x": np.ones((1, 4, 32, 48), np.float32)})
    # half the size; 8 channels from 2 each by 3 x 3, then 5 from 8 by 1 x 1; two a multiplication
    assert found == 2 * 16 * 24 * (8 * 2 * 9 + 5 * 8)
