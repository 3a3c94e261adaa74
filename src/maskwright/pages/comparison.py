"""The page of one comparison: what was found, where, how sure, from which files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maskwright.pages.images import (
    QUALITY,
    Shot,
    exact_uri,
    legend_uri,
    map_uri,
    outline,
    photo_uri,
    shot_of,
    shrunk,
)
from maskwright.pages.overlay import Region
from maskwright.pages.page import render
from maskwright.pages.words import size
from maskwright.pairs.filefacts import FileFacts
from maskwright.pairs.values import ChangeMap, Mask, Picture

LONGEST_PX = 1400
"""Of the pictures that are wiped: a screen's width; regions are shown once more at full size."""
MAP_PX = 700
"""Longer side of the change map, and of pictures that are only looked at."""
MOST_CROPS = 12
"""Regions shown by themselves; the smaller ones are in compare.json."""
CROP_PX = 560
"""Longest side of a crop; larger ones are made smaller."""
EXACT_PIXELS = 40_000
"""Crops up to so many pixels are kept exactly; larger ones are JPEG, so that the page stays small."""
ENLARGED_PX = 200
"""Crops smaller than this are drawn with visible pixels."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two files.

    Args:
        name: what it was called; empty for a picture that has no name.
        facts: None for a picture that was not a file.
        read: what decoding did beyond the plain case, comma-separated.
    """

    name: str
    facts: FileFacts | None
    read: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The other side of a pair of which only an object is shared.

    Args:
        original: (H0, W0, 3) uint8, as read.
        donor: (H0, W0) float32 in 0..1, what was taken of it; None where nobody said.
        laid: whether the view's `original` lies as the object does.
    """

    original: Picture
    donor: ChangeMap | None
    laid: bool


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """What the page shows.

    Args:
        sentence: the finding.
        original: (H, W, 3) uint8 on the edited picture's grid; as read where nothing aligns.
        edited: (H, W, 3) uint8.
        aligned: whether the two may be laid over each other.
        laid: how the original was brought there, in a few words.
        mask, change: on the edited picture's grid.
        regions: of the mask, largest first.
        meant: (H, W) bool, where the edit was meant to be; None where nobody said.
        side_effect: (H, W) bool, the part of the mask that lies outside of what was meant; None likewise.
        sides: original and edited.
        figures: (column, what it says, value) of every score that is known.
        limits: sentences on what this does not show.
        annotator: name and digest.
        command: the line that makes this page; empty for pictures without a name.
        taken: where only an object is shared: then the pictures stand side by side; None else.
    """

    sentence: str
    original: Picture
    edited: Picture
    aligned: bool
    laid: str
    mask: Mask
    change: ChangeMap
    regions: Sequence[Region]
    meant: Mask | None
    side_effect: Mask | None
    sides: tuple[Side, Side]
    figures: Sequence[tuple[str, str, float]]
    limits: Sequence[str]
    annotator: str
    command: str
    taken: Taken | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A region's number on the picture: left end of its base line and height, pixels of the page."""

    number: int
    x: float
    y: float
    high: float


@dataclass(frozen=True, slots=True)
class Crop:
    """A region with some of what is around it, before and after."""

    region: Region
    shot: Shot
    enlarged: bool


def comparison_page(view: ComparisonView) -> str:
    """The page as one HTML file; nothing on it depends on when it was made."""
    shot, donor = None, None if view.taken is None else view.taken.donor
    if view.aligned:
        shot = shot_of(
            *(view.original if view.taken is None else view.taken.original, view.edited, view.mask, None),
            meant=view.meant,
            side_effect=view.side_effect,
            apart=view.taken is not None,
            donor=None if donor is None else donor >= np.float32(0.5),
            longest_px=LONGEST_PX,
        )
    laid = view.taken is None or view.taken.laid
    return render(
        "comparison",
        view=view,
        shot=shot,
        labels=[]
        if shot is None
        else [label_of(region, shot, view.mask) for region in view.regions[:MOST_CROPS]],
        photos=None
        if view.aligned
        else [photo_uri(shrunk(each, MAP_PX)) for each in (view.original, view.edited)],
        map=map_uri(view.change, MAP_PX) if view.change.any() else "",
        donor_map="" if donor is None or not donor.any() else map_uri(donor, MAP_PX),
        crops=[_crop(view, region) for region in view.regions[:MOST_CROPS]] if laid else [],
        more=max(0, len(view.regions) - MOST_CROPS),
        facts=_facts(view.sides),
        legend=legend_uri(),
    )


