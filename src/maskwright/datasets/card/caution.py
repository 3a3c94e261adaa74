"""What to know before one trusts a dataset: what its files give away, and what its masks are not."""

from __future__ import annotations

from maskwright.datasets.card.figures import Figures
from maskwright.datasets.shortcuts.measure import Shortcuts
from maskwright.datasets.shortcuts.separation import Separation
from maskwright.datasets.values import Built
from maskwright.pages.dataset import Grid, Section
from maskwright.pages.lines import Code, Line
from maskwright.pages.words import counted, figure

TITLE = "Whether a detector could cheat"


def shortcut_check(found: Shortcuts | None) -> Section:
    """What the files of edited pictures give away; says so where nobody looked."""
    if found is None:
        says = "Nobody looked whether the files of edited pictures differ from those of other ones."
        return Section("shortcuts", TITLE, says=[says])
    other = "authentic pictures" if found.against == "authentic" else "their originals"
    looked = (
        f"{counted(found.forged, 'edited picture')} and {found.authentic:,} {other} of"
        f" {counted(found.photographs, 'photograph')} were looked at; of every photograph either all pictures"
        " were learned from, or all were judged."
    )
    measured = [
        ("files alone, logistic regression", found.logistic),
        ("files alone, boosted trees", found.boosted),
        ("bits per pixel alone", found.bits_per_pixel),
        ("blocks of an earlier JPEG alone", found.blockiness),
    ]
    rows = [
        (name, figure(each.auc), f"{figure(each.low)} to {figure(each.high)}")
        for name, each in measured
        if each is not None
    ]
    says = (
        f"Edited pictures were to be told from {other} without looking at an edit: by facts of the files,"
        " like format, sizes and tables, and by two traces in the pixels. 0.5 is chance, 1 is always right."
    )
    files = [each for each in (found.logistic, found.boosted) if each is not None]
    return Section(
        "shortcuts",
        TITLE,
        says=[_verdict(files) if found.measured else f"Not measured: {found.missing}.", says],
        tables=[Grid(("told by", "AUC", "95 % interval"), rows, frozenset({1, 2}))] if rows else [],
        then=[looked, *_telling(found)],
    )


def _verdict(files: list[Separation]) -> str:
    if any(each.low > 0.5 for each in files):
        return (
            "Yes: the files alone tell better than chance which pictures are edited. A detector may learn"
            " that and not the edits."
        )
    return (
        "No shortcut was found in the files: what they tell of edits cannot be told from chance. That is no"
        " proof that there is none."
    )


def _telling(found: Shortcuts) -> list[Line]:
    if not found.telling:
        return []
    line: list[str | Code] = ["The facts that differ most, with the AUC of each alone: "]
    for place, (name, auc) in enumerate(found.telling):
        line += [", " if place else "", Code(name), f" {figure(auc)}"]
    return [[*line, "."]]


def limits(built: Built, figures: Figures) -> Section:
    """What it is not; numbers are those of this dataset."""
    points: list[Line] = [
        "Masks are made by a program: some are wrong, and nobody looked at each. A score says in which order"
        " to look; only a confidence is a probability."
    ]
    known = figures.spreads.get(figures.trust)
    if known:
        first = (
            f" of at most {figure(known.low)}. The least sure ones are shown above: look at them before you"
        )
        points.append(["A quarter of the masks have a ", Code(figures.trust), f"{first} trust the rest."])
    if figures.empty_masks:
        points.append(
            f"{counted(figures.empty_masks, 'edited picture')} with an empty mask: not proof that nothing was"
            " edited."
        )
    if figures.authentic:
        who = (
            "its corpus says, or else the maker of this dataset," if built.photographs else "its corpus says"
        )
        points.append(
            f"Authentic means: {who} that nobody edited the photograph. No program looked for older edits."
        )
    else:
        points.append(
            "It has no authentic pictures: what a detector marks where nothing was edited cannot be measured"
            " on it."
        )
    points.append(
        "Near-duplicates are found by their look. One that was cropped or changed beyond that may be in"
        " another split."
    )
    points.append(
        "Edits are those of the editors in its sources: how a detector does on those of others, it does not"
        " tell."
    )
    return Section("limits", "Known limits", points=points)
