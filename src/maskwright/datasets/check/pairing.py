"""Folders whose files are paired by names or by places: what breaks that, and the pairs that are meant."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from maskwright.datasets.check.values import Defect
from maskwright.datasets.formats.files import located, names_in, split_folders
from maskwright.datasets.formats.imdlbenco import FORGED, MASKS
from maskwright.datasets.values import Record
from maskwright.pairs.sources.base import PICTURE_SUFFIXES, portable
from maskwright.pairs.sources.layouts import MASK_ENDINGS

FOLDERS = {"imdlbenco": (FORGED, MASKS), "change-detection": ("A", "B", "label")}
"""Layout -> the folders of a split whose files belong together."""


@dataclass(frozen=True, slots=True)
class Matched:
    """Files of two folders, as their names mean them.

    Args:
        pairs: (picture, mask) by their names; None where one has no partner.
        strays: (place of the folder, name) of what is no picture file.
    """

    pairs: tuple[tuple[str | None, str | None], ...]
    strays: tuple[tuple[int, str], ...]


def matched(pictures: Sequence[str], masks: Sequence[str]) -> Matched:
    """Pair the names of two folders by their stems; a mask may add `_gt` or `_mask` to its picture's.

    >>> matched(["a.jpg", "b.jpg", ".DS_Store"], ["a_gt.png"]).pairs
    (('a.jpg', 'a_gt.png'), ('b.jpg', None))
    """
    kept = [[name for name in names if _is_picture(name)] for names in (pictures, masks)]
    strays = [
        (place, name)
        for place, names in enumerate((pictures, masks))
        for name in names
        if not _is_picture(name)
    ]
    by_stem = {os.path.splitext(name)[0]: name for name in reversed(kept[0])}
    pairs: dict[str, str] = {}
    left = []
    for name in kept[1]:
        stem = os.path.splitext(name)[0]
        bare = next((stem.removesuffix(end) for end in MASK_ENDINGS if stem.endswith(end)), stem)
        picture = by_stem.get(stem) or by_stem.get(bare)
        if picture is None or picture in pairs:
            left.append(name)
        else:
            pairs[picture] = name
    return Matched(
        (*((name, pairs.get(name)) for name in kept[0]), *((None, name) for name in left)), tuple(strays)
    )


def records_by_name(folder: Path) -> Iterator[Record]:
    """The forged pictures of IMDLBenCo's folders with the masks that are meant by their names."""
    for split, place in split_folders(folder, (FORGED, MASKS)):
        found = matched(names_in(folder / place / FORGED), names_in(folder / place / MASKS))
        for picture, mask in found.pairs:
            if picture is not None:
                path = f"{place}{FORGED}/{picture}"
                drawn = located(folder, f"{place}{MASKS}/{mask}") if mask else None
                yield Record(portable(path), split, "forged", located(folder, path), mask=drawn)


def folder_defects(folder: Path, layout: str) -> Iterator[Defect]:
    """What in a dataset's folders breaks the pairing of those who sort two lists, or read every file."""
    names = FOLDERS.get(layout, ())
    for split, place in split_folders(folder, names) if names else ():
        listed = [names_in(folder / place / name) for name in names]
        for name, files in zip(names, listed, strict=True):
            for file in files:
                if not _is_picture(file):
                    yield Defect(
                        portable(f"{place}{name}/{file}"), split, "stray_file", "it is no picture file"
                    )
        pictures = [[file for file in files if _is_picture(file)] for files in listed]
        for other, files in zip(names[1:], pictures[1:], strict=True):
            yield from _unpaired(f"{place}{names[0]}/", f"{place}{other}/", split, pictures[0], files)


def _unpaired(first: str, second: str, split: str, pictures: list[str], masks: list[str]) -> Iterator[Defect]:
    found = matched(pictures, masks)
    for picture, mask in found.pairs:
        if picture is None:
            yield Defect(
                portable(f"{second}{mask}"), split, "pairing_broken", f"nothing in {first} has its name"
            )
    if len(pictures) != len(masks):
        return
    for (picture, mask), by_place in zip(found.pairs, masks, strict=False):
        if picture is not None and mask is not None and mask != by_place:
            told = f"sorted, it is paired with {by_place}, not {mask}"
            yield Defect(portable(f"{first}{picture}"), split, "pairing_broken", told)


def _is_picture(name: str) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES
