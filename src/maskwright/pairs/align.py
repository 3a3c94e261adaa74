"""Laying the original on the edited picture's grid, by a cascade of rising cost.

    same grid?       block flow on a thumbnail                       under 1 ms
    nearly?          affine Gauss-Newton, coarse to fine             some 10 ms
    somewhere?       SIFT and MAGSAC, then Gauss-Newton              some 50 ms
    mirrored?        the same with the original mirrored
    else             unrelated: the original only resized

Every step runs only where the one before fails, and counts only where much more of the
picture agrees. Then a global tone fit, where it is certain (`tone.py`). What was taken
out is reported in the geometry and the tone.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.registration import (
    TEXTURED,
    Blocks,
    Matrix,
    compare,
    displacement,
    grey_of,
    resizing,
    solve,
    view_of,
    warped_view,
    within,
)
from maskwright.pairs.registration_features import feature_map
from maskwright.pairs.tone import apply_tone, fit_tone
from maskwright.pairs.values import Aligned, Geometry, Mask, Picture

Grey = NDArray[np.uint8]

BLOCK = 16
"""Side of a block in pixels of a view."""
THUMBNAIL = 256
"""Longest side of the view on which agreement is judged."""
COHERENT = 0.4
"""Gradient coherence above which a block agrees; unrelated blocks lie around 0."""
SAME_SHARE = 0.15
"""Share of agreeing blocks from which pictures of one size lie on the same grid."""
MOVED_SHARE = 0.35
"""Share of agreeing blocks from which a map that had to be searched for is believed."""
STILL_PX = 0.15
"""Movement in pixels of the edited grid below which nothing is moved."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A candidate map with how much of the edited picture agrees and what movement is left."""

    matrix: Matrix
    share: float
    residual_px: float


def align(original: Picture, edited: Picture) -> Aligned:
    """The original on the edited picture's grid, with what had to be done to bring it there.

    Args:
        original, edited: (H, W, 3) uint8, RGB; any sizes.

    Returns:
        Aligned. Where nothing is moved, `original` is the array given, bit for bit. Where
        nothing fits, the kind is "unrelated" and the original is only resized.
    """
    height, width = edited.shape[:2]
    if original.shape == edited.shape and np.array_equal(original, edited):
        return Aligned(original, edited, np.ones((height, width), np.bool_), Geometry("identity", np.eye(3)))
    grey_original, grey_edited = grey_of(original), grey_of(edited)
    fit = _registered(grey_original, grey_edited)
    if fit is None:
        matrix = resizing((width, height), (original.shape[1], original.shape[0]))
        resized = _resized(original, width, height)
        return Aligned(
            resized,
            edited,
            np.ones((height, width), np.bool_),
            Geometry("unrelated", matrix, float("nan")),
        )
    kind = _kind(fit.matrix, original, edited)
    warped, valid = _warped(original, fit.matrix, kind, width, height)
    tone = fit_tone(warped, edited, valid)
    return Aligned(apply_tone(warped, tone), edited, valid, Geometry(kind, fit.matrix, fit.residual_px), tone)


def _registered(original: Grey, edited: Grey) -> Fit | None:
    start = resizing((edited.shape[1], edited.shape[0]), (original.shape[1], original.shape[0]))
    first = _judged(original, edited, start)
    same_size = original.shape == edited.shape
    if same_size and first.share >= SAME_SHARE and first.residual_px < STILL_PX:
        return first
    best = first
    refined = _judged(original, edited, _refined(original, edited, start, coarse=True))
    if refined.share > best.share + 0.02:
        best = refined
    if best.share < MOVED_SHARE:
        guess = feature_map(original, edited)
        if guess is not None:
            found = _judged(original, edited, _refined(original, edited, guess, coarse=False))
            if found.share > best.share + 0.05:
                best = found
    if best.share < MOVED_SHARE:
        flip = np.array([[-1.0, 0, original.shape[1] - 1], [0, 1, 0], [0, 0, 1]])
        mirrored = np.ascontiguousarray(original[:, ::-1])
        found = _judged(mirrored, edited, _refined(mirrored, edited, start, coarse=True))
        if found.share < MOVED_SHARE:
            guess = feature_map(mirrored, edited)
            if guess is not None:
                found = _judged(mirrored, edited, _refined(mirrored, edited, guess, coarse=False))
        if found.share > max(best.share + 0.05, MOVED_SHARE):
            best = Fit(flip @ found.matrix, found.share, found.residual_px)
    if best is first and same_size and best.share >= SAME_SHARE:
        return best
    return best if best.share >= MOVED_SHARE else None


