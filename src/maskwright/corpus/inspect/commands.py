"""The lines a user types next, with the roles of this source, quoted for a shell."""

from __future__ import annotations

import shlex
from dataclasses import replace

from maskwright.pairs.sources import Roles


def annotate_line(source: str, roles: Roles, *words: str) -> str:
    """`maskwright annotate` for this source into OUT."""
    return _line("annotate", source, roles, *words) + " OUT"


def annotate_swapped(source: str, roles: Roles) -> str:
    """The same with the sides exchanged; exchanged already, they are put back."""
    return annotate_line(source, replace(roles, swap=not roles.swap))


def inspect_line(source: str, roles: Roles) -> str:
    """`maskwright inspect` for this source."""
    return _line("inspect", source, roles)


def inspect_swapped(source: str, roles: Roles) -> str:
    """The same with the sides exchanged; exchanged already, they are put back."""
    return inspect_line(source, replace(roles, swap=not roles.swap))


def _line(command: str, source: str, roles: Roles, *words: str) -> str:
    line = ["maskwright", command, *words, *roles.words()]
    if source.startswith("-"):
        line.append("--")
    return shlex.join([*line, source])
