"""What a source is: somewhere pairs come from, cut into parts that can be read in any order."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import pyarrow as pa

from maskwright.errors import InputError
from maskwright.pairs.sources.known import Known
from maskwright.pairs.values import Pair, PictureLike, Rejection

PICTURE_SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".hif", ".jfif", ".jpe", ".jpeg", ".jpg", ".mpo", ".png"}
    | {".tif", ".tiff", ".webp"}
)
"""File names with these endings (any case) are taken for pictures; the content decides how they are read."""

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".pq", ".tar")


@dataclass(frozen=True, slots=True)
class Part:
    """The unit of work: some rows of one file of a source.

    Args:
        number: 0, 1, 2, ... in the order of the plan.
        file: path relative to the source's root, posix; empty for a folder of pictures.
        start, rows: the range of rows within `file`.
        size: bytes of `file`; of the pictures in the part for a folder of pictures.
        etag: changes when the source changes; a part of an older plan is refused.
    """

    number: int
    file: str
    start: int
    rows: int
    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class Roles:
    """What the user says of a source: which columns of a table hold what; None: find out.

    Args:
        swap: exchange original and edited after all else is decided.
        corpus: a name of `pairs.presets`, which then says all of the above.
        allow_remote: fetch pictures that are given as URLs.
    """

    original: str | None = None
    edited: str | None = None
    mask: str | None = None
    region: str | None = None
    instruction: str | None = None
    swap: bool = False
    corpus: str | None = None
    allow_remote: bool = False

    def words(self) -> list[str]:
        """The options of a command line that say the same."""
        named = [
            (f"--{name}", getattr(self, name))
            for name in ("original", "edited", "mask", "region", "instruction", "corpus")
        ]
        flags = [("--swap", self.swap), ("--allow-remote", self.allow_remote)]
        return [word for option, value in named if value is not None for word in (option, value)] + [
            option for option, said in flags if said
        ]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Where one role of a pair is taken from.

    Args:
        role: original, edited, mask, region or instruction.
        place: a table's column; in a folder the first file that has the role.
        why: in words, without a full stop.
    """

    role: str
    place: str
    why: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How a source is read.

    Args:
        kind: what it is, in words: a folder of pictures, a CSV table, ...
        layout: how a folder's files are paired, by example; empty for a table.
        chosen: roles in the order of `Roles`, those without a place left out.
        columns: of a table, each with its use: a role, carried, or why it is left out.
        carried: names of the columns that come along with every pair.
        swapped: original and edited were exchanged after all else was decided.
    """

    kind: str
    layout: str
    chosen: tuple[Chosen, ...]
    columns: tuple[tuple[str, str], ...] = ()
    carried: tuple[str, ...] = ()
    swapped: bool = False


@runtime_checkable
class Source(Protocol):
    """Somewhere pairs come from. Every input row or picture file ends in a Pair or a Rejection.

    Splittable, repeatable, lazy: the parts of `plan()` together are all rows, once each, in an order that
    never changes; reading a part twice gives the same; nothing is read before it is asked for.
    """

    location: str

    def schema(self) -> pa.Schema:
        """Names and types of the columns that `Pair.columns` carries."""

    def reading(self) -> Reading:
        """How it is read: which file or column is taken for what, and why."""

    def rows(self) -> int:
        """How many pairs and rejections there are."""

    def plan(self) -> list[Part]:
        """The parts, in order."""

    def read(self, part: Part) -> Iterator[Pair | Rejection]:
        """The rows of a part, one at a time.

        Raises:
            InputError: the part is of another state of the source.
        """

    def picture(self, key: str) -> PictureLike:
        """Find a picture again by the key its `Located` or `Encoded` had."""

    def holds(self, part: Part) -> bool:
        """Whether what a part is made of is as it was planned.

        Raises:
            InputError: its file cannot be read.
        """

    def known(self) -> Known | None:
        """What `reopen_source` needs to read parts without looking at all files; None where it cannot."""


def rows_per_part(rows: int) -> int:
    """Rows a part holds: about 64 parts, but no part below 8 or above 2000 rows (design.md, section 4)."""
    return min(max(-(-rows // 64), 8), 2000)


def ranges(rows: int, step: int) -> Iterator[tuple[int, int]]:
    """(start, length) of consecutive ranges of at most `step` rows."""
    for start in range(0, rows, step):
        yield start, min(step, rows - start)


def file_etag(path: str) -> tuple[int, str]:
    """(bytes, etag) of a file; the etag is its time of change and its size."""
    state = os.stat(path)
    return state.st_size, f"{state.st_mtime_ns:x}-{state.st_size:x}"


def listing_etag(entries: Iterator[tuple[str, int, int]]) -> str:
    """Digest of a listing: (key, bytes, time of change in ns) of every file, in order."""
    digest = hashlib.sha256()
    for entry in entries:
        digest.update(repr(entry).encode())
    return digest.hexdigest()[:32]


def check_etag(location: str, part: Part, etag: str | None) -> None:
    """Refuse a part that was planned when the source was another."""
    if part.etag != etag:
        raise InputError(
            f"{location} has changed since part {part.number} was planned",
            hint="start anew into another folder",
        )


def portable(path: str) -> str:
    """A relative path as a key: posix, printable as UTF-8, and `native` takes it back.

    Names on POSIX may hold bytes that are no UTF-8; those become \\xNN, and a backslash is doubled.
    """
    if os.sep != "/":
        return path.replace(os.sep, "/")
    raw = os.fsencode(path.replace("\\", "\\\\"))
    return raw.decode("utf-8", "backslashreplace")


def native(key: str) -> str:
    """The path that `portable` made a key of."""
    if os.sep != "/":
        return key.replace("/", os.sep)
    parts = key.encode("utf-8", "surrogateescape").split(b"\\\\")
    return os.fsdecode(b"\\".join(_bytes(part) for part in parts))


def _bytes(text: bytes) -> bytes:
    first, *others = text.split(b"\\x")
    try:
        return first + b"".join(bytes([int(other[:2], 16)]) + other[2:] for other in others)
    except ValueError:  # not one of our keys
        return text
