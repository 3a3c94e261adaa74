"""The members of a tar, one header after the other; nothing is ever unpacked to a disk.

Plain files only. Links, devices and sparse files are told and never followed. Names come from foreign hands:
they are words to look up in the tar again, never paths on this machine.

Source:
    The headers are POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"; `L` and `K` are
    GNU tar's long names. One block is read by `tarfile`, the walk is ours: `tarfile` keeps every member in
    memory and reads extension headers of any size.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from maskwright.pairs.sources.base import portable
from maskwright.pairs.sources.lines import is_clean

BLOCK = 512
"""Bytes of a header; what a member holds is padded to a multiple of it."""

LONGEST_EXTENSION = 1 << 16
"""Bytes of a header that only says a name or a size; Linux allows 4096 for a path."""

LONGEST_END = 1 << 20
"""Bytes of zeros looked through behind an end mark: a tar put behind another goes on there."""

KINDS = {
    tarfile.LNKTYPE: "it is a hard link, and links are not followed",
    tarfile.SYMTYPE: "it is a symbolic link, and links are not followed",
    tarfile.CHRTYPE: "it is a device",
    tarfile.BLKTYPE: "it is a device",
    tarfile.FIFOTYPE: "it is a named pipe",
    tarfile.GNUTYPE_SPARSE: "it is a sparse file",
}
"""Types of members that are not read -> what they are."""

_PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_EMPTY = (tarfile.DIRTYPE, *(type_ for type_ in KINDS if type_ != tarfile.GNUTYPE_SPARSE))
_NAMES = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE)


_PLAIN_HEADER = re.compile(
    rb".{124}([0-7]{11})[\0 ].{12}([0-7]{6})\0 0.{100}(?:ustar\x0000|ustar  \x00).{80}\0.{166}", re.DOTALL
)
"""Size, checksum, the type of a plain file, ustar's mark or GNU's, and no prefix before the name."""


@dataclass(frozen=True, slots=True)
class _Header:
    """What a header says: `tarfile`'s type, the size in bytes, and that of a map behind the header."""

    name: str
    type: bytes
    size: int
    map_size: int = 0


class TarCut(Exception):  # noqa: N818 - what is left of a tar, not a fault of ours
    """The tar ends early or is damaged from here on; says where and how."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a tar.

    Args:
        name: its path, posix, as `portable` writes it; without `./` in front.
        start: where the first of its headers begins.
        offset, size: where its bytes begin, and how many they are.
        problem: why it is not read; empty for a plain file.
    """

    name: str
    start: int
    offset: int
    size: int
    problem: str = ""


def members(file: BinaryIO, start: int, length: int) -> Iterator[Member]:
    """The members from a place on, folders left out; reads headers, skips what the members hold.

    Args:
        start: where a header begins: 0, or a `Member.start`.
        length: bytes of the tar.

    Raises:
        TarCut: there is no end mark, or no header where one should be.
    """
    place = first = start
    said: dict[str, str] = {}
    while True:
        header = _header(file, place, length)
        if header is None:
            if said:
                raise TarCut(f"it ends at byte {place} behind half a header")
            place = first = _behind_zeros(file, place, length)
            if place < 0:
                return
            continue
        offset = place + BLOCK + header.map_size
        if header.type in _NAMES:
            said |= _extension(header, _block(file, offset, header.size, length))
            place = _behind(offset, header.size)
            continue
        # what has no bytes of its own may still claim a size
        size = 0 if header.type in _EMPTY else _size(said.get("size"), header.size, place)
        cut = f"the tar ends within it, at byte {length}" if offset + size > length else ""
        if header.type != tarfile.DIRTYPE:
            name = _name(said.get("path", header.name))
            yield Member(name, first, offset, size, _problem(name, header.type, said) or cut)
        if cut:
            raise TarCut(cut)
        place = first = _behind(offset, size)
        said = {}


def _header(file: BinaryIO, place: int, length: int) -> _Header | None:
    """The header at a place; None where there is a block of zeros."""
    file.seek(place)
    block = file.read(BLOCK)
    if len(block) < BLOCK:
        raise TarCut(f"it ends at byte {length}, without an end mark")
    if plain := _plain_header(block):
        return plain
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        if not block.strip(b"\0"):
            return None
        raise TarCut(f"there is no header at byte {place}, where one should be ({error})") from error
    if header.size < 0:
        raise TarCut(f"the header at byte {place} says a size of {header.size}")
    is_mapped = header.type == tarfile.GNUTYPE_SPARSE and block[482]
    return _Header(header.name, header.type, header.size, _map_size(file, length) if is_mapped else 0)


