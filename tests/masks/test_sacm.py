"""Matches of descriptors: each other's best or standing out, to a part of a cell, whatever the memory."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.errors import InputError, MissingExtraError
from maskwright.masks.annotators import sacm
from maskwright.masks.annotators.sacm import Level, Matcher, matched
from tests.contracts.annotator import textured
from tests.weights.networks import pyramid_network

ROWS, COLUMNS, DEPTH = 12, 16, 24


def drawn(seed: int, rows: int = ROWS, columns: int = COLUMNS) -> np.ndarray:
    """Descriptors (rows, columns, DEPTH) of length 1, alike where places are near."""
    rng = np.random.default_rng(seed)
    planes = rng.normal(size=(rows, columns, DEPTH))
    return planes / np.linalg.norm(planes, axis=2, keepdims=True)


def level(planes: np.ndarray) -> Level:
    return Level(planes.reshape(-1, planes.shape[2]).astype(np.float32), *planes.shape[:2])


def test_an_object_among_strangers_is_matched_place_by_place() -> None:
    theirs, mine = drawn(0), drawn(1)
    mine[2:7, 3:9] = theirs[5:10, 8:14]
    at, on, alike = matched(level(theirs), level(mine))
    inside = (at[:, 0] >= 3) & (at[:, 0] < 9) & (at[:, 1] >= 2) & (at[:, 1] < 7)
    assert np.count_nonzero(inside) == 30
    assert np.abs(on[inside] - at[inside] - (5, 3)).max() <= 0.5
    assert alike[inside].min() > 0.999


def test_matches_are_mutual_or_stand_out_as_counted_one_by_one() -> None:
    theirs, mine = drawn(2), drawn(3)
    mine[:4] = theirs[2:6]
    one, other = theirs.reshape(-1, DEPTH), mine.reshape(-1, DEPTH)
    expected = set()
    for number, descriptor in enumerate(other):
        cosines = one @ descriptor
        best = int(cosines.argmax())
        y, x = divmod(best, COLUMNS)
        far = [
            cosines[v * COLUMNS + u]
            for v in range(ROWS)
            for u in range(COLUMNS)
            if max(abs(u - x), abs(v - y)) > 1
        ]
        mutual = int((other @ one[best]).argmax()) == number
        stands_out = np.sqrt(max(0, 1 - cosines[best])) < sacm.RATIO * np.sqrt(1 - max(far))
        if mutual or stands_out:
            expected.add((number % COLUMNS, number // COLUMNS))
    at, _, _ = matched(level(theirs), level(mine))
    assert {(int(x), int(y)) for x, y in at} == expected


def test_fewer_rows_at_a_time_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, mine = level(drawn(4)), level(drawn(5))
    whole = matched(theirs, mine)
    monkeypatch.setattr(sacm, "ROWS", 7)
    for one, other in zip(whole, matched(theirs, mine), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_place_between_cells_is_found_between_them() -> None:
    """Descriptors that turn evenly from place to place: the cosine is a parabola near its top."""
    angle = np.linspace(0, 1.2, COLUMNS)

    def turning(shift: float) -> Level:
        planes = np.zeros((1, COLUMNS, 2))
        turned = angle + shift * (angle[1] - angle[0])
        planes[0, :, 0], planes[0, :, 1] = np.cos(turned), np.sin(turned)
        return level(planes)

    at, on, _ = matched(turning(0.0), turning(0.3))
    inner = (at[:, 0] > 1) & (at[:, 0] < COLUMNS - 2)
    assert inner.any()
    assert np.abs(on[inner, 0] - at[inner, 0] - 0.3).max() < 0.02


def descriptors(path: Path) -> Path:
    """Writes a network of the form a matcher takes: random weights of the pixels of each place."""
    onnx = pytest.importorskip("onnx")
    helper, proto = onnx.helper, onnx.TensorProto
    nodes = [helper.make_node("Cast", ["picture"], ["float"], to=proto.FLOAT)]
    weights = []
    for name, side in (("fine", 8), ("coarse", 16)):
        kernel = np.random.default_rng(side).normal(size=(24, 3, side // 4, side // 4))
        kernel = np.kron(kernel - kernel.mean(axis=(1, 2, 3), keepdims=True), np.ones((1, 1, 4, 4)))
        weights.append(onnx.numpy_helper.from_array(kernel.astype(np.float32), f"{name}_kernel"))
        sides = {"kernel_shape": [side, side], "strides": [side, side]}
        nodes.append(helper.make_node("Conv", ["float", f"{name}_kernel"], [f"{name}_seen"], **sides))
        nodes.append(helper.make_node("LpNormalization", [f"{name}_seen"], [name], axis=1, p=2))
    outputs = [
        helper.make_tensor_value_info(name, proto.FLOAT, ["N", 24, None, None]) for name in ("fine", "coarse")
    ]
    picture = helper.make_tensor_value_info("picture", proto.UINT8, ["N", 3, "S", "S"])
    graph = helper.make_graph(nodes, "descriptors", [picture], outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


def test_a_picture_of_another_size_is_matched_in_its_own_pixels(tmp_path: Path) -> None:
    picture = textured(1, 288, 288)
    edited = np.asarray(cv2.resize(picture, (144, 192), interpolation=cv2.INTER_AREA), np.uint8)
    plain, _ = Matcher(descriptors(tmp_path / "net.onnx")).matches(picture, edited)
    there = (plain.places + 0.5) * (2, 1.5) - 0.5
    assert np.median(np.hypot(*(there - plain.onto).T)) < 2
    assert plain.area_px == 288 * 288
    assert not plain.mirrored


def test_a_mirrored_picture_is_matched_in_the_originals_own_pixels(tmp_path: Path) -> None:
    picture = textured(2, 288, 288)
    _, turned = Matcher(descriptors(tmp_path / "net.onnx")).matches(
        picture, np.ascontiguousarray(picture[:, ::-1])
    )
    assert turned.mirrored
    assert np.median(np.abs(287 - turned.places[:, 0] - turned.onto[:, 0])) < 2


def test_a_network_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no network of descriptors"):
        Matcher(pyramid_network(tmp_path / "net.onnx"))


def test_a_network_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingExtraError):
        Matcher(tmp_path / "net.onnx")
