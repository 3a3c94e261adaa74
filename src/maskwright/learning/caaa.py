"""`maskwright train caaa`: the matcher, then the mask of what was taken, then what tells a pair's group."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright import __version__
from maskwright.bench.processes import answers
from maskwright.corpus.executors.local import default_workers
from maskwright.learning.drawn import HELD, KEPT, PURPOSES
from maskwright.learning.earnest import (
    Annotated,
    confidence_constants,
    figures_in_earnest,
    gain_of,
    judged,
    with_gain,
)
from maskwright.learning.export import check, export, write_card
from maskwright.learning.finish import CHECKED, Exported, smaller
from maskwright.learning.groups import accuracy, fit_groups, known_pairs
from maskwright.learning.loop import Lap, Schedule, Trained, run
from maskwright.learning.networks.compact import Compact
from maskwright.learning.sacm_task import SIDE, SacmTask
from maskwright.learning.shares import terms, terms_for
from maskwright.learning.taken_task import TakenTask, taken_of
from maskwright.learning.task import Sizes
from maskwright.learning.train import Assignment, Outcome
from maskwright.masks.annotators import relation
from maskwright.masks.annotators.caaa import Caaa
from maskwright.masks.annotators.confidence import CONSTANTS
from maskwright.masks.annotators.sacm import LEVELS
from maskwright.pairs.align import align
from maskwright.pairs.values import DONOR, Change
from maskwright.synthesis.donors import draw_donor
from maskwright.synthesis.photos import Photo
from maskwright.weights import card_path

MATCHER, MASK = "caaa", "caaa-donor"
"""Names of the two networks' files and cards."""
RATE = 2e-3
"""The matcher's learning rate."""
AVERAGE = 0.99
"""Decay of the running average of weights, for runs of some thousand steps."""
SIZES = Sizes(samples=192, pairs=96, judged=160)


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much is drawn.

    Args:
        sizes: of the shards of the mask's run; `judged` donor pairs calibrate it, half as many measure it.
        matched: donor pairs of a shard of the matcher's run.
        related: pairs of every group that the classifier is fitted on; half as many measure it.
    """

    sizes: Sizes = SIZES
    matched: int = 96
    related: int = 160


def train_caaa(given: Assignment[Photo], amounts: Amounts = Amounts()) -> Outcome | None:
    """Train both networks, export, fit, write the cards; None on a process that does not lead.

    The length of the run is that of both: minutes are halved, steps are those of each.
    """
    options = given.options
    half = given.schedule if given.schedule.minutes is None else _halved(given.schedule)
    half = replace(half, average=AVERAGE)
    workers = options.makers if given.ranks.local_rank == 0 else 0
    drawing: Mapping[str, Any] = {
        "seed": options.seed,
        "batch": options.batch,
        "reuse": options.reuse,
        "cache": given.cache,
        "workers": workers,
    }
    matcher = SacmTask(
        given.shares,
        **drawing,
        samples=amounts.matched,
    )
    folder = given.out / "sacm"
    folder.mkdir(exist_ok=True)
    with contextlib.closing(matcher):
        described = run(
            matcher,
            replace(half, rate=RATE),
            folder,
            given.ranks,
            progress=lambda lap: given.progress(_part(lap, 0)),
        )
    task = TakenTask(
        given.shares,
        **drawing,
        sizes=amounts.sizes,
        name=MASK,
        maker=taken_of,
    )
    with contextlib.closing(task):
        masked = run(
            task,
            half,
            given.out,
            given.ranks,
            progress=lambda lap: given.progress(_part(lap, 1, described.elapsed_s)),
        )
        if not given.ranks.leads:
            return None
        return _finished(given, amounts, described, task, masked)


def _halved(schedule: Schedule) -> Schedule:
    assert schedule.minutes is not None
    return replace(schedule, minutes=schedule.minutes / 2)


def _part(lap: Lap, part: int, before_s: float = 0.0) -> Lap:
    return replace(lap, done=(part + lap.done) / 2, elapsed_s=before_s + lap.elapsed_s)


def _finished(
    given: Assignment[Photo], amounts: Amounts, described: Trained, task: TakenTask, masked: Trained
) -> Outcome:
    seed, shares = given.options.seed, given.shares
    workers = given.options.workers or default_workers()
    learnt = f"objects taken into other pictures by maskwright {__version__} from {terms(shares.learnt)}"
    told = {"version": "1", "training_data": learnt, "licence": terms_for(shares.learnt), "seed": seed}
    path, figures = _matcher(given.out / f"{MATCHER}.onnx", described)
    matching = {**described.figures, **figures}
    donor, masking = _mask(given.out / f"{MASK}.onnx", task, masked, seed)
    plain = {"odds_gain": 1.0, **dict.fromkeys(CONSTANTS, 0.0)}
    unfitted = dict.fromkeys(relation.CONSTANTS, 0.0)
    of_matcher: dict[str, Any] = {**told, "name": MATCHER, "layers": [DONOR], "steps": described.steps}
    of_mask: dict[str, Any] = {**told, "name": MASK, "steps": masked.steps}
    write_card(path, **of_matcher, constants=unfitted, figures=matching)
    write_card(donor, **of_mask, constants=plain, figures=masking)

    drawn = [
        known_pairs(photos, str(path), seed=PURPOSES * seed + purpose, pairs=number, workers=workers)
        for photos, purpose, number in (
            (shares.kept, KEPT, amounts.related),
            (shares.held, HELD, amounts.related // 2),
        )
    ]
    constants = fit_groups(drawn[0])
    matching |= accuracy(drawn[1], constants)
    write_card(path, **of_matcher, constants=constants, figures=matching)

    kept, held = (
        list(answers(Taking(photos, str(path), PURPOSES * seed + purpose), range(number), workers))
        for photos, purpose, number in (
            (shares.kept, KEPT, task.sizes.judged),
            (shares.held, HELD, task.sizes.judged // 2),
        )
    )
    gain = gain_of(kept)
    constants = {"odds_gain": gain, **confidence_constants(judged(with_gain(kept, gain)))}
    masking |= figures_in_earnest(judged(with_gain(held, gain)), constants)
    card = write_card(donor, **of_mask, constants=constants, figures=masking)
    steps, elapsed_s = described.steps + masked.steps, described.elapsed_s + masked.elapsed_s
    return Outcome(path, card, steps, elapsed_s, {**matching, **masking})


def _matcher(path: Path, described: Trained) -> tuple[Path, dict[str, float]]:
    """The matcher as ONNX, and how far it is from torch's."""
    rng = np.random.default_rng(0)

    def pictures(number: int, side: int) -> Mapping[str, NDArray[np.uint8]]:
        return {"picture": rng.integers(0, 256, (number, 3, side, side), dtype=np.uint8)}

    card_path(path).unlink(missing_ok=True)  # of an earlier end of this run: another network's
    export(
        described.network,
        path,
        pictures(2, SIDE),
        outputs=LEVELS,
        moving=dict.fromkeys(("picture", *LEVELS), (0, 2, 3)),
    )
    error = check(described.network, path, [pictures(3, SIDE), pictures(1, 2 * SIDE)], as_chance=False)
    return path, {"torch_onnx_error": error}


