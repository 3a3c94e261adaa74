"""The Ray executor keeps the contract, on a real cluster of this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from maskwright.corpus.executors import Executor
from tests.contracts.executor import QUIET_S, ExecutorContract

ray = pytest.importorskip("ray", reason="Ray is not installed")
pytestmark = pytest.mark.slow

from maskwright.corpus.executors.ray import RayExecutor, _connected  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    with _connected(2):
        yield


class TestRayExecutor(ExecutorContract):
    def executor(self) -> Executor:
        return RayExecutor(workers=2, quiet_s=QUIET_S)
