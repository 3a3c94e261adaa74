"""What was found, in one word: the first line of a table that holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from maskwright.errors import InputError
from maskwright.pairs.values import VERDICTS

WHOLE_AREA_FRAC = 0.8
"""design.md, Verdicts: above this share of the picture there is no part left to call the background."""
DE_PER_LEVEL = 0.4
"""CIE 1976 units a grey level is worth: L* runs over 100 units in 255 levels (0.39)."""
LEAST_TONE_DE = 1.0
"""Below one unit a colour difference is not visible (the just noticeable difference is 2.3:
Mahy et al. 1994), and rounding alone reaches 0.4."""
UNEXPLAINED_FRAC = 0.02
"""Share of the picture above the noise floor from which `resaved` would be a false comfort:
1-px shifts and codecs stay below it, see docs/reference/verdicts.md."""


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
    ("resaved", lambda found: found.unexplained <= UNEXPLAINED_FRAC),
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
