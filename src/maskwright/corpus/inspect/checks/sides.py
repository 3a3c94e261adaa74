"""Original and edited exchanged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import erfc, sqrt

from maskwright.corpus.inspect.commands import annotate_swapped
from maskwright.corpus.inspect.values import Facts, Finding
from maskwright.pairs.sources.roles import PIPE_COLUMNS, normal

VOTE = 0.5
"""Log odds from which on a row votes: three to two."""
LEAST_VOTES, WRONG_SHARE, LEAST_Z = 8, 0.7, 2.5
"""How many votes there must be, the share of them that says exchanged, and how far from coins that must be.
Of 48 sources of 30 `train` pairs edited once that are the right way round all lie at 0.8 and above the other
way; of 32 sources of one kind of edit each, saved in one of four ways, the worst is 1.4 on the wrong side."""

NAMES = {
    "history": "JPEG history inside and outside the change",
    "fineness": "fineness of detail",
    "noise": "noise",
    "camera": "camera data",
    "generator": "marks of generators",
    "software": "software",
    "captions": "captions",
    "words": "instructions",
}
"""Evidence -> its name for people."""


def roles_swapped(facts: Facts) -> Finding | None:
    """The picture taken for the original is the one that was edited."""
    if known := _known_reversed(facts):
        return known
    totals = {looked.id: sum(looked.direction.values()) for looked in facts.looked}
    votes = {id_: total for id_, total in totals.items() if abs(total) >= VOTE}
    wrong = [id_ for id_, total in sorted(votes.items(), key=lambda vote: vote[1]) if total < 0]
    away = from_coins([-total for total in votes.values()])
    if len(votes) < LEAST_VOTES or len(wrong) < WRONG_SHARE * len(votes) or away < LEAST_Z:
        return None
    kinds = Counter(
        name
        for looked in facts.looked
        if looked.id in set(wrong)
        for name, value in looked.direction.items()
        if value <= -VOTE
    )
    said = ", ".join(f"{NAMES[name]} {count}" for name, count in kinds.most_common(4))
    return _finding(
        facts,
        evidence=(
            f"of {len(facts.looked)} sampled pairs {len(votes)} show a side, {len(wrong)} of them the wrong "
            f"one (by chance 1 in {2 / erfc(min(away, 6.0) / sqrt(2)):,.0f}); {said}"
        ),
        ids=tuple(wrong),
        share=len(wrong) / len(votes),
    )


def from_coins(votes: Sequence[float]) -> float:
    """How many standard deviations the sum of the votes is above 0, had each its sign by a coin.

    The sign test in which a vote counts by its strength; equal votes that agree give the square root of
    their number.

    >>> from_coins([2.0] * 9)
    3.0
    """
    return sum(votes) / sqrt(sum(vote * vote for vote in votes)) if votes else 0.0


def _known_reversed(facts: Facts) -> Finding | None:
    """PIPE, read by its names: they are the wrong way round."""
    named = {normal(name) for name, _ in facts.reading.columns}
    original = next((each.place for each in facts.reading.chosen if each.role == "original"), "")
    if not (named >= PIPE_COLUMNS and normal(original) == "source_img"):
        return None
    return _finding(
        facts,
        evidence="the columns are those of PIPE, whose target_img is the photograph",
        ids=(),
        share=1.0,
    )


def _finding(facts: Facts, *, evidence: str, ids: tuple[str, ...], share: float) -> Finding:
    return Finding(
        "roles_swapped",
        certain=False,
        sentence="Original and edited may be exchanged: the pictures taken for originals look edited.",
        evidence=evidence,
        type_this="look at the pairs; if it is so: " + annotate_swapped(facts.source, facts.roles),
        ids=ids,
        share=share,
    )
