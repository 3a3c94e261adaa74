"""What SIGMA's head learns from: drawn pairs with priors, then also real pairs that it labels itself.

Stage 1 sees synthetic and composited edits with known masks. Stage 2 goes on from there with pairs that
passed through an autoencoder (null pairs, and edits whose every pixel moved), real pairs without masks that
the running average of the network labels (Tarvainen and Valpola 2017, arXiv 1703.01780) where it is sure (as
in FixMatch, Sohn and others 2020, arXiv 2001.07685), and a loss that keeps what speaks of an edit apart from
what speaks of noise. All weights of losses are the proposal of research on SIGMA or our own, not tuned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor, nn
from torch.nn import functional

from maskwright.learning.held import Says, figures_of, odds_of
from maskwright.learning.loop import Batch
from maskwright.learning.losses import mask_loss
from maskwright.learning.networks.sam_cd import Compared, unlike
from maskwright.learning.networks.sigma import REFINED, Seen
from maskwright.learning.priors import draw_prior
from maskwright.learning.shares import Shares
from maskwright.learning.stream import Sample, windowed
from maskwright.learning.task import SIZES, CompactTask, Sizes
from maskwright.masks.annotators.heads import Eyes
from maskwright.synthesis.photos import Photo
from maskwright.synthesis.roundtrip import KeptRoundtrip
from maskwright.synthesis.samples import REDRAWN_SHARES

REAL = 4
"""One real pair for so many made ones."""
SURE = 0.9
"""A place is labelled where the teacher's chance of an edit is above this, or below 1 - this."""
LEAST_QES, MOST_AREA = 0.5, 0.9
"""A window whose quality score is lower, or of which more is marked, teaches nothing (MIML's filter)."""
PSEUDO = 0.5
RAMP = 0.2
"""Share of the steps in which the weight of pseudo labels rises to `PSEUDO`."""
QUIET, APART, SWAPPED = 0.1, 0.05, 0.5
"""Weights: edit features outside edits; edit and noise features alike; the mask with another's noise."""
REMEMBERED = 2 << 30
"""Bytes of a backbone's features that are kept of windows, and as many of whole pairs: of DINOv2 small two
thirds of the windows that a batch is drawn from, and the held pairs."""
JITTER = 0.3
"""Spread of the logarithm of what null constants are multiplied with, for a pair's own differ from them."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What sets one run of SIGMA apart from another.

    Args:
        network: made anew, or the one that stage 1 left.
        null: (L, 2) float32, median and spread of each layer's cosine distance between a picture and its
            round trip; zeros where no autoencoder is known.
        real: pairs without masks; none in stage 1.
        ramp: steps in which the weight of pseudo labels rises.
        told: what of this is not in the shares, as JSON values.
        eyes: give the features of a backbone that is not in the network.
    """

    network: nn.Module
    null: Tensor
    real: Sequence[Sample] = ()
    ramp: int = 1
    told: Mapping[str, Any] | None = None
    eyes: Eyes | None = None


