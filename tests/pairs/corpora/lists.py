"""Corpora whose rows name picture files, in columns or in lists, as their repositories describe them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.pairs.corpora.folders import write
from tests.pairs.corpora.pictures import edited, photograph, region, stored

FLICKR = "https://farm8.staticflickr.com/2915/{}_o.jpg"


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def pictures(folder: Path, *files: str) -> None:
    """A picture in each file, another one each."""
    for file in files:
        seed = sum(map(ord, file))
        write(
            folder / file,
            stored(edited(photograph(seed), region()), file.rpartition(".")[2].replace("jpg", "jpeg")),
        )


def pico_banana(folder: Path, *, local: bool = True) -> Path:
    """sft.jsonl of apple/pico-banana-400k: a line of it, and what its mapping script adds."""
    rows = []
    for i, kind in enumerate(
        (
            "Remove an existing object",
            "Change overall color tone (warm ↔ cool)",
            "Strong artistic style transfer (e.g., Van Gogh/anime/etc.)",
            "Outpainting (extend canvas beyond boundaries)",
            "Zoom in",
            "Change an object's attribute (e.g., color/material)",
        )
    ):
        row = {
            "open_image_input_url": FLICKR.format(i),
            "text": f"Do {i}.",
            "output_image": f"images/positive-edit/{i}.png",
            "edit_type": kind,
            "summarized_text": f"{i} done",
        }
        if local:
            row["local_input_image"] = f"openimages/train_0/{i}.jpg"
            pictures(folder, f"openimages/train_0/{i}.jpg")
        pictures(folder, f"images/positive-edit/{i}.png")
        rows.append(row)
    return lines(folder / "sft.jsonl", rows)


def pico_banana_sessions(folder: Path, turns: tuple[int, ...] = (5, 2)) -> Path:
    """multi-turn.jsonl: files of a session by id, in no order; the last edit is `final_image`."""
    rows = []
    for session, count in enumerate(turns):
        names = [f"images/multi-turn/{session}_turn{n}.png" for n in range(1, count + 1)]
        files = [{"id": f"edit_turn{n}", "url": name} for n, name in enumerate(names[:-1], 1)]
        files.append({"id": "final_image", "url": names[-1]})
        files.append({"id": "original_input_image", "url": FLICKR.format(session)})
        pictures(folder, *names, f"openimages/{session}.jpg")
        rows.append(
            {
                "files": files,
                "metadata_edit_turn_prompts": [f"edit {n} of {session}" for n in range(1, count + 1)],
                "local_input_image": f"openimages/{session}.jpg",
            }
        )
    return lines(folder / "multi-turn.jsonl", rows)


def imgedit(folder: Path) -> Path:
    """remove_part5.parquet of sysuyy/ImgEdit, its README: lists of one path each."""
    name = "results_remove_laion_part5/00094_00030_000304748"
    pictures(folder, f"{name}/original.png", f"{name}/result.png")
    row = {
        "input_images": [f"{name}/original.png"],
        "output_images": [f"{name}/result.png"],
        "prompt": "Remove the people.",
    }
    pq.write_table(pa.Table.from_pylist([row]), folder / "remove_part5.parquet")
    return folder / "remove_part5.parquet"


def imgedit_sessions(folder: Path, turns: tuple[int, ...] = (3, 2)) -> Path:
    """version_backtracking_part0.parquet, its README: a list of edits that each name their original."""
    rows = []
    for session, count in enumerate(turns):
        name = f"results_version_backtracking_part0/{session}"
        pictures(folder, *(f"{name}/{side}_{n}.png" for n in range(count) for side in ("origin", "result")))
        rows.append(
            {
                "data": [
                    {
                        "input_images": [f"{name}/origin_{n}.png"],
                        "output_images": [f"{name}/result_{n}.png"],
                        "prompt": f"edit {n} of {session}",
                    }
                    for n in range(count)
                ]
            }
        )
    pq.write_table(pa.Table.from_pylist(rows), folder / "version_backtracking_part0.parquet")
    return folder / "version_backtracking_part0.parquet"


def gpt_image_edit(folder: Path) -> Path:
    """A list of wyhlovecpp/GPT-Image-Edit by its own loader: `image` holds input, then output."""
    pictures(folder, "input/0.png", "output/0.png")
    row = {
        "image": ["input/0.png", "output/0.png"],
        "conversations": [
            {"from": "human", "value": "<image>\nPaint the door red."},
            {"from": "gpt", "value": "<image>"},
        ],
    }
    (folder / "hqedit_gpt_edit.json").write_text(json.dumps([row]))
    return folder / "hqedit_gpt_edit.json"


def nhr_edit(folder: Path) -> Path:
    """train/metadata.jsonl of iitolstykh/NHR-Edit, by its card and a loader of others."""
    pictures(folder / "train", "images/00/image_1_original.jpg", "images/00/image_1_edited_2.jpg")
    row = {
        "sample_id": "1_2",
        "source_file_name": "images/00/image_1_original.jpg",
        "edited_file_name": "images/00/image_1_edited_2.jpg",
        "edit_instruction": "remove the lamp",
        "augmented_instructions": ["take the lamp away"],
        "category": "Remove",
        "img_width": 64,
        "img_height": 48,
    }
    return lines(folder / "train" / "metadata.jsonl", [row])


def seed_sessions(folder: Path, turns: tuple[int, ...] = (3, 1)) -> Path:
    """multi_turn_editing of AILab-CVC/SEED-Data-Edit-Part2-3, by a loader of others: numbered columns.

    Paths begin in `images`, the lists lie in `annotations`. One session lies in a folder of damaged files.
    """
    root = folder / "multi_turn_editing"
    rows = []
    for session, count in enumerate((*turns, 1)):
        name = f"20240330_315P_1323turns/Data/{100 + session if session < len(turns) else 209}"
        row = {"source_image": f"{name}/0.png"}
        for n in range(1, count + 1):
            row |= {f"edit_image_{n}": f"{name}/{n}.png", f"instruction_{n}": f"edit {n} of {session}"}
        pictures(root / "images", *(f"{name}/{n}.png" for n in range(count + 1)))
        rows.append(row)
    return lines(root / "annotations" / "split_0.jsonl", rows)
