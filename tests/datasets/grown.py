"""Corpora whose rows a test writes by hand, around the settings of one real run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.corpus.annotate import Options, annotate
from maskwright.corpus.parts import write_part
from maskwright.corpus.plan import ANNOTATIONS, Planned, Run, freeze_run, load_run
from maskwright.corpus.reader import open_corpus
from maskwright.pairs.picture import encode_png
from maskwright.pairs.sources import Part
from tests.corpus.made import table_of


class Grower:
    """Makes corpora of rows that are like those of one real pair, but for what is said of each.

    Args:
        place: a new folder.
        columns: of the source, beside the pictures.
    """

    def __init__(self, place: Path, columns: Sequence[str] = ("model",)) -> None:
        place.mkdir(parents=True, exist_ok=True)
        table = table_of(place, [dict.fromkeys(columns, "one")])
        annotate(table, place / "small", workers=1, options=Options(files=False))
        self.run: Run = load_run(place / "small")
        corpus = open_corpus(place / "small")
        (self.row,) = corpus.table(corpus.columns).to_pylist()

    def grow(
        self,
        out: Path,
        rows: Sequence[Mapping[str, Any]],
        *,
        in_part: int = 4,
        missing: Sequence[int] = (),
    ) -> Path:
        """A run with these rows, so many in a part; the parts in `missing` are not done yet."""
        plan = [
            Planned(Part(number, "table.csv", first, len(rows[first : first + in_part]), 0, ""))
            for number, first in enumerate(range(0, len(rows), in_part))
        ]
        (out / ANNOTATIONS).mkdir(parents=True)
        freeze_run(out, replace(self.run, plan_digest=""), plan)
        for planned in plan:
            number, first = planned.part.number, planned.part.start
            if number not in missing:
                some = rows[first : first + in_part]
                write_part(
                    out,
                    self.run,
                    number,
                    [self.row | {"id": f"row {first + place}", **row} for place, row in enumerate(some)],
                )
        return out


def stored(levels: NDArray[np.uint8]) -> dict[str, Any]:
    """A map as a part holds it."""
    return {"bytes": encode_png(levels), "path": "map.png"}
