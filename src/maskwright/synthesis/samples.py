"""The distribution of pairs that `generate` writes and training streams: photographs in, pairs out.

A pair is a function of the photographs and of the generator it is handed, and of nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from numpy.random import Generator

from maskwright.errors import InputError
from maskwright.synthesis.photos import Loaded, Photo, load_photo
from maskwright.synthesis.recipes import Told, draw_alone, draw_background, make_pair, tell

LONGEST_PX = (256.0, 640.0)
"""The longer side of a photograph is scaled down to a length drawn evenly from this."""
UNEDITED = 0.3
"""Share of pairs without an edit: half of them with a single corruption, half with those of a background."""
BACKGROUNDS = {"identical": 0.12, "resaved": 0.4, "regenerated": 0.4, "redrawn": 0.08}
"""Background: its share. Our choice, after what the public sets of edited pictures hold."""
TRIES = 10
"""Photographs drawn at most in place of one that cannot be read."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A pair, what was done, and the photographs it was made of.

    Args:
        unreadable: photographs that were drawn in vain, and why.
    """

    told: Told
    photo: Photo
    donor: Photo
    unreadable: tuple[str, ...] = ()


def draw_sample(
    photos: Sequence[Photo],
    rng: Generator,
    *,
    load: Callable[[Photo, float], Loaded] = lambda photo, longest_px: load_photo(
        photo, longest_px=longest_px
    ),
) -> Sample:
    """Draw a photograph, a donor and what is done to them, and do it.

    Args:
        photos: at least one; the donor is another one where there are two.
        load: how a photograph is read, given the length of its longer side.

    Raises:
        InputError: no photographs, or ten drawn in a row cannot be read.
    """
    if not photos:
        raise InputError("there are no photographs to draw from")
    order = rng.permutation(len(photos))[: 2 + TRIES].tolist()
    found: list[tuple[Photo, Loaded]] = []
    unreadable = []
    for number in order * (1 if len(order) > 1 else 2):
        try:
            found.append((photos[number], load(photos[number], float(rng.uniform(*LONGEST_PX)))))
        except InputError as error:
            unreadable.append(str(error))
        if len(found) == 2:
            break
    if len(found) < 2:
        raise InputError(f"of the photographs drawn, too many cannot be read: {unreadable[0]}")
    (photo, one), (donor, other) = found
    return Sample(draw_pair(one, other, rng), photo, donor, tuple(unreadable))


def draw_pair(photo: Loaded, donor: Loaded, rng: Generator) -> Told:
    """What is done to a photograph, drawn with the shares above."""
    names = list(BACKGROUNDS)
    background = str(rng.choice(names, p=list(BACKGROUNDS.values())))
    fate = rng.random() / UNEDITED
    if fate < 0.5:
        return tell(photo.pixels, rng, background="resaved", corruptions=[draw_alone(rng)])
    if fate < 1:
        return tell(photo.pixels, rng, background=background, corruptions=draw_background(background, rng))
    return make_pair(
        photo.pixels,
        donor.pixels,
        rng,
        background=background,
        labels=photo.labels,
        donor_labels=donor.labels,
    )
