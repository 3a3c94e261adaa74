"""What CAAA's matcher learns from: donor pairs on one square, and which place was taken from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn

from maskwright.learning.drawn import Drawn
from maskwright.learning.loop import Batch
from maskwright.learning.networks.sacm import STRIDES, Sacm, asked_places, matching_loss
from maskwright.learning.shares import Shares, told_apart
from maskwright.learning.stream import Maker, Sample
from maskwright.pairs.registration import resizing
from maskwright.synthesis import donors
from maskwright.synthesis.donors import Related, draw_donor
from maskwright.synthesis.photos import Photo

SIDE = 256
"""Of the square that both pictures are brought to, pixels. At use it is larger: what is seen then at one and
a half times the size was seen in training, too, since things are taken at half to twice their size."""
WINDOW = 160
"""Side of what a step sees of each square: around a place that was taken, and around where from."""
SAMPLES = 96
"""A shard."""
CLOSE = 1.5
"""Steps of the fine level within which a place counts as found."""
STEPS_A_PIXEL = 16
"""Places in the original are kept in sixteenths of a pixel."""


@dataclass(frozen=True, slots=True)
class DrawMatch:
    """Draws donor pairs; a maker of samples that can be pickled.

    Planes are the original's colours, the edited picture's, and x and y of the place in the original, high
    and low byte each. The original is mirrored where the thing was.
    """

    photos: tuple[Photo, ...]
    side: int = SIDE

    def __call__(self, rng: Generator) -> Sample:
        drawn = draw_donor(self.photos, rng)
        original, edited, places = squared(drawn, self.side)
        size = (self.side, self.side)
        mask, ignore = (
            np.asarray(cv2.resize(of.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA), np.uint8)
            for of in (drawn.mask, drawn.ignore)
        )
        steps = np.clip(np.rint(places * STEPS_A_PIXEL), 0, 65535).astype(np.uint16)
        x, y = steps
        planes = [*original.transpose(2, 0, 1), *edited.transpose(2, 0, 1), x >> 8, x & 255, y >> 8, y & 255]
        outside = (places < 0).any(axis=0) | (places > self.side - 1).any(axis=0)
        return Sample(
            np.stack(planes).astype(np.uint8), mask, np.where((mask > 0) & outside, np.uint8(255), ignore)
        )


def squared(drawn: Related, side: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float64]]:
    """Both pictures on a square, and (2, side, side) where each pixel of the edited one lies in the
    original; the original is mirrored where the thing was."""
    assert drawn.matrix is not None
    square = (side, side)
    height, width = drawn.edited.shape[:2]
    rows, columns = drawn.original.shape[:2]
    matrix = resizing((columns, rows), square) @ drawn.matrix @ resizing(square, (width, height))
    original = cv2.resize(drawn.original, square, interpolation=cv2.INTER_AREA)
    edited = cv2.resize(drawn.edited, square, interpolation=cv2.INTER_AREA)
    if np.linalg.det(matrix[:2, :2]) < 0:
        original = np.ascontiguousarray(original[:, ::-1])
        matrix = np.array([[-1.0, 0, side - 1], [0, 1, 0], [0, 0, 1]]) @ matrix
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    places = np.stack([matrix[row, 0] * x + matrix[row, 1] * y + matrix[row, 2] for row in (0, 1)])
    return np.asarray(original, np.uint8), np.asarray(edited, np.uint8), places


class SacmTask:
    """The task of the first half of `maskwright train caaa`; to be closed: processes make its samples."""

    name = "sacm"

    def __init__(
        self,
        shares: Shares[Photo],
        *,
        seed: int,
        batch: int,
        reuse: int,
        cache: Path,
        workers: int,
        samples: int = SAMPLES,
    ) -> None:
        self._seed = seed
        self.drawn = Drawn(
            shares,
            _maker,
            sizes=((samples, SIDE), (samples, SIDE), (1, SIDE)),
            seed=seed,
            batch=batch,
            reuse=reuse,
            cache=cache,
            workers=workers,
        )

    def close(self) -> None:
        """End the processes."""
        self.drawn.close()

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.drawn.settings

    def network(self) -> nn.Module:
        return Sacm()

    def batch(self, step: int) -> Batch:
        """original and edited (N, 3, s, s) uint8, places (N, 2, s, s) float32 and known (N, s, s) bool, as
        `matching_loss` takes them, of windows; colours exchanged, half of them mirrored."""
        rng = np.random.default_rng((self._seed, step))
        windows = [_window(_varied(_told(sample), rng), rng) for sample in self.drawn.batch(step, rng)]
        return _tensors(windows)

    def loss(self, network: nn.Module, batch: Batch, teacher: nn.Module) -> Tensor:
        return matching_loss(network, *(batch[name] for name in _NAMES))

    def evaluate(self, network: nn.Module) -> Mapping[str, float]:
        """found: of the fine places that were taken, the share whose nearest descriptor in the original lies
        within `CLOSE` steps of where it was taken from; sure: of those that were not, the share of which the
        nearest is less alike than "nowhere"."""
        assert isinstance(network, Sacm)
        shard = self.drawn.held()
        found, sure = [], []
        for place in range(len(shard.planes)):
            original, edited, places, known = _tensors([_told(shard.sample(place))]).values()
            device = next(network.parameters()).device
            levels = network(torch.cat([original, edited]).to(device))
            alike = levels[0][1].flatten(1).T @ levels[0][0].flatten(1)
            onto, _, asked = asked_places(places, known, STRIDES[0])
            best, nearest = alike.cpu().max(1)
            side = levels[0].shape[-1]
            at = torch.stack([nearest % side, nearest // side]) * STRIDES[0] + (STRIDES[0] - 1) / 2
            apart = (at.reshape(2, side, side) - onto[0]).abs().amax(0) / STRIDES[0]
            taken = torch.isfinite(onto[0, 0]) & asked[0]
            beside = torch.isnan(onto[0, 0]) & asked[0]
            least = (network.nowhere / network.sharpness.exp()).item()
            if taken.any():
                found.append(float((apart[taken] <= CLOSE).float().mean()))
            if beside.any():
                sure.append(float((best.reshape(side, side)[beside] < least).float().mean()))
        return {"found": float(np.mean(found)), "sure": float(np.mean(sure))}


def _maker(photos: tuple[Photo, ...]) -> tuple[Maker, str]:
    return DrawMatch(photos), "\n".join(["sacm", str(donors.RECIPE), *told_apart(photos)])


_NAMES = ("original", "edited", "places", "known")
_Seen = dict[str, NDArray[Any]]
"""A sample as `matching_loss` takes it, without the first axis, by `_NAMES`."""


def _told(sample: Sample) -> _Seen:
    high, low = (sample.planes[first::2].astype(np.float32) for first in (6, 7))
    places = (high * 256 + low) / STEPS_A_PIXEL
    places[:, sample.mask < 128] = np.nan
    return {
        "original": sample.planes[:3],
        "edited": sample.planes[3:6],
        "places": places,
        "known": sample.ignore < 128,
    }


def _varied(seen: _Seen, rng: Generator) -> _Seen:
    """Colours exchanged in the same way in both pictures; both mirrored half of the time."""
    order = rng.permutation(3)
    seen = {**seen, "original": seen["original"][order], "edited": seen["edited"][order]}
    if rng.random() < 0.5:
        seen = {name: array[..., ::-1] for name, array in seen.items()}
        x, y = seen["places"]
        seen["places"] = np.stack([seen["original"].shape[-1] - 1 - x, y])
    return seen


def _window(seen: _Seen, rng: Generator) -> _Seen:
    """A window of each picture: of the edited one around a place that was taken, of the original around where
    from. What was taken from beyond the window counts for nobody."""
    taken = np.argwhere(np.isfinite(seen["places"][0]))
    y, x = taken[int(rng.integers(len(taken)))] if len(taken) else (0, 0)
    top, left = _corner(y, x, seen["edited"], rng)
    rows, columns = slice(top, top + WINDOW), slice(left, left + WINDOW)
    there = np.nan_to_num(seen["places"][:, y, x])
    above, before = _corner(int(there[1]), int(there[0]), seen["original"], rng)
    places = seen["places"][:, rows, columns] - np.array([before, above], np.float32)[:, None, None]
    beyond = ((places < 0) | (places > WINDOW - 1)).any(axis=0)
    places[:, beyond] = np.nan
    return {
        "original": seen["original"][:, above : above + WINDOW, before : before + WINDOW],
        "edited": seen["edited"][:, rows, columns],
        "places": places,
        "known": seen["known"][rows, columns] & ~beyond,
    }


def _corner(y: int, x: int, picture: NDArray[np.uint8], rng: Generator) -> tuple[int, int]:
    """Top and left of a window that holds a place."""
    corner = np.array([y, x]) - rng.integers(WINDOW, size=2)
    top, left = np.clip(corner, 0, np.array(picture.shape[1:]) - WINDOW)
    return int(top), int(left)


def _tensors(samples: list[_Seen]) -> dict[str, Tensor]:
    return {
        name: torch.from_numpy(np.stack([np.ascontiguousarray(each[name]) for each in samples]))
        for name in _NAMES
    }
