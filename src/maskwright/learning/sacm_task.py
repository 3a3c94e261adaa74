"""What CAAA's matcher learns from: donor pairs on one square, and which place was taken from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
        shares: Shares,
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
        """planes (N, 10, S, S), mask and ignore (N, S, S), all uint8; colours exchanged, half mirrored."""
        rng = np.random.default_rng((self._seed, step))
        return _tensors([_varied(sample, rng) for sample in self.drawn.batch(step, rng)])

    def loss(self, network: nn.Module, batch: Batch, teacher: nn.Module) -> Tensor:
        return matching_loss(network, *_told(batch))

    def evaluate(self, network: nn.Module) -> Mapping[str, float]:
        """found: of the fine places that were taken, the share whose nearest descriptor in the original lies
        within `CLOSE` steps of where it was taken from; sure: of those that were not, the share of which the
        nearest is less alike than "nowhere"."""
        assert isinstance(network, Sacm)
        shard = self.drawn.held()
        found, sure = [], []
        for place in range(len(shard.planes)):
            original, edited, places, known = _told(_tensors([shard.sample(place)]))
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


def _varied(sample: Sample, rng: Generator) -> Sample:
    """Colours exchanged in the same way in both pictures; both mirrored half of the time."""
    order = rng.permutation(3)
    channels = np.concatenate([order, 3 + order, np.arange(6, 10)])
    planes, mask, ignore = sample.planes[channels], sample.mask, sample.ignore
    if rng.random() < 0.5:
        planes, mask, ignore = planes[..., ::-1].copy(), mask[:, ::-1], ignore[:, ::-1]
        side = mask.shape[-1]
        x = (side - 1) * STEPS_A_PIXEL - (planes[6].astype(np.int64) * 256 + planes[7])
        x = np.clip(x, 0, 65535)
        planes[6], planes[7] = x >> 8, x & 255
    return replace(sample, planes=planes, mask=mask, ignore=ignore)


def _tensors(samples: list[Sample]) -> dict[str, Tensor]:
    return {
        name: torch.from_numpy(np.stack([np.ascontiguousarray(getattr(each, name)) for each in samples]))
        for name in ("planes", "mask", "ignore")
    }


def _told(batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Original, edited, places and known, as `matching_loss` takes them."""
    planes = batch["planes"]
    raw = planes[:, 6:].float()
    places = (raw[:, 0::2] * 256 + raw[:, 1::2]) / STEPS_A_PIXEL
    taken = batch["mask"] >= 128
    places = places.masked_fill(~taken[:, None], torch.nan)
    return planes[:, :3], planes[:, 3:6], places, batch["ignore"] < 128
