"""WebDataset shards: tars in which adjacent members with one name up to its first dot are a sample.

`a/0007.original.jpg`, `a/0007.edited.jpg`, `a/0007.json` are the sample `a/0007`, a row with a column
`original.jpg`, a column `edited.jpg` and one for each key of the JSON object. A column of pictures holds all
formats: `original.png` of another sample is in the column `original.jpg` too, if that was seen first.

Source:
    The rule of the first dot of the last part of the path, and that members of a sample are adjacent:
    webdataset 1.0, tariterators.py. We also read the folder as part of the key, as it does.
"""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from maskwright.errors import InputError
from maskwright.pairs.opening import LARGEST_FILE, shown
from maskwright.pairs.sources.base import PICTURE_SUFFIXES, Roles, portable
from maskwright.pairs.sources.jsonlines import Seen, checked, parse
from maskwright.pairs.sources.known import Known
from maskwright.pairs.sources.lines import LONGEST_LINE, is_clean
from maskwright.pairs.sources.stores import Store
from maskwright.pairs.sources.table import BadRow, Row, TableSource
from maskwright.pairs.sources.tarred import Member, TarCut, members
from maskwright.pairs.values import Encoded, PictureLike

KEY = "__key__"
"""The column of what a sample's members have in common."""

HEADERS_AHEAD = 1 << 16
"""Bytes fetched around a header of a tar that is far away: most members are larger."""

TEXTS = frozenset({"txt", "text", "cls", "json"})
"""Endings of members that are UTF-8 text; `json` alone, without a word before it, is an object of columns."""


@dataclass(frozen=True, slots=True)
class _Shard:
    """Where the samples of a tar are: 17 bytes each.

    Args:
        length: bytes of the tar.
        starts: where each sample's first header begins.
        digests: 64 bits of each sample's key.
        again: samples whose key another sample before them has.
    """

    length: int
    starts: array[int]
    digests: NDArray[np.uint64]
    again: NDArray[np.bool_]


class TarReader:
    """Samples of one or several tars.

    The headers of a tar are read through once: of all when opened, or, with the columns known, of one when
    it is first asked for.
    """

    def __init__(self, store: Store, files: Sequence[str], known: Known | None = None) -> None:
        self.store, self.files = store, files
        self._fields: dict[str, tuple[str, pa.DataType]] = {KEY: ("text", pa.string())}
        self._pictures: dict[str, str] = {}
        self._shards: dict[str, _Shard] = {}
        if known is None:
            seen = Seen()
            self._shards = {file: self._scan(file, seen) for file in files}
            inside = {name: column for name, column in seen.columns().items() if name not in self._fields}
            self._columns: Mapping[str, tuple[str, pa.DataType]] = {**self._fields, **inside}
        else:
            self._columns = known.columns
            self._fields = {name: known.columns[name] for name in known.members}
            self._pictures = {_stem(name): name for name in self._fields if _kind(name) == "picture"}

    def columns(self) -> Mapping[str, tuple[str, pa.DataType]]:
        return self._columns

    def known(self) -> Known:
        return Known(self.store.root, self._columns, tuple(self._fields))

    def count(self, file: str) -> int:
        return len(self._shard(file).starts)

    def read(self, file: str, start: int, rows: int, columns: Sequence[str]) -> Iterator[Row]:
        """Samples one after the other; of each only the members that hold one of the columns."""
        with self.store.open(file, ahead=HEADERS_AHEAD) as stream:
            for row in range(start, start + rows):
                yield self._row(stream, file, row, frozenset(columns))

    def member(self, file: str, name: str) -> Encoded | None:
        """A picture by the name of its member; None where there is none."""
        named = _split(name)
        if named is None:
            return None
        shard = self._shard(file)
        with self.store.open(file, ahead=HEADERS_AHEAD) as stream:
            for row in np.flatnonzero(shard.digests == _digest(named[0])):
                try:
                    for found, _, field in self._sample(stream, file, int(row)):
                        if found.name == name and not found.problem and _kind(field) == "picture":
                            return self._picture(stream, file, found)
                except TarCut:
                    continue
        return None

    def _shard(self, file: str) -> _Shard:
        if file not in self._shards:
            self._shards[file] = self._scan(file, None)
        return self._shards[file]

    def _scan(self, file: str, seen: Seen | None) -> _Shard:
        """Find the samples, and learn the columns where they are not known."""
        starts, digests, last = array("q"), array("Q"), None
        with self.store.open(file, ahead=HEADERS_AHEAD) as stream:
            length = stream.seek(0, os.SEEK_END)
            try:
                for member in members(stream, 0, length):
                    named = _split(member.name)
                    if named is None:
                        continue
                    key, field = named
                    if key != last:
                        starts.append(member.start)
                        digests.append(_digest(key))
                        last = key
                    if seen is not None and not member.problem:
                        self._learn(stream, member, field, seen)
            except TarCut as cut:
                if not starts:
                    raise InputError(f"{self.store.name(file)} is not a readable tar: {cut}") from cut
        found = np.array(digests, np.uint64)
        again = np.ones(len(found), np.bool_)
        again[np.unique(found, return_index=True)[1]] = False
        return _Shard(length, starts, found, again)

    def _learn(self, stream: BinaryIO, member: Member, field: str, seen: Seen) -> None:
        if field.lower() == "json":
            if isinstance(row := _object(stream, member), dict):
                seen.learn(row)
            return
        column = self._column(field)
        if column not in self._fields:
            kind = _kind(field)
            self._fields[column] = (kind, pa.string() if kind == "text" else pa.binary())

    def _column(self, field: str) -> str:
        """The column a member is in: its own name, or that of the first picture but for the format."""
        if _kind(field) != "picture":
            return field
        return self._pictures.setdefault(_stem(field), field)

    def _row(self, stream: BinaryIO, file: str, row: int, wanted: frozenset[str]) -> Row:
        if self._shard(file).again[row]:
            return BadRow("a sample before it has the same key: members of a sample are adjacent in the tar")
        cells: dict[str, Any] = dict.fromkeys(wanted)
        names = set()
        try:
            for member, key, field in self._sample(stream, file, row):
                where = f"member {shown(member.name)[:200]}"
                if member.problem or member.name in names:
                    return BadRow(f"{where}: {member.problem or 'it is there twice'}")
                names.add(member.name)
                cells[KEY] = key
                found = self._cells(stream, file, member, field, wanted)
                if isinstance(found, BadRow):
                    return BadRow(f"{where}: {found.detail}", found.reason)
                for name, cell in found.items():
                    held = cells.get(name)
                    cells[name] = (
                        cell if held is None else [*(held if isinstance(held, list) else [held]), cell]
                    )
        except TarCut as cut:
            return BadRow(f"the tar is damaged behind this sample, and it may be incomplete: {cut}")
        return {name: cells[name] for name in wanted}

    def _sample(self, stream: BinaryIO, file: str, row: int) -> Iterator[tuple[Member, str, str]]:
        """(member, key, field) of a sample; reads the header behind it too, to see that it is complete."""
        shard, first = self._shard(file), None
        for member in members(stream, shard.starts[row], shard.length):
            named = _split(member.name)
            if named is None:
                continue
            if first not in (None, named[0]):
                return
            first = named[0]
            yield member, *named

    def _cells(
        self, stream: BinaryIO, file: str, member: Member, field: str, wanted: frozenset[str]
    ) -> dict[str, Any] | BadRow:
        """What a member adds to its row."""
        if field.lower() == "json":
            row = _object(stream, member)
            if isinstance(row, dict) and (twice := sorted(row.keys() & self._fields.keys())):
                return BadRow(f"its key {twice[0][:80]!r} is the name of another member")
            return {k: v for k, v in row.items() if k in wanted} if isinstance(row, dict) else row
        column = self._column(field)
        if column not in wanted:
            return {}
        if _kind(field) == "picture":
            if member.size > LARGEST_FILE:
                return BadRow(f"it has {member.size} bytes", "too_large")
            return {column: self._picture(stream, file, member)}
        text = _text(stream, member)
        return text if isinstance(text, BadRow) else {column: text}

    def _picture(self, stream: BinaryIO, file: str, member: Member) -> Encoded:
        stream.seek(member.offset)
        return Encoded(stream.read(member.size), f"{portable(file)}#{member.name}")