def _factor(edited: Grey, longest: int) -> int:
    return max(1, round(max(edited.shape) / longest))


def _judged(original: Grey, edited: Grey, matrix: Matrix) -> Fit:
    factor = _factor(edited, THUMBNAIL)
    view = view_of(edited, factor)
    side = BLOCK if min(view.grey.shape) >= 4 * BLOCK else BLOCK // 2
    height, width = original.shape
    if np.array_equal(matrix, np.eye(3)):
        warped = view_of(original, factor).grey[: view.grey.shape[0], : view.grey.shape[1]]
    else:
        warped = warped_view(original, matrix, view)
    if min(view.grey.shape) < side:
        return Fit(matrix, 0.0, float("nan"))
    blocks = compare(view.grey, warped, side, within(matrix, view, side, width, height))
    telling = blocks.texture > TEXTURED
    agrees = telling & blocks.inside & (blocks.coherence > COHERENT)
    share = float(np.count_nonzero(agrees) / max(1, np.count_nonzero(telling)))
    motion = solve(blocks, 6)
    return Fit(matrix, share, factor * displacement(motion, view.grey.shape[1], view.grey.shape[0]))


def _refined(original: Grey, edited: Grey, matrix: Matrix, *, coarse: bool) -> Matrix:
    """The map after Gauss-Newton on views from coarse to fine."""
    finest = _factor(edited, 640)
    factors = [finest * step for step in ((8, 4, 2, 1) if coarse else (2, 1))]
    height, width = original.shape
    for factor in factors:
        if min(edited.shape) // factor < 24:
            continue
        view = view_of(edited, factor)
        side = BLOCK if min(view.grey.shape) >= 4 * BLOCK else BLOCK // 2
        for _ in range(8):
            warped = warped_view(original, matrix, view)
            blocks: Blocks = compare(view.grey, warped, side, within(matrix, view, side, width, height))
            motion = solve(blocks, 6)
            moved = displacement(motion, view.grey.shape[1], view.grey.shape[0])
            if moved > max(view.grey.shape) / 4:
                break
            matrix = matrix @ view.to_full @ motion @ np.linalg.inv(view.to_full)
            if moved < 0.02:
                break
    return matrix


def _kind(matrix: Matrix, original: Picture, edited: Picture) -> str:
    if np.array_equal(matrix, np.eye(3)):
        return "identity"
    if np.linalg.det(matrix[:2, :2]) < 0:
        return "mirrored"
    return "affine"


def _resized(picture: Picture, width: int, height: int) -> Picture:
    if picture.shape[:2] == (height, width):
        return picture
    smaller = picture.shape[1] > width and picture.shape[0] > height
    how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (width, height), interpolation=how), np.uint8)


def _warped(picture: Picture, matrix: Matrix, kind: str, width: int, height: int) -> tuple[Picture, Mask]:
    if kind == "identity":
        return picture, np.ones((height, width), np.bool_)
    shrink = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    factor = max(1, int(np.ceil(shrink - 0.1)))
    finer = np.array(
        [[1 / factor, 0, (1 / factor - 1) / 2], [0, 1 / factor, (1 / factor - 1) / 2], [0, 0, 1]]
    )
    warped = cv2.warpAffine(
        picture,
        (matrix @ finer)[:2],
        (width * factor, height * factor),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if factor > 1:
        warped = cv2.resize(warped, (width, height), interpolation=cv2.INTER_AREA)
    rows, columns = picture.shape[:2]
    x, y = np.arange(width), np.arange(height)[:, None]
    at_x = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]
    at_y = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]
    valid = (at_x > -0.5) & (at_x < columns - 0.5) & (at_y > -0.5) & (at_y < rows - 0.5)
    return np.asarray(warped, np.uint8), np.asarray(valid)
