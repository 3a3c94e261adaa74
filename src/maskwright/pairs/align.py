"""Laying the original on the edited picture's grid, by a cascade of rising cost.

    same grid?     blocks of a thumbnail agree and do not move        about 1 ms at 512 x 512
    nearly?        Gauss-Newton from a plain resize, coarse to fine    10 ms
    somewhere?     SIFT and MAGSAC, then Gauss-Newton                  60 ms
    mirrored?      both again with the original mirrored
    closer?        Gauss-Newton in windows of a large picture's pixels 30 ms
    else           unrelated: the original is only resized

A step runs only where the one before fails, and is kept only where clearly more of the
picture agrees; a closer look is taken at every map found where the views are smaller than the
picture. Of the map found, the simplest form is kept that explains the pixels as well: the
same grid, a whole shift, a plain resize. Then a global tone fit, where it is certain
(`tone.py`). What was taken out is reported in the geometry and the tone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from maskwright.pairs.registration import (
    FINEST,
    THUMBNAIL,
    Fit,
    Grey,
    Matrix,
    Views,
    displacement,
    grey_of,
    judged,
    refined,
    resizing,
    shifting,
    views_of,
)
from maskwright.pairs.registration_features import Features, feature_map, features_of, mirrored
from maskwright.pairs.registration_warp import content_of, kind_of, lying_in, resized, warped, whole_of
from maskwright.pairs.registration_windows import Windows, judged_in, settled_in, share_left, windows_of
from maskwright.pairs.tone import apply_tone, fit_tone
from maskwright.pairs.values import Aligned, Geometry, Mask, Picture

SAME_AGREEMENT = 0.10
"""Agreement from which a plain resize is believed. Of 1,500 unrelated pairs the highest reached 0.08."""
REDRAWN_AGREEMENT = 0.18
"""The same on a view of at most 80 pixels, for pictures drawn anew with their structure in place."""
NEAR_AGREEMENT = 0.20
"""Agreement from which a map found near the plain resize is believed."""
FAR_AGREEMENT = 0.33
"""Agreement from which a map found anywhere is believed: an object alone must not suffice."""
FEW_BLOCKS = 6
"""With fewer telling blocks nothing speaks against a plain resize."""
SETTLED_PX = 0.5
"""Movement left, in pixels of the edited grid, above which a map has not settled."""
STILL_PX = 0.15
"""Movement in pixels of the edited grid below which nothing moved."""
CLEARLY = 0.93
"""A map with more freedom must leave at most this share of the variance of a simpler one."""
CLEARLY_IN_WINDOWS = 0.85
"""The same in windows, told from the map's own blocks. Mosaics of `train` moved by half a pixel and saved as
JPEG 15 to 80 leave 0.40 to 0.79; pictures drawn anew, with small movements but in their place, 0.85 to 1."""
NEARLY_PX = 1.5
"""Simpler maps further away than this, in pixels of the edited grid, are not tried."""
MOST_STRETCH = 2.5
"""No editor stretches one side more than this against the other; chance matches of features do."""
SIMILAR_ASPECT = 1.1
"""Pictures of more different aspect were not only drawn anew."""
COARSE = 80
"""Longest side of the view on which redrawn pictures are looked at."""


def align(original: Picture, edited: Picture) -> Aligned:
    """The original on the edited picture's grid, with what had to be done to bring it there.

    Args:
        original, edited: (H, W, 3) uint8, RGB; any two sizes.

    Returns:
        Aligned. Where nothing moved, `original` is the very array given. Where nothing
        fits, the kind is "unrelated", `residual_px` NaN, and the original is only resized.
    """
    height, width = edited.shape[:2]
    everywhere = np.ones((height, width), np.bool_)
    if original.shape == edited.shape and np.array_equal(original, edited):
        return Aligned(original, edited, everywhere, Geometry("identity", np.eye(3)), unlaid=original)
    grey_original, grey_edited = grey_of(original), grey_of(edited)
    fit = _registered(grey_original, grey_edited)
    if fit is None:
        matrix = resizing((width, height), (original.shape[1], original.shape[0]))
        geometry = Geometry("unrelated", matrix, float("nan"))
        return Aligned(resized(original, width, height), edited, everywhere, geometry, unlaid=original)
    return _laid(original, edited, fit, grey_original, grey_edited)


def align_near(original: Picture, edited: Picture, matrix: Matrix) -> Aligned | None:
    """As `align`, from a guess of the map that was found elsewhere; None where it does not hold.

    Args:
        original, edited: (H, W, 3) uint8, RGB; any two sizes.
        matrix: (3, 3) float64, takes a pixel of the edited picture to the original.
    """
    grey_original, grey_edited = grey_of(original), grey_of(edited)
    there, here = views_of(grey_original), views_of(grey_edited)
    if np.linalg.det(matrix[:2, :2]) < 0:
        turned = views_of(np.ascontiguousarray(grey_original[:, ::-1]))
        near = refined(turned, here, _flip(there.width) @ matrix, longest=THUMBNAIL, shortest=COARSE)
        matrix = _flip(there.width) @ near
    else:
        matrix = refined(there, here, matrix, longest=THUMBNAIL, shortest=COARSE)
    found = _believed(there, here, matrix, FAR_AGREEMENT)
    if found is None:
        return None
    height, width = edited.shape[:2]
    plain = resizing((width, height), (original.shape[1], original.shape[0]))
    return _laid(original, edited, _simplest(there, here, plain, found), grey_original, grey_edited)


def _laid(original: Picture, edited: Picture, fit: Fit, grey_original: Grey, grey_edited: Grey) -> Aligned:
    """The original as a map lays it, its tone fitted."""
    height, width = edited.shape[:2]
    everywhere = np.ones((height, width), np.bool_)
    kind = kind_of(fit.matrix, (original.shape[1], original.shape[0]), (width, height))
    geometry = Geometry(kind, fit.matrix, fit.residual_px)
    if kind == "identity":
        laid, valid = original, everywhere
    else:
        laid = warped(original, fit.matrix, width, height)
        valid = _valid(grey_original, grey_edited, fit.matrix, kind)
    tone = fit_tone(laid, edited, valid)
    return Aligned(apply_tone(laid, tone), edited, valid, geometry, tone, unlaid=original)


def _registered(original: Grey, edited: Grey) -> Fit | None:
    """The best map in its simplest form, or None where the pictures have nothing to do with each other."""
    there, here = views_of(original), views_of(edited)
    plain = resizing((here.width, here.height), (there.width, there.height))
    first = judged(there, here, plain)
    still = original.shape == edited.shape and first.moving_px < STILL_PX and _settled(first)
    if still or first.telling < FEW_BLOCKS:
        return first
    starts = _starts(original, edited, plain)
    stays = first.agreement >= SAME_AGREEMENT or _redrawn(there, here, plain)
    found = _better(first if stays else None, _near(there, here, starts))
    if found is None or not _settled(found):
        mine, theirs = features_of(edited), features_of(original)
        found = _better(found, _far(there, here, theirs, mine))
        if found is None or not _settled(found):
            found = _better(found, _turned_round(original, here, starts, theirs, mine))
    return None if found is None else _simplest(there, here, plain, found)


def _settled(fit: Fit) -> bool:
    """Whether no dearer step can be expected to find more."""
    return fit.agreement >= NEAR_AGREEMENT and max(fit.moving_px, fit.residual_px) <= SETTLED_PX


def _starts(original: Grey, edited: Grey, plain: Matrix) -> list[Matrix]:
    """The plain resize and, where one has letterbox bars, content to content."""
    here, there = content_of(edited), content_of(original)
    starts = [plain]
    if here != whole_of(edited) or there != whole_of(original):
        inner = resizing(
            (here.right - here.left, here.bottom - here.top),
            (there.right - there.left, there.bottom - there.top),
        )
        starts.append(shifting(there.left, there.top) @ inner @ shifting(-here.left, -here.top))
    return starts


def _near(there: Views, here: Views, starts: list[Matrix]) -> Fit | None:
    """The best map close to one of the starts."""
    best: Fit | None = None
    for start in starts:
        matrix = refined(there, here, start, longest=THUMBNAIL, shortest=COARSE // 2)
        best = _better(best, _believed(there, here, matrix, NEAR_AGREEMENT))
    return best


def _far(there: Views, here: Views, theirs: Features, mine: Features) -> Fit | None:
    """The best map from features."""
    matrix = feature_map(theirs, mine)
    if matrix is None:
        return None
    matrix = refined(there, here, matrix, longest=THUMBNAIL, shortest=COARSE)
    return _believed(there, here, matrix, FAR_AGREEMENT)


def _turned_round(
    original: Grey, here: Views, starts: list[Matrix], theirs: Features, mine: Features
) -> Fit | None:
    """The best map of the original mirrored left to right, as a map of the original as it is."""
    turned = views_of(np.ascontiguousarray(original[:, ::-1]))
    found = _better(_near(turned, here, starts), _far(turned, here, mirrored(theirs), mine))
    if found is None or found.agreement < FAR_AGREEMENT:
        return None
    return replace(found, matrix=_flip(turned.width) @ found.matrix)


def _flip(width: int) -> Matrix:
    return np.array([[-1.0, 0, width - 1], [0, 1, 0], [0, 0, 1]])


def _believed(there: Views, here: Views, matrix: Matrix, least: float) -> Fit | None:
    strength = np.linalg.svd(matrix[:2, :2], compute_uv=False)
    if not np.isfinite(matrix).all() or strength[0] > MOST_STRETCH * strength[1]:
        return None
    fit = judged(there, here, matrix)
    return fit if fit.agreement >= least and fit.telling >= FEW_BLOCKS else None


def _better(one: Fit | None, other: Fit | None) -> Fit | None:
    """The one more of the picture agrees with."""
    if one is None or other is None:
        return one or other
    return other if other.agreement > one.agreement else one


def _redrawn(there: Views, here: Views, plain: Matrix) -> bool:
    """Whether two pictures of about one aspect share their structure at a coarse look."""
    if max(plain[0, 0] / plain[1, 1], plain[1, 1] / plain[0, 0]) > SIMILAR_ASPECT:
        return False
    return judged(there, here, plain, longest=COARSE).agreement >= REDRAWN_AGREEMENT


def _simplest(there: Views, here: Views, plain: Matrix, found: Fit) -> Fit:
    """The map refined on the finest view, or a simpler one that explains the pixels as well.

    Where the view is smaller than the picture, both are settled in windows.
    """
    matrix = refined(there, here, found.matrix, longest=FINEST, shortest=THUMBNAIL)
    free = judged(there, here, matrix, longest=FINEST)
    if free.agreement < found.agreement - 0.1:  # the finest step ran away
        free = judged(there, here, found.matrix, longest=FINEST)
    if np.linalg.det(free.matrix[:2, :2]) < 0:
        plain = _flip(there.width) @ plain
    windows = windows_of(there, here, free)
    closer = None if windows is None else settled_in(windows, free.matrix)
    if windows is not None and closer is not None:
        return _simplest_in(windows, here, plain, closer)
    for simpler in (plain, _whole_shift(free.matrix)):
        if displacement(np.linalg.inv(free.matrix) @ simpler, here.width, here.height) < NEARLY_PX:
            fit = judged(there, here, simpler, longest=FINEST)
            use = free.blocks.agreeing
            left, without = np.maximum(free.blocks.tt[use], 1), np.maximum(fit.blocks.tt[use], 1)
            if not use.any() or np.median(left / without) > CLEARLY:
                return fit
    return free


def _simplest_in(windows: Windows, here: Views, plain: Matrix, free: Fit) -> Fit:
    """The map settled in windows, or a simpler one that explains their pixels as well."""
    for simpler in (plain, _whole_shift(free.matrix)):
        apart = np.linalg.inv(free.matrix) @ simpler
        apart_px = displacement(apart, here.width, here.height)
        alike = apart_px < NEARLY_PX and share_left(windows, free, apart) > CLEARLY_IN_WINDOWS
        if alike or apart_px < STILL_PX:
            return judged_in(windows, simpler)
    return free


def _whole_shift(matrix: Matrix) -> Matrix:
    """The map moved to whole pixels and not scaled or turned, mirrored where it is."""
    return np.diag([np.sign(matrix[0, 0]), 1.0, 1.0]) + np.rint(
        shifting(matrix[0, 2], matrix[1, 2]) - np.eye(3)
    )


def _valid(original: Grey, edited: Grey, matrix: Matrix, kind: str) -> Mask:
    """Where the original has a pixel, and neither picture a letterbox bar."""
    height, width = edited.shape
    if kind in ("resized", "shifted"):
        return lying_in(whole_of(original), matrix, width, height)
    here = content_of(edited)
    valid = lying_in(content_of(original), matrix, width, height)
    return valid & lying_in(here, np.eye(3), width, height)
