"""How large an edit could have been missed, stated from the pair's own noise floor.

`compare` finds it out by inserting edits (`insertion`); that costs a dozen annotations.
For a corpus this formula says it for nothing: side = 2 ** (BASE + SLOPE * noise floor).
"""

from __future__ import annotations

BASE, SLOPE = 2.5, 0.75
"""Fitted so that in three of four pairs squares of that side are seen: benchmarks/bench_missed.py
--fit, on synthetic pairs from `train` photographs; how it does on `val` stands in docs/decisions/0004."""
MOST_PX = 128.0
"""Twice the largest square that was tried: beyond it the formula has seen nothing."""


def missed_px(noise_floor: float | None, background: str | None) -> float | None:
    """Side of the smallest square edit of moderate contrast (25 levels) that would be seen.

    Args:
        noise_floor: what the pair differs by without an edit, by the annotator, grey levels.
        background: one of `BACKGROUNDS`, as the annotator decided; None where it does not.

    Returns:
        Pixels of the edited picture, 1 to `MOST_PX`, which means "this or more"; 1 where the
        background is bit-equal; None without a noise floor.

    >>> missed_px(0.0, "identical"), round(missed_px(2.0, "resaved"))
    (1.0, 16)
    """
    if background == "identical":
        return 1.0
    if noise_floor is None:
        return None
    return float(min(MOST_PX, 2.0 ** min(BASE + SLOPE * noise_floor, 7.0)))
