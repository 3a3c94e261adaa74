"""Where the files of a repaired dataset go: under the names they had, but for what was wrong with those."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maskwright.datasets.building.options import check_command
from maskwright.datasets.formats.columns import json_line
from maskwright.datasets.formats.files import write_whole
from maskwright.datasets.formats.imagefolder import KEYS, METADATA
from maskwright.datasets.formats.imdlbenco import MASKS, NEGATIVE
from maskwright.datasets.values import Record
from maskwright.errors import SettingError
from maskwright.pairs.opening import MAGIC
from maskwright.pairs.sources.base import native
from maskwright.pairs.values import Located, RuledMask

REPAIRABLE = ("imdlbenco", "change-detection", "imagefolder", "pairs")
"""Layouts that are folders of files, which can be written again file by file."""

SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "TIFF": ".tif", "BMP": ".bmp", "GIF": ".gif"}
"""Format by the first bytes -> suffix; a file of another format keeps the suffix it has."""


@dataclass(slots=True)
class Places:
    """The files of a repaired dataset, and what is written once they are all there.

    Args:
        folder: the new dataset.
        layout: one of `REPAIRABLE`.
        lines: what its lists name, by split, kept for `finish`.
    """

    folder: Path
    layout: str
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def write(self, record: Record, files: Mapping[str, bytes]) -> dict[str, str]:
        """Write a record's files; gives role -> path in the new dataset.

        Args:
            files: role -> bytes, for the roles picture, original, mask, ignore that it has.
        """
        paths = {role: self._path(record, role, data) for role, data in files.items()}
        for role, data in files.items():
            write_whole(self.folder / native(paths[role]), data)
        if self.layout == "imdlbenco":
            self.lines[record.split].append(paths)
        elif self.layout == "imagefolder":
            row = {name: value for name, value in record.row.items() if name not in ("split", "stem")}
            self.lines[record.split].append({"files": paths, "row": row})
        return paths

    def finish(self) -> None:
        """Write the lists that belong to the layout."""
        for split, lines in self.lines.items():
            if self.layout == "imdlbenco" and split:
                pairs = [[line["picture"], line.get("mask", NEGATIVE)] for line in lines]
                write_whole(self.folder / f"{split}.json", (json.dumps(pairs, indent=0) + "\n").encode())
            elif self.layout == "imagefolder":
                roles = [role for role in KEYS if any(role in line["files"] for line in lines)]
                text = "".join(json_line(_described(line, roles, split)) + "\n" for line in lines)
                write_whole(self.folder / split / METADATA, text.encode())

    def _path(self, record: Record, role: str, data: bytes) -> str:
        key = key_of(record, role)
        if role == "mask" and self.layout == "imdlbenco":
            # the very stem of its picture, whatever the mask was called
            stem = os.path.splitext(key_of(record, "picture").rpartition("/")[2])[0]
            key = f"{record.split}/{MASKS}/{stem}.png".lstrip("/")
        stem, suffix = os.path.splitext(key)
        return stem + suffix_of(data, suffix)


def key_of(record: Record, role: str) -> str:
    """The path a record's file has in its dataset; empty where it has none."""
    stored = getattr(record, role)
    stored = stored.picture if isinstance(stored, RuledMask) else stored
    return stored.key if isinstance(stored, Located) else ""


def suffix_of(data: bytes, suffix: str) -> str:
    """The suffix a file's name must have for what is in it; the one it has where that is as good."""
    format_ = next((name for pattern, name in MAGIC if pattern.match(data[:64])), "")
    known = {".jpg": ".jpg", ".jpeg": ".jpg", ".jpe": ".jpg", ".jfif": ".jpg", ".tiff": ".tif"}
    wanted = SUFFIXES.get(format_, suffix)
    return suffix if known.get(suffix.lower(), suffix.lower()) == wanted else wanted


def check_repairable(location: Path, layout: str) -> None:
    """Refuse what is not a folder of files.

    Raises:
        SettingError: it is in shards, in a table, or read by the rules of a published set.
    """
    if layout in REPAIRABLE and location.is_dir():
        return
    what = {"labelled": "a published set is read by its own rules", "pairs": "a table names its files"}
    raise SettingError(
        f"--fix writes folders of files: {what.get(layout, 'the pictures of this dataset lie in shards')}",
        hint=f"build it anew without the rows: {check_command(location, '--json')} lists them",
    )


def files_in(folder: Path) -> Iterator[str]:
    """All files below a folder, relative to it, sorted within each folder."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield os.path.relpath(os.path.join(place, name), folder)


def _described(line: Mapping[str, Any], roles: list[str], split: str) -> dict[str, Any]:
    """A line of metadata.jsonl; an authentic picture is its own original."""
    paths = {role: path.removeprefix(f"{split}/" if split else "") for role, path in line["files"].items()}
    if "original" in roles:
        paths.setdefault("original", paths["picture"])
    return {KEYS[role]: paths[role] for role in KEYS if role in roles and role in paths} | dict(line["row"])
