"""The null area: how much of a photograph nobody edited is marked, by what was done to the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from maskwright.bench.baselines import PER_TABLE, signed_filled
from maskwright.bench.records import generator_of
from maskwright.errors import InputError
from maskwright.masks.annotators import Annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Pair, PictureLike, Rejection
from maskwright.synthesis import corruptions
from maskwright.synthesis.roundtrip import roundtrip
from maskwright.synthesis.steps import Made, Step, begin, chain


@dataclass(frozen=True, slots=True)
class FalseMarks:
    """Falsely marked share of unedited pairs, one annotator, one kind.

    Args:
        kind: what was done to the edited side.
        mean, worst: shares of the picture, 0 to 1.
        worst_photo: path of the photograph with the largest share.
        without_mask: pairs that were rejected or failed; they count as nothing marked.
    """

    kind: str
    annotator: str
    mean: float
    worst: float
    worst_photo: str
    n: int
    without_mask: int


def _jpeg(rng: Generator) -> Step:
    return corruptions.jpeg(int(rng.integers(50, 96)))


def _webp(rng: Generator) -> Step:
    return corruptions.webp(int(rng.integers(50, 96)))


def _shift_and_jpeg(rng: Generator) -> Step:
    return chain(_inside(corruptions.shift(1, 1)), corruptions.jpeg(75))


def _brightness(rng: Generator) -> Step:
    gain = float(rng.uniform(0.9, 1.1))
    return corruptions.tone((gain, gain, gain), offset=float(rng.uniform(-20, 20)))


def _fixed(step: Step) -> Callable[[Generator], Step]:
    return lambda rng: step


def _inside(step: Step) -> Step:
    """The step, then two pixels cut off all around both pictures: no border was made up."""

    def inner(made: Made, rng: Generator) -> Made:
        made = step(made, rng)
        if min(made.mask.shape) <= 4:
            return made
        inside = np.s_[2:-2, 2:-2]
        return Made(made.original[inside], made.edited[inside], made.mask[inside], made.ignore[inside])

    return inner


KINDS: dict[str, Callable[[Generator], Step]] = {
    "jpeg 50-95": _jpeg,
    "webp 50-95": _webp,
    "half size and back": _fixed(corruptions.resample(0.5)),
    "resized to 70 %": _fixed(corruptions.resize(0.7)),
    "resized to 140 %": _fixed(corruptions.resize(1.4, kernel="cubic")),
    "shifted 1 px": _fixed(_inside(corruptions.shift(1, 1))),
    "shifted half a px": _fixed(_inside(corruptions.shift(0.5, 0.5))),
    "shifted 1 px, jpeg 75": _shift_and_jpeg,
    "brightness": _brightness,
}
"""What is done to the edited side; `same file` and, where an autoencoder is given, `autoencoder` come on top
(design, Measures). Qualities and brightness are drawn for each photograph."""


def false_marks(
    photos: Iterable[str],
    annotators: Mapping[str, Annotator],
    *,
    network: Any | None = None,
    baseline_threshold: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> tuple[list[FalseMarks], list[Rejection]]:
    """Mark pairs of which neither side was edited.

    Args:
        photos: paths.
        network: an autoencoder of `maskwright.synthesis.roundtrip.load_roundtrip`, for one more kind.
        baseline_threshold: grey levels; adds the baseline at this threshold.
        progress: called with the number of photographs done.

    Returns:
        A row a kind and annotator, kinds in the order of design, Measures; and the photographs that
        cannot be read.
    """
    kinds = dict(KINDS)
    if network is not None:
        kinds["autoencoder"] = _fixed(roundtrip(network))
    shares: dict[tuple[str, str], list[tuple[float, str, bool]]] = {}
    unreadable: list[Rejection] = []
    for done, photo in enumerate(photos):
        try:
            picture = read_picture(photo).pixels
        except InputError as error:
            unreadable.append(Rejection(photo, error.reason, str(error)))
            continue
        for kind in ("same file", *kinds):
            sides: tuple[PictureLike, PictureLike] = (photo, photo)
            pictures = (picture, picture)
            if kind != "same file":
                rng = generator_of(f"{kind}/{Path(photo).name}")
                made = kinds[kind](rng)(begin(picture), rng)
                sides = pictures = (made.original, made.edited)
            for name, annotator in annotators.items():
                found = annotate_pair(Pair(photo, *sides), annotator)
                share = 0.0 if found.mask is None else float(found.mask.mean())
                shares.setdefault((kind, name), []).append((share, photo, found.mask is None))
            if baseline_threshold is not None:
                share = float(signed_filled(*pictures, baseline_threshold).mean())
                shares.setdefault((kind, PER_TABLE), []).append((share, photo, False))
        progress(done + 1)
    return [_row(kind, name, found) for (kind, name), found in shares.items()], unreadable


def _row(kind: str, name: str, found: list[tuple[float, str, bool]]) -> FalseMarks:
    worst, photo, _ = max(found)
    mean = float(np.mean([share for share, _, _ in found]))
    return FalseMarks(
        kind, name, mean, worst, photo if worst else "", len(found), sum(lost for _, _, lost in found)
    )
