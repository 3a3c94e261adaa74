"""One record: read its picture, original and mask, and say what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from maskwright.corpus.inspect.checks.masks import LEAST_AREA, WHOLE
from maskwright.datasets.check.changes import better_reading, turned_back
from maskwright.datasets.check.masks import (
    StoredMask,
    area_defect,
    looks_inverted,
    size_defect,
    storage_defect,
    stored_mask,
)
from maskwright.datasets.check.seen import Read, Seen, look_of, marked, read_side, way_of
from maskwright.datasets.check.sides import swapped_odds
from maskwright.datasets.check.values import Defect
from maskwright.datasets.values import Record
from maskwright.errors import InputError
from maskwright.masks.annotators import Annotator
from maskwright.pairs.align import align
from maskwright.pairs.filefacts import file_facts
from maskwright.pairs.values import Change, Hint, Mask, PictureLike

LOST = "the process that read it was lost"
"""Column of a record whose files ended a worker; it holds how."""


@dataclass(slots=True)
class _Row:
    """What was found of a record so far."""

    record: Record
    defects: list[Defect] = field(default_factory=list)

    def add(self, kind: str, detail: str = "", cure: str = "") -> None:
        self.defects.append(Defect(self.record.id, self.record.split, kind, detail, cure))


def look_at(record: Record, annotator: Annotator, *, max_pixels: int, pictures: bool = True) -> Seen:
    """Look at a record; nothing it can hold is raised.

    Args:
        annotator: measures the change where there is an original.
        pictures: the dataset has pictures; False for one of masks only.
    """
    row = _Row(record)
    picture = _picture(row, record.picture, "picture", max_pixels) if pictures else None
    original = None
    if record.original is not None:
        original = _picture(row, record.original, "original", max_pixels)
    stored = _mask(row, max_pixels)
    label = record.label or ""
    forged = label == "forged" or (not label and stored is not None and bool(stored.mask.any()))
    compared, odds, fits = False, 0.0, ""
    if stored is not None:
        compared, odds, fits = _judge(row, stored, picture, original, annotator)
    return Seen(
        id=record.id,
        split=record.split,
        label=label,
        forged=forged,
        compared=compared,
        picture=None if picture is None else look_of(picture),
        original=None if original is None else look_of(original),
        marked=b"" if stored is None else marked(stored.mask),
        ways=_ways(picture, original),
        odds=odds,
        fits=fits,
        defects=tuple(row.defects),
    )


def _ways(picture: Read | None, original: Read | None) -> tuple[str, str] | tuple[()]:
    if picture is None or original is None:
        return ()
    return way_of(file_facts(original.data)), way_of(file_facts(picture.data))


def _picture(row: _Row, stored: PictureLike | None, role: str, max_pixels: int) -> Read | None:
    if stored is None:
        lost = row.record.row.get(LOST)
        row.add("picture_unreadable" if lost else "picture_missing", str(lost or "there is no file"))
        return None
    try:
        read = read_side(stored, max_pixels=max_pixels)
    except InputError as error:
        missing = role == "picture" and error.reason == "file_missing"
        row.add("picture_missing" if missing else f"{role}_unreadable", str(error))
        return None
    if role == "picture" and (turned := [step for step in read.done if step.startswith("exif_orientation")]):
        row.add("orientation_tag", f"EXIF orientation {turned[0].rpartition('_')[2]}")
    return read


def _mask(row: _Row, max_pixels: int) -> StoredMask | None:
    record = row.record
    if record.mask is None:
        if record.label == "forged":
            row.add("mask_missing", "there is no file")
        return None
    try:
        return stored_mask(record.mask, max_pixels=max_pixels)
    except InputError as error:
        missing = error.reason == "file_missing" or (
            isinstance(error.__cause__, InputError) and error.__cause__.reason == "file_missing"
        )
        row.add("mask_missing" if missing else "mask_unreadable", str(error))
        return None


def _judge(
    row: _Row, stored: StoredMask, picture: Read | None, original: Read | None, annotator: Annotator
) -> tuple[bool, float, str]:
    """Whether the mask was set against the change; log odds that the sides are exchanged; `Seen.fits`."""
    mask, label = stored.mask, row.record.label or ""
    if found := storage_defect(stored):
        row.add(*found, "stored" if found[0] != "mask_inverted" else "ruled")
    change = None
    if picture is not None and original is not None and label != "authentic":
        if picture.pixels.shape == original.pixels.shape and np.array_equal(picture.pixels, original.pixels):
            if mask.any() or label == "forged":
                row.add("nothing_edited", "equal pixels")
            return True, 0.0, ""
        change = _measured(original, picture, annotator)
    if picture is not None and mask.shape != picture.pixels.shape[:2]:
        return False, 0.0, _other_size(row, mask, picture, original, change)
    differ = picture is not None and original is not None and original.size != picture.size
    fits = "picture" if differ else ""
    whole = change is not None and float((change.map >= 0.5).mean()) >= WHOLE
    if found := area_defect(mask, label, whole=whole or bool(row.record.row.get("whole_frame"))):
        # a mask that is nearly full may be a small one, inverted
        if found[0] != "mask_full" or change is None or not _reads_better(row, mask, change):
            row.add(*found)
        return change is not None, 0.0, fits
    if change is None:
        if row.record.original is None and label != "authentic" and looks_inverted(mask):
            row.add("mask_maybe_inverted", f"{mask.mean():.0%} of the picture are marked")
        return False, 0.0, fits
    return True, _against(row, mask, change, picture, original), fits


def _other_size(row: _Row, mask: Mask, picture: Read, original: Read | None, change: Change | None) -> str:
    """Say how a mask of another size fits; gives `Seen.fits`."""
    size = (mask.shape[1], mask.shape[0])
    kind, detail, cure = size_defect(size, picture.size)
    if kind == "mask_turned" and change is not None:
        cure = turned_back(mask, change.map)
    if original is not None and size == original.size:
        row.add(kind, f"{detail}; it has the original's size", cure)
        return "original"
    row.add(kind, detail, cure)
    return "other"


def _measured(original: Read, picture: Read, annotator: Annotator) -> Change | None:
    """The change of a pair; None where the two are no pair or cannot be compared."""
    # OpenCV's estimators draw from one generator a thread: no row may depend on those before it.
    cv2.setRNGSeed(0)
    aligned = align(original.pixels, picture.pixels)
    if aligned.geometry.kind == "unrelated":
        return None
    (change,) = annotator.annotate([aligned], [Hint()])
    return change


def _against(row: _Row, mask: Mask, change: Change, picture: Read | None, original: Read | None) -> float:
    """Set the mask against the change; gives the log odds that the sides are exchanged."""
    if not mask.any():
        area = float((change.map >= 0.5).mean())
        if area >= LEAST_AREA:
            row.add("mask_empty", f"{area:.1%} of the picture changed")
        return 0.0
    if (
        _reads_better(row, mask, change)
        or picture is None
        or original is None
        or picture.pixels.shape != original.pixels.shape
    ):
        return 0.0
    return swapped_odds(picture.pixels, original.pixels, mask)


def _reads_better(row: _Row, mask: Mask, change: Change) -> bool:
    """Whether the mask fits the change better in another reading; that is then its defect."""
    better = better_reading(mask, change.map, redrawn=change.background == "redrawn")
    if better is None:
        return False
    told = f"fits the change {better.fit:.2f}, as it is {better.as_is:.2f} (soft IoU)"
    row.add(better.kind, f"{better.cure}: {told}", better.cure)
    return True
