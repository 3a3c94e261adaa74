"""How a small autoencoder is trained, whose mistakes stand in for a generator's when pairs are made."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from maskwright import __version__
from maskwright.errors import InputError
from maskwright.learning.export import check, export, write_card
from maskwright.learning.loop import Batch, Trained, run
from maskwright.learning.networks.autoencoder import Autoencoder
from maskwright.learning.shares import terms, terms_for, told_apart
from maskwright.learning.train import Assignment, Outcome
from maskwright.pairs.values import Picture
from maskwright.synthesis.photos import Photo, load_photo
from maskwright.synthesis.roundtrip import MULTIPLE

SIDE = 128
"""Of a crop, pixels."""
CROPS = 4
"""Crops a photograph that was read: reading costs more than a crop."""
RATE = 1e-3
"""Learning rate; without normalisation 2e-3 now and then diverges."""
EDGE_WEIGHT, COARSE_WEIGHT = 0.5, 0.5
"""Of the losses on gradients and on two coarser scales, beside that on pixels. Our choice, not tuned."""
MEASURED = 64
"""Held photographs that are measured, each in its middle."""
MEASURED_SIDE = 256


class AutoencoderTask:
    """The task of `maskwright train autoencoder`."""

    name = "autoencoder"

    def __init__(self, learnt: Sequence[Photo], held: Sequence[Photo], *, seed: int, batch: int) -> None:
        self._learnt, self._held, self._seed, self._batch = learnt, held, seed, batch

    @property
    def settings(self) -> Mapping[str, Any]:
        digest = hashlib.sha256("\n".join(told_apart(self._learnt)).encode(errors="surrogateescape"))
        return {"batch": self._batch, "photographs": digest.hexdigest()[:16]}

    def network(self) -> nn.Module:
        return Autoencoder()

    def batch(self, step: int) -> Batch:
        """picture (N, 3, 128, 128) uint8: crops of photographs, mirrored or not."""
        rng = np.random.default_rng((self._seed, step))
        crops: list[Picture] = []
        for picture in _drawn(self._learnt, rng):
            for _ in range(min(CROPS, self._batch - len(crops))):
                crops.append(_crop(picture, SIDE, rng))
            if len(crops) == self._batch:
                break
        planes = np.stack([np.ascontiguousarray(crop.transpose(2, 0, 1)) for crop in crops])
        return {"picture": torch.from_numpy(planes)}

    def loss(self, network: nn.Module, batch: Batch, teacher: nn.Module) -> Tensor:
        picture = batch["picture"].float() / 255
        return remembering_loss(network(picture), picture)

    def evaluate(self, network: nn.Module) -> Mapping[str, float]:
        """PSNR of held photographs, dB, a mean over photographs."""
        device = next(network.parameters()).device
        found = []
        for planes in self.middles:
            picture = torch.from_numpy(planes).to(device)
            error = float((network(picture) - picture).square().mean())
            found.append(-10 * np.log10(max(error, 1e-10)))
        return {"psnr": float(np.mean(found))}

    @functools.cached_property
    def middles(self) -> list[NDArray[np.float32]]:
        """What is measured: the middle of each held photograph, (1, 3, H, W) float32 in 0..1."""
        found = []
        for photo in self._held[:MEASURED]:
            with contextlib.suppress(InputError):  # one that cannot be read is not measured
                found.append(_middle(photo))
        if not found:
            raise InputError("none of the photographs that measure can be read")
        return found


def remembering_loss(again: Tensor, picture: Tensor) -> Tensor:
    """How far a picture is from the one it should be, all mean absolute differences.

    Of pixels; of gradients, so that edges stay sharp; and of pixels at a half and a quarter of the
    size, so that colours stay true.
    """
    loss = (again - picture).abs().mean()
    for axis in (-1, -2):
        loss = loss + EDGE_WEIGHT * (again.diff(dim=axis) - picture.diff(dim=axis)).abs().mean()
    for shrunk in (2, 4):
        coarse = functional.avg_pool2d(again - picture, shrunk)
        loss = loss + COARSE_WEIGHT * coarse.abs().mean()
    return loss


def train_autoencoder(given: Assignment[Photo]) -> Outcome | None:
    """Train, export, write the card; None on a process that does not lead."""
    task = AutoencoderTask(
        given.shares.learnt, given.shares.held, seed=given.options.seed, batch=given.options.batch
    )
    schedule = replace(given.schedule, rate=RATE)
    trained = run(task, schedule, given.out, given.ranks, progress=given.progress)
    return _finished(given, task, trained) if given.ranks.leads else None


def _finished(given: Assignment[Photo], task: AutoencoderTask, trained: Trained) -> Outcome:
    examples = [{"picture": planes} for planes in task.middles[:4]]
    path = export(
        trained.network,
        given.out / "autoencoder.onnx",
        examples[0],
        outputs=["again"],
        moving=dict.fromkeys(("picture", "again"), (0, 2, 3)),
    )
    error = check(trained.network, path, examples, as_chance=False)
    figures = {**trained.figures, "torch_onnx_error": error}
    card = write_card(
        path,
        name="autoencoder",
        version="1",
        training_data=f"crops of {terms(given.shares.learnt)}, by maskwright {__version__}",
        licence=terms_for(given.shares.learnt),
        steps=trained.steps,
        seed=given.options.seed,
        figures=figures,
    )
    return Outcome(path, card, trained.steps, trained.elapsed_s, figures)


def _drawn(photos: Sequence[Photo], rng: Generator) -> Iterator[Picture]:
    """Photographs in random order, without end; those that cannot be read are passed over."""
    while True:
        found = False
        for number in rng.permutation(len(photos)).tolist():
            try:
                yield load_photo(replace(photos[number], labels="")).pixels
                found = True
            except InputError as error:
                fault = error
        if not found:
            raise InputError(f"none of the photographs can be read: {fault}")


def _crop(picture: Picture, side: int, rng: Generator) -> Picture:
    """A window, mirrored half of the time; the picture's edge is repeated where it is smaller."""
    below, right = (max(0, side - size) for size in picture.shape[:2])
    picture = np.pad(picture, ((0, below), (0, right), (0, 0)), mode="edge")
    top, left = (int(rng.integers(size - side + 1)) for size in picture.shape[:2])
    window = picture[top : top + side, left : left + side]
    return window[:, ::-1] if rng.random() < 0.5 else window


def _middle(photo: Photo) -> NDArray[np.float32]:
    picture = load_photo(replace(photo, labels="")).pixels
    height, width = (min(MEASURED_SIDE, size) // MULTIPLE * MULTIPLE for size in picture.shape[:2])
    if not (height and width):
        raise InputError(f"{photo.path} is too small to be measured")
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    window = picture[top : top + height, left : left + width]
    return np.ascontiguousarray(window.transpose(2, 0, 1)[None].astype(np.float32) / 255)
