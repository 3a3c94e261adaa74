"""Instructions that say nothing."""

from __future__ import annotations

from maskwright.corpus.inspect.commands import inspect_line
from maskwright.corpus.inspect.values import Facts, Finding

EMPTY_SHARE = 0.2


def instruction_empty(facts: Facts) -> Finding | None:
    """A column of instructions that is empty in many rows."""
    column = next((each.place for each in facts.reading.chosen if each.role == "instruction"), "")
    empty = facts.listing.pairs - facts.listing.instructions
    if not column or empty < max(2, EMPTY_SHARE * facts.listing.pairs):
        return None
    ids = tuple(looked.id for looked in facts.looked if not looked.instruction)
    return Finding(
        "instruction_empty",
        certain=False,
        sentence=f"The column {column!r} taken for the instruction is empty in many rows.",
        evidence=f"{empty:,} of {facts.listing.pairs:,} pairs",
        type_this=(
            "name another column if there is one: "
            + inspect_line(facts.source, facts.roles)
            + " --instruction COLUMN"
        ),
        ids=ids,
        share=empty / facts.listing.pairs,
    )
