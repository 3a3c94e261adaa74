"""Questions answered here, or shared out to processes that are hired for them; answers come in order."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

Task = TypeVar("Task")
Answer = TypeVar("Answer")


def answers(asking: Callable[[Task], Answer], tasks: Sequence[Task], workers: int) -> Iterator[Answer]:
    """What `asking` gives for each task, lazily.

    Args:
        asking: pickled once a process, if there is more than one worker.
        workers: processes; with one, all is done in this process.
    """
    if workers == 1:
        yield from map(asking, tasks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_hire, initargs=(asking,)) as pool:
        yield from pool.map(_ask_here, tasks)


_hired: list[Callable[[Any], Any]] = []


def _hire(asking: Callable[[Any], Any]) -> None:
    _hired.append(asking)


def _ask_here(task: Any) -> Any:
    return _hired[0](task)
