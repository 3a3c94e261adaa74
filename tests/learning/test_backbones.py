"""DINOv2 and DINOv3: what features are. How weights are found and refused is in test_pretrained.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="backbones run on torch")
transformers = pytest.importorskip("transformers", reason="DINO is a network of transformers'")

from maskwright.errors import InputError, SettingError  # noqa: E402
from maskwright.learning.backbones import Dino  # noqa: E402
from maskwright.masks.annotators.backbones import Backbone, load_backbone  # noqa: E402
from tests.contracts.backbone import BackboneContract  # noqa: E402
from tests.learning import tiny  # noqa: E402

pytestmark = pytest.mark.slow


PATCH = {"dinov2": 14, "dinov2_with_registers": 14, "dinov3_vit": 16, "dinov3_convnext": 32}
"""What the sides of a resized picture are multiples of."""
VITS = [kind for kind in tiny.DINOS if kind != "dinov3_convnext"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder a kind."""
    return {kind: tiny.written(tmp_path_factory.mktemp(kind), made()) for kind, made in tiny.DINOS.items()}


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def states_by_hand(folder: Path, name: str, picture: np.ndarray) -> tuple[Any, Any]:
    """The network as transformers gives it, and its hidden states for a picture that needs no resizing."""
    model = getattr(transformers, name).from_pretrained(folder).eval()
    planes = np.empty((1, 3, *picture.shape[:2]), np.float32)
    for channel in range(3):
        planes[0, channel] = (picture[..., channel] / 255 - tiny.MEAN[channel]) / tiny.STD[channel]
    with torch.no_grad():
        return model, model(torch.from_numpy(planes), output_hidden_states=True).hidden_states


@pytest.mark.parametrize(
    ("kind", "name", "norm", "others"),
    [
        ("dinov2", "Dinov2Model", "layernorm", 1),
        ("dinov2_with_registers", "Dinov2WithRegistersModel", "layernorm", 5),
        ("dinov3_vit", "DINOv3ViTModel", "norm", 5),
    ],
)
def test_each_feature_is_the_normed_token_of_its_patch(
    folders: dict[str, Path], kind: str, name: str, norm: str, others: int
) -> None:
    rows, columns = 3, 7
    picture = noise(rows * PATCH[kind], columns * PATCH[kind])
    model, states = states_by_hand(folders[kind], name, picture)
    assert states[1].shape[1] == others + rows * columns

    found = Dino(str(folders[kind])).features([picture])[0]

    assert len(found) == 3
    for layer, grid in enumerate(found, start=1):
        assert grid.shape == (16, rows, columns)
        assert grid.dtype == np.float32
        for row in range(rows):
            for column in range(columns):
                with torch.no_grad():
                    token = getattr(model, norm)(states[layer][0, others + row * columns + column])
                np.testing.assert_allclose(grid[:, row, column], token.numpy(), atol=1e-4)


def test_a_convnext_gives_its_stages_and_norms_the_last(folders: dict[str, Path]) -> None:
    picture = noise(64, 96)
    model, states = states_by_hand(folders["dinov3_convnext"], "DINOv3ConvNextModel", picture)

    backbone = Dino(str(folders["dinov3_convnext"]))
    found = backbone.features([picture])[0]

    assert backbone.strides == (4, 8, 16, 32)
    assert [grid.shape for grid in found] == [(8, 16, 24), (8, 8, 12), (16, 4, 6), (16, 2, 3)]
    for stage in range(3):
        np.testing.assert_allclose(found[stage], states[stage + 1][0].numpy(), atol=1e-4)
    with torch.no_grad():
        corner = model.layer_norm(states[4][0, :, 1, 2])
    np.testing.assert_allclose(found[3][:, 1, 2], corner.numpy(), atol=1e-4)


@pytest.mark.parametrize("kind", tiny.DINOS)
def test_a_change_in_a_corner_changes_most_the_features_of_that_corner(
    folders: dict[str, Path], kind: str
) -> None:
    picture = noise(4 * PATCH[kind], 6 * PATCH[kind])
    changed = picture.copy()
    changed[-PATCH[kind] :, : PATCH[kind]] = 255
    backbone = Dino(str(folders[kind]), layers=[1])

    (first,), (second,) = backbone.features([picture, changed])

    apart = np.abs(first - second).sum(axis=0)
    row, column = np.unravel_index(apart.argmax(), apart.shape)
    assert row * backbone.strides[0] // PATCH[kind] == 3
    assert column * backbone.strides[0] // PATCH[kind] == 0


