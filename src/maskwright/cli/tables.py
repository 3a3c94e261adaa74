"""Tables of figures on a terminal, one under the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from maskwright.cli.terminal import answer, answer_table

if TYPE_CHECKING:
    from maskwright.bench.tables import Table


def answer_tables(tables: Iterable[Table]) -> None:
    """Each with its title, to stdout."""
    for shown in tables:
        answer(shown.title)
        answer()
        answer_table(shown.rows)
        answer()
