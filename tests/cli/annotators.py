"""Annotators that break or dawdle, for the commands to be tried on."""

import time
from collections.abc import Sequence

import numpy as np

from maskwright.pairs.values import Aligned, Card, Change, Hint


class Breaks:
    """Raises on every pair."""

    card = Card(name="breaks", version="1", digest="0")

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        raise RuntimeError("this annotator breaks")


class Dawdles:
    """Takes its time and finds nothing."""

    card = Card(name="dawdles", version="1", digest="0")

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        time.sleep(0.5)
        return [Change(np.zeros(pair.valid.shape, np.float32)) for pair in batch]


class CannotStart:
    """Breaks before it is one."""

    def __init__(self) -> None:
        raise RuntimeError("no such luck")
