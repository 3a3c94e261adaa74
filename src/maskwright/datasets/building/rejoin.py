"""A dataset of masks and the corpora it was made of, joined again: the same splits, the same names."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from maskwright.datasets.building.built import BUILD, load_build
from maskwright.datasets.building.options import DEFAULTS, BuildOptions
from maskwright.datasets.building.place import check_place
from maskwright.datasets.building.plan import FORGED, SCHEMA, refuse_unfinished
from maskwright.datasets.building.planning import Drawn
from maskwright.datasets.building.shards import Corner
from maskwright.datasets.formats import Format
from maskwright.datasets.formats.tables import data_files
from maskwright.datasets.values import SPLITS, Taken
from maskwright.errors import InputError, RunError, SettingError
from maskwright.pairs.picture import MAX_PIXELS
from maskwright.pairs.sources import Roles, absolute, open_source
from maskwright.pairs.sources.preset import split_of

_NEEDED = ("stem", "label", "source", "id", "photograph", "licence", "redistribute")
# What a dataset of masks has settled.
_SETTLED = {
    "split": "--split",
    "seed": "--seed",
    "authentic": "--authentic",
    "originals_are_photographs": "--originals-are-photographs",
    "exclude": "--exclude",
}


def is_dataset(outs: Sequence[Path]) -> bool:
    """Whether any of these is a dataset and not what annotate wrote."""
    return any((out / BUILD).exists() for out in outs)


def join_up(
    dataset: Path, outs: Sequence[Path], selection: str, format: Format, options: BuildOptions
) -> Drawn:
    """The plan of a dataset with the pictures of another one that holds masks only.

    Raises:
        SettingError: it is not one dataset of masks, a corpus is missing, or a setting would change what
            it has settled.
        InputError: a corpus cannot be read.
        RunError: the dataset of masks is damaged, or not finished.
    """
    if len(outs) != 1:
        raise SettingError("a dataset of masks is joined alone", hint="give one --from")
    (masks,) = outs
    built = load_build(masks)
    refuse_unfinished(masks)
    if built.format != "masks":
        raise SettingError(
            f"{masks} is a dataset in the format {built.format}: its pictures are in it",
            hint="give --from what annotate wrote, or a dataset of the format masks",
        )
    if "picture" not in format.roles:
        raise SettingError(f"{masks} holds masks only already", hint="choose a --format with pictures")
    settled = [
        option for name, option in _SETTLED.items() if getattr(options, name) != getattr(DEFAULTS, name)
    ]
    settled += ["--selection"] if selection else []
    if settled:
        raise SettingError(
            f"{masks} has settled its rows and splits: {', '.join(settled)} cannot change them",
            hint="leave that out, or build from what annotate wrote",
        )
    names = [taken.source for taken in built.taken]
    if len(options.sources) != len(names):
        raise SettingError(
            f"{masks} was made of {len(names)} corpora, {', '.join(names)}: {len(options.sources)} are given",
            hint="give --source PLACE for each, in that order",
        )
    places = [("the dataset of masks", str(masks))]
    check_place(dataset, [*places, *(("the source", source) for source in options.sources)])
    corners = [
        _corner(masks, taken, source) for taken, source in zip(built.taken, options.sources, strict=True)
    ]
    rows = _rows(masks, names)
    restricted = sum(level != "pictures" for level in rows["redistribute"].to_pylist())
    if options.restricted == "leave-out" and restricted:
        rows = rows.filter(pc.equal(rows["redistribute"], "pictures"))
    if not format.authentic:
        rows = rows.filter(pc.equal(rows["label"], FORGED))
    if not rows.num_rows:
        raise SettingError(f"no row of {masks} is left", hint="leave --restricted leave-out out")
    return Drawn(
        plan=rows.select(SCHEMA.names).cast(SCHEMA),
        asked=(),
        taken=tuple(replace(taken, out=Path(os.path.realpath(masks)).name) for taken in built.taken),
        corners=tuple(corners),
        excluded=built.excluded,
        licences=_licences(rows),
        notes=(),
        fractions=built.fractions,
        seed=built.seed,
        ratio=built.authentic,
        photographs=built.photographs,
        # who has the corpus may train on it; that nothing allows passing it on stays in the rows, on the card
        restricted="include" if options.restricted == "refuse" and restricted else options.restricted,
        max_pixels=MAX_PIXELS,
    )


def roles_of(words: Sequence[str]) -> Roles:
    """What `Roles.words` gave.

    >>> roles_of(["--original", "a", "--swap"]) == Roles(original="a", swap=True)
    True
    """
    given: dict[str, str | bool] = {}
    left = list(words)
    while left:
        name = left.pop(0).removeprefix("--").replace("-", "_")
        given[name] = True if name in ("swap", "allow_remote") else left.pop(0)
    return Roles(**given)  # type: ignore[arg-type]


def _corner(masks: Path, taken: Taken, source: str) -> Corner:
    roles = roles_of(taken.roles)
    try:
        open_source(source, roles=roles)
    except InputError as fault:
        raise InputError(f"{fault}; it should be {taken.source}", hint=fault.hint) from fault
    return Corner(os.path.realpath(masks), taken.source, None, absolute(source), roles)


def _rows(masks: Path, names: Sequence[str]) -> pa.Table:
    """The rows of all its tables as rows of a plan, and their licences."""
    tables = []
    for number, file in enumerate(data_files(masks)):
        try:
            table = pq.read_table(masks / file, columns=list(_NEEDED), partitioning=None)
        except (OSError, pa.ArrowException) as fault:
            raise RunError(f"{masks / file} is damaged: {fault}", hint="fetch it anew") from fault
        places = pc.index_in(table["source"], pa.array(names))
        if places.null_count:
            raise RunError(f"{masks / file} has rows of an unknown corpus", hint="fetch it anew")
        columns = {
            "split": pa.array([split_of(file)] * table.num_rows),
            "corpus": places,
            "part": pa.array([number] * table.num_rows),
            "row": pa.array(range(table.num_rows)),
        }
        for name, column in columns.items():
            table = table.append_column(name, column)
        tables.append(table)
    if not tables:
        raise RunError(f"{masks} holds no masks", hint="fetch it anew")
    rows = pa.concat_tables(tables)
    order = pc.index_in(rows["split"], pa.array(SPLITS))
    return rows.append_column("order", order).sort_by([("order", "ascending"), ("stem", "ascending")])


def _licences(rows: pa.Table) -> tuple[tuple[str, str, str, int], ...]:
    keys = zip(*(rows[name].to_pylist() for name in ("source", "licence", "redistribute")), strict=True)
    return tuple((*key, count) for key, count in Counter(keys).most_common())
