"""The values every room speaks in: pictures, pairs, alignments, changes, annotations.

Frozen, checked once, without behaviour. Arrays are numpy, colours are RGB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError
from maskwright.pairs.grid import check_same_grid

if TYPE_CHECKING:
    from PIL.Image import Image

Picture: TypeAlias = NDArray[np.uint8]
"""(H, W, 3) uint8, sRGB, RGB order."""
Mask: TypeAlias = NDArray[np.bool_]
"""(H, W) bool, True = edited, on the edited picture's grid."""
ChangeMap: TypeAlias = NDArray[np.float32]
"""(H, W) float32 in 0..1: probability that the pixel was edited."""

REASONS: dict[str, str] = {
    "": "",
    # rejected: the input has no answer
    "file_missing": "the picture file is not there or may not be read",
    "file_empty": "the file has no bytes",
    "not_a_picture": "the file is not a picture in a format that is read here",
    "truncated": "the picture file ends early or is damaged",
    "too_large": "the picture has more pixels than allowed",
    "too_small": "the picture has too few pixels to look for edits in it alone",
    "needs_heif": "HEIC pictures need an extra: pip install 'maskwright[heif]'",
    "remote_not_allowed": "the picture is a URL, and remote pictures are not fetched",
    "no_picture": "the row has no picture in one of its two places",
    "unmatched": "a file has no partner that makes it a pair",
    "ambiguous": "more than one file could be the partner",
    "bad_row": "the row of the table cannot be read",
    "skipped": "what is known of this corpus says to leave the row out",
    "bad_mask": "the known mask cannot be read or does not fit its picture",
    "unrelated": "the two pictures are not the same photograph, and no shared object was found",
    # failed: we broke, or the machine did; may be retried
    "worker_died": "the process that worked on the pair died twice",
    "timed_out": "the pair took longer than allowed",
    "remote_failed": "a file at a distance could not be fetched; the network or its server failed",
    "internal_error": "maskwright broke on this pair; please report it",
}
"""The closed list of reasons for rejected and failed pairs, a sentence each."""

STATUSES = ("ok", "rejected", "failed")

VERDICTS: dict[str, str] = {
    "identical_file": "The two files are the same, byte for byte.",
    "same_pixels": "The files differ, but every pixel is the same.",
    "different_photograph": "These are different photographs, and no shared object was found.",
    "object_taken": "Only an object was taken from the original; the rest is another photograph.",
    "whole_picture": "Nearly the whole picture was changed.",
    "local_edit": "Part of the picture was changed.",
    "geometry_only": "The picture was moved, cropped, turned or mirrored, and nothing else was found.",
    "tone_only": "Brightness or colour changed over the whole picture, and nothing else was found.",
    "resaved": "Saved again or resized; the differences are no larger than that explains.",
    "undecided": "There is more difference than noise explains, but no region stands out.",
}
"""What was found, first match wins, with its sentence for people."""

GEOMETRIES = ("identity", "resized", "shifted", "cropped", "similarity", "affine", "mirrored", "unrelated")
BACKGROUNDS = ("identical", "resaved", "regenerated", "redrawn")
GROUPS = ("shared-probe", "shared-donor", "unrelated")
"""MIML's relation of a pair: a changed copy of the same photograph, only an object taken from it, neither."""
DONOR = "donor"
"""The layer of what was taken, on the ORIGINAL's grid."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture file's bytes, and the key by which they can be found again.

    Keys: `path`, `file.parquet#row:column`, `shard.tar#member`.
    """

    data: bytes
    key: str


@dataclass(frozen=True, slots=True)
class Located:
    """A picture file on disk, and the key (path relative to its source) it is known by."""

    path: str
    key: str


@dataclass(frozen=True, slots=True)
class Linked(Located):
    """A picture at a URL, `path`, that may be fetched; the key is the URL, or relative to its source."""


PictureLike: TypeAlias = "str | PathLike[str] | bytes | Encoded | Located | Image | NDArray[Any]"


@dataclass(frozen=True, slots=True)
class RuledMask:
    """A mask of a published corpus, whose meaning is known beforehand; opened only when needed.

    Args:
        picture: where it is stored.
        rule: which of its pixels are edited, as `maskfile.ruled` takes it; empty: by the general rules.
        fit: a key of `maskfile.FITS`: what to do where its size is not its picture's.
    """

    picture: Encoded | Located
    rule: str = ""
    fit: str = "same"


