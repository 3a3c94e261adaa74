"""How well CAAA tells groups apart and finds what was taken, on made pairs and on real ones."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from maskwright.bench.caaa_asking import (
    CAAA,
    COMPACT,
    DASS,
    HULL,
    KEYPOINTS,
    ORACLE,
    PLAIN,
    SACM,
    Asked,
    Asking,
    Task,
)
from maskwright.bench.caaa_cases import (
    CROPPED,
    MADE,
    REAL,
    TRAITS,
    WHOLE,
    MadeTask,
    RealTask,
    RowTask,
    rows_of,
)
from maskwright.bench.caaa_crops import SEEDS
from maskwright.bench.processes import answers
from maskwright.bench.result import Confusion
from maskwright.bench.sigma_cases import known_pairs
from maskwright.errors import InputError
from maskwright.measures.metrics import Counts, Estimate, estimate, f1_of, iou_of, paired_difference
from maskwright.pairs.values import GROUPS, Rejection
from maskwright.synthesis.photos import read_photos

Progress = Callable[[str, int, int], None]
"""(what, how many done, of how many)."""
COUNT = 200
"""Made pairs of each group: an interval of an accuracy of 0.97 over all 600 is then 0.03 wide."""
MASK, LAYER = "mask", "donor"
"""What is compared with the truth: the mask on the edited picture, the layer donor on the original."""
RIVALS = (
    (CAAA, SACM),
    (CAAA, KEYPOINTS),
    (CAAA, HULL),
    (CAAA, ORACLE),
    (CAAA, COMPACT),
    (SACM, KEYPOINTS),
    (DASS, PLAIN),
)
"""Who is compared with whom, pair by pair."""
ENDS = ("shared-probe", "shared-donor", "unrelated", "other reason", "failed", "neither")
"""What a pair may end in: a group with a mask, which of unrelated is the reason; another reason; an error.
`neither` is what must not be: no group and no reason, or shared-donor without a layer."""


@dataclass(frozen=True, slots=True)
class Classified:
    """How well groups are told apart in one series.

    Args:
        accuracy: share of pairs whose group is right; a pair without a group is wrong.
        of_group: the same of the pairs of each group.
    """

    series: str
    confusion: Confusion
    accuracy: Estimate
    of_group: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Masked:
    """One annotator's masks, or layers, on the pairs of one series and group whose truth is known.

    Args:
        over: the trait and the slice of it; empty for all pairs.
    """

    series: str
    group: str
    layer: str
    annotator: str
    over: tuple[str, str]
    f1: Estimate
    iou: Estimate


@dataclass(frozen=True, slots=True)
class Compared:
    """The F1 of one minus that of another on the same pairs."""

    series: str
    group: str
    layer: str
    ours: str
    theirs: str
    over: tuple[str, str]
    gain: Estimate


@dataclass(frozen=True, slots=True)
class Found:
    """All figures of one run.

    Args:
        ends: series -> `ENDS` -> pairs; by the first annotator.
        routed: of the pairs of `REAL`: group -> pairs.
        cut: crops that leave less of what makes the group true than they should.
        annotators: name in the tables -> (name, digest).
        unmeasured: (id, reason, detail) of rows that could not be read.
        pairs: every pair: series, name, its group, and by annotator group, status, reason and F1.
    """

    classified: tuple[Classified, ...]
    masks: tuple[Masked, ...]
    compared: tuple[Compared, ...]
    ends: Mapping[str, Mapping[str, int]]
    routed: Mapping[str, int]
    cut: int
    annotators: Mapping[str, tuple[str, str]]
    unmeasured: tuple[tuple[str, str, str], ...]
    pairs: tuple[Mapping[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """Plain dicts, lists, numbers and texts."""
        plain = dataclasses.asdict(dataclasses.replace(self, classified=()))
        plain["classified"] = [
            {
                "series": each.series,
                "annotator": each.confusion.annotator,
                "counts": [
                    {"table": told, "annotator": said, "n": n}
                    for (told, said), n in each.confusion.counts.items()
                ],
                "accuracy": dataclasses.asdict(each.accuracy),
                "of_group": {group: dataclasses.asdict(of) for group, of in each.of_group.items()},
            }
            for each in self.classified
        ]
        return plain


def names_of(annotator: str = CAAA, *, dass: str | None = None, plain: str | None = None) -> dict[str, str]:
    """What is measured, by its name in the tables: names, classes or .onnx files of annotators."""
    found = {CAAA: annotator, COMPACT: COMPACT, DASS: dass, PLAIN: plain}
    return {key: name for key, name in found.items() if name is not None}


def bench_caaa(
    photos: str | os.PathLike[str],
    *,
    groups: str | os.PathLike[str] | None = None,
    pairs: str | os.PathLike[str] | None = None,
    where: str | None = None,
    names: Mapping[str, str] | None = None,
    count: int = COUNT,
    workers: int = 1,
    progress: Progress = lambda what, done, total: None,
) -> Found:
    """Measure groups, masks and layers of CAAA, and those beside it on the same pairs.

    Args:
        photos: a folder of photographs or a CSV file of them (of its rows, those with split `val`), which no
            training has seen.
        groups: a table of pairs with a column `group`, as `rows_of` takes it.
        pairs: a table of pairs with known masks.
        where: an SQL condition over the columns of `pairs`.
        names: of `names_of`.
        count: made pairs of each group.
        workers: processes; the figures do not depend on it.

    Raises:
        InputError: a table or a photograph cannot be read.
        SettingError: an unknown annotator or column.
    """
    asking = Asking(names or names_of(), read_photos(photos, "val"))
    cards = {key: each.card for key, each in asking.annotators.items()}
    unmeasured: list[Rejection] = []
    tasks: list[Task] = [MadeTask(group, number) for group in GROUPS for number in range(count)]
    if groups is not None:
        for case in rows_of(groups, unmeasured):
            tasks += [RowTask(case, seed) for seed in (None, *range(SEEDS))]
    if pairs is not None:
        tasks += [RealTask(pair) for pair in known_pairs(pairs, where, (), unmeasured)]
    asked: list[Asked] = []
    for answer in answers(asking, tasks, workers):
        asked.append(answer)
        progress("pairs", len(asked), len(tasks))
    if not asked:
        raise InputError("no pair could be measured")
    slices = list(_slices(asked))
    return Found(
        classified=tuple(_classified(asked)),
        masks=tuple(each for where in slices for each in _masks(*where)),
        compared=tuple(each for where in slices for each in _compared(*where)),
        ends={series: _ends(those) for series, those in _by_series(asked)},
        routed=dict(Counter(each.answers[CAAA].group for each in asked if each.series == REAL)),
        cut=sum(not each.whole for each in asked),
        annotators={key: (card.name, card.digest) for key, card in cards.items()},
        unmeasured=tuple((row.id, row.reason, row.detail) for row in unmeasured),
        pairs=tuple(map(_told, asked)),
    )


def _by_series(asked: Sequence[Asked]) -> Iterator[tuple[str, list[Asked]]]:
    for series in (MADE, WHOLE, CROPPED, REAL):
        those = [each for each in asked if each.series == series]
        if those:
            yield series, those


def _slices(asked: Sequence[Asked]) -> Iterator[tuple[list[Asked], tuple[str, str]]]:
    """The pairs of each series and group, and of made pairs with an object those of each of its slices."""
    for _, of_series in _by_series(asked):
        for group in dict.fromkeys(each.group for each in of_series):
            those = [each for each in of_series if each.group == group]
            yield those, ("", "")
            for trait, values in TRAITS.items():
                for value in values:
                    inside = [each for each in those if each.traits.get(trait) == value]
                    if inside:
                        yield inside, (trait, value)


def _classified(asked: Sequence[Asked]) -> Iterator[Classified]:
    for series, those in _by_series(asked):
        if series == REAL:
            continue
        for name in (CAAA, SACM, KEYPOINTS):
            told = [each for each in those if name in each.answers]
            if not told:
                continue
            said = [each.answers[name].group for each in told]
            right = [float(each.group == group) for each, group in zip(told, said, strict=True)]
            witnesses = [each.witness for each in told]

            def of(group: str, told: list[Asked] = told, right: list[float] = right) -> Estimate:
                places = [place for place, each in enumerate(told) if each.group == group]
                return estimate([right[p] for p in places], [told[p].witness for p in places])

            yield Classified(
                series,
                Confusion(name, dict(Counter(zip((each.group for each in told), said, strict=True)))),
                estimate(right, witnesses),
                {group: of(group) for group in GROUPS if any(each.group == group for each in told)},
            )


def _counts(asked: Sequence[Asked], layer: str, name: str) -> list[Counts | None]:
    answers = [each.answers.get(name) for each in asked]
    return [None if each is None else each.mask if layer == MASK else each.donor for each in answers]


def _masks(asked: Sequence[Asked], over: tuple[str, str]) -> Iterator[Masked]:
    first = asked[0]
    for layer in (MASK, LAYER):
        for name in first.answers:
            known = [
                (counts, each.witness)
                for counts, each in zip(_counts(asked, layer, name), asked, strict=True)
                if counts is not None
            ]
            if not known or (layer == LAYER and name == ORACLE):
                continue
            witnesses = [witness for _, witness in known]
            yield Masked(
                first.series,
                first.group,
                layer,
                name,
                over,
                estimate([f1_of(counts) for counts, _ in known], witnesses),
                estimate([iou_of(counts) for counts, _ in known], witnesses),
            )


def _compared(asked: Sequence[Asked], over: tuple[str, str]) -> Iterator[Compared]:
    first = asked[0]
    for layer in (MASK, LAYER):
        for ours, theirs in RIVALS:
            if layer == LAYER and theirs == ORACLE:
                continue
            columns = (_counts(asked, layer, name) for name in (ours, theirs))
            known = [
                (f1_of(mine), f1_of(other), each.witness)
                for mine, other, each in zip(*columns, asked, strict=True)
                if mine is not None and other is not None
            ]
            if known:
                mine, other, witnesses = zip(*known, strict=True)
                gain = paired_difference(mine, other, witnesses)
                yield Compared(first.series, first.group, layer, ours, theirs, over, gain)


def _ends(asked: Sequence[Asked]) -> dict[str, int]:
    found = dict.fromkeys(ENDS, 0)
    for each in asked:
        found[_end(each)] += 1
    return found


def _end(asked: Asked) -> str:
    answer = asked.answers[CAAA]
    if answer.status == "failed":
        return "failed"
    if answer.reason:
        return "unrelated" if answer.reason == answer.group == "unrelated" else "other reason"
    if answer.group not in GROUPS or answer.group == "unrelated":
        return "neither"
    return "neither" if answer.group == "shared-donor" and not answer.layered else answer.group


def _told(asked: Asked) -> dict[str, Any]:
    return {
        "series": asked.series,
        "name": asked.name,
        "group": asked.group,
        "whole": asked.whole,
        "answers": {
            name: {
                "group": answer.group,
                "status": answer.status,
                "reason": answer.reason,
                "f1": None if answer.mask is None else f1_of(answer.mask),
                "donor_f1": None if answer.donor is None else f1_of(answer.donor),
            }
            for name, answer in asked.answers.items()
        },
    }
