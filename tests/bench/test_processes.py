from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from maskwright.bench.processes import AHEAD, answers
from maskwright.errors import RunError

TASKS = 40


def square(number: int) -> int:
    return number * number


def counted(taken: list[int]) -> Iterator[int]:
    for number in range(TASKS):
        taken.append(number)
        yield number


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_answers_come_in_order_and_tasks_are_taken_as_they_are_handed_out(workers: int) -> None:
    taken: list[int] = []
    found = []
    for answer in answers(square, counted(taken), workers):
        found.append(answer)
        assert len(taken) <= len(found) + AHEAD * workers
    assert found == [number * number for number in range(TASKS)]


def test_no_task_has_no_answer() -> None:
    assert list(answers(square, [], 1)) == []


def killed_at_twelve(number: int) -> int:
    if number == 12:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.slow
def test_a_process_that_is_killed_ends_the_run_with_the_rows_it_may_have_been_at() -> None:
    found = []
    with pytest.raises(RunError, match="a process ended at one of the rows") as told:
        found.extend(answers(killed_at_twelve, range(TASKS), 2))
    first, last = (int(word.rstrip(":")) for word in str(told.value).split() if word.rstrip(":").isdigit())
    assert first <= 12 + 1 <= last
    assert "fewer --workers" in told.value.hint
