"""What the card says in numbers: counted by DuckDB over `provenance/*.parquet`, flat in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from maskwright.corpus.conditions import MEMORY_LIMIT
from maskwright.corpus.report import EDGES
from maskwright.datasets.building.built import BUILD, LEFT_OUT, PROVENANCE
from maskwright.datasets.building.shards import ROWS
from maskwright.datasets.values import SPLITS
from maskwright.errors import RunError
from maskwright.masks.scores import SCORES
from maskwright.pages.plots import Bar, Histogram

PLOTTED = ("area_frac", "qes", "confidence")
"""Scores with a histogram on the card."""
MOST_LINES = 30
"""Of a table on the card; the rest is counted in its last line."""
TERMS = "coalesce(source, ''), coalesce(licence, ''), coalesce(redistribute, '')"
"""SQL of what rows must share to be one line of the terms."""
CANDIDATES = 400
"""Rows looked at for a sheet, so that as many different photographs as there are tiles are likely in it."""


@dataclass(frozen=True, slots=True)
class Part:
    """Pictures of a split or a source.

    Args:
        photographs: different ones, near-duplicates counted once.
    """

    name: str
    forged: int
    authentic: int
    photographs: int


@dataclass(frozen=True, slots=True)
class Terms:
    """Rows of one source under the same words; `rows` of them."""

    source: str
    licence: str
    redistribute: str
    rows: int


@dataclass(frozen=True, slots=True)
class Spread:
    """Quartiles of a score over `count` forged pictures that have it."""

    count: int
    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts over all rows of a dataset.

    Args:
        splits: those that have rows, in the order of `SPLITS`.
        sources: most pictures first.
        crossing: photographs that are in more than one split; 0 in a dataset as it should be.
        annotators: (name, digest, forged pictures), most first.
        backgrounds, verdicts: (word, forged pictures), most first.
        terms: most rows first, at most `MOST_LINES`; `texts` is how many there are in all.
        redistribute: word -> rows.
        sizes: least, median and greatest longer side, pixels.
        stored: (role, files, bytes) of what was written.
        empty_masks: forged pictures without an edited pixel.
        histograms: of `PLOTTED`, over forged pictures that have the score; none where no picture has it.
        spreads: score -> its quartiles, of those that have any.
    """

    rows: int
    splits: Sequence[Part]
    sources: Sequence[Part]
    crossing: int
    photographs: int
    annotators: Sequence[tuple[str, str, int]]
    backgrounds: Sequence[tuple[str, int]]
    verdicts: Sequence[tuple[str, int]]
    terms: Sequence[Terms]
    texts: int
    redistribute: dict[str, int]
    sizes: tuple[int, int, int]
    stored: Sequence[tuple[str, int, int]]
    empty_masks: int
    histograms: Sequence[Histogram]
    spreads: dict[str, Spread]

    @property
    def forged(self) -> int:
        return sum(each.forged for each in self.splits)

    @property
    def authentic(self) -> int:
        return sum(each.authentic for each in self.splits)

    @property
    def trust(self) -> str:
        """The score by which masks are ranked: confidence where most have one, else qes."""
        known = self.spreads.get("confidence")
        return "confidence" if known and 2 * known.count >= self.forged else "qes"


