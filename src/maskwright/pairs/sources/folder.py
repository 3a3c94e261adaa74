"""A folder of pictures as a source."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import pyarrow as pa

from maskwright.errors import InputError, SettingError
from maskwright.pairs.opening import shown
from maskwright.pairs.sources.base import (
    PICTURE_SUFFIXES,
    TABLE_SUFFIXES,
    Chosen,
    Part,
    Reading,
    Roles,
    check_etag,
    listing_etag,
    native,
    portable,
    ranges,
    rows_per_part,
)
from maskwright.pairs.sources.layouts import Layout, arrange
from maskwright.pairs.values import Located, Pair, Rejection


class FolderSource:
    """Pairs found by how files and folders are named (`layouts`).

    The id of a pair is the key of its edited picture, that of a rejection the key of its file: the path
    relative to the folder. Every picture file that `list_files` gives is in a pair or is a rejection.
    """

    def __init__(
        self, location: str, files: Sequence[str], roles: Roles, layout: Layout | None = None
    ) -> None:
        """`files` as `list_files` gives them; `layout` if it is known what they are."""
        self.location = location
        if roles.original or roles.edited or roles.mask or roles.region or roles.instruction:
            raise SettingError(f"{shown(location)} is a folder of pictures and has no columns to choose")
        keys = [portable(file) for file in files if os.path.splitext(file)[1].lower() in PICTURE_SUFFIXES]
        tables = [file for file in files if file.lower().endswith(TABLE_SUFFIXES)]
        layout = layout or arrange(keys, shown(location), tables)
        self._rows: list[tuple[str, tuple[str, str, str | None] | tuple[str, str]]] = sorted(
            [
                *((edited, (original, edited, mask)) for original, edited, mask in layout.pairs),
                *layout.left.items(),
            ],
            key=lambda row: row[0],
        )
        self._swap = roles.swap
        self._layout = layout
        self._state = {key: state_of(self._path(key)) for key in keys}
        self._etag = listing_etag((key, *self._state[key]) for key in keys)

    def schema(self) -> pa.Schema:
        return pa.schema([])

    def reading(self) -> Reading:
        """`Chosen.place` is the first file that has the role, in the order of ids."""
        pairs = sorted(self._layout.pairs, key=lambda pair: pair[1])
        masks = [mask for _, _, mask in pairs if mask]
        regions = [self._layout.regions[edited] for _, edited, _ in pairs if edited in self._layout.regions]
        places = {"original": pairs[0][0], "edited": pairs[0][1]}
        places |= {"mask": masks[0] if masks else "", "region": regions[0] if regions else ""}
        whys = dict(self._layout.why)
        if self._swap:
            for table in (places, whys):
                table["original"], table["edited"] = table["edited"], table["original"]
        return Reading(
            kind="a folder of pictures",
            layout=self._layout.example,
            chosen=tuple(Chosen(role, place, whys[role]) for role, place in places.items() if place),
            swapped=self._swap,
        )

    def rows(self) -> int:
        return len(self._rows)

    def plan(self) -> list[Part]:
        cuts = ranges(len(self._rows), rows_per_part(len(self._rows)))
        return [Part(i, "", first, n, self._size(first, n), self._etag) for i, (first, n) in enumerate(cuts)]

    def read(self, part: Part) -> Iterator[Pair | Rejection]:
        check_etag(shown(self.location), part, self._etag)
        for id_, row in self._rows[part.start : part.start + part.rows]:
            if len(row) == 2:
                yield Rejection(id_, *row)
                continue
            original, edited, mask = row
            region = self._layout.regions.get(edited)
            if self._swap:
                original, edited = edited, original
            yield Pair(
                id_,
                self.picture(original),
                self.picture(edited),
                region=None if region is None else self.picture(region),
                mask=None if mask is None else self.picture(mask),
            )
        # a picture that is gone may come back with its disk; that is no answer to the pair
        now = {file: state_of(self._path(file)) for file in self._files(part.start, part.rows)}
        if any(state != self._state[file] for file, state in now.items()):
            check_etag(shown(self.location), part, None)

    def picture(self, key: str) -> Located:
        return Located(self._path(key), key)

    def holds(self, part: Part) -> bool:
        return part.etag == self._etag

    def known(self) -> None:
        """Which file goes with which is only seen in all of their names."""

    def _path(self, key: str) -> str:
        return os.path.join(self.location, native(key))

    def _size(self, start: int, rows: int) -> int:
        return sum(self._state[file][0] for file in self._files(start, rows))

    def _files(self, start: int, rows: int) -> set[str]:
        """The files of these pairs."""
        pairs = [row for _, row in self._rows[start : start + rows] if len(row) == 3]
        regions = [self._layout.regions.get(edited) for _, edited, _ in pairs]
        return {file for row in [*pairs, regions] for file in row if file}


def list_files(folder: str) -> list[str]:
    """All files in a folder and below, relative to it, sorted.

    Left out: names beginning with a dot, what macOS leaves behind, and folders that annotate wrote.
    Links to folders are followed, each folder once.

    Raises:
        InputError: a folder may not be read.
    """
    found, seen = [], set()

    def refuse(error: OSError) -> None:
        raise InputError(f"{shown(error.filename)}: the folder cannot be read ({error.strerror})") from error

    for place, folders, names in os.walk(folder, followlinks=True, onerror=refuse):
        state = os.stat(place)
        if (state.st_dev, state.st_ino) in seen or {"plan.parquet", "run.json"} <= set(names):
            folders.clear()
            continue
        seen.add((state.st_dev, state.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__MACOSX")
        inside = os.path.relpath(place, folder)
        found += [name if inside == "." else os.path.join(inside, name) for name in names if name[:1] != "."]
    return sorted(found)


def state_of(path: str) -> tuple[int, int]:
    """(bytes, time of change in ns); zeros for a link that leads nowhere."""
    try:
        state = os.stat(path)
    except OSError:
        return 0, 0
    return state.st_size, state.st_mtime_ns
