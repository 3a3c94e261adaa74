"""Change detection: before in A, after in B, the mask in label, under one name, as LEVIR-CD has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from maskwright.datasets.formats import Format, Put, Shard
from maskwright.datasets.formats.files import (
    located,
    mask_png,
    nothing_more,
    picture_of,
    pictures_in,
    put_file,
    split_folders,
)
from maskwright.datasets.shortcuts.containers import Encoding, encode
from maskwright.datasets.values import Entry, Record, Stored
from maskwright.errors import InputError
from maskwright.pairs.picture import read_picture

FOLDERS = {"original": "A", "picture": "B", "mask": "label"}
"""What is stored -> the folder of a split it is in."""


def _write(folder: Path, shard: Shard, entries: Iterable[Entry]) -> Iterator[Put]:
    for entry in entries:
        if entry.original is None:
            raise InputError(
                f"picture {entry.stem} has no original, and change detection compares two pictures",
                hint="build another format",
            )
        stored = {
            "original": _png(entry.original),
            "picture": _png(picture_of(entry)),
            "mask": mask_png(entry.mask).data,
        }
        for role, data in stored.items():
            path = f"{shard.split}/{FOLDERS[role]}/{entry.stem}.png"
            yield put_file(folder, path, data, entry, role)


def _png(picture: Stored) -> bytes:
    """The same pixels as PNG: loaders take one ending for A, B and label."""
    if picture.suffix == ".png":
        return picture.data
    return encode(read_picture(picture.data).pixels, Encoding("png")).data


def _holds(folder: Path) -> bool:
    """Folders A, B and label, in the folder itself or in those of its splits."""
    return any(split_folders(folder, tuple(FOLDERS.values())))


def _read(folder: Path) -> Iterator[Record]:
    """A record for every name that is in B or, without a picture, only in A or label."""
    for split, place in split_folders(folder, tuple(FOLDERS.values())):
        names = {role: pictures_in(folder / place / inner) for role, inner in FOLDERS.items()}
        by_stem = {role: {Path(name).stem: name for name in of} for role, of in names.items()}
        for stem in sorted(set().union(*by_stem.values())):
            found = {
                role: located(folder, f"{place}{FOLDERS[role]}/{of[stem]}") if stem in of else None
                for role, of in by_stem.items()
            }
            key = next(one.key for one in (found["picture"], found["mask"], found["original"]) if one)
            row = {"split": split, "stem": stem}
            yield Record(key, split, "forged", found["picture"], found["original"], found["mask"], row=row)


FORMAT = Format(
    name="change-detection",
    says="Before in A, after in B, the mask in label, as LEVIR-CD has it; Open-CD and SAM-CD read it.",
    of_ignore="The layout has no place for it: it is not written, and those pixels count as their mask says.",
    roles=("picture", "original", "mask"),
    # Before and after of an authentic picture would be one file twice: equal pixels give it away,
    # and teach nothing.
    authentic=False,
    rows_in_shard=500,
    files=lambda n, shards: 3 * n,
    write=_write,
    finish=nothing_more,
    holds=_holds,
    read=_read,
    loading="""\
from pathlib import Path
from PIL import Image

for label in sorted(Path("FOLDER/train/label").glob("*.png")):
    split = label.parents[1]
    before, after = (Image.open(split / side / label.name).convert("RGB") for side in ("A", "B"))
    mask = Image.open(label).convert("L")""",
    layout=(
        ("{split}/A/", "the pictures before the edit, on the grid of those after it"),
        ("{split}/B/", "the edited pictures, under the same names"),
        ("{split}/label/", "their masks: 255 = edited"),
    ),
)
