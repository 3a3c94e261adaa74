"""IMDLBenCo's measures, from what its evaluators did on 7 July 2026 (release 0.1.45).

They work in double precision on the pixels, since masks reach them as such. Not here: evaluators that
leave padding out (pass the picture without it), and the resizing to a canvas that comes before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError
from maskwright.measures.metrics import Bools, auc, count, mean
from maskwright.measures.protocols.figures import (
    THRESHOLD,
    ChangeMap,
    Figure,
    auc_of_scores,
    check,
    levels_of,
    mean_figure,
    ranked,
    read_scores,
    score_figure,
)

PIXEL_SLACK = 1e-8
"""What IMDLBenCo adds below the line in its figures of pixels."""
PICTURE_SLACK = 1e-9
"""What IMDLBenCo adds below the line in its F1 of whole pictures."""


def benco_truth(mask: NDArray[np.uint8]) -> Bools:
    """What IMDLBenCo takes for edited in a mask file: the mean of red, green and blue above 127.5.

    A mask of 0 and 1 becomes empty, and so does one drawn in (128, 0, 0).

    Args:
        mask: (H, W, 3) or grey (H, W) uint8, as decoded.

    >>> benco_truth(np.array([[0, 1, 127, 128, 255]], np.uint8))
    array([[False, False, False,  True,  True]])
    """
    if mask.dtype != np.uint8 or (mask.ndim != 2 and mask.shape[2:] != (3,)):
        raise InputError(f"mask must be (H, W) or (H, W, 3) uint8, not {mask.shape} {mask.dtype}")
    return np.asarray(mask > 127.5 if mask.ndim == 2 else mask.mean(axis=2) > 127.5)


def benco_pixel_f1(change: ChangeMap, truth: Bools) -> float:
    """IMDLBenCo's PixelF1 of one picture, at threshold 0.5.

    Unlike `pixel_f1`: 0 where nothing is edited, also if nothing is claimed, and just below 1 for a
    perfect mask, since 1e-8 is added below the line of precision, recall and F1.

    >>> benco_pixel_f1(np.zeros((2, 2), np.float32), np.zeros((2, 2), bool))
    0.0
    """
    check(change, truth)
    return _f1(change > THRESHOLD, truth, PIXEL_SLACK)


def benco_pixel_f1_reverse(change: ChangeMap, truth: Bools) -> float:
    """PixelF1 of what the map does not claim (`mode="reverse"`), so a map of exactly 0.5 is claimed here."""
    check(change, truth)
    return _f1(change <= THRESHOLD, truth, PIXEL_SLACK)


def benco_pixel_f1_double(change: ChangeMap, truth: Bools) -> float:
    """The better of PixelF1 and its reverse, chosen knowing the truth (`mode="double"`): it flatters."""
    return max(benco_pixel_f1(change, truth), benco_pixel_f1_reverse(change, truth))


def benco_pixel_iou(change: ChangeMap, truth: Bools) -> float:
    """IMDLBenCo's PixelIOU of one picture: I / (U + 1e-8) at threshold 0.5.

    Unlike `pixel_iou`: 0 where nothing is edited and nothing claimed.
    """
    check(change, truth)
    return _iou(change > THRESHOLD, truth)


def benco_pixel_iou_reverse(change: ChangeMap, truth: Bools) -> float:
    """PixelIOU of 1 - map (`mode="reverse"`), where a map of exactly 0.5 is claimed neither way round."""
    check(change, truth)
    return _iou(1 - change > THRESHOLD, truth)


def benco_pixel_iou_double(change: ChangeMap, truth: Bools) -> float:
    """The better of PixelIOU and its reverse, chosen knowing the truth (`mode="double"`): it flatters."""
    return max(benco_pixel_iou(change, truth), benco_pixel_iou_reverse(change, truth))


@dataclass(frozen=True, slots=True)
class BencoAuc:
    """IMDLBenCo's PixelAUC of one picture, which is defined by its map only where no levels are tied.

    Args:
        reading_order: with tied pixels in reading order, as a stable sort leaves them.
        lowest, highest: the least and the most that any order of tied pixels gives.
    """

    reading_order: float
    lowest: float
    highest: float


def benco_pixel_auc(change: ChangeMap, truth: Bools) -> BencoAuc:
    """IMDLBenCo's PixelAUC of one picture: the area under a curve with a step for every pixel.

    Unlike `auc`: pixels of one level do not enter together but one by one, in whatever order the sort
    left them, so the figure of a map with ties is anything from `lowest` to `highest` (of a map of one
    level: 0 to 1). The curve starts at the first pixel, not at (0, 0), which costs no area.

    Returns:
        All 0 where nothing is edited. All nan where everything is: they divide by no unedited pixels,
        and the mean of their whole run is nan then; `benco` skips the picture and says so.
    """
    check(change, truth)
    edited = int(np.count_nonzero(truth))
    unedited = truth.size - edited
    if not edited or not unedited:
        return BencoAuc(*[math.nan if edited else 0.0] * 3)
    real, last = ranked(change.ravel(), truth.ravel())
    above = np.cumsum(real, dtype=np.int64)
    levels = levels_of(above, last)
    # a pair of tied pixels is half a win for `auc`, and a whole one or none here
    ties = float((levels.edited * levels.unedited).sum() / 2 / edited / unedited)
    middle, area = auc(levels), int(above[~real].sum()) / edited / unedited
    return BencoAuc(area, middle - ties, middle + ties)


def benco_pixel_auc_reverse(change: ChangeMap, truth: Bools) -> BencoAuc:
    """PixelAUC of 1 - map (`mode="reverse"`); in float32, so that levels next to 0 become tied at 1."""
    return benco_pixel_auc(np.float32(1) - change, truth)


def benco_pixel_auc_double(change: ChangeMap, truth: Bools) -> BencoAuc:
    """The better of PixelAUC and its reverse, chosen knowing the truth (`mode="double"`): it flatters."""
    ours, turned = benco_pixel_auc(change, truth), benco_pixel_auc_reverse(change, truth)
    return BencoAuc(
        max(ours.reading_order, turned.reading_order),
        max(ours.lowest, turned.lowest),
        max(ours.highest, turned.highest),
    )


def benco_image_f1(scores: Sequence[float], edited: Sequence[bool]) -> float:
    """IMDLBenCo's ImageF1: F1 of `score > 0.5` over pictures, 1e-9 below the line; 0 without a hit."""
    levels, real = read_scores(scores, edited)
    return _f1(levels > THRESHOLD, real, PICTURE_SLACK)


