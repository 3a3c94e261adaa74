"""The proof's pairs: made of photographs by proof_edits, with the masks of each way of annotating."""

from __future__ import annotations

import csv
import functools
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import proof_edits
from maskwright.bench.baselines import best_index, curve_of, otsu
from maskwright.bench.processes import answers
from maskwright.datasets.shortcuts.containers import Encoding, encode
from maskwright.masks.annotators import Annotator, load_annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.measures.metrics import f1_of, pixel_f1
from maskwright.pairs.difference import blurred_difference
from maskwright.pairs.picture import encode_png, read_mask, read_picture
from maskwright.pairs.values import Mask, Pair
from maskwright.synthesis.photos import Photo, load_photo, read_photos
from maskwright.synthesis.roundtrip import KeptRoundtrip
from maskwright.synthesis.steps import begin

ANNOTATOR = "compact"
LONGEST_PX = 384.0
"""Larger photographs are scaled down to this longer side."""
MIN_FRAC = 0.01
"""Of a picture that an edit must have changed; else it is drawn again."""
TRIES = 20


@dataclass(frozen=True)
class Row:
    """One pair on disk: files `stem` + what they hold in the folder `pairs` of the run.

    Args:
        photo: path of the photograph; pairs of one photograph are no independent witnesses.
        edit: a key of `proof_edits.EDITS`; empty where nothing was edited.
        done: to the whole edited picture.
        confidence, qes: of our mask; None where there is none.
        ours, otsu: F1 of the masks against the true one.
    """

    stem: str
    split: str
    photo: str
    regenerated: bool
    edit: str
    done: tuple[str, ...]
    area_frac: float
    status: str
    verdict: str
    confidence: float | None
    qes: float | None
    ours: float
    otsu: float


@dataclass(frozen=True)
class Making:
    """Makes pairs by their numbers, and the masks that need no other pair; can be pickled.

    Args:
        photos: by split.
        folder: where files lie.
    """

    photos: Mapping[str, tuple[Photo, ...]]
    again: KeptRoundtrip
    folder: Path
    seed: int

    def __call__(self, task: tuple[str, int]) -> Row:
        """The pair of a split and a number; every second one is regenerated."""
        split, number = task
        rng = np.random.default_rng([self.seed, int(split == "val"), number])
        photos = self.photos[split]
        order = np.random.default_rng([self.seed, len(photos)]).permutation(len(photos))
        photo = photos[int(order[number % len(photos)])]
        donor = photos[int(order[(number + 1 + rng.integers(max(1, len(photos) - 1))) % len(photos)])]
        loaded, other = (load_photo(each, longest_px=LONGEST_PX) for each in (photo, donor))
        for _ in range(TRIES):
            made, kind = proof_edits.edit(begin(loaded.pixels), loaded.labels, other.pixels, self.again, rng)
            if made.mask.mean() >= MIN_FRAC:
                break
        regenerated = number % 2 == 1
        edited, done = proof_edits.corrupt(made.edited, self.again if regenerated else None, rng)
        stem = f"{split}-{number:05d}"
        found = annotate_pair(Pair(stem, made.original, edited), annotator())
        masks = {
            "true": made.mask,
            "ignore": made.ignore,
            "ours": np.zeros_like(made.mask) if found.mask is None else found.mask,
            "otsu": otsu(blurred_difference(made.original, edited)),
        }
        for name, pixels in {"original": made.original, "edited": edited}.items():
            (self.folder / f"{stem}-{name}.png").write_bytes(encode(pixels, Encoding("png")).data)
        for name, known in masks.items():
            (self.folder / f"{stem}-{name}.png").write_bytes(encode_png(known))
        return Row(
            stem=stem,
            split=split,
            photo=Path(photo.path).name,
            regenerated=regenerated,
            edit=kind,
            done=tuple(done),
            area_frac=float(made.mask.mean()),
            status=found.status,
            verdict=found.verdict,
            confidence=found.scores.get("confidence"),
            qes=found.scores.get("qes"),
            ours=pixel_f1(masks["ours"], made.mask, ignore=made.ignore),
            otsu=pixel_f1(masks["otsu"], made.mask, ignore=made.ignore),
        )


@functools.cache
def annotator() -> Annotator:
    return load_annotator(ANNOTATOR)


def make_pairs(
    source: Path, autoencoder: Path, out: Path, *, train: int, val: int, seed: int, workers: int
) -> list[Row]:
    """All pairs of a run; those that are there are not made again."""
    place, folder = out / "pairs.json", out / "pairs"
    asked = {
        "train": train,
        "val": val,
        "seed": seed,
        "autoencoder": hashlib.sha256(autoencoder.read_bytes()).hexdigest()[:16],
    }
    if place.exists():
        kept = json.loads(place.read_text())
        if kept["asked"] != asked:
            raise SystemExit(f"{out} holds pairs of another run ({kept['asked']}): name a new folder")
        return [Row(**{**row, "done": tuple(row["done"])}) for row in kept["rows"]]
    folder.mkdir(parents=True, exist_ok=True)
    photos = {split: tuple(read_photos(source, split)) for split in ("train", "val")}
    making = Making(photos, KeptRoundtrip(autoencoder, out / "again"), folder, seed)
    tasks = [("train", number) for number in range(train)] + [("val", number) for number in range(val)]
    rows = list(answers(making, tasks, workers))
    place.write_text(json.dumps({"asked": asked, "rows": [asdict(row) for row in rows]}))
    return rows


def best_threshold(rows: Iterable[Row], folder: Path) -> tuple[int, float]:
    """The one threshold of the blurred difference with the best mean F1 over pairs, and that F1.

    An oracle: it is chosen by the true masks of the very pairs that are then annotated with it.
    """
    curves = []
    for row in rows:
        levels = blurred_difference(*(picture(folder, row, name) for name in ("original", "edited")))
        curves.append(curve_of(levels, mask(folder, row, "true"), mask(folder, row, "ignore")))
    index = best_index(curves)
    return index, float(np.mean([f1_of(curve.at(index)) for curve in curves]))


def blurred_masks(rows: Sequence[Row], folder: Path, threshold: int) -> dict[str, float]:
    """Write the masks of the blurred difference at a threshold; their F1 by stem."""
    found = {}
    for row in rows:
        levels = blurred_difference(*(picture(folder, row, name) for name in ("original", "edited")))
        claimed = levels >= threshold
        (folder / f"{row.stem}-blurred.png").write_bytes(encode_png(claimed))
        found[row.stem] = pixel_f1(claimed, mask(folder, row, "true"), ignore=mask(folder, row, "ignore"))
    return found


def picture(folder: Path, row: Row, name: str) -> NDArray[np.uint8]:
    return read_picture(folder / f"{row.stem}-{name}.png").pixels


def mask(folder: Path, row: Row, name: str) -> Mask:
    return read_mask(folder / f"{row.stem}-{name}.png")


def write_table(place: Path, rows: Sequence[Row], folder: Path, masks: str) -> None:
    """A table as `maskwright train detector` reads it: masks of one kind, but true ones for rows of val."""
    with place.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["id", "original", "edited", "mask", "split", "photograph", "source"])
        for row in rows:
            names = ("original", "edited", masks if row.split == "train" else "true")
            files = [str((folder / f"{row.stem}-{name}.png").resolve()) for name in names]
            table.writerow([row.stem, *files, row.split, row.photo, "proof"])
