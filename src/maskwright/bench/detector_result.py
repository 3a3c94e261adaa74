"""What a run of `bench detectors` gives: frozen figures, and the same as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from maskwright.bench.detector_protocols import Figured
from maskwright.bench.result import plain

VERSION = 1
"""Of the object `to_json` gives; grows when a key changes its meaning or goes."""
MEAN = ""
"""In the place of a set's name: the mean over sets, each of the same weight."""


@dataclass(frozen=True, slots=True)
class SetFacts:
    """One dataset of a run, and where its rows went: the counts add up to `rows`.

    Args:
        layout: how it was read, in words.
        split: the rows that were measured; empty: all.
        rows: pictures that were to be measured.
        forged: measured, and known where they were edited.
        without_mask: forged, and nobody knows where: only in figures of whole pictures.
        authentic: measured.
        unmeasured: rows with a reason instead of figures.
        photographs: different ones among those measured.
    """

    name: str
    location: str
    layout: str
    split: str
    rows: int
    forged: int
    without_mask: int
    authentic: int
    unmeasured: int
    photographs: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A detector or baseline under one protocol on one set.

    Args:
        dataset: name of the set, or `MEAN`.
        kind: detector or baseline.
        figures: by key of `detector_protocols.names_of`.
        failed: pictures it gave no map of; they count as pictures in which it found nothing.
    """

    protocol: str
    dataset: str
    detector: str
    kind: str
    figures: Mapping[str, Figured]
    failed: int


@dataclass(frozen=True, slots=True)
class Harmed:
    """A detector under one protocol after one step, means over sets; step 0 is the pictures as they are.

    Args:
        harm: a key of `detector_harms.HARMS`.
        figures: as of a `Standing`, but for what needs the threshold of the set.
    """

    protocol: str
    harm: str
    step: int
    detector: str
    figures: Mapping[str, Figured]


@dataclass(frozen=True, slots=True)
class Fault:
    """A picture without figures, or of which a detector gave no map.

    Args:
        detector: empty where the picture itself could not be measured.
        after: harm and step; empty for the picture as it is.
    """

    dataset: str
    id: str
    reason: str
    detail: str
    detector: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One picture: its score by detector, and the headline figure of every protocol.

    Args:
        f1: protocol -> detector -> its figure `f1`; nothing where it has none.
    """

    dataset: str
    id: str
    group: str
    label: str
    score: Mapping[str, Mapping[str, float]]
    f1: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class DetectorBench:
    """All figures of one run of `bench_detectors`.

    Args:
        data: as given.
        split: as given; None where the default was taken.
        protocols: what was asked for -> its sentence.
        grid: side of the square of `benco`, pixels.
        detectors: as given -> name, version and digest of its card.
        standings: by protocol, set (their mean last), detectors, then baselines.
        robust: empty unless asked for.
        faults: every picture that has no figures, or not of every detector.
    """

    data: tuple[str, ...]
    split: str | None
    protocols: Mapping[str, str]
    grid: int
    detectors: Mapping[str, tuple[str, str, str]]
    sets: tuple[SetFacts, ...]
    standings: tuple[Standing, ...]
    robust: tuple[Harmed, ...]
    faults: tuple[Fault, ...]
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain dicts, lists, numbers and texts, with `version`; what is not a number is None."""
        return {"version": VERSION, "bench": "detectors", **plain(dataclasses.asdict(self))}
