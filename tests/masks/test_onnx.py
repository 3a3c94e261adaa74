"""An annotator from an ONNX file: the contract, padding, and networks that are no annotators."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskwright.errors import InputError, MissingExtraError
from maskwright.masks.annotators import load_annotator
from maskwright.masks.annotators.onnx import OnnxAnnotator
from maskwright.pairs.values import Hint
from tests.contracts.annotator import AnnotatorContract, edited_pair
from tests.weights.networks import difference_network, write_card


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = difference_network(tmp_path / "tiny.onnx")
    write_card(path)
    return path


class TestOnnxAnnotator(AnnotatorContract):
    @pytest.fixture
    def annotator(self, network: Path) -> OnnxAnnotator:
        return OnnxAnnotator(network)


class TestOnnxAnnotatorOfMultiples(AnnotatorContract):
    @pytest.fixture
    def annotator(self, tmp_path: Path) -> OnnxAnnotator:
        path = difference_network(tmp_path / "blocks.onnx", block=8)
        write_card(path, constants={"multiple": 8})
        return OnnxAnnotator(path)


def test_padding_does_not_change_the_map_of_a_pointwise_network(network: Path, tmp_path: Path) -> None:
    blocks = difference_network(tmp_path / "blocks.onnx", block=8)
    write_card(blocks, constants={"multiple": 8})
    pair = edited_pair(width=101, height=77)
    plain, padded = (OnnxAnnotator(path).annotate([pair], [Hint()])[0].map for path in (network, blocks))
    np.testing.assert_array_equal(plain, padded)


def test_the_map_is_what_the_graph_says(network: Path) -> None:
    pair = edited_pair()
    (change,) = OnnxAnnotator(network).annotate([pair], [Hint()])
    difference = np.abs(pair.edited.astype(np.float64) - pair.original).mean(axis=2)
    np.testing.assert_allclose(change.map, np.clip(4 / 255 * difference, 0, 1), atol=1e-5)


def test_the_path_of_an_onnx_file_is_a_name(network: Path) -> None:
    assert load_annotator(str(network)).card.name == "tiny"


def test_a_network_without_a_card_is_no_annotator(tmp_path: Path) -> None:
    path = difference_network(tmp_path / "tiny.onnx")
    with pytest.raises(MissingExtraError, match=r"tiny\.card\.json"):
        load_annotator(str(path))


def test_a_network_with_another_output_is_no_annotator(tmp_path: Path) -> None:
    path = difference_network(tmp_path / "tiny.onnx", output="mask")
    write_card(path)
    with pytest.raises(InputError, match=r"gives mask tensor\(float\)"):
        OnnxAnnotator(path)


def test_a_layer_on_the_card_that_the_network_lacks_is_refused(network: Path) -> None:
    write_card(network, layers=["donor"])
    with pytest.raises(InputError, match="donor"):
        OnnxAnnotator(network)
