"""What was found, in one word: the first line of a table that holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from maskwright.errors import InputError
from maskwright.pairs.values import VERDICTS

WHOLE_AREA_FRAC = 0.8
"""design.md, Verdicts: above this share of the picture there is no part left to call the background."""
LEAST_TONE_DE, DE_PER_LEVEL = 0.6, 0.7
"""CIE 1976 units of tone shift that saving and resizing alone leave, and how much more per grey level of
noise floor: a line above all of JPEG 10 to 95, WebP 60, half size and back and added noise (this and
the next two: 40 `train` photographs, benchmarks/bench_verdicts.py)."""
RESAVED_FLOOR = 6.0
"""Grey levels of noise floor that saving can explain: the median of JPEG 10 is 5.6, of JPEG 30 2.0."""
UNEXPLAINED_FRAC = 0.03
"""Share of the picture above the noise floor that would make `resaved` a false comfort: saving,
resizing and shifting leave under 0.001, waves of 25 levels 0.01 (benchmarks/bench_verdicts.py)."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a verdict is made of.

    Args:
        geometry: kind of the alignment, one of `maskwright.pairs.values.GEOMETRIES`.
        group: one of `maskwright.pairs.values.GROUPS`, and then the annotator's word wins over the
            alignment; None where the annotator does not say.
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
    (
        "different_photograph",
        lambda found: found.group == "unrelated" or (found.group is None and found.geometry == "unrelated"),
    ),
    ("object_taken", lambda found: found.group == "shared-donor"),
    ("whole_picture", lambda found: found.area_frac > WHOLE_AREA_FRAC),
    ("local_edit", lambda found: found.area_frac > 0),
    ("geometry_only", lambda found: found.geometry not in ("identity", "resized", "unrelated")),
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
    return LEAST_TONE_DE + DE_PER_LEVEL * noise_floor


def sentence_of(verdict: str) -> str:
    """The verdict for people, one sentence."""
    if verdict not in VERDICTS:
        raise InputError(f"{verdict!r} is not a known verdict")
    return VERDICTS[verdict]
