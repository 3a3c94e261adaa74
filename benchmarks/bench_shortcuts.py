"""What picture files give away of an edit: pairs as they come, and the same pairs as `build` stores them.

    python benchmarks/bench_shortcuts.py [--pairs 100] [--seed 0] [--encodings png "jpeg 95" ...] [--json]
    python benchmarks/bench_shortcuts.py --table CSV [--by model] [--annotator NAME] [--json]
    python benchmarks/bench_shortcuts.py --chance

Without `--table`, pairs are made from photographs of `val`: a photograph is made smaller (which takes
its own JPEG blocks away), saved as JPEG 92, read again and edited; the edited picture is saved as PNG or
as JPEG 75, either at its own size or at one that generators like (sides multiples of 64); last, with
all pixels touched as by a generator (`background="regenerated"` of the synthesis room). With `--table` the
pairs of a table are taken (columns id, original, edited; paths relative to it), masks are made by the
annotator, and pairs that get none are left out; `--by` measures each value of a column by itself, too.
`--chance` measures datasets of random figures instead: how often the interval holds 0.5.

Each line is one export: naive (the two files as they are), or ours (edited picture and authentic counterpart
in equal containers) by encoding and regeneration. Figures are AUCs with 95 % intervals over photographs:
a logistic regression and boosted trees on facts of the containers; bits per pixel and JPEG blocks alone,
and a logistic regression on how contrast spreads over frequencies (12 numbers a picture), which are
traces in the pixels. Paste-back leaves out pairs whose original does not reach.
Needs the photographs (MASKWRIGHT_DATA) and scikit-learn.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL
import sklearn
from numpy.random import Generator

from maskwright.datasets.shortcuts.containers import Encoding, counterpart, encode, on_grid, paste_back
from maskwright.datasets.shortcuts.measure import Shortcuts, as_dict, measure_shortcuts, naive_records
from maskwright.datasets.shortcuts.separation import (
    WIDER,
    Separation,
    boosted,
    by_one_figure,
    classes_of,
    logistic,
    separation,
)
from maskwright.datasets.values import REGENERATIONS, Record
from maskwright.errors import InputError
from maskwright.masks.annotators import DEFAULT, load_annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.pairs.picture import read_picture
from maskwright.pairs.registration_warp import resized
from maskwright.pairs.values import Encoded, Located, Mask, Pair, Picture
from maskwright.synthesis.photos import Photo, load_photo, read_photos
from maskwright.synthesis.recipes import make_pair

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
LONGEST_PX = (300, 420)
"""Of a made pair: at most 0.9 of what most photographs have, so that their own blocks are gone."""
ENCODINGS = ("png", "jpeg 95", "jpeg 85", "jpeg 75")
CHANCE = (
    (logistic, 50, 5, 300),
    (logistic, 200, 20, 200),
    (boosted, 50, 5, 150),
    (boosted, 150, 5, 60),
    (by_one_figure, 50, 1, 400),
)
"""Score, photographs, figures, datasets."""
BANDS = 12
"""Of the spectrum, from 0 to the finest frequency of a side."""


@dataclass(frozen=True)
class Case:
    """How edited pictures differ from originals, which are JPEG 92."""

    name: str
    edited_as: Encoding
    of_64: bool = False
    background: str = "identical"


CASES = (
    Case("PNG", Encoding("png")),
    Case("PNG, multiples of 64", Encoding("png"), of_64=True),
    Case("JPEG 75", Encoding("jpeg", 75)),
    Case("JPEG 75, multiples of 64", Encoding("jpeg", 75), of_64=True),
    Case("PNG, regenerated", Encoding("png"), background="regenerated"),
)


@dataclass(frozen=True)
class Ready:
    """A pair with its mask, and the original on its grid."""

    pair: Pair
    photograph: str
    original: Picture
    laid: Picture
    valid: Mask
    edited: Picture
    mask: Mask


def encoding_of(words: str) -> Encoding:
    """ "png" or "jpeg 95"."""
    kind, _, quality = words.partition(" ")
    return Encoding("jpeg", int(quality)) if kind == "jpeg" else Encoding("png")


def made(photo: Photo, donor: Photo, case: Case, rng: Generator) -> tuple[Pair, Mask]:
    """A pair saved unlike, and the mask on the edited picture's grid."""
    longest = int(rng.integers(*LONGEST_PX))
    first, second = (load_photo(each, longest_px=longest) for each in (photo, donor))
    before = encode(first.pixels, Encoding("jpeg", 92)).data
    told = make_pair(
        read_picture(before).pixels,
        second.pixels,
        rng,
        background=case.background,
        labels=first.labels,
        donor_labels=second.labels,
    ).made
    edited, mask = told.edited, told.mask
    if case.of_64:
        height, width = (max(64, round(side / 64) * 64) for side in edited.shape[:2])
        edited = resized(edited, width, height)
        mask = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    after = encode(edited, case.edited_as).data
    return Pair(photo.path, Encoded(before, photo.path), Encoded(after, f"{photo.path}-edited")), mask


