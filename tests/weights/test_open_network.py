"""Opening a network: its digest, its card, and the files that are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from maskwright.errors import InputError, MissingExtraError, SettingError
from maskwright.weights import open_network, read_card
from tests.weights.networks import difference_network, onnx, write_card


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return difference_network(tmp_path / "tiny.onnx")


def test_a_network_without_a_card_opens_and_runs(network: Path) -> None:
    original = np.zeros((1, 3, 5, 7), np.uint8)
    (change,) = open_network(network).run(None, {"original": original, "edited": original + 255})
    assert change.shape == (1, 1, 5, 7)
    assert (change == 1).all()


def test_threads_are_what_was_asked_and_do_not_spin(network: Path) -> None:
    options = open_network(network, threads=2).get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (2, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_fewer_than_one_thread_is_a_wrong_setting(network: Path) -> None:
    with pytest.raises(SettingError, match="at least 1"):
        open_network(network, threads=0)


def test_a_network_that_is_the_one_on_its_card_opens(network: Path) -> None:
    write_card(network)
    assert open_network(network)


def test_a_network_that_is_not_the_one_on_its_card_is_refused(network: Path) -> None:
    write_card(network, sha256="0" * 64)
    with pytest.raises(InputError, match="not the network on its card"):
        open_network(network)


def test_a_missing_network_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingExtraError, match=r"gone\.onnx is not there"):
        open_network(tmp_path / "gone.onnx")


@pytest.mark.parametrize("data", [b"", b"not a network", b"\x08", bytes(100), b"\x3a\xff\xff\xff\xff\x0f"])
def test_bytes_that_are_no_network_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad.onnx").write_bytes(data)
    with pytest.raises(InputError):
        open_network(tmp_path / "bad.onnx")


def test_a_network_cut_short_anywhere_is_refused(network: Path) -> None:
    whole = network.read_bytes()
    for end in range(0, len(whole) - 1, 97):
        network.write_bytes(whole[:end])
        with pytest.raises(InputError):
            open_network(network)


@pytest.mark.parametrize("place", ["initializer", "constant", "branch"])
def test_weights_in_another_file_are_refused_wherever_the_graph_names_them(
    network: Path, tmp_path: Path, place: str
) -> None:
    (tmp_path / "secret.bin").write_bytes(np.float32(4).tobytes())
    model = onnx.load(network)
    tensor = next(entry for entry in model.graph.initializer if entry.name == "gain")
    tensor.ClearField("float_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret.bin")
    if place != "initializer":
        node = onnx.helper.make_node("Constant", [], ["gain"], value=tensor)
        model.graph.initializer.remove(tensor)
        if place == "branch":
            inner = onnx.helper.make_graph([node], "inner", [], [])
            node = onnx.helper.make_node("If", ["one"], ["x"], then_branch=inner, else_branch=inner)
        model.graph.node.insert(0, node)
    network.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match="other files"):
        open_network(network)


def test_a_card_is_read(network: Path) -> None:
    write_card(network, licence="MIT", layers=["side_effect"], constants={"multiple": 8}, seed=3)
    card = read_card(network)
    assert (card.name, card.licence, card.layers, card.constants) == (
        "tiny",
        "MIT",
        ("side_effect",),
        {"multiple": 8.0},
    )
    assert card == read_card(network.with_suffix(".card.json"))


def test_a_missing_card_is_named(network: Path) -> None:
    with pytest.raises(MissingExtraError, match=r"tiny\.card\.json is not there"):
        read_card(network)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"licens": "MIT"}, "no card key named 'licens'"),
        ({"name": ""}, "must say its name"),
        ({"version": 2}, "version is a int, expected str"),
        ({"constants": {"multiple": "8"}}, "constants are numbers"),
        ({"layers": [1]}, "layers are names"),
    ],
)
def test_a_card_that_is_wrong_is_refused_with_the_key(network: Path, changes: dict, match: str) -> None:
    write_card(network, **changes)
    with pytest.raises(InputError, match=match):
        read_card(network)


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00"])
def test_a_card_that_is_no_object_is_refused(network: Path, text: str) -> None:
    network.with_suffix(".card.json").write_text(text)
    with pytest.raises(InputError):
        read_card(network)


def test_a_digest_in_capitals_is_the_same_digest(network: Path) -> None:
    write_card(network, sha256=json.loads(write_card(network).read_text())["sha256"].upper())
    assert open_network(network)
