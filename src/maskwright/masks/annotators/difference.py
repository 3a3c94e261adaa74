"""The difference annotator: what changed between two aligned pictures, without a network.

First the background is decided. Where it is bit-equal, every changed pixel is a
candidate. Where a codec or a generator touched it, the planes of `evidence` are weighed,
each through a table of its own, to the log odds of an edit. Either way each region's
border is then drawn where the difference rises from its surroundings, small gaps are
closed, and the change map is made to agree with the mask.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import cv2
import numpy as np

from maskwright.masks.annotators.background import is_identical, noisy_background
from maskwright.masks.annotators.evidence import Codes, Evidence, evidence
from maskwright.masks.annotators.regions import agreeing, closed, cut, disc, filled, seeded, strength_of
from maskwright.masks.annotators.rule import Rule, constants, log_odds, shipped_rule
from maskwright.pairs.values import Aligned, Card, Change, ChangeMap, Hint, Mask

RIM = 0.7
"""A region is crisp when the strongest tenth of its rim reaches this share of its typical strength."""
SPECK = 64
"""Pixels; smaller exact regions are kept as they are."""


class Difference:
    """Annotates by difference; needs no weights and uses no hints. See `change_of`."""

    def __init__(self) -> None:
        self._rule = shipped_rule()
        self.card = Card(
            name="difference",
            version="1",
            digest=hashlib.sha256(constants()).hexdigest(),
            training_data="constants fitted on synthetic edits of the `train` photographs",
        )

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        """One change a pair, in order."""
        return [self.change_of(pair) for pair in batch]

    def change_of(self, pair: Aligned, seen: Evidence | None = None) -> Change:
        """The change of one pair; `seen` is its evidence, where somebody has looked already."""
        return change_of(pair, self._rule, seen)


def change_of(pair: Aligned, rule: Rule, seen: Evidence | None = None) -> Change:
    """The change of one pair: map (H, W) float32 in 0..1 on the edited grid, background, noise floor.

    Args:
        seen: `evidence` of the pair, where somebody has looked already.
    """
    strength = strength_of(pair)
    if not strength.any():
        return nothing_changed(strength.shape)
    change = _noisy_change(pair, rule, evidence(pair) if seen is None else seen)
    return exact_change(strength, rule) if is_identical(pair, strength, change.map >= 0.5) else change


def nothing_changed(shape: tuple[int, ...]) -> Change:
    """The change of two pictures that are equal wherever both have a pixel."""
    return _exactly(np.zeros(shape, np.float32))


def exact_change(strength: Codes, rule: Rule) -> Change:
    """The change of a pair whose background is bit-equal.

    Args:
        strength: (H, W) uint8, of `strength_of`.
    """
    return _exactly(agreeing(np.where(strength > 0, np.float32(0.97), np.float32(0)), _exact(strength, rule)))


def _exactly(change: ChangeMap) -> Change:
    return Change(change, scores={"noise_floor": 0.0, "unexplained": 0.0}, background="identical")


def _noisy_change(pair: Aligned, rule: Rule, seen: Evidence) -> Change:
    height, width = pair.valid.shape
    odds = log_odds(seen, rule)
    odds[~seen.valid] = -20
    proposed = seeded(odds, seed=rule.seed, least_px=rule.least_px)
    mask = cut(proposed, seen.sharp, rule, step=2)
    small = agreeing(np.asarray(1 / (1 + np.exp(-odds)), np.float32), mask)
    change = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    change[~pair.valid] = 0
    floor = float(np.exp2(seen.scalars["calm"]) - 1)
    scores = {
        "noise_floor": floor,
        "unexplained": float(np.count_nonzero((odds > 0) & ~mask)) / odds.size,
    }
    return Change(change, scores=scores, background=noisy_background(pair, seen.valid, mask))


def _exact(strength: Codes, rule: Rule) -> Mask:
    """Every changed pixel, but for the skirts of regions that have one.

    A region pasted in and left alone meets its surroundings with a jump somewhere along
    its rim. Blending and the codec's blocks leave a rim that is faint all around, and only
    then is the border drawn further in.
    """
    changed = strength > 0
    body = closed(changed, 1).view(np.uint8)
    rim = cv2.erode(body, disc(1)) == 0
    count, labels, stats, _ = cv2.connectedComponentsWithStats(body, connectivity=8)
    skirted = np.zeros(count, bool)
    for number in np.flatnonzero(stats[:, cv2.CC_STAT_AREA] >= SPECK):
        if number == 0:
            continue
        x, y, w, h, _ = stats[number]
        window = np.s_[y : y + h, x : x + w]
        inside = (labels[window] == number) & changed[window]
        outermost = strength[window][inside & rim[window]]
        skirted[number] = np.quantile(outermost, 0.9) < RIM * np.median(
            strength[window][inside & ~rim[window]]
        )
    soft = skirted[labels]
    crisp = closed(changed & ~soft, max(1, rule.close_px // 2))
    return filled(crisp, rule.hole_share) | cut(changed & soft, strength.astype(np.float32), rule, step=1)
