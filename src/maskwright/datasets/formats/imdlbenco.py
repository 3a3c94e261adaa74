"""IMDLBenCo: Tp and Gt with the same names, its lists in JSON, and the command that trains on them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from maskwright.corpus import atomic
from maskwright.datasets.formats import Format, Put, Shard
from maskwright.datasets.formats.benco_readme import BALANCED, README, TESTS, TRAIN_AUTHENTIC, Facts, readme
from maskwright.datasets.formats.columns import json_line, provenance, rows_in
from maskwright.datasets.formats.files import (
    located,
    mask_png,
    names_in,
    picture_of,
    pictures_in,
    put_file,
    split_folders,
    write_whole,
)
from maskwright.datasets.values import Built, Entry, Record
from maskwright.errors import RunError
from maskwright.pairs.opening import shown
from maskwright.pairs.sources.base import portable

FORGED, MASKS, AUTHENTIC = "Tp", "Gt", "Au"
"""Folders of a split. Authentic pictures have one of their own, as in CASIA: in `Tp` they would need a black
mask, and IMDLBenCo would still label them forged when it tests."""

NEGATIVE = "Negative"
"""What stands for the mask of an authentic picture in IMDLBenCo's lists."""


def _write(folder: Path, shard: Shard, entries: Iterable[Entry]) -> Iterator[Put]:
    for entry in entries:
        picture = picture_of(entry)
        place = FORGED if entry.label == "forged" else AUTHENTIC
        path = f"{shard.split}/{place}/{entry.stem}{picture.suffix}"
        yield put_file(folder, path, picture.data, entry, "picture")
        if entry.label == "forged":
            mask = mask_png(entry.mask)
            yield put_file(folder, f"{shard.split}/{MASKS}/{entry.stem}.png", mask.data, entry, "mask")


def _finish(folder: Path, built: Built) -> None:
    """Write the lists and the README, and see that IMDLBenCo pairs what belongs together.

    Raises:
        RunError: `Tp` and `Gt` of a split do not hold the same names, or anything else is in them.
    """
    tables = provenance(folder)
    facts = Facts(width=0, height=0, forged=frozenset(), authentic=frozenset())
    for split, files in tables.items():
        _refuse_strays(folder / split)
        for row in rows_in(files, columns=["label", "width", "height"]):
            facts = facts.and_row(split, **row)
        _write_list(folder / f"{split}.json", _lines(files))
    train = [["ManiDataset", "train"]] if "train" in facts.forged else []
    if "train" in facts.authentic:
        _write_list(
            folder / TRAIN_AUTHENTIC, (line for line in _lines(tables["train"]) if line[1] == NEGATIVE)
        )
        train.append(["JsonDataset", TRAIN_AUTHENTIC])
    if train:
        _write_list(folder / BALANCED, train)
    if "test" in tables:
        tests = {"test": "test.json"} | ({"test-forged": "test"} if "test" in facts.forged else {})
        write_whole(folder / TESTS, (json.dumps(tests, indent=1) + "\n").encode())
    write_whole(folder / README, readme(built.name, list(tables), facts).encode())


def _refuse_strays(split: Path) -> None:
    for name in (FORGED, MASKS):
        if (split / name).is_dir():
            atomic.remove_stale(split / name)
    forged, masks = names_in(split / FORGED), names_in(split / MASKS)
    if [Path(name).stem for name in forged] != [Path(name).stem for name in masks]:
        odd = sorted({Path(name).stem for name in forged} ^ {Path(name).stem for name in masks})
        raise RunError(
            f"{split / FORGED} and {split / MASKS} do not hold the same names"
            + (f": {shown(odd[0])} is in one of them only" if odd else ""),
            hint="IMDLBenCo pairs them by their place in the folder; remove what does not belong there",
        )


def _lines(files: list[Path]) -> Iterator[tuple[str, str]]:
    """(picture, mask or `NEGATIVE`) of every row, relative to the dataset."""
    for row in rows_in(files, columns=["files"]):
        paths = {file["role"]: file["path"] for file in row["files"]}
        yield paths["picture"], paths.get("mask", NEGATIVE)


def _write_list(path: Path, lines: Iterable[Sequence[str]]) -> None:
    """A JSON array, a line an element, without holding it."""
    with atomic.replacing(path) as temporary, temporary.open("w", encoding="ascii") as text:
        for number, line in enumerate(lines):
            text.write((",\n" if number else "[\n") + json_line(line))
        text.write("\n]\n")


def _holds(folder: Path) -> bool:
    """Folders Tp and Gt, in the folder itself or in those of its splits."""
    return any(split_folders(folder, (FORGED, MASKS)))


def _read(folder: Path) -> Iterator[Record]:
    """As IMDLBenCo reads folders: everything in `Tp` and `Gt`, sorted, paired by place.

    A file that does not belong there is read, too: it moves all pairs behind it. A mask beyond the last
    picture is a record without a picture.
    """
    for split, place in split_folders(folder, (FORGED, MASKS)):
        forged, masks = names_in(folder / place / FORGED), names_in(folder / place / MASKS)
        for picture_name, mask_name in itertools.zip_longest(forged, masks):
            picture = located(folder, f"{place}{FORGED}/{picture_name}") if picture_name else None
            mask = located(folder, f"{place}{MASKS}/{mask_name}") if mask_name else None
            known = picture or mask
            id_ = known.key if known else ""
            yield Record(id_, split, "forged", picture, None, mask, row=_row(picture_name, split))
    for split, place in split_folders(folder, (AUTHENTIC,)):
        for name in pictures_in(folder / place / AUTHENTIC):
            path = f"{place}{AUTHENTIC}/{name}"
            yield Record(portable(path), split, "authentic", located(folder, path), row=_row(name, split))


def _row(name: str | None, split: str) -> dict[str, str]:
    return {"split": split} | ({"stem": Path(name).stem} if name else {})


FORMAT = Format(
    name="imdlbenco",
    says="Tp and Gt with the same names, and lists in JSON, which IMDLBenCo trains and tests on.",
    of_ignore="IMDLBenCo knows no such thing: it is not written, and those pixels count as their mask says.",
    roles=("picture", "mask"),
    authentic=True,
    rows_in_shard=500,
    files=lambda n, shards: 2 * n,
    write=_write,
    finish=_finish,
    holds=_holds,
    read=_read,
    loading="""\
import os
from IMDLBenCo.datasets import JsonDataset, ManiDataset

os.chdir("FOLDER")  # paths in the lists are relative to it
rows = JsonDataset("train.json", is_padding=True, output_size=(1024, 1024))
forged = ManiDataset("train", is_padding=True, output_size=(1024, 1024))
picture, mask, label = rows[0]["image"], rows[0]["mask"], rows[0]["label"]""",
    layout=(
        ("{split}/Tp/", "the edited pictures, and nothing else"),
        ("{split}/Gt/", "their masks, under the same names: 255 = edited"),
        ("{split}/Au/", "the authentic pictures"),
        ("{split}.json", "all pictures of a split with their masks; Negative for authentic ones"),
        ("train_authentic.json", "the authentic pictures of train, for balanced.json"),
        ("balanced.json", "for BalancedDataset: edited and authentic pictures, half and half"),
        ("test_datasets.json", "for test.py: all test pictures, and the edited ones alone"),
        (README, "the commands to train and to test"),
    ),
)
