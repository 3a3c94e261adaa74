"""Where a training run stands, on disk: tensors in one safetensors file, everything else in JSON beside it.

The JSON file tells the step, which is in the name of the tensors' file, and is written last, so what it
stands for is whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from maskwright.corpus.atomic import replacing
from maskwright.errors import RunError
from maskwright.learning.train import CHECKPOINT, TENSORS


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a run is.

    Args:
        settings: all that the run depends on; JSON values.
        step: steps done.
        elapsed_s: seconds spent on them, in all sessions.
    """

    settings: Mapping[str, Any]
    step: int
    elapsed_s: float


def save(
    out: Path, standing: Standing, model: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Write a checkpoint whole, in place of the one before; parameters that are not trained are left out.

    Args:
        optimizer: of the parameters that are trained, in their order in `model`.
    """
    frozen = _frozen(model)
    tensors = {
        f"{kind}.{name}": value
        for kind, module in (("model", model), ("average", average))
        for name, value in module.state_dict().items()
        if name not in frozen
    }
    names = _trained(model)
    for place, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{names[place]}.{key}": value for key, value in state.items()}
    path = _tensors_of(out, standing)
    with replacing(path) as temporary:
        save_file({name: value.detach().contiguous().cpu() for name, value in tensors.items()}, temporary)
    told = {
        "step": standing.step,
        "elapsed_s": standing.elapsed_s,
        "settings": dict(standing.settings),
    }
    with replacing(out / CHECKPOINT) as temporary:
        temporary.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    for older in out.glob(f"{TENSORS}*.safetensors"):
        if older != path:
            older.unlink()


def standing_of(out: Path) -> Standing | None:
    """How far the run in a folder is; None where there is none.

    Raises:
        RunError: the JSON file is damaged.
    """
    try:
        told = json.loads((out / CHECKPOINT).read_text(encoding="utf-8"))
        return Standing(dict(told["settings"]), int(told["step"]), float(told["elapsed_s"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(out / CHECKPOINT, error) from error


def restore(out: Path, model: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Put the tensors of the checkpoint where they belong.

    Raises:
        RunError: the file is missing or damaged, or of another network.
    """
    standing = standing_of(out)
    assert standing is not None
    path = _tensors_of(out, standing)
    try:
        tensors = load_file(path)  # on the CPU; from there each tensor goes where its like is
        for kind, module in (("model", model), ("average", average)):
            module.load_state_dict({**_frozen(model), **_under(f"{kind}.", tensors)})
    except (OSError, SafetensorError, RuntimeError) as error:
        raise _damaged(path, error) from error
    told = optimizer.state_dict()
    for place, name in enumerate(_trained(model)):
        state = _under(f"optimizer.{name}.", tensors)
        if state:
            told["state"][place] = state
    optimizer.load_state_dict(told)


def average_of(out: Path, like: nn.Module) -> Mapping[str, Tensor]:
    """The averaged weights of the run in a folder.

    Args:
        like: the network they are to be for.

    Raises:
        RunError: there is no run, its file is damaged, or it trained another network.
    """
    standing = standing_of(out)
    if standing is None:
        raise RunError(f"{out} holds no training run", hint="name the folder that stage 1 was trained into")
    path = _tensors_of(out, standing)
    try:
        found = {**_frozen(like), **_under("average.", load_file(path))}
    except (OSError, SafetensorError) as error:
        raise _damaged(path, error) from error
    if {name: value.shape for name, value in found.items()} != {
        name: value.shape for name, value in like.state_dict().items()
    }:
        raise RunError(f"{out} holds another network", hint="name the folder that stage 1 was trained into")
    return found


def _trained(model: nn.Module) -> list[str]:
    return [name for name, value in model.named_parameters() if value.requires_grad]


def _frozen(model: nn.Module) -> dict[str, Tensor]:
    """What is never trained, under its names in `state_dict`."""
    return {name: value.data for name, value in model.named_parameters() if not value.requires_grad}


def _tensors_of(out: Path, standing: Standing) -> Path:
    return out / f"{TENSORS}{standing.step:08d}.safetensors"


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _damaged(path: Path, error: Exception) -> RunError:
    return RunError(
        f"{path} is damaged: {' '.join(str(error).split())[:200]}", hint="train into a new folder: -o another"
    )
