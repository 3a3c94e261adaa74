"""Where pairs come from: a folder of pictures, or a table (CSV, TSV, JSONL, JSON, Parquet, WebDataset)."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from maskwright.errors import InputError
from maskwright.pairs.fetching import WEB
from maskwright.pairs.opening import is_remote, shown
from maskwright.pairs.sources.base import PICTURE_SUFFIXES, Chosen, Part, Reading, Roles, Source, native
from maskwright.pairs.sources.known import Known
from maskwright.pairs.sources.stores import Disk, Store

if TYPE_CHECKING:
    from maskwright.pairs.sources.hub import HubId

__all__ = [
    "Chosen",
    "Known",
    "Part",
    "Reading",
    "Roles",
    "Source",
    "absolute",
    "open_source",
    "reopen_source",
]

TABLES = {
    ".csv": "delimited:CsvReader",
    ".tsv": "delimited:CsvReader",
    ".jsonl": "jsonlines:JsonReader",
    ".ndjson": "jsonlines:JsonReader",
    ".json": "jsonlines:JsonReader",
    ".parquet": "parquet:ParquetReader",
    ".pq": "parquet:ParquetReader",
    ".tar": "webdataset:TarReader",
}
"""Ending of a table's name (any case) -> the module of this package and class that reads it."""


SHARDS = ({".parquet", ".pq"}, {".tar"})
"""Endings of files that are read together, as one table, where a folder holds them and no pictures."""


def open_source(location: str | os.PathLike[str], *, roles: Roles = Roles()) -> Source:  # noqa: B008 - frozen
    """Open a folder of pictures, a table, or a folder of Parquet files or tars.

    Args:
        location: a path, the URL of a table or a folder of shards, or an id of the Hugging Face hub:
            `hf:OWNER/NAME:SPLIT`.
        roles: column names given by the user, for tables only; whether what is remote may be read.

    Raises:
        InputError: nothing there, no such table, no or more than one way to read it; says what was seen
            and what to type.
        SettingError: a column of `roles` is not in the table, or roles were given for a folder of pictures.
    """
    from maskwright.pairs.sources.folder import FolderSource, list_files
    from maskwright.pairs.sources.hub import hub_id
    from maskwright.pairs.sources.preset import preset_folder

    try:
        place = os.fsdecode(location)
        is_folder, is_file = os.path.isdir(place), os.path.isfile(place)
    except (TypeError, ValueError) as error:
        raise InputError(f"a source is a path, not {location!r}") from error
    if is_remote(place):
        if not roles.allow_remote:
            raise InputError(
                f"{shown(place)} is not on this machine",
                hint="--allow-remote reads it where it is; or download it first",
            )
        return _remote(place, roles)
    if is_folder:
        files = list_files(place)
        if shards := _shards(place, files, roles.corpus):
            return _table(place, Disk(place), shards, roles)
        return preset_folder(place, files, roles) if roles.corpus else FolderSource(place, files, roles)
    if not is_file:
        asked = hub_id(place)
        is_table = os.path.splitext(place)[1].lower() in TABLES
        if asked and (asked.sure or (roles.allow_remote and not is_table)):
            return _hub(place, asked, roles)
        raise InputError(
            f"{shown(place)}: there is no such file or folder",
            hint="a data set of the Hugging Face hub is read with --allow-remote" if asked else "",
        )
    folder, name = os.path.split(place)
    return _table(place, Disk(folder or "."), [name], roles)


def reopen_source(location: str, known: Known, files: Sequence[str], *, roles: Roles) -> Source:
    """The source that `open_source` gave, from what it `known()`; a file is opened when it is first needed.

    Args:
        location: as the source has it, absolute.
        files: those that may be needed, as the parts of its plan name them.
        roles: those it was opened with.
    """
    from maskwright.pairs.sources.remote import remote_files

    paths = [native(file) for file in files]
    store = remote_files(known.root, paths) if is_remote(known.root) else Disk(known.root)
    return _table(location, store, paths, roles, known)


