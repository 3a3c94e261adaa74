"""DINOv2 and DINOv3 as backbones: what a picture holds, patch by patch, at several depths.

DINOv2: Oquab et al., "DINOv2: Learning Robust Visual Features without Supervision", arXiv 2304.07193; its
registers: Darcet et al., arXiv 2309.16588; DINOv3: Simeoni et al., arXiv 2508.10104. The networks are those
of transformers; preparing pictures is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError, SettingError
from maskwright.learning.pretrained import best_device, load, preparation, pretrained
from maskwright.pairs.values import Picture

if TYPE_CHECKING:
    import torch

LONGEST_PX = 518
"""Longer side of a picture as the network meets it: 37 patches of 14, as at the end of DINOv2's training."""
LAYERS = 4
"""Depths taken where none are named: the ends of as many equal parts of the network (3, 6, 9, 12 of twelve).
Shallow ones hold colour and texture, which the last is blind to."""
AT_ONCE = 16
"""Pictures of one size that a GPU gets at once."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of network as transformers has it.

    Args:
        model: the class.
        norm: the layer that ends it, under this name.
        stages: it is made of stages of convolutions, each half as fine as the one before; else of layers of
            one transformer.
    """

    model: str
    norm: str
    stages: bool = False


KINDS = {
    "dinov2": Kind("Dinov2Model", "layernorm"),
    "dinov2_with_registers": Kind("Dinov2WithRegistersModel", "layernorm"),
    "dinov3_vit": Kind("DINOv3ViTModel", "norm"),
    "dinov3_convnext": Kind("DINOv3ConvNextModel", "layer_norm", stages=True),
}


