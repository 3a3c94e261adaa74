"""SIGMA's trained head: differences of frozen features, refined by where the instruction points.

The published design is not public but for its outline (Zhuang and others, arXiv 2605.27924: differences of
features of a frozen backbone, a spatial prior from the instruction, a refinement that lets each correct the
other). What is here is our own choice for everything else:

- The compact network looks at the pair first, frozen, and the head adds to its log odds from adding nothing.
- Features of each picture by itself, of several layers, are compared: absolute and cosine difference after
  a shared 1x1 convolution, the distance to the best match among the 9 places around, and the cosine distance
  in units of the pair's own spread above what an autoencoder's round trip alone would make of it.
- The log odds of a pair do not see the prior. The prior may only lift them, by at most `LIFT` where it is 1,
  and in proportion to the evidence that is there: it amplifies, and cannot invent (`lifted`).
- No text encoder: words act through grounding. The tokens that attend are learned ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from maskwright.learning.networks.compact import Compact, stem_features
from maskwright.learning.networks.encoder import CompactEncoder

WIDTHS = (24, 48, 80, 112, 128)
"""Channels of a level of the head; the first lies on half of the planes' grid (4 px), the last on 64 px."""
DEPTHS = (1, 2, 3, 3, 2)
"""Residual blocks of a level on the way down."""
MULTIPLE = 2 ** len(WIDTHS)
"""Height and width of the planes must be multiples of this."""
SEEN = 16
"""Channels that are learned of each picture's own pixels, beside the finest features."""
TOKENS, HEADS = 4, 4
"""Learned tokens that gather what the prior shows, and heads of their attention."""
REFINED = 2
"""The level on which they meet the picture: 16 px a place."""
LIFT = 4.0
"""Log odds that a prior adds at most."""
EVIDENCE = 3.0
"""A place whose log odds are minus this gets half of the lift it would get were it certain."""
FINEST_PX = 4
"""Pixels a place of the first level."""


class Seen(NamedTuple):
    """What training asks of the network beside the mask.

    Args:
        odds: (N, 1, h, w) log odds with the prior.
        plain: the same without it.
        edit, noise: (N, C, h/8, w/8) what of the refined level speaks of an edit, and what of noise.
        swapped: log odds without a prior, with the noise of another sample of the batch.
    """

    odds: Tensor
    plain: Tensor
    edit: Tensor
    noise: Tensor
    swapped: Tensor


