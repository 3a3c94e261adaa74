"""Vision transformers of others inside a network of ours: frozen, a layer at a time, at one size.

DINOv2 (arXiv 2304.07193; registers 2309.16588), DINOv3 (2508.10104), ViT (2010.11929) and the encoder of SAM
(2304.02643), as transformers has them. What one adds to its patches (positions, the tokens before them) is
the same for every picture of one size, so it is computed once and held as numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from maskwright.errors import InputError, SettingError
from maskwright.learning.backbones import KINDS, Kind
from maskwright.learning.pretrained import Preparation, Pretrained, load, preparation, pretrained

SIDE = 512
"""Pixels of the square that a picture is made where nothing is said, or the nearest multiple of a patch: 518
for patches of 14. Most published detectors take 512 (research on detectors)."""
TRANSFORMERS = {
    **{name: kind for name, kind in KINDS.items() if not kind.stages},
    "vit": Kind("ViTModel", "layernorm"),
    "sam": Kind("SamModel", ""),
    "sam_vision_model": Kind("SamVisionModel", ""),
}
"""`model_type` of a config: what is taken of it. SAM's encoder has no norm of its own at its end."""


class Trunk(nn.Module):
    """A frozen transformer that pictures of one size pass through; always in evaluation mode.

    Args:
        model: of transformers, one of `TRANSFORMERS`, on the CPU.
        prepared: how it wants its pictures.
        side: of a picture, a multiple of the patch; None is the one nearest to `SIDE`.
        norm: the layer that ends it, under this name; empty where there is none.

    Attributes:
        width, depth: channels of a patch, and layers.
        patch, grid: pixels of a patch, and patches of a side.
        layers: to be called through `through`.
        origin: of the weights, see `origin_of`; empty where nobody has said it.

    Raises:
        InputError: patches are no squares.
        SettingError: `side` is no multiple of a patch.
    """

    def __init__(self, model: Any, prepared: Preparation, *, side: int | None = None, norm: str = "") -> None:
        super().__init__()
        encoder = getattr(model, "vision_encoder", model).eval().requires_grad_(False)
        config = encoder.config
        self.origin = ""
        self.width, self.depth = int(config.hidden_size), int(config.num_hidden_layers)
        self.patches = next(module for module in encoder.modules() if isinstance(module, nn.Conv2d))
        if len(set(self.patches.stride)) != 1:
            raise InputError(f"patches are {self.patches.stride} pixels, expected squares")
        self.patch = int(self.patches.stride[0])
        self.side = side_of(side, self.patch)
        self.grid = self.side // self.patch
        self.layers = next(
            module
            for module in encoder.modules()
            if isinstance(module, nn.ModuleList) and len(module) == self.depth
        )
        self.norm = getattr(encoder, norm) if norm else nn.Identity()
        self._flat = not hasattr(encoder, "patch_embed")  # SAM's layers see rows and columns
        mean, std = (255 * torch.tensor(told)[None, :, None, None] for told in (prepared.mean, prepared.std))
        constants = {"mean": mean, "std": std, **self._constants(encoder)}
        for name, value in constants.items():
            self.register_buffer(name, value, persistent=False)
        self._turned = "cos" in constants

    def train(self, mode: bool = True) -> Trunk:
        """Stays as it is."""
        return super().train(False)

    def normal(self, picture: Tensor) -> Tensor:
        """(N, 3, side, side) uint8 RGB to float, as the network wants it."""
        return normal(picture, cast("Tensor", self.mean), cast("Tensor", self.std))

    def begun(self, planes: Tensor) -> Tensor:
        """(N, 3, side, side), normal, to states before the first layer: (N, tokens, `width`)."""
        patches = self.patches(planes).flatten(2).transpose(1, 2) + self.positions
        before = cast("Tensor", self.before)
        return torch.cat([before.expand(patches.shape[0], -1, -1), patches], 1)

    def through(self, place: int, states: Tensor) -> Tensor:
        """States behind the layer of this place, from 0."""
        layer = self.layers[place]
        if not self._flat:
            rows = states.reshape(-1, self.grid, self.grid, self.width)
            return cast("Tensor", layer(rows)).flatten(1, 2)
        told = {"position_embeddings": (self.cos, self.sin)} if self._turned else {}
        return cast("Tensor", layer(states, **told))

    def level(self, states: Tensor) -> Tensor:
        """What states say of the patches, normed as the network's end is: (N, `width`, grid, grid)."""
        patches = cast("Tensor", self.norm(states))[:, self._before :]
        return patches.transpose(1, 2).reshape(-1, self.width, self.grid, self.grid)

    def added(self, states: Tensor, level: Tensor) -> Tensor:
        """States with (N, `width`, grid, grid) added to those of the patches."""
        patches = states[:, self._before :] + level.flatten(2).transpose(1, 2)
        return torch.cat([states[:, : self._before], patches], 1)

    @property
    def _before(self) -> int:
        """Tokens that are no patch."""
        return cast("Tensor", self.before).shape[1]

    @torch.no_grad()
    def _constants(self, encoder: Any) -> dict[str, Tensor]:
        nothing = torch.zeros(1, 3, self.side, self.side)
        bare = self.patches(nothing).flatten(2).transpose(1, 2)
        if not self._flat:
            positions = encoder.pos_embed
            if positions is None:
                return {"before": bare[:, :0], "positions": torch.zeros(1, 1, self.width)}
            size = (self.grid, self.grid)
            resized = functional.interpolate(positions.permute(0, 3, 1, 2), size, mode="bicubic")
            return {"before": bare[:, :0], "positions": resized.flatten(2).transpose(1, 2)}
        whole = encoder.config.model_type == "vit"
        given = encoder.embeddings(nothing, **({"interpolate_pos_encoding": True} if whole else {}))
        tokens = given.shape[1] - bare.shape[1]
        found = {"before": given[:, :tokens], "positions": given[:, tokens:] - bare}
        if hasattr(encoder, "rope_embeddings"):
            found["cos"], found["sin"] = encoder.rope_embeddings(nothing)
        return {name: value.clone() for name, value in found.items()}


