"""The pictures of a test set, whatever it is: read one after the other, and again in the same order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from maskwright.datasets.formats import FORMATS, load_format
from maskwright.datasets.opened import open_dataset
from maskwright.datasets.values import Record
from maskwright.errors import InputError
from maskwright.pairs.labelled import open_labelled
from maskwright.pairs.opening import shown
from maskwright.pairs.presets import PRESETS, find_preset
from maskwright.pairs.sources import Roles, Source, open_source
from maskwright.pairs.sources.base import PICTURE_SUFFIXES, portable
from maskwright.pairs.sources.folder import list_files
from maskwright.pairs.values import REASONS, Labelled, Located, Pair, PictureLike, Rejection

FORMS = (
    "give a folder of pictures, what annotate wrote, a dataset, a table or tar of pairs, or a published set"
    " by name, like columbia=FOLDER"
)
"""What a test set may be given as, for people."""

_IN_SHARDS = ("parquet", "webdataset", "masks")
# Formats with no file a picture: what lies beside them, like the contact sheet of a card, is not the set.


class Tested(NamedTuple):
    """A picture of a test set: what people find it by, and the picture, or why there is none."""

    name: str
    picture: PictureLike | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Tests:
    """The pictures of a test set.

    Args:
        about: how many, roughly; 0 where nobody knows.
        read: all of them in a stable order, as often as it is called; opens none.
    """

    about: int
    read: Callable[[], Iterator[Tested]]


def tested_in(source: str) -> Tests:
    """The pictures of a test set: of pairs both, of datasets pictures and originals, but no masks.

    Args:
        source: a folder of pictures at any depth, a dataset, a table, Parquet files or tars of pairs, or
            PRESET=PATH: a published set.

    Raises:
        InputError: it is none of these.
        SettingError: there is no preset of that name.
    """
    name, _, place = source.partition("=")
    if place and not os.path.exists(source) and (name in PRESETS or "/" not in name):
        if not find_preset(name).is_labelled:
            return _pairs(open_source(place, roles=Roles(corpus=name)))
        labelled = open_labelled(place, name)
        return Tests(len(labelled), lambda: (each for row in labelled for each in _of(row)))
    if not os.path.exists(source):
        raise InputError(f"{shown(source)}: there is no such file or folder", hint=FORMS)
    if os.path.isfile(source):
        return _pairs(open_source(source))
    files = []
    if not _holds(source, _IN_SHARDS):
        files = [file for file in list_files(source) if os.path.splitext(file)[1].lower() in PICTURE_SUFFIXES]
    if not files and not _holds(source, FORMATS):
        return _pairs(open_source(source))
    if not files:
        dataset = open_dataset(source)
        return Tests(dataset.rows, lambda: (each for row in dataset.read() for each in _of(row)))
    found = [Tested(portable(file), Located(os.path.join(source, file), portable(file))) for file in files]
    return Tests(len(found), lambda: iter(found))


def _holds(folder: str, formats: Iterable[str]) -> bool:
    return any(load_format(name).holds(Path(folder)) for name in formats)


def _pairs(source: Source) -> Tests:
    def read() -> Iterator[Tested]:
        for part in source.plan():
            for row in source.read(part):
                yield from _of(row)

    return Tests(2 * source.rows(), read)


def _of(row: Pair | Labelled | Record | Rejection) -> Iterator[Tested]:
    """The pictures of a row, or the one that it should have had."""
    if isinstance(row, Rejection):
        if row.reason != "skipped":  # known to be no picture of the set
            yield Tested(row.id, None, row.detail or REASONS[row.reason])
        return
    if isinstance(row, Pair):
        yield Tested(f"{row.id} (edited)", row.edited)
    else:
        yield Tested(row.id, row.picture)
    original = None if isinstance(row, Labelled) else row.original
    if original is not None:
        yield Tested(f"{row.id} (original)", original)
