"""Values of this room: an entry to be written, a record that was read, and what a dataset was built from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from maskwright.pairs.values import Mask, MaskLike, PictureLike

SPLITS = ("train", "val", "test")
"""Parts of a dataset that share no photograph, in the order in which they are written."""

REGENERATIONS = {
    "keep": "Edited pictures are as the editor gave them, also outside the mask.",
    "paste-back": "Outside the mask the edited picture is the original; only the mask holds edited pixels.",
}
"""What becomes of pixels that a generator touched outside the edit."""

RESTRICTED = {
    "refuse": "nothing is written",
    "leave-out": "such rows are left out",
    "include": "you answer for it: such rows are written",
}
"""What to do about rows that nothing allows to pass on."""


Progress = Callable[[str, int, int], None]
"""Called now and then, in the caller's thread: (what is done, how many, of how many)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A picture file: its bytes and its suffix, `.png` or `.jpg`."""

    data: bytes
    suffix: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture of a dataset, ready to be written.

    Args:
        stem: its name: digits only, of one length in the whole dataset, so that names sort as rows do.
        split: one of `SPLITS`.
        label: forged or authentic.
        picture: what a detector is shown; None in a dataset of masks only.
        original: the picture before the edit, on the same grid; None for authentic ones, and where the
            format asks for none.
        mask: (H, W) bool, True = edited; all False for authentic ones.
        ignore: (H, W) bool, or None where everything is known.
        row: the columns of `ROW` but `files`.
    """

    stem: str
    split: str
    label: str
    picture: Stored | None
    original: Stored | None
    mask: Mask
    ignore: Mask | None
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One picture of a dataset as it was found; nothing is decoded or known to be right.

    Args:
        id: what people find it by: a relative path, or file and row.
        split: empty where the dataset has none.
        label: forged or authentic; None where the dataset does not say.
        picture, original, mask, ignore: None where there is none.
        row: further columns.
    """

    id: str
    split: str
    label: str | None
    picture: PictureLike | None
    original: PictureLike | None = None
    mask: MaskLike | None = None
    ignore: PictureLike | None = None
    row: Mapping[str, Any] = field(default_factory=dict)


FILE = pa.struct(
    [("role", pa.string()), ("path", pa.string()), ("bytes", pa.int64()), ("sha256", pa.string())]
)
"""A picture, mask or map as it is in the dataset; `path` is relative to it, `shard#member` inside a shard."""

ROW: dict[str, tuple[pa.DataType, str]] = {
    "stem": (pa.string(), "The picture's name in this dataset, digits only."),
    "split": (pa.string(), "train, val or test; no photograph is in two."),
    "label": (pa.string(), "forged: part of it was edited. authentic: a photograph nobody edited."),
    "id": (pa.string(), "The pair it comes from, unique in its source."),
    "source": (
        pa.string(),
        "Where the pairs came from: a published corpus by name, else the file or folder.",
    ),
    "original": (pa.string(), "Where the picture before the edit is in the source."),
    "edited": (pa.string(), "Where the picture after the edit is in the source."),
    "original_sha256": (pa.string(), "Of the original's file in the source."),
    "edited_sha256": (pa.string(), "Of the edited picture's file in the source; null for authentic ones."),
    "photograph": (pa.int64(), "Pictures with the same number show the same photograph, or near-duplicates."),
    "instruction": (pa.string(), "The words the editor was given."),
    "width": (pa.int32(), "Pixels of the picture here."),
    "height": (pa.int32(), "Pixels of the picture here."),
    "regeneration": (pa.string(), "keep or paste-back: what the pixels outside the mask are."),
    "area_frac": (pa.float64(), "Share of the picture that is edited, 0 for authentic ones."),
    "qes": (pa.float64(), "Share of the change map that is certain (MIML's quality score)."),
    "confidence": (pa.float64(), "Calibrated probability that the mask's IoU is at least 0.7."),
    "verdict": (pa.string(), "What was found in the pair."),
    "background": (pa.string(), "How the pixels outside compared: identical, resaved, regenerated, redrawn."),
    "kind": (pa.string(), "How the original lay on the edited picture's grid."),
    "annotator": (pa.string(), "What made the mask."),
    "annotator_digest": (pa.string(), "sha256 of its weights or constants."),
    "licence": (pa.string(), "Terms of the picture, as its source states them."),
    "redistribute": (pa.string(), "What may be passed on: pictures, masks or nothing."),
    "columns": (pa.string(), "All further columns of the source, as a JSON object."),
    "files": (pa.list_(FILE), "What was written of it, with sizes and checksums."),
}
"""Columns of `provenance/*.parquet`: name -> type and a sentence for people. Formats' own tables have
these, but for `files`, `stem` and `split` where the format says those in another way."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a dataset takes from one corpus.

    Args:
        out: name of the folder that annotate wrote, or of a dataset of masks that is joined again.
        digest: of the parts the rows were selected from.
        source: as in `ROW`.
        roles: the options that say how the source is read, as annotate was given them.
        selection: its name.
        conditions: SQL, all of which held.
        threshold: level of the change map from which on a pixel is edited; 0.5 unless selected otherwise.
        funnel: what happened to its rows, in order: (what, rows left after it).
    """

    out: str
    digest: str
    source: str
    roles: tuple[str, ...]
    selection: str
    conditions: tuple[str, ...]
    threshold: float
    funnel: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Built:
    """build.json: what a dataset was made from and how; the same gives the same bytes.

    Args:
        name: of the dataset.
        format: a name of `formats.FORMATS`.
        taken: a corpus each.
        fractions: share of train, val, test.
        authentic: authentic pictures for each forged one, as asked for.
        regeneration: a key of `REGENERATIONS`.
        encoding: how pictures are stored, in words: png, or jpeg 95.
        restricted: a key of `RESTRICTED`.
        licence: of the dataset as a whole, as its maker says; empty where not said.
        excluded: (source of test pictures, rows kept out because of it).
        photographs: the originals of corpora of which nobody knows are photographs, its maker says.
        versions: of this package and of the libraries that decode and encode.
        plan: sha256 of the table of which row goes where under which name.
        rows: in all splits, as planned; what could not be read is in left_out.parquet.
        files: how many files, and `bytes`, were announced.
        command: what to type to make it again.
    """

    name: str
    format: str
    taken: tuple[Taken, ...]
    fractions: tuple[float, float, float]
    seed: int
    authentic: float
    regeneration: str
    encoding: str
    restricted: str
    licence: str
    excluded: tuple[tuple[str, int], ...]
    photographs: bool
    versions: Mapping[str, str]
    plan: str
    rows: int
    files: int
    bytes: int
    command: str