def label_of(region: Region, shot: Shot, mask: Mask) -> Label:
    """Above the region's left corner, or inside it where there is no room above."""
    scale = shot.width / mask.shape[1]
    high = max(12.0, shot.height / 26)
    y = region.y * scale - 0.3 * high
    return Label(region.number, round(region.x * scale, 1), round(max(y, 0.9 * high), 1), round(high, 1))


def around(region: Region, mask: Mask) -> tuple[slice, slice]:
    """Rows and columns of the region's box and a margin of a third of it, at least 24 pixels."""
    height, width = mask.shape
    margin = max(24, round(max(region.width, region.height) / 3))
    rows = slice(max(0, region.y - margin), min(height, region.y + region.height + margin))
    columns = slice(max(0, region.x - margin), min(width, region.x + region.width + margin))
    return rows, columns


def crop_uri(picture: Picture) -> str:
    """A crop as a page holds it: small ones exactly, large ones as JPEG."""
    exact = math.prod(picture.shape[:2]) <= EXACT_PIXELS
    small = shrunk(picture, CROP_PX)
    return exact_uri(small) if exact else photo_uri(small, quality=QUALITY + 5)


def _crop(view: ComparisonView, region: Region) -> Crop:
    """The region and what is around it, from both pictures."""
    rows, columns = around(region, view.mask)
    mask, meant, beyond = (
        "" if each is None else outline(np.ascontiguousarray(each[rows, columns]), CROP_PX)
        for each in (view.mask, view.meant, view.side_effect)
    )
    sides = view.mask[rows, columns].shape
    height, width = shrunk(view.edited[rows, columns], CROP_PX).shape[:2]
    shot = Shot(
        original=crop_uri(view.original[rows, columns]),
        edited=crop_uri(view.edited[rows, columns]),
        change="",
        outline=mask,
        width=width,
        height=height,
        meant=meant,
        side_effect=beyond,
    )
    return Crop(region, shot, enlarged=max(sides) < ENLARGED_PX)


def _facts(sides: tuple[Side, Side]) -> list[tuple[str, str, str]]:
    """(what, of the original, of the edited picture) in reading order."""
    columns = [facts_of(side) for side in sides]
    names = max(columns, key=len)
    return [(name, columns[0].get(name, "–"), columns[1].get(name, "–")) for name in names]


def facts_of(side: Side) -> dict[str, str]:
    """What a file is and says of itself, in words, in reading order."""
    facts = side.facts
    told = {"name": side.name or "a picture without a file"}
    told["read with"] = side.read.replace(",", ", ").replace("_", " ") or "nothing special"
    if facts is None:
        return told
    quality = "–"
    if facts.jpeg_quality is not None:
        quality = str(facts.jpeg_quality)
        if not facts.jpeg_tables_standard:
            quality = f"about {quality}, tables of its own"
    return told | {
        "SHA-256": facts.sha256,
        "size of the file": f"{size(facts.size_bytes)} ({facts.size_bytes:,} bytes)",
        "format": " ".join(word for word in (facts.format, facts.chroma) if word),
        "pixels, as stored": f"{facts.width} × {facts.height}",
        "JPEG quality": quality,
        "software": facts.software or "not said",
        "camera": facts.camera or "not said",
        "generator": facts.generator or "not said",
        "Content Credentials": "present, not verified" if facts.has_credentials else "none found",
        "GPS position": "present" if facts.has_gps else "none found",
    }
