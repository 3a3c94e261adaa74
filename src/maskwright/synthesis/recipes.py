"""Recipes: a photograph and a donor in, a pair with a known mask out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis import fills, generative, objects, overlays, reshape, surfaces
from maskwright.synthesis.backgrounds import draw_background
from maskwright.synthesis.redraw import unseen_ignored
from maskwright.synthesis.regions import Draw, any_shape, around, at_most, blob, grown, labelled
from maskwright.synthesis.steps import Made, Named, Step, begin, check_picture
from maskwright.synthesis.superpixels import superpixels


@dataclass(frozen=True, slots=True)
class Told:
    """A pair with a known mask, and what was done to make it.

    Args:
        edits: in the order they were done; none where nothing was edited.
        background: what the pixels outside the mask were made to be.
        corruptions: what was done to whole pictures, in order.
    """

    made: Made
    edits: tuple[str, ...]
    background: str
    corruptions: tuple[str, ...]


def make_pair(
    photo: Picture,
    donor: Picture,
    rng: Generator,
    *,
    background: str,
    labels: NDArray[Any] | None = None,
    donor_labels: NDArray[Any] | None = None,
    drawn_again: Picture | None = None,
) -> Told:
    """A pair as one meets them: one to three edits, then what happens to a whole picture.

    Args:
        photo: (H, W, 3) uint8, at least 1x1.
        donor: (h, w, 3) uint8, another photograph; where pasted things come from.
        background: identical, resaved, regenerated or redrawn: what happens to the pixels outside the mask.
        labels, donor_labels: (any height, any width) integer label maps of the two, 0 = none.
        drawn_again: the photograph as an autoencoder gave it back; then the edits are made on that, and the
            donor should have passed through it, too.

    Returns:
        The pair and what was done. Its mask may be empty where no edit left a trace.
    """
    kinds = CLEAR_EDITS if background == "redrawn" else None
    edits = draw_edits(photo, donor, rng, labels=labels, donor_labels=donor_labels, kinds=kinds)
    after = [Named("faint edits ignored", unseen_ignored())] if background == "redrawn" else []
    after += draw_background(background, rng, drawn_again=drawn_again is not None, labels=labels)
    return tell(
        photo,
        rng,
        edits=[*edits, *_skirt(rng)],
        background=background,
        corruptions=after,
        drawn_again=drawn_again,
    )


def tell(
    photo: Picture,
    rng: Generator,
    *,
    edits: Sequence[Named] = (),
    background: str,
    corruptions: Sequence[Named],
    drawn_again: Picture | None = None,
) -> Told:
    """Do the edits, then the corruptions, and say what was done.

    Args:
        drawn_again: as for `make_pair`.
    """
    made = begin(photo)
    words = [named.words for named in corruptions]
    if drawn_again is not None:
        made = replace(made, edited=drawn_again)
        words = ["autoencoder", *words]
    for named in (*edits, *corruptions):
        made = named.step(made, rng)
    return Told(made, tuple(named.words for named in edits), background, tuple(words))


def draw_edits(
    photo: Picture,
    donor: Picture,
    rng: Generator,
    *,
    labels: NDArray[Any] | None = None,
    donor_labels: NDArray[Any] | None = None,
    kinds: Mapping[str, float] | None = None,
) -> list[Named]:
    """One edit mostly, sometimes two or three, of kinds drawn by weight.

    Args:
        kinds: names of `EDITS` and their weights; without, all of them with theirs.
    """
    check_picture(donor, "donor")
    places = _places(photo, donor, labels, donor_labels)
    count = int(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1]))
    names = list(kinds or EDITS)
    weights = np.array([kinds[name] if kinds else EDITS[name][0] for name in names])
    chosen = rng.choice(len(names), size=count, p=weights / weights.sum())
    return [Named(names[index], EDITS[names[index]][1](donor, places, rng)) for index in chosen]


@dataclass(frozen=True, slots=True)
class Places:
    """Where edits happen on a photograph, and what they cut out of the donor.

    Args:
        thing: something the photograph shows.
        any: something it shows or any shape.
        wide: what people give an inpainter: something shown with a margin, its box or an ellipse about it,
            strokes, any shape.
        hole: the same, small enough to be filled from around it.
        cut: something the donor shows.
    """

    thing: Draw
    any: Draw
    wide: Draw
    hole: Draw
    cut: Draw


def _places(
    photo: Picture, donor: Picture, labels: NDArray[Any] | None, donor_labels: NDArray[Any] | None
) -> Places:
    thing = superpixels(photo) if labels is None else labelled(labels)
    cut = superpixels(donor) if donor_labels is None else labelled(donor_labels)
    wide = _one_of({grown(thing): 0.3, around(thing): 0.3, thing: 0.1, any_shape: 0.3})
    return Places(
        thing=thing,
        any=_one_of({thing: 0.6, any_shape: 0.4}),
        wide=at_most(wide, 0.7),
        hole=at_most(wide, 0.3),
        cut=_one_of({cut: 0.8, blob: 0.2}),
    )


def _one_of(draws: dict[Draw, float]) -> Draw:
    """Any of these, by weight."""
    choices = list(draws)

    def draw(height: int, width: int, rng: Generator) -> Mask:
        return choices[int(rng.choice(len(choices), p=list(draws.values())))](height, width, rng)

    return draw


def _paste(donor: Picture, places: Places, rng: Generator) -> Step:
    turn = float(rng.normal(0, 8)) if rng.random() < 0.8 else float(rng.uniform(-180, 180))
    return objects.paste(
        donor,
        places.cut,
        scale=None,
        rotation_deg=turn if rng.random() < 0.6 else 0.0,
        feather_px=_feather(rng),
        match_colour=float(rng.choice([0, rng.uniform(0.3, 1)])),
        shadow=float(rng.uniform(0.2, 0.7)) if rng.random() < 0.25 else 0.0,
    )


def _copy_move(donor: Picture, places: Places, rng: Generator) -> Step:
    scale = float(rng.choice([1, rng.uniform(0.5, 1.4)]))
    return objects.copy_move(places.any, scale=scale, feather_px=_feather(rng))


def _jitter(donor: Picture, places: Places, rng: Generator) -> Step:
    grow = float(rng.choice([0.125, rng.uniform(0.06, 0.4)]))
    return objects.jitter(
        places.thing, grow=grow, shift_px=float(rng.uniform(0, 4)), feather_px=_feather(rng)
    )


def _exchange(donor: Picture, places: Places, rng: Generator) -> Step:
    return objects.exchange(donor, places.cut, at_most(places.thing, 0.4), feather_px=_feather(rng))


def _removal(donor: Picture, places: Places, rng: Generator) -> Step:
    fills_: tuple[fills.Fill, ...] = ("telea", "ns", "patch", "patch", "patch")
    return fills.removal(fills_[int(rng.integers(len(fills_)))], places.hole)


def _replacement(donor: Picture, places: Places, rng: Generator) -> Step:
    return surfaces.replacement(donor, places.any, feather_px=_feather(rng))


def _material(donor: Picture, places: Places, rng: Generator) -> Step:
    return surfaces.material(donor, places.any)


def _recolour(donor: Picture, places: Places, rng: Generator) -> Step:
    return surfaces.recolour(places.any)


def _relight(donor: Picture, places: Places, rng: Generator) -> Step:
    return surfaces.relight(places.any, feather_px=_feather(rng))


def _veil(donor: Picture, places: Places, rng: Generator) -> Step:
    return surfaces.veil(places.any, feather_px=_feather(rng))


def _disturb(donor: Picture, places: Places, rng: Generator) -> Step:
    return surfaces.disturb(places.any)


def _reshape(donor: Picture, places: Places, rng: Generator) -> Step:
    return reshape.reshape(places.thing)


def _redraw(donor: Picture, places: Places, rng: Generator) -> Step:
    feather_px = float(rng.uniform(1, 6)) if rng.random() < 0.3 else 0.0
    return generative.redraw(donor, places.wide, cut=places.cut, feather_px=feather_px)


def _backdrop(donor: Picture, places: Places, rng: Generator) -> Step:
    return surfaces.backdrop(donor, places.thing, feather_px=_feather(rng))


def _text(donor: Picture, places: Places, rng: Generator) -> Step:
    return overlays.text(opacity=_opacity(rng))


def _sticker(donor: Picture, places: Places, rng: Generator) -> Step:
    if rng.random() < 0.4:
        return overlays.outlined_cutout(donor, places.cut)
    return overlays.sticker(opacity=_opacity(rng))


def _skirt(rng: Generator) -> list[Named]:
    """Now and then an editor's own faint trace around what it was asked to change."""
    if rng.random() >= 0.15:
        return []
    return [Named("skirt", generative.skirt(float(rng.uniform(4, 12)), float(rng.uniform(2, 8))))]


