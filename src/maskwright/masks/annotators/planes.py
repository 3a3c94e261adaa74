"""What the compact network sees of an aligned pair: pictures and evidence as planes of bytes.

The planes lie on the half grid of `evidence`. Differences reach the network as margins above the
pair's own noise floor and as the log odds of the difference annotator, so that it starts from
what is known without a network and learns only what is not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright.masks.annotators.evidence import Evidence, Plane

COLOURS = ("red", "green", "blue")
CODES = (
    "sharp_margin",
    "fine_margin",
    "coarse_margin",
    "broad_margin",
    "energy_margin",
    "activity",
    "likeness",
    "contrast_ratio",
)
"""Planes of `evidence` that are handed on as they are."""
SCALARS = ("noise", "calm")
"""Figures of the pair as a whole, each a constant plane in steps of 1 / `SCALAR_CODE`."""
SCALAR_CODE = 32
ODDS_CODE, ODDS_ZERO = 8, 128
"""Log odds are coded in eighths around 128: from -16 to 15.9."""
CHANNELS = (
    *(f"{side}_{colour}" for side in ("original", "edited") for colour in COLOURS),
    "odds",
    *CODES,
    *SCALARS,
    "valid",
)
"""Names of the planes, in order."""
DASS = (*CHANNELS[:6], *(f"difference_{colour}" for colour in COLOURS))
"""Names of the planes that DASS looks at, MIML's network for pairs of one photograph (Qu and others 2024):
both pictures and how far they lie apart, and no evidence. What it is trained and used with is compact's."""


def planes(seen: Evidence, odds: Plane) -> NDArray[np.uint8]:
    """(C, h, w) uint8 on the half grid, one plane for each of `CHANNELS`.

    Args:
        odds: (h, w) float32, log odds of the difference annotator for the same evidence.
    """
    made = np.empty((len(CHANNELS), *odds.shape), np.uint8)
    made[0:3] = seen.original.transpose(2, 0, 1)
    made[3:6] = seen.edited.transpose(2, 0, 1)
    made[6] = np.clip(np.rint(odds * ODDS_CODE) + ODDS_ZERO, 0, 255)
    for place, name in enumerate(CODES, start=7):
        made[place] = seen.codes[name]
    for place, name in enumerate(SCALARS, start=7 + len(CODES)):
        made[place] = np.clip(round(seen.scalars[name] * SCALAR_CODE), 0, 255)
    made[-1] = seen.valid
    return made


def seen_as(made: NDArray[np.uint8], names: tuple[str, ...]) -> NDArray[np.uint8]:
    """Planes by their names: (..., C, h, w) uint8, those of `CHANNELS`, to (..., len(names), h, w).

    Args:
        names: of `CHANNELS`, or `difference_` and a colour: |original - edited| of it, 0 to 255.
    """
    return made if names == CHANNELS else np.stack([_plane(made, name) for name in names], axis=-3)


def _plane(made: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    what, _, colour = name.partition("_")
    if what != "difference":
        return made[..., CHANNELS.index(name), :, :]
    one, other = (_plane(made, f"{side}_{colour}") for side in ("original", "edited"))
    return np.asarray(np.maximum(one, other) - np.minimum(one, other))  # bytes would wrap below 0
