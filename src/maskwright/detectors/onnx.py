"""A detector from any ONNX file that lies beside its card, which says how it is fed and read."""

from __future__ import annotations

import math
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.detectors.fit import agreed, takes_bytes
from maskwright.detectors.score import score_of
from maskwright.detectors.tiles import Looked, at_once, in_squares, in_tiles
from maskwright.errors import InputError
from maskwright.pairs.values import ChangeMap, Detection, Picture
from maskwright.weights import open_network, read_card


class OnnxDetector:
    """Runs one picture at a time, and of it what the network takes at once, see `DetectorCard`.

    The card's constants `odds_gain` and `odds_bias` (1 and 0 where it has none) make chances of log odds:
    map = sigmoid(odds_gain * odds + odds_bias). Two classes have the difference of their channels as log
    odds. A map of chances is taken as it is, and so is a score.

    Args:
        path: the .onnx file; its card lies beside it as `<stem>.card.json` and has the key `detector`.
        threads: threads within an operation of the network.

    Raises:
        MissingExtraError: the network or its card is not there; the hint drafts one.
        InputError: the file is damaged, keeps weights elsewhere, is not the one on its card, or does not take
            and give what the card says.
        SettingError: `threads` is below 1.
    """

    def __init__(self, path: str | PathLike[str], *, threads: int = 1) -> None:
        import onnxruntime

        self._path = Path(path)
        self._network = open_network(path, threads=threads)
        self.manifest = agreed(self._path, self._network)
        self.card = read_card(path)
        told = self.card.constants
        self._gain, self._bias = told.get("odds_gain", 1.0), told.get("odds_bias", 0.0)
        if not (0 < self._gain < math.inf and math.isfinite(self._bias)):
            raise InputError(
                f"the card of {path} has odds_gain {self._gain} and odds_bias {self._bias}",
                hint="the gain is above 0 and the bias a number; leave both out for 1 and 0",
            )
        self._bytes = takes_bytes(self._network)
        self._quiet = onnxruntime.RunOptions()
        self._quiet.log_severity_level = 4  # what goes wrong is said by our error alone

    def detect(self, picture: Picture) -> Detection:
        """What was edited in a picture.

        Args:
            picture: (H, W, 3) uint8, RGB, of any size.

        Raises:
            InputError: that is no picture; or the network cannot be run on it, or gives a map of another
                size, values that are no numbers, or chances outside 0..1.
        """
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
            raise InputError(
                f"a picture is (H, W, 3) uint8, not {picture.shape} {picture.dtype}",
                hint="read it by maskwright.read_picture(path).pixels",
            )
        manifest = self.manifest
        if manifest.side is None:
            looked = in_tiles(picture, self._look, multiple=manifest.multiple, margin=manifest.reach)
        elif manifest.whole:
            looked = at_once(picture, self._look, side=manifest.side)
        else:
            looked = in_squares(picture, self._look, side=manifest.side, margin=manifest.reach)
        return Detection(looked.map, score_of(looked.map) if looked.score is None else looked.score)

    def _look(self, picture: Picture) -> Looked:
        height, width = picture.shape[:2]
        planes: NDArray[Any] = picture.transpose(2, 0, 1)[None]  # (1, 3, H, W)
        if not self._bytes:
            mean, std = (
                np.array(each, np.float32)[:, None, None] for each in (self.manifest.mean, self.manifest.std)
            )
            planes = (planes.astype(np.float32) / np.float32(255) - mean) / std
        names = [name for name in (self.manifest.output, self.manifest.score) if name is not None]
        try:
            told, *scores = self._network.run(
                names, {self.manifest.input: np.ascontiguousarray(planes)}, self._quiet
            )
        except Exception as error:  # onnxruntime has a dozen unrelated classes for "cannot run this"
            told = " ".join(str(error).split())[:300]
            raise InputError(
                f"{self._path} cannot be run on {width}x{height} pixels: {told}",
                hint='if it takes only multiples of a size, write "multiple" on its card;'
                ' if only one size, "side"',
            ) from error
        channels = 2 if self.manifest.gives == "two-classes" else 1
        if told.shape != (1, channels, height, width):
            raise InputError(
                f"{self.manifest.output} of {self._path} is {told.shape},"
                f" expected {(1, channels, height, width)} (N, C, H, W)",
                hint="resize the map to the picture's size inside the network, then export it again;"
                ' or write "multiple" on its card, if sides must be multiples of a number',
            )
        map_ = self._chances(self.manifest.output, told[0], self._gain, self._bias)
        return Looked(map_, self._score(scores[0]) if scores else None)

    def _score(self, told: NDArray[np.float32]) -> float:
        name = self.manifest.score or ""
        if told.size not in (1, 2):
            raise InputError(
                f"{name} of {self._path} is {told.shape}; a score is one number, or two for two classes",
                hint='leave out "score" on its card: then it is taken from the map',
            )
        return float(self._chances(name, told.reshape(told.size, 1, 1), 1.0, 0.0)[0, 0])

    def _chances(self, name: str, told: NDArray[np.float32], gain: float, bias: float) -> ChangeMap:
        """(H, W) float32 in 0..1 of what the network gives, (1 or 2, H, W)."""
        if not np.isfinite(told).all():
            raise InputError(
                f"{name} of {self._path} has values that are no finite numbers",
                hint='look at "mean" and "std" on its card; a network in float16 is exported in float32',
            )
        if len(told) == 1 and self.manifest.gives == "chance":
            if told.min() < 0 or told.max() > 1:
                raise InputError(
                    f"{name} of {self._path} has values in {told.min():.3g}..{told.max():.3g}, outside 0..1",
                    hint='if these are log odds, write "gives": "odds" on its card',
                )
            return np.asarray(told[0], np.float32)
        odds = told[0] if len(told) == 1 else told[1] - told[0]
        return np.asarray(0.5 * (1 + np.tanh(0.5 * (gain * odds + bias))), np.float32)
