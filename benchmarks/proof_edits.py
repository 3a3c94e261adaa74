"""Edits and whole-picture corruptions of the proof: none is in a recipe that `compact` learned from.

HELD OUT: no training and no recipe of `synthesis/` may use the steps of this file. What `compact` was trained
on stands in synthesis/recipes.py and synthesis/backgrounds.py: pastes, copies, OpenCV's fills and patches,
flat veils, blurs and mosaics; JPEG and WebP; fake generators and the eightfold autoencoder. Here regions are
dreamt (clouds of octaves), painted in cells, screened, or drawn coarsely by an autoencoder of another shape;
whole pictures meet JPEG 2000, AVIF, Pillow's resampling, means of like patches, film grain, dithering, colour
fringes and local contrast.

Kinds and strengths were picked by what a detector trained for a few hundred steps on TRUE masks learns at
all, before any was trained on masks that were made: quilted textures and clones by gradients, which look more
like what editors do, are not here because it learned nothing of them (AUC 0.52 and 0.57).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis.fields import taken_from
from maskwright.synthesis.objects import feathered
from maskwright.synthesis.regions import blob, box, ellipse, labelled, strokes
from maskwright.synthesis.steps import Made, size_of
from maskwright.synthesis.surfaces import crop_of
from maskwright.synthesis.truth import to_uint8, window_of, write

Again: TypeAlias = Callable[[Picture], Picture]
"""A picture as an autoencoder gives it back."""
Content: TypeAlias = Callable[[Picture, Mask, Picture, Again, Generator], Picture]
"""(window of the edited picture, its region, donor, autoencoder, chance) -> what is laid there."""

AREA_FRAC = (0.05, 0.4)
"""Share of the picture that an edit takes, drawn evenly in its logarithm: no specks, for a small detector."""
TRIES = 12
"""Labelled regions looked at until one has such an area; then a shape is drawn."""
BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) / 16 - 0.5
"""Bayer's matrix of order 4 (1973), about 0."""


def edit(
    made: Made, labels: NDArray[Any] | None, donor: Picture, again: Again, rng: Generator
) -> tuple[Made, str]:
    """One edit, its region in three of five cases something the photograph shows.

    Returns:
        The pair, and the kind of edit, a key of `EDITS`.
    """
    kind = str(rng.choice(list(EDITS), p=np.array([weight for weight, _ in EDITS.values()]) / WEIGHT))
    region = region_of(*size_of(made.mask), labels if rng.random() < 0.6 else None, rng)
    window = window_of(region, margin=8)
    new = EDITS[kind][1](made.edited[window], region[window], donor, again, rng)
    feather_px = float(rng.choice([0.0, rng.uniform(0.7, 3)]))
    alpha = feathered(region[window], feather_px) if feather_px > 0 else None
    return write(made, window, new, region[window], alpha=alpha), kind


def region_of(height: int, width: int, labels: NDArray[Any] | None, rng: Generator) -> Mask:
    """Something shown, or a shape, of an area in `AREA_FRAC`."""
    for _ in range(TRIES if labels is not None else 0):
        assert labels is not None
        region = labelled(labels)(height, width, rng)
        if AREA_FRAC[0] <= region.mean() <= AREA_FRAC[1]:
            return region
    while True:
        draw = (blob, ellipse, strokes, box)[int(rng.integers(4))]
        region = draw(height, width, rng, area_frac=float(np.exp(rng.uniform(*np.log(AREA_FRAC)))))
        if AREA_FRAC[0] / 2 <= region.mean() <= 1.5 * AREA_FRAC[1]:
            return region


def corrupt(picture: Picture, again: Again | None, rng: Generator) -> tuple[Picture, list[str]]:
    """What happens to the whole edited picture: the autoencoder where there is one, a filter or two, a codec.

    Returns:
        The picture, of the same size, and what was done.
    """
    words = []
    if again is not None:
        picture, words = again(picture), ["autoencoder"]
    count = int(rng.choice([0, 1, 2], p=[0.6, 0.4, 0] if again is not None else [0.3, 0.6, 0.1]))
    for name in rng.choice(list(FILTERS), size=count, replace=False):
        picture, words = FILTERS[name](picture, rng), [*words, str(name)]
    if rng.random() < 0.7:
        name = str(rng.choice(list(CODECS)))
        picture, words = CODECS[name](picture, rng), [*words, name]
    return picture, words


