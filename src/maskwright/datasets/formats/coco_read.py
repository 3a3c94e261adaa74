"""COCO JSON read back, ours or others'."""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.datasets.formats.columns import row_of
from maskwright.datasets.formats.files import SPLIT_NAMES, by_split, inside, listed
from maskwright.datasets.formats.labels import label_of
from maskwright.datasets.values import Record
from maskwright.errors import InputError
from maskwright.pairs.opening import MAX_PIXELS, shown, words
from maskwright.pairs.picture import encode_png
from maskwright.pairs.rle import decode_rle
from maskwright.pairs.values import Encoded, Located, Mask

CATEGORY = {"id": 1, "name": "edited", "supercategory": "edit"}
"""The one category that we write; of others' datasets every category counts."""

PLACES = ("", "annotations")
"""Folders where the JSON is looked for."""

# The object may begin with long lists of licences and categories.
_HEAD = 1 << 16
_LIST = re.compile(rb'"(images|annotations)"\s*:\s*\[')


def holds(folder: Path) -> bool:
    """A JSON object that has a list of images or of annotations near its beginning."""
    return bool(_files(folder))


def _files(folder: Path) -> list[str]:
    found = [f"{place}/{name}" if place else name for place in PLACES for name in listed(folder / place)]
    return by_split(file for file in found if file.endswith(".json") and _begins_as_coco(folder / file))


def _begins_as_coco(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and _LIST.search(head) is not None


def read(folder: Path) -> Iterator[Record]:
    """Records in the order of the lists of images; a JSON is held in memory while it is read.

    Raises:
        InputError: a JSON cannot be read.
    """
    for file in _files(folder):
        try:
            with (folder / file).open(encoding="utf-8") as text:
                said = json.load(text)
        except (OSError, ValueError, RecursionError) as fault:
            raise InputError(f"{shown(folder / file)} cannot be read: {words(fault)}") from fault
        annotations = defaultdict(list)
        for annotation in _objects(said, "annotations"):
            annotations[_key(annotation.get("image_id"))].append(annotation)
        places = _places(folder, file)
        for number, image in enumerate(_objects(said, "images")):
            yield _record(folder, places, file, number, image, annotations[_key(image.get("id"))])


def _objects(said: Any, name: str) -> list[dict[str, Any]]:
    values = said.get(name) if isinstance(said, dict) else None
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


def _key(value: Any) -> str:
    """An id as text, so that one of any type finds its partner."""
    return json.dumps(value)


def _places(folder: Path, file: str) -> list[str]:
    """Folders where the pictures of a JSON may be: named as it is or as part of it (`instances_val`)."""
    stem = PurePosixPath(file).stem
    names = [stem, *stem.split("_"), "images", *(f"images/{part}" for part in stem.split("_")), ""]
    return [name for name in dict.fromkeys(names) if (folder / name).is_dir()]


def _record(
    folder: Path,
    places: list[str],
    file: str,
    number: int,
    image: Mapping[str, Any],
    annotations: list[dict[str, Any]],
) -> Record:
    picture = _picture(folder, places, image.get("file_name"))
    row = image["row"] if isinstance(image.get("row"), dict) else {}
    split = _split(file)
    crowd = [one for one in annotations if one.get("iscrowd")]
    edits = [one for one in annotations if not one.get("iscrowd")]
    label = label_of(row.get("label")) or ("forged" if edits else "authentic")
    stem = {} if picture is None else {"stem": PurePosixPath(picture.key).stem}
    key = f"{file}#{number}"
    return Record(
        key if picture is None else picture.key,
        split,
        label,
        picture,
        None,
        _stored(edits, image, key),
        _stored(crowd, image, f"{key}:ignore") if crowd else None,
        row_of({**stem, **row}, split),
    )


def _split(file: str) -> str:
    """The split a JSON is of: `val.json`, `instances_val2017.json`."""
    parts = [part.rstrip("0123456789") for part in PurePosixPath(file).stem.split("_")]
    return next((part for part in parts if part in SPLIT_NAMES), "")


def _picture(folder: Path, places: list[str], name: Any) -> Located | None:
    found = (inside(folder, place, name) for place in places)
    return next((one for one in found if one is not None), None)


def _stored(annotations: Iterable[dict[str, Any]], image: Mapping[str, Any], key: str) -> Encoded | None:
    """The mask as a file in memory, as all other formats have it."""
    mask = _union(annotations, image)
    return None if mask is None else Encoded(encode_png(mask), key)


def _union(annotations: Iterable[dict[str, Any]], image: Mapping[str, Any]) -> Mask | None:
    """All of some annotations as one mask of the image's size; None where one cannot be read."""
    width, height = image.get("width"), image.get("height")
    if not (isinstance(width, int) and isinstance(height, int)) or width < 1 or height < 1:
        return None
    if width * height > MAX_PIXELS:
        return None
    union = np.zeros((height, width), np.bool_)
    for annotation in annotations:
        try:
            union |= _mask(annotation.get("segmentation"), width, height)
        except (InputError, ValueError, TypeError, KeyError, OverflowError):
            return None
    return union


def _mask(segmentation: Any, width: int, height: int) -> Mask:
    if isinstance(segmentation, dict):
        if segmentation["size"] != [height, width]:
            raise InputError("the mask has another size than its picture")
        return decode_rle(segmentation["counts"], height, width)
    mask = np.zeros((height, width), np.bool_)
    for outline in segmentation:
        _fill(mask, np.array(outline, np.float64).reshape(-1, 2))
    return mask


def _fill(mask: Mask, points: NDArray[np.float64]) -> None:
    """Mark the pixels whose centre is inside a polygon: (N, 2), x and y from the corner of the picture."""
    x, y = points.T
    dx, dy = np.roll(x, -1) - x, np.roll(y, -1) - y
    for row in range(max(0, math.floor(y.min())), min(mask.shape[0], math.ceil(y.max()))):
        level = row + 0.5
        crossed = (y <= level) != (y + dy <= level)
        at = np.sort(x[crossed] + (level - y[crossed]) * dx[crossed] / dy[crossed])
        ends = np.clip(np.ceil(at - 0.5), 0, mask.shape[1]).astype(np.int64)
        for start, end in zip(ends[::2], ends[1::2], strict=False):
            mask[row, start:end] = True
