"""Pictures that are there twice: in one split a duplicate, in two a leak."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from maskwright.datasets.check.seen import Look, Seen
from maskwright.datasets.check.values import Defect

ORDER = ("train", "", "val", "validation", "valid", "dev", "test")
"""Splits from the one that gives up a leaked row to the one that keeps it."""


def copies(rows: Sequence[Seen]) -> Iterator[Defect]:
    """Rows that show the very picture of another row of their split, by bytes or by pixels."""
    first: dict[tuple[str, bytes], int] = {}
    for place, row in enumerate(rows):
        if row.picture is None:
            continue
        for digest, word in (
            (row.picture.file, "the same file as"),
            (row.picture.pixels, "the same pixels as"),
        ):
            other = first.setdefault((row.split, digest), place)
            if other != place:
                yield Defect(row.id, row.split, "duplicate", f"{word} {rows[other].id}", rows[other].id)
                break


def leaks(rows: Sequence[Seen]) -> Iterator[Defect]:
    """Rows that share a picture or an original with a row of a split that is to be kept clean of it."""
    if len({row.split for row in rows}) < 2:
        return
    kept: dict[bytes, int] = {}
    order = sorted(range(len(rows)), key=lambda place: (-rank(rows[place].split), place))
    for place in order:
        row = rows[place]
        digests = [digest for look in (row.picture, row.original) if look for digest in _digests(look)]
        others = [kept[digest] for digest in digests if digest in kept]
        other = next((other for other in others if rows[other].split != row.split), None)
        if other is not None:
            told = f"shares a picture with {rows[other].id} of {rows[other].split or 'no split'}"
            yield Defect(row.id, row.split, "leak", told, rows[other].id)
        for digest in digests:
            kept.setdefault(digest, place)


def rank(split: str) -> int:
    """How much a split is to be kept clean; unknown names as train."""
    return ORDER.index(split) if split in ORDER else 0


def _digests(look: Look) -> Iterable[bytes]:
    return look.file, look.pixels
