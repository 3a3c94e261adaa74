"""How many files and bytes a dataset will take, and whether they fit on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from maskwright.datasets.building.entries import Left, Wanted, entries
from maskwright.datasets.building.plan import Planned, split_counts
from maskwright.datasets.building.supply import Supply
from maskwright.datasets.formats import Format
from maskwright.datasets.values import Entry
from maskwright.errors import InputError, RunError
from maskwright.pages.words import counted, size
from maskwright.pairs.picture import encode_png

SAMPLE = 24
"""Rows that are made in memory to see how large they are: some seconds' work. Files of photographs vary by
half of their mean size, so the mean of 24 is known to about a tenth."""

ROW_BYTES = 700
"""A row of provenance and of a format's own table: 300 to 700 bytes with 30 columns of a source."""

HALF_BLOCK = 2048
"""What a file takes on a disk beyond its bytes, on average: half a block of 4096 (mkfs.ext4, mkfs.xfs)."""

MADE_LAST = 6
"""build.json, shortcuts.json, README.md, card.html, checksums.sha256, and a sheet of the card."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What is about to be written.

    Args:
        dataset: the folder.
        counts: split -> label -> pictures.
        funnels: of every corpus: its source, and (what, rows left after it).
        authentic: of every split: (its name, authentic pictures wanted, photographs that can give one).
        files, bytes: about so many; the bytes are estimated from `tried` rows that were made in memory.
        there: pictures that an earlier sitting has written, or has left out.
        free_bytes: on the disk that is to hold them.
        plan_bytes: the table of the plan, in memory.
        licences: (source, its terms, what may be passed on, rows).
        notes: what must be known about how photographs were compared.
    """

    dataset: str
    counts: Mapping[str, Mapping[str, int]]
    funnels: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
    authentic: tuple[tuple[str, int, int], ...]
    files: int
    bytes: int
    tried: int
    there: int
    free_bytes: int
    plan_bytes: int
    licences: tuple[tuple[str, str, str, int], ...]
    notes: tuple[str, ...]


def count_files(format: Format, plan: pa.Table, shards: Sequence[Planned]) -> int:
    """Files of a dataset, about: pictures and tables at most, and what is made last."""
    of_splits = 0
    for split, counts in split_counts(plan).items():
        rows = sum(counts.values())
        if rows:
            of_splits += format.files(rows, sum(each.shard.split == split for each in shards))
    return of_splits + len(shards) + MADE_LAST


def estimate_bytes(plan: pa.Table, supplies: Sequence[Supply], wanted: Wanted) -> tuple[int, int]:
    """(bytes of all pictures and rows, rows that were tried), from rows evenly spread over the plan.

    Raises:
        InputError: none of them can be made; says what is wrong with the first.
    """
    total = plan.num_rows
    places = sorted({total * number // SAMPLE for number in range(SAMPLE)})
    rows = sorted(plan.take(places).to_pylist(), key=lambda row: str(row["stem"]))
    left: list[Left] = []
    made = entries(rows, supplies, wanted, beat=lambda row: None, left=left.append)
    sizes = [_bytes_of(entry, wanted) for entry in made]
    if not sizes:
        raise InputError(
            f"none of {counted(len(left), 'row')} on trial can be made, {left[0].id} of {left[0].source}"
            f" because: {left[0].detail}",
            hint="are the pictures where they were when annotate read them?",
        )
    return round(total * (sum(sizes) / len(sizes) + ROW_BYTES)), len(sizes)


def free_bytes(dataset: Path) -> int:
    """Room on the disk that the folder is on, or will be."""
    there = next(place for place in (dataset.absolute(), *dataset.absolute().parents) if place.exists())
    return shutil.disk_usage(there).free


def refuse_full(dataset: Path, needed: int, free: int) -> None:
    """Refuse what cannot fit.

    Raises:
        RunError: there is less room than needed.
    """
    if needed > free:
        raise RunError(
            f"{dataset} needs about {size(needed)} more, and its disk has {size(free)} free",
            hint="free some space, choose a folder on another disk, or give --pictures jpeg",
        )


def _bytes_of(entry: Entry, wanted: Wanted) -> int:
    found = {"picture": entry.picture, "original": entry.original}
    maps = {"mask": entry.mask, "ignore": entry.ignore}
    return sum(len(each.data) for role, each in found.items() if each and role in wanted.roles) + sum(
        len(encode_png(each)) for role, each in maps.items() if each is not None and role in wanted.roles
    )
