"""How evidence is weighed and regions are cut: constants that come with this package, and their use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.masks.annotators.evidence import Evidence, Plane

CONSTANTS = "difference.json"
"""Beside this file; written by benchmarks/fit_difference.py from `train` photographs only."""


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


def shipped_rule() -> Rule:
    """The rule whose constants come with this package."""
    return read_rule(json.loads(constants()))


def read_rule(constants: Mapping[str, Any]) -> Rule:
    """A rule from its JSON form, in which a table is knots and the values at them."""
    tables = {
        name: np.interp(np.arange(256), knots, values).astype(np.float32)
        for name, (knots, values) in constants["tables"].items()
    }
    return Rule(tables=tables, **{name: value for name, value in constants.items() if name != "tables"})


def constants() -> bytes:
    """The JSON text of the shipped rule; its digest stands for it."""
    return resources.files(__package__).joinpath(CONSTANTS).read_bytes()


def log_odds(seen: Evidence, rule: Rule) -> Plane:
    """Log odds of an edit, (h, w) float32 on the half grid: a sum of one table a plane."""
    constant = rule.bias + sum(
        float(np.interp(seen.scalars[name], knots, values)) for name, (knots, values) in rule.scalars.items()
    )
    total = np.full(seen.sharp.shape, constant, np.float32)
    for name, table in rule.tables.items():
        total += cv2.LUT(seen.codes[name], table)
    return total
