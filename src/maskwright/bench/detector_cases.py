"""The pictures of labelled datasets as cases: what is shown to a detector, and what is known of it."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from maskwright.datasets.formats.columns import all_rows
from maskwright.datasets.opened import Opened, open_dataset
from maskwright.datasets.values import Record
from maskwright.errors import InputError, SettingError
from maskwright.pairs.opening import read_bytes, shown
from maskwright.pairs.presets import PRESETS
from maskwright.pairs.values import MaskLike, PictureLike, Rejection

TESTED = "test"
"""The split that is measured where a dataset has it and none is named."""
ALL = ""
"""In the place of a split: every row."""
ORIGINAL = " (original)"
"""What stands behind the id of a pair whose original is the picture."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """A dataset and which of its rows are measured.

    Args:
        name: of the set in tables; no two of a run have the same.
        split: the rows that are measured; `ALL` for every one.
        rows: how many those are.
        photographs: stem -> number of the photograph, where the rows do not say it themselves.
    """

    name: str
    opened: Opened
    split: str
    rows: int
    photographs: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Case:
    """One picture, not yet opened.

    Args:
        dataset: its place in the list of sets.
        label: forged, authentic or synthetic; None: its mask says.
        group: pictures of one photograph have the same, and are drawn together.
    """

    dataset: int
    id: str
    picture: PictureLike
    mask: MaskLike | None
    ignore: PictureLike | None
    label: str | None
    group: str


def open_sets(data: list[str], split: str | None) -> list[DataSet]:
    """The datasets of a run, opened; no picture is opened.

    Args:
        data: a folder or a table each, or `NAME=PATH` for a published set by its name.
        split: the rows to measure; None: those of `TESTED` where there are any, else all.

    Raises:
        SettingError: no dataset, or one twice.
        InputError: one cannot be read, has no row of that split, or no forged picture with a mask.
    """
    if not data:
        raise SettingError("no dataset was named", hint="name one: --data DATASET")
    if len(set(data)) < len(data):
        raise SettingError(f"{shown(Counter(data).most_common(1)[0][0])} is named twice")
    names = _names([path for _, path in map(_corpus_and_path, data)])
    return [_opened(given, name, split) for given, name in zip(data, names, strict=True)]


def cases_of(place: int, dataset: DataSet) -> Iterator[Case | Rejection]:
    """The pictures of a set, in its order; a row that holds none gives its reason.

    Of a pair the edited picture is forged, and its original authentic: once, however many edits it has.
    """
    originals: set[str] = set()
    for row in dataset.opened.read():
        if isinstance(row, Rejection):
            if _in_split(row.columns.get("split"), dataset.split):
                yield row
        elif _in_split(row.split, dataset.split):
            yield from _cases(place, dataset, row, originals)


def _cases(place: int, dataset: DataSet, record: Record, originals: set[str]) -> Iterator[Case | Rejection]:
    is_pair = record.label is None and record.original is not None
    group = _group(dataset, record)
    if record.picture is None:
        yield Rejection(record.id, "no_picture", "the row has a mask and no picture")
    elif record.label is None and record.mask is None:
        yield Rejection(record.id, "bad_mask", "the row says neither what it is nor has a mask")
    else:
        label = "forged" if is_pair else record.label
        yield Case(place, record.id, record.picture, record.mask, record.ignore, label, group)
    if is_pair and record.original is not None and group not in originals:
        originals.add(group)
        yield Case(place, record.id + ORIGINAL, record.original, None, None, "authentic", group)


def _group(dataset: DataSet, record: Record) -> str:
    """The photograph: its number, else the file of the original, else the row itself."""
    stem = str(record.row.get("stem", ""))
    number = record.row.get("photograph", dataset.photographs.get((record.split, stem)))
    if number is not None:
        return str(number)
    if record.original is None:
        return record.id
    try:
        return hashlib.sha256(read_bytes(record.original)).hexdigest()[:16]
    except InputError:
        return record.id


def _in_split(said: object, split: str) -> bool:
    return split == ALL or said == split


def _opened(given: str, name: str, split: str | None) -> DataSet:
    corpus, path = _corpus_and_path(given)
    opened = open_dataset(path, corpus=corpus)
    splits: Counter[str] = Counter()
    usable: Counter[str] = Counter()
    for record in opened.records():
        splits[record.split] += 1
        # An authentic picture may have a black mask.
        usable[record.split] += record.mask is not None and record.label != "authentic"
    wanted = (TESTED if splits[TESTED] else ALL) if split is None else split
    if wanted != ALL and not splits[wanted]:
        there = ", ".join(sorted(filter(None, splits))) or "none"
        raise InputError(
            f"{shown(path)} has no rows of split {wanted}; its splits: {there}",
            hint=f"maskwright bench detectors --data {shown(path)} --split SPLIT, or without --split",
        )
    inside = usable.total() if wanted == ALL else usable[wanted]
    if not inside:
        where = "" if wanted == ALL else f" in split {wanted}"
        raise InputError(
            f"{shown(path)} has no forged picture with a mask{where}: there is nothing to find",
            hint="build one from pairs: maskwright annotate PAIRS OUT, maskwright build DATASET --from OUT"
            " --format imdlbenco, then --data DATASET",
        )
    rows = splits.total() if wanted == ALL else splits[wanted]
    return DataSet(name, opened, wanted, rows, _photographs(path))


def _photographs(path: str) -> dict[tuple[str, str], int]:
    """(split, stem) -> photograph, from the provenance of a dataset that `build` wrote; else empty."""
    folder = Path(path)
    if not folder.is_dir():
        return {}
    rows = all_rows(folder, ["split", "stem", "photograph"])
    return {(row["split"], row["stem"]): row["photograph"] for row in rows if row["photograph"] is not None}


def _corpus_and_path(given: str) -> tuple[str | None, str]:
    name, equals, path = given.partition("=")
    return (name, path) if equals and name in PRESETS else (None, given)


def _names(paths: list[str]) -> list[str]:
    """The last part of each path, and the whole of it where two would have the same."""
    last = [Path(os.path.abspath(path)).name for path in paths]
    return [name if last.count(name) == 1 else path for name, path in zip(last, paths, strict=True)]
