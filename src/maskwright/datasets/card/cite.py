"""How to cite a dataset and what it is made of."""

from __future__ import annotations

import re
from importlib import metadata

from maskwright.datasets.card.figures import Figures
from maskwright.datasets.formats import Format
from maskwright.datasets.values import Built
from maskwright.pages.dataset import Section
from maskwright.pages.words import counted
from maskwright.pairs.presets import PRESETS


def citing(built: Built, figures: Figures, format: Format) -> Section:
    """BibTeX of this dataset and of what made it; the papers of its sources are not known to us."""
    titles = [PRESETS[each.name].title for each in figures.sources if each.name in PRESETS]
    says = ["Add who made it, when, and where it is published."]
    if titles:
        says.append(
            f"Cite what it is made from, too, as its own card asks for: {', '.join(titles)}. A table of terms"
            " above says where they are published."
        )
    return Section("cite", "How to cite it", says=says, code=[("bibtex", bibtex(built, figures, format))])


def bibtex(built: Built, figures: Figures, format: Format) -> str:
    """Two entries; nothing in a name acts in TeX."""
    version = built.versions.get("maskwright", metadata.version("maskwright"))
    thing = "picture" if "picture" in format.roles else "mask"
    names = " and ".join(dict.fromkeys(_plain(name) for name, _, _ in figures.annotators)) or "maskwright"
    key = re.sub(r"[^A-Za-z0-9]+", "-", built.name).strip("-") or "dataset"
    return "\n".join(
        [
            f"@misc{{{key},",
            f"  title = {{{{{_plain(built.name)}}}}},",
            f"  note = {{{counted(figures.rows, thing)}, masks made by {names}}},",
            "}",
            "@software{maskwright,",
            "  title = {{maskwright: from before/after pairs to masks one can trust}},",
            f"  version = {{{_plain(version)}}},",
            "}",
        ]
    )


def _plain(text: str) -> str:
    """Without what TeX would act on.

    >>> _plain("a_b {x} 5%")
    'a b x 5'
    """
    return " ".join(re.sub(r"[\\{}$&#%~^_\"]", " ", text).split())
