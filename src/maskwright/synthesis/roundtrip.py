"""A round trip through a real autoencoder, given as an ONNX file."""

from __future__ import annotations

import hashlib
import os
from os import PathLike
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from maskwright.errors import InputError
from maskwright.pairs.values import Picture
from maskwright.synthesis.steps import Side, Step, check_picture, on_side

MULTIPLE = 8
"""Sides must be multiples of this: autoencoders of the latent diffusion family shrink by 8."""


def load_roundtrip(path: str | PathLike[str], *, threads: int = 1) -> Any:
    """Open an autoencoder: one input and one output, RGB NCHW in 0..1, dynamic height and width."""
    from maskwright.weights import open_network

    network = open_network(path, threads=threads)
    inputs, outputs = network.get_inputs(), network.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1 or len(inputs[0].shape) != 4:
        raise InputError(
            f"{path} has {len(inputs)} inputs and {len(outputs)} outputs, expected one picture in and one out"
        )
    return network


def pass_through(network: Any, picture: Picture) -> Picture:
    """The picture as the autoencoder gives it back, on the same grid.

    Padded in mirror image to multiples of 8 on the right and below, and cut again.
    """
    check_picture(picture, "picture")
    height, width = picture.shape[:2]
    padded = cv2.copyMakeBorder(picture, 0, -height % MULTIPLE, 0, -width % MULTIPLE, cv2.BORDER_REFLECT)
    planes = padded.astype(np.float32).transpose(2, 0, 1)[None] / 255
    (out,) = network.run(None, {network.get_inputs()[0].name: planes})
    levels = np.clip(np.rint(out[0].transpose(1, 2, 0) * 255), 0, 255)
    return np.ascontiguousarray(levels[:height, :width]).astype(np.uint8)


class KeptRoundtrip:
    """A round trip through one autoencoder whose answers are kept in a folder, for it is slow.

    Several processes may share the folder. Pickled, it opens its network again where it is used.

    Args:
        path: as for `load_roundtrip`.
        folder: where answers are kept, as PNG files named by digests of network and picture.
    """

    def __init__(self, path: str | PathLike[str], folder: str | PathLike[str], *, threads: int = 1) -> None:
        self._path, self._folder, self._threads = Path(path), Path(folder), threads
        self._network: Any = None
        self.digest = hashlib.sha256(self._path.read_bytes()).hexdigest()

    def __call__(self, picture: Picture) -> Picture:
        """As `pass_through`."""
        check_picture(picture, "picture")
        key = hashlib.sha256(f"{self.digest}{picture.shape}".encode() + picture.tobytes()).hexdigest()
        place = self._folder / key[:2] / f"{key[2:34]}.png"
        known = _decoded(place)
        if known is not None:
            return known
        if self._network is None:
            self._network = load_roundtrip(self._path, threads=self._threads)
        found = pass_through(self._network, picture)
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(f".tmp-{os.getpid()}-{place.name}")
        temporary.write_bytes(cv2.imencode(".png", cv2.cvtColor(found, cv2.COLOR_RGB2BGR))[1].tobytes())
        os.replace(temporary, place)
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_network": None}


def _decoded(place: Path) -> Picture | None:
    """What is kept there; None where nothing is, or nothing that can be read."""
    try:
        data = np.frombuffer(place.read_bytes(), np.uint8)
    except FileNotFoundError:
        return None
    found = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if data.size else None
    return None if found is None else np.asarray(found, np.uint8)


def roundtrip(network: Any, *, side: Side = "edited") -> Step:
    """A step that passes one side, or both, through an autoencoder of `load_roundtrip`."""
    return on_side(side, lambda picture, rng: pass_through(network, picture))
