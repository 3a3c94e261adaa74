"""What can be seen of files: some are not there, some are there twice, some are not what they should be."""

from __future__ import annotations

from statistics import median

from maskwright.corpus.inspect.commands import annotate_line, inspect_line
from maskwright.corpus.inspect.values import Facts, Finding, Looked

TWICE_SHARE = 0.1
"""Rows whose two pictures are the same are welcome as authentic examples; from a tenth on they are said."""
LEAST_ROWS = 2
UNMATCHED_SHARE = 0.1
SHAPE, SHAPES_SHARE = 0.02, 0.3
"""Proportions that differ by more were cropped or padded; Pico-Banana's pairs reach 8 % (its issue 22)."""
LOW_QUALITY = 60
"""Judgement: below this libjpeg's smallest luma step is 8 levels and more, as much as faint edits change."""
UNREADABLE = ("truncated", "not_a_picture", "file_empty", "too_large", "needs_heif")


def files_missing(facts: Facts) -> Finding | None:
    """Files that rows name and that are not there."""
    missing = facts.listing.missing
    rows = max((group.rows for group in missing.values()), default=0)
    if not rows:
        return None
    said = ", ".join(f"{group.rows:,} {role}" for role, group in missing.items())
    return Finding(
        "files_missing",
        certain=True,
        sentence="Files that rows name are not there; paths count from the table's folder.",
        evidence=f"of {facts.listing.pairs:,} pairs: {said}",
        type_this=(
            "put the files there, or go on without these rows: " + annotate_line(facts.source, facts.roles)
        ),
        ids=next(iter(missing.values())).ids,
        share=rows / facts.listing.pairs,
    )


def files_unmatched(facts: Facts) -> Finding | None:
    """Picture files of a folder that are in no pair."""
    groups = {reason: facts.listing.rejected.get(reason) for reason in ("unmatched", "ambiguous")}
    found = {reason: group for reason, group in groups.items() if group}
    rows = sum(group.rows for group in found.values())
    if facts.reading.columns or rows < max(LEAST_ROWS, UNMATCHED_SHARE * facts.listing.listed):
        return None
    said = ", ".join(f"{group.rows:,} {reason}" for reason, group in found.items())
    return Finding(
        "files_unmatched",
        certain=True,
        sentence=f"Many picture files are in no pair; pairs are laid out as {facts.reading.layout}.",
        evidence=f"{said}, beside {facts.listing.pairs:,} pairs",
        type_this="rename the files, or write a table with the columns original,edited and inspect that",
        ids=tuple(id_ for group in found.values() for id_ in group.ids),
        share=rows / facts.listing.listed,
    )


def pictures_unreadable(facts: Facts) -> Finding | None:
    """Files that are there and cannot be read."""
    bad = [looked for looked in facts.looked if looked.reason in UNREADABLE]
    if len(bad) < LEAST_ROWS:
        return None
    return Finding(
        "pictures_unreadable",
        certain=True,
        sentence="Pictures cannot be read.",
        evidence=f"{len(bad)} of {len(facts.looked)} sampled pairs; {bad[0].id}: {bad[0].detail}",
        type_this="fetch these files anew, then: " + inspect_line(facts.source, facts.roles),
        ids=tuple(looked.id for looked in bad),
        share=len(bad) / len(facts.looked),
    )


def same_picture_twice(facts: Facts) -> Finding | None:
    """Rows whose original and edited picture are the same."""
    equal = [looked for looked in facts.looked if looked.same_pixels]
    share = len(equal) / len(facts.looked) if facts.looked else 0.0
    by_bytes = facts.listing.same_twice
    if len(equal) < LEAST_ROWS or share < TWICE_SHARE:
        return None
    return Finding(
        "same_picture_twice",
        certain=True,
        sentence="Original and edited are the same picture in many rows: nothing was edited there.",
        evidence=(
            f"{len(equal)} of {len(facts.looked)} sampled pairs have equal pixels; "
            f"{by_bytes.rows:,} of {facts.listing.compared:,} are the same file byte for byte"
        ),
        type_this=(
            "look whether the right column or folder is taken for the edited picture "
            "(--edited COLUMN), or leave the rows out"
        ),
        ids=(tuple(looked.id for looked in equal) or by_bytes.ids),
        share=share,
    )


