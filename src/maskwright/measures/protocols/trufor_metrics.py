"""TruFor's measures, written from the definition of its metric script; none of its code was used."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from maskwright.errors import InputError
from maskwright.measures.metrics import Bools, Numbers, count, mean
from maskwright.measures.protocols.figures import (
    THRESHOLD,
    ChangeMap,
    Figure,
    Places,
    auc_of_scores,
    check,
    mean_figure,
    ranked,
    read_scores,
    score_figure,
)

EDITED_RADIUS = 7
"""TruFor counts a pixel as edited if all of its 15x15 window is."""
UNEDITED_RADIUS = 5
"""TruFor counts a pixel as unedited if nothing in its 11x11 window is edited."""


@dataclass(frozen=True, slots=True)
class TruforTruth:
    """The pixels TruFor counts, each (H, W) bool; those in neither, a ring along the border, are ignored."""

    edited: Bools
    unedited: Bools


def trufor_truth(truth: Bools) -> TruforTruth:
    """Which pixels TruFor counts as edited and as unedited.

    Edited is the 15x15 minimum filter of the truth, unedited what its 11x11 maximum filter leaves. An edit
    less than 15 pixels wide leaves no edited pixel. At the border of the picture their filters mirror it,
    which comes to the same as cutting the window off there: an edit keeps its pixels along the border.

    >>> square = np.pad(np.ones((20, 20), bool), 30)
    >>> int(trufor_truth(square).edited.sum())
    36
    """
    if truth.dtype != np.bool_:
        raise InputError(f"truth must be bool, not {truth.dtype}")
    return TruforTruth(_nothing_near(~truth, EDITED_RADIUS), _nothing_near(truth, UNEDITED_RADIUS))


def trufor_f1_best(change: ChangeMap, truth: Bools) -> float:
    """TruFor's F1_best of one picture: F1 at the best of all thresholds, of the map or of its inverse.

    Threshold and side are chosen knowing the truth, so this is an upper bound. 0 where no edited pixel
    is left to count, nan where none at all is.
    """
    return _f1_best(*_counted(change, truth))


def trufor_f1_th(change: ChangeMap, truth: Bools) -> float:
    """TruFor's F1_th of one picture: F1 at threshold 0.5, of the map or of its inverse, whichever is better.

    So a map that claims nothing scores high on a picture that is nearly all edited. nan where truth and
    claim together are one class (all edited and all claimed, or none and none), which TruFor's mean
    leaves out; `trufor` says how often.
    """
    return _f1_th(*_counted(change, truth))


def trufor_detection_auc(scores: Sequence[float], edited: Sequence[bool]) -> float:
    """TruFor's AUC over pictures: scores that are not finite dropped, ties half; nan for one class."""
    return auc_of_scores(*_finite(scores, edited))


def trufor_balanced_accuracy(scores: Sequence[float], edited: Sequence[bool]) -> float:
    """TruFor's balanced accuracy: the mean of the shares of edited and of unedited pictures put right.

    A picture is claimed where its score is above 0.5. Scores that are not finite are dropped; nan for one
    class.
    """
    levels, real = _finite(scores, edited)
    right = (levels > THRESHOLD) == real
    return (mean(right[real].tolist()) + mean(right[~real].tolist())) / 2


@dataclass(frozen=True, slots=True)
class TruforPicture:
    """What TruFor makes of one picture.

    Args:
        f1_best, f1_th: `trufor_f1_best`, `trufor_f1_th`.
        edited_pixels, unedited_pixels: how many count.
        edited: whether the picture counts as edited.
        score: the detector's score of the whole picture, if it has one.
    """

    f1_best: float
    f1_th: float
    edited_pixels: int
    unedited_pixels: int
    edited: bool
    score: float | None


def trufor_picture(
    change: ChangeMap, truth: Bools, *, score: float | None = None, edited: bool | None = None
) -> TruforPicture:
    """One picture's figures, TruFor's way; `edited` is the class of the picture, None asks the truth."""
    levels, real = _counted(change, truth)
    counted = int(np.count_nonzero(real))
    return TruforPicture(
        _f1_best(levels, real),
        _f1_th(levels, real),
        counted,
        real.size - counted,
        bool(truth.any()) if edited is None else edited,
        score,
    )