def _feather(rng: Generator) -> float:
    """None, as thin as a cut-out's smoothed border, or wide."""
    return float(rng.choice([0, rng.uniform(0.7, 2.5), rng.uniform(2.5, 8)], p=[0.4, 0.4, 0.2]))


def _opacity(rng: Generator) -> float:
    return float(rng.uniform(0.35, 0.9)) if rng.random() < 0.25 else 1.0


EDITS: dict[str, tuple[float, Callable[[Picture, Places, Generator], Step]]] = {
    "paste": (4, _paste),
    "copy_move": (1.2, _copy_move),
    "jitter": (1.2, _jitter),
    "exchange": (1, _exchange),
    "removal": (2.2, _removal),
    "redraw": (4.5, _redraw),
    "replacement": (1, _replacement),
    "material": (0.7, _material),
    "recolour": (1, _recolour),
    "relight": (0.5, _relight),
    "veil": (1, _veil),
    "disturb": (0.8, _disturb),
    "reshape": (0.6, _reshape),
    "backdrop": (0.6, _backdrop),
    "text": (0.5, _text),
    "sticker": (0.6, _sticker),
}
"""Kind of edit: its weight, and what makes it. Weights are our choice: things put in, taken out and drawn
anew are most of what the public sets of edited pictures hold."""
CLEAR_EDITS = {
    "paste": 4.0,
    "copy_move": 0.6,
    "exchange": 1.5,
    "removal": 2.0,
    "redraw": 4.5,
    "replacement": 1.5,
    "material": 1.0,
    "recolour": 0.7,
    "backdrop": 0.6,
    "text": 0.6,
    "sticker": 0.6,
}
"""Kinds of edit that can be told from a scene drawn anew, and their weights there; a thing that is moved a
little, lit otherwise or sharpened cannot."""
