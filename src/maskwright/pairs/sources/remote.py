"""Tables that are not on this machine, read in ranges through fsspec."""

from __future__ import annotations

import hashlib
import io
import posixpath
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO, cast

from maskwright.errors import InputError, MissingExtraError
from maskwright.pairs.fetching import SCHEMES, WEB, scheme_of, tried
from maskwright.pairs.opening import shown, words
from maskwright.pairs.values import Linked, Located

CHANGING = (
    *("ETag", "etag", "Content-MD5", "content_md5", "md5", "md5Hash", "contentHash", "sha256", "checksum"),
    *("oid", "blob_id", "VersionId", "generation"),
    *("Last-Modified", "LastModified", "last_modified", "mtime", "modified", "updated", "created"),
)
"""What of a file's details changes when it does, by the names that fsspec's backends have for it."""


class Remote:
    """Files at a distance, each opened as ranges of bytes.

    Args:
        system: an fsspec file system.
        root: the URL of the folder they are in.
        paths: file, relative to `root` -> what `system` calls it.
        known: file -> what `system` says of it, where that has been asked.
    """

    def __init__(
        self, system: Any, root: str, paths: Mapping[str, str], known: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self.root = root.rstrip("/")
        self._system, self._paths = system, paths
        self._known = dict(known)

    def name(self, file: str) -> str:
        return shown(f"{self.root}/{file}")

    def open(self, file: str, *, ahead: int = 1 << 20) -> BinaryIO:
        ranges = _Ranges(self._system, self._paths[file], self.state(file)[0], self.name(file))
        return cast(BinaryIO, io.BufferedReader(ranges, ahead))

    def for_arrow(self, file: str) -> BinaryIO:
        return self.open(file)

    def state(self, file: str) -> tuple[int, str]:
        """The etag is a digest of the size and the first of `CHANGING` that the backend says of the file.

        Not of all: a backend may say more when asked for one file than in a listing.
        """
        info = self._info(file)
        size = info.get("size")
        if not isinstance(size, int) or size < 0:
            raise InputError(
                f"{self.name(file)}: its server does not say how large it is", hint="download it first"
            )
        said = next(((name, _text(info[name])) for name in CHANGING if info.get(name) is not None), None)
        return size, hashlib.sha256(repr((size, said)).encode()).hexdigest()[:32]

    def picture(self, key: str) -> Located:
        """Never a file of this machine, whatever the key is."""
        return Linked(f"{self.root}/{key}", key)

    def _info(self, file: str) -> Mapping[str, Any]:
        if file not in self._known:
            self._known[file] = _asked(lambda: self._system.info(self._paths[file]), self.name(file))
        return self._known[file]


class _Ranges(io.RawIOBase):
    """A file at a distance, of which what is read is fetched and nothing else."""

    def __init__(self, system: Any, path: str, size: int, name: str) -> None:
        self._name, self._size, self._place = name, size, 0
        # no cache of fsspec's: the buffer around this is the only one
        options = {"block_size": 1 << 20, "cache_type": "none"}
        self._file = _asked(lambda: system.open(path, "rb", **options), name, lasting=())
        try:
            self._file.seek(min(size, 1))  # a stream of the http backend says it is seekable, and is not
        except (OSError, ValueError) as error:
            self._file.close()
            raise InputError(
                f"{name}: its server gives no ranges of bytes", hint="download it first"
            ) from error

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = max((0, self._place, self._size)[whence] + offset, 0)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        length = min(len(buffer), max(self._size - self._place, 0))
        if not length:
            return 0
        data = _asked(lambda: self._range(self._place, length), self._name, lasting=())
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def _range(self, start: int, length: int) -> bytes:
        self._file.seek(start)
        data: bytes = self._file.read(length)
        if not 0 < len(data) <= length:
            raise OSError(f"{len(data)} bytes came for {length}")
        return data


def open_remote(url: str) -> tuple[str, Any, str]:
    """(scheme, file system, path) of a location the user gave.

    Raises:
        InputError: nothing of this scheme is read.
        MissingExtraError: fsspec, or its package for the scheme, is not installed.
    """
    scheme = scheme_of(url)
    if not scheme:
        raise InputError(
            f"{shown(url)}: nothing of this kind is read",
            hint=f"give a path, or a URL of {', '.join(sorted(SCHEMES - {'memory'}))}",
        )
    return scheme, *file_system(url)


def file_system(url: str) -> tuple[Any, str]:
    """An fsspec file system and its path for a URL that `scheme_of` accepts."""
    try:
        import fsspec.core
    except ImportError as error:
        raise MissingExtraError(
            f"reading {shown(url)} needs fsspec", hint="pip install 'maskwright[hub]'"
        ) from error
    try:
        return cast("tuple[Any, str]", fsspec.core.url_to_fs(url))
    except ImportError as error:
        raise MissingExtraError(f"reading {shown(url)} needs a package: {words(error)}") from error
    except Exception as error:  # every backend has errors of its own
        raise InputError(f"{shown(url)} cannot be read: {words(error)}") from error


def remote_file(url: str, scheme: str, system: Any, path: str) -> tuple[Remote, str]:
    """One file, and the place it is in. What follows `?` in a web address is no part of its name."""
    shorn = urllib.parse.urlsplit(url)._replace(query="", fragment="").geturl() if scheme in WEB else url
    root, _, name = shorn.rpartition("/")
    return Remote(system, root, {name: path}, {}), name


def remote_folder(url: str, system: Any, path: str) -> tuple[Remote, list[str]]:
    """All files below a folder, sorted, but those that begin with a dot."""
    found = _asked(lambda: system.find(path, detail=True), shown(url))
    base = path.rstrip("/") + "/"
    files: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for place, info in sorted(found.items()):
        inside = place.removeprefix(base) if place.startswith(base) else ""
        if inside and not any(part[:1] in ("", ".") for part in inside.split("/")):
            files[inside] = (place, info)
    if not files:
        raise InputError(f"{shown(url)}: there is no such file or folder")
    paths = {file: place for file, (place, _) in files.items()}
    known = {file: info for file, (_, info) in files.items() if isinstance(info.get("size"), int)}
    return Remote(system, url, paths, known), list(files)


def remote_files(root: str, files: Sequence[str]) -> Remote:
    """Files below a folder that were found in it before; nothing is asked yet, and no answer remembered."""
    system, path = file_system(root)
    system.invalidate_cache()
    return Remote(system, root, {file: f"{path.rstrip('/')}/{file}" for file in files}, {})


def listed(system: Any, folder: str) -> list[Mapping[str, Any]]:
    """What a backend says of each file in a folder."""
    found = _asked(lambda: system.ls(folder, detail=True), shown(folder))
    return cast("list[Mapping[str, Any]]", found)


def ending(file: str) -> str:
    """`.parquet` of `a/b.parquet`, in small letters."""
    return posixpath.splitext(file)[1].lower()


def _text(said: Any) -> str:
    """What a backend says; a time as its seconds, as which listings of some have it."""
    return str(said.timestamp() if isinstance(said, datetime) else said)


def _asked(
    ask: Callable[[], Any],
    name: str,
    lasting: tuple[type[Exception], ...] = (FileNotFoundError, PermissionError),
) -> Any:
    """What a backend answers; asked again where it fails.

    Args:
        lasting: errors that mean there is no such file, where all tries end in one. None where the file is
            known to be there: the http backend calls every answer it does not like "not found".

    Raises:
        InputError: `reason` is remote_failed; empty where the error is a lasting one.
    """
    try:
        return tried(ask, lambda error: not isinstance(error, InputError))
    except InputError:
        raise
    except lasting as error:
        raise InputError(f"{name} is not there or may not be read ({words(error)})") from error
    except Exception as error:  # every backend has errors of its own
        raise InputError(f"{name} cannot be read: {words(error)}", reason="remote_failed") from error
