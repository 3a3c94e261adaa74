"""The one training loop: steps of any task, on one or many devices, that can be stopped and resumed.

Everything drawn at a step follows from the seed and the step, so a run that was stopped goes on as if
it had not been: with `steps` to the bit. With `minutes` the schedule follows the clock.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from maskwright.errors import RunError, SettingError
from maskwright.learning import checkpoint
from maskwright.learning.ranks import Ranks
from maskwright.learning.records import Records

Batch: TypeAlias = Mapping[str, Tensor]
"""Tensors by name; the first axis of each counts samples."""

DECAYS_AFTER = 10
"""The average of weights looks back less at first: min(decay, (1 + step) / (10 + step)), as in TensorFlow's
ExponentialMovingAverage."""
NOTE_EVERY = 10
"""Steps whose mean loss is one row of losses.csv."""


class Task(Protocol):
    """What is learned: a network, its batches and its loss."""

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """What batches and loss depend on, as JSON values; a run is not resumed with others."""
        ...

    def network(self) -> nn.Module:
        """A new network; its weights follow from torch's generator. Those that need no gradient stay."""
        ...

    def batch(self, step: int) -> Batch:
        """The whole batch of a step, on the CPU; follows from the step. May be called in another thread."""
        ...

    def loss(self, network: nn.Module, batch: Batch, teacher: nn.Module) -> Tensor:
        """One number, a mean over samples; `network` may be called once.

        `teacher` is the same network with the running average of its weights, in evaluation mode.
        """
        ...

    def evaluate(self, network: nn.Module) -> Mapping[str, float]:
        """Figures on what is never trained on."""
        ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast.

    Args:
        steps, minutes: one of the two; the length of the run.
        seed: of weights and batches.
        rate: the highest learning rate.
        weight_decay: AdamW's.
        warm_up: share of the run in which the rate rises; then it falls to 0 along a cosine.
        average: decay of the running average of weights.
        clip: largest norm of the gradient.
        save_every_s, evaluate_every_s: seconds between checkpoints, and between evaluations.
    """

    steps: int | None = None
    minutes: float | None = None
    seed: int = 0
    rate: float = 2e-3
    weight_decay: float = 0.01
    warm_up: float = 0.03
    average: float = 0.999
    clip: float = 1.0
    save_every_s: float = 180.0
    evaluate_every_s: float = 300.0

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise SettingError(
                "a run needs its length once: in steps or in minutes", hint="give one of the two"
            )
        if not (self.steps or self.minutes or 0) > 0:
            raise SettingError("a run of no length trains nothing", hint="give more than 0")

    def done(self, step: int, elapsed_s: float) -> float:
        """Share of the run that is over, 0 to 1."""
        if self.steps is not None:
            return min(1.0, step / self.steps)
        return min(1.0, elapsed_s / (60 * (self.minutes or 1)))

    def rate_at(self, done: float) -> float:
        """The learning rate when a share of the run is over."""
        if done < self.warm_up:
            return self.rate * max(done / self.warm_up, 1e-3)
        return self.rate * 0.5 * (1 + math.cos(math.pi * (done - self.warm_up) / (1 - self.warm_up)))


@dataclass(frozen=True, slots=True)
class Lap:
    """Where a run is.

    Args:
        done: share of the run that is over.
        loss: mean of the last few steps.
        waited_s: of `elapsed_s` of this process, the time without a batch to train on.
        figures: of the last evaluation.
    """

    step: int
    done: float
    elapsed_s: float
    loss: float
    waited_s: float
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished run.

    Args:
        network: with the averaged weights, on the CPU, in evaluation mode.
        figures: of the last evaluation.
    """

    network: nn.Module
    steps: int
    elapsed_s: float
    figures: Mapping[str, float]


