"""Photographs to make pairs from: a folder, or a table that also names label maps, splits and licences."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError
from maskwright.pairs.opening import open_image
from maskwright.pairs.picture import read_picture
from maskwright.pairs.sources.base import PICTURE_SUFFIXES
from maskwright.pairs.sources.folder import list_files
from maskwright.pairs.values import Picture

LABELS_END = "_labels.png"
"""In a folder, `<stem>_labels.png` is the label map of the photograph `<stem>.*`."""
ASPECT = 0.01
"""A label map wider or narrower than its photograph by less is stretched, others are refused."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph on disk, and what is known of it; empty where nothing is.

    Args:
        labels: path of its label map: integers, 0 = none, every region a number from 1.
        split: train, val, or what else the table says.
    """

    path: str
    labels: str = ""
    split: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A photograph in memory.

    Args:
        pixels: (H, W, 3) uint8.
        labels: (H, W) integers, 0 = none; None where the photograph has no label map.
    """

    pixels: Picture
    labels: NDArray[Any] | None = None


def read_photos(source: str | os.PathLike[str], split: str | None = None) -> list[Photo]:
    """The photographs of a folder, or of a CSV file with a column `path`; in their order there.

    The table may have columns `labels`, `split` and `licence`; paths are relative to its folder.

    Args:
        split: only those of this split; photographs without any split always belong to it.

    Raises:
        InputError: nothing there, no such column, or no photograph of that split.
    """
    place = Path(source)
    if place.is_dir():
        found = list(_of_folder(place))
    elif place.is_file():
        found = list(_of_table(place))
    else:
        raise InputError(f"{source}: there is no such folder or CSV file of photographs")
    chosen = [photo for photo in found if split is None or photo.split in ("", split)]
    if not chosen:
        where = f" of split {split}; its splits are {_splits(found)}" if found else ""
        raise InputError(f"{source} holds no photographs{where}")
    return chosen


def load_photo(photo: Photo, *, longest_px: float | None = None) -> Loaded:
    """Read a photograph and its label map.

    Args:
        longest_px: the longer side after scaling down; nothing is enlarged. None keeps the size.

    Raises:
        InputError: the photograph or its label map cannot be read, or the map is in colour, or of
            another aspect than the photograph.
    """
    pixels = read_picture(photo.path).pixels
    height, width = pixels.shape[:2]
    labels = read_labels(photo.labels) if photo.labels else None
    if labels is not None:
        _check_aspect(photo, labels.shape, (height, width))
    scale = 1.0 if longest_px is None else min(1.0, longest_px / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if scale < 1:
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    if labels is not None and labels.shape != pixels.shape[:2]:
        labels = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
    return Loaded(pixels, labels)


def read_labels(path: str | os.PathLike[str]) -> NDArray[Any]:
    """A label map as (H, W) uint8 or uint16: grey of 8 or 16 bits, or the numbers of a palette.

    Raises:
        InputError: it cannot be read, or is in colour.
    """
    image = open_image(Path(path)).image
    numbers = np.asarray(image)
    if numbers.ndim != 2:
        raise InputError(f"{path} is no label map: its mode is {image.mode}, expected grey or a palette")
    return numbers.astype(np.uint8 if numbers.max(initial=0) < 256 else np.uint16)


def _check_aspect(photo: Photo, labels: tuple[int, ...], picture: tuple[int, int]) -> None:
    """Refuse a label map that no scaling lays on its photograph: it is turned, cropped, or another's."""
    rows, columns = (ours / theirs for ours, theirs in zip(labels, picture, strict=True))
    # Sides are whole pixels: a map may be half a pixel of its own off.
    if abs(rows / columns - 1) > ASPECT + 0.5 / min(labels):
        raise InputError(
            f"{photo.labels} has {labels[1]}x{labels[0]} pixels, which does not fit its photograph"
            f" of {picture[1]}x{picture[0]}"
        )


def _of_folder(folder: Path) -> Iterator[Photo]:
    names = list_files(str(folder))
    maps = {name.removesuffix(LABELS_END): name for name in names if name.endswith(LABELS_END)}
    for name in names:
        if name.endswith(LABELS_END) or Path(name).suffix.lower() not in PICTURE_SUFFIXES:
            continue
        labels = maps.get(os.path.splitext(name)[0])
        yield Photo(str(folder / name), "" if labels is None else str(folder / labels))


def _of_table(table: Path) -> Iterator[Photo]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if "path" not in (rows.fieldnames or ()):
                found = ", ".join((rows.fieldnames or ())[:8])
                raise InputError(f"{table} has no column path; its columns are {found}")
            for row in rows:
                if row["path"]:
                    labels = str(table.parent / row["labels"]) if row.get("labels") else ""
                    path = str(table.parent / row["path"])
                    yield Photo(path, labels, row.get("split") or "", row.get("licence") or "")
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{table} cannot be read as CSV: {error}") from error


def _splits(photos: list[Photo]) -> str:
    return ", ".join(sorted({photo.split for photo in photos})[:8])
