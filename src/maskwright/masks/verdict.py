"""What was found, in one word: the first line of a table that holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from maskwright.errors import InputError
from maskwright.pairs.values import VERDICTS

WHOLE_AREA_FRAC = 0.8
"""design.md, Verdicts: above this share of the picture there is no part left to call the background."""
LEAST_TONE_DE = 1.25
"""CIE 1976 units that saving alone reaches: at most 1.17 on `train` photographs saved as JPEG 50 to
95 or WebP 60, or halved and doubled (benchmarks/bench_verdicts.py)."""
DE_PER_LEVEL = 0.7
"""The same for stronger noise, per grey level of its floor: JPEG 10 to 30 and added noise reach
0.57 to 0.66, a brightness change that was not fitted lies above by its own size (same benchmark)."""
RESAVED_FLOOR = 6.0
"""Grey levels of noise floor that saving can explain: JPEG 10 has 6.0, JPEG 30 2.1 (medians, same
benchmark)."""
UNEXPLAINED_FRAC = 0.03
"""Share of the picture above the noise floor that saving, resizing and shifting leave at most: 0.004
there, 0.022 where two grey levels of brightness are left (same benchmark)."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a verdict is made of.

    Args:
        geometry: kind of the alignment, one of `maskwright.pairs.values.GEOMETRIES`.
        area_frac: share of the picture in the mask; 0 means the mask is empty.
        tone_shift_de: median colour difference of the background, CIE 1976 units.
        noise_floor: what differs without an edit, grey levels.
        unexplained: share of the pixels above the noise floor and not in the mask, 0..1.
    """

    same_bytes: bool = False
    same_pixels: bool = False
    geometry: str = "identity"
    group: str | None = None
    area_frac: float = 0.0
    tone_shift_de: float = 0.0
    noise_floor: float = 0.0
    unexplained: float = 0.0


TABLE: tuple[tuple[str, Callable[[Findings], bool]], ...] = (
    ("identical_file", lambda found: found.same_bytes),
    ("same_pixels", lambda found: found.same_pixels),
    ("different_photograph", lambda found: found.geometry == "unrelated" and found.group != "shared-donor"),
    ("object_taken", lambda found: found.group == "shared-donor"),
    ("whole_picture", lambda found: found.area_frac > WHOLE_AREA_FRAC),
    ("local_edit", lambda found: found.area_frac > 0),
    ("geometry_only", lambda found: found.geometry not in ("identity", "resized")),
    ("tone_only", lambda found: found.tone_shift_de > tone_floor_de(found.noise_floor)),
    (
        "resaved",
        lambda found: found.unexplained <= UNEXPLAINED_FRAC and found.noise_floor <= RESAVED_FLOOR,
    ),
    ("undecided", lambda found: True),
)
"""Verdicts in their order; the first that holds wins."""


def verdict_of(found: Findings) -> str:
    """A key of `VERDICTS`.

    >>> verdict_of(Findings(area_frac=0.03))
    'local_edit'
    """
    return next(name for name, holds in TABLE if holds(found))


def tone_floor_de(noise_floor: float) -> float:
    """The colour difference that noise alone explains, CIE 1976 units."""
    return max(LEAST_TONE_DE, DE_PER_LEVEL * noise_floor)


def sentence_of(verdict: str) -> str:
    """The verdict for people, one sentence."""
    if verdict not in VERDICTS:
        raise InputError(f"{verdict!r} is not a known verdict")
    return VERDICTS[verdict]
