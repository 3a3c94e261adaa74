"""`maskwright train compact` and `train dass`: train, put into eight bits, calibrate, write the card."""

from __future__ import annotations

import contextlib

from maskwright.learning.finish import Exported, finish
from maskwright.learning.loop import run
from maskwright.learning.networks.compact import Compact
from maskwright.learning.task import SIZES, CompactTask, Sizes
from maskwright.learning.train import Assignment, Outcome
from maskwright.masks.annotators.planes import CHANNELS, DASS
from maskwright.synthesis.photos import Photo
from maskwright.synthesis.roundtrip import KeptRoundtrip


def train_compact(given: Assignment[Photo], sizes: Sizes = SIZES) -> Outcome | None:
    """Train, export, calibrate, write the card; None on a process that does not lead."""
    return _train("compact", CHANNELS, given, sizes)


def train_dass(given: Assignment[Photo], sizes: Sizes = SIZES) -> Outcome | None:
    """The same network on the planes of DASS, in all else as `train_compact`, to compare the two."""
    return _train("dass", DASS, given, sizes)


def _train(name: str, names: tuple[str, ...], given: Assignment[Photo], sizes: Sizes) -> Outcome | None:
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
        name=name,
        names=names,
    )
    with contextlib.closing(task):
        trained = run(task, given.schedule, given.out, given.ranks, progress=given.progress)
        if not given.ranks.leads:
            return None
        assert isinstance(trained.network, Compact)
        return finish(given, task, trained, Exported(name, trained.network.settled()), again)
