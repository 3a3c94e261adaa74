"""The difference annotator: what changed between two aligned pictures, without a network.

First the background is decided. Where it is bit-equal, every changed pixel is a
candidate. Where a codec or a generator touched it, the planes of `evidence` are weighed,
each through a table of its own, to the log odds of an edit. Either way each region's
border is then drawn where the difference rises from its surroundings, small gaps are
closed, and the change map is made to agree with the mask.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.masks.annotators.evidence import Evidence, Plane, evidence
from maskwright.pairs.values import Aligned, Card, Change, ChangeMap, Hint, Mask

CONSTANTS = "difference.json"
"""Beside this file; written by benchmarks/fit_difference.py from `train` photographs only."""
RIM = 0.7
"""A region is crisp when the strongest tenth of its rim reaches this share of its typical strength."""
SPECK = 64
"""Pixels; smaller exact regions are kept as they are."""
RESAVED = 12
"""Grey levels; 95 % of the pixels outside the edit differ by no more when only codecs were at work."""
IN_PLACE = 0.9
"""Least mean local correlation outside the edit of a picture whose structure is still in place."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How evidence is weighed and regions are cut; see `read_rule` for where it comes from.

    Args:
        bias: log odds before anything is seen.
        tables: by plane name, (256,) float32: what each code of that plane adds to the log odds.
        scalars: by scalar name, knots and what is added there, interpolated between.
        seed: least log odds that the strongest place of a region needs.
        border_share: where between outside and inside strength a border is drawn, 0..1.
        border_sigma: px within which inside and outside strength are averaged.
        close_px: gaps up to twice this wide are closed.
        hole_share: holes up to this share of the whole mask are filled.
        least_px: smaller regions are dropped, in pixels, unless the background is identical.
    """

    bias: float
    tables: Mapping[str, NDArray[np.float32]]
    scalars: Mapping[str, tuple[list[float], list[float]]]
    seed: float
    border_share: float
    border_sigma: float
    close_px: int
    hole_share: float
    least_px: int


class Difference:
    """Annotates by difference; needs no weights and uses no hints. See `change_of`."""

    def __init__(self) -> None:
        self._rule = shipped_rule()
        self.card = Card(
            name="difference",
            version="1",
            digest=hashlib.sha256(_constants()).hexdigest(),
            training_data="constants fitted on synthetic edits of the `train` photographs",
        )

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        """One change a pair, in order."""
        return [change_of(pair, self._rule) for pair in batch]


def shipped_rule() -> Rule:
    """The rule whose constants come with this package."""
    return read_rule(json.loads(_constants()))


def _constants() -> bytes:
    return resources.files(__package__).joinpath(CONSTANTS).read_bytes()


def read_rule(constants: Mapping[str, Any]) -> Rule:
    """A rule from its JSON form, in which a table is knots and the values at them."""
    tables = {
        name: np.interp(np.arange(256), knots, values).astype(np.float32)
        for name, (knots, values) in constants["tables"].items()
    }
    return Rule(tables=tables, **{name: value for name, value in constants.items() if name != "tables"})


def change_of(pair: Aligned, rule: Rule) -> Change:
    """The change of one pair: map (H, W) float32 in 0..1 on the edited grid, background, noise floor."""
    strength = _strength(pair)
    if not strength.any():
        nothing = np.zeros(strength.shape, np.float32)
        return Change(nothing, scores={"noise_floor": 0.0, "unexplained": 0.0}, background="identical")
    change = _noisy_change(pair, rule)
    if is_identical(pair, strength, change.map >= 0.5):
        mask = _exact(strength, rule)
        exact = _agreeing(np.where(strength > 0, np.float32(0.97), np.float32(0)), mask)
        return Change(exact, scores={"noise_floor": 0.0, "unexplained": 0.0}, background="identical")
    return change


def is_identical(pair: Aligned, strength: Plane, mask: Mask) -> bool:
    """Whether the pixels outside the edit are bit-equal.

    As in the definition of `background`: at least 99.5 % of the pixels farther than 16 px
    from the mask are equal. Flat places do not vote: codecs leave them alone, too.
    """
    near = cv2.dilate(mask.view(np.uint8), np.ones((33, 33), np.uint8))
    far = (near == 0) & pair.valid
    if np.count_nonzero((strength > 0) & far) > 0.005 * np.count_nonzero(far):
        return False
    grey = cv2.cvtColor(pair.edited, cv2.COLOR_RGB2GRAY)
    structured = cv2.absdiff(grey, cv2.blur(grey, (3, 3))) > 1
    # less structure than this cannot tell a pasted-back background from a codec that met a calm one
    return bool(np.count_nonzero(structured & far) >= 0.01 * far.size)


def log_odds(seen: Evidence, rule: Rule) -> Plane:
    """Log odds of an edit, (h, w) float32 on the half grid: a sum of one table a plane."""
    constant = rule.bias + sum(
        float(np.interp(seen.scalars[name], knots, values)) for name, (knots, values) in rule.scalars.items()
    )
    total = np.full(seen.sharp.shape, constant, np.float32)
    for name, table in rule.tables.items():
        total += cv2.LUT(seen.codes[name], table)
    return total


def _noisy_change(pair: Aligned, rule: Rule) -> Change:
    height, width = pair.valid.shape
    seen = evidence(pair)
    odds = log_odds(seen, rule)
    odds[~seen.valid] = -20
    proposed = _seeded(odds, rule)
    mask = _cut(proposed, seen.sharp, rule, step=2)
    small = _agreeing(np.asarray(1 / (1 + np.exp(-odds)), np.float32), mask)
    change = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    change[~pair.valid] = 0
    floor = float(np.exp2(seen.scalars["calm"]) - 1)
    scores = {
        "noise_floor": floor,
        "unexplained": float(np.count_nonzero((odds > 0) & ~mask)) / odds.size,
    }
    return Change(change, scores=scores, background=noisy_background(pair, seen, mask))


def noisy_background(pair: Aligned, seen: Evidence, mask: Mask) -> str:
    """resaved, regenerated or redrawn: how the pixels outside the edit compare.

    After the definition that data sets of pairs use: outside the mask grown by 16 px, 95 % of
    the largest channel differences within 12 levels is `resaved`; above that, a mean local
    correlation of the luminance over 0.9 (blur 2 px, windows of 8 px, textured places) is `regenerated`.

    Args:
        mask: (h, w) bool on the half grid.
    """
    far = seen.valid & (cv2.dilate(mask.view(np.uint8), np.ones((17, 17), np.uint8)) == 0)
    height, width = pair.valid.shape
    outside = cv2.resize(far.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    count = np.count_nonzero(outside)
    if count == 0:
        return "redrawn"
    strength = _strength(pair).astype(np.uint8)
    histogram = cv2.calcHist([strength], [0], outside, [256], [0, 256]).ravel()
    if histogram[: RESAVED + 1].sum() >= 0.95 * count:
        return "resaved"
    alike = _local_correlation(pair, outside)
    return "regenerated" if alike > IN_PLACE else "redrawn"


def _local_correlation(pair: Aligned, outside: NDArray[np.uint8]) -> float:
    """Mean correlation of the luminance over textured places outside the edit; 1 where there are none."""
    size = (max(1, outside.shape[1] // 4), max(1, outside.shape[0] // 4))
    original, edited = (
        cv2.cvtColor(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY).astype(
            np.float32
        )
        for picture in (pair.original, pair.edited)
    )

    def mean(plane: Plane) -> Plane:
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), 2), np.float32)

    mean_o, mean_e = mean(original), mean(edited)
    var_o, var_e = mean(original * original) - mean_o**2, mean(edited * edited) - mean_e**2
    textured = (cv2.resize(outside, size, interpolation=cv2.INTER_NEAREST) > 0) & (
        np.maximum(var_o, var_e) > 25
    )
    if not textured.any():
        return 1.0
    both = mean(original * edited) - mean_o * mean_e
    return float(np.mean((both / np.sqrt(np.maximum(var_o * var_e, 1)))[textured]))


def _strength(pair: Aligned) -> Plane:
    """The largest channel of the absolute difference, 0 where the original has no pixel."""
    red, green, blue = cv2.split(cv2.absdiff(pair.original, pair.edited))
    strength = cv2.max(cv2.max(red, green), blue)
    strength[~pair.valid] = 0
    return strength.astype(np.float32)


def _seeded(odds: Plane, rule: Rule) -> Mask:
    """Places with positive log odds, in regions that are sure somewhere and large enough."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((odds > 0).view(np.uint8), connectivity=8)
    keep = np.zeros(count, bool)
    keep[np.unique(labels[odds > rule.seed])] = True
    keep &= stats[:, cv2.CC_STAT_AREA] * 4 >= rule.least_px
    keep[0] = False
    return np.asarray(keep[labels])


