"""`maskwright train compact`: train, put into eight bits, calibrate, write the card."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.random import Generator

from maskwright import __version__
from maskwright.corpus.atomic import replacing
from maskwright.learning.earnest import (
    annotated,
    confidence_constants,
    figures_in_earnest,
    gain_of,
    judged,
    with_gain,
)
from maskwright.learning.export import check, export, quantized, write_card
from maskwright.learning.held import figures_of, file_says, odds_of
from maskwright.learning.loop import Trained, run
from maskwright.learning.networks.compact import Compact
from maskwright.learning.shares import terms, terms_for
from maskwright.learning.stream import Sample, windowed
from maskwright.learning.task import HELD, KEPT, PURPOSES, SIDE, SIZES, CompactTask, Sizes
from maskwright.learning.train import Assignment, Outcome
from maskwright.masks.annotators.compact import Weigher, change_of
from maskwright.masks.annotators.confidence import CONSTANTS
from maskwright.masks.annotators.rule import shipped_rule
from maskwright.synthesis.roundtrip import KeptRoundtrip
from maskwright.weights import card_path, open_network

CHECKED = 8
"""Pairs on which the exported network is held against torch."""
CALIBRATED = 60
"""Windows that show the range of values in eight bits; design.md, section 7."""
INT8_COST = 0.002
"""F1 that eight bits may cost."""


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
    plain = {"odds_gain": 1.0, **dict.fromkeys(CONSTANTS, 0.0)}
    weigher = Weigher(open_network(path), shipped_rule(), plain)
    kept, held = (
        list(
            annotated(
                photos,
                lambda pair: change_of(pair, weigher),
                seed=PURPOSES * given.options.seed + purpose,
                pairs=number,
                again=again,
            )
        )
        for photos, purpose, number in (
            (given.shares.kept, KEPT, pairs),
            (given.shares.held, HELD, pairs // 2),
        )
    )
    gain = gain_of(kept)
    constants = {"odds_gain": gain, **confidence_constants(judged(with_gain(kept, gain)))}
    before = figures_in_earnest(judged(held), plain)
    figures = figures_in_earnest(judged(with_gain(held, gain)), constants)
    return constants, {**figures, "calibration_error_before": before["calibration_error"]}
