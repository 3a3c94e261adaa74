"""What formats share: an entry's pictures, files written whole, folders listed, splits found."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from maskwright.corpus import atomic
from maskwright.datasets.formats import Put, Shard
from maskwright.datasets.values import SPLITS, Built, Entry, Stored
from maskwright.errors import InputError
from maskwright.pairs.opening import shown
from maskwright.pairs.picture import encode_png
from maskwright.pairs.sources.base import PICTURE_SUFFIXES, portable
from maskwright.pairs.sources.preset import split_of
from maskwright.pairs.values import Located, Mask

SPLIT_NAMES = (*SPLITS, "validation", "valid", "dev")
"""Folders of these names are splits; the last three are others' words for val."""


def picture_of(entry: Entry) -> Stored:
    """An entry's picture; every format but that of masks only needs one."""
    if entry.picture is None:
        raise InputError(f"picture {entry.stem} is not there", hint="without pictures: --format masks")
    return entry.picture


def mask_png(mask: Mask) -> Stored:
    """A mask as it is stored everywhere: 8-bit grey PNG, 0 and 255, of one channel."""
    return Stored(encode_png(mask), ".png")


def ignore_png(entry: Entry) -> Stored:
    """An entry's ignore map; all black where everything is known."""
    return mask_png(entry.mask & False if entry.ignore is None else entry.ignore)


def put_file(folder: Path, path: str, data: bytes, entry: Entry, role: str) -> Put:
    """Write a file of an entry whole, or not at all.

    Args:
        path: relative to the dataset's folder, with forward slashes.
    """
    write_whole(folder / path, data)
    return Put(entry.stem, role, path, data)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole, or not at all, and its folder where that is not there.

    It survives the end of the process, not a power cut: two fsyncs a picture cost more than the picture,
    and a dataset has checksums.
    """
    with atomic.told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with atomic.replacing(path, durable=False) as temporary:
        temporary.write_bytes(data)


def shard_path(folder: Path, shard: Shard, suffix: str) -> Path:
    """Where a shard that is one file goes: by this name the hub knows splits without being told."""
    path = folder / "data" / f"{shard.split}-{shard.number:05d}-of-{shard.of:05d}{suffix}"
    with atomic.told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    return path


def listed(folder: Path) -> list[str]:
    """Names of a folder's files, sorted; what begins with a dot is left out. Empty where there is no folder.

    Raises:
        InputError: the folder may not be read.
    """
    return [name for name in names_in(folder) if not name.startswith(".") and (folder / name).is_file()]


def pictures_in(folder: Path) -> list[str]:
    """Names of a folder's pictures, by their endings, sorted."""
    return [name for name in listed(folder) if Path(name).suffix.lower() in PICTURE_SUFFIXES]


def by_split(files: Iterable[str]) -> list[str]:
    """Files in the order of their splits, train first; those of one split stay as they are."""
    return sorted(files, key=lambda file: (*SPLIT_NAMES, split_of(file)).index(split_of(file)))


def names_in(folder: Path) -> list[str]:
    """Everything in a folder, sorted as Python sorts text; empty where there is no folder."""
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise InputError(f"{shown(folder)}: the folder cannot be read ({error.strerror})") from error


def located(folder: Path, path: str) -> Located:
    """A file of a dataset by its path in it."""
    return Located(str(folder / path), portable(path))


def inside(folder: Path, place: str, named: Any) -> Located | None:
    """The file that a list names, relative to a folder of the dataset.

    None where there is no such file, or it is not below that folder: a list is other people's text.
    """
    if not isinstance(named, str) or not named or "\0" in named:
        return None
    inner = PurePosixPath(named.replace("\\", "/"))
    path = (PurePosixPath(place) / inner).as_posix()
    if inner.is_absolute() or ".." in inner.parts or not (folder / path).is_file():
        return None
    return located(folder, path)


def split_folders(folder: Path, needed: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(split, its folder in the dataset) of every folder that holds all the needed folders.

    The dataset itself counts, too, as a split without a name.
    """
    for name in ("", *SPLIT_NAMES):
        if all((folder / name / inner).is_dir() for inner in needed):
            yield name, f"{name}/" if name else ""


def nothing_more(folder: Path, built: Built) -> None:
    """The end of a format whose shards are all there is."""
