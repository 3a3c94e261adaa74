"""Executors map one function over parts; where the processes run is all they know.

An executor never looks into a task or a value. A worker that dies or goes silent is told
to the caller as `Lost`; what to do about it (again, row by row, give up) is the caller's.
"""

from __future__ import annotations

import importlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, cast

from maskwright.errors import unknown_name

EXECUTORS = {
    "local": "maskwright.corpus.executors.local:LocalExecutor",
    "ray": "maskwright.corpus.executors.ray:RayExecutor",
}
"""Every executor; strings, so that listing them imports nothing."""
DEFAULT = "local"

Beat: TypeAlias = Callable[[Any], None]
"""Called by the function with a note on where it is. From a first note on, silence is
counted; a note of None stops the count (for work whose length says nothing)."""

Work: TypeAlias = Callable[[Any, Beat], Any]
"""The function: one task in, one value out. Can be pickled, and so can tasks, notes, values."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A worker is alive and has got to `note`."""

    task: Any
    note: Any


@dataclass(frozen=True, slots=True)
class Finished:
    """The function returned `value`."""

    task: Any
    value: Any


@dataclass(frozen=True, slots=True)
class Lost:
    """The worker went away with the task unfinished.

    Args:
        why: `died` or `silent`.
        note: the last note heard, None if there was none.
        pid, host: of the process that is gone, so that its temporary files can be told.
        detail: how it ended, for people.
    """

    task: Any
    why: str
    note: Any
    pid: int
    host: str
    detail: str


Event: TypeAlias = Heard | Finished | Lost


class Executor(Protocol):
    """Maps one function over tasks. `tests/contracts/executor.py` checks every implementation."""

    def run(self, work: Work, tasks: deque[Any]) -> Iterator[Event]:
        """Events as they come, until `tasks` is empty and no worker is busy.

        Tasks are taken from the left; the caller may add more while it handles an event.
        Closing the iterator ends the workers at once.

        Raises:
            Exception: what the function raised, if it raised.
            RunError: workers cannot be started.
        """
        ...


def load_executor(name: str, workers: int | None, quiet_s: float, *, devices: bool = False) -> Executor:
    """The executor a name stands for.

    Args:
        workers: how many processes; None: one for every processor, or GPU, it may use.
        quiet_s: seconds without a note after which a worker counts as hung.
        devices: the function takes whole batches and wants a GPU where there are any.

    Raises:
        SettingError: nothing has that name, or a setting is out of range.
        MissingExtraError: the executor needs a package that is not here.
    """
    if name not in EXECUTORS:
        raise unknown_name("executor", name, EXECUTORS)
    module, _, kind = EXECUTORS[name].partition(":")
    return cast("Executor", vars(importlib.import_module(module))[kind](workers, quiet_s, devices))
