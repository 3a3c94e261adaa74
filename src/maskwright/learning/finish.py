"""The end of a run whose network gives log odds of a pair: export, eight bits, calibration, card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from torch import nn

from maskwright import __version__
from maskwright.corpus.atomic import replacing
from maskwright.learning.drawn import HELD, KEPT, PURPOSES
from maskwright.learning.earnest import (
    annotated,
    confidence_constants,
    figures_in_earnest,
    gain_of,
    judged,
    with_gain,
)
from maskwright.learning.export import TOLERANCE, Inputs, check, export, quantized, write_card
from maskwright.learning.held import f1_at_half, file_says, odds_of, of_planes
from maskwright.learning.loop import Trained
from maskwright.learning.shares import terms, terms_for
from maskwright.learning.stream import Sample, windowed
from maskwright.learning.task import SIDE, CompactTask
from maskwright.learning.train import Assignment, Outcome
from maskwright.masks.annotators.compact import Weigher, change_of
from maskwright.masks.annotators.confidence import CONSTANTS
from maskwright.masks.annotators.heads import Eyes
from maskwright.masks.annotators.rule import shipped_rule
from maskwright.synthesis.photos import Photo
from maskwright.synthesis.roundtrip import KeptRoundtrip
from maskwright.weights import card_path, open_network

CHECKED = 8
"""Pairs on which the exported network is held against torch."""
CALIBRATED = 60
"""Windows that show the range of values in eight bits; design.md, section 7."""
INT8_COST = 0.002
"""F1 that eight bits may cost."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What is written of a network.

    Args:
        name: of the files and on the card.
        network: what is exported, in evaluation mode.
        given: its inputs for planes (N, C, h, w).
        moving: axes of inputs and output whose length is not fixed.
        null: what its `Weigher` gets.
        constants: of the card, beside those of the calibration.
        layers: of the card.
        learnt: words on the card, beside the photographs.
        floats: its modules that are not put into eight bits.
        tolerance: how far the map may be from torch's, 0..1.
        eyes: give the features that its `Weigher` hands in; their backbone is on the card.
    """

    name: str
    network: nn.Module
    given: Callable[[NDArray[np.uint8]], Inputs] = of_planes
    moving: Mapping[str, Sequence[int]] = field(
        default_factory=lambda: dict.fromkeys(("planes", "odds"), (0, 2, 3))
    )
    null: NDArray[np.float32] | None = None
    constants: Mapping[str, float] = field(default_factory=dict)
    layers: Sequence[str] = ()
    learnt: str = ""
    floats: Sequence[str] = ()
    tolerance: float = TOLERANCE
    eyes: Eyes | None = None


def finish(
    given: Assignment[Photo],
    task: CompactTask,
    trained: Trained,
    exported: Exported,
    again: KeptRoundtrip | None,
) -> Outcome:
    """Export, calibrate, write the card.

    The card is written last; a run that has one is finished, and given back as it stands. Take the card
    away to calibrate the network anew.

    Args:
        again: an autoencoder that a share of the pairs passes through.
    """
    path = given.out / f"{exported.name}.onnx"
    learnt = _training_data(given, exported)
    figures = figures_of_card(path, trained.steps, learnt)
    if figures is None:
        figures = _finished(given, task, trained, exported, again, path, learnt)
    return Outcome(path, card_path(path), trained.steps, trained.elapsed_s, figures)


def figures_of_card(path: Path, steps: int, learnt: str) -> Mapping[str, float] | None:
    """What an earlier end of this run has written; None where it is not there, or of another version."""
    try:
        told = json.loads(card_path(path).read_text(encoding="utf-8"))
        whole = hashlib.sha256(path.read_bytes()).hexdigest() == told["sha256"]
        same = (told["steps"], told["training_data"]) == (steps, learnt)
        return dict(told["figures"]) if whole and same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _training_data(given: Assignment[Photo], exported: Exported) -> str:
    return f"edits made by maskwright {__version__} on {terms(given.shares.learnt)}{exported.learnt}"


def _finished(
    given: Assignment[Photo],
    task: CompactTask,
    trained: Trained,
    exported: Exported,
    again: KeptRoundtrip | None,
    path: Path,
    learnt: str,
) -> dict[str, float]:
    kept = task.kept
    exact = export(
        exported.network,
        given.out / f"{exported.name}.fp32.onnx",
        exported.given(kept[0].planes[None]),
        moving=exported.moving,
    )
    some = [exported.given(np.ascontiguousarray(pair.planes[None])) for pair in kept[:CHECKED]]
    error = check(exported.network, exact, some, as_chance=True, tolerance=exported.tolerance)
    card_path(path).unlink(missing_ok=True)  # of an earlier end of this run: another network's
    rng = np.random.default_rng(given.options.seed)
    f1 = smaller(exact, path, kept=kept, held=task.held, rng=rng, exported=exported)
    constants, in_earnest = _in_earnest(given, task, exported, path, again)
    figures = {
        **trained.figures,
        **f1,
        **in_earnest,
        "torch_onnx_error": error,
    }
    write_card(
        path,
        name=exported.name,
        version="1",
        training_data=learnt,
        licence=terms_for(given.shares.learnt),
        layers=list(exported.layers),
        constants={**constants, **exported.constants},
        **({} if exported.eyes is None else {"backbone": asdict(exported.eyes.told)}),
        steps=trained.steps,
        seed=given.options.seed,
        figures=figures,
    )
    return figures


def smaller(
    exact: Path,
    path: Path,
    *,
    kept: Sequence[Sample],
    held: Sequence[Sample],
    rng: Generator,
    exported: Exported,
    side: int = SIDE,
    worth: Callable[[Sequence[NDArray[np.float32]], Sequence[Sample]], float] = f1_at_half,
) -> dict[str, float]:
    """Write a network in eight bits where that costs next to nothing on the kept pairs, else as it is.

    Args:
        exact: the network.
        path: what is written.
        held: only measured on.
        side: of the windows that show the range of values.
        worth: what log odds of pairs are worth; what eight bits may not cost.

    Returns:
        f1_kept_fp32, f1_kept_int8, f1_fp32 and f1_int8, the last two of held pairs.
    """
    windows = [windowed(kept[place % len(kept)], side, rng).planes[None] for place in range(CALIBRATED)]
    given = exported.given
    quantized(
        exact,
        path,
        [given(np.ascontiguousarray(window)) for window in windows],
        floats=exported.floats,
    )
    found = {
        f"{name}_{bits}": worth(odds_of(file_says(file, given), pairs), pairs)
        for name, pairs in (("f1_kept", kept), ("f1", held))
        for bits, file in (("fp32", exact), ("int8", path))
    }
    if not found["f1_kept_int8"] >= found["f1_kept_fp32"] - INT8_COST:
        with replacing(path) as temporary:
            temporary.write_bytes(exact.read_bytes())
    return found


def _in_earnest(
    given: Assignment[Photo], task: CompactTask, exported: Exported, path: Path, again: KeptRoundtrip | None
) -> tuple[dict[str, float], dict[str, float]]:
    """Constants fitted on masks of kept photographs, and figures of masks of held ones."""
    plain = {"odds_gain": 1.0, **dict.fromkeys(CONSTANTS, 0.0)}
    features = None if exported.eyes is None else exported.eyes.of_planes
    weigher = Weigher(open_network(path), shipped_rule(), plain, exported.null, features, task.names)
    pairs = task.sizes.judged
    kept, held = (
        list(
            annotated(
                photos,
                lambda pair: change_of(pair, weigher),
                seed=PURPOSES * given.options.seed + purpose,
                pairs=number,
                again=again,
                shares=task.mixed,
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