def run(
    task: Task,
    schedule: Schedule,
    out: Path,
    ranks: Ranks,
    *,
    progress: Callable[[Lap], None] = lambda lap: None,
) -> Trained:
    """Train to the end, from the checkpoint in `out` where there is one.

    Raises:
        RunError: the folder is another run's; the network diverged.
    """
    torch.manual_seed(schedule.seed)
    network = task.network().to(ranks.device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    session = _Session(task, schedule, out, ranks, network)
    session.begin()
    pool = ThreadPoolExecutor(1)
    try:
        batches = _ahead(task, pool, session.step)
        while session.done < 1:
            began = time.monotonic()
            batch = next(batches)
            session.waited_s += time.monotonic() - began
            session.advance(batch)
            session.keep(progress)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    if session.records.evaluated_at != session.step:  # stopped between its last step and what follows
        session.keep(progress)
    return Trained(
        session.average.cpu().eval(), session.step, session.elapsed_s, session.records.last_figures
    )


class _Session:
    """The state of a run, and the steps that move it on."""

    def __init__(self, task: Task, schedule: Schedule, out: Path, ranks: Ranks, network: nn.Module) -> None:
        self.task, self.schedule, self.out, self.ranks = task, schedule, out, ranks
        self.network = network
        self.average = copy.deepcopy(network).requires_grad_(False).eval()
        self.optimizer = torch.optim.AdamW(
            [each for each in network.parameters() if each.requires_grad],
            lr=schedule.rate,
            weight_decay=schedule.weight_decay,
        )
        self.records = Records(out)
        self.step, self.elapsed_s, self.done, self.waited_s = 0, 0.0, 0.0, 0.0
        self._clock_s = self._saved_s = self._evaluated_s = time.monotonic()
        self._losses: list[Tensor] = []
        self._settings = {"task": task.name, **asdict(schedule), **task.settings}
        self._parallel: nn.Module = network

    def begin(self) -> None:
        standing = checkpoint.standing_of(self.out)
        if standing is not None:
            _check_same(self.out, standing.settings, self._settings)
            checkpoint.restore(self.out, self.network, self.average, self.optimizer)
            self.step, self.elapsed_s = standing.step, standing.elapsed_s
            self.records.resume()
        self.done = self.schedule.done(self.step, self.elapsed_s)
        self.ranks.wait()
        if standing is None and self.ranks.leads:
            self._save()  # from now on the folder is this run's
        if self.ranks.world > 1:
            self._parallel = DistributedDataParallel(self.network)
        self._clock_s = time.monotonic()

    def advance(self, batch: Batch) -> None:
        """One step."""
        device = self.ranks.device
        part = {
            name: share_of(value, self.ranks.rank, self.ranks.world).to(device, non_blocking=True)
            for name, value in batch.items()
        }
        for group in self.optimizer.param_groups:
            group["lr"] = self.schedule.rate_at(self.done)
        # What a network may draw (dropout) follows from the step, too.
        torch.manual_seed(self.schedule.seed * 1_000_003 + self.step)
        self._parallel.train()
        with torch.autocast(device.type, torch.bfloat16):
            loss = self.task.loss(self._parallel, part, self.average)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), self.schedule.clip)
        self.optimizer.step()
        decay = min(self.schedule.average, (1 + self.step) / (DECAYS_AFTER + self.step))
        _blend(self.average, self.network, decay)
        self._losses.append(loss.detach())
        self.step += 1
        now = time.monotonic()
        self.elapsed_s = self.ranks.agreed(self.elapsed_s + now - self._clock_s)
        self._clock_s = now
        self.done = self.schedule.done(self.step, self.elapsed_s)

    def keep(self, progress: Callable[[Lap], None]) -> None:
        """Note, evaluate, save and tell, whatever is due; at the end of the run all of it."""
        last = self.done >= 1
        if self._losses and (last or self.step % NOTE_EVERY == 0):
            loss = self.ranks.agreed(float(torch.stack(self._losses).mean()))
            self._losses.clear()
            if not math.isfinite(loss):
                raise RunError(
                    f"the loss is no number any more at step {self.step}", hint="train with another --seed"
                )
            self.records.note(self.step, self.elapsed_s, self.schedule.rate_at(self.done), loss)
        if not self.ranks.leads:
            return
        now = time.monotonic()
        if last or now - self._evaluated_s >= self.schedule.evaluate_every_s:
            self._evaluate()
        if last or now - self._saved_s >= self.schedule.save_every_s:
            self._save()
        progress(
            Lap(
                self.step,
                self.done,
                self.elapsed_s,
                self.records.last_loss,
                self.waited_s,
                self.records.last_figures,
            )
        )

    def _evaluate(self) -> None:
        if self.records.evaluated_at != self.step:
            self.average.eval()
            with torch.inference_mode():
                self.records.evaluated(self.step, self.task.evaluate(self.average))
        self._evaluated_s = time.monotonic()

    def _save(self) -> None:
        standing = checkpoint.Standing(self._settings, self.step, self.elapsed_s)
        checkpoint.save(self.out, standing, self.network, self.average, self.optimizer)
        self.records.write()
        self._saved_s = time.monotonic()


def share_of(whole: Tensor, rank: int, world: int) -> Tensor:
    """The slice of a batch that one of `world` processes trains on.

    Raises:
        SettingError: there is no equal share for each.
    """
    size, rest = divmod(len(whole), world)
    if rest:
        raise SettingError(
            f"a batch of {len(whole)} cannot be shared by {world} processes",
            hint="give a --batch that is a multiple of their number",
        )
    return whole[rank * size : (rank + 1) * size]


def _ahead(task: Task, pool: ThreadPoolExecutor, step: int) -> Iterator[Batch]:
    """Batches from a step on, the next one in the making while one is trained on."""
    coming: Future[Batch] = pool.submit(task.batch, step)
    while True:
        batch = coming.result()
        step += 1
        coming = pool.submit(task.batch, step)
        yield batch


def _blend(average: nn.Module, network: nn.Module, decay: float) -> None:
    """average = decay * average + (1 - decay) * network; buffers are copied."""
    with torch.no_grad():
        torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)
        for kept, new in zip(average.buffers(), network.buffers(), strict=True):
            kept.copy_(new)


def _check_same(out: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    differing = sorted(
        name for name in before.keys() | now.keys() if before.get(name, "-") != now.get(name, "-")
    )
    # How often one saves or looks changes nothing of what is learned.
    differing = [name for name in differing if name not in ("save_every_s", "evaluate_every_s")]
    if differing:
        name = differing[0]
        raise RunError(
            f"{out} holds another run: its {name} is {before.get(name)!r}, yours is {now.get(name)!r}",
            hint="train into a new folder, or give what that run was given",
        )
