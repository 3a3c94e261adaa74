"""Datasets as build leaves them before it writes the card, for tests of the card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from maskwright.datasets.building.built import freeze_build
from maskwright.datasets.card import write_card
from maskwright.datasets.values import SPLITS, Entry, Taken
from tests.corpus.made import photograph
from tests.datasets.formats import made

TAKEN = Taken(
    out="out",
    digest="d" * 64,
    source="made",
    roles=(),
    selection="good",
    conditions=("qes > 0.25",),
    threshold=0.5,
    funnel=(("all rows", 40), ("with a mask", 30), ("qes > 0.25", 20)),
)


def entry(number: int, split: str = "train", label: str = "forged", **row: Any) -> Entry:
    """An entry of 96x72: a smooth picture, edited in a box whose place follows its number."""
    mask = np.zeros((72, 96), bool)
    if label == "forged":
        mask[12 + number % 20 : 40, 20 : 60 + number % 30] = True
    given = {
        "annotator": "difference" if label == "forged" else None,
        "annotator_digest": "a" * 64 if label == "forged" else None,
        "licence": "CC BY 4.0",
        "redistribute": "pictures",
        "verdict": "local_edit" if label == "forged" else None,
        "background": "identical" if label == "forged" else None,
        "qes": 0.3 + (number % 60) / 100 if label == "forged" else None,
        **row,
    }
    found = made.entry(number, split=split, label=label, mask=mask, **given)
    original = np.asarray(cv2.resize(photograph(number, 96), (96, 72)))
    edited = original.copy()
    edited[mask] = 255 - edited[mask]
    return replace(
        found, picture=made.stored(edited), original=made.stored(original) if label == "forged" else None
    )


def entries(forged: int = 20, authentic: int = 6, **row: Any) -> list[Entry]:
    """Most of them train, every seventh val, every ninth test."""
    found = []
    for number in range(forged + authentic):
        split = SPLITS[1] if number % 7 == 6 else SPLITS[2] if number % 9 == 8 else SPLITS[0]
        found.append(entry(number, split, "forged" if number < forged else "authentic", **row))
    return sorted(found, key=lambda one: (SPLITS.index(one.split), one.stem))


def dataset(folder: Path, given: Sequence[Entry], form: str = "imagefolder", **built: Any) -> Path:
    """A whole dataset of these entries, without a card."""
    folder.mkdir(parents=True, exist_ok=True)
    made.write(folder, form, given, rows=50)
    settings = {"name": "made", "taken": (TAKEN,), "rows": len(given), **built}
    settings = {"versions": {"maskwright": "0.4.0", "numpy": "2.0"}, **settings}
    freeze_build(folder, replace(made.BUILT, format=form, **settings))
    return folder


def card_of(folder: Path, given: list[Entry], form: str = "imagefolder", **built: Any) -> str:
    """README.md of a dataset made of these entries."""
    write_card(dataset(folder, given, form, **built))
    return (folder / "README.md").read_text(encoding="utf-8")


def front(card: str) -> dict[str, Any]:
    """What YAML reads in the front matter."""
    found: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return found
