"""The compact network: planes of a pair in, log odds of an edit out. A placeholder."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from maskwright.masks.annotators.planes import CHANNELS

WIDTHS = (24, 32, 48)


class Compact(nn.Module):
    """A U-Net of three levels: 3x3 convolutions with bias, ReLU, nothing else."""

    def __init__(self) -> None:
        super().__init__()
        one, two, three = WIDTHS
        self.stem = _conv(len(CHANNELS), one, stride=2)
        self.one = _conv(one, one)
        self.down_two = nn.Sequential(_conv(one, two, stride=2), _conv(two, two))
        self.down_three = nn.Sequential(_conv(two, three, stride=2), _conv(three, three), _conv(three, three))
        self.up_two = _conv(three + two, two)
        self.up_one = _conv(two + one, one)
        self.head = nn.Conv2d(one, 1, 3, padding=1)

    def forward(self, planes: Tensor) -> Tensor:
        """(N, C, h, w) uint8 to (N, 1, h, w) float32, log odds."""
        scaled = planes.float() * (1 / 255)
        one = self.one(self.stem(scaled))  # (N, ., h/2, w/2)
        two = self.down_two(one)  # (N, ., h/4, w/4)
        three = self.down_three(two)  # (N, ., h/8, w/8)
        two = self.up_two(torch.cat([_like(three, two), two], dim=1))
        one = self.up_one(torch.cat([_like(two, one), one], dim=1))
        return _like(cast("Tensor", self.head(one)).float(), planes)


def _conv(inputs: int, outputs: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1), nn.ReLU())


def _like(small: Tensor, large: Tensor) -> Tensor:
    return functional.interpolate(small, size=large.shape[-2:], mode="bilinear", align_corners=False)
