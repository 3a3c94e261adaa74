"""One entry after the other: pictures decoded, laid on one grid, stored again in one kind of container."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwright.datasets.building.plan import FORGED, PlanRow, windows
from maskwright.datasets.building.supply import Raw, Supply
from maskwright.datasets.selecting.threshold import REFUSED
from maskwright.datasets.shortcuts.containers import Encoding, counterpart, encode, on_grid, paste_back
from maskwright.datasets.values import Entry, Stored
from maskwright.errors import InputError, RunError
from maskwright.masks.scores import mask_at
from maskwright.pairs.opening import read_bytes
from maskwright.pairs.picture import decode_grey, read_picture
from maskwright.pairs.values import Mask, Picture, PictureLike

CHANGED, UNCOVERED = "changed", "uncovered"

LEFT_OUT = {
    CHANGED: "a picture is another one than when the mask was made",
    UNCOVERED: "the original does not reach where it would have to be pasted back",
}
"""Why a row became no entry, beside the reasons for rejected pairs (`pairs.values.REASONS`)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What entries are made for.

    Args:
        roles: of the format.
        needs_original: a forged picture without one is of no use.
        regeneration: a key of `values.REGENERATIONS`.
        max_pixels: width times height of a picture, at most.
    """

    roles: tuple[str, ...]
    needs_original: bool
    regeneration: str
    encoding: Encoding
    max_pixels: int

    @property
    def pictures(self) -> bool:
        return "picture" in self.roles

    @property
    def originals(self) -> bool:
        """Whether those of forged rows are opened: always where there are only masks, for their checksums."""
        return not self.pictures or "original" in self.roles or self.regeneration == "paste-back"


@dataclass(frozen=True, slots=True)
class Left:
    """A row that became no entry: why (a key of `REASONS` or `LEFT_OUT`), and what was seen."""

    id: str
    source: str
    reason: str
    detail: str


def entries(
    planned: Sequence[PlanRow],
    supplies: Sequence[Supply],
    wanted: Wanted,
    *,
    beat: Callable[[str], None],
    left: Callable[[Left], None],
) -> Iterator[Entry]:
    """The entries of a shard, one at a time; pictures of one are in memory, and files of its neighbours.

    Args:
        planned: rows of the plan, by stem.
        supplies: of every corpus, in the plan's order.
        beat: told the id of a row before it is made.
        left: told the rows that become no entry.
    """
    for window in windows(planned):
        found: dict[str, Raw] = {}
        for number, supply in enumerate(supplies):
            rows = [row for row in window if row["corpus"] == number]
            found |= {raw.planned["stem"]: raw for raw in supply.rows(rows, originals=wanted.originals)}
        for row in window:
            raw = found.pop(row["stem"])
            beat(row["id"])
            try:
                entry = make_entry(raw, wanted)
            except InputError as fault:
                # without a reason there is one fault only: a side that is too long for a JPEG
                left(Left(row["id"], raw.row["source"], fault.reason or "too_large", str(fault)))
            else:
                yield entry


def make_entry(raw: Raw, wanted: Wanted) -> Entry:
    """Make one entry.

    Raises:
        InputError: a picture is missing, cannot be read, or is another one than when the mask was made.
    """
    if raw.fault is not None:
        raise raw.fault
    row = dict(raw.row)
    size = (row["height"], row["width"])
    forged = raw.planned["label"] == FORGED
    mask = _mask(raw) if forged else np.zeros(size, np.bool_)
    if mask.shape != size:
        raise InputError(
            f"the mask is {mask.shape[1]}x{mask.shape[0]}, not {size[1]}x{size[0]}", reason=CHANGED
        )
    if forged and raw.threshold is not None:
        # what was found of the mask at 0.5 is not known of this one
        row |= {name: None for name in REFUSED if name in row}
        row["area_frac"] = float(mask.mean())
    row["regeneration"] = wanted.regeneration if forged else None
    picture: Stored | None = None
    original: Stored | None = None
    if not wanted.pictures:
        for role, given in (("original", raw.original), ("edited", raw.edited)):
            if given is not None:
                _checked(row, role, read_bytes(given, max_pixels=wanted.max_pixels))
    elif forged:
        picture, original = _forged(raw, row, mask, wanted)
    else:
        pixels = _read(row, "original", raw.original, wanted)
        picture = encode(counterpart(pixels, width=row["width"], height=row["height"]), wanted.encoding)
    return Entry(
        stem=row["stem"],
        split=row["split"],
        label=row["label"],
        picture=picture,
        original=original,
        mask=mask,
        ignore=_grey(raw.ignore) >= 128 if forged and raw.ignore is not None else None,
        row=row,
    )


def _forged(raw: Raw, row: dict[str, Any], mask: Mask, wanted: Wanted) -> tuple[Stored, Stored | None]:
    """The edited picture and, where it is wanted, the original on its grid."""
    edited = _read(row, "edited", raw.edited, wanted)
    if edited.shape[:2] != mask.shape:
        raise InputError(
            f"the edited picture is {edited.shape[1]}x{edited.shape[0]},"
            f" its mask was made for {row['width']}x{row['height']}",
            reason=CHANGED,
        )
    # only an object was taken from such an original: it lies on another grid, or on none
    elsewhere = row["kind"] == "unrelated" and not wanted.needs_original
    if elsewhere or not wanted.originals:
        return encode(edited, wanted.encoding), None
    laid, valid = on_grid(_read(row, "original", raw.original, wanted), edited)
    if wanted.regeneration == "paste-back":
        try:
            edited = paste_back(laid, valid, edited, mask)
        except InputError as fault:
            raise InputError(str(fault), reason=UNCOVERED) from fault
    kept = encode(laid, wanted.encoding) if "original" in wanted.roles else None
    return encode(edited, wanted.encoding), kept


def _mask(raw: Raw) -> Mask:
    if raw.mask is None:
        raise RunError(f"{raw.row['id']} of {raw.row['source']} has no mask", hint="select again, then build")
    levels = _grey(raw.mask)
    return levels >= 128 if raw.threshold is None else mask_at(levels, raw.threshold)


def _grey(data: bytes) -> NDArray[np.uint8]:
    try:
        return decode_grey(data)
    except InputError as fault:
        raise RunError(f"a stored map is damaged: {fault}", hint="annotate that part again") from fault


def _read(row: dict[str, Any], role: str, picture: PictureLike | None, wanted: Wanted) -> Picture:
    """The pixels; the checksum of the file goes into the row, or must be the one that is there."""
    if picture is None:
        raise InputError(f"the row has no {role} picture", reason="no_picture")
    decoded = read_picture(picture, max_pixels=wanted.max_pixels)
    if decoded.data is not None:
        _checked(row, role, decoded.data)
    return decoded.pixels


def _checked(row: dict[str, Any], role: str, data: bytes) -> None:
    name, digest = f"{role}_sha256", hashlib.sha256(data).hexdigest()
    if row[name] not in (None, digest):
        raise InputError(f"the {role} picture's file is another one: its sha256 differs", reason=CHANGED)
    row[name] = digest
