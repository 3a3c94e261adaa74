"""What Hugging Face `datasets` makes of Parquet, ImageFolder, WebDataset and masks only."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from maskwright.datasets.formats import load_format
from maskwright.datasets.shortcuts.containers import Encoding, encode
from maskwright.datasets.values import Entry
from tests.datasets.formats.made import entry, mixed, pixels, write

pytestmark = pytest.mark.usefixtures("datasets_cache")

ROWS = {"train": 5, "validation": 2, "test": 2}


def dress(folder: Path) -> None:
    """What build puts beside a format: card, checksums, settings; with names that look like splits."""
    (folder / "card").mkdir()
    (folder / "README.md").write_text("---\npretty_name: made\n---\n")
    (folder / "card.html").write_text("<p>made")
    (folder / "card" / "train.jpg").write_bytes(
        encode(np.zeros((4, 4, 3), np.uint8), Encoding("jpeg", 90)).data
    )
    for name in ("build.json", "shortcuts.json", "checksums.sha256"):
        (folder / name).write_text("{}\n")


def load(folder: Path, name: str = "") -> Any:
    """As a user does: by the folder, or as imagefolder."""
    import datasets

    return datasets.load_dataset(name, data_dir=str(folder)) if name else datasets.load_dataset(str(folder))


def sizes(loaded: Any) -> dict[str, int]:
    return {"validation" if split == "val" else split: len(rows) for split, rows in loaded.items()}


def check_pictures(row: dict[str, Any], one: Entry, names: tuple[str, str]) -> None:
    picture, mask = (row[name] for name in names)
    assert isinstance(picture, Image.Image)
    assert one.picture is not None
    np.testing.assert_array_equal(np.asarray(picture), pixels(one.picture.data))
    assert mask.mode == "L"
    np.testing.assert_array_equal(np.asarray(mask), one.mask * np.uint8(255))


@pytest.mark.parametrize("name", ["parquet", "imagefolder"])
def test_pictures_masks_and_columns_arrive_decoded(name: str, tmp_path: Path) -> None:
    given = mixed()
    write(tmp_path / "made", name, given)
    dress(tmp_path / "made")
    loaded = load(tmp_path / "made", name if name == "imagefolder" else "")
    assert sizes(loaded) == ROWS
    for row, one in zip(loaded["train"], [each for each in given if each.split == "train"], strict=True):
        check_pictures(row, one, ("image", "mask"))
        assert (row["label"], row["id"], row["area_frac"]) == (one.label, one.row["id"], one.row["area_frac"])
        assert row["source_edited"] == one.row["edited"]


def test_an_imagefolder_is_found_by_its_folder_alone_too(tmp_path: Path) -> None:
    """Metadata in the root was ignored there (huggingface/datasets#6442); ours is in the splits."""
    given = mixed()
    write(tmp_path / "made", "imagefolder", given)
    dress(tmp_path / "made")
    loaded = load(tmp_path / "made")
    assert sizes(loaded) == ROWS
    check_pictures(loaded["test"][1], given[-1], ("image", "mask"))


def test_provenance_beside_a_dataset_is_not_taken_for_rows(tmp_path: Path) -> None:
    for name in ("parquet", "webdataset", "masks"):
        write(tmp_path / name, name, mixed())
        assert list((tmp_path / name / "provenance").glob("train-*.parquet"))
        assert sizes(load(tmp_path / name)) == ROWS


def test_a_parquet_split_says_the_same_without_decoding(tmp_path: Path) -> None:
    import datasets

    puts = write(tmp_path / "made", "parquet", mixed(suffix=".jpg"))
    rows = load(tmp_path / "made")["train"].cast_column("image", datasets.Image(decode=False))
    found = {hashlib.sha256(row["image"]["bytes"]).hexdigest() for row in rows}
    assert found <= {hashlib.sha256(put.data).hexdigest() for put in puts if put.role == "picture"}
    assert len(found) == 5


def test_parquet_is_stored_as_images_in_small_row_groups(tmp_path: Path) -> None:
    write(tmp_path, "parquet", [entry(number, size=(3, 3)) for number in range(201)], rows=201)
    (path,) = (tmp_path / "data").iterdir()
    assert path.name == "train-00000-of-00001.parquet"
    with pq.ParquetFile(path) as file:
        groups = [file.metadata.row_group(place).num_rows for place in range(file.num_row_groups)]
        schema = file.schema_arrow
    assert groups == [100, 100, 1]
    assert schema.field("image").type == pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert features == {name: {"_type": "Image"} for name in ("image", "mask", "ignore", "original")}


def test_ignore_of_parquet_and_masks_is_null_where_everything_is_known(tmp_path: Path) -> None:
    unsure = np.zeros((12, 17), bool)
    unsure[0, :5] = True
    for name in ("parquet", "masks"):
        write(tmp_path / name, name, [entry(0), entry(1, ignore=unsure)])
        rows = load(tmp_path / name)["train"]
        assert rows[0]["ignore"] is None
        np.testing.assert_array_equal(np.asarray(rows[1]["ignore"]), unsure * np.uint8(255))


@pytest.mark.parametrize(("name", "column"), [("imagefolder", "ignore"), ("webdataset", "ignore.png")])
def test_ignore_of_imagefolder_and_webdataset_is_black_where_everything_is_known(
    name: str, column: str, tmp_path: Path
) -> None:
    unsure = np.zeros((12, 17), bool)
    unsure[0, :5] = True
    write(tmp_path / name, name, [entry(0), entry(1, ignore=unsure)])
    rows = load(tmp_path / name)["train"]
    assert not np.asarray(rows[0][column]).any()
    np.testing.assert_array_equal(np.asarray(rows[1][column]), unsure * np.uint8(255))


def test_masks_only_hold_keys_and_scores_and_no_picture(tmp_path: Path) -> None:
    given = mixed()
    write(tmp_path / "made", "masks", given)
    rows = load(tmp_path / "made")["train"]
    pictures = {name for name, feature in rows.features.items() if type(feature).__name__ == "Image"}
    assert pictures == {"mask", "ignore"}
    assert [row["source_edited"] for row in rows] == [one.row["edited"] for one in given[:5]]
    np.testing.assert_array_equal(np.asarray(rows[0]["mask"]), given[0].mask * np.uint8(255))


def test_splits_of_an_imagefolder_that_lack_different_things_load(tmp_path: Path) -> None:
    """`datasets` refuses splits whose first rows have different columns."""
    given = [
        entry(0, split="train", ignore=np.ones((12, 17), bool), qes=None, licence=None),
        entry(1, split="val", qes=0.25, licence="CC0-1.0"),
        entry(2, split="test", label="authentic", confidence=None, instruction=None),
    ]
    write(tmp_path / "made", "imagefolder", given)
    loaded = load(tmp_path / "made", "imagefolder")
    assert [loaded[split][0]["licence"] for split in ROWS] == ["", "CC0-1.0", ""]
    assert {tuple(rows.features) for rows in loaded.values()} == {tuple(loaded["train"].features)}
    assert "qes" not in loaded["train"].features
    check_pictures(loaded["test"][0], given[2], ("image", "mask"))


def test_the_picture_of_an_imagefolder_is_named_first_or_another_column_would_take_it(tmp_path: Path) -> None:
    given = mixed()
    write(tmp_path / "made", "imagefolder", given)
    for path in (tmp_path / "made").rglob("metadata.jsonl"):
        assert all(line.startswith('{"file_name": ') for line in path.read_text().splitlines())
    shutil.copytree(tmp_path / "made", tmp_path / "turned")
    for path in (tmp_path / "turned").rglob("metadata.jsonl"):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        turned = [dict(reversed(list(row.items()))) for row in rows]
        path.write_text("".join(json.dumps(row) + "\n" for row in turned))
    row = load(tmp_path / "turned", "imagefolder")["train"][0]
    with pytest.raises(AssertionError):
        check_pictures(row, given[0], ("image", "mask"))


def test_an_authentic_picture_of_an_imagefolder_is_its_own_original(tmp_path: Path) -> None:
    given = mixed()
    write(tmp_path / "made", "imagefolder", given)
    for row, one in zip(load(tmp_path / "made", "imagefolder")["train"], given, strict=False):
        same = np.array_equal(np.asarray(row["original"]), np.asarray(row["image"]))
        assert same == (one.label == "authentic")


def test_the_tars_load_with_every_member_a_column(tmp_path: Path) -> None:
    given = mixed()
    write(tmp_path / "made", "webdataset", given)
    dress(tmp_path / "made")
    loaded = load(tmp_path / "made")
    assert sizes(loaded) == ROWS
    for row, one in zip(loaded["train"], given, strict=False):
        check_pictures(row, one, ("picture.png", "mask.png"))
        assert (row["__key__"], row["json"]["label"]) == (one.stem, one.label)


def test_a_score_that_the_first_samples_of_a_tar_lack_does_not_stop_it(tmp_path: Path) -> None:
    """`datasets` takes the columns from the first five samples; a null there would refuse a number later."""
    given = [entry(number, label="authentic", licence=None) for number in range(6)]
    given += [entry(6, qes=0.5, licence="CC0-1.0"), entry(7, confidence=0.75)]
    write(tmp_path / "made", "webdataset", given, rows=8)
    rows = load(tmp_path / "made")["train"]
    assert [row["json"]["licence"] for row in rows][5:7] == ["", "CC0-1.0"]
    tars = {record.row["stem"]: record.row for record in load_format("webdataset").read(tmp_path / "made")}
    assert (tars["000006"]["qes"], tars["000007"]["confidence"]) == (0.5, 0.75)


def test_pictures_carry_no_orientation_so_that_masks_fit_after_decoding(tmp_path: Path) -> None:
    """`datasets` turns pictures as EXIF says; what build stores has no EXIF to turn by."""
    picture = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    for encoding in (Encoding("png"), Encoding("jpeg", 95)):
        place = tmp_path / encoding.kind
        one = entry(0, mask=np.ones((5, 7), bool))
        stored = encode(picture, encoding)
        write(place, "parquet", [Entry(one.stem, "train", "forged", stored, stored, one.mask, None, one.row)])
        image = load(place)["train"][0]["image"]
        assert image.size == (7, 5)
        assert not image.getexif()
