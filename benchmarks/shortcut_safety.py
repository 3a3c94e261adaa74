"""What a naive export teaches: detectors trained on it and on ours, each tested on pictures of both.

    python benchmarks/shortcut_safety.py -o OUT --autoencoder AE/autoencoder.onnx [--steps 600] [--workers 2]

The same photographs and the same edits (proof_edits.py, true masks, nothing done to whole pictures) are
exported twice. Naive: photographs as JPEG 92, edited pictures as JPEG 75, as a camera and an editor leave
them. Ours: both decoded and stored by one encoder with one setting, as `maskwright build --encoding "jpeg
85"` does. A detector is trained on each, for the same steps; both are tested on `val` photographs in both
exports: does the score tell edited pictures from authentic ones (AUC), and does the map find the edit (F1 at
0.5 on edited pictures)? Photographs are first made smaller, so that the blocks of their own files are gone.
Intervals are 95 %, over photographs. Finished parts are kept in OUT. Writes OUT/shortcuts.json and
shortcuts.md. Needs the photographs (MASKWRIGHT_DATA) and the torch extra.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import proof_edits
from maskwright.bench.processes import answers
from maskwright.datasets.formats.imdlbenco import AUTHENTIC, FORGED, MASKS
from maskwright.datasets.shortcuts.containers import Encoding, encode
from maskwright.detectors import load_detector
from maskwright.measures.metrics import RESAMPLES, pixel_f1
from maskwright.pairs.picture import encode_png, read_mask, read_picture
from maskwright.synthesis.photos import Photo, load_photo, read_photos
from maskwright.synthesis.roundtrip import KeptRoundtrip
from maskwright.synthesis.steps import begin
from prove_masks import DATA, train

EXPORTS = {
    "naive": (Encoding("jpeg", 92), Encoding("jpeg", 75)),
    "ours": (Encoding("jpeg", 85), Encoding("jpeg", 85)),
}
"""How photographs and edited pictures are stored."""
LONGEST_PX = 300.0
"""At most 0.9 of what photographs have: their own blocks are gone."""
SEED = 1


@dataclass(frozen=True)
class Exporting:
    """Makes a pair by its number and stores it in both ways; can be pickled."""

    photos: Mapping[str, tuple[Photo, ...]]
    again: KeptRoundtrip
    out: Path

    def __call__(self, task: tuple[str, int]) -> tuple[str, str]:
        """Its split and stem."""
        split, number = task
        rng = np.random.default_rng([SEED, int(split == "val"), number])
        photos = self.photos[split]
        photo, donor = (photos[(number + step) % len(photos)] for step in (0, 1))
        loaded, other = (load_photo(each, longest_px=LONGEST_PX) for each in (photo, donor))
        made, _ = proof_edits.edit(begin(loaded.pixels), loaded.labels, other.pixels, self.again, rng)
        stem = f"{number:05d}"
        for name, encodings in EXPORTS.items():
            folder = self.out / name / split
            for role, pixels, encoding in zip(
                (AUTHENTIC, FORGED), (made.original, made.edited), encodings, strict=True
            ):
                (folder / role / f"{stem}.jpg").write_bytes(encode(pixels, encoding).data)
            (folder / MASKS / f"{stem}.png").write_bytes(encode_png(made.mask))
        return split, stem


@dataclass(frozen=True)
class Running:
    """Trains one detector and looks at both tests; can be pickled."""

    out: Path
    stems: tuple[str, ...]
    steps: int
    batch: int

    def __call__(self, name: str) -> dict[str, Any]:
        result = self.out / f"{name}.json"
        if result.exists():
            return dict(json.loads(result.read_text()))
        network, _ = train(
            self.out / name, self.out / f"run-{name}", seed=SEED, steps=self.steps, batch=self.batch
        )
        detector = load_detector(str(network))
        found: dict[str, Any] = {"trained": name, "tests": {}}
        for test in EXPORTS:
            rows = []
            for stem in self.stems:
                folder = self.out / test / "val"
                truth = read_mask(folder / MASKS / f"{stem}.png")
                edited, original = (
                    detector.detect(read_picture(folder / role / f"{stem}.jpg").pixels)
                    for role in (FORGED, AUTHENTIC)
                )
                rows.append((edited.score, original.score, pixel_f1(edited.map >= np.float32(0.5), truth)))
            found["tests"][test] = rows
        result.write_text(json.dumps(found))
        return found


def exported(
    source: Path, autoencoder: Path, out: Path, counts: Mapping[str, int], workers: int
) -> list[str]:
    """Make the exports, unless they are there; the stems of split val."""
    photos = {split: tuple(read_photos(source, split)) for split in counts}
    for name in EXPORTS:
        for split in counts:
            for role in (FORGED, MASKS, AUTHENTIC):
                (out / name / split / role).mkdir(parents=True, exist_ok=True)
    tasks = [(split, number) for split, count in counts.items() for number in range(count)]
    done = out / "stems.json"
    if done.exists():
        rows = [tuple(row) for row in json.loads(done.read_text())]
    else:
        exporting = Exporting(photos, KeptRoundtrip(autoencoder, out / "again"), out)
        rows = list(answers(exporting, tasks, workers))
        done.write_text(json.dumps(rows))
    if [(split, f"{number:05d}") for split, number in tasks] != rows:
        raise SystemExit(f"{out} holds another export: name a new folder")
    return [stem for split, stem in rows if split == "val"]


def figures(rows: Sequence[Sequence[float]]) -> dict[str, tuple[float, float, float]]:
    """Picture-level AUC and pixel F1 with their intervals: photographs are drawn, both pictures of each."""
    scores = np.asarray(rows, np.float64)
    drawn = np.random.default_rng(0).integers(0, len(scores), (RESAMPLES, len(scores)))
    aucs = [picture_auc(scores[which, 0], scores[which, 1]) for which in drawn]
    f1 = scores[:, 2][drawn].mean(axis=1)
    return {
        "auc": (picture_auc(scores[:, 0], scores[:, 1]), *_ends(np.asarray(aucs))),
        "f1": (float(scores[:, 2].mean()), *_ends(f1)),
    }


def picture_auc(edited: NDArray[np.float64], authentic: NDArray[np.float64]) -> float:
    """How often an edited picture's score is above an authentic one's; ties count half."""
    apart = edited[:, None] - authentic[None]
    return float((apart > 0).mean() + 0.5 * (apart == 0).mean())


def _ends(draws: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def markdown(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The table."""
    lines = ["| trained on | tested on | picture AUC | pixel F1 |", "|---|---|---|---|"]
    for trained, tests in found.items():
        for test, measures in tests.items():
            cells = ["{:.3f} [{:.3f}, {:.3f}]".format(*measures[name]) for name in ("auc", "f1")]
            lines.append(f"| {trained} | {test} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--autoencoder", type=Path, required=True, help="as proof_autoencoder.py writes it")
    parser.add_argument("--photos", type=Path, default=DATA / "photos" / "photos.csv")
    parser.add_argument("--train", type=int, default=800, help="pairs to train on")
    parser.add_argument("--val", type=int, default=200, help="pairs to test on")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2, help="runs at a time, one core each")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes to come
    counts = {"train": options.train, "val": options.val}
    stems = exported(options.photos, options.autoencoder, options.out, counts, options.workers)
    running = Running(options.out, tuple(stems), options.steps, options.batch)
    found = {
        run["trained"]: {test: figures(rows) for test, rows in run["tests"].items()}
        for run in answers(running, list(EXPORTS), options.workers)
    }
    report = {"steps": options.steps, "batch": options.batch, "pairs": counts, "table": found}
    (options.out / "shortcuts.json").write_text(json.dumps(report, indent=1))
    (options.out / "shortcuts.md").write_text(markdown(found))
    print(markdown(found))


if __name__ == "__main__":
    main()
