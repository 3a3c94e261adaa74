import contextlib
import os
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.random import Generator

from maskwright.errors import InputError, RunError
from maskwright.learning.makers import Makers
from maskwright.learning.stream import Sample, Shard, Stream, shard_path


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


def first(cache: Path, stream: Stream) -> Shard:
    with contextlib.closing(Makers(cache, stream, workers=1)) as makers:
        return makers.shard(0)


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


def test_the_shards_of_other_streams_are_made_after_the_first(tmp_path: Path) -> None:
    others = [replace(noise(), seed=seed) for seed in (2, 3)]
    with contextlib.closing(Makers(tmp_path, noise(), workers=1, ahead=1, also=others)) as makers:
        makers.shard(0)
        for other in others:
            np.testing.assert_array_equal(makers.other(other).planes, other.shard(0).planes)
        makers.shard(1)
    streams = [noise(), others[0], others[1]]
    times = [shard_path(tmp_path, stream, 0).stat().st_mtime_ns for stream in streams]
    times.append(shard_path(tmp_path, noise(), 1).stat().st_mtime_ns)
    assert times == sorted(times)


def test_other_streams_may_be_asked_for_alone(tmp_path: Path) -> None:
    other = replace(noise(), seed=2)
    with contextlib.closing(Makers(tmp_path, noise(), workers=1, also=[other])) as makers:
        makers.other(other)
        time.sleep(0.3)
    assert not shard_path(tmp_path, noise(), 0).exists()


def test_what_a_worker_raises_reaches_the_one_who_waits(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no photograph can be read"):
        first(tmp_path, noise(broken=True))


def test_a_shard_on_which_workers_die_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"died on shard 0 again and again .*SIGKILL"):
        first(tmp_path, noise(deadly=True))


def test_nobody_waits_for_a_shard_after_the_end(tmp_path: Path) -> None:
    makers = Makers(tmp_path, noise(), workers=0)
    makers.close()
    with pytest.raises(RunError, match="after the end"):
        makers.shard(0)
