"""Annotate a whole source: freeze the plan, map one function over its parts, account for every row."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from maskwright.corpus import atomic
from maskwright.corpus.batches import batch_size
from maskwright.corpus.command import resume_command
from maskwright.corpus.executors import DEFAULT as LOCAL
from maskwright.corpus.executors import load_executor
from maskwright.corpus.executors.local import default_workers
from maskwright.corpus.parts import parts_done
from maskwright.corpus.plan import ANNOTATIONS, RUN, Planned, Run, drawn, freeze_run
from maskwright.corpus.schema import freeze
from maskwright.corpus.sitting import Progress, RowsDone, Sitting, memory_for
from maskwright.corpus.status import RunSummary, status
from maskwright.corpus.view import places, write_view
from maskwright.errors import InputError, RunError, SettingError
from maskwright.masks.annotators import DEFAULT, Setup, anchored, load_annotator
from maskwright.pairs.opening import check_max_pixels
from maskwright.pairs.picture import MAX_PIXELS
from maskwright.pairs.sources import Known, Roles, Source, absolute, open_source, reopen_source
from maskwright.pairs.sources.folder import FolderSource
from maskwright.pairs.values import Card

__all__ = ["FILES_UP_TO_ROWS", "TIMEOUT_S", "Options", "Progress", "RowsDone", "annotate"]

FILES_UP_TO_ROWS = 5_000
"""Tables of at most so many rows get files by default; a folder of more is slow to list."""

TIMEOUT_S = 120.0
"""Seconds one pair may take: over ten times what two pictures of 100 megapixels take."""

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
        setup: what the annotator is put together from.
    """

    files: bool | None = None
    sample: int | None = None
    seed: int = 0
    roles: Roles = Roles()  # noqa: RUF009 - frozen
    max_pixels: int = MAX_PIXELS
    timeout_s: float = TIMEOUT_S
    setup: Setup = Setup()  # noqa: RUF009 - frozen


def annotate(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    annotator: str = DEFAULT,
    workers: int | None = None,
    executor: str = LOCAL,
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
        workers: processes with one thread each; None: one for every processor there is to use.
        executor: `local`, or `ray` for the machines of a cluster, which all must see OUT and the source.
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
    loaded = load_annotator(annotator, options.setup)
    crew = load_executor(executor, workers, options.timeout_s, devices=batch_size(loaded) > 1)
    plan = drawn(opened.plan(), options.sample, options.seed)
    if not plan:
        raise InputError(f"{opened.location} holds no pairs")
    run = run_of(opened, annotator, loaded.card, options)
    files = wants_files(opened, plan, options)
    try:
        with _stoppable():
            with atomic.told(folder):
                (folder / ANNOTATIONS).mkdir(parents=True, exist_ok=True)
            freeze_run(folder, run, plan)
            sitting = Sitting(folder, plan, progress, retry_failed)
            sitting.work_off(crew, files, memory_for(workers or default_workers()))
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
        for place in places(folder):
            atomic.remove_temporaries(place, of_pid=os.getpid())
            atomic.remove_stale(place)
    return replace(status(folder), rows_per_s=sitting.rows_per_s)


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


def wants_files(source: Source, plan: Sequence[Planned], options: Options) -> bool:
    """Whether masks are written as files beside the parts."""
    if options.files is not None:
        return options.files
    return isinstance(source, FolderSource) or sum(each.rows for each in plan) <= FILES_UP_TO_ROWS


def run_of(source: Source, annotator: str, card: Card, options: Options) -> Run:
    """The settings of a run, before its plan is frozen."""
    named = str(Path(annotator).resolve()) if annotator.lower().endswith(".onnx") else annotator
    return Run(
        source=absolute(source.location),
        roles=options.roles,
        annotator=named,
        setup=anchored(options.setup),
        annotator_name=card.name,
        annotator_digest=card.digest,
        layers=card.layers,
        sample=options.sample,
        seed=options.seed,
        max_pixels=options.max_pixels,
        versions=versions(),
        plan_digest="",
        known=_known(source, options.roles),
        frozen=freeze(source.schema(), card.layers),
    )


def _known(source: Source, roles: Roles) -> Known | None:
    """What workers need to open files one by one; None where that does not lead back to what was planned."""
    if (known := source.known()) is None:
        return None
    known = replace(known, root=absolute(known.root))
    first = source.plan()[0]
    again = reopen_source(absolute(source.location), known, [first.file], roles=roles)
    return known if again.holds(first) else None


def versions() -> dict[str, str]:
    """Of Python, this package, and those that masks depend on."""
    found = {name: metadata.version(name) for name in _VERSIONED if _installed(name)}
    return {"maskwright": metadata.version("maskwright"), "python": platform.python_version(), **found}


def _installed(name: str) -> bool:
    with contextlib.suppress(metadata.PackageNotFoundError):
        return bool(metadata.version(name))
    return False


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
