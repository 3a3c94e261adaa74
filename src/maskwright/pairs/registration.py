"""How one grey picture lies on another: Gauss-Newton on blocks, robust against edits.

Both pictures are cut into blocks. In every block the picture gradient and the
difference give a small linear system for the block's own shift (Lucas-Kanade); the
blocks together give a translation, similarity or affine map, each block weighted by
the noise it leaves. An edited block leaves much and counts little, so up to half of
the picture may be edited without pulling the map. The same sums say how well the
pictures agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.values import Picture

Plane = NDArray[np.float32]
Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

NOISE_FLOOR = 4.0
"""Least variance a block is believed to have, grey levels squared: rounding and a good JPEG."""
TEXTURED = 2.0
"""Mean squared gradient (grey levels per pixel, squared) from which a block can say anything."""


@dataclass(frozen=True, slots=True)
class View:
    """A picture in grey on a coarser grid.

    Args:
        grey: (h, w) float32, 0..255.
        to_full: (3, 3); takes a pixel of the view to the picture it was made of.
    """

    grey: Plane
    to_full: Matrix


@dataclass(frozen=True, slots=True)
class Blocks:
    """What every block says; all (n,) float64, means over the block's pixels.

    Args:
        x, y: centre of the block, in pixels of the view.
        xx, xy, yy: products of the mean gradient of both pictures.
        xt, yt, tt: products with the difference (edited - original), its mean taken out.
        coherence: agreement of the two gradients, -1..1; 1 is the same structure.
        texture: mean squared gradient, of the pictures' mean.
        inside: True where the whole block lies within both pictures.
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
    texture: Vector
    inside: NDArray[np.bool_]


def grey_of(picture: Picture) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 to (H, W) uint8."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def view_of(grey: NDArray[np.uint8], factor: int) -> View:
    """The picture `factor` times smaller, by area average; what is left over at the far sides is cut."""
    height, width = grey.shape[0] // factor, grey.shape[1] // factor
    cut = grey[: height * factor, : width * factor]
    small = cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA) if factor > 1 else cut
    return View(small.astype(np.float32), scaling(factor))


def scaling(factor: float) -> Matrix:
    """Takes a pixel of a grid `factor` times coarser to the finer one (centres at whole numbers)."""
    off = (factor - 1) / 2
    return np.array([[factor, 0, off], [0, factor, off], [0, 0, 1]], np.float64)


def resizing(size: tuple[int, int], other: tuple[int, int]) -> Matrix:
    """Takes a pixel of a picture of `size` to the same picture stretched to `other` (width, height)."""
    sx, sy = other[0] / size[0], other[1] / size[1]
    return np.array([[sx, 0, (sx - 1) / 2], [0, sy, (sy - 1) / 2], [0, 0, 1]], np.float64)


def warped_view(grey: NDArray[np.uint8], matrix: Matrix, like: View) -> Plane:
    """The original as `matrix` (edited to original pixels) lays it on a view of the edited picture."""
    total = matrix @ like.to_full
    shrink = float(np.sqrt(abs(np.linalg.det(total[:2, :2]))))
    factor = max(1, int(shrink + 0.3))
    view = view_of(grey, factor)
    left = np.linalg.inv(view.to_full) @ total
    height, width = like.grey.shape
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(view.grey, left[:2], (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE),
        np.float32,
    )


def compare(edited: Plane, original: Plane, side: int, inside: NDArray[np.bool_] | None = None) -> Blocks:
    """Block sums of two grey planes on one grid; blocks are `side` x `side` pixels."""
    rows, columns = edited.shape[0] // side, edited.shape[1] // side
    height, width = rows * side, columns * side
    edited, original = edited[:height, :width], original[:height, :width]
    both = cv2.add(edited, original)
    gap = cv2.subtract(edited, original)
    gx, gy = _gradient(both, 0.5)
    dx, dy = _gradient(gap, 0.5)

    def mean(plane: Plane) -> Vector:
        return cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float64).ravel()

    xx, xy, yy = mean(cv2.multiply(gx, gx)), mean(cv2.multiply(gx, gy)), mean(cv2.multiply(gy, gy))
    off = mean(gap)
    xt = mean(cv2.multiply(gx, gap)) - mean(gx) * off
    yt = mean(cv2.multiply(gy, gap)) - mean(gy) * off
    tt = mean(cv2.multiply(gap, gap)) - off * off
    apart = mean(cv2.add(cv2.multiply(dx, dx), cv2.multiply(dy, dy)))
    texture = xx + yy
    centre = side / 2 - 0.5
    y, x = np.mgrid[0:rows, 0:columns] * float(side) + centre
    return Blocks(
        x=x.ravel(), y=y.ravel(), xx=xx, xy=xy, yy=yy, xt=xt, yt=yt, tt=tt,
        coherence=(texture - apart) / np.maximum(texture + apart, 1e-9),
        texture=texture + apart,
        inside=np.ones(rows * columns, np.bool_) if inside is None else inside,
    )  # fmt: skip


