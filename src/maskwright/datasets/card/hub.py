"""What a hub is told of a dataset in the front matter of its card."""

from __future__ import annotations

import re

from maskwright.datasets.card.figures import Figures
from maskwright.datasets.formats import Format
from maskwright.datasets.values import Built
from maskwright.pages.dataset import Hub

LICENCES = (
    *("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0"),
    *("cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0"),
    *("cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0"),
    *("cc-by-nc-sa-4.0", "odc-by", "odbl", "pddl", "gfdl", "unlicense", "gpl-3.0", "cdla-sharing-1.0"),
    *("cdla-permissive-1.0", "cdla-permissive-2.0"),
)
"""Identifiers of the Hugging Face hub's list of licences that data sets carry."""
SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)
"""Below so many rows -> the hub's class."""
TAGS = ("image-forensics", "image-manipulation-localization", "image-editing", "masks", "maskwright")


def hub_of(built: Built, figures: Figures, format: Format) -> Hub:
    """The front matter; a format the hub cannot load offers its table of provenance instead."""
    splits = [each.name for each in figures.splits]
    pattern = format.hub or "provenance/{split}-*.parquet"
    licence, name = licence_of(built.licence)
    return Hub(
        licence=licence,
        licence_name=name,
        size=next((size for most, size in SIZES if figures.rows < most), "100M<n<1B"),
        tags=TAGS,
        config="default" if format.hub else "provenance",
        data_files=[(split, pattern.replace("{split}", split)) for split in splits],
    )


def licence_of(text: str) -> tuple[str, str]:
    """(the hub's identifier, a name for what it calls other).

    >>> licence_of("CC BY-NC 4.0"), licence_of("for research only"), licence_of("")
    (('cc-by-nc-4.0', ''), ('other', 'for-research-only'), ('unknown', ''))
    """
    plain = re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")
    if not plain:
        return "unknown", ""
    known = re.sub(r"-licen[cs]e|-international|^licen[cs]e-", "", plain)
    return (known, "") if known in LICENCES else ("other", plain[:60].strip("-."))
