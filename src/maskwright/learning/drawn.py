"""Samples of a run: drawn ahead by processes, kept as shards, trained on from a window that moves on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from numpy.random import Generator

from maskwright.learning.makers import Makers
from maskwright.learning.shares import Shares, Thing
from maskwright.learning.stream import Maker, Sample, Shard, Stream

WINDOW = 6
"""Shards that a batch is drawn from."""
LEARNT, HELD, KEPT = range(3)
"""Streams of one run; each has a seed of its own, so that they do not draw the same."""
PURPOSES = 3


class Drawn:
    """The samples of a run, in three streams: learnt from, held and kept; to be closed.

    Args:
        maker: of the things of a share, what draws samples of them, and all that these depend on beside the
            seed and this package's version.
        sizes: (samples, side) of a shard of each stream.
        batch: samples a step.
        reuse: how often a sample is trained on.
        cache: where shards lie.
        workers: processes that make them; 0 where another process of this machine has them.
    """

    def __init__(
        self,
        shares: Shares[Thing],
        maker: Callable[[tuple[Thing, ...]], tuple[Maker, str]],
        *,
        sizes: tuple[tuple[int, int], tuple[int, int], tuple[int, int]],
        seed: int,
        batch: int,
        reuse: int,
        cache: Path,
        workers: int,
    ) -> None:
        self._batch, self._reuse = batch, reuse
        groups = (shares.learnt, shares.held, shares.kept)
        streams = [
            Stream(*maker(photos), PURPOSES * seed + purpose, number, side)
            for purpose, (photos, (number, side)) in enumerate(zip(groups, sizes, strict=True))
        ]
        self._held, self._kept = streams[1:]
        self._makers = Makers(cache, streams[0], workers=workers, also=streams[1:])
        self._shards: dict[int, Shard] = {}

    def close(self) -> None:
        """End the processes."""
        self._makers.close()

    @property
    def stream(self) -> Stream:
        """Where the samples that are trained on come from."""
        return self._makers.stream

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the batches depend on, as JSON values."""
        return {"batch": self._batch, "reuse": self._reuse, "stream": self.stream.name}

    def batch(self, step: int, rng: Generator) -> list[Sample]:
        """Samples of a step as they were made, from a window of shards that moves on."""
        samples = self.stream.samples
        newest = step * self._batch // (samples * self._reuse)
        numbers = range(max(0, newest - WINDOW + 1), newest + 1)
        for number in [each for each in self._shards if each not in numbers]:
            del self._shards[number]
        for number in numbers:
            if number not in self._shards:
                self._shards[number] = self._makers.shard(number)
        pool = len(numbers) * samples
        picked = rng.choice(pool, self._batch, replace=self._batch > pool)
        return [self._shards[numbers[place // samples]].sample(place % samples) for place in picked.tolist()]

    def held(self) -> Shard:
        """Samples of held photographs."""
        return self._makers.other(self._held)

    def kept(self) -> Shard:
        """Samples of photographs that are kept out of training, for calibration."""
        return self._makers.other(self._kept)