def ready(pair: Pair, mask: Mask) -> Ready | None:
    """The pair as `build` has it; None where the original cannot be laid on the edited picture."""
    original, edited = (read_picture(each).pixels for each in (pair.original, pair.edited))
    try:
        laid, valid = on_grid(original, edited)
    except InputError:
        return None
    assert isinstance(pair.original, Encoded | Located)
    return Ready(pair, pair.original.key, original, laid, valid, edited, mask)


def exported(pairs: Sequence[Ready], encoding: Encoding, regeneration: str) -> Iterator[Record]:
    """Our export: edited picture and authentic counterpart of each pair."""
    for one in pairs:
        picture = one.edited
        if regeneration == "paste-back":
            try:
                picture = paste_back(one.laid, one.valid, one.edited, one.mask)
            except InputError:
                continue
        height, width = picture.shape[:2]
        both = {"forged": picture, "authentic": counterpart(one.original, width, height)}
        for label, pixels in both.items():
            stored = encode(pixels, encoding).data
            yield Record(f"{label} {one.pair.id}", "", label, stored, row={"photograph": one.photograph})


def measured(what: str, pairs: Sequence[Ready], encodings: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A row for each export of the same pairs."""
    exports = [("naive", "")] + [(words, kept) for words in encodings for kept in REGENERATIONS]
    for words, regeneration in exports:
        if words == "naive":
            records = list(naive_records(one.pair for one in pairs))
        else:
            records = list(exported(pairs, encoding_of(words), regeneration))
        found, spectra = measure_shortcuts(records, most=10_000), by_spectrum(records)
        export = f"{words} {regeneration}".strip()
        print(line(what, export, found, spectra), flush=True)
        yield {"pairs": what, "export": export, **as_dict(found), "spectrum": asdict(spectra)}


def by_spectrum(records: Sequence[Record]) -> Separation:
    """How well contrast by frequency tells forged pictures from authentic ones, or from originals."""
    rows, forged, names = [], [], []
    for record in records:
        two = {record.label == "forged": record.picture}
        if record.original is not None:
            two[False] = record.original
        for is_forged, picture in two.items():
            assert picture is not None
            rows.append(spectrum(read_picture(picture).pixels))
            forged.append(is_forged)
            names.append(record.row.get("photograph", record.id))
    photographs = np.unique(names, return_inverse=True)[1]
    classes = classes_of(np.array(forged), photographs.astype(np.int64), seed=0)
    assert classes is not None
    return separation(np.array(rows), classes, logistic, seed=0)


def spectrum(picture: Picture) -> np.ndarray:
    """(BANDS,) logarithm of the mean power in rings of frequency, less their mean; brightness, any size."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float64)
    window = np.hanning(grey.shape[0])[:, None] * np.hanning(grey.shape[1])
    power = np.abs(np.fft.rfft2((grey - grey.mean()) * window)) ** 2
    across, down = np.fft.rfftfreq(grey.shape[1]), np.fft.fftfreq(grey.shape[0])[:, None]
    ring = np.minimum((np.hypot(across, down) * 2 * BANDS).astype(np.intp), BANDS - 1).ravel()
    means = np.log(np.bincount(ring, power.ravel(), BANDS) / np.bincount(ring, minlength=BANDS) + 1e-3)
    return np.asarray(means - means.mean())


def line(what: str, export: str, found: Shortcuts, spectra: Separation) -> str:
    """A line of the table."""
    figures = (found.logistic, found.boosted, found.bits_per_pixel, found.blockiness, spectra)
    told = ", ".join(f"{name} {auc:.2f}" for name, auc in found.telling)
    cells = "".join(cell(each) for each in figures)
    return f"{what:26.26}{export:20}{found.forged:4}{cells}  {found.missing or told}"


def cell(found: Separation | None) -> str:
    """An AUC with its interval."""
    return f"{'-':>19}" if found is None else f"  {found.auc:.2f} [{found.low:.2f}, {found.high:.2f}]"


def of_photographs(count: int, seed: int, encodings: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Pairs saved unlike, made here."""
    photos = read_photos(DATA / "photos" / "photos.csv", "val")
    order = np.random.default_rng(seed).permutation(len(photos))[: count + 1]
    chosen = [photos[place] for place in order]
    for case in CASES:
        pairs = []
        for number, (photo, donor) in enumerate(itertools.pairwise(chosen)):
            pair, mask = made(photo, donor, case, np.random.default_rng([seed, number]))
            pairs.append(ready(pair, mask))
        yield from measured(case.name, [each for each in pairs if each is not None], encodings)


def of_table(
    table: Path, by: str | None, annotator: str, encodings: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """The pairs of a table, with masks made here."""
    loaded = load_annotator(annotator)
    pairs: list[Ready] = []
    values: list[str] = []
    with table.open(newline="") as lines:
        for row in csv.DictReader(lines):
            before, after = (
                Located(str(table.parent / row[role]), row[role]) for role in ("original", "edited")
            )
            pair = Pair(row["id"], before, after)
            mask = annotate_pair(pair, loaded).mask
            found = ready(pair, mask) if mask is not None else None
            if found is not None:
                pairs.append(found)
                values.append(row[by] if by else "")
    yield from measured(table.stem, pairs, encodings)
    for value in dict.fromkeys(values) if by else ():
        chosen = [pair for pair, each in zip(pairs, values, strict=True) if each == value]
        if len(chosen) >= 20:
            yield from measured(value, chosen, encodings)


def chance() -> None:
    """How often the interval of random figures holds 0.5, as it is and without its widening."""
    print("score         photographs figures datasets  plain widened mean AUC")
    for score, photographs, figures, datasets in CHANCE:
        pictures, rng, found = np.repeat(np.arange(photographs), 2), np.random.default_rng(5), []
        for seed in range(datasets):
            classes = classes_of(np.tile([True, False], photographs), pictures, seed=seed)
            assert classes is not None
            drawn = rng.normal(size=(2 * photographs, figures))
            found.append(separation(drawn, classes, score, seed=seed))
        auc, low, high = (
            np.array([getattr(each, name) for each in found]) for name in ("auc", "low", "high")
        )
        holds = [
            ((auc + (low - auc) / by <= 0.5) & (auc + (high - auc) / by >= 0.5)).mean() for by in (WIDER, 1)
        ]
        name = score.__name__.replace("_", " ")
        print(
            f"{name:14}{photographs:11}{figures:8}{datasets:9}{holds[0]:7.0%}{holds[1]:8.0%}{auc.mean():9.3f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--encodings", nargs="+", default=list(ENCODINGS))
    parser.add_argument("--table", type=Path)
    parser.add_argument("--by")
    parser.add_argument("--annotator", default=DEFAULT)
    parser.add_argument("--chance", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    if asked.chance:
        chance()
        return
    start = time.perf_counter()
    heads = ("logistic", "boosted", "bits per pixel", "blockiness", "spectrum")
    print(f"{'edited as, or pairs of':26}{'export':20}{'n':>4}" + "".join(f"{head:>19}" for head in heads))
    if asked.table:
        rows = list(of_table(asked.table, asked.by, asked.annotator, asked.encodings))
    else:
        rows = list(of_photographs(asked.pairs, asked.seed, asked.encodings))
    if asked.json:
        print(json.dumps(rows))
    print(
        f"Python {platform.python_version()}, OpenCV {cv2.__version__}, Pillow {PIL.__version__},"
        f" scikit-learn {sklearn.__version__}; seed {asked.seed}; {time.perf_counter() - start:.0f} s"
    )


if __name__ == "__main__":
    main()
