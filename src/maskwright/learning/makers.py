"""Worker processes that make shards ahead of whoever trains on them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.corpus.executors import Finished, Lost
from maskwright.corpus.executors.local import LocalExecutor
from maskwright.errors import RunError
from maskwright.learning.stream import MakeShard, Shard, Stream, read_shard, shard_path

AHEAD = 2
"""So many that nobody waits, and so few that a stopped run has not filled the disk."""
QUIET_S = 300.0
"""A sample that takes longer than this has hung."""
NAP_S = 0.1
LOSSES = 2
"""A worker may die so many times on one shard."""


@dataclass(frozen=True, slots=True)
class _Work:
    """A shard, or a nap where nothing is to be done: an executor ends when it has no task left."""

    make: MakeShard

    def __call__(self, number: int | None, heard: Callable[[Any], None]) -> None:
        if number is None:
            time.sleep(NAP_S)
        else:
            self.make(number, heard)


class Makers:
    """Gives shards in rising order; processes make them ahead, from the first one asked for until `close`.

    Args:
        workers: processes; 0 only waits for what others make in the same cache.
        ahead: shards each of them may be ahead of the one last asked for.
    """

    def __init__(self, cache: Path, stream: Stream, *, workers: int, ahead: int = AHEAD) -> None:
        self._cache, self._stream, self._workers = cache, stream, workers
        self._ahead = ahead * workers
        self._wanted = 0
        self._next: int | None = None
        self._again: deque[int] = deque()
        self._losses: dict[int, int] = {}
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
        self._wanted = max(self._wanted, number)
        if self._next is None:
            self._next = number
            if self._workers:
                self._thread.start()
        path = shard_path(self._cache, self._stream, number)
        while not path.exists():
            if self._fault is not None:
                raise self._fault
            if self._closing.is_set():
                raise RunError(f"shard {number} was asked for after the end")
            time.sleep(NAP_S / 2)
        return read_shard(path)

    def _work(self) -> None:
        tasks: deque[int | None] = deque(self._task() for _ in range(self._workers))
        executor = LocalExecutor(self._workers, QUIET_S)
        try:
            with contextlib.closing(
                executor.run(_Work(MakeShard(self._cache, self._stream)), tasks)
            ) as events:  # type: ignore[type-var]
                for event in events:
                    if self._closing.is_set():
                        return
                    if isinstance(event, Lost):
                        self._note_loss(event)
                    if isinstance(event, Finished | Lost):
                        tasks.append(self._task())
        except BaseException as fault:  # of a thread: told to the one who waits
            self._fault = fault

    def _task(self) -> int | None:
        """The next shard that is not there, as far as one may go ahead."""
        if self._again:
            return self._again.popleft()
        while self._next is not None and self._next <= self._wanted + self._ahead:
            number, self._next = self._next, self._next + 1
            if not shard_path(self._cache, self._stream, number).exists():
                return number
        return None

    def _note_loss(self, event: Lost) -> None:
        if event.task is None:
            return
        self._losses[event.task] = self._losses.get(event.task, 0) + 1
        if self._losses[event.task] > LOSSES:
            raise RunError(f"workers died on shard {event.task} again and again ({event.detail})")
        self._again.append(event.task)


def first_shard(cache: Path, stream: Stream) -> Shard:
    """Shard 0 of a stream that has no other, made now unless it is there."""
    with contextlib.closing(Makers(cache, stream, workers=1, ahead=0)) as makers:
        return makers.shard(0)
