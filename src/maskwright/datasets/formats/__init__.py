"""Formats: what a dataset looks like on disk, a file each. Every format can be written and read back."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from maskwright.datasets.values import Built, Entry, Record
from maskwright.errors import unknown_name

FORMATS = {
    "parquet": "maskwright.datasets.formats.parquet:FORMAT",
    "imagefolder": "maskwright.datasets.formats.imagefolder:FORMAT",
    "webdataset": "maskwright.datasets.formats.webdataset:FORMAT",
    "imdlbenco": "maskwright.datasets.formats.imdlbenco:FORMAT",
    "coco": "maskwright.datasets.formats.coco:FORMAT",
    "change-detection": "maskwright.datasets.formats.change_detection:FORMAT",
    "masks": "maskwright.datasets.formats.masks:FORMAT",
}
"""Every format by the name people type; strings, so that listing them imports nothing."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of a dataset: entries of one split that are written together.

    Args:
        number, of: place among the shards of its split, from 0 on, and how many the split has.
    """

    split: str
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class Put:
    """Something that was written: a file, or a part of a shard.

    Args:
        stem: of its entry.
        role: picture, original, mask or ignore.
        path: relative to the dataset, with forward slashes; `shard#member`, `shard#row:column` inside one.
    """

    stem: str
    role: str
    path: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Format:
    """A format.

    Args:
        name: as typed.
        says: what it is and what loads it, a sentence.
        of_ignore: what becomes of `ignore` in it, a sentence.
        roles: what it stores of an entry, of picture, original, mask, ignore.
        authentic: whether it has authentic pictures.
        rows_in_shard: entries that make a shard of it a good size.
        files: how many files `n` entries in `shards` shards become at most, without those of `finish`.
        write: writes the entries of a shard below a folder, each file whole or not at all
            (`corpus.atomic.replacing`), and gives what was put where, entry by entry, as it goes; a shard
            that is one file exists only once the iterator is used up. The same entries give the same bytes.
        finish: writes what is there once (metadata, lists), when all shards are: reads `provenance/`.
        holds: whether a folder looks like a dataset in this format, ours or others'; opens no picture.
        read: its records in a stable order; opens no picture. A picture that is not there is None.
        loading: lines of Python that load it, for its card; `FOLDER` stands for its place.
        layout: what lies where, for its card: (path, what it is).
        hub: pattern of the data files of a split on the Hugging Face hub, with `{split}` in it; empty where
            the hub cannot load it.
    """

    name: str
    says: str
    of_ignore: str
    roles: tuple[str, ...]
    authentic: bool
    rows_in_shard: int
    files: Callable[[int, int], int]
    write: Callable[[Path, Shard, Iterable[Entry]], Iterator[Put]]
    finish: Callable[[Path, Built], None]
    holds: Callable[[Path], bool]
    read: Callable[[Path], Iterator[Record]]
    loading: str
    layout: tuple[tuple[str, str], ...]
    hub: str = ""


def load_format(name: str) -> Format:
    """The format of a name.

    Raises:
        SettingError: there is none; names the nearest.
    """
    if name not in FORMATS:
        raise unknown_name("format", name, FORMATS)
    module, _, value = FORMATS[name].partition(":")
    return cast("Format", vars(importlib.import_module(module))[value])
