"""One sampled pair: its files, its pictures, its known mask, and what annotate would make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from maskwright.corpus.inspect.known import look_at_mask
from maskwright.corpus.inspect.sides import direction_by_files, direction_by_pixels
from maskwright.corpus.inspect.values import KnownMask, Looked, SheetPair, Side
from maskwright.corpus.inspect.words import direction_by_words
from maskwright.errors import InputError
from maskwright.masks.annotators import Annotator
from maskwright.masks.pipeline import Examined, broken, examine, failed, rejected
from maskwright.pages.images import shrunk, shrunk_mask
from maskwright.pairs.filefacts import file_facts
from maskwright.pairs.opening import read_bytes
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import (
    Annotation,
    Encoded,
    Located,
    Mask,
    Pair,
    Picture,
    PictureLike,
    RuledMask,
)

THUMBNAIL_PX = 320
LOSSLESS = frozenset({"PNG", "BMP", "TIFF", "GIF"})


@dataclass(frozen=True, slots=True)
class Seen:
    """A pair that was looked at, and how it is drawn."""

    looked: Looked
    sheet: SheetPair


def look_at(pair: Pair, annotator: Annotator, *, max_pixels: int) -> Seen:
    """Decode, align and annotate a pair; what a pair can hold is never raised."""
    pictures: dict[str, tuple[Side, Picture, bytes]] = {}
    fault: Annotation | None = None
    for role, stored in (("original", pair.original), ("edited", pair.edited)):
        try:
            pictures[role] = _side(stored, max_pixels)
        except InputError as error:
            fault = fault or rejected(pair.id, error.reason or "not_a_picture", f"{role}: {error}")
        except Exception as error:  # as annotate_pair: one row must not end the inspection
            fault = fault or failed(pair.id, error)
    examined: Examined | None = None
    if fault is None:
        try:
            examined = examine(_in_memory(pair, pictures), annotator, max_pixels=max_pixels)
        except Exception as error:
            fault = broken(pair, error, None)
    return _seen(pair, pictures, examined, fault, max_pixels)


def _side(stored: PictureLike, max_pixels: int) -> tuple[Side, Picture, bytes]:
    if not isinstance(stored, Encoded | Located):
        raise InputError("a source gives files", reason="not_a_picture")
    data = read_bytes(stored, max_pixels=max_pixels)
    pixels = read_picture(Encoded(data, stored.key), max_pixels=max_pixels).pixels
    height, width = pixels.shape[:2]
    return Side(stored.key, width, height, file_facts(data)), pixels, data


def _in_memory(pair: Pair, pictures: Mapping[str, tuple[Side, Picture, bytes]]) -> Pair:
    original, edited = (Encoded(pictures[role][2], pictures[role][0].key) for role in ("original", "edited"))
    return Pair(pair.id, original, edited, instruction=pair.instruction)


def _seen(
    pair: Pair,
    pictures: Mapping[str, tuple[Side, Picture, bytes]],
    examined: Examined | None,
    fault: Annotation | None,
    max_pixels: int,
) -> Seen:
    annotation = fault or (examined.annotation if examined else rejected(pair.id, "no_picture"))
    sides = {role: pictures[role][0] if role in pictures else None for role in ("original", "edited")}
    change = annotation.mask
    known, mask, mask_fault = _mask(
        pair, sides, change if annotation.verdict == "local_edit" else None, max_pixels
    )
    looked = Looked(
        id=pair.id,
        status=annotation.status,
        reason=annotation.reason,
        detail=annotation.detail,
        verdict=annotation.verdict,
        geometry=annotation.geometry.kind if annotation.geometry else "",
        background=annotation.background or "",
        area_frac=float(change.mean()) if change is not None else 0.0,
        same_pixels=annotation.verdict in ("identical_file", "same_pixels"),
        original=sides["original"],
        edited=sides["edited"],
        mask=known,
        mask_fault=mask_fault,
        instruction=pair.instruction,
        direction=_direction(pair, sides, examined) if examined and not fault else {},
    )
    return Seen(looked, _sheet_pair(pair, pictures, annotation, mask))


def _mask(
    pair: Pair, sides: Mapping[str, Side | None], change: Mask | None, max_pixels: int
) -> tuple[KnownMask | None, Mask | None, str]:
    edited = sides["edited"]
    if not isinstance(pair.mask, Encoded | Located | RuledMask) or edited is None:
        return None, None, ""
    original = sides["original"] or edited
    try:
        known, mask = look_at_mask(
            pair.mask,
            (edited.width, edited.height),
            (original.width, original.height),
            change,
            max_pixels=max_pixels,
        )
    except InputError as error:
        return None, None, str(error)
    return known, mask, ""


def _direction(pair: Pair, sides: Mapping[str, Side | None], examined: Examined) -> Mapping[str, float]:
    """Evidence of which side was edited; pixels speak only where both are on one grid, unwarped."""
    original, edited = sides["original"], sides["edited"]
    annotation, aligned = examined.annotation, examined.aligned
    if (
        original is None
        or edited is None
        or aligned is None
        or annotation.verdict in ("identical_file", "same_pixels")
    ):
        return {}
    found = dict(direction_by_files(original.facts, edited.facts))
    mask = annotation.mask
    if mask is None or annotation.verdict != "local_edit":
        return found
    if annotation.geometry and annotation.geometry.kind == "identity":
        found |= direction_by_pixels(
            examined.original,
            examined.edited,
            mask,
            regenerated=annotation.background in ("regenerated", "redrawn"),
            lossless={original.facts.format, edited.facts.format} <= LOSSLESS,
        )
    return {
        **found,
        **direction_by_words(pair.instruction, pair.columns, aligned.original, aligned.edited, mask),
    }


def _sheet_pair(
    pair: Pair,
    pictures: Mapping[str, tuple[Side, Picture, bytes]],
    annotation: Annotation,
    mask: Mask | None,
) -> SheetPair:
    thumbnails = {role: shrunk(pixels, THUMBNAIL_PX) for role, (_, pixels, _) in pictures.items()}
    sizes = {role: (side.width, side.height) for role, (side, _, _) in pictures.items()}
    edited = thumbnails.get("edited")
    return SheetPair(
        id=pair.id,
        original=thumbnails.get("original"),
        edited=edited,
        mask=None if mask is None or edited is None else shrunk_mask(mask, edited.shape[:2]),
        change=None
        if annotation.mask is None or edited is None
        else shrunk_mask(annotation.mask, edited.shape[:2]),
        original_size=sizes.get("original", (0, 0)),
        edited_size=sizes.get("edited", (0, 0)),
        verdict=annotation.verdict if annotation.status == "ok" else "",
        reason=annotation.reason,
        instruction=pair.instruction,
    )
