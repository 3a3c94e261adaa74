"""A selection: which rows of a corpus a dataset is made of, beside the corpus, in two files.

`OUT/selections/N.parquet` holds a line a row: part, row (its place in the part's file) and id, in the
plan's order; with a threshold also what follows from the mask at it. `OUT/selections/N.json` says how
they were chosen, and from which parts. Neither names a place, so a corpus can be moved.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from maskwright.corpus.parts import part_path
from maskwright.corpus.reader import open_corpus
from maskwright.errors import RunError, SettingError, unknown_name
from maskwright.pages.words import counted

SELECTIONS = "selections"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of one corpus.

    Args:
        out: the corpus.
        conditions: SQL, all of which hold.
        threshold: level of the change map from which on a pixel is edited; None: the stored masks.
        funnel: (what, rows left after it), in order.
        rows: how many.
    """

    out: Path
    name: str
    conditions: tuple[str, ...]
    threshold: float | None
    funnel: tuple[tuple[str, int], ...]
    rows: int

    def table(self) -> pa.Table:
        """part int32, row int32 and id, in the plan's order; with a threshold also area_frac, components,
        largest_component_frac and border_sharpness of the masks at it.

        Raises:
            RunError: it cannot be read.
        """
        path = rows_path(self.out, self.name)
        try:
            return pq.read_table(path, partitioning=None)
        except (OSError, pa.ArrowException) as fault:
            raise self._damaged(fault) from fault

    def _damaged(self, fault: object) -> RunError:
        return RunError(
            f"{rows_path(self.out, self.name)} is damaged: {fault}",
            hint=f"make it again: {select_command([self.out], self.conditions, self.name, self.threshold)}",
        )


def load_selection(out: Path, name: str) -> Selection:
    """Read a selection, and make sure that it still fits its corpus.

    Raises:
        SettingError: the corpus has no such selection; names the nearest.
        RunError: it is damaged, or parts of the corpus are new, gone or others since; the hint is the line
            that selects again.
    """
    check_name(name)
    path = settings_path(out, name)
    corpus = open_corpus(out)
    try:
        told = json.loads(path.read_bytes())
        if told["format"] != FORMAT:
            raise ValueError(f"format {told['format']} is not read by this version")
        selection = Selection(
            out=out,
            name=name,
            conditions=tuple(told["conditions"]),
            threshold=told["threshold"],
            funnel=tuple((step["what"], step["left"]) for step in told["funnel"]),
            rows=told["rows"],
        )
        parts, digest, rows_digest = told["parts"], told["parts_digest"], told["rows_digest"]
    except FileNotFoundError as fault:
        raise _no_selection(out, name) from fault
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise RunError(
            f"{path} is damaged: {fault}",
            hint=f'make it again: maskwright select {shlex.quote(str(out))} --where "..." --name {name}',
        ) from fault
    if parts_digest(out, corpus.parts) != digest:
        now = "others" if len(corpus.parts) == parts else counted(len(corpus.parts), "part")
        again = select_command([out], selection.conditions, name, selection.threshold)
        raise RunError(
            f"{out} has changed since {name!r} was selected: then {counted(parts, 'part')}, now {now}",
            hint=f"select again: {again}",
        )
    if file_digest(rows_path(out, name)) != rows_digest:
        raise selection._damaged("it is not the one its .json speaks of")
    return selection


def rows_path(out: Path, name: str) -> Path:
    """Where the rows of a selection are kept."""
    return out / SELECTIONS / f"{name}.parquet"


def settings_path(out: Path, name: str) -> Path:
    """Where it is said how they were chosen."""
    return out / SELECTIONS / f"{name}.json"


def check_name(name: str) -> None:
    """Refuse what is no name of a file on every machine."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}", name):
        raise SettingError(
            f"a selection cannot be named {name!r}",
            hint="use letters, digits, - and _, at most 100 of them, and do not begin with -",
        )


def parts_digest(out: Path, parts: Sequence[int]) -> str:
    """sha256 over number, size and Parquet footer of parts: cheap, and another where rows are.

    A footer holds the place and size of every column's data and the least and the largest of every score.

    Raises:
        RunError: a part cannot be read.
    """
    digest = hashlib.sha256()
    for number in parts:
        path = part_path(out, number)
        try:
            with path.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(max(0, size - 8))
                length = int.from_bytes(file.read(4), "little")
                file.seek(max(0, size - 8 - length))
                footer = hashlib.sha256(file.read(length + 8)).hexdigest()
        except OSError as fault:
            raise RunError(f"{path} cannot be read: {fault.strerror}") from fault
        digest.update(f"{number} {size} {footer}\n".encode())
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of a file; empty where there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def select_command(
    outs: Sequence[Path | str], conditions: Sequence[str], name: str, threshold: float | None
) -> str:
    """The `maskwright select` line that makes a selection, quoted for a shell."""
    words = [word for condition in conditions for word in ("--where", condition)] + ["--name", name]
    words += [] if threshold is None else ["--threshold", str(threshold)]
    places = [str(out) for out in outs]
    if any(place.startswith("-") for place in places):
        return shlex.join(["maskwright", "select", *words, "--", *places])
    return shlex.join(["maskwright", "select", *places, *words])


def _no_selection(out: Path, name: str) -> SettingError:
    known = [path.stem for path in sorted((out / SELECTIONS).glob("*.json")) if path.name[:1] != "."]
    if known:
        return unknown_name("selection", name, known)
    return SettingError(
        f"{out} has no selection {name!r}",
        hint=f'make it: maskwright select {shlex.quote(str(out))} --where "qes > 0.5" --name {name}',
    )
