"""Worker processes that make shards ahead of whoever trains on them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.corpus.executors import Finished, Lost
from maskwright.corpus.executors.local import LocalExecutor
from maskwright.errors import RunError
from maskwright.learning.stream import Shard, Stream, make_shard, read_shard, shard_path

AHEAD = 2
"""So many that nobody waits, and so few that a stopped run has not filled the disk."""
QUIET_S = 300.0
"""A sample that takes longer than this has hung."""
NAP_S = 0.1
LOSSES = 2
"""A worker may die so many times on one shard."""


@dataclass(frozen=True, slots=True)
class _Task:
    """A shard that is not there."""

    stream: Stream
    number: int


@dataclass(frozen=True, slots=True)
class _Work:
    """A shard, or a nap where nothing is to be done: an executor ends when it has no task left."""

    cache: Path

    def __call__(self, task: _Task | None, heard: Callable[[Any], None]) -> None:
        if task is None:
            time.sleep(NAP_S)
        else:
            make_shard(self.cache, task.stream, task.number, heard)


class Makers:
    """Gives shards in rising order; processes make them ahead, from the first one asked for until `close`.

    Args:
        workers: processes; 0 only waits for what others make in the same cache.
        ahead: shards each of them may be ahead of the one last asked for.
        also: streams whose one shard, number 0, is made right after the first one asked for.
    """

    def __init__(
        self,
        cache: Path,
        stream: Stream,
        *,
        workers: int,
        ahead: int = AHEAD,
        also: Sequence[Stream] = (),
    ) -> None:
        self._cache, self._stream, self._workers = cache, stream, workers
        self._ahead = ahead * workers
        self._also = deque(_Task(each, 0) for each in also)
        self._wanted = -1 - self._ahead
        self._next = 0
        self._again: deque[_Task] = deque()
        self._losses: dict[_Task, int] = {}
        self._started = False
        self._closing = threading.Event()
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)

    @property
    def stream(self) -> Stream:
        return self._stream

    def close(self) -> None:
        """End the processes; what they have finished stays."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def shard(self, number: int) -> Shard:
        """Shard `number`, as soon as it is there.

        Raises:
            RunError: workers die on it again and again.
            MaskwrightError: what a worker raised.
        """
        self._wanted, self._next = max(self._wanted, number), max(self._next, number)
        return self._read(_Task(self._stream, number))

    def other(self, stream: Stream) -> Shard:
        """The one shard of a stream that was named as `also`; as soon as it is there.

        Raises:
            RunError, MaskwrightError: as `shard`.
        """
        return self._read(_Task(stream, 0))

    def _read(self, task: _Task) -> Shard:
        if self._workers and not self._started:
            self._started = True
            self._thread.start()
        path = shard_path(self._cache, task.stream, task.number)
        while not path.exists():
            if self._fault is not None:
                raise self._fault
            if self._closing.is_set():
                raise RunError(f"shard {task.number} was asked for after the end")
            time.sleep(NAP_S / 2)
        return read_shard(path)

    def _work(self) -> None:
        tasks: deque[_Task | None] = deque(self._task() for _ in range(self._workers))
        events = LocalExecutor(self._workers, QUIET_S).run(_Work(self._cache), tasks)
        try:
            with contextlib.closing(events):  # type: ignore[type-var]
                for event in events:
                    if self._closing.is_set():
                        return
                    if isinstance(event, Lost):
                        self._note_loss(event)
                    if isinstance(event, Finished | Lost):
                        tasks.append(self._task())
        except BaseException as fault:  # of a thread: told to the one who waits
            self._fault = fault

    def _task(self) -> _Task | None:
        """What to make next, as far as one may go ahead; None where there is nothing."""
        if self._again:
            return self._again.popleft()
        while (task := self._following()) is not None:
            if not shard_path(self._cache, task.stream, task.number).exists():
                return task
        return None

    def _following(self) -> _Task | None:
        if self._also and self._next > self._wanted:
            return self._also.popleft()
        if self._next > self._wanted + self._ahead:
            return None
        self._next += 1
        return _Task(self._stream, self._next - 1)

    def _note_loss(self, event: Lost) -> None:
        if event.task is None:
            return
        self._losses[event.task] = self._losses.get(event.task, 0) + 1
        if self._losses[event.task] > LOSSES:
            raise RunError(f"workers died on shard {event.task.number} again and again ({event.detail})")
        self._again.append(event.task)
