"""From selected rows to a plan: who may be passed on, who shows the same photograph, who goes where."""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from maskwright.corpus.plan import load_run
from maskwright.datasets.building.gather import Gathered, gather, levels_of, may_be_authentic, may_pass, once
from maskwright.datasets.building.licences import check_licence
from maskwright.datasets.building.options import PNG, BuildOptions, build_command, needs_original
from maskwright.datasets.building.place import check_place
from maskwright.datasets.building.plan import Asked, Numbers, lay_out
from maskwright.datasets.building.shards import Corner
from maskwright.datasets.formats import Format
from maskwright.datasets.leaks.exclude import shown_in
from maskwright.datasets.leaks.groups import photographs
from maskwright.datasets.leaks.split import split_photographs
from maskwright.datasets.selecting.selection import parts_digest
from maskwright.datasets.values import Progress, Taken
from maskwright.errors import SettingError
from maskwright.pages.words import counted

# More licences than this are counted, not named.
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Drawn:
    """A plan and what it follows from.

    Args:
        corners: where workers find the corpora, in the order that the plan numbers them.
        excluded: (source of test pictures, rows kept out because of it).
        licences: (source, its terms, what may be passed on, rows), most rows first.
        notes: what people must know about how photographs were compared.
        fractions, seed, ratio, photographs, restricted: as `values.Built` has them.
        max_pixels: the largest picture that annotate took.
    """

    plan: pa.Table
    asked: tuple[Asked, ...]
    taken: tuple[Taken, ...]
    corners: tuple[Corner, ...]
    excluded: tuple[tuple[str, int], ...]
    licences: tuple[tuple[str, str, str, int], ...]
    notes: tuple[str, ...]
    fractions: tuple[float, float, float]
    seed: int
    ratio: float
    photographs: bool
    restricted: str
    max_pixels: int


def draw_up(
    dataset: Path,
    outs: Sequence[Path],
    selection: str,
    format: Format,
    options: BuildOptions,
    progress: Progress,
) -> Drawn:
    """The plan of a dataset; nothing is written but what comparing photographs keeps in the corpora.

    Raises:
        SettingError, InputError, RunError: as `build`, before anything is written.
    """
    _refuse_unsaid(outs, selection, options)
    check_place(dataset, _read_from(outs, options))
    gathered = gather(outs, selection)
    if needs_original(format, options):
        gathered = [_on_one_grid(each) for each in gathered]
    again = lambda **changes: build_command(
        dataset,
        outs=outs,
        selection=selection,
        format=changes.pop("format", format.name),
        options=replace(options, **changes),
    )
    licences = _licences(gathered)
    gathered = _passed(gathered, format, options, licences, again)
    check_licence(options.licence, [licence for _, licence, _, _ in _licences(gathered)])
    notes: list[str] = []
    gathered, excluded = _without_excluded(gathered, options.exclude, progress, notes.append)
    gathered = once(gathered)
    if not any(each.table.num_rows for each in gathered):
        raise SettingError(
            "no row is left: all are left out, and the funnel says why: " + _funnel(gathered),
            hint="select wider, exclude less, or keep rows that --restricted leaves out",
        )
    corpora, rows = [each.corpus for each in gathered], [each.table for each in gathered]
    compared = functools.partial(progress, "photographs compared")
    same = np.concatenate(photographs(corpora, rows, progress=compared, say=notes.append))
    splits = split_photographs(same, _names(gathered, same), options.split, options.seed)
    plan, asked = lay_out(
        gathered,
        same,
        np.asarray(splits, np.int64),
        seed=options.seed,
        ratio=options.authentic,
        said=options.originals_are_photographs,
    )
    if any(each.there < each.wanted for each in asked):
        notes += _unknown_originals(gathered, options)
    return Drawn(
        plan=plan,
        asked=asked,
        taken=tuple(_taken(each) for each in gathered),
        corners=tuple(Corner(str(each.out), each.source, each.selection.threshold) for each in gathered),
        excluded=excluded,
        licences=licences,
        notes=tuple(notes),
        fractions=options.split,
        seed=options.seed,
        ratio=options.authentic,
        photographs=options.originals_are_photographs,
        restricted=options.restricted,
        max_pixels=max(each.run.max_pixels for each in gathered),
    )


def _refuse_unsaid(outs: Sequence[Path], selection: str, options: BuildOptions) -> None:
    if not outs:
        raise SettingError("a dataset is built from something", hint="give --from OUT")
    if not selection:
        raise SettingError(
            "build needs the name of a selection",
            hint=f'maskwright select {outs[0]} --where "qes > 0.5" --name good, then --selection good',
        )
    if options.sources:
        raise SettingError(
            "--source is for a dataset of masks, that is joined to its corpus",
            hint="leave it out: annotate has noted where its pictures are",
        )


def _read_from(outs: Sequence[Path], options: BuildOptions) -> list[tuple[str, str]]:
    """(what it is, where) of all that is read."""
    runs = [load_run(out) for out in outs]
    return [
        *((f"the corpus of {run.source}", str(out)) for out, run in zip(outs, runs, strict=True)),
        *(("the source", run.source) for run in runs),
        *(("the excluded source", source) for source in options.exclude),
    ]


