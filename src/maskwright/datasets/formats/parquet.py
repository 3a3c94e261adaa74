"""Parquet with Hugging Face Image features: pictures and columns in few large files."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from maskwright.datasets.formats import Format
from maskwright.datasets.formats.files import nothing_more
from maskwright.datasets.formats.tables import picture_columns, read_table, write_table

ROLES = ("picture", "mask", "ignore", "original")


def _holds(folder: Path) -> bool:
    """An `image` and a `mask` that are pictures, ours or others'."""
    return {"image", "mask"} <= picture_columns(folder)[0]


FORMAT = Format(
    name="parquet",
    says="Parquet with pictures in it, which Hugging Face datasets loads and its hub shows.",
    of_ignore="A column ignore beside mask: 255 where nobody can say; null where everything is known.",
    roles=ROLES,
    authentic=True,
    # With pictures of 1 MB, half a gigabyte a file: a few hundred MB is what the hub advises.
    rows_in_shard=250,
    files=lambda n, shards: shards,
    write=partial(write_table, roles=ROLES),
    finish=nothing_more,
    holds=_holds,
    read=read_table,
    loading="""\
from datasets import load_dataset

rows = load_dataset("FOLDER", split="train")
picture, mask = rows[0]["image"], rows[0]["mask"]""",
    layout=(
        (
            "data/{split}-00000-of-00001.parquet",
            "the rows of a split: image, mask, ignore, original, columns",
        ),
    ),
    hub="data/{split}-*.parquet",
)
