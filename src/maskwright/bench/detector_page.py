"""What `bench detectors` writes: a page with plots, and the same figures as JSON."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

from maskwright.bench.detector_looks import EVERYTHING, GRID, grid_of
from maskwright.bench.detector_protocols import PIXELS, WHOLE, names_of
from maskwright.bench.detector_result import DetectorBench
from maskwright.bench.detector_sections import figured, sections, whole_of
from maskwright.bench.detector_tables import faults_rows, sets_rows, standings_of
from maskwright.bench.detector_worst import worst_cards
from maskwright.bench.tables import figure
from maskwright.corpus import atomic
from maskwright.corpus.annotate import versions
from maskwright.detectors import DEFAULT
from maskwright.errors import RunError
from maskwright.measures.metrics import RESAMPLES
from maskwright.pages.bench import BenchCard
from maskwright.pages.detectors import DetectorsView, detectors_page
from maskwright.pages.page import check_place, save_page
from maskwright.pages.words import counted

PAGE, FIGURES = "detectors.html", "detectors.json"
LISTED = 200
"""Lines on the page of pictures that were not measured; the others are in the JSON."""


def check_out(out: Path) -> None:
    """Refuse a folder that cannot take the two files; to be asked before a long run, not after it.

    Raises:
        RunError: something else is there.
    """
    if out.exists() and not out.is_dir():
        raise RunError(f"{out} is there already and is no folder", hint="name another: -o OUT")
    check_place(out / PAGE)
    figures = out / FIGURES
    if figures.exists() and not _is_ours(figures):
        raise RunError(f"{figures} is there already and is not ours", hint="name another folder: -o OUT")


def save_bench(result: DetectorBench, out: Path) -> None:
    """Write both files, taking the place of older ones of ours.

    Raises:
        RunError: something else is there, or the folder cannot be written.
    """
    check_out(out)
    with atomic.told(out):
        out.mkdir(parents=True, exist_ok=True)
    with atomic.replacing(out / FIGURES) as temporary:
        temporary.write_text(json.dumps(result.to_json(), indent=1, allow_nan=False) + "\n", encoding="ascii")
    save_page(html_of(result), out / PAGE)


def html_of(result: DetectorBench) -> str:
    """The page of a run. Its worst pictures are read and looked at once more.

    Raises:
        InputError: a set is no longer there.
        RunError: it has more than 10 MB.
    """
    return detectors_page(_view(result))


def _is_ours(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return b'"bench": "detectors"' in file.read(200)
    except OSError:
        return False


def _view(result: DetectorBench) -> DetectorsView:
    return DetectorsView(
        name=", ".join(each.name for each in result.sets),
        sentence=_sentence(result),
        says=list(_says(result)),
        sections=list(sections(result)),
        sheets=_sheets(result),
        sets=sets_rows(result.sets),
        faults=faults_rows(result.faults[:LISTED]),
        faults_left=max(0, len(result.faults) - LISTED),
        unasked=list(_unasked(result)),
        definitions=list(_definitions(result)),
        limits=list(_limits(result)),
        facts=_facts(result),
        command=_command(result),
    )


def _sheets(result: DetectorBench) -> list[tuple[str, str, list[BenchCard]]]:
    ours, protocol = next(iter(result.detectors)), next(iter(result.protocols))
    misses, alarms = worst_cards(result)
    grid = grid_of(protocol, result.grid)
    size = f" Resized to {grid}x{grid}, as the detector saw it." if grid else ""
    why = "Look at these before you believe a mean; truth may be coarser than the edit."
    name = names_of(protocol)["f1"]
    return [
        (f"Worst misses of {ours}", f"Forged pictures by {name} ({protocol}). {why}{size}", misses),
        (f"Worst false alarms of {ours}", f"Authentic pictures by their score.{size}", alarms),
    ]


def _sentence(result: DetectorBench) -> str:
    """The finding: the first detector under the first protocol against marking everything."""
    protocol = next(iter(result.protocols))
    standings = {each.detector: each for each in standings_of(result, protocol, whole_of(result))}
    ours = standings[next(iter(result.detectors))]
    forged = counted(sum(each.forged for each in result.sets), "forged picture")
    sets = f" of {counted(len(result.sets), 'set')}" if len(result.sets) > 1 else ""
    name = names_of(protocol)["f1"]
    return (
        f"{ours.detector} has {name} {figured(ours.figures['f1'])} ({protocol}) on {forged}{sets};"
        f" marking everything has {figure(standings[EVERYTHING].figures['f1'].estimate.mean)}."
    )


def _says(result: DetectorBench) -> Iterator[str]:
    for name in result.detectors:
        for protocol in result.protocols:
            found = next(
                each for each in standings_of(result, protocol, whole_of(result)) if each.detector == name
            )
            kinds = WHOLE[protocol]
            words = [
                f"{kinds[key].name} {figured(found.figures[key])}"
                for key in kinds
                if found.figures[key].estimate.n
            ]
            if words:
                yield f"{name}, whole pictures ({protocol}): {', '.join(words)}."
    for each in result.sets:
        if not each.authentic:
            yield f"{each.name} has no authentic pictures: nothing can be said of false alarms on it."
    if result.faults:
        yield f"{counted(len(result.faults), 'line')} on what was not measured, or got no map, below."


def _unasked(result: DetectorBench) -> Iterator[str]:
    for protocol in PIXELS:
        if protocol not in result.protocols:
            yield f"The protocol {protocol}: it was not asked for (--protocol {protocol})."
    if not result.robust:
        yield "What blur, noise and JPEG cost: that was not asked for (--robust)."


def _limits(result: DetectorBench) -> Iterator[str]:
    yield (
        "How it does on other pictures: figures and intervals speak of pictures like these. Intervals draw"
        " photographs anew; they know nothing of editors and cameras that are not here."
    )
    yield (
        "Whether the masks are right: those of a dataset that annotate made are an annotator's, and figures"
        " then say how far a detector agrees with it."
    )
    yield "Whether a detector was trained on these pictures, or on others like them: only its maker knows."
    yield (
        "Best thresholds: those of the set, and still more those of every picture, are chosen knowing the"
        " truth. No detector has them when it is used."
    )
    yield (
        "Figures of whole pictures measure files as well as edits, where authentic pictures were saved"
        " otherwise than forged ones; the originals of pairs often were (maskwright check tells)."
    )
    if "benco" in result.protocols:
        yield (
            "IMDLBenCo's own reading of mask files: here masks are read as what they are; there a mask of 0"
            " and 1 is empty. Forged pictures with an empty mask count there, and are refused here."
        )


def _definitions(result: DetectorBench) -> Iterator[tuple[str, str]]:
    yield from result.protocols.items()
    yield (
        "mean over sets",
        "Each set has the same weight, however large; a set without a figure is left out of its mean.",
    )
    yield (
        "[low, high]",
        f"95 % bootstrap interval: {RESAMPLES:,} draws of whole photographs with all their pictures, set by"
        " set. The threshold of a set is not chosen anew.",
    )
    if "plain" in result.protocols:
        yield (
            "F1, IoU",
            "2TP / (2TP + FP + FN) and TP / (TP + FP + FN) of one picture, TP hits, FP false, FN missed; then"
            " the mean over forged pictures.",
        )
        yield (
            "best threshold",
            "Of 257: the map in 256 levels, and one that marks nothing; of the set: the same for all its"
            " pictures; of EVERY picture: its own.",
        )
        yield "pixel AUC", "Of one picture, all levels, ties half; then the mean over forged pictures."
        yield "marked of authentic", "Share of an authentic picture that is marked; then the mean."
    if "benco" in result.protocols:
        yield (
            "grid of benco",
            f"Pictures are resized to {result.grid}x{result.grid} (bilinear), masks by the nearest pixel;"
            " the detector sees the resized picture and its map is measured there.",
        )
        yield (
            "PixelF1",
            "Over forged pictures, as its authors advise; “with authentic” is the mean that the tool gives"
            " where authentic pictures are among them: each of those scores 0, whatever the map.",
        )
        yield (
            "PixelAUC",
            "The tool orders tied pixels by chance; here by reading order, between “ties worst” and “ties"
            " best” lies what it may give.",
        )
    if "trufor" in result.protocols:
        yield (
            "F1_th, F1_best",
            "At 0.5 and at the best threshold of every picture; both the better of the map and its inverse,"
            " so that marking nothing scores where much is edited. Pixels within 7 px inside and 5 px outside"
            " the border of an edit count for nobody.",
        )
    yield "no map", "A picture of which a detector gave no map counts as one in which it found nothing."


def _facts(result: DetectorBench) -> list[tuple[str, str]]:
    return [
        *(
            (f"set {each.name}", f"{each.location}: {each.layout}; split {each.split or 'all'}")
            for each in result.sets
        ),
        *(
            (f"detector {given}", f"{name} {version}, digest {digest[:12]}")
            for given, (name, version, digest) in result.detectors.items()
        ),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions().items())),
    ]


def _command(result: DetectorBench) -> str:
    words = ["maskwright", "bench", "detectors"]
    words += [word for each in result.data for word in ("--data", each)]
    if list(result.detectors) != [DEFAULT]:
        words += [word for name in result.detectors for word in ("--detector", name)]
    if list(result.protocols) != ["plain"]:
        words += [word for name in result.protocols for word in ("--protocol", name)]
    words += ["--split", result.split] if result.split else []
    words += ["--grid", str(result.grid)] if result.grid != GRID else []
    words += ["--robust"] if result.robust else []
    return shlex.join([*words, "-o", "OUT"])