def _dreamt(old: Picture, region: Mask, donor: Picture, again: Again, rng: Generator) -> Picture:
    """Clouds: noise of many octaves between two colours of the place, with grain of its own."""
    height, width = size_of(old)
    fade, field = float(rng.uniform(0.6, 0.9)), np.zeros((height, width), np.float32)
    strength, spacing = 1.0, float(rng.uniform(24, 96))
    while spacing >= 2:
        knots = rng.normal(0, 1, (int(height // spacing) + 2, int(width // spacing) + 2)).astype(np.float32)
        field += strength * cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC)
        strength, spacing = strength * fade, spacing / 2
    field = 1 / (1 + np.exp(-field))
    pixels = old[region].astype(np.float32)
    low, high = (pixels[int(rng.integers(len(pixels)))] + rng.normal(0, 25, 3) for _ in range(2))
    return to_uint8((low + field[..., None] * (high - low)).astype(np.float32))


def _painted(old: Picture, region: Mask, donor: Picture, again: Again, rng: Generator) -> Picture:
    """Cells of one colour each, as a palette knife leaves them: of what is there, or of the donor."""
    height, width = size_of(old)
    base = old if rng.random() < 0.5 else _recoloured(crop_of(donor, height, width, rng), old, region, 0.7)
    spacing = float(rng.uniform(6, 16))
    knots = (max(2, round(height / spacing)), max(2, round(width / spacing)))
    seeds = np.zeros((height, width), np.uint8)
    rows = (np.arange(knots[0])[:, None] + rng.uniform(0, 1, knots)) * height / knots[0]
    columns = (np.arange(knots[1])[None] + rng.uniform(0, 1, knots)) * width / knots[1]
    seeds[rows.astype(int).clip(0, height - 1), columns.astype(int).clip(0, width - 1)] = 1
    _, cells = cv2.distanceTransformWithLabels(
        1 - seeds, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    counts = np.maximum(np.bincount(cells.ravel()), 1)
    means = np.stack([np.bincount(cells.ravel(), base[..., c].ravel()) / counts for c in range(3)], axis=1)
    means += rng.normal(0, float(rng.uniform(3, 12)), (len(means), 1))
    return to_uint8(means[cells].astype(np.float32))


def _screened(old: Picture, region: Mask, donor: Picture, again: Again, rng: Generator) -> Picture:
    """Seen through a printer's screen: dots or lines that grow with lightness, mixed with what was there."""
    height, width = size_of(old)
    angle, period = float(rng.uniform(0, np.pi)), float(rng.uniform(4, 9))
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    along = (np.cos(angle) * columns + np.sin(angle) * rows) * (2 * np.pi / period)
    across = (np.cos(angle) * rows - np.sin(angle) * columns) * (2 * np.pi / period)
    screen = np.cos(along) if rng.random() < 0.5 else np.cos(along) * np.cos(across)
    ink = np.clip((old.astype(np.float32) - 127 + 90 * screen[..., None]) * 4 + 127, 0, 255)
    opacity = float(rng.uniform(0.4, 1))
    return to_uint8(np.asarray(old * (1 - opacity) + opacity * ink, np.float32))


def _drawn(old: Picture, region: Mask, donor: Picture, again: Again, rng: Generator) -> Picture:
    """As a decoder draws at a lower resolution: the donor, or the place itself, in other tones."""
    height, width = size_of(old)
    scale = float(rng.uniform(0.2, 0.45))
    base = crop_of(donor, height, width, rng) if rng.random() < 0.7 else np.ascontiguousarray(old[:, ::-1])
    base = _recoloured(base, old, region, float(rng.uniform(0.2, 1)))
    small = cv2.resize(
        base, (max(8, round(width * scale)), max(8, round(height * scale))), interpolation=cv2.INTER_AREA
    )
    drawn = again(again(np.asarray(small, np.uint8)))
    return np.asarray(cv2.resize(drawn, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _recoloured(new: Picture, old: Picture, region: Mask, share: float) -> Picture:
    """Its mean colour moved by a share towards that of the region."""
    apart = old[region].mean(axis=0) - new[region].mean(axis=0)
    return to_uint8(new.astype(np.float32) + np.float32(share) * apart.astype(np.float32))


def _jpeg_2000(picture: Picture, rng: Generator) -> Picture:
    rate = float(rng.uniform(8, 30))
    return _saved(picture, "JPEG2000", quality_mode="rates", quality_layers=[rate], irreversible=True)


def _avif(picture: Picture, rng: Generator) -> Picture:
    return _saved(picture, "AVIF", quality=int(rng.integers(45, 90)), speed=9)


def _saved(picture: Picture, kind: str, **settings: Any) -> Picture:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **settings)
    with Image.open(file) as saved:
        return np.array(saved.convert("RGB"))


def _pillow_resampled(picture: Picture, rng: Generator) -> Picture:
    """Smaller and back by Pillow's windows, which are wider than OpenCV's when they shrink."""
    height, width = size_of(picture)
    scale = float(rng.uniform(0.6, 0.95))
    there = (max(1, round(width * scale)), max(1, round(height * scale)))
    down, up = (
        (Image.Resampling.HAMMING, Image.Resampling.LANCZOS)
        if rng.random() < 0.5
        else (Image.Resampling.BICUBIC,) * 2
    )
    return np.array(Image.fromarray(picture).resize(there, down).resize((width, height), up))


def _like_patches(picture: Picture, rng: Generator) -> Picture:
    """Non-local means (Buades et al., 2005): noise goes, repeated texture stays."""
    strength = float(rng.uniform(2, 6))
    return np.asarray(cv2.fastNlMeansDenoisingColored(picture, None, strength, strength, 3, 9), np.uint8)


def _film_grain(picture: Picture, rng: Generator) -> Picture:
    """Grain of one to two pixels, strongest in the middle tones."""
    raw = rng.normal(0, 1, size_of(picture)).astype(np.float32)
    grain = cv2.GaussianBlur(raw, (0, 0), float(rng.uniform(0.6, 1.1)))
    grain *= float(rng.uniform(1, 3)) / (float(grain.std()) + 1e-6)
    middling = 1 - np.abs(picture.astype(np.float32) / 127.5 - 1) ** 2
    return to_uint8(picture + grain[..., None] * middling)


def _dithered(picture: Picture, rng: Generator) -> Picture:
    """Fewer levels, spread by Bayer's matrix: as halftones and GIFs do."""
    step = float(rng.uniform(4, 9))
    height, width = size_of(picture)
    pattern = np.tile(BAYER, (height // 4 + 1, width // 4 + 1))[:height, :width, None]
    return to_uint8(np.asarray(np.rint(picture / step + pattern) * step, np.float32))


def _fringed(picture: Picture, rng: Generator) -> Picture:
    """Red and blue of another size than green: a lens's lateral fringes, at most a pixel in the corners."""
    height, width = size_of(picture)
    out = picture.copy()
    for channel in (0, 2):
        zoom = 1 + float(rng.uniform(-1, 1)) / (0.5 * float(np.hypot(height, width)))
        x = ((np.arange(width, dtype=np.float32) - width / 2) * zoom + width / 2)[None].repeat(height, 0)
        y = ((np.arange(height, dtype=np.float32) - height / 2) * zoom + height / 2)[:, None].repeat(width, 1)
        out[..., channel] = taken_from(
            np.ascontiguousarray(picture[..., channel]), (x, y), kernel=cv2.INTER_CUBIC
        )
    return out


def _local_contrast(picture: Picture, rng: Generator) -> Picture:
    """Contrast evened tile by tile (CLAHE, 1994), mixed with what was there."""
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(float(rng.uniform(1, 2)), (4, 4)).apply(lab[..., 0])
    share = float(rng.uniform(0.2, 0.6))
    return np.asarray(
        cv2.addWeighted(picture, 1 - share, cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), share, 0), np.uint8
    )


EDITS: Mapping[str, tuple[float, Content]] = {
    "dreamt": (1, _dreamt),
    "painted": (1, _painted),
    "screened": (1, _screened),
    "drawn": (1, _drawn),
}
"""Kinds of edit: weight, and what makes the new pixels. Weights are our choice."""
WEIGHT = sum(weight for weight, _ in EDITS.values())
FILTERS: Mapping[str, Callable[[Picture, Generator], Picture]] = {
    "resampled by Pillow": _pillow_resampled,
    "means of like patches": _like_patches,
    "film grain": _film_grain,
    "dithered": _dithered,
    "colour fringes": _fringed,
    "local contrast": _local_contrast,
}
CODECS: Mapping[str, Callable[[Picture, Generator], Picture]] = {"JPEG 2000": _jpeg_2000, "AVIF": _avif}
