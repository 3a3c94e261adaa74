"""Every silent mistake `inspect` knows: a code, and a function that finds it in the facts of a source.

A check is pure and gives a finding or None. The order of the table is the order of the findings within
mistakes and within suspicions: what spoils most comes first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from maskwright.corpus.inspect.checks import corpora, files, generated, masks, matching, sides, texts
from maskwright.corpus.inspect.values import SHOWN_IDS, Facts, Finding

Check = Callable[[Facts], Finding | None]

CHECKS: dict[str, Check] = {
    "rows_shifted": matching.rows_shifted,
    "rows_do_not_match": matching.rows_do_not_match,
    "roles_swapped": sides.roles_swapped,
    "same_picture_twice": files.same_picture_twice,
    "masks_inverted": masks.masks_inverted,
    "masks_turned": masks.masks_turned,
    "masks_other_size": masks.masks_other_size,
    "masks_empty": masks.masks_empty,
    "masks_full": masks.masks_full,
    "masks_levels_0_1": masks.masks_levels_0_1,
    "masks_in_alpha": masks.masks_in_alpha,
    "masks_unreadable": masks.masks_unreadable,
    "masks_elsewhere": masks.masks_elsewhere,
    "corpus_incomplete": corpora.corpus_incomplete,
    "files_missing": files.files_missing,
    "files_unmatched": files.files_unmatched,
    "pictures_unreadable": files.pictures_unreadable,
    "duplicate_pairs": files.duplicate_pairs,
    "both_generated": generated.both_generated,
    "original_is_edited_elsewhere": files.original_is_edited_elsewhere,
    "duplicate_files": files.duplicate_files,
    "shapes_differ": files.shapes_differ,
    "jpeg_quality_low": files.jpeg_quality_low,
    "instruction_empty": texts.instruction_empty,
}
"""Code -> what finds it."""


def find_all(facts: Facts) -> tuple[Finding, ...]:
    """All findings, mistakes first, each with its first rows."""
    found = [finding for check in CHECKS.values() if (finding := check(facts))]
    shown = [replace(finding, ids=finding.ids[:SHOWN_IDS]) for finding in found]
    return tuple(sorted(shown, key=lambda finding: not finding.certain))
