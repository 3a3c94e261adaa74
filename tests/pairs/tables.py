"""Tables of pairs to test with, and their rows."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from maskwright.pairs.sources import Roles, open_source
from maskwright.pairs.values import Encoded, Located, Pair, Rejection
from tests.contracts.source import everything
from tests.strategies import picture_file

PNG = [picture_file("PNG", seed=seed) for seed in range(6)]


def write_csv(path: Path, rows: list[dict[str, Any]], **options: Any) -> Path:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), **options)
        writer.writeheader()
        writer.writerows(rows)
    return path


def rows_of(count: int) -> list[dict[str, Any]]:
    """Rows of paths, of which one is a URL and one is empty."""
    rows: list[dict[str, Any]] = [
        {
            "id": f"{i:03}",
            "original": f"a/{i}.png",
            "edited": f"b/{i}.png",
            "mask": f"m/{i}.png",
            "instruction": f"make it {i}, please",
            "turn": i,
            "score": i / 4 + 0.5,
        }
        for i in range(count)
    ]
    rows[1]["edited"] = "https://example.org/x.png"
    rows[2]["original"] = ""
    return rows


def image_struct(data: bytes | None, path: str | None = None) -> dict[str, Any]:
    return {"bytes": data, "path": path}


def opened(path: Path, **roles: Any) -> list[Pair | Rejection]:
    return everything(open_source(path, roles=Roles(**roles)))


def keys(row: Pair | Rejection) -> list[str]:
    assert isinstance(row, Pair)
    return [side.key for side in (row.original, row.edited, row.mask) if isinstance(side, Located | Encoded)]
