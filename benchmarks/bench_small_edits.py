"""Small edits in large photographs: how many are found, what else is marked, seconds and memory.

    python benchmarks/bench_small_edits.py [--mosaics 100] [--seed 0] [--split val] [--size 4000 3000]
                                           [--shift 0.5] [--annotator NAME] [--large 10000 10000] [--json]

Every mosaic is made from a seed of its own, one at a time: strips of photographs (MASKWRIGHT_DATA) at
their own scale, with sensor noise. 1 to 3 pieces of another photograph, of an irregular shape about
48 px across with a soft border, are laid on it. The original is saved as JPEG 95; the edited picture is
moved by half a pixel in a direction of chance and saved as JPEG 80. Then `annotate_pair` on the bytes.

Found: a region of the mask (8-connected) has an IoU of at least 0.3 with the edit. False: a region
that meets no edit; a region that meets one, but has less IoU, is counted by itself ("off"). Truth is
the whole shape down to half opacity, whether the piece can be told from what it covers or not; contrast is
the mean difference to that, largest channel. The interval of recall is bootstrapped over mosaics.
Memory is the peak of this process, which also makes the pictures. `--large` adds one pair of that size
(10000 10000: the most pixels that are read), annotated from its files by a process that does nothing else;
its peak is that pair's.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from maskwright.masks.annotators import DEFAULT, Annotator, load_annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.measures.metrics import estimate
from maskwright.pairs.picture import read_picture
from maskwright.pairs.registration import displacement, shifting
from maskwright.pairs.values import Mask, Pair, Picture
from maskwright.synthesis.corruptions import shift
from maskwright.synthesis.regions import blob
from maskwright.synthesis.steps import Made

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
STRIP_PX = 256
"""Rows of a strip of the mosaic; photographs are cut to it, and lower ones left out."""
EDIT_PX = 48
"""An edit has the area of a disc this wide."""
FEATHER_SIGMA = 2.0
"""Pixels; blur of an edit's outline."""
GAIN, READ = 0.04, 1.5
"""Sensor noise: variance = GAIN * level + READ, in grey levels squared, each channel by itself; 2.6 levels of
deviation at mid grey. The Poissonian-Gaussian model of Foi et al. 2008, here laid on displayed
levels and not on raw ones; strengths are our choice, a phone's picture indoors."""
LEAST_IOU = 0.3
ALONE = """
import json, sys, time
import cv2, numpy as np
from pathlib import Path
from maskwright.masks.annotators import load_annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.pairs.values import Pair
cv2.setNumThreads(1)
original, edited, out, name = sys.argv[1:]
annotator, start = load_annotator(name), time.perf_counter()
seen = annotate_pair(Pair("large", original, edited), annotator)
told = {"verdict": seen.verdict or seen.reason, "seconds": round(time.perf_counter() - start, 1)}
status = Path("/proc/self/status")
if status.exists():  # what getrusage says holds the peak of the parent, too
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    told["peak_mb"] = round(int(peak.split()[1]) * 1024 / 1e6)
else:
    import resource
    told["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
if seen.mask is not None:
    np.save(out, np.packbits(seen.mask))
print(json.dumps(told))
"""
"""Annotates a pair of files, keeps the mask, and says what that took."""


def photographs(split: str) -> list[Path]:
    """The photographs of a split that are high enough for a strip."""
    with (DATA / "photos" / "photos.csv").open(newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["split"] == split]
    return [DATA / "photos" / row["path"] for row in rows if int(row["height"]) >= STRIP_PX]


def noisy(picture: Picture, rng: Generator) -> Picture:
    """With sensor noise of strength `GAIN` and `READ`."""
    level = picture.astype(np.float32)
    noise = rng.standard_normal(picture.shape, np.float32)
    return np.asarray(np.clip(np.rint(level + noise * np.sqrt(GAIN * level + READ)), 0, 255), np.uint8)


def mosaic(photos: list[Path], rng: Generator, width: int, height: int) -> Picture:
    """(height, width, 3) uint8: strips of photographs at their own scale."""
    picture = np.zeros((height, width, 3), np.uint8)
    for top in range(0, height, STRIP_PX):
        left, rows = 0, min(STRIP_PX, height - top)
        while left < width:
            photo = read_picture(photos[int(rng.integers(len(photos)))]).pixels
            start = int(rng.integers(0, photo.shape[0] - STRIP_PX + 1))
            cut = photo[start : start + rows, : width - left]
            picture[top : top + rows, left : left + cut.shape[1]] = noisy(cut, rng)
            left += cut.shape[1]
    return picture


