"""A, B and label: what loaders of change detection ask for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.datasets.formats import load_format
from maskwright.datasets.values import Entry
from maskwright.errors import InputError
from tests.datasets.formats.made import entry, mixed, pixels, shards, stored, write

FORM = load_format("change-detection")


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_the_three_folders_hold_the_same_names_and_sizes_as_png(suffix: str, tmp_path: Path) -> None:
    write(tmp_path, "change-detection", mixed(12, suffix=suffix))
    for split in ("train", "val", "test"):
        names = {side: sorted(path.name for path in (tmp_path / split / side).iterdir()) for side in SIDES}
        assert names["A"] == names["B"] == names["label"] != []
        for name in names["A"]:
            assert name.endswith(".png")
            images = [Image.open(tmp_path / split / side / name) for side in SIDES]
            assert {image.format for image in images} == {"PNG"}
            assert len({image.size for image in images}) == 1
            for image in images:
                image.close()


SIDES = ("A", "B", "label")


def test_a_is_before_b_is_after_and_label_is_grey_with_0_and_255(tmp_path: Path) -> None:
    one = entry(0, suffix=".jpg")
    write(tmp_path, "change-detection", [one])
    assert one.original is not None
    assert one.picture is not None
    before, after, label = (pixels((tmp_path / "train" / side / "000000.png").read_bytes()) for side in SIDES)
    np.testing.assert_array_equal(before, pixels(one.original.data))
    np.testing.assert_array_equal(after, pixels(one.picture.data))
    np.testing.assert_array_equal(label, one.mask * np.uint8(255))


def test_ignored_pixels_count_as_the_mask_says_and_are_written_nowhere(tmp_path: Path) -> None:
    write(tmp_path / "plain", "change-detection", [entry(0)])
    write(tmp_path / "unsure", "change-detection", [entry(0, ignore=np.ones((12, 17), bool))])
    one, other = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.png")}
        for name in ("plain", "unsure")
    )
    assert one == other != {}


def test_a_picture_without_an_original_is_refused(tmp_path: Path) -> None:
    one = entry(0)
    bare = Entry(one.stem, one.split, one.label, one.picture, None, one.mask, None, one.row)
    ((shard, part),) = shards([bare])
    with pytest.raises(InputError, match="000000 has no original"):
        list(FORM.write(tmp_path, shard, part))


def test_the_folders_of_others_are_read_with_what_is_missing(tmp_path: Path) -> None:
    """LEVIR-CD has A, B and label in train, val and test."""
    data = stored(np.zeros((4, 4, 3), np.uint8)).data
    for path in ("train/A/1.png", "train/B/1.png", "train/label/1.png", "train/B/2.png", "val/A/3.png"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    for folder in ("val/B", "val/label"):
        (tmp_path / folder).mkdir()
    (tmp_path / "train" / "A" / ".DS_Store").write_bytes(b"x")
    assert FORM.holds(tmp_path)
    found = [
        (one.id, one.split, *(part is None for part in (one.original, one.picture, one.mask)))
        for one in FORM.read(tmp_path)
    ]
    assert found == [
        ("train/B/1.png", "train", False, False, False),
        ("train/B/2.png", "train", True, False, True),
        ("val/A/3.png", "val", False, True, True),
    ]
