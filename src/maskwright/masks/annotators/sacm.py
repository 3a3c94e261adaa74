"""Places of two pictures that look alike, from a trained network's descriptors.

SACM of MIML (CVPR 2024) correlates every place of one picture with every place of the other, on several
levels of a network against each other. So does this, in a small way: descriptors of a fine and a coarse
level, each against each, with the original as it is and mirrored. Each pair of levels stands for a scale
that the object was taken at.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError
from maskwright.masks.annotators.candidates import Matches, turned_back
from maskwright.pairs.registration import resizing
from maskwright.pairs.registration_warp import resized
from maskwright.pairs.values import Picture
from maskwright.weights import open_network

SIDE = 576
"""Side of the square both pictures are brought to. Of 24 shared-donor pairs of `train` photographs 18 are
found; with 384, at which the network is trained, 14, with 768 16."""
LEVELS = ("fine", "coarse")
"""The network's outputs."""
ROWS = 512
"""Places of the edited picture whose correlations with all of the original are held at a time."""
RATIO = 0.9
"""A match that is not the best of its place in the original must be this much nearer than the next best
place, in distance of descriptors; what lies next to the best is not counted."""
OFF_CELLS = 0.75
"""How far off a right match may be, in cells of the coarser of its two levels."""

Descriptors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Level:
    """Descriptors of the places of one picture, row by row.

    Args:
        descriptors: (rows * columns, D) float32, of length 1.
        rows, columns: of the grid.
    """

    descriptors: Descriptors
    rows: int
    columns: int


class Matcher:
    """Finds for the places of the edited picture their likes in the original.

    Args:
        path: an .onnx file: `picture`, uint8 (N, 3, S, S), RGB, to `fine` and `coarse`, float32 (N, D, S / 8,
            S / 8) and (N, D, S / 16, S / 16), of length 1 over D.

    Raises:
        MissingExtraError: the network is not there.
        InputError: it is damaged, or has no such inputs and outputs.
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int = 1) -> None:
        self._network: Any = open_network(path, threads=threads)
        inputs = [entry.name for entry in self._network.get_inputs()]
        outputs = {entry.name for entry in self._network.get_outputs()}
        if inputs != ["picture"] or not outputs >= {*LEVELS}:
            raise InputError(f"{path} is no network of descriptors", hint="train it: maskwright train caaa")

    def matches(self, original: Picture, edited: Picture) -> list[Matches]:
        """The matches with the original as it is, and with the original mirrored left to right.

        Args:
            original, edited: (H, W, 3) uint8, RGB; any two sizes.
        """
        square = resized(original, SIDE, SIDE)
        batch = np.stack([square, square[:, ::-1], resized(edited, SIDE, SIDE)])
        levels = self._network.run([*LEVELS], {"picture": np.ascontiguousarray(batch.transpose(0, 3, 1, 2))})
        plain, turned, mine = ([_level(level[number]) for level in levels] for number in range(3))
        return [
            _of_all(plain, mine, original, edited, mirrored=False),
            _of_all(turned, mine, original, edited, mirrored=True),
        ]


def _level(planes: NDArray[np.float32]) -> Level:
    depth, rows, columns = planes.shape
    return Level(np.ascontiguousarray(planes.reshape(depth, -1).T), rows, columns)


def _of_all(
    theirs: list[Level], mine: list[Level], original: Picture, edited: Picture, *, mirrored: bool
) -> Matches:
    """The matches of every level with every level, in the pictures' own pixels."""
    places, onto, likeness = [], [], []
    for here in mine:
        for there in theirs:
            at, on, alike = matched(there, here)
            places.append(_in_pixels(at, here, edited))
            onto.append(_in_pixels(on, there, original))
            likeness.append(alike)
    found = np.concatenate(onto)
    if mirrored:
        found = turned_back(found, original.shape[1])
    area_px = original.shape[0] * original.shape[1]
    tolerance_px = OFF_CELLS * float(np.sqrt(area_px)) / theirs[-1].columns
    return Matches(np.concatenate(places), found, np.concatenate(likeness), mirrored, tolerance_px, area_px)


def _in_pixels(cells: NDArray[np.float32], level: Level, picture: Picture) -> NDArray[np.float32]:
    """Places on a grid, x and y, in pixels of the picture it stands for."""
    to_full = resizing((level.columns, level.rows), (picture.shape[1], picture.shape[0]))
    return np.asarray(cells * to_full.diagonal()[:2] + to_full[:2, 2], np.float32)


def matched(
    theirs: Level, mine: Level
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Places that are each other's best, or stand out; on their grids, (n, 2) each, and their cosine (n,).

    Memory is bounded: correlations are held for `ROWS` places at a time.
    """
    count = len(mine.descriptors)
    best, likeness, second = (
        np.zeros(count, np.intp),
        np.zeros(count, np.float32),
        np.zeros(count, np.float32),
    )
    fraction = np.zeros((count, 2), np.float32)
    back, most = np.zeros(len(theirs.descriptors), np.intp), np.full(len(theirs.descriptors), -2, np.float32)
    for first in range(0, count, ROWS):
        alike = mine.descriptors[first : first + ROWS] @ theirs.descriptors.T
        part = slice(first, first + len(alike))
        best[part] = alike.argmax(axis=1)
        above = alike.max(axis=0)
        back = np.where(above > most, first + alike.argmax(axis=0), back)
        most = np.maximum(above, most)
        likeness[part], second[part], fraction[part] = _peaks(alike, best[part], theirs)
    mutual = back[best] == np.arange(count)
    stands_out = np.sqrt(np.maximum(1 - likeness, 0)) < RATIO * np.sqrt(np.maximum(1 - second, 1e-6))
    use = np.flatnonzero(mutual | stands_out)
    at = np.stack([use % mine.columns, use // mine.columns], axis=1).astype(np.float32)
    on = np.stack([best[use] % theirs.columns, best[use] // theirs.columns], axis=1) + fraction[use]
    return at, on.astype(np.float32), likeness[use]


def _peaks(alike: NDArray[np.float32], best: NDArray[np.intp], theirs: Level) -> tuple[Any, Any, Any]:
    """Of each row its highest value, the highest not next to it, and where between cells it lies, x and y."""
    rows, columns = theirs.rows, theirs.columns
    number = np.arange(len(alike))
    framed = np.full((len(alike), rows + 2, columns + 2), -2, np.float32)
    framed[:, 1:-1, 1:-1] = alike.reshape(-1, rows, columns)
    y, x = best // columns + 1, best % columns + 1
    top = framed[number, y, x].copy()
    fraction = np.stack(
        [
            _between(framed[number, y, x - 1], top, framed[number, y, x + 1]),
            _between(framed[number, y - 1, x], top, framed[number, y + 1, x]),
        ],
        axis=1,
    )
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            framed[number, y + dy, x + dx] = -2
    return top, framed.reshape(len(alike), -1).max(axis=1), fraction


def _between(
    before: NDArray[np.float32], top: NDArray[np.float32], after: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Where the parabola through three neighbouring values has its top, -0.5 to 0.5; 0 at the border."""
    bent = 2 * top - before - after
    away = 0.5 * (after - before) / np.maximum(bent, 1e-6)
    edge = (before < -1.5) | (after < -1.5)
    return np.where(edge, 0, np.clip(away, -0.5, 0.5)).astype(np.float32)
