"""Files that are there whole or not at all: temporary name, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from maskwright.errors import RunError

TEMPORARY = ".tmp-"
"""Every temporary name begins so; readers never match it."""

# Whether a process of another machine lives cannot be seen from here; a day is longer than any part.
_STALE_S = 24 * 3600.0


def temporary_path(path: Path) -> Path:
    """A name beside `path` that nobody else uses: .tmp-<stem>-<host>-<pid>-<random>."""
    return path.with_name(f"{TEMPORARY}{path.stem}-{_host()}-{os.getpid()}-{secrets.token_hex(4)}")


@contextlib.contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Give a temporary path to write to; on leaving it takes the place of `path`.

    Args:
        durable: also survive a power cut (two fsyncs); for what cannot be made again cheaply.

    Raises:
        RunError: the disk is full or the folder cannot be written; nothing is left behind.
    """
    temporary = temporary_path(path)
    with told(path):
        try:
            yield temporary
            if durable:
                _sync(temporary)
            os.replace(temporary, path)
            if durable:
                _sync(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def create(path: Path, data: bytes) -> bool:
    """Write a new file whole; False, and nothing is changed, where there is one already."""
    temporary = temporary_path(path)
    with told(path):
        try:
            temporary.write_bytes(data)
            _sync(temporary)
            try:
                os.link(temporary, path)
            except FileExistsError:
                return False
            except OSError:  # a file system without hard links: nearly as good
                if path.exists():
                    return False
                os.replace(temporary, path)
            _sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    return True


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what the operating system says about `path` into a RunError."""
    try:
        yield
    except OSError as fault:
        full = fault.errno in (errno.ENOSPC, errno.EDQUOT) or "errno 28]" in str(fault)
        words = "the disk is full" if full else (fault.strerror or str(fault))
        hint = (
            "free some space, then type the same line again: finished parts stay"
            if full
            else "choose an output folder that can be written"
        )
        raise RunError(f"{path} cannot be written: {words}", hint=hint) from fault


def remove_temporaries(folder: Path, *, of_pid: int, of_host: str | None = None) -> None:
    """Remove what a process, known to be dead, has left in a folder; None is this machine."""
    for path, host, pid in _temporaries(folder):
        if host == _host(of_host) and pid == of_pid:
            path.unlink(missing_ok=True)


def remove_stale(folder: Path) -> None:
    """Remove what dead runs have left; of other machines what is older than a day."""
    for path, host, pid in _temporaries(folder):
        if not _at_work(path, host, pid):
            path.unlink(missing_ok=True)


def in_work(folder: Path) -> bool:
    """Whether somebody is writing in the folder now."""
    return any(_at_work(*found) for found in _temporaries(folder))


def _at_work(path: Path, host: str, pid: int) -> bool:
    if host == _host():
        return _alive(pid)
    with contextlib.suppress(OSError):
        return time.time() - path.stat().st_mtime < _STALE_S
    return False


def _temporaries(folder: Path) -> Iterator[tuple[Path, str, int]]:
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        found = re.fullmatch(r"\.tmp-.+-([^-]+)-(\d+)-[0-9a-f]{8}", entry.name)
        if found:
            yield entry, found[1], int(found[2])


def _host(name: str | None = None) -> str:
    return re.sub(r"[^A-Za-z0-9.]", "_", socket.gethostname() if name is None else name)[:64] or "host"


def _alive(pid: int) -> bool:
    """Whether a process of this machine runs; one that ended and waits to be reaped does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except (OSError, IndexError):  # no Linux
        return True
    return state not in (b"Z", b"X")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
