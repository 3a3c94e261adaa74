"""Labelled sets that a tiny network looks at: textured pictures with brighter boxes as edits."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.picture import encode_png
from maskwright.pairs.values import Mask, Picture
from tests.bench.conftest import png, textured

BOXES = ((10, 12, 40, 30), (20, 8, 50, 44), (0, 0, 24, 60))
"""x, y, width and height of the edit of each forged picture; TruFor leaves something of each."""


def edited(photo: Picture, box: tuple[int, int, int, int], by: int = 60) -> tuple[Picture, Mask]:
    """A photograph with a brighter box, and the box."""
    x, y, wide, high = box
    mask = np.zeros(photo.shape[:2], np.bool_)
    mask[y : y + high, x : x + wide] = True
    lighter = np.clip(photo.astype(np.int64) + by * mask[:, :, None], 0, 255)
    return lighter.astype(np.uint8), mask


def benco_set(folder: Path, *, authentic: int = 2, seed: int = 0) -> Path:
    """Tp and Gt with three forged pictures, and Au."""
    for name in ("Tp", "Gt", *(["Au"] if authentic else [])):
        (folder / name).mkdir(parents=True)
    for number, box in enumerate(BOXES):
        picture, mask = edited(textured(72, 96, seed + number), box)
        (folder / "Tp" / f"{number}.png").write_bytes(png(picture))
        (folder / "Gt" / f"{number}.png").write_bytes(encode_png(mask))
    for number in range(authentic):
        (folder / "Au" / f"{10 + number}.png").write_bytes(png(textured(72, 96, seed + 10 + number)))
    return folder


def pairs_table(folder: Path) -> Path:
    """Three pairs with masks of two photographs; no two rows have an original's path in common."""
    folder.mkdir(parents=True)
    rows = []
    for number, box in enumerate(BOXES):
        photo = textured(80, 100, 30 + number // 2)
        picture, mask = edited(photo, box)
        files = {"original": png(photo), "edited": png(picture), "mask": encode_png(mask)}
        for role, data in files.items():
            (folder / f"{number}_{role}.png").write_bytes(data)
        rows.append([f"{number}_{role}.png" for role in files])
    with (folder / "pairs.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["original", "edited", "mask"], *rows])
    return folder / "pairs.csv"


def read(path: Path) -> Picture:
    return np.asarray(cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR_RGB), np.uint8)


def truth_of(path: Path) -> NDArray[np.bool_]:
    levels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_GRAYSCALE)
    return np.asarray(levels > 127, np.bool_)
