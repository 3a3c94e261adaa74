"""The proof: one detector, trained on true masks, on maskwright's or on a difference's; which finds more?

    python benchmarks/proof_autoencoder.py -o AE
    python benchmarks/prove_masks.py -o OUT --autoencoder AE/autoencoder.onnx [--steps 1200] [--workers 2]
    python benchmarks/prove_masks.py -o OUT --autoencoder AE/autoencoder.onnx --only true

Makes pairs of photographs with edits and corruptions that `compact` was not trained on (proof_edits.py),
every second one through an autoencoder that it never saw, and annotates them three ways: by `compact`; by the
blurred difference at the one threshold that is best for these very pairs, by their true masks (an oracle); by
Otsu's threshold of it. Then `compact-detector` is trained on single pictures and those masks, the same number
of steps each: seeds 1, 2 and 3 on true masks, ours and the blurred difference's; seed 1 on Otsu's, and on the
half of ours that `confidence` or `qes` rank first. All are tested on true masks: of pairs of `val`
photographs, and of data/pairs, which no choice was made by. A pair to which a way gives an empty mask is left
out of its table, as one would select.

The measure that decides is F1 at 0.5 on regenerated pairs; it was named before the first run. Intervals are
95 %, over photographs and seeds. A finished run is kept in OUT/runs, an unfinished one goes on; the same line
again does only what is left. Writes OUT/proof.json, proof.md and proof.svg. Needs the photographs
(MASKWRIGHT_DATA) and the torch extra.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from maskwright import __version__
from maskwright.bench.processes import answers
from maskwright.detectors import DEFAULT, load_detector
from maskwright.pages.plots import Dots
from maskwright.pairs.maskfile import fitted_mask
from maskwright.pairs.picture import read_picture
from proof_figures import MEASURES, Shown, alone, compared, dot, measured, photos_of, svg, table_of
from proof_pairs import (
    ANNOTATOR,
    Row,
    best_threshold,
    blurred_masks,
    make_pairs,
    mask,
    picture,
    write_table,
)

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
REGENERATED, OTHER, HARD, REAL = "regenerated", "not regenerated", "real, hard truth", "real, other truth"
SETS = {
    "regenerated pairs": (REGENERATED,),
    "other pairs": (OTHER,),
    "all made pairs": (REGENERATED, OTHER),
    "data/pairs, hard truth": (HARD,),
    "data/pairs, all": (HARD, REAL),
}
HARD_TRUTH = ("author", "inpainting-mask")
REUSE = 4
"""How often a sample is trained on."""
SIZES = {"samples": 128, "pictures": 16, "whole": 384, "judged": 80}
"""Of what a run measures and calibrates on: less than for weights in earnest, or it outlasts the steps."""
LOOKED_AT = 16
"""Pairs of val in each table: training measures itself on some, and nothing here looks at that figure."""


@dataclass(frozen=True)
class Arm:
    """What detectors are trained on.

    Args:
        masks: the files that hold them.
        seeds: of its runs.
        kept_by: a score of ours; the better half of the pairs by it is kept.
    """

    name: str
    says: str
    masks: str
    seeds: tuple[int, ...]
    kept_by: str = ""


ARMS = (
    Arm("true", "(a) true masks", "true", (1, 2, 3)),
    Arm("ours", f"(b) maskwright's masks ({ANNOTATOR})", "ours", (1, 2, 3)),
    Arm("blurred", "(c) blurred difference, oracle threshold", "blurred", (1, 2, 3)),
    Arm("otsu", "(d) Otsu's masks", "otsu", (1,)),
    Arm("confidence", "(e) ours, best half by confidence", "ours", (1,), "confidence"),
    Arm("qes", "(f) ours, best half by qes", "ours", (1,), "qes"),
)


@dataclass(frozen=True)
class Running:
    """Trains and measures one run; can be pickled."""

    out: Path
    rows: tuple[Row, ...]
    steps: int
    batch: int
    real: Path | None

    def __call__(self, task: tuple[str, int]) -> dict[str, Any]:
        arm, seed = task
        place = self.out / "runs" / f"{arm}-{seed}"
        result = place.parent / f"{arm}-{seed}.json"
        if result.exists():
            return dict(json.loads(result.read_text()))
        began = time.monotonic()
        network, seconds = train(
            self.out / f"{arm}.csv", place, seed=seed, steps=self.steps, batch=self.batch
        )
        detector = load_detector(str(network))
        made = measured(detector, shown_made(self.rows, self.out / "pairs"))
        real = measured(detector, shown_real(self.real)) if self.real else []
        found = {
            "arm": arm,
            "seed": seed,
            "steps": self.steps,
            "batch": self.batch,
            "trained_s": round(seconds, 1),
            "all_s": round(time.monotonic() - began, 1),
            "made": made,
            "real": real,
        }
        temporary = result.with_suffix(".tmp")
        temporary.write_text(json.dumps(found))
        os.replace(temporary, result)
        return found


def train(data: Path, out: Path, *, seed: int, steps: int, batch: int) -> tuple[Path, float]:
    """Train the detector on a dataset, on one core; its .onnx file, and the seconds its steps took.

    As `maskwright train detector`, but for `SIZES`.
    """
    import torch

    from maskwright.learning.detector import train_on
    from maskwright.learning.detector_task import Sizes, check_known
    from maskwright.learning.exhibits import shared_exhibits
    from maskwright.learning.loop import Schedule
    from maskwright.learning.ranks import joined
    from maskwright.learning.train import Assignment, Options

    torch.set_num_threads(1)
    options = Options(seed=seed, batch=batch, reuse=REUSE, workers=1)
    out.mkdir(parents=True, exist_ok=True)
    shares = shared_exhibits(data, None, out / "cache" / "pictures")
    schedule = Schedule(steps=steps, seed=seed)
    with joined() as ranks:
        given = Assignment(shares, schedule, out, ranks, options, lambda lap: None)
        found = train_on(DEFAULT, check_known(DEFAULT, None), given, Sizes(**SIZES))
    assert found is not None
    shutil.rmtree(out / "cache", ignore_errors=True)
    return found.network, found.elapsed_s


def shown_made(rows: Sequence[Row], folder: Path) -> Iterator[Shown]:
    """The edited pictures of val pairs."""
    for row in rows:
        if row.split == "val":
            group = REGENERATED if row.regenerated else OTHER
            truth, ignore = mask(folder, row, "true"), mask(folder, row, "ignore")
            yield Shown(row.stem, group, row.photo, picture(folder, row, "edited"), truth, ignore)


def shown_real(table: Path) -> Iterator[Shown]:
    """The edited pictures of data/pairs."""
    with table.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            pixels = read_picture(table.parent / row["edited"]).pixels
            truth, _ = fitted_mask(table.parent / row["mask"], pixels.shape[1], pixels.shape[0])
            group = HARD if row["truth"] in HARD_TRUTH else REAL
            yield Shown(row["id"], group, row["original"], pixels, truth, None)


def tables(rows: Sequence[Row], out: Path) -> dict[str, Any]:
    """Write the table of each arm; what was chosen and how many pairs each has."""
    folder = out / "pairs"
    learnt = [row for row in rows if row.split == "train"]
    looked_at = [row for row in rows if row.split == "val"][:LOOKED_AT]
    threshold, best = best_threshold(learnt, folder)
    blurred = blurred_masks(rows, folder, threshold)
    told: dict[str, Any] = {"threshold": threshold, "threshold_f1": best, "pairs": {}, "mask_f1": {}}
    of_masks = {
        "ours": {row.stem: row.ours for row in rows},
        "blurred": blurred,
        "otsu": {row.stem: row.otsu for row in rows},
    }
    for name, figures in of_masks.items():
        told["mask_f1"][name] = {
            group: float(np.mean([figures[row.stem] for row in learnt if row.regenerated is regenerated]))
            for group, regenerated in ((REGENERATED, True), (OTHER, False))
        }
    for arm in ARMS:
        chosen = [row for row in learnt if mask(folder, row, arm.masks).any()]
        if arm.kept_by:
            scored = [row for row in chosen if getattr(row, arm.kept_by) is not None]
            chosen = sorted(scored, key=lambda row: -float(getattr(row, arm.kept_by)))[: len(learnt) // 2]
        write_table(out / f"{arm.name}.csv", [*chosen, *looked_at], folder, arm.masks)
        told["pairs"][arm.name] = len(chosen)
        told.setdefault("train_mask_f1", {})[arm.name] = float(
            np.mean([of_masks[arm.masks][row.stem] if arm.masks in of_masks else 1.0 for row in chosen])
        )
    told["verdicts"] = dict(Counter(row.verdict or row.status for row in rows))
    told["edits"] = dict(Counter(row.edit for row in rows))
    return told


def summary(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Means and intervals by set of pictures, measure and arm, and what is compared."""
    found: dict[str, Any] = {}
    for words, groups in SETS.items():
        parts = {arm: [[*run["made"], *run["real"]] for run in of_arm] for arm, of_arm in runs.items()}
        first = next(iter(parts.values()))[0]
        photos = photos_of(first, groups)
        if not len(photos):
            continue
        here: dict[str, Any] = {"pictures": len(photos), "measures": {}, "compared": {}}
        ones = np.array([row["ones"] for row in first if row["group"] in groups])
        here["all_ones"] = float(ones.mean())
        for measure in MEASURES:
            known = {arm: table_of(of_arm, groups, measure) for arm, of_arm in parts.items()}
            here["measures"][measure] = {arm: alone(table, photos) for arm, table in known.items()}
            here["compared"][measure] = _compared(known, photos)
        found[words] = here
    return found


