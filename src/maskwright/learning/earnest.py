"""The annotator in earnest on made pairs: what its masks are worth, and how likely it is to be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from maskwright.learning.calibrate import fit_confidence
from maskwright.masks.annotators.confidence import EMPTY, MASK, confidence, evidence_of
from maskwright.measures.metrics import Counts, count
from maskwright.pairs.align import align
from maskwright.pairs.values import Aligned, Change, ChangeMap
from maskwright.synthesis.photos import Photo
from maskwright.synthesis.samples import Again, draw_sample

STRIDE = 2
"""Pixels between those of a map that confidence looks at, as the annotator does."""
RIGHT_IOU = 0.7
"""From this IoU on a mask is right (design.md, section 6)."""
FEW = 8
"""With fewer right or fewer wrong masks of a kind, only their share is fitted."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One mask against its truth.

    Args:
        change: (h, w) float32, every second pixel of the change map each way.
        counts: on the edited picture's own grid.
    """

    change: ChangeMap
    counts: Counts

    @property
    def edited(self) -> bool:
        return self.counts.tp + self.counts.fn > 0

    @property
    def iou(self) -> float:
        """1 where nothing was edited and nothing is claimed."""
        union = self.counts.tp + self.counts.fp + self.counts.fn
        return self.counts.tp / union if union else 1.0

    @property
    def right(self) -> bool:
        return self.iou >= RIGHT_IOU


def judged(
    photos: Sequence[Photo],
    annotate: Callable[[Aligned], Change],
    *,
    seed: int,
    pairs: int,
    again: Again | None = None,
) -> list[Judged]:
    """Make pairs of some photographs, annotate them, and hold the masks against the truth."""
    found = []
    for number in range(pairs):
        made = draw_sample(photos, np.random.default_rng((seed, number)), again=again).told.made
        change = annotate(align(made.original, made.edited)).map
        counts = count(change >= 0.5, made.mask & ~made.ignore, ignore=made.ignore)
        found.append(Judged(change[::STRIDE, ::STRIDE], counts))
    return found


def confidence_constants(masks: Sequence[Judged]) -> dict[str, float]:
    """What `masks.annotators.confidence` asks of a card, fitted on masks against their truth."""
    constants: dict[str, float] = {}
    for kind in (MASK, EMPTY):
        told = [(evidence_of(each.change), each.right) for each in masks]
        values = np.array([value for (found, value), _ in told if found == kind])
        right = np.array([is_right for (found, _), is_right in told if found == kind], np.bool_)
        if min(np.count_nonzero(right), np.count_nonzero(~right)) < FEW:
            # Laplace's rule: one right and one wrong more than were seen
            odds = (np.count_nonzero(right) + 1) / (np.count_nonzero(~right) + 1)
            constants |= {f"{kind}_bias": float(np.log(odds)), f"{kind}_weight": 0.0}
            continue
        fitted = fit_confidence([kind], values[:, None], right)
        constants |= {
            f"{kind}_bias": fitted["confidence_bias"],
            f"{kind}_weight": fitted[f"confidence_{kind}"],
        }
    return constants


def figures_in_earnest(masks: Sequence[Judged], constants: Mapping[str, float]) -> dict[str, float]:
    """Means over pairs; what there is no pair for is missing.

    Returns:
        mask_f1 and mask_iou of pairs in which something was edited, mask_unedited_marked of the
        others, and confidence_brier, the mean squared distance of confidence and being right.
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
    return {**figures, "confidence_brier": float(np.mean(misses))}
