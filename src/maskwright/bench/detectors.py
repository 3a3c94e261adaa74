"""Detectors on labelled datasets: figures under published protocols, intervals, baselines, robustness.

Figures are made set by set, and averaged over sets of the same weight. Intervals draw whole photographs anew.
A picture of which a detector gives no map counts as one in which it found nothing, and is told. Two
detectors that do not look at the picture stand in the same tables: one marks nothing, one everything.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

from maskwright.bench.detector_cases import ALL, Case, DataSet, cases_of, open_sets
from maskwright.bench.detector_harms import HARMS
from maskwright.bench.detector_looks import BASELINES, GRID, UNHARMED, Condition, Looked, Looking
from maskwright.bench.detector_protocols import SAYS, Figured, ScoredSet, figures_of, mean_of_sets
from maskwright.bench.detector_result import MEAN, DetectorBench, Fault, Harmed, Row, SetFacts, Standing
from maskwright.bench.processes import answers
from maskwright.detectors import DEFAULT, Detector
from maskwright.errors import InputError, SettingError, unknown_name
from maskwright.pairs.opening import shown
from maskwright.pairs.values import Rejection

Progress = Callable[[str, int, int], None]
"""(what, how many done, of how many)."""


def bench_detectors(
    data: Sequence[str | os.PathLike[str]],
    *,
    detectors: Sequence[str] = (DEFAULT,),
    protocols: Sequence[str] = ("plain",),
    split: str | None = None,
    grid: int = GRID,
    robust: bool = False,
    workers: int = 1,
    progress: Progress = lambda what, done, total: None,
) -> DetectorBench:
    """Measure detectors, and two that do not look, on datasets of pictures with known masks.

    Args:
        data: what `build` wrote, folders of the field's layouts, tables of pairs with masks (edited pictures
            are forged, originals authentic), or `NAME=PATH` for a published set by its name.
        detectors: names, `package.module:Class`, or .onnx files beside their cards.
        protocols: keys of `detector_protocols.SAYS`; a table each.
        split: the rows measured; None: split test where a dataset has one, else all.
        grid: side of the square that `benco` resizes pictures, masks and maps to.
        robust: the pictures once more after each step of `detector_harms.HARMS`.
        workers: processes; the figures do not depend on it.

    Raises:
        InputError: a dataset cannot be read or has no forged picture with a mask, or no picture of it can be
            measured; or a detector fails on every picture.
        SettingError: an unknown detector or protocol, or one named twice.
        MissingExtraError: a detector has no weights here.
    """
    _check(detectors, protocols, grid)
    looking = Looking(detectors, protocols, grid=grid, robust=robust)
    cards = {name: _card(detector) for name, detector in looking.detectors.items()}
    sets = open_sets([os.fsdecode(each) for each in data], split)
    looked: list[list[Looked]] = [[] for _ in sets]
    faults: list[Fault] = []
    unmeasured = [0] * len(sets)
    for place, answer in _answers(sets, looking, workers, progress):
        name = sets[place].name
        if isinstance(answer, Rejection):
            unmeasured[place] += 1
            faults.append(Fault(name, answer.id, answer.reason, answer.detail))
        else:
            looked[place].append(answer)
            faults += [
                Fault(name, answer.id, "no_map", each.detail, each.detector, _after(each.condition))
                for each in answer.failed
            ]
    _check_measured(sets, looked, faults, detectors)
    return DetectorBench(
        data=tuple(os.fsdecode(each) for each in data),
        split=split,
        protocols={protocol: SAYS[protocol] for protocol in protocols},
        grid=grid,
        detectors=cards,
        sets=tuple(map(_facts, sets, looked, unmeasured)),
        standings=tuple(_standings(sets, looked, detectors, protocols)),
        robust=tuple(_robust(looking.conditions, looked, detectors, protocols)),
        faults=tuple(faults),
        rows=tuple(_row(sets[each.dataset].name, each, protocols) for of_set in looked for each in of_set),
    )


def _check(detectors: Sequence[str], protocols: Sequence[str], grid: int) -> None:
    for protocol in protocols:
        if protocol not in SAYS:
            raise unknown_name("protocol", protocol, SAYS)
    for what, names in (("detector", detectors), ("protocol", protocols)):
        if not names:
            raise SettingError(f"no {what} was named")
        if len(set(names)) < len(names):
            raise SettingError(f"a {what} is named twice: {', '.join(names)}")
    if clash := set(detectors) & set(BASELINES):
        raise SettingError(f"{clash.pop()!r} is a baseline, and measured anyway")
    if grid < 1:
        raise SettingError(f"the grid is {grid}, expected 1 or more pixels")


def _card(detector: Detector) -> tuple[str, str, str]:
    return detector.card.name, detector.card.version, detector.card.digest


def _answers(
    sets: Sequence[DataSet], looking: Looking, workers: int, progress: Progress
) -> Iterator[tuple[int, Looked | Rejection]]:
    """Every picture of every set with its place in the list of sets; rows that hold none come last."""
    total = sum(each.rows for each in sets)
    refused: list[tuple[int, Rejection]] = []
    asked: deque[int] = deque()

    def cases() -> Iterator[Case]:
        for place, dataset in enumerate(sets):
            for case in cases_of(place, dataset):
                if isinstance(case, Case):
                    asked.append(place)
                    yield case
                else:
                    refused.append((place, case))

    for done, answer in enumerate(answers(looking, cases(), workers), 1):
        progress("pictures", done, max(total, done))
        yield asked.popleft(), answer
    yield from refused


def _check_measured(
    sets: Sequence[DataSet],
    looked: Sequence[Sequence[Looked]],
    faults: Sequence[Fault],
    detectors: Sequence[str],
) -> None:
    for dataset, of_set in zip(sets, looked, strict=True):
        if not any(each.has_truth and each.label != "authentic" for each in of_set):
            first = next((each for each in faults if each.dataset == dataset.name), None)
            why = f": {shown(first.id)}: {first.detail}" if first else ""
            raise InputError(
                f"no forged picture of {shown(dataset.opened.location)} can be measured{why}",
                hint=f"maskwright check {shown(dataset.opened.location)} says what is wrong with each",
            )
    pictures = sum(map(len, looked))
    for name in detectors:
        failed = [each for each in faults if each.detector == name and not each.after]
        if len({(each.dataset, each.id) for each in failed}) == pictures:
            raise InputError(f"the detector {shown(name)} gives no map of any picture: {failed[0].detail}")


def _facts(dataset: DataSet, looked: Sequence[Looked], unmeasured: int) -> SetFacts:
    authentic = sum(each.label == "authentic" for each in looked)
    without = sum(not each.has_truth for each in looked)
    return SetFacts(
        name=dataset.name,
        location=dataset.opened.location,
        layout=dataset.opened.says,
        split="" if dataset.split == ALL else dataset.split,
        rows=len(looked) + unmeasured,
        forged=len(looked) - authentic - without,
        without_mask=without,
        authentic=authentic,
        unmeasured=unmeasured,
        photographs=len({each.group for each in looked}),
    )


def _scored(looked: Sequence[Looked], condition: Condition, protocol: str, name: str) -> ScoredSet:
    scored = [each.scored[condition, protocol, name] for each in looked]
    return ScoredSet(scored, [each.group for each in looked])


def _standings(
    sets: Sequence[DataSet],
    looked: Sequence[Sequence[Looked]],
    detectors: Sequence[str],
    protocols: Sequence[str],
) -> Iterator[Standing]:
    names = [*((name, "detector") for name in detectors), *((name, "baseline") for name in BASELINES)]
    failed = [[_failed(of_set, name) for name, _ in names] for of_set in looked]
    for protocol in protocols:
        parts = [[_scored(of_set, UNHARMED, protocol, name) for name, _ in names] for of_set in looked]
        for dataset, of_set, lost in zip(sets, parts, failed, strict=True):
            for (name, kind), scored, n in zip(names, of_set, lost, strict=True):
                yield Standing(protocol, dataset.name, name, kind, figures_of(protocol, scored), n)
        if len(sets) > 1:
            for place, (name, kind) in enumerate(names):
                figures = mean_of_sets(protocol, [of_set[place] for of_set in parts])
                yield Standing(protocol, MEAN, name, kind, figures, sum(lost[place] for lost in failed))


def _failed(looked: Sequence[Looked], name: str) -> int:
    return sum(any(f.detector == name and f.condition == UNHARMED for f in each.failed) for each in looked)


def _robust(
    conditions: Sequence[Condition],
    looked: Sequence[Sequence[Looked]],
    detectors: Sequence[str],
    protocols: Sequence[str],
) -> Iterator[Harmed]:
    for protocol in protocols:
        for harm in HARMS if len(conditions) > 1 else ():
            for condition in conditions:
                if condition != UNHARMED and condition.harm != harm:
                    continue
                for name in detectors:
                    parts = [_scored(of_set, condition, protocol, name) for of_set in looked]
                    yield Harmed(protocol, harm, condition.step, name, _of_all(protocol, parts))


def _of_all(protocol: str, parts: Sequence[ScoredSet]) -> Mapping[str, Figured]:
    return figures_of(protocol, parts[0]) if len(parts) == 1 else mean_of_sets(protocol, parts)


def _after(condition: Condition) -> str:
    return "" if condition == UNHARMED else f"{condition.harm} {condition.step}"


def _row(dataset: str, looked: Looked, protocols: Sequence[str]) -> Row:
    f1: dict[str, dict[str, float]] = {protocol: {} for protocol in protocols}
    score: dict[str, dict[str, float]] = {protocol: {} for protocol in protocols}
    for (condition, protocol, name), found in looked.scored.items():
        if condition == UNHARMED:
            score[protocol][name] = found.score
            if "f1" in found.values:
                f1[protocol][name] = found.values["f1"]
    return Row(dataset, looked.id, looked.group, looked.label, score, f1)
