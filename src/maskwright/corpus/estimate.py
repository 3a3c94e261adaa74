"""What a run would take, from a few of its rows that are run for real."""

from __future__ import annotations

import math
import os
import statistics
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maskwright.corpus.annotate import Options, run_of, wants_files
from maskwright.corpus.command import resume_command
from maskwright.corpus.parts import Row, part_path, write_part
from maskwright.corpus.plan import ANNOTATIONS, Planned, Run, drawn, freeze_run
from maskwright.corpus.sitting import Progress
from maskwright.corpus.trial import Tried, run_trial, single_rows
from maskwright.errors import InputError, SettingError
from maskwright.masks.annotators import DEFAULT, load_annotator
from maskwright.pairs.opening import check_max_pixels
from maskwright.pairs.sources import open_source

ROWS = 200
"""Rows tried: a share of 5 % is then known to about 3 %, a mean time to a few percent."""

# The 97.5 % point of the normal distribution: intervals are of 95 %.
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Share:
    """A status, or a reason for it, and its share of the rows in 0..1 with a 95 % interval."""

    status: str
    reason: str
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would take, on cores like this machine's.

    Args:
        rows, parts: of the run.
        tried: rows that were run, drawn uniformly.
        pair_s, pair_low_s, pair_high_s: seconds of one core a pair, with a 95 % interval.
        source_s: of these, to find the row in its file. Single rows are tried; a run reads on, in less.
        annotator_s: of these, in the annotator.
        waiting_s: of these, without computing: for storage, or for a core that others use.
        core_hours, core_low_hours, core_high_hours: for all rows.
        out_bytes, out_files: what OUT will hold, the file view included where it is on.
        shares: statuses with an empty reason, and the reasons of what is not `ok`; largest first.
        unseen_high: a reason that was not met may have this share.
        hours: (workers, hours) for the number asked for, or for several; parts are not divided.
        command: the line that begins the run.
    """

    source: str
    annotator: str
    rows: int
    parts: int
    tried: int
    pair_s: float
    pair_low_s: float
    pair_high_s: float
    source_s: float
    annotator_s: float
    waiting_s: float
    core_hours: float
    core_low_hours: float
    core_high_hours: float
    out_bytes: int
    out_files: int
    shares: tuple[Share, ...]
    unseen_high: float
    hours: tuple[tuple[int, float], ...]
    command: str


def estimate(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str] = "OUT",
    *,
    annotator: str = DEFAULT,
    workers: int | None = None,
    progress: Progress | None = None,
    options: Options = Options(),  # noqa: B008 - frozen
) -> Estimate:
    """What `annotate` with the same settings would take: 200 random rows are run in one worker here.

    Args:
        out: only named in `Estimate.command`; nothing is written there.
        workers: the number to tell the hours for; None: several.

    Raises:
        InputError: the source cannot be read as one.
        SettingError: a setting is out of range.
        RunError: a worker cannot be started.
    """
    if workers is not None and workers < 1:
        raise SettingError(f"{workers} workers cannot work", hint="give 1 or more")
    opened = open_source(source, roles=options.roles)
    check_max_pixels(options.max_pixels)
    parts = opened.plan()
    plan = drawn(parts, options.sample, options.seed)
    rows = sum(each.rows for each in plan)
    if not rows:
        raise InputError(f"{opened.location} holds no pairs")
    run = run_of(opened, annotator, load_annotator(annotator, options.setup).card, options)
    single = single_rows(drawn(parts, min(ROWS, rows), options.seed))
    with tempfile.TemporaryDirectory(prefix="maskwright-plan-") as place:
        folder = Path(place)
        (folder / ANNOTATIONS).mkdir()
        freeze_run(folder, run, single)
        tried = run_trial(folder, len(single), options.timeout_s, progress)
        out_bytes, out_files = _room(folder, run, plan, tried, files=wants_files(opened, plan, options))
    timed = [each for each in tried if each.row is not None]
    pair_s, margin_s = _mean([each.wall_s for each in timed])
    low_s, high_s = max(pair_s - margin_s, 0.0), pair_s + margin_s
    return Estimate(
        source=run.source,
        annotator=run.annotator_name,
        rows=rows,
        parts=len(plan),
        tried=len(tried),
        pair_s=pair_s,
        pair_low_s=low_s,
        pair_high_s=high_s,
        source_s=_mean([each.source_s for each in timed])[0],
        annotator_s=_mean([each.annotator_s for each in timed])[0],
        waiting_s=max(pair_s - _mean([each.cpu_s for each in timed])[0], 0.0),
        core_hours=rows * pair_s / 3600,
        core_low_hours=rows * low_s / 3600,
        core_high_hours=rows * high_s / 3600,
        out_bytes=out_bytes,
        out_files=out_files,
        shares=_shares(tried),
        unseen_high=wilson(0, len(tried))[1],
        hours=_hours(plan, pair_s, workers),
        command=resume_command(run, Path(out)),
    )


def wilson(hits: int, tried: int) -> tuple[float, float]:
    """A 95 % interval for a share (Wilson, Journal of the American Statistical Association 22, 1927).

    >>> [round(edge, 3) for edge in wilson(0, 200)], [round(edge, 3) for edge in wilson(10, 200)]
    ([0.0, 0.019], [0.027, 0.09])
    """
    share, z2 = hits / tried, _Z**2
    middle = (share + z2 / (2 * tried)) / (1 + z2 / tried)
    half = _Z / (1 + z2 / tried) * math.sqrt(share * (1 - share) / tried + z2 / (4 * tried**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _mean(values: Sequence[float]) -> tuple[float, float]:
    """The mean and half of its 95 % interval; of nothing 0, of one value nothing is known about the rest."""
    if not values:
        return 0.0, 0.0
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return statistics.fmean(values), _Z * spread / math.sqrt(len(values))


def _shares(tried: Sequence[Tried]) -> tuple[Share, ...]:
    statuses = Counter(each.status for each in tried)
    reasons = Counter((each.status, each.reason) for each in tried if each.reason)
    counts = [
        entry
        for status, number in statuses.most_common()
        for entry in [
            ((status, ""), number),
            *(each for each in reasons.most_common() if each[0][0] == status),
        ]
    ]
    return tuple(Share(*name, hits / len(tried), *wilson(hits, len(tried))) for name, hits in counts)


def _hours(plan: Sequence[Planned], pair_s: float, workers: int | None) -> tuple[tuple[int, float], ...]:
    """Every worker takes the next part when it is done with one, so the last round may be for few."""
    part_s = pair_s * sum(each.rows for each in plan) / len(plan)
    asked = [workers] if workers else [10**power for power in range(5) if 10**power < len(plan)] + [len(plan)]
    return tuple((number, math.ceil(len(plan) / number) * part_s / 3600) for number in asked)


def _room(
    folder: Path, run: Run, plan: Sequence[Planned], tried: Sequence[Tried], *, files: bool
) -> tuple[int, int]:
    """Bytes and files of OUT, from parts as they will be, written of the rows that were tried."""
    rows = [each.row for each in tried if each.row is not None]
    write_part(folder, run, 0, [])
    empty = part_path(folder, 0).stat().st_size
    longest = max(each.rows for each in plan)
    written = 0
    for start in range(0, len(rows), longest):
        write_part(folder, run, 0, rows[start : start + longest])
        written += part_path(folder, 0).stat().st_size - empty
    pictures = [_picture_bytes(run, row) for row in rows] if files else []
    planned = sum(each.rows for each in plan)
    a_row = (written + sum(map(sum, pictures))) / max(len(rows), 1)
    files_a_row = sum(map(len, pictures)) / max(len(rows), 1)
    # Beside the parts stand plan.parquet and run.json, too small to count.
    return round(planned * a_row + len(plan) * empty), round(planned * files_a_row) + len(plan) + 2


def _picture_bytes(run: Run, row: Row) -> list[int]:
    return [len(row[name]["bytes"]) for name in run.frozen.pictures if row.get(name)]
