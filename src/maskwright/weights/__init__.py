"""Networks as ONNX files, their cards, and the one function that opens them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright.errors import InputError, MissingExtraError, SettingError, unknown_name
from maskwright.pairs.values import Card
from maskwright.weights.protobuf import has_external_data, inner_tensors, with_outputs

if TYPE_CHECKING:
    import onnxruntime

CARD_KEYS = {
    "name": str,
    "version": str,
    "sha256": str,
    "training_data": str,
    "licence": str,
    "layers": list,
    "constants": dict,
    "backbone": dict,
    "detector": dict,
    "steps": int,
    "seed": int,
    "figures": dict,
}
"""What a card file may say, and as what; the first three it must. The last three are for people."""


@dataclass(frozen=True, slots=True)
class BackboneCard:
    """Which frozen network a head was trained on; `backbone` on the head's card.

    Args:
        name: for people.
        digest: sha256 (hex) of its weights.
        strides, widths: pixels a step, and channels, of each layer.
    """

    name: str
    digest: str
    strides: tuple[int, ...]
    widths: tuple[int, ...]


GIVES = {
    "odds": "log odds, one channel",
    "chance": "chances in 0..1, one channel",
    "two-classes": "two channels, authentic and edited, before their softmax",
}
"""What the map of a detector's network can be."""


@dataclass(frozen=True, slots=True)
class DetectorCard:
    """How a detector's network is fed and read; `detector` on its card, whose keys these are.

    Args:
        input: name of the picture's input, uint8 or float32 (N, 3, H, W), RGB; the file says which.
        output: name of the map's output, float32 (N, 1 or 2, H, W), of the input's height and width.
        gives: a key of `GIVES`: what the map is.
        score: name of an output with the picture's score, one number (a chance where `gives` says so, else
            log odds) or two (authentic and edited, before their softmax); None: taken from the map.
        side: the one height and width it takes, in pixels; None: it takes any.
        whole: with a side, true: the picture is resized to it and the map back; false: squares of that side
            at the picture's own resolution, blended where they overlap.
        multiple: its height and width must be multiples of this, in pixels.
        margin: how far a tile reaches beyond its share of the picture, in pixels; there are no seams where
            that is no less than what a pixel of the map depends on to each side. None: 128; an eighth of
            the side where there is one.
        mean, std: of a float32 input, a number a channel, of values in 0..1: it takes (value - mean) / std.
    """

    input: str = "picture"
    output: str = "odds"
    gives: str = "odds"
    score: str | None = None
    side: int | None = None
    whole: bool = True
    multiple: int = 1
    margin: int | None = None
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)

    @property
    def reach(self) -> int:
        """The margin, or what stands for it."""
        if self.margin is not None:
            return self.margin
        return 128 if self.side is None else self.side // 8


def open_network(
    path: str | PathLike[str], *, threads: int = 1, taps: Sequence[str] = ()
) -> onnxruntime.InferenceSession:
    """A network ready to run on the CPU, checked against its card where one lies beside it.

    Args:
        path: an .onnx file that holds its weights.
        taps: beginnings of names of inner tensors; the last one of each becomes a further output.
        threads: threads within an operation; operations run one after another, and idle
            threads sleep, so that many workers can share a machine.

    Raises:
        MissingExtraError: there is no such file.
        InputError: it is no network, keeps weights in other files, is not the one on its card, or has
            no inner tensor of such a name.
        SettingError: `threads` is below 1.
    """
    import onnxruntime

    if threads < 1:
        raise SettingError(f"threads is {threads}, at least 1 is needed")
    file = Path(path)
    data = _bytes_of(file)
    if has_external_data(data, str(file)):
        raise InputError(
            f"{file} keeps weights in other files, which is refused",
            hint="save it as one file: onnx.save_model(model, path, save_as_external_data=False)",
        )
    if card_path(file).exists():
        _check_digest(file, data, read_card(file))
    if taps:
        data = with_outputs(data, [_tapped(file, data, tap) for tap in taps])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.enable_cpu_mem_arena = False  # kept buffers of every picture size ever seen: gigabytes
    options.enable_mem_pattern = False  # patterns are kept a shape, too
    options.log_severity_level = 3  # warnings about a graph's style are no business of a user
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a dozen unrelated classes for "cannot load this"
        raise InputError(f"{file} cannot be run: {' '.join(str(error).split())[:300]}") from error


