"""Networks and cards that do not fit each other: each is refused, and the hint says what to write."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.detectors.onnx import OnnxDetector
from maskwright.errors import InputError, MaskwrightError, MissingExtraError, SettingError
from maskwright.weights import card_path
from tests.contracts.annotator import textured
from tests.detectors.networks import bright, onnx, written
from tests.weights.networks import difference_network, write_card

PICTURE = textured(7, 120, 90)


def refused(path: Path, kind: type[MaskwrightError] = InputError) -> tuple[str, str]:
    """What is said of a file that is no detector, and what is hinted."""
    with pytest.raises(kind) as raised:
        OnnxDetector(path)
    return str(raised.value), raised.value.hint


def stumbles(path: Path) -> tuple[str, str]:
    """The same, of one that fails on a picture."""
    with pytest.raises(InputError) as raised:
        OnnxDetector(path).detect(PICTURE)
    return str(raised.value), raised.value.hint


@pytest.mark.parametrize(
    ("detector", "said", "hint"),
    [
        ({"inputs": "x"}, "no detector key named 'inputs'", "did you mean input?"),
        ({"input": ""}, 'input of the detector is "", expected a name', '"input": "picture"'),
        ({"output": 3}, "output of the detector is 3", '"output": "odds"'),
        ({"gives": "logits"}, "expected odds, chance, two-classes", '"gives": "odds"'),
        ({"gives": ["odds"]}, "expected odds, chance, two-classes", '"gives": "odds"'),
        ({"score": 1}, "score of the detector is 1", '"score": null'),
        ({"side": 0}, "side of the detector is 0, expected a whole number of pixels, 1 or more", '"side"'),
        ({"side": True}, "side of the detector is true", '"side": null'),
        ({"side": [512, 512]}, "side of the detector is [512, 512]", '"side": null'),
        ({"whole": "yes"}, "expected true or false", '"whole": true'),
        ({"multiple": None}, "multiple of the detector is null", '"multiple": 1'),
        ({"multiple": 0.5}, "multiple of the detector is 0.5", '"multiple": 1'),
        ({"margin": -1}, "expected a whole number of pixels, 0 or more", '"margin": null'),
        ({"mean": [0.5, 0.5]}, "expected three numbers", '"mean": [0.0, 0.0, 0.0]'),
        ({"mean": [0, 0, float("nan")]}, "expected three numbers", '"mean"'),
        ({"std": [1, 0, 1]}, "expected three numbers above 0", '"std": [1.0, 1.0, 1.0]'),
        ({"side": 500, "multiple": 32}, "side 500 is no multiple of 32", 'leave out "multiple"'),
        ({"side": 64, "whole": False, "margin": 32}, "leaves nothing of squares of 64", '"margin": 8'),
    ],
)
def test_a_card_with_a_mistake_is_refused(
    tmp_path: Path, detector: dict[str, Any], said: str, hint: str
) -> None:
    path = bright(tmp_path / "net.onnx")
    write_card(path, detector=detector)
    message, hinted = refused(path)
    assert said in message
    assert "net.card.json" in message
    assert hint in hinted


@pytest.mark.parametrize("detector", [[], "odds", 3, None])
def test_a_key_detector_that_is_no_object_is_refused(tmp_path: Path, detector: object) -> None:
    path = bright(tmp_path / "net.onnx")
    write_card(path, detector=detector)
    assert "detector is a" in refused(path)[0]


@pytest.mark.parametrize(
    ("made", "said", "hint"),
    [
        ({"names": ("image", "odds")}, "takes image; its card says picture", '"input": "image"'),
        ({"kind": "FLOAT16"}, "takes tensor(float16)", "model.float()"),
        ({"colours": 6}, "a picture is (N, 3, H, W)", "permute(0, 3, 1, 2)"),
        ({"batch": 4}, "takes 4 pictures at once", "one picture as example"),
        ({"size": (512, 384)}, "takes pictures of 384x512 pixels", "for a square"),
        ({"size": (512, 512)}, "takes squares of 512 pixels; its card says any size", '"side": 512'),
        ({"size": (512, 512), "side": 256}, "its card says a side of 256", '"side": 512'),
        ({"names": ("picture", "mask")}, "its card says output odds", '"output": "mask"'),
        ({"score": "seen"}, "its card says score seen", 'leave out "score"'),
    ],
)
def test_a_network_that_is_not_what_its_card_says_is_refused(
    tmp_path: Path, made: dict[str, Any], said: str, hint: str
) -> None:
    path = bright(tmp_path / "net.onnx", **made)
    message, hinted = refused(path)
    assert said in message
    assert "net.onnx" in message
    assert hint in hinted


def test_a_network_that_wants_a_mask_beside_the_picture_is_refused(tmp_path: Path) -> None:
    from onnx import TensorProto, helper

    shape = ["N", 3, "H", "W"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("picture", "mask")]
    outputs = [helper.make_tensor_value_info("odds", TensorProto.FLOAT, shape)]
    graph = helper.make_graph(
        [helper.make_node("Add", ["picture", "mask"], ["odds"])], "two", inputs, outputs
    )
    message, hint = refused(written(tmp_path / "net.onnx", graph))
    assert "picture tensor(float), mask tensor(float); a detector takes one picture" in message
    assert "docs/how-to/detectors.md" in hint


def test_a_map_of_whole_numbers_is_refused(tmp_path: Path) -> None:
    from onnx import TensorProto, helper

    shape = ["N", 3, "H", "W"]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["picture"], ["odds"])],
        "same",
        [helper.make_tensor_value_info("picture", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("odds", TensorProto.UINT8, shape)],
    )
    message, hint = refused(written(tmp_path / "net.onnx", graph))
    assert "gives odds tensor(uint8)" in message
    assert "model.float()" in hint


def test_an_annotators_network_is_told_where_it_belongs(tmp_path: Path) -> None:
    path = difference_network(tmp_path / "net.onnx")
    write_card(path)
    message, hint = refused(path)
    assert "takes two pictures" in message
    assert hint == f"--annotator {path}"


def test_a_network_without_a_card_gets_a_draft_that_works(tmp_path: Path) -> None:
    path = bright(tmp_path / "net.onnx", names=("image", "mask"), kind="FLOAT", size=(64, 64), batch=1)
    card_path(path).unlink()
    message, hint = refused(path, MissingExtraError)
    assert "net.card.json is not there" in message
    draft, _ = json.JSONDecoder().raw_decode(hint[hint.index("{") :])
    card_path(path).write_text(json.dumps(draft))
    assert OnnxDetector(path).detect(PICTURE).map.shape == PICTURE.shape[:2]


def test_a_card_without_the_key_detector_gets_a_draft_that_works(tmp_path: Path) -> None:
    path = bright(tmp_path / "net.onnx", names=("image", "mask"), classes=2)
    write_card(path)
    message, hint = refused(path)
    assert "lacks the key detector" in message
    draft, _ = json.JSONDecoder().raw_decode(hint[hint.index("{") :])
    assert draft == {"input": "image", "output": "mask", "gives": "two-classes"}
    write_card(path, detector=draft)
    assert OnnxDetector(path).detect(PICTURE).map.shape == PICTURE.shape[:2]


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    message, hint = refused(tmp_path / "net.onnx", MissingExtraError)
    assert "net.onnx is not there" in message
    assert hint == "a network is an .onnx file beside its .card.json"


def test_a_network_that_is_not_the_one_on_its_card_is_refused(tmp_path: Path) -> None:
    path = bright(tmp_path / "net.onnx")
    write_card(path, sha256="0" * 64, detector={})
    message, hint = refused(path)
    assert "is not the network on its card" in message
    assert "fetch both again" in hint


def test_weights_in_other_files_are_refused(tmp_path: Path) -> None:
    path = bright(tmp_path / "net.onnx")
    onnx.save_model(
        onnx.load(path), path, save_as_external_data=True, location="weights.bin", size_threshold=0
    )
    write_card(path, detector={})
    message, hint = refused(path)
    assert "keeps weights in other files" in message
    assert "save_as_external_data=False" in hint


@pytest.mark.parametrize("bytes_", [b"", b"\x00" * 40, b"not a network"])
def test_a_file_that_is_no_network_is_refused(tmp_path: Path, bytes_: bytes) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(bytes_)
    write_card(path, detector={})
    assert "is no ONNX file" in refused(path)[0]


def test_no_threads_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="threads is 0"):
        OnnxDetector(bright(tmp_path / "net.onnx"), threads=0)


@pytest.mark.parametrize("constants", [{"odds_gain": 0}, {"odds_gain": -1}, {"odds_bias": float("inf")}])
def test_a_gain_or_a_bias_that_makes_no_chances_is_refused(
    tmp_path: Path, constants: dict[str, float]
) -> None:
    path = bright(tmp_path / "net.onnx")
    write_card(path, detector={}, constants=constants)
    assert "the gain is above 0 and the bias a number" in refused(path)[1]


def test_a_map_of_another_size_is_an_error(tmp_path: Path) -> None:
    message, hint = stumbles(bright(tmp_path / "net.onnx", smaller=True))
    assert "is (1, 1, 45, 60), expected (1, 1, 90, 120)" in message
    assert "resize the map" in hint


def test_a_map_of_two_classes_that_is_said_to_be_of_one_is_an_error(tmp_path: Path) -> None:
    message, _ = stumbles(bright(tmp_path / "net.onnx", classes=2))
    assert "is (1, 2, 90, 120), expected (1, 1, 90, 120)" in message


def test_a_network_that_needs_multiples_is_told_how_to_say_so(tmp_path: Path) -> None:
    message, hint = stumbles(bright(tmp_path / "net.onnx", stepped=True))
    assert "is (1, 1, 92, 120)" in message
    assert '"multiple"' in hint


def test_log_odds_that_are_said_to_be_chances_are_an_error(tmp_path: Path) -> None:
    message, hint = stumbles(bright(tmp_path / "net.onnx", gives="chance"))
    assert "outside 0..1" in message
    assert '"gives": "odds"' in hint


@pytest.mark.parametrize("gain", [float("nan"), float("inf")])
@pytest.mark.parametrize("gives", ["odds", "chance"])
def test_values_that_are_no_numbers_are_an_error(tmp_path: Path, gain: float, gives: str) -> None:
    message, hint = stumbles(bright(tmp_path / "net.onnx", gain=gain, gives=gives))
    assert "no finite numbers" in message
    assert '"mean" and "std"' in hint


def test_a_score_of_many_numbers_is_an_error(tmp_path: Path) -> None:
    message, hint = stumbles(bright(tmp_path / "net.onnx", score="odds"))
    assert "a score is one number" in message
    assert 'leave out "score"' in hint


def test_a_network_that_cannot_be_run_on_a_picture_says_so_and_nothing_else(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from onnx import TensorProto, helper

    def free(name: str) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 3, "H", "W"])

    graph = helper.make_graph(
        [helper.make_node("Concat", ["picture", "fixed"], ["odds"], axis=1)],
        "only one size",
        [free("picture")],
        [free("odds")],
        [helper.make_tensor("fixed", TensorProto.FLOAT, [1, 1, 8, 8], np.zeros(64))],
    )
    message, hint = stumbles(written(tmp_path / "net.onnx", graph))
    assert "cannot be run on 120x90 pixels" in message
    assert '"side"' in hint
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "make",
    [
        lambda: PICTURE[..., 0],
        lambda: PICTURE.astype(np.float32),
        lambda: PICTURE[:0],
        lambda: np.zeros((4, 4, 4), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, make: Callable[[], np.ndarray]) -> None:
    detector = OnnxDetector(bright(tmp_path / "net.onnx"))
    with pytest.raises(InputError, match=r"a picture is \(H, W, 3\) uint8"):
        detector.detect(make())
