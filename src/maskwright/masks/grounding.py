"""Where an edit was meant to be: given as a region, or found in the pictures by the instruction's words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError, unknown_name
from maskwright.masks.named import class_named
from maskwright.pairs.grid import check_same_grid
from maskwright.pairs.instruction import Transformation, parse
from maskwright.pairs.values import Aligned, Hint, Picture

Plane = NDArray[np.float32]

GROUNDINGS: dict[str, str] = {
    "clipseg": "maskwright.learning.grounding:ClipSeg",
    "grounding-dino": "maskwright.learning.grounding:GroundingDino",
    "none": "maskwright.masks.grounding:Blind",
    "region": "maskwright.masks.grounding:RegionOnly",
}
"""Every grounding with a name; strings, so that listing them imports nothing."""
DEFAULT_GROUNDING = "region"
"""Where none is named: what the source gives, no network."""
FOREGROUND = ("person", "animal", "object in the foreground")
"""What is not background, for edits of a background that has no name of its own."""
BACKGROUND_WORDS = frozenset({"background", "backdrop", "scene", "setting", "surroundings", "place"})
"""Last words of a concept that says no more than `background`."""


@runtime_checkable
class Grounding(Protocol):
    """Finds in a picture what a few words name; `tests/contracts/grounding.py` checks it.

    `ground` gives for every picture (H, W, 3) uint8 RGB and its concept a map (H, W) float32 in 0..1 of
    where that is; None where it is not found, or where the concept is empty. What it gives does not
    depend on the pictures beside it, and the pictures are not modified.

    Attributes:
        name: what stands in the column `grounding`.
        digest: sha256 (hex) of the weights; of the name where there are none.
    """

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    def ground(self, pictures: Sequence[Picture], concepts: Sequence[str]) -> list[Plane | None]: ...


@dataclass(frozen=True, slots=True)
class Prior:
    """Where the edit was meant to be.

    Args:
        map: (H, W) float32 in 0..1 on the edited picture's grid.
        grounded_by: `region`, `whole`, or the name of the grounding.
    """

    map: Plane
    grounded_by: str


def load_grounding(spec: str = DEFAULT_GROUNDING) -> Grounding:
    """The grounding a name stands for.

    Args:
        spec: a key of `GROUNDINGS`; one with a folder or a hub id behind it, as `clipseg:PATH`; or a
            `package.module:Class` whose class needs no arguments.

    Raises:
        SettingError: nothing has that name; the hint gives the nearest known one.
        MissingExtraError: a package or a file is not there.
        InputError: the class is no grounding.
    """
    name, separator, place = spec.partition(":")
    if name in GROUNDINGS:
        made = class_named("grounding", GROUNDINGS[name])
        grounding = made(place) if separator else made()
    elif separator:
        grounding = class_named("grounding", spec)()
    else:
        raise unknown_name("grounding", spec, GROUNDINGS)
    if not isinstance(grounding, Grounding):
        raise InputError(
            f"{spec} is no grounding: it needs `name`, `digest` and `ground(pictures, concepts)`",
            hint="the protocol is maskwright.masks.grounding.Grounding",
        )
    return grounding


class Blind:
    """Finds nothing, and lets no region of the source count either."""

    name = "none"
    digest = hashlib.sha256(b"none").hexdigest()

    def ground(self, pictures: Sequence[Picture], concepts: Sequence[str]) -> list[Plane | None]:
        return [None] * len(pictures)


class RegionOnly(Blind):
    """Finds nothing by itself: only a region of the source counts."""

    name = "region"
    digest = hashlib.sha256(b"region").hexdigest()


def prior_of(pair: Aligned, hint: Hint, grounding: Grounding) -> Prior | None:
    """Where the edit of one pair was meant to be; see `priors_of`."""
    return priors_of([pair], [hint], grounding)[0]


def priors_of(batch: Sequence[Aligned], hints: Sequence[Hint], grounding: Grounding) -> list[Prior | None]:
    """Where each edit was meant to be; None where nothing says it.

    A region of the source wins over words. Else the instruction's action decides what is looked for:

    add
        the edited concept in the edited picture.
    remove
        the original concept in the original.
    replace, attribute, text, move
        both, and the larger of the two at every pixel; a moved thing is looked for in both pictures.
    background
        what it is called, in both pictures; where it has no name, all but the foreground of the original.
    style, and all that asks for the whole picture
        everywhere.
    unparsed
        None.

    Args:
        hints: one a pair.

    Raises:
        InputError: the grounding gave a map of another size, or values outside 0..1.
    """
    if isinstance(grounding, Blind) and grounding.name == Blind.name:
        return [None] * len(batch)
    asked = [_Asked(hint) for hint in hints]
    questions = [
        (pair.original if side == "original" else pair.edited, concept)
        for pair, each in zip(batch, asked, strict=True)
        for side, concept in each.questions
    ]
    answers = iter(grounding.ground(*map(list, zip(*questions, strict=True))) if questions else [])
    found = []
    for pair, hint, each in zip(batch, hints, asked, strict=True):
        maps = [_checked(next(answers), pair) for _ in each.questions]
        found.append(_prior(pair, hint, each, maps, grounding.name))
    return found


class _Asked:
    """What is looked for on behalf of one hint."""

    def __init__(self, hint: Hint) -> None:
        wish = parse(hint.instruction) if hint.region is None else Transformation("unparsed")
        self.unnamed = wish.action == "background" and _is_unnamed(wish)
        self.everywhere = wish.action == "style" or (wish.scope == "whole" and wish.action != "background")
        self.questions = [] if self.everywhere else list(_questions(wish, unnamed=self.unnamed))


def _is_unnamed(wish: Transformation) -> bool:
    return not wish.original_concept or wish.original_concept.lower().split()[-1] in BACKGROUND_WORDS


def _questions(wish: Transformation, *, unnamed: bool) -> Iterable[tuple[str, str]]:
    """Side and concept of everything that must be found."""
    if wish.action == "unparsed":
        return
    if unnamed:
        yield from (("original", concept) for concept in FOREGROUND)
        return
    before, after = wish.original_concept, wish.edited_concept
    if wish.action == "move":
        after = before or after
        before = after
    if before and wish.action != "add":
        yield "original", before
    if after and wish.action != "remove":
        yield "edited", after


def _prior(pair: Aligned, hint: Hint, asked: _Asked, maps: Sequence[Plane | None], name: str) -> Prior | None:
    if hint.region is not None:
        check_same_grid(region=hint.region, edited=pair.edited)
        return Prior(hint.region.astype(np.float32), "region")
    if asked.everywhere:
        return Prior(np.ones(pair.valid.shape, np.float32), "whole")
    known = [map_ for map_ in maps if map_ is not None]
    if not known:
        return None
    most: Plane = np.max(known, axis=0)
    return Prior(1 - most if asked.unnamed else most, name)


def _checked(map_: Plane | None, pair: Aligned) -> Plane | None:
    if map_ is None:
        return None
    check_same_grid(grounding=map_, edited=pair.edited)
    if not (map_.min() >= 0 and map_.max() <= 1):
        raise InputError("the grounding gave a map with values outside 0..1")
    return np.asarray(map_, np.float32)
