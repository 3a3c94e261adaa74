"""Figures of the proof: what a detector reaches on pictures with true masks, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.detectors import Detector
from maskwright.measures.metrics import RESAMPLES, auc, count_levels, f1_of, iou_of
from maskwright.pages.plots import Dot, Dots
from maskwright.pairs.values import Mask, Picture

HALF = 128
"""The stored level of 0.5."""
MEASURES = {
    "f1": "F1 at 0.5",
    "best_f1": "F1, best threshold",
    "iou": "IoU at 0.5",
    "auc": "AUC",
}
"""Of a picture; the best threshold is one for all pictures of a table and a run, so it is an oracle."""


@dataclass(frozen=True)
class Shown:
    """A picture with a known mask, of the tests.

    Args:
        group: what it is counted with.
        photo: pictures of one photograph are drawn together.
    """

    name: str
    group: str
    photo: str
    picture: Picture
    truth: Mask
    ignore: Mask | None


def measured(detector: Detector, shown: Iterable[Shown]) -> list[dict[str, Any]]:
    """A row a picture: name, group, photo, and `MEASURES`; the best threshold is that of all of them."""
    rows, curves = [], []
    for one in shown:
        map_ = detector.detect(one.picture).map
        levels = np.asarray(np.rint(255 * map_), np.uint8)
        at = count_levels(levels, one.truth, ignore=one.ignore)
        ranked = count_levels(by_rank(map_), one.truth, ignore=one.ignore)
        counts = at.counts(HALF)
        curves.append(at.f1())
        rows.append(
            {
                "name": one.name,
                "group": one.group,
                "photo": one.photo,
                "f1": f1_of(counts),
                "iou": iou_of(counts),
                "auc": auc(ranked),
                "ones": f1_of(at.counts(0)),
            }
        )
    best = int(np.mean(curves, axis=0).argmax())
    return [
        {**row, "best_f1": float(curve[best]), "best": best} for row, curve in zip(rows, curves, strict=True)
    ]


def by_rank(map_: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(H, W) levels 0..255 of equal numbers of pixels: ranking needs no finer ones, and levels of 1/255 would
    lump together what a cautious map holds near 0."""
    edges = np.quantile(map_, np.linspace(0, 1, 257)[1:-1])
    return np.asarray(np.searchsorted(edges, map_, side="right"), np.uint8)


@dataclass(frozen=True)
class Interval:
    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


def table_of(
    runs: Sequence[Sequence[Mapping[str, Any]]], groups: Sequence[str], measure: str
) -> NDArray[np.float64]:
    """(seeds, pictures) of the pictures of some groups; runs have the same pictures in the same order."""
    return np.array([[row[measure] for row in run if row["group"] in groups] for run in runs])


def photos_of(run: Sequence[Mapping[str, Any]], groups: Sequence[str]) -> NDArray[np.int64]:
    """(pictures,) the photograph of each, as a number."""
    names = [row["photo"] for row in run if row["group"] in groups]
    return np.asarray(np.unique(names, return_inverse=True)[1], np.int64)


def compared(
    first: NDArray[np.float64], second: NDArray[np.float64], photos: NDArray[np.int64], *, ratio: bool = False
) -> Interval:
    """Mean of the first minus that of the second, or over it, with a 95 % interval.

    Photographs are drawn with replacement, the same for both; seeds of each are drawn with replacement by
    themselves, since two runs of one number have nothing in common but that number. With three seeds
    the interval knows little of how far seeds may lie apart.
    """
    rng = np.random.default_rng(0)
    times = _drawn(len(np.unique(photos)), rng)[:, photos]  # (RESAMPLES, pictures)
    means = []
    for table in (first, second):
        seeds = _drawn(len(table), rng)
        of_seed = times @ np.nan_to_num(table).T / (times @ np.isfinite(table).T)
        means.append((of_seed * seeds).sum(axis=1) / seeds.sum(axis=1))
    of_all = np.nanmean(first), np.nanmean(second)
    draws = means[0] / means[1] if ratio else means[0] - means[1]
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(float(of_all[0] / of_all[1] if ratio else of_all[0] - of_all[1]), float(low), float(high))


def alone(table: NDArray[np.float64], photos: NDArray[np.int64]) -> Interval:
    """Its mean, with the interval over photographs and seeds."""
    return compared(table, np.zeros((1, table.shape[1])), photos)


def _drawn(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(RESAMPLES, count): how often each is drawn."""
    return rng.multinomial(count, np.full(count, 1 / count), RESAMPLES).astype(np.float64)


def svg(plot: Dots) -> str:
    """Means with intervals as one SVG picture that stands by itself."""
    wide, left, right, row = 720, 250, 130, 24
    across = wide - left - right
    high = 56 + row * len(plot.dots)

    def x(value: float) -> float:
        return round(left + across * plot.x(value) / 100, 1)

    drawn = [
        f'<text x="8" y="18" font-weight="bold">{escape(plot.name)}</text>',
        f'<text x="8" y="34">{escape(plot.says)}</text>',
    ]
    for tick in plot.ticks:
        drawn.append(
            f'<path d="M{x(tick)} 42V{high - 14}" stroke="#ddd"/>'
            f'<text x="{x(tick)}" y="{high - 2}" text-anchor="middle">{tick:g}</text>'
        )
    if plot.zero:
        drawn.append(f'<path d="M{x(0)} 42V{high - 14}" stroke="#555"/>')
    for place, dot in enumerate(plot.dots):
        y, colour = 56 + row * place, "#888" if dot.other else "#15607a"
        drawn.append(
            f'<text x="8" y="{y + 4}">{escape(dot.name)}</text>'
            f'<path d="M{x(dot.low)} {y}H{x(dot.high)}" stroke="{colour}" stroke-width="2"/>'
            f'<circle cx="{x(dot.mean)}" cy="{y}" r="4" fill="{colour}"/>'
            f'<text x="{wide - 8}" y="{y + 4}" text-anchor="end">'
            f"{dot.mean:.3f} [{dot.low:.3f}, {dot.high:.3f}]</text>"
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif"'
        f' font-size="12"><rect width="100%" height="100%" fill="white"/>{"".join(drawn)}</svg>\n'
    )


def dot(name: str, found: Interval, *, other: bool = False) -> Dot:
    return Dot(name, found.mean, found.low, found.high, other)