class TarSource(TableSource):
    """A table whose pictures are found again by the name of their member: `shard.tar#member`."""

    def __init__(self, location: str, reader: TarReader, roles: Roles, *, lazy: bool = False) -> None:
        super().__init__(location, reader, roles, lazy=lazy)
        self._tars = reader

    def picture(self, key: str) -> PictureLike:
        for file, place in self._places(key):
            if found := self._tars.member(self._files[file], place):
                return found
        return super().picture(key)


def _split(name: str) -> tuple[str, str] | None:
    """(key, field) of a member; None for one that belongs to no sample: no dot, or nothing beside it."""
    folder, _, last = name.rpartition("/")
    stem, _, field = last.partition(".")
    if not (stem and field) or folder.startswith("__MACOSX"):
        return None
    return name[: len(name) - len(field) - 1], field


def _stem(field: str) -> str:
    """The name of a picture's field, but for the format."""
    return field.lower().rpartition(".")[0]


def _kind(field: str) -> str:
    ending = field.lower().rpartition(".")[2]
    if f".{ending}" in PICTURE_SUFFIXES:
        return "picture"
    return "text" if ending in TEXTS else "file"


def _digest(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big")


def _text(stream: BinaryIO, member: Member) -> str | BadRow:
    if member.size > LONGEST_LINE:
        return BadRow(f"it has {member.size} bytes, too many for text")
    stream.seek(member.offset)
    text = stream.read(member.size).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    return text.rstrip("\r\n") if is_clean(text) else BadRow("it holds a NUL or bytes that are not UTF-8")


def _object(stream: BinaryIO, member: Member) -> dict[str, Any] | BadRow:
    """The object of a `json` member; what is nested in it as JSON text."""
    text = _text(stream, member)
    row = text if isinstance(text, BadRow) else checked(parse(text))
    if isinstance(row, BadRow):
        return row
    return {name: _flat(value) for name, value in row.items() if name != KEY}


def _flat(value: Any) -> Any:
    """A value as a cell: words and numbers, and lists of these, stay."""
    inner = value if isinstance(value, list) else [value]
    nested = isinstance(value, dict) or any(isinstance(one, dict | list) for one in inner)
    return json.dumps(value, ensure_ascii=False) if nested else value
