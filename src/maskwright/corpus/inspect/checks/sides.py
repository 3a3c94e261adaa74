"""Original and edited exchanged."""

from __future__ import annotations

from collections import Counter
from math import comb

from maskwright.corpus.inspect.commands import annotate_swapped
from maskwright.corpus.inspect.values import Facts, Finding
from maskwright.pairs.sources.roles import PIPE_COLUMNS, normal

VOTE = 0.5
"""Log odds from which on a row votes: three to two."""
WRONG_SHARE, LEAST_P = 0.75, 0.001
"""Share of the votes that must say exchanged, and how rarely that may come of throwing coins."""

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
    chance = sign_test(len(wrong), len(votes))
    if len(wrong) < WRONG_SHARE * len(votes) or chance > LEAST_P:
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
            f"one (by chance 1 in {1 / max(chance, 1e-9):,.0f}); {said}"
        ),
        ids=tuple(wrong[:10]),
        share=len(wrong) / len(votes),
    )


def sign_test(wrong: int, votes: int) -> float:
    """Chance that at least so many of the votes are wrong if each is as likely right.

    >>> sign_test(10, 10)
    0.0009765625
    """
    return float(sum(comb(votes, k) for k in range(wrong, votes + 1)) / 2**votes)


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
