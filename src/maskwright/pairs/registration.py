"""How one grey picture lies on another: Gauss-Newton on blocks, robust against edits.

Both pictures are cut into blocks. In every block the picture gradient and the
difference give a small linear system for the block's own shift (Lucas and Kanade 1981);
the blocks together give a translation, similarity or affine map, each block weighted by
the variance it leaves (reweighted least squares). An edited block leaves much and counts
little, so that an edit of half the picture does not pull the map. The same sums say how
well two pictures agree.

Maps are (3, 3) float64 and take a pixel (x, y, 1) of the edited picture to the original;
pixel centres are whole numbers. Grey pictures are (H, W) uint8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.values import Picture

Grey: TypeAlias = NDArray[np.uint8]
Matrix: TypeAlias = NDArray[np.float64]
Vector: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

NOISE_FLOOR = 4.0
"""Least variance a block is believed to have, grey levels squared: rounding and a good JPEG."""
TEXTURED = 2.0
"""Squared gradient (grey levels a pixel, summed over both pictures) from which a block can say anything."""
COHERENT = 0.4
"""Coherence from which a block agrees: unrelated blocks scatter around 0 with a deviation of 0.1."""
BLOCK = 16
"""Side of a block in pixels of a view; half of it where a view is shorter than four blocks."""
FINEST, THUMBNAIL = 640, 320
"""Longest sides of the view a map is refined on, and of the view agreement is judged on."""
LEAST_SIDE = 24
"""Views with a shorter side hold too few blocks to be of use."""
HOPELESS = 0.05
"""Agreement on a thumbnail below which refining further is no use: unrelated pictures reach as much."""
STRIP_PX = 16_384
"""Pixels worked on at a time; larger planes leave the cache and the allocator's own memory."""
ROUNDS = 8
"""Most Gauss-Newton steps on a view; nearly all end after three."""


@dataclass(frozen=True, slots=True)
class View:
    """A picture in grey, `factor` times smaller; `to_full` takes its pixels to the picture's."""

    grey: Grey
    factor: int
    to_full: Matrix


@dataclass(frozen=True, slots=True)
class Views:
    """A picture in grey and its views, finest first, each half the one before."""

    grey: Grey
    levels: tuple[View, ...]

    @property
    def width(self) -> int:
        return int(self.grey.shape[1])

    @property
    def height(self) -> int:
        return int(self.grey.shape[0])


@dataclass(frozen=True, slots=True)
class Blocks:
    """What every block says; each (n,), means over the block's pixels.

    Args:
        x, y: centre of the block, in pixels of the view.
        xx, xy, yy: products of the mean gradient of both pictures.
        xt, yt, tt: products with the difference (edited - original), its mean taken out.
        coherence: agreement of the two gradients, -1..1; 1 is the same structure, 0 chance.
        telling: enough structure in one of the pictures to say anything.
        inside: the whole block lies within the original.
    """

    x: Vector
    y: Vector
    xx: Vector
    xy: Vector
    yy: Vector
    xt: Vector
    yt: Vector
    tt: Vector
    coherence: Vector
    telling: Flags
    inside: Flags

    @property
    def agreeing(self) -> Flags:
        return self.telling & self.inside & (self.coherence > COHERENT)


@dataclass(frozen=True, slots=True)
class Fit:
    """A candidate map and what speaks for it.

    Args:
        agreement: mean coherence over the telling blocks of the edited picture, -1..1; a
            block outside the original counts as 0.
        moving_px: how far an affine map would still move the pixels, in the edited picture's.
        residual_px: median length of what the agreeing blocks would still move, each by itself.
        telling: number of telling blocks.
    """

    matrix: Matrix
    agreement: float
    moving_px: float
    residual_px: float
    telling: int
    blocks: Blocks


