"""Where pairs come from: a folder of pictures, or a table (CSV, TSV, JSONL, JSON, Parquet, WebDataset)."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence

from maskwright.errors import InputError
from maskwright.pairs.opening import is_remote, shown
from maskwright.pairs.sources.base import PICTURE_SUFFIXES, Chosen, Part, Reading, Roles, Source
from maskwright.pairs.sources.stores import Disk, Store

__all__ = ["Chosen", "Part", "Reading", "Roles", "Source", "open_source"]

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
        location: a path.
        roles: column names given by the user; for tables only.

    Raises:
        InputError: nothing there, no such table, no or more than one way to read it; says what was seen
            and what to type.
        SettingError: a column of `roles` is not in the table, or roles were given for a folder of pictures.
    """
    from maskwright.pairs.sources.folder import FolderSource, list_files
    from maskwright.pairs.sources.preset import preset_folder

    try:
        place = os.fsdecode(location)
        is_folder, is_file = os.path.isdir(place), os.path.isfile(place)
    except (TypeError, ValueError) as error:
        raise InputError(f"a source is a path, not {location!r}") from error
    if is_remote(place):
        raise InputError(f"{shown(place)} is remote", hint="download it first, then give its path")
    if is_folder:
        files = list_files(place)
        kinds = {os.path.splitext(file)[1].lower() for file in files}
        for endings in SHARDS:
            if kinds & endings and not kinds & PICTURE_SUFFIXES:
                shards = [file for file in files if os.path.splitext(file)[1].lower() in endings]
                return _table(place, Disk(place), shards, roles)
        return preset_folder(place, files, roles) if roles.corpus else FolderSource(place, files, roles)
    if not is_file:
        raise InputError(f"{shown(place)}: there is no such file or folder")
    folder, name = os.path.split(place)
    return _table(place, Disk(folder or "."), [name], roles)


def _table(place: str, store: Store, files: Sequence[str], roles: Roles) -> Source:
    """The source of one file, or of shards of one kind."""
    from maskwright.pairs.sources.preset import preset_table
    from maskwright.pairs.sources.table import TableSource
    from maskwright.pairs.sources.webdataset import TarReader, TarSource

    if files[0].lower().endswith((".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")):
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
    module, _, class_ = reader.partition(":")
    read = getattr(importlib.import_module(f"{__name__}.{module}"), class_)(store, files)
    table = TarSource if isinstance(read, TarReader) else TableSource
    return preset_table(place, read, roles, table) if roles.corpus else table(place, read, roles)
