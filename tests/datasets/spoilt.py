"""Small datasets without a defect, made here, and ways to spoil a row of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from maskwright.pairs.values import Mask, Picture
from tests.corpus.inspect.made import photograph, pixels
from tests.pairs.awkward import saved, turned

WIDTH, HEIGHT = 120, 96
ROWS = 8


@dataclass(frozen=True)
class Row:
    """Files of a forged picture; None where one is not there."""

    split: str
    stem: str
    picture: bytes | None
    original: bytes | None
    mask: bytes | None


def region(seed: int) -> Mask:
    """A box off the middle: no turn of it is itself; (HEIGHT, WIDTH) bool."""
    rng = np.random.default_rng(seed)
    x, y = int(rng.integers(22, 34)), int(rng.integers(20, 28))
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y : y + 22, x : x + 34] = True
    mask[y : y + 8, x : x + 12] = False
    return mask


def edit(picture: Picture, mask: Mask) -> Picture:
    """Another picture where the mask is."""
    return np.where(mask[:, :, None], 255 - picture[::-1, ::-1], picture).astype(np.uint8)


def as_png(mask: Mask) -> bytes:
    return saved(mask.astype(np.uint8) * np.uint8(255), "PNG")


def mask_in(row: Row) -> Mask:
    assert row.mask is not None
    return np.asarray(pixels(row.mask)) > 0


def clean_rows(count: int = ROWS) -> list[Row]:
    """PNG pairs of different photographs, three quarters of them for training."""
    rows = []
    for seed in range(count):
        photo, mask = photograph(100 + seed, WIDTH, HEIGHT), region(seed)
        split = "test" if seed % 4 == 3 else "train"
        stored = saved(edit(photo, mask), "PNG"), saved(photo, "PNG"), as_png(mask)
        rows.append(Row(split, f"{seed:04}", *stored))
    return rows


def shifted(mask: Mask, right: int, down: int) -> Mask:
    step = np.array([[1, 0, right], [0, 1, down]], np.float32)
    moved = cv2.warpAffine(mask.astype(np.uint8), step, (WIDTH, HEIGHT), flags=cv2.INTER_NEAREST)
    return moved > 0


def drawn(change: Callable[[Mask], bytes]) -> Callable[[Row], Row]:
    """A defect of the mask alone."""
    return lambda row: replace(row, mask=change(mask_in(row)))


def blurred(mask: Mask) -> bytes:
    return saved(cv2.GaussianBlur(mask.astype(np.uint8) * np.uint8(255), (0, 0), 1.5), "PNG")


def in_red(mask: Mask) -> bytes:
    return saved(mask[:, :, None] * np.array([255, 0, 0], np.uint8), "PNG")


def half(mask: Mask) -> bytes:
    return as_png(mask[::2, ::2])


def tagged(picture: Picture) -> bytes:
    """Stored upside down, with the tag that says so."""
    return saved(picture[::-1, ::-1], "PNG", exif=turned(3))


PLANTS: dict[str, tuple[str, Callable[[Row], Row]]] = {
    "cut picture": ("picture_unreadable", lambda row: replace(row, picture=(row.picture or b"")[:900])),
    "cut original": ("original_unreadable", lambda row: replace(row, original=(row.original or b"")[:900])),
    "no mask": ("mask_missing", lambda row: replace(row, mask=None)),
    "a text for a mask": ("mask_unreadable", lambda row: replace(row, mask=b"no picture")),
    "0 and 1": ("mask_dark", drawn(lambda mask: saved(mask.astype(np.uint8), "PNG"))),
    "red": ("mask_dark", drawn(lambda mask: in_red(mask))),
    "soft": ("mask_soft", drawn(blurred)),
    "JPEG": (
        "mask_lossy",
        drawn(lambda mask: saved(mask.astype(np.uint8) * np.uint8(255), "JPEG", quality=90)),
    ),
    "empty": ("mask_empty", drawn(lambda mask: as_png(mask & False))),
    "full": ("mask_full", drawn(lambda mask: as_png(mask | True))),
    "half the size": ("mask_other_size", drawn(half)),
    "another size": ("mask_other_size", drawn(lambda mask: as_png(mask[:, :-9]))),
    "on its side": ("mask_turned", drawn(lambda mask: as_png(np.rot90(mask)))),
    "mirrored": ("mask_turned", drawn(lambda mask: as_png(mask[:, ::-1]))),
    "upside down": ("mask_turned", drawn(lambda mask: as_png(mask[::-1, ::-1]))),
    "inverted": ("mask_inverted", drawn(lambda mask: as_png(~mask))),
    "moved": ("mask_shifted", drawn(lambda mask: as_png(shifted(mask, 16, 12)))),
    "equal sides": ("nothing_edited", lambda row: replace(row, original=row.picture)),
    "turned by EXIF": (
        "orientation_tag",
        lambda row: replace(row, picture=tagged(pixels(row.picture or b""))),
    ),
}
"""What is done to a row -> the kind that must name it."""


def place_of(name: str) -> int:
    """The row of `all_spoilt` that has a plant."""
    return list(PLANTS).index(name)


def write_imagefolder(folder: Path, rows: list[Row]) -> Path:
    """With originals; a file of None is not there."""
    for split in sorted({row.split for row in rows}):
        lines = []
        for row in rows:
            if row.split != split:
                continue
            line = {"label": "forged"}
            for role, place, key in (
                ("picture", "images", "file_name"),
                ("mask", "masks", "mask_file_name"),
                ("original", "originals", "original_file_name"),
            ):
                data = getattr(row, role)
                suffix = "jpg" if data and data[:2] == b"\xff\xd8" else "png"
                line[key] = f"{place}/{row.stem}.{suffix}"
                put(folder / split / line[key], data)
            lines.append(json.dumps(line) + "\n")
        (folder / split / "metadata.jsonl").write_text("".join(lines))
    return folder


def write_benco(folder: Path, rows: list[Row]) -> Path:
    """Tp and Gt."""
    for row in rows:
        put(folder / row.split / "Tp" / f"{row.stem}.png", row.picture)
        put(folder / row.split / "Gt" / f"{row.stem}.png", row.mask)
    return folder


def write_change(folder: Path, rows: list[Row]) -> Path:
    """A, B and label."""
    for row in rows:
        for role, place in (("original", "A"), ("picture", "B"), ("mask", "label")):
            put(folder / row.split / place / f"{row.stem}.png", getattr(row, role))
    return folder


def write_pairs(folder: Path, rows: list[Row]) -> Path:
    """Folders original, edited and mask; no splits."""
    for row in rows:
        for role, place in (("original", "original"), ("picture", "edited"), ("mask", "mask")):
            put(folder / place / f"{row.stem}.png", getattr(row, role))
    return folder


def all_spoilt() -> list[Row]:
    """A row for every plant, and as many clean ones; row n has the n-th plant."""
    rows = clean_rows(2 * len(PLANTS))
    for place, (_, spoil) in enumerate(PLANTS.values()):
        rows[place] = spoil(rows[place])
    return rows


def put(path: Path, data: bytes | None) -> None:
    if data is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
