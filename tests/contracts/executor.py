"""What every executor keeps; inherit `ExecutorContract` and give `executor`."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from typing import Any

import pytest

from maskwright.corpus.executors import Beat, Executor, Finished, Heard, Lost
from maskwright.errors import InputError

QUIET_S = 0.6


def double(task: int, beat: Beat) -> int:
    beat(task)
    return 2 * task


def misbehave(task: tuple[str, int], beat: Beat) -> str:
    """Does what the first word says."""
    word, number = task
    beat(number)
    if word == "exit":
        os._exit(7)
    if word == "hang":
        time.sleep(600)
    if word == "raise":
        raise InputError(f"number {number} is wrong", hint="give another")
    if word == "print":
        print("to stdout")
        sys.stdin.read()
    if word == "long":
        beat(None)
        time.sleep(2 * QUIET_S)
    return word


class ExecutorContract:
    """Inherit, and give the executor under test: two workers, silent after `QUIET_S`."""

    def executor(self) -> Executor:
        raise NotImplementedError

    def events(self, work: Any, tasks: list[Any]) -> list[Any]:
        return list(self.executor().run(work, deque(tasks)))

    def test_every_task_gives_its_value_once(self) -> None:
        finished = [event for event in self.events(double, list(range(9))) if isinstance(event, Finished)]
        assert sorted((event.task, event.value) for event in finished) == [(n, 2 * n) for n in range(9)]

    def test_notes_are_heard_before_the_value(self) -> None:
        assert self.events(double, [4]) == [Heard(4, 4), Finished(4, 8)]

    def test_no_task_is_no_event(self) -> None:
        assert self.events(double, []) == []

    def test_tasks_may_be_added_while_events_are_handled(self) -> None:
        tasks = deque([1])
        values = []
        for event in self.executor().run(double, tasks):
            if isinstance(event, Finished):
                values.append(event.value)
                if event.value < 16:
                    tasks.append(event.value)
        assert values == [2, 4, 8, 16]

    def test_a_worker_that_dies_costs_its_own_task_only(self) -> None:
        events = self.events(misbehave, [("fine", 0), ("exit", 1), ("fine", 2), ("fine", 3)])
        lost = [(event.task, event.why, event.note) for event in events if isinstance(event, Lost)]
        assert lost == [(("exit", 1), "died", 1)]
        assert sum(isinstance(event, Finished) for event in events) == 3

    def test_a_worker_that_hangs_is_ended(self) -> None:
        events = self.events(misbehave, [("hang", 1), ("fine", 2)])
        assert [(e.task, e.why) for e in events if isinstance(e, Lost)] == [(("hang", 1), "silent")]
        assert sum(isinstance(event, Finished) for event in events) == 1

    def test_silence_announced_is_not_a_hang(self) -> None:
        assert self.events(misbehave, [("long", 1)])[-1] == Finished(("long", 1), "long")

    def test_what_the_function_prints_or_reads_does_not_disturb(self) -> None:
        events = self.events(misbehave, [("print", 1), ("print", 2)])
        assert sum(isinstance(event, Finished) for event in events) == 2

    def test_what_the_function_raises_is_raised(self) -> None:
        with pytest.raises(InputError, match="number 5 is wrong") as caught:
            self.events(misbehave, [("raise", 5)])
        assert caught.value.hint == "give another"
