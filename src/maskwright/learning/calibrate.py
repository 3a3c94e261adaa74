"""Fits what turns a network's numbers into probabilities, on photographs kept out of training.

A gain for change maps, found by trying; logistic regression with few weights for confidence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError
from maskwright.learning.export import chance
from maskwright.measures.calibration import (
    Calibration,
    brier,
    count_calibration,
    expected_error,
)

Numbers = NDArray[np.float64]
Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Value = TypeVar("Value", bound=np.generic)

GAINS = tuple(round(0.3 + 0.05 * step, 2) for step in range(25))
"""Gains tried, .3 to 1.5: networks trained on hard masks claim too much, hardly ever too little."""
STEP_PX = 2
"""Pixels to a step of the half grid: distances to a border are meant in pixels."""
NEWTON_STEPS = 50
SHRINK = 1e-3
"""Ridge, in squares of standardised weights a row; keeps weights finite where classes fall apart."""


def fit_gain(odds: Sequence[Floats], masks: Sequence[Bytes], ignores: Sequence[Bytes]) -> float:
    """What log odds are multiplied with so that the calibration error of some pairs is smallest.

    A gain alone (temperature scaling; Guo et al. 2017, arXiv 1706.04599) moves no mask, since one half
    stays one half. Calibration is measured where a map is in doubt and near true borders; which places
    those are changes with the gain, so gains are tried and not solved for.

    Args:
        odds: (h, w) float32 each, log odds on the half grid.
        masks, ignores: (h, w) uint8 each, shares of a place, 0 to 255; places ignored in part do not count.
    """
    errors = [measured(odds, masks, ignores, gain)["calibration_error"] for gain in GAINS]
    known = [error if math.isfinite(error) else math.inf for error in errors]
    return GAINS[int(np.argmin(known))] if min(known) < math.inf else 1.0


def measured(
    odds: Sequence[Floats], masks: Sequence[Bytes], ignores: Sequence[Bytes], gain: float
) -> dict[str, float]:
    """Calibration error and Brier score of scaled maps (`measures.calibration`), each place as 2x2 pixels."""
    counts = Calibration()
    for odd, mask, ignore in zip(odds, masks, ignores, strict=True):
        value = chance(gain * odd).astype(np.float32)
        counts += count_calibration(_larger(value), _larger(mask >= 128), ignore=_larger(ignore > 0))
    return {"calibration_error": expected_error(counts), "brier": brier(counts)}


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
