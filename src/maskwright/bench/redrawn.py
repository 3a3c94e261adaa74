"""Pairs whose scene was drawn anew, with known masks: made here, for measuring, by a family nobody trains on.

HELD OUT: no training and no recipe of `synthesis/` may use the steps of this file, nor the autoencoder that
is given to it. Edits are those of `synthesis/recipes.py` on photographs (and donors) of split `val`; what
happens to the whole picture is this file's own:

- a mesh of triangles whose corners move, with swellings and a stretch of the whole: the edges of the mesh
  do not follow anything shown, and the motion has kinks (training bends smooth fields);
- detail shuffled between neighbours in the bands of a Haar wavelet, edges kept, with noise that follows it;
- tones shifted by classes of colour: all that is sky, all that is grass;
- one or two passes through an autoencoder at a scale of its own, which draws clean textures from the mess;
  without an autoencoder, a bilateral filter paints instead;
- JPEG.

Not every edit can be told from a redrawing: one that moves a thing or its light a little is what the
redrawing does everywhere. So edits are drawn until one is plain to see before anything is drawn anew.

How hard they are was set once, before any learned annotator was measured on them, and is frozen: "signed,
filled" at the best threshold of EVERY picture has F1 0.458 on the 300 pairs of seed 0 (first 60 of the twin
without an autoencoder: 0.473); on the three redrawn rows of data/pairs with hard truth it has 0.403. Of the
300 masks 84 take less than 3 % of the picture, 20 more than 30 %. `maskwright bench sigma` prints it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from maskwright.pairs.difference import difference
from maskwright.pairs.values import Picture
from maskwright.synthesis.corruptions import jpeg
from maskwright.synthesis.fields import Floats, Places, mask_from, outside, taken_from
from maskwright.synthesis.photos import Photo, load_photo
from maskwright.synthesis.recipes import draw_edits
from maskwright.synthesis.steps import Made, begin, size_of
from maskwright.synthesis.truth import to_uint8

KINDS = ("redrawn", "regenerated")
"""What the whole picture went through: all of the above, or the autoencoder (once) and JPEG alone."""
COUNT = 300
"""Pairs of a kind; with originals drawn anew, an interval of F1 is then about 0.03 wide each way."""
LONGEST_PX = 512.0
"""Larger photographs are scaled down to this longer side, that of the editors that redraw scenes."""
TRIES = 60
"""Edits drawn at most until one will do; of 300 pairs none came to the end of them."""
PLAIN_LEVELS, PLAIN_SIGMA = (16.0, 56.0), 2.0
"""Median difference of an edit that will do, grey levels after a blur (pixels): it is plain to see, and no
starker than what editors put into a scene, whose palette they keep (inside the coarse masks of the redrawn
rows of data/pairs medians are 17, 19, 32 and 33)."""
ALIKE = frozenset({"jitter", "reshape", "relight", "veil"})
"""Edits that do what the redrawing does everywhere."""
AREA_FRAC = (0.01, 0.4)
"""Share of the picture of an edit that will do: what redraws a scene changes things, not specks, not all."""
MOVED_PX = (4.0, 12.0)
"""Root mean square of the mesh's motion at a longer side of 512 pixels, drawn evenly in its logarithm. The
99th percentile of the difference outside the mask then is 72 levels (median pair; redrawn rows: 80 to 97)."""
TONE_LEVELS = (4.0, 24.0)
"""Spread of the shifts of tone, grey levels, drawn evenly in its logarithm. Outside the mask half of all
pixels of the median pair then differ by 12 levels; over whole pictures of data/unlabelled Imagic has 51,
Plug-and-Play 32, Prompt-to-Prompt 15, Step1X-Edit 6."""
SHUFFLED_LEVELS = 3
"""Bands of detail that are shuffled: 2, 4 and 8 pixels wide."""
COARSER = 0.7
"""How much less each coarser band is shuffled: there the blocks of the wavelet would show."""
EDGE_LEVELS = 40.0
"""Grey levels of a wavelet coefficient from which it belongs to an edge, which stays where it is."""

Again: TypeAlias = Callable[[Picture], Picture]
"""A picture as an autoencoder gives it back."""


@dataclass(frozen=True, slots=True)
class RedrawnPair:
    """A pair with its truth, and where it comes from.

    Args:
        number: its place in the series.
        kind: of `KINDS`.
        photo: path of the original; pairs of one photograph are no independent witnesses.
        edits: what was done, in words; empty for a pair that nobody edited.
    """

    number: int
    kind: str
    photo: str
    made: Made
    edits: tuple[str, ...]


def redrawn_pairs(
    photos: Sequence[Photo],
    kind: str,
    *,
    again: Again | None,
    count: int = COUNT,
    seed: int = 0,
    edited: bool = True,
) -> Iterator[RedrawnPair]:
    """The pairs of a kind, each a function of the photographs, the seed and its number.

    Args:
        photos: of a split that is not trained on; each serves once before any serves again. A donor is
            another one of them.
        kind: one of `KINDS`.
        again: an autoencoder that no training uses; None paints with a filter instead.
        edited: with False, the same photographs without edits: their masks are empty.

    Raises:
        InputError: a photograph cannot be read.
    """
    for number in range(count):
        yield redrawn_pair(photos, kind, number, again=again, seed=seed, edited=edited)


def redrawn_pair(
    photos: Sequence[Photo],
    kind: str,
    number: int,
    *,
    again: Again | None,
    seed: int = 0,
    edited: bool = True,
) -> RedrawnPair:
    """One of `redrawn_pairs`, by its number."""
    order = np.random.default_rng([seed, len(photos)]).permutation(len(photos))
    chance = np.random.default_rng([seed, number])
    photo = photos[int(order[number % len(photos)])]
    donor = photos[int(order[(number + 1 + chance.integers(max(1, len(photos) - 1))) % len(photos)])]
    made, edits = _edited(photo, donor, chance, edited=edited)
    # The whole picture meets a fate of its own, so that both kinds have the same edits.
    fate = np.random.default_rng([seed, number, KINDS.index(kind)])
    drawn = redraw(made, fate, again=again) if kind == "redrawn" else regenerate(made, fate, again=again)
    return RedrawnPair(number, kind, photo.path, drawn, edits)


def redraw(made: Made, rng: Generator, *, again: Again | None) -> Made:
    """The edited picture drawn anew; the mask moves along, and what comes from outside is ignored."""
    height, width = made.mask.shape
    picture = _shuffled(_toned(made.edited, rng), float(rng.uniform(0.5, 1.0)), rng)
    places = mesh_places(height, width, rng)
    picture = taken_from(picture, places, kernel=cv2.INTER_CUBIC)
    picture = _drawn(picture, float(rng.uniform(0.6, 1.0)), again)
    if rng.random() < 0.3:
        picture = _drawn(_shuffled(picture, float(rng.uniform(0.2, 0.5)), rng), 0.7, again)
    ignore = mask_from(made.ignore, places) | outside(places, height, width)
    moved = replace(made, edited=picture, mask=mask_from(made.mask, places), ignore=ignore)
    return jpeg(int(rng.integers(75, 96)))(moved, rng)


def regenerate(made: Made, rng: Generator, *, again: Again | None) -> Made:
    """The edited picture through the autoencoder once, at its own size, and JPEG; nothing moves."""
    drawn = replace(made, edited=_drawn(made.edited, 1.0, again))
    return jpeg(int(rng.integers(75, 96)))(drawn, rng)


def mesh_places(height: int, width: int, rng: Generator) -> Places:
    """Where every pixel is taken from: a mesh of triangles, each of which moves as a plane.

    Corners of an uneven grid, 5 to 10 along the longer side, move by a stretch of the whole, by one to
    three swellings (a place a little larger or smaller than it was), and each by its own way; the sum is
    scaled to the root mean square of `MOVED_PX`, and no corner goes further than a sixth of the spacing.

    Returns:
        Column and row, each (H, W) float32.
    """
    longest = max(height, width)
    spacing = longest / float(rng.uniform(4, 9))
    rows, columns = int(height // spacing) + 4, int(width // spacing) + 4
    at = np.stack(np.meshgrid(np.arange(columns) - 1.0, np.arange(rows) - 1.0), axis=-1) * spacing
    at += rng.uniform(-0.3, 0.3, at.shape) * spacing
    centre = at - np.array([width / 2, height / 2])
    moved = centre * rng.normal(0, 0.012, 2)
    for _ in range(int(rng.integers(1, 4))):
        away = at - rng.uniform(0, 1, 2) * np.array([width, height])
        reach = longest * float(rng.uniform(0.12, 0.35))
        near = np.exp(-np.square(away).sum(axis=-1, keepdims=True) / (2 * reach**2))
        moved += away * near * float(rng.normal(0, 0.06))
    moved += rng.normal(0, 0.012, moved.shape) * longest * float(rng.uniform(0.2, 1))
    wanted = float(np.exp(rng.uniform(*np.log(MOVED_PX)))) * longest / 512
    # Neighbours are at least 0.4 spacings apart: with a sixth each none passes the other.
    moved = np.clip(moved * wanted / np.sqrt(np.square(moved).sum(axis=-1).mean()), -spacing / 6, spacing / 6)
    return _of_triangles(at, moved, height, width, rng)


def _of_triangles(
    at: NDArray[np.float64], moved: NDArray[np.float64], height: int, width: int, rng: Generator
) -> Places:
    """The affine map of each triangle of a mesh, evaluated at its pixels.

    Args:
        at, moved: (R, C, 2) column and row of the corners, and their motion.
    """
    owner = np.zeros((height, width), np.int32)
    maps: list[NDArray[np.float64]] = []
    for row in range(at.shape[0] - 1):
        for column in range(at.shape[1] - 1):
            corners = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]
            first = int(rng.integers(2))  # which diagonal parts the cell
            for turn in (first, first + 2):
                three = [corners[(turn + k) % 4] for k in range(3)]
                places = np.array([at[corner] for corner in three])
                sources = np.array([at[corner] + moved[corner] for corner in three])
                cv2.fillConvexPoly(owner, np.rint(places).astype(np.int32), len(maps))
                maps.append(np.linalg.solve(np.column_stack([places, np.ones(3)]), sources))
    chosen = np.asarray(maps, np.float32)[owner]
    x, y = np.arange(width, dtype=np.float32)[None], np.arange(height, dtype=np.float32)[:, None]
    taken = chosen[..., 0, :] * x[..., None] + chosen[..., 1, :] * y[..., None] + chosen[..., 2, :]
    return np.ascontiguousarray(taken[..., 0]), np.ascontiguousarray(taken[..., 1])


def _edited(photo: Photo, donor: Photo, rng: Generator, *, edited: bool) -> tuple[Made, tuple[str, ...]]:
    """The photograph with an edit that is plain to see; the last one drawn where none is."""
    loaded, other = (load_photo(each, longest_px=LONGEST_PX) for each in (photo, donor))
    if not edited:
        return begin(loaded.pixels), ()
    for _ in range(TRIES):
        made = begin(loaded.pixels)
        edits = draw_edits(loaded.pixels, other.pixels, rng, labels=loaded.labels, donor_labels=other.labels)
        for edit in edits:
            made = edit.step(made, rng)
        if _is_plain(made) and not any(edit.words in ALIKE for edit in edits):
            break
    return made, tuple(edit.words for edit in edits)


def _is_plain(made: Made) -> bool:
    if not AREA_FRAC[0] <= made.mask.mean() <= AREA_FRAC[1]:
        return False
    smooth = [cv2.GaussianBlur(each, (0, 0), PLAIN_SIGMA) for each in (made.original, made.edited)]
    levels = difference(np.asarray(smooth[0], np.uint8), np.asarray(smooth[1], np.uint8))
    return bool(PLAIN_LEVELS[0] <= np.median(levels[made.mask]) <= PLAIN_LEVELS[1])


def _toned(picture: Picture, rng: Generator) -> Picture:
    """Every class of colour shifted in lightness and, half as far, in colour.

    The classes are those of four to seven pixels picked by chance; between them the shift is blended.
    """
    spread = float(np.exp(rng.uniform(*np.log(TONE_LEVELS))))
    height, width = size_of(picture)
    small = cv2.resize(picture, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(small.astype(np.float32), (0, 0), 2)
    flat = smooth.reshape(-1, 3)
    centres = flat[rng.integers(len(flat), size=int(rng.integers(4, 8)))]
    near = -np.square(smooth[:, :, None] - centres).sum(axis=-1) / (2 * 20.0**2)
    share = np.exp(near - near.max(axis=-1, keepdims=True))
    share /= share.sum(axis=-1, keepdims=True)
    shift = rng.normal(0, spread, (len(centres), 1)) + rng.normal(0, spread / 2, (len(centres), 3))
    moved = cv2.resize((share @ shift).astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return to_uint8(picture.astype(np.float32) + moved)


def _shuffled(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Detail that is no edge exchanged with its neighbours', its sign drawn anew, and noise of its size."""
    height, width = size_of(picture)
    multiple = 2**SHUFFLED_LEVELS
    # The grid of the wavelet starts elsewhere each time, so that two passes do not share their blocks.
    top, left = rng.integers(0, multiple, 2).tolist()
    padded = cv2.copyMakeBorder(
        picture, top, -(height + top) % multiple, left, -(width + left) % multiple, cv2.BORDER_REFLECT
    )
    levels = _with_shuffled_bands(padded.astype(np.float32), strength, SHUFFLED_LEVELS, rng)
    return np.ascontiguousarray(to_uint8(levels)[top : top + height, left : left + width])


