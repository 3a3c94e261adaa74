"""A few rows run for real, one after the other in a worker of this machine, with a clock at every step."""

from __future__ import annotations

import contextlib
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

from maskwright.corpus.batches import Item, batch_size
from maskwright.corpus.executors import Beat, Heard, Lost
from maskwright.corpus.executors.local import LocalExecutor
from maskwright.corpus.parts import Row
from maskwright.corpus.plan import Planned
from maskwright.corpus.sitting import Progress, RowsDone
from maskwright.corpus.work import Workshop, batched, row_for, supply, workshop
from maskwright.errors import RunError
from maskwright.masks.annotators import Annotator
from maskwright.pairs.values import Aligned, Change, Hint


@dataclass(frozen=True, slots=True)
class Tried:
    """One row that was run.

    Args:
        row: None for one that took its worker with it; its times say nothing.
        wall_s, cpu_s: from asking the source to having the row; on the clock, and computing.
        source_s, annotator_s: of wall_s, inside the source, and inside the annotator.
    """

    status: str
    reason: str
    row: Row | None = None
    wall_s: float = 0.0
    cpu_s: float = 0.0
    source_s: float = 0.0
    annotator_s: float = 0.0


def single_rows(plan: Sequence[Planned]) -> list[Planned]:
    """Every planned row as a part of its own, so that the rows before it are not read."""
    places = [
        replace(each.part, start=each.part.start + row, rows=1)
        for each in plan
        for row in (range(each.part.rows) if each.take is None else each.take)
    ]
    return [Planned(replace(part, number=number)) for number, part in enumerate(places)]


def run_trial(folder: Path, count: int, quiet_s: float, progress: Progress | None) -> list[Tried]:
    """Run the `count` single rows planned in a folder; one that ends its worker is `failed`.

    Raises:
        RunError: a worker cannot be started, or ends before the first row.
    """
    found: list[Tried] = []
    tasks = deque([0])
    executor = LocalExecutor(1, quiet_s)
    with contextlib.closing(executor.run(partial(try_rows, str(folder)), tasks)) as events:  # type: ignore[type-var]
        for event in events:
            if isinstance(event, Heard) and isinstance(event.note, Tried):
                found.append(event.note)
            elif isinstance(event, Lost):
                if event.note is None:
                    raise RunError(
                        f"a worker ends before the first row: {event.detail}",
                        hint="what it wrote stands above; is there enough memory?",
                    )
                found.append(Tried("failed", "timed_out" if event.why == "silent" else "worker_died"))
                tasks.append(len(found))
            if progress is not None:
                by_status = dict(Counter(each.status for each in found))
                progress(RowsDone(len(found), count, by_status, None, None))
    return found


def try_rows(folder: str, first: int, beat: Beat) -> None:
    """The worker's side: run the rows from the first one on, with a `Tried` as the note of each."""
    opened = workshop(folder)
    clock = _Clock(opened.annotator)
    shop = replace(opened, annotator=clock)
    beat(first)
    for number in range(first, len(shop.plan)):
        shop.source.holds(shop.plan[number].part)  # opens its file: a cost of many rows, not of each
        beat(first)
    if first < len(shop.plan):
        _warm_up(shop, first)
    items = batched(shop, clock.watched(_items(shop, first)), lambda: None)
    for number in range(first, len(shop.plan)):
        beat(number)
        before = clock.now()
        row = row_for(shop, *next(items))
        spent = [after - then for after, then in zip(clock.now(), before, strict=True)]
        beat(Tried(row["status"], row["reason"], row, *spent))
    beat(None)


def _warm_up(shop: Workshop, first: int) -> None:
    """What is loaded and built at the first pair is not a cost of every pair."""
    row_for(shop, *next(batched(shop, _items(shop, first), lambda: None)))


def _items(shop: Workshop, first: int) -> Iterator[Item]:
    return chain.from_iterable(supply(shop, shop.plan[number]) for number in range(first, len(shop.plan)))


class _Clock:
    """An annotator that is another one, and adds up the seconds spent in it and in a source."""

    def __init__(self, annotator: Annotator) -> None:
        self.card, self.batch_size = annotator.card, batch_size(annotator)
        self._annotator = annotator
        self._source_s = self._annotator_s = 0.0

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        began = time.perf_counter()
        try:
            return self._annotator.annotate(batch, hints)
        finally:
            self._annotator_s += time.perf_counter() - began

    def watched(self, items: Iterator[Item]) -> Iterator[Item]:
        while True:
            began = time.perf_counter()
            item = next(items, None)
            self._source_s += time.perf_counter() - began
            if item is None:
                return
            yield item

    def now(self) -> tuple[float, float, float, float]:
        """On the clock, computing, in the source, in the annotator."""
        return time.perf_counter(), time.process_time(), self._source_s, self._annotator_s
