"""CAAA's matcher: places of a picture become descriptors, alike where two pictures show the same thing.

A siamese network: both pictures of a pair go through the same weights. It gives a fine and a coarse level
in one space of descriptors, so that a level of one picture can be compared with either of the other: that
is how a thing is found that is twice as large. What SACM of MIML learns from masks alone is learned here
from known maps: which place of the original a place of the edited picture was taken from.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDES = (8, 16)
"""Pixels of a picture a step of the fine and of the coarse level."""
WIDTHS = (24, 48, 64, 96)
"""Channels on a half, a quarter, an eighth and a sixteenth of the picture's grid."""
DEPTHS = (0, 0, 2, 3)
"""Residual blocks on each."""
DESCRIPTOR = 64
"""Numbers of a descriptor."""
SMOOTH = 1.0
"""Grey levels squared added to the variance of a picture, which may be of one colour."""
LIKE = 0.7
"""Levels see a thing at about one size where its sizes on them differ by at most so many doublings."""
ASKED, ELSEWHERE = 32, 8
"""Places of a pair that are asked for at a pair of levels: taken ones, and others."""
NEXT = 1.5
"""Steps of a level; places nearer to the right one are no mistake."""


class Sacm(nn.Module):
    """Convolutions with residual blocks and batch normalisation (without it nothing was learned in 140 steps,
    docs/LOG.md); the picture's own tone is taken out first.

    Attributes:
        sharpness: log of what cosines are multiplied by before the softmax.
        nowhere: the score of "from nowhere in the original", on the same scale.
    """

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(fine, coarse, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(coarse), nn.ReLU()
            )
            for fine, coarse in pairwise((3, *WIDTHS))
        )
        self.body = nn.ModuleList(
            nn.Sequential(*(_Block(width) for _ in range(depth)))
            for width, depth in zip(WIDTHS, DEPTHS, strict=True)
        )
        self.around = nn.Conv2d(WIDTHS[-1], WIDTHS[-2], 1)
        # centred, so that the descriptors of any two places are unlike each other from the start
        self.fine, self.coarse = (
            nn.Sequential(
                nn.Conv2d(width, DESCRIPTOR, 1, bias=False), nn.BatchNorm2d(DESCRIPTOR, affine=False)
            )
            for width in WIDTHS[-2:]
        )
        self.sharpness = nn.Parameter(torch.tensor(math.log(16.0)))
        self.nowhere = nn.Parameter(torch.tensor(6.0))

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        """(N, 3, S, S) uint8, RGB, to descriptors of unit length, (N, D, S / 8, S / 8) and
        (N, D, S / 16, S / 16); S is a multiple of 16. In training also `sharpness` and `nowhere`.
        """
        seen = picture.float()
        middle = seen.mean((2, 3), keepdim=True)
        spread = ((seen - middle).square().mean((1, 2, 3), keepdim=True) + SMOOTH).sqrt()
        level = (seen - middle) / spread
        found = []
        for down, body in zip(self.down, self.body, strict=True):
            level = body(down(level))
            found.append(level)
        above = functional.interpolate(self.around(found[-1]), scale_factor=2.0, mode="nearest")
        near = functional.relu(found[-2] + above)
        levels = _unit(self.fine(near)), _unit(self.coarse(found[-1]))
        return (*levels, self.sharpness, self.nowhere) if self.training else levels


