"""What the page of `bench detectors` draws, protocol by protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maskwright.bench.detector_harms import HARMS
from maskwright.bench.detector_looks import EVERYTHING
from maskwright.bench.detector_protocols import PIXELS, WHOLE, Figured, names_of
from maskwright.bench.detector_result import MEAN, DetectorBench, Standing
from maskwright.bench.detector_tables import (
    LABELS,
    harm_table,
    harmed_of,
    label,
    skipped_rows,
    standings_of,
    standings_tables,
    step_name,
)
from maskwright.bench.sections import with_interval
from maskwright.bench.tables import figure
from maskwright.pages.bench import Section
from maskwright.pages.plots import Curve, Curves, Dot, Dots

STYLES = 4
"""Ways to draw a curve; a fifth detector is drawn as the first."""


def sections(result: DetectorBench) -> Iterator[Section]:
    """All that is drawn: protocol by protocol, then what figures leave out."""
    names = [each.name for each in result.sets]
    for protocol, says in result.protocols.items():
        why = f"{says[0].upper()}{says[1:]}. Baselines, in grey, do not look at the picture."
        for place, name in enumerate([MEAN, *names] if len(names) > 1 else names):
            tables = list(standings_tables(result, protocol, name))
            keys = (list(PIXELS[protocol]), list(WHOLE[protocol]))
            for number, (of_table, table) in enumerate(zip(keys, tables, strict=False)):
                yield Section(
                    f"{protocol}-{place}-{number}",
                    table.title,
                    why if not place and not number else "",
                    plots=() if place else list(_dots(standings_of(result, protocol, name), of_table)),
                    table=table.rows,
                )
        if result.robust:
            yield from _robust(result, protocol)
    if rows := skipped_rows(result.standings):
        yield Section("skipped", "Pictures that a figure leaves out", "By reason.", table=rows)


def whole_of(result: DetectorBench) -> str:
    """The name of what all figures come together in: the mean over sets, or the only set."""
    return MEAN if len(result.sets) > 1 else result.sets[0].name


def figured(found: Figured) -> str:
    """A figure in words, with its interval."""
    return with_interval(figure(found.estimate.mean), found.estimate)


def _dots(standings: Sequence[Standing], keys: Sequence[str]) -> Iterator[Dots]:
    names = names_of(standings[0].protocol)
    for key in keys:
        there = [each for each in standings if each.figures[key].estimate.n]
        if there:
            yield Dots(names[key], "", [_dot(each, each.figures[key]) for each in there], holds=(0, 1))


def _dot(standing: Standing, found: Figured) -> Dot:
    mean = found.estimate
    other = standing.kind == "baseline"
    return Dot(label(standing), mean.mean, mean.low, mean.high, other=other, figures=figured(found))


def _robust(result: DetectorBench, protocol: str) -> Iterator[Section]:
    floor = next(
        each for each in standings_of(result, protocol, whole_of(result)) if each.detector == EVERYTHING
    )
    keys = ["f1", *(key for key in ("picture_auc",) if floor.figures[key].estimate.n)]
    for harm, harmed in HARMS.items():
        by_detector = {
            name: [each for each in harmed_of(result, protocol, harm) if each.detector == name]
            for name in result.detectors
        }
        steps = [0, *harmed.steps]
        places = {step: place / (len(steps) - 1) for place, step in enumerate(steps)}
        x_ticks = [(place, step_name(step) if step else "0") for step, place in places.items()]
        plots = []
        for key in keys:
            curves = [
                Curve(
                    name,
                    [(places[each.step], each.figures[key].estimate.mean) for each in found],
                    style=number % STYLES,
                )
                for number, (name, found) in enumerate(by_detector.items())
            ]
            flat = floor.figures[key].estimate.mean
            curves.append(Curve(LABELS[EVERYTHING], [(0.0, flat), (1.0, flat)], other=True))
            title = f"{names_of(protocol)[key]} after {harmed.name}"
            plots.append(Curves(title, "", harmed.unit, curves, x_ticks=x_ticks, holds=(0, 1)))
        yield Section(
            f"{protocol}-{harm}",
            f"{protocol}: after {harmed.name}",
            "IMDLBenCo's steps, done before anything is resized; 0 is the picture as it is. The grey line is"
            " a detector that marks everything, which no harm changes.",
            plots=plots,
            table=harm_table(result, protocol, harm).rows,
        )
