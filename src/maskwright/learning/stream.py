"""Training samples out of photographs: a shard is a pure function of the stream and its number.

A sample goes the way of every pair: it is drawn, aligned, and looked at as the annotator will.
What is kept is one window of it on the half grid, as bytes.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from maskwright import __version__
from maskwright.corpus.atomic import replacing
from maskwright.errors import InputError

Bytes = NDArray[np.uint8]

TOUCHING = 0.8
"""Share of the windows of edited samples that are laid over the edit's border, where most is to be learned.
Our choice, not tuned."""
ATTEMPTS = 20
"""Draws after which a sample is given up: photographs that cannot be read are passed over."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A pair as a network sees it, on the half grid.

    Args:
        planes: (C, h, w) uint8.
        mask: (h, w) uint8, edited share of each place, 0 to 255.
        ignore: (h, w) uint8, share of each place of which nobody can say.
    """

    planes: Bytes
    mask: Bytes
    ignore: Bytes


class Maker(Protocol):
    """Draws one sample; whatever it draws follows from the generator."""

    def __call__(self, rng: Generator) -> Sample: ...


@dataclass(frozen=True, slots=True)
class Shard:
    """Samples of one size, as in `Sample`, stacked.

    Args:
        planes: (n, C, side, side) uint8.
        mask, ignore: (n, side, side) uint8.
    """

    planes: Bytes
    mask: Bytes
    ignore: Bytes

    def sample(self, place: int) -> Sample:
        """One of them."""
        return Sample(self.planes[place], self.mask[place], self.ignore[place])


@dataclass(frozen=True, slots=True)
class Stream:
    """An endless row of shards.

    Args:
        make: draws a sample; can be pickled.
        key: says what `make` depends on, so that shards are not taken for those of another stream.
        seed: of everything that is drawn.
        samples: a shard.
        side: of a window, in steps of the half grid. Smaller pairs are padded, and the padding ignored.
    """

    make: Maker
    key: str
    seed: int
    samples: int = 256
    side: int = 128

    @property
    def name(self) -> str:
        """Of its folder in a cache: 16 hex digits that change with all that shards depend on."""
        told = [__version__, self.key, self.seed, self.samples, self.side]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]

    def shard(self, number: int, heard: Callable[[Any], None] = lambda done: None) -> Shard:
        """Shard `number`, 0 or more; `heard` is called after every sample."""
        windows = []
        for place in range(self.samples):
            windows.append(self._window(number, place))
            heard(place)
        return Shard(*(np.stack([getattr(each, name) for each in windows]) for name in _ARRAYS))

    def _window(self, number: int, place: int) -> Sample:
        for attempt in range(ATTEMPTS):
            rng = np.random.default_rng((self.seed, number, place, attempt))
            try:
                return windowed(self.make(rng), self.side, rng)
            except InputError as error:
                fault = error
        raise InputError(f"no sample could be made in {ATTEMPTS} attempts: {fault}", hint=fault.hint)


_ARRAYS = ("planes", "mask", "ignore")


def shard_path(cache: Path, stream: Stream, number: int) -> Path:
    """Where a shard lies: cache/<stream>/000042.npz."""
    return cache / stream.name / f"{number:06d}.npz"


def make_shard(cache: Path, stream: Stream, number: int, heard: Callable[[Any], None]) -> None:
    """What a worker process does: a shard into the cache, unless it is there."""
    path = shard_path(cache, stream, number)
    if not path.exists():
        write_shard(path, stream.shard(number, heard))


def write_shard(path: Path, shard: Shard) -> None:
    """Write a shard whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        replacing(path, durable=False) as temporary,
        # level 1: a third of the size for a tenth of a second; higher levels gain little
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        for name in _ARRAYS:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, getattr(shard, name), allow_pickle=False)


def read_shard(path: Path) -> Shard:
    """Read a shard.

    Raises:
        InputError: the file is damaged.
    """
    try:
        # opened here: numpy leaves its own file open where the archive is damaged
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return Shard(*(arrays[name] for name in _ARRAYS))
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path} is no shard of samples: {error}", hint="remove it; it will be made again"
        ) from error


def windowed(sample: Sample, side: int, rng: Generator) -> Sample:
    """A window of side x side, mostly over the edit's border where there is one; padding is ignored."""
    height, width = sample.mask.shape
    below, right = max(0, side - height), max(0, side - width)
    if below or right:
        sample = Sample(
            np.pad(sample.planes, ((0, 0), (0, below), (0, right))),
            np.pad(sample.mask, ((0, below), (0, right))),
            np.pad(sample.ignore, ((0, below), (0, right)), constant_values=255),
        )
    top, left = (int(rng.integers(max(0, size - side) + 1)) for size in (height, width))
    edited = (sample.mask >= 128).view(np.uint8)
    border = np.argwhere(cv2.morphologyEx(edited, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)))
    if len(border) and rng.random() < TOUCHING:
        y, x = border[int(rng.integers(len(border)))] - rng.integers(side, size=2)
        top = int(np.clip(y, 0, max(0, height - side)))
        left = int(np.clip(x, 0, max(0, width - side)))
    rows, columns = slice(top, top + side), slice(left, left + side)
    return Sample(sample.planes[:, rows, columns], sample.mask[rows, columns], sample.ignore[rows, columns])


def on_half_grid(mask: NDArray[np.bool_]) -> Bytes:
    """(ceil(H / 2), ceil(W / 2)) uint8: the share of each place that is True, 0 to 255."""
    height, width = mask.shape
    levels = mask.astype(np.uint8) * np.uint8(255)
    return np.asarray(
        cv2.resize(levels, (-(-width // 2), -(-height // 2)), interpolation=cv2.INTER_AREA), np.uint8
    )
