"""What looks edited in one picture, in a sentence, a mask and numbered regions."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from maskwright.detectors import DEFAULT, Detector, load_detector
from maskwright.detectors.findings import Threshold, card_facts, judge, limits, sentences, threshold_of
from maskwright.masks.files import write_all
from maskwright.masks.scores import stored_levels
from maskwright.pages.comparison import Side
from maskwright.pages.detection import DetectionView, detection_page
from maskwright.pages.images import png_of
from maskwright.pages.overlay import Region, draw_overlay
from maskwright.pairs.filefacts import FileFacts, file_facts
from maskwright.pairs.grid import check_same_grid
from maskwright.pairs.opening import name_of, refused
from maskwright.pairs.picture import MAX_PIXELS, Decoded, encode_png, read_picture
from maskwright.pairs.values import Card, ChangeMap, Detection, Mask, Picture, PictureLike

JSON_VERSION = 1
"""Of the object that `Detected.as_dict` gives; a key that goes or changes its meaning raises it."""

LEAST_SIDE_PX = 16
"""Two blocks of JPEG; in less there is nothing that one part could differ from."""


@dataclass(frozen=True, slots=True)
class Detected:
    """What `detect` found.

    Args:
        finding: a key of `maskwright.detectors.findings.FINDINGS`.
        sentence: the finding for people, with how often its threshold is wrong.
        score: 0..1, of the whole picture; higher = rather edited.
        threshold: from which score on a picture counts as edited.
        mask: (H, W) bool, `map >= 0.5`; may have pixels although nothing was found.
        map: (H, W) float32 in 0..1, higher = rather edited.
        regions: connected regions of the mask, largest first; empty where nothing was found.
        scores: of mask and map, by the names of `maskwright.masks.scores.OF_SHAPE`.
        card: of the detector.
        asked: the name or file the detector was asked for by; empty for the thing itself.
        picture: (H, W, 3) uint8, as read.
        read: what decoding did beyond the plain case, comma-separated.
        name: what the picture was called; empty for one that has no name.
        file: what the file is and says of itself; None for a picture without a file.
    """

    finding: str
    sentence: str
    score: float
    threshold: Threshold
    mask: Mask
    map: ChangeMap
    regions: tuple[Region, ...]
    scores: Mapping[str, float | None]
    card: Card
    asked: str
    picture: Picture
    read: str
    name: str
    file: FileFacts | None

    def overlay(self) -> Picture:
        """The picture with the regions outlined and numbered, (H, W, 3) uint8; plain without a finding."""
        return draw_overlay(self.picture, self.mask, self.regions) if self.regions else self.picture.copy()

    def as_dict(self) -> dict[str, Any]:
        """All but the pictures as plain values; a key that goes or changes its meaning raises `version`."""
        height, width = self.mask.shape
        return {
            "version": JSON_VERSION,
            "picture": self.name,
            "finding": self.finding,
            "sentence": self.sentence,
            "width": width,
            "height": height,
            "score": self.score,
            "score_threshold": self.threshold.score,
            "false_alarms": self.threshold.false_alarms,
            **self.scores,
            "regions": [asdict(region) for region in self.regions],
            "detector": self.card.name,
            "detector_version": self.card.version,
            "detector_digest": self.card.digest,
            "picture_read": self.read,
        }

    def to_html(self, *, command: str = "") -> str:
        """A page about it, one file: the sentence, picture and map, crops of the regions, the card, limits.

        Args:
            command: what was typed to make it, for the foot of the page.
        """
        return detection_page(
            DetectionView(
                sentence=self.sentence,
                picture=self.picture,
                map=self.map,
                mask=self.mask,
                regions=self.regions,
                components=int(self.scores["components"] or 0) if self.regions else 0,
                side=Side(self.name, self.file, self.read),
                card=card_facts(self.card, self.threshold),
                limits=limits(self.card, self.threshold),
                command=command,
            )
        )

    def save(self, folder: str | PathLike[str]) -> None:
        """Write detect.html, mask.png, map.png, overlay.png and detect.json, all of them or none.

        Raises:
            RunError: other files of these names are there, or the folder cannot be written.
        """
        told = json.dumps(self.as_dict(), indent=2, ensure_ascii=False) + "\n"
        write_all(
            Path(folder),
            {
                "detect.html": self.to_html(command=_command(self, folder)).encode(),
                "mask.png": encode_png(self.mask),
                "map.png": encode_png(stored_levels(self.map)),
                "overlay.png": self._repr_png_(),
                "detect.json": told.encode("utf-8", "backslashreplace"),  # names that are no UTF-8
            },
        )

    def _repr_png_(self) -> bytes:
        return png_of(self.overlay())


def detect(
    picture: PictureLike, detector: str | Detector = DEFAULT, *, max_pixels: int = MAX_PIXELS
) -> Detected:
    """What looks edited in one picture, where, and how often such a finding is wrong.

    Args:
        picture: path, bytes, Pillow image, or uint8 array.
        detector: a name, the path of an .onnx file beside its card, `package.module:Class`, or the thing
            itself.
        max_pixels: larger pictures are refused.

    Returns:
        Detected. That nothing was found is an answer, too.

    Raises:
        InputError: the picture cannot be read or is too small; `reason` is a key of `REASONS`.
        SettingError, MissingExtraError: there is no such detector.
    """
    loaded = load_detector(detector) if isinstance(detector, str) else detector
    decoded, name = read_picture(picture, max_pixels=max_pixels), name_of(picture)
    detection = look(decoded, loaded, name or "the picture")
    threshold = threshold_of(loaded.card)
    judged = judge(detection, threshold)
    return Detected(
        finding=judged.finding,
        sentence=" ".join(sentences(judged, detection.score, threshold)),
        score=detection.score,
        threshold=threshold,
        mask=judged.mask,
        map=detection.map,
        regions=judged.regions,
        scores=judged.scores,
        card=loaded.card,
        asked=detector if isinstance(detector, str) else "",
        picture=decoded.pixels,
        read=",".join(decoded.done),
        name=name,
        file=None if decoded.data is None else file_facts(decoded.data),
    )


def look(decoded: Decoded, detector: Detector, name: str) -> Detection:
    """A detector's answer on a picture that was read, checked.

    Raises:
        InputError: the picture is too small to be looked at alone.
        GridError: the detector's map is not on the picture's grid.
    """
    height, width = decoded.pixels.shape[:2]
    if min(height, width) < LEAST_SIDE_PX:
        raise refused("too_small", name, f"{width}x{height} pixels, each side needs {LEAST_SIDE_PX}")
    detection = detector.detect(decoded.pixels)
    check_same_grid(picture=decoded.pixels, map=detection.map)
    return detection


def _command(detected: Detected, folder: str | PathLike[str]) -> str:
    """The line that makes the page; empty where picture or detector have no name."""
    if not (detected.name and detected.asked):
        return ""
    options = [] if detected.asked == DEFAULT else [f"--detector={detected.asked}"]
    dashed = ["--"] if detected.name.startswith("-") else []
    # the folder's own name: one detection has one page, however its place is spelt
    out = f"--out={Path(folder).name or '.'}"
    return shlex.join(["maskwright", "detect", out, *options, *dashed, detected.name])
