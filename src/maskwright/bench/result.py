"""What a run of the bench gives: frozen figures, and the same as JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from maskwright.bench.nulls import FalseMarks
from maskwright.measures.calibration import Bin
from maskwright.measures.metrics import Estimate

VERSION = 2
"""Of the object `to_json` gives; grows when a key changes its meaning or goes."""


@dataclass(frozen=True, slots=True)
class Method:
    """One annotator or baseline on some pairs.

    Args:
        kind: annotator; baseline (one threshold, the best over the whole table); or oracle (the best
            threshold of every picture).
        threshold: of a baseline, grey levels; None where it has none.
        visible_f1: F1 with truth that nobody can see left out.
        better_than: of an annotator: its F1 minus each baseline's, paired; of the first one also minus
            every other annotator's.
    """

    name: str
    kind: str
    threshold: int | None
    f1: Estimate
    iou: Estimate
    visible_f1: Estimate
    better_than: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Slice:
    """The rows of one value of a column; baselines keep the threshold of the whole table."""

    column: str
    value: str
    n: int
    methods: tuple[Method, ...]


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often an annotator called a background, or a group, what the table calls it.

    Args:
        counts: (of the table, of the annotator) -> pairs; an annotator that does not say says "".
    """

    annotator: str
    counts: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether a score tells good masks from bad ones.

    Args:
        spearman: rank correlation with IoU over the pairs that have the score; nan where it is constant.
        kept_iou: (share kept, mean IoU of the pairs with the highest scores), pairs without the score last;
            the intervals draw originals anew and then choose those pairs anew.
    """

    annotator: str
    score: str
    n: int
    spearman: Estimate
    kept_iou: tuple[tuple[float, Estimate], ...]


@dataclass(frozen=True, slots=True)
class Ignored:
    """Whether the pixels of which an annotator says that nobody can say are those it is wrong on.

    Args:
        share: of the picture that it ignores.
        spared_f1: its F1 with those pixels left out; no other figure leaves them out.
        gain: that minus its F1.
    """

    annotator: str
    share: Estimate
    spared_f1: Estimate
    gain: Estimate


@dataclass(frozen=True, slots=True)
class Calibrated:
    """Whether the values of an annotator's change maps are probabilities.

    Args:
        error: expected calibration error; nan where no pixel is in doubt or near a border.
        brier: Brier score of the same pixels.
        pixels: how many those are, of all pairs together.
        bins: by value.
    """

    annotator: str
    error: float
    brier: float
    pixels: int
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Harmed:
    """The same pairs once more, after something was done to the edited side; baselines tuned anew.

    Args:
        after: what, in words.
    """

    after: str
    methods: tuple[Method, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One pair: its figures by annotator and baseline.

    Args:
        key: the table's own `id`.
        values: of the columns of `by`, in their order.
    """

    id: str
    key: str
    values: tuple[str, ...]
    status: Mapping[str, str]
    verdict: Mapping[str, str]
    background: Mapping[str, str | None]
    f1: Mapping[str, float]
    iou: Mapping[str, float]
    visible_f1: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class BenchResult:
    """All figures of one run of `bench_annotators`.

    Args:
        n: pairs measured; `originals` of them are different photographs.
        unmeasured: (id, reason, detail) of rows without readable pair or truth, and of photographs.
        methods: annotators first, then baselines, then the oracle.
        by: the columns of `slices`, which come in the same order; empty where none was asked for.
        ignored: a row for each annotator that ignores anything.
        unedited, roundtrip: the photographs and the autoencoder that were given; None where none were.
        false_marks: empty without photographs.
        robust: the same methods after harm to the edited side; empty where none was asked for.
    """

    table: str
    where: str | None
    n: int
    originals: int
    unmeasured: tuple[tuple[str, str, str], ...]
    methods: tuple[Method, ...]
    by: tuple[str, ...]
    slices: tuple[Slice, ...]
    confusions: tuple[Confusion, ...]
    trust: tuple[Trust, ...]
    ignored: tuple[Ignored, ...]
    calibration: tuple[Calibrated, ...]
    unedited: str | None
    false_marks: tuple[FalseMarks, ...]
    roundtrip: str | None
    robust: tuple[Harmed, ...]
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain dicts, lists, numbers and texts, with `version`; what is not a number is None."""
        found = dataclasses.asdict(dataclasses.replace(self, confusions=()))
        found["confusions"] = [
            {
                "annotator": confusion.annotator,
                "counts": [
                    {"table": table, "annotator": found, "n": n}
                    for (table, found), n in confusion.counts.items()
                ],
            }
            for confusion in self.confusions
        ]
        return {"version": VERSION, **plain(found)}


def plain(content: Any) -> Any:
    """Plain dicts, lists, numbers and texts; what is not a number is None."""
    if isinstance(content, Mapping):
        return {key: plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [plain(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
