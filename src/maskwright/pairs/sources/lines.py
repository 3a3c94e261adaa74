"""Text files of rows: lines with their places, so that any row can be found again quickly."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from maskwright.errors import InputError

ROWS_PER_MARK = 32
"""Rows between two remembered places: 8 bytes per 32 rows, and at most 31 rows read in vain."""

LONGEST_LINE = 1 << 24
"""Bytes of a line; a longer one is cut, so that a file without line ends cannot fill memory."""

SAMPLE = 100
"""Values per column looked at to tell paths of pictures from other text."""


class Lines:
    """The lines of a UTF-8 file from a place on; bytes that are no UTF-8 become lone surrogates.

    `offset` is where the next line begins, in bytes.
    """

    def __init__(self, file: BinaryIO, offset: int = 0) -> None:
        self._file = file
        self.offset = offset
        file.seek(offset)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.offset += len(line)
        return line.decode("utf-8", "surrogateescape")


def first_byte(file: BinaryIO, name: str) -> int:
    """Where the text begins: behind UTF-8's byte order mark.

    Raises:
        InputError: the file is UTF-16, by its mark.
    """
    start = file.read(3)
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise InputError(f"{name} is UTF-16", hint="save it as UTF-8")
    return 3 if start == codecs.BOM_UTF8 else 0


def is_clean(text: str) -> bool:
    """Whether text can be stored: no NUL, and UTF-8 as it came."""
    return "\0" not in text and (text.isascii() or _encodes(text))


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
