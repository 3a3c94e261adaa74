"""A table of self-made pairs with known masks, as a user would have it on disk."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.pairs.picture import encode_png
from maskwright.pairs.values import Picture
from maskwright.synthesis.objects import paste
from maskwright.synthesis.regions import box
from maskwright.synthesis.steps import begin
from maskwright.synthesis.surfaces import recolour


def textured(height: int, width: int, seed: int) -> Picture:
    """(H, W, 3) uint8: noise at three scales, so that every place differs from every other."""
    rng = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 128.0, np.float32)
    for spacing, weight in ((64, 60), (8, 25), (1, 8)):
        knots = rng.uniform(-1, 1, (height // spacing + 2, width // spacing + 2, 3)).astype(np.float32)
        picture += weight * cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 0, 255).astype(np.uint8)


def png(picture: Picture) -> bytes:
    return cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pairs of four originals, a row whose mask does not fit, and a row without its picture."""
    folder = tmp_path_factory.mktemp("pairs")
    rows = []
    for number in range(6):
        photo = textured(96, 128, seed=number // 2 if number < 4 else number)
        donor = textured(96, 128, seed=100 + number)
        # Any box will do that is large enough to be measured.
        rng = np.random.default_rng(number + 1)
        step = paste(donor, lambda h, w, r: box(h, w, r, area_frac=0.08)) if number % 2 else recolour(box)
        made = step(begin(photo), rng)
        assert made.mask.any()
        names = [f"{number}_{role}.png" for role in ("original", "edited", "mask")]
        for name, data in zip(
            names, (png(made.original), png(made.edited), encode_png(made.mask)), strict=True
        ):
            (folder / name).write_bytes(data)
        rows.append([f"p{number}", *names, "author" if number < 4 else "coarse", "identical"])
    (folder / "small.png").write_bytes(encode_png(np.ones((5, 5), np.bool_)))
    rows.append(["unfit", "0_original.png", "0_edited.png", "small.png", "author", "identical"])
    rows.append(["gone", "0_original.png", "nowhere.png", "0_mask.png", "author", "identical"])
    with (folder / "pairs.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "original", "edited", "mask", "truth", "background"], *rows])
    return folder / "pairs.csv"


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV file of three photographs, one of them of split `train`, and a broken one."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(3):
        (folder / f"{number}.png").write_bytes(png(textured(80, 112, seed=50 + number)))
    (folder / "broken.png").write_bytes(b"no picture")
    lines = ["path,split", "0.png,val", "1.png,train", "2.png,val", "broken.png,val"]
    (folder / "photos.csv").write_text("\n".join(lines))
    return folder / "photos.csv"