class SigmaTask(CompactTask):
    """The task of `maskwright train sigma` and of `maskwright train sam-cd`; to be closed.

    Args:
        recipe: of this run.
        others: as for `CompactTask`.
    """

    def __init__(
        self,
        name: str,
        recipe: Recipe,
        shares: Shares[Photo],
        *,
        seed: int,
        batch: int,
        reuse: int,
        cache: Path,
        workers: int,
        again: KeptRoundtrip | None = None,
        sizes: Sizes = SIZES,
    ) -> None:
        super().__init__(
            shares,
            seed=seed,
            batch=batch,
            reuse=reuse,
            cache=cache,
            workers=workers,
            again=again,
            sizes=sizes,
            mixed=REDRAWN_SHARES,
            name=name,
        )
        self._recipe = recipe
        eyes = recipe.eyes
        # whole pairs that measure would drive out what is remembered of windows
        self._measured = None if eyes is None else Eyes(eyes.backbone, remembers=REMEMBERED)

    @property
    def settings(self) -> Mapping[str, Any]:
        return {**super().settings, **(self._recipe.told or {})}

    def network(self) -> nn.Module:
        return self._recipe.network

    def batch(self, step: int) -> Batch:
        """As `CompactTask.batch`; and prior (N, 1, s, s) uint8, null (N, L, 2) float32.

        In stage 2 also real (M, C, s, s) uint8, the pairs without masks, and step (M,) float32. With a
        backbone that is not in the network, its features of all of them, (N, C_l, h_l, w_l) float32, by the
        names of the head's inputs; of real ones behind `real_`.
        """
        rng = np.random.default_rng((self._seed, step))
        drawn = self.drawn.batch(step, rng)
        planes = np.stack([sample.planes for sample in drawn])
        found = {
            "planes": torch.from_numpy(planes),
            "mask": torch.from_numpy(np.stack([sample.mask[None] for sample in drawn])),
            "ignore": torch.from_numpy(np.stack([sample.ignore[None] for sample in drawn])),
            "prior": torch.from_numpy(np.stack([draw_prior(sample.mask, rng)[None] for sample in drawn])),
            "null": self._nulls(len(drawn), rng),
            "order": _orders(len(drawn), rng),
            **self._features(planes),
        }
        if self._recipe.real:
            count = max(1, len(drawn) // REAL)
            real = np.stack([self._real(rng) for _ in range(count)])
            found["real"] = torch.from_numpy(real)
            found |= {f"real_{name}": value for name, value in self._features(real).items()}
            found["real_null"] = self._nulls(count, rng)
            found["step"] = torch.full((count,), float(step))
        return found

    def loss(self, network: nn.Module, batch: Batch, teacher: nn.Module) -> Tensor:
        eyes = self._recipe.eyes
        if eyes is None:  # features of a turned picture are not the picture's, turned
            batch = posed(batch)
        mask, ignore = (batch[name].float() / 255 for name in ("mask", "ignore"))
        if self.name == "sam-cd":
            compared = cast("Compared", network(batch["planes"]))
            return mask_loss(compared.odds, mask, ignore) + unlike(compared.latents, 1 - mask)
        planes, prior, null = batch["planes"], batch["prior"], batch["null"]
        names = () if eyes is None else eyes.inputs
        features = [batch[name] for name in names]
        if "real" not in batch:
            seen = cast("Seen", network(planes, prior, null, *features))
            return mask_loss(seen.plain, mask, ignore) + mask_loss(seen.odds, mask, ignore)
        real, number = batch["real"], len(planes)
        real_features = [batch[f"real_{name}"] for name in names]
        target, unsure = pseudo_labels(teacher, real, batch["real_null"], real_features)
        seen = cast(
            "Seen",
            network(
                torch.cat([planes, shaken(real)]),
                torch.cat([prior, torch.zeros_like(real[:, :1])]),
                torch.cat([null, batch["real_null"]]),
                *(torch.cat(both) for both in zip(features, real_features, strict=True)),
            ),
        )
        made = Seen(*(each[:number] for each in seen))
        rise = min(1.0, float(batch["step"][0]) / self._recipe.ramp)
        return (
            mask_loss(made.plain, mask, ignore)
            + mask_loss(made.odds, mask, ignore)
            + PSEUDO * rise * mask_loss(seen.plain[number:], target, unsure)
            + disentangling(made, mask, ignore)
        )

    def evaluate(self, network: nn.Module) -> Mapping[str, float]:
        """Figures of pairs of held photographs, without a prior."""
        return figures_of(odds_of(self.says(network), self.held), self.held)

    def says(self, network: nn.Module) -> Says:
        """What a network says without a prior."""
        device = next(network.parameters()).device

        def run(planes: Any) -> Any:
            with torch.inference_mode():
                given = torch.from_numpy(planes).to(device)
                if self.name == "sam-cd":
                    return network(given).float().cpu().numpy()
                null = self._recipe.null.to(device)[None]
                features = [each.to(device) for each in self._features(planes, self._measured).values()]
                return network(given, torch.zeros_like(given[:, :1]), null, *features).float().cpu().numpy()

        return run

    def _features(self, planes: Any, eyes: Eyes | None = None) -> dict[str, Tensor]:
        """What the backbone sees of planes (N, C, h, w), by name; nothing where it is in the network."""
        eyes = eyes or self._recipe.eyes
        if eyes is None:
            return {}
        return {name: torch.from_numpy(layer) for name, layer in eyes.of_planes(planes).items()}

    def _nulls(self, count: int, rng: Generator) -> Tensor:
        """The constants, each pair's a little otherwise, as its own would be."""
        factor = np.exp(rng.normal(0, JITTER, (count, *self._recipe.null.shape))).astype(np.float32)
        return self._recipe.null[None] * torch.from_numpy(factor)

    def _real(self, rng: Generator) -> Any:
        whole = self._recipe.real[int(rng.integers(len(self._recipe.real)))]
        return windowed(whole, self.sizes.side, rng).planes


def _orders(count: int, rng: Generator) -> Tensor:
    """The order of each sample's colours, (N, 3)."""
    return torch.from_numpy(np.stack([rng.permutation(3) for _ in range(count)]))


def posed(batch: Batch) -> Batch:
    """The made samples turned, mirrored, and with the colours of both pictures exchanged alike.

    Done where the batch is, since a GPU does it in no time and one thread of Python does not. Samples are
    drawn by chance, so every eighth is turned alike.
    """
    found = dict(batch)
    order = batch["order"][:, None, :, None, None]
    count, _, height, width = batch["planes"].shape
    colours = batch["planes"][:, :6].reshape(count, 2, 3, height, width)
    colours = colours.gather(2, order.expand_as(colours)).reshape(count, 6, height, width)
    found["planes"] = torch.cat([colours, batch["planes"][:, 6:]], 1)
    for name in ("planes", "mask", "ignore", "prior"):
        turned = torch.empty_like(found[name])
        for way in range(8):
            some = torch.rot90(found[name][way::8], way % 4, (-2, -1))
            turned[way::8] = some.flip(-1) if way >= 4 else some
        found[name] = turned
    return found


def pseudo_labels(
    teacher: nn.Module, planes: Tensor, null: Tensor, features: Sequence[Tensor] = ()
) -> tuple[Tensor, Tensor]:
    """Masks of real pairs by the teacher, a mean over four mirrorings, and where they are not to be trusted.

    Args:
        features: where the teacher takes some; planes are not mirrored then.

    Returns:
        mask and ignore, (N, 1, h, w) float of zeros and ones: ignored is what the teacher is not sure of,
        what the original has no pixel for, and all of a pair whose quality score or area forbids it.
    """
    chances = []
    with torch.no_grad():
        for axes in ((),) if features else ((), (-1,), (-2,), (-2, -1)):
            mirrored = planes.flip(axes) if axes else planes
            odds = teacher(mirrored, torch.zeros_like(mirrored[:, :1]), null, *features).float()
            chances.append((odds.flip(axes) if axes else odds).sigmoid())
    chance = torch.stack(chances).mean(0)
    places = (1, 2, 3)
    noticed = (chance > 1 / 16).float().sum(places)
    quality = (chance > 15 / 16).float().sum(places) / (noticed + 1e-6)
    area = (chance > 0.5).float().mean(places)
    # an empty mask is sure where nothing is noticed at all
    good = ((quality >= LEAST_QES) | (noticed == 0)) & (area <= MOST_AREA)
    unsure = (chance < SURE) & (chance > 1 - SURE) | (planes[:, -1:] == 0) | ~good[:, None, None, None]
    return (chance >= 0.5).float(), unsure.float()


def shaken(planes: Tensor) -> Tensor:
    """Strong augmentation of real pairs, both pictures alike: gain and offset of colours, noise on the rest.

    The planes stay bytes; the draw follows torch's generator, which the loop sets by the step. Features of a
    backbone that is not in the network stay those of the pictures as they were.
    """
    count = len(planes)
    gain = 1 + 0.25 * (torch.rand(count, 3, 1, 1, device=planes.device) - 0.5)
    offset = 40 * (torch.rand(count, 3, 1, 1, device=planes.device) - 0.5)
    colours = planes[:, :6].float() * gain.repeat(1, 2, 1, 1) + offset.repeat(1, 2, 1, 1)
    rest = planes[:, 6:-1].float()
    rest = rest + 6 * torch.randn(count, rest.shape[1], 1, 1, device=planes.device) * (rest > 0)
    changed = torch.cat([colours, rest], 1).round().clamp(0, 255).to(torch.uint8)
    return torch.cat([changed, planes[:, -1:]], 1)


def disentangling(seen: Seen, mask: Tensor, ignore: Tensor) -> Tensor:
    """What keeps features of edits apart from features of noise.

    Edit features are small where nothing was edited; the two are not alike at any place; and the mask stays
    when the noise of another pair takes the place of its own.
    """
    shrink = 2 ** (REFINED + 1)
    outside = 1 - functional.max_pool2d(torch.maximum(mask, ignore), shrink)
    weight = outside.sum() + 1
    quiet = (seen.edit.float().abs() * outside).sum() / (weight * seen.edit.shape[1])
    alike = functional.cosine_similarity(seen.edit.float(), seen.noise.float(), dim=1).square().mean()
    return QUIET * quiet + APART * alike + SWAPPED * mask_loss(seen.swapped, mask, ignore)
