"""SIGMA with a trained head, which looks at all that compact looks at, and at a backbone's features.

The backbone is the compact network's own encoder, in the same file (`SigmaCompact`), or one of yours, beside
the head (`SigmaHead`). The head adds to compact's log odds what comparing features of each picture by itself
tells, and a prior from the instruction or a region lifts them where there is evidence; see
`learning/networks/sigma.py`.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError
from maskwright.masks.annotators.backbones import Features, load_backbone
from maskwright.masks.annotators.compact import Weigher, change_of
from maskwright.masks.annotators.confidence import CONSTANTS
from maskwright.masks.annotators.encoders import CompactLevels, seen_at_most
from maskwright.masks.annotators.evidence import Evidence
from maskwright.masks.annotators.heads import Eyes, check_backbone, halved
from maskwright.masks.annotators.rule import constants, shipped_rule
from maskwright.masks.annotators.semantic import null_of
from maskwright.masks.annotators.sigma import ROUNDTRIP_PX, with_side_effects
from maskwright.masks.grounding import DEFAULT_GROUNDING, Prior, load_grounding, priors_of
from maskwright.pairs.values import Aligned, Card, Change, Hint, Picture
from maskwright.synthesis.roundtrip import load_roundtrip, pass_through
from maskwright.weights import backbone_of, check_constants, open_network, read_card, shipped


class Trained:
    """A head that `maskwright train sigma` wrote, with all that stands beside it.

    Args:
        file: the .onnx file, beside its card.
        grounding: see `load_grounding`.
        vae: path of an autoencoder as ONNX; what it changes of the original then stands for what a
            generator does, in place of the constants on the card.
        eyes: gives the features of a backbone, for a head that takes them; None: it has a backbone inside.

    Raises:
        SettingError, MissingExtraError, InputError: one of them cannot be loaded, or the card lacks a
            constant.
    """

    def __init__(
        self, file: str | os.PathLike[str], grounding: str, vae: str | None, eyes: Eyes | None, threads: int
    ) -> None:
        card = read_card(file)
        network = open_network(file, threads=threads)
        layers = next(each.shape[1] for each in network.get_inputs() if each.name == "null")
        nulls = [*constants_of(np.zeros((layers, 2), np.float32))]
        check_constants(file, card, ("odds_gain", *nulls, *CONSTANTS), train="sigma")
        self._grounding = load_grounding(grounding)
        parts = [card.digest.encode(), constants(), self._grounding.digest.encode()]
        parts += [] if eyes is None else [eyes.told.digest.encode()]
        self._roundtrip: Any = None
        if vae is not None:
            levels = CompactLevels().features if eyes is None else _seen_by(eyes)
            self._roundtrip, self._features = load_roundtrip(vae), levels
            parts.append(hashlib.sha256(Path(vae).read_bytes()).digest())
        self.card: Card = replace(card, digest=hashlib.sha256(b"".join(parts)).hexdigest())
        features = None if eyes is None else eyes.of_planes
        null = np.array([card.constants[name] for name in nulls], np.float32).reshape(layers, 2)
        self._weigher = Weigher(network, shipped_rule(), card.constants, null, features)

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        """One change a pair, in order."""
        found = []
        null_of = functools.lru_cache(len(batch))(self._null_of)  # several pairs may share an original
        for pair, prior in zip(batch, priors_of(batch, hints, self._grounding), strict=True):
            null = None
            if self._roundtrip is not None:
                null = null_of(pair.original.tobytes(), pair.original.shape)
            found.append(with_side_effects(self.change_of(pair, prior, null=null), prior))
        return found

    def change_of(
        self,
        pair: Aligned,
        prior: Prior | None = None,
        seen: Evidence | None = None,
        *,
        null: NDArray[np.float32] | None = None,
    ) -> Change:
        """The change of one pair, without its side effects.

        Args:
            seen: its evidence, where somebody has looked already.
            null: (L, 2) float32, its own null distances; None: those on the card.
        """
        weigher = self._weigher if null is None else replace(self._weigher, null=null)
        return change_of(pair, weigher, None if prior is None else prior.map, seen)

    def _null_of(self, data: bytes, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """(L, 2) float32: median and spread of each layer's distance between a picture and its round trip."""
        seen = seen_at_most(np.frombuffer(data, np.uint8).reshape(shape), ROUNDTRIP_PX)
        before, after = self._features([seen, pass_through(self._roundtrip, seen)])
        return np.asarray([_spread(*pair) for pair in zip(before, after, strict=True)], np.float32)


class SigmaCompact(Trained):
    """Annotates by the network in the wheel, or one of your own, and by a hint of where to look.

    Args:
        path: an .onnx file that `maskwright train sigma` wrote, beside its card.
        grounding, vae: see `Trained`, as for the errors.
    """

    def __init__(
        self,
        path: str | None = None,
        grounding: str = DEFAULT_GROUNDING,
        vae: str | None = None,
        *,
        threads: int = 1,
    ) -> None:
        super().__init__(shipped("sigma-compact") if path is None else path, grounding, vae, None, threads)


class SigmaHead(Trained):
    """Annotates by a head of your own on the features of the backbone that it was trained on.

    Memory is bounded: of a large picture the backbone sees the small frame and windows, each at most as
    large as that frame.

    Args:
        path: an .onnx file that `maskwright train sigma --backbone` wrote, beside its card.
        backbone: see `load_backbone`.
        grounding, vae: see `Trained`.

    Raises:
        InputError: no backbone is given, or another than the card says; and as `Trained`.
    """

    def __init__(
        self,
        path: str,
        backbone: str | None = None,
        grounding: str = DEFAULT_GROUNDING,
        vae: str | None = None,
        *,
        threads: int = 1,
    ) -> None:
        wanted = backbone_of(path)
        if wanted is None:
            raise InputError(
                f"the card of {path} does not say which backbone it was trained on",
                hint="train it: maskwright train sigma --backbone",
            )
        if backbone is None:
            raise InputError(
                f"{path} is a head on the features of {wanted.name}, which is not in that file",
                hint=f"--backbone and where {wanted.name} lies: a folder, a hub id or an .onnx file",
            )
        eyes = Eyes(load_backbone(backbone))
        check_backbone(path, wanted, eyes.told)
        super().__init__(path, grounding, vae, eyes, threads)


def _seen_by(eyes: Eyes) -> Callable[[Sequence[Picture]], list[Features]]:
    """Features of whole pictures, seen as planes are."""
    return lambda pictures: eyes.of_halves([halved(picture) for picture in pictures])


def _spread(one: NDArray[np.float32], two: NDArray[np.float32]) -> tuple[float, float]:
    """Median and spread of the cosine distance of two (C, h, w), see `semantic.null_of`."""
    lengths = np.linalg.norm(one, axis=0) * np.linalg.norm(two, axis=0)
    distance = 1 - (one * two).sum(axis=0) / np.maximum(lengths, 1e-6)
    found = null_of(distance, np.ones(distance.shape, np.bool_))
    return float(found.level), found.spread


def constants_of(null: NDArray[np.float32]) -> dict[str, float]:
    """Null distances (L, 2), median and spread by layer, as a card has them."""
    return {
        f"null_{layer}_{what}": float(value)
        for layer, row in enumerate(null)
        for what, value in zip(("median", "spread"), row, strict=True)
    }
