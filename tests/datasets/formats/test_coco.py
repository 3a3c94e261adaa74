"""COCO's run lengths and JSON, held against pycocotools."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskwright.datasets.formats import Shard, load_format
from maskwright.datasets.values import Entry
from maskwright.errors import InputError, RunError
from maskwright.pairs.picture import read_mask
from maskwright.pairs.rle import decode_rle, encode_rle
from tests.datasets.formats.made import BUILT, entry, mixed, write, write_provenance
from tests.strategies import masks

FORM = load_format("coco")
# pycocotools asks NumPy 2 for a copy in an old way
pytestmark = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")


def theirs(mask: NDArray[np.bool_]) -> str:
    from pycocotools import mask as coco_mask

    return str(coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode("ascii"))


@given(masks())
@example(np.zeros((1, 1), bool))
@example(np.ones((1, 1), bool))
@example(np.arange(40_000).reshape(200, 200) == 39_999)
@example(np.arange(40_000).reshape(200, 200) >= 7)
@example(np.kron(np.eye(9, dtype=bool), np.ones((30, 20), bool)))
def test_run_lengths_are_those_of_pycocotools_and_come_back(mask: NDArray[np.bool_]) -> None:
    assert encode_rle(mask) == theirs(mask)
    np.testing.assert_array_equal(decode_rle(encode_rle(mask), *mask.shape), mask)


def test_the_order_of_an_array_in_memory_is_no_matter() -> None:
    mask = np.arange(35).reshape(5, 7) % 3 == 0
    assert encode_rle(np.asfortranarray(mask)) == encode_rle(np.ascontiguousarray(mask)) == theirs(mask)


def test_runs_go_down_the_columns_and_begin_with_what_is_not_edited() -> None:
    np.testing.assert_array_equal(decode_rle([1, 2, 3], 2, 3), [[False, True, False], [True, False, False]])
    np.testing.assert_array_equal(decode_rle([0, 1, 1], 2, 1), [[True], [False]])


@given(st.text(max_size=12) | st.lists(st.integers(-5, 50), max_size=6))
def test_runs_that_do_not_fit_are_refused(counts: str | list[int]) -> None:
    try:
        assert decode_rle(counts, 5, 7).shape == (5, 7)
    except InputError:
        return


@pytest.mark.parametrize("counts", ["", "3", "l", "R1P", [34], [35, 1], [36, -1]])
def test_runs_that_do_not_fill_the_picture_are_refused(counts: str | list[int]) -> None:
    with pytest.raises(InputError):
        decode_rle(counts, 5, 7)


def open_coco(path: Path) -> Any:
    """By pycocotools, without what it prints."""
    from pycocotools.coco import COCO

    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def test_pycocotools_gives_every_picture_its_mask_box_and_area(tmp_path: Path) -> None:
    from pycocotools import mask as coco_mask

    made = mixed(12)
    write(tmp_path, "coco", made)
    coco = open_coco(tmp_path / "train.json")
    of = [one for one in made if one.split == "train"]
    images = coco.loadImgs(sorted(coco.getImgIds()))
    assert [image["file_name"] for image in images] == [f"{one.stem}.png" for one in of]
    for image, one in zip(images, of, strict=True):
        assert (tmp_path / "train" / image["file_name"]).is_file()
        assert (image["height"], image["width"]) == one.mask.shape
        edits = coco.loadAnns(coco.getAnnIds(image["id"], iscrowd=False))
        if one.label == "authentic":
            assert edits == coco.loadAnns(coco.getAnnIds(image["id"])) == []
            continue
        (edit,) = edits
        np.testing.assert_array_equal(coco.annToMask(edit), one.mask)
        rle = coco.annToRLE(edit)
        assert edit["area"] == coco_mask.area(rle)
        assert edit["bbox"] == coco_mask.toBbox(rle).tolist()


def scored(coco: Any, detections: list[dict[str, Any]]) -> Any:
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        judge = COCOeval(coco, coco.loadRes(detections), "segm")
        judge.params.areaRng, judge.params.areaRngLbl = [[0, 1e10]], ["all"]
        judge.params.maxDets = [10]
        judge.evaluate()
        judge.accumulate()
    return judge.eval["precision"][0, :, 0, 0, 0]


def detection(mask: NDArray[np.bool_], score: float) -> dict[str, Any]:
    rle = {"size": list(mask.shape), "counts": encode_rle(mask)}
    return {"image_id": 1, "category_id": 1, "segmentation": rle, "score": score}


@pytest.mark.parametrize("marked", [True, False])
def test_a_detection_in_what_is_ignored_is_blamed_only_where_ignore_is_not_written(
    marked: bool, tmp_path: Path
) -> None:
    edit, unsure, wrong = (np.zeros((20, 20), bool) for _ in range(3))
    edit[2:8, 2:8], unsure[12:18, 12:18], wrong[13:17, 13:17] = True, True, True
    write(tmp_path, "coco", [entry(0, mask=edit, ignore=unsure if marked else None)])
    coco = open_coco(tmp_path / "train.json")
    precision = scored(coco, [detection(wrong, 0.9), detection(edit, 0.8)])
    assert precision.mean() == pytest.approx(1.0 if marked else 0.5)


def test_what_is_ignored_is_not_missed(tmp_path: Path) -> None:
    edit, unsure = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    edit[2:8, 2:8], unsure[12:18, 12:18] = True, True
    write(tmp_path, "coco", [entry(0, mask=edit, ignore=unsure)])
    assert scored(open_coco(tmp_path / "train.json"), [detection(edit, 0.9)]).mean() == pytest.approx(1.0)


def test_the_first_annotation_is_found_although_cocoeval_takes_0_for_none(tmp_path: Path) -> None:
    write(tmp_path, "coco", [entry(0)])
    said = json.loads((tmp_path / "train.json").read_text())
    assert [one["id"] for one in said["annotations"]] == [1]
    assert scored(
        open_coco(tmp_path / "train.json"), [detection(entry(0).mask, 0.9)]
    ).mean() == pytest.approx(1)


def test_no_two_images_and_no_two_annotations_have_one_number(tmp_path: Path) -> None:
    write(tmp_path, "coco", mixed(20))
    for kind in ("images", "annotations"):
        numbers = [
            one["id"]
            for split in ("train", "val", "test")
            for one in json.loads((tmp_path / f"{split}.json").read_text())[kind]
        ]
        assert len(set(numbers)) == len(numbers) > 0


def test_an_annotation_is_a_line_that_begins_with_its_number(tmp_path: Path) -> None:
    """So one can be found without holding the whole of a large JSON."""
    write(tmp_path, "coco", mixed())
    numbers = [one["id"] for one in json.loads((tmp_path / "train.json").read_text())["annotations"]]
    lines = (tmp_path / "train.json").read_text().splitlines()
    for number in numbers:
        assert sum(line.startswith(f'{{"id": {number}, "image_id": ') for line in lines) == 1


def test_what_shards_left_for_the_end_is_gone_at_the_end(tmp_path: Path) -> None:
    write(tmp_path, "coco", mixed())
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".json") == [
        "provenance",
        "test",
        "train",
        "val",
    ]


def test_a_shard_whose_lines_are_lost_is_named(tmp_path: Path) -> None:
    shard, part = Shard("train", 0, 1), [entry(0)]
    write_provenance(tmp_path, shard, part, list(FORM.write(tmp_path, shard, part)))
    (tmp_path / "parts" / "train-00000.jsonl").unlink()
    with pytest.raises(RunError, match="train-00000") as caught:
        FORM.finish(tmp_path, BUILT)
    assert "delete" in caught.value.hint
    assert not (tmp_path / "train.json").exists()


def test_a_shard_without_a_row_does_not_stop_the_end(tmp_path: Path) -> None:
    write(tmp_path, "coco", [entry(0)])
    (tmp_path / "train.json").unlink()
    write_provenance(tmp_path, Shard("train", 0, 2), [], [])
    shard, part = Shard("train", 1, 2), [entry(1)]
    write_provenance(tmp_path, shard, part, list(FORM.write(tmp_path, shard, part)))
    FORM.finish(tmp_path, BUILT)
    assert len(json.loads((tmp_path / "train.json").read_text())["images"]) == 1


def others(folder: Path, segmentation: Any, **image: Any) -> None:
    """A JSON as others write it, with its pictures in a folder of part of its name."""
    (folder / "annotations").mkdir()
    (folder / "val2017").mkdir()
    one: Entry = entry(0, size=(6, 8))
    assert one.picture is not None
    (folder / "val2017" / "a.png").write_bytes(one.picture.data)
    said = {
        "info": {"licence": "x" * 1000},
        "images": [{"id": "first", "file_name": "a.png", "height": 6, "width": 8, **image}],
        "annotations": [{"id": 1, "image_id": "first", "category_id": 9, "segmentation": segmentation}],
    }
    (folder / "annotations" / "instances_val2017.json").write_text(json.dumps(said))


@pytest.mark.parametrize(
    "outlines",
    [
        [[1, 2, 5, 2, 5, 4, 1, 4]],
        [[0, 0, 8, 0, 8, 6, 0, 6]],
        [[1, 1, 3, 1, 3, 3, 1, 3], [4, 2, 8, 2, 8, 6, 4, 6]],
        [[-3, -3, 2, -3, 2, 2, -3, 2]],
        [[1.7, 2, 5.2, 2, 5.2, 4, 1.7, 4]],
    ],
    ids=str,
)
def test_polygons_of_others_cover_what_pycocotools_says(outlines: list[list[float]], tmp_path: Path) -> None:
    from pycocotools import mask as coco_mask

    others(tmp_path, outlines)
    assert FORM.holds(tmp_path)
    (record,) = FORM.read(tmp_path)
    assert (record.id, record.split, record.label) == ("val2017/a.png", "val", "forged")
    expected = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(outlines, 6, 8)))
    assert record.mask is not None
    np.testing.assert_array_equal(read_mask(record.mask), expected == 1)


@pytest.mark.parametrize(
    "segmentation",
    [
        None,
        [],
        "x",
        {"size": [6, 8]},
        {"size": [6, 9], "counts": [54]},
        {"size": [6, 8], "counts": "~~"},
        [[1]],
    ],
    ids=str,
)
def test_a_mask_that_cannot_be_read_is_none_or_empty(segmentation: Any, tmp_path: Path) -> None:
    others(tmp_path, segmentation)
    (record,) = FORM.read(tmp_path)
    assert record.mask is None or not read_mask(record.mask).any()


@pytest.mark.parametrize("name", ["../a.png", "/etc/hostname", "b.png", 3, None, "a\0.png"])
def test_a_picture_that_is_not_below_the_dataset_is_none(name: Any, tmp_path: Path) -> None:
    others(tmp_path, [], file_name=name)
    (record,) = FORM.read(tmp_path)
    assert record.picture is None


def test_a_json_that_is_no_coco_is_not_held(tmp_path: Path) -> None:
    for name, text in {
        "a": "[]",
        "b": '{"images": 3}',
        "c": '[{"images": [], "annotations": []}]',
        "d": "",
    }.items():
        (tmp_path / f"{name}.json").write_text(text)
    assert not FORM.holds(tmp_path)
