"""How a run went: losses and figures by step, as a CSV file and as a plot."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from html import escape
from pathlib import Path

from maskwright.corpus.atomic import replacing
from maskwright.errors import RunError
from maskwright.pages.plots import Curve, Curves

CSV_NAME = "losses.csv"
PLOT_NAME = "losses.svg"
KNOWN = ("step", "seconds", "rate", "loss")


class Records:
    """Rows by step; written as a whole, read again when a run goes on."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._rows: dict[int, dict[str, float]] = {}
        self.last_loss = math.nan
        self.last_figures: Mapping[str, float] = {}
        self.evaluated_at = -1

    def note(self, step: int, elapsed_s: float, rate: float, loss: float) -> None:
        """The mean loss of the last few steps."""
        self._rows[step] = {"step": step, "seconds": round(elapsed_s, 1), "rate": rate, "loss": loss}
        self.last_loss = loss

    def evaluated(self, step: int, figures: Mapping[str, float]) -> None:
        """Figures beside the step's loss."""
        self._rows.setdefault(step, {"step": step}).update(figures)
        self.last_figures = dict(figures)
        self.evaluated_at = step

    def resume(self) -> None:
        """Take up the rows of the file, which is never newer than the checkpoint.

        Raises:
            RunError: the file is damaged.
        """
        path = self._out / CSV_NAME
        try:
            with path.open(newline="", encoding="utf-8") as file:
                for told in csv.DictReader(file):
                    self._take({name: float(value) for name, value in told.items() if value})
        except FileNotFoundError:  # stopped right after the first checkpoint
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{path} is damaged: {error}", hint="train into a new folder") from error

    def write(self) -> None:
        """Write both files whole."""
        rows = [self._rows[step] for step in sorted(self._rows)]
        names = [*KNOWN, *dict.fromkeys(name for row in rows for name in row if name not in KNOWN)]
        with (
            replacing(self._out / CSV_NAME) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, names, restval="")
            writer.writeheader()
            writer.writerows(rows)
        with replacing(self._out / PLOT_NAME, durable=False) as temporary:
            temporary.write_text(_plot(rows, names[len(KNOWN) :]), encoding="utf-8")

    def _take(self, row: dict[str, float]) -> None:
        step = int(row["step"])
        self._rows[step] = {**row, "step": step}
        self.last_loss = row.get("loss", self.last_loss)
        figures = {name: value for name, value in row.items() if name not in KNOWN}
        if figures:
            self.last_figures, self.evaluated_at = figures, step


def _plot(rows: list[dict[str, float]], figures: list[str]) -> str:
    """One SVG picture: a plot for the loss and one for each figure, one under the other, over steps."""
    steps = max([int(row["step"]) for row in rows], default=1) or 1
    plots = []
    for place, name in enumerate(("loss", *figures)):
        points = [(row["step"] / steps, row[name]) for row in rows if name in row]
        plots.append(_curve(Curves(name, "", "steps", [Curve(name, points)]), 24 + 200 * place, steps))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {24 + 200 * len(plots)}"'
        ' font-family="sans-serif" font-size="12">'
        '<rect width="100%" height="100%" fill="white"/>' + "".join(plots) + "</svg>\n"
    )


def _curve(plot: Curves, top: int, steps: int) -> str:
    lines = []
    low, high = plot.ticks[0], plot.ticks[-1]
    for tick in plot.ticks:
        y = round(150 - 150 * (tick - low) / (high - low), 1)
        lines.append(
            f'<path d="M60 {y}H620" stroke="#ddd"/><text x="54" y="{y + 4}" text-anchor="end">{tick:g}</text>'
        )
    drawn = "".join(
        f'<polyline points="{plot.line(curve)}" fill="none" stroke="#15607a" stroke-width="1.5"'
        ' vector-effect="non-scaling-stroke"/>'
        for curve in plot.curves
    )
    return (
        f'<g transform="translate(0 {top})"><text x="60" y="-8" font-weight="bold">{escape(plot.name)}</text>'
        f"{''.join(lines)}"
        f'<svg x="60" width="560" height="150" viewBox="0 0 100 60" preserveAspectRatio="none">{drawn}</svg>'
        f'<text x="620" y="166" text-anchor="end">{steps:,} {plot.x_name}</text></g>'
    )
