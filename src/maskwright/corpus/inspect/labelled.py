"""A labelled test set: what is in it, and whether its masks look as they should."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from statistics import mean, median
from typing import Any

import numpy as np

from maskwright.corpus.inspect.checks.corpora import differing, incomplete
from maskwright.corpus.inspect.commands import inspect_line
from maskwright.corpus.inspect.values import SHOWN_IDS, Finding, Group
from maskwright.errors import InputError, SettingError
from maskwright.pairs.labelled import LabelledSet, open_labelled
from maskwright.pairs.maskfile import fitted_mask
from maskwright.pairs.opening import check_max_pixels, open_image
from maskwright.pairs.picture import MAX_PIXELS
from maskwright.pairs.sources import Roles
from maskwright.pairs.sources.preset import SplitCount
from maskwright.pairs.values import Labelled, Rejection

SAMPLE = 120
"""Pictures that are looked at, spread over the set."""
INVERTED_SHARE = 0.5
"""Forged parts are the smaller part of a picture in every set: above half on average, masks are inverted
(research on labelled sets, 2.2)."""


@dataclass(frozen=True, slots=True)
class LabelledInspection:
    """What a labelled set holds.

    Args:
        source: the location as given.
        corpus, title: the preset's name and the set's.
        rows: pictures and files left out.
        labels: label -> pictures; all of them are counted, by their label alone: of those without a mask
            a set in Parquet may mean more when they are read.
        splits: what is here, and what the whole set has.
        rejected: reason -> files left out among the rows that were looked at.
        looked: rows that were looked at, out of `rows`.
        missing_masks: forged pictures among them that have no mask.
        unread: masks, or pictures, among them that cannot be read or do not fit; `faults` says why.
        area_frac: least, median, largest and mean share that is forged, of the masks that were read.
        sizes: "width x height" of pictures -> how many.
        fits: what was done to bring masks onto their pictures: as it is, turned, resized.
        findings: mistakes first.
    """

    source: str
    corpus: str
    title: str
    rows: int
    labels: Mapping[str, int]
    splits: tuple[SplitCount, ...]
    rejected: Mapping[str, Group]
    looked: int
    missing_masks: Group
    unread: Group
    faults: tuple[str, ...]
    area_frac: tuple[float, float, float, float]
    sizes: Mapping[str, int]
    fits: Mapping[str, int]
    findings: tuple[Finding, ...]

    @property
    def mistakes(self) -> tuple[Finding, ...]:
        """The findings that are certain."""
        return tuple(finding for finding in self.findings if finding.certain)

    def as_dict(self) -> dict[str, Any]:
        """All of it under the names above."""
        return asdict(self)


def inspect_labelled(
    source: str | os.PathLike[str],
    corpus: str,
    *,
    seed: int = 0,
    max_pixels: int = MAX_PIXELS,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> LabelledInspection:
    """What a labelled set holds: counts against the published ones, sizes, and masks of a sample.

    Args:
        source: the folder of the set.
        corpus: the name of its preset.
        seed: of the draw of the sample.
        max_pixels: larger pictures and masks are not read.

    Raises:
        SettingError: no such set, a corpus of pairs, or a setting out of range.
        InputError: what is there is not this set, or nothing is.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise SettingError(f"a seed is a whole number from 0 on, not {seed!r}")
    check_max_pixels(max_pixels)
    opened = open_labelled(source, corpus)
    if not len(opened):
        raise InputError(f"{opened.location} holds no pictures")
    seen = _Seen()
    places = _places(len(opened), seed)
    for number, place in enumerate(places, 1):
        seen.look(opened[place], max_pixels)
        progress("pictures looked at", number, len(places))
    return seen.told(opened, len(places))


def _places(rows: int, seed: int) -> list[int]:
    """A drawn row of each of equal stretches."""
    count = min(rows, SAMPLE)
    edges = np.linspace(0, rows, count + 1).astype(int)
    rng = np.random.default_rng(seed)
    return [int(rng.integers(first, stop)) for first, stop in pairwise(edges)]


class _Seen:
    """What was seen of the sample so far."""

    def __init__(self) -> None:
        self._rejected: defaultdict[str, list[str]] = defaultdict(list)
        self._missing: list[str] = []
        self._unread: list[str] = []
        self._faults: list[str] = []
        self._areas: list[float] = []
        self._sizes: Counter[str] = Counter()
        self._fits: Counter[str] = Counter()

    def look(self, row: Labelled | Rejection, max_pixels: int) -> None:
        """Decode one picture and its mask."""
        if isinstance(row, Rejection):
            self._rejected[row.reason].append(row.id)
            return
        try:
            size = open_image(row.picture, max_pixels=max_pixels).image.size
            self._sizes[f"{size[0]}x{size[1]}"] += 1
            if row.label == "forged" and row.mask is None:
                self._missing.append(row.id)
            if row.mask is not None:
                mask, done = fitted_mask(row.mask, *size, max_pixels=max_pixels)
                self._areas.append(float(mask.mean()))
                self._fits[done or "as it is"] += 1
        except InputError as error:
            self._unread.append(row.id)
            self._faults.append(str(error))

    def told(self, opened: LabelledSet, looked: int) -> LabelledInspection:
        areas = self._areas or [0.0]
        preset, splits = opened.preset, opened.counts()
        return LabelledInspection(
            source=opened.location,
            corpus=preset.name,
            title=preset.title,
            rows=len(opened),
            labels=dict(opened.labels()),
            splits=splits,
            rejected={reason: _group(ids) for reason, ids in self._rejected.items()},
            looked=looked,
            missing_masks=_group(self._missing),
            unread=_group(self._unread),
            faults=tuple(dict.fromkeys(self._faults))[:SHOWN_IDS],
            area_frac=(min(areas), float(median(areas)), max(areas), mean(areas)),
            sizes=dict(self._sizes.most_common()),
            fits=dict(self._fits.most_common()),
            findings=self._findings(opened, splits),
        )

    def _findings(self, opened: LabelledSet, splits: tuple[SplitCount, ...]) -> tuple[Finding, ...]:
        found = []
        again = inspect_line(opened.location, Roles(corpus=opened.preset.name))
        if self._unread:
            found.append(
                Finding(
                    "masks_unreadable",
                    certain=True,
                    sentence="Pictures or masks cannot be read, or a mask does not fit its picture.",
                    evidence=f"{len(self._unread)}; the first: {self._faults[0]}",
                    type_this="get these files anew; known to be so: "
                    + (", ".join(opened.preset.misfits) or "none"),
                    ids=tuple(self._unread[:SHOWN_IDS]),
                )
            )
        if self._areas and mean(self._areas) > INVERTED_SHARE:
            found.append(
                Finding(
                    "masks_inverted",
                    certain=False,
                    sentence="Masks mark more than half of the pictures: they may be the wrong way round.",
                    evidence=f"{mean(self._areas):.0%} on average of {len(self._areas)} masks",
                    type_this="look at them; is this the set, or a copy whose masks were turned already?",
                )
            )
        if odd := differing(splits):
            found.append(incomplete(odd, splits, again))
        return tuple(found)


def _group(ids: list[str]) -> Group:
    return Group(len(ids), tuple(ids[:SHOWN_IDS]))
