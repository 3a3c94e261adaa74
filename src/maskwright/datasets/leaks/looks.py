"""The pictures of corpora's rows that can be looked for, and what they look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from maskwright.corpus.reader import Corpus
from maskwright.datasets.leaks.answers import Named
from maskwright.pairs.descriptor import DESCRIPTOR_BYTES, levels_of

COLUMNS = ("id", "original", "edited", "original_phash", "descriptor", "edited_descriptor", "key")
"""What of a corpus says which photograph a row shows; older ones and most sources have not all of them."""
AS_ITS_ORIGINAL = 0.9
"""Likeness from which an edited picture is not looked for on its own: what is like it is like that."""
PLAIN = bytes([0x88]) * DESCRIPTOR_BYTES
"""128 levels of 0: a picture without content, which is at distance 1 from all."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of a row.

    Args:
        row: of all rows of all corpora, one after the other.
        corpus: place of its corpus among them.
        phash: of an original; empty for an edited picture.
    """

    row: int
    corpus: int
    name: Named
    phash: str


def shown_by(corpora: Sequence[Corpus], rows: Sequence[pa.Table], *, all_edited: bool = False) -> list[Shown]:
    """Every picture of rows that can be looked for: originals row by row, then edited ones.

    Left out are those without a key or a descriptor, plain ones, and unless `all_edited` those that are as
    like their original as `AS_ITS_ORIGINAL`.
    """
    originals, edited = [], []
    first = 0
    for place, (corpus, table) in enumerate(zip(corpora, rows, strict=True)):
        here, there = cells(table, "descriptor"), cells(table, "edited_descriptor")
        keys, hashes, others = (
            cells(table, "original"),
            cells(table, "original_phash"),
            cells(table, "edited"),
        )
        for row in _to_look_for(keys, here):
            name = Named(corpus.source, keys[row], here[row])
            originals.append(Shown(first + row, place, name, hashes[row] or ""))
        own = _on_their_own(here, there)
        for row in _to_look_for(others, there):
            if all_edited or own[row]:
                edited.append(Shown(first + row, place, Named(corpus.source, others[row], there[row]), ""))
        first += table.num_rows
    return originals + edited


def cells(table: pa.Table, column: str) -> list[Any]:
    """The values of a column; all None where there is no such column."""
    return table[column].to_pylist() if column in table.column_names else [None] * table.num_rows


def _to_look_for(keys: Sequence[str | None], descriptors: Sequence[bytes | None]) -> list[int]:
    both = enumerate(zip(keys, descriptors, strict=True))
    return [row for row, (key, seen) in both if key is not None and seen is not None and seen != PLAIN]


def _on_their_own(originals: Sequence[bytes | None], edited: Sequence[bytes | None]) -> NDArray[np.bool_]:
    """Which edited pictures do not look like their original, frame on frame."""
    own = np.ones(len(edited), np.bool_)
    step = 100_000
    for first in range(0, len(edited), step):
        here = levels_of([each or PLAIN for each in originals[first : first + step]])
        there = levels_of([each or PLAIN for each in edited[first : first + step]])
        lengths = np.linalg.norm(here, axis=1) * np.linalg.norm(there, axis=1)
        # sums of whole numbers: the same everywhere
        own[first : first + step] = np.sum(here * there, axis=1) < AS_ITS_ORIGINAL * lengths
        own[first : first + step] |= lengths == 0
    return own
