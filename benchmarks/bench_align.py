"""How well and how fast originals are laid on edited pictures, on pairs with a known map.

    python benchmarks/bench_align.py [--split val] [--pairs 300] [--seed 0] [--table NAME]
                                     [--mosaic W H] [--json]

Photographs come from MASKWRIGHT_DATA (default ../shared/data). They are small, and large pictures
take one step more: `--mosaic` lays them side by side in pictures of W x H, as bench_small_edits.py
does; one of 4000 x 3000 takes some 5 seconds to make. Constants were chosen on the `train` split;
the tables of docs/why/alignment.md are of `val`, unless they say otherwise. Success: the mean
displacement over the valid grid is under 1 px of the edited picture.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from bench_small_edits import mosaic, photographs
from maskwright.pairs.align import align
from maskwright.pairs.registration import Matrix, resizing, shifting
from maskwright.pairs.values import Aligned, Picture

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
Made = tuple[Picture, Picture, Matrix]
"""original, edited, and the true map from edited to original pixels."""


@dataclass(frozen=True, slots=True)
class Files:
    """The photographs of a split; of those high enough for a strip, mosaics of (width, height) are made."""

    paths: list[Path]
    high: list[Path]
    mosaic: tuple[int, int] | None


def photos(split: str) -> list[Path]:
    """The photographs of a split. Frames of one drive (camvid) are not unrelated, and left out."""
    table = DATA / "photos" / "photos.csv"
    with table.open(encoding="utf-8", newline="") as lines:
        rows = [row["path"] for row in csv.DictReader(lines) if row["split"] == split]
    return [DATA / "photos" / path for path in rows if not path.startswith("camvid")]


def read(path: Path) -> Picture:
    picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def jpeg(picture: Picture, quality: int) -> Picture:
    data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


def blobs(rng: Generator, height: int, width: int, share: float) -> np.ndarray:
    """(H, W) bool with `share` of the pixels True, in a few smooth shapes."""
    side = int(rng.integers(3, 7))
    field = cv2.resize(rng.normal(size=(side, side)), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(field > np.quantile(field, 1 - share))


def edit(picture: Picture, other: Picture, rng: Generator, share: float) -> Picture:
    """`share` of the picture replaced by another photograph, in blobs."""
    height, width = picture.shape[:2]
    mask = blobs(rng, height, width, share)[..., None]
    return np.where(mask, cv2.resize(other, (width, height), interpolation=cv2.INTER_AREA), picture)


def laid(picture: Picture, matrix: Matrix, width: int, height: int) -> Picture:
    """Independent of the package's own warp: supersampled Lanczos, then an area average."""
    finer = 1 + int(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    total = matrix @ resizing((width * finer, height * finer), (width, height))
    flags = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
    big = cv2.warpAffine(
        picture, total[:2], (width * finer, height * finer), flags=flags, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(cv2.resize(big, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def hard(a: Picture, b: Picture, rng: Generator) -> Made:
    """Scale 0.4-2.5, crop to 40 % of the area, rotation +-10 degrees, JPEG 40-95, 0-40 % edited."""
    height, width = a.shape[:2]
    turn = np.deg2rad(rng.uniform(-10, 10))
    cos, sin = np.cos(turn), np.sin(turn)
    area, aspect = rng.uniform(0.4, 1), np.exp(rng.uniform(-0.15, 0.15))
    w, h = min(width, width * np.sqrt(area) * aspect), min(height, height * np.sqrt(area) / aspect)
    box_w, box_h = abs(w * cos) + abs(h * sin), abs(w * sin) + abs(h * cos)
    fit = min(1.0, width / box_w, height / box_h)  # a turned crop stays within the photograph
    w, h, box_w, box_h = w * fit, h * fit, box_w * fit, box_h * fit
    scale = np.exp(rng.uniform(np.log(0.4), np.log(2.5)))
    out_w, out_h = max(32, round(w * scale)), max(32, round(h * scale))
    middle = [
        rng.uniform(box_w, max(box_w, 2 * width - box_w)) / 2 - 0.5,
        rng.uniform(box_h, max(box_h, 2 * height - box_h)) / 2 - 0.5,
    ]
    linear = w / out_w * np.array([[cos, -sin], [sin, cos]])
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = np.array(middle) - linear @ np.array([(out_w - 1) / 2, (out_h - 1) / 2])
    edited = edit(laid(a, matrix, out_w, out_h), b, rng, rng.uniform(0, 0.4))
    return a, jpeg(edited, int(rng.integers(40, 96))), matrix


def moved(a: Picture, b: Picture, rng: Generator, matrix: Matrix, width: int, height: int) -> Made:
    """A quarter edited, JPEG 75."""
    return a, jpeg(edit(laid(a, matrix, width, height), b, rng, rng.uniform(0, 0.25)), 75), matrix


def shift(a: Picture, b: Picture, rng: Generator, far: float) -> Made:
    turn = rng.uniform(0, 2 * np.pi)
    x, y = (far * np.cos(turn), far * np.sin(turn)) if far % 1 else rng.choice([(far, 0.0), (0.0, -far)])
    return moved(a, b, rng, shifting(x, y), a.shape[1], a.shape[0])


def crop(a: Picture, b: Picture, rng: Generator, least: float) -> Made:
    w, h = (int(side * rng.uniform(least, 0.97)) for side in (a.shape[1], a.shape[0]))
    x, y = rng.integers(0, a.shape[1] - w), rng.integers(0, a.shape[0] - h)
    return moved(a, b, rng, shifting(float(x), float(y)), w, h)


def zoom(a: Picture, b: Picture, rng: Generator) -> Made:
    """A crop of 1-4 %, brought back to the size of the original."""
    h, w = a.shape[:2]
    s = rng.uniform(0.96, 0.99)
    inner = resizing((w, h), (round(w * s), round(h * s)))
    return moved(a, b, rng, shifting(w * (1 - s) / 2, h * (1 - s) / 2) @ inner, w, h)


def rounded(a: Picture, b: Picture, rng: Generator, to: int, *, cropped: bool) -> Made:
    """Sides brought to a multiple: stretched, or scaled and cut in the middle."""
    h, w = a.shape[:2]
    out_w, out_h = max(to, w // to * to), max(to, h // to * to)
    if not cropped:
        return moved(a, b, rng, resizing((out_w, out_h), (w, h)), out_w, out_h)
    s = min(w / out_w, h / out_h)
    inner = resizing((out_w, out_h), (out_w * s, out_h * s))  # type: ignore[arg-type]
    return moved(a, b, rng, shifting((w - out_w * s) / 2, (h - out_h * s) / 2) @ inner, out_w, out_h)


def letterbox(a: Picture, b: Picture, rng: Generator) -> Made:
    """Scaled into a square between bars of one level."""
    h, w = a.shape[:2]
    side = int(rng.integers(256, 513))
    s = side / max(h, w)
    inner_w, inner_h = round(w * s), round(h * s)
    x, y = (side - inner_w) // 2, (side - inner_h) // 2
    inner = resizing((inner_w, inner_h), (w, h))
    edited = np.full((side, side, 3), int(rng.choice([0, 255, 114])), np.uint8)
    edited[y : y + inner_h, x : x + inner_w] = edit(laid(a, inner, inner_w, inner_h), b, rng, 0.2)
    return a, jpeg(edited, 75), inner @ shifting(-x, -y)


def stretch(a: Picture, b: Picture, rng: Generator) -> Made:
    """1-5 % wider about the middle, on a grid of the same size."""
    h, w = a.shape[:2]
    s = 1 / rng.uniform(1.01, 1.05)
    matrix = np.array([[s, 0, (w - 1) * (1 - s) / 2], [0, 1, 0], [0, 0, 1]])
    return moved(a, b, rng, matrix, w, h)


def mirror(a: Picture, b: Picture, rng: Generator) -> Made:
    h, w = a.shape[:2]
    return moved(a, b, rng, np.array([[-1.0, 0, w - 1], [0, 1, 0], [0, 0, 1]]), w, h)


def generated(a: Picture, b: Picture, rng: Generator) -> Made:
    """As if decoded anew: half size and back, sharpened, noise that follows the texture, JPEG."""
    h, w = a.shape[:2]
    small = cv2.resize(a, (max(1, w // 2), max(1, h // 2)), interpolation=cv2.INTER_AREA)
    soft = cv2.resize(small, (w, h), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    soft += 0.6 * (soft - cv2.GaussianBlur(soft, (0, 0), 1.5))
    soft += rng.normal(0, 1, a.shape) * (2 + np.abs(soft - cv2.GaussianBlur(soft, (0, 0), 3)))
    made = edit(np.clip(soft, 0, 255).astype(np.uint8), b, rng, 0.3)
    return a, jpeg(made, 85), np.eye(3)


def edited_mostly(a: Picture, b: Picture, rng: Generator) -> Made:
    return a, jpeg(edit(a, b, rng, 0.6), 75), np.eye(3)


def turned(a: Picture, b: Picture, rng: Generator) -> Made:
    h, w = a.shape[:2]
    t = np.deg2rad(rng.uniform(0.3, 3) * rng.choice([-1, 1]))
    linear = np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = (np.eye(2) - linear) @ np.array([(w - 1) / 2, (h - 1) / 2])
    return moved(a, b, rng, matrix, w, h)


def resize(a: Picture, b: Picture, rng: Generator) -> Made:
    h, w = a.shape[:2]
    s = np.exp(rng.uniform(np.log(0.4), np.log(2.5)))
    out_w, out_h = round(w * s), round(h * s)
    return moved(a, b, rng, resizing((out_w, out_h), (w, h)), out_w, out_h)


KINDS: dict[str, Callable[[Picture, Picture, Generator], Made]] = {
    "JPEG 75, quarter edited": lambda a, b, rng: moved(a, b, rng, np.eye(3), a.shape[1], a.shape[0]),
    "60 % edited": edited_mostly,
    "generator's noise, 30 % edited": generated,
    "1 px shift": lambda a, b, rng: shift(a, b, rng, 1.0),
    "half px shift": lambda a, b, rng: shift(a, b, rng, 0.5),
    "7 px shift": lambda a, b, rng: shift(a, b, rng, 7.0),
    "crop to 85-97 % a side": lambda a, b, rng: crop(a, b, rng, 0.85),
    "crop to 50-97 % a side": lambda a, b, rng: crop(a, b, rng, 0.5),
    "zoom 1-4 %": zoom,
    "resize 0.4-2.5": resize,
    "rounded to 8, stretched": lambda a, b, rng: rounded(a, b, rng, 8, cropped=False),
    "rounded to 8, cropped": lambda a, b, rng: rounded(a, b, rng, 8, cropped=True),
    "rounded to 64, stretched": lambda a, b, rng: rounded(a, b, rng, 64, cropped=False),
    "rounded to 64, cropped": lambda a, b, rng: rounded(a, b, rng, 64, cropped=True),
    "letterbox": letterbox,
    "stretch 1-5 %": stretch,
    "rotation 0.3-3 degrees": turned,
    "mirror": mirror,
}


def pasted(a: Picture, b: Picture, rng: Generator) -> tuple[Picture, Picture]:
    """Another photograph that holds an object (5-30 % of it) of the first, moved and scaled."""
    h, w = b.shape[:2]
    s = np.exp(rng.uniform(np.log(0.6), np.log(1.6)))
    share = rng.uniform(0.05, 0.3)
    size = np.sqrt(share * h * w)
    aspect = np.exp(rng.uniform(-0.4, 0.4))
    ow, oh = int(min(w - 1, size * aspect)), int(min(h - 1, size / aspect))
    x, y = rng.integers(0, w - ow), rng.integers(0, h - oh)
    from_x = rng.uniform(0, max(1, a.shape[1] - ow / s))
    from_y = rng.uniform(0, max(1, a.shape[0] - oh / s))
    matrix = np.array([[1 / s, 0, from_x - x / s], [0, 1 / s, from_y - y / s], [0, 0, 1]])
    shape = np.zeros((h, w), np.uint8)
    cv2.ellipse(shape, (int(x + ow / 2), int(y + oh / 2)), (ow // 2, oh // 2), 0, 0, 360, 1, -1)
    return a, jpeg(np.where(shape[..., None] > 0, laid(a, matrix, w, h), b), 80)


def displaced(aligned: Aligned, true: Matrix, original: Picture) -> float:
    """Mean over the truly valid grid of how far the found map is off, in pixels of the edited picture."""
    if aligned.geometry.kind == "unrelated":
        return float("inf")
    height, width = aligned.valid.shape
    x, y = np.meshgrid(np.linspace(0, width - 1, 15), np.linspace(0, height - 1, 15))
    places = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    onto = true @ places
    valid = (onto[0] >= -0.5) & (onto[0] <= original.shape[1] - 0.5)
    valid &= (onto[1] >= -0.5) & (onto[1] <= original.shape[0] - 0.5)
    off = np.linalg.inv(true) @ aligned.geometry.matrix @ places - places
    return float(np.hypot(off[0], off[1])[valid].mean())


def pairs(files: Files, count: int, seed: int) -> Iterator[tuple[Picture, Picture, Generator]]:
    """Two different photographs and a generator of their own, `count` times; or a mosaic and a photograph."""
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        one, other = rng.choice(len(files.paths), 2, replace=False)
        if files.mosaic is None:
            yield read(files.paths[one]), read(files.paths[other]), rng
        else:
            yield mosaic(files.high, rng, *files.mosaic), read(files.paths[other]), rng


def known(name: str, make: Callable[..., Made], files: Files, count: int, seed: int) -> dict[str, object]:
    off, residual, took, kinds = [], [], [], Counter[str]()
    for a, b, rng in pairs(files, count, seed):
        original, edited, true = make(a, b, rng)
        start = time.perf_counter()
        aligned = align(original, edited)
        took.append(time.perf_counter() - start)
        off.append(displaced(aligned, true, original))
        residual.append(aligned.geometry.residual_px)
        kinds[aligned.geometry.kind] += 1
    errors = np.array(off)
    return {
        "pairs": name,
        "n": count,
        "success": round(float((errors < 1).mean()), 4),
        "off_px": round(float(np.median(errors)), 3),
        "off_px_p95": round(float(np.quantile(errors, 0.95, method="higher")), 3),
        "residual_px": round(float(np.nanmedian(residual)), 3),
        "ms": round(float(np.median(took)) * 1e3, 1),
        "kinds": " ".join(f"{kind} {number}" for kind, number in kinds.most_common(4)),
    }


def strangers(
    name: str, make: Callable[..., object], files: Files, count: int, seed: int
) -> dict[str, object]:
    called, took = Counter[str](), []
    for a, b, rng in pairs(files, count, seed):
        original, edited = make(a, b, rng)  # type: ignore[misc]
        start = time.perf_counter()
        called[align(original, edited).geometry.kind] += 1
        took.append(time.perf_counter() - start)
    return {
        "pairs": name,
        "n": count,
        "called_aligned": round(1 - called["unrelated"] / count, 4),
        "ms": round(float(np.median(took)) * 1e3, 1),
        "kinds": " ".join(f"{kind} {number}" for kind, number in called.most_common(4)),
    }


def same_size(a: Picture, b: Picture, rng: Generator) -> tuple[Picture, Picture]:
    return a, np.asarray(cv2.resize(b, a.shape[1::-1], interpolation=cv2.INTER_AREA), np.uint8)


STRANGERS = {
    "other photograph": lambda a, b, rng: (a, b),
    "other photograph, same size": same_size,
    "shares a pasted object of 5-30 %": pasted,
}


def speed(files: Files, count: int, seed: int) -> list[dict[str, object]]:
    """Milliseconds at 512 x 512 beside what decoding the two JPEGs costs: the least of five runs each."""

    def decode(one: np.ndarray, other: np.ndarray) -> None:
        cv2.imdecode(one, cv2.IMREAD_COLOR)
        cv2.imdecode(other, cv2.IMREAD_COLOR)

    def least(work: Callable[..., object], *given: np.ndarray) -> float:
        took = []
        for _ in range(5):
            start = time.perf_counter()
            work(*given)
            took.append(time.perf_counter() - start)
        return min(took) * 1e3

    rows: dict[str, list[float]] = {}
    for a, b, rng in pairs(files, count, seed):
        a, b = (cv2.resize(picture, (512, 512), interpolation=cv2.INTER_AREA) for picture in (a, b))
        original, resaved = jpeg(a, 92), jpeg(a, 80)
        data = cv2.imencode(".jpg", resaved[..., ::-1])[1]
        cases = {
            "equal pixels": (original, original.copy()),
            "resaved": (original, resaved),
            "a tenth edited": (original, jpeg(edit(a, b, rng, 0.1), 80)),
            "half edited": (original, jpeg(edit(a, b, rng, 0.5), 80)),
            "1 px shift": (original, jpeg(np.roll(a, 1, axis=1), 80)),
            "zoom 1-4 %": (original, zoom(a, b, rng)[1]),
            "unrelated": (original, b),
        }
        rows.setdefault("decoding both (reference)", []).append(least(decode, data, data))
        for name, pair in cases.items():
            rows.setdefault(name, []).append(least(align, *pair))
    return [
        {"512 x 512, one thread": name, "n": count, "ms": round(float(np.median(took)), 2)}
        for name, took in rows.items()
    ]


def show(rows: list[dict[str, object]]) -> None:
    names = list(rows[0])
    print("| " + " | ".join(names) + " |\n|" + "---|" * len(names))
    for row in rows:
        print("| " + " | ".join(str(row[name]) for name in names) + " |")
    print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--split", default="val", choices=("train", "val"))
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--table", choices=("hard", "kinds", "strangers", "speed"))
    parser.add_argument("--mosaic", type=int, nargs=2, metavar=("W", "H"))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    files = Files(photos(asked.split), photographs(asked.split), asked.mosaic and tuple(asked.mosaic))
    few = max(1, asked.pairs // 3)
    tables = {
        "hard": lambda: [known("hard", hard, files, asked.pairs, asked.seed)],
        "kinds": lambda: [known(name, make, files, few, asked.seed) for name, make in KINDS.items()],
        "strangers": lambda: [
            strangers(n, make, files, asked.pairs, asked.seed) for n, make in STRANGERS.items()
        ],
        "speed": lambda: speed(files, min(20, few), asked.seed),
    }
    done = {name: table() for name, table in tables.items() if asked.table in (None, name)}
    if asked.json:
        about = {"opencv": cv2.__version__, "numpy": np.__version__, "machine": platform.machine()}
        about |= {"split": asked.split, "seed": asked.seed, "mosaic": asked.mosaic}
        print(json.dumps({"version": 1, "about": about, **done}))
        return
    shown = "" if asked.mosaic is None else f" mosaics of {asked.mosaic[0]} x {asked.mosaic[1]},"
    print(f"split {asked.split},{shown} seed {asked.seed}, OpenCV {cv2.__version__}, one thread\n")
    for rows in done.values():
        show(rows)


if __name__ == "__main__":
    main()
