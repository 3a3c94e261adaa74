"""From places that look alike to maps that hold: what of the original lies where in the edited picture.

Matches of features are often wrong, and where only an object was taken most of them are. MAGSAC finds an
affine map that many agree on; Gauss-Newton settles it on the blocks near these; and it is believed only
where the gradients of both pictures really agree under it, over a patch larger than chance gives. Then the
next map is looked for among the matches that are left.

Maps are (3, 3) float64 and take a pixel (x, y, 1) of the edited picture to the original.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.masks.annotators.candidates import Matches, candidates, sane
from maskwright.pairs.registration import (
    BLOCK,
    COHERENT,
    LEAST_SIDE,
    Blocks,
    Flags,
    Grey,
    Matrix,
    View,
    Views,
    blocks_of,
    grey_of,
    laid_on,
    shifting,
    solve,
    views_of,
)
from maskwright.pairs.values import Mask, Picture

SIDE = BLOCK // 2
"""Side of a block in pixels of a view: an object of 2 % of a view of 512 pixels has some sixty of them."""
MAPS = 12
"""Most maps tried of one set of matches."""
MOST = 3
"""Most maps that are given."""
FREEDOM = ((30, 6), (12, 4), (0, 2))
"""With so many telling blocks, so many numbers of a map are settled."""
ROUNDS = 6
"""Most Gauss-Newton steps on a view."""
SETTLED_PX = 0.02
"""Movement in pixels of a view below which a map has settled."""
MANY = 400
"""Blocks; with fewer near the matches it is also tried without the coarser view, which may show nothing."""
SURE = 3.0
"""A map of n matches is off by at most a match's tolerance, times this over the root of n."""
HOPELESS = 0.12
"""Mean coherence near the matches below which settling further is no use."""
LIKELY = 0.3
"""Mean coherence near the matches below which it is tried whether the map is only a little wrong."""
TURN, LEAST_TURN = 0.15, 0.04
"""Radians a map is turned by at most, either way, before it is settled, and shares it is scaled by; below the
second it is only moved."""
GROWTHS = 3
"""Times a map is settled again on what was found to agree under it."""
PATCH = 6
"""Blocks that agree apart from the matches, and belong to the support since there are so many together."""
LEAST_BLOCKS, FAINT, LEAST_STRENGTH = 8, 0.45, 1.0
"""Telling blocks that must agree, and the sum of what their coherence has above `FAINT`, each times how much
of its structure runs across as well as along, 0..1: blocks on one contour agree with any other contour.
Of 60 unrelated pairs of `train` photographs the highest has 0.92, the next 0.49; of 50 shared-donor ones the
right maps have 0.9 and more but for a few of 9 blocks."""
UNLIKELY, STRENGTH_THEN = -10.0, 0.7
"""Where as many matches agree by chance less often than this (log10), so much is enough; of 45 further
unrelated pairs the highest such has 0.34."""


@dataclass(frozen=True, slots=True)
class Located:
    """A map that holds, and where.

    Args:
        matrix: (3, 3) float64, takes a pixel of the edited picture to the original.
        inliers: matches that agree with it.
        likeness: mean cosine of theirs.
        chance: log10 of how many maps wrong matches would give that as many agree with.
        support: (rows, columns) bool, blocks of the edited picture that agree under it.
        telling: same shape, blocks with enough structure in one of the pictures to say anything.
        inside: same shape, blocks that lie within the original.
        strength: how surely it is no chance, see `LEAST_STRENGTH`.
        block_px: side of a block, in pixels of the edited picture.
    """

    matrix: Matrix
    inliers: int
    likeness: float
    chance: float
    support: Flags
    telling: Flags
    inside: Flags
    strength: float
    block_px: int


