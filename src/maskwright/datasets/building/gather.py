"""The rows that were selected, with the columns a dataset is planned by, and why some are left out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from maskwright.corpus.parts import read_part
from maskwright.corpus.plan import Run, load_run
from maskwright.corpus.reader import Corpus, open_corpus
from maskwright.datasets.building.licences import allowed, is_enough
from maskwright.datasets.selecting.selection import Selection, load_selection
from maskwright.errors import SettingError
from maskwright.pairs.presets import PRESETS
from maskwright.pairs.presets.preset import Preset

Keep = NDArray[np.bool_]

_LOOKS = ("original_phash", "descriptor", "edited_descriptor", "width", "height", "area_frac", "qes")
_NEEDED = ("id", "original", "edited", "kind", *_LOOKS)
# What a preset adds; the same names in a corpus without one are the user's own and mean nothing here.
_OF_PRESETS = ("original_is_authentic",)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Rows of one corpus that may become pictures of a dataset.

    Args:
        out: what annotate wrote, absolute.
        source: as in `values.ROW`.
        preset: of a published corpus.
        table: a row each, in the plan's order: part, row, what `_NEEDED` names, licence (empty where
            nothing is said), and of presets key and original_is_authentic.
        funnel: (what, rows left after it), the selection's own first.
    """

    out: Path
    source: str
    run: Run
    corpus: Corpus
    selection: Selection
    preset: Preset | None
    table: pa.Table
    funnel: tuple[tuple[str, int], ...]

    def keeping(self, keep: Keep, what: str) -> Gathered:
        """Only these rows, and a line in the funnel that says why."""
        table = self.table.filter(pa.array(keep))
        return replace(self, table=table, funnel=(*self.funnel, (what, table.num_rows)))


def gather(outs: Sequence[Path], selection: str) -> list[Gathered]:
    """The rows of a selection in every corpus, but for those whose mask is empty.

    Raises:
        RunError: a folder is no output of annotate, or its parts are damaged.
        SettingError: a folder has no such selection, none holds a row of it, or one is given twice.
    """
    folders = [Path(os.path.realpath(out)) for out in outs]
    twice = next((out for out, folder in zip(outs, folders, strict=True) if folders.count(folder) > 1), None)
    if twice is not None:
        raise SettingError(f"{twice} is given more than once", hint="give each --from once")
    runs = [load_run(folder) for folder in folders]
    sources = [run.roles.corpus or run.source for run in runs]
    found = [
        _gathered(out, folder, run, source, load_selection(out, selection))
        for out, folder, run, source in zip(outs, folders, runs, told_apart(sources), strict=True)
    ]
    if not any(each.table.num_rows for each in found):
        raise SettingError(
            f"the selection {selection!r} leaves no row with anything edited in {_listed(outs)}",
            hint="select with wider conditions: maskwright select OUT --where CONDITION --name NAME",
        )
    return found


def told_apart(locations: Sequence[str]) -> list[str]:
    """The shortest ends of paths that tell them apart; never where they lie on this machine.

    >>> told_apart(["/data/a/pairs.csv", "/data/b/pairs.csv", "/photos"])
    ['a/pairs.csv', 'b/pairs.csv', 'photos']
    """
    plain = [location.rstrip("/") for location in locations]
    named = []
    for location in plain:
        far = "://" in location or location.startswith("hf:")
        words = [location] if far else location.lstrip("/").split("/")
        ends = ["/".join(words[-length:]) for length in range(1, len(words) + 1)]
        others = [f"/{other}" for other in plain if other != location]
        named.append(
            next((end for end in ends if not any(other.endswith(f"/{end}") for other in others)), ends[-1])
        )
    return named


def licence_column(run: Run) -> str | None:
    """The column in which a corpus's source says the terms of a row; None where it does not."""
    return next(
        (ours for theirs, ours in run.frozen.carried.items() if theirs in ("licence", "license")), None
    )


