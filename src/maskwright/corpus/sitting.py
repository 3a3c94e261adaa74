"""One sitting of a run: work off what is to do, and let a lost worker cost one row at most."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from maskwright.corpus import atomic
from maskwright.corpus.executors import Executor, Finished, Heard, Lost
from maskwright.corpus.parts import part_path, parts_done
from maskwright.corpus.plan import Planned
from maskwright.corpus.status import count_part
from maskwright.corpus.view import places
from maskwright.corpus.work import SEEN_BY_ALL, Careful, Killer, Note, PartTask, annotate_part
from maskwright.errors import RunError

# A worker that shares the machine with others may have four fifths of its share, and at least
# what two pictures of 100 megapixels need with all their float planes.
_MEMORY_SHARE, _LEAST_MEMORY = 0.8, 4 << 30

# A network folder may show a new file late: NFS looks again after 60 s at most (acdirmax in nfs(5)).
_SEEN_S = 70.0

# People cannot read faster; the callback must not cost more than the rows.
_PROGRESS_S = 0.1


@dataclass(frozen=True, slots=True)
class RowsDone:
    """How far a run is now; those done in earlier sittings are counted.

    Args:
        rows_per_s: in this sitting; None before the first row.
        eta_s: seconds to the end at that rate.
    """

    rows: int
    total: int
    by_status: Mapping[str, int]
    rows_per_s: float | None
    eta_s: float | None


Progress = Callable[[RowsDone], None]


class Sitting:
    """One call of `annotate`: which parts are to do, and how many rows are done."""

    def __init__(
        self, folder: Path, plan: list[Planned], progress: Progress | None, retry_failed: bool
    ) -> None:
        self.plan = {planned.part.number: planned for planned in plan}
        self.todo: list[int] = []
        self.done_before: list[int] = []
        self._folder, self._progress = folder, progress
        self._counts: dict[int, Counter[str]] = {}
        self._again: set[int] = set()
        self._worked = 0
        self._began: float | None = None
        self._shown = 0.0
        done = set(parts_done(folder))
        for number, planned in self.plan.items():
            if number in done:
                counts = count_part(folder, planned, ("status",))["status"]
                if not (retry_failed and counts["failed"]):
                    self._counts[number] = counts
                    self.done_before.append(number)
                    continue
                self._again.add(number)
            self.todo.append(number)

    @property
    def rows_per_s(self) -> float | None:
        if self._began is None or not self._worked:
            return None
        return self._worked / max(time.monotonic() - self._began, 1e-9)

    def work_off(self, executor: Executor, files: bool, memory_bytes: int) -> None:
        """Map `annotate_part` over what is to do; a lost worker costs at most the row it was at."""
        tasks = deque(PartTask(number, files) for number in self.todo)
        losses: Counter[int] = Counter()
        self._show(force=True)
        with contextlib.closing(
            executor.run(partial(annotate_part, str(self._folder.absolute())), tasks)
        ) as events:  # type: ignore[type-var]
            for event in events:
                number = event.task.number
                if isinstance(event, Heard):
                    self._hear(number, event.note)
                elif isinstance(event, Finished):
                    self._refuse_elsewhere(number)
                    self._counts[number] = Counter(event.value)
                    self._again.discard(number)
                    self._leave_out_done(tasks)
                else:
                    self._counts.pop(number, None)
                    losses[number] += 1
                    tasks.append(self._next_try(event, losses[number], memory_bytes))
                self._show()
        self._show(force=True)

    def _hear(self, number: int, note: Note | None) -> None:
        self._began = self._began or time.monotonic()
        if note is not None and note.status:
            self._counts.setdefault(number, Counter())[note.status] += 1
            self._worked += 1

    def _refuse_elsewhere(self, number: int) -> None:
        """A part that is finished and not to be seen here was written to a folder of another machine."""
        path, until = part_path(self._folder, number), time.monotonic() + _SEEN_S
        while not path.exists():
            if time.monotonic() > until:
                raise RunError(
                    f"a worker finished part {number}, but {path} is not there",
                    hint=SEEN_BY_ALL,
                )
            time.sleep(0.1)

    def _leave_out_done(self, tasks: deque[PartTask]) -> None:
        """Pass over parts that another process on the same OUT has finished meanwhile."""
        while (
            tasks and tasks[0].number not in self._again and part_path(self._folder, tasks[0].number).exists()
        ):
            number = tasks.popleft().number
            self._counts[number] = count_part(self._folder, self.plan[number], ("status",))["status"]

    def _next_try(self, lost: Lost, losses: int, memory_bytes: int) -> PartTask:
        """Again as it was; then, or at once after a hang, row by row."""
        task: PartTask = lost.task
        for place in places(self._folder):
            atomic.remove_temporaries(place, of_pid=lost.pid, of_host=lost.host)
        if task.careful is None:
            if lost.why == "died" and losses < 2:
                return task
            kept = atomic.temporary_path(part_path(self._folder, task.number))
            with atomic.told(kept):
                kept.touch(exist_ok=False)
            return replace(task, careful=Careful(str(kept), memory_bytes))
        note, killers = lost.note, task.careful.killers
        if note is None or (note.row in killers and killers[note.row].reading):
            raise RunError(
                f"part {task.number} loses its worker outside of any row: {lost.detail}",
                hint="what the worker wrote stands above; is there enough memory and disk?",
            )
        reason = "timed_out" if lost.why == "silent" else "worker_died"
        killer = Killer(reason, lost.detail, note.reading)
        return replace(task, careful=replace(task.careful, killers={**killers, note.row: killer}))

    def _show(self, *, force: bool = False) -> None:
        now = time.monotonic()
        if self._progress is None or (now - self._shown < _PROGRESS_S and not force):
            return
        self._shown = now
        by_status: Counter[str] = Counter()
        for counts in self._counts.values():
            by_status.update(counts)
        total = sum(planned.rows for planned in self.plan.values())
        rows, rate = by_status.total(), self.rows_per_s
        eta = (total - rows) / rate if rate else None
        self._progress(RowsDone(rows, total, dict(by_status), rate, eta))


def memory_for(workers: int) -> int:
    """Bytes of address space a careful worker may have."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # inside a container; "max" where there is no limit
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return max(int(total * _MEMORY_SHARE / workers), _LEAST_MEMORY)
