"""Write docs/reference/cli.md from the help of every command; with --check, only say whether it is stale.

python docs/make_cli_reference.py [--check]
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import typer
from generated import write_or_check

from maskwright.cli import app

PAGE = Path(__file__).parent / "reference" / "cli.md"
INTRODUCTION = """\
# Command line

Written by `make docs` from the help of the commands.

The answer goes to stdout; progress, hints and errors go to stderr. `--json` prints one object with a
`version`; its keys are the columns of [columns.md](columns.md) where they name the same thing.
A path that begins with a dash goes after `--`: `maskwright compare -- -a.jpg b.jpg`.
Colour is used on a terminal only, never carries the meaning alone, and stays away when `NO_COLOR` is set.

| exit code | means |
|---|---|
| 0 | done; pairs that were rejected are a result, not a failure |
| 1 | something broke, or a signal stopped the run; what is done stays |
| 2 | wrong use: a word, a path or an input that cannot be right |
| 3 | done with gaps: pairs failed and may be tried again, `inspect` found a mistake, `doctor` a problem |
"""


def commands() -> Iterator[str]:
    """Every command, the program itself first, those of a group after it."""
    yield ""
    root = typer.main.get_command(app)
    for name, command in root.commands.items():
        yield name
        yield from (f"{name} {inner}" for inner in getattr(command, "commands", {}))


def page() -> str:
    parts = [INTRODUCTION]
    # The width of the page, not of the terminal it is made on.
    surroundings = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    for name in commands():
        words = [*name.split(), "--help"]
        shown = subprocess.run(
            [sys.executable, "-m", "maskwright", *words],
            env=surroundings,
            capture_output=True,
            text=True,
            check=True,
        )
        parts.append(f"## maskwright {name}".rstrip() + f"\n\n```text\n{shown.stdout.rstrip()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page()))
