"""Any dataset for finding edits, ours or others', as records: formats, labelled sets, pairs with masks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from maskwright.corpus.plan import is_run
from maskwright.datasets.building.built import BUILD
from maskwright.datasets.building.plan import refuse_unfinished
from maskwright.datasets.formats import FORMATS, Format, load_format
from maskwright.datasets.values import Record
from maskwright.errors import InputError, MaskwrightError
from maskwright.pairs.labelled import open_labelled
from maskwright.pairs.opening import shown
from maskwright.pairs.presets import find_preset
from maskwright.pairs.sources import Roles, Source, open_source
from maskwright.pairs.sources.preset import split_of
from maskwright.pairs.values import Labelled, Pair, Rejection

KNOWN = (
    "Tp and Gt, A and B and label, ImageFolder, Parquet, WebDataset, COCO, or folders original, edited, mask"
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A dataset that can be read, again and again.

    Args:
        location: as it was given.
        layout: a name of `formats.FORMATS`, `labelled` or `pairs`.
        says: how it is read, for people.
        rows: of it, where that is known without reading it all; else 0.
        read: its records in a stable order, and the rows that are none with the reason; opens no picture.
    """

    location: str
    layout: str
    says: str
    rows: int
    read: Callable[[], Iterator[Record | Rejection]]

    def records(self) -> Iterator[Record]:
        """The rows that are records."""
        return (row for row in self.read() if isinstance(row, Record))


def open_dataset(path: str | os.PathLike[str], *, corpus: str | None = None) -> Opened:
    """Open a dataset; no picture is opened.

    Args:
        path: its folder, or a table of pairs with their masks.
        corpus: the name of a published set, which then says how it is read.

    Raises:
        SettingError: there is no corpus of that name.
        InputError: it is none of the known layouts, or holds no masks; the hint says what to type.
        RunError: it is a dataset of ours that is not finished.
    """
    place = os.fsdecode(path)
    if corpus is not None:
        return _labelled(place, corpus) if find_preset(corpus).is_labelled else _pairs(place, corpus)
    if not os.path.exists(place):
        raise InputError(f"{shown(place)}: there is no such file or folder")
    folder = Path(place)
    refuse_unfinished(folder)
    found = _format(folder) if folder.is_dir() else None
    if found is not None and not _is_pairs(folder, found):
        return Opened(place, found.name, found.says, 0, lambda: found.read(folder))
    return _pairs(place, None)


def _format(folder: Path) -> Format | None:
    """The format a folder looks like; ours say it themselves."""
    try:
        said = json.loads((folder / BUILD).read_bytes())["format"]
    except (OSError, ValueError, KeyError, TypeError):
        said = None
    if said in FORMATS:
        return load_format(said)
    return next((each for name in FORMATS if (each := load_format(name)).holds(folder)), None)


def _is_pairs(folder: Path, found: Format) -> bool:
    """Whether folders that are named after labels, `original` and `edited`, hold pairs of the same names."""
    first = next(found.read(folder), None) if found.name == "imagefolder" else None
    if first is None or first.mask is not None:
        return False
    try:
        return open_source(folder).rows() > 0
    except MaskwrightError:
        return False


def _labelled(place: str, name: str) -> Opened:
    opened = open_labelled(place, name)

    def read() -> Iterator[Record | Rejection]:
        for row in opened:
            yield _of_labelled(row) if isinstance(row, Labelled) else row

    return Opened(place, "labelled", f"{opened.preset.title}, as its preset says", len(opened), read)


def _of_labelled(row: Labelled) -> Record:
    split = row.columns.get("split")
    return Record(
        row.id,
        split if isinstance(split, str) else split_of(row.id),
        row.label,
        row.picture,
        mask=row.mask,
        row=row.columns,
    )


def _pairs(place: str, corpus: str | None) -> Opened:
    try:
        source = open_source(place, roles=Roles(corpus=corpus))
    except MaskwrightError as error:
        if corpus is not None:
            raise
        if is_run(Path(place)):
            raise InputError(
                f"{shown(place)} is what annotate wrote, and no dataset yet",
                hint=f"choose its rows and build one: maskwright select {shown(place)} --where "
                '"qes > 0.5" --name good',
            ) from error
        hint = f"known are {KNOWN}; a published set by its name: --corpus NAME"
        raise InputError(f"{shown(place)} is no dataset that is known here: {error}", hint=hint) from error
    reading = source.reading()
    if not any(each.role == "mask" for each in reading.chosen):
        raise InputError(
            f"{shown(place)} holds pairs without known masks: nobody says what was edited",
            hint=f"to make masks: maskwright annotate {shown(place)} OUT;"
            f" to look at pairs: maskwright inspect {shown(place)}",
        )

    says = f"{reading.kind}: {reading.layout}".removesuffix(": ")
    return Opened(place, "pairs", says, source.rows(), lambda: _read(source))


def _read(source: Source) -> Iterator[Record | Rejection]:
    for part in source.plan():
        for row in source.read(part):
            yield _of_pair(row, part.file) if isinstance(row, Pair) else row


def _of_pair(pair: Pair, file: str) -> Record:
    split = pair.columns.get("split")
    return Record(
        pair.id,
        split if isinstance(split, str) else split_of(file),
        None,
        pair.edited,
        original=pair.original,
        mask=pair.mask,
        row=pair.columns,
    )
