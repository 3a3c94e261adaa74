"""`maskwright inspect`: how a source will be read, and which silent mistakes it holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.cli.progress import reporter
from maskwright.cli.source import (
    MAX_PIXELS,
    AllowRemote,
    Corpus,
    Edited,
    Instruction,
    Mask,
    MaxPixels,
    Original,
    Region,
    Source,
    Swap,
)
from maskwright.cli.terminal import answer, answer_json, answer_table, answer_text
from maskwright.pages.words import counted, percent

if TYPE_CHECKING:
    from maskwright.corpus.inspect import Finding, Inspection
    from maskwright.corpus.inspect.labelled import LabelledInspection

EXAMPLE = "Example:  maskwright inspect pairs.csv -o inspect.html"

MOST_KINDS = 4
"""Sizes and kinds of masks on a screen; `--json` has all."""


def command(
    source: Source,
    original: Original = None,
    edited: Edited = None,
    mask: Mask = None,
    region: Region = None,
    instruction: Instruction = None,
    swap: Swap = False,
    corpus: Corpus = None,
    allow_remote: AllowRemote = False,
    seed: Annotated[int, typer.Option(help="Of the draw of the pairs that are looked at.", metavar="S")] = 0,
    max_pixels: MaxPixels = MAX_PIXELS,
    page: Annotated[
        Path | None, typer.Option("-o", "--out", help="Write a page to look at here.", metavar="FILE.html")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say how a source will be read and which mistakes it holds.

    All rows are counted, 60 pairs looked at. Leaves with 3 if a mistake is certain.
    """
    from maskwright.corpus.inspect import inspect
    from maskwright.corpus.inspect.jsoned import inspection_json
    from maskwright.pages.page import check_place
    from maskwright.pairs.presets import find_preset
    from maskwright.pairs.sources import Roles

    if corpus is not None and find_preset(corpus).is_labelled:
        _inspect_labelled(source, corpus, seed, max_pixels, page, as_json)
        return
    roles = Roles(
        original=original,
        edited=edited,
        mask=mask,
        region=region,
        instruction=instruction,
        swap=swap,
        corpus=corpus,
        allow_remote=allow_remote,
    )
    if page is not None:
        check_place(page)
    with reporter() as shown:
        inspection = inspect(source, roles=roles, seed=seed, max_pixels=max_pixels, progress=shown.steps)
    if page is not None:
        inspection.save(page)
    if as_json:
        answer_json(inspection_json(inspection))
    else:
        _print(inspection)
        if page is not None:
            answer(f"wrote {page}")
    if inspection.mistakes:
        raise typer.Exit(3)


def _inspect_labelled(
    source: str, corpus: str, seed: int, max_pixels: int, page: Path | None, as_json: bool
) -> None:
    """The same for a set of labelled pictures, where there is nothing to compare."""
    from maskwright.corpus.inspect.labelled import inspect_labelled
    from maskwright.errors import SettingError

    if page is not None:
        raise SettingError("a page shows pairs, and a labelled set has none", hint="leave out -o, or --json")
    with reporter() as shown:
        found = inspect_labelled(source, corpus, seed=seed, max_pixels=max_pixels, progress=shown.steps)
    if as_json:
        answer_json(found.as_dict())
    else:
        _print_labelled(found)
    if found.mistakes:
        raise typer.Exit(3)


def _print_labelled(found: LabelledInspection) -> None:
    from maskwright.pairs.values import LABELS, REASONS

    said = ", ".join(f"{name} {count:,}" for name, count in found.labels.items())
    answer_text(f"{found.title}: {counted(found.rows, 'row')}; {said}; {found.looked:,} looked at")
    for finding in found.findings:
        _print_finding(finding)
    answer()
    answer_table(
        [[name, f"{count:,}", LABELS[name]] for name, count in found.labels.items()]
        + [[name, f"{group.rows:,}", REASONS[name]] for name, group in found.rejected.items()],
        "lrl",
    )
    least, middle, most, average = (percent(share) for share in found.area_frac)
    rows = [["sizes", _kinds(found.sizes)]]
    if found.fits:
        rows.append(["masks", _kinds(found.fits)])
        rows.append(["forged part", f"{least} to {most}, half below {middle}, {average} on average"])
    if found.missing_masks.rows:
        rows.append(["forged without a mask", f"{found.missing_masks.rows:,}"])
    answer_table(rows, "l")


