"""Real edit pairs without masks: what a network teaches itself on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from maskwright.errors import InputError
from maskwright.learning.stream import Sample
from maskwright.masks.annotators import rule
from maskwright.masks.annotators.evidence import STRIDE, evidence
from maskwright.masks.annotators.planes import planes
from maskwright.pairs.align import align
from maskwright.pairs.picture import read_picture
from maskwright.pairs.sources import open_source
from maskwright.pairs.values import Pair

SPLIT = "train"
"""Rows that may be learned from, where the table has a column `split`."""


def unlabelled_pairs(table: str | os.PathLike[str]) -> list[Sample]:
    """Every pair of a table that may be learned from, as the annotator sees it; masks are empty.

    Rows whose column `split` is not `train` are left out, as are pairs that cannot be read or aligned.

    Raises:
        InputError: the table cannot be read, or nothing is left of it.
    """
    found = [sample for pair in _learnable(table) if (sample := _seen(pair)) is not None]
    if not found:
        raise InputError(
            f"{table} has no pair to learn from", hint="rows of split train that are the same photograph are"
        )
    return found


def digest_of(table: str | os.PathLike[str]) -> str:
    """What the table holds, 16 hex digits."""
    return hashlib.sha256(Path(table).read_bytes()).hexdigest()[:16]


def _learnable(table: str | os.PathLike[str]) -> Iterator[Pair]:
    source = open_source(table)
    for part in source.plan():
        for pair in source.read(part):
            if isinstance(pair, Pair) and pair.columns.get("split", SPLIT) == SPLIT:
                yield pair


def _seen(pair: Pair) -> Sample | None:
    try:
        aligned = align(read_picture(pair.original).pixels, read_picture(pair.edited).pixels)
    except InputError:
        return None
    if aligned.geometry.kind == "unrelated" or np.array_equal(aligned.original, aligned.edited):
        return None
    seen = evidence(aligned)
    empty = np.zeros(seen.valid.shape, np.uint8)
    ignored = np.where(aligned.valid[::STRIDE, ::STRIDE], np.uint8(0), np.uint8(255))
    return Sample(planes(seen, rule.log_odds(seen, rule.shipped_rule())), empty, ignored)
