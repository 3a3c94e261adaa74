"""Whole batches for an annotator that wants them: a few threads read and align ahead, and score behind."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

from maskwright.masks.annotators import Annotator
from maskwright.masks.pipeline import Prepared, broken, conclude, ready_or_broken
from maskwright.pairs.values import Annotation, Change, Pair, Rejection

THREADS = 4
"""Decoding and aligning do without Python's lock for most of their time; so many are a node's share of
processors a GPU on common machines (8 GPUs, 32 or more processors)."""

Item: TypeAlias = tuple[Pair | Rejection, Annotation | None]
"""What a source gave, and what became of it where that is settled."""


def batch_size(annotator: Annotator) -> int:
    """How many pairs an annotator wants at once: its `batch_size`, or 1."""
    return int(getattr(annotator, "batch_size", 1))


def in_batches(
    items: Iterator[Item], annotator: Annotator, size: int, *, max_pixels: int, alive: Callable[[], None]
) -> Iterator[Item]:
    """The same items in the same order, the pairs among them settled.

    The annotator is asked in this thread, for `size` pairs at once but the last time. What it gives does
    not depend on the batch, so neither does what comes out here. About four batches are in memory: two
    are read, one is annotated, one is scored.

    Args:
        alive: called as pairs get ready, so that a long batch is not taken for a hang.
    """
    line: deque[tuple[Pair | Rejection, Future[Prepared | Annotation | None]]] = deque()
    scored: list[tuple[Pair | Rejection, Future[Annotation | None]]] = []
    with ThreadPoolExecutor(THREADS) as pool:
        while True:
            ready: list[tuple[Pair | Rejection, Prepared | Annotation | None]] = []
            asking: list[Prepared] = []
            while len(asking) < size:
                while len(line) < 2 * size and (item := next(items, None)) is not None:
                    line.append((item[0], pool.submit(_prepared, item, annotator, max_pixels)))
                if not line:
                    break
                who, future = line.popleft()
                prepared = future.result()
                alive()
                ready.append((who, prepared))
                if isinstance(prepared, Prepared) and prepared.asks:
                    asking.append(prepared)
            answers = iter(_answers(annotator, asking) if asking else [])
            before, scored = scored, []
            for who, prepared in ready:
                asked = isinstance(prepared, Prepared) and prepared.asks
                scored.append((who, pool.submit(_concluded, prepared, next(answers) if asked else None)))
            for who, settled in before:
                yield who, settled.result()
            if not ready:
                return


def _prepared(item: Item, annotator: Annotator, max_pixels: int) -> Prepared | Annotation | None:
    who, settled = item
    if settled is not None or isinstance(who, Rejection):
        return settled
    return ready_or_broken(who, annotator, max_pixels=max_pixels)


def _answers(annotator: Annotator, asking: Sequence[Prepared]) -> Sequence[Change | Exception]:
    """The annotator's answers; where it raises on a batch, one by one, so that one pair costs one row."""
    try:
        return annotator.annotate([each.aligned for each in asking], [each.hint for each in asking])
    except Exception as error:
        if len(asking) == 1:
            return [error]
        return [answer for each in asking for answer in _answers(annotator, [each])]


def _concluded(
    prepared: Prepared | Annotation | None, answer: Change | Exception | None
) -> Annotation | None:
    if not isinstance(prepared, Prepared):
        return prepared
    if isinstance(answer, Exception):
        return broken(prepared.pair, answer, prepared.original)
    try:
        return conclude(prepared, prepared.change if answer is None else answer).annotation
    except Exception as error:
        return broken(prepared.pair, error, prepared.original)
