"""The distribution of pairs that `generate` writes and training streams: photographs in, pairs out.

A pair is a function of the photographs and of the generator it is handed, and of nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from numpy.random import Generator

from maskwright.errors import InputError
from maskwright.pairs.values import Picture
from maskwright.synthesis.backgrounds import draw_alone, draw_background
from maskwright.synthesis.photos import Loaded, Photo, load_photo
from maskwright.synthesis.recipes import Told, make_pair, tell

RECIPE = 5
"""Of the distribution; grows when the same seed no longer gives the same pairs."""
LONGEST_PX = (256.0, 640.0)
"""The longer side of a photograph is scaled down to a length drawn evenly from this."""
UNEDITED = 0.3
"""Share of pairs without an edit: half of them with a single corruption, half with those of a background."""
BACKGROUNDS = {"identical": 0.12, "resaved": 0.4, "regenerated": 0.4, "redrawn": 0.08}
"""Background: its share. Our choice, after what the public sets of edited pictures hold."""
REDRAWN_SHARES = {"identical": 0.04, "resaved": 0.2, "regenerated": 0.36, "redrawn": 0.4}
"""The same for sigma's training: it is there for the pairs that were redrawn."""
THROUGH_AUTOENCODER = 0.35
"""Share of regenerated pairs that pass through the autoencoder, where one is given."""
AUTOENCODER_PX = (320.0, 448.0, 576.0)
"""Lengths of the longer side of those: few, so that their answers can be kept."""
TRIES = 10
"""Photographs drawn at most in place of those that cannot be read."""

Again = Callable[[Picture], Picture]
"""A picture as an autoencoder gives it back: `KeptRoundtrip`."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A pair, what was done, and the photographs it was made of.

    Args:
        donor: None where nothing was taken from another photograph.
        unreadable: photographs that were drawn in vain, and why.
    """

    told: Told
    photo: Photo
    donor: Photo | None
    unreadable: tuple[str, ...] = ()


def draw_sample(
    photos: Sequence[Photo],
    rng: Generator,
    *,
    again: Again | None = None,
    shares: Mapping[str, float] = BACKGROUNDS,
) -> Sample:
    """Draw a photograph, a donor and what is done to them, and do it.

    Args:
        photos: at least one; the donor is another one where there are two.
        again: an autoencoder, for a share of the regenerated pairs.
        shares: background: its share; they add to 1.

    Raises:
        InputError: no photographs, or too many of those drawn cannot be read.
    """
    if not photos:
        raise InputError("there are no photographs to draw from")
    background = str(rng.choice(list(shares), p=list(shares.values())))
    fate = float(rng.random()) / UNEDITED
    if fate < 0.5 or background != "regenerated" or rng.random() >= THROUGH_AUTOENCODER:
        again = None
    found = Drawn(photos, rng, AUTOENCODER_PX if again else ())
    photo, loaded = found.next()
    drawn_again = again(loaded.pixels) if again else None
    if fate < 0.5:
        background, alone = draw_alone(rng)
        told = tell(loaded.pixels, rng, background=background, corruptions=[alone])
    elif fate < 1:
        steps = draw_background(background, rng, drawn_again=again is not None, labels=loaded.labels)
        told = tell(loaded.pixels, rng, background=background, corruptions=steps, drawn_again=drawn_again)
    else:
        donor, other = found.next()
        told = make_pair(
            loaded.pixels,
            again(other.pixels) if again else other.pixels,
            rng,
            background=background,
            labels=loaded.labels,
            donor_labels=other.labels,
            drawn_again=drawn_again,
        )
        return Sample(told, photo, donor, tuple(found.unreadable))
    return Sample(told, photo, None, tuple(found.unreadable))


class Drawn:
    """Photographs in an order drawn by chance; those that cannot be read are passed over."""

    def __init__(self, photos: Sequence[Photo], rng: Generator, lengths_px: Sequence[float]) -> None:
        order = rng.choice(len(photos), min(len(photos), 2 + TRIES), replace=False).tolist()
        # A single photograph is its own donor.
        self._left = [photos[number] for number in order * (2 if len(order) == 1 else 1)]
        self._rng, self._lengths_px = rng, lengths_px
        self.unreadable: list[str] = []

    @property
    def left(self) -> int:
        """Photographs that were not drawn yet; not all of them need be readable."""
        return len(self._left)

    def next(self) -> tuple[Photo, Loaded]:
        while self._left:
            photo = self._left.pop(0)
            longest_px = float(
                self._rng.choice(self._lengths_px) if self._lengths_px else self._rng.uniform(*LONGEST_PX)
            )
            try:
                return photo, load_photo(photo, longest_px=longest_px)
            except InputError as error:
                self.unreadable.append(str(error))
        raise InputError(f"of the photographs drawn, too many cannot be read: {self.unreadable[0]}")