MaskLike: TypeAlias = "PictureLike | RuledMask"


@dataclass(frozen=True, slots=True)
class Shape:
    """A region in numbers, as its source writes it: a box or run lengths; `region.read_region` reads it."""

    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Original and edited, and what the source says of them.

    Args:
        id: unique by construction within its source.
        original, edited: path, bytes, PIL image or array; opened only when needed.
        instruction: the words the editor was given.
        region: where the edit was meant to be, on the edited picture's grid.
        mask: the known truth; never shown to an annotator.
        columns: all other columns of the source.
    """

    id: str
    original: PictureLike
    edited: PictureLike
    instruction: str | None = None
    region: PictureLike | Shape | None = None
    mask: MaskLike | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.id:
            raise InputError("a pair needs an id that is not empty")


LABELS = {
    "authentic": "A photograph nobody edited; without a mask nothing is edited.",
    "forged": "Part of it was edited; without a mask nobody says which part.",
    "synthetic": "All of it was generated; without a mask all of it counts as edited.",
}
"""What a labelled picture is, and what it means that it has no mask."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture of a labelled test set: what it is, and which part of it was edited.

    Args:
        id: unique by construction within its set.
        picture: opened only when needed.
        mask: on the picture's grid once `maskfile.fitted_mask` has read it; None where the set has none.
        label: a key of `LABELS`.
        columns: what else the set says of it.
    """

    id: str
    picture: Encoded | Located
    mask: RuledMask | None
    label: str
    columns: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.id:
            raise InputError("a labelled picture needs an id that is not empty")
        if self.label not in LABELS:
            raise InputError(f"{self.label!r} is not a known label")


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that cannot become a pair: its id, a key of `REASONS`, and what was seen."""

    id: str
    reason: str
    detail: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.reason not in REASONS:
            raise InputError(f"{self.reason!r} is not a known reason")


@dataclass(frozen=True, slots=True)
class Geometry:
    """How the original lies on the edited picture's grid.

    Args:
        kind: one of `GEOMETRIES`.
        matrix: (3, 3) float64; takes (x, y, 1) of the edited picture to the original,
            both in pixels of their own grid, pixel centres at whole numbers.
        residual_px: what misalignment is left, in pixels of the edited grid; NaN if not measured.
    """

    kind: str
    matrix: NDArray[np.float64]
    residual_px: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in GEOMETRIES:
            raise InputError(f"{self.kind!r} is not a known kind of geometry")


@dataclass(frozen=True, slots=True)
class Tone:
    """The global tone change taken out of the original: gain * value + offset, per channel.

    Args:
        gain: (3,) float64, no unit; ones where no fit was accepted.
        offset: (3,) float64, grey levels; zeros where no fit was accepted.
    """

    gain: NDArray[np.float64] = field(default_factory=lambda: np.ones(3))
    offset: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))

    @property
    def is_identity(self) -> bool:
        return bool(np.all(self.gain == 1) and np.all(self.offset == 0))


@dataclass(frozen=True, slots=True)
class Aligned:
    """The two pictures on the edited picture's grid.

    Args:
        original: (H, W, 3) uint8, warped and tone-fitted.
        edited: (H, W, 3) uint8, untouched.
        valid: (H, W) bool, where the original has a pixel.
        unlaid: (H0, W0, 3) uint8, the original as it was read; None where nobody kept it.
    """

    original: Picture
    edited: Picture
    valid: Mask
    geometry: Geometry
    tone: Tone = field(default_factory=Tone)
    unlaid: Picture | None = None

    def __post_init__(self) -> None:
        check_same_grid(original=self.original, edited=self.edited, valid=self.valid)


