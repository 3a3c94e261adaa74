"""MFPT: prompts of several frequency bands in a frozen vision foundation model (DEAL-300K, arXiv 2511.23377).

Published are the idea (a frozen foundation model; a Frequency Input Prompter that sees the picture, Feature
Frequency Prompters that see features, in several bands) and its scores; neither code nor weights. The model,
where the bands are cut, where prompts enter, the decoder and the loss are not public: they are our choice, in
the manner of EVP (Liu and others 2023, Explicit Visual Prompting), said where each is made.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from maskwright.errors import SettingError
from maskwright.learning.backbones import chosen_layers
from maskwright.learning.networks.trunks import Trunk, conv, spread, trunk_of

EDGES = (1 / 16, 1 / 4)
"""Bands end at discs that hold these shares of the spectrum: low, middle, high. EVP cuts once, at a square of
1/4; the second cut is our choice."""
PROMPT = 64
"""Channels of a band in the Frequency Input Prompter, and of a Feature Frequency Prompter. Our choice."""
DECODER = 256
QUIET = 0.02
"""Added to what a band is divided by, in deviations of a picture: about a grey level, so that the rounding of
a flat picture is no band. Our choice."""


def mfpt(
    backbone: str,
    side: int | None = None,
    *,
    prompts: bool = True,
    edges: Sequence[float] = EDGES,
) -> Mfpt:
    """The network on a backbone from this machine; see `trunk_of` for what it may be and what is refused."""
    return Mfpt(trunk_of(backbone, side=side), prompts=prompts, edges=edges)


class Mfpt(nn.Module):
    """Pictures in, log odds out; only prompts and decoder learn.

    Args:
        trunk: frozen.
        prompts: off, the frozen model and the decoder are left.
        edges: shares of the spectrum at which bands end, ascending; none is a single band, the whole.
        width: channels of the decoder.

    Attributes:
        side, whole, multiple, margin: it looks at the whole picture, made a square of `side`.
        backbone: what it stands on, for the card.
    """

    whole, margin = True, 0

    def __init__(
        self,
        trunk: Trunk,
        *,
        prompts: bool = True,
        edges: Sequence[float] = EDGES,
        width: int = DECODER,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.side, self.multiple, self.backbone = trunk.side, trunk.patch, trunk.origin
        self.places = tuple(layer - 1 for layer in chosen_layers(None, trunk.depth))
        self.of_picture = InputPrompter(trunk, edges) if prompts else None
        self.of_features = nn.ModuleList(
            FeaturePrompter(trunk, edges) for _ in (self.places if prompts else ())
        )
        self.decoder = nn.Sequential(
            conv(len(self.places) * trunk.width, width, 1),
            conv(width, width),
            conv(width, width),
            nn.Conv2d(width, 1, 1),
        )

    def forward(self, picture: Tensor) -> Tensor:
        """(N, 3, side, side) uint8 RGB to (N, 1, side, side) float32, log odds of an edit."""
        trunk = self.trunk
        planes = trunk.normal(picture)
        states = trunk.begun(planes)
        if self.of_picture is not None:
            states = trunk.added(states, self.of_picture(planes))
        levels = []
        for place in range(trunk.depth):
            if place in self.places and len(self.of_features):
                prompter = self.of_features[self.places.index(place)]
                states = trunk.added(states, prompter(trunk.level(states)))
            states = trunk.through(place, states)
            if place in self.places:
                levels.append(trunk.level(states))
        return spread(self.decoder(torch.cat(levels, 1)), self.side)


class InputPrompter(nn.Module):
    """Bands of the picture, each through patches of its own, as one prompt beside the embedded patches.

    The gain starts at zero: training begins at the model as it is.
    """

    def __init__(self, trunk: Trunk, edges: Sequence[float]) -> None:
        super().__init__()
        self.bands = Bands(trunk.side, edges)
        count = len(edges) + 1
        self.see = nn.ModuleList(nn.Conv2d(3, PROMPT, trunk.patch, stride=trunk.patch) for _ in range(count))
        self.join = nn.Conv2d(count * PROMPT, trunk.width, 1)
        self.gain = nn.Parameter(torch.zeros(()))

    def forward(self, planes: Tensor) -> Tensor:
        """(N, 3, side, side) to (N, width, grid, grid)."""
        bands = [_of_one_power(band) for band in self.bands(planes)]
        seen = [see(band) for see, band in zip(self.see, bands, strict=True)]
        return self.gain * cast("Tensor", self.join(torch.cat(seen, 1)))


class FeaturePrompter(nn.Module):
    """Features in few channels, each band of them by a gain that is learnt, as a prompt; at first nothing."""

    def __init__(self, trunk: Trunk, edges: Sequence[float]) -> None:
        super().__init__()
        self.bands = Bands(trunk.grid, edges)
        self.down = nn.Conv2d(trunk.width, PROMPT, 1)
        self.gains = nn.Parameter(torch.zeros(len(edges) + 1, PROMPT))
        self.up = nn.Conv2d(PROMPT, trunk.width, 1)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(cast("Tensor", self.up.bias))

    def forward(self, level: Tensor) -> Tensor:
        """(N, width, grid, grid) to the same."""
        bands = self.bands(self.down(level))
        gains = self.gains.sigmoid()[:, None, :, None, None].unbind()
        kept = cast("Tensor", sum(gain * band for gain, band in zip(gains, bands, strict=True)))
        return cast("Tensor", self.up(functional.gelu(kept)))


class Bands(nn.Module):
    """A picture as the sum of bands of frequencies, told apart by their distance from none.

    Fourier transforms are written as products with matrices of cosines and sines, since ONNX of opset 17 and
    torch's exporter of graphs have no other way. Only frequencies within the largest disc are computed; the
    last band is what is left. The bands add up to the picture.

    Args:
        side: of the square; products of matrices cost side^3.
        edges: discs by their share of the spectrum, ascending, below pi / 4, where a disc meets its border.

    Raises:
        SettingError: such edges make no bands.
    """

    def __init__(self, side: int, edges: Sequence[float]) -> None:
        super().__init__()
        if list(edges) != sorted(set(edges)) or any(not 0 < edge < math.pi / 4 for edge in edges):
            raise SettingError(
                f"bands end at {', '.join(f'{edge:g}' for edge in edges)} of the spectrum, "
                f"expected ascending shares between 0 and {math.pi / 4:.3f}"
            )
        radii = [side * math.sqrt(edge / math.pi) for edge in edges]
        most = int(max(radii, default=0))
        each = torch.arange(-most, most + 1, dtype=torch.float64)
        turns = 2 * math.pi / side * each[:, None] * torch.arange(side, dtype=torch.float64)
        away = (each[:, None].square() + each.square()).sqrt()
        edge_by_edge = [-1.0, *radii]
        rings = [(away > inner) & (away <= outer) for inner, outer in zip(edge_by_edge, radii, strict=False)]
        constants = {
            "cos": turns.cos(),
            "sin": turns.sin(),
            "rings": torch.stack(rings) / side**2 if rings else torch.zeros(0, 1, 1),
        }
        for name, value in constants.items():
            self.register_buffer(name, value.float(), persistent=False)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """(N, C, side, side) to bands of the same shape, float32, from low to high."""
        with torch.autocast(picture.device.type, enabled=False):
            left = picture.float()
            cos, sin = cast("Tensor", self.cos), cast("Tensor", self.sin)
            # (cos - i sin) picture (cos - i sin)^T
            by_cos, by_sin = cos @ left, sin @ left
            real, imaginary = by_cos @ cos.T - by_sin @ sin.T, -(by_cos @ sin.T + by_sin @ cos.T)
            found = []
            for ring in cast("Tensor", self.rings).unbind():
                # the real part of (cos + i sin)^T spectrum (cos + i sin); the other one is zero
                ours, theirs = ring * real, ring * imaginary
                found.append(cos.T @ (ours @ cos - theirs @ sin) - sin.T @ (ours @ sin + theirs @ cos))
                left = left - found[-1]
            return [*found, left]


def _of_one_power(band: Tensor) -> Tensor:
    """A band whose mean square over a picture is about one; it keeps its sign."""
    return band / (band.square().mean((1, 2, 3), keepdim=True).sqrt() + QUIET)