def duplicate_pairs(facts: Facts) -> Finding | None:
    """Pairs that are there twice."""
    again = facts.listing.duplicates
    if again.rows < LEAST_ROWS:
        return None
    return Finding(
        "duplicate_pairs",
        certain=True,
        sentence="Pairs are there more than once under different ids; a split would put them on both sides.",
        evidence=f"{again.rows:,} of {facts.listing.compared:,} pairs are another one again, byte for byte",
        type_this="take the repeated rows out, then: " + inspect_line(facts.source, facts.roles),
        ids=again.ids,
        share=again.rows / facts.listing.compared,
    )


def duplicate_files(facts: Facts) -> Finding | None:
    """Edited pictures with the same bytes under several names; one original for several edits is fine."""
    again = facts.listing.shared_edits
    if again.rows < LEAST_ROWS or facts.listing.duplicates.rows >= again.rows / 2:
        return None
    return Finding(
        "duplicate_files",
        certain=False,
        sentence="Edited pictures under different names are the same file.",
        evidence=f"in {again.rows:,} of {facts.listing.compared:,} pairs",
        type_this="look whether they were copied by mistake, then: "
        + inspect_line(facts.source, facts.roles),
        ids=again.ids,
        share=again.rows / facts.listing.compared,
    )


def original_is_edited_elsewhere(facts: Facts) -> Finding | None:
    """Originals that are the edited picture of another row."""
    turns = facts.listing.both_sides
    if turns.rows < LEAST_ROWS:
        return None
    return Finding(
        "original_is_edited_elsewhere",
        certain=False,
        sentence=(
            "Originals are the edited pictures of other rows: turns of one session, or a leak; "
            "such an original is no authentic picture."
        ),
        evidence=f"{turns.rows:,} of {facts.listing.compared:,} pairs, byte for byte",
        type_this=(
            "keep the rows of a session in one split, and do not take these originals for authentic pictures"
        ),
        ids=turns.ids,
        share=turns.rows / facts.listing.compared,
    )


def shapes_differ(facts: Facts) -> Finding | None:
    """Edited pictures of other proportions than their originals."""
    seen = [looked for looked in facts.looked if looked.status == "ok"]
    other = [looked for looked in seen if has_other_shape(looked)]
    if len(other) < max(LEAST_ROWS, SHAPES_SHARE * len(seen)):
        return None
    first = other[0]
    sizes = (
        f"{first.original.width}x{first.original.height} became {first.edited.width}x{first.edited.height}"
        if first.original and first.edited
        else ""
    )
    return Finding(
        "shapes_differ",
        certain=False,
        sentence="Many edited pictures have other proportions than their originals.",
        evidence=f"{len(other)} of {len(seen)} sampled pairs; {first.id}: {sizes}",
        type_this=(
            "go on, what has no counterpart is ignored: "
            + annotate_line(facts.source, facts.roles)
            + "; tools that resize both to one size see shifted edges everywhere"
        ),
        ids=tuple(looked.id for looked in other),
        share=len(other) / len(seen),
    )


def has_other_shape(looked: Looked) -> bool:
    """Whether the proportions of the two sides differ by more than rounding."""
    if looked.original is None or looked.edited is None:
        return False
    first, second = looked.original, looked.edited
    return abs(first.width * second.height / (first.height * second.width) - 1) > SHAPE


def jpeg_quality_low(facts: Facts) -> Finding | None:
    """A side that was saved so small that fine traces are gone."""
    said, worst = [], 0.0
    ids: tuple[str, ...] = ()
    for role in ("original", "edited"):
        sides = [
            (looked.id, side.facts.jpeg_quality) for looked in facts.looked if (side := getattr(looked, role))
        ]
        qualities = [(id_, quality) for id_, quality in sides if quality is not None]
        low = [id_ for id_, quality in qualities if quality < LOW_QUALITY]
        if len(low) >= LEAST_ROWS and len(low) >= len(sides) / 2:
            said.append(f"{role}: {len(low)} of {len(sides)}, median {median(q for _, q in qualities):g}")
            worst, ids = max(worst, len(low) / len(sides)), ids or tuple(low)
    if not said:
        return None
    return Finding(
        "jpeg_quality_low",
        certain=False,
        sentence=f"Pictures are JPEG of a quality below {LOW_QUALITY}: faint edits drown in its noise.",
        evidence="; ".join(said),
        type_this=(
            "look for a better copy of the pictures, or go on: " + annotate_line(facts.source, facts.roles)
        ),
        ids=ids,
        share=worst,
    )
