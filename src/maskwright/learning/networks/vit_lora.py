"""vit-lora: a frozen vision transformer, low-rank changes of its attention, a plain head of convolutions.

The strongest public recipe found (DINOv3-IML, arXiv 2604.16083): frozen DINOv3, LoRA of rank 32 or 64 on the
joint projection of queries, keys and values, a head of conv3, conv3, conv1; .85 F1 as a mean over the sets of
Protocol-CAT with ViT-L and rank 32. LoRA: Hu and others 2021, arXiv 2106.09685. Not public as we know it:
LoRA's alpha and the head's widths. A half and a quarter of the trunk's, with one `down` for all three
projections, make 2.0, 5.7 and 9.0 million numbers that learn on ViT-S (rank 64), ViT-B (64) and ViT-L (32);
published are 2.0, 5.7 and 9.1.
"""

from __future__ import annotations

import copy
import math
from typing import cast

import torch
from torch import Tensor, nn

from maskwright.errors import SettingError
from maskwright.learning.networks.trunks import TRANSFORMERS, Trunk, spread, trunk_of

RANK = 32
"""The smaller of the two that are published."""
KINDS = tuple(name for name in TRANSFORMERS if not name.startswith("sam"))
PROJECTIONS = (("q_proj", "k_proj", "v_proj"), ("query", "key", "value"))
"""What transformers calls the three, today and in earlier releases of its fifth version."""


def vit_lora(
    backbone: str,
    side: int | None = None,
    *,
    rank: int = RANK,
    alpha: float | None = None,
) -> VitLora:
    """The network on a backbone from this machine; see `trunk_of` for what is refused."""
    return VitLora(trunk_of(backbone, side=side, kinds=KINDS), rank=rank, alpha=alpha)


class VitLora(nn.Module):
    """Pictures in, log odds out; only the low-rank changes and the head learn.

    Args:
        trunk: frozen; it is changed, so give each network its own.
        rank: of the changes; 0 is none, and the head alone learns.
        alpha: changes count alpha / rank; None is as much as the rank, so 1, our choice.

    Attributes:
        side, whole, multiple, margin: it looks at the whole picture, made a square of `side`.
        backbone: what it stands on, for the card.

    Raises:
        SettingError: a rank below 0.
    """

    whole, margin = True, 0

    def __init__(self, trunk: Trunk, *, rank: int = RANK, alpha: float | None = None) -> None:
        super().__init__()
        if rank < 0:
            raise SettingError(
                f"rank is {rank}, expected 0 or more", hint=f"the published ones are {RANK} and 64"
            )
        self.trunk = trunk
        self.side, self.multiple, self.backbone = trunk.side, trunk.patch, trunk.origin
        scale = (rank if alpha is None else alpha) / max(rank, 1)
        self.changes = nn.ModuleList(
            LowRank(trunk.width, rank, scale) for _ in range(trunk.depth if rank else 0)
        )
        for layer, change in zip(trunk.layers, self.changes, strict=False):
            owner, names = _attention(layer)
            for part, name in enumerate(names):
                setattr(owner, name, _Changed(getattr(owner, name), cast("LowRank", change), part))
        half, quarter = max(1, trunk.width // 2), max(1, trunk.width // 4)
        self.head = nn.Sequential(
            nn.Conv2d(trunk.width, half, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(half, quarter, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(quarter, 1, 1),
        )

    def forward(self, picture: Tensor) -> Tensor:
        """(N, 3, side, side) uint8 RGB to (N, 1, side, side) float32, log odds of an edit."""
        states = self.trunk.begun(self.trunk.normal(picture))
        for place in range(self.trunk.depth):
            states = self.trunk.through(place, states)
        return spread(self.head(self.trunk.level(states)), self.side)

    def settled(self) -> VitLora:
        """A copy that computes the same with its changes in the weights: what is exported."""
        copied = copy.deepcopy(self).eval()
        for layer in copied.trunk.layers if len(copied.changes) else ():
            owner, names = _attention(layer)
            for name in names:
                setattr(owner, name, cast("_Changed", getattr(owner, name)).merged())
        copied.changes = nn.ModuleList()
        return copied


class LowRank(nn.Module):
    """A change of three projections of one width, at first nothing."""

    def __init__(self, width: int, rank: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.down = nn.Parameter(torch.empty(rank, width))
        self.up = nn.Parameter(torch.zeros(3, width, rank))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))  # as a linear layer of torch starts

    def forward(self, states: Tensor, part: int) -> Tensor:
        return self.scale * (states @ self.down.T @ self.up[part].T)


class _Changed(nn.Module):
    """A frozen projection and its part of a change that lies in the network, once for all three."""

    def __init__(self, linear: nn.Linear, change: LowRank, part: int) -> None:
        super().__init__()
        self.linear = linear
        self._change = (change,)  # in a tuple, so that it is no part of this module
        self._part = part

    def forward(self, states: Tensor) -> Tensor:
        return cast("Tensor", self.linear(states) + self._change[0](states, self._part))

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        (change,) = self._change
        self.linear.weight += change.scale * (change.up[self._part] @ change.down)
        return self.linear


def _attention(layer: nn.Module) -> tuple[nn.Module, tuple[str, str, str]]:
    """The module of a layer that holds the three projections, and their names."""
    return next(
        (module, names)
        for names in PROJECTIONS
        for module in layer.modules()
        if all(hasattr(module, name) for name in names)
    )
