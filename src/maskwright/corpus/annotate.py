"""Annotate a whole source: freeze the plan, map one function over its parts, account for every row."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata
from pathlib import Path

from maskwright.corpus import atomic
from maskwright.corpus.command import resume_command
from maskwright.corpus.executors import Executor, Finished, Heard, Lost
from maskwright.corpus.executors.local import LocalExecutor, default_workers
from maskwright.corpus.parts import part_path, parts_done
from maskwright.corpus.plan import ANNOTATIONS, RUN, Planned, Run, drawn, freeze_run
from maskwright.corpus.schema import freeze
from maskwright.corpus.status import RunSummary, count_part, status
from maskwright.corpus.view import FOLDERS, write_view
from maskwright.corpus.work import Careful, Killer, Note, PartTask, annotate_part
from maskwright.errors import InputError, RunError, SettingError
from maskwright.masks.annotators import load_annotator
from maskwright.pairs.opening import check_max_pixels
from maskwright.pairs.picture import MAX_PIXELS
from maskwright.pairs.sources import Roles, Source, open_source
from maskwright.pairs.sources.folder import FolderSource

FILES_UP_TO_ROWS = 5_000
"""Tables of at most so many rows get files by default; a folder of more is slow to list."""

TIMEOUT_S = 120.0
"""Seconds one pair may take: over ten times what two pictures of 100 megapixels take."""

# A worker that shares the machine with others may have four fifths of its share, and at least
# what two pictures of 100 megapixels need with all their float planes.
_MEMORY_SHARE, _LEAST_MEMORY = 0.8, 4 << 30

# People cannot read faster; the callback must not cost more than the rows.
_PROGRESS_S = 0.1

_VERSIONED = ("numpy", "opencv-python-headless", "pillow", "onnxruntime", "pyarrow")


@dataclass(frozen=True, slots=True)
class Options:
    """The rarer settings of a run.

    Args:
        files: write `masks/*.png` and the like beside the parts; None: for folders and small tables.
        sample: annotate only so many rows, drawn uniformly with `seed`; None for all.
        roles: which columns of a table hold what, where that is not found out.
        max_pixels: larger pictures are rejected as too_large.
        timeout_s: seconds one pair may take before its worker counts as hung.
    """

    files: bool | None = None
    sample: int | None = None
    seed: int = 0
    roles: Roles = Roles()  # noqa: RUF009 - frozen
    max_pixels: int = MAX_PIXELS
    timeout_s: float = TIMEOUT_S


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


def annotate(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    annotator: str = "difference",
    workers: int | None = None,
    retry_failed: bool = False,
    progress: Progress | None = None,
    options: Options = Options(),
) -> RunSummary:
    """Turn every pair of a source into a mask or a reason, exactly once, in OUT.

    The same call again goes on where the last one stopped, with any number of workers.

    Args:
        source: a folder of pictures, or a table (CSV, JSONL, Parquet).
        out: a folder, new or of this very run; see docs/reference/output.md for what it will hold.
        annotator: a name, `package.module:Class`, or an .onnx file beside its card.
        workers: processes with one thread each; None: the processors this process may use.
        retry_failed: write the parts that hold failed rows anew, whole.
        progress: called now and then, in this thread.

    Raises:
        InputError: the source cannot be read as one.
        SettingError: a setting is out of range, or OUT is no place for a run.
        RunError: OUT belongs to another run, the disk is full, or a signal stopped the run;
            finished parts stay, nothing half-written does.
    """
    opened = open_source(source, roles=options.roles)
    folder = Path(out)
    _refuse_place(folder, opened)
    check_max_pixels(options.max_pixels)
    executor = LocalExecutor(default_workers() if workers is None else workers, options.timeout_s)
    plan = drawn(opened.plan(), options.sample, options.seed)
    if not plan:
        raise InputError(f"{opened.location} holds no pairs")
    run = _run_of(opened, annotator, options)
    files = options.files
    if files is None:
        files = isinstance(opened, FolderSource) or sum(each.rows for each in plan) <= FILES_UP_TO_ROWS
    try:
        with _stoppable():
            with atomic.told(folder):
                (folder / ANNOTATIONS).mkdir(parents=True, exist_ok=True)
            freeze_run(folder, run, plan)
            sitting = _Sitting(folder, plan, progress, retry_failed)
            sitting.work_off(executor, files, _memory_for(executor.workers))
            if files:
                for number in sitting.done_before:
                    write_view(folder, run, number, missing_only=True)
    except KeyboardInterrupt as stop:
        finished = len(set(parts_done(folder)) & {planned.part.number for planned in plan})
        raise RunError(
            f"stopped{f' by {stop}' if str(stop) else ''}: {finished} of {len(plan)} parts are done and stay",
            hint=f"to go on: {resume_command(run, folder, retry_failed=retry_failed)}",
        ) from stop
    finally:
        for place in _places(folder):
            atomic.remove_temporaries(place, of_pid=os.getpid())
    for place in _places(folder):
        atomic.remove_stale(place)
    return replace(status(folder), rows_per_s=sitting.rows_per_s)


class _Sitting:
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
        with contextlib.closing(executor.run(partial(annotate_part, str(self._folder)), tasks)) as events:  # type: ignore[type-var]
            for event in events:
                number = event.task.number
                if isinstance(event, Heard):
                    self._hear(number, event.note)
                elif isinstance(event, Finished):
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
        for place in _places(self._folder):
            atomic.remove_temporaries(place, of_pid=lost.pid)
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


def _refuse_place(out: Path, source: Source) -> None:
    """OUT may be new, empty, or a run; it may not lie in a source folder, whose listing it would change."""
    if "\0" in str(out):
        raise SettingError(f"a folder cannot be named {str(out)!r}")
    if out.exists() and not out.is_dir():
        raise SettingError(f"{out} is a file; the output is a folder", hint="give another name")
    inside = Path(source.location).resolve()
    if inside.is_dir() and inside in (out.resolve(), *out.resolve().parents):
        raise SettingError(
            f"the output {out} lies inside the source {source.location}",
            hint="choose a folder beside it",
        )
    if not out.is_dir() or (out / RUN).exists():
        return
    with atomic.told(out):
        others = [each.name for each in out.iterdir()]
    ours = [name for name in others if name == ANNOTATIONS or name.startswith(atomic.TEMPORARY)]
    if len(others) > len(ours) or ((out / ANNOTATIONS).is_dir() and any((out / ANNOTATIONS).iterdir())):
        raise SettingError(
            f"{out} is not empty and holds no run of maskwright",
            hint="give a new folder; nothing there was touched",
        )


def _run_of(source: Source, annotator: str, options: Options) -> Run:
    card = load_annotator(annotator).card
    named = str(Path(annotator).resolve()) if annotator.lower().endswith(".onnx") else annotator
    return Run(
        source=str(Path(source.location).resolve()),
        roles=options.roles,
        annotator=named,
        annotator_name=card.name,
        annotator_digest=card.digest,
        layers=card.layers,
        sample=options.sample,
        seed=options.seed,
        max_pixels=options.max_pixels,
        versions=_versions(),
        plan_digest="",
        frozen=freeze(source.schema(), card.layers),
    )


def _versions() -> dict[str, str]:
    found = {name: metadata.version(name) for name in _VERSIONED if _installed(name)}
    return {"maskwright": metadata.version("maskwright"), "python": platform.python_version(), **found}


def _installed(name: str) -> bool:
    with contextlib.suppress(metadata.PackageNotFoundError):
        return bool(metadata.version(name))
    return False


def _places(out: Path) -> Iterator[Path]:
    """Every folder in OUT that files are written to."""
    yield out
    yield out / ANNOTATIONS
    for name in FOLDERS.values():
        yield out / name
    if (out / "layers").is_dir():
        yield from (out / "layers").iterdir()


def _memory_for(workers: int) -> int:
    """Bytes of address space a careful worker may have."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # inside a container; "max" where there is no limit
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return max(int(total * _MEMORY_SHARE / workers), _LEAST_MEMORY)


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """SIGINT and SIGTERM raise KeyboardInterrupt with the signal's name, in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    # One that is ignored (a background job of a shell) stays ignored.
    caught = [each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) != signal.SIG_IGN]
    before = {each: signal.signal(each, stop) for each in caught}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
