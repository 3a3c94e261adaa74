"""`maskwright train detector`: train, put into eight bits where that is free, calibrate, write the card."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from maskwright import __version__
from maskwright.corpus.atomic import replacing
from maskwright.corpus.executors.local import default_workers
from maskwright.detectors import load_detector
from maskwright.learning.detector_earnest import (
    alarms,
    f1_best,
    figures_of_looks,
    fitted,
    looks_at,
    some_of,
    threshold,
)
from maskwright.learning.detector_task import SIZES, DetectorTask, Known, Network, Sizes, build
from maskwright.learning.exhibits import Exhibit
from maskwright.learning.export import Inputs, check, export, write_card
from maskwright.learning.finish import CHECKED, Exported, figures_of_card, smaller
from maskwright.learning.loop import Trained, run
from maskwright.learning.shares import Shares, terms, terms_for
from maskwright.learning.train import Assignment, Outcome
from maskwright.weights import card_path

FLOATS = ("on_bytes",)
"""The first convolution sees residuals of a few grey levels: seven bits of weights would drown them."""


def of_picture(picture: NDArray[np.uint8]) -> Inputs:
    """What a detector's network takes."""
    return {"picture": picture}


def train_on(name: str, known: Known, given: Assignment[Exhibit], sizes: Sizes = SIZES) -> Outcome | None:
    """Train, export, calibrate, write the card; None on a process that does not lead."""
    shares, options = given.shares, given.options
    torch.manual_seed(options.seed)
    first = build(known, options.backbone, options.side)
    backbone: str = getattr(first, "backbone", "")
    task = DetectorTask(
        name,
        known,
        first,
        shares,
        told={"backbone": backbone, "side": cast("Network", first).side} if backbone else {},
        seed=options.seed,
        batch=options.batch,
        reuse=options.reuse,
        cache=given.cache,
        workers=options.makers if given.ranks.local_rank == 0 else 0,
        sizes=sizes,
    )
    with contextlib.closing(task):
        schedule = replace(given.schedule, rate=known.rate)
        trained = run(task, schedule, given.out, given.ranks, progress=given.progress)
        if not given.ranks.leads:
            return None
        path = given.out / f"{name}.onnx"
        learnt = f"by maskwright {__version__} on {terms(shares.learnt, 'picture')}, of {_sources(shares)}"
        licence = terms_for(shares.learnt, "picture")
        if backbone:
            learnt += f"; its backbone is {backbone}"
            licence += "; and the licence of its backbone"
        figures = figures_of_card(path, trained.steps, learnt)
        if figures is None:
            told = {"training_data": learnt, "licence": licence, "seed": options.seed}
            figures = _finished(task, trained, path, known, shares, told)
        return Outcome(path, card_path(path), trained.steps, trained.elapsed_s, figures)


def _sources(shares: Shares[Exhibit]) -> str:
    return ", ".join(sorted({each.source or "a corpus without a name" for each in shares.learnt}))


def _finished(
    task: DetectorTask,
    trained: Trained,
    path: Path,
    known: Known,
    shares: Shares[Exhibit],
    told: Mapping[str, Any],
) -> dict[str, float]:
    """Figures, once network and card are written: the card first without constants, last with figures."""
    seen = cast("Network", trained.network)
    whole = seen.side is not None and seen.whole
    manifest = {"side": seen.side, "whole": whole, "multiple": seen.multiple}
    if not whole:
        manifest["margin"] = seen.margin
    card_path(path).unlink(missing_ok=True)  # of an earlier end of this run: another network's
    figures = _exported(task, trained.network, path, known)

    def write(constants: Mapping[str, float], **more: Any) -> None:
        write_card(
            path, name=task.name, version="1", constants=dict(constants), detector=manifest, **told, **more
        )

    rng, threads = np.random.default_rng(told["seed"]), default_workers()
    kept, held = (some_of(some, task.sizes.judged, rng) for some in (shares.kept, shares.held))
    write({})
    constants = fitted(looks_at(kept, load_detector(str(path), threads=threads)))
    write(constants)
    detector = load_detector(str(path), threads=threads)
    constants |= threshold(list(looks_at([each for each in kept if not each.forged], detector)))
    looks = list(looks_at(held, detector))
    constants |= alarms(looks, constants)
    figures |= {**trained.figures, **figures_of_looks(looks)}
    write(constants, steps=trained.steps, figures=figures)
    return figures


def _exported(task: DetectorTask, network: nn.Module, path: Path, known: Known) -> dict[str, float]:
    """Write the network, in eight bits where that costs next to nothing; how far it is from torch."""
    network = getattr(network, "settled", lambda: network)()
    axes = (0,) if cast("Network", network).side else (0, 2, 3)
    pictures = [of_picture(np.ascontiguousarray(each.planes[None])) for each in task.kept[:CHECKED]]
    exact = export(
        network,
        path.with_suffix(".fp32.onnx"),
        pictures[0],
        moving=dict.fromkeys(("picture", "odds"), axes),
    )
    figures = {"torch_onnx_error": check(network, exact, pictures, as_chance=True)}
    if known.backbone:  # of transformers: eight bits of those are a matter of their own
        with replacing(path) as temporary:
            temporary.write_bytes(exact.read_bytes())
        return figures
    exported = Exported(task.name, network, given=of_picture, floats=FLOATS)
    return figures | smaller(
        exact,
        path,
        kept=task.kept,
        held=task.held,
        rng=np.random.default_rng(0),
        exported=exported,
        side=task.sizes.side,
        worth=f1_best,
    )
