"""Labelled test sets by name: every picture with its label and, where it was forged, its mask."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from maskwright.errors import InputError
from maskwright.pairs.opening import shown
from maskwright.pairs.presets import find_labelled
from maskwright.pairs.presets.preset import LabelledFiles, LabelledList, LabelledTable, Preset, flag_of
from maskwright.pairs.sources.base import PICTURE_SUFFIXES, native, portable
from maskwright.pairs.sources.folder import list_files
from maskwright.pairs.sources.named import Partners, left_over, named_groups
from maskwright.pairs.sources.parquet import ParquetReader
from maskwright.pairs.sources.preset import SplitCount, split_of
from maskwright.pairs.sources.stores import Disk
from maskwright.pairs.values import Encoded, Labelled, Located, Rejection, RuledMask

PARQUET = (".parquet", ".pq")


class LabelledSet(Protocol):
    """A labelled set: a sequence of pictures, read when asked for. Every row is a Labelled or a Rejection."""

    location: str
    preset: Preset

    def __len__(self) -> int: ...

    def __getitem__(self, row: int) -> Labelled | Rejection: ...

    def __iter__(self) -> Iterator[Labelled | Rejection]: ...

    def labels(self) -> Mapping[str, int]:
        """Label -> pictures, without reading one."""

    def counts(self) -> tuple[SplitCount, ...]:
        """What is here of every split and label that the preset knows, against the whole set."""


def open_labelled(location: str | os.PathLike[str], name: str) -> LabelledSet:
    """Open a labelled set.

    Args:
        location: the folder it was unpacked into; of a set in Parquet also one file.
        name: of `presets`, for example `columbia`.

    Raises:
        SettingError: there is no such set, or it is a corpus of pairs.
        InputError: it is not established how it is read, or what is at the location is not it.
    """
    preset = find_labelled(name)
    place = os.fsdecode(location)
    if isinstance(preset.container, LabelledTable):
        return _TableSet(place, preset, preset.container)
    if not os.path.isdir(place):
        raise InputError(
            f"{preset.title} is a folder, {shown(place)} is none",
            hint=f"SOURCE of --corpus {name} is {preset.source}; its home is {preset.home}",
        )
    files = [portable(file) for file in list_files(place)]
    if isinstance(preset.container, LabelledList):
        return _ListSet(place, preset, _listed(place, preset, preset.container, files))
    if isinstance(preset.container, LabelledFiles):
        return _ListSet(place, preset, _named(place, preset, preset.container, files))
    raise InputError(f"{preset.title} is not read as labelled pictures")


class _ListSet:
    """A set whose rows are all known from names."""

    def __init__(self, location: str, preset: Preset, rows: Sequence[Labelled | Rejection]) -> None:
        self.location, self.preset, self._rows = location, preset, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: int) -> Labelled | Rejection:
        return self._rows[row]

    def __iter__(self) -> Iterator[Labelled | Rejection]:
        return iter(self._rows)

    def labels(self) -> Mapping[str, int]:
        return Counter(row.label for row in self._rows if isinstance(row, Labelled))

    def counts(self) -> tuple[SplitCount, ...]:
        labelled = [row for row in self._rows if isinstance(row, Labelled)]
        splits = Counter(str(row.columns.get("split")) for row in labelled if row.label == "forged")
        return _counts(self.preset, {**splits, **self.labels()})


class _TableSet:
    """A set in Parquet files, read row by row."""

    def __init__(self, location: str, preset: Preset, table: LabelledTable) -> None:
        self.location, self.preset, self._table = location, preset, table
        root, files = location, []
        if os.path.isdir(location):
            files = [file for file in list_files(location) if file.lower().endswith(PARQUET)]
        elif os.path.isfile(location):
            root, files = os.path.dirname(location) or ".", [os.path.basename(location)]
        if not files or not all(file.lower().endswith(PARQUET) for file in files):
            raise InputError(
                f"{preset.title} is a folder of Parquet files, {shown(location)} is none",
                hint=f"its home is {preset.home}",
            )
        self._reader = ParquetReader(Disk(root), files)
        columns = self._reader.columns()
        missing = [name for name in (table.picture, table.label) if name not in columns]
        if missing:
            raise InputError(
                f"{shown(location)} has no column {' and no '.join(map(repr, missing))}, "
                f"which {preset.title} has"
            )
        self._read = [name for name in (table.picture, table.mask, table.label, table.key) if name in columns]
        self._files = {file: self._reader.count(file) for file in self._reader.files}

    def __len__(self) -> int:
        return sum(self._files.values())

    def __getitem__(self, row: int) -> Labelled | Rejection:
        for file, rows in self._files.items():
            if 0 <= row < rows:
                return next(self._rows(file, row, 1))
            row -= rows
        raise IndexError(row)

    def __iter__(self) -> Iterator[Labelled | Rejection]:
        for file, rows in self._files.items():
            yield from self._rows(file, 0, rows)

    def labels(self) -> Mapping[str, int]:
        found: Counter[str] = Counter()
        for file, rows in self._files.items():
            for values in self._reader.read(file, 0, rows, [self._table.label]):
                if isinstance(values, dict) and (label := self._label(values)):
                    found[label] += 1
        return found

    def counts(self) -> tuple[SplitCount, ...]:
        found: Counter[str] = Counter()
        for file, rows in self._files.items():
            found[split_of(file)] += rows
        return _counts(self.preset, found)

    def _rows(self, file: str, start: int, rows: int) -> Iterator[Labelled | Rejection]:
        for row, values in enumerate(self._reader.read(file, start, rows, self._read), start):
            id_ = f"{file}#{row}"
            yield (
                self._row(id_, values)
                if isinstance(values, dict)
                else Rejection(id_, "bad_row", values.detail)
            )

    def _row(self, id_: str, values: Mapping[str, Any]) -> Labelled | Rejection:
        label = self._label(values)
        key = values.get(self._table.key)
        columns = {"corpus": self.preset.name, "key": None if key is None else str(key)}
        if label is None:
            shown_label = shown(values[self._table.label])[:40]
            return Rejection(id_, "bad_row", f"label {shown_label} is not one of this set", columns)
        picture = _picture(values.get(self._table.picture), f"{id_}:{self._table.picture}")
        if picture is None:
            return Rejection(id_, "no_picture", f"column {self._table.picture!r} is empty", columns)
        stored = _picture(values.get(self._table.mask), f"{id_}:{self._table.mask}")
        if label != "forged":
            stored = None
        elif stored is None:
            label = self._table.without_mask
        return _labelled(self.preset, id_, picture, stored, label, values, columns)

    def _label(self, values: Mapping[str, Any]) -> str | None:
        return self._table.labels.get(str(values[self._table.label]))


def _named(
    place: str, preset: Preset, named: LabelledFiles, files: Sequence[str]
) -> list[Labelled | Rejection]:
    """The rows of a set that is told by names."""
    keys = [file for file in files if os.path.splitext(file)[1].lower() in PICTURE_SUFFIXES]
    forged = {key: groups for key in keys if (groups := named_groups(named.forged, key)) is not None}
    if not forged:
        raise InputError(
            f"{shown(place)} has no forged picture of {preset.title}; for example it has "
            f"{', '.join(keys[:4]) or 'none'}",
            hint="is it that set, unpacked as it comes?",
        )
    masks = Partners(named.forged, named.mask, keys)
    rows: list[Labelled | Rejection] = []
    used = set()
    for key in keys:
        groups = forged.get(key)
        if groups is not None:
            columns = {**groups, "corpus": preset.name}
            columns["key"] = ":".join(groups[name] for name in named.key) or key
            found = masks.of(groups)
            used.update(found)
            if len(found) > 1:
                rows.append(Rejection(key, "ambiguous", f"it has the masks {', '.join(found)}", columns))
                continue
            mask = _located(place, found[0]) if found else None
            rows.append(_labelled(preset, key, _located(place, key), mask, "forged", groups, columns))
        elif named_groups(named.authentic, key) is not None:
            columns = {"corpus": preset.name, "key": key}
            rows.append(_labelled(preset, key, _located(place, key), None, "authentic", {}, columns))
    known = used | {row.id for row in rows}
    rows += [Rejection(key, *left_over(key, named.spare, preset.title)) for key in keys if key not in known]
    return sorted(rows, key=lambda row: row.id)


def _listed(
    place: str, preset: Preset, listed: LabelledList, files: Sequence[str]
) -> list[Labelled | Rejection]:
    """The rows of a set that a text table names."""
    table = next((file for file in files if f"/{file}".endswith(f"/{listed.file}")), None)
    if table is None:
        raise InputError(
            f"{shown(place)} has no {listed.file}, which says what is what in {preset.title}",
            hint="give the folder that holds it",
        )
    root = table.removesuffix(listed.file)
    there = set(files)
    rows: list[Labelled | Rejection] = []
    with open(_located(place, table).path, encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.DictReader(file, delimiter=listed.delimiter)
        missing = {listed.picture, listed.mask, listed.forged.column} - set(reader.fieldnames or ())
        if missing:
            raise InputError(f"{listed.file} of {shown(place)} has no column {', '.join(sorted(missing))}")
        for line, values in enumerate(reader):
            key = f"{root}{values[listed.picture]}"
            id_ = f"{table}#{line}"
            columns = {"corpus": preset.name, "key": values[listed.picture]}
            if key not in there:
                rows.append(Rejection(id_, "file_missing", shown(key)[:200], columns))
                continue
            is_forged = listed.forged.holds(values)
            stored = f"{root}{values[listed.mask]}"
            mask = _located(place, stored) if is_forged and stored in there else None
            label = "forged" if is_forged else "authentic"
            rows.append(_labelled(preset, id_, _located(place, key), mask, label, values, columns))
    return rows


def _labelled(
    preset: Preset,
    id_: str,
    picture: Encoded | Located,
    mask: Encoded | Located | None,
    label: str,
    values: Mapping[str, Any],
    columns: Mapping[str, Any],
) -> Labelled | Rejection:
    """A row with what its preset says of it."""
    if why := preset.why_skipped({**values, "path": picture.key}):
        return Rejection(id_, "skipped", why, columns)
    columns = {**columns, "whole_frame": flag_of(preset.whole_frame, values) if label == "forged" else None}
    ruled = None if mask is None else RuledMask(mask, preset.mask_rule, preset.mask_fit)
    return Labelled(id_, picture, ruled, label, columns)


def _picture(cell: Any, key: str) -> Encoded | None:
    data = cell.get("bytes") if isinstance(cell, dict) else cell
    if isinstance(data, Encoded):
        return replace(data, key=key)
    return Encoded(data, key) if isinstance(data, bytes) and data else None


def _located(place: str, key: str) -> Located:
    return Located(os.path.join(place, native(key)), key)


def _counts(preset: Preset, found: Mapping[str, int]) -> tuple[SplitCount, ...]:
    return tuple(SplitCount(name, found.get(name, 0), rows) for name, rows in preset.expected.items())
