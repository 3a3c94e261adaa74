"""Rows whose picture and original are exchanged, against their fellows.

Proven by sizes, by files that are originals of other rows, or by the checksums a dataset of ours wrote down;
suspected by what pictures and files show. How far that can be trusted, and how many rows are exchanged, is
taken from the rows themselves: where right rows often look wrong, none is suspected for looking so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from maskwright.datasets.check.seen import Seen
from maskwright.datasets.check.values import Defect

MOST = 0.5
"""A row is judged by its fellows only where more than half of them agree."""
FILE_ODDS = 2.0
"""Log odds that files may add: sides that were saved unlike in all rows but this one are a hint, since a few
rows of another source look so, too."""
TRUSTS = {1.0: 0.0, 0.7: -1.0, 0.5: -2.0, 0.35: -3.0, 0.2: -4.0}
"""By what the log odds are multiplied -> log of how likely that is beforehand. Judgement: 1 holds for pairs
like those they were fitted on; a hundred rows overrule it."""
SHARES = (0.0, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3)
"""Shares of exchanged rows, each as likely."""
GAIN = 3.0
"""Log likelihood that a share above 0 must gain: 1 in 70 by chance for one parameter (Wilks 1938)."""


def exchanged(rows: Sequence[Seen], known: Mapping[bytes, str]) -> Iterator[Defect]:
    """The rows that are proven, or suspected, to be exchanged.

    Args:
        known: digest of a file -> picture or original, as a dataset of ours wrote it down.
    """
    sized = [row for row in rows if row.fits]
    right = sum(row.fits == "picture" for row in sized)
    by_size = right > MOST * len(sized)
    originals = Counter(row.original.file for row in rows if row.original is not None)
    odds = _odds(rows)
    suspected = suspicious(odds[[row.odds != 0 for row in rows]]) if len(rows) else None
    for row, each in zip(rows, odds, strict=True):
        if row.picture is None or row.original is None:
            continue
        others = originals[row.picture.file]
        sides = known.get(row.picture.file), known.get(row.original.file)
        if sides == ("picture", "original"):
            continue
        if sides == ("original", "picture"):
            yield _proven(row, "its files are those of the other side by their checksums")
        elif row.fits == "original" and by_size:
            yield _proven(
                row, f"the mask has the original's size; in {right} of {len(sized)} rows the picture's"
            )
        elif others > 1 and originals[row.original.file] == 1:
            yield _proven(row, f"its picture is the original of {others} other rows")
        elif row.odds and suspected is not None and each >= suspected:
            told = f"the original looks edited along the mask's border (log odds {each:.1f})"
            yield Defect(row.id, row.split, "sides_maybe_swapped", told)


def suspicious(odds: NDArray[np.float64]) -> float | None:
    """From which log odds on a row is more likely exchanged than not; None where none need be.

    The rows are taken for a mixture: a share of them is exchanged, and a log odds of x means trust * x. The
    likeliest share and trust are those of a grid.

    Args:
        odds: (n,), that a row is exchanged.
    """
    if not len(odds):
        return None
    best = {
        share: max((_likelihood(odds, share, trust) + prior, trust) for trust, prior in TRUSTS.items())
        for share in SHARES
    }
    share = max(best, key=lambda share: best[share][0])
    if best[share][0] < best[0.0][0] + GAIN:
        return None
    return float(np.log((1 - share) / share) / best[share][1])


def _likelihood(odds: NDArray[np.float64], share: float, trust: float) -> float:
    """Log likelihood of a share and a trust, but for what is the same for all."""
    wrong = 1 / (1 + np.exp(-np.clip(trust * odds, -30, 30)))
    return float(np.log((1 - share) * (1 - wrong) + share * wrong).sum())


def _odds(rows: Sequence[Seen]) -> NDArray[np.float64]:
    """(n,) log odds that each row is exchanged: its pixels, and how its files stand beside its fellows'."""
    ways = Counter(row.ways for row in rows if row.ways)
    found = []
    for row in rows:
        by_files = 0.0
        if row.ways and row.ways[0] != row.ways[1]:
            there, back = ways[row.ways] - 1, ways[row.ways[::-1]]
            by_files = float(np.clip(np.log((back + 0.5) / (there + 0.5)), -FILE_ODDS, FILE_ODDS))
        found.append(row.odds + by_files)
    return np.array(found)


def _proven(row: Seen, told: str) -> Defect:
    return Defect(row.id, row.split, "sides_swapped", told, "swapped")
