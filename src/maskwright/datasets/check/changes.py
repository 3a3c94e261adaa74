"""A mask against the measured change: would it fit better inverted, turned, or somewhere else?

How well a mask fits is a soft IoU: what of the change lies in it, over what either of them covers. No reading
of the mask is believed because it fits well, only because it fits clearly better than the mask as it is; the
less even the better one fits, the clearer it must be.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.corpus.inspect.known import TURNS
from maskwright.pairs.values import ChangeMap, Mask

LONGEST_PX = 768
"""Larger maps are reduced: the measured border is no finer than that."""
LEAST_CHANGE = 0.0005
"""Share of the picture that must have changed for a mask to be judged by it."""
FITS = 0.03
"""A reading that fits no better than this is none."""
BETTER, UNSURE = 0.02, 0.15
"""By how much another reading must fit better, as a factor: 1 + BETTER + UNSURE (1 - fit)^2 / fit.
Of 160 pairs of `train` photographs (generated, seed 5) no mask that is right is called shifted but one
on a redrawn background, of masks moved by 16 to 40 px 88 % are."""
REDRAWN_FIT = 0.3
"""Least fit on a redrawn background, where the change is a guess."""
UPSIDE_DOWN = 0.35
"""An inverted mask holds the weak part of the change: the chance that a pixel in it has changed more than one
outside is below this. Of the same 160, the lowest of a right mask with a visible change is 0.41."""
NEAR_PX, MOVED_PX = 4, 8
"""A mask that lies so near fits as it is; one moved by less is not called shifted."""
FAR = 0.35
"""Share of a side by which a mask is moved at most."""
STAYS = 0.7
"""Share of the mask that must stay in the picture where it is moved."""
HOLDS_MORE = 1.02
"""A moved mask must hold so many times the change: one that is coarse and lies at the picture's edge fits
better where less of it is in the picture, and holds no more there."""


TURNED_FIT, TURNED_BETTER = 0.1, 1.3
"""A mask on its side is turned back the way that fits so well, and so many times better than any other."""


@dataclass(frozen=True, slots=True)
class Better:
    """Another reading of a mask that fits the change clearly better.

    Args:
        kind: mask_inverted, mask_turned or mask_shifted.
        cure: what to do to the mask: inverted; a key of `TURNS`; or `right,down` in pixels.
        fit, as_is: soft IoU of this reading, and of the mask as it is.
    """

    kind: str
    cure: str
    fit: float
    as_is: float


def better_reading(mask: Mask, change: ChangeMap, *, redrawn: bool) -> Better | None:
    """The reading that fits clearly better than the mask as it is; None where there is none.

    Args:
        mask: (H, W) bool.
        change: (H, W) float32 in 0..1, measured.
        redrawn: the background was redrawn, so that the change is a guess.
    """
    if change.mean() < LEAST_CHANGE or not mask.any() or mask.all():
        return None
    scale = min(1.0, LONGEST_PX / max(mask.shape))
    if scale < 1:
        size = (max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale)))
        change = np.asarray(cv2.resize(change, size, interpolation=cv2.INTER_AREA), np.float32)
        mask = cv2.resize(mask.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA) >= 128
        if not mask.any() or mask.all():
            return None
    moved = _moved(mask, change, scale)
    found = [moved] if moved.kind else []
    as_is = moved.as_is
    found += [
        Better("mask_turned", name, soft_iou(turn(mask), change), as_is)
        for name, turn in TURNS.items()
        if turn(mask).shape == mask.shape
    ]
    if outranks(mask, change) < UPSIDE_DOWN:
        found.append(Better("mask_inverted", "inverted", soft_iou(~mask, change), as_is))
    clear = [each for each in found if _is_clear(each, redrawn)]
    best = max((each.fit for each in clear), default=0.0)
    # what is moved anywhere fits a little better than what is turned in its place, even where it was turned
    clear = [each for each in clear if each.fit >= NEARLY * best]
    return max(clear, key=lambda each: (each.kind != "mask_shifted", each.fit), default=None)


NEARLY = 0.9
"""A turned mask that fits so well beside a moved one is believed: a small mirrored one looks moved."""


def turned_back(mask: Mask, change: ChangeMap) -> str:
    """What brings a mask on its side onto its picture; empty where that is not clear.

    Args:
        change: (H, W) float32 in 0..1, where the mask is (W, H).
    """
    fits = {
        name: soft_iou(turn(mask), change) for name, turn in TURNS.items() if turn(mask).shape == change.shape
    }
    best, second = sorted(fits, key=fits.__getitem__, reverse=True)[:2]
    return best if fits[best] >= TURNED_FIT and fits[best] > TURNED_BETTER * fits[second] else ""


def soft_iou(mask: Mask, change: ChangeMap) -> float:
    """Change inside the mask, over what either covers; 0..1."""
    inside = float(change[mask].sum())
    return inside / (np.count_nonzero(mask) + float(change.sum()) - inside)


def outranks(mask: Mask, change: ChangeMap) -> float:
    """How often a pixel in the mask has changed more than one outside: the area under the ROC curve."""
    levels = np.rint(change * 255).astype(np.uint8)
    inside = np.bincount(levels[mask], minlength=256).astype(np.float64)
    outside = np.bincount(levels[~mask], minlength=256).astype(np.float64)
    below = np.cumsum(outside) - outside / 2
    return float(inside @ below / (inside.sum() * outside.sum()))


def _is_clear(better: Better, redrawn: bool) -> bool:
    least = REDRAWN_FIT if redrawn else FITS
    margin = 1 + BETTER + UNSURE * (1 - better.fit) ** 2 / max(better.fit, FITS)
    return better.fit >= least and better.fit > better.as_is * margin


def _moved(mask: Mask, change: ChangeMap, scale: float) -> Better:
    """Where the mask fits best away from its place; `kind` is empty where it fits nowhere."""
    height, width = mask.shape
    size = (cv2.getOptimalDFTSize(2 * height), cv2.getOptimalDFTSize(2 * width))
    seen = np.conj(np.fft.rfft2(mask.astype(np.float32), size))
    inside, stays = (
        np.fft.irfft2(np.fft.rfft2(over, size) * seen, size)
        for over in (change, np.ones((height, width), np.float32))
    )
    fit = inside / np.maximum(stays + float(change.sum()) - inside, 1e-6)
    down, right = (np.rint(np.fft.fftfreq(length, 1 / length)).astype(np.int64) for length in size)
    far = np.hypot(down[:, None], right[None]) / scale
    near = far <= NEAR_PX
    as_is = float(fit[near].max())
    allowed = (np.abs(down) <= FAR * height)[:, None] & (np.abs(right) <= FAR * width)[None]
    allowed &= (far >= MOVED_PX) & (stays >= STAYS * np.count_nonzero(mask))
    allowed &= inside > HOLDS_MORE * float(inside[near].max())
    if not allowed.any():
        return Better("", "", 0.0, as_is)
    row, column = np.unravel_index(int(np.where(allowed, fit, -1).argmax()), fit.shape)
    way = f"{round(right[column] / scale)},{round(down[row] / scale)}"
    return Better("mask_shifted", way, float(fit[row, column]), as_is)


def undone(mask: Mask, cure: str) -> NDArray[np.bool_]:
    """A mask after its cure: inverted, or turned by a key of `TURNS`."""
    return ~mask if cure == "inverted" else np.ascontiguousarray(TURNS[cure](mask))
