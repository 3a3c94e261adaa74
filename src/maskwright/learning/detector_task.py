"""What a detector learns from: pictures of a dataset with their masks, laundered, in windows or whole."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import cv2
import numpy as np
from numpy.random import Generator
from torch import Tensor, nn

from maskwright.errors import SettingError, unknown_name
from maskwright.learning.detector_earnest import f1_best
from maskwright.learning.drawn import Drawn
from maskwright.learning.exhibits import Exhibit, Opened, balanced, opened, told_apart
from maskwright.learning.held import odds_of, says, whole_pairs
from maskwright.learning.laundering import RECIPE, laundered
from maskwright.learning.loop import Batch
from maskwright.learning.shares import Shares
from maskwright.learning.stream import Maker, Sample, Shard
from maskwright.learning.task import tensors_of, varied
from maskwright.synthesis.steps import Made


class Network(Protocol):
    """What a builder of `NETWORKS` gives, an `nn.Module`.

    `forward` takes (N, 3, H, W) uint8 RGB, and gives (N, 1, H, W) float32, log odds; while it learns it may
    give (N, 1 + k, H, W), where the k behind the first are auxiliary, each with its own loss.

    Attributes:
        side: the one height and width it takes, in pixels; None: any.
        whole: with a side, whether a picture is resized to it; else it sees squares at full resolution.
        margin: how far a tile reaches beyond what is used of it, in pixels.
        multiple: height and width must be multiples of this.
        backbone: what it stands on, in words for the card; missing where there is none.
        settled: a method that gives a copy that computes the same, to be exported; missing where the network
            is exported as it is.
    """

    side: int | None
    whole: bool
    margin: int
    multiple: int


@dataclass(frozen=True, slots=True)
class Known:
    """A network that can be trained.

    Args:
        builder: `module:function`, called with (backbone, side); gives a `Network`.
        backbone: whether it stands on one.
        rate: highest learning rate.
        loss: `module:function` of (odds, mask, ignore), as `losses.detector_loss`.
        auxiliary: weight of the mean loss of auxiliary maps; that of the final one is 1. As in PSPNet (Zhao
            et al. 2017) where nothing is said.
    """

    builder: str
    backbone: bool = True
    rate: float = 5e-4
    loss: str = "maskwright.learning.losses:detector_loss"
    auxiliary: float = 0.4


NETWORKS = {
    "apsc": Known(
        "maskwright.learning.networks.apsc:apsc",
        rate=1e-4,
        loss="maskwright.learning.networks.apsc:hard_loss",
        auxiliary=1.5,  # half a loss each, of three
    ),
    "compact-detector": Known(
        "maskwright.learning.networks.compact_detector:compact_detector", backbone=False, rate=2e-3
    ),
    "mfpt": Known("maskwright.learning.networks.mfpt:mfpt", rate=3e-4),
    "vit-lora": Known("maskwright.learning.networks.vit_lora:vit_lora", rate=3e-4),
}
"""Every network of a detector that can be trained, by its name."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many samples, and of which side in pixels.

    Args:
        samples, side: of a shard that is trained on; the side is the network's where it has one.
        pictures, whole: of the two shards that measure as training goes on, and that decide on eight bits;
            of larger pictures a window.
        judged: pictures that measure in earnest at the end, and that calibrate, at most.
    """

    samples: int = 256
    side: int = 192
    pictures: int = 64
    whole: int = 512
    judged: int = 400


SIZES = Sizes()


def check_known(name: str, backbone: str | None) -> Known:
    """The entry of a name in `NETWORKS`.

    Raises:
        SettingError: there is none, or a backbone is missing or too much.
    """
    if name not in NETWORKS:
        raise unknown_name("detector to train", name, NETWORKS)
    known = NETWORKS[name]
    if known.backbone and backbone is None:
        raise SettingError(
            f"{name} stands on a backbone",
            hint="--backbone with a folder or hub id, see docs/how-to/backbones.md",
        )
    if not known.backbone and backbone is not None:
        raise SettingError(f"{name} stands on no backbone", hint="leave out --backbone")
    return known


def build(known: Known, backbone: str | None, side: int | None) -> nn.Module:
    """A new network; its weights follow from torch's generator, or are those of the backbone."""
    return cast("nn.Module", _found(known.builder)(backbone, side))


def _found(place: str) -> Callable[..., Any]:
    module, _, name = place.partition(":")
    return cast("Callable[..., Any]", getattr(importlib.import_module(module), name))