def outline(rng: Generator) -> Mask:
    """A wavy shape with the area of a disc of `EDIT_PX`, whole, with room around it."""
    side = 3 * EDIT_PX
    frac = np.pi * (EDIT_PX / 2) ** 2 / side**2
    while True:
        shape = blob(side, side, rng, area_frac=float(frac))
        if not (shape[:8].any() or shape[-8:].any() or shape[:, :8].any() or shape[:, -8:].any()):
            return shape


def place(
    picture: Picture, donor: Picture, truth: Mask, others: list[dict[str, float]], rng: Generator
) -> dict[str, float]:
    """Lay a piece of the donor on the picture and mark it in `truth`, in place; says where and how plain.

    Its window, the piece and as much again around it, meets no other's.
    """
    shape = outline(rng)
    side, (height, width) = len(shape), truth.shape
    while True:
        top, left = int(rng.integers(0, height - side + 1)), int(rng.integers(0, width - side + 1))
        if all(max(abs(left - each["x"]), abs(top - each["y"])) >= side for each in others):
            break
    window = np.s_[top : top + side, left : left + side]
    down, right = (int(rng.integers(0, length - side + 1)) for length in donor.shape[:2])
    piece = noisy(donor[down : down + side, right : right + side], rng)
    alpha = cv2.GaussianBlur(shape.astype(np.float32), (0, 0), FEATHER_SIGMA)[..., None]
    below = picture[window].copy()
    picture[window] = np.rint(alpha * piece + (1 - alpha) * below)
    truth[window] = alpha[..., 0] >= 0.5
    apart = piece.astype(np.float32) - below
    contrast = float(np.abs(apart[truth[window]].mean(axis=0)).max())
    return {"x": left, "y": top, "side": side, "contrast": round(contrast, 1)}


