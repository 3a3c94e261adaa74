"""The wheel's compact network in torch: what ONNX Runtime says, and what it sees of one picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")
pytest.importorskip("onnx", reason="networks are read with onnx")

from maskwright.errors import InputError, MissingExtraError  # noqa: E402
from maskwright.learning.export import chance, export  # noqa: E402
from maskwright.learning.frozen import compact_of  # noqa: E402
from maskwright.learning.networks.compact import Compact  # noqa: E402
from maskwright.learning.networks.encoder import CompactEncoder  # noqa: E402
from maskwright.masks.annotators.encoders import CompactLevels  # noqa: E402
from maskwright.weights import open_network, shipped  # noqa: E402
from tests.contracts.annotator import textured  # noqa: E402
from tests.learning.heads import compact, seen  # noqa: E402
from tests.weights.networks import identity_roundtrip  # noqa: E402


def test_the_wheels_network_says_in_torch_what_its_file_says() -> None:
    network = compact()
    assert not network.training
    for seed, rows, columns in ((1, 3, 5), (2, 1, 2)):
        planes = seen(seed, rows, columns)
        (theirs,) = open_network(shipped("compact")).run(None, {"planes": planes})
        with torch.inference_mode():
            ours = network(torch.from_numpy(planes)).numpy()
        assert np.ptp(chance(theirs)) > 0.9
        assert np.abs(chance(ours) - chance(theirs)).mean() < 0.01  # activations are not rounded here


def test_weights_that_were_never_rounded_come_back_exactly(tmp_path: Path) -> None:
    torch.manual_seed(3)
    made = Compact()
    torch.nn.init.normal_(made.head.weight, std=0.1)
    settled, planes = made.settled(), seen(1, 1, 1)
    moving = dict.fromkeys(("planes", "odds"), (0, 2, 3))
    path = export(settled, tmp_path / "mine.onnx", {"planes": planes}, moving=moving)
    with torch.inference_mode():
        ours, again = (network(torch.from_numpy(planes)) for network in (settled, compact_of(path)))
    torch.testing.assert_close(again, ours, rtol=0, atol=1e-5)


def test_a_network_that_is_something_else_is_refused_by_its_name(tmp_path: Path) -> None:
    other = identity_roundtrip(tmp_path / "other.onnx")
    with pytest.raises(InputError, match=r"other\.onnx is no network of `maskwright train compact`"):
        compact_of(other)
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(shipped("compact").read_bytes()[:-1000])
    with pytest.raises(InputError):
        compact_of(broken)
    with pytest.raises(MissingExtraError):
        compact_of(tmp_path / "absent.onnx")


def test_levels_of_one_picture_are_those_that_annotators_see() -> None:
    picture = textured(7, 192, 128)
    half = CompactLevels()._planes(picture)[:3]
    with torch.inference_mode():
        ours = CompactEncoder(compact())(torch.from_numpy(half[None]).float())
    (theirs,) = CompactLevels().features([picture])
    assert len(ours) == len(theirs) == 5
    for level, (one, two) in enumerate(zip(ours, theirs, strict=True)):
        assert one.shape[1:] == two.shape, level
        gap = np.abs(one[0].numpy() - two).mean() / (np.abs(two).mean() + 1e-6)
        assert gap < 0.06, level  # theirs are rounded to eight bits on the way


def test_an_encoder_cannot_be_made_to_learn() -> None:
    encoder = CompactEncoder(compact())
    assert encoder.train() is encoder
    assert not any(module.training for module in encoder.modules())
    assert not any(weight.requires_grad for weight in encoder.parameters())
    picture = torch.rand(1, 3, 32, 32, requires_grad=True)
    assert not any(level.requires_grad for level in encoder(picture))


def test_of_a_pair_it_tells_log_odds_and_levels() -> None:
    raw = torch.from_numpy(seen(1, 1, 1)).float()
    network = compact()
    odds, levels = CompactEncoder(network).pair(raw)
    with torch.inference_mode():
        assert torch.equal(odds, network(raw))
    assert [tuple(level.shape[1:]) for level in levels] == [
        (width, 16 >> place, 16 >> place) for place, width in enumerate(network.widths)
    ]
