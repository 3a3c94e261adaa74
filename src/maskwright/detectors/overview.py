"""The page of a folder whose pictures were looked at alone: those that look edited first."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.detectors.findings import FINDINGS, Threshold, card_facts, false_alarms, limits
from maskwright.errors import InputError
from maskwright.pages.cards import CARD_PX, PairCard
from maskwright.pages.detection import Listed, OverviewView, alone, overview_page
from maskwright.pages.page import save_page
from maskwright.pages.plots import Bar, Histogram
from maskwright.pages.report import Count, Sheet
from maskwright.pages.words import counted, percent
from maskwright.pairs.picture import decode_grey, read_picture
from maskwright.pairs.sources.base import native
from maskwright.pairs.values import REASONS, Located

if TYPE_CHECKING:
    from maskwright.detectors.folder import DetectedFolder

HIGHEST = 10
"""Pictures that the command names."""
FOUND_CARDS, BELOW_CARDS = 36, 12
"""Pictures on the two sheets: together as many as the page of a corpus shows, a few megabytes."""
LISTED, UNANSWERED = 1000, 200
"""Pictures in the lists; the table has all."""
BINS = 10

NOTHING = "nothing_found"


def by_score(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows that are ok, the highest score first; equal scores by id."""
    return sorted((row for row in rows if row["status"] == "ok"), key=lambda row: (-row["score"], row["id"]))


def folder_sentence(ok: int, edited: int, left: int, threshold: Threshold) -> str:
    """All pictures in a few words, and how many of the findings may be none.

    Args:
        ok: pictures that were looked at.
        edited: those of them that look edited.
        left: pictures without an answer.
    """
    looks = "looks" if edited == 1 else "look"
    said = [f"{edited:,} of {counted(ok, 'picture')} {looks} edited."]
    said.append(f"A picture counts as edited from a score of {threshold.score:.3f} on.")
    said.append(false_alarms(threshold))
    if ok and threshold.false_alarms is not None:
        expected = threshold.false_alarms * ok
        about = "fewer than one" if expected < 1 else f"about {expected:,.0f}"
        said.append(f"Were all {ok:,} of that kind and none edited, {about} would.")
    if left:
        said.append(f"{counted(left, 'picture')} {'has' if left == 1 else 'have'} no answer.")
    return " ".join(said)


def save_overview(detected: DetectedFolder, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the page; an older page of ours is replaced.

    Raises:
        RunError: something else is there, or it cannot be written.
    """
    ranked = by_score(rows)
    ok, edited = len(ranked), sum(row["finding"] != NOTHING for row in ranked)
    unanswered = [row for row in rows if row["status"] != "ok"]
    view = OverviewView(
        source=str(Path(detected.source).resolve()),
        sentence=detected.sentence,
        tiles=[
            Count("", says, count, "")
            for says, count in (
                ("pictures", detected.pictures),
                ("look edited", edited),
                ("with nothing found", ok - edited),
                ("without an answer", len(unanswered)),
                ("other files, passed over", detected.passed_over),
            )
        ],
        findings=[
            Count(name, says, detected.by_finding[name], "")
            for name, says in FINDINGS.items()
            if name in detected.by_finding
        ],
        reasons=[Count(name, REASONS[name], count, "") for name, count in detected.by_reason.items()],
        scores=_histogram(ranked, detected.threshold),
        sheets=_sheets(detected, ranked),
        unanswered=[Listed(row["id"], None, row["detail"]) for row in unanswered[:UNANSWERED]],
        listed=[Listed(row["id"], row["score"], FINDINGS[row["finding"]]) for row in ranked[:LISTED]],
        pictures=detected.pictures,
        card=card_facts(detected.card, detected.threshold),
        limits=limits(detected.card, detected.threshold)[:-1],
        table=Path(detected.table).name,
        command=detected.command,
    )
    save_page(overview_page(view), Path(detected.page))


def _sheets(detected: DetectedFolder, ranked: Sequence[Mapping[str, Any]]) -> list[Sheet]:
    found = [row for row in ranked if row["finding"] != NOTHING]
    below = [row for row in ranked if row["finding"] == NOTHING]
    sheets = []
    for name, title, why, those, most in (
        ("edited", "What looks edited", "Highest scores first", found, FOUND_CARDS),
        (
            "below",
            "Closest below the threshold",
            "Nothing was found; highest scores first",
            below,
            BELOW_CARDS,
        ),
    ):
        if those:
            shown = those[:most]
            rest = "" if len(shown) == len(those) else f" {len(shown)} of {counted(len(those), 'picture')}."
            cards = [_card(detected, row, f"{name}-{place}") for place, row in enumerate(shown)]
            sheets.append(Sheet(name, title, f"{why}.{rest}", cards))
    return sheets


def _card(detected: DetectedFolder, row: Mapping[str, Any], anchor: str) -> PairCard:
    """A picture with its map, or a word on why it cannot be shown any more."""
    out, shot, note = Path(detected.out), None, ""
    found = row["finding"] != NOTHING
    try:
        levels = decode_grey((out / "maps" / f"{row['file']}.png").read_bytes())
        path = os.path.join(detected.source, native(row["id"]))
        picture = read_picture(Located(path, row["id"])).pixels
        if picture.shape[:2] == levels.shape:
            map_ = np.asarray(levels / np.float32(255), np.float32)
            shot = alone(picture, levels >= 128 if found else None, map_, CARD_PX, CARD_PX)
        else:
            note = "the picture has changed since"
    except (InputError, OSError) as fault:
        note = f"it cannot be shown: {fault}"
    area = row["area_frac"]
    says = "" if not (found and area) else f"{percent(area)} in {counted(int(row['components']), 'region')}"
    return PairCard(anchor, row["id"], f"score {row['score']:.3f}", says, shot, note)


def _histogram(ranked: Sequence[Mapping[str, Any]], threshold: Threshold) -> Histogram | None:
    """Scores in equal bins from 0 to 1."""
    if not ranked:
        return None
    counts, edges = np.histogram([row["score"] for row in ranked], BINS, (0.0, 1.0))
    bars = [
        Bar(float(low), float(high), int(count))
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    return Histogram(
        "Scores", f"Pictures by score; one counts as edited from {threshold.score:.3f} on.", bars
    )
