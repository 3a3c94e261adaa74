"""What CAAA and those beside it make of one pair: group, mask, layer donor, or a reason."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from maskwright.bench.baselines import best_of_picture, curve_of
from maskwright.bench.caaa_cases import (
    CROPPED,
    MADE,
    REAL,
    WHOLE,
    Case,
    MadeTask,
    RealTask,
    RowTask,
    made_case,
    real_case,
)
from maskwright.bench.caaa_crops import KEPT, cropped
from maskwright.bench.records import generator_of
from maskwright.masks.annotators import Annotator, load_annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.measures.metrics import Counts, count
from maskwright.pairs.difference import blurred_difference, on_grid_of
from maskwright.pairs.values import DONOR, Mask, Pair
from maskwright.synthesis.photos import Photo

CAAA, SACM, KEYPOINTS, COMPACT = "caaa", "sacm", "keypoints", "compact"
"""What is measured; the same chain with matches of trained descriptors alone, and of keypoints alone; and
what it routes to."""
DASS, PLAIN = "dass", "compact, same budget"
"""A head on both pictures and their difference, and the compact network beside it; there where given."""
HULL = "keypoint hull"
"""What lies between matched keypoints, without a chain."""
ORACLE = "blurred difference, best threshold of EVERY picture"
ASKED: Mapping[tuple[str, str], tuple[str, ...]] = {
    (MADE, "shared-probe"): (CAAA, SACM, KEYPOINTS, COMPACT, DASS, PLAIN),
    (MADE, "shared-donor"): (CAAA, SACM, KEYPOINTS, HULL, ORACLE),
    (MADE, "unrelated"): (CAAA, SACM, KEYPOINTS),
    (WHOLE, "shared-probe"): (CAAA, SACM, KEYPOINTS, COMPACT),
    (WHOLE, "shared-donor"): (CAAA, SACM, KEYPOINTS, HULL, ORACLE),
    (WHOLE, "unrelated"): (CAAA, SACM, KEYPOINTS),
    (CROPPED, "shared-probe"): (CAAA,),
    (CROPPED, "shared-donor"): (CAAA,),
    (CROPPED, "unrelated"): (CAAA,),
    (REAL, ""): (CAAA, COMPACT, DASS, PLAIN),
}
"""Who is asked of the pairs of a series and group."""

Task: TypeAlias = "MadeTask | RowTask | RealTask"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one of them made of a pair.

    Args:
        status, reason: as of an `Annotation`; ok for those that are no annotator.
        group: empty where it does not say, or could not.
        marked: whether its mask holds anything.
        layered: whether it gave a layer donor that holds anything.
        mask: its mask against the truth, empty where there is none; None where the truth is not known.
        donor: the same of the layer donor.
    """

    status: str
    reason: str
    group: str
    marked: bool
    layered: bool
    mask: Counts | None
    donor: Counts | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A pair after all were asked: see `Case`.

    Args:
        whole: whether a crop left enough of what makes the group true; True where nothing was cropped.
    """

    series: str
    name: str
    witness: str
    group: str
    traits: Mapping[str, str]
    answers: Mapping[str, Answer]
    whole: bool = True


class Asking:
    """Makes the pair of a task and asks all of it; pickled, it loads annotators where it is used.

    Args:
        annotators: `CAAA`, `COMPACT`, ... -> a name, class or .onnx file of an annotator. Of one that is a
            `Caaa`, its chains with one kind of matches are asked, too.
        photos: what made pairs are drawn from.
    """

    def __init__(self, annotators: Mapping[str, str], photos: Sequence[Photo]) -> None:
        self._names, self._photos = dict(annotators), tuple(photos)

    @functools.cached_property
    def annotators(self) -> dict[str, Annotator]:
        from maskwright.masks.annotators.caaa import Caaa

        found = {key: load_annotator(name) for key, name in self._names.items()}
        measured = found[CAAA]
        return {**measured.alone(), **found} if isinstance(measured, Caaa) else found

    def __call__(self, task: Task) -> Asked:
        whole = True
        if isinstance(task, MadeTask):
            case = made_case(self._photos, task)
        elif isinstance(task, RealTask):
            case = real_case(task)
        else:
            case = task.case
            if task.seed is not None:
                name = f"{case.name} {task.seed}"
                case, kept = cropped(replace(case, series=CROPPED, name=name), generator_of(name))
                whole = kept >= KEPT
        return ask(case, self.annotators, whole=whole)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "annotators"}


def ask(case: Case, annotators: Mapping[str, Annotator], *, whole: bool = True) -> Asked:
    """All that are asked of a pair of its series and group, and are at hand."""
    found = {}
    for name in ASKED[case.series, case.group]:
        if name in annotators:
            found[name] = of_annotator(case, annotators[name])
        elif name in UNTRAINED:
            found[name] = UNTRAINED[name](case)
    return Asked(case.series, case.name, case.witness, case.group, case.traits, found, whole)


def of_annotator(case: Case, annotator: Annotator) -> Answer:
    """The pair through the whole pipeline: reading, alignment, annotator, verdict."""
    found = annotate_pair(Pair(case.name, case.original, case.edited), annotator)
    layer = found.layers.get(DONOR)
    donor = None if layer is None else np.asarray(layer >= np.float32(0.5))
    return _answer(case, found.mask, donor, status=found.status, reason=found.reason, group=found.group or "")


def of_hull(case: Case) -> Answer:
    """The hull of matched keypoints in either picture."""
    from maskwright.masks.annotators.keypoints import keypoint_mask

    pictures = case.original, case.edited
    return _answer(case, keypoint_mask(*pictures), keypoint_mask(*pictures[::-1]))


def of_oracle(case: Case) -> Answer:
    """The blurred difference of both pictures at one size, at the threshold that suits this truth best."""
    if case.mask is None:
        return _answer(case, None, None)
    levels = blurred_difference(on_grid_of(case.edited, case.original), case.edited)
    best = best_of_picture(curve_of(levels, case.mask, case.ignore))
    return replace(_answer(case, None, None), mask=best, marked=best.tp + best.fp > 0)


UNTRAINED: Mapping[str, Callable[[Case], Answer]] = {HULL: of_hull, ORACLE: of_oracle}


def _answer(
    case: Case,
    mask: Mask | None,
    donor: Mask | None,
    *,
    status: str = "ok",
    reason: str = "",
    group: str = "",
) -> Answer:
    def counted(found: Mask | None, truth: Mask | None, ignore: Mask | None) -> Counts | None:
        if truth is None:
            return None
        return count(np.zeros_like(truth) if found is None else found, truth, ignore=ignore)

    return Answer(
        status,
        reason,
        group,
        marked=mask is not None and bool(mask.any()),
        layered=donor is not None and bool(donor.any()),
        mask=counted(mask, case.mask, case.ignore),
        donor=counted(donor, case.donor, None),
    )
