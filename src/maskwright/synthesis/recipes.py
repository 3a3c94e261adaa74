"""Recipes: a photograph and a donor in, a pair with a known mask out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from maskwright.errors import unknown_name
from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis import corruptions, fills, generative, objects, overlays, reshape, surfaces
from maskwright.synthesis.regenerate import MAX_STRENGTH, regenerate
from maskwright.synthesis.regions import Draw, any_shape, around, blob, grown, labelled
from maskwright.synthesis.steps import Made, Side, Step, begin, check_picture
from maskwright.synthesis.superpixels import superpixels


@dataclass(frozen=True, slots=True)
class Named:
    """A step and the words that say what it does, such as `jpeg 82`."""

    words: str
    step: Step


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
) -> Told:
    """A pair as one meets them: one to three edits, then what happens to a whole picture.

    Args:
        photo: (H, W, 3) uint8, at least 1x1.
        donor: (h, w, 3) uint8, another photograph; where pasted things come from.
        background: identical, resaved or regenerated: what happens to the pixels outside the mask.
        labels, donor_labels: (any height, any width) integer label maps of the two, 0 = none.

    Returns:
        The pair and what was done. Its mask may be empty where no edit left a trace.
    """
    edits = draw_edits(photo, donor, rng, labels=labels, donor_labels=donor_labels)
    after = draw_background(background, rng)
    return tell(photo, rng, edits=[*edits, *_skirt(rng)], background=background, corruptions=after)


def tell(
    photo: Picture,
    rng: Generator,
    *,
    edits: Sequence[Named] = (),
    background: str,
    corruptions: Sequence[Named],
) -> Told:
    """Do the edits, then the corruptions, and say what was done."""
    made = begin(photo)
    for named in (*edits, *corruptions):
        made = named.step(made, rng)
    return Told(made, _words(edits), background, _words(corruptions))


def draw_edits(
    photo: Picture,
    donor: Picture,
    rng: Generator,
    *,
    labels: NDArray[Any] | None = None,
    donor_labels: NDArray[Any] | None = None,
) -> list[Named]:
    """One edit mostly, sometimes two or three, of kinds drawn by weight."""
    check_picture(donor, "donor")
    places = _places(photo, donor, labels, donor_labels)
    count = int(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1]))
    names = list(EDITS)
    weights = np.array([EDITS[name][0] for name in names])
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
        cut: something the donor shows.
    """

    thing: Draw
    any: Draw
    wide: Draw
    cut: Draw


def _places(
    photo: Picture, donor: Picture, labels: NDArray[Any] | None, donor_labels: NDArray[Any] | None
) -> Places:
    thing = superpixels(photo) if labels is None else labelled(labels)
    cut = superpixels(donor) if donor_labels is None else labelled(donor_labels)
    return Places(
        thing=thing,
        any=_one_of({thing: 0.6, any_shape: 0.4}),
        wide=_one_of({grown(thing): 0.3, around(thing): 0.3, thing: 0.1, any_shape: 0.3}),
        cut=_one_of({cut: 0.8, blob: 0.2}),
    )


def _one_of(draws: dict[Draw, float]) -> Draw:
    """Any of these, by weight."""
    choices = list(draws)

    def draw(height: int, width: int, rng: Generator) -> Mask:
        return choices[int(rng.choice(len(choices), p=list(draws.values())))](height, width, rng)

    return draw


def draw_background(background: str, rng: Generator) -> list[Named]:
    """The steps that make the pixels outside the edit what `background` says, without any edit.

    Raises:
        SettingError: the background is not identical, resaved or regenerated.
    """
    if background not in BACKGROUNDS:
        raise unknown_name("background to make", background, BACKGROUNDS)
    return BACKGROUNDS[background](rng)


def draw_alone(rng: Generator) -> Named:
    """A single thing that happens to whole pictures, without a codec after it that would hide it."""
    names = list(ALONE)
    return ALONE[names[int(rng.integers(len(names)))]](rng)


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
    return objects.exchange(donor, places.cut, places.thing, feather_px=_feather(rng))


def _removal(donor: Picture, places: Places, rng: Generator) -> Step:
    fills_: tuple[fills.Fill, ...] = ("telea", "ns", "patch", "patch", "patch")
    return fills.removal(fills_[int(rng.integers(len(fills_)))], places.wide)


def _replacement(donor: Picture, places: Places, rng: Generator) -> Step:
    return surfaces.replacement(donor, places.any, feather_px=_feather(rng))


def _material(donor: Picture, places: Places, rng: Generator) -> Step:
    return surfaces.material(donor, places.any)


def _recolour(donor: Picture, places: Places, rng: Generator) -> Step:
    return surfaces.recolour(places.any)


def _relight(donor: Picture, places: Places, rng: Generator) -> Step:
    return surfaces.relight(places.any, feather_px=_feather(rng))


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


def _identical(rng: Generator) -> list[Named]:
    """Both saved without loss, or both by one codec at one setting: then far blocks are bit-equal."""
    if rng.random() < 0.6:
        return []
    quality = int(rng.integers(60, 98))
    return [Named(f"jpeg {quality} on both", corruptions.jpeg(quality, side="both"))]


