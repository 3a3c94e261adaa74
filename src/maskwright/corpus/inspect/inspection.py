"""`inspect`: list all rows, look at a sample of the pairs, run the checks."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import median

from maskwright.corpus.inspect.checks import find_all
from maskwright.corpus.inspect.checks.files import has_other_shape
from maskwright.corpus.inspect.commands import annotate_line
from maskwright.corpus.inspect.listing import Lister
from maskwright.corpus.inspect.look import look_at
from maskwright.corpus.inspect.offsets import find_offset
from maskwright.corpus.inspect.values import (
    Expected,
    Facts,
    Inspection,
    Listing,
    Looked,
    MaskSummary,
    SheetPair,
)
from maskwright.errors import InputError, SettingError
from maskwright.masks.annotators import load_annotator
from maskwright.pairs.opening import check_max_pixels
from maskwright.pairs.picture import MAX_PIXELS
from maskwright.pairs.sources import Roles, open_source
from maskwright.pairs.sources.preset import PresetSource

Progress = Callable[[str, int, int], None]
"""(what, how many done, of how many)."""
SAMPLE = 60
"""Pairs that are looked at: a mistake in a tenth of the rows is missed by all of them 1 time in 500."""
SHEET = 12
APART_SHARE = 0.3
"""From this share of pairs that have nothing in common on other offsets are tried; see `checks.matching`."""


def inspect(
    source: str | os.PathLike[str],
    *,
    roles: Roles = Roles(),  # noqa: B008 - frozen
    seed: int = 0,
    max_pixels: int = MAX_PIXELS,
    progress: Progress = lambda what, done, total: None,
) -> Inspection:
    """How a source will be read, what it holds, and which silent mistakes.

    All rows are listed without decoding a picture; 60 pairs, spread evenly over the source, are decoded,
    aligned and annotated. Memory does not grow with the pictures: only thumbnails are kept.

    Args:
        source: a folder of pictures, or a table (CSV, JSONL, Parquet).
        roles: as for `annotate`.
        seed: of the draw of the sample.
        max_pixels: pictures with more are rejected, as by `annotate`.
        progress: called with what is done, how many are done and of how many.

    Raises:
        InputError: the source cannot be read as one; or it holds no rows.
        SettingError: a setting is out of range.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise SettingError(f"a seed is a whole number from 0 on, not {seed!r}")
    check_max_pixels(max_pixels)
    opened = open_source(source, roles=roles)
    if not opened.rows():
        raise InputError(f"{opened.location} holds no pairs")
    annotator = load_annotator("difference")
    lister = Lister(opened, SAMPLE, seed)
    looked: list[Looked] = []
    sheet: list[SheetPair] = []
    for pair in lister.sampled():
        seen = look_at(pair, annotator, max_pixels=max_pixels)
        looked.append(seen.looked)
        progress("pairs looked at", len(looked), min(SAMPLE, opened.rows()))
        sheet.append(seen.sheet)
    listing = lister.listing()
    apart = sum(each.reason == "unrelated" or each.verdict == "whole_picture" for each in looked)
    offset = None
    if apart > APART_SHARE * len(looked):
        offset = find_offset(opened, max_pixels=max_pixels)
    reading = opened.reading()
    splits = opened.counts() if isinstance(opened, PresetSource) else ()
    facts = Facts(opened.location, roles, reading, listing, tuple(looked), offset, splits)
    return Inspection(
        source=opened.location,
        reading=reading,
        listing=listing,
        looked=facts.looked,
        sizes=_sizes(looked, "edited"),
        original_sizes=_sizes(looked, "original"),
        relations=_counted(_relation(each) for each in looked if each.original and each.edited),
        geometries=_counted(each.geometry for each in looked if each.geometry),
        backgrounds=_counted(each.background for each in looked if each.background),
        verdicts=_counted(each.verdict for each in looked if each.verdict),
        expected=_expected(listing, looked),
        masks=_mask_summary(looked) if listing.masks else None,
        findings=find_all(facts),
        sheet=tuple(sheet[i * len(sheet) // SHEET] for i in range(SHEET))
        if len(sheet) > SHEET
        else tuple(sheet),
        next_command=annotate_line(opened.location, roles),
    )


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _sizes(looked: Sequence[Looked], role: str) -> dict[str, int]:
    sides = [side for each in looked if (side := getattr(each, role))]
    return _counted(f"{side.width}x{side.height}" for side in sides)


def _relation(looked: Looked) -> str:
    """The edited picture's size against the original's."""
    first, second = looked.original, looked.edited
    if first is None or second is None or (first.width, first.height) == (second.width, second.height):
        return "equal"
    if has_other_shape(looked):
        return "other_shape"
    return "larger" if second.width * second.height > first.width * first.height else "smaller"


def _expected(listing: Listing, looked: Sequence[Looked]) -> tuple[Expected, ...]:
    """What the source itself rejects is counted, what only decoding shows is estimated."""
    whole = listing.listed == listing.rows
    found = [
        Expected(
            reason,
            rows=round(group.rows * listing.rows / listing.listed),
            seen=group.rows,
            of=listing.listed,
            counted=whole,
        )
        for reason, group in listing.rejected.items()
    ]
    pairs = listing.pairs * listing.rows / listing.listed if listing.listed else 0.0
    reasons = Counter(each.reason for each in looked if each.reason)
    found += [
        Expected(reason, round(pairs * seen / len(looked)), seen, len(looked), len(looked) == listing.pairs)
        for reason, seen in reasons.items()
    ]
    return tuple(sorted(found, key=lambda each: -each.rows))


def _mask_summary(looked: Sequence[Looked]) -> MaskSummary:
    masks = [each.mask for each in looked if each.mask is not None]
    areas = [mask.area_frac for mask in masks] or [0.0]
    kinds = _counted(f"{mask.mode}, {_levels(mask.levels)}, highest {mask.top}" for mask in masks)
    unread = sum(bool(each.mask_fault) for each in looked)
    return MaskSummary(len(masks), unread, (min(areas), float(median(areas)), max(areas)), kinds)


def _levels(count: int) -> str:
    return f"{count} level{'s' if count > 1 else ''}" if count <= 2 else "more than 2 levels"
