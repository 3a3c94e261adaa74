"""An annotator from any ONNX file that lies beside its card.

The network takes `original` and `edited`, uint8 (N, 3, H, W), RGB, and gives `change`,
float32 (N, 1, H, W) in 0..1; each layer on its card is a further output of that shape.
H and W are free. A network that needs them to be multiples of a number says so on its
card, `"constants": {"multiple": 8}`: pictures are then continued at the right and the
bottom by their last pixels, and the maps cut back.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError
from maskwright.pairs.values import Aligned, Change, ChangeMap, Hint, Picture
from maskwright.weights import open_network, read_card

INPUTS = {"original": "tensor(uint8)", "edited": "tensor(uint8)"}


class OnnxAnnotator:
    """Runs one pair at a time, so that no pair's map depends on its neighbours.

    Args:
        path: the .onnx file; its card lies beside it as `<stem>.card.json`.
        threads: threads within an operation of the network.

    Raises:
        MissingExtraError: the network or its card is not there.
        InputError: the file is damaged, is not the one on its card, or has other inputs or outputs.
    """

    def __init__(self, path: str | PathLike[str], *, threads: int = 1) -> None:
        self.card = read_card(path)
        self._multiple = int(self.card.constants.get("multiple", 1))
        self._network = open_network(path, threads=threads)
        found = {entry.name: entry.type for entry in self._network.get_inputs()}
        if found != INPUTS:
            raise InputError(f"{path} takes {_listed(found)}; an annotator takes {_listed(INPUTS)}")
        wanted = dict.fromkeys(("change", *self.card.layers), "tensor(float)")
        given = {entry.name: entry.type for entry in self._network.get_outputs()}
        if not wanted.items() <= given.items():
            raise InputError(f"{path} gives {_listed(given)}; by its card it gives {_listed(wanted)}")
        if self._multiple < 1:
            raise InputError(f"{path}: its card says multiple {self._multiple}, at least 1 is needed")

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        """One change a pair, in order; pixels the original does not have get 0. Hints are not used.

        Raises:
            InputError: the network gave maps of another size, or values outside 0..1.
        """
        return [self._change_of(pair) for pair in batch]

    def _change_of(self, pair: Aligned) -> Change:
        names = ["change", *self.card.layers]
        maps = self._network.run(
            names, {"original": self._planes(pair.original), "edited": self._planes(pair.edited)}
        )
        change, *layers = (self._cut(name, map_, pair) for name, map_ in zip(names, maps, strict=True))
        return Change(change, layers=dict(zip(self.card.layers, layers, strict=True)))

    def _planes(self, picture: Picture) -> NDArray[np.uint8]:
        height, width = picture.shape[:2]
        below, beside = -height % self._multiple, -width % self._multiple
        if below or beside:
            picture = np.asarray(
                cv2.copyMakeBorder(picture, 0, below, 0, beside, cv2.BORDER_REPLICATE), np.uint8
            )
        return np.ascontiguousarray(picture.transpose(2, 0, 1)[None])  # (1, 3, H, W)

    def _cut(self, name: str, maps: NDArray[np.float32], pair: Aligned) -> ChangeMap:
        height, width = pair.valid.shape
        expected = (1, 1, height + -height % self._multiple, width + -width % self._multiple)
        if maps.shape != expected:
            raise InputError(f"the network's {name} is {maps.shape}, expected {expected} (N, 1, H, W)")
        cut = maps[0, 0, :height, :width].astype(np.float32)
        if not (cut.min() >= 0 and cut.max() <= 1):
            raise InputError(f"the network's {name} has values outside 0..1")
        cut[~pair.valid] = 0
        return cut


def _listed(tensors: dict[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in sorted(tensors.items())) or "nothing"
