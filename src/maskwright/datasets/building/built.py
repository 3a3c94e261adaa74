"""build.json: what a dataset was made from and how, frozen in its folder and compared ever after."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from maskwright.corpus import atomic
from maskwright.datasets.values import Built, Taken
from maskwright.errors import RunError

BUILD, PROVENANCE, LEFT_OUT = "build.json", "provenance", "left_out.parquet"
"""Names in a dataset: its settings, a table a shard, and the rows that could not be read."""
SHORTCUTS, CHECKSUMS = "shortcuts.json", "checksums.sha256"
"""Made last: what gives edited pictures away, and the checksum of every file."""

FORMAT = 1

# More differences than this say no more.
_SHOWN = 4

# What may differ between two sittings: libraries may, and room is not counted twice.
_FREE = ("versions", "files", "bytes", "command")


def freeze_build(dataset: Path, built: Built) -> None:
    """Begin a dataset in a folder that is there, or make sure that the one there is this one.

    build.json is created whole or not at all, so of two processes that start at once one wins and the
    other compares.

    Raises:
        RunError: the folder holds another build; the message shows the difference.
    """
    atomic.create(dataset / BUILD, _to_json(built))
    there, here = asdict(load_build(dataset)), asdict(built)
    names = [name for name in here if name not in _FREE and there[name] != here[name]]
    changes = [_difference(name, there[name], here[name]) for name in names if name != "plan"]
    if "plan" in names and not changes:
        changes = ["the rows, their photographs or their places"]
    if there["versions"]["maskwright"] != here["versions"]["maskwright"]:
        changes.append(
            _difference("version", there["versions"]["maskwright"], here["versions"]["maskwright"])
        )
    if changes:
        more = [f"and {len(changes) - _SHOWN} more"] if len(changes) > _SHOWN else []
        raise RunError(
            f"{dataset} belongs to another build: " + "; ".join(changes[:_SHOWN] + more),
            hint="build into a new folder, or give the same corpora and settings again",
        )


def load_build(dataset: Path) -> Built:
    """Read build.json.

    Raises:
        RunError: there is none, or it cannot be read.
    """
    path = dataset / BUILD
    try:
        return _from_json(path.read_bytes())
    except FileNotFoundError as fault:
        raise RunError(
            f"{dataset} is no dataset of maskwright: it has no {BUILD}",
            hint=f"make one: maskwright build {dataset} --from OUT --selection N --format imagefolder",
        ) from fault
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise RunError(f"{path} is damaged: {fault}", hint="build into a new folder") from fault


def _difference(name: str, old: Any, new: Any) -> str:
    """In words; of lists of values only those that differ."""
    if isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
        differ = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
        if differ and all(isinstance(value, dict) for pair in differ for value in pair):
            a, b = differ[0]
            key = next(key for key in a if a[key] != b[key])
            return f"{name}, {a['out']}, {key}: was {a[key]!r}, is {b[key]!r}"
    return f"{name}: was {old!r}, is {new!r}"


def _to_json(built: Built) -> bytes:
    return (json.dumps({"format_version": FORMAT, **asdict(built)}, indent=1, sort_keys=True) + "\n").encode()


def _from_json(data: bytes) -> Built:
    record = json.loads(data)
    if record["format_version"] != FORMAT:
        raise ValueError(f"format {record['format_version']} is not read by this version")
    taken = tuple(
        Taken(
            **{
                **each,
                "roles": tuple(each["roles"]),
                "conditions": tuple(each["conditions"]),
                "funnel": tuple((what, left) for what, left in each["funnel"]),
            }
        )
        for each in record["taken"]
    )
    values = {field.name: record[field.name] for field in fields(Built)}
    values["excluded"] = tuple((source, rows) for source, rows in record["excluded"])
    values["fractions"] = tuple(record["fractions"])
    return Built(**{**values, "taken": taken})
