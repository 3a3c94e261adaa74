"""Backbones that need no torch: the compact network as encoder of one picture, and any ONNX file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError
from maskwright.masks.annotators.backbones import Features
from maskwright.masks.annotators.compact import MULTIPLE
from maskwright.masks.annotators.evidence import STRIDE, evidence
from maskwright.masks.annotators.planes import CHANNELS, planes
from maskwright.masks.annotators.rule import log_odds, shipped_rule
from maskwright.pairs.values import Aligned, Geometry, Picture
from maskwright.weights import card_path, open_network, read_card, shipped

LONGEST_PX = 1024
"""Longer side that a backbone sees at most: larger pictures are shrunk, so that memory is bounded."""

TAPS = ("/Relu_output_0", "/body.1/", "/body.2/", "/body.3/", "/body.4/")
"""Beginnings of the names of what the levels of a compact network give on the way down."""
USED = 2
"""Of the levels, from the finest on. The distance of the coarser ones' features tells edits from the rest no
better than chance, whatever stands beside the picture: itself, grey, or its blur (docs/LOG.md)."""
NEUTRAL = (5, 64, 64, 64, 64, 64, 105, 160, 0, 0, 0, 1)
"""Planes beside the colours of two equal pictures: what `planes` gives for all of those, and medians over
photographs for the log odds and the activity."""
BLUR_PX = 32.0
"""Standard deviation of the blur that stands beside the picture, in its own pixels."""

PROBE_PX = 256
"""Side of a grey picture on which the strides of a network are measured."""


class CompactLevels:
    """The compact network as it sees a picture beside itself: all five levels, of 16 to 128 channels.

    What a trained head compares (`learning/networks/encoder.py`). By itself it is a poor backbone: a picture
    beside itself has no differences, and wakes little in a network of differences.

    Args:
        path: an .onnx file that `maskwright train compact` wrote; None is the one in the wheel.

    Raises:
        MissingExtraError: the network is not there.
        InputError: it is damaged, or none of that family.
    """

    name = "compact-levels"
    strides: tuple[int, ...] = (4, 8, 16, 32, 64)

    def __init__(self, path: str | PathLike[str] | None = None, *, threads: int = 1) -> None:
        file = shipped("compact") if path is None else Path(path)
        taps = TAPS[: len(self.strides)]
        self._network = open_network(file, threads=threads, taps=taps)
        self.digest = hashlib.sha256(file.read_bytes()).hexdigest()
        self._taps = [entry.name for entry in self._network.get_outputs()[-len(taps) :]]

    def features(self, pictures: Sequence[Picture]) -> list[Features]:
        """Layers of every picture, one picture at a time."""
        return [self._of(seen_at_most(picture, LONGEST_PX)) for picture in pictures]

    def _of(self, picture: Picture) -> Features:
        height, width = picture.shape[:2]
        made = self._planes(picture)
        below, beside = -made.shape[1] % MULTIPLE, -made.shape[2] % MULTIPLE
        padded = np.pad(made, ((0, 0), (0, below), (0, beside)), mode="edge")
        layers = self._network.run(self._taps, {"planes": padded[None]})
        return tuple(_cut(layer, height, width, s) for layer, s in zip(layers, self.strides, strict=True))

    def _planes(self, picture: Picture) -> NDArray[np.uint8]:
        height, width = picture.shape[:2]
        size = (-(-width // STRIDE), -(-height // STRIDE))
        half = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).transpose(2, 0, 1)
        made = np.empty((len(CHANNELS), *half.shape[1:]), np.uint8)
        made[0:3] = made[3:6] = half
        made[6:] = np.array(NEUTRAL, np.uint8)[:, None, None]
        return made


class CompactEncoder(CompactLevels):
    """The compact network as it sees a picture beside its own blur: its two finest levels, awake then.

    Arguments and errors as `CompactLevels`.
    """

    name = "compact"
    strides = CompactLevels.strides[:USED]

    def __init__(self, path: str | PathLike[str] | None = None, *, threads: int = 1) -> None:
        super().__init__(path, threads=threads)
        self._rule = shipped_rule()

    def _planes(self, picture: Picture) -> NDArray[np.uint8]:
        blur = np.asarray(cv2.GaussianBlur(picture, (0, 0), BLUR_PX), np.uint8)
        everywhere = np.ones(picture.shape[:2], np.bool_)
        seen = evidence(Aligned(blur, picture, everywhere, Geometry("identity", np.eye(3))))
        return planes(seen, log_odds(seen, self._rule))


class OnnxEncoder:
    """A network of one picture as an ONNX file, frozen.

    It takes one float32 (1, 3, H, W), RGB as x / 127.5 - 1, and gives feature maps float32 (1, C, h, w), in
    order from shallow to deep. Of its outputs those are taken that its card names as layers, where a card
    lies beside it; else all with four axes, but for one that has fewer channels than one before it:
    networks widen with depth, so those are scores of classes.

    Args:
        path: the .onnx file.

    Raises:
        MissingExtraError: it is not there.
        InputError: it is damaged, not the one on its card, or takes or gives something else.
    """

    def __init__(self, path: str | PathLike[str], *, threads: int = 1) -> None:
        self._network = open_network(path, threads=threads)
        self.name = Path(path).stem
        self.digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        self._input, self._fixed = _input_of(path, self._network)
        self._taps = _taps_of(path, self._network)
        probe = np.full((*(self._fixed or (PROBE_PX, PROBE_PX)), 3), 128, np.uint8)
        layers = self._run(probe)
        self.strides = tuple(max(1, round(probe.shape[0] / layer.shape[2])) for layer in layers)

    def features(self, pictures: Sequence[Picture]) -> list[Features]:
        """Layers of every picture, one picture at a time."""
        return [self._of(picture) for picture in pictures]

    def _of(self, picture: Picture) -> Features:
        if self._fixed is not None:
            height, width = self._fixed
            picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        picture = seen_at_most(picture, LONGEST_PX)
        height, width = picture.shape[:2]
        layers = self._run(picture if self._fixed else continued(picture, max(self.strides)))
        return tuple(_cut(layer, height, width, s) for layer, s in zip(layers, self.strides, strict=True))

    def _run(self, picture: Picture) -> list[NDArray[np.float32]]:
        planes = picture.astype(np.float32).transpose(2, 0, 1)[None] / np.float32(127.5) - 1
        return list(self._network.run(self._taps, {self._input: np.ascontiguousarray(planes)}))


def seen_at_most(picture: Picture, longest_px: int) -> Picture:
    """The picture, shrunk where its longer side is longer than that."""
    height, width = picture.shape[:2]
    scale = longest_px / max(height, width)
    if scale >= 1:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def continued(picture: Picture, multiple: int) -> Picture:
    """The picture with sides that are multiples, its last pixels repeated on the right and below."""
    height, width = picture.shape[:2]
    below, beside = -height % multiple, -width % multiple
    return np.asarray(cv2.copyMakeBorder(picture, 0, below, 0, beside, cv2.BORDER_REPLICATE), np.uint8)


def _cut(layer: NDArray[np.float32], height: int, width: int, stride: int) -> NDArray[np.float32]:
    return np.ascontiguousarray(layer[0, :, : -(-height // stride), : -(-width // stride)], np.float32)


def _input_of(path: str | PathLike[str], network: Any) -> tuple[str, tuple[int, int] | None]:
    """The input's name, and the size that it must have; None where it may have any."""
    inputs = network.get_inputs()
    shape = inputs[0].shape if len(inputs) == 1 else []
    if len(shape) != 4 or shape[1] != 3 or inputs[0].type != "tensor(float)":
        found = ", ".join(f"{entry.name} {entry.shape} {entry.type}" for entry in inputs)
        raise InputError(
            f"{path} takes {found}; a backbone takes one picture, float (1, 3, H, W)",
            hint="for a network of two pictures: --annotator instead of --backbone",
        )
    fixed = isinstance(shape[2], int) and isinstance(shape[3], int)
    return inputs[0].name, (shape[2], shape[3]) if fixed else None


def _taps_of(path: str | PathLike[str], network: Any) -> list[str]:
    given = {entry.name: entry.shape for entry in network.get_outputs() if entry.type == "tensor(float)"}
    told = read_card(path).layers if card_path(path).exists() else ()
    if told:
        lacking = sorted({*told} - {*given})
        if lacking:
            raise InputError(f"{path} gives no {lacking[0]}, which its card names as a layer")
        return list(told)
    taps, widest = [], 0
    for name, shape in given.items():
        channels = shape[1] if len(shape) == 4 and isinstance(shape[1], int) else 0
        if channels >= widest and channels:
            taps.append(name)
            widest = channels
    if not taps or widest < 4:
        raise InputError(
            f"{path} gives no feature maps (1, C, h, w), only {', '.join(given) or 'nothing'}",
            hint="export the network with its feature maps as outputs",
        )
    return taps
