"""Datasets of others: each is held by one format, read with what is missing, and nothing outside is read."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from maskwright.datasets.formats import FORMATS, load_format
from maskwright.datasets.formats.labels import label_of
from maskwright.errors import InputError, MaskwrightError
from tests.datasets.formats.made import stored

DATA = stored(np.zeros((4, 6, 3), np.uint8)).data
MASK = stored(np.full((4, 6), 255, np.uint8)).data


def put(folder: Path, *paths: str, data: bytes = DATA) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def holders(folder: Path) -> list[str]:
    return [name for name in FORMATS if load_format(name).holds(folder)]


def casia(folder: Path) -> None:
    put(folder, "Tp/a.tif", "Gt/a_gt.png", "Au/b.jpg")


def benco_splits(folder: Path) -> None:
    put(folder, "train/Tp/a.jpg", "train/Gt/a.png", "test/Tp/b.jpg", "test/Gt/b.png")


def levir(folder: Path) -> None:
    put(folder, *(f"{split}/{side}/1.png" for split in ("train", "val") for side in ("A", "B", "label")))


def labelled_folders(folder: Path) -> None:
    put(folder, "train/real/1.jpg", "train/fake/2.jpg", "test/real/3.jpg", "test/fake/4.jpg")


def described_folders(folder: Path) -> None:
    put(folder, "1.png", "m/1.png")
    put(
        folder,
        "metadata.csv",
        data=b"file_name,mask_file_name,label\n1.png,m/1.png,fake\n2.png,m/2.png,real\n",
    )


def coco(folder: Path) -> None:
    put(folder, "images/1.png")
    said = {"images": [{"id": 1, "file_name": "1.png", "width": 6, "height": 4}], "annotations": []}
    put(folder, "annotations.json", data=json.dumps(said).encode())


def parquet(folder: Path, **columns: Any) -> None:
    rows = {"image": [{"bytes": DATA, "path": "a.png"}] * 2, "mask": [{"bytes": MASK, "path": None}, None]}
    label = pa.array([1, 0], pa.int64())
    features = {"label": {"_type": "ClassLabel", "names": ["real", "fake"]}}
    table = pa.table({**rows, "label": label, **columns})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    (folder / "data").mkdir()
    pq.write_table(table, folder / "data" / "validation-00000-of-00001.parquet")


MINIATURES: dict[str, tuple[Callable[[Path], None], str]] = {
    "CASIA": (casia, "imdlbenco"),
    "Tp and Gt in splits": (benco_splits, "imdlbenco"),
    "LEVIR-CD": (levir, "change-detection"),
    "folders named after labels": (labelled_folders, "imagefolder"),
    "metadata.csv": (described_folders, "imagefolder"),
    "COCO": (coco, "coco"),
    "Parquet": (parquet, "parquet"),
}


@pytest.mark.parametrize("name", MINIATURES)
def test_a_dataset_of_others_is_held_by_one_format(name: str, tmp_path: Path) -> None:
    make, form = MINIATURES[name]
    make(tmp_path)
    assert holders(tmp_path) == [form]
    assert list(load_format(form).read(tmp_path))


def pairs_parquet(folder: Path) -> None:
    table = pa.table(
        {"source_img": [{"bytes": DATA, "path": "a"}], "target_img": [{"bytes": DATA, "path": "b"}]}
    )
    (folder / "data").mkdir()
    pq.write_table(table, folder / "data" / "train-00000-of-00001.parquet")


def pair_folders(folder: Path) -> None:
    put(folder, "original/1.png", "edited/1.png", "mask/1.png")


def cats_and_dogs(folder: Path) -> None:
    put(folder, "train/cat/1.png", "train/dog/1.png")


def a_run(folder: Path) -> None:
    put(folder, "plan.parquet", "run.json", "annotations/part-00000.parquet", "masks/a.png", data=b"x")


def broken_parquet(folder: Path) -> None:
    put(folder, "data/train-00000-of-00001.parquet", data=b"PAR1 and no more")


def three_kinds_of_folders(folder: Path) -> None:
    put(folder, "real/1.png", "fake/1.png", "mask/1.png")


@pytest.mark.parametrize(
    "make", [pairs_parquet, pair_folders, cats_and_dogs, a_run, broken_parquet, three_kinds_of_folders]
)
def test_what_is_no_dataset_of_pictures_with_masks_is_held_by_none(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    make(tmp_path)
    assert holders(tmp_path) == []


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_folder_has_no_records_and_one_that_is_not_there_neither(name: str, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert not load_format(name).holds(folder)
        assert list(load_format(name).read(folder)) == []


def test_class_labels_of_parquet_are_read_by_their_names(tmp_path: Path) -> None:
    parquet(tmp_path)
    records = list(load_format("parquet").read(tmp_path))
    assert [(one.split, one.label, one.mask is None) for one in records] == [
        ("validation", "forged", False),
        ("validation", "authentic", True),
    ]


def test_pictures_that_parquet_only_names_are_none(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    rows = {"image": [{"bytes": None, "path": "/etc/hostname"}], "mask": [{"bytes": MASK, "path": None}]}
    table = pa.table(
        {
            name: pa.array(cells, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
            for name, cells in rows.items()
        }
    )
    pq.write_table(table, tmp_path / "data" / "a.parquet")
    (record,) = load_format("parquet").read(tmp_path)
    assert record.picture is None
    assert record.mask is not None


def test_parquet_that_ends_early_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    parquet(tmp_path)
    path = tmp_path / "data" / "validation-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match=r"validation-00000-of-00001\.parquet is damaged"):
        list(load_format("parquet").read(tmp_path))


def test_folders_named_after_labels_have_labels_and_no_masks(tmp_path: Path) -> None:
    labelled_folders(tmp_path)
    found = [(one.id, one.split, one.label, one.mask) for one in load_format("imagefolder").read(tmp_path)]
    assert found == [
        ("train/fake/2.jpg", "train", "forged", None),
        ("train/real/1.jpg", "train", "authentic", None),
        ("test/fake/4.jpg", "test", "forged", None),
        ("test/real/3.jpg", "test", "authentic", None),
    ]


def test_a_line_of_metadata_whose_files_are_not_there_is_a_record_without_them(tmp_path: Path) -> None:
    described_folders(tmp_path)
    found = [
        (one.id, one.label, one.picture is None, one.mask is None)
        for one in load_format("imagefolder").read(tmp_path)
    ]
    assert found == [("1.png", "forged", False, False), ("metadata.csv#1", "authentic", True, True)]


@pytest.mark.parametrize(
    "named",
    ["../secret.png", "../../secret.png", "/etc/hostname", "a/../../secret.png", "..\\secret.png", ""],
)
def test_metadata_cannot_name_what_is_outside(named: str, tmp_path: Path) -> None:
    put(tmp_path, "secret.png", "made/secret.png", "made/train/1.png")
    line = json.dumps({"file_name": named, "mask_file_name": "1.png"})
    put(tmp_path / "made" / "train", "metadata.jsonl", data=line.encode())
    (record,) = load_format("imagefolder").read(tmp_path / "made")
    assert record.picture is None
    assert record.mask is not None


def test_lines_of_metadata_that_are_no_objects_are_records_without_pictures(tmp_path: Path) -> None:
    put(tmp_path, "1.png")
    lines = [json.dumps({"file_name": "1.png", "mask_file_name": "1.png"}), "[1]", "{", "nul", ""]
    put(tmp_path, "metadata.jsonl", data="\n".join(lines).encode())
    records = list(load_format("imagefolder").read(tmp_path))
    assert [one.picture is None for one in records] == [False, True, True, True]


@pytest.mark.parametrize("name", FORMATS)
def test_rubbish_under_every_name_we_look_for_is_refused_in_our_own_words(name: str, tmp_path: Path) -> None:
    put(tmp_path, "data/train-00000-of-00001.parquet", "data/a.tar", "train.json", data=b"\xff\x00rubbish")
    put(tmp_path, "train/metadata.jsonl", "train/metadata.parquet", "train/Tp", "Gt", data=b"\xff\x00{")
    assert not load_format(name).holds(tmp_path)
    with contextlib.suppress(MaskwrightError):
        list(load_format(name).read(tmp_path))


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("real", "authentic"),
        ("Au", "authentic"),
        (" FAKE ", "forged"),
        ("tampered", "forged"),
        ("cat", None),
        (1, None),
    ],
)
def test_words_of_others_for_a_label_are_known(word: Any, label: str | None) -> None:
    assert label_of(word) == label
