"""A detector in earnest on pictures it never learned from: calibration, threshold of a finding, figures."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from maskwright.detectors import Detector
from maskwright.errors import InputError
from maskwright.learning.calibrate import fit_gain
from maskwright.learning.exhibits import Exhibit, opened
from maskwright.learning.stream import Sample
from maskwright.masks.annotators.confidence import odds_of
from maskwright.measures.metrics import Counts, auc, count, count_levels, f1_of, iou_of, mean

STRIDE = 4
"""Every so manieth pixel each way counts where constants are fitted and runs compared."""
LEVELS = np.arange(-6, 6.25, 0.25)
"""Log odds that are tried as the place of one half."""
ALARMS = 0.05
"""How likely the score of a further authentic picture may reach the threshold of a finding."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a detector says of a picture, against the truth.

    Args:
        forged: part of it was edited.
        score: of the picture.
        counts: at 0.5.
        auc: over its pixels; nan where nothing, or all of it, was edited.
        odds: (h, w) float32, log odds of every `STRIDE`th pixel; mask, ignore: (h, w) uint8, 0 or 255.
    """

    forged: bool
    score: float
    counts: Counts
    auc: float
    odds: NDArray[np.float32]
    mask: NDArray[np.uint8]
    ignore: NDArray[np.uint8]


def some_of(exhibits: Sequence[Exhibit], most: int, rng: Generator) -> list[Exhibit]:
    """At most so many, half of them forged where there are enough."""
    mixed = [exhibits[place] for place in rng.permutation(len(exhibits)).tolist()]
    forged, others = ([each for each in mixed if each.forged is kind] for kind in (True, False))
    few = min(len(others), most // 2)
    return forged[: most - few] + others[: max(few, most - len(forged))]


def looks_at(exhibits: Iterable[Exhibit], detector: Detector) -> Iterator[Look]:
    """What a detector says of each picture that can be read."""
    some = (slice(None, None, STRIDE),) * 2
    for each in exhibits:
        with contextlib.suppress(InputError):
            seen = opened(each)
            found = detector.detect(seen.picture)
            forged = bool(seen.mask.any())
            if each.forged and not forged:
                continue
            levels = np.rint(found.map * 255).astype(np.uint8)
            yield Look(
                forged,
                found.score,
                count(found.map >= 0.5, seen.mask, ignore=seen.ignore),
                auc(count_levels(levels, seen.mask, ignore=seen.ignore)) if forged else np.nan,
                odds_of(found.map[some]).astype(np.float32),
                seen.mask[some].view(np.uint8) * np.uint8(255),
                seen.ignore[some].view(np.uint8) * np.uint8(255),
            )


def fitted(looks: Iterable[Look]) -> dict[str, float]:
    """odds_gain and odds_bias from looks without either: the map is sigmoid(gain * odds + bias).

    One half is put where the mean F1 of forged pictures less the mean marked share of authentic ones is
    highest, since that is where masks are cut; the gain is that of `fit_gain` on either side of it.
    """
    some = list(looks)
    worth = [mean([_worth(each, float(level)) for each in some]) for level in LEVELS]
    level = float(LEVELS[int(np.argmax(worth))])
    gain = fit_gain([each.odds - np.float32(level) for each in some], *_truth(some))
    return {"odds_gain": gain, "odds_bias": 0.0 - gain * level}


def _truth(looks: Sequence[Look]) -> tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]]:
    return [each.mask for each in looks], [each.ignore for each in looks]


def _worth(look: Look, level: float) -> float:
    found = count(look.odds >= level, look.mask > 0, ignore=look.ignore > 0)
    return f1_of(found) if look.forged else -found.fp / max(1, found.fp + found.tn)


def f1_best(odds: Sequence[NDArray[np.float32]], samples: Sequence[Sample]) -> float:
    """The highest mean F1 of forged pictures at any of `LEVELS`: calibration will put one half there.

    Args:
        odds: (h, w) float32 each, log odds of the samples.
    """
    some = (slice(None, None, STRIDE),) * 2
    seen = [
        (odd[some], sample.mask[some] >= 128, sample.ignore[some] >= 128)
        for odd, sample in zip(odds, samples, strict=True)
    ]
    forged = [(odd, mask, ignore) for odd, mask, ignore in seen if (mask & ~ignore).any()]
    return max(
        mean([f1_of(count(odd >= level, mask, ignore=ignore)) for odd, mask, ignore in forged])
        for level in LEVELS
    )


def threshold(looks: Sequence[Look]) -> dict[str, float]:
    """score_threshold: a further authentic picture reaches it with a chance of at most `ALARMS`.

    Just above the k-th highest score of the n authentic pictures, k = floor(`ALARMS` * (n + 1)): one more
    picture of their kind lies above that with a chance of at most k / (n + 1) (split conformal prediction;
    Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World", 2005, section 2.2).

    Empty with so few that k is 0, or where even a score of 1 is no finding.
    """
    scores = sorted((each.score for each in looks if not each.forged), reverse=True)
    rank = int(ALARMS * (len(scores) + 1))
    if not rank:
        return {}
    least = float(np.nextafter(scores[rank - 1], np.inf))
    return {"score_threshold": least} if least <= 1 else {}


def alarms(looks: Sequence[Look], constants: Mapping[str, float]) -> dict[str, float]:
    """false_alarms: the share of authentic pictures whose score reaches the threshold; empty without them."""
    scores = [each.score for each in looks if not each.forged]
    if "score_threshold" not in constants or not scores:
        return {}
    return {"false_alarms": mean([float(score >= constants["score_threshold"]) for score in scores])}


def figures_of_looks(looks: Sequence[Look]) -> dict[str, float]:
    """Figures at 0.5; what there is no picture for is missing.

    Returns:
        pixel_f1, pixel_iou and pixel_auc, means over forged pictures; authentic_marked, the mean marked
        share of the others; picture_auc, the chance that a forged picture has a higher score than an
        authentic one; and how many of each there are.
    """
    forged = [each for each in looks if each.forged]
    others = [each for each in looks if not each.forged]
    figures = {"pictures_forged": float(len(forged)), "pictures_authentic": float(len(others))}
    if forged:
        figures["pixel_f1"] = mean([f1_of(each.counts) for each in forged])
        figures["pixel_iou"] = mean([iou_of(each.counts) for each in forged])
        known = [each.auc for each in forged if np.isfinite(each.auc)]
        figures |= {"pixel_auc": mean(known)} if known else {}
    if others:
        marked = [each.counts.fp / max(1, each.counts.fp + each.counts.tn) for each in others]
        figures["authentic_marked"] = mean(marked)
    if forged and others:
        mine, theirs = (np.array([each.score for each in some]) for some in (forged, others))
        higher = mine[:, None] - theirs
        figures["picture_auc"] = float(np.mean((higher > 0) + 0.5 * (higher == 0)))
    return figures
