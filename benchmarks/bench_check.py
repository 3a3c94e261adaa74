"""How many planted defects `maskwright check` finds, and what it says of the same dataset without them.

    python benchmarks/bench_check.py [--pairs 700] [--each 20] [--seed 6] [--split val] [--workers N] [--json]

Three clean datasets: pairs with known masks that `maskwright generate` makes of the `val` photographs, as
an ImageFolder with their originals, and as Tp and Gt without them, each photograph in one split; and the
real pairs of MASKWRIGHT_DATA/pairs as an ImageFolder. Of each a copy gets 20 defects of every kind, a row
one. Printed a kind: planted, found (the row is named, with a kind that explains it), and rows of the clean
dataset that are said to have it. A suspicion counts as found, and as a false alarm. Nothing was chosen on
these pairs.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from maskwright.corpus.generate import generate
from maskwright.corpus.inspect.known import TURNS
from maskwright.datasets.check.checking import check
from maskwright.datasets.check.values import Checked
from maskwright.measures.metrics import pixel_iou
from maskwright.pairs.picture import encode_png, read_mask, read_picture
from maskwright.pairs.values import Mask

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
LEAST_SHIFT, MOST_SHIFT = 16, 48
UNLIKE = 0.8
"""A turned mask must differ from itself by so much IoU to be a defect at all."""


@dataclass(frozen=True)
class Row:
    """One pair on disk: its split, its name, and the photograph it shows."""

    split: str
    stem: str
    suffix: str
    original_suffix: str
    photo: str


@dataclass(frozen=True)
class Made:
    """A dataset on disk."""

    folder: Path
    layout: str
    rows: list[Row]

    def path(self, row: Row, role: str) -> Path:
        if self.layout == "imdlbenco":
            name = {"picture": "Tp", "mask": "Gt"}[role]
        else:
            name = {"picture": "images", "mask": "masks", "original": "originals"}[role]
        suffix = {"picture": row.suffix, "mask": ".png", "original": row.original_suffix}[role]
        return self.folder / row.split / name / f"{row.stem}{suffix}"

    def id(self, row: Row) -> str:
        return self.path(row, "picture").relative_to(self.folder).as_posix()


def encoded(pixels: NDArray[np.uint8], format_: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format_, **options)
    return stream.getvalue()


def split_of(photo: str) -> str:
    """Two thirds of the photographs are for training."""
    return "test" if zlib.crc32(photo.encode()) % 3 == 0 else "train"


def write_dataset(table: Path, folder: Path, layout: str) -> Made:
    """The pairs of a table that have an edit, as a dataset."""
    rows = []
    with table.open(newline="", encoding="utf-8") as lines:
        for number, line in enumerate(csv.DictReader(lines)):
            mask = read_mask(table.parent / line["mask"])
            if not mask.any() or mask.mean() > 0.99:
                continue
            photo, donor = line.get("photo") or line["original"], line.get("donor")
            if donor and split_of(donor) != split_of(photo):
                continue  # what was pasted would show its photograph in both splits
            edited, original = table.parent / line["edited"], table.parent / line["original"]
            row = Row(split_of(photo), f"{number:06d}", edited.suffix, original.suffix, photo)
            rows.append(row)
            made = Made(folder, layout, rows)
            roles = {"picture": edited.read_bytes(), "mask": encode_png(mask)}
            if layout != "imdlbenco":
                roles["original"] = original.read_bytes()
            for role, data in roles.items():
                made.path(row, role).parent.mkdir(parents=True, exist_ok=True)
                made.path(row, role).write_bytes(data)
    made = Made(folder, layout, rows)
    write_lists(made)
    return made


def write_lists(made: Made) -> None:
    if made.layout == "imdlbenco":
        return
    for split in sorted({row.split for row in made.rows}):
        lines = [
            {
                "file_name": f"images/{row.stem}{row.suffix}",
                "mask_file_name": f"masks/{row.stem}.png",
                "original_file_name": f"originals/{row.stem}{row.original_suffix}",
                "label": "forged",
            }
            for row in made.rows
            if row.split == split
        ]
        (made.folder / split / "metadata.jsonl").write_text(
            "".join(json.dumps(line) + "\n" for line in lines)
        )


Plant = Callable[[Made, Row, Generator], "str | None"]
"""Spoils a row on disk; gives the id that must be named, None where this row cannot have the defect."""


def on_mask(change: Callable[[Mask, Generator], bytes | None]) -> Plant:
    def plant(made: Made, row: Row, rng: Generator) -> str | None:
        path = made.path(row, "mask")
        data = change(read_mask(path), rng)
        if data is None:
            return None
        path.write_bytes(data)
        return made.id(row)

    return plant


def soft(mask: Mask, rng: Generator) -> bytes:
    """Anti-aliased as by a drawing program, or coloured with a darker rim."""
    levels = mask.astype(np.uint8) * np.uint8(255)
    if rng.random() < 0.5:
        return encoded(cv2.GaussianBlur(levels, (0, 0), 1.5))
    rim = (cv2.dilate(levels, np.ones((5, 5), np.uint8)) > 0) & ~mask
    colours = np.zeros((*mask.shape, 3), np.uint8)
    colours[mask], colours[rim] = (255, 255, 255), (200, 0, 0)
    return encoded(colours)


def dark(mask: Mask, rng: Generator) -> bytes:
    """Levels 0 and 1, or 128 of red."""
    if rng.random() < 0.5:
        return encoded(mask.astype(np.uint8))
    return encoded(mask[:, :, None] * np.array([128, 0, 0], np.uint8))


def other_size(mask: Mask, rng: Generator) -> bytes:
    """Half the size, or of another frame."""
    height, width = mask.shape
    size = (width // 2, height // 2) if rng.random() < 0.5 else (width + 24, height)
    sized = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return encode_png(sized.astype(bool))


def shifted(mask: Mask, rng: Generator) -> bytes | None:
    for _ in range(30):
        angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(LEAST_SHIFT, MOST_SHIFT)
        step = np.float32([[1, 0, round(length * np.cos(angle))], [0, 1, round(length * np.sin(angle))]])
        if np.hypot(*step[:, 2]) < LEAST_SHIFT:
            continue
        moved = cv2.warpAffine(mask.astype(np.uint8), step, mask.shape[::-1], flags=cv2.INTER_NEAREST) > 0
        if moved.sum() > 0.6 * mask.sum():
            return encode_png(moved)
    return None


def turned(mask: Mask, rng: Generator) -> bytes | None:
    names = [
        name
        for name, turn in TURNS.items()
        if turn(mask).shape != mask.shape or pixel_iou(turn(mask), mask) < UNLIKE
    ]
    return encode_png(np.ascontiguousarray(TURNS[str(rng.choice(names))](mask))) if names else None


def missing(made: Made, row: Row, rng: Generator) -> str:
    made.path(row, "mask").unlink()
    return made.id(row)


def cut(role: str) -> Plant:
    def plant(made: Made, row: Row, rng: Generator) -> str:
        path = made.path(row, role)
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 3])
        return made.id(row)

    return plant


def swapped(made: Made, row: Row, rng: Generator) -> str | None:
    picture, original = made.path(row, "picture"), made.path(row, "original")
    first, second = picture.read_bytes(), original.read_bytes()
    if first == second:
        return None
    picture.write_bytes(second)
    original.write_bytes(first)
    return made.id(row)


def oriented(made: Made, row: Row, rng: Generator) -> str:
    path = made.path(row, "picture")
    exif = Image.Exif()
    exif[0x0112] = 3
    format_ = {".jpg": "JPEG", ".jpeg": "JPEG"}.get(row.suffix, "PNG")
    path.write_bytes(encoded(read_picture(path).pixels, format_, exif=exif))
    return made.id(row)


def again(made: Made, row: Row, rng: Generator, split: str) -> str:
    """The row once more under another name: the same file, or saved again, or smaller and saved again."""
    copy = Row(split, f"9{row.stem}", row.suffix, row.original_suffix, row.photo)
    how = int(rng.integers(3))
    for role in ("picture", "mask", "original") if made.layout != "imdlbenco" else ("picture", "mask"):
        data = made.path(row, role).read_bytes()
        if how and role != "mask":
            pixels = read_picture(data).pixels
            if how == 2:
                pixels = cv2.resize(pixels, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
            data = encoded(np.asarray(pixels, np.uint8), "JPEG", quality=85)
        elif how == 2:
            height, width = read_picture(made.path(copy, "picture")).pixels.shape[:2]
            sized = cv2.resize(
                read_mask(data).astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
            )
            data = encode_png(sized > 0)
        made.path(copy, role).write_bytes(data)
    made.rows.append(copy)
    return made.id(copy)


def duplicate(made: Made, row: Row, rng: Generator) -> str:
    return again(made, row, rng, row.split)


def leak(made: Made, row: Row, rng: Generator) -> str:
    again(made, row, rng, "test" if row.split == "train" else "train")
    return next(made.id(each) for each in made.rows if each.stem.endswith(row.stem) and each.split == "train")


def stray(made: Made, row: Row, rng: Generator) -> str:
    """What systems leave behind, among the masks: it comes first, and moves all."""
    path = made.path(row, "mask").with_name(f".{row.stem}.DS_Store")
    path.write_bytes(b"\0\0\0\1Bud1")
    return path.relative_to(made.folder).as_posix()


FILES: dict[str, tuple[Plant, tuple[str, ...]]] = {
    "mask_missing": (missing, ("mask_missing", "pairing_broken")),
    "picture_unreadable": (cut("picture"), ("picture_unreadable",)),
    "mask_unreadable": (cut("mask"), ("mask_unreadable",)),
    "mask_other_size": (on_mask(other_size), ("mask_other_size",)),
    "mask_dark": (on_mask(dark), ("mask_dark",)),
    "mask_soft": (on_mask(soft), ("mask_soft", "mask_dark")),
    "mask_lossy": (
        on_mask(lambda mask, rng: encoded(mask.astype(np.uint8) * np.uint8(255), "JPEG", quality=85)),
        ("mask_lossy",),
    ),
    "mask_empty": (on_mask(lambda mask, rng: encode_png(mask & False)), ("mask_empty",)),
    "mask_full": (on_mask(lambda mask, rng: encode_png(mask | True)), ("mask_full",)),
    "orientation_tag": (oriented, ("orientation_tag",)),
    "duplicate": (duplicate, ("duplicate", "maybe_duplicate")),
    "leak": (leak, ("leak",)),
}
ORIGINALS: dict[str, tuple[Plant, tuple[str, ...]]] = {
    "mask_inverted": (on_mask(lambda mask, rng: encode_png(~mask)), ("mask_inverted", "mask_maybe_inverted")),
    "mask_turned": (on_mask(turned), ("mask_turned",)),
    "mask_shifted": (on_mask(shifted), ("mask_shifted",)),
    "sides_swapped": (swapped, ("sides_swapped", "sides_maybe_swapped")),
}
"""Kind -> what plants it, and the kinds that name it."""


def plant_all(
    made: Made, kinds: dict[str, tuple[Plant, tuple[str, ...]]], each: int, seed: int
) -> dict[str, list[str]]:
    """Every kind in rows of its own; gives kind -> ids that must be named."""
    rng = np.random.default_rng(seed)
    rows = [made.rows[place] for place in rng.permutation(len(made.rows))]
    planted: dict[str, list[str]] = {}
    for kind, (plant, _) in kinds.items():
        ids: list[str] = []
        while rows and len(ids) < each:
            if (id_ := plant(made, rows.pop(), rng)) is not None:
                ids.append(id_)
        planted[kind] = ids
    write_lists(made)
    return planted


def named(checked: Checked, ids: list[str], kinds: tuple[str, ...]) -> list[str]:
    known = {(defect.id, defect.kind) for defect in checked.defects}
    return [id_ for id_ in ids if any((id_, kind) in known for kind in kinds)]


def measured(
    title: str,
    made: Made,
    groups: list[dict[str, tuple[Plant, tuple[str, ...]]]],
    options: argparse.Namespace,
) -> dict[str, object]:
    """A clean check, and one of a copy for each group of kinds."""
    clean = check(made.folder, workers=options.workers)
    alarms = [(defect.id, defect.kind, defect.detail) for defect in clean.defects]
    lines, beside = [], []
    for number, kinds in enumerate(groups):
        copy = made.folder.with_name(f"{made.folder.name}_{number}")
        shutil.copytree(made.folder, copy)
        planted = plant_all(Made(copy, made.layout, list(made.rows)), kinds, options.each, options.seed)
        checked = check(copy, workers=options.workers)
        every = {id_ for ids in planted.values() for id_ in ids}
        beside += [(each.id, each.kind, each.detail) for each in checked.defects if each.id not in every]
        for kind, ids in planted.items():
            found = named(checked, ids, kinds[kind][1])
            false = sum(alarm[1] in kinds[kind][1] for alarm in alarms)
            missed = [id_ for id_ in ids if id_ not in found]
            lines.append(
                {"kind": kind, "planted": len(ids), "found": len(found), "false": false, "missed": missed}
            )
    return {"title": title, "rows": clean.rows, "lines": lines, "clean": alarms, "beside": beside}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=int, default=700)
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--split", choices=("train", "val"), default="val")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument(
        "--only", choices=("originals", "none", "real"), nargs="+", default=["originals", "none", "real"]
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    results = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if {"originals", "none"} & set(options.only):
            generate(
                DATA / "photos" / "photos.csv",
                folder / "made",
                n=options.pairs,
                seed=options.seed,
                split=options.split,
                workers=options.workers,
            )
        if "originals" in options.only:
            made = write_dataset(folder / "made" / "pairs.csv", folder / "originals", "imagefolder")
            results.append(measured("generated, with originals", made, [ORIGINALS, FILES], options))
        if "none" in options.only:
            made = write_dataset(folder / "made" / "pairs.csv", folder / "none", "imdlbenco")
            kinds = FILES | {
                "stray_file": (stray, ("stray_file",)),
                "mask_inverted": ORIGINALS["mask_inverted"],
            }
            results.append(measured("generated, Tp and Gt", made, [kinds], options))
        if "real" in options.only:
            made = write_dataset(DATA / "pairs" / "pairs.csv", folder / "real", "imagefolder")
            results.append(measured("real pairs", made, [ORIGINALS], options))
    if options.json:
        print(json.dumps(results, indent=1))
        return
    for result in results:
        print(f"\n{result['title']}, {result['rows']} rows")
        print(f"{'kind':20} planted  found  false alarms on the clean one")
        for line in result["lines"]:  # type: ignore[attr-defined]
            missed = f"   missed: {', '.join(line['missed'][:6])}" if line["missed"] else ""
            print(f"{line['kind']:20} {line['planted']:7}  {line['found']:5}  {line['false']:5}{missed}")
        for word in ("clean", "beside"):
            for alarm in result[word]:  # type: ignore[attr-defined]
                print(f"  {word}: {' '.join(alarm)[:160]}")


if __name__ == "__main__":
    main()
