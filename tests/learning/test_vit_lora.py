"""vit-lora: changes of low rank start as nothing, learn beside the head, and can be put into the weights."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="networks are of torch")
transformers = pytest.importorskip("transformers", reason="its backbones are transformers'")

from maskwright.errors import InputError, SettingError  # noqa: E402
from maskwright.learning.networks.trunks import Trunk  # noqa: E402
from maskwright.learning.networks.vit_lora import VitLora, vit_lora  # noqa: E402
from maskwright.learning.pretrained import Preparation  # noqa: E402
from tests.learning import tiny  # noqa: E402
from tests.learning.networks import apart, awake, learns, pictures, rests, step  # noqa: E402

pytestmark = pytest.mark.slow

SIDES = {"dinov2": 42, "dinov2_with_registers": 42, "dinov3_vit": 64, "vit": 64}
PREPARED = Preparation(tiny.MEAN, tiny.STD, {})


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    makers = {**tiny.DINOS, "vit": tiny.vit}
    return {kind: tiny.written(tmp_path_factory.mktemp(kind), makers[kind]()) for kind in SIDES}


def small(rank: int = 4, alpha: float | None = None) -> VitLora:
    """On a DINOv3 of random weights, the same for the same settings, in evaluation mode."""
    torch.manual_seed(0)
    trunk = Trunk(tiny.dinov3_vit(), PREPARED, side=64, norm="norm")
    network = VitLora(trunk, rank=rank, alpha=alpha)
    torch.manual_seed(1)
    for layer in network.head:
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    return network.eval()


def test_new_changes_are_none() -> None:
    with_changes, without = small(), small(rank=0)
    assert with_changes(pictures(64)).std() > 0
    torch.testing.assert_close(with_changes(pictures(64)), without(pictures(64)))


def test_with_rank_0_the_head_learns_alone() -> None:
    assert {name.split(".")[0] for name in learns(small(rank=0))} == {"head"}


def test_a_step_changes_changes_and_head_and_leaves_the_model_to_the_bit() -> None:
    network = awake(small())
    before, resting = learns(network), rests(network)
    assert {name.split(".")[0] for name in before} == {"changes", "head"}
    assert any("q_proj.linear.weight" in name for name in resting)

    step(network, pictures(64))

    assert all(not torch.equal(value, before[name]) for name, value in learns(network).items())
    after = rests(network)
    assert all(torch.equal(value, after[name]) for name, value in resting.items())


@pytest.mark.parametrize("part", range(3))
def test_queries_keys_and_values_are_each_changed(part: int) -> None:
    network = small()
    before = network(pictures(64))
    with torch.no_grad():
        network.changes[1].up[part].normal_()
    assert not torch.allclose(network(pictures(64)), before, atol=1e-4)


@pytest.mark.parametrize("kind", SIDES)
def test_changes_in_the_weights_say_the_same_as_beside_them(folders: dict[str, Path], kind: str) -> None:
    torch.manual_seed(0)
    network = awake(vit_lora(str(folders[kind]), SIDES[kind], rank=4, alpha=12)).eval()
    picture = pictures(SIDES[kind])
    told = network(picture)
    bare = vit_lora(str(folders[kind]), SIDES[kind], rank=0).eval()
    bare.head.load_state_dict(network.head.state_dict())
    worth = (told - bare(picture)).abs().max()
    assert worth > 1e-4

    settled = network.settled()

    assert (settled(picture) - told).abs().max() < worth / 100
    assert not any("linear" in name for name, _ in settled.named_parameters())
    assert torch.equal(network(picture), told)  # the network itself stays as it is


def test_a_change_is_the_product_of_its_matrices_by_alpha_over_rank() -> None:
    network = awake(small(rank=4, alpha=8))
    bare = small(rank=0)
    for place, change in enumerate(network.changes):
        for part, name in enumerate(("q_proj", "k_proj", "v_proj")):
            weight = getattr(bare.trunk.layers[place].attention, name).weight
            with torch.no_grad():
                weight += 8 / 4 * (change.up[part] @ change.down)
    torch.testing.assert_close(network(pictures(64)), bare(pictures(64)), atol=1e-5, rtol=1e-4)


def test_a_copy_has_changes_of_its_own() -> None:
    network = awake(small())
    before = network(pictures(64))
    copied = copy.deepcopy(network)
    with torch.no_grad():
        copied.changes[0].up.mul_(5)
    assert torch.equal(network(pictures(64)), before)
    assert not torch.allclose(copied(pictures(64)), before, atol=1e-4)


def test_weights_have_one_name_each() -> None:
    state = small().state_dict()
    assert len({value.data_ptr() for value in state.values()}) == len(state)
    assert sum("changes" in name for name in state) == 2 * 3


@pytest.mark.parametrize(
    ("width", "depth", "rank", "published"), [(384, 12, 64, 2.0), (768, 12, 64, 5.7), (1024, 24, 32, 9.1)]
)
def test_about_as_many_numbers_learn_as_are_published(
    width: int, depth: int, rank: int, published: float
) -> None:
    config = transformers.DINOv3ViTConfig(
        hidden_size=width,
        intermediate_size=64,
        num_hidden_layers=depth,
        num_attention_heads=6 if width < 400 else 8,
    )
    with torch.device("meta"):
        trunk = Trunk(transformers.DINOv3ViTModel(config), PREPARED, norm="norm")
        learnt = sum(value.numel() for value in learns(VitLora(trunk, rank=rank)).values())
    assert learnt / 1e6 == pytest.approx(published, abs=0.06)


def test_a_rank_below_0_is_refused() -> None:
    with pytest.raises(SettingError, match="rank is -1, expected 0 or more"):
        small(rank=-1)


def test_sam_is_refused_with_what_is_known(tmp_path: Path) -> None:
    folder = tiny.written(tmp_path, tiny.sam())
    with pytest.raises(InputError, match="kind 'sam'") as refused:
        vit_lora(str(folder))
    assert "dinov3_vit" in str(refused.value.hint)


@pytest.mark.parametrize("kind", SIDES)
def test_the_onnx_file_of_what_is_settled_says_what_torch_says(
    folders: dict[str, Path], kind: str, tmp_path: Path
) -> None:
    network: Any = awake(vit_lora(str(folders[kind]), SIDES[kind], rank=4)).eval()
    assert apart(network.settled(), tmp_path, like=network) < 1e-4
