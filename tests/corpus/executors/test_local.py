"""The local executor keeps the contract."""

from __future__ import annotations

import os

import pytest

from maskwright.corpus.executors import Beat, Executor
from maskwright.corpus.executors.local import ONE_THREAD, LocalExecutor
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


@pytest.mark.parametrize(("workers", "quiet_s"), [(0, 1.0), (-1, 1.0), (1, 0.0), (1, float("nan"))])
def test_settings_out_of_range_are_refused(workers: int, quiet_s: float) -> None:
    with pytest.raises(SettingError):
        LocalExecutor(workers=workers, quiet_s=quiet_s)
