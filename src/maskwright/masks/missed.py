"""How large an edit could have been missed, stated from the pair's own noise floor."""

from __future__ import annotations

LEAST_PX = 8.0
PX_PER_LEVEL = 4.0


def missed_px(noise_floor: float | None) -> float | None:
    """Side of the smallest square edit of moderate contrast that would be seen, edited pixels."""
    if noise_floor is None:
        return None
    return LEAST_PX + PX_PER_LEVEL * noise_floor
