"""One call that trains a network by name: what `maskwright train` does."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from maskwright.corpus.atomic import TEMPORARY, told
from maskwright.corpus.executors.local import default_workers
from maskwright.errors import MissingExtraError, RunError, SettingError, unknown_name

if TYPE_CHECKING:
    from maskwright.learning.loop import Lap, Schedule
    from maskwright.learning.ranks import Ranks
    from maskwright.learning.shares import Shares
    from maskwright.synthesis.photos import Photo

Thing = TypeVar("Thing")

RECIPES: dict[str, str] = {
    "compact": "maskwright.learning.compact:train_compact",
    "dass": "maskwright.learning.compact:train_dass",
    "autoencoder": "maskwright.learning.autoencoder:train_autoencoder",
    "sigma": "maskwright.learning.sigma_train:train_sigma",
    "sam-cd": "maskwright.learning.sigma_train:train_sam_cd",
    "caaa": "maskwright.learning.caaa:train_caaa",
}
"""Every network that can be trained; strings, so that listing them imports nothing."""

STAGED = frozenset({"sigma", "sam-cd"})
"""Those of `RECIPES` that look at the options about stages, if only to refuse them."""

FOLDERS = frozenset({"cache", "sacm"})
"""Of a run: samples, and the run of CAAA's matcher, which goes before that of its mask."""
CHECKPOINT, TENSORS = "checkpoint.json", "checkpoint-"
"""What marks a folder as a run's; and how names of files with its tensors begin, which are written first."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a run may be told beside its photographs and its length.

    Args:
        seed: of weights, samples and their order.
        batch: samples a step, over all processes.
        reuse: how often a sample is trained on, where making one costs more than a step.
        workers: processes that make samples; None is one a processor but one.
        cache: folder for samples; None is `cache` in the output folder.
        autoencoder: an ONNX file that a share of the pairs passes through; of SIGMA's stage 1 only its null
            distances are taken.
        stage: of SIGMA, 1 or 2.
        start: the folder of the stage before.
        unlabelled: a table of real pairs without masks, for stage 2; its rows of split train are used.
        backbone: whose features SIGMA's head compares, see `masks.annotators.backbones.load_backbone`; None,
            and compact, is the compact network's own encoder. Of a detector, what it stands on.
        side: of a detector, the square in pixels that it sees pictures as; None is its own.
    """

    seed: int = 0
    batch: int = 32
    reuse: int = 8
    workers: int | None = None
    cache: Path | None = None
    autoencoder: Path | None = None
    stage: int = 1
    start: Path | None = None
    unlabelled: Path | None = None
    backbone: str | None = None
    side: int | None = None

    def __post_init__(self) -> None:
        for name, least in (("seed", 0), ("batch", 1), ("reuse", 1)):
            if getattr(self, name) < least:
                raise SettingError(f"{name} is {getattr(self, name)}, at least {least} is needed")
        if self.stage not in (1, 2):
            raise SettingError(f"there is no stage {self.stage}", hint="--stage 1 or --stage 2")

    @property
    def makers(self) -> int:
        return max(1, default_workers() - 1) if self.workers is None else self.workers


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run gave.

    Args:
        network: the .onnx file.
        card: beside it.
        figures: measured on photographs that were never trained on.
    """

    network: Path
    card: Path
    steps: int
    elapsed_s: float
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Assignment(Generic[Thing]):
    """What a recipe is given: photographs, or a detector's pictures, and how to learn from them."""

    shares: Shares[Thing]
    schedule: Schedule
    out: Path
    ranks: Ranks
    options: Options
    progress: Callable[[Lap], None]

    @property
    def cache(self) -> Path:
        return self.options.cache or self.out / "cache"


