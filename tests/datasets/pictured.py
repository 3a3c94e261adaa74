"""Corpora of pictures that tests give, and an independent way to say which rows are together."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from maskwright.corpus.annotate import Options, run_of
from maskwright.corpus.parts import row_of, write_part
from maskwright.corpus.plan import ANNOTATIONS, drawn, freeze_run, load_run
from maskwright.corpus.reader import Corpus, open_corpus
from maskwright.datasets.leaks.looks import COLUMNS
from maskwright.masks.annotators import load_annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.pairs.sources import open_source
from maskwright.pairs.values import Pair, Picture
from tests.corpus.made import save


def corpus(
    place: Path, pictures: Mapping[str, Picture], pairs: Sequence[tuple[str, str]], keys: Sequence[str] = ()
) -> Corpus:
    """A table that pairs pictures by name, annotated into `place`/out."""
    for name, picture in pictures.items():
        save(place / f"{name}.png", picture)
    with (place / "table.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["original", "edited", *(["key"] if keys else [])])
        for row, (original, edited) in enumerate(pairs):
            writer.writerow([f"{original}.png", f"{edited}.png", *keys[row : row + 1]])
    return annotated(place / "table.csv", place / "out")


def annotated(table: Path, out: Path) -> Corpus:
    """What `annotate` makes of a table, in this process: starting another one takes seconds."""
    source, annotator = open_source(table), load_annotator("difference")
    plan = drawn(source.plan(), None, 0)
    (out / ANNOTATIONS).mkdir(parents=True)
    freeze_run(out, run_of(source, "difference", annotator.card, Options()), plan)
    run = load_run(out)
    for planned in plan:
        pairs = list(source.read(planned.part))
        rows = [row_of(run, pair, annotate_pair(pair, annotator)) for pair in pairs if isinstance(pair, Pair)]
        write_part(out, run, planned.part.number, rows)
    return open_corpus(out)


def rows_of(*corpora: Corpus) -> list[pa.Table]:
    return [each.table([name for name in COLUMNS if name in each.columns]) for each in corpora]


def touched(picture: Picture, at: int = 20) -> Picture:
    """The picture with a small edit."""
    changed = picture.copy()
    changed[at : at + 30, at : at + 40] = 255 - changed[at : at + 30, at : at + 40]
    return changed


def put(picture: Picture, onto: Picture, share: float) -> Picture:
    """A picture, scaled to cover this share of another one, in its corner."""
    height, width = onto.shape[:2]
    factor = (share * height * width / (picture.shape[0] * picture.shape[1])) ** 0.5
    size = round(picture.shape[1] * factor), round(picture.shape[0] * factor)
    made = onto.copy()
    made[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return made


def together(numbers: NDArray[np.int64]) -> set[frozenset[int]]:
    """The sets of rows, whatever they are called."""
    return {frozenset(np.flatnonzero(numbers == number).tolist()) for number in set(numbers.tolist())}
