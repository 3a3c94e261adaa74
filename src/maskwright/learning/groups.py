"""Fits what tells a pair's group from the figures of it, on pairs of photographs kept out of training."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from maskwright.bench.processes import answers
from maskwright.masks.annotators.caaa import Caaa, agrees_everywhere
from maskwright.masks.annotators.relation import FIGURES, group_of
from maskwright.pairs.align import align
from maskwright.pairs.values import GROUPS
from maskwright.synthesis.donors import draw_related
from maskwright.synthesis.photos import Photo

SHRINK = 1e-3
"""Ridge, in squares of standardised weights a row."""


@dataclass(frozen=True, slots=True)
class Known:
    """Figures of pairs whose group is known; rows are pairs.

    Args:
        figures: (n, k) float64, a column for each of `FIGURES`.
        groups: (n,) numbers in `GROUPS`.
        quick: (n,) bool, the quick route takes it: nobody asks for its figures.
    """

    figures: NDArray[np.float64]
    groups: NDArray[np.int64]
    quick: NDArray[np.bool_]


def known_pairs(photos: Sequence[Photo], path: str, *, seed: int, pairs: int, workers: int = 1) -> Known:
    """Draw so many pairs of every group, and measure what `caaa` would go by.

    Args:
        path: of the matcher; see `Caaa`.
        workers: processes; the figures do not depend on it.
    """
    tasks = [(number, place) for number in range(pairs) for place in range(len(GROUPS))]
    rows = list(answers(_Measuring(tuple(photos), path, seed), tasks, workers))
    quick = np.array([not row for row in rows])
    figures = np.array([row or [0.0] * len(FIGURES) for row in rows])
    return Known(figures, np.array([place for _, place in tasks], np.int64), quick)


@dataclass(frozen=True, slots=True)
class _Measuring:
    """Gives the figures of a pair, by its number and its group's; none where the quick route takes it."""

    photos: tuple[Photo, ...]
    path: str
    seed: int

    def __call__(self, task: tuple[int, int]) -> list[float]:
        number, place = task
        drawn = draw_related(self.photos, np.random.default_rng((self.seed, number, place)), GROUPS[place])
        pair = align(drawn.original, drawn.edited)
        if agrees_everywhere(pair):
            return []
        figures, _ = annotator_of(self.path).figures(pair)
        return [figures[name] for name in FIGURES]


@functools.cache
def annotator_of(path: str) -> Caaa:
    """The annotator, opened once a process."""
    return Caaa(path)


def fit_groups(known: Known) -> dict[str, float]:
    """Multinomial logistic regression with a little ridge: `<group>_bias` and `<group>_<figure>` for each;
    of the pairs that the quick route leaves.

    Figures are standardised within and the weights given for them as they are; a figure that never
    changes gets 0.
    """
    figures, groups = known.figures[~known.quick], known.groups[~known.quick]
    mean, spread = figures.mean(axis=0), figures.std(axis=0)
    spread = np.where(spread > 1e-12, spread, np.inf)
    rows = torch.from_numpy((figures - mean) / spread)
    target = torch.from_numpy(groups)
    weights = torch.zeros(len(GROUPS), rows.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(len(GROUPS), dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([weights, bias], max_iter=500, line_search_fn="strong_wolfe")

    def cost() -> torch.Tensor:
        solver.zero_grad()
        loss = functional.cross_entropy(rows @ weights.T + bias, target) + SHRINK * weights.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    solver.step(cost)  # type: ignore[no-untyped-call]
    scaled = weights.detach().numpy() / spread
    shifted = bias.detach().numpy() - scaled @ mean
    constants = {}
    for place, group in enumerate(GROUPS):
        constants[f"{group}_bias"] = float(shifted[place])
        constants |= {f"{group}_{name}": float(w) for name, w in zip(FIGURES, scaled[place], strict=True)}
    return constants


def accuracy(known: Known, constants: Mapping[str, float]) -> dict[str, float]:
    """Share of the pairs whose group the router tells rightly: `groups`, and of every group by itself."""
    told = [
        "shared-probe" if quick else group_of(dict(zip(FIGURES, row, strict=True)), constants)[0]
        for row, quick in zip(known.figures.tolist(), known.quick.tolist(), strict=True)
    ]
    right = np.array([GROUPS[number] == group for number, group in zip(known.groups, told, strict=True)])
    found = {"groups": float(right.mean())}
    for place, group in enumerate(GROUPS):
        found[f"groups_{group}"] = float(right[known.groups == place].mean())
    return found
