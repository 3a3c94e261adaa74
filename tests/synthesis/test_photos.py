from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.errors import InputError
from maskwright.synthesis.photos import Photo, load_photo, read_labels, read_photos


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    picture = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    labels = np.zeros((60, 80), np.uint16)
    labels[10:30, 20:60] = 700
    (tmp_path / "sub").mkdir()
    for name in ("a.png", "b.jpg", "sub/c.png"):
        Image.fromarray(picture).save(tmp_path / name)
    Image.fromarray(labels).save(tmp_path / "a_labels.png")
    (tmp_path / "notes.txt").write_text("nothing")
    table = "path,labels,split,licence\na.png,a_labels.png,train,free\nb.jpg,,val,\nsub/c.png,,,\n"
    (tmp_path / "photos.csv").write_text(table)
    return tmp_path


def test_a_folder_gives_its_photographs_each_with_the_label_map_beside_it(folder: Path) -> None:
    found = read_photos(folder)
    assert [Path(photo.path).name for photo in found] == ["a.png", "b.jpg", "c.png"]
    assert [Path(photo.labels).name for photo in found] == ["a_labels.png", "", ""]


def test_a_table_says_labels_split_and_licence(folder: Path) -> None:
    first, second, _ = read_photos(folder / "photos.csv")
    labels = str(folder / "a_labels.png")
    assert first == Photo(str(folder / "a.png"), labels, split="train", licence="free")
    assert second == Photo(str(folder / "b.jpg"), split="val")


def test_of_a_split_are_its_photographs_and_those_that_have_none(folder: Path) -> None:
    found = read_photos(folder / "photos.csv", "val")
    assert [Path(photo.path).name for photo in found] == ["b.jpg", "c.png"]


def test_nowhere_no_paths_and_no_such_split_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        read_photos(tmp_path / "nowhere")
    (tmp_path / "t.csv").write_text("file,split\na.png,val\n")
    with pytest.raises(InputError, match="no column path; its columns are file, split"):
        read_photos(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("path,split\na.png,val\n")
    with pytest.raises(InputError, match="no photographs of split test; its splits are val"):
        read_photos(tmp_path / "t.csv", "test")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no photographs"):
        read_photos(tmp_path / "empty")


def test_a_photograph_is_made_smaller_with_its_labels_and_never_larger(folder: Path) -> None:
    photo = read_photos(folder)[0]
    small = load_photo(photo, longest_px=40)
    assert small.pixels.shape == (30, 40, 3)
    assert small.labels is not None
    assert np.array_equal(np.unique(small.labels), [0, 700])
    assert small.labels.shape == (30, 40)
    assert load_photo(photo, longest_px=500).pixels.shape == (60, 80, 3)


@pytest.mark.parametrize(
    ("size", "fits"), [((30, 40), True), ((23, 30), True), ((80, 60), False), ((60, 78), False)]
)
def test_a_label_map_of_another_aspect_is_refused_and_not_stretched(
    folder: Path, size: tuple[int, int], fits: bool
) -> None:
    Image.fromarray(np.full(size, 9, np.uint8)).save(folder / "a_labels.png")
    photo = read_photos(folder)[0]
    if fits:
        labels = load_photo(photo).labels
        assert labels is not None
        assert labels.shape == (60, 80)
    else:
        with pytest.raises(
            InputError, match=r"a_labels.png has .* which does not fit its photograph of 80x60"
        ):
            load_photo(photo)


def test_a_coloured_label_map_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="no label map"):
        read_labels(folder / "a.png")


def test_the_numbers_of_a_palette_are_its_labels(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 3], [7, 7]], np.uint8), mode="P")
    image.putpalette([*range(255), 0] * 3)
    image.save(tmp_path / "p.png")
    assert np.array_equal(read_labels(tmp_path / "p.png"), [[0, 3], [7, 7]])
