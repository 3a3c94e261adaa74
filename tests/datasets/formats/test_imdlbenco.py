"""The export for IMDLBenCo, read as IMDLBenCo reads it; and what its ways do to other datasets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from maskwright.datasets.formats import load_format
from maskwright.datasets.values import Entry
from maskwright.errors import RunError
from maskwright.pairs.values import Located
from tests.datasets.formats.benco_readers import (
    MEAN,
    STD,
    BalancedDataset,
    JsonDataset,
    ManiDataset,
    Reader,
    open_tests,
    open_training,
)
from tests.datasets.formats.made import BUILT, entry, mixed, pixels, write

FORM = load_format("imdlbenco")
CANVAS = (32, 32)


def forged(given: list[Entry], split: str = "train") -> list[Entry]:
    return [one for one in given if one.split == split and one.label == "forged"]


def picture_in(item: dict[str, NDArray[np.float64]]) -> NDArray[np.uint8]:
    """The picture that went into an item of a padded reader."""
    height, width = item["origin_shape"]
    back = item["image"].transpose(1, 2, 0)[:height, :width] * STD + MEAN
    return (back * 255).round().astype(np.uint8)


def check_item(item: dict[str, NDArray[np.float64]], one: Entry) -> None:
    assert one.picture is not None
    height, width = one.mask.shape
    np.testing.assert_array_equal(picture_in(item), pixels(one.picture.data))
    np.testing.assert_array_equal(item["mask"][0, :height, :width] == 1, one.mask)
    assert not item["mask"][0, height:].any()
    assert not item["mask"][0, :, width:].any()
    assert item["label"] == (one.label == "forged")


@pytest.mark.parametrize(
    "numbers",
    [[0], [9, 10, 11], [1, 2, 10, 11, 100, 101, 1000], [99999, 100000, 100001], list(range(0, 999, 37))],
    ids=str,
)
def test_the_folder_reader_pairs_every_picture_with_its_own_mask(numbers: list[int], tmp_path: Path) -> None:
    given = []
    for number in numbers:
        mask = np.zeros((9, 9), bool)
        mask.ravel()[number % 80] = True
        given.append(entry(number, mask=mask))
    write(tmp_path, "imdlbenco", given)
    items = ManiDataset(str(tmp_path / "train"), is_padding=True, output_size=CANVAS)
    assert len(items) == len(numbers)
    for item, one in zip(map(items.__getitem__, range(len(items))), given, strict=True):
        check_item(item, one)


def test_the_folder_reader_sees_edited_pictures_alone(tmp_path: Path) -> None:
    given = mixed()
    write(tmp_path, "imdlbenco", given)
    items = ManiDataset(str(tmp_path / "train"), is_padding=True, output_size=CANVAS)
    names = [items[place]["name"] for place in range(len(items))]
    assert names == [f"{one.stem}.png" for one in forged(given)]


def test_an_authentic_picture_in_tp_would_be_labelled_forged(tmp_path: Path) -> None:
    """Why authentic ones have a folder of their own."""
    for name, level in (("Tp", 90), ("Gt", 0)):
        (tmp_path / name).mkdir()
        Image.new("L", (8, 8), level).save(tmp_path / name / "0.png")
    item = ManiDataset(str(tmp_path), is_padding=True, output_size=CANVAS)[0]
    assert item["label"] == 1
    assert not item["mask"].any()


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_the_lists_have_every_picture_with_its_mask_and_label(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = mixed(12, suffix=suffix)
    write(tmp_path, "imdlbenco", given)
    monkeypatch.chdir(tmp_path)
    for split in ("train", "val", "test"):
        of = [one for one in given if one.split == split]
        items = JsonDataset(f"{split}.json", is_padding=True, output_size=CANVAS)
        assert len(items) == len(of)
        for place, one in enumerate(of):
            check_item(items[place], one)


def test_a_list_opened_from_another_folder_fails_with_a_key_error_as_the_readme_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "made"
    write(place, "imdlbenco", mixed())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyError, match=r"train/Tp/000000\.png"):
        open_training(str(place / "train.json"), is_padding=True)
    assert "KeyError" in (place / "README-IMDLBenCo.md").read_text()


def test_the_balanced_list_draws_edited_and_authentic_pictures_half_and_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "imdlbenco", mixed(20))
    monkeypatch.chdir(tmp_path)
    items = open_training("balanced.json", is_resizing=True, output_size=(4, 4))
    assert isinstance(items, BalancedDataset)
    assert len(items) == 2 * 1840
    assert {items[place]["label"] for place in range(0, 1840, 100)} == {1}
    assert {items[place]["label"] for place in range(1840, 3680, 100)} == {0}


def test_the_balanced_list_of_a_dataset_without_authentic_pictures_has_one_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "imdlbenco", forged(mixed()))
    monkeypatch.chdir(tmp_path)
    assert len(open_training("balanced.json", is_padding=True)) == 1840
    assert not (tmp_path / "train_authentic.json").exists()


def test_the_list_of_tests_opens_all_test_pictures_and_the_edited_ones_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = mixed()
    write(tmp_path, "imdlbenco", given)
    monkeypatch.chdir(tmp_path)
    found = open_tests("test_datasets.json", is_padding=True)
    assert {name: type(reader) for name, reader in found.items()} == {
        "test": JsonDataset,
        "test-forged": ManiDataset,
    }
    assert {name: len(reader) for name, reader in found.items()} == {"test": 2, "test-forged": 1}


def test_a_split_without_rows_has_no_list(tmp_path: Path) -> None:
    write(tmp_path, "imdlbenco", [one for one in mixed() if one.split != "test"])
    names = {path.name for path in tmp_path.glob("*.json")}
    assert names == {"train.json", "train_authentic.json", "val.json", "balanced.json"}


def test_nothing_but_pictures_and_masks_is_in_tp_and_gt(tmp_path: Path) -> None:
    write(tmp_path, "imdlbenco", mixed(12))
    stems = {}
    for name in ("Tp", "Gt"):
        files = sorted(path.name for path in (tmp_path / "train" / name).iterdir())
        assert all(Path(file).stem.isdigit() for file in files)
        stems[name] = [Path(file).stem for file in files]
    assert stems["Tp"] == stems["Gt"] != []
    assert len({len(stem) for stem in stems["Tp"]}) == 1


def test_masks_are_grey_with_0_and_255(tmp_path: Path) -> None:
    write(tmp_path, "imdlbenco", mixed())
    for path in tmp_path.rglob("Gt/*.png"):
        with Image.open(path) as mask:
            assert mask.mode == "L"
            assert set(np.unique(np.asarray(mask)).tolist()) == {0, 255}


def test_ignored_pixels_count_as_the_mask_says_and_are_written_nowhere(tmp_path: Path) -> None:
    plain = [entry(0), entry(1)]
    unsure = [entry(0, ignore=np.ones((12, 17), bool)), entry(1, ignore=entry(1).mask)]
    write(tmp_path / "plain", "imdlbenco", plain)
    write(tmp_path / "unsure", "imdlbenco", unsure)
    files = {
        place: {
            path.relative_to(tmp_path / place): path.read_bytes()
            for path in (tmp_path / place).rglob("*.png")
        }
        for place in ("plain", "unsure")
    }
    assert files["plain"] == files["unsure"]


def fill(folder: Path, tp: dict[str, int], gt: dict[str, int]) -> None:
    """Pictures and masks of one size, told apart by a level."""
    for name, files in (("Tp", tp), ("Gt", gt)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file, level in files.items():
            Image.new("L", (8, 8), level).save(folder / name / file)


def paired(reader: Reader) -> list[tuple[str, str]]:
    return [(Path(a).name, Path(b).name) for a, b in zip(reader.tp_path, reader.gt_path, strict=False)]


def read_as(folder: Path) -> list[tuple[str, str]]:
    records = [record for record in FORM.read(folder) if record.picture and record.mask]
    assert all(isinstance(one.picture, Located) and isinstance(one.mask, Located) for one in records)
    return [(Path(one.picture.key).name, Path(one.mask.key).name) for one in records]  # type: ignore[union-attr]


def test_suffixes_swap_the_pairs_of_others_and_we_read_them_so(tmp_path: Path) -> None:
    fill(tmp_path, {"a.jpg": 1, "a_1.jpg": 2}, {"a_gt.png": 1, "a_1_gt.png": 2})
    theirs = paired(ManiDataset(str(tmp_path), is_padding=True))
    assert theirs == [("a.jpg", "a_1_gt.png"), ("a_1.jpg", "a_gt.png")]
    assert read_as(tmp_path) == theirs


def test_a_ds_store_in_tp_moves_every_mask_to_another_picture_and_we_see_it(tmp_path: Path) -> None:
    write(tmp_path, "imdlbenco", mixed())
    (tmp_path / "train" / "Tp" / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    reader = ManiDataset(str(tmp_path / "train"), is_padding=True)
    with pytest.raises(UnidentifiedImageError):
        reader[0]
    assert paired(reader)[1] == ("000000.png", "000002.png")
    records = [one for one in FORM.read(tmp_path) if one.split == "train" and one.label == "forged"]
    assert records[0].id == "train/Tp/.DS_Store"
    pairs = read_as(tmp_path)
    assert pairs[:3] == paired(reader)[:3]
    # a picture is left over, without a mask
    assert records[-1].mask is None


def test_a_ds_store_in_both_folders_leaves_the_pairs_and_stops_the_reader(tmp_path: Path) -> None:
    write(tmp_path, "imdlbenco", mixed())
    for name in ("Tp", "Gt"):
        (tmp_path / "train" / name / ".DS_Store").write_bytes(b"x")
    reader = ManiDataset(str(tmp_path / "train"), is_padding=True)
    assert all(Path(a).stem == Path(b).stem for a, b in paired(reader))
    with pytest.raises(UnidentifiedImageError):
        reader[0]


def test_the_end_of_a_build_refuses_what_does_not_belong_into_the_folders(tmp_path: Path) -> None:
    write(tmp_path, "imdlbenco", mixed())
    (tmp_path / "train" / "Tp" / "Thumbs.db").write_bytes(b"x")
    with pytest.raises(RunError, match="Thumbs") as caught:
        FORM.finish(tmp_path, BUILT)
    assert "remove" in caught.value.hint


def test_a_mask_too_many_is_a_record_without_a_picture(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": 1}, {"a.png": 255, "b.png": 255})
    found = [(one.id, one.picture is None, one.mask is None) for one in FORM.read(tmp_path)]
    assert found == [("Tp/a.png", False, False), ("Gt/b.png", True, False)]


@pytest.mark.parametrize(("level", "edited"), [(1, False), (127, False), (128, True), (255, True)])
def test_a_mask_counts_from_128_so_a_mask_of_0_and_1_is_empty(
    level: int, edited: bool, tmp_path: Path
) -> None:
    fill(tmp_path, {"a.png": 90}, {"a.png": level})
    assert ManiDataset(str(tmp_path), is_padding=True, output_size=CANVAS)[0]["mask"].any() == edited


def test_a_dark_red_mask_is_empty(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": 90}, {})
    Image.new("RGB", (8, 8), (128, 0, 0)).save(tmp_path / "Gt" / "a.png")
    assert not ManiDataset(str(tmp_path), is_padding=True, output_size=CANVAS)[0]["mask"].any()


def test_a_mask_of_another_size_stops_the_reader(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": 90}, {})
    Image.new("L", (8, 9), 255).save(tmp_path / "Gt" / "a.png")
    with pytest.raises(AssertionError):
        ManiDataset(str(tmp_path), is_padding=True)[0]


def test_padding_cuts_what_is_larger_than_the_canvas_and_the_readme_resizes_then(tmp_path: Path) -> None:
    mask = np.zeros((6, 1030), bool)
    mask[:, 1026:] = True
    write(tmp_path, "imdlbenco", [entry(0, mask=mask)])
    reader = ManiDataset(str(tmp_path / "train"), is_padding=True, output_size=(1024, 1024))
    assert not reader[0]["mask"].any()
    page = (tmp_path / "README-IMDLBenCo.md").read_text()
    assert "wider than 1030 or higher than 6 pixels" in page
    assert "--if_resizing" in page
    assert "1024 --if_padding" not in page


def test_the_readme_names_only_what_is_there(tmp_path: Path) -> None:
    write(tmp_path, "imdlbenco", mixed())
    page = (tmp_path / "README-IMDLBenCo.md").read_text()
    assert "--data_path train.json --test_data_path val " in page
    assert "--if_padding" in page
    for name in ("train.json", "val", "test_datasets.json"):
        assert (tmp_path / name).exists()
    write(tmp_path / "less", "imdlbenco", [one for one in mixed() if one.split == "train"])
    less = (tmp_path / "less" / "README-IMDLBenCo.md").read_text()
    assert "test_datasets.json --" not in less
    assert "there is no val here: the checkpoint is chosen on train" in less


def test_lists_are_relative_so_that_the_dataset_can_be_moved(tmp_path: Path) -> None:
    write(tmp_path, "imdlbenco", mixed())
    rows = [
        row
        for name in ("train", "val", "test")
        for row in json.loads((tmp_path / f"{name}.json").read_text())
    ]
    assert rows
    for picture, mask in rows:
        assert (tmp_path / picture).is_file()
        assert mask == "Negative" or (tmp_path / mask).is_file()