def shipped(name: str) -> Path:
    """The file of a network that is in the wheel."""
    return Path(str(resources.files("maskwright.weights").joinpath(f"{name}.onnx")))


def _tapped(file: Path, data: bytes, tap: str) -> str:
    found = [name for name in inner_tensors(data) if name.startswith(tap)]
    if not found:
        raise InputError(f"{file} has no layer {tap!r} to look at", hint="give a network of the same family")
    return found[-1]


def card_path(path: str | PathLike[str]) -> Path:
    """Where the card of a network lies: `name.onnx` has `name.card.json`.

    >>> card_path("nets/small.onnx").name
    'small.card.json'
    """
    return Path(path).with_suffix(".card.json")


def read_card(path: str | PathLike[str]) -> Card:
    """The card of a network.

    Args:
        path: the .onnx file; or the .card.json itself.

    Raises:
        MissingExtraError: there is no card.
        InputError: it is not JSON, lacks a key, or has one that no card has.
    """
    told = _told(path)
    return Card(
        name=told["name"],
        version=told["version"],
        digest=told["sha256"].lower(),
        training_data=told.get("training_data", ""),
        licence=told.get("licence", "none stated"),
        layers=tuple(told.get("layers", ())),
        constants={name: float(value) for name, value in told.get("constants", {}).items()},
    )


def check_constants(path: str | PathLike[str], card: Card, names: Iterable[str], *, train: str) -> None:
    """Refuse a network whose card lacks a constant that it cannot do without.

    Args:
        path: of the network, for the message.
        names: of the constants.
        train: what `maskwright train` would be told to train, for the hint.

    Raises:
        InputError: one of them is not there.
    """
    lacking = sorted({*names} - {*card.constants})
    if lacking:
        raise InputError(
            f"the card of {path} lacks the constant {lacking[0]}", hint=f"train it: maskwright train {train}"
        )


def backbone_of(path: str | PathLike[str]) -> BackboneCard | None:
    """The backbone on the card of a network; None where the network sees pictures by itself.

    Args and errors as `read_card`.
    """
    told = _told(path).get("backbone")
    if told is None:
        return None
    return BackboneCard(told["name"], told["digest"].lower(), tuple(told["strides"]), tuple(told["widths"]))


def detector_of(path: str | PathLike[str]) -> DetectorCard | None:
    """How the network of a detector is fed and read; None where its card does not say.

    Args and errors as `read_card`.
    """
    told = _told(path).get("detector")
    return None if told is None else _detector(told)


def _told(path: str | PathLike[str]) -> dict[str, Any]:
    """What the file of a card says, checked."""
    file = Path(path) if str(path).endswith(".card.json") else card_path(path)
    try:
        told = json.loads(_bytes_of(file))
    except ValueError as error:
        raise InputError(f"{file} is not JSON: {error}") from error
    if not isinstance(told, dict):
        raise InputError(f"{file} holds a {type(told).__name__}, a card is an object")
    _check_keys(file, told)
    return told


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise MissingExtraError(
            f"{file} is not there", hint="a network is an .onnx file beside its .card.json"
        ) from error
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error


