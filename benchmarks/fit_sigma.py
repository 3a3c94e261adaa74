"""What the constants of untrained sigma were chosen by: F1 and false marks on synthetic edits.

    python benchmarks/fit_sigma.py --backbone NET.onnx [--vae ROUNDTRIP.onnx] [--pairs 40] [--seed 14]

Draws as many edited pairs of each background from `train` photographs, and half as many unedited ones, and
prints the means for a row of thresholds and of seeds, then for priors that are right and wrong. Needs the
photographs (MASKWRIGHT_DATA).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from maskwright.masks.annotators import sigma as annotator
from maskwright.masks.annotators.evidence import Plane
from maskwright.masks.annotators.rule import shipped_rule
from maskwright.masks.annotators.semantic import THRESHOLD
from maskwright.masks.annotators.sigma import SEED, Sigma, change_of
from maskwright.masks.grounding import Prior
from maskwright.measures.metrics import pixel_f1
from maskwright.pairs.align import align
from maskwright.pairs.values import Aligned, Mask
from maskwright.synthesis.photos import read_photos
from maskwright.synthesis.samples import draw_sample

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
BACKGROUNDS = ("redrawn", "regenerated", "resaved")
THRESHOLDS = (1.0, 1.25, 1.5, 1.75, 2.0)
SEEDS = (0.5, 0.7, 1.0, 1.4)
Asked = Callable[[Mask], Mask]


@dataclass(frozen=True, slots=True)
class Drawn:
    """An aligned pair, what is known of it, and its log odds by evidence alone."""

    pair: Aligned
    truth: Mask
    ignore: Mask | None
    odds: Plane


def drawn(count: int, seed: int, sigma: Sigma) -> dict[tuple[str, bool], list[Drawn]]:
    """Pairs by background and whether they are edited."""
    photos = read_photos(DATA / "photos", "train")
    found: dict[tuple[str, bool], list[Drawn]] = {(b, e): [] for b in BACKGROUNDS for e in (True, False)}
    number = 0
    while any(len(pairs) < (count if edited else count // 2) for (_, edited), pairs in found.items()):
        number += 1
        rng = np.random.default_rng([seed, number])
        told = draw_sample(photos, rng, shares=dict.fromkeys(BACKGROUNDS, 1 / len(BACKGROUNDS))).told
        edited = bool(told.made.mask.any())
        pairs = found.get((told.background, edited), [])
        if len(pairs) >= (count if edited else count // 2) or (told.background, edited) not in found:
            continue
        cv2.setRNGSeed(0)
        pair = align(told.made.original, told.made.edited)
        if pair.geometry.kind != "unrelated":
            pairs.append(Drawn(pair, told.made.mask, told.made.ignore, sigma.odds([pair])[0]))
    return found


def figures(
    found: dict[tuple[str, bool], list[Drawn]], *, harder: float = 0.0, asked: Asked | None = None
) -> str:
    """Means by background: F1 of edited pairs, and the marked share of unedited ones."""
    cells = []
    for (background, edited), pairs in found.items():
        values = []
        for each in pairs:
            prior = None
            if asked is not None:
                prior = Prior(asked(each.truth).astype(np.float32), "region")
            odds = each.odds - np.float32(harder)
            mask = change_of(each.pair, odds, prior, shipped_rule()).map >= 0.5
            values.append(pixel_f1(mask, each.truth, ignore=each.ignore) if edited else mask.mean())
        cells.append(f"{background} {'F1' if edited else 'marked'} {np.mean(values):.3f}")
    return ", ".join(cells)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--backbone", default="compact")
    options.add_argument("--vae")
    options.add_argument("--pairs", type=int, default=40)
    options.add_argument("--seed", type=int, default=14)
    told = options.parse_args()
    cv2.setNumThreads(1)
    found = drawn(told.pairs, told.seed, Sigma(told.backbone, vae=told.vae))
    for threshold in THRESHOLDS:
        print(f"threshold {threshold}: {figures(found, harder=threshold - THRESHOLD)}", flush=True)
    for seed in SEEDS:
        annotator.SEED = seed
        print(f"seed {seed}: {figures(found)}", flush=True)
    annotator.SEED = SEED
    priors: dict[str, Asked] = {
        "right": lambda truth: truth,
        "shifted": lambda truth: np.roll(truth, (truth.shape[0] // 8, truth.shape[1] // 8), (0, 1)),
        "all but the truth": lambda truth: ~truth,
    }
    for name, asked in priors.items():
        print(f"prior {name}: {figures(found, asked=asked)}", flush=True)


if __name__ == "__main__":
    main()
