"""The end of a build, when all shards are there: what a format needs once, the card, and every checksum."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maskwright.corpus import atomic
from maskwright.corpus.parts import table_writer
from maskwright.datasets.building.built import CHECKSUMS, LEFT_OUT, SHORTCUTS
from maskwright.datasets.building.plan import PLAN
from maskwright.datasets.building.shards import LEFT, left_out
from maskwright.datasets.card import write_card
from maskwright.datasets.formats import Format
from maskwright.datasets.formats.columns import all_rows
from maskwright.datasets.shortcuts.measure import as_dict, measure_shortcuts
from maskwright.datasets.values import Built


def finish(dataset: Path, built: Built, format: Format) -> None:
    """Make what is made once, and take away what only the build needed.

    The list of checksums is the last file: a dataset that has it is finished.

    Raises:
        RunError: the dataset cannot be written, or what is there cannot be read.
    """
    left = left_out(dataset)
    if left.num_rows:
        with table_writer(dataset / LEFT_OUT, LEFT, ()) as add:
            for row in left.to_pylist():
                add(row)
    format.finish(dataset, built)
    if "picture" in format.roles:
        found = measure_shortcuts(format.read(dataset))
        with atomic.replacing(dataset / SHORTCUTS) as temporary:
            temporary.write_text(json.dumps(as_dict(found), indent=1, sort_keys=True) + "\n")
    write_card(dataset)
    shutil.rmtree((dataset / PLAN).parent, ignore_errors=True)
    write_checksums(dataset)


def is_finished(dataset: Path) -> bool:
    """Whether nothing is to do any more."""
    return (dataset / CHECKSUMS).exists()


def write_checksums(dataset: Path) -> None:
    """The sha256 of every file, as `sha256sum -c checksums.sha256` reads it.

    Those of pictures are of what was to be written, as provenance has them, so that this is a check of
    the disk, too; all others are of what is there.
    """
    with atomic.replacing(dataset / CHECKSUMS) as temporary, temporary.open("w", encoding="utf-8") as lines:
        said: list[int] = []
        for row in all_rows(dataset, ["files"]):
            for file in row["files"] or ():
                if "#" not in file["path"]:
                    said.append(_number(file["path"]))
                    print(_line(file["sha256"], file["path"]), file=lines)
        known = np.sort(np.array(said, np.uint64))
        for path in _files(dataset):
            if not _holds(known, _number(path)):
                with (dataset / path).open("rb") as file:
                    print(_line(hashlib.file_digest(file, "sha256").hexdigest(), path), file=lines)


def _line(digest: str, path: str) -> str:
    """A line of coreutils' lists; a name that would break it is written as they do."""
    if re.search(r"[\\\n\r]", path):
        path = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
        return f"\\{digest}  {path}"
    return f"{digest}  {path}"


def _files(dataset: Path) -> Iterator[str]:
    """Every file but those of the build itself, relative, in order."""
    hidden = PLAN.parent.name
    for place, folders, names in os.walk(dataset):
        here = Path(place).relative_to(dataset)
        folders[:] = sorted(name for name in folders if (here / name) != Path(hidden))
        for name in sorted(names):
            if name != CHECKSUMS and not name.startswith(atomic.TEMPORARY):
                yield (here / name).as_posix()


def _number(path: str) -> int:
    """A path in 8 bytes, so that the list of millions stays small."""
    return int.from_bytes(hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest()[:8], "little")


def _holds(numbers: NDArray[np.uint64], number: int) -> bool:
    at = int(np.searchsorted(numbers, np.uint64(number)))
    return at < len(numbers) and int(numbers[at]) == number
