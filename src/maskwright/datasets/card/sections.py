"""What a card says, idea by idea, in the order in which it is read; every figure was counted or recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maskwright.corpus.report import BACKGROUND_SAYS
from maskwright.datasets.building.built import BUILD, CHECKSUMS, LEFT_OUT, PROVENANCE
from maskwright.datasets.building.entries import LEFT_OUT as WHY_LEFT
from maskwright.datasets.card.caution import limits, shortcut_check
from maskwright.datasets.card.cite import citing
from maskwright.datasets.card.figures import MOST_LINES, Figures, Part
from maskwright.datasets.card.rights import terms
from maskwright.datasets.formats import Format
from maskwright.datasets.shortcuts.measure import Shortcuts
from maskwright.datasets.values import REGENERATIONS, ROW, SPLITS, Built, Taken
from maskwright.pages.dataset import Grid, Section
from maskwright.pages.lines import Code, Line, Piece
from maskwright.pages.words import counted, figure, percent, size
from maskwright.pairs.values import REASONS, VERDICTS

STORED = {
    "picture": ("picture", "pictures"),
    "original": ("original", "originals"),
    "mask": ("mask", "masks"),
    "ignore": ("map of what nobody can say", "maps of what nobody can say"),
}
"""Role of a file -> one of them and many of them."""


def sections(
    built: Built,
    figures: Figures,
    format: Format,
    shortcuts: Shortcuts | None,
    left: Sequence[tuple[str, int]],
) -> Iterator[Section]:
    """All of a card.

    Args:
        shortcuts: None where they were not looked for.
        left: (reason, rows) of `left_out.parquet`.
    """
    yield _counts(figures)
    if "picture" not in format.roles:
        yield _joining(built)
    yield _loading(format)
    yield _masks(figures)
    yield _made(figures)
    yield _outside(built, figures, format)
    yield _splits(built, figures)
    if "picture" in format.roles:
        yield shortcut_check(shortcuts)
    yield _taken(built, left)
    yield terms(built, figures)
    yield limits(built, figures)
    yield _provenance()
    yield _again(built)
    yield citing(built, figures, format)


def _counts(figures: Figures) -> Section:
    rows = [_part(each) for each in figures.splits]
    if len(rows) > 1:
        rows.append(("all", *_numbers(figures.forged, figures.authentic, figures.photographs)))
    least, median, most = figures.sizes
    stored = [
        f"{number:,} {STORED[role][number != 1]} ({size(bytes_)})" for role, number, bytes_ in figures.stored
    ]
    then = ["Edited pictures have a mask. Photographs are different ones: near-duplicates count once."]
    if figures.empty_masks:
        then.append(f"Empty: {counted(figures.empty_masks, 'mask')} of edited pictures; nothing was found.")
    then.append(
        f"The longer side of a picture has {least:,} to {most:,} pixels, {median:,} in the middle."
        if least < most
        else f"The longer side of every picture has {most:,} pixels."
    )
    then += [f"Stored: {', '.join(stored)}."] if stored else []
    grids = [_grid("split", rows), _grid("source", [_part(each) for each in figures.sources])]
    return Section("counts", "What is in it", tables=grids, then=then)


def _part(part: Part) -> Sequence[Line]:
    return ([Code(part.name)], *_numbers(part.forged, part.authentic, part.photographs))


def _numbers(*numbers: int) -> tuple[str, ...]:
    return tuple(f"{number:,}" for number in numbers)


def _grid(name: str, rows: Sequence[Sequence[Line]]) -> Grid:
    shown = list(rows[:MOST_LINES])
    if len(rows) > MOST_LINES:
        shown.append((f"and {len(rows) - MOST_LINES:,} more", "", "", ""))
    head = (name, "edited", "authentic", "photographs")
    return Grid(head, shown, frozenset({1, 2, 3}))


def _joining(built: Built) -> Section:
    """A place for each corpus, in the order in which build asks for them."""
    names = ["CORPUS"] if len(built.taken) < 2 else [f"CORPUS{n}" for n, _ in enumerate(built.taken, start=1)]
    line: list[Piece] = ["If you have the corpus, join the masks to its pictures again. Put this folder for "]
    line.append(Code("THIS"))
    for name, taken in zip(names, built.taken, strict=False):
        line += [", what was ", Code(taken.source), " for ", Code(name)]
    sources = " ".join(f"--source {name}" for name in names)
    return Section(
        "join",
        "How to join it to the pictures",
        says=["The pictures are not in it: only masks, scores and keys.", [*line, "."]],
        code=[("sh", f"maskwright build NEW --from THIS {sources} --format parquet")],
    )


def _loading(format: Format) -> Section:
    says: list[Line] = [format.says]
    if not format.hub:
        says.append("A hub shows its table of provenance, not its pictures.")
    layout = Grid(("where", "what it is"), [([Code(where)], says) for where, says in format.layout])
    then: list[Line] = [["Put the folder of the dataset for ", Code("FOLDER"), "."]] if format.loading else []
    return Section(
        "load",
        "How to load it",
        says=says,
        tables=[layout] if format.layout else [],
        then=then,
        code=[("python", format.loading)] if format.loading else [],
    )


def _masks(figures: Figures) -> Section:
    """The scores, and the masks to look at."""
    says: list[Line] = []
    for name, spread in figures.spreads.items():
        middle, low, high = (figure(value) for value in (spread.median, spread.low, spread.high))
        known = f", known for {spread.count:,} of {figures.forged:,}" if spread.count < figures.forged else ""
        said = f": {middle} in the middle, {low} to {high} for the middle half of the masks{known}."
        says.append([Code(name), said])
    if figures.forged and "confidence" not in figures.spreads:
        without = " was given, so nobody says how probable it is that a mask is right: "
        says.append(["No ", Code("confidence"), without, Code("qes"), " puts masks in an order, no more."])
    return Section(
        "masks",
        "How large and how sure the masks are",
        says=says,
        plots=True,
        sheets=("least-sure", "surest"),
    )


def _made(figures: Figures) -> Section:
    """By what the masks were made, and what was found."""
    says = (
        "A program laid every original on its edited picture and gave every pixel the probability that it was"
        " edited. The mask is where that is large enough. No person drew or corrected it."
    )
    annotators = Grid(
        ("annotator", "masks", "sha256 of its weights or constants"),
        [([Code(name)], f"{number:,}", [Code(digest)]) for name, digest, number in figures.annotators],
        frozenset({1}),
    )
    verdicts = _words("found in the pair", figures.verdicts, VERDICTS)
    return Section("made", "How the masks were made", says=[says], tables=[annotators, *verdicts])


def _words(title: str, found: Sequence[tuple[str, int]], says: dict[str, str]) -> list[Grid]:
    """A table of the words of a column; none where there are none."""
    rows: list[Sequence[Line]] = [([Code(word)], f"{number:,}", says.get(word, "")) for word, number in found]
    return [Grid((title, "masks", "what it says"), rows, frozenset({1}))] if rows else []


def _outside(built: Built, figures: Figures, format: Format) -> Section:
    """What pixels outside the mask are, and what becomes of those that nobody knows."""
    says: list[Line] = []
    if "picture" in format.roles:
        regeneration: list[Piece] = ["Regeneration: ", Code(built.regeneration)]
        says.append([*regeneration, f". {REGENERATIONS[built.regeneration]}"])
        touched = sum(n for word, n in figures.backgrounds if word in ("regenerated", "redrawn"))
        if built.regeneration == "keep" and touched:
            says.append(
                f"In {touched:,} of {counted(figures.forged, 'edited picture')} a generator also made what"
                " lies outside the mask. A detector that marks it there is not wrong."
            )
        says.append(["Every picture is stored the same way, edited or not: ", Code(built.encoding), "."])
    says.append(["Pixels of which nobody can say (", Code("ignore"), f"): {format.of_ignore}"])
    grids = _words("outside the mask, as the pair came", figures.backgrounds, BACKGROUND_SAYS)
    return Section("outside", "Outside the masks", says=says, tables=grids)


def _splits(built: Built, figures: Figures) -> Section:
    asked = ", ".join(
        f"{name} {percent(share)}" for name, share in zip(SPLITS, built.fractions, strict=True) if share
    )
    crossing = f"{figures.crossing:,} of them" if figures.crossing else "none of them"
    says: list[Line] = [
        f"Photographs were dealt to the splits by chance, not pictures (asked for: {asked}; seed"
        f" {built.seed}). All edits of a photograph, the photograph itself and every near-duplicate that was"
        " found stay together.",
        f"Counted over all rows: {counted(figures.photographs, 'photograph')}, {crossing} in two splits.",
    ]
    if not built.excluded:
        says.append("No test set was named whose pictures had to stay out.")
    points: list[Line] = [
        [f"{counted(rows, 'row')} kept out, since a picture of ", Code(source), " is shown."]
        for source, rows in built.excluded
    ]
    return Section("splits", "The splits", says=says, points=points)


def _taken(built: Built, left: Sequence[tuple[str, int]]) -> Section:
    """Which rows of each corpus were taken, and what was left out on the way."""
    grids = [
        Grid(
            (f"rows of {taken.source}", "left"),
            [(what, f"{number:,}") for what, number in taken.funnel],
            frozenset({1}),
        )
        for taken in built.taken
    ]
    why = REASONS | WHY_LEFT
    if left:
        rows = [([Code(reason)], f"{number:,}", why.get(reason, "")) for reason, number in left]
        grids.append(Grid(("left out while it was built", "rows", "why"), rows, frozenset({1})))
    then: list[Line] = [["Every row left out is in ", Code(LEFT_OUT), ", with what was seen."]]
    return Section(
        "taken",
        "What was taken, and what is left out",
        says=[_conditions(each) for each in built.taken],
        tables=grids,
        then=then if left else ["While it was built no row had to be left out."],
    )


def _conditions(taken: Taken) -> Line:
    line: list[Piece] = ["From ", Code(taken.source), " the selection ", Code(taken.selection)]
    for place, condition in enumerate(taken.conditions):
        line += [" and " if place else ": rows for which ", Code(condition)]
    level = figure(taken.threshold)
    return [*line, f". A pixel is edited from {level} of the change map on."]


def _provenance() -> Section:
    grid = Grid(("column", "what it says"), [([Code(name)], says) for name, (_, says) in ROW.items()])
    says: Line = [Code(f"{PROVENANCE}/*.parquet"), " has a row for every picture:"]
    then: Line = [Code(CHECKSUMS), " has the checksum of every file. Whether all are as they were:"]
    return Section(
        "provenance",
        "Where every picture comes from",
        says=[says],
        tables=[grid],
        then=[then],
        code=[("sh", f"sha256sum -c {CHECKSUMS}")],
    )


def _again(built: Built) -> Section:
    versions = ", ".join(f"{name} {version}" for name, version in built.versions.items())
    says: list[Line] = [
        [Code(BUILD), " has all settings, and a digest of what was annotated."],
        f"The same rows, settings and versions give the same bytes ({versions}):",
    ]
    return Section("again", "How to make it again", says=says, code=[("sh", built.command)])
