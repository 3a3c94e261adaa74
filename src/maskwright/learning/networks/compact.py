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
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from maskwright.learning.networks.unet import UNet
from maskwright.masks.annotators.planes import CHANNELS, COLOURS, ODDS_CODE, ODDS_ZERO

WIDTHS = (16, 32, 64, 96, 128)
"""Channels of a level; the first lies on half of the planes' grid, each further one on half of that."""
DEPTHS = (0, 2, 3, 3, 2)
"""3x3 convolutions of a level on the way down. None on the finest: memory traffic is what costs there."""
MULTIPLE = 2 ** len(WIDTHS)
"""Height and width must be multiples of this."""


class Compact(UNet):
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
        mixing, centre = stem_features(names)
        super().__init__(len(mixing), widths, depths)
        self.names = names
        self.register_buffer("mixing", mixing, persistent=False)
        self.register_buffer("centre", centre, persistent=False)
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
        return self.levels_from(self._seen(raw))

    def said(self, raw: Tensor, levels: Sequence[Tensor]) -> Tensor:
        """Log odds, as `forward`, of planes as numbers and of their `levels`."""
        found = self.odds_of(levels)
        if self.keep is None:
            return found
        place = self.names.index("odds")
        given = (raw[:, place : place + 1] - ODDS_ZERO) / ODDS_CODE
        return found + self.keep * given

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