@dataclass(frozen=True, slots=True)
class Grids:
    """The blocks of a view, each (rows, columns).

    Args:
        agrees: the gradients of both pictures agree there.
        telling: enough structure in one of the pictures to say anything.
        inside: within the original.
        coherence: float32, -1..1, mean over a block and its neighbours that tell.
        across: float64, 0..1: 0 where all structure runs in one direction, 1 where no direction has more.
    """

    agrees: Flags
    telling: Flags
    inside: Flags
    coherence: NDArray[np.float32]
    across: NDArray[np.float64]


def located(original: Picture, edited: Picture, matches: Iterable[Matches]) -> list[Located]:
    """The maps that hold, that with most support first; empty where there is none.

    Once a map holds whose matches are no chance, no further set is looked at, and of its own set only maps
    as sure.

    Args:
        original, edited: (H, W, 3) uint8, RGB; any two sizes.
        matches: of these two; several sets may tell of the same map.
    """
    there, here = views_of(grey_of(original)), views_of(grey_of(edited))
    if min(here.levels[0].grey.shape) < LEAST_SIDE or min(there.levels[0].grey.shape) < LEAST_SIDE:
        return []
    found: list[Located] = []
    for each in matches:
        for candidate in candidates(each, MAPS):
            if _sure(found) and candidate.chance > UNLIKELY:
                break
            agree = candidate.agree
            one = _settled(there, here, candidate.matrix, each.places[agree], each.tolerance_px)
            if one is not None:
                inliers, likeness = int(np.count_nonzero(agree)), float(each.likeness[agree].mean())
                one = replace(one, inliers=inliers, likeness=likeness, chance=candidate.chance)
                found += [one] if _holds(one) else []
        if _sure(found):
            break
    return _apart(found)


