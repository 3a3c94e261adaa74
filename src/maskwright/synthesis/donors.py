"""Pairs by their group: a changed copy of one photograph, an object taken into another, nothing shared.

A pair is a function of the photographs and of the generator it is handed, and of nothing else. An object
is cut out of one photograph, scaled, turned, mirrored, recoloured, and laid on another, hard, feathered or
blended by its gradients; then each picture goes its own way: saved, resampled, regraded.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from maskwright.errors import InputError, unknown_name
from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis import corruptions
from maskwright.synthesis.objects import colour_matched, feathered
from maskwright.synthesis.photos import Loaded, Photo
from maskwright.synthesis.regions import blob, labelled
from maskwright.synthesis.samples import Drawn, draw_sample
from maskwright.synthesis.steps import Made, Named, Side, begin
from maskwright.synthesis.superpixels import superpixels
from maskwright.synthesis.truth import window_of

RECIPE = 3
"""Of the distribution; grows when the same seed no longer gives the same pairs."""
AREAS = ((0.01, 0.1), (0.1, 0.25), (0.25, 0.5))
"""Shares of the edited picture that the object takes: a third of the pairs each, evenly within; the
difficult, normal and easy pairs of constrained splicing (Liu and others, IEEE TIFS 2020, DMAC)."""
DONOR_AREA = (0.01, 0.5)
"""Least and largest share of the donor photograph that is taken."""
LEAST_PX = 32.0
"""Root of the area of the smallest object, in pixels of either picture."""
SCALES = (0.5, 2.0)
"""Size of the object in the edited picture over that in its photograph, as shares of the pictures."""
TURN_DEG = 30.0
"""Objects are turned by at most this, either way."""
THICK_PX, SLOPE, SLOPES_FRAC = 6.0, 3.0, 0.2
"""An object reaches this far from its border somewhere, and on this share of it grey levels change by so much
a pixel: nobody could say where a thread or a piece of plain sky was taken."""
DONORS = 8
"""Objects tried at most, each of another photograph where there is one."""
TRIES = 16
"""Regions drawn at most until one is fit to be taken."""
LEFT_FRAC = 0.35
"""Least share of a side that a crop leaves."""
SHARED_FRAC = 0.35
"""Where both pictures are cropped, each shows so much at least of what the other shows."""

Window = tuple[float, float, float, float]
"""Left, top, right and bottom of a crop, as shares of the picture."""


@dataclass(frozen=True, slots=True)
class Related:
    """A pair, its group, and what is known of it.

    Args:
        original: (H0, W0, 3) uint8.
        edited: (H, W, 3) uint8.
        group: one of `maskwright.pairs.values.GROUPS`.
        matrix: (3, 3) float64, takes a pixel of the edited picture within the object to the original;
            None where there is no object.
        mask: (H, W) bool: of shared-donor the object, of shared-probe the edit; else empty.
        ignore: (H, W) bool, nobody can say.
        donor: (H0, W0) bool, what was taken of the original; None where there is no object.
        words: what was done.
    """

    original: Picture
    edited: Picture
    group: str
    matrix: NDArray[np.float64] | None
    mask: Mask
    ignore: Mask
    donor: Mask | None
    words: tuple[str, ...]


def draw_related(photos: Sequence[Photo], rng: Generator, group: str | None = None) -> Related:
    """Draw a pair of a group, or of any with equal chances.

    Args:
        photos: at least two.

    Raises:
        SettingError: there is no such group.
        InputError: too few photographs, or too many of those drawn cannot be read.
    """
    if group is not None and group not in GROUPS:
        raise unknown_name("group", group, GROUPS)
    return GROUPS[group or list(GROUPS)[int(rng.integers(len(GROUPS)))]](photos, rng)


def draw_donor(photos: Sequence[Photo], rng: Generator) -> Related:
    """A shared-donor pair: the edited picture shows an object of the original in another scene."""
    found = _drawn(photos, rng)
    (_, donor), (_, scene) = found.next(), found.next()
    for _ in range(DONORS):
        try:
            return _finished(_laid(donor, scene.pixels, rng), rng)
        except InputError as error:
            fault = error
        if found.left:
            _, donor = found.next()
    raise fault


def draw_probe(photos: Sequence[Photo], rng: Generator) -> Related:
    """A shared-probe pair as training draws them, one of its pictures or both cropped half of the time."""
    made = draw_sample(photos, rng).told.made
    words = []
    for side, box in zip(sides := _sides(rng), _windows(len(sides), rng), strict=True):
        made = corruptions.crop(*box, side=side)(made, rng)
        words.append("{} cropped to {:.2f} {:.2f} {:.2f} {:.2f}".format(side, *box))
    if rng.random() < 0.06:
        made = replace(made, original=np.ascontiguousarray(made.original[:, ::-1]))
        words.append("original mirrored")
    return Related(
        made.original, made.edited, "shared-probe", None, made.mask, made.ignore, None, tuple(words)
    )


def draw_unrelated(photos: Sequence[Photo], rng: Generator) -> Related:
    """Two photographs that share nothing; in half of the pairs one has an object of a third."""
    found = _drawn(photos, rng)
    (_, one), (_, other) = found.next(), found.next()
    original, edited, words = one.pixels, other.pixels, []
    if rng.random() < 0.5 and found.left:
        _, third = found.next()
        in_original = rng.random() < 0.5
        with contextlib.suppress(InputError):  # a third that shows nothing that could be taken
            laid = _laid(third, original if in_original else edited, rng).edited
            original, edited = (laid, edited) if in_original else (original, laid)
            words.append(f"an object of a third in the {'original' if in_original else 'edited'}")
    empty = np.zeros(edited.shape[:2], np.bool_)
    related = Related(original, edited, "unrelated", None, empty, empty.copy(), None, tuple(words))
    return _finished(related, rng)


GROUPS: Mapping[str, Callable[[Sequence[Photo], Generator], Related]] = {
    "shared-probe": draw_probe,
    "shared-donor": draw_donor,
    "unrelated": draw_unrelated,
}


def _drawn(photos: Sequence[Photo], rng: Generator) -> Drawn:
    if len(photos) < 2:
        raise InputError(f"pairs of groups need at least 2 photographs, there are {len(photos)}")
    return Drawn(photos, rng, ())


def _laid(donor: Loaded, scene: Picture, rng: Generator) -> Related:
    """An object of the donor on the scene."""
    area = float(rng.uniform(*AREAS[int(rng.integers(len(AREAS)))]))
    region = _region(donor, area, rng)
    matrix, words = _placed(region, area, scene, rng)
    height, width = scene.shape[:2]
    back = np.linalg.inv(matrix)[:2]
    shrinks = abs(np.linalg.det(back[:, :2])) < 1
    pixels = _smoothed(donor.pixels, back) if shrinks else donor.pixels
    laid = np.asarray(
        cv2.warpAffine(pixels, back, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )
    levels = cv2.warpAffine(region.astype(np.uint8) * 255, back, (width, height), flags=cv2.INTER_LINEAR)
    shape = np.asarray(levels >= 128)
    if not shape.any():
        raise InputError("the object fell between pixels")
    laid = _recoloured(laid, shape, scene, rng)
    edited, soft, how = _blended(laid, shape, scene, rng)
    mask, ignore = shape & (soft >= 0.5), (soft > 0.1) & (soft < 0.9)
    size = region.shape[::-1]
    taken = cv2.warpAffine(mask.astype(np.uint8) * 255, matrix[:2], size, flags=cv2.INTER_LINEAR) >= 128
    donor_mask = region & np.asarray(taken)
    return Related(
        donor.pixels, edited, "shared-donor", matrix, mask, ignore & shape, donor_mask, (words, how)
    )


def _region(donor: Loaded, area: float, rng: Generator) -> Mask:
    """What is taken: mostly something the photograph shows, that `SCALES` can bring to the area wanted."""
    height, width = donor.pixels.shape[:2]
    grey = cv2.cvtColor(donor.pixels, cv2.COLOR_RGB2GRAY)
    least = max(DONOR_AREA[0], area / SCALES[1] ** 2, LEAST_PX**2 / grey.size)
    most = max(least, min(DONOR_AREA[1], area / SCALES[0] ** 2))
    draw = superpixels(donor.pixels) if donor.labels is None else labelled(donor.labels)
    for number in range(TRIES):
        if number < TRIES // 2:
            region = draw(height, width, rng)
        else:
            region = blob(height, width, rng, area_frac=float(rng.uniform(least, most)))
        if least <= np.count_nonzero(region) / region.size <= most and _is_thing(region, grey):
            return region
    raise InputError("the photograph shows nothing that could be taken")


def _is_thing(region: Mask, grey: NDArray[Any]) -> bool:
    framed = cv2.copyMakeBorder(region.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    inner = framed[1:-1, 1:-1]
    thick = cv2.distanceTransform(framed, cv2.DIST_L2, 3)
    if thick.max() < THICK_PX:
        return False
    inside = (thick[1:-1, 1:-1] > 2) & (inner > 0)  # its own outline is the scene's, not its
    slopes = [cv2.Sobel(grey, cv2.CV_32F, x, 1 - x, scale=0.125) for x in (1, 0)]
    return bool((cv2.magnitude(*slopes)[inside] >= SLOPE).mean() >= SLOPES_FRAC)


def _placed(region: Mask, area: float, scene: Picture, rng: Generator) -> tuple[NDArray[np.float64], str]:
    """The map from the edited picture to the donor, (3, 3), and words."""
    (height, width), (rows, columns) = scene.shape[:2], region.shape
    relative = float(np.sqrt(max(area, LEAST_PX**2 / (height * width)) / region.mean()))
    # of sizes as shares of the pictures
    scale = relative * float(np.sqrt(height * width / (rows * columns)))
    degrees = float(rng.uniform(-TURN_DEG, TURN_DEG)) if rng.random() < 0.7 else 0.0
    flips = rng.random() < 0.35
    stretch = float(np.exp(rng.normal(0, 0.08))) if rng.random() < 0.3 else 1.0
    turn = np.radians(degrees)
    linear = scale * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    linear = linear @ np.diag([(-1.0 if flips else 1.0) * stretch, 1.0])
    window = window_of(region)
    corners = np.array([[x, y] for y in _ends(window[0]) for x in _ends(window[1])], np.float64) @ linear.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    # most of its box lies inside
    room = np.array([width, height]) - (high - low)
    slack = 0.2 * (high - low)
    corner = rng.uniform(np.minimum(0, room) - slack, np.maximum(0, room) + slack)
    forth = np.eye(3)
    forth[:2, :2], forth[:2, 2] = linear, corner - low
    words = f"scale {relative:.2f}, turned {degrees:.0f}" + (", mirrored" if flips else "")
    return np.asarray(np.linalg.inv(forth), np.float64), words


def _ends(side: slice) -> tuple[int, int]:
    return int(side.start), int(side.stop) - 1


def _smoothed(pixels: Picture, back: NDArray[Any]) -> Picture:
    """Blurred as much as the map shrinks, so that nothing aliases."""
    shrink = 1 / np.sqrt(abs(np.linalg.det(back[:, :2])))
    sigma = 0.5 * np.sqrt(max(shrink**2 - 1, 0))
    return pixels if sigma < 0.2 else np.asarray(cv2.GaussianBlur(pixels, (0, 0), float(sigma)), np.uint8)


def _recoloured(laid: Picture, shape: Mask, scene: Picture, rng: Generator) -> Picture:
    if rng.random() < 0.4:
        laid = colour_matched(laid, scene, shape, float(rng.uniform(0.2, 0.9)))
    return _regraded(laid, rng) if rng.random() < 0.5 else laid


def _regraded(picture: Picture, rng: Generator) -> Picture:
    """Brightness, contrast and colours changed over the whole picture."""
    gains = rng.uniform(0.75, 1.3, 3 if rng.random() < 0.4 else 1)
    red, green, blue = (float(gain) for gain in np.broadcast_to(gains, 3))
    toned = corruptions.tone(
        (red, green, blue), offset=float(rng.uniform(-20, 20)), gamma=float(np.exp(rng.normal(0, 0.2)))
    )
    return corruptions.grade(float(rng.uniform(0, 0.08)))(toned(begin(picture), rng), rng).edited


def _blended(
    laid: Picture, shape: Mask, scene: Picture, rng: Generator
) -> tuple[Picture, NDArray[np.float32], str]:
    """The edited picture, the object's opacity (H, W) in 0..1, and words."""
    if rng.random() < 0.15:
        inner = shape.astype(np.uint8) * np.uint8(255)
        inner[:2], inner[-2:], inner[:, :2], inner[:, -2:] = 0, 0, 0, 0
        if np.count_nonzero(inner) > 64:
            left, top, columns, rows = cv2.boundingRect(inner)
            mode = cv2.NORMAL_CLONE if rng.random() < 0.8 else cv2.MIXED_CLONE
            middle = (left + columns // 2, top + rows // 2)
            # a copy, since OpenCV 5 writes into the mask
            edited = cv2.seamlessClone(laid, scene, inner.copy(), middle, mode)
            return np.asarray(edited, np.uint8), (inner > 0).astype(np.float32), "blended by gradients"
    feather_px = float(rng.choice([0, rng.uniform(0.7, 2.5), rng.uniform(2.5, 10)], p=[0.35, 0.4, 0.25]))
    soft = feathered(shape, feather_px)
    edited = np.rint(scene + soft[..., None] * (laid.astype(np.float32) - scene))
    return np.clip(edited, 0, 255).astype(np.uint8), soft, f"feathered {feather_px:.0f} px"


def _finished(related: Related, rng: Generator) -> Related:
    """Each picture on its own way: pixels stay in place."""
    made = Made(related.original, related.edited, related.mask, related.ignore)
    steps = [step for side in ("original", "edited") for step in _own_way(side, rng)]
    for named in steps:
        made = named.step(made, rng)
    words = (*related.words, *(named.words for named in steps))
    return replace(related, original=made.original, edited=made.edited, words=words)


def _own_way(side: Side, rng: Generator) -> list[Named]:
    steps = []
    if rng.random() < 0.3:
        steps.append(Named(f"{side} regraded", _regrading(side)))
    if rng.random() < 0.25:
        scale = float(rng.uniform(0.45, 0.95))
        steps.append(Named(f"{side} resampled {scale:.2f}", corruptions.resample(scale, side=side)))
    if rng.random() < 0.7:
        quality = int(rng.integers(45, 98))
        steps.append(Named(f"{side} jpeg {quality}", corruptions.jpeg(quality, side=side)))
    return steps


def _regrading(side: Side) -> Callable[[Made, Generator], Made]:
    def step(made: Made, rng: Generator) -> Made:
        if side == "original":
            return replace(made, original=_regraded(made.original, rng))
        return replace(made, edited=_regraded(made.edited, rng))

    return step


def _sides(rng: Generator) -> tuple[Side, ...]:
    """Which pictures of a probe pair are cropped."""
    choices: list[tuple[Side, ...]] = [(), ("edited",), ("original",), ("original", "edited")]
    return choices[int(rng.choice(4, p=[0.5, 0.3, 0.1, 0.1]))]


def _windows(count: int, rng: Generator) -> list[Window]:
    """So many crops, of which each shows enough of what the others show."""
    while True:
        windows = [_window(rng) for _ in range(count)]
        left, top, right, bottom = np.array([(0, 0, 1, 1), *windows], np.float64).T
        shared = max(0.0, right.min() - left.max()) * max(0.0, bottom.min() - top.max())
        if shared >= SHARED_FRAC * ((right - left) * (bottom - top))[1:].max(initial=0):
            return windows


def _window(rng: Generator) -> Window:
    across, down = rng.uniform(LEFT_FRAC, 1, 2)
    left, top = rng.uniform(0, 1 - across), rng.uniform(0, 1 - down)
    return float(left), float(top), float(left + across), float(top + down)
