"""Pictures that are there twice: in one split a duplicate, in two a leak.

Equal files and equal pixels are known by their digests. What only looks alike is a candidate by its
descriptor, and opened once more: in one split it may be the same picture, saved again or resized; a leak
shows the same photograph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

import cv2
import numpy as np

from maskwright.datasets.check.seen import Look, Seen, marked_alike
from maskwright.datasets.check.values import Defect
from maskwright.datasets.leaks.candidates import near_pairs
from maskwright.datasets.leaks.confirm import Look as Closer
from maskwright.datasets.leaks.confirm import look_at, same_photograph
from maskwright.pairs.values import Picture

ORDER = ("train", "", "val", "validation", "valid", "dev", "test")
"""Splits from the one that gives up a leaked row to the one that keeps it."""
ALIKE_BITS = 8
"""Bits of 64 in which the hashes of one picture saved twice may differ: twice what they do where photographs
are reduced in two ways (`pairs.descriptor.phash`)."""
COMPARED_PX = 64
"""Side of the square on which two pictures are compared."""
SAME_LEVELS, SAME_SHARE = 12.0, 0.0005
"""Two pictures are the same when their difference, blurred by a pixel, exceeds so many grey levels in no more
than that share of the square. Of 150 edited `train` photographs (generated, seed 5) all, saved at JPEG 85
or 50, are the same, 96 % at three quarters of the size, too; of 56 set beside their originals one."""
BATCH = 1000
"""Pictures that are open at a time: 200 MB at the size they are compared at."""

Key: TypeAlias = "tuple[int, str]"
"""(place of a row, picture or original)."""
Open: TypeAlias = "Callable[[set[int]], Mapping[Key, Picture]]"
"""Gives the pictures of rows, reduced; what cannot be read is not in it."""


def copies(rows: Sequence[Seen], open_rows: Open) -> Iterator[Defect]:
    """Duplicates and leaks, in the order of the rows.

    Args:
        open_rows: opens candidates once more.
    """
    found: dict[tuple[int, str], Defect] = {}
    for defect_of in (_equal_in_split, _equal_between):
        for place, defect in defect_of(rows):
            found.setdefault((place, defect.kind), defect)
    for place, defect in _alike(rows, open_rows, found):
        found.setdefault((place, defect.kind), defect)
    return (found[key] for key in sorted(found))


def rank(split: str) -> int:
    """How much a split is to be kept clean; unknown names as train."""
    return ORDER.index(split) if split in ORDER else 0


def _equal_in_split(rows: Sequence[Seen]) -> Iterator[tuple[int, Defect]]:
    first: dict[tuple[str, bytes], int] = {}
    for place, row in enumerate(rows):
        if row.picture is None:
            continue
        others = [
            (first.setdefault((row.split, digest), place), word)
            for digest, word in (
                (row.picture.file, "the same file as"),
                (row.picture.pixels, "the same pixels as"),
            )
        ]
        other, word = next(((other, word) for other, word in others if other != place), (place, ""))
        if word:
            yield place, _duplicate(row, rows[other], word)


def _equal_between(rows: Sequence[Seen]) -> Iterator[tuple[int, Defect]]:
    kept: dict[bytes, int] = {}
    for place in sorted(range(len(rows)), key=lambda place: (-rank(rows[place].split), place)):
        row = rows[place]
        digests = [
            digest for look in (row.picture, row.original) if look for digest in (look.file, look.pixels)
        ]
        others = [kept[digest] for digest in digests if digest in kept]
        other = next((other for other in others if rows[other].split != row.split), None)
        if other is not None:
            yield place, _leak(row, rows[other], "shares a picture with")
        for digest in digests:
            kept.setdefault(digest, place)


def _alike(
    rows: Sequence[Seen], open_rows: Open, found: Mapping[tuple[int, str], Defect]
) -> Iterator[tuple[int, Defect]]:
    """What only looks alike, confirmed; of a leak the row of the lower split is told."""
    keys = [
        (place, role)
        for place, row in enumerate(rows)
        for role in ("picture", "original")
        if _look(row, role)
    ]
    keys = _distinct(rows, keys)
    looks = [_known(rows, key) for key in keys]
    near = near_pairs([look.descriptor for look in looks])
    pairs = [(keys[one], keys[other]) for one, other in near.tolist() if keys[one][0] != keys[other][0]]
    wanted = [pair for pair in pairs if _is_open(rows, pair, found)]
    wanted.sort()
    for start in range(0, len(wanted), BATCH // 2):
        part = wanted[start : start + BATCH // 2]
        pictures = open_rows({place for pair in part for place, _ in pair})
        closer: dict[Key, Closer] = {}
        for one, other in part:
            if one not in pictures or other not in pictures:
                continue
            first, second = rows[one[0]], rows[other[0]]
            if first.split == second.split:
                if same_picture(pictures[one], pictures[other]):
                    seen = f"looks like {first.id}, saved anew"
                    yield other[0], Defect(second.id, second.split, "maybe_duplicate", seen, first.id)
                continue
            for key in (one, other):
                if key not in closer:
                    closer[key] = look_at(pictures[key])
            if same_photograph(closer[one], closer[other]):
                low, high = (one, other) if rank(first.split) <= rank(second.split) else (other, one)
                yield low[0], _leak(rows[low[0]], rows[high[0]], "shows the photograph of")


def _distinct(rows: Sequence[Seen], keys: Sequence[Key]) -> list[Key]:
    """One key a picture and split: equal ones are known already."""
    first: dict[tuple[str, bytes, str], Key] = {}
    for key in keys:
        first.setdefault((rows[key[0]].split, _known(rows, key).pixels, key[1]), key)
    return list(first.values())


def _is_open(rows: Sequence[Seen], pair: tuple[Key, Key], found: Mapping[tuple[int, str], Defect]) -> bool:
    """Whether a candidate is to be looked at: not known already, and a copy if it is one."""
    (one, one_role), (other, other_role) = pair
    first, second = rows[one], rows[other]
    if first.split != second.split:
        low = one if rank(first.split) <= rank(second.split) else other
        return (low, "leak") not in found
    if one_role != "picture" or other_role != "picture" or first.label != second.label:
        return False
    if not marked_alike(first.marked, second.marked):
        return False
    bits = int(_known(rows, pair[0]).phash, 16) ^ int(_known(rows, pair[1]).phash, 16)
    return (other, "duplicate") not in found and bits.bit_count() <= ALIKE_BITS


def same_picture(one: Picture, other: Picture) -> bool:
    """Whether two pictures are one, but for their size and how they were saved."""
    size = (COMPARED_PX, COMPARED_PX)
    first, second = (
        cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32) for picture in (one, other)
    )
    apart = np.abs(cv2.GaussianBlur(first - second, (0, 0), 1.0)).max(axis=2)
    return bool((apart > SAME_LEVELS).mean() <= SAME_SHARE)


def _look(row: Seen, role: str) -> Look | None:
    return row.picture if role == "picture" else row.original


def _known(rows: Sequence[Seen], key: Key) -> Look:
    look = _look(rows[key[0]], key[1])
    assert look is not None
    return look


def _duplicate(row: Seen, other: Seen, word: str) -> Defect:
    return Defect(row.id, row.split, "duplicate", f"{word} {other.id}", other.id)


def _leak(row: Seen, other: Seen, word: str) -> Defect:
    return Defect(row.id, row.split, "leak", f"{word} {other.id} of {other.split or 'no split'}", other.id)
