"""Masks only: rows, masks and scores in Parquet, for pictures that may not be passed on."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from maskwright.datasets.formats import Format
from maskwright.datasets.formats.files import nothing_more
from maskwright.datasets.formats.tables import picture_columns, read_table, write_table

ROLES = ("mask", "ignore")
_KEYS = {"id", "source", "source_original", "source_edited"}


def _holds(folder: Path) -> bool:
    """Masks and the keys of their pictures, and no picture."""
    pictures, names = picture_columns(folder)
    return "mask" in pictures and pictures <= set(ROLES) and names >= _KEYS


FORMAT = Format(
    name="masks",
    says="Masks with the keys of their pictures and no picture; join them to the corpus to train on them.",
    of_ignore="A column ignore beside mask: 255 where nobody can say; null where everything is known.",
    roles=ROLES,
    authentic=True,
    # A mask takes a few kB, so that 5000 of them are some tens of MB.
    rows_in_shard=5000,
    files=lambda n, shards: shards,
    write=partial(write_table, roles=ROLES),
    finish=nothing_more,
    holds=_holds,
    read=read_table,
    loading="""\
from datasets import load_dataset

rows = load_dataset("FOLDER", split="train")
mask, key = rows[0]["mask"], (rows[0]["source"], rows[0]["source_edited"])""",
    layout=(
        ("data/{split}-00000-of-00001.parquet", "the rows of a split: mask, ignore, keys, scores, licence"),
    ),
    hub="data/{split}-*.parquet",
)
