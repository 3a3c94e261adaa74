"""The compact network: planes of a pair in, log odds of an edit out.

A U-Net of five levels whose first convolution sees the bytes themselves. What the bytes are turned
into first (centred colours, the signed difference, margins above the noise floor) is linear, so it
is part of that convolution's weights: no plane is ever made of it. The network adds to the log odds
it is given and starts from adding nothing, so it begins where the difference annotator ends. With other
planes, as those of DASS, it is the same network but for its first convolution and for what it adds to.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from maskwright.masks.annotators.planes import CHANNELS, COLOURS, ODDS_CODE, ODDS_ZERO

WIDTHS = (16, 32, 64, 96, 128)
"""Channels of a level; the first lies on half of the planes' grid, each further one on half of that."""
DEPTHS = (0, 2, 3, 3, 2)
"""3x3 convolutions of a level on the way down. None on the finest: memory traffic is what costs there."""
MULTIPLE = 2 ** len(WIDTHS)
"""Height and width must be multiples of this."""


class Compact(nn.Module):
    """Convolutions with bias, ReLU, sums across; early fusion of the two pictures.

    Args:
        widths, depths: as `WIDTHS` and `DEPTHS`, of one length.
        names: of its planes, with the colours of both pictures among them; without `odds` it has no log odds
            to start from.
    """

    def __init__(
        self,
        widths: tuple[int, ...] = WIDTHS,
        depths: tuple[int, ...] = DEPTHS,
        *,
        names: tuple[str, ...] = CHANNELS,
    ) -> None:
        super().__init__()
        self.widths, self.names = widths, names
        mixing, centre = stem_features(names)
        self.register_buffer("mixing", mixing, persistent=False)
        self.register_buffer("centre", centre, persistent=False)
        self.stem = nn.Conv2d(len(mixing), widths[0], 4, stride=2, padding=1)
        self.down = nn.ModuleList(_conv(fine, coarse, stride=2) for fine, coarse in pairwise(widths))
        self.body = nn.ModuleList(
            nn.Sequential(*(_conv(width, width) for _ in range(depth)))
            for width, depth in zip(widths, depths, strict=True)
        )
        self.across = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for fine, coarse in pairwise(widths))
        self.up = nn.ModuleList(_conv(width, width) for width in widths[:-1])
        self.head = nn.Conv2d(widths[0], 4, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(cast("Tensor", self.head.bias))
        self.keep = nn.Parameter(torch.ones(())) if "odds" in names else None
        self.on_bytes: nn.Conv2d | None = None

    def settled(self) -> Compact:
        """A copy that computes the same with its first convolution already on bytes: what is exported."""
        copied = copy.deepcopy(self).eval()
        weight, bias = self._weights_on_bytes()
        stem = nn.Conv2d(weight.shape[1], len(weight), weight.shape[-1], stride=2, padding=1)
        stem.weight.data, cast("Tensor", stem.bias).data = weight.detach().clone(), bias.detach().clone()
        copied.on_bytes = stem
        return copied

    def forward(self, planes: Tensor) -> Tensor:
        """(N, C, h, w) uint8 to (N, 1, h, w) float32, log odds; h and w multiples of `MULTIPLE`."""
        raw = planes.float()
        return self.said(raw, self.levels(raw))

    def levels(self, raw: Tensor) -> list[Tensor]:
        """(N, `widths`[k], h / 2^(k+1), w / 2^(k+1)) float: what is made of planes on the way down."""
        level = self._seen(raw)
        found = []
        for body, down in zip(self.body, self.down, strict=False):
            found.append(body(level))
            level = down(found[-1])
        return [*found, self.body[-1](level)]

    def said(self, raw: Tensor, levels: Sequence[Tensor]) -> Tensor:
        """Log odds, as `forward`, of planes as numbers and of their `levels`."""
        *skipped, level = levels
        for skip, across, up in zip(skipped[::-1], self.across[::-1], self.up[::-1], strict=True):
            level = up(functional.interpolate(across(level), scale_factor=2.0, mode="nearest") + skip)
        if self.keep is None:
            return functional.pixel_shuffle(self.head(level), 2).float()
        place = self.names.index("odds")
        given = (raw[:, place : place + 1] - ODDS_ZERO) / ODDS_CODE
        return functional.pixel_shuffle(self.head(level), 2).float() + self.keep * given

    def _seen(self, raw: Tensor) -> Tensor:
        """The first convolution on features of the bytes, as one convolution on the bytes."""
        with torch.autocast(raw.device.type, enabled=False):
            if self.on_bytes is not None:
                return functional.relu(self.on_bytes(raw))
            weight, bias = self._weights_on_bytes()
            return functional.relu(functional.conv2d(raw, weight, bias, stride=2, padding=1))

    def _weights_on_bytes(self) -> tuple[Tensor, Tensor]:
        weight = torch.einsum("ofyx,fc->ocyx", self.stem.weight, self.mixing)
        bias = cast("Tensor", self.stem.bias) - torch.einsum("ofyx,f->o", self.stem.weight, self.centre)
        return weight, bias


def stem_features(names: tuple[str, ...] = CHANNELS) -> tuple[Tensor, Tensor]:
    """What the first convolution sees is `mixing @ bytes - centre`: (F, C) and (F,).

    The planes of these names, each about -1 to 1, and the signed difference of the pictures, a colour a
    feature, in units of 32 grey levels as every difference.
    """
    count = len(names)
    mixing, centre = torch.zeros(count + len(COLOURS), count), torch.ones(count + len(COLOURS))
    for place, name in enumerate(names):
        side, _, colour = name.partition("_")
        if side in ("original", "edited") and colour in COLOURS:
            mixing[place, place] = 1 / 128
        elif name == "odds":
            mixing[place, place], centre[place] = 1 / (4 * ODDS_CODE), ODDS_ZERO / (4 * ODDS_CODE)
        elif side == "difference":
            mixing[place, place], centre[place] = 1 / 32, 0
        else:
            mixing[place, place] = 1 / 64
    for number, colour in enumerate(COLOURS, start=count):
        centre[number] = 0
        for side, sign in (("original", -1), ("edited", 1)):
            mixing[number, names.index(f"{side}_{colour}")] = sign / 32
    return mixing, centre


def _conv(inputs: int, outputs: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1), nn.ReLU())
