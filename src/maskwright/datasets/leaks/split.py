"""Training, validation and test set: every photograph in one of them, with all rows that show it.

Photographs are put in the order of a hash of their names and the seed, and this line of rows is cut where
the fractions say; a photograph that lies on a cut goes to the side on which more than half of it lies.

- No photograph is in two splits.
- The same names, sizes and seed give the same splits, in whatever order rows come.
- Each split has the share of rows that was asked for, but for the size of the largest photograph; where it
  would have got none for that reason, it gets one, and its neighbour one less.
- Rows that come later move the cuts a little: photographs far from a cut stay where they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import SettingError
from maskwright.pages.words import counted

Numbers = NDArray[np.int64]


def split_photographs(
    photographs: Numbers, names: Sequence[str], fractions: Sequence[float], seed: int
) -> Numbers:
    """The split of every row, as its place in `SPLITS`.

    Args:
        photographs: (rows,) of all corpora, one after the other: the number of the photograph, from 0 on.
        names: of each photograph one that stays when rows are added, like its smallest text.
        fractions: shares of train, val and test, none negative, together 1.
        seed: another one gives other splits.

    Raises:
        SettingError: there are fewer photographs than splits with a share.

    >>> split_photographs(np.array([0, 0, 1, 2, 3]), ["a", "b", "c", "d"], (0.6, 0.2, 0.2), 0)
    array([0, 0, 1, 2, 0])
    """
    wanted = [place for place, fraction in enumerate(fractions) if fraction > 0]
    sizes = np.bincount(photographs, minlength=len(names))
    if len(sizes) < len(wanted):
        raise SettingError(
            f"{counted(len(sizes), 'photograph')} cannot be parted into {len(wanted)} splits",
            hint="select more rows, or ask for fewer splits: --split 1,0,0 puts all into training",
        )
    hashes = [hashlib.sha256(f"{seed}\n{name}".encode("utf-8", "surrogatepass")).digest() for name in names]
    order = np.array(sorted(range(len(names)), key=lambda each: (hashes[each], names[each])))
    ends = np.cumsum(sizes[order])
    middles = ends - sizes[order] / 2
    shares = np.cumsum([fractions[place] for place in wanted])[:-1]
    cuts = np.searchsorted(middles, shares * ends[-1])
    last = len(order) - len(wanted)
    cuts = np.minimum(cuts, last + 1 + np.arange(len(cuts)))
    for place in range(len(cuts)):  # at least one photograph on this side of every cut
        cuts[place] = max(cuts[place], 1 + (cuts[place - 1] if place else 0))
    found = np.empty(len(order), np.int64)
    found[order] = np.array(wanted)[np.searchsorted(cuts, np.arange(len(order)), side="right")]
    return np.asarray(found[photographs])
