"""Known masks that are not what they seem, or not what others will take them for."""

from __future__ import annotations

from collections import Counter

from maskwright.corpus.inspect.commands import inspect_line, inspect_swapped
from maskwright.corpus.inspect.known import TURNS
from maskwright.corpus.inspect.values import Facts, Finding, KnownMask, Looked

MOST = 0.5
"""Share of the masks that must show a mistake for it to be one of the source, not of a few rows."""
LEAST_MASKS = 3
BETTER = 0.2
"""How much more IoU with the measured change another reading must have than the mask as it is."""
COVERED_AT_MOST = 0.3
"""A mask that holds more of the measured change than this is not the wrong way round."""
AWAY_COVERED, AWAY_AGREES = 0.3, 0.2
"""A mask that holds less of the measured change, at a lower IoU, has nothing to do with it. In 8 clean
sources of `train` photographs none of 226 masks is so, of masks put to other rows 81 %."""
FULL, WHOLE = 0.99, 0.8
"""From this share on a mask is full; pictures changed up to the second are not edited as a whole."""
SEEN = 0.5
"""Below this IoU tools that threshold at half do not see the mask."""
LEAST_AREA = 0.002
"""Share of the picture a measured change must have for an empty mask to be wrong."""


def masks_inverted(facts: Facts) -> Finding | None:
    """White is what was not edited."""
    judged = [
        (looked, mask)
        for looked, mask in _masks(facts)
        if {"as_is", "inverted"} <= set(mask.agreement) and mask.area_frac < 1
    ]
    wrong = [
        looked
        for looked, mask in judged
        if mask.agreement["inverted"] >= mask.agreement["as_is"] + BETTER and mask.covers < COVERED_AT_MOST
    ]
    if not _most(wrong, judged):
        return None
    areas = sorted(mask.area_frac for _, mask in judged)
    return Finding(
        "masks_inverted",
        certain=True,
        sentence="The known masks are inverted: they mark what was not edited.",
        evidence=(
            f"in {len(wrong)} of {len(judged)} the change lies in the black part "
            f"(IoU {_mean(judged, 'inverted'):.2f} inverted, {_mean(judged, 'as_is'):.2f} as they are); "
            f"{areas[len(areas) // 2]:.0%} of a mask is white"
        ),
        type_this="write 255 - level into every mask file, then: " + inspect_line(facts.source, facts.roles),
        ids=_ids(wrong),
        share=len(wrong) / len(judged),
    )


def masks_turned(facts: Facts) -> Finding | None:
    """Masks lie on their side, upside down or mirrored."""
    masks = _masks(facts)
    lying = [looked for looked, mask in masks if mask.fits == "turned"]
    judged = [(looked, mask) for looked, mask in masks if set(mask.agreement) & set(TURNS)]
    better = []
    for looked, mask in judged:
        name = max(TURNS, key=lambda name: mask.agreement.get(name, -1.0))
        as_is = mask.agreement.get("as_is", 0.0)
        if (
            mask.agreement[name] >= as_is + BETTER
            and mask.agreement.get("inverted", 0.0) < mask.agreement[name]
        ):
            better.append((looked, name))
    name, votes = Counter(name for _, name in better).most_common(1)[0] if better else ("", 0)
    by_size, by_change = _most(lying, masks), votes >= LEAST_MASKS and votes > MOST * len(judged)
    if not (by_size or by_change):
        return None
    rows = lying if by_size else [looked for looked, each in better if each == name]
    said = [f"{len(lying)} of {len(masks)} have height and width exchanged"] if lying else []
    said += [f"{votes} of {len(judged)} fit the measured change {_undone(name)}"] if votes else []
    return Finding(
        "masks_turned",
        certain=True,
        sentence="The known masks are turned or mirrored against their pictures.",
        evidence="; ".join(said),
        type_this=(
            f"write the mask files anew, {name or 'turned back'}, then: "
            + inspect_line(facts.source, facts.roles)
        ),
        ids=_ids(rows),
        share=len(rows) / len(masks),
    )


def masks_other_size(facts: Facts) -> Finding | None:
    """Masks on another grid than the edited picture's."""
    masks = _masks(facts)
    other = [(looked, mask) for looked, mask in masks if mask.fits not in ("edited", "turned")]
    if len(other) < LEAST_MASKS:
        return None
    kinds = Counter(mask.fits for _, mask in other)
    looked, mask = other[0]
    size = f"{looked.edited.width}x{looked.edited.height}" if looked.edited else "unknown"
    words = {"original": "have the original's size", "shape": "have its proportions", "other": "have others"}
    return Finding(
        "masks_other_size",
        certain=True,
        sentence="Known masks have another size than their edited pictures; nothing is resized for you.",
        evidence=(
            f"{len(other)} of {len(masks)}: "
            + ", ".join(f"{count} {words[kind]}" for kind, count in kinds.most_common())
            + f"; {looked.id}: mask {mask.width}x{mask.height}, picture {size}"
        ),
        type_this=(
            "the masks fit the other side; are the sides exchanged? "
            + inspect_swapped(facts.source, facts.roles)
            if set(kinds) == {"original"}
            else "resize the masks to the edited pictures (nearest neighbour), then: "
            + inspect_line(facts.source, facts.roles)
        ),
        ids=_ids([looked for looked, _ in other]),
        share=len(other) / len(masks),
    )