def once(gathered: Sequence[Gathered]) -> list[Gathered]:
    """Without pairs that are there already, in whichever corpus: the first of them stays.

    The same pair is one whose original and edited picture look the same in every bit, with a mask of the
    same size and score; a small edit alone need not change how a picture looks. Published corpora overlap.
    Corpora of version 0.4 do not know how edited pictures look: there it is the same file that counts.
    """
    seen: set[bytes] = set()
    kept = []
    for each in gathered:
        there = set(each.table.column_names)
        names = [name if name in there else "edited" for name in _LOOKS]
        rows = zip(*(each.table[name].to_pylist() for name in names), strict=True)
        keys = [hashlib.blake2b(repr(row).encode(), digest_size=16).digest() for row in rows]
        keep = []
        for key in keys:
            keep.append(key not in seen)
            seen.add(key)
        kept.append(each.keeping(np.array(keep, np.bool_), "not the same pair as another row"))
    return kept


def levels_of(gathered: Gathered) -> tuple[NDArray[np.int64], list[tuple[str, str]]]:
    """For every row its place in a list of (licence, what may be passed on, a key of `REDISTRIBUTE`)."""
    codes = pc.dictionary_encode(gathered.table["licence"]).combine_chunks()
    licences: list[str] = codes.dictionary.to_pylist()
    return codes.indices.to_numpy(), [(each, allowed(gathered.preset, each)) for each in licences]


def may_pass(gathered: Gathered, needed: str) -> Keep:
    """Which rows may be passed on in a dataset that stores what `needed` says; a key of `REDISTRIBUTE`."""
    codes, levels = levels_of(gathered)
    return np.array([is_enough(level, needed) for _, level in levels], np.bool_)[codes]


def may_be_authentic(gathered: Gathered, said: bool) -> Keep:
    """Which rows' originals are photographs nobody edited.

    Args:
        said: the user says so of corpora where nobody knows.
    """
    rows = gathered.table.num_rows
    if "original_is_authentic" not in gathered.table.column_names:
        return np.full(rows, said, np.bool_)
    known = gathered.table["original_is_authentic"]
    return np.asarray(pc.fill_null(known, said).to_numpy(), np.bool_)


def _gathered(out: Path, folder: Path, run: Run, source: str, selection: Selection) -> Gathered:
    preset = PRESETS.get(run.roles.corpus) if run.roles.corpus is not None else None
    licence = licence_column(run)
    names = [*_NEEDED, *(["key"] if "key" in run.frozen.arrow.names else [])]
    names += [name for name in _OF_PRESETS if preset is not None and name in run.frozen.arrow.names]
    names += [licence] if licence is not None else []
    table = _joined(folder, selection.table(), names)
    said = pa.array([""] * table.num_rows) if licence is None else pc.cast(table[licence], pa.string())
    table = table.drop_columns([licence] if licence is not None else []).append_column(
        "licence", pc.fill_null(said, "")
    )
    found = Gathered(
        out=folder,
        source=source,
        run=run,
        corpus=open_corpus(folder),
        selection=selection,
        preset=preset,
        table=table,
        funnel=selection.funnel,
    )
    edited = pc.fill_null(pc.greater(table["area_frac"], 0), False)
    return found.keeping(edited.to_numpy(), "something is edited")


def _joined(folder: Path, selected: pa.Table, names: Sequence[str]) -> pa.Table:
    """The selection's rows with these columns of the corpus; what the selection derived anew wins."""
    parts = np.asarray(selected["part"].to_numpy())
    cuts = np.flatnonzero(np.diff(parts, prepend=-1)) if len(parts) else np.array([], np.int64)
    derived = [name for name in ("area_frac",) if name in selected.column_names]
    wanted = [name for name in dict.fromkeys(names) if name not in derived]
    tables = []
    for first, last in zip(cuts, [*cuts[1:], len(parts)], strict=True):
        rows = selected.slice(int(first), int(last - first))
        there = read_part(folder, int(parts[first]), wanted).take(rows["row"])
        tables.append(there.append_column("part", rows["part"]).append_column("row", rows["row"]))
        for name in derived:
            tables[-1] = tables[-1].append_column(name, rows[name])
    if tables:
        return pa.concat_tables(tables)
    empty = load_run(folder).frozen.arrow.empty_table().select(wanted)
    for name in ("part", "row", *derived):
        empty = empty.append_column(name, selected[name])
    return empty


def _listed(outs: Iterable[Path]) -> str:
    return ", ".join(str(out) for out in outs)