@dataclass(frozen=True, slots=True)
class Hint:
    """What an annotator may know beside the pictures."""

    instruction: str | None = None
    region: Mask | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What an annotator returns for one pair.

    Args:
        map: (H, W) float32 in 0..1; the mask is `map >= 0.5`.
        ignore: (H, W) bool, nobody can say; or None.
        layers: further (H, W) float32 maps by name; `DONOR` alone lies on the original's grid as it was read.
        scores: figures of the annotator's own, by column name; `noise_floor` in grey levels
            and `background` travel here under their names of design.
        group: one of `GROUPS`; None where the annotator does not say.
        background: one of `BACKGROUNDS`; None where the annotator does not say.
        grounding: what told it where the edit was meant to be; None where nothing did.
        aligned: the pair as the annotator laid it anew; None: as it was given.
    """

    map: ChangeMap
    ignore: Mask | None = None
    layers: Mapping[str, ChangeMap] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    group: str | None = None
    background: str | None = None
    grounding: str | None = None
    aligned: Aligned | None = None

    def __post_init__(self) -> None:
        if self.map.dtype != np.float32 or self.map.ndim != 2:
            raise InputError(f"a change map is (H, W) float32, not {self.map.shape} {self.map.dtype}")
        on_grid = {name: layer for name, layer in self.layers.items() if name != DONOR}
        check_same_grid(map=self.map, ignore=self.ignore, **on_grid)


@dataclass(frozen=True, slots=True)
class Detection:
    """What a detector says of one picture.

    Args:
        map: (H, W) float32 in 0..1, higher = rather edited; the mask is `map >= 0.5`. No probability unless
            the detector is calibrated.
        score: 0..1, of the whole picture; higher = rather edited.
    """

    map: ChangeMap
    score: float

    def __post_init__(self) -> None:
        if self.map.dtype != np.float32 or self.map.ndim != 2:
            raise InputError(f"a detection's map is (H, W) float32, not {self.map.shape} {self.map.dtype}")
        if not 0 <= self.score <= 1:
            raise InputError(f"a detection's score is {self.score}, expected 0..1")


@dataclass(frozen=True, slots=True)
class Annotation:
    """What a pair becomes: a mask or a reason.

    Args:
        id: the pair's.
        status: ok, rejected or failed.
        reason: a key of `REASONS`; empty when ok.
        detail: what was seen, for people; empty when ok.
        verdict: a key of `VERDICTS`; empty unless ok or rejected as unrelated.
        grounding: what told where the edit was meant to be: `region` where one was given, else what the
            annotator says; None where nothing did.
        width, height: of the edited picture; 0 when it could not be read.
        change: (H, W) float32 in 0..1, or None.
        mask: (H, W) bool, `change >= 0.5`, or None.
        ignore: (H, W) bool, or None.
        layers: further maps by name.
        scores: columns by name, see docs/reference/columns.md; None = not known.
        original_read, edited_read: what decoding did beyond the plain case, comma-separated.
        original_phash: `phash` of the original, 16 hex digits; None where it could not be read.
        descriptor: `describe` of the original, 64 bytes; None where it could not be read.
        edited_descriptor: the same of the edited picture; None where either could not be read.
        action, original_concept, edited_concept: what the instruction asks for, see
            `pairs.instruction.parse`; None without an instruction.
    """

    id: str
    status: str
    reason: str = ""
    detail: str = ""
    verdict: str = ""
    group: str | None = None
    background: str | None = None
    grounding: str | None = None
    geometry: Geometry | None = None
    tone: Tone | None = None
    width: int = 0
    height: int = 0
    change: ChangeMap | None = None
    mask: Mask | None = None
    ignore: Mask | None = None
    layers: Mapping[str, ChangeMap] = field(default_factory=dict)
    scores: Mapping[str, float | None] = field(default_factory=dict)
    original_read: str = ""
    edited_read: str = ""
    original_phash: str | None = None
    descriptor: bytes | None = None
    edited_descriptor: bytes | None = None
    action: str | None = None
    original_concept: str | None = None
    edited_concept: str | None = None

    def __post_init__(self) -> None:
        if self.status not in STATUSES or self.reason not in REASONS:
            raise InputError(f"status {self.status!r} with reason {self.reason!r} is not known")
        if self.verdict and self.verdict not in VERDICTS:
            raise InputError(f"{self.verdict!r} is not a known verdict")


@dataclass(frozen=True, slots=True)
class Card:
    """What an annotator or a network is, so that a mask can be traced to it.

    Args:
        digest: sha256 (hex) of the weights, or of the constants for a method without weights.
        layers: names of further maps it yields.
    """

    name: str
    version: str
    digest: str
    training_data: str = ""
    licence: str = "Apache-2.0"
    layers: tuple[str, ...] = ()
    constants: Mapping[str, float] = field(default_factory=dict)