def jpeg(picture: Picture, quality: int) -> bytes:
    saved = cv2.imencode(
        ".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    return saved[1].tobytes()


def made(
    photos: list[Path], rng: Generator, size: tuple[int, int], moved_px: float
) -> tuple[Pair, Mask, list[dict[str, float]], NDArray[np.float64]]:
    """A pair of JPEG bytes, the truth on the edited grid, each edit's window, and the true shift (x, y)."""
    original = mosaic(photos, rng, *size)
    edited, truth = original.copy(), np.zeros(original.shape[:2], np.bool_)
    edits: list[dict[str, float]] = []
    for _ in range(int(rng.integers(1, 4))):
        donor = read_picture(photos[int(rng.integers(len(photos)))]).pixels
        edits.append(place(edited, donor, truth, edits, rng))
    angle = rng.uniform(0, 2 * np.pi)
    moved = moved_px * np.array([np.cos(angle), np.sin(angle)])
    if moved_px:
        pair = shift(*moved.tolist())(Made(original, edited, truth, np.zeros_like(truth)), rng)
        edited, truth = pair.edited, pair.mask
    return Pair("mosaic", jpeg(original, 95), jpeg(edited, 80)), truth, edits, moved


def compared(mask: Mask, truth: Mask, edits: list[dict[str, float]]) -> dict[str, Any]:
    """Regions of the mask against the edits: each edit's best IoU, and regions that are false or off."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    meets, matches = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    for edit in edits:
        x, y, side = (int(edit[key]) for key in ("x", "y", "side"))
        window = np.s_[y : y + side, x : x + side]
        inside = np.bincount(labels[window][truth[window]], minlength=count)
        iou = inside / (areas + np.count_nonzero(truth[window]) - inside)
        inside[0], iou[0] = 0, 0.0
        meets |= inside > 0
        matches |= iou >= LEAST_IOU
        edit["iou"] = round(float(iou.max()), 3)
        edit["marked"] = round(float(inside.sum() / max(1, np.count_nonzero(truth[window]))), 3)
    false = np.flatnonzero(~meets)[1:]  # the first is what is not marked
    return {
        "edits": edits,
        "false": len(false),
        "off": int(np.count_nonzero(meets & ~matches)),
        "false_px": [int(areas[number]) for number in false],
        "false_at": [[int(stats[number][0]), int(stats[number][1])] for number in false],
    }


def measured(
    number: int, photos: list[Path], annotator: Annotator, asked: argparse.Namespace
) -> dict[str, Any]:
    """One mosaic: made, annotated, compared."""
    rng = np.random.default_rng([asked.seed, number])
    pair, truth, edits, moved = made(photos, rng, tuple(asked.size), asked.shift)
    start = time.perf_counter()
    seen = annotate_pair(pair, annotator)
    took = time.perf_counter() - start
    if seen.mask is None or seen.geometry is None:
        nothing = np.zeros_like(truth)
        return {"mosaic": number, "verdict": seen.reason, "seconds": took, **compared(nothing, truth, edits)}
    height, width = truth.shape
    off = displacement(np.linalg.inv(seen.geometry.matrix) @ shifting(-moved[0], -moved[1]), width, height)
    return {
        "mosaic": number,
        "verdict": seen.verdict,
        "background": seen.background,
        "kind": seen.geometry.kind,
        "off_px": round(off, 3),
        "residual_px": round(seen.geometry.residual_px, 3),
        "noise_floor": seen.scores["noise_floor"],
        "seconds": round(took, 3),
        **compared(seen.mask, truth, edits),
    }


def large(photos: list[Path], asked: argparse.Namespace) -> dict[str, Any]:
    """One pair of any size, annotated by a process of its own."""
    rng = np.random.default_rng([asked.seed, *asked.large])
    pair, truth, edits, _ = made(photos, rng, tuple(asked.large), asked.shift)
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("original.jpg", "edited.jpg", "mask.npy")]
        for file, data in zip(files, (pair.original, pair.edited), strict=False):
            file.write_bytes(data)
        del pair
        done = subprocess.run(
            [sys.executable, "-c", ALONE, *map(str, files), asked.annotator], capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"the large pair could not be annotated: {done.stderr[-1000:]}")
        mask = np.zeros_like(truth)
        if files[2].exists():
            mask = np.unpackbits(np.load(files[2]), count=truth.size).reshape(truth.shape).astype(np.bool_)
    found = compared(mask, truth, edits)
    hits = sum(edit["iou"] >= LEAST_IOU for edit in found["edits"])
    of_pair = {"found": hits, "edits": len(edits), "false": found["false"], "off": found["off"]}
    return {"megapixels": round(truth.size / 1e6, 1), **json.loads(done.stdout), **of_pair}


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """All rows in a few figures."""
    edits = [(edit, row["mosaic"]) for row in rows for edit in row["edits"]]
    found = [float(edit["iou"] >= LEAST_IOU) for edit, _ in edits]
    recall = estimate(found, [mosaic for _, mosaic in edits])
    false = [row["false"] for row in rows]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "mosaics": len(rows),
        "edits": len(edits),
        "recall": round(recall.mean, 4),
        "recall_low": round(recall.low, 4),
        "recall_high": round(recall.high, 4),
        "iou_median": round(float(np.median([edit["iou"] for edit, _ in edits])), 3),
        "false_a_mosaic": round(float(np.mean(false)), 3),
        "off_a_mosaic": round(float(np.mean([row["off"] for row in rows])), 3),
        "with_false_share": round(float(np.mean([number > 0 for number in false])), 3),
        "off_px": round(float(np.median([row.get("off_px", np.nan) for row in rows])), 3),
        "kinds": dict(Counter(row.get("kind", "none") for row in rows)),
        "verdicts": dict(Counter(row["verdict"] for row in rows)),
        "seconds_a_pair": round(float(np.median([row["seconds"] for row in rows])), 2),
        "seconds_most": round(float(max(row["seconds"] for row in rows)), 2),
        "peak_mb": round(peak / 1e6),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mosaics", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", default="val", choices=("train", "val"))
    parser.add_argument("--size", type=int, nargs=2, default=(4000, 3000), metavar=("W", "H"))
    parser.add_argument("--shift", type=float, default=0.5, help="pixels; 0 leaves every pixel in its place")
    parser.add_argument("--annotator", default=DEFAULT)
    parser.add_argument("--large", type=int, nargs=2, metavar=("W", "H"))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    photos, annotator = photographs(asked.split), load_annotator(asked.annotator)
    rows = [measured(number, photos, annotator, asked) for number in range(asked.mosaics)]
    about = {
        "annotator": asked.annotator,
        "split": asked.split,
        "seed": asked.seed,
        "size": "x".join(map(str, asked.size)),
        "shift_px": asked.shift,
        "python": platform.python_version(),
        "opencv": cv2.__version__,
    }
    found = summary(rows)
    if asked.large:
        found["large"] = large(photos, asked)
    if asked.json:
        print(json.dumps({"version": 1, "about": about, **found, "rows": rows}))
        return
    print(*(f"{key} {value}" for key, value in about.items()), "one thread", sep=", ")
    for key, value in found.items():
        counts = isinstance(value, dict)
        shown = ", ".join(f"{name} {count}" for name, count in value.items()) if counts else value
        print(f"{key:18} {shown}")


if __name__ == "__main__":
    main()