def grids_of(blocks: Blocks, shape: tuple[int, int]) -> Grids:
    """The blocks of a view as (rows, columns); each says with its eight neighbours what it says."""
    inside, telling = blocks.inside.reshape(shape), blocks.telling.reshape(shape)
    use = (telling & inside).astype(np.float32)
    level = blocks.coherence.astype(np.float32).reshape(shape) * use
    weight, total = (
        cv2.boxFilter(plane, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
        for plane in (use, level)
    )
    coherence = np.asarray(total / np.maximum(weight, 1), np.float32)
    # of the products of the gradient, twice the smaller eigenvalue over the sum of both
    along = np.hypot(blocks.xx - blocks.yy, 2 * blocks.xy) / np.maximum(blocks.xx + blocks.yy, 1e-9)
    agrees = inside & (weight > 0) & (coherence > COHERENT)
    return Grids(agrees, telling, inside, coherence, 1 - np.minimum(along, 1).reshape(shape))


def on_grid(blocks: Flags, block_px: int, height: int, width: int) -> Mask:
    """(H, W) bool: blocks on the pixels of the edited picture; what lies beyond the last continues it."""
    rows = np.minimum(np.arange(height) // block_px, blocks.shape[0] - 1)
    columns = np.minimum(np.arange(width) // block_px, blocks.shape[1] - 1)
    return np.asarray(blocks[np.ix_(rows, columns)])


def _settled(
    there: Views, here: Views, matrix: Matrix, places: NDArray[np.float32], tolerance_px: float
) -> Located | None:
    """The map settled near the matches, then on all that agrees under it; None where hardly anything does."""
    start, finest = matrix, here.levels[0]
    sure = min(1.0, SURE / float(np.sqrt(len(places))))
    near_px = sure * tolerance_px / float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    matrix, agrees = _down(there, here.levels[1::-1], matrix, places, near_px)
    if agrees < LIKELY and np.count_nonzero(_near(places, finest)) < MANY:
        directly = _down(there, here.levels[:1], start, places, near_px)
        matrix, agrees = max((matrix, agrees), directly, key=lambda each: each[1])
    if agrees < HOPELESS:
        return None
    near = _near(places, finest)
    seen = _seen(there, finest, matrix, near)
    for _ in range(GROWTHS):
        if not seen.support.any():
            break
        further = _seen(there, finest, _newton(there, finest, matrix, _wider(seen.support, 1))[0], near)
        if np.count_nonzero(further.support) <= np.count_nonzero(seen.support):
            break
        matrix, seen = further.matrix, further
    return seen


def _down(
    there: Views, views: Sequence[View], matrix: Matrix, places: NDArray[np.float32], near_px: float
) -> tuple[Matrix, float]:
    """The map settled near the matches on one view after another, and the mean coherence on the last."""
    agrees = -1.0
    for view in views:
        where = _near(places, view)
        settled, agrees = _newton(there, view, matrix, where)
        if agrees < LIKELY:
            nudged, more = _newton(there, view, _nudged(there, view, matrix, where, near_px), where)
            settled, agrees = (nudged, more) if more > agrees else (settled, agrees)
        if agrees < HOPELESS:
            break
        matrix, near_px = settled, 2.0 * view.factor
    return matrix, agrees


def _grid(view: View) -> tuple[int, int]:
    return view.grey.shape[0] // SIDE, view.grey.shape[1] // SIDE


def _near(places: NDArray[np.float32], view: View) -> Flags:
    """(rows, columns): blocks of a view within the hull of some places, and next to it."""
    rows, columns = _grid(view)
    at = ((places - view.to_full[:2, 2]) / view.to_full[0, 0] + 0.5) / SIDE - 0.5
    canvas = np.zeros((rows, columns), np.uint8)
    cv2.fillConvexPoly(canvas, cv2.convexHull(np.rint(at).astype(np.int32)), 1)
    return _wider(canvas > 0, 1)


def _wider(flags: Flags, by: int) -> Flags:
    side = 2 * by + 1
    return np.asarray(cv2.dilate(flags.view(np.uint8), np.ones((side, side), np.uint8)), np.bool_)


def _nudged(there: Views, view: View, matrix: Matrix, where: Flags, near_px: float) -> Matrix:
    """The map moved, turned and scaled a little, so that the gradients on some blocks agree best.

    Args:
        near_px: how far it may be moved, in pixels of the edited picture.
    """
    window, use = _cut_to(view, where)
    height, width = window.grey.shape
    mask = np.kron(use.reshape(height // SIDE, width // SIDE), np.ones((SIDE, SIDE))).astype(np.float32)
    mine = [plane * mask for plane in _gradient(window.grey)]
    reach = int(np.ceil(near_px / view.factor))
    best, most = matrix, -1.0
    for motion in _motions(width, height, reach):
        onto = matrix @ window.to_full @ motion
        framed = laid_on(there, onto @ shifting(-reach, -reach), width + 2 * reach, height + 2 * reach)
        theirs = _gradient(framed)
        both = sum(cv2.matchTemplate(*pair, cv2.TM_CCORR) for pair in zip(theirs, mine, strict=True))
        power = cv2.matchTemplate(theirs[0] ** 2 + theirs[1] ** 2, mask, cv2.TM_CCORR)
        coherence = 2 * both / (power + float(np.sum(mine[0] ** 2 + mine[1] ** 2)) + 1.0)
        _, top, _, (x, y) = cv2.minMaxLoc(coherence)
        if top > most:
            most = top
            best = onto @ shifting(x - reach, y - reach) @ np.linalg.inv(window.to_full)
    return best


def _gradient(grey: Grey) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Along x and y, in 1 / 8 grey levels a pixel."""
    along, down = (np.asarray(cv2.Sobel(grey, cv2.CV_32F, *way), np.float32) for way in ((1, 0), (0, 1)))
    return along, down


def _motions(width: int, height: int, reach: int) -> list[Matrix]:
    """A little larger or smaller, turned a little either way, about the middle of a grid.

    Args:
        reach: pixels; no corner is moved much further.
    """
    most = min(TURN, 2 * reach / max(width, height))
    steps = (-most, 0.0, most) if most >= LEAST_TURN else (0.0,)
    motions = []
    for scale in steps:
        for turn in steps:
            motion = np.eye(3)
            middle = ((width - 1) / 2, (height - 1) / 2)
            motion[:2] = cv2.getRotationMatrix2D(middle, np.degrees(turn), 1 + scale)
            motions.append(motion)
    return motions


def _newton(there: Views, view: View, matrix: Matrix, where: Flags) -> tuple[Matrix, float]:
    """The best map of all Gauss-Newton steps on some blocks of a view, and their mean coherence under it."""
    window, use = _cut_to(view, where)
    back = np.linalg.inv(window.to_full)
    best, most = matrix, -1.0
    for _ in range(ROUNDS):
        blocks = blocks_of(there, window, matrix, SIDE)
        used = replace(blocks, telling=blocks.telling & use)
        telling = used.telling & used.inside
        count = int(np.count_nonzero(telling))
        if count < 3:
            break
        agrees = float(blocks.coherence[telling].mean())
        if agrees > most:
            best, most = matrix, agrees
        motion = solve(used, next(freedom for least, freedom in FREEDOM if count >= least))
        matrix = matrix @ window.to_full @ motion @ back
        if not sane(matrix) or _moved(motion, blocks, telling) < SETTLED_PX:
            break
    return best, most


def _cut_to(view: View, where: Flags) -> tuple[View, Flags]:
    """The part of a view that holds some of its blocks, a block wider, and which these are there, (n,)."""
    x, y, across, down = cv2.boundingRect(where.view(np.uint8))
    left, top = max(0, x - 1), max(0, y - 1)
    right, bottom = min(where.shape[1], x + across + 1), min(where.shape[0], y + down + 1)
    grey = view.grey[top * SIDE : bottom * SIDE, left * SIDE : right * SIDE]
    to_full = view.to_full @ shifting(left * SIDE, top * SIDE)
    return View(np.ascontiguousarray(grey), view.factor, to_full), where[top:bottom, left:right].ravel()


def _moved(motion: Matrix, blocks: Blocks, use: Flags) -> float:
    """Mean length in pixels by which a motion moves some blocks."""
    places = np.stack([blocks.x[use], blocks.y[use]])
    apart = (motion - np.eye(3))[:2]
    return float(np.hypot(*(apart[:, :2] @ places + apart[:, 2:])).mean())


def _seen(there: Views, view: View, matrix: Matrix, near: Flags) -> Located:
    """What agrees under a map: patches of blocks that hold one of the matches' or are large by themselves."""
    grids = grids_of(blocks_of(there, view, matrix, SIDE), _grid(view))
    count, labels = cv2.connectedComponents(grids.agrees.view(np.uint8), connectivity=8)
    keep = np.zeros(count, np.bool_)
    keep[labels[near & grids.agrees]] = True
    keep |= np.bincount(labels.ravel(), (grids.telling & grids.inside).ravel(), count) >= PATCH
    keep[0] = False
    support = keep[labels]
    counted = support & grids.telling
    strength = float(((grids.coherence - FAINT) * grids.across)[counted].sum())
    return Located(matrix, 0, 0.0, 0.0, support, grids.telling, grids.inside, strength, SIDE * view.factor)


def _holds(one: Located) -> bool:
    """Whether more agrees, and better, than chance gives."""
    counted = int(np.count_nonzero(one.support & one.telling))
    least = STRENGTH_THEN if one.chance <= UNLIKELY else LEAST_STRENGTH
    return counted >= LEAST_BLOCKS and one.strength >= least


def _sure(found: Sequence[Located]) -> bool:
    """Whether the matches of one of these are no chance."""
    return any(one.chance <= UNLIKELY for one in found)


def _apart(found: list[Located]) -> list[Located]:
    """Those with most support first, without such as say again what one before them says."""
    kept: list[Located] = []
    for one in sorted(found, key=lambda each: -np.count_nonzero(each.support & each.telling)):
        taken = np.zeros_like(one.support)
        for other in kept:
            taken |= other.support
        if np.count_nonzero(one.support & ~taken) > np.count_nonzero(one.support) / 2:
            kept.append(one)
    return kept[:MOST]
