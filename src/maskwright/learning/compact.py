"""How the compact annotator's network is trained: on drawn pairs, aligned and seen as in earnest."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor, nn

from maskwright import __version__
from maskwright.corpus.atomic import replacing
from maskwright.errors import InputError
from maskwright.learning.earnest import (
    Annotated,
    annotated,
    confidence_constants,
    figures_in_earnest,
    judged,
    scale_of,
)
from maskwright.learning.export import check, export, quantized, write_card
from maskwright.learning.held import figures_of, file_says, odds_of, says, whole_pairs
from maskwright.learning.loop import Batch, Trained, run
from maskwright.learning.losses import mask_loss
from maskwright.learning.makers import Makers
from maskwright.learning.networks.compact import MULTIPLE, Compact
from maskwright.learning.shares import Shares, terms, terms_for, told_apart
from maskwright.learning.stream import Sample, Shard, Stream, on_half_grid, windowed
from maskwright.learning.train import Assignment, Outcome
from maskwright.masks.annotators import rule
from maskwright.masks.annotators.compact import Weigher, change_of
from maskwright.masks.annotators.confidence import KINDS
from maskwright.masks.annotators.evidence import evidence
from maskwright.masks.annotators.planes import CHANNELS, planes
from maskwright.pairs.align import align
from maskwright.synthesis.photos import Photo
from maskwright.synthesis.roundtrip import KeptRoundtrip
from maskwright.synthesis.samples import RECIPE, draw_sample
from maskwright.weights import card_path, open_network

WINDOW = 6
"""Shards that a batch is drawn from."""
SIDE = 128
"""Of the windows that are trained on, in steps of the half grid: 256 px."""
CHECKED = 8
"""Pairs on which the exported network is held against torch."""
CALIBRATED = 60
"""Windows that show the range of values in eight bits; design.md, section 7."""
INT8_COST = 0.002
"""F1 that eight bits may cost."""
LEARNT, HELD, KEPT = range(3)
"""Streams of one run; each has a seed of its own, so that they do not draw the same."""
PURPOSES = 3


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
    """

    photos: tuple[Photo, ...]
    again: KeptRoundtrip | None = None

    def __call__(self, rng: Generator) -> Sample:
        made = draw_sample(self.photos, rng, again=self.again).told.made
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
    """The task of `maskwright train compact`; to be closed, since processes make its samples.

    Args:
        batch: samples a step.
        reuse: how often a sample is trained on, each time turned and coloured otherwise.
        cache: where shards lie.
        workers: processes that make them; 0 where another process of this machine has them.
        again: an autoencoder that a share of the pairs passes through.
    """

    name = "compact"

    def __init__(
        self,
        shares: Shares,
        *,
        seed: int,
        batch: int,
        reuse: int,
        cache: Path,
        workers: int,
        again: KeptRoundtrip | None = None,
        sizes: Sizes = SIZES,
    ) -> None:
        self.sizes = sizes
        self._seed, self._batch, self._reuse = seed, batch, reuse
        streams = [
            Stream(DrawPair(photos, again), _key(photos, again), PURPOSES * seed + purpose, number, side)
            for photos, purpose, number, side in (
                (shares.learnt, LEARNT, sizes.samples, sizes.side),
                (shares.held, HELD, sizes.pairs, sizes.whole),
                (shares.kept, KEPT, sizes.pairs, sizes.whole),
            )
        ]
        self._held, self._kept = streams[1:]
        self._learnt = Makers(cache, streams[0], workers=workers, also=streams[1:])
        self._shards: dict[int, Shard] = {}
        self._colours = colour_planes(CHANNELS)

    def close(self) -> None:
        """End the processes."""
        self._learnt.close()

    @property
    def stream(self) -> Stream:
        """Where the samples that are trained on come from."""
        return self._learnt.stream

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"batch": self._batch, "reuse": self._reuse, "stream": self.stream.name}

    def network(self) -> nn.Module:
        return Compact()

    def batch(self, step: int) -> Batch:
        """Samples of a window of shards that moves on.

        planes (N, C, s, s), mask and ignore (N, 1, s, s), all uint8.
        """
        samples = self.stream.samples
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
        return figures_of(odds_of(says(network), self.held), self.held)

    @functools.cached_property
    def held(self) -> list[Sample]:
        """Whole pairs of held photographs."""
        return whole_pairs(self._learnt.other(self._held), multiple=MULTIPLE)

    @functools.cached_property
    def kept(self) -> list[Sample]:
        """Whole pairs of the photographs that are kept out of training, for calibration."""
        return whole_pairs(self._learnt.other(self._kept), multiple=MULTIPLE)


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


def _key(photos: tuple[Photo, ...], again: KeptRoundtrip | None) -> str:
    """All that samples depend on beside the seed and this package's version."""
    ruled = hashlib.sha256(rule.constants()).hexdigest()
    return "\n".join([str(RECIPE), ruled, *CHANNELS, *told_apart(photos), *([again.digest] if again else [])])


def _sample(shard: Shard, place: int) -> Sample:
    return Sample(shard.planes[place], shard.mask[place], shard.ignore[place])


def _tensors(samples: Sequence[Sample]) -> dict[str, Tensor]:
    return {
        "planes": torch.from_numpy(np.stack([sample.planes for sample in samples])),
        "mask": torch.from_numpy(np.stack([sample.mask[None] for sample in samples])),
        "ignore": torch.from_numpy(np.stack([sample.ignore[None] for sample in samples])),
    }


