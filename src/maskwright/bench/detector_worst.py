"""The worst misses and false alarms of a run with their pictures: read and looked at once more."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from maskwright.bench.detector_cases import Case, cases_of, open_sets
from maskwright.bench.detector_looks import detected, grid_of, read_case, seen, seen_mask
from maskwright.bench.detector_protocols import CLAIMED, names_of
from maskwright.bench.detector_result import DetectorBench, Row
from maskwright.bench.tables import figure
from maskwright.bench.worst import missed
from maskwright.detectors import Detector, load_detector
from maskwright.measures.metrics import count
from maskwright.pages.bench import MASK_PX, BenchCard, MaskPicture, mask_uri
from maskwright.pages.images import map_uri, photo_uri, shrunk
from maskwright.pages.words import percent
from maskwright.pairs.values import Rejection

MISSES, ALARMS = 12, 6
"""Pictures of each; a sheet together."""

Sheets = tuple[list[BenchCard], list[BenchCard]]


def worst_rows(result: DetectorBench) -> tuple[list[Row], list[Row]]:
    """Misses and false alarms of the first detector under the first protocol, worst first.

    Misses are forged pictures by the headline figure, false alarms authentic ones by their score; equal
    ones come in the order of the sets.
    """
    ours, protocol = next(iter(result.detectors)), next(iter(result.protocols))
    forged = [row for row in result.rows if row.label != "authentic" and _f1(row, protocol, ours) < math.inf]
    authentic = [row for row in result.rows if row.label == "authentic"]
    misses = sorted(forged, key=lambda row: _f1(row, protocol, ours))
    alarms = sorted(authentic, key=lambda row: -row.score[protocol][ours])
    return misses[:MISSES], alarms[:ALARMS]


def worst_cards(result: DetectorBench) -> Sheets:
    """A card for each of `worst_rows`. A picture that is no longer there says so on its card."""
    misses, alarms = worst_rows(result)
    chosen = {(row.dataset, row.id): row for row in (*misses, *alarms)}
    detector = load_detector(next(iter(result.detectors)))
    made = {
        (result.sets[case.dataset].name, case.id): _card(
            result, chosen[result.sets[case.dataset].name, case.id], case, detector
        )
        for case in _cases(result, set(chosen))
    }
    ranks = {key: rank for rank, key in enumerate(chosen)}

    def cards(rows: Sequence[Row]) -> list[BenchCard]:
        keys = [(row.dataset, row.id) for row in rows]
        gone = "This picture is no longer in its set."
        found = [made.get(key) or _plain(result, chosen[key], gone) for key in keys]
        return [replace(card, anchor=f"picture-{ranks[key]}") for key, card in zip(keys, found, strict=True)]

    return cards(misses), cards(alarms)


def _f1(row: Row, protocol: str, name: str) -> float:
    """inf where it has none."""
    found = row.f1[protocol].get(name, math.inf)
    return math.inf if math.isnan(found) else found


def _cases(result: DetectorBench, chosen: set[tuple[str, str]]) -> Iterator[Case]:
    """Those of the sets, opened again."""
    left = set(chosen)
    for place, dataset in enumerate(open_sets(list(result.data), result.split)):
        for case in cases_of(place, dataset):
            if not left:
                return
            if isinstance(case, Case) and (dataset.name, case.id) in left:
                left.discard((dataset.name, case.id))
                yield case


def _card(result: DetectorBench, row: Row, case: Case, detector: Detector) -> BenchCard:
    known = read_case(case)
    if isinstance(known, Rejection):
        return _plain(result, row, f"No longer to be read: {known.detail}")
    grid = grid_of(next(iter(result.protocols)), result.grid)
    shown = seen(known.picture, grid)
    found = detected(detector, shown)
    if isinstance(found, str):
        return _plain(result, row, f"No map: {found}")
    mask = found.map >= CLAIMED
    truth = np.zeros_like(mask) if known.truth is None else seen_mask(known.truth, grid)
    marks = f"{percent(float(mask.mean()))} of the picture; {missed(count(mask, truth))}"
    masks = [
        MaskPicture("picture", "", photo_uri(shrunk(shown, MASK_PX))),
        MaskPicture("mask", marks, mask_uri(mask, truth)),
        MaskPicture("map", "dark 0, yellow 1", map_uri(found.map, MASK_PX)),
    ]
    return replace(_plain(result, row, ""), masks=masks)


def _plain(result: DetectorBench, row: Row, note: str) -> BenchCard:
    """What the run itself knows of a picture."""
    ours, protocol = next(iter(result.detectors)), next(iter(result.protocols))
    name, f1 = names_of(protocol)["f1"], row.f1[protocol].get(ours, math.nan)
    score = figure(row.score[protocol][ours])
    return BenchCard(
        anchor="",
        name=row.id,
        facts=f"{name} {figure(f1)}, score {score}" if row.label != "authentic" else f"score {score}",
        says=f"{row.label}, of {row.dataset}",
        shot=None,
        masks=(),
        figures=(
            ("detector", name, "score"),
            *(
                (each, figure(row.f1[protocol].get(each, math.nan)), figure(row.score[protocol][each]))
                for each in result.detectors
            ),
        ),
        note=note,
    )