class _Block(nn.Module):
    """Adds what two convolutions make of a level; it starts from adding nothing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Sequential(_plain(width), nn.BatchNorm2d(width), nn.ReLU())
        self.second = nn.Sequential(_plain(width), last := nn.BatchNorm2d(width))
        nn.init.zeros_(last.weight)

    def forward(self, level: Tensor) -> Tensor:
        added: Tensor = self.second(self.first(level))
        return functional.relu(level + added)


def _plain(width: int) -> nn.Conv2d:
    return nn.Conv2d(width, width, 3, padding=1, bias=False)


def _unit(descriptors: Tensor) -> Tensor:
    whole = descriptors.float()
    return whole / (whole.square().sum(1, keepdim=True) + 1e-6).sqrt()


def matching_loss(
    network: nn.Module, original: Tensor, edited: Tensor, places: Tensor, known: Tensor
) -> Tensor:
    """How badly places of the edited picture find where they were taken from; one number.

    For every pair of levels that sees a thing at about one size: cross entropy over all places of the
    originals of the whole batch and over "nowhere" (InfoNCE of van den Oord and others 2018, arXiv
    1807.03748, with a bin for what has no match, as in SuperGlue, Sarlin and others, CVPR 2020). Places
    next to the right one count neither for nor against it.

    Args:
        network: a `Sacm` in training.
        original, edited: (N, 3, S, S) uint8.
        places: (N, 2, S, S) float, the place in the original (x, y; pixels) of every pixel of the edited
            picture; NaN where it was not taken from there.
        known: (N, S, S) bool, False where nobody can say whether it was taken.
    """
    pairs = len(original)
    fine, coarse, sharpness, nowhere = network(torch.cat([original, edited]))
    levels = (fine, coarse)
    losses = []
    for stride, of_edited in zip(STRIDES, levels, strict=True):
        onto, size, sure = asked_places(places, known, stride)
        for other, of_original in zip(STRIDES, levels, strict=True):
            like = (torch.log2(size * stride / other).abs() <= LIKE) & sure
            taken = _some(torch.isfinite(onto[:, 0]) & like, ASKED * pairs)
            beside = _some(torch.isnan(onto[:, 0]) & sure, ELSEWHERE * pairs)
            chosen = torch.cat([taken, beside])
            if not len(taken):
                continue
            keys = of_original[:pairs].permute(0, 2, 3, 1)
            queries = of_edited[pairs:].permute(0, 2, 3, 1)[chosen.unbind(1)]
            with torch.autocast(queries.device.type, enabled=False):
                scores = queries @ keys.reshape(-1, keys.shape[-1]).T * sharpness.exp()
            right, near = _right(onto, chosen, keys.shape[:3], other)
            scores = scores.masked_fill(near, -torch.inf)
            scores = torch.cat([scores, nowhere.expand(len(scores), 1)], 1)
            losses.append(functional.cross_entropy(scores, right))
    return torch.stack(losses).mean() if losses else fine.sum() * 0


def asked_places(places: Tensor, known: Tensor, stride: int) -> tuple[Tensor, Tensor, Tensor]:
    """What is known of the steps of a level of the edited picture.

    Returns:
        onto: (N, 2, h, w), places in the original of their centres; NaN where not taken.
        size: (N, h, w), pixels of the original a pixel of the edited picture; NaN where it is not known.
        sure: (N, h, w) bool.
    """
    middles = slice(stride // 2, None, stride)
    onto, sure = places[:, :, middles, middles], known[:, middles, middles]
    reach = stride // 4
    ahead = slice(stride // 2 + reach, None, stride)
    right = (places[:, :, middles, ahead] - onto) / reach
    down = (places[:, :, ahead, middles] - onto) / reach
    area = (right[:, 0] * down[:, 1] - right[:, 1] * down[:, 0]).abs()
    return onto, area.clamp(min=1e-4).sqrt(), sure


def _some(where: Tensor, most: int) -> Tensor:
    """(n, 3) numbers of places that hold, at most so many, drawn by chance."""
    found = where.nonzero()
    return found[torch.randperm(len(found), device=found.device)[:most]]


def _right(onto: Tensor, chosen: Tensor, shape: torch.Size, stride: int) -> tuple[Tensor, Tensor]:
    """For each chosen place the number of its right answer, and (n, keys) which keys do not count."""
    pairs, rows, columns = shape
    pair, y, x = chosen.unbind(1)
    steps = (onto[pair, :, y, x] + 0.5) / stride - 0.5
    taken = torch.isfinite(steps[:, 0])
    column = steps[:, 0].nan_to_num().round().clamp(0, columns - 1).long()
    row = steps[:, 1].nan_to_num().round().clamp(0, rows - 1).long()
    right = torch.where(taken, (pair * rows + row) * columns + column, pairs * rows * columns)
    grid_y, grid_x = torch.meshgrid(
        torch.arange(rows, device=onto.device), torch.arange(columns, device=onto.device), indexing="ij"
    )
    apart = torch.maximum(
        (grid_y.reshape(1, -1) - row[:, None]).abs(), (grid_x.reshape(1, -1) - column[:, None]).abs()
    )
    near = torch.zeros((len(chosen), pairs, rows * columns), dtype=torch.bool, device=onto.device)
    own = (apart > 0) & (apart <= NEXT) & taken[:, None]
    near[torch.arange(len(chosen), device=onto.device), pair] = own
    return right, near.reshape(len(chosen), -1)