def grey_of(picture: Picture) -> Grey:
    """(H, W, 3) to (H, W)."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def views_of(grey: Grey, finest: int = FINEST) -> Views:
    """Area averages of a picture: no side above `finest`, then halves."""
    factor = -(-max(grey.shape) // finest)
    levels = [reduced(grey, factor, factor)]
    while min(levels[-1].grey.shape) >= 2 * LEAST_SIDE:
        factor *= 2
        levels.append(reduced(levels[-1].grey, 2, factor))
    return Views(grey, tuple(levels))


def reduced(grey: Grey, by: int, factor: int) -> View:
    """Smaller by a whole number; what is left over at the right and bottom is cut."""
    height, width = max(1, grey.shape[0] // by), max(1, grey.shape[1] // by)
    if by > 1 and min(grey.shape) >= by:
        cut = grey[: height * by, : width * by]
        grey = np.asarray(cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return View(grey, factor, scaling(factor))


def scaling(factor: float) -> Matrix:
    """Takes a pixel of a grid `factor` times coarser to the finer one."""
    off = (factor - 1) / 2
    return np.array([[factor, 0, off], [0, factor, off], [0, 0, 1]], np.float64)


def resizing(size: tuple[int, int], other: tuple[int, int]) -> Matrix:
    """Takes a pixel of a picture of `size` (width, height) to the same picture stretched to `other`."""
    sx, sy = other[0] / size[0], other[1] / size[1]
    return np.array([[sx, 0, (sx - 1) / 2], [0, sy, (sy - 1) / 2], [0, 0, 1]], np.float64)


def shifting(x: float, y: float) -> Matrix:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def displacement(motion: Matrix, width: int, height: int) -> float:
    """How far a map moves the pixels of a grid: mean length over 5 x 5 places, in pixels."""
    x, y = np.meshgrid(np.linspace(0, width - 1, 5), np.linspace(0, height - 1, 5))
    moved_x = (motion[0, 0] - 1) * x + motion[0, 1] * y + motion[0, 2]
    moved_y = motion[1, 0] * x + (motion[1, 1] - 1) * y + motion[1, 2]
    return float(np.hypot(moved_x, moved_y).mean())


def refined(original: Views, edited: Views, matrix: Matrix, *, longest: int, shortest: int) -> Matrix:
    """The map after Gauss-Newton from coarse to fine views; ends early where nothing agrees.

    Args:
        longest, shortest: the views used have their longer side in (shortest, longest].
    """
    for level in reversed(edited.levels):
        side = max(level.grey.shape)
        if side > longest or (side <= shortest and level is not edited.levels[0]):
            continue
        matrix, agrees = _settled(original, level, matrix)
        if side > THUMBNAIL // 4 and agrees < HOPELESS:
            break
    return matrix


def _settled(original: Views, view: View, matrix: Matrix) -> tuple[Matrix, float]:
    """The map of all Gauss-Newton steps that most of the view agrees with, and that agreement."""
    height, width = view.grey.shape
    back = np.linalg.inv(view.to_full)
    best, most = matrix, -1.0
    for _ in range(ROUNDS):
        blocks = blocks_of(original, view, matrix)
        agrees = agreement(blocks)
        if agrees > most:
            best, most = matrix, agrees
        motion = solve(blocks, 6)
        moved = displacement(motion, width, height)
        if moved > max(width, height) / 4:
            break
        matrix = matrix @ view.to_full @ motion @ back
        if moved < 0.02:
            return (matrix, agrees) if agrees > most - 0.01 else (best, most)
    return best, most


def judged(original: Views, edited: Views, matrix: Matrix, *, longest: int = THUMBNAIL) -> Fit:
    """What speaks for a map, on the finest view of the edited picture with no side above `longest`."""
    fitting = [level for level in edited.levels if max(level.grey.shape) <= longest]
    view = fitting[0] if fitting else edited.levels[-1]
    height, width = view.grey.shape
    return fit_of(matrix, blocks_of(original, view, matrix), view.factor, width, height)


def fit_of(matrix: Matrix, blocks: Blocks, factor: int, width: int, height: int) -> Fit:
    """What blocks say of a map; their grid is width x height and `factor` times coarser than the picture."""
    moving = factor * displacement(solve(blocks, 6), width, height)
    left = factor * _flow(blocks)
    return Fit(matrix, agreement(blocks), moving, left, int(np.count_nonzero(blocks.telling)), blocks)


def agreement(blocks: Blocks) -> float:
    """Mean coherence over the telling blocks, those outside the original as 0; 0 where none tells."""
    known = np.where(blocks.inside, blocks.coherence, 0.0)[blocks.telling]
    return float(known.mean()) if known.size else 0.0


def _flow(blocks: Blocks) -> float:
    """Median length of the agreeing blocks' own shifts, in pixels of the view; NaN where none agrees."""
    use = blocks.agreeing
    xx, xy, yy = blocks.xx[use] + 0.5, blocks.xy[use], blocks.yy[use] + 0.5
    xt, yt = blocks.xt[use], blocks.yt[use]
    determinant = xx * yy - xy * xy
    dx, dy = (yy * xt - xy * yt) / determinant, (xx * yt - xy * xt) / determinant
    return float(np.median(np.hypot(dx, dy))) if dx.size else float("nan")


