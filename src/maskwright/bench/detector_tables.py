"""The figures of `bench detectors` as rows of words, for a terminal or a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from maskwright.bench.detector_harms import HARMS
from maskwright.bench.detector_protocols import PIXELS, WHOLE, names_of
from maskwright.bench.detector_result import MEAN, DetectorBench, Fault, Harmed, SetFacts, Standing
from maskwright.bench.tables import Table, figure, interval
from maskwright.pages.words import counted

LABELS = {"nothing": "nothing marked", "everything": "everything marked"}
"""What baselines are called for people."""
FAULTS = 20
"""Listed on a terminal; JSON has all."""


def detector_tables(result: DetectorBench) -> Iterator[Table]:
    """Everything a person wants to see of a run, in reading order."""
    yield Table("sets", "pictures, and where they went", sets_rows(result.sets))
    for protocol in result.protocols:
        for name in (*((MEAN,) if len(result.sets) > 1 else ()), *(each.name for each in result.sets)):
            yield from standings_tables(result, protocol, name)
        if result.robust:
            yield from (harm_table(result, protocol, harm) for harm in HARMS)
    if skipped := skipped_rows(result.standings):
        yield Table("skipped", "pictures that a figure leaves out", skipped)
    if result.faults:
        yield Table("faults", faults_title(result.faults), faults_rows(result.faults[:FAULTS]))


def standings_tables(result: DetectorBench, protocol: str, name: str) -> Iterator[Table]:
    """Every detector and baseline under one protocol on one set or their mean: pixels, then pictures.

    The second is left out where no set has both forged and authentic pictures to tell apart.
    """
    where = f"mean over {counted(len(result.sets), 'set')}" if name == MEAN else name
    standings = standings_of(result, protocol, name)
    for what, names in (
        ("pixels", {key: kind.name for key, kind in PIXELS[protocol].items()}),
        ("whole pictures", {key: whole.name for key, whole in WHOLE[protocol].items()}),
    ):
        there = [key for key in names if any(each.figures[key].estimate.n for each in standings)]
        if there:
            head = ("detector", *(word for key in there for word in (names[key], "")))
            lines = ((label(each), *_words(each, there)) for each in standings)
            yield Table(f"{protocol} {what} {name}", f"{protocol}, {what}: {where}", (head, *lines))


def _words(standing: Standing, keys: Sequence[str]) -> Iterator[str]:
    for key in keys:
        yield figure(standing.figures[key].estimate.mean)
        yield interval(standing.figures[key].estimate)


def harm_table(result: DetectorBench, protocol: str, harm: str) -> Table:
    """The headline figure of each detector after each step."""
    steps = harmed_of(result, protocol, harm)
    names = list(result.detectors)
    title = f"{protocol}: {names_of(protocol)['f1']} after {HARMS[harm].name}; mean over sets"
    head = (HARMS[harm].unit, *(word for name in names for word in (name, "")))
    by_step: dict[int, dict[str, Harmed]] = {}
    for each in steps:
        by_step.setdefault(each.step, {})[each.detector] = each
    lines = []
    for step, found in by_step.items():
        figures = [found[name].figures["f1"].estimate for name in names]
        lines.append((step_name(step), *(word for e in figures for word in (figure(e.mean), interval(e)))))
    return Table(f"{protocol} {harm}", title, (head, *lines))


def step_name(step: int) -> str:
    """The step in words; 0 is none."""
    return str(step) if step else "as it is"


def label(standing: Standing) -> str:
    """The name of a row for people."""
    name = LABELS.get(standing.detector, standing.detector)
    return f"{name} ({counted(standing.failed, 'picture')} failed)" if standing.failed else name


def standings_of(result: DetectorBench, protocol: str, name: str) -> list[Standing]:
    return [each for each in result.standings if (each.protocol, each.dataset) == (protocol, name)]


def harmed_of(result: DetectorBench, protocol: str, harm: str) -> list[Harmed]:
    return [each for each in result.robust if (each.protocol, each.harm) == (protocol, harm)]


def faults_title(faults: Sequence[Fault]) -> str:
    """How many there are of each reason."""
    reasons = Counter(each.reason for each in faults)
    return "not measured, or no map: " + ", ".join(f"{reason} {n:,}" for reason, n in sorted(reasons.items()))


def faults_rows(faults: Sequence[Fault]) -> tuple[tuple[str, ...], ...]:
    head = ("picture", "set", "reason", "detector", "after", "what was seen")
    return (
        head,
        *((each.id, each.dataset, each.reason, each.detector, each.after, each.detail) for each in faults),
    )


def sets_rows(sets: Sequence[SetFacts]) -> tuple[tuple[str, ...], ...]:
    """A line a set."""
    head = (
        "set",
        "split",
        "pictures",
        "forged",
        "forged, place unknown",
        "authentic",
        "not measured",
        "photographs",
    )
    lines = (
        (
            each.name,
            each.split or "all",
            *(
                f"{n:,}"
                for n in (
                    each.rows,
                    each.forged,
                    each.without_mask,
                    each.authentic,
                    each.unmeasured,
                    each.photographs,
                )
            ),
        )
        for each in sets
    )
    return (head, *lines)


def skipped_rows(standings: Sequence[Standing]) -> tuple[tuple[str, ...], ...]:
    """What a figure leaves out beyond pictures of the other class; empty where that is nothing."""
    lines = []
    for each in standings:
        names = names_of(each.protocol)
        for key in PIXELS[each.protocol]:
            for skipped in each.figures[key].skipped:
                if skipped.reason not in ("unedited_picture", "edited_picture"):
                    lines.append(
                        (
                            f"{each.protocol}: {names[key]}",
                            each.dataset,
                            label(each),
                            skipped.reason,
                            f"{skipped.pictures:,}",
                        )
                    )
    return (("figure", "set", "detector", "reason", "pictures"), *lines) if lines else ()
