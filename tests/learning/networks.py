"""What tests of detectors' networks share: pictures, a step of training, an ONNX file beside torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from maskwright.learning.export import check, export


def pictures(side: int, count: int = 2, seed: int = 0) -> Tensor:
    """(count, 3, side, side) uint8: noise on a slope, so that there is something in every band."""
    rng = np.random.default_rng(seed)
    slope = np.linspace(0, 160, side)[:, None] + np.linspace(0, 60, side)
    made = slope + rng.integers(0, 36, (count, 3, side, side))
    return torch.from_numpy(made.astype(np.uint8))


def awake(network: nn.Module, seed: int = 0) -> nn.Module:
    """What starts as nothing is something, so that no zero hides what it does."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in network.parameters():
            if weights.requires_grad and not weights.any():
                weights.copy_(0.1 * torch.randn(weights.shape, generator=generator))
    return network


def learns(network: nn.Module) -> dict[str, Tensor]:
    """Copies of what learns, by name."""
    return {
        name: weights.detach().clone()
        for name, weights in network.named_parameters()
        if weights.requires_grad
    }


def rests(network: nn.Module) -> dict[str, Tensor]:
    """Copies of what does not learn, buffers among it, by name."""
    frozen = {name: value for name, value in network.named_parameters() if not value.requires_grad}
    return {name: value.detach().clone() for name, value in (frozen | dict(network.named_buffers())).items()}


def step(network: nn.Module, picture: Tensor) -> None:
    """A step as the training loop's, with a rate that nothing outlasts."""
    network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.1, weight_decay=0.1)
    network.train()
    with torch.autocast("cpu", torch.bfloat16):
        loss = (network(picture) - 1).square().mean()
    loss.backward()
    optimizer.step()
    network.eval()


def apart(network: nn.Module, folder: Path, like: nn.Module | None = None) -> float:
    """How far the ONNX file of a network, for two pictures, is from torch, or from another network."""
    given = {"picture": pictures(network.side).numpy()}
    one = {"picture": given["picture"][:1]}
    path = export(network, folder / "network.onnx", one, moving=dict.fromkeys(("picture", "odds"), (0,)))
    return check(network if like is None else like, path, [given], as_chance=False)
