"""Networks of others in the hub's layout: found on this machine, checked, and opened. Nothing is downloaded.

A folder in that layout holds config.json, preprocessor_config.json, model.safetensors (or its shards and
their index) and, where text goes in, the files of a tokenizer. A hub id stands for the folder that
`hf download ID` left in the hub's cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError, MissingExtraError
from maskwright.pairs.values import Picture
from maskwright.weights import card_path, read_card

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
"""Weights in these can run code as they are read; they are refused, whatever they hold."""
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True, slots=True)
class Pretrained:
    """A folder of weights that has been looked at.

    Args:
        spec: the path or hub id it was found by.
        folder: where the files are; for a hub id a folder of the hub's cache.
        kind: `model_type` of its config.
        digest: sha256 of the weights; where they lie in several files, of their bytes one after another, in
            the order of their names.
    """

    spec: str
    folder: Path
    kind: str
    digest: str


@dataclass(frozen=True, slots=True)
class Preparation:
    """How a network wants its pictures.

    Args:
        mean, std: a channel each, of pictures in 0..1.
        size: `size` of preprocessor_config.json: height and width, or edges; a number is all of them.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    size: Mapping[str, int]

    def planes(self, picture: Picture, *, height: int, width: int) -> NDArray[np.float32]:
        """A picture resized and normalised: (3, height, width).

        Averages areas where it shrinks and is cubic where it enlarges. Pillow's resampling, which the
        networks were trained with, differs from that by a level or two.
        """
        shrinks = height * width < picture.shape[0] * picture.shape[1]
        method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        if picture.shape[:2] != (height, width):
            picture = np.asarray(cv2.resize(picture, (width, height), interpolation=method), np.uint8)
        mean, std = (np.asarray(values, np.float32) for values in (self.mean, self.std))
        normal = (picture.astype(np.float32) / 255 - mean) / std
        return np.ascontiguousarray(normal.transpose(2, 0, 1), np.float32)


def pretrained(spec: str, kinds: Sequence[str]) -> Pretrained:
    """Find a network and look at all of its files but into its tensors.

    Args:
        spec: a folder, or a hub id such as facebook/dinov2-small.
        kinds: the values of `model_type` that are meant.

    Raises:
        MissingExtraError: transformers is not installed, or there is no such folder and nothing of that id
            in the hub's cache.
        InputError: the config is of another kind, the weights are a pickle, damaged, incomplete, or not those
            on the card that lies beside them (model.card.json).
    """
    needed("torch", "transformers", "safetensors")
    folder = _folder(spec)
    config = _json(folder / "config.json", spec)
    kind = config.get("model_type")
    if kind not in kinds:
        raise InputError(
            f"{spec} is a network of the kind {kind!r}, which is not used here",
            hint=f"kinds that are known: {', '.join(kinds)}",
        )
    if "transformers_weights" in config:  # transformers would read that file, and we the digest of another
        raise InputError(f"the config of {spec} names a file of weights, which is refused: use {WEIGHTS}")
    digest = hashlib.sha256()
    for file in _files(folder, spec):
        _check_safetensors(file)
        with file.open("rb") as stream:
            while block := stream.read(1 << 22):
                digest.update(block)
    _check_card(folder, digest.hexdigest())
    return Pretrained(spec, folder, str(kind), digest.hexdigest())


def load(found: Pretrained, class_name: str, *, device: str, dtype: str = "float32", **settings: Any) -> Any:
    """A transformers model in evaluation mode, its weights of one type whatever the file holds.

    Args:
        settings: of the class, beside its config.

    Raises:
        InputError: tensors are missing or of another shape, there are more layers than the config says, or
            transformers cannot make such a network.
    """
    transformers = needed("transformers")
    with quiet():
        try:
            model, told = getattr(transformers, class_name).from_pretrained(
                found.folder,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                ignore_mismatched_sizes=True,  # so that they are told of, and refused below
                output_loading_info=True,
                dtype=dtype,
                **settings,
            )
        except Exception as error:  # transformers has a dozen unrelated classes for "cannot load this"
            raise InputError(f"{found.folder} cannot be loaded: {said(error)}") from error
    _check_tensors(found.folder, model, told)
    return model.eval().requires_grad_(False).to(device)


