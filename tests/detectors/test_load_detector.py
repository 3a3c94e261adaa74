"""Detectors by name, by file and by class."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from maskwright.detectors import DEFAULT, DETECTORS, load_detector
from maskwright.detectors.onnx import OnnxDetector
from maskwright.errors import InputError, MissingExtraError, SettingError
from maskwright.pairs.values import Card, Detection, Picture
from maskwright.weights import shipped
from tests.contracts.detector import DetectorContract
from tests.detectors.networks import bright

HERE = "tests.detectors.test_load_detector"


class Flat:
    """Says the same of every pixel."""

    card = Card(name="flat", version="1", digest="0" * 64)

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads

    def detect(self, picture: Picture) -> Detection:
        return Detection(np.full(picture.shape[:2], 0.25, np.float32), 0.25)


class Nothing:
    """No detector."""


class TestOfAClass(DetectorContract):
    @pytest.fixture
    def detector(self) -> object:
        return load_detector(f"{HERE}:Flat")


@pytest.mark.skipif(not shipped(DEFAULT).exists(), reason="its weights are not in this copy")
class TestTheOneInTheWheel(DetectorContract):
    @pytest.fixture
    def detector(self) -> object:
        return load_detector(DEFAULT)


def test_the_path_of_an_onnx_file_is_a_name(tmp_path: Path) -> None:
    assert isinstance(load_detector(str(bright(tmp_path / "net.onnx"))), OnnxDetector)


def test_a_class_is_given_the_threads(tmp_path: Path) -> None:
    flat = load_detector(f"{HERE}:Flat", threads=3)
    assert isinstance(flat, Flat)
    assert flat.threads == 3


def test_a_class_that_is_no_detector_is_refused() -> None:
    with pytest.raises(InputError, match="is no detector"):
        load_detector(f"{HERE}:Nothing")


@pytest.mark.parametrize("name", sorted({*DETECTORS} - {DEFAULT}))
def test_a_name_without_weights_says_how_to_train_and_to_use_it(name: str) -> None:
    with pytest.raises(MissingExtraError) as raised:
        load_detector(name)
    assert f"maskwright train detector --name {name} --data DATASET --backbone " in raised.value.hint
    assert f"--detector OUT/{name}.onnx" in raised.value.hint


def test_a_name_nobody_knows_gets_the_nearest() -> None:
    with pytest.raises(SettingError) as raised:
        load_detector("vit_lora")
    assert raised.value.hint == "did you mean vit-lora?"


def test_listing_detectors_imports_no_network() -> None:
    program = "import maskwright.detectors, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"onnxruntime", "cv2", "torch"} & set(done.stdout.split())
