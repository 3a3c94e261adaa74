"""SIGMA with a trained head on the compact network's features, which looks at all that compact looks at.

The head adds to compact's log odds what comparing features of each picture by itself tells, and a prior
from the instruction or a region lifts them where there is evidence; see `learning/networks/sigma.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError
from maskwright.masks.annotators.compact import Weigher, change_of
from maskwright.masks.annotators.confidence import CONSTANTS
from maskwright.masks.annotators.encoders import CompactLevels, seen_at_most
from maskwright.masks.annotators.rule import constants, shipped_rule
from maskwright.masks.annotators.sigma import ROUNDTRIP_PX, with_side_effects
from maskwright.masks.grounding import DEFAULT_GROUNDING, load_grounding, priors_of
from maskwright.pairs.values import Aligned, Card, Change, Hint, Picture
from maskwright.synthesis.roundtrip import load_roundtrip, pass_through
from maskwright.weights import open_network, read_card, shipped


class SigmaCompact:
    """Annotates by the network in the wheel, or one of your own, and by a hint of where to look.

    Args:
        path: an .onnx file that `maskwright train sigma` wrote, beside its card.
        grounding: see `load_grounding`.
        vae: path of an autoencoder as ONNX; what it changes of the original then stands for what a
            generator does, in place of the constants on the card.

    Raises:
        SettingError, MissingExtraError, InputError: one of them cannot be loaded, or the card lacks a
            constant.
    """

    def __init__(
        self,
        path: str | None = None,
        grounding: str = DEFAULT_GROUNDING,
        vae: str | None = None,
        *,
        threads: int = 1,
    ) -> None:
        file = shipped("sigma-compact") if path is None else path
        card = read_card(file)
        lacking = sorted({"odds_gain", "null_0_median", *CONSTANTS} - {*card.constants})
        if lacking:
            raise InputError(
                f"the card of {file} lacks the constant {lacking[0]}", hint="train it: maskwright train sigma"
            )
        self._grounding = load_grounding(grounding)
        parts = [card.digest.encode(), constants(), self._grounding.digest.encode()]
        self._roundtrip: Any = None
        if vae is not None:
            self._roundtrip, self._backbone = load_roundtrip(vae), CompactLevels()
            parts.append(hashlib.sha256(Path(vae).read_bytes()).digest())
        self.card: Card = replace(card, digest=hashlib.sha256(b"".join(parts)).hexdigest())
        network = open_network(file, threads=threads)
        self._weigher = Weigher(network, shipped_rule(), card.constants, _null_of(card))

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        """One change a pair, in order."""
        found = []
        for pair, prior in zip(batch, priors_of(batch, hints, self._grounding), strict=True):
            weigher = self._weigher
            if self._roundtrip is not None:
                weigher = replace(weigher, null=self._null_of(pair.original))
            change = change_of(pair, weigher, None if prior is None else prior.map)
            found.append(with_side_effects(change, prior))
        return found

    def _null_of(self, picture: Picture) -> NDArray[np.float32]:
        """(L, 2) float32: median and spread of each layer's distance between a picture and its round trip."""
        seen = seen_at_most(picture, ROUNDTRIP_PX)
        before, after = self._backbone.features([seen, pass_through(self._roundtrip, seen)])
        return np.asarray([_spread(*pair) for pair in zip(before, after, strict=True)], np.float32)


def _spread(one: NDArray[np.float32], two: NDArray[np.float32]) -> tuple[float, float]:
    """Median and 1.4826 times the median absolute deviation of the cosine distance of two (C, h, w)."""
    lengths = np.linalg.norm(one, axis=0) * np.linalg.norm(two, axis=0)
    distance = 1 - (one * two).sum(axis=0) / np.maximum(lengths, 1e-6)
    median = float(np.median(distance))
    return median, 1.4826 * float(np.median(np.abs(distance - median)))


def _null_of(card: Card) -> NDArray[np.float32]:
    """The null distances on a card: median and spread by layer."""
    rows: list[tuple[float, float]] = []
    while (median := card.constants.get(f"null_{len(rows)}_median")) is not None:
        rows.append((median, card.constants.get(f"null_{len(rows)}_spread", 0.0)))
    return np.asarray(rows, np.float32)