def train_compact(given: Assignment, sizes: Sizes = SIZES) -> Outcome | None:
    """Train, export, calibrate, write the card; None on a process that does not lead.

    The card is written last; a run that has one is finished, and given back as it stands. Take the card
    away to calibrate the network anew.
    """
    again = None
    if given.options.autoencoder is not None:
        again = KeptRoundtrip(given.options.autoencoder, given.cache / "autoencoder")
    task = CompactTask(
        given.shares,
        seed=given.options.seed,
        batch=given.options.batch,
        reuse=given.options.reuse,
        cache=given.cache,
        workers=given.options.makers if given.ranks.local_rank == 0 else 0,
        again=again,
        sizes=sizes,
    )
    with contextlib.closing(task):
        trained = run(task, given.schedule, given.out, given.ranks, progress=given.progress)
        if not given.ranks.leads:
            return None
        path = given.out / "compact.onnx"
        figures = _figures_of_card(given, path, trained)
        if figures is None:
            figures = _finish(given, task, trained, again, path)
        return Outcome(path, card_path(path), trained.steps, trained.elapsed_s, figures)


def _figures_of_card(given: Assignment, path: Path, trained: Trained) -> Mapping[str, float] | None:
    """What an earlier end of this run has written; None where it is not there, or of another version."""
    try:
        told = json.loads(card_path(path).read_text(encoding="utf-8"))
        whole = hashlib.sha256(path.read_bytes()).hexdigest() == told["sha256"]
        same = (told["steps"], told["training_data"]) == (trained.steps, _training_data(given))
        return dict(told["figures"]) if whole and same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _training_data(given: Assignment) -> str:
    return f"edits made by maskwright {__version__} on {terms(given.shares.learnt)}"


def _finish(
    given: Assignment, task: CompactTask, trained: Trained, again: KeptRoundtrip | None, path: Path
) -> dict[str, float]:
    """Export the network, calibrate it, write its card; its figures."""
    assert isinstance(trained.network, Compact)
    network, kept = trained.network.settled(), task.kept
    exact = export(
        network,
        given.out / "compact.fp32.onnx",
        kept[0].planes[None],
        names=("planes", "odds"),
        moving=(0, 2, 3),
    )
    error = check(network, exact, [pair.planes[None] for pair in kept[:CHECKED]], as_chance=True)
    card_path(path).unlink(missing_ok=True)  # of an earlier end of this run: another network's
    rng = np.random.default_rng(given.options.seed)
    f1 = smaller(exact, path, kept=kept, held=task.held, rng=rng)
    constants, in_earnest = _in_earnest(given, path, task.sizes.judged, again)
    figures = {
        **trained.figures,
        **f1,
        **in_earnest,
        "torch_onnx_error": error,
    }
    write_card(
        path,
        name="compact",
        version="1",
        training_data=_training_data(given),
        licence=terms_for(given.shares.learnt),
        constants=constants,
        steps=trained.steps,
        seed=given.options.seed,
        figures=figures,
    )
    return figures


def smaller(
    exact: Path, path: Path, *, kept: Sequence[Sample], held: Sequence[Sample], rng: Generator
) -> dict[str, float]:
    """Write a network in eight bits where that costs next to nothing on the kept pairs, else as it is.

    Args:
        exact: a network of `planes`.
        path: what is written.
        held: only measured on.

    Returns:
        f1_kept_fp32, f1_kept_int8, f1_fp32 and f1_int8, the last two of held pairs.
    """
    crops = [windowed(kept[place % len(kept)], SIDE, rng).planes[None] for place in range(CALIBRATED)]
    quantized(exact, path, crops)
    found = {
        f"{name}_{bits}": figures_of(odds_of(file_says(file), pairs), pairs).get("f1", math.nan)
        for name, pairs in (("f1_kept", kept), ("f1", held))
        for bits, file in (("fp32", exact), ("int8", path))
    }
    if not found["f1_kept_int8"] >= found["f1_kept_fp32"] - INT8_COST:
        with replacing(path) as temporary:
            temporary.write_bytes(exact.read_bytes())
    return found


def _in_earnest(
    given: Assignment, path: Path, pairs: int, again: KeptRoundtrip | None
) -> tuple[dict[str, float], dict[str, float]]:
    """Constants fitted on masks of kept photographs, and figures of masks of held ones."""
    network = open_network(path)

    def found(
        photos: Sequence[Photo], purpose: int, pairs: int, constants: Mapping[str, float]
    ) -> Iterator[Annotated]:
        weigher = Weigher(network, _rule(), constants)
        return annotated(
            photos,
            lambda pair: change_of(pair, weigher),
            seed=PURPOSES * given.options.seed + purpose,
            pairs=pairs,
            again=again,
        )

    kept = given.shares.kept, KEPT, pairs
    held = given.shares.held, HELD, pairs // 2
    unsure = {f"{kind}_{name}": 0.0 for kind, names in KINDS.items() for name in ("bias", *names)}
    plain = {"odds_gain": 1.0, "odds_offset": 0.0, **unsure}
    scale = scale_of(found(*kept, plain))
    scaled = {**unsure, "odds_gain": scale.gain, "odds_offset": scale.offset}
    constants = {**scaled, **confidence_constants(judged(found(*kept, scaled)))}
    before = figures_in_earnest(judged(found(*held, plain)), plain)
    figures = figures_in_earnest(judged(found(*held, scaled)), constants)
    return constants, {**figures, "calibration_error_before": before["calibration_error"]}
