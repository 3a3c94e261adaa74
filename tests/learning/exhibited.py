"""Small datasets that tests make themselves, in Parquet, as `build` writes them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tests.contracts.annotator import textured

SIDES = (72, 56)
"""Width and height of their pictures."""


def row(number: int, *, forged: bool, photograph: int, source: str = "one", **more: Any) -> dict[str, Any]:
    """A picture with a flat grey box in it that its mask marks; without both, an authentic one."""
    picture = textured(photograph, *SIDES)
    mask = np.zeros(picture.shape[:2], np.uint8)
    if forged:
        top, left = np.random.default_rng(number).integers(4, 28, 2)
        picture[top : top + 24, left : left + 24] = 120
        mask[top : top + 24, left : left + 24] = 255
    return {
        "image": {"bytes": _png(picture[..., ::-1]), "path": f"{number}.png"},
        "mask": {"bytes": _png(mask), "path": f"{number}.png"} if forged else None,
        "label": "forged" if forged else "authentic",
        "source": source,
        "photograph": photograph,
        "licence": "CC0",
        **more,
    }


def written(folder: Path, rows: Iterable[dict[str, Any]], split: str = "train") -> Path:
    """Rows as the one shard of a split."""
    place = folder / "data" / f"{split}-00000-of-00001.parquet"
    place.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(list(rows))
    mask = table["mask"].cast(table.schema.field("image").type)  # a column of nulls has no type
    pq.write_table(table.set_column(table.schema.get_field_index("mask"), "mask", mask), place)
    return folder


def dataset(folder: Path, photographs: int = 60) -> Path:
    """A forged and an authentic picture of each photograph; a quarter of them are of split val."""
    for split, numbers in (
        ("train", range(photographs * 3 // 4)),
        ("val", range(photographs * 3 // 4, photographs)),
    ):
        both = [
            row(2 * number + forged, forged=bool(forged), photograph=number)
            for number in numbers
            for forged in (0, 1)
        ]
        written(folder, both, split)
    return folder


def _png(levels: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".png", levels)[1].tobytes()
