"""Datasets made for tests: entries, and a folder in a format with its provenance, as build leaves it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from maskwright.datasets.formats import Format, Put, Shard, load_format
from maskwright.datasets.values import ROW, SPLITS, Built, Entry, Stored
from tests.strategies import masks

BUILT = Built(
    name="made",
    format="",
    taken=(),
    fractions=(0.8, 0.1, 0.1),
    seed=0,
    authentic=1.0,
    regeneration="keep",
    encoding="png",
    restricted="refuse",
    licence="",
    excluded=(),
    photographs=True,
    versions={},
    plan="",
    rows=0,
    files=0,
    bytes=0,
    command="maskwright build made",
)


def stored(picture: NDArray[np.uint8], suffix: str = ".png") -> Stored:
    """A picture as a file of its own."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, {".png": "PNG", ".jpg": "JPEG"}[suffix])
    return Stored(stream.getvalue(), suffix)


def entry(
    number: int,
    *,
    split: str = "train",
    label: str = "forged",
    size: tuple[int, int] = (12, 17),
    mask: NDArray[np.bool_] | None = None,
    ignore: NDArray[np.bool_] | None = None,
    suffix: str = ".png",
    **row: Any,
) -> Entry:
    """An entry whose picture is noise of its own and whose mask is a block, unless it is given."""
    rng = np.random.default_rng(number)
    height, width = size if mask is None else mask.shape
    picture = rng.integers(0, 256, (height, width, 3), np.uint8)
    if mask is None:
        mask = np.zeros((height, width), bool)
        mask[height // 4 : height // 2, : 1 + width // 2] = label == "forged"
    original = None
    if label == "forged":
        before = picture.copy()
        before[mask] = 255 - before[mask]
        original = stored(before, suffix)
    stem = f"{number:06d}"
    columns: dict[str, Any] = {
        **dict.fromkeys(name for name in ROW if name != "files"),
        "stem": stem,
        "split": split,
        "label": label,
        "id": f"pairs/{number}.png",
        "source": "made",
        "original": f"before/{number}.png",
        "edited": f"after/{number}.png",
        "photograph": number,
        "instruction": 'add a kite, "not" a drone\u2028',
        "width": width,
        "height": height,
        "regeneration": "keep",
        "area_frac": float(mask.mean()),
        "qes": 0.5 if label == "forged" else None,
        "columns": "{}",
        **row,
    }
    return Entry(stem, split, label, stored(picture, suffix), original, mask, ignore, columns)


def mixed(rows: int = 9, *, suffix: str = ".png") -> list[Entry]:
    """Forged and authentic ones in all splits, some with ignore, sizes mixed."""
    splits = [SPLITS[0] if i < rows - 4 else SPLITS[1] if i < rows - 2 else SPLITS[2] for i in range(rows)]
    made = []
    for number, split in enumerate(splits):
        size = (12, 17) if number % 3 else (15, 10)
        label = "authentic" if number % 2 else "forged"
        ignore = np.zeros(size, bool)
        ignore[-3:, -4:] = True
        unsure = ignore if label == "forged" and number % 4 == 0 else None
        made.append(entry(number, split=split, label=label, size=size, ignore=unsure, suffix=suffix))
    return made


WORDS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
"""Letters of any script; corpora refuse text with a NUL or lone surrogates."""


@st.composite
def entries(draw: st.DrawFn) -> list[Entry]:
    """One to five entries of any sizes and masks; text and numbers of their rows may be missing."""
    made = []
    for number in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["forged", "authentic"]))
        mask = draw(masks())
        if kind == "authentic":
            mask = np.zeros_like(mask)
        ignore = draw(st.sampled_from([None, np.ones_like(mask), ~mask]))
        made.append(
            entry(
                number,
                split=draw(st.sampled_from(SPLITS)),
                label=kind,
                mask=mask,
                ignore=ignore,
                instruction=draw(st.none() | st.text(WORDS, max_size=20)),
                qes=draw(st.none() | st.floats(0, 1)),
                licence=draw(st.sampled_from([None, "CC-BY-4.0"])),
            )
        )
    return sorted(made, key=lambda one: SPLITS.index(one.split))


def wanted(form: Format, given: Sequence[Entry]) -> list[Entry]:
    """Those entries that a build hands to a format."""
    return [one for one in given if form.authentic or one.label == "forged"]


def shards(given: Sequence[Entry], rows: int = 2) -> list[tuple[Shard, list[Entry]]]:
    """The entries of every split, a few at a time."""
    found = []
    for split in SPLITS:
        of = [one for one in given if one.split == split]
        parts = [of[start : start + rows] for start in range(0, len(of), rows)]
        found += [(Shard(split, number, len(parts)), part) for number, part in enumerate(parts)]
    return found


def write(folder: Path, name: str, given: Sequence[Entry], *, rows: int = 2) -> list[Put]:
    """A whole dataset with its provenance, as build leaves it; what was put where."""
    form, puts = load_format(name), []
    for shard, part in shards(wanted(form, given), rows):
        put = list(form.write(folder, shard, part))
        puts += put
        write_provenance(folder, shard, part, put)
    form.finish(folder, BUILT)
    return puts


def write_provenance(folder: Path, shard: Shard, part: Sequence[Entry], puts: Sequence[Put]) -> None:
    """The table of a shard's rows."""
    rows = [
        {
            **one.row,
            "files": [
                {
                    "role": put.role,
                    "path": put.path,
                    "bytes": len(put.data),
                    "sha256": hashlib.sha256(put.data).hexdigest(),
                }
                for put in puts
                if put.stem == one.stem
            ],
        }
        for one in part
    ]
    place = folder / "provenance"
    place.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(rows, pa.schema([(column, kind) for column, (kind, _) in ROW.items()]))
    pq.write_table(table, place / f"{shard.split}-{shard.number:05d}.parquet")


def pixels(data: bytes) -> NDArray[np.uint8]:
    """A picture file as Pillow decodes it."""
    return np.asarray(Image.open(io.BytesIO(data)))
