"""The pictures of a card: rows chosen, read from the dataset itself, drawn for a page and for README.md."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq

from maskwright.datasets.card.figures import Chosen, Figures, Provenance
from maskwright.datasets.formats import Format
from maskwright.datasets.values import Built
from maskwright.errors import InputError
from maskwright.masks.pipeline import one_line
from maskwright.pages.cards import CARD_PX, PairCard
from maskwright.pages.images import Shot, mask_uri, shot_of, shrunk, shrunk_mask
from maskwright.pages.overlay import draw_overlay
from maskwright.pages.report import Sheet
from maskwright.pages.sheet import Row, contact_sheet
from maskwright.pages.words import figure, percent
from maskwright.pairs.maskfile import read_mask
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Mask, Picture, check_same_grid

ON_TOP, BEHIND = 6, 8
"""Pictures on the first sheet, and on the others."""
TILE_PX = 240
"""Side of a tile in README.md: on a screen of a hub two rows of three fill the width."""
QUALITY = 88
"""JPEG quality of the sheets in README.md."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A row with its pictures; None where the dataset has none, or where it may not be shown."""

    row: dict[str, Any]
    picture: Picture | None
    original: Picture | None
    mask: Mask
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """The sheets of a card as a page takes them, and each as a JPEG by its name."""

    sheets: Sequence[Sheet]
    files: dict[str, bytes]
    missing: str


def shown(folder: Path, built: Built, format: Format, figures: Figures, provenance: Provenance) -> Shown:
    """All sheets; pictures only of rows that may be passed on, or whose maker answers for it."""
    allowed = may_show(built, format)
    score = figures.trust
    few = min(BEHIND, figures.forged // 2) if figures.forged > ON_TOP else 0
    says = "the calibrated probability that the mask is right" if score == "confidence" else "the share of"
    says += " the change map that is certain" if score == "qes" else ""
    wanted = [
        (
            "pictures",
            "Some of it, taken by chance",
            "In an order by chance that is always the same, every source in turn.",
            provenance.by_chance(ON_TOP, allowed=allowed),
        ),
        (
            "least-sure",
            "The least sure masks",
            f"Those with the lowest {score}, {says}. The worst of the dataset is likely here.",
            provenance.lowest(score, few, allowed=allowed),
        ),
        (
            "surest",
            "The surest masks",
            f"Those with the highest {score}. If these are wrong, so is the measure.",
            provenance.lowest(score, few, highest=True, allowed=allowed),
        ),
    ]
    sheets, files = [], {}
    shelf = Shelf(folder)
    for name, title, why, chosen in wanted:
        seen = [shelf.seen(each) for each in chosen]
        if seen:
            sheets.append(
                Sheet(name, title, why, [_card(name, n, each, score) for n, each in enumerate(seen)])
            )
            files[f"{name}.jpg"] = _jpeg(seen, score)
    missing = ""
    if not sheets:
        missing = "No edited picture of it may be shown." if figures.forged else "No edited picture is in it."
    return Shown(sheets, files, missing)


def may_show(built: Built, format: Format) -> str:
    """SQL of the rows whose pictures a card may show."""
    if "picture" not in format.roles or built.restricted == "include":
        return "true"
    return "redistribute = 'pictures'"


class Shelf:
    """Files of a dataset by the places that provenance names; each is opened when it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def seen(self, chosen: Chosen) -> Seen:
        """A row and its pictures; one that cannot be read is told, not raised."""
        row = chosen.row
        paths = {each["role"]: each["path"] for each in row["files"] or ()}
        try:
            found = {
                role: read_picture(self.bytes_of(paths[role])).pixels
                for role in ("picture", "original")
                if role in paths
            }
            mask = read_mask(self.bytes_of(paths["mask"]))
            check_same_grid(mask=mask, **found)
            return Seen(row, found.get("picture"), found.get("original"), mask)
        except (InputError, OSError, KeyError, tarfile.TarError) as fault:
            return Seen(row, None, None, np.zeros((1, 1), np.bool_), one_line(str(fault)))

    def bytes_of(self, key: str) -> bytes:
        """What lies at `path`, `shard.tar#member` or `table.parquet#row:column`.

        Raises:
            InputError: the place is outside the dataset.
        """
        path, _, inside = key.partition("#")
        place = (self._folder / path).resolve()
        if not place.is_relative_to(self._folder.resolve()):
            raise InputError(f"{key} is outside of the dataset")
        if not inside:
            return place.read_bytes()
        if place.suffix == ".tar":
            with tarfile.open(place, "r:") as tar:
                member = tar.extractfile(inside)
                return b"" if member is None else member.read()
        row, _, column = inside.partition(":")
        return _cell(place, int(row), column)


def _cell(path: Path, row: int, column: str) -> bytes:
    """The bytes of a picture column in a row of a Parquet file; reads one row group of one column."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if row < rows:
                value = file.read_row_group(group, columns=[column])[column][row].as_py()
                return bytes(value["bytes"] if isinstance(value, dict) else value)
            row -= rows
    raise InputError(f"{path.name} has no row {row}")


def _card(sheet: str, place: int, seen: Seen, score: str) -> PairCard:
    row = seen.row
    anchor, stem = f"{sheet}-{place + 1}", row["stem"]
    says = row["instruction"] or row["id"] or ""
    if seen.fault:
        return PairCard(anchor, stem, _facts(row, score), says, None, seen.fault, third="mask")
    small = _small(seen.mask, CARD_PX)
    if seen.picture is None:
        shot = Shot("", "", mask_uri(small), "", small.shape[1], small.shape[0])
    else:
        original = seen.picture if seen.original is None else seen.original
        shot = shot_of(original, seen.picture, seen.mask, None, longest_px=CARD_PX)
        shot = replace(shot, change=mask_uri(small), original="" if seen.original is None else shot.original)
    return PairCard(anchor, stem, _facts(row, score), says, shot, third="mask")


def _facts(row: dict[str, Any], score: str) -> str:
    words = [row["split"], percent(row["area_frac"] or 0.0)]
    if row[score] is not None:
        words.append(f"{score} {figure(row[score], 2)}")
    return ", ".join(words)


def _small(mask: Mask, longest_px: int) -> Mask:
    scale = longest_px / max(mask.shape)
    if scale >= 1:
        return mask
    height, width = (max(1, round(side * scale)) for side in mask.shape)
    return shrunk_mask(mask, (height, width))


def _jpeg(seen: Sequence[Seen], score: str) -> bytes:
    """A contact sheet: original, the edited picture outlined, the mask."""
    rows = [Row(f"{each.row['stem']}  {_facts(each.row, score)}", _tiles(each)) for each in seen]
    sheet = contact_sheet(rows, tile_px=TILE_PX, columns=2 if seen[0].picture is not None else 4)
    settings = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    return cv2.imencode(".jpg", np.ascontiguousarray(sheet[..., ::-1]), settings)[1].tobytes()


def _tiles(seen: Seen) -> tuple[Picture, ...]:
    mask = _small(seen.mask, 2 * TILE_PX)
    tiles = []
    if seen.original is not None:
        tiles.append(shrunk(seen.original, 2 * TILE_PX))
    if seen.picture is not None:
        tiles.append(draw_overlay(shrunk(seen.picture, 2 * TILE_PX), mask, ()))
    return (*tiles, np.repeat(mask[..., None].view(np.uint8) * np.uint8(255), 3, axis=2))
