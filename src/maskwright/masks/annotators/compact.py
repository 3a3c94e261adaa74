"""The compact annotator: a small network weighs the evidence of a pair in its surroundings.

It starts from what the difference annotator knows. Where the background is bit-equal the mask is
that annotator's exact one, and where no place of the picture is suspicious the network is not
asked. Else its log odds, drawn on the pixels by the difference itself and calibrated, are the change
map, with the gaps and holes of its mask filled as the difference annotator fills its own. Large
pictures are looked at twice, see `odds_of_large`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.masks.annotators.background import is_identical, noisy_background
from maskwright.masks.annotators.confidence import CONSTANTS, confidence
from maskwright.masks.annotators.difference import exact_change, nothing_changed
from maskwright.masks.annotators.evidence import STRIDE, Codes, Evidence, Plane, evidence
from maskwright.masks.annotators.guided import followed
from maskwright.masks.annotators.large import LARGE, Looked, odds_of_large, shrunk
from maskwright.masks.annotators.planes import CHANNELS, DASS, planes, seen_as
from maskwright.masks.annotators.regions import reaching, seeded, solid, strength_of, without_specks
from maskwright.masks.annotators.rule import Rule, constants, log_odds, shipped_rule
from maskwright.measures.metrics import pixel_f1
from maskwright.pairs.values import Aligned, Change, ChangeMap, Hint, Mask
from maskwright.weights import check_constants, open_network, read_card, shipped

MULTIPLE = 32
"""The network takes planes whose sides are multiples of this; they are continued by their last values."""
QUIET = -3.0
"""Log odds of the difference annotator; where all places stay below, the network has never found
an edit (docs/LOG.md)."""
SUREST = 30.0
"""Calibrated log odds are held in -SUREST..SUREST: no probability is nearer to 0 or 1 in float32."""
SEED = 2.0
"""Log odds that the surest place of a region must pass; 1 leaves more false marks, 3 loses edits."""
LEAST_PX = 24
"""Pixels; smaller regions are dropped, unless the background is identical."""


class Compact:
    """Annotates by the network in the wheel, or one of your own; uses no hints. See `change_of`.

    Args:
        path: an .onnx file that `maskwright train compact` or `train dass` wrote, beside its card.

    Raises:
        MissingExtraError: the network or its card is not there.
        InputError: it is damaged, not the one on its card, or the card lacks a constant.
    """

    def __init__(self, path: str | None = None, *, threads: int = 1) -> None:
        file = shipped("compact") if path is None else path
        card = read_card(file)
        check_constants(file, card, ("odds_gain", *CONSTANTS), train="compact")
        both = hashlib.sha256(card.digest.encode() + constants()).hexdigest()
        self.card = replace(card, digest=both)
        network = open_network(file, threads=threads)
        names = DASS if network.get_inputs()[0].shape[1] == len(DASS) else CHANNELS
        self._weigher = Weigher(network, shipped_rule(), card.constants, names=names)

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        """One change a pair, in order."""
        return [self.change_of(pair) for pair in batch]

    def change_of(self, pair: Aligned, seen: Evidence | None = None) -> Change:
        """The change of one pair; `seen` is its evidence, where somebody has looked already."""
        return change_of(pair, self._weigher, seen=seen)


def takes(path: str) -> list[str]:
    """The names of the inputs of an .onnx file; `planes` alone is what `train compact` and `dass` write."""
    return [entry.name for entry in open_network(path).get_inputs()]


@dataclass(frozen=True, slots=True)
class Weigher:
    """What turns evidence into calibrated log odds.

    Args:
        network: of `planes`, uint8 (1, C, h, w), to `odds`, float32 (1, 1, h, w).
        constants: `odds_gain` of the calibration, and those of `confidence`.
        null: for a network that takes `prior` and `null`, too: (L, 2) float32, median and spread of the
            distance of a picture's features from those of its round trip.
        features: for a network that takes a backbone's features, too: gives them by name for planes
            (N, C, h, w) uint8.
        names: of the planes that it takes, see `seen_as`.
    """

    network: Any
    rule: Rule
    constants: Mapping[str, float]
    null: NDArray[np.float32] | None = None
    features: Callable[[NDArray[np.uint8]], Mapping[str, NDArray[np.float32]]] | None = None
    names: tuple[str, ...] = CHANNELS

    def weigh(self, seen: Evidence, prior: Plane | None = None) -> tuple[Plane, Mask]:
        """Log odds of an edit, not yet calibrated, (h, w) float32 on the half grid; and where the difference
        annotator by itself would rather say edited, (h, w) bool.

        Args:
            prior: (h, w) float32 in 0..1, where the edit was asked for.
        """
        known = log_odds(seen, self.rule)
        if not (known[seen.valid] > QUIET).any():
            return known, known > 0
        height, width = known.shape
        seen_planes = np.pad(
            seen_as(planes(seen, known), self.names),
            ((0, 0), (0, -height % MULTIPLE), (0, -width % MULTIPLE)),
            mode="edge",
        )
        given: dict[str, NDArray[Any]] = {"planes": seen_planes[None]}
        if self.null is not None:
            asked = np.zeros((1, 1, *seen_planes.shape[1:]), np.uint8)
            if prior is not None:
                asked[0, 0, :height, :width] = np.rint(prior * 255)
            given |= {"prior": asked, "null": self.null[None]}
        if self.features is not None:
            given |= self.features(seen_planes[None])
        (odds,) = self.network.run(["odds"], given)
        return np.asarray(odds[0, 0, :height, :width], np.float32), known > 0

    def chance(self, odds: Plane) -> ChangeMap:
        """Calibrated probabilities; the log odds are overwritten. 0 stays one half, so no mask moves."""
        odds *= np.float32(-self.constants["odds_gain"])
        np.clip(odds, -SUREST, SUREST, out=odds)
        np.exp(odds, out=odds)
        odds += 1
        return np.asarray(np.divide(1, odds, out=odds), np.float32)


def change_of(
    pair: Aligned, weigher: Weigher, prior: Plane | None = None, seen: Evidence | None = None
) -> Change:
    """The change of one pair: map (H, W) float32 in 0..1 on the edited grid, background, noise floor.

    Args:
        prior: (H, W) float32 in 0..1, for a network that takes one. The mask without it decides which
            regions there are; a prior lets them grow, the more the better the two agree (F1). Where they
            do not meet, it does nothing.
        seen: `evidence` of the pair, where somebody has looked already; not for one larger than `LARGE`.
    """
    strength = strength_of(pair)
    if strength.any():
        change = _change_of(pair, strength, weigher, prior, seen)
    else:
        change = nothing_changed(strength.shape)
    small = change.map[::STRIDE, ::STRIDE]
    return replace(change, scores={**change.scores, "confidence": confidence(small, weigher.constants)})


def _change_of(
    pair: Aligned, strength: Codes, weigher: Weigher, prior: Plane | None, seen: Evidence | None
) -> Change:
    if seen is None and pair.valid.size <= LARGE:
        seen = evidence(pair)
    looked = odds_of_large(pair, weigher.weigh) if seen is None else _looked(seen, weigher)
    odds = looked.odds
    odds[~looked.valid] = -20
    change, kept = _drawn(pair, strength, weigher, odds)
    mask = change >= 0.5
    if prior is not None and mask.any():
        agreement = np.float32(pixel_f1(mask, prior >= 0.5))
        raised = odds + agreement * _lift(pair, seen, weigher, prior, odds)
        raised = np.where(odds > SEED, raised, np.minimum(raised, np.maximum(odds, np.float32(SEED))))
        change, kept = _drawn(pair, strength, weigher, raised)
        change = reaching(change, mask)
    if is_identical(pair, strength, change >= 0.5):
        return exact_change(strength, weigher.rule)
    scores = {
        "noise_floor": float(np.exp2(looked.calm) - 1),
        "unexplained": float(np.count_nonzero(looked.suspicious & looked.valid & ~kept)) / odds.size,
    }
    return Change(change, scores=scores, background=noisy_background(pair, looked.valid, kept))


def _drawn(pair: Aligned, strength: Codes, weigher: Weigher, odds: Plane) -> tuple[ChangeMap, Mask]:
    """The change map (H, W) of log odds on the half grid, and where these are kept."""
    kept = seeded(odds, seed=SEED, least_px=LEAST_PX)
    change = weigher.chance(followed(np.where(kept, odds, np.minimum(odds, np.float32(-1))), strength))
    change[~pair.valid] = 0
    return solid(without_specks(change, LEAST_PX), weigher.rule), kept


def _lift(pair: Aligned, seen: Evidence | None, weigher: Weigher, prior: Plane, odds: Plane) -> Plane:
    """What a prior adds to the log odds, (h, w) float32; of large pictures as their small frame shows it.

    Args:
        seen: of the pair; None where it is large.
        odds: what is said of it without the prior.
    """
    known = odds
    if seen is None:
        seen = evidence(shrunk(pair))
        known = weigher.weigh(seen)[0]
    height, width = seen.valid.shape
    asked = np.asarray(cv2.resize(prior, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    lift = weigher.weigh(seen, asked)[0] - known
    lift[~seen.valid] = 0
    return np.asarray(cv2.resize(lift, odds.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _looked(seen: Evidence, weigher: Weigher) -> Looked:
    return Looked(*weigher.weigh(seen), seen.valid, seen.scalars["calm"])
