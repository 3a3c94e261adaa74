"""Pairs that are none: rows of two lists that have come apart."""

from __future__ import annotations

from maskwright.corpus.inspect.commands import inspect_line
from maskwright.corpus.inspect.values import Facts, Finding, Looked

LEAST_PAIRS = 5
SHIFTED_SHARE, UNMATCHED_SHARE = 0.5, 0.8
"""Shares of pairs that have nothing in common. In clean sources of `train` photographs at most 0.07 of the
sampled pairs are found unrelated (benchmarks/bench_inspect.py). Judgement: styles change every picture all
over, so that half must be unrelated outright."""


def rows_shifted(facts: Facts) -> Finding | None:
    """Most pairs are unrelated, and match when originals are taken from other rows."""
    seen, _, apart = _apart(facts)
    offset = facts.offset
    if offset is None or not offset.rows or len(seen) < LEAST_PAIRS:
        return None
    if len(apart) < SHIFTED_SHARE * len(seen):
        return None
    rows = f"{abs(offset.rows)} row{'s' if abs(offset.rows) > 1 else ''}"
    way = "later" if offset.rows > 0 else "earlier"
    where = "in the order of their names" if not facts.reading.columns else "in the table"
    return Finding(
        "rows_shifted",
        certain=True,
        sentence=f"The rows have come apart: an edited picture belongs to the original {rows} {way} {where}.",
        evidence=(
            f"{len(apart)} of {len(seen)} sampled pairs have nothing in common; at an offset of "
            f"{offset.rows:+d} {offset.matched} of {offset.tried} match, at others {offset.by_chance}"
            + (f"; {offset.example[0]} fits {offset.example[1]}" if offset.example else "")
        ),
        type_this=(
            f"move the originals by {-offset.rows:+d} rows, then: {inspect_line(facts.source, facts.roles)}"
        ),
        ids=tuple(looked.id for looked in apart),
        share=len(apart) / len(seen),
    )


def rows_do_not_match(facts: Facts) -> Finding | None:
    """Most pairs are unrelated, and no offset explains it."""
    seen, unrelated, apart = _apart(facts)
    offset = facts.offset
    if len(seen) < LEAST_PAIRS or (offset and offset.rows):
        return None
    if len(apart) < UNMATCHED_SHARE * len(seen) or len(unrelated) < SHIFTED_SHARE * len(seen):
        return None
    elsewhere = offset.elsewhere if offset else 0
    if not facts.reading.columns:
        sentence = "Files are paired by their names, but the pictures of a pair are different photographs."
    else:
        sentence = "Original and edited picture of a row are different photographs."
    found = f"; {elsewhere} of {offset.tried} fit another row's original" if offset and elsewhere else ""
    return Finding(
        "rows_do_not_match",
        certain=True,
        sentence=sentence,
        evidence=f"{len(apart)} of {len(seen)} sampled pairs have nothing in common{found}",
        type_this=(
            "pair the pictures anew by a key both lists have: write a table with the columns original,edited "
            "and inspect that"
        ),
        ids=tuple(looked.id for looked in apart),
        share=len(apart) / len(seen),
    )


def _apart(facts: Facts) -> tuple[list[Looked], list[Looked], list[Looked]]:
    """(sampled pairs that could be read, those found unrelated, those and the ones changed all over).

    Of two calm photographs one can be bent to fit the other; then nearly the whole picture is changed.
    """
    seen = [looked for looked in facts.looked if looked.status == "ok" or looked.reason == "unrelated"]
    unrelated = [looked for looked in seen if looked.reason == "unrelated"]
    return seen, unrelated, [each for each in seen if each in unrelated or each.verdict == "whole_picture"]
