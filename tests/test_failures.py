"""The page that shows where the compact annotator fails, and the script that writes it."""

import importlib
import re
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from maskwright.bench.demo import PHOTOS
from maskwright.pairs.picture import read_picture

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "why" / "failures.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^!\[.+\]\(\.\./pictures/failures/(.+)\)$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)
        return importlib.import_module("make_failures")


def test_the_page_shows_twelve_kinds_each_with_why_and_figures() -> None:
    kinds = re.findall(
        r"^## (\d+)\. .+\n\n!\[.+\]\(.+\)\n\n\w(?:.|\n)+?\n\nHere \(\w+\): F1 0\.\d\d", PAGE, re.MULTILINE
    )
    assert kinds == [str(number) for number in range(1, 13)]
    assert len(set(SHOWN)) == 12


def test_every_picture_is_there_and_no_other() -> None:
    assert sorted(SHOWN) == sorted(path.name for path in (DOCS / "pictures" / "failures").iterdir())


def test_pictures_are_small() -> None:
    sizes = [(DOCS / "pictures" / "failures" / name).stat().st_size for name in SHOWN]
    assert max(sizes) <= 40_000
    assert sum(sizes) < 400_000


def test_only_photographs_that_may_be_shown_are_on_the_page(script: ModuleType) -> None:
    told = set(re.findall(r"^Here \((\w+)\)", PAGE, re.MULTILINE))
    assert told
    assert told <= set(script.CREDITS) == set(PHOTOS)
    assert all(re.search("CC0|public domain", credit) for credit in script.CREDITS.values())
    assert all(name in PAGE for name in script.CREDITS)


def test_every_kind_makes_its_edits_without_other_photographs(script: ModuleType) -> None:
    pytest.importorskip("skimage", reason="the sample photographs are scikit-image's")
    assert len({kind.name for kind in script.KINDS}) == len(script.KINDS) > 12
    small = np.asarray(cv2.resize(script.small("cat"), (160, 120)), np.uint8)
    donor = np.asarray(cv2.resize(script.small("coffee"), (160, 120)), np.uint8)
    for kind in script.KINDS:
        steps = kind.steps(donor)
        assert len(steps) == 3, kind.name
        made, again = (steps[1](script.begin(small), np.random.default_rng(5)) for _ in range(2))
        assert made.mask.any(), kind.name
        assert np.array_equal(made.edited, again.edited), kind.name


def test_the_worst_pair_of_a_kind_is_the_one_shown(script: ModuleType) -> None:
    empty = np.zeros((120, 160), np.bool_)
    one = np.zeros_like(empty)
    one[20:40, 30:60] = True
    picture = np.full((120, 160, 3), 90, np.uint8)
    found = script.examine(script.Pair("same", picture, picture.copy()), None)
    good, bad, worse = (
        script.Tried("cat", script.Made(picture, picture, truth, empty), found, empty, f1)
        for truth, f1 in ((one, 0.9), (one, 0.1), (~empty, 0.1))
    )
    assert script.worst([good, bad, worse]) is worse


def test_a_drawn_pair_is_a_readable_picture_with_grey_where_nobody_can_tell(
    script: ModuleType, tmp_path: Path
) -> None:
    truth = np.zeros((120, 160), np.bool_)
    truth[20:100, 30:120] = True
    picture = np.full((120, 160, 3), 90, np.uint8)
    found = script.examine(script.Pair("same", picture, picture.copy()), None)
    tried = script.Tried("cat", script.Made(picture, picture, ~truth, truth), found, truth, 0.0)
    path = tmp_path / "drawn.jpg"
    path.write_bytes(script.drawn(tried))
    sheet = read_picture(path).pixels
    third = sheet[:, sheet.shape[1] // 2 : 3 * sheet.shape[1] // 4]
    assert (np.abs(third[..., 0].astype(int) - 128) < 10).mean() > 0.1
