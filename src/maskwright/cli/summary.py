"""What a run took in, gave out and left out, in words and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from maskwright.cli.terminal import answer, answer_table
from maskwright.pages.words import counted, percent, seconds

if TYPE_CHECKING:
    from maskwright.corpus.status import RunSummary


def summary_json(summary: RunSummary) -> dict[str, Any]:
    """The keys are the summary's own names."""
    return asdict(summary)


def print_summary(summary: RunSummary) -> None:
    """In, out, left out and why, and the next line to type: to go on, or to look at the masks."""
    from maskwright.corpus.command import report_command
    from maskwright.pairs.values import REASONS, VERDICTS

    share = summary.rows_done / summary.rows_planned if summary.rows_planned else 1.0
    answer(f"from {summary.source}")
    answer(f"into {summary.out}")
    answer(
        f"{summary.rows_done:,} of {counted(summary.rows_planned, 'row')} ({percent(share)}), "
        f"{summary.parts_done:,} of {counted(summary.parts_planned, 'part')}"
    )
    if summary.rows_per_s is not None:
        left = f", {seconds(summary.eta_s)} left" if summary.eta_s is not None else ""
        answer(f"{summary.rows_per_s:.1f} rows/s{left}")
    answer()
    sentences = {"ok": "a mask or an empty mask", "rejected": "no answer", "failed": "may be retried"}
    rows = [[name, f"{summary.by_status.get(name, 0):,}", text] for name, text in sentences.items()]
    rows += [[f"  {name}", f"{number:,}", VERDICTS[name]] for name, number in summary.by_verdict.items()]
    rows += [[f"  {name}", f"{number:,}", REASONS[name]] for name, number in summary.by_reason.items()]
    answer_table(rows, "lrl")
    answer()
    answer(f"next: {summary.command or report_command(summary.out)}")
