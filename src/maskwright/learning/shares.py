"""Which photographs a network learns from, which fit its calibration, and which only measure it."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maskwright.errors import InputError
from maskwright.pages.words import counted
from maskwright.synthesis.photos import Photo, read_photos


@dataclass(frozen=True, slots=True)
class Shares:
    """Photographs by what they are for; no photograph is in two.

    Args:
        learnt: trained on.
        kept: of split train, kept out of training; calibration is fitted on them.
        held: only measured on.
    """

    learnt: tuple[Photo, ...]
    kept: tuple[Photo, ...]
    held: tuple[Photo, ...]


def shared(source: str | os.PathLike[str]) -> Shares:
    """The photographs of a folder or a table, shared out by their split or by their names.

    Rows of split `val` are held, and those of `train` or of no split are trained on but for a tenth,
    which is kept. Where no row is `val`, a tenth is held, too. Tenths are by a hash of the path within
    the source, so a photograph keeps its place when others come or go.

    Raises:
        InputError: as `read_photos`; or too few photographs to have one of each kind.
    """
    photos = read_photos(source)
    folder = Path(source) if Path(source).is_dir() else Path(source).parent
    held = tuple(photo for photo in photos if photo.split == "val")
    rest = [photo for photo in photos if photo.split in ("", "train")]
    if not held:
        held = tuple(photo for photo in rest if _tenth(photo, folder, "held") == 0)
        rest = [photo for photo in rest if photo not in set(held)]
    kept = tuple(photo for photo in rest if _tenth(photo, folder, "kept") == 0)
    learnt = tuple(photo for photo in rest if photo not in set(kept))
    shares = Shares(learnt, kept, held)
    for name, some in (("train on", learnt), ("calibrate on", kept), ("measure on", held)):
        if not some:
            raise InputError(
                f"{source} leaves no photograph to {name}: {len(learnt)} to train on,"
                f" {len(kept)} to calibrate on, {len(held)} to measure on",
                hint="some twenty photographs are needed at the least, hundreds for a good network",
            )
    return shares


def terms(photos: Sequence[Photo]) -> str:
    """How many photographs, and how many under which terms, the most frequent first."""
    counts = Counter(photo.licence or "terms not stated" for photo in photos)
    listed = "; ".join(f"{number} {licence}" for licence, number in counts.most_common())
    return f"{counted(len(photos), 'photograph')}: {listed}"


def terms_for(photos: Sequence[Photo]) -> str:
    """What weights carry that were trained on these photographs: the terms of all of them."""
    known = Counter(photo.licence or "terms not stated" for photo in photos)
    return "under the terms of the photographs trained on: " + "; ".join(
        licence for licence, _ in known.most_common()
    )


def told_apart(photos: Sequence[Photo]) -> list[str]:
    """What tells these photographs from others, wherever their folder lies: names within it, and sizes.

    Raises:
        InputError: one of them is not there.
    """
    folder = os.path.commonpath([os.path.dirname(os.path.abspath(photo.path)) for photo in photos])
    try:
        return [f"{os.path.relpath(photo.path, folder)} {os.path.getsize(photo.path)}" for photo in photos]
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read: {error.strerror}") from error


def _tenth(photo: Photo, folder: Path, purpose: str) -> int:
    name = Path(os.path.relpath(photo.path, folder)).as_posix()
    digest = hashlib.sha256(f"{purpose}/{name}".encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:8]) % 10
