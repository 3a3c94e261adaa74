"""What this machine lets a process have: cores, memory, and how fast a folder takes files."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

LARGE_MB = 32
"""Of the file that is written to measure a folder: larger than a disk's own cache gives at once, and
a third of a second on a slow one."""
SMALL_FILES, SMALL_BYTES = 50, 4096
"""Stand for mask files and parts, whose cost is the fsync."""


@dataclass(frozen=True, slots=True)
class WriteSpeed:
    """How fast a folder takes files, with fsync.

    Args:
        mb_per_s: millions of bytes a second, of one large file.
        small_file_ms: milliseconds a file of a few kB.
    """

    mb_per_s: float
    small_file_ms: float


def write_speed(folder: Path) -> WriteSpeed:
    """Writes a large file and many small ones into the folder, and removes them.

    Raises:
        OSError: the folder is not there, cannot be written, or is full; nothing is left behind.
    """
    # Random, so that a file system that compresses or stores equal blocks once has nothing to save.
    large, small = os.urandom(LARGE_MB * 10**6), os.urandom(SMALL_BYTES)
    with tempfile.TemporaryDirectory(prefix=".tmp-doctor-", dir=folder) as name:
        began = time.perf_counter()
        _write(Path(name) / "large", large)
        between = time.perf_counter()
        for number in range(SMALL_FILES):
            _write(Path(name) / str(number), small)
        ended = time.perf_counter()
    return WriteSpeed(LARGE_MB / (between - began), 1000 * (ended - between) / SMALL_FILES)


def cgroup_cores(root: Path = Path("/")) -> float | None:
    """Cores that the control groups of this process grant it, as containers and batch systems set them.

    Args:
        root: where `proc` and `sys` lie.

    Returns:
        Quota over period, the least of the group and all above it; None without a limit.

    Source:
        Linux, Documentation/admin-guide/cgroup-v2.rst (cpu.max) and scheduler/sched-bwc.rst (version 1).
    """
    limits = []
    for folder in _groups(root, "cpu"):
        words = _words(folder / "cpu.max") or [
            *_words(folder / "cpu.cfs_quota_us"),
            *_words(folder / "cpu.cfs_period_us"),
        ]
        if len(words) == 2 and words[0].isdigit() and words[1].isdigit() and int(words[1]):
            limits.append(int(words[0]) / int(words[1]))
    return min(limits, default=None)


def memory_left(root: Path = Path("/")) -> int | None:
    """Bytes this process may still take: what is available, or what its control groups leave of that.

    Memory that only caches files counts as available, in the groups too.

    Args:
        root: where `proc` and `sys` lie.

    Returns:
        None where the system does not say.

    Source:
        Linux, Documentation/filesystems/proc.rst (MemAvailable) and admin-guide/cgroup-v2.rst (memory.max).
    """
    left = [int(words[1]) * 1024 for words in _lines(root / "proc/meminfo") if words[0] == "MemAvailable:"]
    for folder in _groups(root, "memory"):
        most = _words(folder / "memory.max") or _words(folder / "memory.limit_in_bytes")
        used = _words(folder / "memory.current") or _words(folder / "memory.usage_in_bytes")
        if most and used and most[0].isdigit():
            cached = sum(
                int(words[1])
                for words in _lines(folder / "memory.stat")
                if words[0] in ("inactive_file", "total_inactive_file")
            )
            left.append(max(0, int(most[0]) - int(used[0]) + cached))
    return min(left, default=None)


def _groups(root: Path, controller: str) -> list[Path]:
    """The folders of this process's control groups and of all above them, of either version.

    Inside a container its own group is often mounted as the topmost one, so that one is always among them.
    """
    folders: list[Path] = []
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, names, path = [*line.split(":", 2), "", ""][:3]
        if names and controller not in names.split(","):
            continue
        base = root / "sys/fs/cgroup" / (controller if names else "")
        place = base / path.strip("/")
        folders += [each for each in (place, *place.parents) if each.is_relative_to(base)]
    return folders


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _lines(path: Path) -> list[list[str]]:
    return [line.split() for line in _text(path).splitlines() if len(line.split()) > 1]


def _words(path: Path) -> list[str]:
    return _text(path).split()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
