"""Build a dataset: plan which row goes where, say so, write it shard by shard, and seal it."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from maskwright.corpus import atomic
from maskwright.corpus.annotate import versions
from maskwright.corpus.executors import DEFAULT as LOCAL
from maskwright.corpus.executors import Beat, Executor, Finished, Heard, load_executor
from maskwright.datasets.building.built import BUILD, LEFT_OUT, freeze_build, load_build
from maskwright.datasets.building.entries import Wanted
from maskwright.datasets.building.finish import finish, is_finished
from maskwright.datasets.building.options import (
    BuildOptions,
    build_command,
    check_command,
    check_options,
    needs_original,
)
from maskwright.datasets.building.place import tidy
from maskwright.datasets.building.plan import Planned, plan_bytes, shards_of, split_counts, write_plan
from maskwright.datasets.building.planning import Drawn, draw_up
from maskwright.datasets.building.rejoin import is_dataset, join_up
from maskwright.datasets.building.room import (
    HALF_BLOCK,
    Announced,
    count_files,
    estimate_bytes,
    free_bytes,
    refuse_full,
)
from maskwright.datasets.building.shards import Job, provenance_path, supplies, write_shard
from maskwright.datasets.formats import Format, load_format
from maskwright.datasets.formats.columns import all_rows
from maskwright.datasets.values import Built, Progress
from maskwright.errors import RunError

__all__ = ["Announced", "BuildOptions", "BuildSummary", "build"]

TIMEOUT_S = 120.0
"""Seconds one row may take: as for annotating, whose work it is but for the network."""


@dataclass(frozen=True, slots=True)
class BuildSummary:
    """A dataset that was built.

    Args:
        counts: split -> label -> pictures that are there.
        left_out: reason -> rows that could not be read; each is in left_out.parquet.
        files, bytes: all that is in the folder.
        announced: what was said before anything was written.
        next: the line to type next.
    """

    dataset: str
    format: str
    counts: Mapping[str, Mapping[str, int]]
    left_out: Mapping[str, int]
    files: int
    bytes: int
    announced: Announced
    next: str

    @property
    def rows(self) -> int:
        return sum(sum(labels.values()) for labels in self.counts.values())


def build(
    dataset: str | os.PathLike[str],
    *,
    outs: Sequence[str | os.PathLike[str]],
    format: str,
    selection: str = "",
    options: BuildOptions = BuildOptions(),  # noqa: B008 - frozen
    workers: int | None = None,
    executor: str = LOCAL,
    announce: Callable[[Announced], None] = lambda announced: None,
    progress: Progress = lambda what, done, total: None,
) -> BuildSummary:
    """Make a dataset of the rows that were selected.

    The same call again goes on where the last one stopped, with any number of workers.

    Args:
        dataset: a folder, new or of this very build.
        outs: what annotate wrote; or one dataset of masks, which is joined to its corpora again.
        format: a name of `formats.FORMATS`.
        selection: a name given to `select`; not for a dataset of masks, which holds its own rows.
        workers: processes with one thread each; None: one for every processor there is to use.
        executor: `local`, or `ray` for the machines of a cluster, which all must see every folder.
        announce: told what is about to be written, before anything is.
        progress: called now and then, in this thread.

    Raises:
        SettingError: a setting is out of range, a name is not known, the selection is empty, licences
            contradict each other, rows may not be passed on, or DATASET is no place for a dataset.
        InputError: a source cannot be read as one.
        RunError: DATASET belongs to another build, does not fit on its disk, cannot be written, a worker was
            lost or a signal stopped the build; finished shards stay, nothing half-written does.
    """
    folder, places = Path(dataset), [Path(out) for out in outs]
    chosen = load_format(format)
    check_options(options, chosen)
    crew = load_executor(executor, workers, TIMEOUT_S)
    if is_dataset(places):
        drawn = join_up(folder, places, selection, chosen, options)
    else:
        drawn = draw_up(folder, places, selection, chosen, options, progress)
    shards = shards_of(drawn.plan, chosen.rows_in_shard)
    wanted = Wanted(
        chosen.roles,
        needs_original(chosen, options),
        options.regeneration,
        options.encoding,
        drawn.max_pixels,
    )
    job = Job(str(folder.absolute()), format, drawn.corners, wanted)
    announced = _announced(folder, drawn, chosen, job, shards)
    data = plan_bytes(drawn.plan, chosen.rows_in_shard)
    line = functools.partial(build_command, selection=selection, format=format, options=options)
    # names alone: a dataset that is published need not say how its maker's disk is laid out
    told = line(
        Path(folder.name or "DATASET"), outs=[os.path.basename(os.path.realpath(each)) for each in outs]
    )
    built = _built(folder, drawn, chosen, options, announced, plan=data, command=told)
    if (folder / BUILD).exists():
        freeze_build(folder, built)  # another build is refused before anything is said of this one
    announce(announced)
    if not is_finished(folder) or announced.there < drawn.plan.num_rows:  # what was taken away is made again
        work = functools.partial(write_shard, job)
        _write(folder, built, data, work, crew, shards, progress, again=line(folder, outs=places))
        finish(folder, load_build(folder), chosen)
    return _summary(folder, chosen, announced)


def _built(
    dataset: Path,
    drawn: Drawn,
    format: Format,
    options: BuildOptions,
    announced: Announced,
    *,
    plan: bytes,
    command: str,
) -> Built:
    """What build.json says."""
    return Built(
        name=options.name or Path(os.path.realpath(dataset)).name,
        format=format.name,
        taken=drawn.taken,
        fractions=drawn.fractions,
        seed=drawn.seed,
        authentic=drawn.ratio,
        regeneration=options.regeneration,
        encoding=str(options.encoding) if "picture" in format.roles else "",
        restricted=drawn.restricted,
        licence=options.licence,
        excluded=drawn.excluded,
        photographs=drawn.photographs,
        versions=versions(),
        plan=hashlib.sha256(plan).hexdigest(),
        rows=drawn.plan.num_rows,
        files=announced.files,
        bytes=announced.bytes,
        command=command,
    )


def _announced(dataset: Path, drawn: Drawn, format: Format, job: Job, shards: Sequence[Planned]) -> Announced:
    """What is about to be written; of a build that has begun, what was said then.

    Raises:
        RunError: what is not there yet does not fit on the disk.
    """
    free = free_bytes(dataset)
    if (dataset / BUILD).exists():
        before = load_build(dataset)
        files, needed, tried = before.files, before.bytes, 0
    else:
        files = count_files(format, drawn.plan, shards)
        needed, tried = estimate_bytes(drawn.plan, supplies(job.corpora), job.wanted)
    todo = sum(each.rows for each in shards if not _is_there(dataset, each))
    on_disk = needed + files * HALF_BLOCK
    refuse_full(dataset, on_disk * todo // max(drawn.plan.num_rows, 1), free)
    return Announced(
        dataset=str(dataset),
        counts=split_counts(drawn.plan),
        funnels=tuple((each.source, each.funnel) for each in drawn.taken),
        authentic=tuple((each.split, each.wanted, each.there) for each in drawn.asked),
        files=files,
        bytes=needed,
        tried=tried,
        there=drawn.plan.num_rows - todo,
        free_bytes=free,
        plan_bytes=drawn.plan.nbytes,
        licences=drawn.licences,
        notes=drawn.notes,
    )


def _write(
    dataset: Path,
    built: Built,
    data: bytes,
    work: Callable[[Planned, Beat], int],
    crew: Executor,
    shards: Sequence[Planned],
    progress: Progress,
    *,
    again: str,
) -> None:
    """Freeze the build, and write the shards that are not there.

    Args:
        data: plan.parquet.
        again: the line that goes on.
    """
    heard = {each: each.rows if _is_there(dataset, each) else 0 for each in shards}
    todo = deque(each for each in shards if not heard[each])
    total = sum(each.rows for each in shards)
    try:
        with atomic.told(dataset):
            dataset.mkdir(parents=True, exist_ok=True)
        freeze_build(dataset, built)
        write_plan(dataset, data)
        progress("pictures", sum(heard.values()), total)
        with contextlib.closing(crew.run(work, todo)) as events:  # type: ignore[type-var]
            for event in events:
                if isinstance(event, Heard):
                    heard[event.task] = min(heard[event.task] + 1, event.task.rows)
                elif isinstance(event, Finished):
                    heard[event.task] = event.task.rows
                else:
                    raise RunError(
                        f"a worker was lost at {event.note}: {event.detail}", hint=f"to go on: {again}"
                    )
                progress("pictures", sum(heard.values()), total)
    except KeyboardInterrupt as stop:
        there = sum(_is_there(dataset, each) for each in shards)
        raise RunError(
            f"stopped{f' by {stop}' if str(stop) else ''}: {there} of {len(shards)} shards are done and stay",
            hint=f"to go on: {again}",
        ) from stop
    finally:
        tidy(dataset)


def _is_there(dataset: Path, planned: Planned) -> bool:
    return provenance_path(dataset, planned.shard).exists()


def _summary(dataset: Path, format: Format, announced: Announced) -> BuildSummary:
    counts = {split: dict.fromkeys(labels, 0) for split, labels in announced.counts.items()}
    for row in all_rows(dataset, ["split", "label"]):
        counts[row["split"]][row["label"]] += 1
    reasons = pq.read_table(dataset / LEFT_OUT)["reason"] if (dataset / LEFT_OUT).exists() else []
    files, room = 0, 0
    for place, _, names in os.walk(dataset):
        files += len(names)
        room += sum(os.stat(os.path.join(place, name)).st_size for name in names)
    return BuildSummary(
        dataset=str(dataset),
        format=format.name,
        counts=counts,
        left_out=dict(Counter(str(reason) for reason in reasons).most_common()),
        files=files,
        bytes=room,
        announced=announced,
        next=check_command(dataset),
    )
