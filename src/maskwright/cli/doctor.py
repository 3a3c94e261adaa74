"""`maskwright doctor`: what is odd about the place this runs in."""

from __future__ import annotations

import itertools
import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwright.cli.terminal import MOST_COLUMNS, answer, answer_json
from maskwright.pages.words import cleaned, counted

if TYPE_CHECKING:
    from maskwright.bench.doctor import Finding

EXAMPLE = "Example:  maskwright doctor out"


def command(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Where you mean to write; 32 MB are written there, and removed.", metavar="FOLDER"
        ),
    ] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look for what is wrong with this machine or installation.

    Packages and their versions, processors and memory, how fast FOLDER takes files, weights.
    Leaves with 3 where there is a problem.
    """
    from maskwright.bench.doctor import doctor

    seen = doctor(folder)
    problems, notes = seen.of("problem"), seen.of("note")
    if as_json:
        found = [asdict(each) for each in seen.findings]
        answer_json({"problems": len(problems), "notes": len(notes), "findings": found})
    else:
        _print(seen.findings, problems)
    if problems:
        raise typer.Exit(3)


def _print(findings: Sequence[Finding], problems: Sequence[Finding]) -> None:
    """Problems first, then everything by section, then the sum of it."""
    if problems:
        _print_section("problems", problems)
    for section, some in itertools.groupby(findings, key=lambda each: each.section):
        rest = [each for each in some if each.level != "problem"]
        if rest:
            _print_section(section, rest)
    if problems:
        verb = "was" if len(problems) == 1 else "were"
        answer(f"{counted(len(problems), 'problem')} {verb} found; what to type stands at the top")
    else:
        answer("nothing wrong was found")


def _print_section(title: str, findings: Sequence[Finding]) -> None:
    answer(title)
    wide = min(24, max(len(cleaned(each.about)) for each in findings))
    for each in findings:
        note = "note: " if each.level == "note" else ""
        _print_entry(cleaned(each.about).ljust(wide), note + each.sentence)
        if each.hint:
            # Not broken into lines: it is there to be copied.
            answer(f"  {'':{wide}}  -> {each.hint}")
    answer()


def _print_entry(about: str, words: str) -> None:
    begin = f"  {about}  "
    width = min(shutil.get_terminal_size().columns, MOST_COLUMNS)
    indent = " " * len(begin)
    filled = textwrap.wrap(
        cleaned(words),
        max(width, len(begin) + 20),
        initial_indent=begin,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    for line in filled:
        print(line)
