"""Three ways to score a detector: what each makes of a picture, and of all pictures of a set.

`plain` is our own; `benco` and `trufor` are the published ones of `measures.protocols`, quirks included.
In every figure what is used and what is skipped add up to all pictures.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.bench.draws import (
    Figure,
    accuracy_figure,
    auc_figure,
    balanced_figure,
    f1_figure,
    mean_figure,
    of_draws,
    with_interval,
)
from maskwright.measures import metrics
from maskwright.measures.metrics import Bools, Estimate, Numbers
from maskwright.measures.protocols import (
    PROTOCOLS,
    Skipped,
    benco_image_accuracy,
    benco_image_auc,
    benco_image_f1,
    benco_picture,
    trufor_balanced_accuracy,
    trufor_detection_auc,
    trufor_picture,
)
from maskwright.measures.protocols.figures import THRESHOLD, auc_of_scores, levels_of, ranked, read_scores
from maskwright.pairs.values import ChangeMap, Mask

CLAIMED = 0.5
"""`plain` calls a pixel or a picture edited from here on, as masks are cut everywhere."""
SAYS = {
    "plain": "the picture as it is; every pixel but those of the truth's own ignore; pixel figures are means"
    " over forged pictures at map >= 0.5; a whole picture is called forged at score >= 0.5",
    **PROTOCOLS,
}
"""The protocols by name, each in one sentence."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A figure of pixels: a mean over pictures.

    Args:
        name: in tables.
        of: the pictures it is a mean over: forged, authentic or all.
        none: why a picture of that kind may have none; `no_mask` comes besides.
    """

    name: str
    of: str = "forged"
    none: str = ""


PIXELS: dict[str, dict[str, Kind]] = {
    "plain": {
        "f1": Kind("F1"),
        "f1_best_set": Kind("F1, best threshold of the set"),
        "f1_best_picture": Kind("F1, best threshold of EVERY picture"),
        "iou": Kind("IoU"),
        "auc": Kind("pixel AUC", none="no_unedited_pixel"),
        "marked": Kind("marked of authentic", "authentic"),
    },
    "benco": {
        "f1": Kind("PixelF1"),
        "iou": Kind("PixelIOU"),
        "auc": Kind("PixelAUC", none="no_unedited_pixel"),
        "auc_lowest": Kind("PixelAUC, ties worst", none="no_unedited_pixel"),
        "auc_highest": Kind("PixelAUC, ties best", none="no_unedited_pixel"),
        "f1_all": Kind("PixelF1 with authentic", "all"),
    },
    "trufor": {"f1": Kind("F1_th", none="one_class"), "f1_best": Kind("F1_best", none="no_counted_pixel")},
}
"""Figures of pixels by protocol; `f1` is the headline of each."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What a protocol makes of one picture and one detector.

    Args:
        edited: whether the picture counts as edited.
        score: of the whole picture.
        values: figures of its pixels by key, nan where it has none; empty where nobody knows its truth.
        curve: of `plain`: (257,) F1 of the mask `round(255 * map) >= t` for t = 0..256; else empty.
    """

    edited: bool
    score: float
    values: Mapping[str, float]
    curve: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Figured:
    """A figure with its interval, and what it leaves out; `estimate.n` is what it rests on."""

    estimate: Estimate
    skipped: tuple[Skipped, ...] = ()


def score_picture(
    protocol: str, map: ChangeMap, truth: Mask | None, ignore: Mask | None, *, score: float, edited: bool
) -> Scored:
    """One picture's figures under a protocol.

    Args:
        map: (H, W) float32 in 0..1.
        truth: (H, W) bool on the same grid; None where nobody knows.
        ignore: the same; the published protocols know no such thing.
    """
    curve = np.zeros(0, np.float32)
    values: dict[str, float] = {}
    if truth is None:
        pass
    elif protocol == "plain":
        values, curve = _plain(map, truth, ignore)
    elif protocol == "benco":
        theirs = benco_picture(map, truth, edited=edited)
        values = {"f1": theirs.f1, "f1_all": theirs.f1, "iou": theirs.iou, "auc": theirs.auc.reading_order}
        values |= {"auc_lowest": theirs.auc.lowest, "auc_highest": theirs.auc.highest}
    else:
        found = trufor_picture(map, truth, edited=edited)
        values = {"f1": found.f1_th, "f1_best": found.f1_best}
    return Scored(edited, score, values, curve)


def _plain(map: ChangeMap, truth: Mask, ignore: Mask | None) -> tuple[dict[str, float], NDArray[np.float32]]:
    """Where all is ignored, nothing is edited and nothing claimed: F1 and IoU are 1."""
    if ignore is not None:
        map, truth = map[~ignore], truth[~ignore]
    counts = metrics.count(map >= CLAIMED, truth)
    curve = metrics.count_levels(np.rint(255 * map).astype(np.uint8), truth).f1()
    values = {
        "f1": metrics.f1_of(counts),
        "f1_best_picture": float(curve.max()),
        "iou": metrics.iou_of(counts),
        "auc": _exact_auc(map, truth),
        "marked": (counts.tp + counts.fp) / max(1, truth.size),
    }
    return values, curve.astype(np.float32)


def _exact_auc(map: ChangeMap, truth: Mask) -> float:
    """Of all levels, not of 256; ties half."""
    if not truth.any() or truth.all():
        return math.nan
    real, last = ranked(map.ravel(), truth.ravel())
    return metrics.auc(levels_of(np.cumsum(real, dtype=np.int64), last))


@dataclass(frozen=True, slots=True)
class Column:
    """A figure of every picture of one set: nan where it has none, and then why."""

    values: Numbers
    reasons: tuple[str, ...]

    def figured(self, groups: Sequence[Hashable]) -> Figured:
        found = metrics.estimates(self.values.reshape(-1, 1), groups)[0]
        tally = Counter(filter(None, self.reasons))
        return Figured(found, tuple(Skipped(reason, tally[reason]) for reason in sorted(tally)))


def columns_of(protocol: str, scored: Sequence[Scored]) -> dict[str, Column]:
    """The figures of pixels of ONE set, for every picture, by key.

    The best threshold of the set is the one with the highest mean F1 of its forged pictures; it is chosen
    knowing the truth, so that figure flatters, as that of every picture does still more.
    """
    best = _best_of_set(scored)
    found = {}
    for key, kind in PIXELS[protocol].items():
        if key == "f1_best_set" and best is None:
            continue
        values, reasons = [], []
        for each in scored:
            value, reason = math.nan, _why_not(kind, each)
            if not reason:
                value = each.values[key] if key != "f1_best_set" else float(each.curve[best])
                reason = kind.none if math.isnan(value) else ""
            values.append(value)
            reasons.append(reason)
        found[key] = Column(np.array(values, np.float64), tuple(reasons))
    return found


def _best_of_set(scored: Sequence[Scored]) -> int | None:
    """The threshold 0..256; None where nobody kept the curves."""
    curves = [each.curve for each in scored if each.edited and each.curve.size]
    return int(np.mean(curves, axis=0, dtype=np.float64).argmax()) if curves else None


def _why_not(kind: Kind, scored: Scored) -> str:
    if kind.of == "forged" and not scored.edited:
        return "unedited_picture"
    if kind.of == "authentic" and scored.edited:
        return "edited_picture"
    return "" if scored.values else "no_mask"


@dataclass(frozen=True, slots=True)
class Whole:
    """A figure of whole pictures.

    Args:
        name: in tables.
        measure: of scores and classes; nan where there is none.
        drawn: the same of draws, from what is claimed (AUC: from the scores) and what is edited.
        both: whether it says nothing without pictures of both classes.
        claims: what calls a picture edited; None: the scores themselves are ranked.
    """

    name: str
    measure: Callable[[Sequence[float], Sequence[bool]], float]
    drawn: Callable[[Any, Bools], Figure]
    both: bool = False
    claims: Callable[[Numbers], Bools] | None = None

    def of(self, scores: Numbers, edited: Bools) -> float:
        """The figure of these pictures."""
        if not scores.size or (self.both and (edited.all() or not edited.any())):
            return math.nan
        return self.measure(scores.tolist(), edited.tolist())

    def of_draws(self, scores: Numbers, edited: Bools, groups: Sequence[Hashable], seed: int) -> Numbers:
        """(RESAMPLES,) the same of photographs drawn anew."""
        claimed = scores if self.claims is None else self.claims(scores)
        return of_draws(self.drawn(claimed, edited), groups, seed)


def _plain_f1(scores: Sequence[float], edited: Sequence[bool]) -> float:
    levels, real = read_scores(scores, edited)
    return metrics.pixel_f1(_from_half(levels), real)


def _plain_accuracy(scores: Sequence[float], edited: Sequence[bool]) -> float:
    levels, real = read_scores(scores, edited)
    return float((_from_half(levels) == real).mean())


def _from_half(scores: Numbers) -> Bools:
    return scores >= CLAIMED


def _above_half(scores: Numbers) -> Bools:
    return scores > THRESHOLD


WHOLE: dict[str, dict[str, Whole]] = {
    "plain": {
        "picture_auc": Whole("picture AUC", lambda s, e: auc_of_scores(*read_scores(s, e)), auc_figure),
        "picture_f1": Whole("picture F1", _plain_f1, f1_figure, True, _from_half),
        "picture_accuracy": Whole("picture accuracy", _plain_accuracy, accuracy_figure, True, _from_half),
    },
    "benco": {
        "picture_auc": Whole("ImageAUC", benco_image_auc, auc_figure),
        "picture_f1": Whole("ImageF1", benco_image_f1, f1_figure, False, _above_half),
        "picture_accuracy": Whole("ImageAccuracy", benco_image_accuracy, accuracy_figure, False, _above_half),
    },
    "trufor": {
        "picture_auc": Whole("AUC", trufor_detection_auc, auc_figure),
        "picture_accuracy": Whole(
            "balanced accuracy", trufor_balanced_accuracy, balanced_figure, False, _above_half
        ),
    },
}
"""Figures of whole pictures by protocol."""


def names_of(protocol: str) -> dict[str, str]:
    """All figures of a protocol, in the order of tables: key -> name."""
    pixels = {key: kind.name for key, kind in PIXELS[protocol].items()}
    return pixels | {key: whole.name for key, whole in WHOLE[protocol].items()}


@dataclass(frozen=True, slots=True)
class ScoredSet:
    """Every picture of one set under one protocol and detector; `groups` are their photographs."""

    scored: Sequence[Scored]
    groups: Sequence[Hashable]


def figures_of(protocol: str, pictures: ScoredSet) -> dict[str, Figured]:
    """All figures of one set; intervals draw whole photographs anew."""
    columns = columns_of(protocol, pictures.scored)
    found = {key: column.figured(pictures.groups) for key, column in columns.items()}
    scores, edited = _whole(pictures)
    n, groups = len(scores), len(set(pictures.groups))
    for key, kind in WHOLE[protocol].items():
        whole = kind.of(scores, edited)
        if math.isnan(whole):
            found[key] = Figured(
                with_interval(math.nan, np.zeros(0), n=0, groups=0), (Skipped("one_class", n),)
            )
        else:
            drawn = kind.of_draws(scores, edited, pictures.groups, 0)
            found[key] = Figured(with_interval(whole, drawn, n=n, groups=groups))
    return found


def mean_of_sets(protocol: str, sets: Sequence[ScoredSet]) -> dict[str, Figured]:
    """The mean of every figure over sets of the same weight; a set without a figure is left out of it.

    Intervals draw whole photographs anew, set by set. `estimate.n` and `estimate.groups` count the sets.
    """
    columns = [columns_of(protocol, each.scored) for each in sets]
    found = {}
    for key in [*columns[0], *WHOLE[protocol]]:
        wholes, drawn = [], []
        for seed, (each, of_set) in enumerate(zip(sets, columns, strict=True)):
            if key in WHOLE[protocol]:
                kind, (scores, edited) = WHOLE[protocol][key], _whole(each)
                whole = kind.of(scores, edited)
                anew = kind.of_draws(scores, edited, each.groups, seed)
            else:
                values = of_set[key].values
                whole = metrics.mean(values[np.isfinite(values)].tolist())
                anew = of_draws(mean_figure(values), each.groups, seed)
            if not math.isnan(whole):
                wholes.append(whole)
                drawn.append(anew)
        together = np.mean(drawn, axis=0) if drawn else np.zeros(0)
        found[key] = Figured(with_interval(metrics.mean(wholes), together, n=len(wholes), groups=len(wholes)))
    return found


def _whole(pictures: ScoredSet) -> tuple[Numbers, Bools]:
    scored = pictures.scored
    return np.array([each.score for each in scored]), np.array([each.edited for each in scored], np.bool_)
