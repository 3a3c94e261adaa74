"""Whether a network takes and gives what its card says; where not, what to write instead."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright.errors import InputError, MissingExtraError
from maskwright.masks.annotators.onnx import INPUTS
from maskwright.weights import DetectorCard, card_path, detector_of

if TYPE_CHECKING:
    import onnxruntime

BYTES, FLOATS = "tensor(uint8)", "tensor(float)"
"""What onnxruntime calls the two types a picture can have; the second is a map's."""
PAGE = "docs/how-to/detectors.md"


def takes_bytes(network: onnxruntime.InferenceSession) -> bool:
    """Whether it takes bytes, not floats."""
    return bool(network.get_inputs()[0].type == BYTES)


def agreed(path: Path, network: onnxruntime.InferenceSession) -> DetectorCard:
    """How a network is fed and read by its card, which has been held against the network.

    Raises:
        MissingExtraError: it has no card; the hint is a draft of one.
        InputError: the card does not say, or says what the network is not.
    """
    if not card_path(path).exists():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        card = {"name": path.stem, "version": "1", "sha256": digest, "detector": draft(network)}
        raise MissingExtraError(
            f"{card_path(path)} is not there; a detector lies beside its card",
            hint=f"write into it what is true of your network, such as {json.dumps(card)}; see {PAGE}",
        )
    manifest = detector_of(path)
    if manifest is None:
        if {entry.name for entry in network.get_inputs()} == {*INPUTS}:
            raise InputError(
                f"{path} takes two pictures: it is an annotator, and no detector",
                hint=f"--annotator {path}",
            )
        raise InputError(
            f"the card of {path} does not say how a detector is fed: it lacks the key detector",
            hint=f'add to it "detector": {json.dumps(draft(network))}; see {PAGE}',
        )
    _check_input(path, network, manifest)
    _check_output(path, network, manifest)
    return manifest


def draft(network: onnxruntime.InferenceSession) -> dict[str, Any]:
    """What a card could say of a network, as far as the file tells."""
    first, shape = network.get_inputs()[0], network.get_inputs()[0].shape
    maps = [entry for entry in network.get_outputs() if len(entry.shape) == 4] or network.get_outputs()
    two = len(maps[0].shape) == 4 and maps[0].shape[1] == 2
    told: dict[str, Any] = {"input": first.name, "output": maps[0].name}
    told["gives"] = "two-classes" if two else "odds"
    if len(shape) == 4 and isinstance(shape[2], int):
        told["side"] = shape[2]
    return told


def _check_input(path: Path, network: onnxruntime.InferenceSession, manifest: DetectorCard) -> None:
    inputs = network.get_inputs()
    if len(inputs) != 1:
        raise InputError(
            f"{path} takes {_listed(inputs)}; a detector takes one picture",
            hint=f"export a module whose forward takes the picture alone: {PAGE} has one",
        )
    (taken,) = inputs
    if taken.name != manifest.input:
        raise InputError(
            f"{path} takes {taken.name}; its card says {manifest.input}",
            hint=f'write "input": {json.dumps(taken.name)} into "detector" on its card',
        )
    if taken.type not in (BYTES, FLOATS):
        raise InputError(
            f"{path} takes {taken.type}; a picture is {BYTES} or {FLOATS}",
            hint="export it in float32: model.float()",
        )
    shape = taken.shape
    if len(shape) != 4 or (isinstance(shape[1], int) and shape[1] != 3):
        raise InputError(
            f"{path} takes {taken.name} {shape}; a picture is (N, 3, H, W)",
            hint="turn the axes inside the network, then export it again: picture.permute(0, 3, 1, 2)",
        )
    if isinstance(shape[0], int) and shape[0] != 1:
        raise InputError(
            f"{path} takes {shape[0]} pictures at once; pictures go one by one",
            hint="export it with one picture as example, or with a free first axis",
        )
    sides = {each for each in shape[2:] if isinstance(each, int)}
    if len(sides) > 1:
        raise InputError(
            f"{path} takes pictures of {shape[3]}x{shape[2]} pixels; one size means squares here",
            hint="export it for a square, or with free height and width",
        )
    if sides - {manifest.side}:
        said = "any size" if manifest.side is None else f"a side of {manifest.side}"
        raise InputError(
            f"{path} takes squares of {min(sides)} pixels; its card says {said}",
            hint=f'write "side": {min(sides)} into "detector" on its card',
        )


def _check_output(path: Path, network: onnxruntime.InferenceSession, manifest: DetectorCard) -> None:
    given = {entry.name: entry for entry in network.get_outputs()}
    for key, name in (("output", manifest.output), ("score", manifest.score)):
        if name is None:
            continue
        if name not in given:
            likely = draft(network)["output"]
            leave_out = 'leave out "score"' if key == "score" else f'write "output": {json.dumps(likely)}'
            raise InputError(
                f"{path} gives {_listed(network.get_outputs())}; its card says {key} {name}",
                hint=f'{leave_out} in "detector" on its card',
            )
        if given[name].type != FLOATS:
            raise InputError(
                f"{path} gives {_listed([given[name]])}; a detector's {key} is {FLOATS}",
                hint="export it in float32: model.float()",
            )


def _listed(entries: list[Any]) -> str:
    return ", ".join(f"{entry.name} {entry.type}" for entry in entries) or "nothing"
