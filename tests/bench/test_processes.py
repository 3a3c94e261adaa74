from __future__ import annotations

from collections.abc import Iterator

import pytest

from maskwright.bench.processes import AHEAD, answers

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
