"""A detector from an ONNX file: the contract, and that the card's keys mean what they say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from maskwright.detectors.onnx import OnnxDetector
from maskwright.detectors.score import score_of
from maskwright.weights import card_path
from tests.contracts.annotator import textured
from tests.contracts.detector import DetectorContract
from tests.detectors.networks import REACH_PX, bright, chance, log_odds

PICTURE = textured(7, 120, 90)


class TestOfAnySize(DetectorContract):
    @pytest.fixture
    def detector(self, tmp_path: Path) -> OnnxDetector:
        return OnnxDetector(
            bright(
                tmp_path / "net.onnx", stepped=True, multiple=4, margin=REACH_PX, scored="seen", score="seen"
            )
        )


class TestOfTheWholePicture(DetectorContract):
    @pytest.fixture
    def detector(self, tmp_path: Path) -> OnnxDetector:
        return OnnxDetector(bright(tmp_path / "net.onnx", kind="FLOAT", size=(64, 64), batch=1, side=64))


class TestOfSquares(DetectorContract):
    @pytest.fixture
    def detector(self, tmp_path: Path) -> OnnxDetector:
        return OnnxDetector(bright(tmp_path / "net.onnx", size=(64, 64), side=64, whole=False))


def test_the_map_of_log_odds_is_their_chance(tmp_path: Path) -> None:
    found = OnnxDetector(bright(tmp_path / "net.onnx")).detect(PICTURE)
    np.testing.assert_allclose(found.map, chance(log_odds(PICTURE)), atol=1e-5)


def test_gain_and_bias_of_the_card_are_laid_on_the_log_odds(tmp_path: Path) -> None:
    path = bright(tmp_path / "net.onnx")
    card = json.loads(card_path(path).read_text())
    card_path(path).write_text(json.dumps({**card, "constants": {"odds_gain": 0.5, "odds_bias": -1.0}}))
    found = OnnxDetector(path).detect(PICTURE)
    np.testing.assert_allclose(found.map, chance(0.5 * log_odds(PICTURE) - 1), atol=1e-5)


def test_two_classes_have_the_softmax_of_the_second(tmp_path: Path) -> None:
    path = bright(tmp_path / "net.onnx", classes=2, gives="two-classes")
    found = OnnxDetector(path).detect(PICTURE)
    np.testing.assert_allclose(found.map, chance(log_odds(PICTURE)), atol=1e-5)


def test_a_map_of_chances_is_taken_as_it_is(tmp_path: Path) -> None:
    path = bright(tmp_path / "net.onnx", gain=1 / 255, middle=0, gives="chance")
    found = OnnxDetector(path).detect(PICTURE)
    np.testing.assert_allclose(found.map, PICTURE.mean(axis=2) / 255, atol=1e-5)


def test_floats_are_normalised_by_mean_and_std(tmp_path: Path) -> None:
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    path = bright(tmp_path / "net.onnx", kind="FLOAT", gain=1 / 255, middle=0, mean=mean, std=std)
    found = OnnxDetector(path).detect(PICTURE)
    fed = (PICTURE / 255 - np.array(mean)) / np.array(std)
    np.testing.assert_allclose(found.map, chance(fed.mean(axis=2)), atol=1e-5)


def test_other_names_of_input_and_output_are_found_by_the_card(tmp_path: Path) -> None:
    names = ("image", "pred_mask")
    path = bright(tmp_path / "net.onnx", names=names, input="image", output="pred_mask")
    found = OnnxDetector(path).detect(PICTURE)
    np.testing.assert_allclose(found.map, chance(log_odds(PICTURE)), atol=1e-5)


def test_the_score_is_the_networks_where_the_card_names_one(tmp_path: Path) -> None:
    found = OnnxDetector(bright(tmp_path / "net.onnx", scored="seen", score="seen")).detect(PICTURE)
    assert found.score == pytest.approx(chance(log_odds(PICTURE).mean()), abs=1e-5)


def test_the_score_is_taken_from_the_map_where_the_card_names_none(tmp_path: Path) -> None:
    found = OnnxDetector(bright(tmp_path / "net.onnx", scored="seen")).detect(PICTURE)
    assert found.score == score_of(found.map)


def test_very_large_log_odds_are_certain_and_no_warning(tmp_path: Path) -> None:
    found = OnnxDetector(bright(tmp_path / "net.onnx", gain=1e6)).detect(PICTURE)
    assert set(np.unique(found.map)) <= {np.float32(0), np.float32(0.5), np.float32(1)}


def test_the_card_is_the_one_beside_the_file(tmp_path: Path) -> None:
    path = bright(tmp_path / "net.onnx")
    assert OnnxDetector(path).card.digest == json.loads(card_path(path).read_text())["sha256"]
