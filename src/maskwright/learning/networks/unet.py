"""The U-Net that our small networks share: five levels of convolutions with sums across, and no normalisation
that would have to see the whole picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

from torch import Tensor, nn
from torch.nn import functional

STEM = 4
"""Side of the first convolution, which halves the grid."""
LEAK = 0.1
"""What a normed network's last level keeps of values below 0. With none of it, evidence that a place is as
the camera left it could only be missing: log odds ended at the last bias, and pictures' scores tied there."""


class UNet(nn.Module):
    """What lies between a first convolution and log odds on the grid of what that one saw.

    Whoever derives from it says what `stem` is applied to. It starts from log odds of 0 everywhere.

    Args:
        inputs: channels that the first convolution sees.
        widths: channels of a level; the first lies on half of the given grid, the next on half of that.
        depths: 3x3 convolutions of a level on the way down, as many numbers as `widths`.
        normed: a batch norm after each 3x3 convolution; in evaluation mode it is part of that convolution.
            What the last level has below 0 is not cut off then, but made small.
    """

    def __init__(
        self, inputs: int, widths: tuple[int, ...], depths: tuple[int, ...], *, normed: bool = False
    ) -> None:
        super().__init__()
        self.widths = widths
        self.stem = nn.Conv2d(inputs, widths[0], STEM, stride=2, padding=1)
        self.down = nn.ModuleList(
            _conv(fine, coarse, stride=2, normed=normed) for fine, coarse in pairwise(widths)
        )
        self.body = nn.ModuleList(
            nn.Sequential(*(_conv(width, width, normed=normed) for _ in range(depth)))
            for width, depth in zip(widths, depths, strict=True)
        )
        self.across = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for fine, coarse in pairwise(widths))
        self.up = nn.ModuleList(
            _conv(width, width, normed=normed, leak=LEAK if normed and level == 0 else 0.0)
            for level, width in enumerate(widths[:-1])
        )
        self.head = nn.Conv2d(widths[0], 4, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(cast("Tensor", self.head.bias))

    def levels_from(self, level: Tensor) -> list[Tensor]:
        """(N, `widths`[k], h / 2^(k+1), w / 2^(k+1)): the levels on the way down, from what the stem gave."""
        found = []
        for body, down in zip(self.body, self.down, strict=False):
            found.append(body(level))
            level = down(found[-1])
        return [*found, self.body[-1](level)]

    def odds_of(self, levels: Sequence[Tensor]) -> Tensor:
        """(N, 1, h, w) float32: log odds from the levels."""
        *skipped, level = levels
        for skip, across, up in zip(skipped[::-1], self.across[::-1], self.up[::-1], strict=True):
            level = up(functional.interpolate(across(level), scale_factor=2.0, mode="nearest") + skip)
        return functional.pixel_shuffle(self.head(level), 2).float()


def _conv(
    inputs: int, outputs: int, *, stride: int = 1, normed: bool = False, leak: float = 0.0
) -> nn.Sequential:
    norm = [nn.BatchNorm2d(outputs)] if normed else []
    bend = nn.LeakyReLU(leak) if leak else nn.ReLU()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1), *norm, bend)
