"""A task so small that hundreds of steps cost nothing; also a program for one rank of many."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from maskwright.learning.loop import Batch, Lap, Schedule, Trained, run
from maskwright.learning.ranks import joined


class Toy:
    """Learns to blur noise; with dropout, so that the network draws chance of its own."""

    name = "toy"

    def __init__(self, *, dropout: float = 0.2, scale: float = 1.0) -> None:
        self._dropout, self._scale = dropout, scale

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"scale": self._scale}

    def network(self) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Dropout(self._dropout), nn.Conv2d(4, 1, 3, padding=1)
        )

    def batch(self, step: int) -> Batch:
        noise = torch.randn(8, 1, 12, 12, generator=torch.Generator().manual_seed(step))
        return {"noise": noise * self._scale, "blurred": nn.functional.avg_pool2d(noise, 3, 1, 1)}

    def loss(self, network: nn.Module, batch: Batch, teacher: nn.Module) -> Tensor:
        return (network(batch["noise"]).float() - batch["blurred"]).square().mean()

    def evaluate(self, network: nn.Module) -> Mapping[str, float]:
        with torch.inference_mode():
            return {"error": float(self.loss(network, self.batch(-1), network))}


def trained(
    out: Path, *, steps: int = 20, stop: int | None = None, dropout: float = 0.2, **settings: Any
) -> Trained:
    """A run of the toy; `stop` ends it in the middle of things after so many steps."""

    def progress(lap: Lap) -> None:
        if lap.step == stop:
            raise KeyboardInterrupt

    out.mkdir(exist_ok=True)
    with joined() as ranks:
        schedule = Schedule(steps=steps, **settings)
        return run(Toy(dropout=dropout), schedule, out, ranks, progress=progress)


if __name__ == "__main__":
    torch.set_num_threads(1)
    trained(Path(sys.argv[1]), steps=12, dropout=0.0)
