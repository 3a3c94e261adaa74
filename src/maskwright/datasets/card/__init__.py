"""The card of a dataset, from its own files alone: README.md for hubs, card.html to read, card/* beside them.

build.json, provenance/ -> counted (figures), in words (sections, rights, caution, cite, hub)
pictures of some rows            -> sheets (pictures)
all of it                        -> pages.dataset, which escapes it
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from maskwright.corpus.atomic import replacing, told
from maskwright.datasets.building.built import SHORTCUTS, load_build
from maskwright.datasets.card.figures import Figures, Provenance, left_out
from maskwright.datasets.card.hub import hub_of
from maskwright.datasets.card.pictures import Shown, shown
from maskwright.datasets.card.rights import passing
from maskwright.datasets.card.sections import sections
from maskwright.datasets.formats import Format, load_format
from maskwright.datasets.shortcuts.measure import Shortcuts, from_dict
from maskwright.datasets.values import Built
from maskwright.errors import InputError, RunError
from maskwright.pages.dataset import DatasetView, Section, dataset_page, dataset_readme, histogram_svg
from maskwright.pages.words import counted, percent, size

README, PAGE, PICTURES = "README.md", "card.html", "card"
"""Names in a dataset."""


def write_card(folder: Path) -> None:
    """Write README.md, card.html and card/* of a dataset, each whole; older ones are replaced.

    The same dataset gives the same bytes. Memory does not grow with its rows.

    Raises:
        RunError: it is no dataset of maskwright, or cannot be written.
    """
    built = load_build(folder)
    format = load_format(built.format)
    rows = Provenance(folder)
    figures = rows.figures()
    pictures = shown(folder, built, format, figures, rows)
    view = _view(
        built,
        figures,
        format,
        pictures,
        list(sections(built, figures, format, _shortcuts(folder), left_out(folder))),
    )
    files = pictures.files | {f"{plot.name}.svg": histogram_svg(plot).encode() for plot in view.histograms}
    with told(folder / PICTURES):
        (folder / PICTURES).mkdir(exist_ok=True)
        for path in (folder / PICTURES).iterdir():
            if path.name not in files:
                path.unlink()
    written = {f"{PICTURES}/{name}": data for name, data in files.items()}
    written |= {PAGE: dataset_page(view).encode(), README: dataset_readme(view).encode()}
    for name, data in written.items():
        with replacing(folder / name) as path:
            path.write_bytes(data)


def _shortcuts(folder: Path) -> Shortcuts | None:
    """What was measured; None where nobody looked."""
    path = folder / SHORTCUTS
    if not path.is_file():
        return None
    try:
        return from_dict(json.loads(path.read_bytes()))
    except (OSError, ValueError, InputError) as fault:
        raise RunError(
            f"{path} is damaged: {fault}", hint=f"delete it, then build again: {folder}"
        ) from fault


def _view(
    built: Built, figures: Figures, format: Format, pictures: Shown, parts: Sequence[Section]
) -> DatasetView:
    return DatasetView(
        name=built.name,
        hub=hub_of(built, figures, format),
        finding=_finding(figures, format),
        says=_says(figures),
        passing=passing(figures, format),
        tiles=_tiles(figures, format),
        sheets=pictures.sheets,
        shown=_shown(format),
        has_pictures="picture" in format.roles,
        pictures_missing=pictures.missing,
        histograms=figures.histograms,
        sections=parts,
        footer=f"{built.name}, {counted(figures.rows, 'row')} in the format {built.format}.",
    )


def _finding(figures: Figures, format: Format) -> str:
    """The first sentence."""
    if "picture" not in format.roles:
        said = f"{counted(figures.forged, 'mask')} of where pictures were edited"
        said += f", and {counted(figures.authentic, 'key')} of authentic ones" if figures.authentic else ""
        return f"{said}; the pictures are not in it."
    said = f"{counted(figures.forged, 'picture')} edited in part, each with a mask of where"
    if figures.authentic:
        said += f", and {counted(figures.authentic, 'photograph')} that nobody edited"
    return said + "."


def _says(figures: Figures) -> list[str]:
    names = sorted({name for name, _, _ in figures.annotators})
    by = "a program, " if len(names) == 1 else "programs, "
    splits = ", ".join(f"{each.name} ({each.forged + each.authentic:,})" for each in figures.splits)
    return [
        f"The masks were made by {by}{' and '.join(names)}: every edited picture was compared with its"
        f" original. It is for training and testing detectors of edits: {splits}, split by photograph."
    ]


def _tiles(figures: Figures, format: Format) -> list[tuple[str, str]]:
    tiles = [(f"{figures.forged:,}", "edited, with a mask")]
    if figures.authentic:
        tiles.append((f"{figures.authentic:,}", "authentic"))
    tiles.append((f"{figures.photographs:,}", "different photographs"))
    if area := figures.spreads.get("area_frac"):
        tiles.append((percent(area.median), "of a picture edited, median"))
    if stored := sum(bytes_ for _, _, bytes_ in figures.stored):
        tiles.append((size(stored), "of pictures and masks" if "picture" in format.roles else "of masks"))
    return tiles


def _shown(format: Format) -> str:
    if "picture" not in format.roles:
        return "White is edited."
    first = "the original, " if "original" in format.roles else ""
    return (
        f"From left to right: {first}the edited picture with the mask outlined, the mask (white is edited)."
    )
