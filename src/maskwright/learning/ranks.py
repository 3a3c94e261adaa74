"""One process or many: which one this is, and the device it computes on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed

from maskwright.errors import SettingError

PATIENCE = timedelta(hours=2)
"""So long the others wait for the one that evaluates, which first waits for pairs to be made; the defaults
are minutes."""


@dataclass(frozen=True, slots=True)
class Ranks:
    """The place of this process among those that train one network.

    Args:
        rank: 0 to world - 1; rank 0 writes files.
        local_rank: among those of this machine.
        device: what it computes on.
    """

    rank: int
    world: int
    local_rank: int
    device: torch.device

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def agreed(self, number: float) -> float:
        """Rank 0's number, on every rank."""
        if self.world == 1:
            return number
        told = torch.tensor([number], dtype=torch.float64, device=self.device)
        distributed.broadcast(told, src=0)
        return float(told.item())

    def wait(self) -> None:
        """Until every rank has come here."""
        if self.world > 1:
            distributed.barrier()


@contextlib.contextmanager
def joined() -> Iterator[Ranks]:
    """The ranks that `torchrun` has started, by its environment; alone without it.

    Raises:
        SettingError: more processes on this machine than it has GPUs (where it has any).
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    rank, local_rank = int(os.environ.get("RANK", "0")), int(os.environ.get("LOCAL_RANK", "0"))
    gpus = torch.cuda.device_count()
    if gpus and local_rank >= gpus:
        raise SettingError(f"process {local_rank} of this machine has no GPU: there are {gpus}")
    device = torch.device("cuda", local_rank) if gpus else torch.device("cpu")
    if gpus:
        torch.cuda.set_device(device)  # else a barrier of every process meets on the first GPU
        torch.backends.cudnn.deterministic = True  # a run that was stopped goes on to the bit
    if world == 1:
        yield Ranks(0, 1, 0, device)
        return
    distributed.init_process_group("nccl" if gpus else "gloo", timeout=PATIENCE)
    try:
        yield Ranks(rank, world, local_rank, device)
    finally:
        distributed.destroy_process_group()
