"""The parts' pictures as plain PNG files, for people who want files: a view, never the truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from maskwright.corpus import atomic
from maskwright.corpus.parts import open_part, parts_done
from maskwright.corpus.plan import ANNOTATIONS, Run, load_run

FOLDERS = {"mask": "masks", "ignore": "ignore", "change": "change"}
"""Column -> folder in OUT; layers go to `layers/<name>`."""

# The mask comes last, so that a row that has its mask has all its files.
_LAST = "mask"


def unpack(out: Path | str) -> int:
    """Write `masks/<file>.png`, `ignore/`, `change/`, `layers/` of all finished parts.

    Files that are there already are left alone.

    Returns:
        How many files were written.

    Raises:
        RunError: OUT is no output of this package, a part is damaged, or the disk is full.
    """
    folder = Path(out)
    run = load_run(folder)
    return sum(write_view(folder, run, number, missing_only=True) for number in parts_done(folder))


def write_view(out: Path, run: Run, number: int, *, missing_only: bool = False) -> int:
    """The files of one finished part; returns how many were written."""
    places = {name: out / FOLDERS.get(name, f"layers/{name}") for name in run.frozen.pictures}
    written = 0
    with open_part(out, number) as part:
        if missing_only and _complete(part, places[_LAST]):
            return 0
        for name, folder in sorted(places.items(), key=lambda place: place[0] == _LAST):
            for group in range(part.num_row_groups):
                columns = part.read_row_group(group, columns=["file", name], use_threads=False)
                for file, picture in zip(columns["file"].to_pylist(), columns[name].to_pylist(), strict=True):
                    path = folder / f"{file}.png"
                    if picture is None or (missing_only and path.exists()):
                        continue
                    with atomic.told(folder):
                        folder.mkdir(parents=True, exist_ok=True)
                    with atomic.replacing(path, durable=False) as temporary:
                        temporary.write_bytes(picture["bytes"])
                    written += 1
    return written


def _complete(part: pq.ParquetFile, masks: Path) -> bool:
    """Whether every row that is ok has its files; found without reading pictures."""
    rows = part.read(columns=["file", "status"], use_threads=False)
    return all(
        status != "ok" or (masks / f"{file}.png").exists()
        for file, status in zip(rows["file"].to_pylist(), rows["status"].to_pylist(), strict=True)
    )


def places(out: Path) -> Iterator[Path]:
    """Every folder in OUT that files are written to."""
    yield out
    yield out / ANNOTATIONS
    for name in FOLDERS.values():
        yield out / name
    if (out / "layers").is_dir():
        yield from (out / "layers").iterdir()