def _print(inspection: Inspection) -> None:
    _print_findings(inspection)
    answer()
    _print_reading(inspection)
    answer()
    _print_counts(inspection)
    answer()
    answer(f"next: {inspection.next_command}")


def _print_findings(inspection: Inspection) -> None:
    from maskwright.corpus.inspect.page import tally

    looked = counted(len(inspection.looked), "pair")
    answer(f"{tally(inspection) or 'no mistake found'}; {looked} looked at")
    for finding in inspection.findings:
        _print_finding(finding)


def _print_finding(finding: Finding) -> None:
    word = "mistake" if finding.certain else "suspicion"
    answer()
    answer_text(f"{word} {finding.code}: {finding.sentence} ({finding.evidence})")
    if finding.ids:
        more = ", ..." if len(finding.ids) > MOST_KINDS else ""
        answer(f"  rows: {', '.join(finding.ids[:MOST_KINDS])}{more}")
    answer(f"  type: {finding.type_this}")


def _print_reading(inspection: Inspection) -> None:
    reading = inspection.reading
    answer(f"read as {reading.kind}{f', laid out as {reading.layout}' if reading.layout else ''}")
    answer_table([["  " + each.role, each.place, each.why] for each in reading.chosen], "l")
    if reading.carried:
        answer(f"  carried along: {', '.join(reading.carried)}")
    left = [name for name, use in reading.columns if use.startswith("left out")]
    if left:
        answer(f"  left out: {', '.join(left)}")


def _print_counts(inspection: Inspection) -> None:
    listing = inspection.listing
    rows = [
        ["rows", f"{listing.rows:,}", "" if listing.listed == listing.rows else f"{listing.listed:,} listed"],
        ["pairs", f"{listing.pairs:,}", ""],
    ]
    if any(each.role == "instruction" for each in inspection.reading.chosen):
        rows.append(["with instruction", f"{listing.instructions:,}", ""])
    if listing.masks:
        rows.append(["with known mask", f"{listing.masks:,}", _masks(inspection)])
    if listing.shared_originals.rows:
        rows.append(
            [
                "original twice",
                f"{listing.shared_originals.rows:,}",
                "the same file under another name: split by pictures, not by names",
            ]
        )
    answer_table(rows, "lrl")
    answer_table(
        [
            [name, _kinds(kinds)]
            for name, kinds in (
                ("edited size", inspection.sizes),
                ("against the original", inspection.relations),
                ("geometry", inspection.geometries),
                ("background", inspection.backgrounds),
                ("verdict", inspection.verdicts),
            )
            if kinds
        ],
        "l",
    )
    if inspection.expected:
        _print_expected(inspection)
    else:
        answer("no row is expected to be rejected")


def _print_expected(inspection: Inspection) -> None:
    from maskwright.pairs.values import REASONS

    answer("annotate will reject:")
    answer_table(
        [
            [
                f"  {each.reason}",
                f"{each.rows:,}" if each.counted else f"about {each.rows:,}",
                REASONS[each.reason] + ("" if each.counted else f" (seen {each.seen} times in {each.of})"),
            ]
            for each in inspection.expected
        ],
        "lrl",
    )


def _masks(inspection: Inspection) -> str:
    masks = inspection.masks
    if masks is None or not masks.seen:
        return ""
    least, middle, most = (percent(share) for share in masks.area_frac)
    return f"{_kinds(masks.kinds)}; {least} to {most} of the picture, half of them below {middle}"


def _kinds(kinds: Mapping[str, int]) -> str:
    shown = ", ".join(f"{name} ({count})" for name, count in list(kinds.items())[:MOST_KINDS])
    more = len(kinds) - MOST_KINDS
    return shown + (f" and {more} more" if more > 0 else "")
