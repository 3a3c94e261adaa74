"""One picture in, a map of what was edited out. Every detector that runs is an ONNX file beside its card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from maskwright.errors import InputError, MissingExtraError, unknown_name
from maskwright.masks.named import class_named, options_of

if TYPE_CHECKING:
    from maskwright.pairs.values import Card, Detection, Picture

DETECTORS: dict[str, str] = {
    "apsc": "APSC-Net of MIML, on a ConvNeXt; train it yourself",
    "compact-detector": "small, trained from scratch, in the wheel",
    "mfpt": "multi-frequency prompts of DEAL-300K, on a frozen vision model; train it yourself",
    "vit-lora": "low-rank adapters on a vision transformer; train it yourself",
}
"""Every detector with a name, and what it is."""
DEFAULT = "compact-detector"
"""The detector that is in the wheel, and the one used where none is named."""


@runtime_checkable
class Detector(Protocol):
    """Finds what was edited in one picture.

    `detect` gives a map on the picture's grid, and a second call gives the same; the picture is not
    modified. `tests/contracts/detector.py` checks all of it.
    """

    @property
    def card(self) -> Card: ...

    def detect(self, picture: Picture) -> Detection: ...


def load_detector(spec: str, *, threads: int = 1) -> Detector:
    """The detector a name stands for.

    Args:
        spec: the path of an .onnx file that lies beside its card; a key of `DETECTORS`; or a
            `package.module:Class` whose class needs no arguments.
        threads: threads within an operation of a network; a class gets it where it takes it.

    Raises:
        SettingError: nothing has that name, the hint gives the nearest known one.
        MissingExtraError: a package or the network is not there; the hint says how to train one.
        InputError: the class is no detector, or a file is no detector's network.
    """
    from maskwright.detectors.onnx import OnnxDetector
    from maskwright.weights import shipped

    if spec.lower().endswith(".onnx"):
        return OnnxDetector(spec, threads=threads)
    if spec == DEFAULT and shipped(spec).exists():
        return OnnxDetector(shipped(spec), threads=threads)
    if spec in DETECTORS:
        backbone = "" if spec == DEFAULT else " --backbone BACKBONE"
        raise MissingExtraError(
            f"there are no weights of the detector {spec!r}",
            hint=f"maskwright train detector --name {spec} --data DATASET{backbone} -o OUT,"
            f" then --detector OUT/{spec}.onnx",
        )
    if ":" not in spec:
        raise unknown_name("detector", spec, DETECTORS)
    made = class_named("detector", spec)
    detector = made(threads=threads) if "threads" in options_of(made) else made()
    if not isinstance(detector, Detector):
        raise InputError(
            f"{spec} is no detector: it needs a `card` and a `detect(picture)`",
            hint="the protocol is maskwright.detectors.Detector",
        )
    return detector
