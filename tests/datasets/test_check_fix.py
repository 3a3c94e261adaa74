"""A repaired copy has none of the defects, changes nothing else, and says what was done to every row."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import maskwright
from maskwright.datasets.check.values import Fixed
from maskwright.errors import SettingError
from maskwright.pairs.maskfile import read_mask
from tests.conftest import Command
from tests.corpus.inspect.made import clean_rows as clean_pairs
from tests.corpus.inspect.made import photograph, write_table
from tests.datasets.spoilt import (
    HEIGHT,
    PLANTS,
    WIDTH,
    Row,
    all_spoilt,
    as_png,
    clean_rows,
    edit,
    mask_in,
    place_of,
    put,
    region,
    write_benco,
    write_change,
    write_imagefolder,
    write_pairs,
)
from tests.datasets.test_check import told
from tests.pairs.awkward import saved

PLACE = 2
REPAIRED = ("0 and 1", "red", "JPEG", "mirrored", "upside down", "inverted", "on its side")
"""Plants after whose repair the mask is the one it was."""
LEFT_OUT = (
    "cut picture",
    "no mask",
    "a text for a mask",
    "empty",
    "full",
    "another size",
    "moved",
    "equal sides",
)


def ledger(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "fixed.json").read_text())
    return content


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("fixed.json", "metadata.jsonl", "train.json", "test.json")
    }


@pytest.fixture(scope="module")
def repaired(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Fixed]:
    """The copy of a dataset with every plant in a row of its own, and what was told of it."""
    folder = tmp_path_factory.mktemp("all")
    fixed = maskwright.check(write_imagefolder(folder / "old", all_spoilt()), fix=folder / "new").fixed
    assert fixed is not None
    return folder / "new", fixed


@pytest.mark.parametrize("name", REPAIRED)
def test_a_mask_that_can_be_mended_is_the_right_one_afterwards(
    name: str, repaired: tuple[Path, Fixed]
) -> None:
    place = place_of(name)
    (path,) = repaired[0].glob(f"*/masks/{place:04}.png")
    assert np.array_equal(read_mask(path), mask_in(clean_rows(place + 1)[place]))
    assert repaired[1].repaired[PLANTS[name][0]] >= 1


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_row_that_cannot_be_mended_is_left_out(name: str, repaired: tuple[Path, Fixed]) -> None:
    assert not list(repaired[0].rglob(f"{place_of(name):04}.*"))
    assert repaired[1].left_out[PLANTS[name][0]] >= 1


def test_what_was_done_is_told_of_every_row(repaired: tuple[Path, Fixed]) -> None:
    done = {line["id"].rpartition("/")[2]: line["done"] for line in ledger(repaired[0])["rows"]}
    assert len(done) == 2 * len(PLANTS)
    assert {done[f"{place_of(name):04}.png"] for name in LEFT_OUT} == {"left out"}
    assert {done[f"{place_of(name):04}.png"] for name in (*REPAIRED, "soft", "half the size")} == {"repaired"}
    assert {done[f"{place:04}.png"] for place in range(len(PLANTS), 2 * len(PLANTS))} == {"copied"}


def test_the_repaired_copy_has_none_of_the_repaired_defects(repaired: tuple[Path, Fixed]) -> None:
    turned = f"{place_of('turned by EXIF'):04}.png"
    found = told(maskwright.check(repaired[0]))
    assert [(kind, id_.rpartition("/")[2]) for kind, id_ in found] == [("orientation_tag", turned)]


def test_exchanged_sides_are_put_back_where_it_is_proven(tmp_path: Path) -> None:
    photo = photograph(7, WIDTH, HEIGHT)
    edits = [saved(edit(photo, region(n)), "PNG") for n in range(3)]
    original = saved(photo, "PNG")
    rows = [Row("train", f"{n:04}", edits[n], original, as_png(region(n))) for n in range(3)]
    rows[1] = replace(rows[1], picture=original, original=edits[1])
    maskwright.check(write_change(tmp_path / "old", rows), fix=tmp_path / "new")
    assert (tmp_path / "new" / "train" / "B" / "0001.png").read_bytes() == edits[1]
    assert told(maskwright.check(tmp_path / "new")) == []


Write = Callable[[Path, list[Row]], Path]


@pytest.mark.parametrize("write", [write_imagefolder, write_benco, write_change, write_pairs])
def test_a_clean_dataset_is_copied_byte_for_byte(write: Write, tmp_path: Path) -> None:
    old = write(tmp_path / "old", clean_rows(4))
    checked = maskwright.check(old, fix=tmp_path / "new")
    assert checked.fixed is not None
    assert checked.fixed.copied == checked.rows
    assert files(tmp_path / "new") == files(old)
    assert told(maskwright.check(tmp_path / "new")) == []


def test_stray_files_are_not_copied_and_named(tmp_path: Path) -> None:
    old = write_benco(tmp_path / "old", clean_rows(2))
    put(old / "train" / "Tp" / "Thumbs.db", b"\0")
    maskwright.check(old, fix=tmp_path / "new")
    assert ledger(tmp_path / "new")["not_copied"] == ["train/Tp/Thumbs.db"]
    assert told(maskwright.check(tmp_path / "new")) == []


def test_masks_get_the_very_names_of_their_pictures(tmp_path: Path) -> None:
    for row, stem in zip(clean_rows(2), ("a", "a_1"), strict=True):
        put(tmp_path / "old" / "Tp" / f"{stem}.png", row.picture)
        put(tmp_path / "old" / "Gt" / f"{stem}_gt.png", row.mask)
    maskwright.check(tmp_path / "old", fix=tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new" / "Gt").iterdir()) == ["a.png", "a_1.png"]
    assert told(maskwright.check(tmp_path / "new")) == []


def test_a_leaked_row_leaves_the_training_part(tmp_path: Path) -> None:
    rows = clean_rows(4)
    rows.append(replace(rows[0], split="test", stem="0099"))
    maskwright.check(write_imagefolder(tmp_path / "old", rows), fix=tmp_path / "new")
    assert not (tmp_path / "new" / "train" / "images" / "0000.png").exists()
    assert (tmp_path / "new" / "test" / "images" / "0099.png").exists()


def test_the_dataset_itself_is_not_touched(tmp_path: Path) -> None:
    rows = clean_rows(4)
    rows[PLACE] = PLANTS["inverted"][1](rows[PLACE])
    old = write_imagefolder(tmp_path / "old", rows)
    before = files(old)
    maskwright.check(old, fix=tmp_path / "new")
    assert files(old) == before


def test_a_suspicion_changes_nothing(tmp_path: Path) -> None:
    rows = clean_rows(4)
    rows[PLACE] = PLANTS["inverted"][1](rows[PLACE])
    old = write_benco(tmp_path / "old", rows)
    checked = maskwright.check(old, fix=tmp_path / "new")
    assert [defect.kind for defect in checked.suspicions] == ["mask_maybe_inverted"]
    assert files(tmp_path / "new") == files(old)


@pytest.mark.parametrize("place", ["old/new", "old", "."])
def test_a_place_in_or_around_the_dataset_is_refused(place: str, tmp_path: Path) -> None:
    old = write_benco(tmp_path / "old", clean_rows(2))
    before = files(tmp_path)
    with pytest.raises(SettingError):
        maskwright.check(old, fix=tmp_path / place)
    assert files(tmp_path) == before


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    old = write_benco(tmp_path / "old", clean_rows(2))
    put(tmp_path / "new" / "mine.txt", b"mine")
    with pytest.raises(SettingError, match="not empty"):
        maskwright.check(old, fix=tmp_path / "new")


def test_a_table_cannot_be_repaired_and_says_so(tmp_path: Path) -> None:
    table = write_table(tmp_path / "old", clean_pairs(2))
    with pytest.raises(SettingError, match="a table names its files"):
        maskwright.check(table, fix=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_the_command_says_what_was_repaired(command: Command, tmp_path: Path) -> None:
    rows = clean_rows(4)
    rows[PLACE] = PLANTS["0 and 1"][1](rows[PLACE])
    old = write_imagefolder(tmp_path / "old", rows)
    code, out, _ = command("check", old, "--workers", 1, "--fix", tmp_path / "new")
    assert code == 3
    assert "repaired: mask_dark 1" in out
