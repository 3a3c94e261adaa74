"""The compact detector: one picture in, log odds of an edit out; small, trained from scratch.

A U-Net whose first convolution sees colours and noise residuals. Traces of editing lie in what is left when a
pixel is predicted from its neighbours (Fridrich and Kodovsky, "Rich Models for Steganalysis of Digital
Images", IEEE TIFS 2012; as a first layer beside colours: Zhou et al., "Learning Rich Features for Image
Manipulation Detection", CVPR 2018, arXiv 1805.04953). Ours are learned from there on, stay blind to flat
colour, and are linear, so they are part of the first convolution's weights: no residual is ever made.
"""

from __future__ import annotations

import copy
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from maskwright.errors import SettingError
from maskwright.learning.networks.unet import STEM, UNet

WIDTHS = (16, 32, 64, 96, 128)
"""Channels of a level; the first lies on half of the picture's grid, each further one on half of that."""
DEPTHS = (0, 2, 3, 3, 2)
"""3x3 convolutions of a level on the way down. None on the finest: memory traffic is what costs there."""
MULTIPLE = 2 ** len(WIDTHS)
"""Height and width must be multiples of this."""
SIDE = 5
"""Of a filter that makes a residual, in pixels."""
COLOURS = 3
LEVEL = 128.0
"""Grey level that is taken for nothing, and the unit of colours."""
RESIDUAL = 4.0
"""Unit of residuals, in grey levels: about their spread in photographs."""
AROUND = 3
"""Pixels that the first convolution sees beyond the border, where the picture's edge is repeated."""


def reach(depths: tuple[int, ...] = DEPTHS) -> int:
    """How far a pixel's log odds may look, in pixels to each side.

    The residuals and the first convolution, then what each 3x3 convolution adds: a step of its level, on the
    way down, between levels, on the way up and at the head; and what taking the nearest of a coarser level
    may be off, a step of the finer one.

    >>> reach()
    242
    """
    steps = [int(2 ** (level + 1)) for level in range(len(depths))]
    down = sum(depth * step for depth, step in zip(depths, steps, strict=True))
    between = up = nearest = sum(steps[:-1])
    return AROUND + 1 + down + between + up + nearest + steps[0] + 2


MARGIN = 256
"""`reach`, rounded up to whole steps of the coarsest level: tiles that overlap by it have no seams."""


class CompactDetector(UNet):
    """Colours and learned residuals, fused early; looks at pictures of any size.

    Attributes:
        side, whole, margin, multiple: as `learning.detector_task.Network` has them.
    """

    side: int | None = None
    whole = False
    margin = MARGIN
    multiple = MULTIPLE

    def __init__(self, widths: tuple[int, ...] = WIDTHS, depths: tuple[int, ...] = DEPTHS) -> None:
        kernels = residual_kernels()
        super().__init__(COLOURS + COLOURS * len(kernels), widths, depths, normed=True)
        filters = torch.zeros(len(kernels), COLOURS, COLOURS, SIDE, SIDE)
        for colour in range(COLOURS):
            filters[:, colour, colour] = kernels / RESIDUAL
        self.filters = nn.Parameter(filters.flatten(0, 1))
        self.on_bytes: nn.Conv2d | None = None

    def settled(self) -> CompactDetector:
        """A copy that computes the same with its first convolution already on bytes: what is exported."""
        copied = copy.deepcopy(self).eval()
        weight, bias = self._weights_on_bytes()
        stem = nn.Conv2d(COLOURS, len(weight), weight.shape[-1], stride=2)
        stem.weight.data, cast("Tensor", stem.bias).data = weight.detach().clone(), bias.detach().clone()
        copied.on_bytes = stem
        return copied

    def forward(self, picture: Tensor) -> Tensor:
        """(N, 3, H, W) uint8 RGB to (N, 1, H, W) float32, log odds; H and W multiples of `MULTIPLE`."""
        return self.odds_of(self.levels_from(self._seen(picture)))

    def _seen(self, picture: Tensor) -> Tensor:
        """The first convolution on colours and residuals, as one convolution on the bytes."""
        with torch.autocast(picture.device.type, enabled=False):
            raw = functional.pad(picture.float(), (AROUND,) * 4, mode="replicate")
            if self.on_bytes is not None:
                return functional.relu(self.on_bytes(raw))
            weight, bias = self._weights_on_bytes()
            return functional.relu(functional.conv2d(raw, weight, bias, stride=2))

    def _weights_on_bytes(self) -> tuple[Tensor, Tensor]:
        residuals = self.filters - self.filters.mean((-2, -1), keepdim=True)
        colours = torch.zeros(COLOURS, COLOURS, SIDE, SIDE, device=residuals.device)
        for colour in range(COLOURS):
            colours[colour, colour, SIDE // 2, SIDE // 2] = 1 / LEVEL
        # one correlation after another is a correlation with the full convolution of their weights
        weight = functional.conv_transpose2d(self.stem.weight, torch.cat([colours, residuals]))
        bias = cast("Tensor", self.stem.bias) - self.stem.weight[:, :COLOURS].sum((1, 2, 3))
        assert weight.shape[-1] == STEM + SIDE - 1
        return weight, bias


def compact_detector(backbone: str | None, side: int | None) -> CompactDetector:
    """The builder that `learning.detector_task.NETWORKS` names.

    Raises:
        SettingError: it has no backbone, and no side of its own.
    """
    if backbone is not None or side is not None:
        raise SettingError(
            "compact-detector stands on no backbone and takes pictures of any size",
            hint="leave out --backbone and --side",
        )
    return CompactDetector()


def residual_kernels() -> Tensor:
    """(4, 5, 5): what filters start from, in grey levels: residuals of second order along rows and along
    columns, and the square ones of 3x3 and 5x5 of the rich models, each divided by what its middle has."""
    kernels = torch.zeros(4, SIDE, SIDE)
    line, square = torch.tensor([1.0, -2.0, 1.0]), torch.tensor([-1.0, 2.0, -1.0])
    kernels[0, 2, 1:4] = line / 2
    kernels[1, 1:4, 2] = line / 2
    kernels[2, 1:4, 1:4] = -square[:, None] * square / 4
    kernels[3] = (
        torch.tensor(
            [
                [-1.0, 2.0, -2.0, 2.0, -1.0],
                [2.0, -6.0, 8.0, -6.0, 2.0],
                [-2.0, 8.0, -12.0, 8.0, -2.0],
                [2.0, -6.0, 8.0, -6.0, 2.0],
                [-1.0, 2.0, -2.0, 2.0, -1.0],
            ]
        )
        / 12
    )
    return kernels
