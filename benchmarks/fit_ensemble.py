"""Fits how the ensemble weighs its members, on synthetic edits of photographs kept from all training.

    python benchmarks/fit_ensemble.py --pairs 1000 --seed 77            # writes ensemble.json
    python benchmarks/fit_ensemble.py --pairs 1000 --seed 77 --dry-run  # only prints the figures

A weight for each member's log odds, none below 0 and no bias, so that what all say is what is said: the
likeliest ones for `PIXELS` pixels of every pair, each pair counting the same. Pairs with a bit-equal
background are left out; nobody votes on them. Then, on half of the pairs, a gain over all weights, as the
compact annotator's (`fit_gain`), and the constants of confidence. Nothing is measured here:

    maskwright generate ../shared/data/photos/photos.csv MADE -n 600 --split val --seed 15
    maskwright bench annotators MADE/pairs.csv --annotator ensemble --annotator compact --by background

Needs the photographs (MASKWRIGHT_DATA) and scipy (it comes with scikit-learn).
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from maskwright.learning.earnest import (
    Annotated,
    annotated,
    confidence_constants,
    figures_in_earnest,
    gain_of,
    judged,
    with_gain,
)
from maskwright.learning.shares import shared
from maskwright.masks.annotators import ensemble
from maskwright.masks.annotators.confidence import CONSTANTS, odds_of
from maskwright.masks.annotators.ensemble import Voters, voted
from maskwright.pairs.values import Aligned, Change

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
TARGET = Path(ensemble.__file__).with_name(ensemble.CONSTANTS)
PIXELS = 2000
"""Looked at in each pair when fitting."""


def together(voters: Voters, pair: Aligned) -> Change:
    """The changes of all members in one: their maps travel as its layers."""
    changes = voters.changes_of(pair)
    exact = any(each.background == "identical" for each in changes.values())
    first = next(iter(changes.values()))
    layers = {name: each.map for name, each in changes.items()}
    return replace(first, layers=layers, background="identical" if exact else first.background)


def weights_of(found: Iterable[Annotated], seed: int) -> dict[str, float]:
    """The likeliest weights by the names of members."""
    rng = np.random.default_rng(seed)
    names: list[str] = []
    odds, truths, shares = [], [], []
    for each in found:
        names = list(each.change.layers)
        places = np.flatnonzero(~each.ignore)
        if each.change.background == "identical" or not len(places):
            continue
        places = rng.choice(places, min(PIXELS, len(places)), replace=False)
        odds.append(np.stack([odds_of(layer.ravel()[places]) for layer in each.change.layers.values()], 1))
        truths.append(each.truth.ravel()[places])
        shares.append(np.full(len(places), 1 / len(places)))
    design, truth, share = (np.concatenate(each).astype(np.float64) for each in (odds, truths, shares))
    share /= len(odds)

    def cost(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        vote = design @ weights
        slope = share * (1 / (1 + np.exp(-vote)) - truth)
        return float(share @ (np.logaddexp(0, vote) - truth * vote)), design.T @ slope

    def least(columns: slice) -> tuple[NDArray[np.float64], float]:
        bounds = [(0.0, None if place in range(len(names))[columns] else 0.0) for place in range(len(names))]
        done = minimize(cost, np.full(len(names), 0.3), jac=True, method="L-BFGS-B", bounds=bounds)
        return done.x, done.fun

    for place, name in enumerate(names):
        alone, loss = least(slice(place, place + 1))
        print(f"log loss of {name} alone, times {alone[place]:.3f}: {loss:.5f}")
    weights, loss = least(slice(None))
    print(f"log loss of the vote: {loss:.5f}")
    return dict(zip(names, weights.tolist(), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    voters = Voters()
    photos = shared(DATA / "photos" / "photos.csv").kept
    made = annotated(photos, lambda pair: together(voters, pair), seed=options.seed, pairs=options.pairs)
    weights = weights_of(made, options.seed)
    plain = {f"weight_{name}": weight for name, weight in weights.items()} | dict.fromkeys(CONSTANTS, 0.0)

    def vote(pair: Aligned) -> Change:
        return voted(voters.changes_of(pair), pair.valid, plain)

    found = list(annotated(photos, vote, seed=options.seed, pairs=options.pairs // 2))
    gain = gain_of(found)
    against = judged(with_gain(found, gain))
    constants = {f"weight_{name}": round(gain * weight, 4) for name, weight in weights.items()}
    constants |= {name: round(value, 4) for name, value in confidence_constants(against).items()}
    print(f"gain {gain}; of the same pairs: {figures_in_earnest(against, constants)}")
    print(json.dumps(constants, indent=1))
    if not options.dry_run:
        TARGET.write_text(json.dumps(constants, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