def _resaved(rng: Generator) -> list[Named]:
    """Codecs, sizes and small moves, on one side or both."""
    steps = _moves(rng, 0.2)
    scale = float(rng.uniform(0.45, 1.0))
    if rng.random() < 0.3:
        again = corruptions.resample(scale, down=_kernel(rng), up=_kernel(rng))
        steps.append(Named(f"resampled {scale:.2f}", again))
    elif rng.random() < 0.3:
        steps.append(Named(f"resized {scale:.2f}", corruptions.resize(scale, kernel=_kernel(rng))))
    if rng.random() < 0.5:
        steps.append(_codec(rng, "original"))
    if rng.random() < 0.2:
        gain = np.exp(rng.normal(0, 0.05)) * np.exp(rng.normal(0, 0.02, 3))
        toned = corruptions.tone(tuple(gain.tolist()), offset=float(rng.normal(0, 3)), gamma=_near_one(rng))
        steps.append(Named("tone", toned))
    if rng.random() < 0.15:
        steps.append(Named("grade", corruptions.grade(float(rng.uniform(0.01, 0.06)))))
    return [*steps, _codec(rng, "edited")]


def _regenerated(rng: Generator) -> list[Named]:
    """Generator noise on the edited side, now and then on both; a codec after it half of the time."""
    strength = float(np.exp(rng.uniform(np.log(0.15), np.log(MAX_STRENGTH))))
    side: Side = "both" if rng.random() < 0.15 else "edited"
    steps = [*_moves(rng, 0.2), Named(f"regenerated {strength:.2f}", regenerate(strength, side=side))]
    if rng.random() < 0.3:
        steps.append(_codec(rng, "original"))
    if rng.random() < 0.5:
        steps.append(_codec(rng, "edited"))
    return steps


def _redrawn(rng: Generator) -> list[Named]:
    """Every pixel drawn again and moved by up to some pixels; a codec after it half of the time."""
    far_px = float(rng.uniform(1.5, 6))
    strength = float(rng.uniform(0.6, MAX_STRENGTH))
    steps = [
        Named(f"bent {far_px:.1f} px", corruptions.bend(far_px, spacing_px=float(rng.uniform(60, 200)))),
        Named(f"regenerated {strength:.2f}", regenerate(strength)),
    ]
    return [*steps, _codec(rng, "edited")] if rng.random() < 0.5 else steps


def _moves(rng: Generator, chance: float) -> list[Named]:
    """Now and then a crop, a shift, a turn or a stretch of the edited side, all small."""
    if rng.random() >= chance:
        return []
    kind = int(rng.integers(4))
    if kind == 0:
        window = rng.uniform(0, 0.08, 4)
        return [Named("cropped", corruptions.crop(window[0], window[1], 1 - window[2], 1 - window[3]))]
    if kind == 1:
        return [Named("shifted", corruptions.shift(*(rng.integers(-4, 5, 2) / 2).tolist()))]
    if kind == 2:
        turned = corruptions.rotate(float(rng.uniform(-2, 2)), zoom=float(rng.uniform(1.0, 1.06)))
        return [Named("turned", turned)]
    scales = rng.uniform(0.95, 1.05, 2).tolist()
    return [Named("stretched", corruptions.stretch(*scales, kernel="cubic"))]


def _codec(rng: Generator, side: Side) -> Named:
    """JPEG of quality 50-98 mostly, else WebP of 60-95."""
    if rng.random() < 0.12:
        quality = int(rng.integers(60, 96))
        return Named(f"webp {quality} on {side}", corruptions.webp(quality, side=side))
    quality = int(rng.integers(50, 99))
    subsampling = str(rng.choice(["4:4:4", "4:2:2", "4:2:0", "4:2:0"]))
    saved = corruptions.jpeg(quality, subsampling=subsampling, side=side)
    return Named(f"jpeg {quality} on {side}", saved)


def _resampled_alone(rng: Generator) -> Named:
    scale = float(rng.uniform(0.35, 0.8))
    return Named(f"resampled {scale:.2f}", corruptions.resample(scale))


def _shifted_alone(rng: Generator) -> Named:
    """By a pixel, by half a pixel, or by anything less than a pixel."""
    right, down = (
        rng.choice([0, 0.5, 1, float(rng.uniform(-1, 1))], size=2) * rng.choice([-1, 1], 2)
    ).tolist()
    return Named(f"shifted {right:.2f}, {down:.2f}", corruptions.shift(right, down))


def _tone_alone(rng: Generator) -> Named:
    gain = float(rng.uniform(0.85, 1.15))
    return Named("tone", corruptions.tone((gain,) * 3, offset=float(rng.uniform(-12, 12))))


def _words(steps: Sequence[Named]) -> tuple[str, ...]:
    return tuple(named.words for named in steps)


def _kernel(rng: Generator) -> str:
    return str(rng.choice(["linear", "cubic", "area", "lanczos"]))


def _near_one(rng: Generator) -> float:
    return float(np.exp(rng.normal(0, 0.06)))


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
    "relight": (0.4, _relight),
    "disturb": (0.4, _disturb),
    "reshape": (0.6, _reshape),
    "backdrop": (0.6, _backdrop),
    "text": (0.5, _text),
    "sticker": (0.6, _sticker),
}
"""Kind of edit: its weight, and what makes it. Weights are our choice: things put in, taken out and drawn
anew are most of what the public sets of edited pictures hold."""
BACKGROUNDS: dict[str, Callable[[Generator], list[Named]]] = {
    "identical": _identical,
    "resaved": _resaved,
    "regenerated": _regenerated,
    "redrawn": _redrawn,
}
ALONE: dict[str, Callable[[Generator], Named]] = {
    "resampled": _resampled_alone,
    "shifted": _shifted_alone,
    "tone": _tone_alone,
    "codec": lambda rng: _codec(rng, "edited"),
}
