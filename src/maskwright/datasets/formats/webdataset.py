"""WebDataset: tars whose adjacent members with one key are a picture, its mask, and its row.

Each sample has the same members, always: `datasets` refuses shards whose first samples differ, and
`to_tuple` of webdataset stops at one that lacks a member. So an authentic picture is stored a second time as
its own original, and an ignore map is there where everything is known.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from maskwright.corpus import atomic
from maskwright.datasets.formats import Format, Put, Shard
from maskwright.datasets.formats.columns import json_line, json_row, row_of
from maskwright.datasets.formats.files import (
    SPLIT_NAMES,
    by_split,
    ignore_png,
    listed,
    mask_png,
    nothing_more,
    picture_of,
    shard_path,
)
from maskwright.datasets.formats.labels import label_of
from maskwright.datasets.values import Entry, Record, Stored
from maskwright.errors import InputError
from maskwright.pairs.sources.preset import split_of
from maskwright.pairs.sources.stores import Disk
from maskwright.pairs.sources.table import BadRow
from maskwright.pairs.sources.webdataset import KEY, TarReader
from maskwright.pairs.values import Encoded

FIELDS = {
    "picture": ("picture", "image", "img", ""),
    "mask": ("mask", "gt", "seg"),
    "ignore": ("ignore",),
    "original": ("original",),
}
"""What a sample holds -> names of its member up to the format, ours first, then others'. The
empty one is a member that is nothing but key and format, `000123.jpg`."""

PLACES = ("data", "", *SPLIT_NAMES)
"""Folders where shards are looked for."""


def _write(folder: Path, shard: Shard, entries: Iterable[Entry]) -> Iterator[Put]:
    path = shard_path(folder, shard, ".tar")
    place = path.relative_to(folder).as_posix()
    # USTAR has no room for what differs between machines: extended times, long owners
    with (
        atomic.replacing(path) as temporary,
        tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for entry in entries:
            for role, member in _members(entry):
                name = f"{entry.stem}.{role}{member.suffix}"
                _add(tar, name, member.data)
                yield Put(entry.stem, role, f"{place}#{name}", member.data)
            _add(tar, f"{entry.stem}.json", json_line(json_row(entry.row)).encode("ascii"))


def _members(entry: Entry) -> Iterator[tuple[str, Stored]]:
    picture = picture_of(entry)
    original = picture if entry.label == "authentic" else entry.original
    yield "picture", picture
    yield "mask", mask_png(entry.mask)
    yield "ignore", ignore_png(entry)
    if original is not None:
        yield "original", original


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    """A member without owner and time, so that the same entries give the same bytes."""
    header = tarfile.TarInfo(name)
    header.size, header.mode = len(data), 0o644
    tar.addfile(header, io.BytesIO(data))


def _shards(folder: Path) -> list[str]:
    found = []
    for place in PLACES:
        names = [name for name in listed(folder / place) if name.endswith(".tar")]
        found += [f"{place}/{name}" if place else name for name in names]
    return by_split(found)


def _holds(folder: Path) -> bool:
    """Shards whose samples have a picture and a mask; reads through the headers of the first."""
    shards = _shards(folder)[:1]
    if not shards:
        return False
    try:
        roles = _roles(TarReader(Disk(str(folder)), shards).columns())
    except InputError:
        return False
    return {"picture", "mask"} <= roles.keys()


def _roles(columns: Mapping[str, tuple[str, pa.DataType]]) -> dict[str, str]:
    """What is stored -> the column of the tars that it is in; a path in a JSON is no picture of the tar."""
    stems = {
        name.lower().rpartition(".")[0]: name
        for name, (kind, type_) in columns.items()
        if kind == "picture" and type_ == pa.binary()
    }
    return {
        role: stems[next(word for word in words if word in stems)]
        for role, words in FIELDS.items()
        if any(word in stems for word in words)
    }


def _read(folder: Path) -> Iterator[Record]:
    shards = _shards(folder)
    if not shards:
        return
    reader = TarReader(Disk(str(folder)), shards)
    columns = reader.columns()
    roles = _roles(columns)
    plain = [name for name, (_, type_) in columns.items() if type_ != pa.binary()]
    for file in shards:
        split = split_of(file)
        rows = reader.read(file, 0, reader.count(file), [*plain, *roles.values()])
        for number, row in enumerate(rows):
            if isinstance(row, BadRow):
                yield Record(f"{file}#{number}", split, None, None)
                continue
            found = {role: _encoded(row.get(column)) for role, column in roles.items()}
            values = {name: value for name in plain if (value := row.get(name)) is not None and name != KEY}
            stem, label = str(row[KEY]), label_of(values.get("label"))
            yield Record(
                f"{file}#{stem}",
                split,
                label,
                found.get("picture"),
                None if label == "authentic" else found.get("original"),
                found.get("mask"),
                found.get("ignore"),
                row_of({"stem": stem.rpartition("/")[2], **values}, split),
            )


def _encoded(cell: Any) -> Encoded | None:
    """The first of several pictures under one name; None for what is none."""
    first = cell[0] if isinstance(cell, list) and cell else cell
    return first if isinstance(first, Encoded) else None


FORMAT = Format(
    name="webdataset",
    says="Tars of samples, read in order and from afar by webdataset, and by Hugging Face datasets.",
    of_ignore="A member ignore.png of every sample: 255 where nobody can say, all black where all is known.",
    roles=("picture", "mask", "ignore", "original"),
    authentic=True,
    rows_in_shard=250,
    files=lambda n, shards: shards,
    write=_write,
    finish=nothing_more,
    holds=_holds,
    read=_read,
    loading="""\
from pathlib import Path
import webdataset

shards = [str(path) for path in sorted(Path("FOLDER/data").glob("train-*.tar"))]
rows = webdataset.WebDataset(shards, shardshuffle=len(shards), seed=0).decode("pil")
for row in rows:
    picture = next(row[key] for key in row if key.startswith("picture."))
    mask, columns = row["mask.png"].convert("L"), row["json"]  # webdataset makes every picture RGB""",
    layout=(
        ("data/{split}-00000-of-00001.tar", "samples of a split, members adjacent"),
        ("#000000.picture.png", "the picture, or .jpg"),
        ("#000000.mask.png", "its mask: 255 = edited"),
        ("#000000.ignore.png", "255 where nobody can say"),
        ("#000000.original.png", "the picture before the edit; an authentic one is its own"),
        ("#000000.json", "its columns"),
    ),
    hub="data/{split}-*.tar",
)
