"""Backbones without torch: the contract, which outputs are layers, what is refused."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.errors import InputError, MissingExtraError, SettingError
from maskwright.masks.annotators.backbones import Backbone, load_backbone
from maskwright.masks.annotators.encoders import LONGEST_PX, CompactEncoder, CompactLevels, OnnxEncoder
from maskwright.weights import open_network, shipped
from tests.contracts.annotator import textured
from tests.contracts.backbone import BackboneContract
from tests.weights.networks import difference_network, pyramid_network, write_card


@pytest.fixture(scope="module")
def compact() -> CompactEncoder:
    return CompactEncoder()


@pytest.fixture
def pyramid(tmp_path: Path) -> Path:
    return pyramid_network(tmp_path / "pyramid.onnx")


class TestCompactEncoder(BackboneContract):
    @pytest.fixture
    def backbone(self, compact: CompactEncoder) -> Backbone:
        return compact


class TestOnnxEncoder(BackboneContract):
    @pytest.fixture
    def backbone(self, pyramid: Path) -> Backbone:
        return OnnxEncoder(pyramid)


class TestOnnxEncoderOfOneSize(BackboneContract):
    @pytest.fixture
    def backbone(self, tmp_path: Path) -> Backbone:
        return OnnxEncoder(pyramid_network(tmp_path / "fixed.onnx", size=(64, 64)))


def test_layers_are_the_means_that_the_graph_says(pyramid: Path) -> None:
    picture = textured(1, 64, 48)
    (layers,) = OnnxEncoder(pyramid).features([picture])
    scaled = picture.astype(np.float64).transpose(2, 0, 1) / 127.5 - 1
    for layer, side in zip(layers, (4, 8), strict=True):
        means = scaled.reshape(3, 48 // side, side, 64 // side, side).mean(axis=(2, 4))
        np.testing.assert_allclose(layer[:3], means, atol=1e-5)


def test_strides_are_measured(pyramid: Path) -> None:
    assert OnnxEncoder(pyramid).strides == (4, 8)


def test_a_picture_that_is_no_multiple_of_the_stride_keeps_its_last_places(pyramid: Path) -> None:
    (layers,) = OnnxEncoder(pyramid).features([textured(1, 61, 43)])
    assert [layer.shape[1:] for layer in layers] == [(11, 16), (6, 8)]


def test_a_map_narrower_than_one_before_it_is_scores_and_no_layer(tmp_path: Path) -> None:
    path = pyramid_network(tmp_path / "scores.onnx", scores=True)
    assert len(open_network(path).get_outputs()) == 4
    assert OnnxEncoder(path).strides == (4, 8)


def test_a_card_names_the_layers(pyramid: Path) -> None:
    write_card(pyramid, layers=["deep"])
    assert OnnxEncoder(pyramid).strides == (8,)


def test_a_card_that_names_a_layer_the_file_has_not_is_refused(pyramid: Path) -> None:
    write_card(pyramid, layers=["deeper"])
    with pytest.raises(InputError, match="deeper"):
        OnnxEncoder(pyramid)


def test_a_large_picture_is_seen_small(pyramid: Path) -> None:
    (layers,) = OnnxEncoder(pyramid).features([textured(1, 4 * LONGEST_PX, 64)])
    assert layers[0].shape[1:] == (4, LONGEST_PX // 4)


def test_taking_inner_layers_out_of_a_network_changes_nothing_it_said() -> None:
    plain, tapped = open_network(shipped("compact")), open_network(shipped("compact"), taps=("/body.1/",))
    planes = np.random.default_rng(0).integers(0, 256, (1, 18, 64, 96), dtype=np.uint8)
    (said,) = plain.run(["odds"], {"planes": planes})
    again, inner = tapped.run(None, {"planes": planes})
    np.testing.assert_array_equal(again, said)
    assert inner.shape == (1, 32, 16, 24)


def test_an_inner_layer_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match=r"no layer '/nowhere/'"):
        open_network(shipped("compact"), taps=("/nowhere/",))


def test_a_network_of_two_pictures_is_no_backbone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one picture") as error:
        load_backbone(str(difference_network(tmp_path / "pair.onnx")))
    assert "--annotator" in error.value.hint


def test_a_network_without_feature_maps_is_no_backbone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no feature maps"):
        load_backbone(str(pyramid_network(tmp_path / "classes.onnx", maps=False)))


@pytest.mark.parametrize("name", ["net.bin", "net.pt", "weights/net.pth", "NET.CKPT"])
def test_a_pickle_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(InputError, match="pickle") as error:
        load_backbone(name)
    assert "safetensors" in error.value.hint


def test_a_wrong_name_gets_the_nearest() -> None:
    with pytest.raises(SettingError, match="no backbone named 'compcat'") as error:
        load_backbone("compcat")
    assert error.value.hint == "did you mean compact?"


@pytest.mark.parametrize("path", ["/nowhere/dino", "./nets/a/dino", "nets/gone.onnx"])
def test_a_path_where_nothing_is_says_so(path: str) -> None:
    with pytest.raises(MissingExtraError, match=path.rsplit("/", 1)[-1]):
        load_backbone(path)


def test_a_truncated_network_is_refused(pyramid: Path) -> None:
    pyramid.write_bytes(pyramid.read_bytes()[:-40])
    with pytest.raises(InputError):
        load_backbone(str(pyramid))


def test_a_network_that_is_not_the_one_on_its_card_is_refused(pyramid: Path) -> None:
    write_card(pyramid, sha256="0" * 64)
    with pytest.raises(InputError, match="not the network on its card"):
        load_backbone(str(pyramid))


def test_a_class_that_is_no_backbone_is_refused() -> None:
    with pytest.raises(InputError, match="no backbone"):
        load_backbone("maskwright.masks.annotators.difference:Difference")


def test_a_class_of_one_s_own_is_loaded_by_its_place() -> None:
    assert load_backbone("maskwright.masks.annotators.encoders:CompactEncoder").name == "compact"


class TestCompactLevels(BackboneContract):
    @pytest.fixture
    def backbone(self) -> Backbone:
        return CompactLevels()


def test_the_levels_of_the_compact_network_are_those_that_torch_computes() -> None:
    torch = pytest.importorskip("torch")
    from maskwright.learning.frozen import compact_of
    from maskwright.learning.networks.encoder import CompactEncoder as InTorch

    picture = textured(1, 256, 128)
    (ours,) = CompactLevels().features([picture])
    half = cv2.resize(picture, (128, 64), interpolation=cv2.INTER_AREA).transpose(2, 0, 1)[None]
    theirs = InTorch(compact_of(shipped("compact")))(torch.from_numpy(half.astype(np.float32)))
    for layer, same in zip(ours, theirs, strict=True):
        # eight bits lie between our layers, none between torch's
        assert np.corrcoef(layer.ravel(), same.numpy().ravel())[0, 1] > 0.99