@pytest.mark.parametrize("kind", tiny.DINOS)
@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (33, 47), (30, 900), (900, 30), (501, 333), (1400, 1401), (2, 3000)]
)
def test_a_picture_of_any_size_keeps_its_aspect_within_half_a_patch(
    folders: dict[str, Path], kind: str, height: int, width: int
) -> None:
    longest = 160
    backbone = Dino(str(folders[kind]), longest=longest)

    grids = backbone.features([noise(height, width)])[0]

    scale = min(1, longest / max(height, width))
    for grid, stride in zip(grids, backbone.strides, strict=True):
        for count, side in zip(grid.shape[1:], (height, width), strict=True):
            assert PATCH[kind] <= count * stride <= longest
            # a whole patch where the picture is less, or where half a one more would pass the longest side
            assert abs(count * stride - side * scale) <= PATCH[kind] / 2 or count * stride in (
                PATCH[kind],
                longest // PATCH[kind] * PATCH[kind],
            )
        assert np.isfinite(grid).all()


class TestDino(BackboneContract):
    @pytest.fixture(params=tiny.DINOS)
    def backbone(self, folders: dict[str, Path], request: pytest.FixtureRequest) -> Dino:
        return Dino(str(folders[request.param]), device="cpu")


def test_a_cpu_is_given_pictures_one_by_one(folders: dict[str, Path]) -> None:
    assert Dino(str(folders["dinov2"]), device="cpu").batch_size == 1


def test_four_even_depths_are_taken_where_none_are_named(tmp_path: Path) -> None:
    folder = tiny.written(tmp_path, tiny.dinov2(layers=12))
    picture = noise(28, 28)

    told = Dino(str(folder)).features([picture])[0]
    named = Dino(str(folder), layers=[3, 6, 9, 12]).features([picture])[0]

    assert len(told) == 4
    assert all(np.array_equal(one, other) for one, other in zip(told, named, strict=True))


@pytest.mark.parametrize("layers", [[], [0], [4], [2, 1], [1, 1]])
def test_layers_that_are_not_there_are_refused(folders: dict[str, Path], layers: list[int]) -> None:
    with pytest.raises(SettingError, match="from 1 to 3"):
        Dino(str(folders["dinov2"]), layers=layers)


def test_a_longest_side_below_a_patch_is_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(SettingError, match=r"a patch of .* has 16 pixels"):
        Dino(str(folders["dinov3_vit"]), longest=15)


def test_patches_that_are_no_squares_are_refused(tmp_path: Path) -> None:
    config = transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=(28, 32), patch_size=(14, 16)
    )
    folder = tiny.written(tmp_path, transformers.Dinov2Model(config))

    with pytest.raises(InputError, match="14 x 16 pixels"):
        Dino(str(folder))


@pytest.mark.parametrize("kind", tiny.DINOS)
def test_it_is_a_backbone_and_found_by_its_folder(folders: dict[str, Path], kind: str) -> None:
    backbone = load_backbone(str(folders[kind]))

    assert isinstance(backbone, Backbone)
    assert isinstance(backbone, Dino)
    assert backbone.name == folders[kind].name


def test_a_network_of_bfloat16_on_the_cpu_is_near_that_of_float32(folders: dict[str, Path]) -> None:
    """What a GPU runs, as far as a CPU can tell."""
    from maskwright.learning.pretrained import load, pretrained

    found = pretrained(str(folders["dinov2"]), ["dinov2"])
    planes = torch.randn(1, 3, 28, 42, generator=torch.Generator().manual_seed(0))
    half, whole = (load(found, "Dinov2Model", device="cpu", dtype=dtype) for dtype in ("bfloat16", "float32"))

    with torch.inference_mode():
        rough = half(planes.to(half.dtype), output_hidden_states=True).hidden_states[-1]
        exact = whole(planes, output_hidden_states=True).hidden_states[-1]

    assert rough.dtype == torch.bfloat16
    assert (rough.float() - exact).abs().max() < 0.1 * exact.abs().max()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("kind", tiny.DINOS)
def test_a_gpu_says_nearly_what_a_cpu_says(folders: dict[str, Path], kind: str) -> None:
    pictures = [noise(100, 80, seed) for seed in range(20)] + [noise(64, 200)]
    on_gpu = Dino(str(folders[kind]), device="cuda")
    assert on_gpu.batch_size > 1

    ours = on_gpu.features(pictures)
    theirs = Dino(str(folders[kind]), device="cpu").features(pictures)

    for mine, other in zip(ours, theirs, strict=True):
        for rough, exact in zip(mine, other, strict=True):
            assert rough.dtype == np.float32
            assert np.abs(rough - exact).mean() < 0.05 * np.abs(exact).mean()
