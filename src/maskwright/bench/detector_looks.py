"""A case in, what every detector and baseline makes of it under every protocol out; no averages here."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from maskwright.bench.detector_cases import Case
from maskwright.bench.detector_harms import HARMS
from maskwright.bench.detector_protocols import Scored, score_picture
from maskwright.bench.records import generator_of
from maskwright.detectors import Detector, load_detector
from maskwright.errors import InputError, MaskwrightError
from maskwright.pairs.maskfile import mask_and_ignore
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Detection, Mask, Picture, Rejection

NOTHING, EVERYTHING = "nothing", "everything"
BASELINES = {NOTHING: 0.0, EVERYTHING: 1.0}
"""Detectors that do not look: their map is this everywhere, and so is their score."""
GRID = 512
"""Side of the square that IMDLBenCo resizes pictures to unless told otherwise (`--image_size`)."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Pictures as they are, or after a step of a key of `HARMS`."""

    harm: str = ""
    step: int = 0


UNHARMED = Condition()


@dataclass(frozen=True, slots=True)
class Failed:
    """A detector that gave no map of a picture; it then counts as one that found nothing."""

    condition: Condition
    detector: str
    detail: str


@dataclass(frozen=True, slots=True)
class Looked:
    """A case, looked at.

    Args:
        label: forged, authentic or synthetic.
        has_truth: whether it is known which pixels were edited.
        scored: by condition, protocol and detector; baselines only where nothing was done.
    """

    dataset: int
    id: str
    group: str
    label: str
    has_truth: bool
    scored: Mapping[tuple[Condition, str, str], Scored]
    failed: tuple[Failed, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A case whose files were read.

    Args:
        picture: (H, W, 3) uint8.
        truth, ignore: (H, W) bool, or None where nobody knows and where nothing is ignored.
    """

    label: str
    picture: Picture
    truth: Mask | None
    ignore: Mask | None


class Looking:
    """Looks at a case; pickled, it opens its detectors where it is used.

    Args:
        detectors: as `load_detector` takes them.
        protocols: keys of `detector_protocols.SAYS`.
        grid: side of the square of `benco`.
        robust: also after every step of `HARMS`.
    """

    def __init__(
        self, detectors: Sequence[str], protocols: Sequence[str], *, grid: int = GRID, robust: bool = False
    ) -> None:
        self._names, self._protocols, self._grid = tuple(detectors), tuple(protocols), grid
        harms = HARMS.items() if robust else ()
        self.conditions = (UNHARMED, *(Condition(name, step) for name, harm in harms for step in harm.steps))

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name != "detectors"}

    @functools.cached_property
    def detectors(self) -> Mapping[str, Detector]:
        return {name: load_detector(name) for name in self._names}

    def __call__(self, case: Case) -> Looked | Rejection:
        known = read_case(case)
        if isinstance(known, Rejection):
            return known
        scored: dict[tuple[Condition, str, str], Scored] = {}
        failed: list[Failed] = []
        for condition in self.conditions:
            picture = _harmed(known.picture, condition, case.id)
            for name, detector in self.detectors.items():
                look = functools.cache(lambda grid, d=detector, p=picture: detected(d, seen(p, grid)))
                for protocol in self._protocols:
                    found = look(grid_of(protocol, self._grid))
                    if isinstance(found, str):
                        failed.append(Failed(condition, name, found))
                    of_this = self._scored(protocol, known, found)
                    # 20 curves of each picture would fill the memory, and nobody asks for their best.
                    kept = of_this if condition == UNHARMED else replace(of_this, curve=of_this.curve[:0])
                    scored[condition, protocol, name] = kept
        for name, level in BASELINES.items():
            for protocol in self._protocols:
                scored[UNHARMED, protocol, name] = self._scored(protocol, known, level)
        unique = tuple(dict.fromkeys(failed))
        return Looked(case.dataset, case.id, case.group, known.label, known.truth is not None, scored, unique)

    def _scored(self, protocol: str, known: Known, found: Detection | float | str) -> Scored:
        """Under a protocol, on its grid; a number is a map of that number, words are a map of nothing."""
        side = grid_of(protocol, self._grid)
        if not isinstance(found, Detection):
            level = 0.0 if isinstance(found, str) else found
            size = (side, side) if side else known.picture.shape[:2]
            found = Detection(np.full(size, level, np.float32), level)
        truth = None if known.truth is None else seen_mask(known.truth, side)
        edited = known.label != "authentic"
        return score_picture(protocol, found.map, truth, known.ignore, score=found.score, edited=edited)


def read_case(case: Case) -> Known | Rejection:
    """The picture and the truth of a case, or why there is nothing to measure.

    An authentic picture is edited nowhere, a synthetic one without a mask everywhere; of a forged one without
    a mask nobody knows where. A forged one with an empty mask is refused: one of the two is wrong.
    """
    try:
        picture = read_picture(case.picture).pixels
        height, width = picture.shape[:2]
        mask, ignore = mask_and_ignore(case.mask, case.ignore, width, height)
    except InputError as error:
        return Rejection(case.id, error.reason or "bad_row", str(error))
    label = case.label or ("forged" if mask is not None and mask.any() else "authentic")
    if mask is None and label in ("authentic", "synthetic"):
        mask = np.full((height, width), label == "synthetic")
    if mask is not None and label == "authentic" and mask.any():
        return Rejection(
            case.id, "bad_mask", "the picture is said to be authentic, and its mask is not empty"
        )
    if mask is not None and label == "forged" and not mask.any():
        return Rejection(case.id, "bad_mask", "the picture is said to be forged, and its mask is empty")
    return Known(label, picture, mask, ignore if ignore is not None and ignore.any() else None)


def _harmed(picture: Picture, condition: Condition, id_: str) -> Picture:
    """Chance depends on the picture's id and on nothing else, so that every run does the same."""
    if condition == UNHARMED:
        return picture
    return HARMS[condition.harm].do(picture, condition.step, generator_of(id_))


def grid_of(protocol: str, grid: int) -> int:
    """Side of the square that pictures are resized to under a protocol; 0: they stay as they are."""
    return grid if protocol == "benco" else 0


def seen(picture: Picture, grid: int) -> Picture:
    """The picture as a detector sees it, resized as IMDLBenCo does: bilinear, without a filter."""
    if not grid:
        return picture
    return np.asarray(cv2.resize(picture, (grid, grid), interpolation=cv2.INTER_LINEAR), np.uint8)


def seen_mask(mask: Mask, grid: int) -> Mask:
    """The mask on the same grid; the nearest pixel counts, as in IMDLBenCo."""
    if not grid:
        return mask
    return cv2.resize(mask.view(np.uint8), (grid, grid), interpolation=cv2.INTER_NEAREST).astype(np.bool_)


def detected(detector: Detector, picture: Picture) -> Detection | str:
    """What a detector says of a picture, or why it says nothing."""
    try:
        found = detector.detect(picture)
        if found.map.shape != picture.shape[:2]:
            raise InputError(f"its map is {found.map.shape}, the picture {picture.shape[:2]} (height, width)")
        if not np.isfinite(found.map).all():
            raise InputError("its map holds values that are not finite numbers")
    except MaskwrightError as error:
        return str(error)
    except Exception as error:  # a detector that breaks on one picture ends no run
        return f"{type(error).__name__}: {error}"
    return found
