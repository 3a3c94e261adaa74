from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")
pytest.importorskip("onnx", reason="networks are exported with onnx")

from maskwright.learning.export import check, export  # noqa: E402
from maskwright.learning.networks.sam_cd import LATENT, Compared, SamCd, unlike  # noqa: E402
from maskwright.learning.sigma_train import SUMMED  # noqa: E402
from tests.learning.heads import compact, seen  # noqa: E402


@pytest.fixture(scope="module")
def network() -> SamCd:
    torch.manual_seed(0)
    return SamCd(compact())


def test_log_odds_are_on_the_planes_grid_and_latents_on_half_of_it(network: SamCd) -> None:
    planes = torch.from_numpy(np.concatenate([seen(1, 2, 3), seen(2, 2, 3)]))
    found = network.train()(planes)
    assert isinstance(found, Compared)
    assert found.odds.shape == (2, 1, 64, 96)
    assert [each.shape for each in found.latents] == [(2, LATENT, 32, 48)] * 2
    with torch.inference_mode():
        torch.testing.assert_close(network.eval()(planes), found.odds)  # group norm: no batch in it


def test_equal_pictures_have_equal_latents(network: SamCd) -> None:
    planes = torch.from_numpy(seen(1, 1, 1).copy())
    planes[:, 3:6] = planes[:, :3]
    one, two = network.train()(planes).latents
    assert torch.equal(one, two)
    assert float(one.detach().std()) > 0.01


def test_its_encoder_learns_nothing(network: SamCd) -> None:
    network.train()(torch.from_numpy(seen(1, 1, 1))).odds.sum().backward()
    assert not network.encoder.training
    assert all(weight.grad is None for weight in network.encoder.parameters())
    assert network.head.weight.grad is not None


def test_the_file_says_what_torch_says_of_two_pairs_and_of_one_of_another_size(
    network: SamCd, tmp_path: Path
) -> None:
    moving = dict.fromkeys(("planes", "odds"), (0, 2, 3))
    path = export(network.eval(), tmp_path / "a.onnx", {"planes": seen(1, 1, 1)}, moving=moving)
    two = np.concatenate([seen(1, 1, 3), seen(2, 1, 3)])
    others = [{"planes": planes} for planes in (two, seen(3, 3, 1))]
    assert check(network, path, others, as_chance=True, tolerance=SUMMED) < SUMMED


def latents(seed: int) -> torch.Tensor:
    return torch.randn(2, LATENT, 4, 6, generator=torch.Generator().manual_seed(seed))


def test_equal_latents_cost_nothing_and_others_do_not_cost_where_all_changed() -> None:
    everywhere = torch.ones(2, 1, 8, 12)
    assert float(unlike((latents(0), latents(0)), everywhere)) == pytest.approx(0, abs=1e-6)
    assert float(unlike((latents(0), latents(1)), 0 * everywhere)) == 0
    assert float(unlike((latents(0), latents(1)), everywhere)) > 0.1


def test_the_cost_of_latents_is_one_less_their_cosine_over_what_did_not_change() -> None:
    one, two = latents(0), latents(1)
    unchanged = torch.ones(2, 1, 8, 12)
    unchanged[:, :, :4] = 0
    left, right = (
        np.exp(each.numpy().astype(float)) / np.exp(each.numpy().astype(float)).sum(1, keepdims=True)
        for each in (one, two)
    )
    cosine = (left * right).sum(1) / np.linalg.norm(left, axis=1) / np.linalg.norm(right, axis=1)
    expected = (1 - cosine)[:, 2:].sum() / cosine.size  # a mean over all places, changed ones too
    assert float(unlike((one, two), unchanged)) == pytest.approx(expected, rel=1e-4)
