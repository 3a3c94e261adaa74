"""Transformers of others, a layer at a time, are what transformers itself makes of a picture."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="networks are of torch")
transformers = pytest.importorskip("transformers", reason="these backbones are transformers'")

from maskwright.errors import InputError, SettingError  # noqa: E402
from maskwright.learning.networks.trunks import Trunk, trunk_of  # noqa: E402
from tests.learning import tiny  # noqa: E402
from tests.learning.networks import pictures  # noqa: E402

pytestmark = pytest.mark.slow

SIDES = {"dinov2": 42, "dinov2_with_registers": 42, "dinov3_vit": 96, "vit": 96, "sam": 64}
"""A side; none but SAM's, which transformers takes at one size only, is that of the positions in the file."""
NORMS = {"dinov3_vit": "norm", "sam": ""}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    makers = {**tiny.DINOS, "vit": tiny.vit, "sam": tiny.sam}
    return {kind: tiny.written(tmp_path_factory.mktemp(kind), makers[kind]()) for kind in SIDES}


def by_hand(kind: str, folder: Path, picture: Any) -> tuple[list[Any], Any]:
    """Hidden states of transformers' own model, patches and what stands before them, and its last norm."""
    mean, std = (torch.tensor(each)[None, :, None, None] for each in (tiny.MEAN, tiny.STD))
    planes = (picture / 255 - mean) / std
    settings: dict[str, Any] = {}
    if kind == "sam":
        model = transformers.SamModel.from_pretrained(folder).vision_encoder
    else:
        model = transformers.AutoModel.from_pretrained(folder)
    if kind == "vit":
        settings = {"interpolate_pos_encoding": True}
    with torch.no_grad():
        states = model.eval()(planes, output_hidden_states=True, **settings).hidden_states
    norm = NORMS.get(kind, "layernorm")
    return list(states), getattr(model, norm) if norm else torch.nn.Identity()


@pytest.mark.parametrize("kind", SIDES)
def test_every_layer_says_what_transformers_says(folders: dict[str, Path], kind: str) -> None:
    picture = pictures(SIDES[kind])
    states, norm = by_hand(kind, folders[kind], picture)
    trunk = trunk_of(str(folders[kind]), side=SIDES[kind])
    cells = trunk.grid**2

    with torch.no_grad():
        ours = trunk.begun(trunk.normal(picture))
        for place in range(trunk.depth):
            ours = trunk.through(place, ours)
            theirs = norm(states[place + 1].flatten(1, -2))[:, -cells:]
            level = trunk.level(ours)
            assert level.shape == (2, 16, trunk.grid, trunk.grid)
            torch.testing.assert_close(level.flatten(2).transpose(1, 2), theirs, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", SIDES)
def test_what_is_added_is_added_to_patches_alone(folders: dict[str, Path], kind: str) -> None:
    trunk = trunk_of(str(folders[kind]), side=SIDES[kind])
    states = trunk.begun(trunk.normal(pictures(SIDES[kind])))
    level = torch.arange(16.0 * trunk.grid**2).reshape(1, 16, trunk.grid, trunk.grid)

    added = trunk.added(states, level) - states

    before = added.shape[1] - trunk.grid**2
    assert not added[:, :before].any()
    for row in range(trunk.grid):
        for column in range(trunk.grid):
            torch.testing.assert_close(
                added[0, before + row * trunk.grid + column], level[0, :, row, column], atol=1e-3, rtol=1e-4
            )


def test_sam_is_taken_at_other_sides_too(folders: dict[str, Path]) -> None:
    trunk = trunk_of(str(folders["sam"]), side=96)
    states = trunk.begun(trunk.normal(pictures(96)))
    for place in range(trunk.depth):
        states = trunk.through(place, states)
    assert states.shape == (2, 36, 16)
    assert states.isfinite().all()


def test_the_side_is_a_multiple_of_the_patch_near_512_where_none_is_given(folders: dict[str, Path]) -> None:
    assert trunk_of(str(folders["dinov2"])).side == 518
    assert trunk_of(str(folders["dinov3_vit"])).side == 512


def test_a_side_that_is_no_multiple_is_refused_with_the_nearest(folders: dict[str, Path]) -> None:
    with pytest.raises(SettingError, match="no multiple of 14") as refused:
        trunk_of(str(folders["dinov2"]), side=100)
    assert refused.value.hint == "the nearest is 98"


def test_patches_that_are_no_squares_are_refused(tmp_path: Path) -> None:
    config = transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=(28, 32), patch_size=(14, 16)
    )
    folder = tiny.written(tmp_path, transformers.Dinov2Model(config))
    with pytest.raises(InputError, match="expected squares"):
        trunk_of(str(folder))


def test_the_origin_is_the_folder_and_the_start_of_its_digest(folders: dict[str, Path]) -> None:
    digest = hashlib.sha256((folders["vit"] / "model.safetensors").read_bytes()).hexdigest()
    assert trunk_of(str(folders["vit"]), side=64).origin == f"{folders['vit'].name}, sha256 {digest[:16]}"


def test_a_trunk_stays_in_evaluation_mode_and_asks_for_no_gradient(folders: dict[str, Path]) -> None:
    trunk: Trunk = trunk_of(str(folders["dinov2"]), side=42)
    trunk.train()
    assert not any(module.training for module in trunk.modules())
    assert not any(weights.requires_grad for weights in trunk.parameters())
