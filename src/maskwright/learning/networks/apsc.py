"""APSC-Net: adaptive perception and self-calibration on a ConvNeXt, the detector of MIML (CVPR 2024).

Facts of its structure are known from the authors' repository (licence CC-BY-NC-4.0; nothing is copied): a
feature pyramid whose sums are weighted, three rounds in which the network's own map becomes an attention, a
loss on hard pixels with three auxiliary outputs. Where we differ or chose: log odds in place of two classes;
norms of the channels of each place; the rounds share their weights; the skip is the backbone's level of
stride 8, which has 256 channels in ConvNeXt-B as theirs does; widths of the small parts. The image head is
left out, since it serves their evaluation only.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from maskwright.errors import InputError
from maskwright.learning.networks.trunks import ChannelNorm, conv, normal, origin_of, side_of, spread
from maskwright.learning.pretrained import Preparation, load, preparation, pretrained

STAGES = {
    "convnext": "ConvNextModel",
    "dinov3_convnext": "DINOv3ConvNextModel",
    "upernet": "UperNetForSemanticSegmentation",
}
"""`model_type` of a config: the class that it is loaded by. Of a UPerNet, from whose weights of ADE20K theirs
starts, the ConvNeXt is taken."""
MULTIPLE = 32
WIDTH = 512
"""Channels of a level of the pyramid, and of what the pyramid of dilations gives (theirs)."""
ROUNDS = 3
DILATIONS = (12, 24, 36)
SKIP = 48
REDUCTION = 8
KERNEL = 31
HALVINGS = 5
"""Strided convolutions from a map to its kernel; all five numbers above are theirs."""
CALM = 1e-3
"""Added to the range of a map that is stretched to 0..1, so that a flat one stays flat. Our choice."""
SURE, LEAST = 0.7, 100_000 / (2 * 512 * 512)
"""Pixels whose true class has at least this chance count only among the hardest; so many count at any rate,
theirs 100,000 of two pictures of 512 x 512."""


def apsc(
    backbone: str,
    side: int | None = None,
    *,
    perception: bool = True,
    rounds: int = ROUNDS,
    width: int = WIDTH,
) -> Apsc:
    """The network on a ConvNeXt from this machine, all of which learns.

    Args:
        backbone: a folder in the hub's layout, or a hub id in the hub's cache.
        side: pixels, a multiple of 32; None is 512.
        perception, rounds, width: as for `Apsc`.

    Raises:
        MissingExtraError, InputError: see `pretrained`, `load` and `preparation`; or it is a UPerNet on
            another backbone.
        SettingError: `side` is no multiple of 32.
    """
    found = pretrained(backbone, list(STAGES))
    model = load(found, STAGES[found.kind], device="cpu")
    if found.kind == "upernet":
        if model.config.backbone_config.model_type != "convnext":
            raise InputError(
                f"{backbone} is a UPerNet on a {model.config.backbone_config.model_type}",
                hint="name one on a ConvNeXt, such as openmmlab/upernet-convnext-base",
            )
        model = model.backbone
    made = Apsc(
        model, preparation(found.folder), side=side, perception=perception, rounds=rounds, width=width
    )
    made.backbone = origin_of(found)
    return made


class Apsc(nn.Module):
    """Pictures in, log odds out.

    Args:
        model: a ConvNeXt of transformers, on the CPU.
        prepared: how it wants its pictures.
        side: pixels, a multiple of 32; None is 512.
        perception: off, the pyramid's sums are plain: every weight is 1.
        rounds: of self-calibration; 0 decodes the features once, as they are.
        width: of the pyramid.

    Attributes:
        side, whole, multiple, margin: it looks at the whole picture, made a square of `side`.
        backbone: what it stands on, for the card.
    """

    whole, margin, multiple = True, 0, MULTIPLE

    def __init__(
        self,
        model: Any,
        prepared: Preparation,
        *,
        side: int | None = None,
        perception: bool = True,
        rounds: int = ROUNDS,
        width: int = WIDTH,
    ) -> None:
        super().__init__()
        self.side, self.rounds, self.backbone = side_of(side, MULTIPLE), rounds, ""
        self.stem, self.stages = _stages(model.requires_grad_(True))
        sizes = list(model.config.hidden_sizes)
        self.pyramid = Pyramid(sizes, width, weighted=perception)
        self.first = nn.Conv2d(width, 1, 1)
        self.attend = Attention(width) if rounds else None
        self.decode = Decoder(len(sizes) * width, sizes[1], width)
        self.merge = Merge(len(sizes) * width, width) if rounds > 1 else None
        for name, told in (("mean", prepared.mean), ("std", prepared.std)):
            self.register_buffer(name, 255 * torch.tensor(told)[None, :, None, None], persistent=False)

    def forward(self, picture: Tensor) -> Tensor:
        """(N, 3, side, side) uint8 RGB to (N, 1, side, side) float32, log odds of an edit.

        While it learns: (N, 1 + max(1, rounds), side, side); behind the first the auxiliary ones, from the
        first head on, each of which has its own loss.
        """
        level = self.stem(normal(picture, cast("Tensor", self.mean), cast("Tensor", self.std)))
        found = []
        for stage in self.stages:
            level = stage(level)
            found.append(level)
        pyramid = self.pyramid(found)
        features = torch.cat([_scaled(each, 2.0 ** (place - 1)) for place, each in enumerate(pyramid)], 1)
        said = [self.first(pyramid[0])]
        for place in range(max(1, self.rounds)):
            seen = features
            if self.attend is not None:
                chance = said[-1].sigmoid()
                seen = features * self.attend(chance if place else _scaled(chance, 0.5))
            decoded, odds = self.decode(seen, found[1])
            said.append(odds)
            if self.merge is not None and place < self.rounds - 1:
                features = self.merge(features, decoded)
        told = said[-1:] + (said[:-1] if self.training else [])
        return torch.cat([spread(each, self.side) for each in told], 1)


class Pyramid(nn.Module):
    """Adaptive perception: each level is the sum of itself and all coarser ones, by weights of the picture.

    The weights of a level follow from the means of these levels' channels, by two layers and a sigmoid.
    """

    def __init__(self, sizes: list[int], width: int, *, weighted: bool) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(
            nn.Sequential(ChannelNorm(size), nn.Conv2d(size, width, 1)) for size in sizes
        )
        counts = range(len(sizes), 0, -1) if weighted else ()
        self.weigh = nn.ModuleList(
            nn.Sequential(nn.Linear(count * width, width), nn.ReLU(), nn.Linear(width, count), nn.Sigmoid())
            for count in counts
        )

    def forward(self, found: list[Tensor]) -> list[Tensor]:
        """Levels from fine to coarse, (N, `width`, h, w) each, of those of the backbone."""
        levels = [lateral(level) for lateral, level in zip(self.lateral, found, strict=True)]
        means = [level.mean((2, 3)) for level in levels]
        made = []
        for place in range(len(levels)):
            higher = [_scaled(each, 2.0**up) for up, each in enumerate(levels[place:])]
            if len(self.weigh):
                weights = self.weigh[place](torch.cat(means[place:], 1))
                higher = [weights[:, at, None, None, None] * each for at, each in enumerate(higher)]
            made.append(cast("Tensor", sum(higher)))
        return made


class Attention(nn.Module):
    """Self-calibration: the map, run over by a kernel that is made from it, beside the map itself."""

    def __init__(self, width: int) -> None:
        super().__init__()
        widths = [1, *(max(4, width >> HALVINGS - 1 - step) for step in range(HALVINGS))]
        self.shrink = nn.Sequential(
            *(
                nn.Sequential(nn.Conv2d(fine, coarse, 3, stride=2, padding=1), nn.ReLU())
                for fine, coarse in pairwise(widths)
            )
        )
        self.kernel = nn.Linear(widths[-1], KERNEL**2)

    def forward(self, chance: Tensor) -> Tensor:
        """(N, 1, h, w) in 0..1 to the same, nowhere lower."""
        # in full precision: it is small, and in bfloat16 on a CPU the gradient of the last convolution was
        # no number at times (torch 2.13, maps of 8 x 8)
        with torch.autocast(chance.device.type, enabled=False):
            chance = chance.float()
            kernel = self.kernel(self.shrink(chance).mean((2, 3)))  # (N, 31 * 31)
            # each picture has a kernel of its own: windows as columns, since a convolution has one for all
            windows = functional.unfold(chance, KERNEL, padding=KERNEL // 2)  # (N, 31 * 31, h * w)
            run = torch.matmul(kernel[:, None], windows)  # (N, 1, h * w)
            low, high = run.amin(2, keepdim=True), run.amax(2, keepdim=True)
            stretched = ((run - low) / (high - low + CALM)).reshape(chance.shape)
            return torch.maximum(stretched, chance)


class Decoder(nn.Module):
    """A pyramid of dilations, and the log odds of what it gives beside a level of the backbone."""

    def __init__(self, inputs: int, skipped: int, width: int) -> None:
        super().__init__()
        half = width // 2
        self.branches = nn.ModuleList(
            [conv(inputs, half, 1), *(conv(inputs, half, dilation=dilation) for dilation in DILATIONS)]
        )
        self.join = conv(len(self.branches) * half, width, 1)
        self.skip = conv(skipped, SKIP, 1)
        self.head = nn.Sequential(conv(width + SKIP, half), nn.Conv2d(half, 1, 1))

    def forward(self, features: Tensor, skipped: Tensor) -> tuple[Tensor, Tensor]:
        """(N, `width`, h, w), and log odds (N, 1, h, w)."""
        decoded = self.join(torch.cat([branch(features) for branch in self.branches], 1))
        return decoded, self.head(torch.cat([decoded, self.skip(skipped)], 1))


class Merge(nn.Module):
    """Features of the next round: those of this one and what was decoded, channels weighed, then joined."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        both = inputs + width
        self.weigh = nn.Sequential(
            nn.Linear(both, both // REDUCTION), nn.ReLU(), nn.Linear(both // REDUCTION, both), nn.Sigmoid()
        )
        self.join = nn.Conv2d(both, inputs, 1)

    def forward(self, features: Tensor, decoded: Tensor) -> Tensor:
        """Of the shape of `features`."""
        both = torch.cat([features, decoded], 1)
        weights = self.weigh(both.mean((2, 3)))[:, :, None, None]
        return cast("Tensor", self.join(weights * both))


def hard_loss(odds: Tensor, mask: Tensor, ignore: Tensor) -> Tensor:
    """Cross entropy of the hard pixels of a batch (OHEM, as in APSC-Net), one number.

    Pixels count whose true class has a chance below `SURE`, and at any rate the hardest share `LEAST`.

    Args:
        odds: (N, 1, h, w) float.
        mask, ignore: (N, 1, h, w) float in 0..1; a pixel is edited from 0.5 on, and counts where ignore is
            below 0.5.

    Returns:
        The mean over these pixels; 0 where nothing counts.
    """
    odds, edited = odds.float(), (mask >= 0.5).float()
    entropy = functional.binary_cross_entropy_with_logits(odds, edited, reduction="none")[ignore < 0.5]
    if not len(entropy):
        return odds.sum() * 0
    chance = torch.exp(-entropy.detach())
    least = max(1, round(LEAST * len(chance)))
    hard = chance <= chance.kthvalue(least).values.clamp(min=SURE)
    return entropy[hard].mean()


def _stages(model: Any) -> tuple[nn.Module, nn.ModuleList]:
    """What stands before the first stage, and the stages."""
    if hasattr(model, "encoder"):
        return model.embeddings, model.encoder.stages
    return nn.Identity(), next(
        module
        for module in model.modules()
        if isinstance(module, nn.ModuleList) and len(module) == len(model.config.hidden_sizes)
    )


def _scaled(level: Tensor, times: float) -> Tensor:
    """On a grid so many times as fine, bilinear; half as fine it is the mean of four."""
    if times == 1:
        return level
    return functional.interpolate(level, scale_factor=times, mode="bilinear", align_corners=False)
