"""Fits what turns a network's numbers into probabilities, on photographs kept out of training.

Everything here is logistic regression with few weights, solved by Newton's method.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError
from maskwright.learning.export import chance
from maskwright.measures.calibration import (
    DOUBT,
    Calibration,
    brier,
    count_calibration,
    expected_error,
    near_border,
)

Numbers = NDArray[np.float64]
Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Value = TypeVar("Value", bound=np.generic)

STEP_PX = 2
"""Pixels to a step of the half grid: distances to a border are meant in pixels."""
ROUNDS = 5
"""Fits of a scale; after three or four nothing moves any more."""
NEWTON_STEPS = 50
SHRINK = 1e-3
"""Ridge, in squares of standardised weights a row; keeps weights finite where classes fall apart."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Calibrated log odds are gain * odds + offset (Platt 1999)."""

    gain: float
    offset: float


def fit_scale(odds: Sequence[Floats], masks: Sequence[Bytes], ignores: Sequence[Bytes]) -> Scale:
    """The scale that makes the calibration error of some pairs smallest.

    Calibration is measured where a scaled map is in doubt and near true borders; which places those
    are changes with the scale. So a scale is fitted by likelihood on the places of the one before, a
    few times over, and the best of them is taken; the first of them changes nothing.

    Args:
        odds: (h, w) float32 each, log odds on the half grid.
        masks, ignores: (h, w) uint8 each, shares of a place, 0 to 255; places ignored in part do not count.
    """
    near = [near_border(_larger(mask >= 128))[::STEP_PX, ::STEP_PX] for mask in masks]
    best = scale = Scale(1.0, 0.0)
    least = measured(odds, masks, ignores, scale)["calibration_error"]
    for _ in range(ROUNDS):
        scale = _fitted(odds, masks, ignores, near, scale)
        error = measured(odds, masks, ignores, scale)["calibration_error"]
        if scale.gain <= 0 or not math.isfinite(error):
            break
        if error < least:
            best, least = scale, error
    return best


def measured(
    odds: Sequence[Floats], masks: Sequence[Bytes], ignores: Sequence[Bytes], scale: Scale
) -> dict[str, float]:
    """Calibration error and Brier score of scaled maps (`measures.calibration`), each place as 2x2 pixels."""
    counts = Calibration()
    for odd, mask, ignore in zip(odds, masks, ignores, strict=True):
        value = chance(scale.gain * odd + scale.offset).astype(np.float32)
        counts += count_calibration(_larger(value), _larger(mask >= 128), ignore=_larger(ignore > 0))
    return {"calibration_error": expected_error(counts), "brier": brier(counts)}


def _fitted(
    odds: Sequence[Floats],
    masks: Sequence[Bytes],
    ignores: Sequence[Bytes],
    near: Sequence[NDArray[np.bool_]],
    before: Scale,
) -> Scale:
    columns, truths = [], []
    for odd, mask, ignore, close in zip(odds, masks, ignores, near, strict=True):
        value = chance(before.gain * odd + before.offset)
        counted = (((value > DOUBT[0]) & (value < DOUBT[1])) | close) & (ignore == 0)
        columns.append(odd[counted].astype(np.float64))
        truths.append(mask[counted] / 255)
    x, y = np.concatenate(columns), np.concatenate(truths)
    if len(x) < 2 or np.ptp(x) == 0:
        return before
    offset, gain = logistic(x[:, None], y)
    return Scale(float(gain), float(offset))


def fit_confidence(
    kind: str, names: Sequence[str], features: Numbers, right: NDArray[np.bool_]
) -> dict[str, float]:
    """The constants of a confidence: how likely a mask is right, from what is known without the truth.

    Args:
        kind: of mask; the names of its constants begin with it.
        names: of the features.
        features: (n, k) float, a row an annotation.
        right: (n,) bool: IoU >= 0.7; for an empty mask, that nothing was edited.

    Returns:
        `<kind>_bias`, and `<kind>_<name>` for each: confidence is the chance whose log
        odds are the bias plus the sum of weights times features.

    Raises:
        InputError: shapes do not fit, a feature is no number, or all rows are right, or none.
    """
    if features.shape != (len(right), len(names)):
        raise InputError(f"features are {features.shape}, expected ({len(right)}, {len(names)})")
    if not np.isfinite(features).all():
        raise InputError("a feature is not a number")
    if right.all() or not right.any():
        raise InputError("confidence cannot be fitted where all masks are right, or all are wrong")
    bias, *weights = logistic(features, right.astype(np.float64)).tolist()
    return {
        f"{kind}_bias": bias,
        **{f"{kind}_{name}": value for name, value in zip(names, weights, strict=True)},
    }


def logistic(features: Numbers, target: Numbers) -> Numbers:
    """Bias and weights (1 + k,) of the logistic regression of a target in 0..1 on (n, k) features.

    Features are standardised within and the weights given for them as they are; a feature that
    never changes gets 0.
    """
    mean, spread = features.mean(axis=0), features.std(axis=0)
    spread = np.where(spread > 1e-12, spread, np.inf)
    design = np.concatenate([np.ones((len(features), 1)), (features - mean) / spread], axis=1)
    ridge = SHRINK * np.diag([0.0, *[1.0] * features.shape[1]])
    weights = np.zeros(design.shape[1])
    loss = _cost(design, target, weights, ridge)
    for _ in range(NEWTON_STEPS):
        claimed = chance(design @ weights)
        slope = design.T @ (claimed - target) / len(target) + ridge @ weights
        curve = (design * (claimed * (1 - claimed))[:, None]).T @ design / len(target) + ridge
        step = np.linalg.solve(curve + 1e-12 * np.eye(len(curve)), slope)
        size = 1.0
        while (new := _cost(design, target, weights - size * step, ridge)) > loss and size > 1e-6:
            size /= 2
        weights, moved, loss = weights - size * step, loss - new, new
        if moved < 1e-12:
            break
    scaled = weights[1:] / spread
    return np.concatenate([[weights[0] - float(scaled @ mean)], scaled])


def _cost(design: Numbers, target: Numbers, weights: Numbers, ridge: Numbers) -> float:
    odds = design @ weights
    return float(np.mean(np.logaddexp(0, odds) - target * odds) + 0.5 * weights @ ridge @ weights)


def _larger(array: NDArray[Value]) -> NDArray[Value]:
    """Every place as the pixels it stands for."""
    return array.repeat(STEP_PX, axis=0).repeat(STEP_PX, axis=1)
