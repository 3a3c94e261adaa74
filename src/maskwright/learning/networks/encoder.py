"""The compact network, frozen: as the encoder of one picture, and for what it says of a pair."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from maskwright.learning.networks.compact import Compact

NEUTRAL = (5, 64, 64, 64, 64, 64, 105, 160, 0, 0, 0, 1)
"""Planes beside the colours of two equal pictures: what is the same for all of them, and medians over
photographs of the log odds and the activity."""


class CompactEncoder(nn.Module):
    """Levels of one picture, seen beside itself; never trained, always in evaluation mode."""

    def __init__(self, compact: Compact) -> None:
        super().__init__()
        self.compact = compact.requires_grad_(False).eval()
        self.neutral: Tensor
        self.register_buffer("neutral", torch.tensor(NEUTRAL, dtype=torch.float32)[None, :, None, None])

    def train(self, mode: bool = True) -> CompactEncoder:
        """Stays as it is."""
        return super().train(False)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """(N, 3, h, w) float, 0..255 on the half grid, to the network's levels; see `Compact.levels`."""
        neutral = self.neutral.expand(picture.shape[0], -1, *picture.shape[-2:])
        with torch.no_grad():
            return self.compact.levels(torch.cat([picture, picture, neutral], 1))

    def pair(self, raw: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Log odds of a pair's planes, and the levels on the way to them."""
        with torch.no_grad():
            levels = self.compact.levels(raw)
            return self.compact.said(raw, levels), levels