class Dino:
    """A frozen DINOv2 or DINOv3; a `maskwright.masks.annotators.backbones.Backbone`.

    A picture is made at most `longest` pixels long, with sides that are multiples of the patch; its aspect
    hardly changes, and position embeddings are interpolated. On a CPU pictures are taken one by one, so that
    what one gets does not depend on the others; on a GPU those of one size go together, in bfloat16, and
    may differ by its rounding.

    Args:
        spec: a folder in the hub's layout, or a hub id whose files are in the hub's cache.
        layers: depths from 1 to the number of layers (stages, of a ConvNeXt), ascending; None is `LAYERS`
            of them.
        longest: pixels; small pictures are not enlarged.
        device: as torch names it; None is a GPU where there is one.

    Attributes:
        name: the last part of `spec`.
        digest: of the weights, see `Pretrained`.
        strides: pixels of the resized picture from one feature to the next, a layer.
        batch_size: pictures that are taken together; 1 on a CPU.

    Raises:
        MissingExtraError: torch or transformers is not installed, or the weights are not on this machine.
        InputError: they are no such network, or damaged; see `pretrained` and `load`.
        SettingError: there is no such layer, or `longest` is less than a patch.
    """

    def __init__(
        self,
        spec: str,
        *,
        layers: Sequence[int] | None = None,
        longest: int = LONGEST_PX,
        device: str | None = None,
    ) -> None:
        found = pretrained(spec, list(KINDS))
        self.name, self.digest = Path(spec).name or found.folder.resolve().name, found.digest
        self._device = best_device() if device is None else device
        self.batch_size = 1 if self._device == "cpu" else AT_ONCE
        self._kind = KINDS[found.kind]
        self._preparation = preparation(found.folder)
        self._model = load(
            found,
            self._kind.model,
            device=self._device,
            dtype="float32" if self._device == "cpu" else "bfloat16",
        )
        self._layers = chosen_layers(layers, _depth(self._model.config, self._kind))
        self.strides = tuple(_stride(self._model.config, self._kind, layer) for layer in self._layers)
        self._multiple = max(_stride(self._model.config, self._kind, None), *self.strides)
        if longest < self._multiple:
            raise SettingError(f"longest is {longest}, a patch of {self.name} has {self._multiple} pixels")
        self._longest = longest

    def features(self, pictures: Sequence[Picture]) -> list[tuple[NDArray[np.float32], ...]]:
        """What the layers say of each picture, in order: (C, h, w) a layer.

        Tokens that are no patch (class, registers) are left out. The norm that ends the network is applied to
        every layer of a transformer, as in DINOv2's `get_intermediate_layers(norm=True)`, and to the last
        stage of a ConvNeXt.
        """
        made: dict[int, tuple[NDArray[np.float32], ...]] = {}
        by_size: dict[tuple[int, int], list[int]] = {}
        for place, picture in enumerate(pictures):
            by_size.setdefault(self._size(picture), []).append(place)
        for (height, width), places in by_size.items():
            for start in range(0, len(places), self.batch_size):
                some = places[start : start + self.batch_size]
                batch = np.stack(
                    [self._preparation.planes(pictures[at], height=height, width=width) for at in some]
                )
                made |= dict(zip(some, self._run(batch), strict=True))
        return [made[place] for place in range(len(pictures))]

    def _size(self, picture: Picture) -> tuple[int, int]:
        """Height and width the network meets: the nearest multiples of a patch, at least one."""
        height, width = picture.shape[:2]
        scale = min(1.0, self._longest / max(height, width))
        most = self._longest // self._multiple
        rows, columns = (min(most, max(1, round(side * scale / self._multiple))) for side in (height, width))
        return rows * self._multiple, columns * self._multiple

    def _run(self, batch: NDArray[np.float32]) -> list[tuple[NDArray[np.float32], ...]]:
        import torch

        with torch.inference_mode():
            given = torch.from_numpy(batch).to(self._device, self._model.dtype)
            states = self._model(given, output_hidden_states=True).hidden_states
            grids = [
                self._grid(states, layer, *(side // stride for side in batch.shape[2:])).float().cpu().numpy()
                for layer, stride in zip(self._layers, self.strides, strict=True)
            ]
        return list(zip(*grids, strict=True))

    def _grid(self, states: Sequence[torch.Tensor], layer: int, rows: int, columns: int) -> torch.Tensor:
        """The hidden states of a layer as (B, C, rows, columns), normed."""
        norm = getattr(self._model, self._kind.norm)
        if not self._kind.stages:
            patches: torch.Tensor = norm(states[layer])[:, -rows * columns :]
            return patches.transpose(1, 2).reshape(len(patches), -1, rows, columns)
        if layer < len(states) - 1:
            return states[layer]
        normed: torch.Tensor = norm(states[layer].permute(0, 2, 3, 1))
        return normed.permute(0, 3, 1, 2)


def _depth(config: Any, kind: Kind) -> int:
    return len(config.hidden_sizes) if kind.stages else int(config.num_hidden_layers)


def chosen_layers(layers: Sequence[int] | None, depth: int) -> tuple[int, ...]:
    """Depths, ascending from 1; of None the ends of `LAYERS` equal parts of a network.

    Raises:
        SettingError: there is no such layer, or they do not ascend.
    """
    if layers is None:
        return tuple(sorted({max(1, round(depth * part / LAYERS)) for part in range(1, LAYERS + 1)}))
    if not layers or list(layers) != sorted(set(layers)) or layers[0] < 1 or layers[-1] > depth:
        raise SettingError(f"layers are {list(layers)}, expected ascending numbers from 1 to {depth}")
    return tuple(layers)


def _stride(config: Any, kind: Kind, layer: int | None) -> int:
    """Pixels from one feature to the next at a layer; of the whole network where it is None."""
    if kind.stages:  # a stem of stride 4, then half as fine a stage
        return int(2 ** (1 + (_depth(config, kind) if layer is None else layer)))
    patch = config.patch_size
    sides = {patch} if isinstance(patch, int) else set(patch)
    if len(sides) != 1:
        raise InputError(f"patches are {' x '.join(map(str, patch))} pixels, expected squares")
    return int(sides.pop())
