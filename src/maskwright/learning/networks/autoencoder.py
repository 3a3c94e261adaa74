"""An autoencoder of latent diffusion's shape: 8 times smaller each way, four channels, 900,000 weights."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

LATENT = 4
"""Channels in the middle, as in the autoencoder of latent diffusion (Rombach and others, 2022)."""
WIDTHS = (32, 64, 96)
"""Channels at a half, a quarter and an eighth of the size."""


class Autoencoder(nn.Module):
    """A picture in, the picture as it remembers it out; sides are multiples of 8."""

    def __init__(self) -> None:
        super().__init__()
        one, two, three = WIDTHS
        self.encoder = nn.Sequential(
            nn.Conv2d(3, one, 3, stride=2, padding=1),  # (N, 32, H/2, W/2)
            _Block(one),
            nn.Conv2d(one, two, 3, stride=2, padding=1),  # (N, 64, H/4, W/4)
            _Block(two),
            nn.Conv2d(two, three, 3, stride=2, padding=1),  # (N, 96, H/8, W/8)
            _Block(three),
            nn.Conv2d(three, LATENT, 3, padding=1),  # (N, 4, H/8, W/8)
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(LATENT, three, 3, padding=1),
            _Block(three),
            *_larger(three, two),  # (N, 64, H/4, W/4)
            _Block(two),
            *_larger(two, one),  # (N, 32, H/2, W/2)
            _Block(one),
            *_larger(one, 3),  # (N, 3, H, W)
        )

    def forward(self, picture: Tensor) -> Tensor:
        """(N, 3, H, W) float in 0..1, to the same; values leave 0..1 only while it learns."""
        again = cast("Tensor", self.decoder(self.encoder(picture * 2 - 1))).float() * 0.5 + 0.5
        return again if self.training else again.clamp(0, 1)


class _Block(nn.Module):
    """Two convolutions beside an identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, planes: Tensor) -> Tensor:
        return planes + cast("Tensor", self.inner(planes))


def _larger(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    """Twice the size each way."""
    return nn.SiLU(), nn.Conv2d(inputs, 4 * outputs, 3, padding=1), nn.PixelShuffle(2)
