"""What a worker does with one part: read, annotate, write. It knows only OUT and the part's number."""

from __future__ import annotations

import contextlib
import functools
import re
import resource
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import cv2

from maskwright.corpus.batches import Item, batch_size, in_batches
from maskwright.corpus.executors import Beat
from maskwright.corpus.executors.worker import receive, send
from maskwright.corpus.parts import Row, row_of, write_part
from maskwright.corpus.plan import RUN, Planned, Run, load_plan, load_run, source_of
from maskwright.corpus.schema import misfits
from maskwright.corpus.view import write_view
from maskwright.errors import InputError, RunError
from maskwright.masks.annotators import Annotator, load_annotator
from maskwright.masks.pipeline import annotate_pair, failed, instructed, rejected
from maskwright.pairs.sources import Part, Source
from maskwright.pairs.values import Annotation, Pair, Rejection

SEEN_BY_ALL = "OUT must be a folder that every machine sees under the same name, as on NFS or Lustre"
"""What to do about a part that one machine wrote and another cannot find."""

# What Python, OpenCV, NumPy and onnxruntime say when an allocation is refused.
_NO_MEMORY = re.compile(r"MemoryError|Insufficient memory|bad_alloc|Failed to allocate", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Killer:
    """A row that took its worker with it: `reading` tells whether before it was even read."""

    reason: str
    detail: str
    reading: bool


@dataclass(frozen=True, slots=True)
class Careful:
    """How a part is run that has lost its worker: row by row, keeping what is done.

    Args:
        kept: file that finished rows are added to, so that the next worker goes on behind them.
        killers: rows known to kill, by their place in the part.
        memory_bytes: address space the worker may have.
    """

    kept: str
    memory_bytes: int
    killers: dict[int, Killer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartTask:
    """One part to be written; `files` asks for its view too."""

    number: int
    files: bool
    careful: Careful | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Where a worker is: about to read, or about to annotate, the row at this place of its part.

    Args:
        status: of the row before, for the counts; empty if none is to be counted.
    """

    row: int
    reading: bool
    status: str = ""


def annotate_part(out: str, task: PartTask, beat: Beat) -> dict[str, int]:
    """Write one part and return its rows by status.

    Every planned row becomes one row, whatever happens. A fault of a pair is its row's; what is
    raised is the fault of the whole run.

    Raises:
        RunError: the part cannot be written.
        MaskwrightError: the source or the annotator cannot be opened.
    """
    shop = workshop(out)
    counts: Counter[str] = Counter()
    careful = task.careful
    with _memory_limit(careful.memory_bytes if careful else 0):
        if careful:
            rows = _kept(Path(careful.kept), lambda done: _rows(shop, task, beat, done))
        else:
            rows = _rows(shop, task, beat, 0)
        write_part(Path(out), shop.run, task.number, _counted(rows, counts))
        if task.files:
            write_view(Path(out), shop.run, task.number)
    return dict(counts)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What a worker opens once: all of it follows from OUT."""

    run: Run
    plan: dict[int, Planned]
    source: Source
    annotator: Annotator


@functools.lru_cache(maxsize=1)
def workshop(out: str) -> Workshop:
    if not (Path(out) / RUN).exists():
        raise RunError(
            f"{socket.gethostname()} does not see {out}, where the run is",
            hint=SEEN_BY_ALL,
        )
    run = load_run(Path(out))
    if run.versions["maskwright"] != metadata.version("maskwright"):
        raise RunError(
            f"{socket.gethostname()} has maskwright {metadata.version('maskwright')},"
            f" the run is of {run.versions['maskwright']}",
            hint="install the same version on every machine",
        )
    plan = {planned.part.number: planned for planned in load_plan(Path(out))}
    return Workshop(run, plan, source_of(run, plan.values()), load_annotator(run.annotator, run.setup))


def _rows(shop: Workshop, task: PartTask, beat: Beat, done: int) -> Iterator[Row]:
    """The part's rows from place `done` on, each announced before it can do harm."""
    planned = shop.plan[task.number]
    killers = task.careful.killers if task.careful else {}
    items = supply(shop, planned)
    status, place = "", 0
    if task.careful is None:
        items = batched(shop, items, lambda: beat(Note(place, True)))
    for place in range(planned.rows):
        killer = killers.get(place)
        if killer and killer.reading:
            # Reading died here and would again, so what lies behind it cannot be reached.
            for lost in range(max(place, done), planned.rows):
                gone = _nameless(planned, lost)
                yield row_of(shop.run, gone, Annotation(gone.id, "failed", killer.reason, killer.detail))
            break
        beat(Note(place, True, status))
        status = ""
        who, decided = next(items)
        if place < done:
            continue
        if killer:
            decided = instructed(Annotation(who.id, "failed", killer.reason, killer.detail), who)
        if task.careful and isinstance(who, Pair) and decided is None:
            beat(Note(place, False))
        row = row_for(shop, who, decided, limited=task.careful is not None)
        status = row["status"]
        yield row
    else:
        next(items, None)  # the source's last word on the part
    beat(Note(planned.rows, True, status))
    beat(None)


def batched(shop: Workshop, items: Iterator[Item], alive: Callable[[], None]) -> Iterator[Item]:
    """The items as they are, or settled in batches where the annotator wants those."""
    size = batch_size(shop.annotator)
    if size <= 1:
        return items
    return in_batches(items, shop.annotator, size, max_pixels=shop.run.max_pixels, alive=alive)


def row_for(
    shop: Workshop, who: Pair | Rejection, decided: Annotation | None, *, limited: bool = False
) -> Row:
    """The row of one item, annotated now where it is not decided yet."""
    if decided is None:
        decided = _annotated(shop, who, limited=limited) if isinstance(who, Pair) else _rejected(who)
    return row_of(shop.run, who, decided)


def _annotated(shop: Workshop, pair: Pair, *, limited: bool) -> Annotation:
    # Some of OpenCV's estimators draw samples: a row must not depend on the rows before it.
    cv2.setRNGSeed(0)
    annotation = annotate_pair(pair, shop.annotator, max_pixels=shop.run.max_pixels)
    if limited and annotation.status == "failed" and _NO_MEMORY.search(annotation.detail):
        return instructed(Annotation(pair.id, "failed", "worker_died", annotation.detail), pair)
    return annotation


def supply(shop: Workshop, planned: Planned) -> Iterator[Item]:
    """What the source has for every planned row, and what became of it where that is settled.

    A source that breaks off breaks the rows behind it, not the run.
    """
    items = _enumerated(shop.source, planned.part)
    fault: Exception | None = None
    for place, row in enumerate(planned.take if planned.take is not None else range(planned.rows)):
        item: Pair | Rejection | None = None
        while fault is None:
            try:
                number, item = next(items)
            except StopIteration:
                fault = InputError("the source ended before this row")
            except Exception as broken:  # a row must come out for every row planned
                _refuse_changed(shop, planned.part)
                fault = broken
            else:
                if number == row:
                    break
        if fault is not None or item is None:
            who = _nameless(planned, place)
            yield who, _broken(who, fault or InputError("the source gave nothing for this row"))
        elif problems := misfits(shop.run.frozen, item.columns):
            fitting = {name: value for name, value in item.columns.items() if name not in problems}
            yield Rejection(item.id, "bad_row", "; ".join(problems.values()), fitting), None
        else:
            yield item, None
    if fault is None and planned.take is None:
        try:
            next(items, None)  # where it says that it changed while it was read
        except Exception:
            _refuse_changed(shop, planned.part)
            raise


def _refuse_changed(shop: Workshop, part: Part) -> None:
    """A source that is no longer what was planned is the run's fault, not its rows'."""
    try:
        is_there = source_of(shop.run, shop.plan.values()).holds(part)
    except InputError as fault:
        raise RunError(
            f"{shop.run.source} can no longer be read (part {part.number}): {fault}",
            hint="when it can be, type the same line again: finished parts stay",
        ) from fault
    if not is_there:
        raise RunError(
            f"{shop.run.source} has changed since the run began (part {part.number})",
            hint="put it back as it was, or annotate into a new folder",
        )


def _enumerated(source: Source, part: Part) -> Iterator[tuple[int, Pair | Rejection]]:
    yield from enumerate(source.read(part))


def _rejected(who: Rejection) -> Annotation:
    return rejected(who.id, who.reason, who.detail)


def _broken(who: Rejection, fault: Exception) -> Annotation:
    if isinstance(fault, InputError):
        return rejected(who.id, fault.reason or "bad_row", str(fault))
    return failed(who.id, fault)


def _nameless(planned: Planned, place: int) -> Rejection:
    """A row of which only its place is known."""
    row = place if planned.take is None else planned.take[place]
    return Rejection(f"{planned.part.file}#{planned.part.start + row}", "bad_row")


def _counted(rows: Iterable[Row], counts: Counter[str]) -> Iterator[Row]:
    for row in rows:
        counts[row["status"]] += 1
        yield row


def _kept(path: Path, rest: Callable[[int], Iterator[Row]]) -> Iterator[Row]:
    """The rows kept in a file, then the rest, each added to the file before it is given on."""
    done, end = 0, 0
    with path.open("rb") as file, contextlib.suppress(EOFError):  # the last one may be cut off
        while True:
            yield receive(file)
            done, end = done + 1, file.tell()
    with path.open("r+b") as file:
        file.truncate(end)
        file.seek(end)
        for row in rest(done):
            send(file, row)
            yield row


@contextlib.contextmanager
def _memory_limit(allowed: int) -> Iterator[None]:
    """Make allocations beyond `allowed` bytes of address space fail; 0 is no limit."""
    if not allowed or not hasattr(resource, "RLIMIT_AS"):
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    hard = before[1]
    resource.setrlimit(resource.RLIMIT_AS, (allowed if hard < 0 else min(allowed, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
