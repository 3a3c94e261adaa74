"""Sources made by the tests, and annotators that misbehave on a marked picture."""

from __future__ import annotations

import csv
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from maskwright.masks.annotators.difference import Difference
from maskwright.pairs.values import Aligned, Change, Hint, Picture

MARK = (250, 3, 251)
"""The colour of the corner of a picture that a misbehaving annotator trips over."""


def photograph(seed: int, side: int = 48) -> Picture:
    """A smooth random picture, (side, side, 3) uint8."""
    rough = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return np.asarray(cv2.resize(rough, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def edited(original: Picture, seed: int = 0) -> Picture:
    """The picture with a square of another one in it."""
    changed = original.copy()
    changed[10:26, 12:30] = 255 - original[10:26, 12:30]
    return changed


def marked(picture: Picture) -> Picture:
    changed = picture.copy()
    changed[:4, :4] = MARK
    return changed


def png(picture: Picture) -> bytes:
    return cv2.imencode(".png", picture[:, :, ::-1])[1].tobytes()


def save(path: Path, picture: Picture) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(picture))


def folder_of(place: Path, count: int, marks: Sequence[int] = ()) -> Path:
    """A folder `original/ edited/` of so many edited pairs; those in `marks` are marked."""
    for number in range(count):
        before = photograph(number)
        after = edited(before)
        save(place / "original" / f"{number:04d}.png", before)
        save(place / "edited" / f"{number:04d}.png", marked(after) if number in marks else after)
    return place


def table_of(place: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """A CSV table beside one pair of pictures that all its rows name."""
    save(place / "before.png", photograph(1))
    save(place / "after.png", edited(photograph(1)))
    rows = [{"original": "before.png", "edited": "after.png", **row} for row in rows]
    with (place / "table.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return place / "table.csv"


def parts_of(out: Path) -> dict[str, bytes]:
    """Name -> bytes of all that a run froze or finished."""
    paths = [out / "plan.parquet", *sorted((out / "annotations").iterdir())]
    return {path.name: path.read_bytes() for path in paths}


def is_marked(pair: Aligned) -> bool:
    return tuple(int(level) for level in pair.edited[1, 1]) == MARK


class Careless(Difference):
    """The difference annotator, which does `harm` at a marked picture."""

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        for pair in batch:
            if is_marked(pair):
                self.harm()
        return super().annotate(batch, hints)

    def harm(self) -> None:
        raise NotImplementedError


class Exits(Careless):
    """Ends its process."""

    def harm(self) -> None:
        os._exit(3)


class Hangs(Careless):
    """Never comes back."""

    def harm(self) -> None:
        time.sleep(3600)


class Raises(Careless):
    """Has a bug."""

    def harm(self) -> None:
        raise ZeroDivisionError("a bug of the annotator's")


class Hoards(Careless):
    """Takes address space without end; a machine would end it, here it ends itself after 16 GB."""

    def harm(self) -> None:
        hoard = []
        for _ in range(16):
            hoard.append(np.empty(1 << 30, np.uint8))
        os._exit(9)


class FailsOnce(Careless):
    """Raises at a marked picture while the file HARM_FILE names is there."""

    def harm(self) -> None:
        if Path(os.environ["HARM_FILE"]).exists():
            raise RuntimeError("not yet")


class Slow(Difference):
    """Takes 30 ms a pair, so that a test can catch a run in the middle."""

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        time.sleep(0.03)
        return super().annotate(batch, hints)


class OtherConstants(Difference):
    """The difference annotator under another digest."""

    def __init__(self) -> None:
        super().__init__()
        self.card = replace(self.card, digest="0" * 64)


class DiesInWorkers(Difference):
    """Ends every process it is made in but the one that started the run."""

    def __init__(self) -> None:
        super().__init__()
        if "pytest" not in sys.modules:
            os._exit(5)


class Layered(Difference):
    """The difference annotator with an ignore map, and a layer of two that its card names."""

    def __init__(self) -> None:
        super().__init__()
        self.card = replace(self.card, layers=("side_effect", "donor"))

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        changes = []
        for change in super().annotate(batch, hints):
            ignore = np.zeros(change.map.shape, np.bool_)
            ignore[:5] = True
            layers = {"side_effect": np.full(change.map.shape, 0.25, np.float32)}
            changes.append(replace(change, ignore=ignore, layers=layers))
        return changes
