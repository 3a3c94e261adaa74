"""What a corpus holds, which masks to look at first, and how values of a column compare."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maskwright.corpus.command import report_command
from maskwright.corpus.groups import NO_VALUE, group_of, paired, values_of
from maskwright.corpus.look import Looks
from maskwright.corpus.plan import load_plan, load_run
from maskwright.corpus.reader import open_corpus
from maskwright.corpus.rows import WORDS, Rows, sql_type
from maskwright.errors import SettingError, unknown_name
from maskwright.masks.scores import SCORES
from maskwright.pages.plots import Bar, Histogram
from maskwright.pages.report import Count, Relation, Report, Sheet
from maskwright.pages.words import counted, edge
from maskwright.pairs.values import GROUPS, REASONS, VERDICTS

EDGES: dict[str, tuple[float, ...]] = {
    "area_frac": (0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.8, 1),
    "qes": (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1),
    "confidence": (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1),
    "contrast": (-np.inf, 5, 10, 20, 40, 80, 160, 255),
    "components": (0, 1, 2, 3, 5, 10, 30, np.inf),
    "noise_floor": (0, 0.25, 0.5, 1, 2, 4, 8, 16, 255),
    "outside_change": (0, 0.5, 1, 2, 4, 8, 16, 255),
    "tone_shift_de": (0, 0.5, 1, 2, 4, 8, 16, np.inf),
    "sharpness_ratio": (0, 0.25, 0.5, 0.75, 0.9, 1.1, 1.5, 2, np.inf),
    "residual_px": (0, 0.05, 0.1, 0.2, 0.5, 1, np.inf),
    "missed_px": (1, 4, 8, 16, 32, 64, 128),
    "side_effect_frac": (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1),
    "instruction_match": (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1),
    "region_used_frac": (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1),
    "outside_psnr": (0, 20, 25, 30, 35, 40, 50, 100),
}
"""Column -> edges of its bins: the same for every corpus, so that two reports can be laid side by side."""
OF_REGIONS = (
    *("side_effect_frac", "instruction_match", "region_used_frac"),
    *("outside_psnr", "outside_ssim", "outside_mse"),
    *("outside_psnr_raw", "outside_ssim_raw", "outside_mse_raw"),
)
"""What is only known where somebody or something says where the edit was meant to be."""
MEASURES = (
    *OF_REGIONS,
    "area_frac",
    "outside_change",
    "tone_shift_de",
    "shift_px",
    "sharpness_ratio",
    "noise_floor",
    "qes",
)
"""What values of a column are compared on: what the edit touched, and what it touched beyond."""
BACKGROUND_SAYS = {
    "identical": "bit-equal outside the edit",
    "resaved": "equal up to codecs and resampling",
    "regenerated": "a generator touched every pixel",
    "redrawn": "drawn anew or moved",
}
GROUP_SAYS = {
    "shared-probe": "a changed copy of the same photograph",
    "shared-donor": "only an object was taken from the original",
    "unrelated": "neither",
    "": "nobody could say, or the annotator does not",
}


def report(out: str | os.PathLike[str], *, by: str | None = None, pair_on: str | None = None) -> Report:
    """Counts, score histograms and pairs to look at, from the finished parts of a run alone.

    Args:
        out: what `annotate` wrote, finished or not.
        by: a column: means of the measures for each of its values.
        pair_on: a column whose values say which rows belong together, like `original`; with `by`, its
            values are then compared on what they share, by paired differences.

    Raises:
        RunError: OUT is no output of this package, or a part is damaged.
        SettingError: there is no such column, or one whose values cannot be told apart; `pair_on` without
            `by`.
    """
    folder = Path(out)
    corpus, run = open_corpus(folder), load_run(folder)
    if pair_on is not None and by is None:
        raise SettingError("--pair-on compares the values of a column", hint="name it, too: --by COLUMN")
    for name in (by, pair_on):
        if name is not None and name not in corpus.columns:
            raise unknown_name("column", name, corpus.columns)
        if name is not None and not sql_type(kind := run.frozen.arrow.field(name).type):
            raise SettingError(
                f"column {name!r} holds {kind}; values to be told apart are text, numbers or yes and no"
            )
    # an older version wrote fewer scores
    rows = Rows(corpus.table([name for name in _columns(by, pair_on) if name in corpus.columns]))
    planned = sum(each.rows for each in load_plan(folder))
    looks = Looks(corpus, rows)
    sheets = looks.sheets()
    measures = [name for name in MEASURES if np.isfinite(rows.score(name)[rows.ok]).any()]
    table = (
        np.array([rows.score(name) for name in measures], np.float64).reshape(len(measures), len(rows.ids)).T
    )
    values = [] if by is None else values_of(rows, by)
    return Report(
        out=str(folder),
        source=run.source,
        annotator=f"{run.annotator_name}, digest {run.annotator_digest[:16]}",
        sentence=_sentence(rows, planned),
        rows=len(rows.ids),
        rows_planned=planned,
        statuses=_statuses(rows),
        verdicts=_counts(rows, "verdict", VERDICTS),
        reasons=_counts(rows, "reason", REASONS),
        backgrounds=_counts(rows, "background", BACKGROUND_SAYS),
        geometries=_counts(rows, "kind", {}),
        relations=_relations(rows, sheets) if rows.grouped else [],
        sheets=sheets,
        unreachable=looks.unreachable,
        histograms=[plot for name, edges in EDGES.items() if (plot := _histogram(rows, name, edges))],
        by=by,
        pair_on=pair_on,
        measures=[(name, SCORES[name]) for name in measures],
        groups=[group_of(rows, by, value, table) for value in values] if by else [],
        paired=paired(rows, by, pair_on, values, table) if by and pair_on else [],
        over=_over(rows),
        behind=rows.behind,
        next=report_command(folder, by=by, pair_on=pair_on),
    )


def _columns(by: str | None, pair_on: str | None) -> list[str]:
    """What is read: what cards need, the scores that are shown, and what was asked for."""
    asked = [name for name in (by, pair_on) if name is not None]
    return list(dict.fromkeys([*WORDS, *EDGES, *MEASURES, *asked]))


def _sentence(rows: Rows, planned: int) -> str:
    """The corpus in one sentence."""
    taken, edited = len(rows.taken), len(np.setdiff1d(rows.edited, rows.taken))
    unedited = len(rows.ok) - edited - taken
    rejected, failed = len(rows.where("status", "rejected")), len(rows.where("status", "failed"))
    total = len(rows.ids)
    if not total:
        return "No part is finished yet."
    said = [f"{edited:,} of {counted(total, 'pair')} {'was' if edited == 1 else 'were'} edited"]
    said += [f"{taken:,} {'shares' if taken == 1 else 'share'} only an object"] if taken else []
    said += [f"in {unedited:,} nothing was found"] if unedited else []
    said += [f"{rejected:,} {'has' if rejected == 1 else 'have'} no answer"] if rejected else []
    said += [f"{failed:,} failed and may be retried"] if failed else []
    text = ", ".join(said[:-1]) + (" and " if len(said) > 1 else "") + said[-1] + "."
    return f"So far {text}" if total < planned else text


def _over(rows: Rows) -> str:
    """What intervals are drawn over, in words."""
    if any("#" in original for original in rows.words("original")):
        return "over rows: the table holds the pictures, so no two rows are known to have one original"
    return "over originals, told apart by their files"


def _statuses(rows: Rows) -> list[Count]:
    """The tiles on top; what is not there has none."""
    copies = " and verdict <> 'object_taken'" if len(rows.taken) else ""
    found = [
        (
            "edited",
            "edited, with a mask",
            np.setdiff1d(rows.edited, rows.taken),
            f"status = 'ok' and area_frac > 0{copies}",
        ),
        ("taken", "only an object is shared", rows.taken, "verdict = 'object_taken'"),
        (
            "unedited",
            "nothing found, empty mask",
            np.setdiff1d(rows.ok, np.union1d(rows.edited, rows.taken)),
            f"status = 'ok' and not area_frac > 0{copies}",
        ),
        ("rejected", "no answer", rows.where("status", "rejected"), "status = 'rejected'"),
        ("failed", "failed, may be retried", rows.where("status", "failed"), "status = 'failed'"),
    ]
    return [
        Count(name, says, len(places), rows.link(says, condition, places))
        for name, says, places, condition in found
        if len(places) or name == "edited"
    ]


def _counts(
    rows: Rows, column: str, says: dict[str, str], within: tuple[str, NDArray[np.int64]] | None = None
) -> list[Count]:
    """How many rows have each word of a column, most common first.

    Args:
        within: a group and its rows, where only those count.
    """
    words = rows.words(column)
    places = range(len(words)) if within is None else within[1]
    found = []
    for word, number in Counter(words[place] for place in places if words[place]).most_common():
        title, condition, rows_of = f"{column} {word}", rows.equals(column, word), rows.where(column, word)
        if within is not None:
            title = f"{within[0] or NO_VALUE}, {title}"
            condition = f"{rows.equals('group', within[0])} and {condition}"
            rows_of = np.intersect1d(rows_of, within[1])
        found.append(Count(word, says.get(word, ""), number, rows.link(title, condition, rows_of)))
    return found


def _relations(rows: Rows, sheets: Sequence[Sheet]) -> list[Relation]:
    """The groups in the order of their table, then the rows of which nobody said one."""
    shown = {sheet.name for sheet in sheets}
    found = []
    for group in (*GROUPS, ""):
        places = rows.where("group", group)
        if not len(places):
            continue
        link = rows.link(f"group {group or NO_VALUE}", rows.equals("group", group), places)
        found.append(
            Relation(
                Count(group, GROUP_SAYS[group], len(places), link),
                _counts(rows, "verdict", VERDICTS, (group, places)),
                _counts(rows, "reason", REASONS, (group, places)),
                group if group in shown else "",
            )
        )
    return found


def _histogram(rows: Rows, column: str, edges: Sequence[float]) -> Histogram | None:
    """None where no row has the score."""
    values, (known, condition) = rows.score(column), rows.known(column)
    if not known.size:
        return None
    bars = []
    for place, (low, high) in enumerate(pairwise(edges)):
        first, last = place == 0, place == len(edges) - 2
        inside = known[(first | (values[known] >= low)) & (last | (values[known] < high))]
        parts = [condition]
        parts += [] if first else [f"{column} >= {low:g}"]
        parts += [] if last else [f"{column} < {high:g}"]
        title = f"{column} {edge(low)} to {edge(high)}"
        bars.append(Bar(low, high, len(inside), rows.link(title, " and ".join(parts), inside)))
    return Histogram(column, SCORES[column], bars)
