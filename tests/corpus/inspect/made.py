"""Small sources without a mistake, made here, and ways to spoil them."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from maskwright.pairs.values import Mask, Picture
from tests.pairs.awkward import saved

WIDTH, HEIGHT = 120, 96


@dataclass(frozen=True)
class Row:
    """Files of a pair."""

    original: bytes
    edited: bytes
    mask: bytes | None
    instruction: str = "make it blue"


def photograph(seed: int, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """Smooth shapes with grain, another for every seed; (height, width, 3) uint8."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(20, 235, (9, 11, 3)).astype(np.float32)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    grain = cv2.GaussianBlur(rng.normal(0, 9, smooth.shape), (0, 0), 0.7)
    return np.clip(smooth + grain, 0, 255).astype(np.uint8)


def region(seed: int, width: int = WIDTH, height: int = HEIGHT) -> Mask:
    """A box near a corner, never in the middle, so that no turn of it is itself; (height, width) bool."""
    rng = np.random.default_rng(seed)
    x, y = int(rng.integers(4, 14)), int(rng.integers(4, 12))
    mask = np.zeros((height, width), bool)
    mask[y : y + 24, x : x + 36] = True
    return mask


def edit(picture: Picture, mask: Mask) -> Picture:
    """Another picture where the mask is."""
    height, width = mask.shape
    return np.where(mask[:, :, None], 255 - picture[::-1, ::-1], picture).reshape(height, width, 3)


def clean_rows(count: int = 12, *, width: int = WIDTH, height: int = HEIGHT) -> list[Row]:
    """PNG pairs with known masks; the pixels outside are equal."""
    rows = []
    for seed in range(count):
        photo, mask = photograph(seed, width, height), region(seed, width, height)
        edited = edit(photo, mask)
        rows.append(Row(saved(photo, "PNG"), saved(edited, "PNG"), as_mask(mask)))
    return rows


def as_mask(mask: Mask) -> bytes:
    return saved(mask.astype(np.uint8) * 255, "PNG")


def pixels(data: bytes) -> Any:
    import io

    return np.asarray(Image.open(io.BytesIO(data)))


def with_masks(rows: list[Row], change: Any) -> list[Row]:
    """The rows with each mask (H, W) uint8 0 or 255 changed into file bytes or an array."""
    changed = []
    for row in rows:
        mask = change(pixels(row.mask or b""))
        changed.append(replace(row, mask=mask if isinstance(mask, bytes) else saved(mask, "PNG")))
    return changed


def ending(data: bytes) -> str:
    return "jpg" if data[:2] == b"\xff\xd8" else "png"


def write_folder(place: Path, rows: list[Row]) -> Path:
    """original/ edited/ mask/; a file of no bytes is left out."""
    for number, row in enumerate(rows):
        for side in ("original", "edited", "mask"):
            data = getattr(row, side)
            if data:
                path = place / side / f"{number:03}.{ending(data)}"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
    return place


def write_table(place: Path, rows: list[Row], **more: list[str]) -> Path:
    """pairs.csv beside its pictures; a file of no bytes is named and not there."""
    write_folder(place, rows)
    with (place / "pairs.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["original", "edited", "mask", "instruction", *more])
        for number, row in enumerate(rows):
            names = [
                f"{side}/{number:03}.{ending(getattr(row, side))}" if getattr(row, side) is not None else ""
                for side in ("original", "edited", "mask")
            ]
            writer.writerow([*names, row.instruction, *(values[number] for values in more.values())])
    return place / "pairs.csv"