def _compared(known: Mapping[str, Any], photos: Any) -> dict[str, Any]:
    """What the issue asks: b - c, b over a; and runs of one seed against the same seed of ours."""
    found = {}
    if {"ours", "blurred"} <= known.keys():
        found["b - c"] = compared(known["ours"], known["blurred"], photos)
    if {"ours", "true"} <= known.keys():
        found["b / a"] = compared(known["ours"], known["true"], photos, ratio=True)
    for arm, letter in (("otsu", "d"), ("confidence", "e"), ("qes", "f")):
        if {"ours", arm} <= known.keys():
            found[f"{letter} - b, seed 1"] = compared(known[arm], known["ours"][:1], photos)
    return found


def markdown(report: Mapping[str, Any]) -> str:
    """The tables."""
    says = {arm.name: arm.says for arm in ARMS}
    lines = []
    for words, here in report["sets"].items():
        lines += ["", f"**{words}** ({here['pictures']}; all ones {here['all_ones']:.3f})", ""]
        lines += [
            "| trained on | runs | " + " | ".join(MEASURES.values()) + " |",
            "|---|---|" + "---|" * len(MEASURES),
        ]
        for arm, count in report["runs"].items():
            cells = [here["measures"][measure][arm] for measure in MEASURES]
            figures = [f"{cell.mean:.3f} [{cell.low:.3f}, {cell.high:.3f}]" for cell in cells]
            lines.append(f"| {says[arm]} | {count} | " + " | ".join(figures) + " |")
        for what in here["compared"]["f1"]:
            cells = [here["compared"][measure][what] for measure in MEASURES]
            lines.append(f"| {what} | | " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines).lstrip() + "\n"


