"""SIGMA without training: what changed in meaning, and whether it lies where the instruction asked for it.

The distance of a frozen network's features, calibrated (`semantic`), is the evidence; a prior from the
instruction or a region may amplify it and never makes any (`amplified`): regions are kept by evidence alone.
Where the background is bit-equal the mask is the difference annotator's exact one. After Zhuang et al.,
"SIGMA", arXiv 2605.27924, whose details are not public: all choices here are ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from maskwright.masks.annotators.backbones import DEFAULT_BACKBONE, Features, load_backbone
from maskwright.masks.annotators.background import is_identical, noisy_background
from maskwright.masks.annotators.difference import exact_change, nothing_changed
from maskwright.masks.annotators.encoders import seen_at_most
from maskwright.masks.annotators.evidence import STRIDE, Codes, Plane, evidence
from maskwright.masks.annotators.guided import followed
from maskwright.masks.annotators.large import shrunk
from maskwright.masks.annotators.regions import seeded, solid, strength_of, without_specks
from maskwright.masks.annotators.rule import Rule, constants, shipped_rule
from maskwright.masks.annotators.semantic import THRESHOLD, amplified, calibrated, distances, null_of_backbone
from maskwright.masks.grounding import DEFAULT_GROUNDING, Prior, load_grounding, priors_of
from maskwright.masks.side_effects import LAYER, side_effect, side_effect_scores
from maskwright.pairs.values import Aligned, Card, Change, Hint, Mask, Picture
from maskwright.synthesis.roundtrip import load_roundtrip, pass_through

VERSION = "1"
"""Of the constants here and in `semantic`."""
SEED = 0.7
"""Log odds that the surest place of a region must pass: two thirds. At the design's 0.8, F1 is .05 lower."""
LEAST_PX = 64
"""Pixels; smaller regions are dropped: the finest layers have steps of 4 px."""
ROUNDTRIP_PX = 640
"""Longer side of a picture that is passed through the autoencoder: memory is bounded."""
AGAIN = "again "
"""Before the key of a picture: what the autoencoder makes of it."""
GROUNDED = 0.5
"""From this on a place of the prior belongs to the region that the edit was meant for."""


