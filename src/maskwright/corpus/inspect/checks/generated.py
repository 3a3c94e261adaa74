"""Originals that are no photographs: both sides come from a generator."""

from __future__ import annotations

from collections import Counter

from maskwright.corpus.inspect.commands import annotate_line
from maskwright.corpus.inspect.values import Facts, Finding, Side

LEAST_PAIRS = 8
MARKED_SHARE = 0.5
"""Share of the originals whose file must name a generator."""
BUCKETS = frozenset(
    {(1152, 896), (1216, 832), (1344, 768), (1536, 640)}  # Stable Diffusion XL's training sizes
    | {(1536, 1024), (1792, 1024)}  # GPT-Image-1, DALL-E 3
    | {(1184, 880), (1248, 832), (1392, 752), (1456, 720)}  # FLUX.1 Kontext's preferred sizes, a part
)
"""(long, short) sides that generators make and cameras do not; squares are left out, since photographs are
cropped to 512, 768 and 1024, too. SDXL report (arXiv 2307.01952), appendix I; the makers' API pages."""
LEAST_BUCKETS = 2


def both_generated(facts: Facts) -> Finding | None:
    """Originals that a generator made: they cannot stand for authentic pictures."""
    pairs = [(looked.id, looked.original) for looked in facts.looked if looked.original]
    if len(pairs) < LEAST_PAIRS:
        return None
    marked = [(id_, side.facts.generator) for id_, side in pairs if side.facts.generator]
    edited = [looked.edited for looked in facts.looked if looked.edited and looked.edited.facts.generator]
    cameras = sum(bool(side.facts.camera) or side.facts.has_gps for _, side in pairs)
    if len(marked) >= MARKED_SHARE * len(pairs) and not cameras:
        first = Counter(words for _, words in marked).most_common(1)[0][0]
        return _finding(
            facts,
            f"files of {len(marked)} of {len(pairs)} sampled originals and of {len(edited)} edited pictures "
            f"say so: {first}",
            tuple(id_ for id_, _ in marked),
            len(marked) / len(pairs),
        )
    buckets = Counter(_bucket(side) for _, side in pairs)
    if len(buckets) >= LEAST_BUCKETS and set(buckets) <= BUCKETS and not cameras:
        sizes = ", ".join(f"{long}x{short} ({count})" for (long, short), count in buckets.most_common(4))
        return _finding(
            facts,
            f"all {len(pairs)} sampled originals have generators' sizes, {sizes}, and none has camera data",
            tuple(id_ for id_, _ in pairs),
            1.0,
        )
    return None


def _bucket(side: Side) -> tuple[int, int]:
    return max(side.width, side.height), min(side.width, side.height)


def _finding(facts: Facts, evidence: str, ids: tuple[str, ...], share: float) -> Finding:
    return Finding(
        "both_generated",
        certain=False,
        sentence="The originals may come from a generator, too: they cannot stand for authentic pictures.",
        evidence=evidence,
        type_this=(
            "masks are not touched by it: "
            + annotate_line(facts.source, facts.roles)
            + "; but do not train a detector on these originals as authentic"
        ),
        ids=ids,
        share=share,
    )
