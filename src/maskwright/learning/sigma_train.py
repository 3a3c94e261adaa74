"""`maskwright train sigma` and `train sam-cd`: a stage of training, its export, calibration and card."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from maskwright.errors import InputError, RunError, SettingError
from maskwright.learning.checkpoint import average_of, standing_of
from maskwright.learning.export import Inputs
from maskwright.learning.finish import Exported, finish
from maskwright.learning.frozen import compact_of
from maskwright.learning.loop import run
from maskwright.learning.networks.compact import Compact
from maskwright.learning.networks.encoder import CompactEncoder
from maskwright.learning.networks.sam_cd import SamCd
from maskwright.learning.networks.sigma import MULTIPLE, Sigma
from maskwright.learning.sigma_task import RAMP, REMEMBERED, Recipe, SigmaTask
from maskwright.learning.task import SIZES, Sizes
from maskwright.learning.train import CHECKPOINT, Assignment, Options, Outcome
from maskwright.learning.unlabelled import digest_of, unlabelled_pairs
from maskwright.masks.annotators.backbones import load_backbone
from maskwright.masks.annotators.heads import Eyes, halved
from maskwright.masks.annotators.semantic import TO_SIGMA
from maskwright.masks.annotators.sigma_compact import constants_of
from maskwright.pairs.values import Picture
from maskwright.synthesis.photos import Photo, load_photo
from maskwright.synthesis.roundtrip import KeptRoundtrip
from maskwright.weights import read_card, shipped

OWN = "compact"
"""The backbone that is in the network."""
SELDOM_S = 1800.0
"""Seconds between evaluations with another backbone, which on a CPU takes minutes for the held pairs."""
NULLS = 48
"""Photographs of which the null distance is measured."""
NULL_PX = 448
"""Their longer side."""
FLOATS = ("see", "compare", "refine", "gate")
"""Distances of features are a thousandth of what they are joined with: in eight bits they would be nothing,
and F1 falls by .005 (docs/LOG.md)."""
SUMMED = 2e-3
"""Tolerance of SAM-CD's export: its norms sum over whole pictures, in another order than torch."""
RATE = 1e-3
"""Learning rate; what a frozen network leads stays small without normalisation, 2e-3 was not tried."""


def train_sigma(given: Assignment[Photo], sizes: Sizes = SIZES) -> Outcome | None:
    """A stage of SIGMA; None on a process that does not lead."""
    return _train("sigma", given, sizes)


def train_sam_cd(given: Assignment[Photo], sizes: Sizes = SIZES) -> Outcome | None:
    """SAM-CD's head on the same features; None on a process that does not lead."""
    return _train("sam-cd", given, sizes)


def _train(name: str, given: Assignment[Photo], sizes: Sizes) -> Outcome | None:
    options = given.options
    second = options.stage == 2
    _check(name, given)
    again = None
    if options.autoencoder is not None:
        again = KeptRoundtrip(options.autoencoder, given.cache / "autoencoder")
    eyes = None
    if options.backbone not in (None, OWN):
        eyes = Eyes(load_backbone(options.backbone), remembers=REMEMBERED)
    compact = compact_of(shipped("compact"))
    null = null_of(compact if eyes is None else eyes, given.shares.kept, again)
    torch.manual_seed(options.seed)
    told: dict[str, object] = {"stage": options.stage, "compact": read_card(shipped("compact")).digest[:16]}
    if again is not None:
        told["autoencoder"] = again.digest[:16]
    if name == "sam-cd":
        network: nn.Module = SamCd(compact)
    elif eyes is None:
        network = Sigma(compact, swaps=second)
    else:
        network = Sigma(compact, widths=eyes.told.widths, strides=eyes.told.strides, swaps=second)
        told["backbone"] = f"{eyes.told.name} {eyes.told.digest[:16]}"
    real = []
    if second:
        assert options.start is not None
        _check_start(options.start, told)
        network.load_state_dict(average_of(options.start, network))
        told["start"] = _standing(options.start)
        if options.unlabelled is not None:
            real = unlabelled_pairs(options.unlabelled)
            told["unlabelled"] = digest_of(options.unlabelled)
    steps = given.schedule.steps or 10_000
    recipe = Recipe(network, null, real, max(1, round(RAMP * steps)), told, eyes)
    through = again if second else None  # stage 1 takes only its null distances
    task = SigmaTask(
        name,
        recipe,
        given.shares,
        seed=options.seed,
        batch=options.batch,
        reuse=options.reuse,
        cache=given.cache,
        workers=options.makers if given.ranks.local_rank == 0 else 0,
        again=through,
        sizes=sizes,
    )
    schedule = replace(given.schedule, rate=RATE)
    if eyes is not None:
        schedule = replace(schedule, evaluate_every_s=SELDOM_S)
    with contextlib.closing(task):
        trained = run(task, schedule, given.out, given.ranks, progress=given.progress)
        if not given.ranks.leads:
            return None
        return finish(given, task, trained, _exported(name, options, recipe, trained.network), through)