def _mask(path: Path, task: TakenTask, masked: Trained, seed: int) -> tuple[Path, dict[str, float]]:
    """The mask's network as ONNX, in eight bits where that costs next to nothing, and what it is worth."""
    assert isinstance(masked.network, Compact)
    exported = Exported(MASK, masked.network.settled())
    kept = task.kept
    exact = export(
        exported.network,
        path.with_suffix(".fp32.onnx"),
        exported.given(kept[0].planes[None]),
        moving=exported.moving,
    )
    some = [exported.given(np.ascontiguousarray(pair.planes[None])) for pair in kept[:CHECKED]]
    error = check(exported.network, exact, some, as_chance=True)
    card_path(path).unlink(missing_ok=True)
    f1 = smaller(exact, path, kept=kept, held=task.held, rng=np.random.default_rng(seed), exported=exported)
    return path, {**masked.figures, **f1, "torch_onnx_error": error}


@dataclass(frozen=True, slots=True)
class Taking:
    """Draws donor pairs by number, and says what the annotator makes of them; what it takes for another group
    has an empty map."""

    photos: tuple[Photo, ...]
    path: str
    seed: int

    def __call__(self, number: int) -> Annotated:
        rng = np.random.default_rng((self.seed, number))
        drawn = draw_donor(self.photos, rng)
        found = Caaa(self.path).routed(align(drawn.original, drawn.edited))
        if not isinstance(found, Change) or found.group != "shared-donor":
            found = Change(np.zeros(drawn.mask.shape, np.float32))
        change = Change(found.map, scores=found.scores)
        return Annotated(change, drawn.mask & ~drawn.ignore, drawn.ignore, rng)
