"""How far a run is, from its parts alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from maskwright.corpus import atomic
from maskwright.corpus.command import resume_command
from maskwright.corpus.parts import part_path, parts_done, read_part
from maskwright.corpus.plan import ANNOTATIONS, Planned, load_plan, load_run
from maskwright.errors import RunError

# Enough parts to smooth over unequal ones, few enough to forget an earlier sitting soon.
_RATE_PARTS = 32


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What went in, what came out, and how to go on.

    Args:
        rows_planned, rows_done: rows of the plan, rows in finished parts.
        by_status, by_reason, by_verdict: rows in finished parts; empty words are left out.
        rows_per_s: over the last parts; None while fewer than two are done.
        eta_s: seconds to the end at that rate; None unless the run is going on.
        running: whether a process is at work on it.
        command: the line to go on with; empty when nothing is left to do.
    """

    out: str
    source: str
    rows_planned: int
    rows_done: int
    parts_planned: int
    parts_done: int
    by_status: Mapping[str, int]
    by_reason: Mapping[str, int]
    by_verdict: Mapping[str, int]
    rows_per_s: float | None
    eta_s: float | None
    running: bool
    command: str


def status(out: Path | str) -> RunSummary:
    """How far the run in OUT is. Reads three small columns of every finished part.

    Raises:
        RunError: OUT is no output of this package, or a part is damaged.
    """
    folder = Path(out)
    run = load_run(folder)
    plan = {planned.part.number: planned for planned in load_plan(folder)}
    done = [number for number in parts_done(folder) if number in plan]
    columns: dict[str, Counter[str]] = {name: Counter() for name in ("status", "reason", "verdict")}
    for number in done:
        for name, counts in count_part(folder, plan[number], tuple(columns)).items():
            columns[name].update(counts)
    planned = sum(each.rows for each in plan.values())
    rows = columns["status"].total()
    rate = _rate(folder, {number: plan[number].rows for number in done})
    running = rows < planned and atomic.in_work(folder / ANNOTATIONS)
    failed = columns["status"]["failed"] > 0
    left = len(done) < len(plan) or failed
    command = resume_command(run, folder, retry_failed=failed and len(done) == len(plan)) if left else ""
    return RunSummary(
        out=str(folder),
        source=run.source,
        rows_planned=planned,
        rows_done=rows,
        parts_planned=len(plan),
        parts_done=len(done),
        by_status=_ranked(columns["status"]),
        by_reason=_ranked(columns["reason"]),
        by_verdict=_ranked(columns["verdict"]),
        rows_per_s=rate,
        eta_s=(planned - rows) / rate if running and rate else None,
        running=running,
        command=command,
    )


def count_part(out: Path, planned: Planned, columns: tuple[str, ...]) -> dict[str, Counter[str]]:
    """Rows of one finished part by the words in these columns.

    Raises:
        RunError: the part is damaged, or has not the rows that were planned.
    """
    number = planned.part.number
    table = read_part(out, number, columns)
    if table.num_rows != planned.rows:
        raise RunError(
            f"{part_path(out, number)} has {table.num_rows} rows, planned were {planned.rows}",
            hint=f"delete that file, then make it again: {resume_command(load_run(out), out)}",
        )
    return {name: Counter(table[name].to_pylist()) for name in columns}


def _ranked(counts: Counter[str]) -> dict[str, int]:
    return {word: number for word, number in counts.most_common() if word}


def _rate(out: Path, rows: Mapping[int, int]) -> float | None:
    """Rows a second between the first and the last of the newest parts."""
    times = sorted((part_path(out, number).stat().st_mtime, number) for number in rows)[-_RATE_PARTS:]
    if len(times) < 2 or times[-1][0] <= times[0][0]:
        return None
    return sum(rows[number] for _, number in times[1:]) / (times[-1][0] - times[0][0])
