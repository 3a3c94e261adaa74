"""Fits how the ensemble weighs its members, on synthetic edits of photographs kept from all training.

    python benchmarks/fit_ensemble.py --pairs 1000 --seed 77            # writes ensemble.json
    python benchmarks/fit_ensemble.py --pairs 1000 --seed 77 --dry-run  # only prints the figures

A weight for each member's log odds, none below 0 and no bias, so that what all say is what is said: the
likeliest ones for `PIXELS` places of every pair, each pair counting the same. Pairs with a bit-equal
background are left out; nobody votes on them. Then a gain over all weights, as the compact annotator's
(`fit_gain`), and the constants of confidence, on the same pairs. All of it on every second pixel each way.
How good the vote is, is measured elsewhere:

    maskwright generate ../shared/data/photos/photos.csv MADE -n 600 --split val --seed 15
    maskwright bench annotators MADE/pairs.csv --annotator ensemble --annotator compact --by background

Needs the photographs (MASKWRIGHT_DATA) and scipy (it comes with scikit-learn).
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from maskwright.learning.calibrate import fit_gain
from maskwright.learning.earnest import Annotated, confidence_constants, figures_in_earnest, judged
from maskwright.learning.export import chance
from maskwright.learning.shares import shared
from maskwright.masks.annotators import ensemble
from maskwright.masks.annotators.confidence import CONSTANTS, odds_of
from maskwright.masks.annotators.ensemble import Voters, voted
from maskwright.masks.annotators.evidence import STRIDE
from maskwright.pairs.align import align
from maskwright.pairs.values import Change, Mask
from maskwright.synthesis.photos import Photo
from maskwright.synthesis.samples import draw_sample

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
TARGET = Path(ensemble.__file__).with_name(ensemble.CONSTANTS)
Value = TypeVar("Value", bound=np.generic)
LEVELS = (0.6, 0.7, 0.8, 0.9, 1.0)
PIXELS = 2000
"""Looked at in each pair when fitting."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A made pair and what every member says of it, on every second pixel each way.

    Args:
        odds: (h, w) float16 log odds by member.
        backgrounds: by member, as `Change.background`.
    """

    odds: Mapping[str, NDArray[np.float16]]
    backgrounds: Mapping[str, str | None]
    truth: Mask
    ignore: Mask

    @property
    def exact(self) -> bool:
        return "identical" in self.backgrounds.values()


def asked(photos: Sequence[Photo], *, seed: int, pairs: int) -> list[Asked]:
    """Made pairs of some photographs; those that cannot be aligned are left out."""
    voters, found = Voters(), []
    some = (slice(None, None, STRIDE),) * 2
    for number in range(pairs):
        made = draw_sample(photos, np.random.default_rng((seed, number))).told.made
        cv2.setRNGSeed(0)
        pair = align(made.original, made.edited)
        if pair.geometry.kind == "unrelated":
            continue
        changes = voters.changes_of(pair)
        odds = {name: odds_of(each.map[some]).astype(np.float16) for name, each in changes.items()}
        ignore = made.ignore | ~pair.valid
        told = {name: each.background for name, each in changes.items()}
        found.append(Asked(odds, told, (made.mask & ~ignore)[some].copy(), ignore[some].copy()))
    return found


def weights_of(found: Sequence[Asked], seed: int) -> dict[str, float]:
    """The likeliest weights by the names of members."""
    rng = np.random.default_rng(seed)
    names = list(found[0].odds)
    odds, truths, shares = [], [], []
    for each in found:
        places = np.flatnonzero(~each.ignore)
        if each.exact or not len(places):
            continue
        places = rng.choice(places, min(PIXELS, len(places)), replace=False)
        odds.append(np.stack([plane.ravel()[places] for plane in each.odds.values()], 1))
        truths.append(each.truth.ravel()[places])
        shares.append(np.full(len(places), 1 / len(places)))
    design, truth, share = (np.concatenate(each).astype(np.float64) for each in (odds, truths, shares))
    share /= len(odds)

    def cost(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        vote = design @ weights
        slope = share * (chance(vote) - truth)
        return float(share @ (np.logaddexp(0, vote) - truth * vote)), design.T @ slope

    def least(heard: Sequence[str]) -> tuple[list[float], float]:
        bounds = [(0.0, None if name in heard else 0.0) for name in names]
        start = np.full(len(names), 1 / len(names))
        done = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=bounds)
        return done.x.tolist(), float(done.fun)

    for place, name in enumerate(names):
        alone, loss = least([name])
        print(f"log loss of {name} alone, times {alone[place]:.3f}: {loss:.5f}")
    weights, loss = least(names)
    print(f"log loss of the vote: {loss:.5f}")
    return dict(zip(names, weights, strict=True))


def vote_of(each: Asked, weights: Mapping[str, float]) -> NDArray[np.float32]:
    """Weighed log odds of a pair, (h, w)."""
    planes = [np.float32(weights[name]) * plane for name, plane in each.odds.items()]
    return np.sum(planes, axis=0, dtype=np.float32)


def gain_of(found: Sequence[Asked], weights: Mapping[str, float]) -> float:
    """What all weights are multiplied with, so that the vote is a probability near borders, too."""
    some = [each for each in found if not each.exact]
    odds = [vote_of(each, weights) for each in some]
    levels = [[np.where(mask, np.uint8(255), np.uint8(0)) for mask in (e.truth, e.ignore)] for e in some]
    return fit_gain(odds, [truth for truth, _ in levels], [ignore for _, ignore in levels])


def together(each: Asked, constants: Mapping[str, float], seed: int) -> Annotated:
    """The vote on a pair, every place as the pixels it stands for."""
    changes = {
        name: Change(_larger(chance(plane).astype(np.float32)), background=each.backgrounds[name])
        for name, plane in each.odds.items()
    }
    truth, ignore = _larger(each.truth), _larger(each.ignore)
    change = voted(changes, np.ones_like(truth), constants)
    return Annotated(change, truth, ignore, np.random.default_rng(seed))


def _larger(plane: NDArray[Value]) -> NDArray[Value]:
    return plane.repeat(STRIDE, axis=0).repeat(STRIDE, axis=1)


def tell_of_doubt(found: Sequence[Asked], weights: Mapping[str, float]) -> None:
    """Print what would be ignored at other levels than `ensemble.DOUBT`, and how much of that is wrong."""
    told: dict[float, list[tuple[float, int, int, int]]] = {level: [] for level in LEVELS}
    for each in (one for one in found if not one.exact):
        odds = vote_of(each, weights)
        marks = [plane >= 0 for plane in each.odds.values()]
        split = np.any(marks, axis=0) & ~np.all(marks, axis=0)
        wrong = ((odds >= 0) != each.truth) & ~each.ignore
        for level in LEVELS:
            left = split & (np.abs(odds) < np.log(level / (1 - level)) if level < 1 else True)
            counts = (np.count_nonzero(part) for part in (left & ~each.ignore, left & wrong, wrong))
            told[level].append((float(left.mean()), *counts))
    for level, rows in told.items():
        share, inside, caught, wrong_in_all = np.sum(rows, axis=0)
        print(
            f"in doubt below {level}: {share / len(rows):.4f} of a picture,"
            f" of which {caught / inside:.3f} is wrong; {caught / wrong_in_all:.3f} of all that is wrong"
        )


def constants_of(found: Sequence[Asked], seed: int) -> dict[str, float]:
    """All that ensemble.json holds."""
    weights = weights_of(found, seed)
    gain = gain_of(found, weights)
    weights = {name: round(gain * weight, 4) for name, weight in weights.items()}
    tell_of_doubt(found, weights)
    constants = {f"weight_{name}": weight for name, weight in weights.items()}
    plain = constants | dict.fromkeys(CONSTANTS, 0.0)
    against = judged(together(each, plain, seed + place) for place, each in enumerate(found))
    constants |= {name: round(value, 4) for name, value in confidence_constants(against).items()}
    print(f"gain {gain}; of these very pairs: {figures_in_earnest(against, constants)}")
    return constants


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    photos = shared(DATA / "photos" / "photos.csv").kept
    constants = constants_of(asked(photos, seed=options.seed, pairs=options.pairs), options.seed)
    text = json.dumps(constants, indent=1) + "\n"
    print(text)
    if not options.dry_run:
        TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
