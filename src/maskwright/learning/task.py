"""What the compact network learns from: drawn pairs, aligned and seen as the annotator sees them."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor, nn

from maskwright.errors import InputError
from maskwright.learning.drawn import Drawn
from maskwright.learning.held import figures_of, odds_of, says, whole_pairs
from maskwright.learning.loop import Batch
from maskwright.learning.losses import mask_loss
from maskwright.learning.networks.compact import MULTIPLE, Compact
from maskwright.learning.shares import Shares, told_apart
from maskwright.learning.stream import Maker, Sample, Shard, on_half_grid
from maskwright.masks.annotators import rule
from maskwright.masks.annotators.evidence import evidence
from maskwright.masks.annotators.planes import CHANNELS, planes, seen_as
from maskwright.pairs.align import align
from maskwright.synthesis.photos import Photo
from maskwright.synthesis.roundtrip import KeptRoundtrip
from maskwright.synthesis.samples import BACKGROUNDS, RECIPE, draw_sample

SIDE = 128
"""Of the windows that are trained on, in steps of the half grid: 256 px."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many samples, and of which side in steps of the half grid; sides are multiples of 32.

    Args:
        samples, side: of a shard that is trained on.
        pairs, whole: of the two shards that measure and calibrate: whole pairs but for a few; of those
            that were enlarged beyond 704 px it is a window.
        judged: pairs on which the annotator is calibrated in earnest; half as many measure it.
    """

    samples: int = 256
    side: int = SIDE
    pairs: int = 256
    whole: int = 352
    judged: int = 512


SIZES = Sizes()


@dataclass(frozen=True, slots=True)
class DrawPair:
    """Draws pairs of photographs; a maker of samples that can be pickled.

    Args:
        again: an autoencoder that a share of the pairs passes through.
        mixed: background: its share.
    """

    photos: tuple[Photo, ...]
    again: KeptRoundtrip | None = None
    mixed: Mapping[str, float] = field(default_factory=lambda: BACKGROUNDS)

    def __call__(self, rng: Generator) -> Sample:
        made = draw_sample(self.photos, rng, again=self.again, shares=self.mixed).told.made
        pair = align(made.original, made.edited)
        if pair.geometry.kind == "unrelated":
            raise InputError("the pair cannot be aligned, so no annotator would see it")
        seen = evidence(pair)
        return Sample(
            planes(seen, rule.log_odds(seen, _rule())),
            on_half_grid(made.mask),
            on_half_grid(made.ignore | ~pair.valid),
        )


@functools.cache
def _rule() -> rule.Rule:
    return rule.shipped_rule()


class CompactTask:
    """The task of `maskwright train compact` and `train dass`; to be closed: processes make its samples.

    Args:
        name: of the network.
        names: of the planes that it looks at, see `seen_as`. Whatever they are, the same samples are made,
            with the same turns and colours at a step, so that runs may share a cache.
        batch: samples a step.
        reuse: how often a sample is trained on, each time turned and coloured otherwise.
        cache: where shards lie.
        workers: processes that make them; 0 where another process of this machine has them.
        again: an autoencoder that a share of the pairs passes through.
        mixed: background: its share of the pairs.
        maker: of photographs, what draws samples in place of `DrawPair`, and all that these depend on.
    """

    def __init__(
        self,
        shares: Shares[Photo],
        *,
        seed: int,
        batch: int,
        reuse: int,
        cache: Path,
        workers: int,
        again: KeptRoundtrip | None = None,
        sizes: Sizes = SIZES,
        mixed: Mapping[str, float] = BACKGROUNDS,
        name: str = "compact",
        names: tuple[str, ...] = CHANNELS,
        maker: Callable[[tuple[Photo, ...]], tuple[Maker, str]] | None = None,
    ) -> None:
        self.sizes, self.mixed, self.name, self.names = sizes, mixed, name, names
        self._seed = seed

        def pairs_of(photos: tuple[Photo, ...]) -> tuple[Maker, str]:
            return DrawPair(photos, again, mixed), _key(photos, again, mixed)

        measured = (sizes.pairs, sizes.whole)
        self.drawn = Drawn(
            shares,
            pairs_of if maker is None else maker,
            sizes=((sizes.samples, sizes.side), measured, measured),
            seed=seed,
            batch=batch,
            reuse=reuse,
            cache=cache,
            workers=workers,
        )
        self._colours = colour_planes(CHANNELS)

    def close(self) -> None:
        """End the processes."""
        self.drawn.close()

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.drawn.settings

    def network(self) -> nn.Module:
        return Compact(names=self.names)

    def batch(self, step: int) -> Batch:
        """Samples of a window of shards that moves on.

        planes (N, C, s, s), mask and ignore (N, 1, s, s), all uint8.
        """
        rng = np.random.default_rng((self._seed, step))
        turned = [varied(sample, self._colours, rng) for sample in self.drawn.batch(step, rng)]
        return tensors_of([self._seen(sample) for sample in turned])

    def loss(self, network: nn.Module, batch: Batch, teacher: nn.Module) -> Tensor:
        mask, ignore = (batch[name].float() / 255 for name in ("mask", "ignore"))
        return mask_loss(network(batch["planes"]), mask, ignore)

    def evaluate(self, network: nn.Module) -> Mapping[str, float]:
        """Figures of pairs of held photographs."""
        return figures_of(odds_of(says(network), self.held), self.held)

    @functools.cached_property
    def held(self) -> list[Sample]:
        """Whole pairs of held photographs."""
        return self._whole(self.drawn.held())

    @functools.cached_property
    def kept(self) -> list[Sample]:
        """Whole pairs of the photographs that are kept out of training, for calibration."""
        return self._whole(self.drawn.kept())

    def _whole(self, shard: Shard) -> list[Sample]:
        return [self._seen(sample) for sample in whole_pairs(shard, multiple=MULTIPLE)]

    def _seen(self, sample: Sample) -> Sample:
        return replace(sample, planes=seen_as(sample.planes, self.names))


def colour_planes(names: Sequence[str]) -> tuple[tuple[int, int, int], ...]:
    """Places of the planes of each picture's red, green and blue, by their names.

    >>> colour_planes(["edited_red", "odds", "edited_green", "edited_blue"])
    ((0, 2, 3),)
    """
    found = [match[1] for name in names if (match := re.fullmatch(r"(.+)_red", name))]
    places = {name: place for place, name in enumerate(names)}
    return tuple((places[f"{side}_red"], places[f"{side}_green"], places[f"{side}_blue"]) for side in found)


def varied(sample: Sample, colours: Sequence[tuple[int, int, int]], rng: Generator) -> Sample:
    """The sample turned, mirrored, and with its colours exchanged in the same way in both pictures."""
    turns, flip, order = int(rng.integers(4)), bool(rng.integers(2)), rng.permutation(3)
    channels = np.arange(len(sample.planes))
    for places in colours:
        channels[list(places)] = np.asarray(places)[order]
    planes, mask, ignore = (
        np.rot90(array[..., ::-1] if flip else array, turns, axes=(-2, -1))
        for array in (sample.planes[channels], sample.mask, sample.ignore)
    )
    return Sample(planes, mask, ignore)


def _key(photos: tuple[Photo, ...], again: KeptRoundtrip | None, mixed: Mapping[str, float]) -> str:
    """All that samples depend on beside the seed and this package's version."""
    ruled = hashlib.sha256(rule.constants()).hexdigest()
    through = [again.digest] if again else []
    mixture = [f"{name} {share}" for name, share in mixed.items()]
    return "\n".join([str(RECIPE), ruled, *CHANNELS, *mixture, *told_apart(photos), *through])


def tensors_of(samples: Sequence[Sample]) -> dict[str, Tensor]:
    """planes (N, C, h, w), mask and ignore (N, 1, h, w) of samples of one size."""
    return {
        "planes": torch.from_numpy(np.stack([sample.planes for sample in samples])),
        "mask": torch.from_numpy(np.stack([sample.mask[None] for sample in samples])),
        "ignore": torch.from_numpy(np.stack([sample.ignore[None] for sample in samples])),
    }
