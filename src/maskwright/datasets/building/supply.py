"""Rows of a corpus as a worker takes them: columns, stored maps, and pictures that are not opened yet."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from maskwright.corpus.parts import part_path
from maskwright.corpus.plan import Run, load_plan, load_run, source_of
from maskwright.datasets.building.gather import licence_column
from maskwright.datasets.building.licences import allowed
from maskwright.datasets.building.plan import FORGED, PlanRow
from maskwright.datasets.formats.columns import COLUMNS, row_of
from maskwright.datasets.formats.tables import data_files
from maskwright.datasets.values import ROW
from maskwright.errors import InputError, RunError
from maskwright.pairs.presets import PRESETS
from maskwright.pairs.sources import Roles, Source, open_source
from maskwright.pairs.values import PictureLike

# Columns of `ROW` that a corpus has under the same names.
_ITS_OWN = (
    *("id", "original", "edited", "instruction", "width", "height", "area_frac", "qes", "confidence"),
    *("verdict", "background", "kind", "annotator", "annotator_digest"),
)
# What is said of an edit, so not of an authentic picture.
_OF_EDITS = (
    *("instruction", "qes", "confidence", "verdict", "background", "kind", "edited_sha256"),
    *("annotator", "annotator_digest"),
)

# Row groups kept: rows that follow each other in a plan come from one or two of each corpus.
_KEPT_GROUPS = 4


@dataclass(frozen=True, slots=True)
class Raw:
    """A row of a plan with all that is known of it; nothing of it is decoded, its pictures are not opened.

    Args:
        row: the columns of `ROW` but for files, width and height of the edited picture.
        mask, ignore: grey PNG, None where the row has none; with a threshold `mask` is the change map.
        original, edited: None where the row has none, or where the label needs none.
        fault: why a picture could not even be found.
    """

    planned: PlanRow
    row: Mapping[str, Any]
    mask: bytes | None
    ignore: bytes | None
    threshold: float | None
    original: PictureLike | None
    edited: PictureLike | None
    fault: InputError | None = None


class Supply(Protocol):
    """Where rows of one corpus come from."""

    def rows(self, planned: Sequence[PlanRow], *, originals: bool) -> list[Raw]:
        """What is known of rows that lie close together, in the order given.

        Args:
            originals: those of forged rows are wanted, too.

        Raises:
            RunError: what annotate or build wrote cannot be read.
        """


class CorpusSupply:
    """Rows of what annotate wrote.

    Args:
        out: absolute.
        source: as in `ROW`.
        threshold: None: the masks as they are stored.
    """

    def __init__(self, out: str, source: str, threshold: float | None) -> None:
        self._out, self._name, self._threshold = Path(out), source, threshold
        self._run: Run = load_run(self._out)
        self._preset = PRESETS.get(self._run.roles.corpus or "")
        self._licence = licence_column(self._run)
        self._source: Source = source_of(self._run, load_plan(self._out))
        names = self._run.frozen.arrow.names
        self._map = "mask" if threshold is None else "change"
        self._columns = [name for name in names if name not in self._run.frozen.pictures]
        self._columns += [self._map, "ignore"]
        self._groups = RowGroups()

    def rows(self, planned: Sequence[PlanRow], *, originals: bool) -> list[Raw]:
        order = sorted(range(len(planned)), key=lambda at: (planned[at]["part"], planned[at]["row"]))
        stored = {at: self._stored(planned[at]) for at in order}
        pictures = _pictures(self._source, planned, stored, originals=originals)
        return [
            Raw(
                each,
                self._row(each, stored[at]),
                _png(stored[at][self._map]),
                _png(stored[at]["ignore"]),
                self._threshold,
                *pictures[at],
            )
            for at, each in enumerate(planned)
        ]

    def _stored(self, planned: PlanRow) -> dict[str, Any]:
        path = part_path(self._out, planned["part"])
        row = self._groups.row(path, planned["row"], self._columns)
        if row["id"] != planned["id"]:
            raise RunError(
                f"{path} has changed since this build began",
                hint="select again, then build into a new folder",
            )
        return row

    def _row(self, planned: PlanRow, row: Mapping[str, Any]) -> dict[str, Any]:
        own = row[self._licence] if self._licence is not None else None
        licence = "" if own is None else str(own)
        values: dict[str, Any] = dict.fromkeys(name for name in ROW if name != "files")
        values |= {name: row[name] for name in _ITS_OWN}
        values |= {name: planned[name] for name in ("stem", "split", "label", "photograph")}
        values["source"] = self._name
        values["licence"] = licence or (self._preset.licence if self._preset is not None else "")
        values["redistribute"] = allowed(self._preset, licence)
        values["columns"] = self._further(row)
        if planned["label"] != FORGED:
            return values | dict.fromkeys(_OF_EDITS) | {"area_frac": 0.0}
        return values

    def _further(self, row: Mapping[str, Any]) -> str:
        """All columns of the source that are not said elsewhere, as a JSON object."""
        carried = {
            theirs: _plain(row[ours])
            for theirs, ours in self._run.frozen.carried.items()
            if ours != self._licence and not isinstance(row[ours], bytes)
        }
        return json.dumps(carried, ensure_ascii=False, default=str)


class MasksSupply:
    """Rows of a dataset of masks, with the pictures of the corpus it was made of.

    Args:
        masks: the dataset, absolute.
        pictures: the corpus; `roles` says how it is read.
    """

    def __init__(self, masks: str, pictures: str, roles: Roles) -> None:
        self._files = [Path(masks) / file for file in data_files(Path(masks))]
        self._source = open_source(pictures, roles=roles)
        self._columns = [*COLUMNS, "mask", "ignore"]
        self._groups = RowGroups()

    def rows(self, planned: Sequence[PlanRow], *, originals: bool) -> list[Raw]:
        stored = {
            at: self._groups.row(self._files[each["part"]], each["row"], self._columns)
            for at, each in enumerate(planned)
        }
        rows = {at: row_of(row, planned[at]["split"]) for at, row in stored.items()}
        pictures = _pictures(self._source, planned, rows, originals=originals)
        return [
            Raw(each, rows[at], _png(stored[at]["mask"]), _png(stored[at]["ignore"]), None, *pictures[at])
            for at, each in enumerate(planned)
        ]


class RowGroups:
    """Rows of Parquet files, a row group at a time; the last few are kept."""

    def __init__(self) -> None:
        self._ends: OrderedDict[Path, list[int]] = OrderedDict()
        self._kept: OrderedDict[tuple[Path, int], pa.Table] = OrderedDict()

    def row(self, path: Path, row: int, columns: Sequence[str]) -> dict[str, Any]:
        """One row; always ask a file for the same columns.

        Raises:
            RunError: the file is damaged, or has no such row.
        """
        try:
            ends = self._ends_of(path)
            group = next(number for number, end in enumerate(ends) if row < end)
            table = self._group(path, group, columns)
            found: dict[str, Any] = table.slice(row - (ends[group - 1] if group else 0), 1).to_pylist()[0]
        except (OSError, pa.ArrowException, ValueError, StopIteration, IndexError) as fault:
            raise RunError(
                f"{path} is damaged: {fault}",
                hint="see whether it can be made again, then type the same line",
            ) from fault
        return found

    def _ends_of(self, path: Path) -> list[int]:
        if path not in self._ends:
            with pq.ParquetFile(path) as file:
                ends, end = [], 0
                for group in range(file.num_row_groups):
                    end += file.metadata.row_group(group).num_rows
                    ends.append(end)
            self._ends[path] = ends
        return self._ends[path]

    def _group(self, path: Path, group: int, columns: Sequence[str]) -> pa.Table:
        if (path, group) not in self._kept:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                self._kept[path, group] = file.read_row_group(group, list(columns), use_threads=False)
            while len(self._kept) > _KEPT_GROUPS:
                self._kept.popitem(last=False)
        self._kept.move_to_end((path, group))
        return self._kept[path, group]


_Pictures: TypeAlias = "tuple[PictureLike | None, PictureLike | None, InputError | None]"


def _pictures(
    source: Source,
    planned: Sequence[PlanRow],
    rows: Mapping[int, Mapping[str, Any]],
    *,
    originals: bool,
) -> dict[int, _Pictures]:
    """Original, edited, and why one of them cannot be found, of rows in the order of their corpus.

    One column after the other: a table's reader goes on where it stopped, and starts anew at another.
    """
    found: dict[str, dict[int, PictureLike | InputError | None]] = {"original": {}, "edited": {}}
    for role, pictures in found.items():
        for at, row in rows.items():
            forged = planned[at]["label"] == FORGED
            needed = forged if role == "edited" else originals or not forged
            pictures[at] = _found(source, row[role]) if needed else None
    said: dict[int, _Pictures] = {}
    for at in rows:
        original, edited = found["original"][at], found["edited"][at]
        fault = next((each for each in (original, edited) if isinstance(each, InputError)), None)
        said[at] = (
            None if isinstance(original, InputError) else original,
            None if isinstance(edited, InputError) else edited,
            fault,
        )
    return said


def _found(source: Source, key: str | None) -> PictureLike | InputError:
    if key is None:
        return InputError("the row names no picture", reason="no_picture")
    try:
        return source.picture(key)
    except InputError as fault:
        return fault


def _png(stored: Mapping[str, Any] | None) -> bytes | None:
    """The bytes of a struct of a picture."""
    return None if stored is None else stored["bytes"]


def _plain(value: Any) -> Any:
    """A value as JSON has it: a number that is none is not known."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
