"""What a run would take, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskwright.cli.terminal import answer, answer_table
from maskwright.pages.words import counted, figure, percent, seconds, size

if TYPE_CHECKING:
    from maskwright.corpus.estimate import Estimate


def print_estimate(found: Estimate) -> None:
    """How long, how large, what to expect, and the line that begins the run."""
    answer(f"from {found.source}")
    answer(
        f"{counted(found.rows, 'row')} in {counted(found.parts, 'part')}; "
        f"{counted(found.tried, 'random row')} tried on one core of this machine"
    )
    answer()
    pair = f"{figure(found.pair_s)} s ({figure(found.pair_low_s)} to {figure(found.pair_high_s)})"
    hours = f"{figure(found.core_hours)} ({figure(found.core_low_hours)} to {figure(found.core_high_hours)})"
    answer_table(
        [
            ["a pair", pair],
            ["  in the annotator", f"{figure(found.annotator_s)} s"],
            ["  in the source", f"{figure(found.source_s)} s, row by row; a run reads on, in less"],
            ["  waiting", f"{figure(found.waiting_s)} s, for storage or a busy core"],
            ["core-hours", hours],
            ["  without waiting", figure(found.rows * (found.pair_s - found.waiting_s) / 3600)],
            ["output", f"{size(found.out_bytes)} in {counted(found.out_files, 'file')}"],
        ],
        "ll",
    )
    answer()
    rows = [["expected", "share", "95 % interval", "rows"]]
    for each in found.shares:
        name = f"  {each.reason}" if each.reason else each.status
        interval = f"{percent(each.low)} to {percent(each.high)}"
        rows.append([name, percent(each.share), interval, f"{found.rows * each.share:,.0f}"])
    answer_table(rows, "lr")
    answer(f"a reason that was not met: below {percent(found.unseen_high)}")
    answer()
    crews = [[f"{number:,}", seconds(3600 * length)] for number, length in found.hours]
    answer_table([["workers", "time"], *crews], "r")
    answer()
    answer(f"next: {found.command}")
