"""Corpora that come as Parquet with pictures inside, as the cards on the Hugging Face hub describe them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from maskwright.pairs.values import Encoded
from tests.pairs.corpora.pictures import edited, photograph, region, stored

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
"""How `datasets` stores a picture."""


def picture(data: bytes) -> dict[str, Any]:
    return {"bytes": data, "path": None}


def shard(folder: Path, name: str, rows: list[dict[str, Any]], schema: list[tuple[str, pa.DataType]]) -> Path:
    """One Parquet file below `data/`; gives the folder of the corpus."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, pa.schema(schema)), folder / "data" / f"{name}.parquet")
    return folder


def located(array: np.ndarray[Any, Any]) -> Encoded:
    """A picture as a source gives it."""
    return Encoded(stored(array), "made")


def without_a_target(table: Path, row: int) -> None:
    """Take the last picture of a row away."""
    rows = pq.read_table(table)
    cells = rows.column("target_img").to_pylist()
    cells[row] = None
    place = rows.schema.get_field_index("target_img")
    pq.write_table(rows.set_column(place, rows.field(place), pa.array(cells, IMAGE)), table)


def instructpix2pix(folder: Path, rows: int = 3) -> Path:
    """timbrooks/instructpix2pix-clip-filtered, its card: two generated pictures and three texts a row."""
    schema = [
        ("original_prompt", pa.string()),
        ("original_image", IMAGE),
        ("edit_prompt", pa.string()),
        ("edited_prompt", pa.string()),
        ("edited_image", IMAGE),
    ]
    made = [
        {
            "original_prompt": f"a field {i}",
            "original_image": picture(stored(photograph(i), "JPEG", quality=95)),
            "edit_prompt": f"make it snow {i}",
            "edited_prompt": f"a field {i} in snow",
            "edited_image": picture(stored(edited(photograph(i), region()), "JPEG", quality=95)),
        }
        for i in range(rows)
    ]
    return shard(folder, "train-00000-of-00262-504e7f83f6a75c50", made, schema)


def magicbrush(folder: Path, turns: tuple[int, ...] = (1, 2, 1, 1), *, mask_scale: int = 1) -> Path:
    """osunlp/MagicBrush, its card and issue 10: sessions of turns; the mask is the picture with a hole.

    A turn's source is the target of the turn before. `mask_scale`: masks may have another resolution.
    """
    schema = [
        ("img_id", pa.string()),
        ("turn_index", pa.int32()),
        ("source_img", IMAGE),
        ("mask_img", IMAGE),
        ("instruction", pa.string()),
        ("target_img", IMAGE),
    ]
    made: list[dict[str, Any]] = []
    source, session = photograph(0), 0
    for turn in turns:
        if turn == 1:
            session += 1
            source = photograph(session)
        target = edited(source, region() if turn == 1 else region()[::-1, ::-1])
        part = region() if turn == 1 else region()[::-1, ::-1]
        made.append(
            {
                "img_id": str(1000 + session),
                "turn_index": turn,
                "source_img": picture(stored(source)),
                "mask_img": picture(with_hole(source, part, mask_scale)),
                "instruction": f"session {session} turn {turn}",
                "target_img": picture(stored(target)),
            }
        )
        source = target
    return shard(folder, "train-00000-of-00051-9fd9f23e2b1cb397", made, schema)


def with_hole(source: np.ndarray[Any, Any], part: np.ndarray[Any, Any], scale: int = 1) -> bytes:
    """RGBA of which the part is transparent, the colours below it kept, as an editor's eraser leaves them."""
    pixels = np.dstack([source, np.where(part, 0, 255).astype(np.uint8)])
    return stored(np.repeat(np.repeat(pixels, scale, axis=0), scale, axis=1))


def pipe(folder: Path, texts: tuple[tuple[str, str, str], ...] = (("", "", "add a cat"),)) -> Path:
    """paint-by-inpaint/PIPE, its card and dataset.py: `target_img` is the photograph.

    `texts`: what a row's three instructions hold, in the order of `Instruction_VLM-LLM`,
    `Instruction_Class`, `Instruction_Ref_Dataset`.
    """
    schema = [
        ("source_img", IMAGE),
        ("target_img", IMAGE),
        ("Instruction_VLM-LLM", pa.string()),
        ("Instruction_Class", pa.string()),
        ("Instruction_Ref_Dataset", pa.string()),
        ("object_location", pa.string()),
        ("target_img_dataset", pa.string()),
        ("img_id", pa.string()),
        ("ann_id", pa.string()),
    ]
    made = [
        {
            "source_img": picture(stored(edited(photograph(i), region()))),
            "target_img": picture(stored(photograph(i))),
            "Instruction_VLM-LLM": text[0],
            "Instruction_Class": text[1],
            "Instruction_Ref_Dataset": text[2],
            "object_location": "left",
            "target_img_dataset": "COCO",
            "img_id": str(70 + i),
            "ann_id": str(7 + i),
        }
        for i, text in enumerate(texts)
    ]
    return shard(folder, "train-00000-of-00160", made, schema)