def _check_keys(file: Path, told: dict[str, Any]) -> None:
    for key, value in told.items():
        if key not in CARD_KEYS:
            raise InputError(f"{file}: {unknown_name('card key', key, CARD_KEYS)}")
        if not isinstance(value, CARD_KEYS[key]):
            raise InputError(f"{file}: {key} is a {type(value).__name__}, expected {CARD_KEYS[key].__name__}")
    for key in ("name", "version", "sha256"):
        if not told.get(key):
            raise InputError(f"{file}: a card must say its {key}")
    if not all(isinstance(layer, str) for layer in told.get("layers", ())):
        raise InputError(f"{file}: layers are names")
    if not all(isinstance(value, (int, float)) for value in told.get("constants", {}).values()):
        raise InputError(f"{file}: constants are numbers")
    if "backbone" in told:
        _check_backbone(file, told["backbone"])
    if "detector" in told:
        _check_detector(file, told["detector"])


def _check_backbone(file: Path, told: dict[str, Any]) -> None:
    """Refuse what is no `BackboneCard`."""
    strides, widths = (told.get(name) for name in ("strides", "widths"))
    if not (
        set(told) == {"name", "digest", "strides", "widths"}
        and all(isinstance(told[name], str) for name in ("name", "digest"))
        and isinstance(strides, list)
        and isinstance(widths, list)
        and len(strides) == len(widths) > 0
        and all(type(each) is int for each in strides + widths)
    ):
        raise InputError(
            f"{file}: a backbone has a name, a digest, and as many strides as widths, which are whole numbers"
        )


def _check_detector(file: Path, told: dict[str, Any]) -> None:
    """Refuse what is no `DetectorCard`."""
    defaults = {each.name: each.default for each in fields(DetectorCard)}
    for key, value in told.items():
        if key not in defaults:
            wrong = unknown_name("detector key", key, defaults)
            raise InputError(f"{file}: {wrong}", hint=wrong.hint)
        expected = _wrong_with(key, value)
        if expected:
            raise InputError(
                f"{file}: {key} of the detector is {json.dumps(value)}, expected {expected}",
                hint=f'write "{key}": {json.dumps(defaults[key])}, or leave it out, unless you know better',
            )
    card = _detector(told)
    if card.side is not None and card.side % card.multiple:
        raise InputError(
            f"{file}: the detector's side {card.side} is no multiple of {card.multiple}",
            hint='leave out "multiple": the network takes one size',
        )
    if card.side is not None and not card.whole and 2 * card.reach >= card.side:
        raise InputError(
            f"{file}: a margin of {card.reach} on each side leaves nothing of squares of {card.side}",
            hint=f'write "margin": {card.side // 8}, or leave it out',
        )


def _wrong_with(key: str, value: Any) -> str:
    """What a key of a detector should be; empty where it is that."""
    if key == "gives":
        return "" if value in [*GIVES] else ", ".join(GIVES)
    if key == "whole":
        return "" if isinstance(value, bool) else "true or false"
    if key in ("input", "output", "score"):
        good = (isinstance(value, str) and value != "") or (key == "score" and value is None)
        return "" if good else "a name"
    if key in ("mean", "std"):
        numbers = isinstance(value, list) and len(value) == 3 and all(type(v) in (int, float) for v in value)
        good = numbers and all(math.isfinite(v) and (key == "mean" or v > 0) for v in value)
        return "" if good else "three numbers" + (" above 0" if key == "std" else "")
    least = 0 if key == "margin" else 1
    good = (type(value) is int and value >= least) or (value is None and key != "multiple")
    return "" if good else f"a whole number of pixels, {least} or more"


def _detector(told: dict[str, Any]) -> DetectorCard:
    lists: dict[str, Any] = {
        name: tuple(float(each) for each in told[name]) for name in ("mean", "std") if name in told
    }
    return DetectorCard(**(told | lists))


def _check_digest(file: Path, data: bytes, card: Card) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != card.digest:
        raise InputError(
            f"{file} is not the network on its card: sha256 {found[:12]}..., expected {card.digest[:12]}...",
            hint="fetch both again; or, if you made it, write the new sha256 on the card",
        )
