"""MFPT: bands are those of torch's own transform; prompts start as nothing and learn alone; switches."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="networks are of torch")

from maskwright.errors import SettingError  # noqa: E402
from maskwright.learning.networks.mfpt import EDGES, PROMPT, Bands, Mfpt, mfpt  # noqa: E402
from maskwright.learning.networks.trunks import Trunk  # noqa: E402
from maskwright.learning.pretrained import Preparation  # noqa: E402


def bands_of_torch(picture: Any, edges: tuple[float, ...]) -> list[Any]:
    """By torch.fft, a mask a band on the shifted spectrum."""
    side = picture.shape[-1]
    each = torch.arange(side) - side // 2
    away = torch.hypot(each[:, None].double(), each[None].double())
    ends = [-1.0, *(side * math.sqrt(edge / math.pi) for edge in edges), math.inf]
    spectrum = torch.fft.fftshift(torch.fft.fft2(picture.double()), dim=(-2, -1))
    return [
        torch.fft.ifft2(torch.fft.ifftshift(spectrum * ((away > low) & (away <= high)), dim=(-2, -1)))
        for low, high in pairwise(ends)
    ]


@pytest.mark.parametrize("side", [4, 37, 64, 90])
@pytest.mark.parametrize("edges", [(), (1 / 4,), EDGES, (1 / 16, 1 / 4, 0.7)])
def test_bands_are_those_of_the_fourier_transform(side: int, edges: tuple[float, ...]) -> None:
    picture = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(side))
    expected = bands_of_torch(picture, edges)
    assert all(float(band.imag.abs().max()) < 1e-6 for band in expected)

    found = Bands(side, edges)(picture)

    assert len(found) == len(edges) + 1
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours.double(), theirs.real, atol=1e-5, rtol=0)


def test_bands_add_up_to_the_picture() -> None:
    picture = torch.randn(1, 3, 50, 50, generator=torch.Generator().manual_seed(5))
    torch.testing.assert_close(sum(Bands(50, EDGES)(picture)), picture, atol=1e-5, rtol=0)


def test_a_wave_is_in_one_band_alone() -> None:
    rows = torch.arange(64.0)[:, None].expand(64, 64)
    for turns, place in ((3, 0), (14, 1), (30, 2)):  # discs of 9.02 and 18.05 turns a side
        wave = torch.cos(2 * math.pi / 64 * turns * rows)[None, None]
        power = [float(band.square().sum()) for band in Bands(64, EDGES)(wave)]
        assert power[place] == pytest.approx(float(wave.square().sum()), rel=1e-4)
        assert sum(power) == pytest.approx(power[place], rel=1e-4)


@pytest.mark.parametrize("edges", [(0.25, 0.0625), (0.25, 0.25), (0.0,), (0.8,), (math.nan,)])
def test_edges_that_make_no_bands_are_refused(edges: tuple[float, ...]) -> None:
    with pytest.raises(SettingError, match="expected ascending shares"):
        Bands(16, edges)


transformers = pytest.importorskip("transformers", reason="its backbones are transformers'")

from tests.learning import tiny  # noqa: E402
from tests.learning.networks import apart, awake, learns, pictures, rests, step  # noqa: E402

SIDES = {"dinov2": 42, "dinov2_with_registers": 42, "dinov3_vit": 64, "vit": 64, "sam": 96}
WIDTH = 16


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    makers = {**tiny.DINOS, "vit": tiny.vit, "sam": tiny.sam}
    return {kind: tiny.written(tmp_path_factory.mktemp(kind), makers[kind]()) for kind in SIDES}


def small(**settings: Any) -> Mfpt:
    """On a DINOv3 of random weights, the same for the same settings, in evaluation mode."""
    torch.manual_seed(0)
    trunk = Trunk(tiny.dinov3_vit(), Preparation(tiny.MEAN, tiny.STD, {}), side=64, norm="norm")
    return Mfpt(trunk, width=WIDTH, **settings).eval()


def numbers(module: Any) -> int:
    return sum(value.numel() for value in learns(module).values())


@pytest.mark.slow
def test_a_new_network_says_what_the_frozen_model_says_to_its_decoder() -> None:
    prompted, bare = small(), small(prompts=False)
    bare.decoder.load_state_dict(prompted.decoder.state_dict())
    assert prompted(pictures(64)).std() > 0
    torch.testing.assert_close(prompted(pictures(64)), bare(pictures(64)))


@pytest.mark.slow
def test_prompts_of_both_kinds_change_what_is_said() -> None:
    network = small()
    before = network(pictures(64))
    network.of_picture.gain.data.fill_(1)
    by_picture = network(pictures(64))
    torch.nn.init.normal_(network.of_features[0].up.weight)
    by_features = network(pictures(64))
    assert not torch.equal(before, by_picture)
    assert not torch.equal(by_picture, by_features)


@pytest.mark.slow
def test_a_step_changes_prompts_and_decoder_and_leaves_the_model_to_the_bit() -> None:
    network = awake(small())
    before, resting = learns(network), rests(network)
    assert {name.split(".")[0] for name in before} == {"of_picture", "of_features", "decoder"}
    assert any(name.startswith("trunk.layers") for name in resting)

    step(network, pictures(64))

    assert all(not torch.equal(value, before[name]) for name, value in learns(network).items())
    after = rests(network)
    assert all(torch.equal(value, after[name]) for name, value in resting.items())


@pytest.mark.slow
def test_without_prompts_the_decoder_learns_alone() -> None:
    assert {name.split(".")[0] for name in learns(small(prompts=False))} == {"decoder"}


@pytest.mark.slow
def test_a_single_frequency_is_one_band_the_picture_itself() -> None:
    whole = small(edges=())
    planes = torch.randn(1, 3, 64, 64)
    (band,) = whole.of_picture.bands(planes)
    assert torch.equal(band, planes)
    # a band more costs patches of its own, its columns where bands are joined, and gains at each prompter
    patch, channels = 3 * 16 * 16 * PROMPT + PROMPT, PROMPT * 16
    more = 2 * (patch + channels + len(whole.of_features) * PROMPT)
    assert numbers(small()) - numbers(whole) == more


@pytest.mark.slow
def test_gains_weigh_bands_of_features() -> None:
    prompter = awake(small().of_features[0])
    level = torch.randn(1, 16, 4, 4, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        prompter.gains.copy_(torch.randn(prompter.gains.shape))
        kept = torch.zeros(1, PROMPT, 4, 4)
        for gain, band in zip(prompter.gains, bands_of_torch(prompter.down(level), EDGES), strict=True):
            kept += torch.sigmoid(gain)[:, None, None] * band.real.float()
        expected = prompter.up(torch.nn.functional.gelu(kept))
        torch.testing.assert_close(prompter(level), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.slow
def test_on_a_vit_of_common_size_less_than_eight_in_a_hundred_numbers_learn() -> None:
    config = transformers.Dinov2Config(num_hidden_layers=12)  # ViT-B
    with torch.device("meta"):
        trunk = Trunk(
            transformers.Dinov2Model(config), Preparation(tiny.MEAN, tiny.STD, {}), norm="layernorm"
        )
        network = Mfpt(trunk)
    assert network.side == 518
    whole = sum(value.numel() for value in network.parameters())
    assert 0.02 < numbers(network) / whole < 0.08


@pytest.mark.slow
def test_a_flat_picture_has_a_finite_answer() -> None:
    flat = torch.full((1, 3, 64, 64), 255, dtype=torch.uint8)
    assert awake(small())(flat).isfinite().all()


@pytest.mark.slow
@pytest.mark.parametrize("kind", SIDES)
def test_the_onnx_file_says_the_same_on_every_backbone(
    folders: dict[str, Path], kind: str, tmp_path: Path
) -> None:
    network = awake(mfpt(str(folders[kind]), SIDES[kind])).eval()
    assert network(pictures(SIDES[kind])).std() > 0.01
    assert apart(network, tmp_path) < 1e-4