def absolute(location: str) -> str:
    """A source's location as any process opens it: a path from the root; a URL, an id of the hub as it is."""
    from maskwright.pairs.sources.hub import hub_id

    asked = hub_id(location)
    elsewhere = is_remote(location) or (asked is not None and asked.sure)
    return location if elsewhere and not os.path.exists(location) else os.path.realpath(location)


def _remote(url: str, roles: Roles) -> Source:
    """A table, or a folder of shards, at a distance."""
    from maskwright.pairs.sources.remote import ending, open_remote, remote_file, remote_folder

    scheme, system, path = open_remote(url)
    store, name = remote_file(url, scheme, system, path)
    if scheme in WEB or ending(name) in TABLES or _is_packed(name):
        return _table(url, store, [name], roles)
    folder, files = remote_folder(url, system, path)
    return _table(url, folder, _shards(url, files, roles.corpus) or _no_shards(url, files), roles)


def _hub(place: str, asked: HubId, roles: Roles) -> Source:
    """A split of a data set at the hub."""
    from maskwright.pairs.sources.hub import hub_files

    if not roles.allow_remote:
        raise InputError(
            f"{place} is not on this machine",
            hint="--allow-remote reads it where it is; or download it first",
        )
    store, files = hub_files(asked)
    place = f"hf:{place.removeprefix('hf:')}"  # one that can be meant as nothing else from now on
    if len({os.path.splitext(file)[1].lower() for file in files}) > 1:
        files = _shards(place, files, roles.corpus) or _no_shards(place, files)
    return _table(place, store, files, roles)


def _shards(place: str, files: Sequence[str], corpus: str | None) -> list[str]:
    """Those that are read together as one table; none where there are pictures beside them.

    A corpus that comes as a table may have pictures beside it: those of its card.
    """
    from maskwright.pairs.sources.preset import comes_as_table

    kinds = {os.path.splitext(file)[1].lower() for file in files}
    alone = comes_as_table(corpus) or not kinds & PICTURE_SUFFIXES
    found = [endings for endings in SHARDS if kinds & endings and alone]
    if len(found) > 1:
        raise InputError(f"{shown(place)} holds Parquet files and tars", hint="name the files, or part them")
    return [file for file in files for endings in found if os.path.splitext(file)[1].lower() in endings]


def _no_shards(place: str, files: Sequence[str]) -> list[str]:
    seen = sorted({os.path.splitext(file)[1].lower() or "none" for file in files})
    raise InputError(
        f"{shown(place)} holds no Parquet files and no tars, or pictures beside them"
        f" (endings: {', '.join(map(repr, seen[:12]))})",
        hint="give one table; folders of pictures are read from this machine only",
    )


def _is_packed(file: str) -> bool:
    return file.lower().endswith((".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst"))


def _table(
    place: str, store: Store, files: Sequence[str], roles: Roles, known: Known | None = None
) -> Source:
    """The source of one file, or of shards of one kind."""
    from maskwright.pairs.sources.preset import preset_table
    from maskwright.pairs.sources.table import TableSource
    from maskwright.pairs.sources.webdataset import TarReader, TarSource

    if _is_packed(files[0]):
        raise InputError(
            f"{shown(place)} is a packed tar, of which no part can be read alone",
            hint="unpack it to a plain .tar",
        )
    reader = TABLES.get(os.path.splitext(files[0])[1].lower())
    if reader is None:
        raise InputError(
            f"{shown(place)} is not a table that is read here",
            hint=f"tables end in {', '.join(TABLES)}; for two pictures: maskwright compare ORIGINAL EDITED",
        )
    if len(files) > 1 and not any(reader == TABLES[min(endings)] for endings in SHARDS):
        raise InputError(
            f"{shown(place)} is {len(files)} tables of a kind that is read one at a time",
            hint="join them, or annotate each",
        )
    module, _, class_ = reader.partition(":")
    opening = getattr(importlib.import_module(f"{__name__}.{module}"), class_)
    read = opening(store, files) if known is None else opening(store, files, known)
    table = partial(TarSource if isinstance(read, TarReader) else TableSource, lazy=known is not None)
    return preset_table(place, read, roles, table) if roles.corpus else table(place, read, roles)