def tokenizer(found: Pretrained, class_name: str, files: Sequence[str], *, words: int) -> Any:
    """The tokenizer that lies beside a network.

    Args:
        files: what it is read from where there is no tokenizer.json.
        words: rows of the network's table of tokens.

    Raises:
        MissingExtraError: its files are not there.
        InputError: they cannot be read, or are of another network.
    """
    if not (found.folder / "tokenizer.json").exists():
        for file in files:
            if not (found.folder / file).exists():
                raise _missing(found.spec, file)
    with quiet():
        try:
            made = getattr(needed("transformers"), class_name).from_pretrained(
                found.folder, local_files_only=True
            )
        except Exception as error:  # as in `load`
            raise InputError(f"the tokenizer in {found.folder} cannot be loaded: {said(error)}") from error
    if len(made) > words:
        raise InputError(
            f"the tokenizer in {found.folder} knows {len(made)} tokens, the network {words}",
            hint="tokenizer and weights must be of one model: fetch both again",
        )
    return made


def preparation(folder: Path) -> Preparation:
    """What preprocessor_config.json, or the image processor in processor_config.json, says.

    Raises:
        InputError: there is neither, or it lacks mean and deviation. No usual values are assumed: networks
            of one family differ in them.
    """
    told: dict[str, Any] = {}
    if (folder / "preprocessor_config.json").exists():
        told = _json(folder / "preprocessor_config.json", str(folder))
    elif (folder / "processor_config.json").exists():
        told = _json(folder / "processor_config.json", str(folder)).get("image_processor", {})
    mean, std = (_three_numbers(told.get(key)) for key in ("image_mean", "image_std"))
    if not mean or not std or min(std) <= 0:
        raise InputError(
            f"{folder} does not say how pictures are prepared: image_mean and image_std, three numbers each",
            hint="put the model's preprocessor_config.json beside its config.json",
        )
    size = told.get("size")
    if isinstance(size, int):  # older files; a square for some networks, the shorter side for others
        size = dict.fromkeys(("height", "width", "shortest_edge"), size)
    return Preparation(mean, std, size if isinstance(size, dict) else {})


def best_device() -> str:
    """cuda where torch sees a GPU, else cpu."""
    return "cuda" if needed("torch").cuda.is_available() else "cpu"


def needed(*packages: str) -> Any:
    """The last of some packages, imported.

    Raises:
        MissingExtraError: one of them is not installed.
    """
    try:
        return [importlib.import_module(package) for package in packages][-1]
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"this needs the package {error.name!r}", hint="pip install 'maskwright[torch]'"
        ) from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No progress bars and no advice of transformers' on stderr; what matters of it is raised by us."""
    log = needed("transformers").utils.logging
    level, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity(log.CRITICAL)
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()


def said(error: BaseException) -> str:
    """An error of a library's on one line of reasonable length."""
    return " ".join(str(error).split())[:300] or type(error).__name__


def _folder(spec: str) -> Path:
    folder = Path(spec).expanduser()
    if spec and folder.is_dir():
        return folder
    if spec and folder.exists():
        raise InputError(f"{spec} is a file", hint=f"name the folder that holds config.json and {WEIGHTS}")
    if not HUB_ID.fullmatch(spec):
        raise MissingExtraError(
            f"{spec!r} is not there", hint="name a folder, or a hub id such as facebook/dinov2-small"
        )
    hub = needed("huggingface_hub")
    try:
        return Path(hub.snapshot_download(spec, local_files_only=True))
    except (hub.errors.LocalEntryNotFoundError, hub.errors.HFValidationError) as error:
        raise MissingExtraError(
            f"there is no folder {spec}, and nothing of that id in the hub's cache; nothing is downloaded",
            hint=f"hf download {spec}",
        ) from error


