"""How many silent mistakes `inspect` finds, and how often it is wrong about a source without one.

    python benchmarks/bench_inspect.py [--split val] [--sources 20] [--pairs 30] [--only KIND ...] [--json]

For every kind of mistake 20 sources of 30 pairs: photographs with edits of `maskwright.synthesis`, saved as
PNG, JPEG or WebP, in folders of four layouts, CSV, JSON Lines or Parquet, with known masks, with backgrounds
left alone, saved again or regenerated. The same sources without the mistake are the clean ones. Printed a
kind: sources in which it was found, and what else was said of them; last, everything said of clean sources.
"Edited once" sources have 60 pairs in which the edit is all that happened. Thresholds were chosen on
`train`; figures are of `val`. Needs the photographs (MASKWRIGHT_DATA).
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import platform
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from maskwright.corpus.inspect import Inspection, inspect
from maskwright.errors import InputError
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis.recipes import draw_edits, make_pair
from maskwright.synthesis.regenerate import regenerate
from maskwright.synthesis.steps import begin, chain

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
LAYOUTS = ("folders", "numbers", "endings", "suffixes", "csv", "jsonl", "parquet")
TABLES = ("csv", "jsonl", "parquet")
ONCE_PAIRS = 60
"""As many as `inspect` looks at."""
BACKGROUNDS = ("identical", "resaved", "resaved", "regenerated")


@dataclass(frozen=True)
class Row:
    """Files of one pair; None where one is not there."""

    original: bytes
    edited: bytes
    mask: bytes | None
    instruction: str = "change it"


@dataclass(frozen=True)
class Made:
    """A source before it is written: its rows, how they are laid out, and what each is called."""

    number: int
    rows: list[Row]
    layout: str
    background: str


def encoded(pixels: NDArray[np.uint8], format_: str, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format_, **options)
    return stream.getvalue()


def saved(picture: Picture, format_: str, rng: Generator) -> bytes:
    if format_ == "PNG":
        return encoded(picture, "PNG", compress_level=1)
    if format_ == "WEBP":
        return encoded(picture, "WEBP", quality=int(rng.integers(80, 96)))
    subsampling = str(rng.choice(["4:2:0", "4:4:4"]))
    return encoded(picture, "JPEG", quality=int(rng.integers(75, 97)), subsampling=subsampling)


def as_mask(mask: Mask) -> bytes:
    return encoded((mask * 255).astype(np.uint8), "PNG")


def read(data: bytes) -> Picture:
    return read_picture(data).pixels


def mask_of(row: Row) -> NDArray[np.uint8]:
    assert row.mask is not None
    return np.asarray(Image.open(io.BytesIO(row.mask)))


def photographs(split: str) -> list[Path]:
    """Frames of one drive (camvid) look alike, and are left out."""
    with (DATA / "photos" / "photos.csv").open(encoding="utf-8", newline="") as lines:
        paths = [row["path"] for row in csv.DictReader(lines) if row["split"] == split]
    return [DATA / "photos" / path for path in paths if not path.startswith("camvid")]


def base(photos: list[Path], number: int, pairs: int, seed: int, *, once: bool) -> Made:
    """A clean source: what varies between sources is drawn once, what varies between pairs each time.

    With `once` the edit is all that happened: made on what the original's file holds, and saved.
    """
    rng = np.random.default_rng([seed, number, once])
    background = "once" if once else BACKGROUNDS[number % len(BACKGROUNDS)]
    formats = [str(rng.choice(["PNG", "JPEG", "JPEG"])), str(rng.choice(["PNG", "JPEG", "WEBP"]))]
    side, square = int(rng.integers(176, 257)), rng.random() < 0.25
    rows = []
    for place in rng.permutation(len(photos))[:pairs]:
        photo = read(photos[place].read_bytes())
        if square:
            edge = min(photo.shape[:2])
            photo = photo[:edge, :edge]
        scale = side / max(photo.shape[:2])
        photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        stored = saved(np.ascontiguousarray(photo), formats[0], rng)
        photo = read(stored)
        donor = read(photos[int(rng.integers(len(photos)))].read_bytes())
        while True:
            original, edited, mask = pair_of(photo, donor, rng, background)
            if mask.mean() > 0.002:
                break
        if not np.array_equal(original, photo):
            stored = saved(original, formats[0], rng)
        rows.append(Row(stored, saved(edited, formats[1], rng), as_mask(mask)))
    return Made(number, rows, LAYOUTS[number % len(LAYOUTS)], background)


def pair_of(photo: Picture, donor: Picture, rng: Generator, background: str) -> tuple[Picture, Picture, Mask]:
    if background != "once":
        made = make_pair(photo, donor, rng, background=background).made
    else:
        made = chain(*(edit.step for edit in draw_edits(photo, donor, rng)))(begin(photo), rng)
    return made.original, made.edited, made.mask


def roles_swapped(made: Made, rng: Generator) -> Made:
    return replace(made, rows=[Row(row.edited, row.original, None) for row in made.rows])


def masks(change) -> object:  # type: ignore[no-untyped-def]
    """A mistake of the masks alone."""

    def spoil(made: Made, rng: Generator) -> Made:
        return replace(made, rows=[replace(row, mask=change(row, mask_of(row), rng)) for row in made.rows])

    return spoil


def in_alpha(row: Row, mask: NDArray[np.uint8], rng: Generator) -> bytes:
    return encoded(np.dstack([read(row.edited), 255 - mask]), "PNG")


def dark(row: Row, mask: NDArray[np.uint8], rng: Generator) -> bytes:
    return encoded(mask // 255, "PNG")


def other_size(row: Row, mask: NDArray[np.uint8], rng: Generator) -> bytes:
    size = (max(1, mask.shape[1] // 2), max(1, mask.shape[0] // 2))
    return encoded(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), "PNG")


def masks_turned(made: Made, rng: Generator) -> Made:
    turn = [lambda m: np.rot90(m, 1), lambda m: np.rot90(m, 3), lambda m: m[:, ::-1]][int(rng.integers(3))]
    rows = [replace(row, mask=encoded(np.ascontiguousarray(turn(mask_of(row))), "PNG")) for row in made.rows]
    return replace(made, rows=rows)


def masks_elsewhere(made: Made, rng: Generator) -> Made:
    """The masks of other rows, on the right size."""
    rows = []
    for row, other in zip(made.rows, made.rows[1:] + made.rows[:1], strict=True):
        height, width = mask_of(row).shape
        drawn = cv2.resize(mask_of(other), (width, height), interpolation=cv2.INTER_NEAREST)
        rows.append(replace(row, mask=encoded(drawn, "PNG")))
    return replace(made, rows=rows)


def rows_shifted(made: Made, rng: Generator) -> Made:
    by = int(rng.integers(1, 8))
    originals = [row.original for row in made.rows[by:] + made.rows[:by]]
    return replace(made, rows=[replace(r, original=o) for r, o in zip(made.rows, originals, strict=True)])


def rows_do_not_match(made: Made, rng: Generator) -> Made:
    order = np.roll(rng.permutation(len(made.rows)), 0)
    others = [made.rows[place].original for place in order]
    return replace(made, rows=[replace(r, original=o) for r, o in zip(made.rows, others, strict=True)])


def some(rows: list[Row], share: float, rng: Generator) -> set[int]:
    return set(rng.permutation(len(rows))[: max(2, round(share * len(rows)))].tolist())


def same_picture_twice(made: Made, rng: Generator) -> Made:
    chosen = some(made.rows, float(rng.uniform(0.3, 1)), rng)
    return replace(
        made, rows=[replace(r, edited=r.original) if i in chosen else r for i, r in enumerate(made.rows)]
    )


def duplicate_pairs(made: Made, rng: Generator) -> Made:
    chosen = sorted(some(made.rows, float(rng.uniform(0.1, 0.5)), rng))
    return replace(made, rows=made.rows + [made.rows[place] for place in chosen])


def duplicate_files(made: Made, rng: Generator) -> Made:
    """One edited picture under two names, its original in another file."""
    rows = list(made.rows)
    for i in range(1, 20, 2):
        rows[i] = replace(rows[i - 1], original=encoded(read(rows[i - 1].original), "PNG", compress_level=2))
    return replace(made, rows=rows)


def original_is_edited_elsewhere(made: Made, rng: Generator) -> Made:
    """Turns: every second row goes on from the edited picture of the row before."""
    rows = list(made.rows)
    for i in range(1, len(rows), 2):
        pixels = read(rows[i - 1].edited).copy()
        pixels[-24:, -24:] = 255 - pixels[-24:, -24:]
        rows[i] = Row(rows[i - 1].edited, saved(pixels, "PNG", rng), None)
    return replace(made, rows=rows)


def both_generated(made: Made, rng: Generator) -> Made:
    """Through a generator on both sides: with its mark in the files, with sizes it makes, or with nothing."""
    kind = made.number % 3
    info = PngInfo()
    if kind == 0:
        info.add_text(str(rng.choice(["parameters", "prompt", "workflow"])), "a photograph, Steps: 30")
    sizes = [(896, 1152), (1152, 896), (1216, 832)] if kind == 1 else [(256, 256)]
    rows = []
    for row in made.rows[: 12 if kind == 1 else None]:
        size = sizes[int(rng.integers(len(sizes)))]
        sides = tuple(cv2.resize(read(side), size) for side in (row.original, row.edited))
        drawn = [regenerate(0.5)(begin(np.asarray(side, np.uint8)), rng).edited for side in sides]
        rows.append(Row(*(encoded(side, "PNG", pnginfo=info, compress_level=1) for side in drawn), None))
    return replace(made, rows=rows)


def pictures_unreadable(made: Made, rng: Generator) -> Made:
    chosen = some(made.rows, float(rng.uniform(0.1, 0.3)), rng)
    return replace(
        made,
        rows=[
            replace(r, edited=r.edited[: len(r.edited) // 3]) if i in chosen else r
            for i, r in enumerate(made.rows)
        ],
    )


def instruction_empty(made: Made, rng: Generator) -> Made:
    chosen = some(made.rows, float(rng.uniform(0.3, 0.9)), rng)
    rows = [replace(r, instruction="") if i in chosen else r for i, r in enumerate(made.rows)]
    return replace(made, rows=rows, layout=TABLES[int(rng.integers(3))])


def shapes_differ(made: Made, rng: Generator) -> Made:
    """Cropped on one side, as editors with fixed sizes do."""
    rows = []
    for row in made.rows:
        pixels = read(row.edited)
        rows.append(Row(row.original, saved(pixels[:, : int(pixels.shape[1] * 0.88)], "PNG", rng), None))
    return replace(made, rows=rows)


def jpeg_quality_low(made: Made, rng: Generator) -> Made:
    rows = [
        replace(r, edited=encoded(read(r.edited), "JPEG", quality=int(rng.integers(20, 50))))
        for r in made.rows
    ]
    return replace(made, rows=rows)


def files_missing(made: Made, rng: Generator) -> Made:
    chosen = some(made.rows, float(rng.uniform(0.05, 0.2)), rng)
    rows = [replace(r, edited=b"") if i in chosen else r for i, r in enumerate(made.rows)]
    return replace(made, rows=rows, layout=("csv", "jsonl")[int(rng.integers(2))])


def files_unmatched(made: Made, rng: Generator) -> Made:
    chosen = some(made.rows, float(rng.uniform(0.2, 0.5)), rng)
    rows = [replace(r, edited=b"", mask=None) if i in chosen else r for i, r in enumerate(made.rows)]
    return replace(made, rows=rows, layout=("folders", "endings")[int(rng.integers(2))])


KINDS = {
    "roles_swapped, edited once": roles_swapped,
    "roles_swapped": roles_swapped,
    "both_generated": both_generated,
    "masks_inverted": masks(lambda row, mask, rng: encoded(255 - mask, "PNG")),
    "masks_turned": masks_turned,
    "masks_other_size": masks(other_size),
    "masks_empty": masks(lambda row, mask, rng: encoded(mask * 0, "PNG")),
    "masks_full": masks(lambda row, mask, rng: encoded(mask * 0 + 255, "PNG")),
    "masks_levels_0_1": masks(dark),
    "masks_in_alpha": masks(in_alpha),
    "masks_elsewhere": masks_elsewhere,
    "rows_shifted": rows_shifted,
    "rows_do_not_match": rows_do_not_match,
    "same_picture_twice": same_picture_twice,
    "duplicate_pairs": duplicate_pairs,
    "duplicate_files": duplicate_files,
    "original_is_edited_elsewhere": original_is_edited_elsewhere,
    "files_missing": files_missing,
    "files_unmatched": files_unmatched,
    "pictures_unreadable": pictures_unreadable,
    "instruction_empty": instruction_empty,
    "shapes_differ": shapes_differ,
    "jpeg_quality_low": jpeg_quality_low,
    "clean, edited once": lambda made, rng: made,
    "clean": lambda made, rng: made,
}
"""Code -> what makes the mistake in a clean source; what stands behind a comma says of which."""


def ending(data: bytes) -> str:
    return {b"\xff\xd8": "jpg", b"\x89P": "png", b"RI": "webp"}.get(data[:2], "png")


def write(made: Made, folder: Path) -> Path:
    """The source on disk; gives the path to inspect."""
    if made.layout == "parquet":
        table = {
            "source_img": [row.original for row in made.rows],
            "target_img": [row.edited or None for row in made.rows],
            "instruction": [row.instruction for row in made.rows],
        }
        if any(row.mask for row in made.rows):
            table["mask_img"] = [row.mask for row in made.rows]
        pq.write_table(pa.table(table), folder / "pairs.parquet")
        return folder / "pairs.parquet"
    names = {
        "folders": ("original/{}", "edited/{}", "mask/{}"),
        "numbers": ("{}_0", "{}_1", "{}_mask"),
        "endings": ("{}_original", "{}_edited", "{}_mask"),
        "suffixes": ("{}", "{}_edit", "{}_edit_mask"),
    }.get(made.layout, ("before/{}", "after/{}", "truth/{}"))
    lines = []
    for number, row in enumerate(made.rows):
        line = {}
        for name, column, data in zip(
            names, ("original", "edited", "mask"), (row.original, row.edited, row.mask), strict=True
        ):
            path = folder / f"{name.format(f'p{number:03}')}.{ending(data or b'')}"
            path.parent.mkdir(parents=True, exist_ok=True)
            line[column] = path.relative_to(folder).as_posix() if data is not None else ""
            if data:
                path.write_bytes(data)
        lines.append({**line, "instruction": row.instruction})
    if made.layout == "csv":
        with (folder / "pairs.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)
        return folder / "pairs.csv"
    if made.layout == "jsonl":
        (folder / "pairs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        return folder / "pairs.jsonl"
    return folder


def inspected(made: Made) -> Inspection:
    with tempfile.TemporaryDirectory() as folder:
        return inspect(write(made, Path(folder)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--split", choices=("train", "val"), default="val")
    parser.add_argument("--sources", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=tuple(KINDS), default=list(KINDS))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    photos, begun = photographs(options.split), time.perf_counter()
    found: Counter[str] = Counter()
    said: dict[str, Counter[str]] = {kind: Counter() for kind in options.only}
    unrelated = 0.0
    for number in range(options.sources):
        for once in (False, True):
            kinds = [kind for kind in options.only if ("once" in kind) == once]
            pairs = ONCE_PAIRS if once else options.pairs
            made = base(photos, number, pairs, options.seed, once=once) if kinds else None
            for kind in kinds:
                rng = np.random.default_rng([options.seed, number, list(KINDS).index(kind)])
                try:
                    inspection = inspected(KINDS[kind](made, rng))  # type: ignore[operator]
                except InputError as error:
                    said[kind]["refused"] += 1
                    print(f"{kind} {number}: {error}")
                    continue
                code = kind.partition(",")[0]
                codes = [finding.code for finding in inspection.findings]
                found[kind] += code in codes
                said[kind].update(each for each in codes if each != code)
                if code == "clean":
                    share = np.mean([each.reason == "unrelated" for each in inspection.looked])
                    unrelated = max(unrelated, float(share))
                    for finding in inspection.findings:
                        print(f"{kind} {number} {made.layout}: {finding.code}: {finding.evidence}")
                elif code not in codes:
                    print(f"missed {kind} {number} {made.layout} {made.background}")
    seconds = time.perf_counter() - begun
    lines = [
        {"kind": kind, "found": found[kind], "of": options.sources, "also": dict(said[kind].most_common())}
        for kind in options.only
    ]
    about = {
        "split": options.split,
        "pairs": options.pairs,
        "seconds": round(seconds),
        "opencv": cv2.__version__,
        "python": platform.python_version(),
        "clean_unrelated_share": unrelated,
    }
    if options.json:
        print(json.dumps({**about, "lines": lines}))
        return
    print(about)
    for line in lines:
        print(f"{line['kind']:30} {line['found']:3} of {line['of']}   also: {line['also'] or '-'}")


if __name__ == "__main__":
    main()
