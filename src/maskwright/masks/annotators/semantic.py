"""How far apart two pictures are in what a frozen network sees in them, in units of what is no edit.

A layer at a time: the distance of the features at each place, calibrated by the pair's own statistics (most
of a picture is not edited) and by those of a picture and its round trip through an autoencoder (every pixel
is new, nothing is edited). The mean over the layers is the evidence. After the untrained baseline of the
design in docs/why/sigma.md; where it takes the cosine distance, we take the chord: its noise is nearer to
normal, so one threshold serves networks of any kind. The mean over layers is ours, too: the largest, by
that design, has a lower F1 at every threshold.

Constants were chosen on 156 pairs made of `train` photographs: 40 redrawn, 40 regenerated and 24 resaved
ones, and 52 without an edit; `benchmarks/fit_sigma.py` prints what they give on new ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.masks.annotators.backbones import Features
from maskwright.masks.annotators.evidence import Plane
from maskwright.pairs.values import Mask

REACH = 1
"""Steps of a layer within which a place may find its match: forgives a step of motion."""
TO_SIGMA = 1.4826
"""Standard deviation of normal noise over its median absolute deviation."""
MOST_LEVEL, MOST_SPREAD = 2.5, 1.5
"""A pair's own level and spread count up to so many times those of `Null`: where most of a picture is new,
its own statistics would explain the edit away."""
THRESHOLD = 1.5
"""Calibrated distance from which on a place is rather edited than not."""
BOOST = 1.0
"""Most that a prior adds to the log odds."""


@dataclass(frozen=True, slots=True)
class Null:
    """What a layer's distances are where nothing was edited.

    Args:
        level: (h, w) float32, or one number for all places.
        spread: standard deviation, as `TO_SIGMA` times the median absolute deviation.
    """

    level: Plane | float
    spread: float


USUAL = Null(0.32, 0.12)
"""A picture and its round trip, seen by MobileNetV2: about the medians over its layers, 156 pictures."""
NULLS: dict[str, Null] = {"compact": Null(0.08, 0.09)}
"""The same by the name of a backbone whose features are spread otherwise: the level of the finer layer, and
twice its spread, for what is no edit has heavier tails there."""


def null_of_backbone(name: str) -> Null:
    """What stands for the round trip where none is made."""
    return NULLS.get(name, USUAL)


def distances(original: Features, edited: Features) -> list[Plane]:
    """How far apart the features are at each place, a layer at a time: (h, w) float32, 0 to 2.

    The chord of the mean of two cosine distances: that of the same place in both, and the least within
    `REACH` places of it. On regenerated pairs the first is better, on redrawn ones, where things move, the
    second; the mean is as good as the better one on both.

    Args:
        original, edited: layers of equal sizes.
    """
    return [_distance(_unit(one), _unit(other)) for one, other in zip(original, edited, strict=True)]


def plain(distance: Sequence[Plane], size: tuple[int, int]) -> Plane:
    """The mean of the layers, not calibrated: (h, w) float32 on a grid of this width and height."""
    return _mean(distance, size)


def calibrated(
    distance: Sequence[Plane],
    size: tuple[int, int],
    *,
    valid: Mask,
    constant: Null | None = None,
    roundtrip: Sequence[Plane] | None = None,
) -> Plane:
    """The mean of the layers, each in units of what is no edit: (h, w) float32, 0 = the usual, no unit.

    Args:
        size: width and height of the grid that is wanted.
        valid: (H, W) bool of any size; other places say nothing about the usual.
        constant: of the backbone: the least that the usual can be, and through `MOST_LEVEL` and
            `MOST_SPREAD` the most; None: the pair's own statistics alone.
        roundtrip: `distances` of the original to its round trip: what it changes near a place is the least
            level there, in place of the constant one. (In place of the constant spread it loses .03 F1: of
            one picture it is little more than a guess.)
    """
    found = []
    for number, plane in enumerate(distance):
        own = null_of(plane, valid)
        usual = own if constant is None else _bounded(own, constant)
        if roundtrip is not None:
            level = np.maximum(usual.level, _by_place(roundtrip[number], plane, valid))
            usual = Null(level, usual.spread)
        elif constant is not None:
            usual = Null(max(usual.level, constant.level), usual.spread)
        found.append(np.asarray((plane - usual.level) / max(usual.spread, 1e-6), np.float32))
    return _mean(found, size)


def amplified(odds: Plane, prior: Plane) -> Plane:
    """Log odds, raised where a prior agrees with them; never lowered, and by no more than `BOOST`.

    Odds rise by `BOOST` x prior x evidence x agreement. The evidence goes from 0, where the calibrated
    distance is the usual one, to 1 at `THRESHOLD`, so that nothing is made of nothing. The agreement is the
    correlation of prior and evidence over the picture, doubled and held in 0..1: a prior that points
    elsewhere is shut out.

    Args:
        odds: (h, w) float32, the calibrated distance less `THRESHOLD`.
        prior: (h, w) float32 in 0..1.
    """
    evidence = np.clip(odds / np.float32(THRESHOLD) + 1, 0, 1)
    agreement = np.float32(min(1.0, max(0.0, 2 * _correlation(prior, evidence))))
    return np.asarray(odds + np.float32(BOOST) * agreement * prior * evidence, np.float32)


def _correlation(one: Plane, other: Plane) -> float:
    """0 where one of the two is the same everywhere."""
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.sqrt(np.mean(one * one) * np.mean(other * other)))
    return float(np.mean(one * other)) / scale if scale > 0 else 0.0


def null_of(plane: Plane, valid: Mask) -> Null:
    """Median and spread of a layer's distances over the valid places; 0 where there are none."""
    height, width = plane.shape
    some = cv2.resize(valid.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    if not some.any():
        return Null(0.0, 0.0)
    level = float(np.median(plane[some]))
    return Null(level, TO_SIGMA * float(np.median(np.abs(plane[some] - level))))


def _by_place(roundtrip: Plane, plane: Plane, valid: Mask) -> Plane:
    """What a round trip changes near each place, and at least what it usually does."""
    height, width = plane.shape
    near = np.asarray(cv2.resize(cv2.blur(roundtrip, (3, 3)), (width, height)), np.float32)
    return np.maximum(near, np.float32(null_of(roundtrip, valid).level))


def _bounded(own: Null, constant: Null) -> Null:
    """What the pair says of itself, within what its backbone allows."""
    return Null(
        np.minimum(own.level, MOST_LEVEL * constant.level),
        min(max(own.spread, constant.spread), MOST_SPREAD * constant.spread),
    )


def _unit(layer: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.sqrt(np.einsum("chw,chw->hw", layer, layer))
    return np.asarray(layer / np.maximum(length, np.float32(1e-12)), np.float32)


def _distance(original: NDArray[np.float32], edited: NDArray[np.float32]) -> Plane:
    _, height, width = original.shape
    padded = np.pad(original, ((0, 0), (REACH, REACH), (REACH, REACH)), mode="edge")
    nearest = np.full((height, width), -1, np.float32)
    for down in range(2 * REACH + 1):
        for right in range(2 * REACH + 1):
            moved = padded[:, down : down + height, right : right + width]
            alike = np.einsum("chw,chw->hw", moved, edited)
            np.maximum(nearest, alike, out=nearest)
            if down == right == REACH:
                here = alike
    # 1 - (here + nearest) / 2 is the mean distance, and a chord is the root of twice a cosine distance
    return np.asarray(np.sqrt(np.maximum(2 - here - nearest, 0)), np.float32)


def _mean(planes: Sequence[Plane], size: tuple[int, int]) -> Plane:
    grown = [cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in planes]
    return np.asarray(np.mean(grown, axis=0), np.float32)
