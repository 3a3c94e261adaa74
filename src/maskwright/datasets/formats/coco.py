"""COCO: pictures in a folder a split, and a JSON a split with their masks as run lengths.

While shards are written, each leaves the lines of its pictures in `parts/`; the end makes the JSON of them
and removes them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.corpus import atomic
from maskwright.datasets.formats import Format, Put, Shard
from maskwright.datasets.formats.coco_read import CATEGORY, holds, read
from maskwright.datasets.formats.columns import json_line, json_row, provenance
from maskwright.datasets.formats.files import names_in, picture_of, put_file, write_whole
from maskwright.datasets.values import Built, Entry
from maskwright.errors import RunError
from maskwright.pairs.rle import encode_rle
from maskwright.pairs.values import Mask

PARTS = "parts"
"""The folder of what shards leave for the end."""


def _write(folder: Path, shard: Shard, entries: Iterable[Entry]) -> Iterator[Put]:
    lines = []
    for entry in entries:
        picture = picture_of(entry)
        name = f"{entry.stem}{picture.suffix}"
        yield put_file(folder, f"{shard.split}/{name}", picture.data, entry, "picture")
        annotations = list(_annotations(entry))
        for role, annotation in annotations:
            counts = annotation["segmentation"]["counts"]
            place = f"{shard.split}.json#{annotation['id']}"
            yield Put(entry.stem, role, place, counts.encode("ascii"))
        lines.append(
            json_line({"image": _image(entry, name), "annotations": [one for _, one in annotations]})
        )
    part = folder / PARTS / f"{shard.split}-{shard.number:05d}.jsonl"
    write_whole(part, "".join(f"{line}\n" for line in lines).encode("ascii"))


def _image(entry: Entry, name: str) -> dict[str, Any]:
    height, width = entry.mask.shape
    row = json_row(entry.row)
    return {"id": _number(entry), "file_name": name, "width": width, "height": height, "row": row}


def _annotations(entry: Entry) -> Iterator[tuple[str, dict[str, Any]]]:
    """(what it is, the annotation) of the edit and of what nobody can say, where there is any."""
    maps = (("mask", entry.mask), ("ignore", entry.ignore))
    for place, (role, shown) in enumerate(maps):
        if shown is not None and shown.any():
            yield (
                role,
                {
                    # 0 would be taken for "no match" by COCOeval
                    "id": 2 * _number(entry) - 1 + place,
                    "image_id": _number(entry),
                    "category_id": CATEGORY["id"],
                    "segmentation": {"size": list(shown.shape), "counts": encode_rle(shown)},
                    "area": int(np.count_nonzero(shown)),
                    "bbox": _box(shown),
                    "iscrowd": int(role == "ignore"),
                },
            )


def _number(entry: Entry) -> int:
    return int(entry.stem) + 1


def _box(mask: Mask) -> list[int]:
    """[x, y, width, height] of all that is True."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    return [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1]


def _finish(folder: Path, built: Built) -> None:
    """Make every split's JSON of what its shards left, then remove that.

    Raises:
        RunError: a shard left nothing.
    """
    for split, tables in provenance(folder).items():
        target = folder / f"{split}.json"
        if not target.exists():
            _write_json(target, [_part_of(folder, table) for table in tables])
    for name in names_in(folder / PARTS):
        (folder / PARTS / name).unlink()
    if (folder / PARTS).is_dir():
        (folder / PARTS).rmdir()


def _part_of(folder: Path, table: Path) -> Path:
    """What the shard left whose rows are in this table of provenance."""
    part = folder / PARTS / f"{table.stem}.jsonl"
    if not part.exists():
        raise RunError(f"{part} is not there", hint=f"delete {table}, then build again")
    return part


def _write_json(target: Path, parts: list[Path]) -> None:
    """Write COCO's one object without holding it: the parts are read twice."""
    info = {"description": "Made by maskwright. An image's row says what it is and where it comes from."}
    with atomic.replacing(target) as temporary, temporary.open("w", encoding="ascii") as text:
        text.write(f'{{"info": {json_line(info)},\n"licenses": [],\n"categories": [{json_line(CATEGORY)}]')
        for name, of in _LISTS.items():
            text.write(f',\n"{name}": [')
            first = True
            for value in (one for part in parts for line in _lines(part) for one in of(line)):
                text.write(("\n" if first else ",\n") + json_line(value))
                first = False
            text.write("]")
        text.write("}\n")


_LISTS: dict[str, Callable[[dict[str, Any]], list[dict[str, Any]]]] = {
    "images": lambda line: [line["image"]],
    "annotations": lambda line: line["annotations"],
}


def _lines(part: Path) -> Iterator[dict[str, Any]]:
    with part.open(encoding="ascii") as text:
        for line in text:
            yield json.loads(line)


FORMAT = Format(
    name="coco",
    says="Pictures in folders, and their masks as run lengths in a COCO JSON a split, read by pycocotools.",
    of_ignore="An annotation with iscrowd 1: COCOeval neither misses it nor blames a detection inside it.",
    roles=("picture", "mask", "ignore"),
    authentic=True,
    rows_in_shard=500,
    files=lambda n, shards: n + shards,
    write=_write,
    finish=_finish,
    holds=holds,
    read=read,
    loading="""\
from pycocotools.coco import COCO

coco = COCO("FOLDER/train.json")
for image in coco.loadImgs(coco.getImgIds()):
    edits = coco.loadAnns(coco.getAnnIds(image["id"], iscrowd=False))  # none of an authentic picture
    masks = [coco.annToMask(edit) for edit in edits]""",
    layout=(
        ("{split}/", "the pictures"),
        ("{split}.json", "images with their columns, and an annotation for each edit"),
    ),
)
