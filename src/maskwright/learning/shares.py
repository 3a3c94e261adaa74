"""Which photographs a network learns from, which fit its calibration, and which only measure it."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from maskwright.errors import InputError
from maskwright.pages.words import counted
from maskwright.synthesis.photos import Photo, read_photos

NARROW = re.compile(r"non-?commercial|\bNC\b|academic|research", re.IGNORECASE)
"""Words of a licence that allows no more than research, or nothing that earns money."""
UNSTATED = re.compile(r"(none|not) stated", re.IGNORECASE)
"""Words of a table of photographs where nobody says what they may be used for."""


Thing = TypeVar("Thing")


class Licensed(Protocol):
    """Something that was trained on, and the terms it came under; empty where they are not stated."""

    @property
    def licence(self) -> str: ...


LISTED = 10
"""Terms that a card lists; a picture made of two photographs is under those of both."""


@dataclass(frozen=True, slots=True)
class Shares(Generic[Thing]):
    """Photographs, or pictures of them, by what they are for; no photograph is in two.

    Args:
        learnt: trained on.
        kept: of split train, kept out of training; calibration is fitted on them.
        held: only measured on.
    """

    learnt: tuple[Thing, ...]
    kept: tuple[Thing, ...]
    held: tuple[Thing, ...]


def shared(source: str | os.PathLike[str]) -> Shares[Photo]:
    """The photographs of a folder or a table, shared out by their split or by their names.

    Rows of split `val` are held, and those of `train` or of no split are trained on but for a tenth,
    which is kept. Where no row is `val`, a tenth is held, too. Tenths are by a hash of the path within
    the source, so a photograph keeps its place when others come or go. A file that one row calls `val` is
    held whatever other rows call it.

    Raises:
        InputError: as `read_photos`; or too few photographs to have one of each kind.
    """
    photos = read_photos(source)
    folder = Path(source) if Path(source).is_dir() else Path(source).parent
    held = tuple(photo for photo in photos if photo.split == "val")
    files = {os.path.realpath(photo.path) for photo in held}
    rest = [
        photo
        for photo in photos
        if photo.split in ("", "train") and os.path.realpath(photo.path) not in files
    ]
    if not held:
        held = tuple(photo for photo in rest if _tenth(photo, folder, "held") == 0)
        rest = [photo for photo in rest if _tenth(photo, folder, "held") != 0]
    kept = tuple(photo for photo in rest if _tenth(photo, folder, "kept") == 0)
    learnt = tuple(photo for photo in rest if _tenth(photo, folder, "kept") != 0)
    shares = Shares(learnt, kept, held)
    check_shares(source, shares)
    return shares


def check_shares(source: str | os.PathLike[str], shares: Shares[Thing], noun: str = "photograph") -> None:
    """Refuse shares of which one is empty."""
    learnt, kept, held = shares.learnt, shares.kept, shares.held
    for name, some in (("train on", learnt), ("calibrate on", kept), ("measure on", held)):
        if not some:
            raise InputError(
                f"{source} leaves no {noun} to {name}: {len(learnt)} to train on,"
                f" {len(kept)} to calibrate on, {len(held)} to measure on",
                hint=f"some twenty {noun}s are needed at the least, hundreds for a good network",
            )


def terms(photos: Sequence[Licensed], noun: str = "photograph") -> str:
    """How many photographs, and how many under which terms, the most frequent first; `LISTED` of them.

    >>> terms([Photo("a", licence="CC0"), Photo("b", licence="CC0"), Photo("c")])
    '3 photographs: 2 "CC0"; 1 "terms not stated"'
    """
    counts = Counter(photo.licence or "terms not stated" for photo in photos)
    first = counts.most_common(LISTED)
    rest = counts.total() - sum(number for _, number in first)
    listed = [f'{number} "{licence}"' for licence, number in first]
    listed += [f"{rest} under {len(counts) - LISTED} others"] if rest else []
    return f"{counted(len(photos), noun)}: {'; '.join(listed)}"


def terms_for(photos: Sequence[Licensed], noun: str = "photograph") -> str:
    """What we say weights are for that were trained on these photographs: the narrowest of their terms.

    `NARROW` and `UNSTATED` are looked for in the words of every licence. Whether weights must carry the
    terms of what they were trained on is for courts; we hand on what was asked of us
    (docs/decisions/0010).

    >>> terms_for([Photo("a", licence="CC0"), Photo("b", licence="academic use"), Photo("c")])
    'for non-commercial research only: 1 of 3 photographs trained on is for no more, and 1 states no terms'
    >>> terms_for([Photo("a", licence="CC0"), Photo("b", licence="Apache-2.0")])
    'under the terms of the photographs trained on: "CC0"; "Apache-2.0"'
    """
    listed = [photo.licence or "terms not stated" for photo in photos]
    narrow = sum(bool(NARROW.search(licence)) for licence in listed)
    unstated = sum(bool(UNSTATED.search(licence)) for licence in listed if not NARROW.search(licence))
    states = "states" if unstated == 1 else "state"
    if narrow:
        also = f", and {unstated} {states} no terms" if unstated else ""
        are = "is" if narrow == 1 else "are"
        return (
            f"for non-commercial research only: {narrow} of {counted(len(listed), noun)} trained on"
            f" {are} for no more{also}"
        )
    if unstated:
        return (
            f"not known: {unstated} of {counted(len(listed), noun)} trained on {states} no terms;"
            " whoever took the photographs can tell"
        )
    names = "; ".join(f'"{licence}"' for licence, _ in Counter(listed).most_common())
    return f"under the terms of the {noun}s trained on: {names}"


def told_apart(photos: Sequence[Photo]) -> list[str]:
    """What tells these photographs and label maps from others, wherever their folder lies: names within
    it, and sizes; empty where a photograph has no labels.

    Raises:
        InputError: one of them is not there.
    """
    folder = os.path.commonpath([os.path.dirname(os.path.abspath(photo.path)) for photo in photos])
    files = [path for photo in photos for path in (photo.path, photo.labels)]
    try:
        return [f"{os.path.relpath(path, folder)} {os.path.getsize(path)}" if path else "" for path in files]
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read: {error.strerror}") from error


def _tenth(photo: Photo, folder: Path, purpose: str) -> int:
    name = Path(os.path.relpath(photo.path, folder)).as_posix()
    digest = hashlib.sha256(f"{purpose}/{name}".encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:8]) % 10
