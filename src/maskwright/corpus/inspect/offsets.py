"""When pairs do not match: whether each edited picture belongs to the original of another row."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.corpus.inspect.values import Offset
from maskwright.errors import InputError
from maskwright.pairs.picture import read_picture
from maskwright.pairs.sources import Source
from maskwright.pairs.values import Pair, PictureLike

WINDOWS, WINDOW_ROWS = 3, 24
"""Stretches of consecutive pairs that are looked at, and their length: offsets up to 23 are found."""

SIDE_PX = 24
ALIKE = 0.8
"""Least correlation of two thumbnails of one photograph. Of 360 pairs made of `train` photographs (12 sources
of benchmarks/bench_inspect.py) 77 % reach it, the rest were changed too much; of 10,440 other pairs, 3."""

LEAST_SHARE, LEAST_MATCHES = 0.5, 4
"""An offset is believed when half of the pairs match at it, at least four."""


def find_offset(source: Source, *, max_pixels: int) -> Offset | None:
    """Look at consecutive pairs and match every edited picture with every original near it.

    None where fewer than four pairs could be read.
    """
    hits: dict[int, int] = {}
    tried: dict[int, int] = {}
    elsewhere = looked = 0
    examples: dict[int, tuple[str, str]] = {}
    for ids, originals, edits in _windows(source, max_pixels):
        alike = (edits @ originals.T) >= ALIKE
        looked += len(ids)
        elsewhere += int((alike & ~np.eye(len(ids), dtype=bool)).any(axis=1).sum())
        for offset in range(1 - len(ids), len(ids)):
            diagonal = np.diagonal(alike, offset)
            hits[offset] = hits.get(offset, 0) + int(diagonal.sum())
            tried[offset] = tried.get(offset, 0) + len(diagonal)
            if offset and diagonal.any():
                row = int(np.flatnonzero(diagonal)[0]) + max(0, -offset)
                examples.setdefault(offset, (ids[row], ids[row + offset]))
    if looked < LEAST_MATCHES:
        return None
    others = {offset: hits[offset] for offset in hits if offset}
    best = max(others, key=lambda offset: (hits[offset], -abs(offset)), default=0)
    believed = best and hits[best] >= LEAST_MATCHES and hits[best] >= LEAST_SHARE * tried[best]
    rest = sorted(count for offset, count in others.items() if offset != best)
    return Offset(
        rows=best if believed else 0,
        matched=hits.get(best, 0),
        elsewhere=elsewhere,
        by_chance=rest[len(rest) // 2] if rest else 0,
        tried=tried.get(best, 0) if believed else looked,
        example=examples.get(best, ()),
    )


def _windows(
    source: Source, max_pixels: int
) -> Iterator[tuple[list[str], NDArray[np.float32], NDArray[np.float32]]]:
    """(ids, originals, edits) of stretches of consecutive pairs, as unit vectors, (rows, SIDE_PX ** 2)."""
    count = min(WINDOWS, max(1, source.rows() // WINDOW_ROWS))
    for window in range(count):
        start = source.rows() * window // count
        ids, originals, edits = [], [], []
        for pair in _pairs_from(source, start):
            try:
                vectors = [_vector(pair.original, max_pixels), _vector(pair.edited, max_pixels)]
            except InputError:
                continue
            ids.append(pair.id)
            originals.append(vectors[0])
            edits.append(vectors[1])
            if len(ids) == WINDOW_ROWS:
                break
        if ids:
            yield ids, np.stack(originals), np.stack(edits)


def _pairs_from(source: Source, start: int) -> Iterator[Pair]:
    first = 0
    for part in source.plan():
        if first + part.rows > start:
            for row, item in enumerate(source.read(part), first):
                if row >= start and isinstance(item, Pair):
                    yield item
        first += part.rows


def _vector(stored: PictureLike, max_pixels: int) -> NDArray[np.float32]:
    """A thumbnail's grey levels, their mean taken out, length 1; a flat picture is alike to nothing."""
    pixels = read_picture(stored, max_pixels=max_pixels).pixels
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    small -= small.mean()
    length = float(np.linalg.norm(small))
    return small / length if length > 0 else small
