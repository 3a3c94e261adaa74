"""Recipes: a photograph and a donor in, a pair with a known mask out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from maskwright.errors import unknown_name
from maskwright.pairs.values import Picture
from maskwright.synthesis import corruptions, edits, generative
from maskwright.synthesis.regenerate import MAX_STRENGTH, regenerate
from maskwright.synthesis.regions import Draw, any_region, blob, labelled
from maskwright.synthesis.steps import Made, Side, Step, begin, check_picture


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
    edits = draw_edits(donor, rng, labels=labels, donor_labels=donor_labels)
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
    donor: Picture,
    rng: Generator,
    *,
    labels: NDArray[Any] | None = None,
    donor_labels: NDArray[Any] | None = None,
) -> list[Named]:
    """One edit mostly, sometimes two or three, of kinds drawn by weight."""
    check_picture(donor, "donor")
    draw = any_region(labels)
    cut = blob if donor_labels is None else labelled(donor_labels)
    count = int(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1]))
    names = list(EDITS)
    weights = np.array([EDITS[name][0] for name in names])
    chosen = rng.choice(len(names), size=count, p=weights / weights.sum())
    return [Named(names[index], EDITS[names[index]][1](donor, draw, cut, rng)) for index in chosen]


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


def _paste(donor: Picture, draw: Draw, cut: Draw, rng: Generator) -> Step:
    return edits.paste(
        donor,
        cut,
        scale=float(np.exp(rng.uniform(np.log(0.5), np.log(1.6)))),
        feather_px=float(rng.choice([0, rng.uniform(1, 8)])),
        match_colour=float(rng.choice([0, rng.uniform(0.3, 1)])),
    )


def _copy_move(donor: Picture, draw: Draw, cut: Draw, rng: Generator) -> Step:
    return edits.copy_move(
        draw, scale=float(rng.choice([1, rng.uniform(0.7, 1.3)])), feather_px=_feather(rng)
    )


def _removal(donor: Picture, draw: Draw, cut: Draw, rng: Generator) -> Step:
    fills = ("telea", "ns", "patch", "patch")
    return edits.removal(fills[int(rng.integers(4))], draw)  # type: ignore[arg-type]


def _replacement(donor: Picture, draw: Draw, cut: Draw, rng: Generator) -> Step:
    return edits.replacement(donor, draw, keep_light=bool(rng.random() < 0.5))


def _recolour(donor: Picture, draw: Draw, cut: Draw, rng: Generator) -> Step:
    return edits.recolour(draw)


def _relight(donor: Picture, draw: Draw, cut: Draw, rng: Generator) -> Step:
    return edits.relight(draw)


def _redraw(donor: Picture, draw: Draw, cut: Draw, rng: Generator) -> Step:
    return generative.redraw(donor, draw)


def _background(donor: Picture, draw: Draw, cut: Draw, rng: Generator) -> Step:
    return edits.replacement(donor, generative.all_but_a_blob)


def _skirt(rng: Generator) -> list[Named]:
    """Now and then an editor's own faint trace around what it was asked to change."""
    if rng.random() >= 0.15:
        return []
    return [Named("skirt", generative.skirt(float(rng.uniform(4, 12)), float(rng.uniform(2, 8))))]


def _feather(rng: Generator) -> float:
    return float(rng.choice([0, rng.uniform(1, 6)]))


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


EDITS: dict[str, tuple[float, Callable[[Picture, Draw, Draw, Generator], Step]]] = {
    "paste": (4, _paste),
    "copy_move": (1.5, _copy_move),
    "removal": (2, _removal),
    "replacement": (2, _replacement),
    "recolour": (1, _recolour),
    "relight": (0.5, _relight),
    "redraw": (2.5, _redraw),
    "background": (0.7, _background),
}
"""Kind of edit: its weight, and what makes it. Weights are our choice: things put in and taken out are
most of what the public sets of edited pictures hold."""
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
