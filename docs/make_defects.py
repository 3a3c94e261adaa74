"""Write docs/reference/defects.md from the table of kinds; with --check, only compare."""

from __future__ import annotations

import sys
from pathlib import Path

from generated import write_or_check

from maskwright.datasets.check.kinds import ALL_ROWS, FILES, KINDS, ORIGINALS, Kind

PAGE = Path(__file__).parent / "reference" / "defects.md"

INTRODUCTION = """# Defects of a dataset

What `maskwright check DATASET` looks for, in the order in which it prints it. What is **wrong** is seen in
files, sizes, levels or measurements, and the command leaves with 3; what is to be **looked** at is a
suspicion and changes nothing. How to use it: [check a dataset](../how-to/check.md). This page is written by
`docs/make_defects.py`.
"""

SEEN_FROM = {
    FILES: """## Seen in files and masks

Found in every row, whatever the dataset holds.
""",
    ORIGINALS: """## Seen where originals are

The change from original to picture is measured and the mask set against it. A mask is called inverted,
turned or shifted only where that reading fits the change clearly better than the mask as it is. Without
originals the command says that it was not looked for. What can be seen all the same, is: a mask with height
and width exchanged, a corpus whose preset says that black is what was edited.
""",
    ALL_ROWS: """## Seen in all rows together
""",
}


def page() -> str:
    """The whole page."""
    lines = [INTRODUCTION]
    for place, text in SEEN_FROM.items():
        lines += [text, "| kind | | what is wrong | what to do | `--fix` |", "|---|---|---|---|---|"]
        lines += [_line(kind) for kind in KINDS.values() if kind.seen_from == place]
        lines.append("")
    return "\n".join(lines)


def _line(kind: Kind) -> str:
    word = "wrong" if kind.certain else "look"
    return f"| `{kind.name}` | {word} | {kind.sentence} | {kind.todo} | {kind.fixed} |"


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page()))
