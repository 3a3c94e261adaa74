"""How many photographs a selection shows: its rows by photograph, near-duplicates together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maskwright.datasets.building.gather import gather
from maskwright.datasets.leaks.groups import photographs
from maskwright.datasets.values import Progress

LARGEST, IDS = 5, 4
"""Photographs that are listed, and rows of each: the largest and the first."""


@dataclass(frozen=True, slots=True)
class Together:
    """Rows that show one photograph.

    Args:
        rows: how many.
        ids: of the first ones: (corpus, id).
    """

    rows: int
    ids: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Photographs:
    """The photographs of a selection.

    Args:
        rows: that were compared: those whose mask is not empty.
        photographs: that they show.
        largest: those with the most rows, two at least.
        notes: what people must know of the search, sentences.
    """

    rows: int
    photographs: int
    largest: tuple[Together, ...]
    notes: tuple[str, ...]


def count_photographs(outs: Sequence[Path], name: str, *, progress: Progress) -> Photographs:
    """Compare the rows of a selection in all its corpora; what is found stays in them for `build`.

    Raises:
        RunError: a selection or a corpus cannot be read, or what is found cannot be kept.
    """
    gathered = gather(outs, name)
    notes: list[str] = []
    numbers = photographs(
        [each.corpus for each in gathered],
        [each.table for each in gathered],
        progress=lambda done, total: progress("near-duplicates", done, total),
        say=notes.append,
    )
    same = np.concatenate(numbers)
    rows = [
        (str(out), pair_id)
        for out, each in zip(outs, gathered, strict=True)
        for pair_id in each.table["id"].to_pylist()
    ]
    known, counts = np.unique(same, return_counts=True)
    first = np.argsort(-counts, kind="stable")[:LARGEST]
    largest = tuple(
        Together(
            int(counts[place]),
            tuple(rows[row] for row in np.flatnonzero(same == known[place])[:IDS]),
        )
        for place in first
        if counts[place] > 1
    )
    return Photographs(len(rows), len(known), largest, tuple(notes))
