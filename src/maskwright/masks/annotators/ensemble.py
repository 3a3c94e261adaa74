"""Several annotators vote, and what they do not agree on is ignored.

caaa says first how the two pictures are related. Pairs that share an object, or nothing, are its own to
answer. On a changed copy of one photograph compact, sigma-compact and difference vote: their calibrated log
odds are added, each times a weight that was fitted. Where their masks differ and the sum leaves doubt,
nobody can say; how alike the masks are is the score `agreement`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import resources
from itertools import combinations

import numpy as np

from maskwright.masks.annotators.caaa import Caaa
from maskwright.masks.annotators.compact import LEAST_PX, Compact
from maskwright.masks.annotators.confidence import confidence, odds_of
from maskwright.masks.annotators.difference import Difference
from maskwright.masks.annotators.evidence import STRIDE, evidence
from maskwright.masks.annotators.large import LARGE
from maskwright.masks.annotators.regions import without_specks
from maskwright.masks.annotators.sigma import with_side_effects
from maskwright.masks.annotators.sigma_compact import SigmaCompact
from maskwright.masks.grounding import Prior, load_grounding, prior_of
from maskwright.masks.side_effects import LAYER
from maskwright.measures.metrics import mean, pixel_iou
from maskwright.pairs.values import DONOR, Aligned, Card, Change, ChangeMap, Hint, Mask

CONSTANTS = "ensemble.json"
"""Beside this file; written by benchmarks/fit_ensemble.py from photographs kept out of all training."""
DOUBT = 0.8
"""Where members split, and the vote is less sure than this either way, nobody can say. On kept photographs
that is .8 % of the picture, and the mask is wrong on a third of it (docs/why/ensemble.md)."""


class Voters:
    """The annotators that vote, asked about one pair; what all of them look at is seen once."""

    def __init__(self, *, threads: int = 1) -> None:
        self._compact = Compact(threads=threads)
        self._sigma = SigmaCompact(threads=threads)
        self._difference = Difference()

    @property
    def cards(self) -> dict[str, Card]:
        """By name, in the order of their votes."""
        return {each.card.name: each.card for each in (self._compact, self._sigma, self._difference)}

    def changes_of(self, pair: Aligned, prior: Prior | None = None) -> dict[str, Change]:
        """What each finds by itself, by name.

        Args:
            prior: where the edit was meant to be, for the one that takes it.
        """
        seen = None if pair.valid.size > LARGE else evidence(pair)
        changes = (
            self._compact.change_of(pair, seen),
            self._sigma.change_of(pair, prior, seen),
            self._difference.change_of(pair, seen),
        )
        return dict(zip(self.cards, changes, strict=True))


class Ensemble:
    """Annotates by the vote of annotators in the wheel, and by a hint of where to look.

    Raises:
        MissingExtraError, InputError: one of them cannot be loaded.
    """

    def __init__(self, *, threads: int = 1) -> None:
        self._caaa = Caaa(threads=threads)
        self._voters = Voters(threads=threads)
        self._grounding = load_grounding()
        text = constants()
        members = {self._caaa.card.name: self._caaa.card, **self._voters.cards}
        digests = "".join(card.digest for card in members.values())
        self.card = Card(
            name="ensemble",
            version="1",
            digest=hashlib.sha256(digests.encode() + text).hexdigest(),
            training_data=f"that of {', '.join(members)}; votes weighed on edits of photographs kept from it",
            licence=members["sigma-compact"].licence,
            layers=(DONOR, LAYER),
            constants=json.loads(text),
        )

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        """One change a pair, in order; each has its group."""
        return [self._change_of(pair, hint) for pair, hint in zip(batch, hints, strict=True)]

    def _change_of(self, pair: Aligned, hint: Hint) -> Change:
        routed = self._caaa.routed(pair)
        if isinstance(routed, Change):
            return routed
        prior = prior_of(routed, hint, self._grounding)
        change = voted(self._voters.changes_of(routed, prior), routed.valid, self.card.constants)
        change = with_side_effects(change, prior)
        return replace(change, group="shared-probe", aligned=None if routed is pair else routed)


def constants() -> bytes:
    """The JSON text of the shipped constants; its digest stands for them."""
    return resources.files(__package__).joinpath(CONSTANTS).read_bytes()


def voted(changes: Mapping[str, Change], valid: Mask, constants: Mapping[str, float]) -> Change:
    """What the members say together; one that finds the background bit-equal has seen a fact, and wins.

    Args:
        changes: of the members, by name.
        valid: (H, W) bool, where the original has a pixel.
        constants: `weight_<name>` for each member, none below 0, and those of `confidence`.

    Returns:
        The map of the vote; `ignore` where the masks differ and the vote is in doubt, None where that is
        nowhere; agreement, 0..1, and confidence. Noise and background are those of the member whose mask
        is nearest to the vote's.
    """
    masks = [change.map >= np.float32(0.5) for change in changes.values()]
    change = next((each for each in changes.values() if each.background == "identical"), None)
    if change is None:
        vote = _vote_of(changes, valid, constants)
        mask = vote >= np.float32(0.5)
        split = np.any(masks, axis=0) & ~np.all(masks, axis=0)
        ignore = split & (vote > np.float32(1 - DOUBT)) & (vote < np.float32(DOUBT))
        nearest = max(changes.values(), key=lambda each: pixel_iou(each.map >= np.float32(0.5), mask))
        change = replace(nearest, map=vote, ignore=ignore if ignore.any() else None)
    agreement = mean([pixel_iou(one, other) for one, other in combinations(masks, 2)])
    sure = confidence(change.map[::STRIDE, ::STRIDE], constants)
    return replace(change, scores={**change.scores, "confidence": sure, "agreement": agreement})


def _vote_of(changes: Mapping[str, Change], valid: Mask, constants: Mapping[str, float]) -> ChangeMap:
    """What all think with one half is one half, and no weight turns a vote that all share."""
    odds = np.zeros(valid.shape, np.float32)
    for name, change in changes.items():
        odds += np.float32(constants[f"weight_{name}"]) * odds_of(change.map)
    vote = np.asarray(1 / (1 + np.exp(-odds)), np.float32)
    vote[~valid] = 0
    return without_specks(vote, LEAST_PX)
