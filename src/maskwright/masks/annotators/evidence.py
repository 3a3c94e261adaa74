"""What speaks for an edit at every place of an aligned pair: planes that a rule weighs.

All planes lie on the half grid (two pixels a step). Differences are signed before they
are blurred: the noise of a codec or a generator has mean zero and cancels, an edit does not.
Levels are log2(1 + grey levels), so that a share of a level is a distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.values import Aligned, Mask, Picture

Plane = NDArray[np.float32]
Codes = NDArray[np.uint8]
Number = TypeVar("Number", np.float32, np.uint8)

STRIDE = 2
BINS = 8
"""Bins of activity in a noise floor: few enough that each holds hundreds of pixels at 256x256."""
QUANTILE = 0.4
"""Of the levels in a bin: robust as long as less than 60 % of it is edited."""
FLOOR_CAP = 8.0
"""Grey levels; a picture most of which is new must not be explained away as noise."""
CALM = 1.5
"""Log level of the coarse floor from which on borders are too noisy to be told from skirts."""
CODE = 32
"""Steps of a code to one doubling of a level; margins are offset by `ZERO`."""
ZERO = 64

THIN = 3
"""Every so many places of the half grid a noise floor looks at, each way."""

SIGMAS = {"sharp": 0.0, "fine": 0.7, "coarse": 1.5, "broad": 2.0, "energy": 1.5}
"""Blur of each level in steps of the half grid (broad: of the quarter grid)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen of one pair.

    Args:
        codes: planes (h, w) uint8 by name, see `evidence`.
        scalars: the pair as a whole: `noise` and `calm`, medians of the energy and coarse floors.
        sharp: (h, w) float32, grey levels of difference without blur.
        valid: (h, w) bool.
        original, edited: (h, w, 3) uint8, the two pictures on the half grid.
    """

    codes: dict[str, Codes]
    scalars: dict[str, float]
    sharp: Plane
    valid: Mask
    original: Picture
    edited: Picture


def evidence(pair: Aligned) -> Evidence:
    """Weighable planes of a pair, (h, w) uint8 codes on the half grid.

    sharp, fine, coarse, broad
        largest channel of the signed difference, blurred with 0, 1.5, 3 and 8 px.
    energy
        the absolute difference blurred with 3 px: sees changes that cancel when signed.
    *_margin
        how far that level stands above what it would be here without an edit.
    activity
        gradient that both pictures have here: where noise is strong and proves little.
    likeness
        correlation of the luminance in 18-px windows; flat places count as alike.
    contrast_ratio
        |log2| of the local contrast of edited over original.
    below_peak_32, below_peak_16, below_peak_8
        how far this place is below the strongest level within so many px: tells skirts from objects.
    *_calm
        the same, fading out as the pair gets noisy.
    """
    height, width = pair.valid.shape
    size = (-(-width // STRIDE), -(-height // STRIDE))
    original, edited, absolute = (
        np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        for picture in (pair.original, pair.edited, cv2.absdiff(pair.edited, pair.original))
    )
    valid = cv2.resize(pair.valid.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    signed = np.asarray(cv2.subtract(edited, original, dtype=cv2.CV_32F), np.float32)
    if not valid.all():
        signed[valid == 0] = 0
        absolute[valid == 0] = 0
    levels = _levels(signed, absolute, size)
    grey = [
        np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32) for picture in (original, edited)
    ]
    activity = _activity(*grey)
    floors = noise_floors(levels, activity, valid > 0)
    scalars = {
        "noise": float(np.median(floors["energy"][::4, ::4])),
        "calm": float(np.median(floors["coarse"][::4, ::4])),
    }

    codes = {name: _code(level) for name, level in levels.items()}
    codes |= {f"{name}_margin": _code(level, floors[name], zero=ZERO) for name, level in levels.items()}
    codes["activity"] = _code(_log(activity))
    likeness, contrast_ratio = _structure(*grey)
    codes["likeness"] = _code(likeness, zero=2 * ZERO)
    codes["contrast_ratio"] = _code(contrast_ratio)
    small = _halved(levels["coarse"])
    calm = max(0.0, 1 - scalars["calm"] / CALM)
    for name, peak, level in (
        ("below_peak_32", _enlarged(_dilate(small, 17), size), levels["coarse"]),
        ("below_peak_16", _dilate(levels["fine"], 17), levels["fine"]),
        ("below_peak_8", _dilate(levels["fine"], 9), levels["sharp"]),
    ):
        codes[name] = _code(peak, level)
        codes[f"{name}_calm"] = _code(peak, level, scale=calm)
    return Evidence(codes, scalars, np.exp2(levels["sharp"]) - 1, valid > 0, original, edited)


def noise_floors(levels: dict[str, Plane], activity: Plane, valid: Mask) -> dict[str, Plane]:
    """What each level would be without an edit, given the activity at that place.

    In each of `BINS` bins of activity the `QUANTILE` of the level is taken; the floor may
    not fall as activity rises, and never passes `FLOOR_CAP`.
    """
    some = valid[::THIN, ::THIN]
    calm = activity[::THIN, ::THIN][some]
    if calm.size < 8 * BINS:
        return {name: np.zeros_like(level) for name, level in levels.items()}
    groups = np.array_split(np.argsort(calm), BINS)
    centres = [float(calm[group[len(group) // 2]]) for group in groups]
    steps = cv2.convertScaleAbs(activity, alpha=4)
    floors = {}
    for name, level in levels.items():
        seen = level[::THIN, ::THIN][some]
        marks = [_quantile(seen[group]) for group in groups]
        table = np.minimum(np.maximum.accumulate(marks), np.log2(1 + FLOOR_CAP))
        lookup = np.interp(np.arange(256) / 4, centres, table).astype(np.float32)
        floors[name] = np.asarray(cv2.LUT(steps, lookup), np.float32)
    return floors


def _quantile(values: Plane) -> float:
    place = int(QUANTILE * len(values))
    return float(np.partition(values, place)[place])


def _levels(signed: Plane, absolute: Codes, size: tuple[int, int]) -> dict[str, Plane]:
    quarter = _halved(signed)
    broad = _magnitude(_blurred(quarter, SIGMAS["broad"]))
    return {
        "sharp": _log(_magnitude(signed)),
        "fine": _log(_magnitude(_blurred(signed, SIGMAS["fine"]))),
        "coarse": _log(_magnitude(_blurred(signed, SIGMAS["coarse"]))),
        "broad": _log(_enlarged(broad, size)),
        "energy": _log(_blurred(_largest(absolute).astype(np.float32), SIGMAS["energy"])),
    }


def _halved(plane: Plane) -> Plane:
    height, width = plane.shape[:2]
    half = cv2.resize(plane, (-(-width // 2), -(-height // 2)), interpolation=cv2.INTER_AREA)
    return np.asarray(half, np.float32)


def _enlarged(plane: Plane, size: tuple[int, int]) -> Plane:
    return np.asarray(cv2.resize(plane, size), np.float32)


def _blurred(plane: Plane, sigma: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)


def _mean(plane: Plane, side: int) -> Plane:
    return np.asarray(cv2.blur(plane, (side, side)), np.float32)


def _magnitude(signed: Plane) -> Plane:
    return _largest(np.abs(signed))


def _largest(channels: NDArray[Number]) -> NDArray[Number]:
    red, green, blue = cv2.split(channels)
    return np.asarray(cv2.max(cv2.max(red, green), blue))


def _log(level: Plane) -> Plane:
    return np.asarray(np.log2(level + np.float32(1)))


def _dilate(plane: Plane, side: int) -> Plane:
    return np.asarray(cv2.dilate(plane, np.ones((side, side), np.uint8)), np.float32)


def _code(plane: Plane, less: Plane | None = None, *, zero: int = 0, scale: float = 1.0) -> Codes:
    """(plane - less) * scale in steps of 1 / `CODE`, `zero` standing for 0, clipped to 0..255."""
    if less is None:
        less, weight = plane, 0.0
    else:
        weight = -CODE * scale
    return np.asarray(cv2.addWeighted(plane, CODE * scale, less, weight, zero, dtype=cv2.CV_8U))


def _activity(original: Plane, edited: Plane) -> Plane:
    """Mean gradient in 10-px windows, grey levels a step; the smaller of the two pictures'."""
    planes = []
    for grey in (original, edited):
        x = cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.125)
        y = cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.125)
        planes.append(_mean(np.asarray(cv2.magnitude(x, y), np.float32), 5))
    return np.minimum(planes[0], planes[1])


def _structure(original: Plane, edited: Plane) -> tuple[Plane, Plane]:
    """Likeness in -1..1 and |log2| contrast ratio of the luminance in 18-px windows."""
    side = 9
    mean_o, mean_e = _mean(original, side), _mean(edited, side)
    both = _mean(original * edited, side) - mean_o * mean_e
    noise = np.float32(4)  # variance of codec noise: below it there is no structure to compare
    var_o = np.maximum(_mean(original * original, side) - mean_o * mean_o, 0) + noise
    var_e = np.maximum(_mean(edited * edited, side) - mean_e * mean_e, 0) + noise
    likeness = (both + noise) / np.sqrt(var_o * var_e)
    return likeness, np.float32(0.5) * np.abs(np.log2(var_e / var_o))
