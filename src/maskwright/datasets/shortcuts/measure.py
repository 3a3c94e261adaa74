"""Whether a detector could tell forged from authentic pictures by their files, without looking at an edit.

A logistic regression and boosted trees learn from facts of the containers alone (`traces.container_facts`)
and are judged on other photographs. In a dataset without such shortcuts both are at 0.5. Beside them
stand two traces in the pixels that no container can hide, each alone: bits per pixel, and blocks of an
earlier JPEG.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.corpus.parts import key_of
from maskwright.datasets.shortcuts.separation import (
    LEAST_PHOTOGRAPHS,
    Classes,
    Figures,
    Separation,
    boosted,
    by_one_figure,
    classes_of,
    logistic,
    separation,
)
from maskwright.datasets.shortcuts.traces import bits_per_pixel, blockiness, container_facts
from maskwright.datasets.values import Record
from maskwright.errors import InputError
from maskwright.measures.protocols.figures import auc_of_scores
from maskwright.pairs.opening import read_bytes
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Encoded, Pair, PictureLike, Rejection

MOST = 2000
"""Records looked at: an interval is then about 0.04 wide on each side, and it takes half a minute."""
MOST_TELLING = 3
"""Facts that are named."""
INSTALL = "pip install 'maskwright[shortcuts]'"


@dataclass(frozen=True, slots=True)
class Shortcuts:
    """How well files and traces tell forged from authentic.

    Args:
        measured: whether the two classifiers were; `missing` says why not.
        missing: a sentence, or the line that installs what is needed; empty where measured.
        against: what forged pictures were told from: authentic, or original where the dataset has no
            authentic ones but the pictures before the edit.
        forged, authentic: pictures looked at.
        photographs: how many they show; each is learned from or judged, never both.
        unreadable: pictures that could not be looked at.
        logistic, boosted: of the facts of containers; None where not measured.
        bits_per_pixel, blockiness: a trace alone; None where there are too few photographs.
        telling: the facts of containers that differ most, each with its AUC alone, 0.5 to 1, in the pictures
            looked at; facts at 0.5 are not named.
    """

    measured: bool
    missing: str
    against: str
    forged: int
    authentic: int
    photographs: int
    unreadable: int
    logistic: Separation | None = None
    boosted: Separation | None = None
    bits_per_pixel: Separation | None = None
    blockiness: Separation | None = None
    telling: tuple[tuple[str, float], ...] = ()


def as_dict(found: Shortcuts) -> dict[str, Any]:
    """For shortcuts.json; `from_dict` reads it back."""
    return asdict(found)


def from_dict(said: Mapping[str, Any]) -> Shortcuts:
    """What `as_dict` gave, also after JSON.

    Raises:
        InputError: it is something else.
    """
    try:
        separations = {
            name: Separation(**said[name]) if said[name] is not None else None
            for name in ("logistic", "boosted", "bits_per_pixel", "blockiness")
        }
        telling = tuple((str(name), float(auc)) for name, auc in said["telling"])
        return Shortcuts(**{**said, **separations, "telling": telling})
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"this is no result of the shortcut check: {error!r}") from error


def measure_shortcuts(records: Iterable[Record], *, seed: int = 0, most: int = MOST) -> Shortcuts:
    """Measure what files give away; every picture file is read once, as it comes, and decoded.

    Forged against authentic records; where none is authentic, forged ones against their originals. Records
    that do not say count as forged where they have an original, and are else passed over. Photographs
    are told by the column `photograph`, else by the original's place.

    Args:
        seed: of the sample, the folds and the intervals.
        most: records looked at; of more, whole photographs are drawn by chance.
    """
    sample = _Sample(seed, most)
    for record in records:
        sample.take(record)
    looks = sample.looks()
    forged = np.array([look.label == "forged" for look in looks], np.bool_)
    numbers = {name: number for number, name in enumerate(dict.fromkeys(look.photograph for look in looks))}
    photographs = np.array([numbers[look.photograph] for look in looks], np.int64)
    found = Shortcuts(
        measured=False,
        missing="",
        against=sample.against,
        forged=int(forged.sum()),
        authentic=int((~forged).sum()),
        photographs=len(numbers),
        unreadable=sum(kept.unreadable for kept in sample.kept.values()),
    )
    if forged.all():
        nothing = "there are no authentic pictures, and no originals, to tell forged ones from"
        return replace(found, missing=nothing)
    classes = classes_of(forged, photographs, seed=seed)
    if classes is None:
        few = f"fewer than {LEAST_PHOTOGRAPHS} photographs with forged, or with {found.against}, pictures"
        return replace(found, missing=few)
    return _measured(found, looks, classes, seed)


def naive_records(pairs: Iterable[Pair | Rejection]) -> Iterator[Record]:
    """Pairs as a naive export has them: the two files as they are. Rejections are passed over."""
    for pair in pairs:
        if isinstance(pair, Pair):
            yield Record(pair.id, "", "forged", pair.edited, pair.original)


@dataclass(frozen=True, slots=True)
class _Look:
    """What a picture file gives away; `label` is forged, authentic or original."""

    label: str
    photograph: str
    facts: Mapping[str, float]
    bits_per_pixel: float
    blockiness: float


@dataclass(slots=True)
class _Kept:
    """What is kept of a photograph."""

    records: int = 0
    unreadable: int = 0
    looks: list[_Look] = field(default_factory=list)


class _Sample:
    """The photographs with the smallest digests, as many as have no more than `most` records.

    Which these are depends on the photographs and the seed alone, not on the order of the records.
    """

    def __init__(self, seed: int, most: int) -> None:
        self._seed, self._most = seed, most
        self._records, self._above = 0, ""
        self._authentic = False
        self.kept: dict[str, _Kept] = {}

    @property
    def against(self) -> str:
        return "authentic" if self._authentic else "original"

    def take(self, record: Record) -> None:
        label = record.label or ("forged" if record.original is not None else "")
        if not label or record.picture is None:
            return
        self._authentic |= label == "authentic"
        place = self._place(record)
        if self._above and place >= self._above:
            return
        kept = self.kept.setdefault(place, _Kept())
        kept.records += 1
        self._records += 1
        while self._records > self._most and len(self.kept) > 1:
            self._above = max(self.kept)
            self._records -= self.kept.pop(self._above).records
        if place not in self.kept:
            return
        self._look(kept, record.picture, label, place)
        if label == "forged" and record.original is not None and not self._authentic:
            self._look(kept, record.original, "original", place)

    def looks(self) -> list[_Look]:
        """Sorted, so that equal datasets give equal figures."""
        labels = ("forged", self.against)
        every = [look for place in sorted(self.kept) for look in self.kept[place].looks]
        return [look for look in every if look.label in labels]

    def _place(self, record: Record) -> str:
        """A digest of what tells the record's photograph."""
        photograph = record.row.get("photograph")
        if photograph is None and record.original is not None:
            photograph = key_of(record.original)
        if photograph is None:
            photograph = record.row.get("original") or record.id
        said = f"{self._seed} {photograph}".encode("utf-8", "surrogateescape")
        return hashlib.blake2b(said, digest_size=16).hexdigest()

    def _look(self, kept: _Kept, picture: PictureLike, label: str, place: str) -> None:
        try:
            data = read_bytes(picture)
            pixels = read_picture(Encoded(data, key_of(picture) or "the picture")).pixels
            look = _Look(label, place, container_facts(data), bits_per_pixel(data), blockiness(pixels))
        except InputError:
            kept.unreadable += 1
        else:
            kept.looks.append(look)


