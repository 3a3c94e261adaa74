"""Heads on the wheel's compact network that say something without having learned it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn

from maskwright.learning.export import Inputs, export, write_card
from maskwright.learning.frozen import compact_of
from maskwright.learning.networks.compact import Compact
from maskwright.learning.networks.sigma import MULTIPLE, Sigma
from maskwright.masks.annotators.evidence import evidence
from maskwright.masks.annotators.planes import planes
from maskwright.masks.annotators.rule import log_odds, shipped_rule
from maskwright.masks.annotators.sigma_compact import constants_of
from maskwright.weights import card_path, shipped
from tests.contracts.annotator import edited_pair

LAYERS = 5
NULL = np.array([[0.01 * layer + 0.02, 0.005] for layer in range(LAYERS)], np.float32)
MOVING = {**dict.fromkeys(("planes", "prior", "odds"), (0, 2, 3)), "null": (0,)}


def compact() -> Compact:
    return compact_of(shipped("compact"))


def sigma(*, swaps: bool = False) -> Sigma:
    """As training starts, in evaluation mode."""
    torch.manual_seed(0)
    return Sigma(compact(), swaps=swaps).eval()


def lively(network: Sigma, *, decoded: float = 0.02, open_: float = 2.0) -> Sigma:
    """The head adds something to the log odds, and its gate is open.

    Args:
        decoded: spread of the last layer's weights.
        open_: what the gate's last layer starts from.
    """
    nn.init.normal_(network.decode.head.weight, std=decoded)
    bias = network.gate[-1].bias
    assert isinstance(bias, torch.Tensor)
    nn.init.constant_(bias, open_)
    return network


def seen(seed: int = 1, rows: int = 3, columns: int = 5) -> np.ndarray:
    """(1, C, h, w) uint8: the planes of a pasted box; sides are so many times 32."""
    found = evidence(edited_pair(seed, 2 * MULTIPLE * columns, 2 * MULTIPLE * rows, 85))
    return planes(found, log_odds(found, shipped_rule()))[None]


def inputs(seed: int = 1, rows: int = 3, columns: int = 5, *, prior: int = 0) -> Inputs:
    """What the head takes, with one value everywhere for the prior."""
    bytes_ = seen(seed, rows, columns)
    return {"planes": bytes_, "prior": np.full_like(bytes_[:, :1], prior), "null": NULL[None]}


def file_of(path: Path, network: Sigma, **constants: float) -> Path:
    """The head as `maskwright train sigma` writes it, with the calibration of the compact network."""
    export(network, path, inputs(), moving=MOVING)
    known: Mapping[str, float] = json.loads(card_path(shipped("compact")).read_text())["constants"]
    write_card(
        path,
        name="sigma-compact",
        version="1",
        training_data="nothing",
        licence="none needed",
        layers=["side_effect"],
        constants={**known, **constants_of(NULL), **constants},
    )
    return path