def _gradient(plane: Plane, scale: float) -> tuple[Plane, Plane]:
    """Sobel, in grey levels per pixel times `scale`."""
    x = cv2.Sobel(plane, cv2.CV_32F, 1, 0, ksize=3, scale=scale / 8)
    y = cv2.Sobel(plane, cv2.CV_32F, 0, 1, ksize=3, scale=scale / 8)
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def solve(blocks: Blocks, freedom: int, rounds: int = 4) -> Matrix:
    """The small motion that explains the blocks best, as a (3, 3) map of the view's pixels.

    Args:
        freedom: 2 translation, 4 similarity, 6 affine.
        rounds: of reweighting; every block's weight is one over the variance it leaves.
    """
    use = blocks.inside & (blocks.texture > TEXTURED)
    if np.count_nonzero(use) < freedom:
        return np.eye(3)
    x, y = blocks.x[use], blocks.y[use]
    middle_x, middle_y, radius = x.mean(), y.mean(), max(1.0, float(np.hypot(x.std(), y.std())))
    u, v = (x - middle_x) / radius, (y - middle_y) / radius
    one, nil = np.ones_like(u), np.zeros_like(u)
    along_x = np.stack([one, nil, u, -v, u, v][:freedom])
    along_y = np.stack([nil, one, v, u, -v, u][:freedom])
    xx, xy, yy = blocks.xx[use], blocks.xy[use], blocks.yy[use]
    xt, yt, tt = blocks.xt[use], blocks.yt[use], blocks.tt[use]
    p = np.zeros(freedom)
    for _ in range(rounds):
        dx, dy = p @ along_x, p @ along_y
        left = tt - 2 * (dx * xt + dy * yt) + dx * dx * xx + 2 * dx * dy * xy + dy * dy * yy
        weight = 1 / np.maximum(left, NOISE_FLOOR)
        wxx, wxy, wyy = weight * xx, weight * xy, weight * yy
        cross = (along_x * wxy) @ along_y.T
        normal = (along_x * wxx) @ along_x.T + cross + cross.T + (along_y * wyy) @ along_y.T
        right = along_x @ (weight * xt) + along_y @ (weight * yt)
        normal[np.diag_indices(freedom)] *= 1 + 1e-6
        normal[np.diag_indices(freedom)] += 1e-9
        p = np.linalg.solve(normal, right)
    a = np.zeros(6)
    a[:freedom] = p
    linear = np.array([[a[2] + a[4], -a[3] + a[5]], [a[3] + a[5], a[2] - a[4]]]) / radius
    motion = np.eye(3)
    motion[:2, :2] += linear
    motion[:2, 2] = np.array([a[0], a[1]]) - linear @ np.array([middle_x, middle_y])
    return motion


def displacement(motion: Matrix, width: int, height: int) -> float:
    """Mean length over the grid's corners and middle of how far a map moves a pixel, in pixels."""
    x = np.array([0, width - 1, 0, width - 1, (width - 1) / 2])
    y = np.array([0, 0, height - 1, height - 1, (height - 1) / 2])
    moved = motion[:2] @ np.stack([x, y, np.ones(5)])
    return float(np.hypot(moved[0] - x, moved[1] - y).mean())


def within(matrix: Matrix, view: View, side: int, width: int, height: int) -> NDArray[np.bool_]:
    """Which blocks of a view of the edited picture lie wholly within the original (width x height)."""
    rows, columns = view.grey.shape[0] // side, view.grey.shape[1] // side
    total = matrix @ view.to_full
    y, x = np.mgrid[0 : rows + 1, 0 : columns + 1] * float(side) - 0.5
    at_x = total[0, 0] * x + total[0, 1] * y + total[0, 2]
    at_y = total[1, 0] * x + total[1, 1] * y + total[1, 2]
    corner = (at_x > -1) & (at_x < width) & (at_y > -1) & (at_y < height)
    return (corner[1:, 1:] & corner[1:, :-1] & corner[:-1, 1:] & corner[:-1, :-1]).ravel()
