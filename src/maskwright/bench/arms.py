"""What the ablation of SIGMA compares: a row an idea, each with all that the rows above it have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.bench.baselines import Curve, curve_of, curves
from maskwright.bench.priors import PRIORS
from maskwright.bench.records import generator_of
from maskwright.errors import SettingError, unknown_name
from maskwright.masks.annotators import ANNOTATORS, Annotator, Setup, load_annotators
from maskwright.masks.annotators.backbones import DEFAULT_BACKBONE, Backbone, load_backbone
from maskwright.masks.annotators.encoders import seen_at_most
from maskwright.masks.annotators.large import shrunk
from maskwright.masks.annotators.semantic import calibrated, distances, null_of_backbone, plain
from maskwright.masks.annotators.sigma import ROUNDTRIP_PX
from maskwright.masks.pipeline import Prepared, ready_or_broken
from maskwright.measures.metrics import Counts, count
from maskwright.pairs.values import Aligned, Mask, Pair
from maskwright.synthesis.roundtrip import load_roundtrip, pass_through
from maskwright.synthesis.steps import Made

HEADS = ("stage1", "stage2", "samcd")
"""Trained heads that a run may be given."""
AGAINST = "compact"
"""The annotator that every row is compared with."""
NO_PRIOR, RIGHT = "absent", "right"
DISTANCE_STEPS, CALIBRATED_STEPS, CALIBRATED_ZERO = 127.5, 16.0, 64.0
"""Levels a unit of feature distance (0 to 2), levels a unit of calibrated distance, and the level of 0."""


@dataclass(frozen=True, slots=True)
class Arm:
    """A row of the ablation: an annotator asked with a prior, or levels to be cut at a threshold.

    Args:
        annotator: what is asked; empty for levels.
        prior: the kind of prior it is asked with, a key of `PRIORS`.
        levels: what is cut at the best threshold of all pairs of a table.
        oracle: at the best threshold of every picture instead.
    """

    name: str
    annotator: str = ""
    prior: str = NO_PRIOR
    levels: str = ""
    oracle: bool = False


ARMS = (
    Arm("blurred difference", levels="blurred"),
    Arm("signed, blurred, filled", levels="signed_filled"),
    Arm("the same, best threshold of EVERY picture", levels="signed_filled", oracle=True),
    Arm("difference", "difference"),
    Arm("raw feature difference", levels="raw"),
    Arm("+ self calibration", levels="self"),
    Arm("+ VAE calibration", levels="vae"),
    Arm("sigma, untrained", "sigma"),
    Arm("sigma, untrained, right prior", "sigma", RIGHT),
    Arm("+ Stage I", "stage1"),
    Arm("+ Stage I, right prior", "stage1", RIGHT),
    Arm("+ Stage II", "stage2"),
    Arm("+ Stage II, right prior", "stage2", RIGHT),
    Arm("SAM-CD head", "samcd"),
    Arm("caaa", "caaa"),
    Arm("ensemble", "ensemble"),
    Arm("ensemble, right prior", "ensemble", RIGHT),
    Arm("compact", AGAINST),
)
"""In the order of the table; those whose annotator is not at hand are left out."""
NAMED = (AGAINST, "difference", "sigma", "caaa", "ensemble")
"""Annotators that are found by their names, where there are such."""
PROMPTED = ("stage2", "stage1", "sigma")
"""The first of these that is at hand is asked with every kind of prior."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What one run has at hand.

    Args:
        annotators: by the names that `ARMS` use.
        backbone: of the rows of feature differences.
        vae: an autoencoder of `load_roundtrip`; None takes the constants of the backbone.
        prompted: the annotator that is asked with every kind of prior; None where none takes any.
    """

    annotators: Mapping[str, Annotator]
    backbone: Backbone
    vae: Any | None
    prompted: str | None

    @property
    def arms(self) -> tuple[Arm, ...]:
        return tuple(arm for arm in ARMS if arm.levels or arm.annotator in self.annotators)


@dataclass(frozen=True, slots=True)
class Found:
    """What one pair gave.

    Args:
        counts: by annotator and kind of prior.
        curves: by levels.
        added: by kind of prior, the share of the counted pixels that the prompted annotator marks with it
            and not without it.
        created: by kind of prior, whether it marks something with it and nothing without it.
    """

    counts: Mapping[tuple[str, str], Counts]
    curves: Mapping[str, Curve]
    added: Mapping[str, float]
    created: Mapping[str, bool]


def heads_of(words: Sequence[str]) -> dict[str, str]:
    """Heads as they are told on a command line, each as `NAME=PLACE`.

    Raises:
        SettingError: one is not of that form, or told twice.

    >>> heads_of(["stage1=a.onnx"])
    {'stage1': 'a.onnx'}
    """
    found: dict[str, str] = {}
    for word in words:
        name, separator, place = word.partition("=")
        if not separator or not place:
            raise SettingError(f"{word!r} names no head", hint="say it as stage1=PATH.onnx")
        if name in found:
            raise SettingError(f"the head {name} is given twice")
        found[name] = place
    return found


def open_bench(heads: Mapping[str, str], setup: Setup) -> Bench:
    """Load what is compared.

    Args:
        heads: a key of `HEADS` -> name, class or .onnx file of an annotator.
        setup: what annotators that take it are put together from; its backbone and autoencoder are those
            of the rows of feature differences, too.

    Raises:
        SettingError: an unknown head, or an annotator that nothing has the name of.
        MissingExtraError, InputError: as `load_annotator`.
    """
    for head in heads:
        if head not in HEADS:
            raise unknown_name("head", head, HEADS)
    names = {name: name for name in NAMED if name in ANNOTATORS} | dict(heads)
    loaded = load_annotators(list(names.values()), setup)
    annotators = {key: loaded[name] for key, name in names.items()}
    return Bench(
        annotators,
        load_backbone(setup.backbone or DEFAULT_BACKBONE),
        None if setup.vae is None else load_roundtrip(setup.vae),
        next((name for name in PROMPTED if name in annotators), None),
    )


def ask(bench: Bench, name: str, made: Made, region: Mask, *, every_prior: bool) -> Found:
    """Everything that is compared, on one pair.

    Args:
        name: of the pair; all chance comes from it.
        region: (H, W) bool, what priors are made of: the mask, or for a pair without an edit any region.
        every_prior: ask the prompted annotator with every kind.
    """
    kinds: dict[str, list[str]] = {key: [NO_PRIOR] for key in bench.annotators}
    for arm in bench.arms:
        if arm.annotator and arm.prior not in kinds[arm.annotator]:
            kinds[arm.annotator].append(arm.prior)
    if every_prior and bench.prompted:
        kinds[bench.prompted] = list(PRIORS)
    regions = {kind: PRIORS[kind](region, generator_of(f"{name}/{kind}")) for kind in PRIORS}
    pair = Pair(name, made.original, made.edited)
    ready = ready_or_broken(pair, bench.annotators[AGAINST])
    if not isinstance(ready, Prepared):
        raise SettingError(f"{name} cannot be measured: {ready.detail}")
    masks = {
        (key, kind): mask
        for key, annotator in bench.annotators.items()
        for kind, mask in _masks(ready, annotator, {kind: regions[kind] for kind in kinds[key]}).items()
    }
    (found,) = curves(made.original, made.edited, made.mask, ignore=(made.ignore,))
    for key, levels in feature_levels(ready.aligned, bench).items():
        found[key] = curve_of(levels, made.mask, made.ignore)
    added, created = {}, {}
    if every_prior and bench.prompted:
        without, counted = masks[bench.prompted, NO_PRIOR], ~made.ignore
        for kind in PRIORS:
            new = masks[bench.prompted, kind] & ~without
            added[kind] = float(new[counted].mean()) if counted.any() else 0.0
            created[kind] = bool(new.any() and not without.any())
    of_masks = {key: count(mask, made.mask, ignore=made.ignore) for key, mask in masks.items()}
    return Found(of_masks, found, added, created)


def _masks(
    ready: Prepared, annotator: Annotator, regions: Mapping[str, Mask | None]
) -> dict[str, NDArray[np.bool_]]:
    """The masks of one annotator by kind of prior, asked in one batch; empty where it is not asked."""
    if not ready.asks:
        return {kind: np.zeros(ready.aligned.valid.shape, np.bool_) for kind in regions}
    hints = [replace(ready.hint, region=region) for region in regions.values()]
    changes = annotator.annotate([ready.aligned] * len(hints), hints)
    return {
        kind: np.asarray(change.map >= np.float32(0.5)) for kind, change in zip(regions, changes, strict=True)
    }


def feature_levels(pair: Aligned, bench: Bench) -> dict[str, NDArray[np.uint8]]:
    """Feature differences as grey levels, (H, W) uint8: raw, calibrated by the pair, by an autoencoder.

    As `maskwright.masks.annotators.sigma` takes them, before any threshold.
    """
    size = (pair.valid.shape[1], pair.valid.shape[0])
    frame = shrunk(pair)
    pictures = [frame.original, frame.edited]
    if bench.vae is not None:
        fitting = seen_at_most(frame.original, ROUNDTRIP_PX)
        pictures += [fitting, pass_through(bench.vae, fitting)]
    original, edited, *noise = bench.backbone.features(pictures)
    apart = distances(original, edited)
    by_itself = calibrated(apart, size, valid=pair.valid)
    by_autoencoder = calibrated(
        apart,
        size,
        valid=pair.valid,
        constant=null_of_backbone(bench.backbone.name),
        roundtrip=distances(*noise) if noise else None,
    )
    return {
        "raw": _levels(plain(apart, size) * DISTANCE_STEPS),
        "self": _levels(by_itself * CALIBRATED_STEPS + CALIBRATED_ZERO),
        "vae": _levels(by_autoencoder * CALIBRATED_STEPS + CALIBRATED_ZERO),
    }


def _levels(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)
