import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.random import Generator

from maskwright.errors import InputError, RunError
from maskwright.learning.makers import Makers, first_shard
from maskwright.learning.stream import Sample, Stream, shard_path


@dataclass(frozen=True)
class Noise:
    """Samples of noise; or the worker's death."""

    deadly: bool = False
    broken: bool = False

    def __call__(self, rng: Generator) -> Sample:
        if self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.broken:
            raise InputError("no photograph can be read")
        plane = rng.integers(0, 256, (8, 8), dtype=np.uint8)
        return Sample(plane[None], plane, plane)


def noise(**faults: bool) -> Stream:
    return Stream(Noise(**faults), "noise", 1, 4, 8)


def test_what_processes_make_is_what_the_stream_says(tmp_path: Path) -> None:
    with contextlib.closing(Makers(tmp_path, noise(), workers=2)) as makers:
        for number in (3, 4):
            np.testing.assert_array_equal(makers.shard(number).planes, noise().shard(number).planes)


def test_shards_before_the_first_asked_for_are_not_made_nor_any_far_ahead(tmp_path: Path) -> None:
    with contextlib.closing(Makers(tmp_path, noise(), workers=1, ahead=2)) as makers:
        makers.shard(5)
        deadline = time.monotonic() + 20
        while not shard_path(tmp_path, noise(), 7).exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)  # three naps: whoever wanted to make more has done so
    made = sorted(path.name for path in shard_path(tmp_path, noise(), 0).parent.iterdir())
    assert made == ["000005.npz", "000006.npz", "000007.npz"]


def test_what_a_worker_raises_reaches_the_one_who_waits(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no photograph can be read"):
        first_shard(tmp_path, noise(broken=True))


def test_a_shard_on_which_workers_die_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"died on shard 0 again and again .*SIGKILL"):
        first_shard(tmp_path, noise(deadly=True))


def test_nobody_waits_for_a_shard_after_the_end(tmp_path: Path) -> None:
    makers = Makers(tmp_path, noise(), workers=0)
    makers.close()
    with pytest.raises(RunError, match="after the end"):
        makers.shard(0)
