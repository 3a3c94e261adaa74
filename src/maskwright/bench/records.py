"""A pair with a known mask in, counts of every annotator and baseline out; no averages here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np

from maskwright.bench.baselines import Curve, curves
from maskwright.errors import InputError
from maskwright.masks.annotators import Annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.measures.calibration import Calibration, count_calibration
from maskwright.measures.metrics import Counts, count
from maskwright.pairs.align import align
from maskwright.pairs.difference import VISIBLE, difference
from maskwright.pairs.maskfile import fitted_mask
from maskwright.pairs.picture import read_mask, read_picture
from maskwright.pairs.sources import Source
from maskwright.pairs.sources.roles import looks_like_pictures
from maskwright.pairs.values import Mask, Pair, Picture, PictureLike, Rejection
from maskwright.synthesis.steps import Made, Step

VISIBLE_SIGMA = 1.0
"""Pixels; blur before truth is compared with `VISIBLE` (design, Measures)."""


@dataclass(frozen=True, slots=True)
class Marked:
    """What one annotator made of one pair; a pair without a mask counts as an empty one.

    Args:
        counts: of its mask against the truth.
        visible: the same without truth pixels nobody can see.
        calibration: of its change map; a pair without one counts as a map of zeros.
        trust: scores that say how far to trust the mask, by column name; None = not known.
        ignored: share of the picture of which the annotator says that nobody can say.
        spared: counts without those pixels; for no figure but their own.
    """

    counts: Counts
    visible: Counts
    status: str
    reason: str
    verdict: str
    background: str | None
    calibration: Calibration = field(default_factory=Calibration)
    trust: Mapping[str, float | None] = field(default_factory=dict)
    ignored: float = 0.0
    spared: Counts = field(default_factory=Counts)


@dataclass(frozen=True, slots=True)
class Record:
    """One pair, measured.

    Args:
        id: the pair's, unique.
        columns: of its row in the table.
        group: digest of the original's pixels; pairs of one original are drawn together.
        marked: by annotator.
        curves: by baseline, on all truth.
        visible_curves: the same without truth pixels nobody can see.
    """

    id: str
    columns: Mapping[str, Any]
    group: str
    marked: Mapping[str, Marked]
    curves: Mapping[str, Curve]
    visible_curves: Mapping[str, Curve]


@dataclass(frozen=True, slots=True)
class KnownPair:
    """A pair that can be measured.

    Args:
        shown: what an annotator gets: the pair without its truth.
        original: (h, w, 3) uint8 as read.
        edited: (H, W, 3) uint8.
        truth: (H, W) bool.
        ignore: (H, W) bool, pixels that count for nobody.
    """

    shown: Pair
    original: Picture
    edited: Picture
    truth: Mask
    ignore: Mask


TRUST = ("qes", "confidence", "agreement")
"""Scores that claim to say how good a mask is."""
IGNORE = "ignore"
"""The column of a table whose picture says what counts for nobody."""


def measure(
    pair: Pair | Rejection,
    annotators: Mapping[str, Annotator],
    *,
    ignore: PictureLike | None = None,
    corrupt: Step | None = None,
) -> Record | Rejection:
    """Run every annotator and baseline on one pair.

    Args:
        pair: with its known mask, which the annotators do not get.
        ignore: of `ignore_of`.
        corrupt: done to the pictures first (and to the mask with them); its seed is the pair's id.

    Returns:
        A rejection where `read_known` gives one.
    """
    known = read_known(pair, ignore)
    if isinstance(known, Rejection):
        return known
    made = Made(known.original, known.edited, known.truth, known.ignore)
    shown = known.shown
    if corrupt is not None:
        made = corrupt(made, generator_of(shown.id))
        shown = replace(shown, original=made.original, edited=made.edited)
    uncounted = made.ignore | (made.mask & ~_seen(made.original, made.edited))
    all_truth, visible = curves(made.original, made.edited, made.mask, ignore=(made.ignore, uncounted))
    marked = {name: _marked(shown, annotator, made, uncounted) for name, annotator in annotators.items()}
    group = digest_of(known.original)
    return Record(shown.id, shown.columns, group, marked, all_truth, visible)


def ignore_of(source: Source, pair: Pair | Rejection) -> PictureLike | None:
    """What the table says counts for nobody: the picture in its column `ignore`, None where there is none."""
    return picture_in(source, pair, IGNORE)


def picture_in(source: Source, pair: Pair | Rejection, column: str) -> PictureLike | None:
    """The picture that a column of the table holds beside those of the pair; None where there is none."""
    if not any(name == column for name, _ in source.reading().columns):
        return None
    if column in pair.columns:  # a path: pictures themselves are not carried
        cell = pair.columns[column]
        if not isinstance(cell, str) or not looks_like_pictures([cell]):
            return None
    return source.picture(f"{pair.id}:{column}")


def read_known(pair: Pair | Rejection, ignore: PictureLike | None = None) -> KnownPair | Rejection:
    """The pictures and the truth of a pair, or why there is nothing to measure against.

    That is: pictures, mask or ignore cannot be read, or one of the two is not of the edited picture's size.
    """
    if isinstance(pair, Rejection):
        return pair
    if pair.mask is None:
        return Rejection(pair.id, "bad_mask", "the row has no known mask", pair.columns)
    try:
        original = read_picture(pair.original).pixels
        edited = read_picture(pair.edited).pixels
        truth, _ = fitted_mask(pair.mask, edited.shape[1], edited.shape[0])
        ignored = np.zeros_like(truth) if ignore is None else read_mask(ignore)
    except InputError as error:
        return Rejection(pair.id, error.reason or "bad_row", str(error), pair.columns)
    if ignored.shape != truth.shape:
        sizes = [f"{each.shape[1]}x{each.shape[0]}" for each in (ignored, truth)]
        detail = f"the ignore is {sizes[0]}, the edited picture {sizes[1]} (width x height)"
        return Rejection(pair.id, "bad_mask", detail, pair.columns)
    return KnownPair(replace(pair, mask=None), original, edited, truth, ignored)


def generator_of(text: str) -> np.random.Generator:
    """Chance that depends on an id and nothing else, so that a pair meets the same fate in every run."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode(errors="replace")).digest()[:8]))


def digest_of(picture: Picture) -> str:
    """What tells one original from another: its pixels, whatever its file."""
    return hashlib.sha256(picture.tobytes()).hexdigest()[:16]


def _seen(original: Picture, edited: Picture) -> Mask:
    """Where the pictures differ to the eye, after alignment and tone fit."""
    aligned = align(original, edited)
    levels = difference(aligned.original, aligned.edited).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(levels, (0, 0), VISIBLE_SIGMA) >= VISIBLE)


def _marked(pair: Pair, annotator: Annotator, made: Made, uncounted: Mask) -> Marked:
    found = annotate_pair(pair, annotator)
    mask = np.zeros_like(made.mask) if found.mask is None else found.mask
    change = np.zeros(mask.shape, np.float32) if found.change is None else found.change
    ignored = np.zeros_like(made.mask) if found.ignore is None else found.ignore
    return Marked(
        counts=count(mask, made.mask, ignore=made.ignore),
        visible=count(mask, made.mask, ignore=uncounted),
        status=found.status,
        reason=found.reason,
        verdict=found.verdict,
        background=found.background,
        calibration=count_calibration(change, made.mask, ignore=made.ignore),
        trust={name: found.scores.get(name) for name in TRUST},
        ignored=float(ignored.mean()),
        spared=count(mask, made.mask, ignore=made.ignore | ignored),
    )
