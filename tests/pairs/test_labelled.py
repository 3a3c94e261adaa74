"""Labelled test sets: the traps of every one, on miniatures made from the code that loads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.errors import InputError, SettingError
from maskwright.pairs.labelled import LabelledSet, open_labelled
from maskwright.pairs.maskfile import fitted_mask
from maskwright.pairs.picture import read_picture
from maskwright.pairs.presets import PRESETS
from maskwright.pairs.sources import Roles, open_source
from maskwright.pairs.values import Labelled, Located, Rejection
from tests.pairs.corpora import folders, labelled
from tests.pairs.corpora.pictures import SIZE, photograph, region

SETS: dict[str, Callable[[Path], Path]] = {
    "columbia": labelled.columbia,
    "coverage": labelled.coverage,
    "nist16": labelled.nist16,
    "imd2020": labelled.imd2020,
    "casia-v1": labelled.casia_v1,
    "dso-1": labelled.dso_1,
    "opensdi": labelled.opensdi,
    "sid-set": labelled.sid_set,
    "tgif": labelled.tgif,
}


def opened(name: str, folder: Path) -> LabelledSet:
    return open_labelled(SETS[name](folder), name)


def rows(found: LabelledSet) -> list[Labelled]:
    return [row for row in found if isinstance(row, Labelled)]


def left(found: LabelledSet) -> dict[str, str]:
    return {row.id: row.reason for row in found if isinstance(row, Rejection)}


def mask_of(row: Labelled, size: tuple[int, int] = SIZE) -> tuple[np.ndarray[Any, Any], str]:
    assert row.mask is not None
    return fitted_mask(row.mask, *size)


@pytest.mark.parametrize("name", SETS)
def test_every_row_is_there_once_and_again(name: str, tmp_path: Path) -> None:
    found = opened(name, tmp_path)
    all_rows = list(found)
    assert len(all_rows) == len(found)
    assert len({row.id for row in all_rows}) == len(found)
    assert [found[place] for place in range(len(found))] == all_rows == list(open_labelled(tmp_path, name))
    assert {row.columns["corpus"] for row in rows(found)} == {name}


@pytest.mark.parametrize("name", SETS)
def test_pictures_of_every_set_can_be_read_and_only_forged_ones_have_masks(name: str, tmp_path: Path) -> None:
    for row in rows(opened(name, tmp_path)):
        assert read_picture(row.picture).pixels.size
        assert row.mask is None or row.label == "forged"


@pytest.mark.parametrize("name", SETS)
def test_annotate_refuses_every_set_and_says_what_to_type(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="labelled pictures, not of pairs") as refused:
        open_source(SETS[name](tmp_path), roles=Roles(corpus=name))
    assert f"maskwright inspect {PRESETS[name].source} --corpus {name}" in refused.value.hint


def test_a_corpus_of_pairs_is_no_labelled_set(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="is a corpus of pairs"):
        open_labelled(folders.casia_v2(tmp_path), "casia-v2")


def test_another_folder_is_told_from_the_set(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no forged picture of Columbia.*for example it has Au/Au_"):
        open_labelled(folders.casia_v2(tmp_path), "columbia")


def test_green_of_columbia_is_forged_and_red_is_not(tmp_path: Path) -> None:
    found = opened("columbia", tmp_path)
    assert found.labels() == {"forged": 2, "authentic": 1}
    for row in rows(found):
        if row.mask is not None:
            assert np.mean(mask_of(row)[0] == region()) > 0.99  # JPEG
    assert sum(row.mask is not None for row in rows(found)) == 2


def test_where_a_copy_of_coverage_was_taken_is_no_forgery(tmp_path: Path) -> None:
    found = opened("coverage", tmp_path)
    assert found.labels() == {"forged": 2, "authentic": 2}
    assert left(found) == {f"mask/{n}{side}.tif": "skipped" for n in (1, 41) for side in ("copy", "paste")}
    masks = {row.id: mask_of(row) for row in rows(found) if row.mask is not None}
    assert {name: done for name, (_, done) in masks.items()} == {
        "image/1t.tif": "",
        "image/41t.tif": "resized",
    }
    assert all(np.array_equal(mask, region()) for mask, _ in masks.values())
    assert "41t" in PRESETS["coverage"].misfits


def test_masks_of_nist16_are_joined_by_the_table_and_black_is_forged(tmp_path: Path) -> None:
    found = opened("nist16", tmp_path)
    assert found.labels() == {"forged": 2, "authentic": 1}
    joined = {row.picture.key: row for row in rows(found) if row.mask is not None}
    masks = {key: row.mask.picture.key for key, row in joined.items() if row.mask is not None}
    assert masks == {
        "probe/NC2016_0128.jpg": "reference/manipulation/mask/NC2016_3942.png",
        "probe/NC2016_0278.jpg": "reference/manipulation/mask/NC2016_0686.png",
    }
    assert all(np.array_equal(mask_of(row)[0], region()) for row in joined.values())
    assert set(left(found).values()) == {"file_missing"}


def test_the_table_of_nist16_may_lie_deeper(tmp_path: Path) -> None:
    labelled.nist16(tmp_path / "NC2016_Test0613")
    found = open_labelled(tmp_path, "nist16")
    assert found.labels() == {"forged": 2, "authentic": 1}
    pictures = [row.picture for row in rows(found)]
    assert all(isinstance(picture, Located) and Path(picture.path).is_file() for picture in pictures)


def test_forgeries_of_imd2020_share_the_key_of_their_folder(tmp_path: Path) -> None:
    found = opened("imd2020", tmp_path)
    assert found.labels() == {"forged": 3, "authentic": 2}
    forged = {row.id: row.columns["key"] for row in rows(found) if row.label == "forged"}
    assert forged == {
        "1b8r7b/c94otp8_0.png": "1b8r7b",
        "1b8r7b/c94scmh_0.jpg": "1b8r7b",
        "z5/00022_fake.jpg": "z5",
    }
    assert all(np.array_equal(mask_of(row)[0], region()) for row in rows(found) if row.mask is not None)
    assert left(found) == {}


def test_the_forgery_of_casia_v1_without_a_mask_is_skipped(tmp_path: Path) -> None:
    found = opened("casia-v1", tmp_path)
    assert left(found) == {"Tp/Sp/Sp_D_NRN_A_cha0011_sec0011_0542.jpg": "skipped"}
    assert found.labels() == {"forged": 2, "authentic": 1}
    assert all(row.mask is not None for row in rows(found) if row.label == "forged")


def test_black_of_dso_1_is_forged_and_masks_are_no_pictures(tmp_path: Path) -> None:
    found = opened("dso-1", tmp_path)
    assert found.labels() == {"forged": 2, "authentic": 2}
    forged = [row for row in rows(found) if row.label == "forged"]
    assert [row.id for row in forged] == ["DSO-1/splicing-01.png", "DSO-1/splicing-02.png"]
    assert all(np.array_equal(mask_of(row)[0], region()) for row in forged)


def test_no_mask_of_opensdi_means_nothing_or_everything_by_its_label(tmp_path: Path) -> None:
    found = opened("opensdi", tmp_path)
    assert [row.label for row in rows(found)] == ["authentic", "forged", "synthetic", "authentic"]
    assert [row.mask is None for row in rows(found)] == [True, False, True, True]
    assert np.array_equal(mask_of(rows(found)[1])[0], region())
    assert rows(found)[1].columns["key"] == "partial/sd15/fake/000000002.jpg"


def test_labels_of_sid_set_are_three_and_any_level_is_forged(tmp_path: Path) -> None:
    found = opened("sid-set", tmp_path)
    assert [row.label for row in rows(found)] == ["authentic", "synthetic", "forged", "forged"]
    assert np.array_equal(mask_of(rows(found)[2])[0], region())
    assert rows(found)[3].mask is None
    assert left(found) == {"data/validation-00000-of-00034.parquet#4": "bad_row"}


def test_tgif_says_which_forgeries_were_made_anew_from_corner_to_corner(tmp_path: Path) -> None:
    found = opened("tgif", tmp_path)
    assert found.labels() == {"forged": 9, "authentic": 1}
    modes = {row.id.split("/")[0]: row.columns["whole_frame"] for row in rows(found) if row.label == "forged"}
    assert modes == {"SD2-sp": False, "PS-sp": False, "SD2-fr": True}


def test_a_forgery_of_tgif_finds_its_mask_though_its_name_holds_another_ending(tmp_path: Path) -> None:
    forged = [row for row in rows(opened("tgif", tmp_path)) if row.label == "forged"]
    masks = {(row.id.split("/")[0], row.mask.picture.key) for row in forged if row.mask is not None}
    assert masks == {
        ("SD2-sp", "masks/testing/000000123456_mask_bbox.png_ps_mask.png"),
        ("PS-sp", "masks/testing/000000123456_mask_bbox.png_ps_mask.png"),
        ("SD2-fr", "masks/testing/000000123456_mask_bbox_512.png"),
    }
    for row in forged:
        height, width = read_picture(row.picture).pixels.shape[:2]
        assert mask_of(row, (width, height))[1] == ""


def test_a_set_counts_what_the_whole_one_has(tmp_path: Path) -> None:
    counts = {each.split: (each.found, each.expected) for each in opened("columbia", tmp_path).counts()}
    assert counts == {"forged": (2, 180), "authentic": (1, 183)}
    tgif = {each.split: each.found for each in opened("tgif", tmp_path / "tgif").counts()}
    assert tgif == {"training": 0, "validation": 0, "testing": 9}
    sid = {each.split: each.found for each in opened("sid-set", tmp_path / "sid").counts()}
    assert sid == {"train": 0, "validation": 5}


def test_an_authentic_picture_is_the_photograph(tmp_path: Path) -> None:
    authentic = next(row for row in rows(opened("coverage", tmp_path)) if row.id == "image/1.tif")
    assert np.array_equal(read_picture(authentic.picture).pixels, photograph(1))
