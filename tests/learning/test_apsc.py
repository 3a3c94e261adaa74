"""APSC-Net: sums by weights of the picture, attention from the map's own kernel, loss on hard pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are of torch")

from torch.nn import functional  # noqa: E402

from maskwright.errors import InputError, SettingError  # noqa: E402
from maskwright.learning.networks.apsc import (  # noqa: E402
    KERNEL,
    LEAST,
    Apsc,
    Attention,
    Pyramid,
    apsc,
    hard_loss,
)
from maskwright.learning.pretrained import Preparation  # noqa: E402

SIZES = [4, 6, 8, 8]


def drawn(*shape: int, seed: int = 0) -> Any:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def levels(seed: int = 0) -> list[Any]:
    return [drawn(2, size, 16 >> place, 16 >> place, seed=seed + place) for place, size in enumerate(SIZES)]


def summed(pyramid: Pyramid, weights: list[Any]) -> list[Any]:
    """Each level by hand: those from it on, enlarged, by weights (N, count)."""
    with torch.no_grad():
        flat = [lateral(level) for lateral, level in zip(pyramid.lateral, levels(), strict=True)]
        made = []
        for place in range(4):
            size = flat[place].shape[-2:]
            enlarged = [functional.interpolate(each, size, mode="bilinear") for each in flat[place:]]
            made.append(
                sum(weights[place][:, at, None, None, None] * each for at, each in enumerate(enlarged))
            )
        return made


def test_without_perception_a_level_is_the_plain_sum_of_itself_and_coarser_ones() -> None:
    pyramid = Pyramid(SIZES, 8, weighted=False)
    expected = summed(pyramid, [torch.ones(2, 4 - place) for place in range(4)])
    for ours, theirs in zip(pyramid(levels()), expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_with_perception_weights_follow_from_means_of_the_levels_summed() -> None:
    torch.manual_seed(0)
    pyramid = Pyramid(SIZES, 8, weighted=True)
    with torch.no_grad():
        means = [
            lateral(level).mean((2, 3)) for lateral, level in zip(pyramid.lateral, levels(), strict=True)
        ]
        weights = []
        for place in range(4):
            first, _, second, _ = pyramid.weigh[place]
            hidden = torch.cat(means[place:], 1) @ first.weight.T + first.bias
            weights.append(torch.sigmoid(hidden.clamp(min=0) @ second.weight.T + second.bias))
    assert all(float(each.std(0).max()) > 0 for each in weights)  # pictures differ in them
    for ours, theirs in zip(pyramid(levels()), summed(pyramid, weights), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_attention_is_the_map_run_over_by_its_own_kernel_and_nowhere_below_the_map() -> None:
    torch.manual_seed(0)
    attend = Attention(64)
    chance = torch.rand(3, 1, 40, 40)
    with torch.no_grad():
        found = attend(chance)
        for picture in range(3):
            one = chance[picture : picture + 1]
            kernel = attend.kernel(attend.shrink(one).mean((2, 3))).reshape(1, 1, KERNEL, KERNEL)
            run = functional.conv2d(one, kernel, padding=KERNEL // 2)
            stretched = (run - run.min()) / (run.max() - run.min() + 1e-3)
            torch.testing.assert_close(found[picture], torch.maximum(stretched, one)[0], atol=1e-4, rtol=1e-3)
    assert bool((found >= chance).all())
    assert float(found.max()) <= 1


def hard_by_sorting(odds: np.ndarray, mask: np.ndarray, ignore: np.ndarray) -> float:
    """Pixel after pixel: chances of the true class, sorted; those below 0.7, or the hardest share."""
    chances = []
    for place in np.ndindex(odds.shape):
        if ignore[place] < 0.5:
            edited = 1 / (1 + np.exp(-odds[place]))
            chances.append(edited if mask[place] >= 0.5 else 1 - edited)
    chances.sort()
    least = max(1, round(100_000 / (2 * 512 * 512) * len(chances)))
    kept = [chance for chance in chances if chance <= max(0.7, chances[least - 1])]
    return float(-np.log(kept).mean())


@pytest.mark.parametrize("shift", [0.0, 6.0])
def test_the_loss_is_that_of_the_hardest_pixels(shift: float) -> None:
    rng = np.random.default_rng(3)
    mask, ignore = (rng.random((2, 1, 24, 24)) > edge for edge in (0.6, 0.9))
    odds = rng.normal(0, 1, mask.shape) + np.where(mask, shift, -shift)
    sure = np.mean(np.where(mask, odds, -odds)[~ignore] > np.log(0.7 / 0.3))
    assert (sure > 1 - LEAST) == (shift > 0)  # the first has many hard ones, the second has to take the least

    given = [torch.from_numpy(each.astype(np.float32)) for each in (odds, mask, ignore)]

    assert float(hard_loss(*given)) == pytest.approx(hard_by_sorting(odds, mask, ignore), rel=1e-4)


def test_where_nothing_counts_the_loss_is_0_and_has_a_gradient() -> None:
    odds = torch.ones(1, 1, 4, 4, requires_grad=True)
    loss = hard_loss(odds, torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 4, 4))
    loss.backward()
    assert float(loss.detach()) == 0
    assert odds.grad is not None
    assert not odds.grad.any()


transformers = pytest.importorskip("transformers", reason="its backbones are transformers'")

from tests.learning import tiny  # noqa: E402
from tests.learning.networks import apart, awake, learns, pictures, step  # noqa: E402

SIDE = 128


def small(**settings: Any) -> Apsc:
    """On a ConvNeXt of random weights, the same for the same settings, in evaluation mode."""
    torch.manual_seed(0)
    prepared = Preparation(tiny.MEAN, tiny.STD, {})
    return Apsc(tiny.convnext().convnext, prepared, side=SIDE, width=16, **settings).eval()


@pytest.mark.slow
def test_while_it_learns_auxiliary_maps_stand_behind_the_map() -> None:
    network = small()
    told = network.train()(pictures(SIDE))
    assert told.shape == (2, 4, SIDE, SIDE)
    torch.testing.assert_close(network.eval()(pictures(SIDE)), told[:, :1])


@pytest.mark.slow
def test_without_calibration_features_are_decoded_once_and_nothing_attends() -> None:
    network = small(rounds=0)
    assert network.attend is None
    assert network.merge is None
    assert network.train()(pictures(SIDE)).shape == (2, 2, SIDE, SIDE)
    names = {name.split(".")[0] for name in learns(small())}
    assert names - {name.split(".")[0] for name in learns(network)} == {"attend", "merge"}


@pytest.mark.slow
def test_rounds_change_what_is_said() -> None:
    one, three = small(rounds=1), small(rounds=3)
    one.load_state_dict(three.state_dict(), strict=False)
    assert not torch.allclose(one(pictures(SIDE)), three(pictures(SIDE)), atol=1e-4)


@pytest.mark.slow
def test_without_perception_there_are_no_weights_of_sums() -> None:
    assert any(name.startswith("pyramid.weigh") for name in learns(small()))
    assert not any(name.startswith("pyramid.weigh") for name in learns(small(perception=False)))


@pytest.mark.slow
def test_a_step_changes_all_of_it_the_backbone_too() -> None:
    network = awake(small())
    before = learns(network)
    assert any(name.startswith("stages") for name in before)
    step(network, pictures(SIDE))
    assert [name for name, value in learns(network).items() if torch.equal(value, before[name])] == []


@pytest.mark.slow
def test_stages_are_those_of_transformers(tmp_path: Path) -> None:
    folder = tiny.written(tmp_path, tiny.convnext())
    network = apsc(str(folder), SIDE).eval()
    mean, std = (torch.tensor(each)[None, :, None, None] for each in (tiny.MEAN, tiny.STD))
    planes = (pictures(SIDE) / 255 - mean) / std
    model = transformers.ConvNextModel.from_pretrained(folder).eval()
    with torch.no_grad():
        level = network.stem(planes)
        for stage, theirs in zip(
            network.stages, model(planes, output_hidden_states=True).hidden_states[1:], strict=True
        ):
            level = stage(level)
            torch.testing.assert_close(level, theirs)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["convnext", "dinov3_convnext", "upernet"])
def test_the_onnx_file_says_the_same_on_every_backbone(kind: str, tmp_path: Path) -> None:
    folder = tiny.written(tmp_path / "backbone", getattr(tiny, kind)())
    network = awake(apsc(str(folder), SIDE, width=16)).eval()
    assert network.side == SIDE
    assert network(pictures(SIDE)).std() > 0.01
    assert apart(network, tmp_path) < 1e-4


@pytest.mark.slow
def test_a_upernet_on_another_backbone_is_refused(tmp_path: Path) -> None:
    swin = transformers.SwinConfig(
        embed_dim=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2],
        image_size=64,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    folder = tiny.written(tmp_path, tiny.upernet(swin))
    with pytest.raises(InputError, match="a UPerNet on a swin"):
        apsc(str(folder), SIDE)


@pytest.mark.slow
def test_a_side_that_is_no_multiple_of_32_is_refused(tmp_path: Path) -> None:
    folder = tiny.written(tmp_path, tiny.convnext())
    with pytest.raises(SettingError, match="no multiple of 32"):
        apsc(str(folder), 100)