def train(
    name: str,
    photos: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    steps: int | None = None,
    minutes: float | None = None,
    options: Options = Options(),
    progress: Callable[[Lap], None] = lambda lap: None,
) -> Outcome | None:
    """Train a network on photographs, and write it as ONNX beside its card.

    The same call again goes on where the last one stopped; a finished compact network is given back as it
    stands while its card is there.

    Args:
        name: a key of `RECIPES`.
        photos: a folder, or a CSV table with the columns path, labels, split, licence; see `shares.shared`.
        out: a folder, new or of this very run.
        steps, minutes: one of the two; the length of the run. `steps` is exact and can be repeated.
        progress: called after every step.

    Returns:
        None on a process that does not lead, where `torchrun` has started several.

    Raises:
        SettingError: nothing has that name; an option is out of range.
        MissingExtraError: torch is not installed.
        InputError: there are no photographs, or too few.
        RunError: the folder is another run's, or cannot be written.
    """
    if name not in RECIPES:
        raise unknown_name("network to train", name, RECIPES)
    if options.backbone is not None and name != "sigma":
        raise SettingError(f"{name} is trained on no backbone", hint="leave out --backbone, or train sigma")
    if name not in STAGED:
        _check_no_stages(name, options)
    if options.side is not None:
        raise SettingError(f"{name} takes pictures of any size", hint="leave out --side")
    _check_packages()
    recipe = _recipe(name)
    from maskwright.learning.loop import Schedule
    from maskwright.learning.ranks import joined
    from maskwright.learning.shares import shared

    schedule = Schedule(steps=steps, minutes=minutes, seed=options.seed)
    shares = shared(photos)
    folder = Path(out)
    _check_folder(folder)
    with joined() as ranks:
        return recipe(Assignment(shares, schedule, folder, ranks, options, progress))


def train_detector(
    name: str,
    data: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    val: str | os.PathLike[str] | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    options: Options = Options(),
    progress: Callable[[Lap], None] = lambda lap: None,
) -> Outcome | None:
    """Train a detector on a dataset, and write it as ONNX beside its card; goes on where it stopped.

    Args:
        name: a key of `detector_task.NETWORKS`.
        data: a dataset with masks, as `maskwright build` writes it or in another known format.
        out: a folder, new or of this very run.
        val: a dataset that only measures; see `exhibits.shared_exhibits`.
        steps, minutes, progress: as for `train`.

    Returns:
        None on a process that does not lead, where `torchrun` has started several.

    Raises:
        SettingError: nothing has that name; an option is out of range, or of another network.
        MissingExtraError: torch is not installed, or a backbone is not on this machine.
        InputError: the dataset has no masks, or too few pictures.
        RunError: the folder is another run's, or cannot be written.
    """
    _check_packages()
    from maskwright.learning.detector import train_on
    from maskwright.learning.detector_task import check_known
    from maskwright.learning.exhibits import shared_exhibits
    from maskwright.learning.loop import Schedule
    from maskwright.learning.ranks import joined

    known = check_known(name, options.backbone)
    _check_no_stages(name, options)
    if options.autoencoder is not None:
        raise SettingError("a detector learns from pictures as they are", hint="leave out --autoencoder")
    schedule = Schedule(steps=steps, minutes=minutes, seed=options.seed)
    folder = Path(out)
    _check_folder(folder)
    shares = shared_exhibits(data, val, (options.cache or folder / "cache") / "pictures")
    with joined() as ranks:
        return train_on(name, known, Assignment(shares, schedule, folder, ranks, options, progress))


def _check_no_stages(name: str, options: Options) -> None:
    if (options.stage, options.start, options.unlabelled) != (1, None, None):
        raise SettingError(f"{name} has no stages", hint="leave out --stage, --start and --unlabelled")


def _check_packages() -> None:
    try:
        for package in ("torch", "safetensors", "onnx"):
            importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"training needs the package {error.name!r}", hint="pip install 'maskwright[torch]'"
        ) from error


def _recipe(name: str) -> Callable[[Assignment[Photo]], Outcome | None]:
    module, _, function = RECIPES[name].partition(":")
    return cast(
        "Callable[[Assignment[Photo]], Outcome | None]", getattr(importlib.import_module(module), function)
    )


def _check_folder(out: Path) -> None:
    """Refuse what is no folder, and a folder that holds something else."""
    with told(out):
        out.mkdir(parents=True, exist_ok=True)
    names = [each.name for each in out.iterdir()]
    # A run that was killed before its first checkpoint was whole leaves these.
    strange = [name for name in names if name not in FOLDERS and not name.startswith((TENSORS, TEMPORARY))]
    if strange and CHECKPOINT not in names:
        raise RunError(
            f"{out} holds files that are no training run of maskwright", hint="name a new folder: -o another"
        )