def masks_empty(facts: Facts) -> Finding | None:
    """Masks without an edited pixel where something was edited."""
    masks = _masks(facts)
    empty = [
        looked
        for looked, mask in masks
        if mask.area_frac == 0
        and looked.verdict in ("local_edit", "whole_picture")
        and looked.area_frac >= LEAST_AREA
    ]
    if not _most(empty, masks):
        return None
    return Finding(
        "masks_empty",
        certain=True,
        sentence="Known masks are empty, though their pictures were edited.",
        evidence=f"{len(empty)} of {len(masks)} masks",
        type_this=_other_mask(facts),
        ids=_ids(empty),
        share=len(empty) / len(masks),
    )


def masks_full(facts: Facts) -> Finding | None:
    """Masks that mark everything where only a part was edited."""
    masks = _masks(facts)
    full = [
        looked
        for looked, mask in masks
        if mask.area_frac >= FULL and looked.verdict == "local_edit" and looked.area_frac < WHOLE
    ]
    if not _most(full, masks):
        return None
    return Finding(
        "masks_full",
        certain=True,
        sentence="Known masks mark the whole picture, though only a part was edited.",
        evidence=f"{len(full)} of {len(masks)} masks; some sets write a full mask for 'no mask'",
        type_this=_other_mask(facts),
        ids=_ids(full),
        share=len(full) / len(masks),
    )


def masks_levels_0_1(facts: Facts) -> Finding | None:
    """Masks too dark for tools that threshold at half."""
    masks = [(looked, mask) for looked, mask in _masks(facts) if mask.area_frac > 0]
    dark = [(looked, mask) for looked, mask in masks if mask.seen_plainly < SEEN and not mask.by_alpha]
    if not _most([looked for looked, _ in dark], masks):
        return None
    tops = Counter(mask.top for _, mask in dark).most_common(3)
    return Finding(
        "masks_levels_0_1",
        certain=True,
        sentence="Known masks are so dark that other tools see them black; they are read right here.",
        evidence=(
            f"{len(dark)} of {len(masks)}; highest level "
            + ", ".join(f"{top} ({count})" for top, count in tops)
            + " of 255, and mean(RGB) above 127.5 is what others take for edited"
        ),
        type_this=_rewrite(facts),
        ids=_ids([looked for looked, _ in dark]),
        share=len(dark) / len(masks),
    )


def masks_in_alpha(facts: Facts) -> Finding | None:
    """Masks told by transparency."""
    masks = [(looked, mask) for looked, mask in _masks(facts) if mask.area_frac > 0]
    clear = [looked for looked, mask in masks if mask.by_alpha]
    if not _most(clear, masks):
        return None
    return Finding(
        "masks_in_alpha",
        certain=True,
        sentence=(
            "Known masks are in the transparency of their files, which is lost as soon as they are "
            "opened as RGB; they are read right here."
        ),
        evidence=f"{len(clear)} of {len(masks)} masks",
        type_this=_rewrite(facts),
        ids=_ids(clear),
        share=len(clear) / len(masks),
    )


def masks_unreadable(facts: Facts) -> Finding | None:
    """Masks that cannot be read as masks."""
    bad = [looked for looked in facts.looked if looked.mask_fault]
    total = len(bad) + len(_masks(facts))
    if len(bad) < 2:
        return None
    return Finding(
        "masks_unreadable",
        certain=True,
        sentence="Known masks cannot be read.",
        evidence=f"{len(bad)} of {total}; {bad[0].id}: {bad[0].mask_fault}",
        type_this=_other_mask(facts),
        ids=_ids(bad),
        share=len(bad) / total,
    )


def masks_elsewhere(facts: Facts) -> Finding | None:
    """Masks that hold nothing of the measured change, whichever way round they are."""
    judged = [(looked, mask) for looked, mask in _masks(facts) if "as_is" in mask.agreement]
    away = [
        looked
        for looked, mask in judged
        if mask.covers < AWAY_COVERED and mask.agreement["as_is"] < AWAY_AGREES and mask.area_frac < MOST
    ]
    if not _most(away, judged) or masks_inverted(facts) or masks_turned(facts):
        return None
    return Finding(
        "masks_elsewhere",
        certain=False,
        sentence="Known masks lie where nothing changed: they may be another row's, or of another picture.",
        evidence=f"in {len(away)} of {len(judged)} hardly any of the measured change is in the mask",
        type_this=_other_mask(facts),
        ids=_ids(away),
        share=len(away) / len(judged),
    )


def _masks(facts: Facts) -> list[tuple[Looked, KnownMask]]:
    return [(looked, looked.mask) for looked in facts.looked if looked.mask is not None]


def _most(wrong: list[Looked], of: list[tuple[Looked, KnownMask]]) -> bool:
    return len(wrong) >= LEAST_MASKS and len(wrong) > MOST * len(of)


def _mean(judged: list[tuple[Looked, KnownMask]], name: str) -> float:
    return sum(mask.agreement[name] for _, mask in judged) / len(judged)


def _ids(looked: list[Looked]) -> tuple[str, ...]:
    return tuple(each.id for each in looked)


def _undone(name: str) -> str:
    """What to do to a mask that fits when `name` is done to it."""
    return f"when they are {name}" if not name.startswith("mirrored") else f"when {name}"


def _other_mask(facts: Facts) -> str:
    if facts.reading.columns:
        return "name the right column: " + inspect_line(facts.source, facts.roles) + " --mask COLUMN"
    return "put the right files in their place, then: " + inspect_line(facts.source, facts.roles)


def _rewrite(facts: Facts) -> str:
    return (
        "nothing for this program; for other tools write each mask anew as 0 and 255: in Python "
        "maskwright.read_mask(path) * numpy.uint8(255)"
    )
