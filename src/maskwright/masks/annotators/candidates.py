"""Maps that some matches agree on, the least likely by chance first.

Where only an object was taken, nine matches of ten may be wrong, and the right ones lie close together. So
every match is paired with some of its neighbours; two matches give a similarity, and all matches say whether
they agree with it. That as many would agree by chance has a price (a contrario: Moisan and Stival, IJCV
2004), which orders the maps. Nothing is believed here: `located.py` looks at the pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.align import MOST_STRETCH
from maskwright.pairs.registration import Flags, Matrix

SCALES = (0.3, 3.5)
"""Pixels of the original to one of the edited picture; of maps outside neither picture shows enough."""
NEIGHBOURS = 10
"""Neighbours each match is paired with."""
APART, WITHIN = 2.0, 16.0
"""Neighbours lie this far apart, in tolerances on the edited picture."""
LINK = 3.0
"""Matches lie together where they are within so many tolerances, or so many times as far apart as most are
from their second neighbour."""
MOST_MATCHES = 2000
"""With more, the likest are taken."""
COUNTED = 64
"""Similarities counted again once some matches are taken."""
HELD = 400_000
"""Residuals held at a time."""
LEAST = 3
"""Matches that must agree: two give the map."""
SEED = 15


@dataclass(frozen=True, slots=True)
class Matches:
    """Places of two pictures that look alike.

    Args:
        places: (n, 2) float32, x and y in pixels of the edited picture.
        onto: (n, 2) float32, in pixels of the original as it is, mirrored or not.
        likeness: (n,) float32, cosine of the two descriptors.
        mirrored: whether the original had to be mirrored for them to look alike.
        tolerance_px: how far off a right match may be, in pixels of the original.
        area_px: pixels of the original.
    """

    places: NDArray[np.float32]
    onto: NDArray[np.float32]
    likeness: NDArray[np.float32]
    mirrored: bool
    tolerance_px: float
    area_px: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A map and the matches that agree with it.

    Args:
        matrix: (3, 3) float64, takes a pixel of the edited picture to the original.
        agree: (n,) bool.
        chance: log10 of how many such maps wrong matches would give.
    """

    matrix: Matrix
    agree: Flags
    chance: float


def turned_back(onto: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Places (n, 2) of a picture that was mirrored left to right, in the pixels it had before."""
    return np.stack([width - 1 - onto[:, 0], onto[:, 1]], axis=1)


def sane(matrix: Matrix) -> bool:
    """Whether an editor could have done it."""
    if not np.isfinite(matrix).all():
        return False
    long, short = np.linalg.svd(matrix[:2, :2], compute_uv=False)
    return bool(long <= MOST_STRETCH * short and SCALES[0] <= short and long <= SCALES[1])


def candidates(matches: Matches, most: int) -> list[Candidate]:
    """The maps least likely by chance, each on matches that those before it leave.

    Args:
        most: maps that are given at most.
    """
    use = np.sort(np.argsort(-matches.likeness, kind="stable")[:MOST_MATCHES])
    if len(use) < LEAST:
        return []
    guesses = _guesses(matches, use)
    left = np.zeros(len(matches.places), np.bool_)
    left[use] = True
    found: list[Candidate] = []
    tried = 0
    while len(found) < most and tried < 2 * most:
        one = _likeliest(matches, guesses, left)
        if one is None:
            break
        tried += 1
        # what is nearly right would give the same map again
        left &= (_off(matches, one.matrix) > 3 * matches.tolerance_px) & ~one.agree
        if sane(one.matrix):
            found.append(one)
    return found


@dataclass(frozen=True, slots=True)
class _Guesses:
    """Similarities in complex numbers, each from two matches; (k,) each.

    Args:
        turn, shift: the map of a place z is turn * z + shift, or turn * -conj(z) + shift where mirrored.
        first, second: the two matches.
        agreeing: how many matches agree.
    """

    turn: NDArray[np.complex64]
    shift: NDArray[np.complex64]
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    agreeing: NDArray[np.intp]


def _guesses(matches: Matches, use: NDArray[np.intp]) -> _Guesses:
    """Of every match with some of its neighbours."""
    here, there = _complex(matches, use)
    first, second = _pairs(here, matches)
    turn = (there[second] - there[first]) / (here[second] - here[first])
    fitting = (abs(turn) >= SCALES[0]) & (abs(turn) <= SCALES[1])
    turn, first, second = turn[fitting], first[fitting], second[fitting]
    turn = turn.astype(np.complex64)
    shift = (there[first] - turn * here[first]).astype(np.complex64)
    return _Guesses(turn, shift, use[first], use[second], _agreeing(matches, use, turn, shift))


def _complex(matches: Matches, use: NDArray[np.intp]) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
    """Places of some matches in both pictures; those of the edited picture mirrored where that is needed."""
    here, there = (
        plane[use, 0] + np.complex64(1j) * plane[use, 1] for plane in (matches.places, matches.onto)
    )
    return (-here.conj() if matches.mirrored else here).astype(np.complex64), there.astype(np.complex64)


def _agreeing(
    matches: Matches, use: NDArray[np.intp], turn: NDArray[np.complex64], shift: NDArray[np.complex64]
) -> NDArray[np.intp]:
    """How many of some matches agree with each similarity, (k,)."""
    here, there = _complex(matches, use)
    counts = np.zeros(len(turn), np.intp)
    step = max(1, HELD // len(use))
    for start in range(0, len(turn), step):
        part = slice(start, start + step)
        off = turn[part, None] * here + shift[part, None] - there
        counts[part] = np.count_nonzero(off.real**2 + off.imag**2 < matches.tolerance_px**2, axis=1)
    return counts


def _pairs(here: NDArray[np.complex64], matches: Matches) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Each match with some of its neighbours, neither too near nor too far; the same at every call."""
    rng = np.random.default_rng(SEED)
    count, some = len(here), min(NEIGHBOURS, len(here) - 1)
    near, far = APART * matches.tolerance_px, WITHIN * matches.tolerance_px
    first, second = [], []
    step = max(1, HELD // count)
    for start in range(0, count, step):
        rows = np.arange(start, min(count, start + step))
        away = abs(here[rows, None] - here)
        order = np.where((away >= near) & (away <= far), rng.random(away.shape, np.float32), 2)
        chosen = np.argpartition(order, some, axis=1)[:, :some]
        kept = np.take_along_axis(order, chosen, axis=1) < 2
        first.append(np.repeat(rows, some)[kept.ravel()])
        second.append(chosen[kept])
    return np.concatenate(first), np.concatenate(second)


def _likeliest(matches: Matches, guesses: _Guesses, left: Flags) -> Candidate | None:
    """The similarity that most of the matches left agree with, then as an affine map."""
    alive = np.flatnonzero(left[guesses.first] & left[guesses.second])
    best = alive[np.argsort(-guesses.agreeing[alive], kind="stable")[:COUNTED]]
    if not len(best):
        return None
    now = _agreeing(matches, np.flatnonzero(left), guesses.turn[best], guesses.shift[best])
    if now.max() < LEAST:
        return None
    a, b = (complex(values[best[now.argmax()]]) for values in (guesses.turn, guesses.shift))
    matrix = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag], [0, 0, 1]])
    if matches.mirrored:
        matrix = matrix @ np.diag([-1.0, 1.0, 1.0])
    return _freed(matches, left, matrix, len(guesses.turn))


