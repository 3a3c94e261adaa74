"""How the compact annotator's network is trained: on drawn pairs, aligned and seen as in earnest."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn

from maskwright import __version__
from maskwright.learning.calibrate import Scale, fit_scale, measured
from maskwright.learning.export import check, export, write_card
from maskwright.learning.loop import Batch, Trained, run
from maskwright.learning.losses import mask_loss
from maskwright.learning.makers import Makers, first_shard
from maskwright.learning.networks.compact import Compact
from maskwright.learning.shares import Shares, terms, terms_for, told_apart
from maskwright.learning.stream import Sample, Shard, Stream, on_half_grid
from maskwright.learning.train import Assignment, Outcome
from maskwright.masks.annotators import rule
from maskwright.masks.annotators.evidence import evidence
from maskwright.masks.annotators.planes import CHANNELS, planes
from maskwright.measures.metrics import count
from maskwright.pairs.align import align
from maskwright.synthesis.photos import Photo
from maskwright.synthesis.samples import draw_sample

Floats = NDArray[np.float32]

WINDOW = 6
"""Shards that a batch is drawn from."""
WHOLE = 352
"""Side of the windows that measure and calibrate, in steps of the half grid: whole pairs, since `draw_sample`
makes none above 640 px but for a stretch of 5 %; a multiple of 32."""
MEASURED = 128
"""Pairs that are measured on as training goes on."""
CHECKED = 4
"""Batches of two pairs on which the exported network is held against torch."""
HELD, KEPT = 1, 2
"""Streams of the same seed that must not draw the same: added to the seed of what is trained on, 0."""
PURPOSES = 3


@dataclass(frozen=True, slots=True)
class DrawPair:
    """Draws pairs of photographs; a maker of samples that can be pickled."""

    photos: tuple[Photo, ...]

    def __call__(self, rng: Generator) -> Sample:
        made = draw_sample(self.photos, rng).told.made
        pair = align(made.original, made.edited)
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
    """The task of `maskwright train compact`; to be closed, since processes make its samples.

    Args:
        batch: samples a step.
        reuse: how often a sample is trained on, each time turned and coloured otherwise.
        cache: where shards lie.
        workers: processes that make them; 0 where another process of this machine has them.
    """

    name = "compact"

    def __init__(
        self, shares: Shares, *, seed: int, batch: int, reuse: int, cache: Path, workers: int
    ) -> None:
        self._seed, self._batch, self._reuse, self._cache = seed, batch, reuse, cache
        self._learnt = Makers(cache, _stream(shares.learnt, PURPOSES * seed), workers=workers)
        self._held, self._kept = (
            replace(_stream(photos, PURPOSES * seed + purpose), samples=MEASURED, side=WHOLE)
            for photos, purpose in ((shares.held, HELD), (shares.kept, KEPT))
        )
        self._shards: dict[int, Shard] = {}
        self._colours = colour_planes(CHANNELS)

    def close(self) -> None:
        """End the processes."""
        self._learnt.close()

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"batch": self._batch, "reuse": self._reuse, "stream": self._learnt.stream.name}

    def network(self) -> nn.Module:
        return Compact()

    def batch(self, step: int) -> Batch:
        """Samples of a window of shards that moves on.

        planes (N, C, s, s), mask and ignore (N, 1, s, s), all uint8.
        """
        samples = self._learnt.stream.samples
        newest = step * self._batch // (samples * self._reuse)
        numbers = range(max(0, newest - WINDOW + 1), newest + 1)
        for number in [each for each in self._shards if each not in numbers]:
            del self._shards[number]
        for number in numbers:
            if number not in self._shards:
                self._shards[number] = self._learnt.shard(number)
        rng = np.random.default_rng((self._seed, step))
        pool = len(numbers) * samples
        picked = rng.choice(pool, self._batch, replace=self._batch > pool)
        drawn = [
            varied(_sample(self._shards[numbers[place // samples]], place % samples), self._colours, rng)
            for place in picked.tolist()
        ]
        return _tensors(drawn)

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        mask, ignore = (batch[name].float() / 255 for name in ("mask", "ignore"))
        return mask_loss(network(batch["planes"]), mask, ignore)

    def evaluate(self, network: nn.Module) -> Mapping[str, float]:
        """Figures of pairs of held photographs."""
        return figures_of(odds_of_all(network, self.measured()), self.measured())

    def calibration(self) -> Shard:
        """Whole pairs of the photographs that are kept out of training."""
        return first_shard(self._cache, self._kept)

    def measured(self) -> Shard:
        """Whole pairs of held photographs."""
        return self._measured

    @functools.cached_property
    def _measured(self) -> Shard:
        return first_shard(self._cache, self._held)


def figures_of(odds: Sequence[Floats], shard: Shard) -> dict[str, float]:
    """Figures of a shard's pairs at 0.5, on the half grid.

    Returns:
        f1 and iou, means over pairs in which something is edited; unedited_marked, the mean marked
        share of the others. What there is no pair for is missing.
    """
    counts = [
        count(odd >= 0, mask >= 128, ignore=ignore >= 128)
        for odd, mask, ignore in zip(odds, shard.mask, shard.ignore, strict=True)
    ]
    edited = [each for each in counts if each.tp + each.fn]
    others = [each for each in counts if not each.tp + each.fn]
    figures = {}
    if edited:
        figures["f1"] = float(np.mean([2 * c.tp / (2 * c.tp + c.fp + c.fn) for c in edited]))
        figures["iou"] = float(np.mean([c.tp / (c.tp + c.fp + c.fn) for c in edited]))
    if others:
        figures["unedited_marked"] = float(np.mean([c.fp / max(1, c.fp + c.tn) for c in others]))
    return figures


def odds_of_all(network: nn.Module, shard: Shard) -> list[Floats]:
    """(h, w) float32 each: what the network says of every pair of a shard."""
    device = next(network.parameters()).device
    found = []
    with torch.inference_mode():
        for planes in shard.planes:
            odds = network(torch.from_numpy(planes[None]).to(device))
            found.append(np.asarray(odds[0, 0].float().cpu().numpy(), np.float32))
    return found


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


def _stream(photos: tuple[Photo, ...], seed: int) -> Stream:
    return Stream(DrawPair(photos), "\n".join([*CHANNELS, *told_apart(photos)]), seed)


def _sample(shard: Shard, place: int) -> Sample:
    return Sample(shard.planes[place], shard.mask[place], shard.ignore[place])


def _tensors(samples: Sequence[Sample]) -> dict[str, Tensor]:
    return {
        "planes": torch.from_numpy(np.stack([sample.planes for sample in samples])),
        "mask": torch.from_numpy(np.stack([sample.mask[None] for sample in samples])),
        "ignore": torch.from_numpy(np.stack([sample.ignore[None] for sample in samples])),
    }


def train_compact(given: Assignment) -> Outcome | None:
    """Train, export, calibrate, write the card; None on a process that does not lead."""
    ranks, options = given.ranks, given.options
    task = CompactTask(
        given.shares,
        seed=options.seed,
        batch=options.batch,
        reuse=options.reuse,
        cache=given.cache,
        workers=options.makers if ranks.local_rank == 0 else 0,
    )
    with contextlib.closing(task):
        trained = run(task, given.schedule, given.out, ranks, progress=given.progress)
    return _finished(given, task, trained) if ranks.leads else None


def _finished(given: Assignment, task: CompactTask, trained: Trained) -> Outcome:
    assert isinstance(trained.network, Compact)
    network, kept, held = trained.network.settled(), task.calibration(), task.measured()
    path = export(
        network,
        given.out / "compact.onnx",
        np.ascontiguousarray(kept.planes[:1, :, :64, :96]),
        names=("planes", "odds"),
        moving=(0, 2, 3),
    )
    crops = [kept.planes[place : place + 2] for place in range(0, 2 * CHECKED, 2)]
    error = check(network, path, crops, as_chance=True)
    scale = fit_scale(odds_of_all(network, kept), list(kept.mask), list(kept.ignore))
    odds = odds_of_all(network, held)
    figures = {
        **trained.figures,
        **measured(odds, list(held.mask), list(held.ignore), scale),
        "calibration_error_before": measured(odds, list(held.mask), list(held.ignore), Scale(1.0, 0.0))[
            "calibration_error"
        ],
        "torch_onnx_error": error,
    }
    card = write_card(
        path,
        name="compact",
        version="1",
        training_data=f"edits made by maskwright {__version__} on {terms(given.shares.learnt)}",
        licence=terms_for(given.shares.learnt),
        constants={"odds_gain": scale.gain, "odds_offset": scale.offset},
        steps=trained.steps,
        seed=given.options.seed,
        figures=figures,
    )
    return Outcome(path, card, trained.steps, trained.elapsed_s, figures)
