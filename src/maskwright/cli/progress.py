"""How far a long run is, on stderr: a bar on a terminal, a line now and then in a log file."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from maskwright.cli.terminal import note
from maskwright.pages.words import counted, percent, seconds

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from maskwright.corpus.annotate import RowsDone
    from maskwright.learning.loop import Lap

LINE_EVERY_S = 30.0
"""style.md, section 6."""


class Reporter:
    """A context whose methods are handed to long runs as their `progress`."""

    def __init__(self) -> None:
        self._step = ("", 0.0)

    def rows(self, done: RowsDone) -> None:
        """For `annotate`."""
        self._show(line_of(done), done.rows, done.total)

    def steps(self, what: str, done: int, total: int) -> None:
        """For `bench`: a name and two counts; the rate is found here."""
        now = time.monotonic()
        if self._step[0] != what:
            self._step = (what, now)
        passed_s = now - self._step[1]
        words = [f"{what}: {done:,} of {total:,}"]
        if 0 < done < total and passed_s > 0:
            words.append(f"{done / passed_s:.1f}/s, {seconds((total - done) * passed_s / done)} left")
        self._show(", ".join(words), done, total)

    def training(self, lap: Lap) -> None:
        """For `train`."""
        self._show(line_of_lap(lap), round(1000 * lap.done), 1000)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _show(self, line: str, done: int, total: int) -> None:
        raise NotImplementedError

    def _close(self) -> None:
        raise NotImplementedError


def reporter() -> Reporter:
    """The one that suits where stderr goes."""
    return BarReporter() if sys.stderr.isatty() else LineReporter()


class LineReporter(Reporter):
    """A plain line every so often, and one at the end."""

    def __init__(self, every_s: float = LINE_EVERY_S) -> None:
        super().__init__()
        self._every_s = every_s
        self._last_s = time.monotonic()
        self._unsaid = ""

    def _show(self, line: str, done: int, total: int) -> None:
        self._unsaid = line
        if time.monotonic() - self._last_s >= self._every_s:
            self._close()

    def _close(self) -> None:
        if self._unsaid:
            note(self._unsaid)
            self._unsaid, self._last_s = "", time.monotonic()


class BarReporter(Reporter):
    """A bar that is drawn in place."""

    def __init__(self) -> None:
        super().__init__()
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def _show(self, line: str, done: int, total: int) -> None:
        if self._bar is None or self._task is None:
            self._bar = _new_bar()
            self._bar.start()
            self._task = self._bar.add_task("", total=total)
        self._bar.update(self._task, completed=done, total=total, description=line)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.stop()


def line_of(done: RowsDone) -> str:
    """Rows, share, rate, time left, and what did not become a mask, in one line."""
    share = done.rows / done.total if done.total else 1.0
    words = [f"{done.rows:,} of {counted(done.total, 'row')} ({percent(share)})"]
    if done.rows_per_s is not None:
        words.append(f"{done.rows_per_s:.1f} rows/s")
    if done.eta_s is not None and done.rows < done.total:
        words.append(f"{seconds(done.eta_s)} left")
    words += [
        f"{done.by_status[name]:,} {name}" for name in ("rejected", "failed") if done.by_status.get(name)
    ]
    return ", ".join(words)


def line_of_lap(lap: Lap) -> str:
    """Steps, share, loss, the last figures, time left and time lost waiting, in one line."""
    words = [f"{counted(lap.step, 'step')} ({percent(lap.done)})"]
    if lap.loss == lap.loss:
        words.append(f"loss {lap.loss:.3f}")
    words += [f"{name} {value:.4f}" for name, value in lap.figures.items()]
    if 0 < lap.done < 1:
        words.append(f"{seconds(lap.elapsed_s * (1 - lap.done) / lap.done)} left")
    if lap.waited_s >= 1:
        words.append(f"{seconds(lap.waited_s)} waiting for samples")
    return ", ".join(words)


def _new_bar() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    # Markup off: nothing in a description may act.
    return Progress(
        BarColumn(bar_width=24), TextColumn("{task.description}", markup=False), console=Console(stderr=True)
    )