def _measured(found: Shortcuts, looks: list[_Look], classes: Classes, seed: int) -> Shortcuts:
    names = sorted({name for look in looks for name in look.facts})
    facts = np.array([[look.facts.get(name, 0.0) for name in names] for look in looks])
    sizes, blocks = (
        separation(np.array(trace)[:, None], classes, by_one_figure, seed=seed)
        for trace in ([look.bits_per_pixel for look in looks], [look.blockiness for look in looks])
    )
    telling = _telling(names, facts, classes.forged)
    found = replace(found, telling=telling, bits_per_pixel=sizes, blockiness=blocks)
    try:
        import sklearn  # noqa: F401
    except ImportError:
        return replace(found, missing=f"needs scikit-learn: {INSTALL}")
    return replace(
        found,
        measured=True,
        logistic=separation(facts, classes, logistic, seed=seed),
        boosted=separation(facts, classes, boosted, seed=seed),
    )


def _telling(names: list[str], facts: Figures, forged: NDArray[np.bool_]) -> tuple[tuple[str, float], ...]:
    aucs = [auc_of_scores(column, forged) for column in facts.T]
    alone = [(name, max(auc, 1 - auc)) for name, auc in zip(names, aucs, strict=True)]
    told = sorted(((name, auc) for name, auc in alone if auc > 0.5), key=lambda each: (-each[1], each[0]))
    return tuple(told[:MOST_TELLING])