def _exact(strength: Plane, rule: Rule) -> Mask:
    """Every changed pixel, but for the skirts of regions that have one.

    A region pasted in and left alone meets its surroundings with a jump somewhere along
    its rim. Blending and the codec's blocks leave a rim that is faint all around, and only
    then is the border drawn further in.
    """
    changed = strength > 0
    body = _closed(changed, 1).view(np.uint8)
    rim = cv2.erode(body, _disc(1)) == 0
    count, labels, stats, _ = cv2.connectedComponentsWithStats(body, connectivity=8)
    skirted = np.zeros(count, bool)
    for number in np.flatnonzero(stats[:, cv2.CC_STAT_AREA] >= SPECK):
        if number == 0:
            continue
        x, y, w, h, _ = stats[number]
        window = np.s_[y : y + h, x : x + w]
        inside = (labels[window] == number) & changed[window]
        outermost = strength[window][inside & rim[window]]
        skirted[number] = np.quantile(outermost, 0.9) < RIM * np.median(
            strength[window][inside & ~rim[window]]
        )
    soft = skirted[labels]
    crisp = _closed(changed & ~soft, max(1, rule.close_px // 2))
    return _filled(crisp, rule.hole_share) | _cut(changed & soft, strength, rule, step=1)


def _cut(proposed: Mask, strength: Plane, rule: Rule, *, step: int) -> Mask:
    """Draws each border where the strength rises from outside to inside, then closes and fills.

    Codecs and blending leave a skirt around an edit. Inside and outside strength are
    averaged near each place, so that a strong object and a faint one are each cut at
    their own share.

    Args:
        step: pixels of the edited picture to one of this grid.
    """
    if not proposed.any():
        return proposed
    inside = proposed.astype(np.float32)
    outside = np.asarray(1 - cv2.dilate(inside, np.ones((5, 5), np.uint8)), np.float32)
    within = _mean_near(strength, inside, rule.border_sigma / step)
    around = _mean_near(strength, outside, rule.border_sigma / step)
    radius = max(1, round(rule.close_px / step))
    bridged = cv2.morphologyEx(strength, cv2.MORPH_CLOSE, _disc(radius))
    mask = proposed & (bridged > around + np.float32(rule.border_share) * (within - around))
    return _filled(_closed(mask, radius), rule.hole_share)


def _mean_near(strength: Plane, where: Plane, sigma: float) -> Plane:
    side = 2 * round(np.sqrt(3) * sigma) + 1  # a box with this standard deviation
    weight = cv2.blur(where, (side, side)) + np.float32(1e-3)
    return np.asarray(cv2.blur(strength * where, (side, side)) / weight, np.float32)


@functools.cache
def _disc(radius: int) -> NDArray[np.uint8]:
    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def _closed(mask: Mask, radius: int) -> Mask:
    side = 2 * radius + 1
    padded = cv2.copyMakeBorder(mask.view(np.uint8), side, side, side, side, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, _disc(radius))
    return closed[side:-side, side:-side] > 0


def _filled(mask: Mask, hole_share: float) -> Mask:
    """The mask with its holes filled, but for holes that are large: something was kept there."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~mask).view(np.uint8), connectivity=4)
    height, width = mask.shape
    x, y, w, h, area = stats.T
    fill = (x > 0) & (y > 0) & (x + w < width) & (y + h < height)
    fill &= area <= hole_share * np.count_nonzero(mask)
    fill[0] = True
    return np.asarray(fill[labels])


def _agreeing(probability: Plane, mask: Mask) -> ChangeMap:
    """The probability, held at or above 0.5 on the mask and below it elsewhere."""
    change = np.where(mask, np.maximum(probability, 0.55), np.minimum(probability, 0.45))
    return change.astype(np.float32)
