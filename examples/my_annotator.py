"""An annotator of one's own: what the largest channel difference exceeds is edited.

maskwright annotate pairs.csv out --annotator my_annotator:Threshold
"""

from collections.abc import Sequence

import numpy as np

from maskwright import Aligned, Card, Change, Hint

LEVELS = 24


class Threshold:
    """Marks pixels that differ by at least `LEVELS` grey levels."""

    card = Card(name="threshold", version="1", digest=f"threshold-{LEVELS}")

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        changes = []
        for pair in batch:
            difference = np.abs(pair.original.astype(np.int16) - pair.edited).max(axis=2)
            probability = np.clip(difference / (2 * LEVELS), 0, 1).astype(np.float32)
            changes.append(Change(np.where(pair.valid, probability, 0).astype(np.float32)))
        return changes
