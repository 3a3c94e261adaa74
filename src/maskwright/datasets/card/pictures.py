"""The pictures of a card: rows chosen, read from the dataset itself, drawn for a page and for README.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from maskwright.datasets.card.figures import Figures, Provenance
from maskwright.datasets.card.shelf import Row, Seen, Shelf
from maskwright.datasets.formats import Format
from maskwright.datasets.values import Built
from maskwright.pages.cards import CARD_PX, PairCard
from maskwright.pages.images import Shot, mask_uri, shot_of, shrunk, shrunk_mask
from maskwright.pages.overlay import draw_overlay
from maskwright.pages.report import Sheet
from maskwright.pages.sheet import Row as Strip
from maskwright.pages.sheet import contact_sheet
from maskwright.pages.words import figure, percent
from maskwright.pairs.values import Mask, Picture

ON_TOP, BEHIND = 6, 8
"""Pictures on the first sheet, and on the others."""
TILE_PX = 190
"""Side of a tile in README.md: words over it can still be read in the column of a hub."""
EDGE = 160
"""Grey level of the frame around a mask: it is seen on black and on white."""
QUALITY = 88
"""JPEG quality of the sheets in README.md."""


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
            "In an order by chance that is always the same, every source in turn. Beside a name: its split,"
            f" the share of it that is edited, its {score}.",
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
    shelf = Shelf(folder, [each for *_, chosen in wanted for each in chosen])
    sheets, files, fault = [], {}, ""
    for name, title, why, chosen in wanted:
        seen = [shelf.seen(each) for each in chosen]
        drawn = [each for each in seen if not each.fault]
        if drawn:
            cards = [_card(f"{name}-{place}", each, score) for place, each in enumerate(seen, start=1)]
            sheets.append(Sheet(name, title, why, cards))
            files[f"{name}.jpg"] = _jpeg(drawn, score)
        elif seen:
            fault = seen[0].fault
    return Shown(sheets, files, "" if sheets else _missing(figures, fault))


def _missing(figures: Figures, fault: str) -> str:
    """Why there are no sheets."""
    if fault:
        return f"No picture of it could be read: {fault}."
    return "No edited picture of it may be shown." if figures.forged else "No edited picture is in it."


def may_show(built: Built, format: Format) -> str:
    """SQL of the rows whose pictures a card may show."""
    if "picture" not in format.roles or built.restricted == "include":
        return "true"
    return "redistribute = 'pictures'"


def _card(anchor: str, seen: Seen, score: str) -> PairCard:
    row, stem = seen.row, seen.row["stem"]
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


def _facts(row: Row, score: str) -> str:
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
    rows = [Strip(f"{each.row['stem']}  {_facts(each.row, score)}", _tiles(each)) for each in seen]
    sheet = contact_sheet(rows, tile_px=TILE_PX, columns=min(len(seen), 4 if seen[0].picture is None else 2))
    settings = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    return cv2.imencode(".jpg", np.ascontiguousarray(sheet[..., ::-1]), settings)[1].tobytes()


def _tiles(seen: Seen) -> tuple[Picture, ...]:
    """At the size of a tile, so that lines are drawn as they are seen; a white mask has an edge."""
    mask = _small(seen.mask, TILE_PX)
    tiles = []
    if seen.original is not None:
        tiles.append(shrunk(seen.original, TILE_PX))
    if seen.picture is not None:
        tiles.append(draw_overlay(shrunk(seen.picture, TILE_PX), mask, ()))
    levels = np.where(mask, np.uint8(255), np.uint8(0))
    levels[[0, -1]] = levels[:, [0, -1]] = EDGE
    return (*tiles, np.repeat(levels[..., None], 3, axis=2))
