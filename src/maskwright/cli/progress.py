"""How far a long run is, on stderr: a bar on a terminal, a line now and then in a log file."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from maskwright.cli.terminal import counted, note, percent, seconds

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from maskwright.corpus.annotate import RowsDone

LINE_EVERY_S = 30.0
"""style.md, section 6."""


class Reporter(Protocol):
    """Called with how far the run is; a context, so that the last word is said."""

    def __call__(self, done: RowsDone) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def reporter() -> Reporter:
    """The one that suits where stderr goes."""
    return BarReporter() if sys.stderr.isatty() else LineReporter()


class LineReporter:
    """A plain line every so often, and one at the end."""

    def __init__(self, every_s: float = LINE_EVERY_S) -> None:
        self._every_s = every_s
        self._last_s = time.monotonic()
        self._unsaid: RowsDone | None = None

    def __call__(self, done: RowsDone) -> None:
        self._unsaid = done
        if time.monotonic() - self._last_s >= self._every_s:
            self._say()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._say()

    def _say(self) -> None:
        if self._unsaid is not None:
            note(line_of(self._unsaid))
            self._unsaid, self._last_s = None, time.monotonic()


class BarReporter:
    """A bar that is drawn in place."""

    def __init__(self) -> None:
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __call__(self, done: RowsDone) -> None:
        if self._bar is None:
            self._bar = _new_bar()
            self._bar.start()
            self._task = self._bar.add_task("annotate", total=done.total)
        assert self._task is not None
        self._bar.update(self._task, completed=done.rows, description=line_of(done))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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


def _new_bar() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    # Markup off: nothing in a description may act.
    return Progress(
        BarColumn(bar_width=24), TextColumn("{task.description}", markup=False), console=Console(stderr=True)
    )
