"""Where an edit was meant to be: boxes and run lengths by hand, and through every kind of source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from PIL import Image

from maskwright.errors import InputError, SettingError
from maskwright.masks.annotators import DEFAULT, load_annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.pairs.picture import encode_png
from maskwright.pairs.region import read_region, shape_of
from maskwright.pairs.rle import encode_rle
from maskwright.pairs.sources import open_source
from maskwright.pairs.values import Annotation, Mask, Pair, Rejection
from tests.pairs.tables import opened, write_csv
from tests.strategies import masks

WIDTH, HEIGHT = 64, 48


def region_of(cell: object, *, width: int = 4, height: int = 3) -> list[str]:
    """What a cell of a table means as a region, `#` is in it."""
    shape = shape_of(cell)
    assert shape is not None
    return ["".join(".#"[int(one)] for one in row) for row in read_region(shape, width=width, height=height)]


@pytest.mark.parametrize("cell", ["1,0,2,2", " [1, 0, 2, 2] ", [1, 0, 2, 2], [1.0, 0.0, 2.0, 2.0]])
def test_a_box_has_its_corner_and_its_size(cell: object) -> None:
    assert region_of(cell) == [".##.", ".##.", "...."]


def test_a_box_that_ends_inside_pixels_has_those_whose_centre_it_holds() -> None:
    assert region_of([0.5, 0.6, 2, 1]) == ["....", "##..", "...."]


def test_run_lengths_go_down_the_columns() -> None:
    assert region_of({"size": [3, 4], "counts": [3, 1, 4, 1, 3]}) == [".#..", "....", "..#."]


@given(masks())
def test_run_lengths_are_what_was_run(mask: Mask) -> None:
    height, width = mask.shape
    for counts in (encode_rle(mask), encode_rle(mask).encode()):
        shape = shape_of({"size": [height, width], "counts": counts})
        assert shape is not None
        np.testing.assert_array_equal(read_region(shape, width=width, height=height), mask)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ([3, 0, 2, 1], r"\[3, 0, 2, 1\].*not inside the edited picture, which is 4x3"),
        ([0, 2, 1, 2], "not inside"),
        ([-1, 0, 2, 1], "not inside"),
        ([1, 1, 0, 1], "not inside"),
        ([0, 0, 0.4, 1], "holds the centre of no pixel"),
        ([1, 2, 3], r"\[1, 2, 3\] is none"),
        ("[1, 2, true, 1]", "is none"),
        ("[NaN, 0, 1, 1]", "is none"),
        ("[1e999, 0, 1, 1]", "is none"),
        ("[" * 9000, "is none"),
        ('{"counts": [12]}', "without size and counts"),
        ('{"size": [4, 3], "counts": [12]}', "it is 3x4, the edited picture 4x3"),
        ('{"size": [3, 4], "counts": [5]}', "do not fill its 4x3"),
        ('{"size": [3, 4], "counts": [-1, 13]}', "do not fill"),
        ('{"size": [3, 4], "counts": [9223372036854775807, 9223372036854775807, 14]}', "do not fill"),
        ('{"size": [3, 4], "counts": ["x"]}', "do not fill"),
        ('{"size": [3, 4], "counts": "\\u00e9"}', "none of COCO's"),
    ],
)
def test_what_is_no_region_of_the_picture_is_refused_in_words(cell: object, words: str) -> None:
    shape = shape_of(cell)
    assert shape is not None
    with pytest.raises(InputError, match=words) as caught:
        read_region(shape, width=4, height=3)
    assert str(caught.value).startswith("region: ")
    assert caught.value.reason == "bad_mask"


@pytest.mark.parametrize("cell", ["masks/1.png", "a,b", "", None, 5, b"\x89PNG", ["a.png"], {"bytes": b"x"}])
def test_what_is_no_box_and_no_runs_is_left_to_be_a_picture(cell: object) -> None:
    assert shape_of(cell) is None


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(60, 200, (HEIGHT, WIDTH, 3), np.uint8)


BOX = [8, 6, 24, 20]
MEANT = np.zeros((HEIGHT, WIDTH), np.bool_)
MEANT[6:26, 8:32] = True


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """One pair as files, edited inside the box and in a corner, and the region as a picture."""
    edited = picture(0)
    edited[10:20, 10:30] = 255 - edited[10:20, 10:30]
    edited[40:46, 50:60] = 255 - edited[40:46, 50:60]
    for name, pixels in {"a.png": picture(0), "b.png": edited, "r.png": MEANT}.items():
        Image.fromarray(pixels).save(tmp_path / name)
    return tmp_path


def annotated(path: Path, **roles: Any) -> Annotation:
    (pair,) = opened(path, **roles)
    assert isinstance(pair, Pair), pair
    return annotate_pair(pair, load_annotator(DEFAULT))


RLE = {"size": [HEIGHT, WIDTH], "counts": encode_rle(MEANT)}
CELLS: list[Any] = ["r.png", "8,6,24,20", BOX, RLE]


def table_of(kind: str, place: Path, cell: Any) -> Path:
    """A table of one pair with a column `region`."""
    row = {"original": "a.png", "edited": "b.png", "region": cell}
    path = place / f"t.{kind}"
    if kind == "csv":
        return write_csv(path, [row | {"region": cell if isinstance(cell, str) else json.dumps(cell)}])
    if kind == "jsonl":
        path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    else:
        pq.write_table(pa.Table.from_pylist([row]), path)
    return path


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("cell", CELLS, ids=["picture", "numbers", "box", "rle"])
def test_a_region_column_is_found_by_its_name_and_measured(place: Path, kind: str, cell: Any) -> None:
    found = annotated(table_of(kind, place, cell))
    assert found.status == "ok", found.detail
    assert found.mask is not None
    beyond = np.count_nonzero(found.mask & ~MEANT) / np.count_nonzero(found.mask)
    assert 0.1 < beyond < 0.5
    assert found.scores["side_effect_frac"] == pytest.approx(beyond)
    assert found.grounding == "region"


def test_a_region_is_read_from_bytes_in_parquet(place: Path) -> None:
    row = {"original": "a.png", "edited": "b.png", "region": {"bytes": encode_png(MEANT), "path": None}}
    pq.write_table(pa.Table.from_pylist([row]), place / "t.parquet")
    assert annotated(place / "t.parquet").scores["side_effect_frac"] > 0.1  # type: ignore[operator]


def test_a_column_of_another_name_is_named(place: Path) -> None:
    path = write_csv(place / "t.csv", [{"original": "a.png", "edited": "b.png", "where": "8,6,24,20"}])
    assert annotated(path).scores["side_effect_frac"] is None
    assert annotated(path, region="where").grounding == "region"


def test_a_column_of_words_named_region_is_no_region(place: Path) -> None:
    path = write_csv(place / "t.csv", [{"original": "a.png", "edited": "b.png", "region": "Europe"}])
    (pair,) = opened(path)
    assert isinstance(pair, Pair)
    assert (pair.region, pair.columns["region"]) == (None, "Europe")


def test_a_column_of_numbers_cannot_be_named_for_regions(place: Path) -> None:
    path = write_csv(place / "t.csv", [{"original": "a.png", "edited": "b.png", "n": 3}])
    with pytest.raises(SettingError, match="holds no masks, boxes or run lengths"):
        opened(path, region="n")


def test_the_known_mask_may_serve_as_the_region(place: Path) -> None:
    path = write_csv(place / "t.csv", [{"original": "a.png", "edited": "b.png", "mask": "r.png"}])
    (pair,) = opened(path, region="mask")
    assert isinstance(pair, Pair)
    assert pair.mask is None
    assert pair.region is not None


def test_boxes_and_paths_of_regions_come_along_as_columns(place: Path) -> None:
    (pair,) = opened(table_of("jsonl", place, BOX))
    assert pair.columns == {"region": BOX}
    (pair,) = opened(table_of("csv", place, "r.png"))
    assert pair.columns == {"region": "r.png"}


def test_an_empty_cell_is_a_pair_without_a_region(place: Path) -> None:
    rows = [{"original": "a.png", "edited": "b.png", "region": cell} for cell in ("8,6,24,20", "")]
    first, second = opened(write_csv(place / "t.csv", rows))
    assert isinstance(first, Pair)
    assert isinstance(second, Pair)
    assert (first.region is None, second.region is None) == (False, True)


@pytest.mark.parametrize(
    ("cell", "words"),
    [([60, 0, 24, 20], "not inside"), ([1, 2, 3], "is none"), ("gone.png", "region: "), ("a.png", "")],
)
def test_a_bad_region_costs_its_row_and_says_why(place: Path, cell: Any, words: str) -> None:
    if cell == "a.png":
        Image.fromarray(picture(0)[: HEIGHT // 2]).save(place / "a.png")
        words = "it is 64x24, the edited picture 64x48"
    found = annotated(table_of("jsonl", place, cell))
    assert (found.status, found.reason) == ("rejected", "bad_mask")
    assert words in found.detail


def test_two_pictures_in_a_region_cell_are_a_bad_region(place: Path) -> None:
    (found,) = opened(table_of("jsonl", place, ["r.png", "r.png"]))
    assert isinstance(found, Rejection)
    assert (found.reason, found.detail) == ("bad_mask", "region: column 'region' holds 2 pictures")


@pytest.mark.parametrize("layout", ["{role}/x.png", "x_{role}.png"])
def test_a_folder_has_regions_by_name(place: Path, layout: str) -> None:
    for role, name in {"original": "a", "edited": "b", "region": "r"}.items():
        path = place / "made" / layout.format(role=role)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((place / f"{name}.png").read_bytes())
    assert annotated(place / "made").scores["side_effect_frac"] > 0.1  # type: ignore[operator]


def test_a_folder_says_which_files_are_regions(place: Path) -> None:
    for role, name in {"original": "a", "edited": "b", "region": "r"}.items():
        path = place / "made" / role / "x.png"
        path.parent.mkdir(parents=True)
        path.write_bytes((place / f"{name}.png").read_bytes())
    said = {each.role: (each.place, each.why) for each in open_source(place / "made").reading().chosen}
    assert said["region"] == ("region/x.png", "its folder's name means regions")