def _with_shuffled_bands(levels: Floats, strength: float, deep: int, rng: Generator) -> Floats:
    """(H, W, 3) with the detail of `deep` Haar bands shuffled; H and W are multiples of 2 ** deep."""
    a, b, c, d = levels[::2, ::2], levels[::2, 1::2], levels[1::2, ::2], levels[1::2, 1::2]
    coarse: Floats = np.asarray((a + b + c + d) / 4, np.float32)
    sums = (a - b + c - d, a + b - c - d, a - b - c + d)
    bands = [_mixed(np.asarray(band / 4, np.float32), strength, rng) for band in sums]
    if deep > 1:
        coarse = _with_shuffled_bands(coarse, COARSER * strength, deep - 1, rng)
    out = np.empty_like(levels)
    for place, signs in (
        ((0, 0), (1, 1, 1)),
        ((0, 1), (-1, 1, -1)),
        ((1, 0), (1, -1, -1)),
        ((1, 1), (-1, -1, 1)),
    ):
        out[place[0] :: 2, place[1] :: 2] = coarse + sum(
            s * band for s, band in zip(signs, bands, strict=True)
        )
    return out


def _mixed(band: Floats, strength: float, rng: Generator) -> Floats:
    """One band: each coefficient mixed with that of a neighbour up to three places away, or its negative."""
    height, width = band.shape[:2]
    rows = np.clip(np.arange(height)[:, None] + rng.integers(-3, 4, (height, width)), 0, height - 1)
    columns = np.clip(np.arange(width)[None] + rng.integers(-3, 4, (height, width)), 0, width - 1)
    size = cv2.blur(np.abs(band).max(axis=-1), (3, 3))[..., None]
    sign = rng.choice(np.array([-1, 1], np.float32), (height, width, 1))
    # An edge's neighbour in a calm place would leave a speck there.
    other = np.clip(band[rows, columns] * sign, -1.5 * size, 1.5 * size)
    noise = rng.normal(0, 0.5, (height, width, 1)).astype(np.float32) * size
    share = strength * np.clip(1 - size / EDGE_LEVELS, 0, 1)
    return np.asarray((1 - share) * band + share * (other + noise), np.float32)


def _drawn(picture: Picture, scale: float, again: Again | None) -> Picture:
    """The picture as the autoencoder (or the filter) gives it back at another scale."""
    height, width = size_of(picture)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small: Any = picture if scale == 1 else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    drawn = _painted(small) if again is None else again(np.asarray(small, np.uint8))
    if drawn.shape == picture.shape:
        return drawn
    return np.asarray(cv2.resize(drawn, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _painted(picture: Picture) -> Picture:
    """What stands for an autoencoder where there is none: textures smoothed, edges kept."""
    return np.asarray(cv2.bilateralFilter(picture, 7, 30, 3), np.uint8)
