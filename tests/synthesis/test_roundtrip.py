from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from maskwright.errors import InputError, MaskwrightError
from maskwright.pairs.values import Picture
from maskwright.synthesis.roundtrip import KeptRoundtrip, load_roundtrip, pass_through, roundtrip
from maskwright.synthesis.steps import begin
from tests.synthesis.networks import autoencoder

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
NETWORK = DATA / "weights" / "taef2_roundtrip.onnx"
needs_network = pytest.mark.skipif(not NETWORK.exists(), reason="no autoencoder: MASKWRIGHT_DATA is not here")


class Shape:
    """Stands where a network's input says its name."""

    name = "picture"


class Echo:
    """An autoencoder that loses nothing: what comes in goes out, if its sides are multiples of 8."""

    def get_inputs(self) -> list[Shape]:
        return [Shape()]

    def run(self, names: None, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        planes = feed["picture"]
        assert planes.shape[2] % 8 == planes.shape[3] % 8 == 0
        assert planes.dtype == np.float32
        assert planes.min() >= 0
        assert planes.max() <= 1
        return [planes]


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (8, 16), (37, 50)])
def test_padding_is_cut_off_again(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    assert np.array_equal(pass_through(Echo(), picture), picture)


def test_a_kept_answer_is_given_again_for_the_same_picture_and_network(
    photo: Picture, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    again = KeptRoundtrip(autoencoder(tmp_path / "one.onnx", 0.5), folder)
    assert np.abs(again(photo) - photo / 2).max() <= 0.51
    # Put a black picture where the answer is kept: it comes back, so the network was not asked.
    (answer,) = folder.glob("*/*.png")
    Image.fromarray(np.zeros_like(photo)).save(answer)
    assert not pickle.loads(pickle.dumps(again))(photo).any()
    assert KeptRoundtrip(autoencoder(tmp_path / "two.onnx", 0.8), folder)(photo).any()
    assert again(photo[:-1]).any()


def test_a_damaged_answer_is_made_anew(photo: Picture, tmp_path: Path) -> None:
    again = KeptRoundtrip(autoencoder(tmp_path / "one.onnx", 1.0), tmp_path / "kept")
    again(photo)
    (answer,) = (tmp_path / "kept").glob("*/*.png")
    for data in (b"", b"broken"):
        answer.write_bytes(data)
        assert np.array_equal(again(photo), photo)
    assert answer.stat().st_size > 1000


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"not a network")
    for name in ("x.onnx", "nowhere.onnx"):
        with pytest.raises(MaskwrightError):
            load_roundtrip(tmp_path / name)


@needs_network
def test_a_network_of_another_shape_is_refused() -> None:
    other = DATA / "weights" / "mobilenetv2_imagenet.onnx"
    with pytest.raises(InputError, match="expected one picture in and one out"):
        load_roundtrip(other)


@needs_network
def test_a_round_trip_is_what_the_network_gives(photo: Picture) -> None:
    inside = photo[:64, :72]
    found = pass_through(load_roundtrip(NETWORK), inside)
    session = onnxruntime.InferenceSession(str(NETWORK), providers=["CPUExecutionProvider"])
    planes = inside.transpose(2, 0, 1)[None].astype(np.float32) / 255
    (theirs,) = session.run(None, {"picture": planes})
    assert np.abs(found - theirs[0].transpose(1, 2, 0) * 255).max() <= 0.51


@needs_network
def test_as_a_step_it_changes_one_side_and_no_mask(photo: Picture) -> None:
    step = roundtrip(load_roundtrip(NETWORK))
    made = step(begin(photo[:40, :40]), np.random.default_rng(0))
    assert np.array_equal(made.original, photo[:40, :40])
    assert not np.array_equal(made.edited, made.original)
    assert not made.mask.any()
