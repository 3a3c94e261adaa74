"""The Ray executor keeps the contract, and runs on a real cluster of this machine end as local ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from maskwright.corpus.annotate import annotate
from maskwright.corpus.executors import Beat, Executor, load_executor
from maskwright.corpus.executors.local import ONE_THREAD
from maskwright.corpus.parts import parts_done
from maskwright.corpus.work import PartTask, annotate_part
from maskwright.errors import RunError
from tests.contracts.executor import QUIET_S, ExecutorContract
from tests.corpus.executors.test_local import threads
from tests.corpus.made import folder_of, parts_of

ROOT = Path(__file__).parents[3]
ROWS, PARTS = 80, 10
SLOW = "tests.corpus.made:Slow"


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster with two processors, which this process is connected to."""
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    from maskwright.corpus.executors.ray import connected

    with connected(2):
        yield ray.get_runtime_context().gcs_address


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("eighty") / "source", ROWS)


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
class TestRayExecutor(ExecutorContract):
    def executor(self) -> Executor:
        return load_executor("ray", 2, QUIET_S)

    def test_workers_have_one_thread_each(self) -> None:
        (event,) = self.events(threads, [None])
        assert event.value == (1, ["1"] * len(ONE_THREAD))

    def test_closing_ends_the_workers(self) -> None:
        events = self.executor().run(forever, deque([1]))
        (pid,) = [next(events).note]
        assert psutil.pid_exists(pid)
        events.close()  # type: ignore[attr-defined]
        assert not psutil.pid_exists(pid)


def forever(task: int, beat: Beat) -> None:
    beat(os.getpid())
    time.sleep(600)


def a_worker() -> psutil.Process:
    """A process that runs the function, on whatever cluster of ours there is."""
    return next(each for each in descendants() if "executors.worker import serve" in " ".join(words(each)))


def an_actor() -> psutil.Process:
    return next(each for each in descendants() if words(each)[:1] == ["ray::Foreman.hear"])


def descendants() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("whom", [a_worker, an_actor])
def test_a_run_that_loses_a_process_in_its_middle_gives_the_same_bytes(
    source: Path, tmp_path: Path, whom: Callable[[], psutil.Process]
) -> None:
    annotate(source, tmp_path / "local", annotator=SLOW, workers=2)
    out, done_then = tmp_path / "ray", []

    def kill() -> None:
        while not out.is_dir() or len(parts_done(out)) < 2:
            time.sleep(0.01)
        whom().kill()
        done_then.append(len(parts_done(out)))

    killer = threading.Thread(target=kill)
    killer.start()
    annotate(source, out, annotator=SLOW, workers=2, executor="ray")
    killer.join()
    assert 2 <= done_then[0] < PARTS
    assert parts_of(out) == parts_of(tmp_path / "local")
    assert not list(out.rglob(".tmp-*"))


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_a_picture_that_crashes_its_worker_costs_one_row_as_it_does_locally(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "source", 12, marks=[5])
    for executor in ("local", "ray"):
        out = tmp_path / executor
        summary = annotate(source, out, annotator="tests.corpus.made:Exits", workers=1, executor=executor)
        assert summary.by_reason == {"worker_died": 1}
        assert not list(out.rglob(".tmp-*"))
    assert parts_of(tmp_path / "ray") == parts_of(tmp_path / "local")


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_a_node_that_does_not_see_the_output_is_told(tmp_path: Path) -> None:
    work = partial(annotate_part, str(tmp_path / "nowhere"))
    with pytest.raises(RunError, match=r"does not see .*nowhere") as caught:
        list(load_executor("ray", 1, 60.0).run(work, deque([PartTask(0, False)])))
    assert "every machine sees" in caught.value.hint


def start(source: Path, out: Path, **environment: str) -> subprocess.Popen[str]:
    line = ["annotate", source, out, "--executor", "ray", "--workers", "2", "--annotator", SLOW]
    return subprocess.Popen(
        [sys.executable, "-m", "maskwright", *map(str, line)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def traces(of: subprocess.Popen[str]) -> list[str]:
    """What a run of its own cluster would leave: folders, and processes of its session."""
    folders = [str(path) for path in Path("/tmp").glob("maskwright-ray-*") if str(of.pid) in path.name]
    return folders + [
        each.name() for each in psutil.process_iter() if f"maskwright-ray-{of.pid}-" in " ".join(words(each))
    ]


@pytest.mark.slow
def test_a_run_without_a_cluster_starts_one_quietly_and_leaves_nothing_behind(
    source: Path, tmp_path: Path
) -> None:
    pytest.importorskip("ray", reason="Ray is not installed")
    process = start(source, tmp_path / "out")
    while not parts_done(tmp_path / "out"):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    assert traces(process)
    answer, beside = process.communicate(timeout=120)
    assert process.returncode == 0, beside
    assert f"{ROWS} of {ROWS} rows (100" in answer
    assert all(f" of {ROWS} rows" in line for line in beside.splitlines())
    assert not traces(process)


CONNECTED = """
import time
from maskwright.corpus.executors.ray import connected
with connected(1):
    time.sleep(15)  # the first word of a full disk comes after ten
"""


@pytest.mark.slow
def test_a_disk_that_is_nearly_full_is_no_news_of_ours() -> None:
    pytest.importorskip("ray", reason="Ray is not installed")
    done = subprocess.run(
        [sys.executable, "-c", CONNECTED],
        env={**os.environ, "RAY_local_fs_capacity_threshold": "0.01"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout + done.stderr == ""


@pytest.mark.slow
def test_a_run_uses_the_cluster_of_ray_address_and_lets_it_live(
    source: Path, tmp_path: Path, cluster: str
) -> None:
    process = start(source, tmp_path / "out", RAY_ADDRESS=cluster)
    while not parts_done(tmp_path / "out"):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    assert not traces(process)
    beside = process.communicate(timeout=120)[1]
    assert process.returncode == 0, beside
    assert list(load_executor("ray", 1, 60.0).run(threads, deque([None])))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run_cleanly(source: Path, tmp_path: Path, number: signal.Signals) -> None:
    pytest.importorskip("ray", reason="Ray is not installed")
    out = tmp_path / "out"
    process = start(source, out)
    while len(parts_done(out)) < 2:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)
    process.send_signal(number)
    beside = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert f"stopped by {number.name}" in beside
    assert 2 <= len(parts_done(out)) < PARTS
    assert not list(out.rglob(".tmp-*"))
    assert not traces(process)


ON_GPUS = """
import os, ray
from collections import deque
from maskwright.corpus.executors import Finished, load_executor
from tests.corpus.executors.test_ray import device
ray.init(address="local", num_cpus=8, num_gpus=2, logging_level="error", include_dashboard=False)
events = load_executor("ray", None, 60.0, devices=True).run(device, deque(range(2)))
print(*sorted(event.value for event in events if isinstance(event, Finished)))
"""


def device(task: int, beat: Beat) -> str:
    """The GPU this worker may use; takes so long that a second worker gets the second task."""
    time.sleep(8.0)
    return os.environ.get("CUDA_VISIBLE_DEVICES", "none")


@pytest.mark.slow
def test_workers_for_devices_have_a_gpu_each() -> None:
    """Ray is told of two GPUs; whether they are there is not looked at."""
    pytest.importorskip("ray", reason="Ray is not installed")
    done = subprocess.run(
        [sys.executable, "-c", ON_GPUS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "1"]
