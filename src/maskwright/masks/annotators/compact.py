"""The compact annotator: a small network that weighs the evidence of a pair in its surroundings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright.masks.annotators.evidence import evidence
from maskwright.masks.annotators.planes import planes
from maskwright.masks.annotators.rule import Rule, log_odds
from maskwright.pairs.values import Aligned


def planes_of(pair: Aligned, rule: Rule) -> NDArray[np.uint8]:
    """What the network sees of a pair, (C, h, w) uint8 on the half grid; see `planes.CHANNELS`."""
    seen = evidence(pair)
    return planes(seen, log_odds(seen, rule))
