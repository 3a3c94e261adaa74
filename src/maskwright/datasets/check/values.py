"""What `check` gives: the defects of a dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from maskwright.datasets.check.kinds import KINDS

SHOWN_IDS = 4


@dataclass(frozen=True, slots=True)
class Defect:
    """A row, or a file, with something wrong.

    Args:
        id: the record's, or a file's path in the dataset.
        split: empty where there is none.
        kind: a key of `kinds.KINDS`.
        detail: what was seen, in short words with numbers.
        cure: what mends it, as --fix takes it; empty where that follows from the kind, or nothing does.
    """

    id: str
    split: str
    kind: str
    detail: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A kind of defect as it was found.

    Args:
        of: rows that could show it.
        ids: a few rows that do.
    """

    kind: str
    count: int
    of: int
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """What a repaired copy holds.

    Args:
        folder: where it is.
        copied: rows taken over as they are.
        repaired, left_out: kind of defect -> rows; of a row with several, every one counts.
        not_copied: files of the old place that belong to no row that was taken over.
    """

    folder: str
    copied: int
    repaired: Mapping[str, int]
    left_out: Mapping[str, int]
    not_copied: int


@dataclass(frozen=True, slots=True)
class Checked:
    """The defects of a dataset.

    Args:
        dataset: as it was given.
        layout: how it is laid out: a name of `formats.FORMATS`, `labelled` or `pairs`.
        says: the same for people.
        rows: records; `splits` and `labels` of them.
        forged, originals: forged records, and those that could be set against their original.
        defects: in the order of the rows, those of folders first.
        not_looked: what was not looked at and why, a sentence each.
        fixed: the repaired copy, where one was asked for.
    """

    dataset: str
    layout: str
    says: str
    rows: int
    splits: Mapping[str, int]
    labels: Mapping[str, int]
    forged: int
    originals: int
    defects: tuple[Defect, ...]
    not_looked: tuple[str, ...]
    fixed: Fixed | None = None

    @property
    def mistakes(self) -> tuple[Defect, ...]:
        """The defects that are certain."""
        return tuple(defect for defect in self.defects if KINDS[defect.kind].certain)

    @property
    def suspicions(self) -> tuple[Defect, ...]:
        """The defects that are not."""
        return tuple(defect for defect in self.defects if not KINDS[defect.kind].certain)

    def found(self) -> list[Found]:
        """The kinds that were found, in the order of `KINDS`."""
        counts = Counter(defect.kind for defect in self.defects)
        of = {"files and masks": self.rows, "all rows": self.rows, "originals": self.originals}
        return [
            Found(
                name,
                counts[name],
                max(counts[name], of[kind.seen_from]),
                tuple(defect.id for defect in self.defects if defect.kind == name)[:SHOWN_IDS],
            )
            for name, kind in KINDS.items()
            if counts[name]
        ]

    def as_dict(self) -> dict[str, Any]:
        """All of it under the names above, counts first."""
        counts = {each.kind: each.count for each in self.found()}
        return {
            "mistakes": len(self.mistakes),
            "suspicions": len(self.suspicions),
            "counts": counts,
            **asdict(self),
        }
