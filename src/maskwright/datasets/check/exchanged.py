"""Rows whose picture and original are exchanged, against their fellows.

Proven by sizes, by files that are originals of other rows, or by what a dataset of ours wrote down; suspected
by what the pictures show along the mask's border.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from maskwright.datasets.check.seen import Seen
from maskwright.datasets.check.values import Defect

MOST = 0.5
"""A row is judged by its fellows only where more than half of them agree."""
ODDS = 2.5
"""Log odds from which on a row is suspected."""


def exchanged(rows: Sequence[Seen]) -> Iterator[Defect]:
    """The rows that are proven, or suspected, to be exchanged."""
    sized = [row for row in rows if row.fits]
    right = sum(row.fits == "picture" for row in sized)
    by_size = right > MOST * len(sized)
    originals = Counter(row.original.file for row in rows if row.original is not None)
    for row in rows:
        if row.picture is None or row.original is None:
            continue
        if row.fits == "original" and by_size:
            told = f"the mask has the original's size; of {len(sized) - 1} others {right} have the picture's"
            yield Defect(row.id, row.split, "sides_swapped", told, "swapped")
        elif originals[row.picture.file] > 1 and originals[row.original.file] == 1:
            told = f"its picture is the original of {originals[row.picture.file]} other rows"
            yield Defect(row.id, row.split, "sides_swapped", told, "swapped")
        elif row.odds >= ODDS:
            told = f"the mask's border shows in the original (log odds {row.odds:.1f})"
            yield Defect(row.id, row.split, "sides_maybe_swapped", told)
