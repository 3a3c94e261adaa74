"""The pairs on which CAAA is measured, each made or read by itself, so that processes can share them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from maskwright.bench.annotators import chosen_rows
from maskwright.bench.records import KnownPair, digest_of, picture_in
from maskwright.errors import InputError
from maskwright.pairs.maskfile import fitted_mask
from maskwright.pairs.picture import read_picture
from maskwright.pairs.sources import Source, open_source
from maskwright.pairs.values import GROUPS, Mask, Pair, Picture, Rejection
from maskwright.synthesis.donors import Related, draw_related
from maskwright.synthesis.photos import Photo

MADE, WHOLE, CROPPED, REAL = "made", "groups", "groups, cropped", "pairs"
"""Series of pairs: drawn from photographs; rows of a table of groups, as they are and cropped; rows of a
table with known masks."""
HAND = 8
"""Photographs that a made pair is drawn from: those of one hand share none with another hand, so that hands
are independent witnesses. A pair takes three at most; some spare ones, since not every draw will do."""
GROUP = "group"
"""The column of a table that says how its two pictures are related."""
MASKS = ("mask_probe", "mask_donor")
"""Columns with what was edited in the edited picture, and what was taken of the original."""
SCENE = re.compile(r"[^_]+(?:_\d+)?")
"""The scene of a row is how its id begins: up to the first underscore, and the number behind it if there is
one. `dib_3_donor` is of the scene `dib_3`, `gpgan_copy_probe` of `gpgan`."""
SCALES = (
    (0.0, "below 0.5"),
    (0.5, "0.5 to 0.8"),
    (0.8, "0.8 to 1.25"),
    (1.25, "1.25 to 2"),
    (2.0, "above 2"),
)
TURNS = ((0.0, "none"), (0.5, "to 10 deg"), (10.0, "10 to 20 deg"), (20.0, "20 deg and more"))
AREAS = ((0.0, "below 3 %"), (0.03, "3 to 10 %"), (0.1, "10 to 25 %"), (0.25, "25 % and more"))
"""Least value and name of the slices: of size in the edited picture over size in the original, each as a
share of its picture; of the turn, degrees; of the share of the edited picture."""
TRAITS: Mapping[str, tuple[str, ...]] = {
    "scale": tuple(name for _, name in SCALES),
    "turn": tuple(name for _, name in TURNS),
    "area": tuple(name for _, name in AREAS),
    "mirrored": ("no", "yes"),
}
"""Traits of an object, and their slices in order."""


@dataclass(frozen=True, slots=True)
class Case:
    """A pair, and what is known of it.

    Args:
        series: one of `MADE`, `WHOLE`, `CROPPED`, `REAL`.
        witness: pairs with the same are drawn together for intervals: a hand, a scene, an original.
        group: one of `GROUPS`; empty where nobody says.
        original: (H0, W0, 3) uint8.
        edited: (H, W, 3) uint8.
        mask: (H, W) bool, what was edited, or laid on it; None where not known.
        ignore: (H, W) bool, counts for nobody.
        donor: (H0, W0) bool, what was taken; None where not known, or nothing was.
        traits: of the object: name of a trait -> its slice.
    """

    series: str
    name: str
    witness: str
    group: str
    original: Picture
    edited: Picture
    mask: Mask | None
    ignore: Mask
    donor: Mask | None = None
    traits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MadeTask:
    group: str
    number: int


@dataclass(frozen=True, slots=True)
class RowTask:
    """A row of a table of groups; with a seed, cropped."""

    case: Case
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class RealTask:
    pair: KnownPair


def hand_of(photos: Sequence[Photo], number: int) -> tuple[int, list[Photo]]:
    """The photographs of the pair of a number, and which hand they are.

    All are dealt out once, in a fixed order; a hand too small is added to the last.
    """
    order = np.random.default_rng(len(photos)).permutation(len(photos))
    hands = max(1, len(photos) // HAND)
    hand = number % hands
    dealt = order[hand * HAND :] if hand == hands - 1 else order[hand * HAND : (hand + 1) * HAND]
    return hand, [photos[place] for place in dealt]


def made_case(photos: Sequence[Photo], task: MadeTask) -> Case:
    """A pair of a group, a function of the photographs and its number.

    Raises:
        InputError: too few photographs, or one cannot be read.
    """
    hand, dealt = hand_of(photos, task.number)
    chance = np.random.default_rng([task.number, list(GROUPS).index(task.group)])
    related = draw_related(dealt, chance, task.group)
    name = f"{task.group} {task.number}"
    return Case(
        MADE,
        name,
        f"hand {hand}",
        task.group,
        related.original,
        related.edited,
        None if task.group == "unrelated" else related.mask,
        related.ignore,
        related.donor,
        traits_of(related),
    )


def traits_of(related: Related) -> dict[str, str]:
    """The slices of an object that was taken; empty where none was."""
    if related.matrix is None or related.donor is None:
        return {}
    forth = np.linalg.inv(related.matrix)[:2, :2]
    sizes = np.sqrt(related.donor.size / related.mask.size)
    # a mirrored object is turned after it is mirrored: the second column alone tells the turn
    turn = abs(np.degrees(np.arctan2(forth[0, 1], forth[1, 1])))
    return {
        "scale": _slice(SCALES, float(np.sqrt(abs(np.linalg.det(forth))) * sizes)),
        "turn": _slice(TURNS, float(turn)),
        "area": _slice(AREAS, float(related.mask.mean())),
        "mirrored": "yes" if np.linalg.det(forth) < 0 else "no",
    }


def _slice(slices: Sequence[tuple[float, str]], value: float) -> str:
    return [name for least, name in slices if value >= least][-1]


def scene_of(row: str) -> str:
    """What rows with an id like this one share: see `SCENE`.

    >>> scene_of("peihao_0_naive_donor"), scene_of("gpgan_copy_probe"), scene_of("cisdl_1")
    ('peihao_0', 'gpgan', 'cisdl_1')
    """
    found = SCENE.match(row)
    return row if found is None else found.group()


def rows_of(table: str | Any, unmeasured: list[Rejection]) -> list[Case]:
    """The rows of a table of groups that can be read, in its order.

    Args:
        table: with columns of originals and edited pictures, `GROUP`, and any of `MASKS`.
        unmeasured: the others are added to it.

    Raises:
        InputError, SettingError: the table cannot be read, or has no such column.
    """
    source = open_source(table)
    chosen_rows(source, None, [GROUP])
    found = []
    for part in source.plan():
        for pair in source.read(part):
            case = _row(source, pair)
            if isinstance(case, Case):
                found.append(case)
            else:
                unmeasured.append(case)
    return found


def _row(source: Source, pair: Pair | Rejection) -> Case | Rejection:
    if isinstance(pair, Rejection):
        return pair
    group, name = str(pair.columns[GROUP]), str(pair.columns.get("id", pair.id))
    if group not in GROUPS:
        return Rejection(pair.id, "bad_row", f"{group!r} is not a known group", pair.columns)
    try:
        original, edited = (read_picture(each).pixels for each in (pair.original, pair.edited))
        masks = []
        for column, picture in zip(MASKS, (edited, original), strict=True):
            given = picture_in(source, pair, column)
            height, width = picture.shape[:2]
            masks.append(None if given is None else fitted_mask(given, width, height)[0])
    except InputError as error:
        return Rejection(pair.id, error.reason or "bad_row", str(error), pair.columns)
    ignore = np.zeros(edited.shape[:2], np.bool_)
    return Case(WHOLE, name, scene_of(name), group, original, edited, masks[0], ignore, masks[1])


def real_case(task: RealTask) -> Case:
    """A row with a known mask; nobody says how its pictures are related."""
    pair = task.pair
    name = str(pair.shown.columns.get("id", pair.shown.id))
    return Case(REAL, name, digest_of(pair.original), "", pair.original, pair.edited, pair.truth, pair.ignore)
