"""How many near-duplicates the descriptor finds, beside the usual hashes, and what it costs.

    python benchmarks/bench_descriptor.py [--split val] [--json]

Every photograph is changed in the ways of `CHANGES` and compared with itself. A method's threshold is the
largest that lets at most 1 in 1,000 (1 in 10,000) pairs of different photographs of `train` through; recall
is counted on `--split`, on which nothing was chosen, and the share of its different photographs that these
thresholds let through stands beside it. Frames of one drive (camvid) count neither as different nor as alike.
"phash, mirrored too" compares both ways round, as a search for mirrored copies with plain hashes must.
Edits are those of `maskwright generate`, of any size; "small" are those of at most 30 % of the area. Below,
original against edited picture of the real pairs of MASKWRIGHT_DATA at the shipped threshold.

Costs are in multiples of the floor, two `cv2.imdecode` and one 1-bit PNG encode of the same 512x512 JPEGs,
one thread; 509x499 too, since OpenCV averages whole multiples faster. "both" is what `annotate` does a pair.
Needs the photographs (MASKWRIGHT_DATA).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import statistics
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from maskwright.pairs.descriptor import NEAR, describe, distance, distances, phash, reduced
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Picture
from maskwright.synthesis import corruptions
from maskwright.synthesis.photos import Photo, load_photo
from maskwright.synthesis.recipes import draw_edits
from maskwright.synthesis.steps import Step, begin

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
RATES = (1e-3, 1e-4)
SMALL = 0.3
MIRRORED: Step = corruptions._moving("edited", lambda array, is_mask: np.ascontiguousarray(array[:, ::-1]))


def after(picture: Picture, rng: Generator, *steps: Step) -> Picture:
    made = begin(picture)
    for step in steps:
        made = step(made, rng)
    return made.edited


def crop(rng: Generator, area: float, stretch: float = 0.0) -> Step:
    """Somewhere; sides differ in length by up to a factor of e ** (2 * stretch)."""
    ratio = float(np.exp(rng.uniform(-stretch, stretch)))
    width, height = min(1.0, area**0.5 * ratio), min(1.0, area**0.5 / ratio)
    left, top = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
    return corruptions.crop(left, top, left + width, top + height)


def tone(rng: Generator) -> tuple[Step, Step]:
    gain = rng.uniform(0.75, 1.3, 3) * rng.uniform(0.8, 1.2)
    curve = corruptions.tone(
        (gain[0], gain[1], gain[2]), offset=rng.uniform(-25, 25), gamma=float(np.exp(rng.uniform(-0.5, 0.5)))
    )
    return curve, corruptions.grade(0.06)


def grey(picture: Picture) -> Picture:
    return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


CHANGES: dict[str, Callable[[Picture, Picture, Generator], Picture]] = {
    "JPEG 75": lambda p, e, rng: after(p, rng, corruptions.jpeg(75)),
    "JPEG 30": lambda p, e, rng: after(p, rng, corruptions.jpeg(30)),
    "half size": lambda p, e, rng: after(p, rng, corruptions.resize(0.5)),
    "quarter size": lambda p, e, rng: after(p, rng, corruptions.resize(0.25)),
    "tone and colour": lambda p, e, rng: after(p, rng, *tone(rng)),
    "grey": lambda p, e, rng: grey(p),
    "turned 3 degrees": lambda p, e, rng: after(p, rng, corruptions.rotate(3, zoom=1.1)),
    "mirrored": lambda p, e, rng: after(p, rng, MIRRORED),
    "cropped to 90 %": lambda p, e, rng: after(p, rng, crop(rng, 0.9)),
    "cropped to 80 %": lambda p, e, rng: after(p, rng, crop(rng, 0.8)),
    "cropped to 60 %": lambda p, e, rng: after(p, rng, crop(rng, 0.6)),
    "60 %, other shape": lambda p, e, rng: after(p, rng, crop(rng, 0.6, 0.25)),
    "mirrored, 80 %": lambda p, e, rng: after(p, rng, MIRRORED, crop(rng, 0.8)),
    "mirrored, 60 %": lambda p, e, rng: after(p, rng, MIRRORED, crop(rng, 0.6)),
    "edited": lambda p, e, rng: e,
    "edited, 80 %": lambda p, e, rng: after(e, rng, crop(rng, 0.8)),
    "all at once": lambda p, e, rng: after(
        p, rng, *tone(rng), MIRRORED, crop(rng, 0.85), corruptions.jpeg(40), corruptions.resize(0.6)
    ),
}


def bits(picture: Picture) -> NDArray[np.float32]:
    """The hash as 64 signs."""
    packed = np.frombuffer(bytes.fromhex(phash(picture)), np.uint8)
    return np.unpackbits(packed).astype(np.float32) * 2 - 1


def dhash_bits(picture: Picture) -> NDArray[np.float32]:
    """dHash as imagehash has it: is a pixel of 9x8 lighter than the one on its left."""
    small = np.asarray(Image.fromarray(picture).convert("L").resize((9, 8), Image.Resampling.LANCZOS))
    return np.where(small[:, 1:] > small[:, :-1], 1, -1).astype(np.float32).ravel()


def hamming(first: list[Any], second: list[Any]) -> NDArray[np.float32]:
    return (64 - np.array([one[0] for one in first]) @ np.array([one[0] for one in second]).T) / 2


def hamming_mirrored(first: list[Any], second: list[Any]) -> NDArray[np.float32]:
    turned = (64 - np.array([one[0] for one in first]) @ np.array([one[1] for one in second]).T) / 2
    return np.minimum(hamming(first, second), turned)


METHODS: dict[str, tuple[Callable[[Picture], Any], Callable[[list[Any], list[Any]], Any]]] = {
    "descriptor": (describe, distances),
    "phash": (lambda p: (bits(p),), hamming),
    "dhash": (lambda p: (dhash_bits(p),), hamming),
    "phash, mirrored too": (lambda p: (bits(p), bits(np.ascontiguousarray(p[:, ::-1]))), hamming_mirrored),
}


def rows_of(split: str) -> list[dict[str, str]]:
    with (DATA / "photos" / "photos.csv").open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["split"] == split]


def different(rows: list[dict[str, str]], method: str) -> NDArray[np.float32]:
    """Distances of all pairs of different photographs, sorted."""
    made, compared = METHODS[method]
    found = [made(read_picture(DATA / "photos" / row["path"]).pixels) for row in rows]
    driven = np.array([row["path"].startswith("camvid") for row in rows])
    first, second = np.triu_indices(len(rows), 1)
    kept = ~(driven[first] & driven[second])
    return np.sort(compared(found, found)[first, second][kept])


def changed(rows: list[dict[str, str]]) -> tuple[dict[str, dict[str, list[float]]], list[float]]:
    """Method -> change -> a distance a photograph; and the areas of the edits."""
    found: dict[str, dict[str, list[float]]] = {name: {change: [] for change in CHANGES} for name in METHODS}
    areas = []
    for number, row in enumerate(rows):
        rng = np.random.default_rng(zlib.crc32(row["path"].encode()))
        labels = str(DATA / "photos" / row["labels"]) if row["labels"] else ""
        photo = load_photo(Photo(str(DATA / "photos" / row["path"]), labels))
        donor = read_picture(DATA / "photos" / rows[number - 1]["path"]).pixels
        made = begin(photo.pixels)
        for named in draw_edits(photo.pixels, donor, rng, labels=photo.labels):
            made = named.step(made, rng)
        areas.append(float(made.mask.mean()))
        plain = {name: method[0](photo.pixels) for name, method in METHODS.items()}
        for change, make in CHANGES.items():
            copy = np.ascontiguousarray(make(photo.pixels, made.edited, rng))
            for name, (describing, compared) in METHODS.items():
                away = float(compared([plain[name]], [describing(copy)])[0, 0])
                found[name][change].append(away)
    return found, areas


def real_pairs() -> dict[str, tuple[int, int]]:
    """Set -> how many originals are near their edited picture, of how many; empty without the data."""
    found = {}
    for name in ("pairs", "unlabelled"):
        table = DATA / name / f"{name}.csv"
        if not table.is_file():
            continue
        with table.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row.get("split", "val") == "val"]
        near = [
            distance(
                *(describe(read_picture(DATA / name / row[role]).pixels) for role in ("original", "edited"))
            )
            < NEAR
            for row in rows
        ]
        found[name] = (sum(near), len(near))
    return found


def both(picture: Picture) -> tuple[str, bytes]:
    small = reduced(picture)
    return phash(small), describe(small)


def costs(rows: list[dict[str, str]]) -> dict[str, float]:
    """Medians in milliseconds of processor time a picture, and the floor a pair."""
    times: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[[], Any]) -> None:
        began = time.process_time()
        work()
        times.setdefault(name, []).append(1000 * (time.process_time() - began))

    empty = np.zeros((512, 512), np.uint8)
    for row in rows:
        read = read_picture(DATA / "photos" / row["path"]).pixels
        picture = cv2.resize(read, (512, 512), interpolation=cv2.INTER_CUBIC)
        odd = np.ascontiguousarray(picture[:499, :509])
        data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
        timed(
            "floor",
            lambda data=data: (
                cv2.imdecode(data, cv2.IMREAD_COLOR),
                cv2.imdecode(data, cv2.IMREAD_COLOR),
                cv2.imencode(".png", empty, [cv2.IMWRITE_PNG_BILEVEL, 1]),
            ),
        )
        timed("both", lambda picture=picture: both(picture))
        timed("both, 509x499", lambda odd=odd: both(odd))
    descriptors = [describe(np.roll(odd, number, axis=1)) for number in range(500)]
    for _ in range(3):
        timed("500 x 500 distances", lambda: distances(descriptors, descriptors))
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--split", default="val", choices=["train", "val"])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rows = rows_of(options.split)
    copies, areas = changed(rows)
    small = np.array(areas) <= SMALL
    table: dict[str, Any] = {}
    for name in METHODS:
        chosen, here = different(rows_of("train"), name), different(rows, name)
        for rate in RATES:
            limit = float(chosen[int(rate * len(chosen))])  # what is strictly nearer is a candidate
            recall = {change: float(np.mean(np.array(away) < limit)) for change, away in copies[name].items()}
            recall["edited, small"] = float(np.mean(np.array(copies[name]["edited"])[small] < limit))
            passed = float(np.mean(here < limit))
            table[f"{name} {rate:g}"] = {"limit": limit, "different": passed, "recall": recall}
    timed, real = costs(rows[:100]), real_pairs()
    if options.json:
        print(json.dumps({"n": len(rows), "split": options.split, "table": table, "ms": timed, "real": real}))
        return
    print(f"recall in % on {len(rows)} photographs of {options.split}; thresholds from train")
    print(f"{'':18s}" + "".join(f"{name.split()[0]:>12s}" for name in table))
    print(f"{'':18s}" + "".join(f"{' '.join(name.split()[1:]):>12.12s}" for name in table))
    print(f"{'threshold':18s}" + "".join(f"{cell['limit']:12.3f}" for cell in table.values()))
    print(f"{'different let by':18s}" + "".join(f"{cell['different']:12.5f}" for cell in table.values()))
    for change in (*CHANGES, "edited, small"):
        print(f"{change:18s}" + "".join(f"{100 * cell['recall'][change]:12.1f}" for cell in table.values()))
    means = (statistics.fmean(cell["recall"][change] for change in CHANGES) for cell in table.values())
    print(f"{'mean':18s}" + "".join(f"{100 * mean:12.1f}" for mean in means))
    for name, (near, count) in real.items():
        print(f"real pairs of {name}: {near} of {count} originals nearer than {NEAR} to their edited picture")
    for name in ("both", "both, 509x499"):
        print(f"{name}: {timed[name]:.2f} ms, {timed[name] / timed['floor']:.2f} of the floor")
    pairs_a_second = 250_000 / timed["500 x 500 distances"] * 1000
    print(f"floor: {timed['floor']:.2f} ms a pair; {pairs_a_second:,.0f} distances a second and thread")
    print(f"{platform.machine()}, OpenCV {cv2.__version__}, numpy {np.__version__}, one thread")


if __name__ == "__main__":
    main()
