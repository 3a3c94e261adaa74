"""Corpora made by the tests, annotated and selected, for building datasets of them."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from maskwright.corpus.annotate import annotate
from maskwright.datasets.selecting.select import select
from maskwright.pairs.sources import Roles
from maskwright.pairs.values import Picture
from tests.corpus.made import photograph, save

SIDE = 96


def scene(number: int, side: int = SIDE) -> Picture:
    """A picture with shapes at several scales, another one for every number."""
    rng = np.random.default_rng(1000 + number)
    picture = photograph(number, side).copy()
    for _ in range(40):
        x, y, length = (int(value) for value in rng.integers(0, side, 3))
        colour = tuple(int(level) for level in rng.integers(0, 256, 3))
        cv2.rectangle(picture, (x, y), (x + length // 6 + 2, y + length // 5 + 2), colour, -1)
    return picture


def edit(original: Picture, number: int) -> Picture:
    """The picture with a quarter of its side inverted, somewhere that depends on the number."""
    changed = original.copy()
    side = len(original)
    at = 8 + 11 * number % (side // 2)
    changed[at : at + side // 3, at // 2 : at // 2 + side // 3] ^= 255
    return changed


def soft_edit(original: Picture) -> Picture:
    """A picture of at most 239 levels brightened about its middle, less and less outwards."""
    across = np.linspace(-1, 1, len(original))
    bump = np.exp(-6 * (across[:, None] ** 2 + across[None, :] ** 2))[:, :, None]
    return np.asarray(original + 16 * bump, np.uint8)


def table_of(
    place: Path,
    photographs: Sequence[int],
    *,
    edits: int = 2,
    licence: str | None = "CC BY 4.0",
    nothing: Sequence[int] = (),
) -> Path:
    """A CSV table with every photograph edited so often; those in `nothing` have one unedited row, too."""
    rows = []
    for number in photographs:
        save(place / f"{number:03d}.png", scene(number))
        for turn in range(edits):
            save(place / f"{number:03d}-{turn}.png", edit(scene(number), turn))
            names = {"original": f"{number:03d}.png", "edited": f"{number:03d}-{turn}.png"}
            rows.append({**names, "note": "a, b"})
        if number in nothing:
            save(place / f"{number:03d}-same.png", scene(number))
            rows.append({"original": f"{number:03d}.png", "edited": f"{number:03d}-same.png", "note": ""})
    for row in rows if licence is not None else ():
        row["licence"] = licence
    with (place / "table.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return place / "table.csv"


def corpus_of(
    source: Path,
    out: Path,
    *,
    roles: Roles | None = None,
    threshold: float | None = None,
    where: str = "true",
) -> Path:
    """The source annotated, and its rows selected under the name `all`."""
    from maskwright.corpus.annotate import Options

    annotate(source, out, workers=1, options=Options(files=False, roles=roles or Roles()))
    select([out], [where], name="all", threshold=threshold)
    return out


def digests(folder: Path) -> dict[str, str]:
    """Name -> digest of every file there."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def rows_of(dataset: Path) -> list[dict[str, Any]]:
    """All rows of provenance, by stem."""
    tables = [pq.read_table(path, partitioning=None) for path in (dataset / "provenance").iterdir()]
    rows: list[dict[str, Any]] = pa.concat_tables(tables).sort_by("stem").to_pylist()
    return rows


def settings_of(dataset: Path) -> dict[str, Any]:
    """build.json."""
    found: dict[str, Any] = json.loads((dataset / "build.json").read_bytes())
    return found