@dataclass(frozen=True, slots=True)
class TruforSummary:
    """TruFor's figures over pictures: F1 over edited ones, the other two over all that have a score."""

    pictures: int
    f1_best: Figure
    f1_th: Figure
    detection_auc: Figure
    balanced_accuracy: Figure


def trufor(pictures: Iterable[TruforPicture]) -> TruforSummary:
    """The figures TruFor would report.

    Skipped, with the reason: `unedited_picture`, `no_counted_pixel` and, in F1_th only, `one_class`;
    `no_score`, `score_not_finite` and `one_class` in the figures of whole pictures.
    """
    seen = list(pictures)
    return TruforSummary(
        pictures=len(seen),
        f1_best=mean_figure([one.f1_best for one in seen], [_why_not(one, one.f1_best) for one in seen]),
        f1_th=mean_figure([one.f1_th for one in seen], [_why_not(one, one.f1_th) for one in seen]),
        detection_auc=score_figure(trufor_detection_auc, seen),
        balanced_accuracy=score_figure(trufor_balanced_accuracy, seen),
    )


def _counted(change: ChangeMap, truth: Bools) -> tuple[ChangeMap, Bools]:
    """(n,) levels and truth of the pixels that count."""
    check(change, truth)
    pixels = trufor_truth(truth)
    counted = pixels.edited | pixels.unedited
    return change[counted], pixels.edited[counted]


def _nothing_near(mask: Bools, radius: int) -> Bools:
    """Where no pixel of the mask is within radius pixels, rows and columns apart; by an integral image."""
    height, width = mask.shape
    sums = np.zeros((height + 1, width + 1), np.int32)
    np.cumsum(np.cumsum(mask, axis=0, dtype=np.int32), axis=1, out=sums[1:, 1:])
    sums = np.pad(sums, radius, mode="edge")
    side = 2 * radius + 1
    inside = sums[side:, side:] - sums[:height, side:] - sums[side:, :width] + sums[:height, :width]
    return np.asarray(inside == 0)


def _f1_best(levels: ChangeMap, real: Bools) -> float:
    """The best F1 of `level >= t` and of `level < t` over all levels t; nan without a pixel."""
    if not real.size:
        return math.nan
    order, last = ranked(levels, real)
    hits = np.cumsum(order, dtype=np.int64)[last]
    edited, claimed = hits[-1], last + 1
    return float(max(_f1(hits, claimed, edited).max(), _f1(edited - hits, real.size - claimed, edited).max()))


def _f1_th(levels: ChangeMap, real: Bools) -> float:
    """The better F1 of `level > 0.5` and of `level <= 0.5`; nan where truth and claim are one class."""
    found = count(levels > THRESHOLD, real)
    if real.size in (found.tp, found.tn):
        return math.nan
    hits, claimed = np.array([found.tp, found.fn]), np.array([found.tp + found.fp, found.fn + found.tn])
    return float(_f1(hits, claimed, found.tp + found.fn).max())


def _f1(hits: Places, claimed: Places, edited: int) -> Numbers:
    """F1, and 0 where nothing is edited and nothing claimed."""
    return np.asarray(2 * hits / np.maximum(claimed + edited, 1), np.float64)


def _finite(scores: Sequence[float], edited: Sequence[bool]) -> tuple[Numbers, Bools]:
    """The scores that are finite, and their classes."""
    levels, real = read_scores(scores, edited)
    kept = np.isfinite(levels)
    return levels[kept], real[kept]


def _why_not(picture: TruforPicture, f1: float) -> str:
    """Why an F1 of a picture is left out of the mean; "" if it is not."""
    if not picture.edited:
        return "unedited_picture"
    if not picture.edited_pixels + picture.unedited_pixels:
        return "no_counted_pixel"
    return "one_class" if math.isnan(f1) else ""
