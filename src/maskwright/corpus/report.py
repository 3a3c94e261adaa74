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
from maskwright.corpus.look import Looks
from maskwright.corpus.plan import load_plan, load_run
from maskwright.corpus.reader import open_corpus
from maskwright.corpus.rows import WORDS, Rows
from maskwright.errors import SettingError, unknown_name
from maskwright.masks.scores import SCORES
from maskwright.measures.metrics import estimates
from maskwright.pages.plots import Bar, Histogram
from maskwright.pages.report import Count, Group, Paired, Report
from maskwright.pages.words import counted
from maskwright.pairs.values import REASONS, VERDICTS

Places = NDArray[np.int64]

EDGES: dict[str, tuple[float, ...]] = {
    "area_frac": (0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.8, 1),
    "qes": (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1),
    "confidence": (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1),
    "contrast": (0, 5, 10, 20, 40, 80, 160, 255),
    "components": (0, 1, 2, 3, 5, 10, 30, np.inf),
    "noise_floor": (0, 0.25, 0.5, 1, 2, 4, 8, 16, 255),
    "outside_change": (0, 0.5, 1, 2, 4, 8, 16, 255),
    "tone_shift_de": (0, 0.5, 1, 2, 4, 8, 16, np.inf),
    "sharpness_ratio": (0, 0.25, 0.5, 0.75, 0.9, 1.1, 1.5, 2, np.inf),
    "residual_px": (0, 0.05, 0.1, 0.2, 0.5, 1, np.inf),
    "missed_px": (1, 4, 8, 16, 32, 64, 128),
    "region_used_frac": (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1),
    "outside_psnr": (0, 20, 25, 30, 35, 40, 50, 100),
}
"""Column -> edges of its bins: the same for every corpus, so that two reports can be laid side by side."""
MEASURES = (
    "area_frac",
    "outside_change",
    "tone_shift_de",
    "shift_px",
    "sharpness_ratio",
    "noise_floor",
    "qes",
    "region_used_frac",
    "outside_psnr",
    "outside_ssim",
)
"""What values of a column are compared on: what the edit touched, and what it touched beyond."""
GROUPS_SHOWN = 12
"""Values of a column with rows of their own; the rest is counted together."""
ALL_PAIRS_OF = 4
"""Up to so many values are all compared with one another; more, with the most common one."""
BACKGROUND_SAYS = {
    "identical": "bit-equal outside the edit",
    "resaved": "equal up to codecs and resampling",
    "regenerated": "a generator touched every pixel",
    "redrawn": "drawn anew or moved",
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
        SettingError: there is no such column; `pair_on` without `by`; or nothing is shared.
    """
    folder = Path(out)
    corpus = open_corpus(folder)
    if pair_on is not None and by is None:
        raise SettingError("--pair-on compares the values of a column", hint="name it, too: --by COLUMN")
    for name in (by, pair_on):
        if name is not None and name not in corpus.columns:
            raise unknown_name("column", name, corpus.columns)
    rows = Rows(corpus.table(_columns(by, pair_on)))
    run = load_run(folder)
    planned = sum(each.rows for each in load_plan(folder))
    looks = Looks(corpus, rows)
    sheets = looks.sheets()
    measures = [name for name in MEASURES if np.isfinite(rows.score(name)[rows.ok]).any()]
    groups = [] if by is None else _values(rows, by)
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
        sheets=sheets,
        unreachable=looks.unreachable,
        histograms=[plot for name, edges in EDGES.items() if (plot := _histogram(rows, name, edges))],
        by=by,
        pair_on=pair_on,
        measures=[(name, SCORES[name]) for name in measures],
        groups=[_group(rows, by, name, places, measures) for name, places in groups] if by else [],
        paired=_paired(rows, by, pair_on, groups, measures) if by and pair_on else [],
        behind=rows.behind,
        next=report_command(folder, by=by, pair_on=pair_on),
    )


def _columns(by: str | None, pair_on: str | None) -> list[str]:
    """What is read: what cards need, the scores that are shown, and what was asked for."""
    asked = [name for name in (by, pair_on) if name is not None]
    return list(dict.fromkeys([*WORDS, *EDGES, *MEASURES, *asked]))


def _sentence(rows: Rows, planned: int) -> str:
    """The corpus in one sentence."""
    edited, unedited = len(rows.edited), len(rows.ok) - len(rows.edited)
    rejected, failed = len(rows.where("status", "rejected")), len(rows.where("status", "failed"))
    total = len(rows.ids)
    if not total:
        return "No part is finished yet."
    said = [f"{edited:,} of {counted(total, 'pair')} {'was' if edited == 1 else 'were'} edited"]
    said += [f"in {unedited:,} nothing was found"] if unedited else []
    said += [f"{rejected:,} {'has' if rejected == 1 else 'have'} no answer"] if rejected else []
    said += [f"{failed:,} failed and may be retried"] if failed else []
    text = ", ".join(said[:-1]) + (" and " if len(said) > 1 else "") + said[-1] + "."
    return f"So far {text}" if total < planned else text


def _statuses(rows: Rows) -> list[Count]:
    """The tiles on top; what is not there has none."""
    found = [
        ("edited", "edited, with a mask", rows.edited, "status = 'ok' and area_frac > 0"),
        (
            "unedited",
            "nothing found, empty mask",
            np.setdiff1d(rows.ok, rows.edited),
            "status = 'ok' and not area_frac > 0",
        ),
        ("rejected", "no answer", rows.where("status", "rejected"), "status = 'rejected'"),
        ("failed", "failed, may be retried", rows.where("status", "failed"), "status = 'failed'"),
    ]
    return [
        Count(name, says, len(places), rows.link(says, condition, places))
        for name, says, places, condition in found
        if len(places) or name == "edited"
    ]


def _counts(rows: Rows, column: str, says: dict[str, str]) -> list[Count]:
    """How many rows have each word of a column, most common first."""
    words = Counter(word for word in rows.words(column) if word)
    return [
        Count(
            word,
            says.get(word, ""),
            number,
            rows.link(f"{column} {word}", rows.equals(column, word), rows.where(column, word)),
        )
        for word, number in words.most_common()
    ]


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
        title = f"{column} {low:g} to {high:g}"
        bars.append(Bar(low, high, len(inside), rows.link(title, " and ".join(parts), inside)))
    return Histogram(column, SCORES[column], bars)


def _values(rows: Rows, by: str) -> list[tuple[str | None, Places]]:
    """The most common values of a column and their rows; None is all others together."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(rows.words(by)):
        places.setdefault(word, []).append(place)
    ranked = sorted(places, key=lambda word: (-len(places[word]), word))
    found: list[tuple[str | None, Places]] = [
        (word, np.array(places[word], np.int64)) for word in ranked[:GROUPS_SHOWN]
    ]
    if rest := ranked[GROUPS_SHOWN:]:
        others = np.sort(np.concatenate([np.array(places[word], np.int64) for word in rest]))
        found.append((None, others))
    return found


def _group(rows: Rows, by: str, name: str | None, places: Places, measures: Sequence[str]) -> Group:
    ok, edited = np.intersect1d(places, rows.ok), np.intersect1d(places, rows.edited)
    shown = "all other values" if name is None else name or "(empty)"
    link = "" if name is None else rows.link(f"{by} {shown}", rows.equals(by, name), places)
    table = (
        np.stack([rows.score(measure)[ok] for measure in measures], axis=1)
        if measures
        else np.empty((len(ok), 0))
    )
    originals = [rows.words("original")[place] for place in ok]
    return Group(
        name=shown,
        count=len(places),
        edited=len(edited),
        unedited=len(ok) - len(edited),
        unanswered=len(places) - len(ok),
        means=estimates(table, originals),
        link=link,
    )


def _paired(
    rows: Rows,
    by: str,
    pair_on: str,
    groups: Sequence[tuple[str | None, Places]],
    measures: Sequence[str],
) -> list[Paired]:
    """Differences of means a key, over the keys that both values have.

    Raises:
        SettingError: no two values share a key.
    """
    named = [(name, places) for name, places in groups if name is not None]
    keys = rows.words(pair_on)
    means = [_means_by_key(rows, keys, np.intersect1d(places, rows.ok), measures) for _, places in named]
    firsts = range(len(named)) if len(named) <= ALL_PAIRS_OF else (0,)
    found = []
    for first in firsts:
        for second in range(first + 1, len(named)):
            shared = [key for key in means[first] if key and key in means[second]]
            if shared:
                differences = np.array([means[second][key] - means[first][key] for key in shared])
                names = [named[place][0] or "(empty)" for place in (first, second)]
                found.append(Paired(names[0], names[1], estimates(differences)))
    if not found:
        raise SettingError(
            f"no two values of {by!r} have a row with the same {pair_on!r}",
            hint="name a column that says which rows belong together: --pair-on COLUMN",
        )
    return found


def _means_by_key(
    rows: Rows, keys: Sequence[str], places: Places, measures: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    """Key -> (M,) mean of each measure over its rows; nan where a row has none."""
    table = np.stack([rows.score(measure) for measure in measures], axis=1)
    inside: dict[str, list[int]] = {}
    for place in places:
        inside.setdefault(keys[place], []).append(int(place))
    return {key: table[each].mean(axis=0) for key, each in inside.items()}
