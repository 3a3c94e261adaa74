"""Which rows of corpora show the same photograph: what must not be in training and in the test set at once.

Found without opening a picture: rows with an original of the same key, or an edited picture that is another
row's original (turns of a session); rows with the same value of the column `key`, by which published corpora
name the photograph or the session; originals of the same hash and descriptor. Then near ones: candidates by
their descriptors (`candidates.py`), originals and edited pictures alike, each confirmed by a closer look at
the two pictures (`confirm.py`). What is the same as the same is the same. Why: docs/why/leaks.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from maskwright.corpus.reader import Corpus
from maskwright.datasets.leaks.candidates import Progress, limit_for, near_pairs
from maskwright.datasets.leaks.closer_look import CloserLook, Say
from maskwright.datasets.leaks.looks import Shown, cells, shown_by
from maskwright.pages.words import counted
from maskwright.pairs.descriptor import NEAR
from maskwright.pairs.opening import is_remote

Numbers: TypeAlias = NDArray[np.int64]


def warn(sentence: str) -> None:
    """Say it as a Python warning: where nobody listens otherwise."""
    warnings.warn(sentence, stacklevel=3)


def photographs(
    corpora: Sequence[Corpus],
    rows: Sequence[pa.Table],
    *,
    progress: Progress | None = None,
    say: Say = warn,
) -> list[Numbers]:
    """The number of the photograph that each row shows, or a near-duplicate of it.

    Args:
        rows: of each corpus the rows that are meant, in any order: id, original, edited, original_phash,
            descriptor; edited_descriptor and key where the corpus has them.
        progress: called with (done, of how many), first for the search, then for what is to be confirmed.
        say: called with what people must know: corpora without edited_descriptor, pictures that are gone.

    Returns:
        A number a row, from 0 on without gaps, one numbering for all corpora. Numbers follow the order of
        rows, which rows are together does not depend on it. What was confirmed or refuted is kept in the
        corpora's folders: asked again, no picture is opened. A candidate whose picture is gone counts as
        the same photograph, and that is said.

    Raises:
        RunError: a corpus is damaged.
    """
    counts = [table.num_rows for table in rows]
    sets = Sets(sum(counts))
    shown = shown_by(corpora, rows)
    join_known(sets, corpora, rows, shown)
    _say_what_is_missing(corpora, rows, say)
    different = distinct(shown)
    if limit_for(len(different)) < NEAR:
        say(
            f"{counted(len(different), 'different picture')} are many: near-duplicates are looked for below"
            f" a distance of {limit_for(len(different)):.2f}, so some strong crops are missed"
        )
    found = near_pairs([each.name.descriptor for each in different], progress=progress)
    with CloserLook(corpora, say) as closer:
        for done, (first, second) in enumerate(found.tolist(), 1):
            one, other = different[first], different[second]
            if sets.of(one.row) != sets.of(other.row) and closer.same(one, other):
                sets.join(one.row, other.row)
            if progress is not None:
                progress(done, len(found))
    return np.split(sets.numbers(), np.cumsum(counts)[:-1])


class Sets:
    """Rows, from 0 on, in sets that can be joined."""

    def __init__(self, count: int) -> None:
        self._towards = list(range(count))
        self._names: dict[Hashable, int] = {}

    def of(self, row: int) -> int:
        """The first row of its set."""
        towards = self._towards
        while towards[row] != row:
            towards[row] = towards[towards[row]]
            row = towards[row]
        return row

    def join(self, one: int, other: int) -> None:
        first, second = sorted((self.of(one), self.of(other)))
        self._towards[second] = first

    def named(self, name: Hashable, row: int) -> None:
        """Join a row with all others of that name."""
        self.join(self._names.setdefault(name, row), row)

    def numbers(self) -> Numbers:
        """(n,) the set of each row, counted from 0 in the order of their first rows."""
        firsts = [self.of(row) for row in range(len(self._towards))]
        return np.asarray(np.unique(firsts, return_inverse=True)[1], np.int64).reshape(-1)


def join_known(
    sets: Sets, corpora: Sequence[Corpus], rows: Sequence[pa.Table], shown: Sequence[Shown]
) -> None:
    """Join the rows of which it is known without a closer look that they show the same photograph."""
    for name, row in (*_names(corpora, rows), *_exact_looks(shown)):
        sets.named(name, row)


def distinct(shown: Sequence[Shown]) -> list[Shown]:
    """Those to be compared, by name: of originals that look exactly alike the one of the smallest name."""
    least: dict[Hashable, Shown] = {}
    for each in sorted(shown, key=lambda each: each.name):
        least.setdefault((each.phash, each.name.descriptor) if each.phash else each.name, each)
    return sorted({each.name: each for each in least.values()}.values(), key=lambda each: each.name)


def _names(corpora: Sequence[Corpus], rows: Sequence[pa.Table]) -> Iterator[tuple[Hashable, int]]:
    """What its source calls a row's photograph: keys of its pictures, and the column `key`."""
    first = 0
    for corpus, table in zip(corpora, rows, strict=True):
        for column in ("original", "edited"):
            for row, key in enumerate(cells(table, column), first):
                if key is not None:
                    yield ("" if is_remote(key) else corpus.source, "picture", key), row
        for row, key in enumerate(cells(table, "key"), first):
            if key is not None:
                yield (corpus.source, "key", str(key)), row
        first += table.num_rows


def _exact_looks(shown: Sequence[Shown]) -> Iterator[tuple[Hashable, int]]:
    """Hash and descriptor of the originals: 192 bits that are all the same by a copy only."""
    for each in shown:
        if each.phash:
            yield ("look", each.phash, each.name.descriptor), each.row


def _say_what_is_missing(corpora: Sequence[Corpus], rows: Sequence[pa.Table], say: Say) -> None:
    for corpus, table in zip(corpora, rows, strict=True):
        if "edited_descriptor" not in table.column_names:
            say(
                f"{corpus.out} was annotated before edited pictures were described: only its originals are"
                " compared with others; annotate it again into a new folder to compare edited ones, too"
            )