def benco_image_accuracy(scores: Sequence[float], edited: Sequence[bool]) -> float:
    """IMDLBenCo's ImageAccuracy: the share of pictures where `score > 0.5` is right; nan for none."""
    levels, real = read_scores(scores, edited)
    return mean(((levels > THRESHOLD) == real).tolist())


def benco_image_auc(scores: Sequence[float], edited: Sequence[bool]) -> float:
    """IMDLBenCo's ImageAUC: ties counted half; nan where all pictures are one class.

    Numbers made with IMDLBenCo before November 2024 are of scores cut at 0.5, and lower.
    """
    return auc_of_scores(*read_scores(scores, edited))


@dataclass(frozen=True, slots=True)
class BencoPicture:
    """What IMDLBenCo's default evaluators make of one picture.

    Args:
        f1, iou, auc: `benco_pixel_f1`, `benco_pixel_iou`, `benco_pixel_auc`.
        edited: whether the picture counts as edited.
        truth_is_empty: then f1, iou and auc are 0 whatever the map says.
        score: the detector's score of the whole picture, if it has one.
    """

    f1: float
    iou: float
    auc: BencoAuc
    edited: bool
    truth_is_empty: bool
    score: float | None


def benco_picture(
    change: ChangeMap, truth: Bools, *, score: float | None = None, edited: bool | None = None
) -> BencoPicture:
    """One picture's figures, IMDLBenCo's way.

    Args:
        edited: the class of the picture; None asks the truth. IMDLBenCo calls a picture edited as soon
            as it comes with a mask file, even an empty one: pass True to do the same.
    """
    real = bool(truth.any())
    return BencoPicture(
        benco_pixel_f1(change, truth),
        benco_pixel_iou(change, truth),
        benco_pixel_auc(change, truth),
        real if edited is None else edited,
        not real,
        score,
    )


@dataclass(frozen=True, slots=True)
class BencoSummary:
    """IMDLBenCo's figures over pictures.

    Args:
        pictures: how many came.
        empty_truths: how many of them score 0 in the pixel figures, and count, whatever was claimed.
        pixel_auc: with ties in reading order; `pixel_auc_lowest` and `pixel_auc_highest` bound what
            another order would give.
    """

    pictures: int
    empty_truths: int
    pixel_f1: Figure
    pixel_iou: Figure
    pixel_auc: Figure
    pixel_auc_lowest: Figure
    pixel_auc_highest: Figure
    image_f1: Figure
    image_accuracy: Figure
    image_auc: Figure


def benco(pictures: Iterable[BencoPicture]) -> BencoSummary:
    """The figures IMDLBenCo would report: plain means over all pictures, those without an edit too.

    Skipped, with the reason: `no_unedited_pixel` in the AUCs (theirs becomes nan); `no_score` and
    `score_not_finite` in the figures of whole pictures (theirs stops); `one_class` in ImageAUC.
    """
    seen = list(pictures)
    full = ["no_unedited_pixel" if math.isnan(one.auc.lowest) else "" for one in seen]
    return BencoSummary(
        pictures=len(seen),
        empty_truths=sum(one.truth_is_empty for one in seen),
        pixel_f1=mean_figure([one.f1 for one in seen], [""] * len(seen)),
        pixel_iou=mean_figure([one.iou for one in seen], [""] * len(seen)),
        pixel_auc=mean_figure([one.auc.reading_order for one in seen], full),
        pixel_auc_lowest=mean_figure([one.auc.lowest for one in seen], full),
        pixel_auc_highest=mean_figure([one.auc.highest for one in seen], full),
        image_f1=score_figure(benco_image_f1, seen),
        image_accuracy=score_figure(benco_image_accuracy, seen),
        image_auc=score_figure(benco_image_auc, seen),
    )


def _f1(claimed: Bools, real: Bools, slack: float) -> float:
    """F1 from precision and recall, with the slack below every line; 0 without a hit."""
    found = count(claimed, real)
    precision = found.tp / (found.tp + found.fp + slack)
    recall = found.tp / (found.tp + found.fn + slack)
    return 2 * precision * recall / (precision + recall + slack)


def _iou(claimed: Bools, real: Bools) -> float:
    """Intersection over union, with the slack below the line; 0 without a hit."""
    found = count(claimed, real)
    return found.tp / (found.tp + found.fp + found.fn + PIXEL_SLACK)
