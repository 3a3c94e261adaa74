"""Sentences whose pieces a page and a markdown text show each in its own way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Code:
    """Words of a program, or of a stranger, that are to be read letter by letter."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """An address that we know, never a stranger's; a page shows it and leads nowhere."""

    address: str


Piece: TypeAlias = "str | Code | Link"
Line: TypeAlias = "str | Sequence[Piece]"
"""A sentence, or the pieces of one."""


def pieces_of(line: Line) -> Sequence[Piece]:
    return (line,) if isinstance(line, str) else line
