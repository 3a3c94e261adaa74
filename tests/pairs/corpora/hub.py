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


def ultraedit(folder: Path) -> Path:
    """BleachNick/UltraEdit, its card: `mask_image` and `edit_object` are there, their type is null."""
    schema = [
        ("source_image", IMAGE),
        ("edited_image", IMAGE),
        ("edit_prompt", pa.string()),
        ("edit_object", pa.null()),
        ("source_caption", pa.string()),
        ("target_caption", pa.string()),
        ("mask_image", pa.null()),
    ]
    made = [
        {
            "source_image": picture(stored(photograph(i))),
            "edited_image": picture(stored(edited(photograph(i), region()))),
            "edit_prompt": "add a hat",
        }
        for i in range(2)
    ]
    return shard(folder, "FreeForm_0-00000-of-00002", made, schema)


def ultraedit_region(folder: Path, *, mask_scale: int = 1) -> Path:
    """BleachNick/UltraEdit_Region_Based_100k, its card: white is the edit; all white is "no mask".

    `mask_scale`: a mask drawn on the original need not have the size of what came of it.
    """
    part = np.repeat(np.repeat(region(), mask_scale, axis=0), mask_scale, axis=1)
    schema = [
        ("source_image", IMAGE),
        ("edited_image", IMAGE),
        ("edit_prompt", pa.string()),
        ("edit_object", pa.string()),
        ("mask_image", IMAGE),
    ]
    made = [
        {
            "source_image": picture(stored(photograph(i))),
            "edited_image": picture(stored(edited(photograph(i), region()))),
            "edit_prompt": "add a hat",
            "edit_object": "hat",
            "mask_image": picture(stored(np.dstack([part * np.uint8(255)] * 3))),
        }
        for i in range(2)
    ]
    return shard(folder, "RegionBase-00000-of-00095", made, schema)


def hq_edit(folder: Path) -> Path:
    """UCSC-VLAA/HQ-Edit, its card: `input` and `output` are captions; the sides differ by a few pixels."""
    schema = [
        ("input", pa.string()),
        ("input_image", IMAGE),
        ("edit", pa.string()),
        ("inverse_edit", pa.string()),
        ("output", pa.string()),
        ("output_image", IMAGE),
    ]
    made = [
        {
            "input": "a cat",
            "input_image": picture(stored(photograph(1))),
            "edit": "make it a dog",
            "inverse_edit": "make it a cat",
            "output": "a dog",
            "output_image": picture(stored(photograph(1, (62, 47)))),
        }
    ]
    return shard(folder, "train-00000-of-00066", made, schema)


def omniedit(folder: Path, tasks: tuple[str, ...] = ("removal", "swap", "style", "env")) -> Path:
    """TIGER-Lab/OmniEdit-Filtered-1.2M, its card: the instruction is a list of phrasings."""
    schema = [
        ("omni_edit_id", pa.string()),
        ("task", pa.string()),
        ("src_img", IMAGE),
        ("edited_img", IMAGE),
        ("edited_prompt_list", pa.list_(pa.string())),
        ("width", pa.int64()),
        ("height", pa.int64()),
        ("sc_score_1", pa.int64()),
        ("sc_score_2", pa.int64()),
        ("sc_reasoning", pa.string()),
        ("pq_score", pa.int64()),
        ("o_score", pa.float64()),
    ]
    made = [
        {
            "omni_edit_id": f"task_{task}_{i}.jpg",
            "task": task,
            "src_img": picture(stored(photograph(i))),
            "edited_img": picture(stored(edited(photograph(i), region()))),
            "edited_prompt_list": [f"do {task}", f"please do {task}"],
            "width": 64,
            "height": 48,
            "o_score": 9.5,
        }
        for i, task in enumerate(tasks)
    ]
    return shard(folder, "dev-00000-of-00001", made, schema)


ANYEDIT_TYPES = [
    "add",
    "remove",
    "replace",
    "color_alter",
    "appearance_alter",
    "material_change",
    "action_change",
    "textual_change",
    "counting",
    "relation",
    "implicit_change",
    "background_change",
    "tune_transfer",
    "style_change",
    "rotation_change",
    "resize",
    "outpaint",
    "movement",
    "visual_sketch",
    "visual_bbox",
    "visual_material_transfer",
]
"""Values of `edit_type`: those of the card, and of the task tables in the repository."""


def anyedit(folder: Path) -> Path:
    """Bin1117/AnyEdit, its card: `visual_input` is what the edit followed, `input` and `output` captions."""
    schema = [
        ("image_id", pa.string()),
        ("edit_instruction", pa.string()),
        ("edit_type", pa.string()),
        ("image_file", IMAGE),
        ("edited_file", IMAGE),
        ("visual_input", IMAGE),
        ("input", pa.string()),
        ("output", pa.string()),
    ]
    sketch = picture(stored(region()))
    made = [
        {
            "image_id": f"{i:05}",
            "edit_instruction": f"{kind} it",
            "edit_type": kind,
            "image_file": picture(stored(photograph(i))),
            "edited_file": picture(stored(edited(photograph(i), region()))),
            "visual_input": sketch if kind.startswith("visual") else None,
            "input": "a cat",
            "output": "a dog",
        }
        for i, kind in enumerate(ANYEDIT_TYPES)
    ]
    return shard(folder, "validation-00000-of-00001", made, schema)


def humanedit(folder: Path) -> Path:
    """BryanW/HumanEdit, its card, and mask_convert.py of viiika/HumanEdit: black of MASK_IMG is the edit.

    `MASK` and `CORE` are flags.
    """
    schema = [
        ("IMAGE_ID", pa.string()),
        ("EDITING_TYPE", pa.string()),
        ("CORE", pa.int32()),
        ("MASK", pa.int32()),
        ("EDITING_INSTRUCTION", pa.string()),
        ("OUTPUT_DESCRIPTION", pa.string()),
        ("INPUT_CAPTION_BY_LLAMA", pa.string()),
        ("OUTPUT_CAPTION_BY_LLAMA", pa.string()),
        ("INPUT_IMG", IMAGE),
        ("MASK_IMG", IMAGE),
        ("OUTPUT_IMG", IMAGE),
    ]
    erased = np.where(region()[:, :, None], 0, photograph(1)).astype(np.uint8)
    made = [
        {
            "IMAGE_ID": "an_id",
            "EDITING_TYPE": "Remove",
            "CORE": 1,
            "MASK": 1,
            "EDITING_INSTRUCTION": "remove the cup",
            "INPUT_IMG": picture(stored(photograph(1))),
            "MASK_IMG": picture(stored(erased)),
            "OUTPUT_IMG": picture(stored(edited(photograph(1), region()))),
        }
    ]
    return shard(folder, "train-00000-of-00033", made, schema)


def crispedit(folder: Path) -> Path:
    """WeiChow/CrispEdit-2M by a pipeline over its shards: four columns, seven types."""
    schema = [
        ("input_img", IMAGE),
        ("output_img", IMAGE),
        ("instruction", pa.string()),
        ("type", pa.string()),
    ]
    made = [
        {
            "input_img": picture(stored(photograph(i))),
            "output_img": picture(stored(edited(photograph(i), region()))),
            "instruction": f"{kind} it",
            "type": kind,
        }
        for i, kind in enumerate(("add", "remove", "replace", "color", "motion", "background", "style"))
    ]
    return shard(folder, "add_00000", made, schema)
