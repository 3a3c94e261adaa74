"""What is here of a published corpus, against what was published."""

from __future__ import annotations

from collections.abc import Sequence

from maskwright.corpus.inspect.commands import inspect_line
from maskwright.corpus.inspect.values import Facts, Finding
from maskwright.pairs.sources.preset import SplitCount


def corpus_incomplete(facts: Facts) -> Finding | None:
    """A split has other rows than its corpus says."""
    if not (odd := differing(facts.splits)):
        return None
    return incomplete(odd, facts.splits, inspect_line(facts.source, facts.roles))


def differing(splits: Sequence[SplitCount]) -> list[SplitCount]:
    """The splits of which something is here, and not what was published.

    Rows in files that tell no split may be any one of the published splits, or all of them.
    """
    known = [each for each in splits if each.expected is not None]
    nameless = [each for each in splits if each.expected is None]
    whole = {each.expected for each in known} | {sum(each.expected or 0 for each in known)}
    odd = [each for each in known if each.found not in (0, each.expected)]
    return odd + [each for each in nameless if known and each.found not in whole]


def incomplete(odd: Sequence[SplitCount], splits: Sequence[SplitCount], again: str) -> Finding:
    """The finding.

    Args:
        odd: as `differing` gives them.
        again: the line that inspects it again.
    """
    told = [
        f"{each.split or 'files without a split'}: {each.found:,} here"
        + (f", {each.expected:,} published" if each.expected is not None else "")
        for each in odd
    ]
    if any(each.expected is None for each in odd):
        known = [f"{each.split or 'all'} {each.expected:,}" for each in splits if each.expected is not None]
        told.append(f"published are {', '.join(known)}")
    return Finding(
        "corpus_incomplete",
        certain=False,
        sentence="What is here is not the whole corpus as it was published.",
        evidence="; ".join(told),
        type_this=f"nothing, if you took a part of it on purpose; else download it again, then: {again}",
    )