@dataclass(frozen=True, slots=True)
class DrawExhibit:
    """Draws pictures with their masks; a maker of samples that can be pickled.

    Args:
        groups: as `balanced` gives them.
        laundering: whether pictures are laundered.
        side: what pictures are resized to; None leaves them as they are.
    """

    groups: list[list[list[Exhibit]]]
    laundering: bool
    side: int | None

    def __call__(self, rng: Generator) -> Sample:
        some: Any = self.groups
        while isinstance(some, list):
            some = some[int(rng.integers(len(some)))]
        seen = opened(some)
        if self.laundering:
            made = laundered(Made(seen.picture, seen.picture, seen.mask, seen.ignore), rng)
            seen = Opened(made.edited, made.mask & ~made.ignore, made.ignore)
        return sample_of(seen, self.side)


def sample_of(seen: Opened, side: int | None) -> Sample:
    """A picture as a network sees it, whole: planes (3, H, W), resized to a square where there is a side."""
    levels = [each.view(np.uint8) * np.uint8(255) for each in (seen.mask, seen.ignore)]
    picture = seen.picture
    if side is not None:
        picture, *levels = (resized(each, side) for each in (picture, *levels))
    return Sample(np.ascontiguousarray(picture.transpose(2, 0, 1)), *levels)


def resized(array: Any, side: int) -> Any:
    """A picture made a square, as `detectors` does before a network sees it whole."""
    return cv2.resize(array, (side, side), interpolation=cv2.INTER_LINEAR)


class DetectorTask:
    """The task of `maskwright train detector`; to be closed: processes make its samples.

    Args:
        name: of the network.
        known: its entry in `NETWORKS`.
        first: a network as it begins.
        told: what else the run depends on: of its settings.
        seed, batch, reuse, cache, workers: as for `CompactTask`.
    """

    def __init__(
        self,
        name: str,
        known: Known,
        first: nn.Module,
        shares: Shares[Exhibit],
        *,
        told: Mapping[str, Any],
        seed: int,
        batch: int,
        reuse: int,
        cache: Path,
        workers: int,
        sizes: Sizes = SIZES,
    ) -> None:
        self.name, self.sizes = name, sizes
        self._first, self._told, self._seed = first, told, seed
        self._known, self._loss = known, _found(known.loss)
        seen = cast("Network", first)
        self._multiple, self._fixed = seen.multiple, seen.side
        whole = seen.side if seen.whole else None

        def maker(exhibits: tuple[Exhibit, ...]) -> tuple[Maker, str]:
            learnt = exhibits is shares.learnt
            key = ["exhibits", str(RECIPE), str(learnt), str(whole), told_apart(exhibits)]
            return DrawExhibit(balanced(exhibits), learnt, whole), "\n".join(key)

        measured = (sizes.pictures, seen.side or sizes.whole)
        self.drawn = Drawn(
            shares,
            maker,
            sizes=((sizes.samples, seen.side or sizes.side), measured, measured),
            seed=seed,
            batch=batch,
            reuse=reuse,
            cache=cache,
            workers=workers,
        )

    def close(self) -> None:
        """End the processes."""
        self.drawn.close()

    @property
    def settings(self) -> Mapping[str, Any]:
        return {**self.drawn.settings, **self._told}

    def network(self) -> nn.Module:
        return self._first

    def batch(self, step: int) -> Batch:
        """planes (N, 3, s, s), mask and ignore (N, 1, s, s), all uint8; turned and mirrored."""
        rng = np.random.default_rng((self._seed, step))
        return tensors_of([varied(sample, (), rng) for sample in self.drawn.batch(step, rng)])

    def loss(self, network: nn.Module, batch: Batch, teacher: nn.Module) -> Tensor:
        mask, ignore = (batch[name].float() / 255 for name in ("mask", "ignore"))
        final, *others = network(batch["planes"]).split(1, dim=1)
        loss: Tensor = self._loss(final, mask, ignore)
        for other in others:
            loss = loss + self._known.auxiliary / len(others) * self._loss(other, mask, ignore)
        return loss

    def evaluate(self, network: nn.Module) -> Mapping[str, float]:
        """f1 of pictures of held photographs, at the level that is best for them."""
        return {"f1": f1_best(odds_of(says(network), self.held), self.held)}

    @functools.cached_property
    def held(self) -> Sequence[Sample]:
        """Pictures of held photographs."""
        return self._whole(self.drawn.held())

    @functools.cached_property
    def kept(self) -> Sequence[Sample]:
        """Pictures of the photographs that are kept out of training."""
        return self._whole(self.drawn.kept())

    def _whole(self, shard: Shard) -> list[Sample]:
        if self._fixed:
            return [shard.sample(place) for place in range(len(shard.planes))]
        return whole_pairs(shard, multiple=self._multiple)