class Sigma(nn.Module):
    """Planes of a pair, a prior, and the backbone's features of both pictures in; log odds of an edit out.

    Args:
        compact: the network whose log odds are the start; it is frozen.
        widths, strides: channels of the backbone's layers, and pixels a place of each; None: the compact
            network's own encoder is the backbone, and no features are handed in.
        swaps: whether it says, while it learns, what it would with another sample's noise.
    """

    def __init__(
        self,
        compact: Compact,
        *,
        widths: Sequence[int] | None = None,
        strides: Sequence[int] | None = None,
        swaps: bool = False,
    ) -> None:
        super().__init__()
        self.swaps = swaps
        self.encoder = CompactEncoder(compact)
        self.own = widths is None or strides is None
        own = compact.widths
        self.feature_widths = tuple(own if widths is None else widths)
        self.strides = tuple(
            [FINEST_PX * 2**level for level in range(len(own))] if strides is None else strides
        )
        self.mixing: Tensor
        self.centre: Tensor
        mixing, centre = stem_features()
        self.register_buffer("mixing", mixing[..., None, None], persistent=False)
        self.register_buffer("centre", centre[None, :, None, None], persistent=False)
        levels = [_level_of(stride) for stride in self.strides]
        # a backbone that has no layer so fine leaves nothing to see the pixels beside
        self.see = nn.Conv2d(3, SEEN, 4, stride=2, padding=1) if 0 in levels else None
        self.compare = nn.ModuleList(
            Difference(width + (SEEN if level == 0 else 0), WIDTHS[level])
            for width, level in zip(self.feature_widths, levels, strict=True)
        )
        self.stem = nn.Conv2d(len(mixing) + 1, WIDTHS[0], 4, stride=2, padding=1)
        self.fused = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(own, WIDTHS, strict=True))
        self.body = nn.ModuleList(
            nn.Sequential(*(Block(width) for _ in range(depth)))
            for width, depth in zip(WIDTHS, DEPTHS, strict=True)
        )
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(WIDTHS))
        self.refine = Refinement(WIDTHS[REFINED])
        self.decode = Decoder()
        self.gate = nn.Sequential(nn.Conv2d(WIDTHS[REFINED] + 5, 32, 1), nn.ReLU(), nn.Conv2d(32, 1, 1))

    def forward(self, planes: Tensor, prior: Tensor, null: Tensor, *features: Tensor) -> Tensor | Seen:
        """Log odds (N, 1, h, w) float32; while it learns, all of `Seen`.

        Args:
            planes: (N, C, h, w) uint8, as the compact network's.
            prior: (N, 1, h, w) uint8, 0..255 where the edit was asked for; 0 everywhere: not known.
            null: (N, L, 2) float32, median and spread of each layer's cosine distance between a picture
                and its round trip.
            features: of the original, then of the edited picture, a layer each: (N, C_l, h_l, w_l).
        """
        raw = planes.float()
        start, fused = self.encoder.pair(raw)
        layers = len(self.feature_widths)
        before, after = (
            self.encoder(raw[:, place : place + 3]) if self.own else list(features[first : first + layers])
            for place, first in ((0, 0), (3, layers))
        )
        valid = raw[:, -1:]
        told: list[Tensor | int] = [0] * len(WIDTHS)
        for number, (compare, stride) in enumerate(zip(self.compare, self.strides, strict=True)):
            level = _level_of(stride)
            pair = [before[number], after[number]]
            if self.see is not None and level == 0:
                sides = [functional.relu(self.see(raw[:, place : place + 3] / 128 - 1)) for place in (0, 3)]
                pair = [
                    torch.cat([self._fit(one, side), side], 1) for one, side in zip(pair, sides, strict=True)
                ]
            told[level] = told[level] + compare(*pair, valid, null[:, number])
        seen = torch.cat([functional.conv2d(raw, self.mixing) - self.centre, start / 4], 1)
        level_map = functional.relu(self.stem(seen))
        skipped = []
        for number in range(len(WIDTHS)):
            if number:
                level_map = functional.relu(self.down[number - 1](level_map))
            level_map = level_map + self.fused[number](fused[number])
            if isinstance(told[number], Tensor):
                level_map = level_map + self._fit(cast("Tensor", told[number]), level_map)
            level_map = self.body[number](level_map)
            skipped.append(level_map)
        plain = start + self.decode(skipped)
        odds = self.lifted(plain, skipped[REFINED], prior.float() / 255)
        if not self.training:
            return odds
        edit, noise = skipped[REFINED].chunk(2, 1)
        other = list(skipped)
        other[REFINED] = torch.cat([edit, noise.roll(1, 0)], 1)
        swapped = start + self.decode(other) if self.swaps else plain
        return Seen(odds, plain, edit, noise, swapped)

    def _fit(self, level: Tensor, like: Tensor) -> Tensor:
        """On the grid of another level; the compact network's own levels are there."""
        if self.own:
            return level
        return functional.interpolate(level, size=like.shape[-2:], mode="bilinear", align_corners=False)

    def lifted(self, plain: Tensor, level: Tensor, prior: Tensor) -> Tensor:
        """Log odds lifted where the prior and the evidence agree; nowhere lowered.

        By `LIFT` * gate * prior * sigmoid(plain + `EVIDENCE`), so by nothing where there is no prior, and by
        next to nothing where there is no evidence. The gate sees how much of the evidence lies in the prior.
        """
        plain = plain.float()
        small = functional.avg_pool2d(prior, 2 ** (REFINED + 1))
        chance = plain.sigmoid()
        mass, rest = prior.mean((2, 3), keepdim=True), (1 - prior).mean((2, 3), keepdim=True)
        inside = (chance * prior).mean((2, 3), keepdim=True) / (mass + 1e-4)
        outside = (chance * (1 - prior)).mean((2, 3), keepdim=True) / (rest + 1e-4)
        most = (chance * prior).amax((2, 3), keepdim=True)
        facts = torch.cat([mass, inside, outside, most], 1).expand(-1, -1, *level.shape[-2:])
        refined = self.refine(level, small)
        gate = self.gate(torch.cat([refined, small, facts], 1)).float().sigmoid()
        gate = functional.interpolate(gate, size=plain.shape[-2:], mode="bilinear")
        return plain + LIFT * gate * prior * (plain.detach() + EVIDENCE).sigmoid()


class Difference(nn.Module):
    """One layer's features of both pictures, compared.

    Args:
        width, out: channels of a picture's features, and of what is said.
    """

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.adapt = nn.Conv2d(width, min(width, 48), 1)
        self.tell = nn.Conv2d(min(width, 48) + 5, out, 1)

    def forward(self, original: Tensor, edited: Tensor, valid: Tensor, null: Tensor) -> Tensor:
        """(N, out, h, w) of (N, width, h, w) each.

        Args:
            valid: (N, 1, H, W), 0 where the original has no pixel.
            null: (N, 2), median and spread of the cosine distance of a round trip.
        """
        raw = _cosine_distance(original.float(), edited.float())
        before, after = self.adapt(original), self.adapt(edited)
        one, two = (functional.normalize(each.float(), dim=1, eps=1e-3) for each in (before, after))
        cosine = 1 - (one * two).sum(1, keepdim=True)
        match = 1 - _best_match(one, two)
        there = functional.interpolate(valid, size=raw.shape[-2:], mode="nearest")
        median, spread = null[:, 0, None, None, None], null[:, 1, None, None, None]
        calibrated = _above(raw, there, median, spread)
        loose = _above(match, there, torch.zeros_like(median), torch.zeros_like(spread))
        told = [(before - after).abs(), raw, cosine, match, calibrated / 4, loose / 4]
        return cast("Tensor", self.tell(torch.cat([each.to(before.dtype) for each in told], 1) * there))


