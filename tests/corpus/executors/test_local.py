"""The local executor keeps the contract."""

from __future__ import annotations

import os
import time

import pytest

from maskwright.corpus.executors import Beat, Executor, Lost
from maskwright.corpus.executors.local import ONE_THREAD, Crew, LocalExecutor
from maskwright.errors import SettingError
from tests.contracts.executor import QUIET_S, ExecutorContract


def threads(task: None, beat: Beat) -> tuple[int, list[str | None]]:
    import cv2

    return cv2.getNumThreads(), [os.environ.get(name) for name in ONE_THREAD]


class TestLocalExecutor(ExecutorContract):
    def executor(self) -> Executor:
        return LocalExecutor(workers=2, quiet_s=QUIET_S)

    def test_workers_have_one_thread_each(self) -> None:
        (event,) = self.events(threads, [None])
        assert event.value == (1, ["1"] * len(ONE_THREAD))


def forever(task: int, beat: Beat) -> None:
    beat(task)
    time.sleep(600)


def test_a_worker_ends_at_once_when_its_other_end_is_gone() -> None:
    crew = Crew(forever)
    worker = crew.hire()
    worker.give(1)
    while worker.note is None:
        assert not [event for event in crew.listen(60.0) if isinstance(event, Lost)]
    assert worker.process.stdin is not None
    worker.process.stdin.close()
    assert worker.process.wait(timeout=20) == 0
    crew.dismiss()


@pytest.mark.parametrize(("workers", "quiet_s"), [(0, 1.0), (-1, 1.0), (1, 0.0), (1, float("nan"))])
def test_settings_out_of_range_are_refused(workers: int, quiet_s: float) -> None:
    with pytest.raises(SettingError):
        LocalExecutor(workers=workers, quiet_s=quiet_s)
