"""How many copies stay with their photograph, how many photographs are merged wrongly, at what cost.

    python benchmarks/bench_leaks.py [--split val] [--json]             copies, strangers, composites, costs
    python benchmarks/bench_leaks.py --strangers [--sheet merged.jpg]   only the photographs with each other
    python benchmarks/bench_leaks.py --scale 2000 20000                 candidates against brute force

Every photograph is copied in the ways of `COPIES`. Kind by kind, photographs and copies are compared by the
functions that `photographs` calls, and what was merged is parted 80:10:10 with five seeds; a copy leaks
where it is not in the split of its photograph. Copies that are not merged leak in one of three draws, so
"merged" is the stricter figure. "near" are those whose descriptors made them candidates. Strangers are the
photographs alone: how many share a set with another, and which; `--sheet` shows them side by side.
Composites, of every fifth: a photograph shrunk into another one (is it found there?), and an object that two
pictures share (it must not merge them), by the share of the area covered. `confirm.AGREEING` was chosen on
`train`.

Scale: all photographs, in four versions that are different to the descriptor (turned upside down, colours
exchanged), and mixtures of three of these make up so many different pictures; copies of 200 are planted
among them. Recall is counted over the copies that brute force (`descriptor.distances`) finds.
Limits are those of `candidates.limit_for`: 0.52 for so few photographs, less for more.
Times are processor time of one thread. Needs the photographs (MASKWRIGHT_DATA).
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from bench_descriptor import CHANGES, DATA, MIRRORED, after, crop, rows_of
from maskwright.datasets.leaks.candidates import limit_for, near_pairs
from maskwright.datasets.leaks.confirm import AGREEING, Look, agreeing, look_at, same_photograph
from maskwright.datasets.leaks.groups import Sets
from maskwright.datasets.leaks.split import split_photographs
from maskwright.pairs.descriptor import describe, distance, distances, levels_of, odd
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Picture
from maskwright.synthesis import corruptions
from maskwright.synthesis.photos import Photo, load_photo
from maskwright.synthesis.recipes import draw_edits
from maskwright.synthesis.steps import begin

COPIES: dict[str, Callable[[Picture, Picture, Generator], Picture]] = {
    **{name: CHANGES[name] for name in ("half size", "cropped to 90 %", "JPEG 30", "mirrored")},
    "all four": lambda p, e, rng: after(
        p, rng, MIRRORED, crop(rng, 0.9), corruptions.resize(0.5), corruptions.jpeg(30)
    ),
    **{name: CHANGES[name] for name in ("all at once", "cropped to 60 %", "60 %, other shape")},
    **{name: CHANGES[name] for name in ("mirrored, 60 %", "edited", "edited, 80 %")},
}
SMALL = 0.3
SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
SEEDS = range(5)


class Seen:
    """A picture ready for comparison; looked at only when asked for."""

    def __init__(self, picture: Picture) -> None:
        self.descriptor = describe(picture)
        self._picture: Picture | None = picture
        self._look: Look | None = None

    @property
    def look(self) -> Look:
        if self._look is None and self._picture is not None:
            self._look, self._picture = look_at(self._picture), None
        assert self._look is not None
        return self._look


def pixels(row: dict[str, str]) -> Picture:
    return read_picture(DATA / "photos" / row["path"]).pixels


def sets_of(seen: Sequence[Seen]) -> tuple[NDArray[np.int64], list[tuple[int, int]], int]:
    """The photograph of each picture, the merged pairs, and how many were looked at."""
    sets, merged, asked = Sets(len(seen)), [], 0
    for one, other in near_pairs([each.descriptor for each in seen]).tolist():
        if sets.of(one) != sets.of(other):
            asked += 1
            if same_photograph(seen[one].look, seen[other].look):
                sets.join(one, other)
                merged.append((one, other))
    return sets.numbers(), merged, asked


def edited(row: dict[str, str], donor: Picture, rng: Generator) -> tuple[Picture, Picture, float]:
    """A photograph, the same edited, and the share of it that was."""
    labels = str(DATA / "photos" / row["labels"]) if row["labels"] else ""
    photo = load_photo(Photo(str(DATA / "photos" / row["path"]), labels))
    made = begin(photo.pixels)
    for named in draw_edits(photo.pixels, donor, rng, labels=photo.labels):
        made = named.step(made, rng)
    return photo.pixels, made.edited, float(made.mask.mean())


def copies(rows: list[dict[str, str]]) -> dict[str, dict[str, float]]:
    """Kind of copy -> how many there are; near, merged, and in another split than their photograph."""
    photographs = [Seen(pixels(row)) for row in rows]
    found = {}
    for name, change in COPIES.items():
        made, areas = [], []
        for number, row in enumerate(rows):
            rng = np.random.default_rng(zlib.crc32(row["path"].encode()))
            picture = other = pixels(row)
            if name.startswith("edited"):
                picture, other, area = edited(row, pixels(rows[number - 1]), rng)
                areas.append(area)
            made.append(Seen(np.ascontiguousarray(change(picture, other, rng))))
        found[name] = kept_together(photographs, made, list(range(len(rows))))
        print(name, found[name], file=sys.stderr, flush=True)
        if areas:
            small = [place for place, area in enumerate(areas) if area <= SMALL]
            found[f"{name}, small"] = kept_together(photographs, [made[place] for place in small], small)
    return found


def kept_together(photographs: Sequence[Seen], made: Sequence[Seen], of: Sequence[int]) -> dict[str, float]:
    """What became of copies, each `of` a photograph."""
    numbers, _, _ = sets_of([*photographs, *made])
    first, second = numbers[list(of)], numbers[len(photographs) :]
    names = [str(number) for number in range(int(numbers.max()) + 1)]
    leaks = []
    for seed in SEEDS:
        splits = split_photographs(numbers, names, (0.8, 0.1, 0.1), seed)
        leaks.append(np.mean(splits[list(of)] != splits[len(photographs) :]))
    pairs = zip(of, made, strict=True)
    limit = limit_for(len(numbers))
    near = [distance(photographs[place].descriptor, copy.descriptor) < limit for place, copy in pairs]
    sizes = np.bincount(first, minlength=len(names))
    return {
        "n": len(made),
        "near": float(np.mean(near)),
        "merged": float(np.mean(first == second)),
        "leaks": float(np.mean(leaks)),
        "photographs with another": int(np.sum(sizes[sizes > 1])),
    }


def strangers(rows: list[dict[str, str]], sheet: Path | None) -> dict[str, Any]:
    """The photographs with each other."""
    seen = [Seen(pixels(row)) for row in rows]
    candidates = near_pairs([each.descriptor for each in seen])
    numbers, merged, asked = sets_of(seen)
    sizes = np.bincount(numbers)
    highest = sorted(
        (
            (max(agreeing(seen[a].look, seen[b].look, turned) for turned in (False, True)), a, b)
            for a, b in candidates.tolist()
        ),
        reverse=True,
    )
    if sheet is not None and highest:
        sheet.write_bytes(side_by_side([(pixels(rows[a]), pixels(rows[b])) for _, a, b in highest[:12]]))
    return {
        "photographs": len(rows),
        "candidates": len(candidates),
        "with a candidate": len(np.unique(candidates)),
        "looked at": asked,
        "in a set with another": int(np.sum(sizes[numbers] > 1)),
        "merged": [(rows[a]["path"], rows[b]["path"]) for a, b in merged],
        "highest": [(round(share, 3), rows[a]["path"], rows[b]["path"]) for share, a, b in highest[:12]],
    }


def side_by_side(pairs: Sequence[tuple[Picture, Picture]]) -> bytes:
    lines = []
    for pair in pairs:
        tiles = [cv2.resize(each, (240, 160), interpolation=cv2.INTER_AREA) for each in pair]
        lines.append(np.concatenate(tiles, axis=1))
    return cv2.imencode(".jpg", np.concatenate(lines)[..., ::-1])[1].tobytes()


def put(picture: Picture, onto: Picture, share: float, rng: Generator) -> Picture:
    """A picture scaled to cover this share of another one, anywhere on it."""
    height, width = onto.shape[:2]
    factor = (share * height * width / (picture.shape[0] * picture.shape[1])) ** 0.5
    size = min(width, round(picture.shape[1] * factor)), min(height, round(picture.shape[0] * factor))
    small = cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA)
    top, left = rng.integers(0, height - size[1] + 1), rng.integers(0, width - size[0] + 1)
    made = onto.copy()
    made[top : top + size[1], left : left + size[0]] = small
    return made


def composites(rows: list[dict[str, str]]) -> dict[str, dict[str, float]]:
    """Share of the area -> how often it merges: a photograph within another one, and a shared object."""
    found: dict[str, dict[str, float]] = {
        "photograph within": {},
        "its descriptor is near": {},
        "object shared": {},
    }
    for share in SHARES:
        whole, near, shared = [], [], []
        for number, row in enumerate(rows):
            rng = np.random.default_rng(zlib.crc32(row["path"].encode()))
            picture, one, other = (pixels(rows[number - step]) for step in range(3))
            made = put(picture, one, share, rng)
            whole.append(same_photograph(look_at(picture), look_at(made)))
            near.append(distance(describe(picture), describe(made)) < limit_for(2 * len(rows)))
            height, width = picture.shape[:2]
            thing = picture[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4]
            two = (look_at(put(thing, each, share, rng)) for each in (one, other))
            shared.append(same_photograph(*two))
        for name, values in zip(found, (whole, near, shared), strict=True):
            found[name][f"{share:g}"] = float(np.mean(values))
    return found


def costs(rows: list[dict[str, str]]) -> dict[str, float]:
    """Milliseconds of processor time: reading a photograph, a look at it, a yes, a no."""
    times: dict[str, list[float]] = {"read": [], "look": [], "yes": [], "no": []}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        began = time.process_time()
        made = work()
        times[name].append(1000 * (time.process_time() - began))
        return made

    before: Look | None = None
    for row in rows:
        rng = np.random.default_rng(zlib.crc32(row["path"].encode()))
        picture = timed("read", lambda row=row: pixels(row))
        look = timed("look", lambda picture=picture: look_at(picture))
        copy = look_at(after(picture, rng, crop(rng, 0.8)))
        timed("yes", lambda look=look, copy=copy: same_photograph(look, copy))
        if before is not None:
            timed("no", lambda look=look, before=before: same_photograph(look, before))
        before = look
    return {name: float(np.median(values)) for name, values in times.items()}


def mixtures(count: int, levels: NDArray[np.float32], rng: Generator) -> list[bytes]:
    """Descriptors of pictures that are as different as photographs are; the photographs' own first."""
    is_odd = {way: odd() if way == "across" else _odd_down() for way in ("across", "down")}
    down = np.where(is_odd["down"], -1, 1)
    swapped = np.concatenate([np.arange(80), np.arange(104, 128), np.arange(80, 104)])
    versions = np.concatenate([levels, levels * down, levels[:, swapped], (levels * down)[:, swapped]])
    mixed = [versions[:count]]
    while sum(map(len, mixed)) < count:
        three = versions[rng.integers(0, len(versions), (5000, 3))] * rng.uniform(0.6, 1, (5000, 3, 1))
        signs = np.where(rng.random((5000, 3, 1)) < 0.5, np.where(is_odd["across"], -1, 1), 1)
        mixed.append(np.sum(three * signs, axis=1))
    made = np.concatenate(mixed)[:count]
    made = made / np.sqrt(np.mean(made**2, axis=1, keepdims=True))
    packed = (np.clip(np.rint(7 * made), -7, 7) + 8).astype(np.uint8)
    return [row.tobytes() for row in packed[:, 0::2] << 4 | packed[:, 1::2]]