class Block(nn.Module):
    """Two convolutions beside an identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, level: Tensor) -> Tensor:
        inner = functional.relu(self.first(level))
        return functional.relu(level + cast("Tensor", self.second(inner)))


class Refinement(nn.Module):
    """Tokens gather what the prior shows, and the picture's places ask them: each corrects the other."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.tokens = nn.Parameter(torch.randn(TOKENS, width) * 0.02)
        self.ask, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.back_ask, self.back_key, self.back_value = (nn.Linear(width, width) for _ in range(3))
        self.sharp = nn.Parameter(torch.ones(()))

    def forward(self, level: Tensor, prior: Tensor) -> Tensor:
        """(N, C, h, w) of (N, C, h, w) and the prior (N, 1, h, w) in 0..1."""
        count, width, height, breadth = level.shape
        places = level.flatten(2).transpose(1, 2)
        tokens = self.tokens.expand(count, -1, -1).to(places.dtype)
        bias = self.sharp * torch.log(prior.float().flatten(2) + 1e-2)  # (N, 1, P)
        gathered = tokens + _attention(self.ask(tokens), self.key(places), self.value(places), bias[:, None])
        answer = _attention(self.back_ask(places), self.back_key(gathered), self.back_value(gathered), None)
        return level + answer.transpose(1, 2).reshape(count, width, height, breadth)


class Decoder(nn.Module):
    """Levels of the head, coarse to fine, to what is added to the log odds; nothing, before it learns."""

    def __init__(self) -> None:
        super().__init__()
        self.across = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for fine, coarse in pairwise(WIDTHS))
        self.body = nn.ModuleList(Block(width) for width in WIDTHS[:-1])
        self.head = nn.Conv2d(WIDTHS[0], 4, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(cast("Tensor", self.head.bias))

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        level = levels[-1]
        for skip, across, body in zip(
            levels[-2::-1], list(self.across)[::-1], list(self.body)[::-1], strict=True
        ):
            level = body(functional.interpolate(across(level), scale_factor=2.0, mode="nearest") + skip)
        return functional.pixel_shuffle(self.head(level), 2).float()


def _attention(ask: Tensor, key: Tensor, value: Tensor, bias: Tensor | None) -> Tensor:
    """(N, Q, C) of (N, Q, C), (N, K, C), (N, K, C); bias (N, 1, 1, K) is added to what is asked of keys."""
    count, asked, width = ask.shape
    ask, key, value = (
        each.reshape(count, each.shape[1], HEADS, width // HEADS).transpose(1, 2)
        for each in (ask, key, value)
    )
    scores = (ask @ key.transpose(-1, -2)).float() * (width // HEADS) ** -0.5
    if bias is not None:
        scores = scores + bias
    found: Tensor = scores.softmax(-1).to(value.dtype) @ value
    return found.transpose(1, 2).reshape(count, asked, width)


def _cosine_distance(one: Tensor, two: Tensor) -> Tensor:
    """(N, 1, h, w): 1 - cosine over channels."""
    one, two = (functional.normalize(each, dim=1, eps=1e-3) for each in (one, two))
    return 1 - (one * two).sum(1, keepdim=True)


def _best_match(original: Tensor, edited: Tensor) -> Tensor:
    """(N, 1, h, w): largest cosine of the edited picture's place with the 9 about it in the original.

    Args:
        original, edited: (N, C, h, w), of length 1 over channels.
    """
    height, width = original.shape[-2:]
    padded = functional.pad(original, (1, 1, 1, 1), mode="replicate")
    best = None
    for row in range(3):
        for column in range(3):
            shifted = padded[:, :, row : row + height, column : column + width]
            likeness = (shifted * edited).sum(1, keepdim=True)
            best = likeness if best is None else torch.maximum(best, likeness)
    return cast("Tensor", best)


def _above(distance: Tensor, there: Tensor, median: Tensor, spread: Tensor) -> Tensor:
    """A distance in units of its spread in the pair, above the larger of its mean there and the null median.

    (N, 1, h, w), in -4..8. Mean and deviation stand for median and MAD, which no graph computes cheaply.
    """
    weight = there.sum((2, 3), keepdim=True) + 1e-3
    mean = (distance * there).sum((2, 3), keepdim=True) / weight
    deviation = (((distance - mean).square() * there).sum((2, 3), keepdim=True) / weight + 1e-8).sqrt()
    return ((distance - torch.maximum(mean, median)) / (deviation + spread + 1e-3)).clamp(-4, 8)


def _px(level: int) -> int:
    return FINEST_PX << level


def _level_of(stride: float) -> int:
    """The level whose places are nearest in size."""
    return min(range(len(WIDTHS)), key=lambda level: abs(_px(level) - stride))
