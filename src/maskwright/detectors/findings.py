"""What a detection comes to: a finding or none, in words, with what that is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskwright.masks.scores import shape_scores, stored_levels
from maskwright.masks.verdict import WHOLE_AREA_FRAC
from maskwright.pages.overlay import Region, regions
from maskwright.pages.words import percent
from maskwright.pairs.values import Card, Detection, Mask

FINDINGS: dict[str, str] = {
    "edited_whole": "Nearly the whole picture looks edited.",
    "edited_region": "Part of the picture looks edited.",
    "edited_somewhere": "The picture looks edited, but no part of it stands out.",
    "nothing_found": "Nothing was found.",
}
"""What was found, with its sentence for people: the last where the score stays below the threshold, else the
first that the mask allows."""

UNFITTED_THRESHOLD = 0.5
"""From which score on a picture counts as edited where the detector's card names no threshold."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which score on a picture counts as edited, and how often that is wrong.

    Args:
        score: 0..1.
        false_alarms: share of held authentic pictures whose score reaches it, 0..1; None where the card
            does not say.
    """

    score: float
    false_alarms: float | None


def threshold_of(card: Card) -> Threshold:
    """The card's `score_threshold` and `false_alarms`; the latter is a figure of the former alone."""
    known = card.constants
    if "score_threshold" not in known:
        return Threshold(UNFITTED_THRESHOLD, None)
    return Threshold(known["score_threshold"], known.get("false_alarms"))


@dataclass(frozen=True, slots=True)
class Judged:
    """What a detection comes to.

    Args:
        finding: a key of `FINDINGS`.
        mask: (H, W) bool, `map >= 0.5`; may have pixels although nothing was found.
        levels: (H, W) uint8, the map as stored.
        scores: of the mask and the map, by the names of `maskwright.masks.scores.OF_SHAPE`.
        regions: connected regions of the mask, largest first; empty where nothing was found.
    """

    finding: str
    mask: Mask
    levels: NDArray[np.uint8]
    scores: Mapping[str, float | None]
    regions: tuple[Region, ...]


def judge(detection: Detection, threshold: Threshold) -> Judged:
    """The finding by the score, and where by the map."""
    mask, levels = detection.map >= np.float32(0.5), stored_levels(detection.map)
    scores = shape_scores(levels, mask)
    if detection.score < threshold.score:
        return Judged("nothing_found", mask, levels, scores, ())
    area_frac = scores["area_frac"] or 0.0
    finding = "edited_whole" if area_frac > WHOLE_AREA_FRAC else "edited_region"
    return Judged(finding if area_frac else "edited_somewhere", mask, levels, scores, regions(mask))


def sentences(judged: Judged, score: float, threshold: Threshold) -> list[str]:
    """What was found, the finding first, then what it rests on."""
    said, area_frac = [FINDINGS[judged.finding]], judged.scores["area_frac"] or 0.0
    if judged.regions:
        largest, count = judged.regions[0], int(judged.scores["components"] or 0)
        place = f"{largest.width} x {largest.height} px at {largest.x},{largest.y}"
        where = f"one region of {place}" if count == 1 else f"{count} regions, the largest {place}"
        said[0] = f"{said[0].removesuffix('.')}: {percent(area_frac)} in {where}."
    if judged.finding != "nothing_found":
        said.append(f"Its score is {score:.3f}; a picture counts as edited from {threshold.score:.3f} on.")
        return [*said, false_alarms(threshold, "too")]
    said.append(f"Its score is {score:.3f}; a picture counts as edited only from {threshold.score:.3f} on.")
    said.append(false_alarms(threshold))
    if area_frac:
        said.append(f"The map reaches 0.5 on {percent(area_frac)} of it, which is no finding at this score.")
    return [*said, "That is no proof that nothing was edited."]


def false_alarms(threshold: Threshold, also: str = "") -> str:
    """How often a threshold is reached by pictures that nobody edited, in a sentence."""
    also = f", {also}" if also else ""
    if threshold.false_alarms is None:
        return f"How many authentic pictures reach that{also} is not known for this detector."
    return (
        f"Of the authentic pictures it was measured on, {percent(threshold.false_alarms)} reach that{also}."
    )


def limits(card: Card, threshold: Threshold) -> list[str]:
    """What a detection does not show, in sentences."""
    known = threshold.false_alarms is not None
    return [
        "That a picture is authentic: what was not found may be there all the same.",
        "What was edited, when, by whom and why: the map says where a network sees traces, nothing more.",
        "How likely it is that this picture was edited: that depends on how many of your pictures are.",
        "Edits whose traces are gone: making a picture smaller, saving it strongly or taking a picture of a"
        " screen wipes them out.",
        "How often it is wrong on pictures of yours: the rate is of the pictures it was measured on, and"
        " other cameras, apps and screenshots leave traces of their own."
        if known
        else "How often it is wrong: its card does not say how many authentic pictures reach the threshold.",
        "Whether what the file says of itself is true: anyone can write it.",
        *([] if card.training_data else ["What the detector was trained on: its card does not say."]),
    ]


def card_facts(card: Card, threshold: Threshold) -> list[tuple[str, str]]:
    """(what, in words) of a detector's card, in reading order."""
    rate = threshold.false_alarms
    fitted = {"score_threshold", "false_alarms"}
    return [
        ("detector", f"{card.name} {card.version}"),
        ("SHA-256", card.digest),
        ("trained on", card.training_data or "not said"),
        ("licence of the weights", card.licence),
        ("a picture counts as edited from a score of", f"{threshold.score:.3f}"),
        ("authentic pictures that reach it", "not known" if rate is None else percent(rate)),
        *((name, f"{value:g}") for name, value in card.constants.items() if name not in fitted),
    ]