def _odd_down() -> NDArray[np.bool_]:
    grids = [np.indices((count, count))[0].ravel()[1:] for count in (9, 5, 5)]
    return np.asarray(np.concatenate(grids) % 2 == 1)


def scale(counts: Sequence[int]) -> dict[int, dict[str, float]]:
    rows = [*rows_of("train"), *rows_of("val")]
    levels, planted = levels_of([describe(pixels(row)) for row in rows]), []
    for place in np.linspace(0, len(rows) - 1, 200).astype(int).tolist():
        rng = np.random.default_rng(zlib.crc32(rows[place]["path"].encode()))
        picture, other, _ = edited(rows[place], pixels(rows[place - 1]), rng)
        planted += [
            (place, describe(np.ascontiguousarray(make(picture, other, rng)))) for make in COPIES.values()
        ]
    found = {}
    for count in counts:
        made = mixtures(count, levels, np.random.default_rng(1))
        copied = [descriptor for _, descriptor in planted]
        limit = limit_for(count + len(copied))
        true = [distance(made[place], descriptor) < limit for place, descriptor in planted]
        began = time.process_time()
        pairs = {tuple(pair) for pair in near_pairs([*made, *copied]).tolist()}
        passed = time.process_time() - began
        began = time.process_time()
        sample = distances(made[:1000], made[-1000:])
        brute = (time.process_time() - began) / 1e6
        hit = [(place, count + number) in pairs for number, (place, _) in enumerate(planted)]
        found[count] = {
            "pictures": count + len(copied),
            "copies": float(np.sum(true)),
            "recall": float(np.mean(np.array(hit)[true])),
            "limit": limit,
            "near by chance": float(np.mean(sample < limit)),
            "candidates": len(pairs),
            "s": passed,
            "s by brute force": brute * (count + len(copied)) ** 2 / 2,
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--split", default="val", choices=["train", "val", "all"])
    parser.add_argument("--strangers", action="store_true")
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--scale", type=int, nargs="+")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rows = [*rows_of("train"), *rows_of("val")] if options.split == "all" else rows_of(options.split)
    shown: dict[str, Any] = {}
    if options.scale:
        shown["scale"] = scale(options.scale)
    else:
        shown["strangers"] = strangers(rows, options.sheet)
    if not options.scale and not options.strangers:
        shown |= {"copies": copies(rows), "composites": composites(rows[::5]), "ms": costs(rows[:100])}
    if options.json:
        print(json.dumps(shown))
        return
    for name, table in shown.items():
        print(f"{name} ({options.split}, {len(rows)} photographs)" if name != "scale" else name)
        for what, cell in table.items():
            line = (
                ", ".join(f"{key} {value:.4g}" for key, value in cell.items())
                if isinstance(cell, dict)
                else None
            )
            if isinstance(cell, list):
                line = "".join(f"\n    {' '.join(map(str, each))}" for each in cell)
            print(f"  {what}: {cell if line is None else line}")
    print(
        f"agreeing from {AGREEING}; {platform.machine()}, OpenCV {cv2.__version__},"
        f" numpy {np.__version__}, one thread"
    )


if __name__ == "__main__":
    main()
