"""Which rows show a picture of a test set, so that nothing is trained on what it will be measured by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from maskwright.corpus.plan import is_run
from maskwright.corpus.reader import Corpus, open_corpus
from maskwright.datasets.leaks.candidates import Progress, near_between
from maskwright.datasets.leaks.closer_look import Pictures, Say
from maskwright.datasets.leaks.confirm import look_at, same_photograph
from maskwright.datasets.leaks.groups import Sets, distinct, join_known, photographs, warn
from maskwright.datasets.leaks.looks import COLUMNS, Shown, shown_by
from maskwright.datasets.leaks.tested import FORMS, Tested, Tests, tested_in
from maskwright.errors import InputError
from maskwright.pages.words import counted
from maskwright.pairs.descriptor import describe
from maskwright.pairs.opening import shown as printable
from maskwright.pairs.picture import read_picture

Flags: TypeAlias = NDArray[np.bool_]

_SAID_EVERY = 20


def shown_in(
    source: str,
    corpora: Sequence[Corpus],
    rows: Sequence[pa.Table],
    *,
    progress: Progress | None = None,
    say: Say = warn,
) -> list[Flags]:
    """Which rows show a picture of a test set, as original or as edited picture, or a near-duplicate of one.

    So do all rows of the same original or session. Every candidate is confirmed by a closer look at the two
    pictures; where ours is gone the row counts, and that is said.

    Args:
        source: OUT of annotate, whose own near-duplicates count, too; else as for `tested_in`.
        rows: as for `photographs`.
        progress: called with (done, of how many): pictures described, search, candidates looked at.
        say: called with what people must know, like pictures of the test set that cannot be read.

    Returns:
        (rows,) bool of each corpus.

    Raises:
        InputError: there is no such source, or no picture in it can be read.
        SettingError: there is no preset of that name.
        RunError: a corpus is damaged.
    """
    tell = progress or (lambda done, total: None)
    if is_run(Path(source)):
        return _shown_in_corpus(open_corpus(source), corpora, rows, tell, say)
    tests = tested_in(source)
    looks = _described(source, tests, tell, say)
    counts = [table.num_rows for table in rows]
    ours = shown_by(corpora, rows, all_edited=True)
    sets = Sets(sum(counts))
    join_known(sets, corpora, rows, ours)
    different = distinct(ours)
    found = near_between(list(looks.values()), [each.name.descriptor for each in different], progress=tell)
    candidates: dict[int, list[Shown]] = {}
    places = list(looks)
    for test, our in found.tolist():
        candidates.setdefault(places[test], []).append(different[our])
    hit = _confirmed(tests, candidates, sets, Pictures(corpora), tell, say)
    flags = np.array([sets.of(row) in hit for row in range(sum(counts))], np.bool_)
    return np.split(flags, np.cumsum(counts)[:-1])


def _shown_in_corpus(
    tests: Corpus, corpora: Sequence[Corpus], rows: Sequence[pa.Table], progress: Progress, say: Say
) -> list[Flags]:
    """Of a corpus the pictures are described: those that are the same photograph as one of its rows."""
    table = tests.table([name for name in COLUMNS if name in tests.columns])
    unread = table["descriptor"].null_count
    if unread == table.num_rows:
        raise InputError(f"{tests.out} holds no picture that could be read", hint=FORMS)
    if unread:
        say(
            f"{unread:,} of {counted(table.num_rows, 'row')} of {tests.out} could not be read, and rows that"
            " show them are not kept out"
        )
    *numbers, there = photographs([*corpora, tests], [*rows, table], progress=progress, say=say)
    return [np.isin(each, there) for each in numbers]


def _described(source: str, tests: Tests, progress: Progress, say: Say) -> dict[int, bytes]:
    """Place of a picture -> its descriptor, of those that could be read; says how many could not."""
    looks, unread, place = {}, [], -1
    for place, test in enumerate(tests.read()):
        try:
            looks[place] = describe(_opened(test))
        except InputError as fault:
            unread.append(f"{printable(test.name)}: {fault}")
        if place % _SAID_EVERY == 0:
            progress(place + 1, max(place + 1, tests.about))
    if not looks:
        raise InputError(
            f"no picture of {printable(source)} could be read" + (f", like {unread[0]}" if unread else ""),
            hint=FORMS,
        )
    if unread:
        say(
            f"{len(unread):,} of {counted(place + 1, 'picture')} of {printable(source)} could not be read,"
            f" and rows that show them are not kept out; the first is {unread[0]}"
        )
    return looks


def _confirmed(
    tests: Tests,
    candidates: dict[int, list[Shown]],
    sets: Sets,
    pictures: Pictures,
    progress: Progress,
    say: Say,
) -> set[int]:
    """The sets of rows that show one of the pictures they are candidates for."""
    hit: set[int] = set()
    unsure, last = 0, max(candidates, default=-1)
    for place, test in enumerate(tests.read() if candidates else ()):
        if place > last:
            break
        if all(sets.of(each.row) in hit for each in candidates.get(place, ())):
            continue
        here = look_at(_opened(test))
        for each in candidates[place]:
            if sets.of(each.row) not in hit:
                there = pictures.look(each)
                unsure += there is None
                if there is None or same_photograph(there, here):
                    hit.add(sets.of(each.row))
        progress(place + 1, last + 1)
    if unsure:
        say(pictures.told_gone(unsure))
    return hit


def _opened(test: Tested) -> np.ndarray:
    if test.picture is None:
        raise InputError(test.why or "there is no picture")
    return read_picture(test.picture).pixels
