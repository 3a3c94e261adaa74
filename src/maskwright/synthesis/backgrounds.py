"""What happens to whole pictures: by kind of background, and one thing alone.

Never in a list here, since annotators are tested with them: a blur at an eighth of the size that is
sharpened again (what is here goes to a quarter at most), and JPEG 2000.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from maskwright.errors import unknown_name
from maskwright.synthesis import corruptions, redraw, signals
from maskwright.synthesis.regenerate import (
    MAX_STRENGTH,
    convolve,
    redecode,
    regenerate,
    requantise,
    smear,
)
from maskwright.synthesis.steps import Named, Side, Step


def draw_background(
    background: str, rng: Generator, *, drawn_again: bool = False, labels: NDArray[Any] | None = None
) -> list[Named]:
    """The steps that make the pixels outside the edit what `background` says, without any edit.

    Args:
        drawn_again: an autoencoder has drawn the edited picture already: no generator's noise on top.
        labels: (H, W) integers, what the photograph shows: things that are redrawn each in its own way.

    Raises:
        SettingError: the background is not identical, resaved, regenerated or redrawn.
    """
    if background not in BACKGROUNDS:
        raise unknown_name("background to make", background, BACKGROUNDS)
    if drawn_again and background == "regenerated":
        return [*_moves(rng, 0.1), *_some(rng, AFTER_GENERATOR), *_codecs(rng, 0.3, 0.5)]
    return _redrawn(rng, labels) if background == "redrawn" else BACKGROUNDS[background](rng)


def draw_alone(rng: Generator) -> tuple[str, Named]:
    """A single thing that happens to whole pictures, without a codec after it that would hide it.

    Returns:
        The background that makes, resaved or regenerated, and the thing.
    """
    names = list(ALONE)
    weights = np.array([weight for weight, _ in ALONE.values()])
    name = str(rng.choice(names, p=weights / weights.sum()))
    return "regenerated" if name in AS_GENERATED else "resaved", ALONE[name][1](rng)


def _identical(rng: Generator) -> list[Named]:
    """Both saved without loss, or both by one codec at one setting: then far blocks are bit-equal."""
    if rng.random() < 0.6:
        return []
    quality = int(rng.integers(60, 98))
    return [Named(f"jpeg {quality} on both", corruptions.jpeg(quality, side="both"))]


def _resaved(rng: Generator) -> list[Named]:
    """Codecs, sizes and small moves, on one side or both."""
    steps = _moves(rng, 0.2)
    if rng.random() < 0.3:
        steps.append(_resampled(rng, 0.45))
    elif rng.random() < 0.25:
        steps.append(_resized(rng))
    return [*steps, *_some(rng, BY_HAND), *_codecs(rng, 0.5, 0.9)]


def _regenerated(rng: Generator) -> list[Named]:
    """Generator noise on the edited side, now and then on both; a codec after it half of the time."""
    side: Side = "both" if rng.random() < 0.15 else "edited"
    steps = [*_moves(rng, 0.15), _generator(rng, side)]
    if rng.random() < 0.15:
        steps.append(_generator(rng, side))
    return [*steps, *_some(rng, AFTER_GENERATOR), *_codecs(rng, 0.3, 0.5)]


def _redrawn(rng: Generator, labels: NDArray[Any] | None = None) -> list[Named]:
    """Every pixel drawn again and moved by up to some pixels; a codec after it half of the time.

    One strength for all, from mild to severe: a generator that moves things makes up their texture, too.
    """
    strength = float(rng.uniform(0.2, 1))
    steps = _moves(rng, 0.15)
    if rng.random() < 0.6:
        # Things are told apart where they still stand, so before they move.
        levels = _even_log(rng, 3, 4 + 36 * strength)
        steps.insert(0, Named(f"retoned {levels:.0f}", redraw.retone(levels, labels=labels)))
    if rng.random() < 0.9:
        largest_px, bumps = 0.5 + 14 * strength * float(rng.uniform(0.6, 1)), int(rng.integers(9))
        steps.append(Named(f"swayed {largest_px:.1f} px", redraw.sway(largest_px, bumps=bumps)))
    names = list(REDRAWING)
    weights = np.array([weight for weight, _ in REDRAWING.values()])
    count = int(rng.choice([1, 2], p=[0.6, 0.4]))
    for index in rng.choice(len(names), size=count, replace=False, p=weights / weights.sum()):
        steps.append(REDRAWING[names[index]][1](rng, strength))
    steps += [make(rng, strength) for chance, make in WITH_REDRAWING.values() if rng.random() < chance]
    return [*steps, *_codecs(rng, 0.2, 0.5)]


def _retextured(rng: Generator, strength: float) -> Named:
    share = float(rng.uniform(0.3, 0.4 + 0.6 * strength))
    sigma = _even_log(rng, 1.5, 2 + 3 * strength)
    kind = str(rng.choice(list(redraw.ELSEWHERE), p=[0.1, 0.15, 0.75]))
    changed = redraw.retexture(share, sigma=sigma, kind=kind, edges=float(rng.uniform(0.2, 1)))
    return Named(f"retextured {share:.1f} {kind}", changed)


def _painted(rng: Generator, strength: float) -> Named:
    share = float(rng.uniform(0.3, 0.5 + 0.5 * strength))
    painted = redraw.paint(share, reach=int(rng.choice([3, 5])), amount=float(rng.uniform(0, 1.5)))
    return Named(f"painted {share:.1f}", painted)


def _relatent(rng: Generator, strength: float) -> Named:
    share = float(rng.uniform(0.4, 0.6 + 0.4 * strength))
    drawn = redraw.relatent(
        share,
        noise=float(rng.uniform(1, 2 + 10 * strength)),
        edges=float(rng.uniform(0.2, 1)),
        moved_px=float(rng.uniform(0.5, 1 + 4 * strength)),
    )
    return Named(f"relatent {share:.1f}", drawn)


def _resynthesised_anew(rng: Generator, strength: float) -> Named:
    share, sigma = float(rng.uniform(0.4, 0.5 + 0.5 * strength)), float(rng.uniform(0.8, 2.5))
    return Named(f"resynthesised {share:.1f}", signals.resynthesise(share, sigma=sigma))


def _resharpened(rng: Generator, strength: float) -> Named:
    ratio = _even_log(rng, 0.7, 1.5)
    return Named(f"resharpened {ratio:.1f}", redraw.resharpen(ratio, sigma=float(rng.uniform(0.8, 2))))


def _toned_anew(rng: Generator, strength: float) -> Named:
    """Contrast, light and colour of the whole picture, up to what is plain to see."""
    gain = np.exp(rng.normal(0, 0.15 * strength)) * np.exp(rng.normal(0, 0.06 * strength, 3))
    gamma = float(np.exp(rng.normal(0, 0.25 * strength)))
    toned = corruptions.tone(tuple(gain.tolist()), offset=float(rng.normal(0, 12 * strength)), gamma=gamma)
    return Named("tone", toned)


def _regenerated_anew(rng: Generator, strength: float) -> Named:
    noise = 0.3 + (MAX_STRENGTH - 0.3) * strength * float(rng.uniform(0.5, 1))
    return Named(f"regenerated {noise:.2f}", regenerate(noise))


def _generator(rng: Generator, side: Side) -> Named:
    """One of the fake generators, its strength drawn evenly in its logarithm."""
    names = list(GENERATORS)
    weights = np.array([weight for weight, _ in GENERATORS.values()])
    name = str(rng.choice(names, p=weights / weights.sum()))
    strength = _even_log(rng, 0.15, MAX_STRENGTH)
    return Named(f"{name} {strength:.2f}", GENERATORS[name][1](strength, side=side))


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


def _some(rng: Generator, steps: dict[str, tuple[float, Callable[[Generator], Named]]]) -> list[Named]:
    """Each with its own chance, in the order of the list."""
    return [make(rng) for chance, make in steps.values() if rng.random() < chance]


def _codecs(rng: Generator, on_original: float, on_edited: float) -> list[Named]:
    """A codec on either side with these chances; on the edited side now and then two in a row."""
    steps = [_codec(rng, "original")] if rng.random() < on_original else []
    if rng.random() < on_edited:
        steps += [_codec(rng, "edited") for _ in range(2 if rng.random() < 0.12 else 1)]
    return steps


def _codec(rng: Generator, side: Side = "edited") -> Named:
    """JPEG of quality 45-98 mostly, else WebP of 50-95."""
    if rng.random() < 0.07:
        quality = int(rng.integers(50, 96))
        return Named(f"webp {quality} on {side}", corruptions.webp(quality, side=side))
    quality = int(rng.integers(45, 99))
    subsampling = str(rng.choice(["4:4:4", "4:2:2", "4:2:0", "4:2:0"]))
    saved = corruptions.jpeg(quality, subsampling=subsampling, side=side)
    return Named(f"jpeg {quality} on {side}", saved)


def _resampled(rng: Generator, least: float = 0.35) -> Named:
    scale = float(rng.uniform(least, 1.0))
    again = corruptions.resample(scale, down=_kernel(rng), up=_kernel(rng))
    return Named(f"resampled {scale:.2f}", again)


def _resized(rng: Generator) -> Named:
    scale = float(rng.uniform(0.5, 1.0)) if rng.random() < 0.7 else float(rng.uniform(1.0, 1.5))
    return Named(f"resized {scale:.2f}", corruptions.resize(scale, kernel=_kernel(rng)))


def _shifted(rng: Generator) -> Named:
    """By a pixel, by half a pixel, or by anything less than a pixel."""
    sizes = rng.choice([0, 0.5, 1, float(rng.uniform(-1, 1))], size=2)
    right, down = (sizes * rng.choice([-1, 1], 2)).tolist()
    return Named(f"shifted {right:.2f} {down:.2f}", corruptions.shift(right, down))


def _left_over(rng: Generator) -> Named:
    """What alignment leaves: less than a pixel, and a zoom of at most 0.2 %."""
    right, down = rng.uniform(-0.7, 0.7, 2).tolist()
    zoom = float(1 + rng.uniform(-0.002, 0.002))
    return Named("misaligned", corruptions.shift(right, down, zoom=zoom))


def _bent(rng: Generator, least_px: float = 0.2, most_px: float = 1.5) -> Named:
    far_px = float(rng.uniform(least_px, most_px))
    spacing_px = _even_log(rng, 24, 200)
    return Named(f"bent {far_px:.1f} px", corruptions.bend(far_px, spacing_px=spacing_px))


def _tone(rng: Generator) -> Named:
    gain = np.exp(rng.normal(0, 0.06)) * np.exp(rng.normal(0, 0.02, 3))
    gamma = float(np.exp(rng.normal(0, 0.06)))
    toned = corruptions.tone(tuple(gain.tolist()), offset=float(rng.normal(0, 5)), gamma=gamma)
    return Named("tone", toned)


def _grade(rng: Generator, most: float = 0.06) -> Named:
    return Named("grade", corruptions.grade(float(rng.uniform(0.01, most))))


def _local_tone(rng: Generator, least: float = 1.5, most: float = 14) -> Named:
    levels, spacing_px = _even_log(rng, least, most), _even_log(rng, 30, 250)
    return Named(f"local tone {levels:.1f}", signals.local_tone(levels, spacing_px=spacing_px))


def _drift(rng: Generator, least: float = 1.5, most: float = 11) -> Named:
    levels = _even_log(rng, least, most)
    return Named(f"drift {levels:.1f}", signals.drift(levels))


def _sharpened(rng: Generator) -> Named:
    amount, sigma = float(rng.uniform(-0.9, 1.4)), float(rng.uniform(0.6, 2.5))
    return Named(f"sharpened {amount:.1f}", signals.sharpen(amount, sigma=sigma))


def _noise(rng: Generator) -> Named:
    read, shot = float(rng.uniform(0.3, 4)), float(rng.uniform(0, 0.08))
    return Named(f"noise {read:.1f}", signals.noise(read, shot=shot))


def _resynthesised(rng: Generator) -> Named:
    share, sigma = float(rng.uniform(0.15, 0.8)), float(rng.uniform(0.6, 1.6))
    return Named(f"resynthesised {share:.1f}", signals.resynthesise(share, sigma=sigma))


def _even_log(rng: Generator, least: float, most: float) -> float:
    """Drawn evenly in its logarithm."""
    return float(np.exp(rng.uniform(np.log(least), np.log(most))))


def _kernel(rng: Generator) -> str:
    return str(rng.choice(["linear", "cubic", "area", "lanczos"]))


BACKGROUNDS: dict[str, Callable[[Generator], list[Named]]] = {
    "identical": _identical,
    "resaved": _resaved,
    "regenerated": _regenerated,
    "redrawn": _redrawn,
}
GENERATORS: dict[str, tuple[float, Callable[..., Step]]] = {
    "regenerated": (5, regenerate),
    "redecoded": (1.5, redecode),
    "smeared": (1, smear),
    "requantised": (1, requantise),
    "convolved": (1.2, convolve),
}
"""Fake generators by weight, each of a strength and a side."""
BY_HAND: dict[str, tuple[float, Callable[[Generator], Named]]] = {
    "tone": (0.2, _tone),
    "grade": (0.12, _grade),
    "local tone": (0.08, _local_tone),
    "sharpened": (0.12, _sharpened),
    "noise": (0.08, _noise),
    "misaligned": (0.08, _left_over),
}
"""What people and their programs do to a whole picture: the chance of each."""
AFTER_GENERATOR: dict[str, tuple[float, Callable[[Generator], Named]]] = {
    "resynthesised": (0.15, _resynthesised),
    "local tone": (0.55, _local_tone),
    "drift": (0.5, _drift),
    "tone": (0.15, _tone),
    "sharpened": (0.1, _sharpened),
    "misaligned": (0.15, _left_over),
    "bent": (0.1, _bent),
}
"""What comes with a generator: the chance of each. Slow changes are frequent and strong, since that is what
the edited pictures of data/unlabelled (split train) show: in the calm part of the picture their difference is
3 to 5 levels, and 2 to 4 are left of it after a blur of sigma 8 (docs/LOG.md)."""
REDRAWING: dict[str, tuple[float, Callable[[Generator, float], Named]]] = {
    "retextured": (4, _retextured),
    "painted": (2, _painted),
    "relatent": (3, _relatent),
    "resynthesised": (1, _resynthesised_anew),
    "regenerated": (2, _regenerated_anew),
}
"""What makes up the detail of a scene drawn anew: its weight; each of a strength in 0..1."""
WITH_REDRAWING: dict[str, tuple[float, Callable[[Generator, float], Named]]] = {
    "local tone": (0.5, lambda rng, strength: _local_tone(rng, 3, 6 + 30 * strength)),
    "drift": (0.6, lambda rng, strength: _drift(rng, 3, 6 + 36 * strength)),
    "tone": (0.4, _toned_anew),
    "grade": (0.2, lambda rng, strength: _grade(rng, 0.15 * strength)),
    "resharpened": (0.75, _resharpened),
    "misaligned": (0.2, lambda rng, strength: _left_over(rng)),
}
"""What comes with a scene drawn anew: the chance of each; of a strength in 0..1."""
ALONE: dict[str, tuple[float, Callable[[Generator], Named]]] = {
    "shifted": (4, _shifted),
    "codec": (2, _codec),
    "resampled": (3, _resampled),
    "resized": (1, _resized),
    "tone": (1, _tone),
    "grade": (0.3, _grade),
    "drift": (1, _drift),
    "local tone": (1, _local_tone),
    "sharpened": (0.7, _sharpened),
    "noise": (0.7, _noise),
    "bent": (0.8, _bent),
    "misaligned": (0.8, _left_over),
    "resynthesised": (0.4, _resynthesised),
}
"""One thing alone: its weight."""
AS_GENERATED = frozenset({"drift", "local tone", "resynthesised"})
"""Of these, what only a generator does: it touches every pixel as no codec, size or move does."""
