"""A few files written into a folder: all of them or none, and nothing of others replaced."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from maskwright.errors import RunError
from maskwright.pages.page import is_page


def write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by name; a fault leaves none of them behind.

    Files of the same names and bytes may be there already: the same line typed twice is no fault. A page
    of this package is written anew: another version draws it in another way.

    Raises:
        RunError: a file of one of the names holds something else, or the folder cannot be written.
    """
    temporary: dict[Path, Path] = {}
    done: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = {folder / name: data for name, data in files.items() if not _is_there(folder / name, data)}
        try:
            for path, data in fresh.items():
                temporary[path] = path.with_name(f".tmp-{path.name}-{secrets.token_hex(4)}")
                temporary[path].write_bytes(data)
            for path, written in temporary.items():
                os.replace(written, path)
                done.append(path)
        except BaseException:
            for path in (*temporary.values(), *done):
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RunError(f"{folder} cannot be written: {error.strerror or error}") from error


def _is_there(path: Path, data: bytes) -> bool:
    """Whether the file is there with these bytes; with others it is refused, unless it is a page of ours."""
    if not path.exists() or is_page(path):
        return False
    if path.is_dir() or path.read_bytes() != data:
        raise RunError(
            f"{path} is there already and is something else",
            hint="name another folder; nothing is overwritten",
        )
    return True