def _map_size(file: BinaryIO, length: int) -> int:
    """Bytes of the map of a sparse file's pieces, which GNU tar puts between its header and its bytes."""
    size, goes_on = 0, True
    while goes_on:
        block = file.read(BLOCK)
        if len(block) < BLOCK:
            raise TarCut(f"it ends at byte {length}, within a header")
        size, goes_on = size + BLOCK, bool(block[504])
    return size


def _plain_header(block: bytes) -> _Header | None:
    """The header of a plain file as nearly all are, at a third of the time `tarfile` takes; else None."""
    sizes = _PLAIN_HEADER.fullmatch(block)
    if sizes is None or sum(block) - sum(block[148:156]) + 8 * ord(" ") != int(sizes[2], 8):
        return None
    name = block[:100].partition(b"\0")[0]
    if name.endswith(b"/"):
        return None
    return _Header(name.decode("utf-8", "surrogateescape"), tarfile.REGTYPE, int(sizes[1], 8))


def _behind_zeros(file: BinaryIO, place: int, length: int) -> int:
    """Where the next block that is not zeros begins; -1 where there is none, or it is far away."""
    stop = min(length, place + LONGEST_END)
    while place + BLOCK <= stop:
        file.seek(place)
        chunk = file.read(min(stop - place, 1 << 16) // BLOCK * BLOCK)
        if rest := chunk.lstrip(b"\0"):
            return place + (len(chunk) - len(rest)) // BLOCK * BLOCK
        if not chunk:
            break
        place += len(chunk)
    return -1


def _block(file: BinaryIO, offset: int, size: int, length: int) -> bytes:
    """The bytes of an extension header."""
    if size > LONGEST_EXTENSION:
        raise TarCut(f"the header at byte {offset - BLOCK} is {size} bytes long")
    if offset + size > length:
        raise TarCut(f"it ends at byte {length}, within a header")
    file.seek(offset)
    return file.read(size)


def _behind(offset: int, size: int) -> int:
    return offset + -(-size // BLOCK) * BLOCK


def _extension(header: _Header, data: bytes) -> dict[str, str]:
    """What an extension header says of the member behind it: path, size, sparse.

    What a pax header says of all members that follow is passed over: a name or size for all is nonsense.
    """
    if header.type == tarfile.GNUTYPE_LONGNAME:
        return {"path": data.partition(b"\0")[0].decode("utf-8", "surrogateescape")}
    if header.type != tarfile.XHDTYPE:
        return {}
    said = {}
    while data.strip(b"\0"):
        digits, _, rest = data.partition(b" ")
        long = int(digits) if digits.isdigit() and len(digits) < 8 else 0
        word, equals, value = data[len(digits) + 1 : long - 1].partition(b"=")
        if not (equals and rest and long <= len(data)):
            raise TarCut("a pax header of it cannot be read")
        data = data[long:]
        keyword = word.decode("utf-8", "surrogateescape")
        if keyword.startswith("GNU.sparse."):
            said["sparse"] = "yes"
        elif keyword in ("path", "size"):
            said[keyword] = value.decode("utf-8", "surrogateescape")
    return said


def _size(said: str | None, header: int, place: int) -> int:
    if said is None:
        return header
    if not (said.isascii() and said.isdigit() and len(said) < 20):
        raise TarCut(f"the pax header of the member at byte {place} says a size of {said[:40]!r}")
    return int(said)


def _name(stored: str) -> str:
    while stored.startswith("./"):
        stored = stored[2:].lstrip("/")
    return portable(stored)


def _problem(name: str, type_: bytes, said: dict[str, str]) -> str:
    if type_ not in _PLAIN:
        return KINDS.get(type_, f"it is of the unknown type {type_!r}")
    if "sparse" in said:
        return KINDS[tarfile.GNUTYPE_SPARSE]
    if name.startswith("/") or ".." in name.split("/"):
        return "its path leads out of the tar"
    return "" if is_clean(name) else "its name holds a NUL"
