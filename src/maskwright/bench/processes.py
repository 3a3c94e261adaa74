"""Questions answered here, or shared out to processes that are hired for them; answers come in order."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from maskwright.errors import RunError

Task = TypeVar("Task")
Answer = TypeVar("Answer")


AHEAD = 4
"""Tasks a process that are handed out before the first answer is taken: enough to keep all of them busy."""


def answers(asking: Callable[[Task], Answer], tasks: Iterable[Task], workers: int) -> Iterator[Answer]:
    """What `asking` gives for each task, lazily.

    Args:
        asking: pickled once a process, if there is more than one worker.
        tasks: taken as they are handed out, so that not all of them are held at once.
        workers: processes; with one, all is done in this process.

    Raises:
        RunError: a process was ended from outside.
    """
    if workers == 1:
        yield from map(asking, tasks)
        return
    done = 0
    try:
        for answer in _shared_out(asking, tasks, workers):
            yield answer
            done += 1
    except BrokenProcessPool as error:
        raise RunError(
            f"a process ended at one of the rows {done + 1} to {done + AHEAD * workers}: a crash, or "
            "no memory was left",
            hint="give fewer --workers; if it ends again, leave rows out until the one is found",
        ) from error


def _shared_out(asking: Callable[[Task], Answer], tasks: Iterable[Task], workers: int) -> Iterator[Answer]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_hire, initargs=(asking,)) as pool:
        asked: deque[Future[Answer]] = deque()
        for task in tasks:
            asked.append(pool.submit(_ask_here, task))
            if len(asked) >= AHEAD * workers:
                yield asked.popleft().result()
        while asked:
            yield asked.popleft().result()


_hired: list[Callable[[Any], Any]] = []


def _hire(asking: Callable[[Any], Any]) -> None:
    _hired.append(asking)


def _ask_here(task: Any) -> Any:
    return _hired[0](task)
