"""ImageFolder: pictures in folders, and a metadata.jsonl in every split that ties them together."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from maskwright.corpus import atomic
from maskwright.datasets.formats import Format, Put, Shard
from maskwright.datasets.formats.columns import json_line, json_row, provenance, row_of, rows_in
from maskwright.datasets.formats.files import (
    SPLIT_NAMES,
    ignore_png,
    inside,
    located,
    mask_png,
    names_in,
    picture_of,
    pictures_in,
    put_file,
)
from maskwright.datasets.formats.labels import label_of
from maskwright.datasets.values import Built, Entry, Record
from maskwright.errors import InputError
from maskwright.pairs.opening import shown, words
from maskwright.pairs.sources.base import portable

METADATA = "metadata.jsonl"
METADATA_NAMES = (METADATA, "metadata.csv", "metadata.parquet")
"""The names that ImageFolder knows; we write the first."""
FOLDERS = {"picture": "images", "mask": "masks", "ignore": "ignore", "original": "originals"}
"""What is stored -> the folder of a split it is in."""
KEYS = {
    "picture": "file_name",
    "mask": "mask_file_name",
    "ignore": "ignore_file_name",
    "original": "original_file_name",
}
"""What is stored -> its key in metadata.jsonl. `file_name` comes first in every line: ImageFolder gives the
first picture column it fills what is under that key, whichever column that is."""


def _write(folder: Path, shard: Shard, entries: Iterable[Entry]) -> Iterator[Put]:
    for entry in entries:
        stored = {"picture": picture_of(entry), "mask": mask_png(entry.mask), "ignore": ignore_png(entry)}
        if entry.original is not None:
            stored["original"] = entry.original
        for role, picture in stored.items():
            path = f"{shard.split}/{FOLDERS[role]}/{entry.stem}{picture.suffix}"
            yield put_file(folder, path, picture.data, entry, role)


def _finish(folder: Path, built: Built) -> None:
    """Write every split's metadata.jsonl from its provenance, with the same keys in all of them.

    `datasets` takes the columns from the first rows of each split and refuses splits that differ: a key that
    the first rows of one split lack (a score that nobody gave) is in none. provenance/ has it all the same.
    """
    tables = provenance(folder)
    firsts = [{key for row in rows_in(files[:1]) for key in _line(row)} for files in tables.values()]
    kept = set.intersection(*firsts) if firsts else set()
    for split, files in tables.items():
        path = folder / split / METADATA
        with atomic.replacing(path) as temporary, temporary.open("w", encoding="ascii") as lines:
            for row in rows_in(files):
                line = {key: value for key, value in _line(row).items() if key in kept}
                lines.write(json_line(line) + "\n")


def _line(row: dict[str, Any]) -> dict[str, Any]:
    """A row of provenance as a line; files are relative to it. An authentic picture is its own original."""
    paths = {file["role"]: file["path"].partition("/")[2] for file in row["files"]}
    if row["label"] == "authentic":
        paths.setdefault("original", paths["picture"])
    return {KEYS[role]: paths[role] for role in KEYS if role in paths} | json_row(row)


def _holds(folder: Path) -> bool:
    """Metadata that says where pictures and masks are, or pictures in folders named after labels."""
    return bool(_metadata(folder) or _labelled(folder))


def _read(folder: Path) -> Iterator[Record]:
    metadata = _metadata(folder)
    for file, split in metadata:
        yield from _described(folder, file, split)
    for place, split in _labelled(folder) if not metadata else ():
        for name in pictures_in(folder / place):
            path = f"{place}/{name}"
            yield Record(portable(path), split, label_of(Path(place).name), located(folder, path))


def _metadata(folder: Path) -> list[tuple[str, str]]:
    """(metadata file, its split) of those that name a picture and its mask."""
    found = []
    for split in ("", *SPLIT_NAMES):
        for name in METADATA_NAMES:
            file = f"{split}/{name}" if split else name
            if (folder / file).is_file() and _names_masks(folder / file):
                found.append((file, split))
                break
    return found


def _names_masks(path: Path) -> bool:
    try:
        first = next(_lines(path), None)
    except InputError:
        return False
    return first is not None and {KEYS["picture"], KEYS["mask"]} <= first.keys()


def _described(folder: Path, file: str, split: str) -> Iterator[Record]:
    place = Path(file).parent.as_posix().removeprefix(".")
    for number, line in enumerate(_lines(folder / file)):
        roles = {role: inside(folder, place, line.pop(key, None)) for role, key in KEYS.items()}
        picture = roles["picture"]
        id_ = f"{file}#{number}" if picture is None else picture.key
        label = label_of(line.get("label"))
        if label == "authentic":
            roles["original"] = None
        stem = {} if picture is None else {"stem": Path(picture.key).stem}
        yield Record(id_, split, label, **roles, row=row_of(stem | line, split))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a metadata file; a line that is no object is an empty row.

    Raises:
        InputError: it cannot be read at all.
    """
    try:
        if path.suffix == ".parquet":
            with pq.ParquetFile(path) as table:
                for batch in table.iter_batches(batch_size=1000, use_threads=False):
                    yield from batch.to_pylist()
            return
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as text:
            if path.suffix == ".csv":
                yield from csv.DictReader(text)
                return
            for line in text:
                if line.strip():
                    yield _object(line)
    except (pa.ArrowException, csv.Error, OSError, ValueError) as fault:
        raise InputError(f"{shown(path)} cannot be read: {words(fault)}") from fault


def _object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _labelled(folder: Path) -> list[tuple[str, str]]:
    """(folder of pictures, its split) where all folders of a split are named after labels, of both kinds."""
    found = []
    for split in ("", *SPLIT_NAMES):
        names = [name for name in names_in(folder / split) if (folder / split / name).is_dir()]
        names = [name for name in names if not name.startswith(".")]
        if {label_of(name) for name in names} == {"authentic", "forged"}:
            found += [(f"{split}/{name}" if split else name, split) for name in names]
    return found


FORMAT = Format(
    name="imagefolder",
    says="Pictures in folders and a metadata.jsonl a split, which Hugging Face datasets loads.",
    of_ignore="A picture of its own, column ignore: 255 where nobody can say, all black where all is known.",
    roles=("picture", "mask", "ignore", "original"),
    authentic=True,
    rows_in_shard=500,
    files=lambda n, shards: 4 * n,
    write=_write,
    finish=_finish,
    holds=_holds,
    read=_read,
    loading="""\
from datasets import load_dataset

rows = load_dataset("imagefolder", data_dir="FOLDER", split="train")
picture, mask = rows[0]["image"], rows[0]["mask"]""",
    layout=(
        ("{split}/metadata.jsonl", "a line a picture: where its files are, and its columns"),
        ("{split}/images/", "the pictures"),
        ("{split}/masks/", "their masks: 255 = edited"),
        ("{split}/ignore/", "255 where nobody can say"),
        ("{split}/originals/", "the pictures before the edit; an authentic picture is its own"),
    ),
    hub="{split}/**",
)
