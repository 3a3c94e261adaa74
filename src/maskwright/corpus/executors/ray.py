"""The Ray executor: worker processes on the machines of a cluster, one processor each.

An actor on a node hires the same worker process as the local executor does, so that a row which
kills, hangs or floods it looks the same from here; the actor itself only passes on what it hears,
in bundles, for a message a row would be too many for one driver.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

from maskwright.corpus.executors import Event, Heard, Lost, Work
from maskwright.corpus.executors.local import LOOK_S, Crew, check_settings
from maskwright.errors import MissingExtraError, RunError

# Progress that is half a second old is new enough. A driver takes some thousand calls a second;
# of so many a second it hardly notices, however many workers there are.
_BUNDLE_S, _CALLS_PER_S = 0.5, 200.0

# Nothing is restarted or repeated by Ray: what a loss means is for the caller to say.
_ONCE = {"max_restarts": 0, "max_task_retries": 0, "max_concurrency": 2}

# Processors claimed beside a GPU: the threads of corpus/batches.py.
_GPU_CPUS = 4

# An actor that owes a bundle for so long is taken for gone: its node hangs, or the network.
_LATE_S = 30.0

# A node on which no actor starts is not a reason to give up; so many in a row are.
_FAILED_STARTS = 3

# Workers read and write files; nothing large goes through Ray's object store (its least size), and so
# nothing is ever spilled: that the disk is nearly full is no news of Ray's.
_STORE_BYTES = 80 << 20
_SILENT = {"local_fs_capacity_threshold": 1.0}

# Seconds for a connection to the head of a cluster.
_KNOCK_S = 10.0

# Seconds that workers get to be ended by their actors before these are killed.
_LEAVE_S = 5.0


@dataclass(frozen=True, slots=True)
class RayExecutor:
    """Processes on a Ray cluster: the one RAY_ADDRESS names, else one of this machine that ends with the run.

    Args:
        workers: how many at once, 1 or more; None: as many as the cluster has processors, or GPUs.
        quiet_s: seconds without a note after which a worker counts as hung.
        devices: every worker has a GPU to itself, and processors for its threads, where there are any GPUs.

    Raises:
        MissingExtraError: Ray is not installed.
    """

    workers: int | None
    quiet_s: float
    devices: bool = False

    def __post_init__(self) -> None:
        check_settings(self.workers, self.quiet_s)
        _import_ray()

    def run(self, work: Work, tasks: deque[Any]) -> Iterator[Event]:
        """See `Executor.run`."""
        with connected(None if self.devices else self.workers) as ray:
            there = ray.cluster_resources()
            gpus = int(there.get("GPU", 0)) if self.devices else 0
            needs = {"num_cpus": _GPU_CPUS, "num_gpus": 1} if gpus else {"num_cpus": 1}
            most = self.workers or gpus or max(1, int(there.get("CPU", 1)))
            gang = _Gang(ray, ray.remote(**needs, **_ONCE)(Foreman), work, most, self.quiet_s)
            try:
                while tasks or gang.busy:
                    gang.hand_out(tasks)
                    yield from gang.listen()
            finally:
                gang.dismiss()


@dataclass(frozen=True, slots=True)
class Bundle:
    """What an actor heard since it was last asked.

    Args:
        pid: of its worker process; None where there is none now.
        fault: what the function raised, or that no worker could be started.
    """

    events: Sequence[Event]
    pid: int | None
    fault: Exception | None


class Foreman:
    """The actor. It has at most one worker process, and a second thread in which `leave` is heard."""

    def __init__(self, work: Work, quiet_s: float, bundle_s: float) -> None:
        self._crew = Crew(work)
        self._quiet_s, self._bundle_s = quiet_s, bundle_s

    def host(self) -> str:
        """The machine's name; the first call, by which the driver knows that the actor is there."""
        return socket.gethostname()

    def hear(self, *given: Any) -> Bundle:
        """Begin the task if one is given; the events until it ends, or until the bundle is due."""
        events: list[Event] = []
        fault = None
        until = time.monotonic() + self._bundle_s
        try:
            for task in given:
                worker = self._crew.members[0] if self._crew.members else self._crew.hire()
                worker.give(task)
            while self._crew.busy and time.monotonic() < until:
                events += self._crew.listen(self._quiet_s)
        except Exception as raised:
            fault = raised
        pid = self._crew.members[0].process.pid if self._crew.members else None
        return Bundle(events, pid, fault)

    def leave(self) -> None:
        """End the worker process."""
        self._crew.dismiss()


@dataclass(slots=True, eq=False)
class _Member:
    """An actor as the driver knows it; `busy` while it has a task."""

    actor: Any
    host: str | None = None
    pid: int = 0
    busy: bool = False
    task: Any = None
    note: Any = None
    heard: float = field(default_factory=time.monotonic)


