"""Every kind of defect is found where it was planted, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

import maskwright
from maskwright.datasets.check.kinds import KINDS
from maskwright.datasets.check.values import Checked
from maskwright.errors import InputError, SettingError
from tests.conftest import Command
from tests.corpus.inspect.made import photograph, pixels
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
from tests.pairs.awkward import saved

Write = Callable[[Path, list[Row]], Path]
PLACE = 2
"""The row that is spoilt; it is for training, row 3 is for testing."""


def told(checked: Checked) -> list[tuple[str, str]]:
    """(kind, id) of every defect."""
    return [(defect.kind, defect.id) for defect in checked.defects]


def spoilt(name: str) -> list[Row]:
    rows = clean_rows(4)
    rows[PLACE] = PLANTS[name][1](rows[PLACE])
    return rows


@pytest.mark.parametrize("write", [write_imagefolder, write_benco, write_change, write_pairs])
def test_a_clean_dataset_has_no_defect(write: Write, tmp_path: Path) -> None:
    checked = maskwright.check(write(tmp_path, clean_rows(4)))
    assert told(checked) == []
    assert checked.rows == checked.forged == 4


@pytest.fixture(scope="module")
def with_originals(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """A dataset with every plant in a row of its own."""
    return maskwright.check(write_imagefolder(tmp_path_factory.mktemp("all"), all_spoilt()))


@pytest.fixture(scope="module")
def without_originals(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """The same rows as Tp and Gt."""
    return maskwright.check(write_benco(tmp_path_factory.mktemp("all"), all_spoilt()))


def kinds_of(checked: Checked, place: int) -> list[str]:
    return [kind for kind, id_ in told(checked) if id_.endswith(f"/{place:04}.png")]


@pytest.mark.parametrize("name", PLANTS)
def test_a_defect_is_found_in_its_row(name: str, with_originals: Checked) -> None:
    assert kinds_of(with_originals, place_of(name)) == [PLANTS[name][0]]


def test_rows_without_a_defect_are_not_named(with_originals: Checked) -> None:
    assert len(told(with_originals)) == len(PLANTS)
    assert with_originals.rows == 2 * len(PLANTS)


FILES = [
    name
    for name, (kind, _) in PLANTS.items()
    if KINDS[kind].seen_from == "files and masks" and "original" not in name
]


@pytest.mark.parametrize("name", [*FILES, "on its side"])
def test_what_files_and_masks_alone_show_is_found_without_originals(
    name: str, without_originals: Checked
) -> None:
    assert kinds_of(without_originals, place_of(name)) == [PLANTS[name][0]]


def test_without_originals_an_inverted_mask_is_suspected_and_the_gap_is_told(
    without_originals: Checked,
) -> None:
    assert kinds_of(without_originals, place_of("inverted")) == ["mask_maybe_inverted"]
    assert any("no originals" in sentence for sentence in without_originals.not_looked)


def test_rows_of_pairs_without_a_mask_are_counted(tmp_path: Path) -> None:
    folder = write_pairs(tmp_path, clean_rows(4))
    said = "1 row has no mask"
    assert not any(said in sentence for sentence in maskwright.check(folder).not_looked)
    next(iter((folder / "mask").iterdir())).unlink()
    checked = maskwright.check(folder)
    assert any(said in sentence for sentence in checked.not_looked)


@pytest.mark.parametrize("name", ["mirrored", "moved", "equal sides"])
def test_without_originals_nothing_is_claimed_that_they_would_show(
    name: str, without_originals: Checked
) -> None:
    assert kinds_of(without_originals, place_of(name)) == []


def test_exchanged_sides_of_different_sizes_are_told_by_their_masks(tmp_path: Path) -> None:
    rows = clean_rows()
    for place, row in enumerate(rows):
        larger = cv2.resize(pixels(row.original or b""), (2 * WIDTH, 2 * HEIGHT))
        rows[place] = replace(row, original=saved(larger, "PNG"))
    rows[PLACE] = replace(rows[PLACE], picture=rows[PLACE].original, original=rows[PLACE].picture)
    checked = maskwright.check(write_imagefolder(tmp_path, rows))
    assert told(checked) == [("sides_swapped", f"train/images/{PLACE:04}.png")]


def test_a_picture_that_is_the_original_of_other_rows_is_exchanged_with_its_own(tmp_path: Path) -> None:
    photo = photograph(7, WIDTH, HEIGHT)
    rows = [
        Row("train", f"{n:04}", saved(edit(photo, region(n)), "PNG"), saved(photo, "PNG"), as_png(region(n)))
        for n in range(4)
    ]
    rows[PLACE] = replace(rows[PLACE], picture=rows[PLACE].original, original=rows[PLACE].picture)
    checked = maskwright.check(write_imagefolder(tmp_path, rows))
    assert told(checked) == [("sides_swapped", f"train/images/{PLACE:04}.png")]


def test_exchanged_sides_of_one_size_are_suspected_by_the_border_of_the_mask(tmp_path: Path) -> None:
    rows = clean_rows(16)
    for place in (1, PLACE):
        rows[place] = replace(rows[place], picture=rows[place].original, original=rows[place].picture)
    checked = maskwright.check(write_imagefolder(tmp_path, rows))
    assert told(checked) == [("sides_maybe_swapped", f"train/images/{place:04}.png") for place in (1, PLACE)]
    assert not checked.mistakes


@pytest.mark.parametrize("how", ["the same file", "saved again", "larger"])
def test_a_picture_that_is_twice_in_one_split_is_a_duplicate(how: str, tmp_path: Path) -> None:
    rows = clean_rows(3)
    picture, mask = pixels(rows[0].picture or b""), mask_in(rows[0])
    if how == "larger":
        picture = cv2.resize(picture, (2 * WIDTH, 2 * HEIGHT), interpolation=cv2.INTER_LINEAR)
        mask = cv2.resize(mask.astype(np.uint8), picture.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
    again = rows[0].picture if how == "the same file" else saved(picture, "JPEG", quality=90)
    rows.append(Row("train", "0099", again, rows[0].original, as_png(mask)))
    checked = maskwright.check(write_benco(tmp_path, rows))
    kind = "duplicate" if how == "the same file" else "maybe_duplicate"
    assert told(checked) == [(kind, "train/Tp/0099.png")]
    assert bool(checked.mistakes) == (how == "the same file")


def test_two_edits_of_one_photograph_are_no_duplicates(tmp_path: Path) -> None:
    rows = clean_rows()
    photo, mask = pixels(rows[0].original or b""), region(50)
    assert not np.array_equal(mask, mask_in(rows[0]))
    rows.append(Row("train", "0099", saved(edit(photo, mask), "PNG"), rows[0].original, as_png(mask)))
    assert told(maskwright.check(write_imagefolder(tmp_path, rows))) == []


@pytest.mark.parametrize("how", ["the same original", "another edit of it"])
def test_a_photograph_in_two_splits_is_a_leak_of_the_training_row(how: str, tmp_path: Path) -> None:
    rows = clean_rows()
    photo, mask = pixels(rows[0].original or b""), region(50)
    original = rows[0].original if how == "the same original" else saved(photo, "JPEG", quality=90)
    rows.append(Row("test", "0099", saved(edit(photo, mask), "PNG"), original, as_png(mask)))
    checked = maskwright.check(write_imagefolder(tmp_path, rows))
    assert told(checked) == [("leak", "train/images/0000.png")]


def test_a_stray_file_is_named_and_moves_no_pair(tmp_path: Path) -> None:
    folder = write_benco(tmp_path, clean_rows())
    put(folder / "train" / "Gt" / ".DS_Store", b"\0\0\0\1Bud1")
    assert told(maskwright.check(folder)) == [("stray_file", "train/Gt/.DS_Store")]


def test_names_that_sort_in_another_order_break_the_pairing(tmp_path: Path) -> None:
    rows = clean_rows(2)
    for row, stem in zip(rows, ("a", "a_1"), strict=True):
        put(tmp_path / "Tp" / f"{stem}.jpg", row.picture)
        put(tmp_path / "Gt" / f"{stem}_gt.png", row.mask)
    assert told(maskwright.check(tmp_path)) == [
        ("pairing_broken", "Tp/a.jpg"),
        ("pairing_broken", "Tp/a_1.jpg"),
    ]


def test_a_mask_without_a_picture_breaks_the_pairing(tmp_path: Path) -> None:
    folder = write_benco(tmp_path, clean_rows())
    put(folder / "train" / "Gt" / "0077.png", as_png(region(1)))
    assert told(maskwright.check(folder)) == [("pairing_broken", "train/Gt/0077.png")]


def test_a_mask_whose_corpus_marks_in_black_is_inverted_for_others(tmp_path: Path) -> None:
    from tests.pairs.corpora.labelled import dso_1

    checked = maskwright.check(dso_1(tmp_path), corpus="dso-1")
    assert {defect.kind for defect in checked.defects} == {"mask_inverted"}


def test_several_workers_see_what_one_sees(tmp_path: Path) -> None:
    folder = write_imagefolder(tmp_path, spoilt("mirrored"))
    assert maskwright.check(folder, workers=2) == maskwright.check(folder)


def test_a_folder_of_anything_is_refused_with_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(InputError, match="no dataset that is known") as error:
        maskwright.check(tmp_path)
    assert "--corpus" in error.value.hint


def test_pairs_without_masks_are_nothing_to_check(tmp_path: Path) -> None:
    rows = [replace(row, mask=None) for row in clean_rows()]
    with pytest.raises(InputError, match="without known masks"):
        maskwright.check(write_pairs(tmp_path, rows))


def test_an_unknown_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError):
        maskwright.check(tmp_path, corpus="casia-v9")


def test_the_command_leaves_with_3_and_names_what_to_do(command: Command, tmp_path: Path) -> None:
    code, out, _ = command("check", write_imagefolder(tmp_path, spoilt("0 and 1")), "--workers", 1)
    assert code == 3
    assert "mask_dark" in out
    assert KINDS["mask_dark"].todo in " ".join(out.split())


def test_the_command_leaves_with_0_where_nothing_is_wrong(command: Command, tmp_path: Path) -> None:
    code, out, _ = command("check", write_imagefolder(tmp_path, clean_rows()), "--workers", 1)
    assert code == 0
    assert "no defect found" in out


def test_the_command_leaves_with_0_and_says_so_where_all_is_suspicion(
    command: Command, tmp_path: Path
) -> None:
    rows = clean_rows(3)
    again = saved(pixels(rows[0].picture or b""), "JPEG", quality=90)
    rows.append(Row("train", "0099", again, rows[0].original, rows[0].mask))
    code, out, _ = command("check", write_benco(tmp_path, rows), "--workers", 1)
    assert code == 0
    assert "no defect is certain" in out


def test_json_has_every_row_that_has_a_defect(command: Command, tmp_path: Path) -> None:
    code, out, _ = command("check", write_imagefolder(tmp_path, spoilt("empty")), "--workers", 1, "--json")
    answer = json.loads(out)
    assert code == 3
    assert answer["counts"] == {"mask_empty": 1}
    assert [defect["id"] for defect in answer["defects"]] == [f"train/images/{PLACE:04}.png"]


def test_a_hostile_name_is_printed_without_acting(command: Command, tmp_path: Path) -> None:
    rows = clean_rows()
    rows[0] = replace(rows[0], stem="a\x1b[31mb", mask=None)
    _, out, _ = command("check", write_benco(tmp_path, rows), "--workers", 1)
    assert "\x1b" not in out
    assert "mask_missing" in out
