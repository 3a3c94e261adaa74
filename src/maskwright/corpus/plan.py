"""What a run is: its plan and its settings, frozen once in OUT and compared ever after."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from maskwright.corpus import atomic
from maskwright.corpus.schema import Frozen
from maskwright.errors import RunError, SettingError
from maskwright.masks.annotators import Setup, given
from maskwright.pairs.sources import Known, Part, Roles, Source, open_source, reopen_source

PLAN, RUN, ANNOTATIONS = "plan.parquet", "run.json", "annotations"
FORMAT = 1

_PLAN_SCHEMA = pa.schema(
    [
        ("part", pa.int32()),
        ("file", pa.string()),
        ("start", pa.int64()),
        ("rows", pa.int64()),
        ("size", pa.int64()),
        ("etag", pa.string()),
        ("take", pa.list_(pa.int64())),
    ]
)
# Settings of a run that are written in a form of their own.
_NESTED = ("setup", "roles", "known", "frozen")

# More differences than this say no more.
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Planned:
    """A part, and which of its rows are drawn (counted from its start); None is all."""

    part: Part
    take: tuple[int, ...] | None = None

    @property
    def rows(self) -> int:
        return self.part.rows if self.take is None else len(self.take)


@dataclass(frozen=True, slots=True)
class Run:
    """run.json: all that a worker must know beside the plan.

    Args:
        source: the location, absolute.
        annotator: as the user named it; a file as its absolute path.
        setup: what it is put together from; files as their absolute paths.
        annotator_name, annotator_digest: from its card.
        sample: rows drawn, None for all.
        versions: of this package and of the libraries that decode and compute.
        plan_digest: sha256 of plan.parquet.
        known: what the source's files have in common; None where it is opened whole.
    """

    source: str
    roles: Roles
    annotator: str
    setup: Setup
    annotator_name: str
    annotator_digest: str
    layers: tuple[str, ...]
    sample: int | None
    seed: int
    max_pixels: int
    versions: Mapping[str, str]
    plan_digest: str
    known: Known | None
    frozen: Frozen


def drawn(parts: Sequence[Part], sample: int | None, seed: int) -> list[Planned]:
    """The plan: all rows, or `sample` of them drawn uniformly without replacement.

    Raises:
        SettingError: the sample is not between 1 and the number of rows, or the seed is negative.
    """
    if not isinstance(seed, int) or seed < 0:
        raise SettingError(f"a seed is a whole number from 0 on, not {seed!r}")
    if sample is None:
        return [Planned(part) for part in parts]
    total = sum(part.rows for part in parts)
    if not isinstance(sample, int) or not 1 <= sample <= total:
        raise SettingError(f"a sample of {sample!r} cannot be drawn from {total} rows")
    chosen = np.sort(np.random.default_rng(seed).choice(total, sample, replace=False))
    planned = []
    for part, end in zip(parts, accumulate(part.rows for part in parts), strict=True):
        first = end - part.rows
        low, high = np.searchsorted(chosen, [first, end])
        if high > low:
            planned.append(Planned(part, tuple(int(row) - first for row in chosen[low:high])))
    return planned


def plan_bytes(plan: Sequence[Planned]) -> bytes:
    """plan.parquet; the same plan gives the same bytes."""
    rows = [
        {
            "part": each.part.number,
            "file": each.part.file,
            "start": each.part.start,
            "rows": each.part.rows,
            "size": each.part.size,
            "etag": each.part.etag,
            "take": None if each.take is None else list(each.take),
        }
        for each in plan
    ]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=_PLAN_SCHEMA), buffer, compression="zstd")
    return buffer.getvalue()


def freeze_run(out: Path, run: Run, plan: Sequence[Planned]) -> None:
    """Begin a run in OUT, or make sure that the one there is this one.

    run.json decides, and is created whole or not at all, so of two processes that start at once
    one wins and the other compares. plan.parquet follows from it: its digest is in run.json.

    Raises:
        RunError: OUT belongs to another run; the message shows the difference.
    """
    data = plan_bytes(plan)
    run = replace(run, plan_digest=hashlib.sha256(data).hexdigest())
    atomic.create(out / RUN, _to_json(run))
    _refuse_another(out, run, plan)
    if not (out / PLAN).exists():
        with atomic.replacing(out / PLAN) as temporary:
            temporary.write_bytes(data)


def is_run(folder: Path) -> bool:
    """Whether `annotate` has written here."""
    return all((folder / name).is_file() for name in (PLAN, RUN))


def load_run(out: Path) -> Run:
    """Read run.json.

    Raises:
        RunError: OUT has none, or it cannot be read.
    """
    path = out / RUN
    try:
        return _from_json(path.read_bytes())
    except FileNotFoundError as fault:
        raise RunError(
            f"{out} is no output of maskwright: it has no {RUN}",
            hint="make one: maskwright annotate "
            + (f"{out} OUT, then give that OUT" if out.exists() else f"SOURCE {out}"),
        ) from fault
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as fault:
        raise RunError(
            f"{path} is damaged: {fault}", hint="restore it, or annotate into a new folder"
        ) from fault


def load_plan(out: Path) -> list[Planned]:
    """Read plan.parquet.

    Raises:
        RunError: there is none yet, or it cannot be read.
    """
    path = out / PLAN
    try:
        rows = pq.read_table(path, partitioning=None).to_pylist()
        return [
            Planned(
                Part(row["part"], row["file"], row["start"], row["rows"], row["size"], row["etag"]),
                None if row["take"] is None else tuple(row["take"]),
            )
            for row in rows
        ]
    except (OSError, ValueError, KeyError, pa.ArrowException) as fault:
        raise RunError(
            f"{path} cannot be read: {fault}",
            hint="type the line that began this run again: it is made anew from the source",
        ) from fault


def source_of(run: Run, plan: Iterable[Planned]) -> Source:
    """The source of a run; of many files, only those are opened that are read."""
    if run.known is None:
        return open_source(run.source, roles=run.roles)
    files = list(dict.fromkeys(planned.part.file for planned in plan))
    return reopen_source(run.source, run.known, files, roles=run.roles)


def _refuse_another(out: Path, run: Run, plan: Sequence[Planned]) -> None:
    there = load_run(out)
    changes = [f"{name}: was {old!r}, is {new!r}" for name, old, new in _compared(there, run) if old != new]
    if not changes and there.plan_digest != run.plan_digest:
        changes = _plan_changes(load_plan(out), plan) if (out / PLAN).exists() else ["the source's files"]
    if changes:
        more = [f"and {len(changes) - _SHOWN} more"] if len(changes) > _SHOWN else []
        raise RunError(
            f"{out} belongs to another run: " + "; ".join(changes[:_SHOWN] + more),
            hint="annotate into a new folder, or give the same source and settings again",
        )


def _compared(there: Run, here: Run) -> list[tuple[str, Any, Any]]:
    """What must not change between two sittings; libraries may, this package may not."""
    names = (
        "source",
        "roles",
        "annotator_name",
        "annotator_digest",
        "layers",
        "sample",
        "seed",
        "max_pixels",
    )
    pairs = [
        (each.name, getattr(there.setup, each.name), getattr(here.setup, each.name)) for each in fields(Setup)
    ]
    pairs += [(name, getattr(there, name), getattr(here, name)) for name in names]
    pairs.append(("maskwright", there.versions.get("maskwright"), here.versions.get("maskwright")))
    old, new = _columns(there), _columns(here)
    pairs += [(f"column {name}", old.get(name), new.get(name)) for name in {**old, **new}]
    return pairs


def _columns(run: Run) -> dict[str, str]:
    return {field.name: str(field.type) for field in run.frozen.arrow}


def _plan_changes(there: Sequence[Planned], here: Sequence[Planned]) -> list[str]:
    """What differs between two plans, file by file."""
    old = {(each.part.number, each.part.file): each for each in there}
    new = {(each.part.number, each.part.file): each for each in here}
    changes = []
    for number, file in {**old, **new}:
        was, now = old.get((number, file)), new.get((number, file))
        where = f"part {number} ({file})"
        if was is None or now is None:
            changes.append(f"{where} {'is new' if was is None else 'is gone'}")
        elif was != now:
            fields = [
                f"{name} {a!r} to {b!r}"
                for (name, a), b in zip(asdict(was.part).items(), asdict(now.part).values(), strict=True)
                if a != b
            ]
            changes.append(f"{where} changed: {', '.join(fields) or 'the rows drawn'}")
    return changes or ["the plan"]


def _to_json(run: Run) -> bytes:
    fields = {name: getattr(run, name) for name in Run.__slots__ if name not in _NESTED}
    record = {
        "format": FORMAT,
        **fields,
        "layers": list(run.layers),
        "versions": dict(run.versions),
        "setup": given(run.setup),
        "roles": asdict(run.roles),
        "known": run.known and run.known.to_json(),
        "columns": _columns(run),
        "carried": dict(run.frozen.carried),
        "pictures": list(run.frozen.pictures),
        "arrow_schema": base64.b64encode(run.frozen.arrow.serialize().to_pybytes()).decode(),
    }
    return (json.dumps(record, indent=1, sort_keys=True) + "\n").encode()


def _from_json(data: bytes) -> Run:
    record = json.loads(data)
    if record["format"] != FORMAT:
        raise ValueError(f"format {record['format']} is not read by this version")
    schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(record["arrow_schema"])))
    fields = {name: record[name] for name in Run.__slots__ if name not in _NESTED}
    return Run(
        **{**fields, "layers": tuple(record["layers"])},
        setup=Setup(**record.get("setup", {})),  # runs of version 0.5 have none
        roles=Roles(**record["roles"]),
        known=Known.from_json(record["known"]) if record.get("known") else None,
        frozen=Frozen(schema, record["carried"], tuple(record["pictures"])),
    )