def plot(report: Mapping[str, Any]) -> str:
    here = report["sets"]["regenerated pairs"]
    found = here["measures"]["f1"]
    dots = [
        dot(arm.says, found[arm.name], other=arm.name not in ("true", "ours"))
        for arm in ARMS
        if arm.name in found
    ]
    says = (
        f"F1 at 0.5 on {here['pictures']} regenerated pictures nobody trained on, 95 % intervals;"
        f" all ones {here['all_ones']:.2f}"
    )
    return svg(Dots("One detector, trained on the masks of", says, dots))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--autoencoder", type=Path, required=True, help="as proof_autoencoder.py writes it")
    parser.add_argument("--photos", type=Path, default=DATA / "photos" / "photos.csv")
    parser.add_argument("--real", type=Path, default=DATA / "pairs" / "pairs.csv")
    parser.add_argument("--train", type=int, default=1200, help="pairs to train on")
    parser.add_argument("--val", type=int, default=200, help="pairs to test on")
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2, help="runs at a time, one core each")
    parser.add_argument("--only", nargs="+", choices=[arm.name for arm in ARMS], help="arms to run")
    parser.add_argument("--seeds", type=int, default=3, help="at most so many seeds an arm")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes to come
    options.out.mkdir(parents=True, exist_ok=True)
    rows = make_pairs(
        options.photos,
        options.autoencoder,
        options.out,
        train=options.train,
        val=options.val,
        seed=0,
        workers=options.workers,
    )
    told = tables(rows, options.out)
    print(json.dumps(told), flush=True)
    arms = [arm for arm in ARMS if not options.only or arm.name in options.only]
    # By seed, so that a proof that is stopped has what can be compared.
    tasks = [(arm.name, seed) for seed in range(1, options.seeds + 1) for arm in arms if seed in arm.seeds]
    (options.out / "runs").mkdir(exist_ok=True)
    real = options.real if options.real.exists() else None
    running = Running(options.out, tuple(rows), options.steps, options.batch, real)
    runs: dict[str, list[dict[str, Any]]] = {arm.name: [] for arm in arms}
    for run in answers(running, tasks, options.workers):
        runs[run["arm"]].append(run)
        f1 = [row["f1"] for row in run["made"] if row["group"] == REGENERATED]
        print(
            f"{run['arm']} {run['seed']}: {run['all_s']:.0f} s, regenerated F1 {np.mean(f1):.3f}", flush=True
        )
    report = {
        "maskwright": __version__,
        "detector": DEFAULT,
        "annotator": ANNOTATOR,
        "steps": options.steps,
        "batch": options.batch,
        "runs": {arm: len(of_arm) for arm, of_arm in runs.items()},
        **told,
        "sets": summary(runs),
    }
    text = markdown(report)
    (options.out / "proof.json").write_text(json.dumps(report, default=vars, indent=1))
    (options.out / "proof.md").write_text(text)
    (options.out / "proof.svg").write_text(plot(report))
    print(text)


if __name__ == "__main__":
    main()
