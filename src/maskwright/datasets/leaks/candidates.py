"""Which of many pictures may show the same photograph: near descriptors, found without comparing all.

`pairs.descriptor.distance` asks whether a whole picture, or its mirror image, looks like one of 36 windows
of another. So every picture has one vector to ask with, and its mirror image, and 36 to be found by. Those
to be found are sorted into cells around centres (k-means); a question is only put to the cells whose centres
are most like it. Up to `ALL` pictures there is one cell, and nothing is missed.

All vectors are whole numbers of a length of some 4000, so that every sum in a product of two is a whole
number below 2 ** 24 and float32 holds it exactly: the answer does not depend on threads, blocks or machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.descriptor import NEAR, Levels, levels_of, odd, windows

Progress = Callable[[int, int], None]
"""(done, of how many)."""
Places = NDArray[np.int64]

ALL = 4000
"""Up to so many pictures to be found, all are compared: a few seconds."""
PROBES = 32
"""Cells a question is put to. Recall and cost of others: docs/why/leaks.md."""
ROUNDS = 8
"""Rounds of k-means; more move few windows to another cell."""
DRAWN = 50
"""Windows per cell from which centres are found."""
SEED = 20

MANY = 20_000
"""So many pictures have a candidate each that is none at a distance of `NEAR`."""
LOOSEST = 0.52
"""Largest distance of candidates, up to 2,000 pictures; beyond it few copies are left to be found."""

_LENGTH = 4000.0
_FINE = 4096.0  # windows' maps as whole numbers: 7 levels * 3.7 * 4096 is far below 2 ** 24
_AT_ONCE = 1 << 20  # products in memory at a time: 4 MB


def limit_for(pictures: int) -> float:
    """The distance below which two of so many pictures are candidates: `NEAR` for `MANY`, less for more.

    So that a picture has about one candidate that is none, however many there are, as all are opened: of
    different photographs 1 pair in 1,000 is nearer than 0.52, 1 in 10,000 than 0.46, 1 in 100,000 than 0.40.
    """
    return min(LOOSEST, NEAR - 0.06 * float(np.log10(max(pictures, 1) / MANY)))


def near_pairs(descriptors: Sequence[bytes], *, progress: Progress | None = None) -> Places:
    """The pairs among pictures that are candidates: (n, 2) int64, places i < j in the list, sorted.

    Args:
        descriptors: of the pictures, 64 bytes each. The same list gives the same pairs.

    Returns:
        Pairs nearer than `limit_for` their number (within .0005), all of them for up to `ALL` pictures,
        nearly all for more.
    """
    levels = levels_of(descriptors)
    found = _hits(levels, levels, limit_for(len(levels)), progress)
    found = np.sort(found[found[:, 0] != found[:, 1]], axis=1)
    return np.unique(found, axis=0)


def near_between(
    first: Sequence[bytes], second: Sequence[bytes], *, progress: Progress | None = None
) -> Places:
    """The candidates between two lists of pictures: (n, 2) int64 places in both, sorted.

    The limit is that of as many pictures as the root of the product.
    """
    one, other = levels_of(first), levels_of(second)
    limit = limit_for(round((len(one) * len(other)) ** 0.5))
    there, back = _hits(one, other, limit, progress), _hits(other, one, limit, progress)
    return np.unique(np.concatenate([there, back[:, ::-1]]), axis=0)


def _hits(asking: Levels, asked: Levels, limit: float, progress: Progress | None) -> Places:
    """(n, 2): a picture that is like a window of another, mirrored or not; a pair may be there twice."""
    if not len(asking) or not len(asked):
        return np.zeros((0, 2), np.int64)
    wholes = _whole_numbers(asking)
    questions = np.concatenate([wholes, wholes * np.where(odd(), -1, 1).astype(np.float32)])
    centres = _centres(asked)
    cells = _cells(asked, centres)
    near_to = _nearest(questions, centres, min(PROBES, len(centres)))
    found = [np.zeros((0, 2), np.int64)]
    for cell in range(len(centres)):
        here = np.flatnonzero((near_to == cell).any(axis=1))
        for place, there in _members(asked, cells, cell, max(1, _AT_ONCE // max(1, len(here)))):
            # on a flat array it is ten times as fast as `nonzero`
            near = np.flatnonzero(there @ questions[here].T > (1 - limit) * _LENGTH**2)
            which, whom = np.divmod(near, max(1, len(here)))
            found.append(np.stack([here[whom] % len(asking), place[which]], axis=1))
        if progress is not None:
            progress(cell + 1, len(centres))
    return np.concatenate(found)


def _whole_numbers(vectors: Levels) -> Levels:
    """Each row at a length of some 4000, rounded to whole numbers; rows of zeros stay."""
    exact = vectors.astype(np.float64)
    lengths = np.sqrt(np.sum(exact**2, axis=1, keepdims=True))
    return np.asarray(np.rint(_LENGTH * exact / np.maximum(lengths, 1e-6)), np.float32)


def _of_window(levels: Levels, number: int) -> Levels:
    """What a window of pictures looks like."""
    return _whole_numbers(levels @ np.rint(_FINE * windows()[number]).T.astype(np.float32))


def _centres(asked: Levels) -> Levels:
    """(k, 128) centres of cells: one for few pictures, else about 2 for each square root of their number."""
    if len(asked) <= ALL:
        return np.zeros((1, asked.shape[1]), np.float32)
    rng = np.random.default_rng(SEED)
    count = round(2 * len(asked) ** 0.5)
    pictures = rng.integers(0, len(asked), DRAWN * count)
    chosen = np.sort(rng.integers(0, len(windows()), len(pictures)))
    vectors = np.concatenate(
        [_of_window(asked[pictures[chosen == number]], number) for number in range(len(windows()))]
    )
    centres = vectors[np.sort(rng.choice(len(vectors), count, replace=False))]
    for _ in range(ROUNDS):
        cells = _nearest(vectors, centres, 1)[:, 0]
        sums = np.zeros(centres.shape)
        np.add.at(sums, cells, vectors)
        empty = np.bincount(cells, minlength=count) == 0
        centres = _whole_numbers(np.where(empty[:, None], centres, sums))
    return np.asarray(centres, np.float32)


def _nearest(vectors: Levels, centres: Levels, count: int) -> NDArray[np.int32]:
    """(n, count): the cells whose centres are most like each vector."""
    if count == len(centres):
        return np.tile(np.arange(count, dtype=np.int32), (len(vectors), 1))
    found = np.empty((len(vectors), count), np.int32)
    step = max(1, _AT_ONCE // len(centres))
    for first in range(0, len(vectors), step):
        likeness = vectors[first : first + step] @ centres.T
        most = np.argpartition(likeness, -count, axis=1)[:, -count:]
        found[first : first + step] = most
    return found


def _cells(asked: Levels, centres: Levels) -> NDArray[np.int32]:
    """(36, n): the cell of every window of every picture."""
    step = max(1, _AT_ONCE // len(windows()))
    cells = np.empty((len(windows()), len(asked)), np.int32)
    for number in range(len(windows())):
        for first in range(0, len(asked), step):
            vectors = _of_window(asked[first : first + step], number)
            cells[number, first : first + step] = _nearest(vectors, centres, 1)[:, 0]
    return cells


def _members(
    asked: Levels, cells: NDArray[np.int32], cell: int, at_once: int
) -> Iterator[tuple[Places, Levels]]:
    """The windows in a cell, some at a time: places of their pictures, and vectors."""
    for number in range(len(windows())):
        places = np.flatnonzero(cells[number] == cell)
        for first in range(0, len(places), at_once):
            some = places[first : first + at_once]
            yield some, _of_window(asked[some], number)
