"""How well original and edited are brought onto one grid, against known geometry.

    python benchmarks/bench_align.py --photos 100            # `val` photographs
    python benchmarks/bench_align.py --photos 100 --split train

Each pair: up to 40 % of the picture edited (blobs of another photograph), the edited side moved as the
line says, and saved as JPEG of quality 40. Displacement is the distance between where alignment puts a
pixel and where it truly lies, in pixels of the edited picture, a mean over the valid grid; success is
under 1 px. `unrelated` pairs are different photographs, `shared object` ones also share a pasted object:
there, calling them aligned is the failure.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.align import align
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Picture
from maskwright.synthesis.regions import blob

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
Matrix = NDArray[np.float64]
Move = Callable[[int, int, np.random.Generator], tuple[Matrix, int, int]]
"""(width, height, rng) to the map from edited to original pixels, and the edited width and height."""


def _about(width: int, height: int, scale: float, turn: float, share: float, x: float, y: float) -> Matrix:
    """A window of a share of each side at (x, y) of the room left, turned, seen at a scale."""
    centre = np.array([width / 2, height / 2])
    middle = np.array([(share / 2 + (1 - share) * x) * width, (share / 2 + (1 - share) * y) * height])
    angle = np.deg2rad(turn)
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    target = centre * share * scale
    matrix = np.eye(3)
    matrix[:2, :2] = turned
    matrix[:2, 2] = middle - turned @ target
    return matrix


def _anything(width: int, height: int, rng: np.random.Generator) -> tuple[Matrix, int, int]:
    """Scale 0.4-2.5, crop down to 40 % of the area, rotation up to 10 degrees, all at once."""
    scale, share = float(np.exp(rng.uniform(np.log(0.4), np.log(2.5)))), float(np.sqrt(rng.uniform(0.4, 1)))
    matrix = _about(width, height, scale, float(rng.uniform(-10, 10)), share, *rng.uniform(0, 1, 2))
    return matrix, round(width * share * scale), round(height * share * scale)


def _only(scale: tuple[float, float] = (1, 1), turn: float = 0, area: float = 1) -> Move:
    def move(width: int, height: int, rng: np.random.Generator) -> tuple[Matrix, int, int]:
        size = float(np.exp(rng.uniform(np.log(scale[0]), np.log(scale[1]))))
        share = float(np.sqrt(rng.uniform(area, 1)))
        matrix = _about(width, height, size, float(rng.uniform(-turn, turn)), share, *rng.uniform(0, 1, 2))
        return matrix, round(width * share * size), round(height * share * size)

    return move


def _shift(px: float) -> Move:
    return lambda width, height, rng: (np.array([[1, 0, px], [0, 1, -px], [0, 0, 1.0]]), width, height)


def _rounded(step: int) -> Move:
    """Stretched to the next smaller multiple, as generators want it."""

    def move(width: int, height: int, rng: np.random.Generator) -> tuple[Matrix, int, int]:
        w, h = max(step, width // step * step), max(step, height // step * step)
        x, y = width / w, height / h
        return np.array([[x, 0, x / 2 - 0.5], [0, y, y / 2 - 0.5], [0, 0, 1]]), w, h

    return move


def _stretch(width: int, height: int, rng: np.random.Generator) -> tuple[Matrix, int, int]:
    x = 1 / (1 + rng.choice([-1, 1]) * rng.uniform(0.01, 0.05))
    return np.array([[x, 0, (1 - x) * width / 2], [0, 1, 0], [0, 0, 1]]), width, height


def _mirror(width: int, height: int, rng: np.random.Generator) -> tuple[Matrix, int, int]:
    return np.array([[-1, 0, width - 1], [0, 1, 0], [0, 0, 1.0]]), width, height


def _letterbox(width: int, height: int, rng: np.random.Generator) -> tuple[Matrix, int, int]:
    bar = round(height * rng.uniform(0.06, 0.15))
    return np.array([[1, 0, 0], [0, 1, -bar], [0, 0, 1.0]]), width, height + 2 * bar


MOVES: dict[str, Move] = {
    "scale, crop and turn at once": _anything,
    "scale 0.4-2.5": _only(scale=(0.4, 2.5)),
    "crop to 40 % of the area": _only(area=0.4),
    "rotation up to 10 degrees": _only(turn=10),
    "shift 1 px": _shift(1),
    "shift 0.5 px": _shift(0.5),
    "rounded to 8": _rounded(8),
    "rounded to 64": _rounded(64),
    "letterbox bars": _letterbox,
    "stretch 1-5 %": _stretch,
    "mirrored": _mirror,
    "nothing moved": _shift(0),
}


def photographs(split: str, count: int) -> list[Picture]:
    with (DATA / "photos" / "photos.csv").open(newline="", encoding="utf-8") as file:
        paths = [row["path"] for row in csv.DictReader(file) if row["split"] == split]
    chosen = np.random.default_rng(0).permutation(len(paths))[: count + 1]
    return [read_picture(DATA / "photos" / paths[place]).pixels for place in chosen]


def edited_side(original: Picture, donor: Picture, rng: np.random.Generator) -> Picture:
    """Up to 40 % of the picture replaced by another photograph, in blobs."""
    height, width = original.shape[:2]
    edited = original.copy()
    other = cv2.resize(donor, (width, height))
    for _ in range(2):
        region = blob(height, width, rng, area_frac=float(rng.uniform(0.01, 0.2)))
        edited[region] = other[region]
    return edited


def saved(picture: Picture, quality: int = 40) -> Picture:
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


def displacement(found: Matrix, true: Matrix, valid: NDArray[np.bool_]) -> float:
    """Mean distance on the edited grid, in its pixels, where the original truly has a pixel."""
    height, width = valid.shape
    x, y = np.meshgrid(np.linspace(0, width - 1, 32), np.linspace(0, height - 1, 32))
    here = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    inside = valid[y.ravel().astype(int), x.ravel().astype(int)]
    back = np.linalg.inv(true) @ found @ here[:, inside]
    return float(np.mean(np.hypot(*(back[:2] - here[:2, inside])))) if inside.any() else float("inf")


def moved(picture: Picture, matrix: Matrix, width: int, height: int) -> Picture:
    """The picture as the map says, antialiased where it gets smaller."""
    shrink = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    source = cv2.GaussianBlur(picture, (0, 0), 0.45 * shrink) if shrink > 1.1 else picture
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(source, matrix[:2], (width, height), flags=flags))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--split", default="val")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = photographs(options.split, options.photos)
    print(f"{'moved by':30s} {'n':>4s} {'success':>8s} {'median px':>10s} {'unrelated':>10s} {'ms':>6s}")
    for name, move in MOVES.items():
        rng = np.random.default_rng(1)
        errors, lost, times = [], 0, []
        for original, donor in itertools.pairwise(pictures):
            height, width = original.shape[:2]
            matrix, w, h = move(width, height, rng)
            edited = saved(moved(edited_side(original, donor, rng), matrix, w, h))
            began = time.perf_counter()
            found = align(original, edited)
            times.append(time.perf_counter() - began)
            lost += found.geometry.kind == "unrelated"
            truth = moved(np.full((height, width, 3), 255, np.uint8), matrix, w, h)[..., 0] > 250
            errors.append(displacement(found.geometry.matrix, matrix, truth))
        success = float(np.mean(np.array(errors) < 1))
        print(
            f"{name:30s} {len(errors):4d} {success:8.1%} {np.median(errors):10.3f} {lost:10d}"
            f" {1000 * np.median(times):6.1f}"
        )
    for name, shared in (("unrelated", False), ("unrelated, shared object", True)):
        rng = np.random.default_rng(2)
        called = 0
        for first, second in itertools.pairwise(pictures):
            edited = second.copy()
            if shared:
                side = min(*first.shape[:2], *second.shape[:2]) // 2
                edited[:side, -side:] = first[:side, :side]
            called += align(first, saved(edited)).geometry.kind != "unrelated"
        print(
            f"{name:30s} {len(pictures) - 1:4d} called aligned: {called} ({called / (len(pictures) - 1):.1%})"
        )


if __name__ == "__main__":
    main()