class _Gang:
    """The actors, and the one queue their answers arrive in."""

    def __init__(self, ray: ModuleType, foreman: Any, work: Work, most: int, quiet_s: float) -> None:
        self._ray, self._foreman, self._most, self._quiet_s = ray, foreman, most, quiet_s
        self._bundle_s = max(_BUNDLE_S, most / _CALLS_PER_S)
        self._arguments = (work, quiet_s, self._bundle_s)
        self._members: list[_Member] = []
        self._inbox: queue.SimpleQueue[tuple[_Member, Future[Any]]] = queue.SimpleQueue()
        self._failed_starts = 0

    @property
    def busy(self) -> bool:
        return any(member.busy for member in self._members)

    def hand_out(self, tasks: deque[Any]) -> None:
        """Tasks to those that wait; more actors where tasks wait. One counts once its node has it."""
        for member in self._members:
            if tasks and member.host is not None and not member.busy:
                member.task, member.note, member.busy = tasks.popleft(), None, True
                self._ask(member, "hear", member.task)
        starting = sum(member.host is None for member in self._members)
        for _ in range(min(self._most - len(self._members), len(tasks) - starting)):
            member = _Member(self._foreman.remote(*self._arguments))
            self._members.append(member)
            self._ask(member, "host")

    def listen(self) -> Iterator[Event]:
        """What came in; silence is judged only when nothing is waiting to be read."""
        try:
            member, answer = self._inbox.get(timeout=LOOK_S)
        except queue.Empty:
            late_s = self._quiet_s + self._bundle_s + _LATE_S
            for member in [each for each in self._members if each.busy]:
                if time.monotonic() - member.heard > late_s:
                    yield self._lost(member, "silent", f"its actor on {member.host} did not answer")
            return
        if member not in self._members:
            return
        member.heard = time.monotonic()
        try:
            content = answer.result()
        except self._ray.exceptions.RayError as fault:
            if member.host is None:
                self._not_started(member, fault)
            else:
                yield self._lost(
                    member, "died", f"its actor on {member.host} is gone ({type(fault).__name__})"
                )
            return
        if member.host is None:
            member.host, self._failed_starts = content, 0
        else:
            yield from self._told(member, content)

    def dismiss(self) -> None:
        """End all workers, and wait for that where their actors still answer."""
        there = [member for member in self._members if member.host is not None]
        leaving = [member.actor.leave.remote() for member in there]
        if leaving:
            self._ray.wait(leaving, num_returns=len(leaving), timeout=_LEAVE_S)
        for member in list(self._members):
            self._end(member)

    def _told(self, member: _Member, bundle: Bundle) -> Iterator[Event]:
        member.pid = bundle.pid or member.pid
        if bundle.fault is not None:
            raise bundle.fault
        for event in bundle.events:
            if isinstance(event, Heard):
                member.note = event.note
            else:
                member.busy = False
            yield replace(event, task=member.task)
        if member.busy:
            self._ask(member, "hear")

    def _not_started(self, member: _Member, fault: Exception) -> None:
        self._end(member)
        self._failed_starts += 1
        if self._failed_starts == _FAILED_STARTS:
            raise RunError(
                f"no worker can be started on the cluster: {str(fault).strip().splitlines()[-1]}",
                hint="every node needs the same Python, and the same maskwright with its packages",
            ) from fault

    def _lost(self, member: _Member, why: str, detail: str) -> Lost:
        self._end(member)
        return Lost(member.task, why, member.note, member.pid, member.host or "", detail)

    def _end(self, member: _Member) -> None:
        self._members.remove(member)
        self._ray.kill(member.actor)

    def _ask(self, member: _Member, method: str, *arguments: Any) -> None:
        member.heard = time.monotonic()
        answer = getattr(member.actor, method).remote(*arguments).future()
        answer.add_done_callback(lambda done: self._inbox.put((member, done)))


@contextlib.contextmanager
def connected(workers: int | None) -> Iterator[ModuleType]:
    """Ray, connected: to what the caller is connected to, to RAY_ADDRESS, or to a cluster of our own."""
    ray = _import_ray()
    if ray.is_initialized():
        yield ray
        return
    quiet: dict[str, Any] = {"logging_level": "error", "log_to_driver": True}
    address = os.environ.get("RAY_ADDRESS")
    with contextlib.ExitStack() as stack:
        try:
            if address:
                _knock(address)
                # Ray puts its own handler in place of the one that ends a run as it should.
                with _kept_handler(signal.SIGTERM):
                    ray.init(**quiet)
            else:
                place = _scratch_folder()
                stack.callback(shutil.rmtree, place, ignore_errors=True)
                with _kept_handler(signal.SIGTERM):
                    ray.init(
                        address="local",
                        num_cpus=workers,
                        include_dashboard=False,
                        object_store_memory=_STORE_BYTES,
                        _temp_dir=place,
                        _system_config=_SILENT,
                        **quiet,
                    )
        except (OSError, RuntimeError, ValueError) as fault:
            raise RunError(
                f"the Ray cluster cannot be {f'reached at {address}' if address else 'started'}: {fault}",
                hint="RAY_ADDRESS names the cluster to use; ray status tells whether one runs",
            ) from fault
        stack.callback(ray.shutdown)
        yield ray


def _knock(address: str) -> None:
    """Raise OSError where nobody answers at host:port; Ray itself tries for six minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "://" not in address:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_S).close()


def _scratch_folder() -> str:
    """A new folder for sockets and logs. Paths of sockets are short, so TMPDIR is not looked at."""
    prefix = f"maskwright-ray-{os.getpid()}-"
    return tempfile.mkdtemp(prefix=prefix, dir="/tmp" if os.path.isdir("/tmp") else None)


@contextlib.contextmanager
def _kept_handler(number: int) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(number)
    try:
        yield
    finally:
        signal.signal(number, before)


def _import_ray() -> ModuleType:
    # Read when Ray is imported: it must not send statistics, nor hide devices from workers that ask for none.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"the executor 'ray' needs the package {error.name!r}", hint="pip install 'maskwright[ray]'"
        ) from error
    return ray