class Provenance:
    """The rows of a dataset; every question streams over the columns it names."""

    def __init__(self, folder: Path) -> None:
        paths = sorted((folder / PROVENANCE).glob("*.parquet"))
        if not paths:
            raise RunError(
                f"{folder} has {BUILD} and no rows in {PROVENANCE}/",
                hint="it is not built to the end: type the line of `maskwright build` again",
            )
        self._dataset = ds.dataset([str(path) for path in paths], format="parquet", schema=ROWS)
        self._connection = duckdb.connect(
            ":memory:", config={"threads": 1, "memory_limit": MEMORY_LIMIT, "temp_directory": ""}
        )
        self._connection.register("provenance", self._dataset)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query of ours over the table `provenance`."""
        return self._connection.execute(query).fetchall()

    def figures(self) -> Figures:
        """All counts of the card."""
        parts = {name: self._parts(name) for name in ("split", "source")}
        known = {each.name: each for each in parts["split"]}
        spreads = {name: found for name in PLOTTED if (found := self._spread(name))}
        (crossing, photographs) = self.ask(
            "select count(*) filter (first <> last), count(*) from (select min(split) as first,"
            " max(split) as last from provenance group by photograph)"
        )[0]
        (empty,) = self.ask("select count(*) from provenance where label = 'forged' and area_frac = 0")[0]
        return Figures(
            rows=sum(each.forged + each.authentic for each in parts["split"]),
            splits=[known[name] for name in SPLITS if name in known],
            sources=parts["source"],
            crossing=crossing,
            photographs=photographs,
            annotators=self.ask(
                "select coalesce(annotator, ''), coalesce(annotator_digest, ''), count(*) as n"
                " from provenance where label = 'forged' group by 1, 2 order by n desc, 1, 2"
            ),
            backgrounds=self._words("background"),
            verdicts=self._words("verdict"),
            terms=self._terms(),
            texts=self.ask(f"select count(*) from (select 1 from provenance group by {TERMS})")[0][0],
            redistribute=dict(
                self.ask("select coalesce(redistribute, ''), count(*) from provenance group by 1 order by 1")
            ),
            sizes=self._sizes(),
            stored=self.ask(
                "select file.role, count(*), sum(file.bytes)::bigint from"
                " (select unnest(files) as file from provenance) group by 1 order by 3 desc, 1"
            ),
            empty_masks=empty,
            histograms=[self._histogram(name) for name in spreads],
            spreads=spreads,
        )

    def lowest(
        self, score: str, count: int, *, highest: bool = False, allowed: str = "true"
    ) -> list[dict[str, Any]]:
        """Forged pictures with the lowest score, or the highest; of different photographs where there are.

        Args:
            allowed: SQL that rows to be shown must fulfil.
        """
        return self._chosen(
            f"label = 'forged' and {score} is not null and {allowed}",
            f"{score} {'desc' if highest else 'asc'}, stem",
            count,
        )

    def by_chance(self, count: int, *, allowed: str = "true") -> list[dict[str, Any]]:
        """Forged pictures in an order by chance that is always the same, sources in turn."""
        return self._chosen(f"label = 'forged' and {allowed}", "md5(stem), stem", count, turns=True)

    def _chosen(self, condition: str, order: str, count: int, *, turns: bool = False) -> list[dict[str, Any]]:
        found = self.ask(
            f"select stem, photograph, source from provenance where {condition}"
            f" order by {order} limit {CANDIDATES}"
        )
        first: list[tuple[Any, ...]] = []
        later: list[tuple[Any, ...]] = []
        seen = set[int]()
        for each in found:
            (later if each[1] in seen else first).append(each)
            seen.add(each[1])
        ranked = first + later
        if turns:
            ranked = _in_turn(ranked)
        stems = [stem for stem, _, _ in ranked[:count]]
        taken = self._dataset.to_table(filter=ds.field("stem").isin(stems)).to_pylist() if stems else []
        rows = {row["stem"]: row for row in taken}
        return [rows[stem] for stem in stems]

    def _parts(self, column: str) -> list[Part]:
        return [
            Part(*each)
            for each in self.ask(
                f"select coalesce({column}, ''), count(*) filter (label = 'forged'),"
                " count(*) filter (label <> 'forged'), count(distinct photograph)"
                " from provenance group by 1 order by count(*) desc, 1"
            )
        ]

    def _terms(self) -> list[Terms]:
        """Of rows with a text of their own each there may be as many as rows."""
        found = self.ask(
            f"select {TERMS}, count(*) as n from provenance group by {TERMS}"
            f" order by n desc, {TERMS} limit {MOST_LINES}"
        )
        return [Terms(*each) for each in found]

    def _words(self, column: str) -> list[tuple[str, int]]:
        return [
            (word, number)
            for word, number in self.ask(
                f"select {column}, count(*) as n from provenance where label = 'forged'"
                f" and coalesce({column}, '') <> '' group by 1 order by n desc, 1"
            )
        ]

    def _sizes(self) -> tuple[int, int, int]:
        side = "greatest(width, height)"
        (found,) = self.ask(f"select min({side}), median({side})::int, max({side}) from provenance")
        least, median, most = (int(value or 0) for value in found)
        return least, median, most

    def _spread(self, score: str) -> Spread | None:
        (found,) = self.ask(
            f"select count({score}), quantile_cont({score}, 0.25), median({score}),"
            f" quantile_cont({score}, 0.75) from provenance where label = 'forged' and isfinite({score})"
        )
        return Spread(*found) if found[0] else None

    def _histogram(self, score: str) -> Histogram:
        """Bins as in reports: [low, high), the last with its end; what lies beyond is in the outer ones."""
        edges = EDGES[score]
        inner = ", ".join(f"({score} >= {edge})::int" for edge in edges[1:-1])
        found = dict(
            self.ask(
                f"select list_sum([{inner}])::int as bin, count(*) from provenance"
                f" where label = 'forged' and isfinite({score}) group by 1"
            )
        )
        bars = [Bar(low, high, found.get(place, 0)) for place, (low, high) in enumerate(pairwise(edges))]
        return Histogram(score, SCORES[score], bars)


def _in_turn(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """One of each source, then the second of each, and so on; order kept otherwise."""
    turn: dict[str, int] = {}
    numbered = []
    for row in rows:
        turn[row[2]] = turn.get(row[2], 0) + 1
        numbered.append((turn[row[2]], row))
    return [row for _, row in sorted(numbered, key=lambda each: each[0])]


def left_out(folder: Path) -> list[tuple[str, int]]:
    """(reason, rows) of `left_out.parquet`, most first; empty where there is none."""
    path = folder / LEFT_OUT
    if not path.is_file():
        return []
    counts = Counter(pq.read_table(path, columns=["reason"])["reason"].to_pylist())
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))
