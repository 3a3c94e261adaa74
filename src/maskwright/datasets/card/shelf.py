"""Pictures and masks of a few rows of a dataset, opened where its provenance says that they are."""

from __future__ import annotations

import json
import tarfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from maskwright.errors import InputError
from maskwright.masks.pipeline import one_line
from maskwright.pairs.grid import check_same_grid
from maskwright.pairs.maskfile import read_mask
from maskwright.pairs.picture import read_picture
from maskwright.pairs.rle import decode_rle
from maskwright.pairs.values import Encoded, Mask, Picture

Row = dict[str, Any]
"""The columns of `values.ROW` of a picture."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A row with its pictures, all on one grid; None for those that the dataset has not.

    Args:
        fault: why nothing can be shown; empty where it can.
    """

    row: Row
    picture: Picture | None
    original: Picture | None
    mask: Mask
    fault: str = ""


class Shelf:
    """The files of some rows. A place is `path`, `x.tar#member`, `x.parquet#row:column` or, of a mask as run
    lengths, `x.json#annotation`."""

    def __init__(self, folder: Path, rows: Iterable[Row]) -> None:
        self._folder = folder.resolve()
        self._annotations = defaultdict[str, dict[str, Mask | None]](dict)
        for row in rows:
            for place in _places(row).values():
                path, _, inside = place.partition("#")
                if inside and path.endswith(".json"):
                    self._annotations[path][inside] = None

    def seen(self, row: Row) -> Seen:
        """A row and its pictures; what cannot be read is told, not raised."""
        places = _places(row)
        try:
            found = {
                role: read_picture(Encoded(self._bytes(places[role]), places[role])).pixels
                for role in ("picture", "original")
                if role in places
            }
            # A mask without an edited pixel has no run lengths.
            empty = np.zeros((row["height"], row["width"]), np.bool_)
            mask = self._mask(places["mask"]) if "mask" in places else empty
            check_same_grid(mask=mask, **found)
        except (InputError, OSError, KeyError, ValueError, tarfile.TarError, pa.ArrowException) as fault:
            return Seen(row, None, None, np.zeros((1, 1), np.bool_), one_line(str(fault)))
        return Seen(row, found.get("picture"), found.get("original"), mask)

    def _path(self, path: str) -> Path:
        place = (self._folder / path).resolve()
        if not place.is_relative_to(self._folder):
            raise InputError(f"{path} is outside of the dataset")
        return place

    def _bytes(self, place: str) -> bytes:
        path, _, inside = place.partition("#")
        file = self._path(path)
        if not inside:
            return file.read_bytes()
        if file.suffix == ".tar":
            with tarfile.open(file, "r:") as tar:
                member = tar.extractfile(inside)
                return b"" if member is None else member.read()
        row, _, column = inside.partition(":")
        return _cell(file, int(row), column)

    def _mask(self, place: str) -> Mask:
        path, _, inside = place.partition("#")
        if path not in self._annotations:
            return read_mask(Encoded(self._bytes(place), place))
        masks = self._annotations[path]
        if masks[inside] is None:
            masks |= _masks(self._path(path), masks)
        mask = masks[inside]
        if mask is None:
            raise InputError(f"{path} has no annotation {inside}")
        return mask


def _places(row: Row) -> dict[str, str]:
    """Role -> place."""
    return {each["role"]: each["path"] for each in row["files"] or ()}


def _cell(path: Path, row: int, column: str) -> bytes:
    """The bytes of a picture in a row of a Parquet file; reads one column of one row group."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if row < rows:
                value = file.read_row_group(group, columns=[column])[column][row].as_py()
                return bytes(value["bytes"])
            row -= rows
    raise InputError(f"{path.name} ends before row {row}")


def _masks(path: Path, wanted: Iterable[str]) -> dict[str, Mask]:
    """Masks of a COCO JSON of ours by the ids of their annotations, which stand in a line each."""
    begins = {f'{{"id": {number}, "image_id":': number for number in wanted}
    found = {}
    with path.open(encoding="ascii") as lines:
        for line in lines:
            number = begins.get(line[: line.find('"image_id":') + 11])
            if number is not None:
                runs = json.JSONDecoder().raw_decode(line)[0]["segmentation"]
                found[number] = decode_rle(runs["counts"], *runs["size"])
    return found
