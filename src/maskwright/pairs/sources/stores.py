"""Where the files of a table are: on this machine, or wherever a reader of ranges can reach."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import pyarrow as pa

from maskwright.errors import InputError
from maskwright.pairs.opening import shown
from maskwright.pairs.sources.base import file_etag
from maskwright.pairs.sources.lines import is_clean
from maskwright.pairs.values import Located


class Store(Protocol):
    """The files of one place, each by its path relative to it."""

    @property
    def root(self) -> str:
        """The place: a folder, or a URL."""

    def name(self, file: str) -> str:
        """What to call a file in a message."""

    def open(self, file: str, *, ahead: int = 1 << 20) -> BinaryIO:
        """A file to read and seek in.

        Args:
            ahead: bytes fetched at once where fetching is slow.

        Raises:
            InputError: it is not there or may not be read.
        """

    def for_arrow(self, file: str) -> str | BinaryIO | pa.NativeFile:
        """What pyarrow opens: a path, or a file as `open` gives it."""

    def state(self, file: str) -> tuple[int, str]:
        """(bytes, etag) of a file."""

    def picture(self, key: str) -> Located:
        """A picture file by its path relative to the place."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A folder of this machine."""

    root: str

    def name(self, file: str) -> str:
        return shown(self._path(file))

    def open(self, file: str, *, ahead: int = 1 << 20) -> BinaryIO:
        try:
            return open(self._path(file), "rb")
        except OSError as error:
            raise InputError(f"{self.name(file)} cannot be read: {error.strerror}") from error

    def for_arrow(self, file: str) -> str | pa.NativeFile:
        path = self._path(file)
        return path if is_clean(path) else pa.OSFile(os.fsencode(path))  # text has to be UTF-8 for pyarrow

    def state(self, file: str) -> tuple[int, str]:
        try:
            return file_etag(self._path(file))
        except OSError as error:
            raise InputError(f"{self.name(file)} cannot be read: {error.strerror}") from error

    def picture(self, key: str) -> Located:
        return Located(os.path.join(self.root, key), key)

    def _path(self, file: str) -> str:
        return os.path.join(self.root, file)
