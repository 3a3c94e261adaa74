"""The pages of `detect`: one picture with its map, and a folder of them, those that look edited first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maskwright.pages.comparison import (
    CROP_PX,
    ENLARGED_PX,
    LONGEST_PX,
    MAP_PX,
    MOST_CROPS,
    Crop,
    Side,
    around,
    crop_uri,
    facts_of,
    label_of,
)
from maskwright.pages.images import Shot, legend_uri, map_uri, outline, photo_uri, shrunk
from maskwright.pages.overlay import Region
from maskwright.pages.page import render
from maskwright.pages.plots import Histogram
from maskwright.pages.report import Count, Sheet
from maskwright.pairs.values import ChangeMap, Mask, Picture


@dataclass(frozen=True, slots=True)
class DetectionView:
    """What the page of one picture shows.

    Args:
        sentence: the finding.
        picture: (H, W, 3) uint8.
        map, mask: on the picture's grid.
        regions: of the mask, the largest first; empty where nothing was found.
        components: how many there are in all.
        side: the picture's name, file and reading.
        card: (what, in words) of the detector.
        limits: sentences on what this does not show.
        command: the line that makes this page; empty for a picture without a name.
    """

    sentence: str
    picture: Picture
    map: ChangeMap
    mask: Mask
    regions: Sequence[Region]
    components: int
    side: Side
    card: Sequence[tuple[str, str]]
    limits: Sequence[str]
    command: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A picture in a list of an overview: its id, its score, what was found or why there is no answer."""

    id: str
    score: float | None
    says: str


@dataclass(frozen=True, slots=True)
class OverviewView:
    """What the page of a folder shows.

    Args:
        source: the folder.
        sentence: all pictures in one sentence.
        tiles: numbers that matter first.
        findings, reasons: pictures by what was found, and by why there is no answer.
        scores: of the pictures that were looked at; None where none was.
        sheets: pictures to look at, worst first; their shots have no original.
        unanswered: pictures without an answer, the first of them.
        listed: pictures by score, highest first, the first of them.
        pictures: how many there are in all.
        card: (what, in words) of the detector.
        limits: sentences on what this does not show.
        table: the name of the file with all rows.
        command: the line that makes this page.
    """

    source: str
    sentence: str
    tiles: Sequence[Count]
    findings: Sequence[Count]
    reasons: Sequence[Count]
    scores: Histogram | None
    sheets: Sequence[Sheet]
    unanswered: Sequence[Listed]
    listed: Sequence[Listed]
    pictures: int
    card: Sequence[tuple[str, str]]
    limits: Sequence[str]
    table: str
    command: str


def detection_page(view: DetectionView) -> str:
    """The page of one picture as one HTML file; nothing on it depends on when it was made."""
    shot = alone(view.picture, view.mask if view.regions else None, view.map, LONGEST_PX, MAP_PX)
    return render(
        "detection",
        view=view,
        shot=shot,
        labels=[label_of(region, shot, view.mask) for region in view.regions[:MOST_CROPS]],
        crops=[_crop(view, region) for region in view.regions[:MOST_CROPS]],
        more=max(0, view.components - MOST_CROPS),
        facts=facts_of(view.side),
        legend=legend_uri(),
    )


def overview_page(view: OverviewView) -> str:
    """The page of a folder as one HTML file of at most 10 MB."""
    anchors = {card.id: card.anchor for sheet in view.sheets for card in sheet.cards}
    return render("detections", view=view, anchors=anchors, legend=legend_uri())


def alone(picture: Picture, mask: Mask | None, map: ChangeMap, longest_px: int, map_px: int) -> Shot:
    """A picture that has no original, made small enough for a page, with its map.

    Args:
        picture: (H, W, 3) uint8.
        mask: (H, W) bool, to be outlined; None for no outline.
        map: (H, W) float32 in 0..1.
        longest_px, map_px: the longer sides of picture and map are made at most so long.
    """
    small = shrunk(picture, longest_px)
    return Shot(
        original="",
        edited=photo_uri(small),
        change=map_uri(map, map_px),
        outline="" if mask is None else outline(mask, longest_px),
        width=small.shape[1],
        height=small.shape[0],
    )


def _crop(view: DetectionView, region: Region) -> Crop:
    """The region and what is around it, and the map there."""
    rows, columns = around(region, view.mask)
    picture, mask = view.picture[rows, columns], np.ascontiguousarray(view.mask[rows, columns])
    small = shrunk(picture, CROP_PX)
    shot = Shot(
        original="",
        edited=crop_uri(picture),
        change=map_uri(np.ascontiguousarray(view.map[rows, columns]), CROP_PX),
        outline=outline(mask, CROP_PX),
        width=small.shape[1],
        height=small.shape[0],
    )
    return Crop(region, shot, enlarged=max(mask.shape) < ENLARGED_PX)
