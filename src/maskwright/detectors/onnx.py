"""A detector from any ONNX file that lies beside its card, which says how it is fed and read."""

from __future__ import annotations

import math
from os import PathLike
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.detectors.score import score_of
from maskwright.detectors.tiles import tiles
from maskwright.errors import InputError
from maskwright.pairs.values import ChangeMap, Detection, Picture
from maskwright.weights import detector_of, open_network, read_card

GRID_PX = 8
"""Tiles start on the grid of JPEG blocks, so that a network that sees it sees the same everywhere."""


class OnnxDetector:
    """Runs one picture at a time, large ones in tiles.

    Args:
        path: the .onnx file; its card lies beside it as `<stem>.card.json` and has the key `detector`.
        threads: threads within an operation of the network.

    Raises:
        MissingExtraError: the network or its card is not there.
        InputError: the file is damaged, is not the one on its card, or has other inputs or outputs.
    """

    def __init__(self, path: str | PathLike[str], *, threads: int = 1) -> None:
        self.card = read_card(path)
        manifest = detector_of(path)
        if manifest is None:
            raise InputError(f"the card of {path} has no key detector")
        self.manifest = manifest
        self._network = open_network(path, threads=threads)
        self._bytes = self._network.get_inputs()[0].type == "tensor(uint8)"

    def detect(self, picture: Picture) -> Detection:
        """What was edited in a picture, (H, W, 3) uint8."""
        height, width = picture.shape[:2]
        side, multiple = self.manifest.side, self.manifest.multiple
        if side is not None:
            small = np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)
            looked, score = self._look(small)
            whole = cv2.resize(looked, (width, height), interpolation=cv2.INTER_LINEAR)
            map_ = np.clip(np.asarray(whole, np.float32), 0, 1)
            return Detection(map_, score_of(map_) if score is None else score)
        found = np.empty((height, width), np.float32)
        scores = []
        step = math.lcm(multiple, GRID_PX)
        for used, seen in tiles(height, width, step=step, margin=self.manifest.margin):
            part = picture[seen]
            below, beside = -part.shape[0] % multiple, -part.shape[1] % multiple
            padded = cv2.copyMakeBorder(part, 0, below, 0, beside, cv2.BORDER_REPLICATE)
            looked, score = self._look(np.asarray(padded, np.uint8))
            top, left = (mine.start - all_.start for mine, all_ in zip(used, seen, strict=True))
            rows, columns = (mine.stop - mine.start for mine in used)
            found[used] = looked[top : top + rows, left : left + columns]
            scores += [] if score is None else [score]
        return Detection(found, max(scores) if scores else score_of(found))

    def _look(self, picture: Picture) -> tuple[ChangeMap, float | None]:
        """Map and score of what the network sees at once."""
        manifest = self.manifest
        planes: NDArray[Any] = picture.transpose(2, 0, 1)[None]
        if not self._bytes:
            mean, std = (np.array(each, np.float32)[:, None, None] for each in (manifest.mean, manifest.std))
            planes = ((planes.astype(np.float32) / 255 - mean) / std).astype(np.float32)
        names = [manifest.output, *([manifest.score] if manifest.score else [])]
        given, *scores = self._network.run(names, {manifest.input: np.ascontiguousarray(planes)})
        return self._chance(given[0]), float(scores[0].reshape(-1)[0]) if scores else None

    def _chance(self, values: NDArray[np.float32]) -> ChangeMap:
        if self.manifest.gives == "chance":
            return values[0]
        odds = values[1] - values[0] if self.manifest.gives == "two-classes" else values[0]
        gain, bias = (
            self.card.constants.get(name, 1 - i) for i, name in enumerate(("odds_gain", "odds_bias"))
        )
        return np.asarray(1 / (1 + np.exp(-(gain * odds + bias))), np.float32)