def _check(name: str, given: Assignment[Photo]) -> None:
    options = given.options
    if options.stage == 2 and name == "sam-cd":
        raise SettingError("sam-cd has one stage", hint="leave out --stage")
    if options.stage == 2 and (options.start is None or options.autoencoder is None):
        raise SettingError(
            "stage 2 starts from stage 1 and needs an autoencoder",
            hint="--start the folder of stage 1, --autoencoder an .onnx of `maskwright train autoencoder`",
        )
    if options.stage == 1 and (options.start is not None or options.unlabelled is not None):
        raise SettingError("stage 1 starts anew, from known masks alone", hint="or give --stage 2")


def _check_start(start: Path, told: Mapping[str, object]) -> None:
    """Refuse a stage 1 that had another backbone or compact network: its weights may fit, and would mean
    nothing; what is frozen is not among them.

    Raises:
        RunError: it had.
    """
    standing = standing_of(start)
    before = None if standing is None else standing.settings.get("backbone")
    if standing is not None and before != told.get("backbone"):
        raise RunError(
            f"{start} was trained on the backbone {before or OWN}; this run has {told.get('backbone', OWN)}",
            hint="give both stages the same --backbone",
        )
    if standing is not None and standing.settings.get("compact") != told["compact"]:
        raise RunError(
            f"{start} was trained with another compact network than this package brings",
            hint="train stage 1 anew",
        )


def _exported(name: str, options: Options, recipe: Recipe, network: nn.Module) -> Exported:
    if name == "sam-cd":
        return Exported(name, network, tolerance=SUMMED)
    null = recipe.null.numpy()
    learnt = "" if options.unlabelled is None else f"; and {len(recipe.real)} real pairs without masks"
    eyes = recipe.eyes

    def given(planes: NDArray[np.uint8]) -> Inputs:
        nothing = np.zeros((len(planes), 1, *planes.shape[2:]), np.uint8)
        seen = {} if eyes is None else eyes.of_planes(planes)
        return {"planes": planes, "prior": nothing, "null": np.repeat(null[None], len(planes), 0), **seen}

    inputs = () if eyes is None else eyes.inputs
    return Exported(
        "sigma-compact" if eyes is None else "sigma-head",
        network,
        given,
        {**dict.fromkeys(("planes", "prior", *inputs, "odds"), (0, 2, 3)), "null": (0,)},
        null,
        constants_of(null),
        ("side_effect",),
        learnt,
        FLOATS,
        eyes=eyes,
    )


def null_of(sees: Compact | Eyes, photos: Sequence[Photo], again: KeptRoundtrip | None) -> Tensor:
    """Median and spread of each layer's cosine distance between photographs and their round trips.

    Means over photographs; the spread is `TO_SIGMA` times the median absolute deviation.

    Args:
        sees: the backbone; the compact network is its own encoder.

    Returns:
        (L, 2) float32; zeros without an autoencoder.
    """
    if again is None:
        return torch.zeros(len(sees.told.widths if isinstance(sees, Eyes) else sees.widths), 2)
    see = _beside(sees) if isinstance(sees, Eyes) else _inside(sees)
    found = []
    for photo in photos[:NULLS]:
        with contextlib.suppress(InputError):  # one that cannot be read is not measured
            picture = load_photo(replace(photo, labels=""), longest_px=NULL_PX).pixels
            layers = [see(each) for each in (picture, again(picture))]
            found.append(torch.stack([_spread(*pair) for pair in zip(*layers, strict=True)]))
    if not found:
        raise InputError("none of the photographs that calibrate can be read")
    return torch.stack(found).mean(0)


def _inside(compact: Compact) -> Callable[[Picture], Sequence[Tensor]]:
    encoder = CompactEncoder(compact)
    return lambda picture: encoder(_half(picture))


def _beside(eyes: Eyes) -> Callable[[Picture], Sequence[Tensor]]:
    return lambda picture: [torch.from_numpy(layer)[None] for layer in eyes.of_halves([halved(picture)])[0]]


def _half(picture: Picture) -> Tensor:
    """(1, 3, h, w) float, on the half grid, sides multiples of what the network needs."""
    height, width = (size // (2 * MULTIPLE) * MULTIPLE for size in picture.shape[:2])
    small = cv2.resize(picture, (max(width, MULTIPLE), max(height, MULTIPLE)), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(np.ascontiguousarray(small.transpose(2, 0, 1)[None])).float()


def _spread(one: Tensor, two: Tensor) -> Tensor:
    distance = 1 - functional.cosine_similarity(one, two, dim=1, eps=1e-3).flatten()
    median = distance.median()
    return torch.stack([median, TO_SIGMA * (distance - median).abs().median()])


def _standing(out: Path) -> str:
    """A digest of where a run stands."""
    return hashlib.sha256((out / CHECKPOINT).read_bytes()).hexdigest()[:16]
