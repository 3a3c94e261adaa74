"""The annotator in earnest on made pairs: what its masks are worth, and how likely it is to be right."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.random import Generator

from maskwright.learning.calibrate import fit_confidence, fit_gain
from maskwright.learning.export import chance
from maskwright.masks.annotators.confidence import KINDS, confidence, evidence_of, odds_of
from maskwright.masks.annotators.evidence import STRIDE
from maskwright.measures.calibration import Calibration, brier, count_calibration, expected_error
from maskwright.measures.metrics import Counts, count, iou_of
from maskwright.pairs.align import align
from maskwright.pairs.values import Aligned, Change, ChangeMap, Mask
from maskwright.synthesis.photos import Photo
from maskwright.synthesis.samples import BACKGROUNDS, Again, draw_sample

RIGHT_IOU = 0.7
"""From this IoU on a mask is right (design.md, section 6)."""
HAND = 0.004
"""Diagonals of the picture by which people's borders lie apart: 3 px of 640x480. Our choice."""
FEW = 8
"""With fewer right or fewer wrong masks of a kind, only their share is fitted."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One mask against its truth.

    Args:
        change: (h, w) float32, every second pixel of the change map each way.
        counts: on the edited picture's own grid.
        against_a_hand: the same against the truth as somebody might draw it.
        calibration: of the change map, on its own grid.
    """

    change: ChangeMap
    counts: Counts
    against_a_hand: Counts
    calibration: Calibration = field(default_factory=Calibration)

    @property
    def edited(self) -> bool:
        return self.counts.tp + self.counts.fn > 0

    @property
    def iou(self) -> float:
        """1 where nothing was edited and nothing is claimed."""
        return iou_of(self.counts)

    @property
    def right(self) -> bool:
        return iou_of(self.against_a_hand) >= RIGHT_IOU


@dataclass(frozen=True, slots=True)
class Annotated:
    """A made pair's truth, and the change the annotator found.

    Args:
        ignore: (H, W) bool, what counts for nobody; also where the original has no pixel.
        rng: as it is after the pair was made.
    """

    change: Change
    truth: Mask
    ignore: Mask
    rng: Generator


def annotated(
    photos: Sequence[Photo],
    annotate: Callable[[Aligned], Change],
    *,
    seed: int,
    pairs: int,
    again: Again | None = None,
    shares: Mapping[str, float] = BACKGROUNDS,
) -> Iterator[Annotated]:
    """Make pairs of some photographs, and annotate them; pairs that cannot be aligned are left out."""
    for number in range(pairs):
        rng = np.random.default_rng((seed, number))
        made = draw_sample(photos, rng, again=again, shares=shares).told.made
        pair = align(made.original, made.edited)
        if pair.geometry.kind != "unrelated":
            ignore = made.ignore | ~pair.valid
            yield Annotated(annotate(pair), made.mask & ~ignore, ignore, rng)


def gain_of(found: Iterable[Annotated]) -> float:
    """The gain that calibrates change maps; exact ones are no probabilities, and left out."""
    odds, masks, ignores = [], [], []
    for each in found:
        if each.change.background != "identical":
            some = (slice(None, None, STRIDE),) * 2
            odds.append(odds_of(each.change.map[some]))
            masks.append(np.where(each.truth[some], np.uint8(255), np.uint8(0)))
            ignores.append(np.where(each.ignore[some], np.uint8(255), np.uint8(0)))
    return fit_gain(odds, masks, ignores) if odds else 1.0


def with_gain(found: Iterable[Annotated], gain: float) -> Iterator[Annotated]:
    """The same as an annotator with that gain would have found it; no mask moves."""
    for each in found:
        if each.change.background == "identical":
            yield each
        else:
            scaled = chance(gain * odds_of(each.change.map)).astype(np.float32)
            yield replace(each, change=replace(each.change, map=scaled))


def judged(found: Iterable[Annotated]) -> list[Judged]:
    """Hold masks against the truth: half of it as it was made, half as `another_hand` draws it."""
    against = []
    for number, each in enumerate(found):
        mask = each.change.map >= 0.5
        drawn = another_hand(each.truth, each.rng) if number % 2 else each.truth
        against.append(
            Judged(
                each.change.map[::STRIDE, ::STRIDE],
                count(mask, each.truth, ignore=each.ignore),
                count(mask, drawn, ignore=each.ignore & (drawn == each.truth)),
                count_calibration(each.change.map, each.truth, ignore=each.ignore),
            )
        )
    return against


def another_hand(truth: Mask, rng: Generator) -> Mask:
    """The mask as a person might draw it: a little too wide or too tight all around.

    By a normal number of `HAND` diagonals; what would vanish stays as it is.
    """
    height, width = truth.shape
    radius = float(rng.normal(0, HAND)) * math.hypot(height, width)
    side = 2 * round(abs(radius)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    drawn = (cv2.dilate if radius > 0 else cv2.erode)(truth.view(np.uint8), disc).astype(np.bool_)
    return drawn if drawn.any() else truth


def confidence_constants(masks: Sequence[Judged]) -> dict[str, float]:
    """What `masks.annotators.confidence` asks of a card, fitted on masks against their truth."""
    constants: dict[str, float] = {}
    for kind, names in KINDS.items():
        told = [(evidence_of(each.change), each.right) for each in masks]
        values = np.array([[*known.values()] for (found, known), _ in told if found == kind])
        right = np.array([is_right for (found, _), is_right in told if found == kind], np.bool_)
        if min(np.count_nonzero(right), np.count_nonzero(~right)) < FEW:
            # Laplace's rule: one right and one wrong more than were seen
            odds = (np.count_nonzero(right) + 1) / (np.count_nonzero(~right) + 1)
            constants |= {f"{kind}_bias": float(np.log(odds)), **{f"{kind}_{name}": 0.0 for name in names}}
            continue
        constants |= fit_confidence(kind, names, values, right)
    return constants


def figures_in_earnest(masks: Sequence[Judged], constants: Mapping[str, float]) -> dict[str, float]:
    """Means over pairs; what there is no pair for is missing.

    Returns:
        mask_f1 and mask_iou of pairs in which something was edited, mask_unedited_marked of the
        others; calibration_error and brier of all maps together; and confidence_brier, the mean
        squared distance of confidence and being right.
    """
    edited = [each for each in masks if each.edited]
    others = [each.counts for each in masks if not each.edited]
    figures = {}
    if edited:
        figures["mask_f1"] = float(np.mean([2 * each.iou / (1 + each.iou) for each in edited]))
        figures["mask_iou"] = float(np.mean([each.iou for each in edited]))
    if others:
        figures["mask_unedited_marked"] = float(np.mean([c.fp / max(1, c.fp + c.tn) for c in others]))
    misses = [(confidence(each.change, constants) - each.right) ** 2 for each in masks]
    maps = sum((each.calibration for each in masks), Calibration())
    figures |= {"calibration_error": expected_error(maps), "brier": brier(maps)}
    return {**figures, "confidence_brier": float(np.mean(misses))}
