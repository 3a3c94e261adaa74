from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.errors import InputError, SettingError
from maskwright.learning.exhibits import Exhibit, balanced, opened, shared_exhibits, told_apart
from maskwright.learning.shares import Shares
from tests.learning.exhibited import SIDES, dataset, row, written


def numbers(exhibits: tuple[Exhibit, ...]) -> set[int]:
    """The photographs that these show, told from what their files hold."""
    return {int(opened(each).picture[-1, -1].astype(int) @ (1, 256, 65536)) for each in exhibits}


def shared(folder: Path, place: Path, val: Path | None = None) -> Shares[Exhibit]:
    return shared_exhibits(folder, val, place / "files")


def test_no_photograph_is_in_two_shares_and_none_is_lost(tmp_path: Path) -> None:
    shares = shared(dataset(tmp_path / "data"), tmp_path)
    groups = [numbers(each) for each in (shares.learnt, shares.kept, shares.held)]
    assert sum(len(each) for each in groups) == len(set.union(*groups)) == 60
    assert [len(each) for each in (shares.learnt + shares.kept, shares.held)] == [90, 30]


def test_without_val_a_tenth_of_the_photographs_measures(tmp_path: Path) -> None:
    rows = [row(number, forged=number % 2 == 1, photograph=number // 2) for number in range(240)]
    shares = shared(written(tmp_path / "data", rows), tmp_path)
    groups = [numbers(each) for each in (shares.learnt, shares.kept, shares.held)]
    assert sum(len(each) for each in groups) == len(set.union(*groups)) == 120
    assert all(4 <= len(each) <= 24 for each in groups[1:])


def test_a_photograph_of_val_is_not_learned_from_under_another_split(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "data")
    rows = [row(number, forged=True, photograph=number) for number in range(60)]
    written(folder, rows, "train")
    shares = shared(folder, tmp_path)
    assert numbers(shares.learnt + shares.kept).isdisjoint(numbers(shares.held))
    assert len(shares.learnt + shares.kept) == 45


def test_another_dataset_may_measure(tmp_path: Path) -> None:
    rows = [row(number, forged=True, photograph=200 + number) for number in range(7)]
    other = written(tmp_path / "other", rows, "test")
    shares = shared(dataset(tmp_path / "data"), tmp_path, val=other)
    assert len(shares.held) == 7
    assert len(shares.learnt + shares.kept) == 90


def test_the_same_dataset_cannot_measure_itself(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "data")
    with pytest.raises(SettingError, match="are the same"):
        shared(folder, tmp_path, val=folder)


def test_what_lay_in_a_table_can_be_opened_from_files(tmp_path: Path) -> None:
    shares = shared(dataset(tmp_path / "data"), tmp_path)
    shutil.rmtree(tmp_path / "data")
    seen = opened(next(each for each in shares.learnt if each.forged))
    assert seen.picture.shape == (SIDES[1], SIDES[0], 3)
    assert seen.mask.sum() == 24 * 24
    assert (seen.picture[seen.mask] == 120).all()


def test_a_dataset_that_moved_is_the_same_one(tmp_path: Path) -> None:
    first = told_apart(shared(dataset(tmp_path / "data"), tmp_path).learnt)
    shutil.move(tmp_path / "data", tmp_path / "elsewhere")
    assert told_apart(shared(tmp_path / "elsewhere", tmp_path / "again").learnt) == first
    assert told_apart(shared(dataset(tmp_path / "other", 64), tmp_path).learnt) != first


def test_a_dataset_that_differs_in_one_pixel_of_a_mask_is_another_one(tmp_path: Path) -> None:
    rows = [row(number, forged=True, photograph=number) for number in range(60)]
    first = told_apart(shared(written(tmp_path / "data", rows), tmp_path).learnt)
    for each in rows:
        mask = cv2.imdecode(np.frombuffer(each["mask"]["bytes"], np.uint8), cv2.IMREAD_GRAYSCALE)
        mask[0, 0] = 255
        each["mask"]["bytes"] = cv2.imencode(".png", mask)[1].tobytes()
    assert told_apart(shared(written(tmp_path / "again", rows), tmp_path).learnt) != first


def test_each_corpus_is_drawn_as_often_and_half_of_each_is_forged() -> None:
    some = [Exhibit(str(number), "", None, None, "large", "") for number in range(50)]
    some += [Exhibit(str(number), "", "mask", None, "large", "") for number in range(200)]
    some += [Exhibit("small", "", "mask", None, "small", "")]
    groups = balanced(some)
    assert [[Counter(each.forged for each in kind) for kind in kinds] for kinds in groups] == [
        [{False: 50}, {True: 200}],
        [{True: 1}],
    ]


@pytest.mark.parametrize(
    ("rows", "told", "hint"),
    [
        ([row(each, forged=False, photograph=each) for each in range(30)], "holds no masks", "annotate"),
        ([row(each, forged=True, photograph=each) for each in range(3)], "leaves no picture to", "twenty"),
        ([row(each, forged=each == 0, photograph=each) for each in range(90)], "none is forged", "more"),
    ],
)
def test_a_dataset_that_teaches_nothing_is_refused_with_what_to_do(
    tmp_path: Path, rows: list[dict[str, object]], told: str, hint: str
) -> None:
    with pytest.raises(InputError, match=told) as caught:
        shared(written(tmp_path / "data", rows), tmp_path)
    assert hint in caught.value.hint


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    from maskwright.pairs.picture import encode_png

    mask = tmp_path / "mask.png"
    mask.write_bytes(encode_png(np.ones((5, 5), np.bool_)))
    picture = tmp_path / "picture.png"
    picture.write_bytes(encode_png(np.zeros((6, 5), np.uint8)))
    with pytest.raises(InputError, match="the mask is 5x5"):
        opened(Exhibit("it", picture, mask, None, "", ""))