def blocks_of(original: Views, view: View, matrix: Matrix, side: int | None = None) -> Blocks:
    """The blocks of a view of the edited picture against the original laid on it.

    Args:
        side: of a block, in pixels of the view; None: as `BLOCK` says.
    """
    height, width = view.grey.shape
    if side is None:
        side = BLOCK if min(height, width) >= 4 * BLOCK else BLOCK // 2
    total = matrix @ view.to_full
    laid = laid_on(original, total, width, height)
    inside = _within(total, height // side, width // side, side, original.width, original.height)
    return _compared(view.grey, laid, side, inside)


def laid_on(original: Views, total: Matrix, width: int, height: int) -> Grey:
    """The original on a grid by a map of its pixels, from the view that shows what the grid can hold."""
    shrink = float(np.sqrt(abs(np.linalg.det(total[:2, :2]))))
    fitting = [level for level in original.levels if level.factor <= 1.4 * shrink]
    level = fitting[-1] if fitting else original.levels[0]
    onto = np.linalg.inv(level.to_full) @ total
    if level.grey.shape == (height, width) and np.array_equal(onto, np.eye(3)):
        return level.grey
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(level.grey, onto[:2], (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(laid, np.uint8)


def _within(total: Matrix, rows: int, columns: int, side: int, width: int, height: int) -> Flags:
    """Which blocks lie wholly within the original (width x height)."""
    y = np.arange(rows + 1)[:, None] * float(side) - 0.5
    x = np.arange(columns + 1) * float(side) - 0.5
    at_x = total[0, 0] * x + total[0, 1] * y + total[0, 2]
    at_y = total[1, 0] * x + total[1, 1] * y + total[1, 2]
    corner = (at_x > -1) & (at_x < width) & (at_y > -1) & (at_y < height)
    return np.asarray((corner[1:, 1:] & corner[1:, :-1] & corner[:-1, 1:] & corner[:-1, :-1]).ravel())


def _compared(edited: Grey, original: Grey, side: int, inside: Flags) -> Blocks:
    """Block sums, a few rows of blocks at a time: planes that stay in the cache are three times as fast."""
    rows, columns = edited.shape[0] // side, edited.shape[1] // side
    step = max(1, STRIP_PX // max(1, columns * side * side))
    sums = np.zeros((11, rows, columns), np.float32)
    for row in range(0, rows if columns else 0, step):
        end = min(rows, row + step)
        from_row, to_row = max(0, row * side - 1), min(edited.shape[0], end * side + 1)
        cut = slice(row * side - from_row, end * side - from_row)
        width = columns * side
        _add_sums(edited[from_row:to_row, :width], original[from_row:to_row, :width], cut, sums[:, row:end])
    xx, xy, yy, xt, yt, tt, apart_x, apart_y, gx, gy, off = sums.reshape(11, rows * columns).astype(
        np.float64
    )
    apart = apart_x + apart_y
    y, x = np.mgrid[0:rows, 0:columns] * float(side) + (side / 2 - 0.5)
    return Blocks(
        x=x.ravel(),
        y=y.ravel(),
        xx=xx,
        xy=xy,
        yy=yy,
        xt=xt - gx * off,
        yt=yt - gy * off,
        tt=tt - off * off,
        coherence=(xx + yy - apart) / np.maximum(xx + yy + apart, 1e-9),
        telling=xx + yy + apart > TEXTURED,
        inside=inside,
    )


def _add_sums(edited: Grey, original: Grey, cut: slice, sums: NDArray[np.float32]) -> None:
    """Means over blocks of the products `_compared` needs, of the rows in `cut`, into (11, rows, columns)."""
    size = (sums.shape[2], sums.shape[1])
    both = cv2.add(edited, original, dtype=cv2.CV_32F)
    gap = cv2.subtract(edited, original, dtype=cv2.CV_32F)
    # Sobel, scaled to half the change of level a pixel: the planes are sums of two pictures
    gx = cv2.Sobel(both, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 16)[cut]
    gy = cv2.Sobel(both, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 16)[cut]
    dx = cv2.Sobel(gap, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 16)[cut]
    dy = cv2.Sobel(gap, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 16)[cut]
    gap = gap[cut]
    product = np.empty(gap.shape, np.float32)
    factors = ((gx, gx), (gx, gy), (gy, gy), (gx, gap), (gy, gap), (gap, gap), (dx, dx), (dy, dy))
    for place, (one, other) in enumerate(factors):
        cv2.multiply(one, other, dst=product)
        cv2.resize(product, size, dst=sums[place], interpolation=cv2.INTER_AREA)
    for place, plane in enumerate((gx, gy, gap), start=len(factors)):
        cv2.resize(plane, size, dst=sums[place], interpolation=cv2.INTER_AREA)


def left_after(blocks: Blocks, motion: Matrix) -> Vector:
    """The variance each block is left with where it is moved a little further: (n,), grey levels squared."""
    dx = (motion[0, 0] - 1) * blocks.x + motion[0, 1] * blocks.y + motion[0, 2]
    dy = motion[1, 0] * blocks.x + (motion[1, 1] - 1) * blocks.y + motion[1, 2]
    gone = 2 * (dx * blocks.xt + dy * blocks.yt)
    come = dx * dx * blocks.xx + 2 * dx * dy * blocks.xy + dy * dy * blocks.yy
    return np.asarray(blocks.tt - gone + come)


def solve(blocks: Blocks, freedom: int, rounds: int = 4) -> Matrix:
    """The small motion that explains the blocks best, as a map of the view's pixels.

    Args:
        freedom: 2 translation, 4 similarity, 6 affine.
        rounds: of reweighting.
    """
    use = blocks.inside & blocks.telling
    if np.count_nonzero(use) < freedom:
        return np.eye(3)
    x, y = blocks.x[use], blocks.y[use]
    xx, xy, yy = blocks.xx[use], blocks.xy[use], blocks.yy[use]
    xt, yt, tt = blocks.xt[use], blocks.yt[use], blocks.tt[use]
    middle_x, middle_y = x.mean(), y.mean()
    radius = max(1.0, float(np.hypot(x.std(), y.std())))
    u, v = (x - middle_x) / radius, (y - middle_y) / radius
    one, nil = np.ones_like(u), np.zeros_like(u)
    along_x = np.stack([one, nil, u, -v, u, v][:freedom])
    along_y = np.stack([nil, one, v, u, -v, u][:freedom])
    p = np.zeros(freedom)
    for _ in range(rounds):
        dx, dy = p @ along_x, p @ along_y
        left = tt - 2 * (dx * xt + dy * yt) + dx * dx * xx + 2 * dx * dy * xy + dy * dy * yy
        weight = 1 / np.maximum(left, NOISE_FLOOR)
        cross = (along_x * (weight * xy)) @ along_y.T
        normal = (along_x * (weight * xx)) @ along_x.T + (along_y * (weight * yy)) @ along_y.T
        normal += cross + cross.T
        normal[np.diag_indices(freedom)] += 1e-6 * np.trace(normal) + 1e-9
        p = np.linalg.solve(normal, along_x @ (weight * xt) + along_y @ (weight * yt))
    a = np.zeros(6)
    a[:freedom] = p
    linear = np.array([[a[2] + a[4], a[5] - a[3]], [a[3] + a[5], a[2] - a[4]]]) / radius
    motion = np.eye(3)
    motion[:2, :2] += linear
    motion[:2, 2] = a[:2] - linear @ np.array([middle_x, middle_y])
    return motion