def _on_one_grid(gathered: Gathered) -> Gathered:
    kinds = gathered.table["kind"].to_pylist()
    lies = np.array([kind != "unrelated" for kind in kinds], np.bool_)
    return gathered.keeping(lies, "its original lies on the same grid")


def _licences(gathered: Sequence[Gathered]) -> tuple[tuple[str, str, str, int], ...]:
    counts: Counter[tuple[str, str, str]] = Counter()
    for each in gathered:
        codes, levels = levels_of(each)
        for code, rows in enumerate(np.bincount(codes, minlength=len(levels))):
            licence, level = levels[code]
            if not licence and each.preset is not None:
                licence = each.preset.licence
            if rows:
                counts[each.source, licence, level] += int(rows)
    return tuple((*key, rows) for key, rows in counts.most_common())


def _passed(
    gathered: Sequence[Gathered],
    format: Format,
    options: BuildOptions,
    licences: Sequence[tuple[str, str, str, int]],
    again: Callable[..., str],
) -> list[Gathered]:
    """Without the rows that nothing allows to pass on, where the user said so; all of them where he did that.

    Raises:
        SettingError: there are such rows, and nothing was said.
    """
    needed = "pictures" if "picture" in format.roles else "masks"
    may = [may_pass(each, needed) for each in gathered]
    held_back = sum(int(np.count_nonzero(~each)) for each in may)
    if not held_back or options.restricted == "include":
        return list(gathered)
    if options.restricted == "leave-out":
        what = f"its {needed} may be passed on"
        return [each.keeping(keep, what) for each, keep in zip(gathered, may, strict=True)]
    total = sum(len(each) for each in may)
    shown = [
        f"{rows:,} of {source} ({licence or 'nothing is said'}: {level})"
        for source, licence, level, rows in licences
        if level == "nothing" or (needed == "pictures" and level == "masks")
    ]
    more = f" and {counted(len(shown) - _SHOWN, 'more licence')}" if len(shown) > _SHOWN else ""
    lines = []
    if held_back < total:
        lines.append(f"{again(restricted='leave-out')}\n  leaves them out: {total - held_back:,} rows stay")
    lines.append(f"{again(restricted='include')}\n  writes them: you answer for it")
    masks = sum(int(np.count_nonzero(may_pass(each, "masks"))) for each in gathered)
    if needed == "pictures" and masks > total - held_back:
        without = {} if masks == total else {"restricted": "leave-out"}
        lines.append(
            f"{again(format='masks', authentic=0.0, regeneration='keep', encoding=PNG, **without)}\n"
            f"  masks and keys of {masks:,} rows, without pictures"
        )
    raise SettingError(
        f"nothing allows to pass on the {needed} of {held_back:,} of {counted(total, 'row')}: "
        + ", ".join(shown[:_SHOWN])
        + more,
        hint="type one of\n" + "\n".join(lines),
    )


def _without_excluded(
    gathered: Sequence[Gathered], sources: Sequence[str], progress: Progress, say: Callable[[str], None]
) -> tuple[list[Gathered], tuple[tuple[str, int], ...]]:
    kept, excluded = list(gathered), []
    for source in sources:
        name = os.path.basename(source.rstrip("/")) or source
        tell = functools.partial(progress, f"compared with {name}")
        corpora, rows = [each.corpus for each in kept], [each.table for each in kept]
        shown = shown_in(source, corpora, rows, progress=tell, say=say)
        excluded.append((name, sum(int(np.count_nonzero(each)) for each in shown)))
        kept = [each.keeping(~there, f"not shown in {name}") for each, there in zip(kept, shown, strict=True)]
    return kept, tuple(excluded)


def _unknown_originals(gathered: Sequence[Gathered], options: BuildOptions) -> list[str]:
    """That nobody knows of some corpora whether their originals are photographs, and what says so."""
    unknown = [
        each.source
        for each in gathered
        if np.any(may_be_authentic(each, True) != may_be_authentic(each, options.originals_are_photographs))
    ]
    if not unknown:
        return []
    return [
        f"nobody knows whether originals of {', '.join(unknown)} are photographs, so none of those"
        " is taken as authentic: if you know that they are, add --originals-are-photographs"
    ]


def _names(gathered: Sequence[Gathered], same: Numbers) -> list[str]:
    """The smallest text of each photograph: source and key of its original."""
    names: dict[int, str] = {}
    texts = (f"{each.source} {key}" for each in gathered for key in each.table["original"].to_pylist())
    for number, text in zip(same.tolist(), texts, strict=True):
        names[number] = min(names.get(number, text), text)
    return [names[number] for number in sorted(names)]


def _taken(gathered: Gathered) -> Taken:
    selection = gathered.selection
    return Taken(
        out=gathered.out.name,
        digest=parts_digest(gathered.out, gathered.corpus.parts),
        source=gathered.source,
        roles=tuple(gathered.run.roles.words()),
        selection=selection.name,
        conditions=selection.conditions,
        threshold=0.5 if selection.threshold is None else selection.threshold,
        funnel=gathered.funnel,
    )


def _funnel(gathered: Sequence[Gathered]) -> str:
    return "; ".join(
        f"{each.source}: {', '.join(f'{what} {left:,}' for what, left in each.funnel)}" for each in gathered
    )
