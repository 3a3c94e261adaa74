"""The local executor: a few processes on this machine, one thread each.

Fresh interpreters, not forks (OpenCV's pool does not survive a fork) and not
`multiprocessing` (which runs the caller's main module again, so that a script without a
guard would start itself).
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from maskwright.corpus.executors import Event, Finished, Heard, Lost, Work
from maskwright.corpus.executors.worker import receive, send
from maskwright.errors import RunError, SettingError

# Libraries read these before they start their pools; N workers times M threads is slower.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "ARROW_IO_THREADS": "1",
}

# glibc hands every large array back to the system at once, and the next pair faults its pages in
# again: a third of a worker's time (benchmarks/bench_speed.py: 24 ms a pair without, 16 with).
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    " from maskwright.corpus.executors.worker import serve; serve()"
)

# How often silence is looked for: far below any sensible limit, and no work.
LOOK_S = 0.25


def default_workers() -> int:
    """The processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_settings(workers: int | None, quiet_s: float) -> None:
    """Refuse what no executor can work with."""
    if workers is not None and workers < 1:
        raise SettingError(f"{workers} workers cannot work", hint="give 1 or more")
    if not quiet_s > 0:
        raise SettingError(f"a limit of {quiet_s} seconds leaves no time", hint="give more than 0")


@dataclass(frozen=True, slots=True)
class LocalExecutor:
    """Processes on this machine.

    Args:
        workers: how many at once, 1 or more; None: as many as processors that may be used.
        quiet_s: seconds without a note after which a worker counts as hung.
        devices: they would share the machine's GPUs, so one is enough where no number is given.
    """

    workers: int | None
    quiet_s: float
    devices: bool = False

    def __post_init__(self) -> None:
        check_settings(self.workers, self.quiet_s)

    def run(self, work: Work, tasks: deque[Any]) -> Iterator[Event]:
        """See `Executor.run`."""
        crew, most = Crew(work), self.workers or (1 if self.devices else default_workers())
        try:
            while tasks or crew.busy:
                for worker in [each for each in crew.members if each.idle]:
                    if tasks:
                        worker.give(tasks.popleft())
                for _ in range(min(most - len(crew.members), len(tasks))):
                    crew.hire().give(tasks.popleft())
                yield from crew.listen(self.quiet_s)
        finally:
            crew.dismiss()


@dataclass(slots=True, eq=False)
class Worker:
    """One process; `task` is None while it is idle."""

    process: subprocess.Popen[bytes]
    idle: bool = True
    task: Any = None
    note: Any = None
    ready: bool = False
    heard: float = field(default_factory=time.monotonic)

    def give(self, task: Any) -> None:
        self.task, self.note, self.idle = task, None, False
        # A worker that has just died is noticed by its reader, not here.
        with contextlib.suppress(BrokenPipeError):
            send(cast("Any", self.process.stdin), task)


class Crew:
    """The processes at work on this machine, and the one queue their messages arrive in."""

    def __init__(self, work: Work) -> None:
        self.members: list[Worker] = []
        self._work = work
        self._inbox: queue.SimpleQueue[tuple[Worker, str, Any]] = queue.SimpleQueue()

    @property
    def busy(self) -> bool:
        return any(not worker.idle for worker in self.members)

    def hire(self) -> Worker:
        try:
            process = subprocess.Popen(
                [sys.executable, "-c", _BOOT, json.dumps(sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **ONE_THREAD, **KEEP_MEMORY},
                start_new_session=True,  # Ctrl-C is for us to handle, not for each of them
            )
        except OSError as fault:
            raise RunError(f"a worker process cannot be started: {fault}") from fault
        worker = Worker(process)
        self.members.append(worker)
        threading.Thread(target=self._read, args=(worker,), daemon=True).start()
        with contextlib.suppress(BrokenPipeError):
            send(cast("Any", process.stdin), self._work)
        return worker

    def listen(self, quiet_s: float) -> Iterator[Event]:
        """What came in; silence is judged only when nothing is waiting to be read."""
        try:
            worker, kind, content = self._inbox.get(timeout=LOOK_S)
        except queue.Empty:
            now = time.monotonic()
            for worker in list(self.members):
                if worker.note is not None and now - worker.heard > quiet_s:
                    yield self._lost(worker, "silent", f"no sign of life for {quiet_s:g} s")
            return
        if worker not in self.members:
            return
        worker.heard = time.monotonic()
        if kind == "ready":
            worker.ready = True
        elif kind == "heard":
            worker.note = content
            yield Heard(worker.task, content)
        elif kind == "finished":
            task, worker.task, worker.note, worker.idle = worker.task, None, None, True
            yield Finished(task, content)
        elif kind == "raised":
            raise content
        elif not worker.ready:
            raise RunError(
                f"a worker process ended before it began ({_ending(worker.process)})",
                hint="what it wrote stands above; try the same line with --workers 1",
            )
        elif worker.idle:
            self._end(worker)
        else:
            yield self._lost(worker, "died", _ending(worker.process))

    def dismiss(self) -> None:
        for worker in list(self.members):
            self._end(worker)

    def _lost(self, worker: Worker, why: str, detail: str) -> Lost:
        self._end(worker)
        return Lost(worker.task, why, worker.note, worker.process.pid, socket.gethostname(), detail)

    def _end(self, worker: Worker) -> None:
        self.members.remove(worker)
        worker.process.kill()
        worker.process.wait()
        with contextlib.suppress(BrokenPipeError):
            cast("Any", worker.process.stdin).close()

    def _read(self, worker: Worker) -> None:
        stream = cast("Any", worker.process.stdout)
        with stream:
            try:
                while True:
                    kind, content = receive(stream)
                    self._inbox.put((worker, kind, content))
            except Exception:  # the end, or bytes cut off by a kill
                self._inbox.put((worker, "gone", None))


def _ending(process: subprocess.Popen[bytes]) -> str:
    code = process.wait()
    if code >= 0:
        return f"it exited with {code}"
    try:
        return f"it was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"it was ended by signal {-code}"