def _missing(spec: str, file: str) -> MissingExtraError:
    of_hub = HUB_ID.fullmatch(spec) and not Path(spec).expanduser().is_dir()
    return MissingExtraError(
        f"{spec} has no {file}",
        hint=f"hf download {spec}" if of_hub else f"fetch the whole of it: hf download ID --local-dir {spec}",
    )


def _json(file: Path, spec: str) -> dict[str, Any]:
    try:
        told = json.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise _missing(spec, file.name) from error
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read: {said(error)}") from error
    if not isinstance(told, dict):
        raise InputError(f"{file} holds a {type(told).__name__}, expected an object")
    return told


def _files(folder: Path, spec: str) -> list[Path]:
    """The files of the weights, in the order of their names."""
    if (folder / WEIGHTS).exists():
        return [folder / WEIGHTS]
    if (folder / INDEX).exists():
        places = _json(folder / INDEX, spec).get("weight_map")
        names = sorted({str(name) for name in places.values()}) if isinstance(places, dict) else []
        if not names or any(Path(name).name != name or not name.endswith(".safetensors") for name in names):
            raise InputError(f"{folder / INDEX} does not name .safetensors files of its own folder")
        for name in names:
            if not (folder / name).exists():
                raise _missing(spec, name)
        return [folder / name for name in names]
    pickles = sorted(file.name for pattern in PICKLES for file in folder.glob(pattern))
    if pickles:
        raise InputError(
            f"{spec} has its weights in {pickles[0]}, a pickle, which can run code and is refused",
            hint="take a revision with model.safetensors; or, where you trust the file, convert it: "
            "safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'model.safetensors')",
        )
    raise _missing(spec, WEIGHTS)


def _check_safetensors(file: Path) -> None:
    import safetensors

    try:
        with safetensors.safe_open(file, framework="np"):
            pass
    except (safetensors.SafetensorError, OSError) as error:
        raise InputError(
            f"{file} is not a whole safetensors file: {said(error)}", hint="fetch it again"
        ) from error


def _check_card(folder: Path, digest: str) -> None:
    beside = card_path(folder / WEIGHTS)
    if beside.exists() and (expected := read_card(beside).digest) != digest:
        raise InputError(
            f"{folder} does not hold the weights on its card: sha256 {digest[:12]}..., "
            f"expected {expected[:12]}...",
            hint="fetch them again; or, if you changed them, write the new sha256 on the card",
        )


def _check_tensors(folder: Path, model: Any, told: dict[str, Any]) -> None:
    """Refuse what transformers would fill with random numbers, or leave out."""
    patterns = {re.sub(r"\d+", "N", name) for name, _ in model.named_parameters()}
    surplus = {name for name in told["unexpected_keys"] if re.sub(r"\d+", "N", name) in patterns}
    wrong = {
        "lacks": told["missing_keys"],
        "has in another shape than its config says": {str(entry[0]) for entry in told["mismatched_keys"]},
        "has beyond the layers its config speaks of": surplus,
    }
    for what, names in wrong.items():
        if names:
            first = sorted(names)[0]
            raise InputError(
                f"{folder} {what}: {first}" + (f" and {len(names) - 1} more" if len(names) > 1 else ""),
                hint="config.json and the weights must be of one model: fetch both again",
            )
    if told["error_msgs"]:
        raise InputError(f"{folder} cannot be loaded: {' '.join(map(str, told['error_msgs']))[:300]}")


def _three_numbers(values: object) -> tuple[float, ...]:
    """A number a channel; empty where that is not what stands there."""
    if not isinstance(values, list) or len(values) != 3:
        return ()
    numbers = tuple(float(value) for value in values if isinstance(value, (int, float)))
    return numbers if len(numbers) == 3 and np.isfinite(numbers).all() else ()