class Sigma:
    """Annotates by what a frozen network sees in both pictures, and by a hint of where to look.

    Features are computed once for every picture of a batch, however often it is in it.

    Args:
        backbone: see `load_backbone`.
        grounding: see `load_grounding`.
        vae: path of an autoencoder as ONNX; every original is then passed through it, and what that changes
            counts as no edit. None: constants stand for it.

    Raises:
        SettingError, MissingExtraError, InputError: one of them cannot be loaded.
    """

    def __init__(
        self,
        backbone: str = DEFAULT_BACKBONE,
        grounding: str = DEFAULT_GROUNDING,
        vae: str | None = None,
    ) -> None:
        self._backbone = load_backbone(backbone)
        self._grounding = load_grounding(grounding)
        self._roundtrip: Any = None if vae is None else load_roundtrip(vae)
        self._rule = shipped_rule()
        parts = [
            VERSION.encode(),
            constants(),
            self._backbone.digest.encode(),
            self._grounding.digest.encode(),
        ]
        parts += [] if vae is None else [hashlib.sha256(Path(vae).read_bytes()).digest()]
        self.card = Card(
            name="sigma",
            version=VERSION,
            digest=hashlib.sha256(b"".join(parts)).hexdigest(),
            training_data=f"none but that of the backbone {self._backbone.name};"
            " constants chosen on synthetic edits of the `train` photographs",
            layers=(LAYER,),
        )
        self.batch_size = int(getattr(self._backbone, "batch_size", 1))

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        """One change a pair, in order; see `change_of`."""
        priors = priors_of(batch, hints, self._grounding)
        return [
            change_of(pair, odds, prior, self._rule)
            for pair, odds, prior in zip(batch, self.odds(batch), priors, strict=True)
        ]

    def odds(self, batch: Sequence[Aligned]) -> list[Plane]:
        """Log odds of an edit by evidence alone, (h, w) float32 a pair, on the half grid of its `shrunk`."""
        frames = [shrunk(pair) for pair in batch]
        layers = self._layers(frames)
        return [self._odds(frame, layers) for frame in frames]

    def _layers(self, frames: Sequence[Aligned]) -> dict[str, Features]:
        """What the backbone sees in all pictures that are needed, by `_key`: each is asked for once."""
        pictures = {_key(picture): picture for frame in frames for picture in (frame.original, frame.edited)}
        if self._roundtrip is not None:
            for key in {_key(frame.original) for frame in frames}:
                fitting = seen_at_most(pictures[key], ROUNDTRIP_PX)
                pictures[_key(fitting)] = fitting
                pictures[AGAIN + _key(fitting)] = pass_through(self._roundtrip, fitting)
        return dict(zip(pictures, self._backbone.features(list(pictures.values())), strict=True))

    def _odds(self, frame: Aligned, layers: Mapping[str, Features]) -> Plane:
        height, width = frame.valid.shape
        original, edited = (layers[_key(picture)] for picture in (frame.original, frame.edited))
        noise = None
        if self._roundtrip is not None:
            fitting = _key(seen_at_most(frame.original, ROUNDTRIP_PX))
            noise = distances(layers[fitting], layers[AGAIN + fitting])
        found = calibrated(
            distances(original, edited),
            (-(-width // STRIDE), -(-height // STRIDE)),
            valid=frame.valid,
            constant=null_of_backbone(self._backbone.name),
            roundtrip=noise,
        )
        return found - np.float32(THRESHOLD)


def change_of(pair: Aligned, odds: Plane, prior: Prior | None, rule: Rule) -> Change:
    """The change of one pair: map, background, noise floor; side effects where there is a prior.

    Args:
        odds: (h, w) float32 of any size, log odds of an edit by evidence alone.
        prior: on the edited picture's grid.
    """
    strength = strength_of(pair)
    if strength.any():
        change = _change_of(pair, strength, odds, prior, rule)
    else:
        change = nothing_changed(strength.shape)
    return with_side_effects(change, prior)


def with_side_effects(change: Change, prior: Prior | None) -> Change:
    """The change and, where a prior says where it was meant to be, what lies elsewhere."""
    if prior is None:
        return change
    region = prior.map >= GROUNDED
    return replace(
        change,
        layers={LAYER: side_effect(change.map, region)},
        scores={**change.scores, **side_effect_scores(change.map >= 0.5, region)},
        grounding=prior.grounded_by,
    )


def _change_of(pair: Aligned, strength: Codes, odds: Plane, prior: Prior | None, rule: Rule) -> Change:
    size = (odds.shape[1], odds.shape[0])
    valid = cv2.resize(pair.valid.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    sure = np.where(valid, odds, np.float32(-20))
    raised = sure
    if prior is not None:
        asked = np.asarray(cv2.resize(prior.map, size, interpolation=cv2.INTER_AREA), np.float32)
        raised = amplified(sure, asked)
    # a region is kept for what evidence says of its surest place; a prior only moves its border
    kept = seeded(np.where(sure > SEED, raised, np.minimum(raised, np.float32(SEED))), seed=SEED, least_px=1)
    drawn = followed(np.where(kept, raised, np.minimum(raised, np.float32(-1))), _guide(pair))
    change = np.asarray(1 / (1 + np.exp(-drawn)), np.float32)
    change[~pair.valid] = 0
    change = solid(without_specks(change, LEAST_PX), rule)
    mask = change >= np.float32(0.5)
    if is_identical(pair, strength, mask):
        return exact_change(strength, rule)
    scores = {
        "noise_floor": _noise_floor(pair),
        "unexplained": float(np.count_nonzero((raised > 0) & valid & ~kept)) / odds.size,
    }
    return Change(change, scores=scores, background=_background(pair, mask))


def _guide(pair: Aligned) -> Codes:
    return strength_of(pair)


def _background(pair: Aligned, mask: Mask) -> str:
    height, width = mask.shape
    size = (-(-width // STRIDE), -(-height // STRIDE))
    valid, inside = (
        cv2.resize(each.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        for each in (pair.valid, mask)
    )
    return noisy_background(pair, valid, inside)


def _noise_floor(pair: Aligned) -> float:
    """Grey levels, as the compact annotator tells it; of the shrunk pair, so that memory is bounded."""
    return float(np.exp2(evidence(shrunk(pair)).scalars["calm"]) - 1)


def _key(picture: Picture) -> str:
    return f"{picture.shape}{hashlib.sha256(picture.tobytes()).hexdigest()}"