def trunk_of(spec: str, *, side: int | None = None, kinds: tuple[str, ...] = tuple(TRANSFORMERS)) -> Trunk:
    """A transformer from this machine.

    Args:
        spec: a folder in the hub's layout, or a hub id whose files are in the hub's cache.
        side: as for `Trunk`.
        kinds: those of `TRANSFORMERS` that are meant.

    Raises:
        MissingExtraError, InputError: see `pretrained`, `load` and `preparation`.
        SettingError: `side` is no multiple of a patch.
    """
    found = pretrained(spec, kinds)
    kind = TRANSFORMERS[found.kind]
    # of a ViT that tells classes apart there is no pooling layer, and none is needed
    settings: dict[str, Any] = {"add_pooling_layer": False} if found.kind == "vit" else {}
    model = load(found, kind.model, device="cpu", **settings)
    trunk = Trunk(model, preparation(found.folder), side=side, norm=kind.norm)
    trunk.origin = origin_of(found)
    return trunk


def origin_of(found: Pretrained) -> str:
    """The name and the digest of weights, in words for a card."""
    return f"{Path(found.spec).name or found.folder.resolve().name}, sha256 {found.digest[:16]}"


def side_of(side: int | None, multiple: int) -> int:
    """The side itself, or the multiple nearest to `SIDE`.

    Raises:
        SettingError: it is no multiple.

    >>> side_of(None, 14)
    518
    """
    nearest = max(1, round((SIDE if side is None else side) / multiple)) * multiple
    if side is not None and side != nearest:
        raise SettingError(
            f"a side of {side} pixels is no multiple of {multiple}", hint=f"the nearest is {nearest}"
        )
    return nearest


def normal(picture: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """(N, 3, h, w) uint8 to float; mean and std (1, 3, 1, 1) in grey levels."""
    return (picture.float() - mean) / std


def spread(odds: Tensor, side: int) -> Tensor:
    """(N, 1, h, w) to (N, 1, side, side) float32, bilinear."""
    return functional.interpolate(odds.float(), size=(side, side), mode="bilinear", align_corners=False)


class ChannelNorm(nn.LayerNorm):
    """Norms the channels of each place, (N, C, h, w): nothing depends on the batch or on other places."""

    def forward(self, level: Tensor) -> Tensor:
        return super().forward(level.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def conv(inputs: int, outputs: int, size: int = 3, *, dilation: int = 1) -> nn.Sequential:
    """A convolution that keeps the size, a norm of channels, ReLU."""
    padding = size // 2 * dilation
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, padding=padding, dilation=dilation, bias=False),
        ChannelNorm(outputs),
        nn.ReLU(),
    )
