"""What a trained head is handed of a frozen backbone: features of both pictures, in training and annotating.

A head learns on planes of the half grid. So features are taken of the colours in those planes, enlarged to
the scale of the pictures: what the backbone sees is made in the same way for training and for annotating.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError
from maskwright.masks.annotators.backbones import Backbone, Features
from maskwright.masks.annotators.encoders import seen_at_most
from maskwright.masks.annotators.evidence import STRIDE
from maskwright.masks.annotators.large import FRAME_PX
from maskwright.pairs.values import Picture
from maskwright.weights import BackboneCard

REMEMBERED = 256 << 20
"""Bytes of features that are kept: some 40 pictures of DINOv2 base. A pair with a prior is asked for three
times."""
PROBE_PX = 64
"""Side of a grey picture that shows how many channels a backbone's layers have."""
HALVES = np.finfo(np.float16)


class Eyes:
    """A backbone that a head sees by; it remembers what it saw last.

    Features are rounded to 16 bits, always, so that what is remembered and what is new are the same.

    Args:
        backbone: see `load_backbone`.
        remembers: bytes of features; 0 remembers nothing.

    Attributes:
        told: the backbone as the card of a head has it.
        inputs: names of what the head takes of it: the original's layers, then the edited picture's.
    """

    def __init__(self, backbone: Backbone, *, remembers: int = REMEMBERED) -> None:
        self.backbone = backbone
        (layers,) = backbone.features([np.full((PROBE_PX, PROBE_PX, 3), 128, np.uint8)])
        widths = tuple(len(layer) for layer in layers)
        self.told = BackboneCard(backbone.name, backbone.digest, tuple(backbone.strides), widths)
        self.inputs = tuple(
            f"{side}_{layer}" for side in ("original", "edited") for layer in range(len(widths))
        )
        self._remembers = remembers
        self._seen: OrderedDict[bytes, tuple[NDArray[np.float16], ...]] = OrderedDict()
        self._bytes = 0

    def of_planes(self, planes: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Features of the pictures of pairs, (N, C_l, h_l, w_l) each, by the names of a head's inputs.

        Args:
            planes: (N, C, h, w) uint8, of which the first six are the colours of both pictures.
        """
        pairs = len(planes)
        colours = planes[:, :6].reshape(pairs * 2, 3, *planes.shape[2:]).transpose(0, 2, 3, 1)
        seen = self.of_halves([np.ascontiguousarray(picture) for picture in colours])
        layers = [np.stack(side) for first in (0, 1) for side in zip(*seen[first::2], strict=True)]
        return dict(zip(self.inputs, layers, strict=True))

    def of_halves(self, pictures: Sequence[Picture]) -> list[Features]:
        """Features of pictures on the half grid, in order; each picture is looked at once.

        Args:
            pictures: (h, w, 3) uint8, each a half of the picture that it stands for.
        """
        keys = [hashlib.sha256(repr(each.shape).encode() + each.tobytes()).digest() for each in pictures]
        new = {key: picture for key, picture in zip(keys, pictures, strict=True) if key not in self._seen}
        found = {key: self._seen[key] for key in keys if key in self._seen}
        layers = self.backbone.features([_enlarged(picture) for picture in new.values()])
        found |= {
            key: tuple(_rounded(layer) for layer in each) for key, each in zip(new, layers, strict=True)
        }
        for key in dict.fromkeys(keys):
            self._remember(key, found[key])
        return [tuple(layer.astype(np.float32) for layer in found[key]) for key in keys]

    def _remember(self, key: bytes, layers: tuple[NDArray[np.float16], ...]) -> None:
        if key not in self._seen:
            self._bytes += _size(layers)
        self._seen[key] = layers
        self._seen.move_to_end(key)
        while self._bytes > self._remembers:
            self._bytes -= _size(self._seen.popitem(last=False)[1])


def halved(picture: Picture) -> Picture:
    """A picture on the half grid, as the planes have it."""
    height, width = picture.shape[:2]
    size = (-(-width // STRIDE), -(-height // STRIDE))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def check_backbone(file: str, wanted: BackboneCard, given: BackboneCard) -> None:
    """Refuse another backbone than a head was trained on.

    Args:
        file: of the head, for the message.

    Raises:
        InputError: it has layers of other strides or widths, or other weights.
    """
    hint = f"--backbone and where {wanted.name} lies; or train a head on this one: maskwright train sigma"
    for name, theirs, ours in (
        ("steps of {} pixels", wanted.strides, given.strides),
        ("{} channels", wanted.widths, given.widths),
    ):
        if theirs != ours:
            theirs_told, ours_told = (name.format(", ".join(map(str, each))) for each in (theirs, ours))
            raise InputError(
                f"{file} was trained on {wanted.name}, whose layers have {theirs_told};"
                f" those of {given.name} have {ours_told}",
                hint=hint,
            )
    if wanted.digest != given.digest:
        raise InputError(
            f"{file} was trained on {wanted.name} with the weights {wanted.digest[:12]}...;"
            f" those of {given.name} are {given.digest[:12]}...",
            hint=hint,
        )


def _enlarged(half: Picture) -> Picture:
    height, width = half.shape[:2]
    whole = cv2.resize(half, (STRIDE * width, STRIDE * height), interpolation=cv2.INTER_LINEAR)
    return seen_at_most(np.asarray(whole, np.uint8), FRAME_PX)


def _rounded(layer: NDArray[np.float32]) -> NDArray[np.float16]:
    return np.clip(layer, HALVES.min, HALVES.max).astype(np.float16)


def _size(layers: Sequence[NDArray[np.float16]]) -> int:
    return sum(layer.nbytes for layer in layers)
