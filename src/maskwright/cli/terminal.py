"""Words on a terminal: answers on stdout, all else on stderr, and nothing in them that can act.

Ids, file names and instructions come from strangers: what is printed goes through `cleaned`.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from maskwright.pages.words import cleaned

JSON_VERSION = 1
"""Of the objects that `--json` prints; grows when a key changes its meaning or goes."""

MOST_COLUMNS = 100
"""Longer lines are hard to read (Bringhurst: 45 to 75 letters are comfortable)."""


def cautious_streams() -> None:
    """A terminal that lacks a letter shows its number instead of stopping the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def answer(line: str = "") -> None:
    """One line of the answer, to stdout."""
    print(cleaned(line))


def line_width() -> int:
    """Letters that a line of the answer may have."""
    return min(shutil.get_terminal_size().columns, MOST_COLUMNS)


def answer_text(text: str) -> None:
    """A few sentences, broken into lines that fit the terminal, to stdout."""
    print(textwrap.fill(cleaned(text), line_width(), break_long_words=False, break_on_hyphens=False))


def note(line: str) -> None:
    """One line beside the answer, to stderr."""
    print(cleaned(line), file=sys.stderr, flush=True)


def error_line(message: str, hint: str = "") -> None:
    """An error and what to type next, to stderr; red where colour is wanted.

    A hint may have several lines; those after the first are set in, so that none looks like a word of ours.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)
    first, *more = hint.split("\n")
    for word, style, text in (("error: ", "bold red", message), ("hint:  ", "bold", first)):
        if text:
            console.print(Text.assemble((word, style), cleaned(text)))
    for line in more:
        console.print(Text(" " * len("hint:  ") + cleaned(line)))


def answer_json(content: Mapping[str, Any]) -> None:
    """One JSON object with its `version`, to stdout; what is not a number becomes null."""
    print(json.dumps({"version": JSON_VERSION, **_finite(content)}, indent=2, allow_nan=False))


def answer_table(rows: Sequence[Sequence[str]], sides: str = "lr") -> None:
    """Aligned columns, to stdout.

    Args:
        sides: l or r a column, where its words stand; the last letter is for all further columns.
    """
    from rich.cells import cell_len

    cells = [[cleaned(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        line = []
        for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
            blank = " " * (width - cell_len(cell))
            line.append(blank + cell if sides[min(place, len(sides) - 1)] == "r" else cell + blank)
        print("  ".join(line).rstrip())


def _finite(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {str(key): _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
