"""Conditions over several corpora, at their stored masks or at others: what does not fit is told in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pyarrow as pa

from maskwright.corpus.conditions import Conditions
from maskwright.corpus.reader import Corpus
from maskwright.datasets.selecting.threshold import REFUSED
from maskwright.errors import SettingError
from maskwright.masks.scores import OF_SHAPE


def asked_of(
    corpora: Sequence[Corpus], conditions: Sequence[str], threshold: float | None
) -> Iterator[Conditions]:
    """The conditions over each corpus, each to be entered.

    Raises:
        SettingError: one cannot be used in all corpora, or speaks of masks that a threshold replaces.
    """
    schemas = [_plain(corpus, ()) for corpus in corpora]
    for corpus, schema in zip(corpora, schemas, strict=True):
        known = schema if threshold is None else _plain(corpus, REFUSED)
        try:
            yield Conditions(conditions, known)
        except SettingError as fault:
            for condition in conditions:
                if _fits(condition, schema) and not _fits(condition, known):
                    raise _stale(condition) from fault
                fits = [
                    each.out for each, all_ in zip(corpora, schemas, strict=True) if _fits(condition, all_)
                ]
                if fits and corpus.out not in fits:
                    raise SettingError(
                        f"in {corpus.out} {fault}; in {fits[0]} it can",
                        hint="select from each with conditions of its own; the name may be the same",
                    ) from fault
            raise


def _fits(condition: str, schema: pa.Schema) -> bool:
    try:
        with Conditions([condition], schema):
            return True
    except SettingError:
        return False


def _plain(corpus: Corpus, without: Sequence[str]) -> pa.Schema:
    """The columns a condition may name."""
    left_out = {*corpus.picture_columns, *without}
    return pa.schema([field for field in corpus.schema if field.name not in left_out])


def _stale(condition: str) -> SettingError:
    named = [name for name in REFUSED if re.search(rf"\b{name}\b", condition, re.IGNORECASE)]
    return SettingError(
        f"with a threshold the condition {condition!r} cannot be used: {', '.join(named) or 'it'} speaks of"
        " the mask at 0.5, and what it is of another mask only the pictures can tell",
        hint=f"leave it out, or the threshold; known of the new masks are {', '.join(OF_SHAPE)}",
    )