def _freed(matches: Matches, left: Flags, matrix: Matrix, tried: int) -> Candidate:
    """The affine map of the matches that agree and lie together, where these hold one."""
    agree = _together(matches, left & (_off(matches, matrix) < matches.tolerance_px), matrix)
    for _ in range(2):
        freed = _fitted(matches.places[agree], matches.onto[agree])
        if freed is None or not sane(freed):
            break
        now = _together(matches, left & (_off(matches, freed) < matches.tolerance_px), freed)
        if np.count_nonzero(now) < np.count_nonzero(agree):
            break
        matrix, agree = freed, now
    return Candidate(matrix, agree, _chance(matches, agree, int(np.count_nonzero(left)), tried))


def _together(matches: Matches, agree: Flags, matrix: Matrix) -> Flags:
    """The largest group of the matches that agree: others agree by chance, far from where the object is."""
    use = np.flatnonzero(agree)
    places = matches.places[use]
    away = np.hypot(*(places[:, None] - places).transpose(2, 0, 1))
    tolerance_px = matches.tolerance_px / float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    nearest = np.sort(away, axis=1)[:, min(2, len(use) - 1)]
    near = away <= max(LINK * tolerance_px, LINK * float(np.median(nearest)))
    group = np.arange(len(use))
    while True:
        lowest = np.where(near, group, len(use)).min(axis=1)
        if np.array_equal(lowest, group):
            break
        group = lowest
    kept = np.zeros_like(agree)
    kept[use[group == np.bincount(group).argmax()]] = True
    return kept


def _fitted(places: NDArray[np.float32], onto: NDArray[np.float32]) -> Matrix | None:
    """Least squares, held to a similarity where the places are few or nearly on a line."""
    if len(places) < 6:
        return None
    middle = places.mean(axis=0)
    spread = np.linalg.svd(places - middle, compute_uv=False)
    if spread[1] < 0.2 * spread[0]:
        return None
    ones = np.column_stack([places - middle, np.ones(len(places))])
    solved = np.linalg.lstsq(ones, onto, rcond=None)[0].T
    matrix = np.eye(3)
    matrix[:2, :2] = solved[:, :2]
    matrix[:2, 2] = solved[:, 2] - solved[:, :2] @ middle
    return matrix


def _off(matches: Matches, matrix: Matrix) -> NDArray[np.float64]:
    """How far from its place in the original each match is taken, (n,) pixels."""
    off = matches.places @ matrix[:2, :2].T + matrix[:2, 2] - matches.onto
    return np.asarray(np.hypot(off[:, 0], off[:, 1]))


def _chance(matches: Matches, agree: Flags, count: int, tried: int) -> float:
    """log10 of the number of maps that as many wrong matches would agree on; places count once."""
    places = np.unique(np.rint(matches.places[agree] / 4), axis=0)
    right = len(places)
    price = np.log10(min(0.5, np.pi * matches.tolerance_px**2 / matches.area_px))
    ways = sum(np.log10((count - k) / (k + 1)) for k in range(min(right, count)))
    return float(np.log10(tried) + ways + (right - 2) * price)
