"""Near-duplicates among the chosen rows are counted, and found again without opening a picture."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.corpus.annotate import Options, annotate
from maskwright.datasets.selecting.select import select
from tests.conftest import Command
from tests.corpus.made import edited, save


def scene(seed: int, side: int = 160) -> np.ndarray:
    """A picture with things in it, (side, side, 3) uint8."""
    rng = np.random.default_rng(seed)
    picture = cv2.resize(
        rng.integers(60, 200, (5, 5, 3), np.uint8), (side, side), interpolation=cv2.INTER_CUBIC
    )
    for _ in range(40):
        centre, axes = rng.integers(0, side, 2).tolist(), rng.integers(4, side // 6, 2).tolist()
        colour = rng.integers(0, 256, 3).tolist()
        cv2.ellipse(picture, centre, axes, int(rng.integers(0, 180)), 0, 360, colour, -1)
    return picture


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five pairs: two edits of one original, one of its mirror image, and two other scenes."""
    place = tmp_path_factory.mktemp("scenes")
    originals = [scene(1), scene(1), scene(1)[:, ::-1].copy(), scene(2), scene(3)]
    with (place / "pairs.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["original", "edited"])
        for number, original in enumerate(originals):
            save(place / f"{number}a.png", original)
            save(place / f"{number}b.png", edited(original))
            writer.writerow([f"{number}a.png", f"{number}b.png"])
    annotate(place / "pairs.csv", place / "out", workers=1, options=Options(files=False))
    return place


def test_rows_that_show_one_photograph_are_counted_together(source: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(source / "out", tmp_path / "out"))
    found = select(out, "true", name="all", near_duplicates=True)
    assert found.empty == 0
    assert found.photographs is not None
    assert (found.photographs.rows, found.photographs.photographs) == (5, 3)
    (together,) = found.photographs.largest
    assert together.rows == 3
    assert together.ids == tuple((str(out), f"pairs.csv#{number}") for number in range(3))


def test_nobody_asked_nothing_is_compared(source: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(source / "out", tmp_path / "out"))
    assert select(out, "true", name="all").photographs is None


def test_what_was_found_is_kept_so_that_pictures_are_not_opened_again(tmp_path: Path, source: Path) -> None:
    place = Path(shutil.copytree(source, tmp_path / "scenes"))
    annotate(place / "pairs.csv", place / "again", workers=1, options=Options(files=False))
    first = select(place / "again", "true", name="all", near_duplicates=True).photographs
    for picture in place.glob("*.png"):
        picture.unlink()
    assert select(place / "again", "true", name="all", near_duplicates=True).photographs == first


def test_the_command_lists_the_largest(source: Path, tmp_path: Path, command: Command) -> None:
    out = Path(shutil.copytree(source / "out", tmp_path / "out"))
    _, told, _ = command("select", out, "--where", "true", "--name", "all", "--near-duplicates")
    assert "3 photographs in 5 rows\n  3 rows  pairs.csv#0, pairs.csv#1, pairs.csv#2\n" in told
