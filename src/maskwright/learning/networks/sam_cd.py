"""SAM-CD's head on a frozen encoder: the annotator of DEAL-300K, with another trunk than FastSAM.

After Ding and others (arXiv 2309.01429), as its code does it: adapters, a decoder that both pictures pass
through, a latent of eight channels a picture that should be alike where nothing changed, and residual blocks
on both decoded pictures, times an attention that sees both latents. Trunk, widths and the number of layers
follow the backbone; group norm stands for batch norm, so that nothing depends on the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from maskwright.learning.networks.compact import Compact
from maskwright.learning.networks.encoder import CompactEncoder

LATENT = 8
WIDTH = 64
"""Channels of a decoded picture."""
BLOCKS = 6
GROUPS = 8


class Compared(NamedTuple):
    """What training asks of the network.

    Args:
        odds: (N, 1, h, w) log odds of a change.
        latents: (N, 8, h/2, w/2) of either picture.
    """

    odds: Tensor
    latents: tuple[Tensor, Tensor]


class SamCd(nn.Module):
    """Planes of a pair in, log odds of a change out; the trunk is the compact network's encoder, frozen."""

    def __init__(self, compact: Compact) -> None:
        super().__init__()
        self.encoder = CompactEncoder(compact)
        widths = compact.widths
        kept = [max(16, width // 2 // GROUPS * GROUPS) for width in widths]
        self.adapt = nn.ModuleList(_one(width, less) for width, less in zip(widths, kept, strict=True))
        self.join = nn.ModuleList(
            nn.Sequential(_three(coarse + fine, fine), _three(fine, fine)) for fine, coarse in pairwise(kept)
        )
        self.last = _three(kept[0], WIDTH)
        self.latent = nn.Conv2d(WIDTH, LATENT, 1)
        self.attend = nn.Sequential(_one(2 * LATENT, GROUPS), nn.Conv2d(GROUPS, 16, 1), nn.Sigmoid())
        self.change = nn.Sequential(
            nn.Conv2d(2 * WIDTH, WIDTH, 1), *(_Residual(WIDTH) for _ in range(BLOCKS)), _one(WIDTH, 16)
        )
        self.head = nn.Conv2d(16, 1, 1)

    def forward(self, planes: Tensor) -> Tensor | Compared:
        """(N, C, h, w) uint8, as the compact network's, to (N, 1, h, w); while it learns, to `Compared`."""
        raw = planes.float()
        before, after = (self._decoded(self.encoder(raw[:, place : place + 3])) for place in (0, 3))
        latents = self.latent(before), self.latent(after)
        change = self.change(torch.cat([before, after], 1)) * self.attend(torch.cat(latents, 1))
        odds = functional.interpolate(
            self.head(change).float(), scale_factor=2.0, mode="bilinear", align_corners=False
        )
        return Compared(odds, latents) if self.training else odds

    def _decoded(self, layers: Sequence[Tensor]) -> Tensor:
        adapted = [adapt(layer) for adapt, layer in zip(self.adapt, layers, strict=True)]
        level = adapted[-1]
        for fine, join in zip(adapted[-2::-1], list(self.join)[::-1], strict=True):
            level = functional.interpolate(level, size=fine.shape[-2:], mode="bilinear", align_corners=False)
            level = join(torch.cat([level, fine], 1))
        return cast("Tensor", self.last(level))


def unlike(latents: tuple[Tensor, Tensor], unchanged: Tensor) -> Tensor:
    """Its loss on latents: mean over all places of 1 - cosine of their softmaxes, where nothing changed.

    Args:
        unchanged: (N, 1, h, w) in 0..1.
    """
    one, two = (each.float().softmax(1) for each in latents)
    distance = 1 - functional.cosine_similarity(one, two, dim=1)[:, None]
    there = functional.interpolate(unchanged, size=distance.shape[-2:], mode="bilinear", align_corners=False)
    return (distance * there).mean()


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            _three(width, width), nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(GROUPS, width)
        )

    def forward(self, level: Tensor) -> Tensor:
        return functional.relu(level + cast("Tensor", self.inner(level)))


def _one(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1), nn.GroupNorm(GROUPS, outputs), nn.ReLU())


def _three(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.GroupNorm(GROUPS, outputs), nn.ReLU())
