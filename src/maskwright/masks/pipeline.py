"""The way of a pair: read, align, annotate, score, verdict; one function, no files written.

A fault of a pair becomes a status and a reason. Nothing a pair can contain is raised.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from maskwright.errors import InputError
from maskwright.masks.annotators import DEFAULT, Annotator, load_annotator
from maskwright.masks.scores import score_pair
from maskwright.masks.verdict import Findings, verdict_of
from maskwright.pairs.align import align
from maskwright.pairs.descriptor import describe, phash, reduced
from maskwright.pairs.grid import check_same_grid
from maskwright.pairs.picture import MAX_PIXELS, Decoded, read_picture
from maskwright.pairs.region import read_region
from maskwright.pairs.registration import resizing
from maskwright.pairs.values import (
    DONOR,
    GROUPS,
    Aligned,
    Annotation,
    Change,
    Geometry,
    Hint,
    Mask,
    Pair,
    Picture,
    PictureLike,
    Rejection,
    Shape,
)

DETAIL_LIMIT = 300
"""Characters of a detail: enough for a path and a cause, short enough for a table."""


def annotate_pairs(
    pairs: Iterable[Pair | Rejection],
    *,
    annotator: str | Annotator = DEFAULT,
    max_pixels: int = MAX_PIXELS,
) -> Iterator[Annotation]:
    """One annotation a pair, in order, lazily; a rejection is passed on as one.

    Args:
        pairs: pictures as path, bytes, PIL image or array.
        annotator: a name, `package.module:Class`, the path of an .onnx file, or the thing itself.
        max_pixels: larger pictures are rejected as `too_large`.

    Raises:
        MaskwrightError: the annotator cannot be loaded. A pair's own fault is never raised.
    """
    loaded = load_annotator(annotator) if isinstance(annotator, str) else annotator
    return (
        rejected(pair.id, pair.reason, pair.detail)
        if isinstance(pair, Rejection)
        else annotate_pair(pair, loaded, max_pixels=max_pixels)
        for pair in pairs
    )


def annotate_pair(pair: Pair, annotator: Annotator, *, max_pixels: int = MAX_PIXELS) -> Annotation:
    """What became of one pair: a mask with scores and a verdict, or a reason why not.

    Args:
        pair: its known `mask` is not looked at; its `region` must fit the edited picture.
        annotator: what finds the change.
        max_pixels: a picture with more is rejected as `too_large`, from its header.

    Returns:
        status `ok` with change map and mask on the edited picture's grid; `rejected` where the
        input has no answer; `failed` with `internal_error` where this package or the annotator
        broke. The original is described wherever it could be read. Never raises for what a pair holds.
    """
    ready = ready_or_broken(pair, annotator, max_pixels=max_pixels)
    if isinstance(ready, Annotation):
        return ready
    try:
        return _concluded(ready, annotator).annotation
    except Exception as error:
        return broken(pair, error, ready.original)


def broken(pair: Pair, error: Exception, original: Decoded | None) -> Annotation:
    """The annotation of a pair that raised: its own fault has a reason, all else is ours.

    Args:
        original: what could be read of it before, to be described.
    """
    if isinstance(error, InputError) and error.reason:
        annotation = rejected(pair.id, error.reason, str(error))
    else:
        annotation = failed(pair.id, error)
    annotation = instructed(annotation, pair)
    if original is not None:
        with contextlib.suppress(Exception):  # what broke may have been the memory
            annotation = _described(annotation, original)
    return annotation


def rejected(pair_id: str, reason: str, detail: str = "") -> Annotation:
    """The annotation of a pair that has no answer, or none today: what was not fetched may be tried again."""
    status = "failed" if reason == "remote_failed" else "rejected"
    return Annotation(id=pair_id, status=status, reason=reason, detail=one_line(detail))


def failed(pair_id: str, error: BaseException) -> Annotation:
    """The annotation of a pair on which something broke."""
    detail = one_line(f"{type(error).__name__}: {error}")
    return Annotation(id=pair_id, status="failed", reason="internal_error", detail=detail)


def instructed(annotation: Annotation, pair: Pair | Rejection) -> Annotation:
    """The same with what the pair's instruction asks for; blank is none."""
    if isinstance(pair, Rejection) or not (pair.instruction and pair.instruction.strip()):
        return annotation
    from maskwright.pairs.instruction import parse  # its rules take long to compile at start-up

    asked = parse(pair.instruction)
    return replace(
        annotation,
        action=asked.action,
        original_concept=asked.original_concept,
        edited_concept=asked.edited_concept,
    )


def one_line(text: str) -> str:
    """Printable, without line breaks, at most `DETAIL_LIMIT` characters."""
    flat = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return flat if len(flat) <= DETAIL_LIMIT else flat[: DETAIL_LIMIT - 3] + "..."


@dataclass(frozen=True, slots=True)
class Examined:
    """An annotation and the pictures it speaks of.

    Args:
        original: (H0, W0, 3) uint8 as read; `aligned` holds it on the edited picture's grid.
        data: bytes of the two files; None for pictures that came without.
        region: where the edit was meant to be, on the edited picture's grid; None where none was given.
        aligned: None where the pair was rejected as unrelated.
    """

    annotation: Annotation
    original: Picture
    edited: Picture
    data: tuple[bytes | None, bytes | None]
    region: Mask | None = None
    aligned: Aligned | None = None
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A pair that is read and aligned.

    Args:
        change: what is known without an annotator, since the pictures are equal.
        asks: whether an annotator must be asked; else `conclude` knows the answer.
    """

    pair: Pair
    original: Decoded
    edited: Decoded
    hint: Hint
    aligned: Aligned
    change: Change | None
    asks: bool


def examine(pair: Pair, annotator: Annotator, *, max_pixels: int = MAX_PIXELS) -> Examined:
    """As `annotate_pair`, keeping the pictures and raising a pair's fault.

    Raises:
        InputError: a picture or the region cannot be read; `reason` says why.
    """
    original = _read("original", pair.original, max_pixels)
    return _concluded(_prepared(pair, original, annotator, max_pixels), annotator)


def ready_or_broken(
    pair: Pair, annotator: Annotator, *, max_pixels: int = MAX_PIXELS
) -> Prepared | Annotation:
    """What is done before the annotator is asked, or what became of a pair whose fault ends it here.

    The original is read apart from the rest, since it is described even where all else fails.
    """
    original = None
    try:
        original = _read("original", pair.original, max_pixels)
        return _prepared(pair, original, annotator, max_pixels)
    except Exception as error:
        return broken(pair, error, original)


def _prepared(pair: Pair, original: Decoded, annotator: Annotator, max_pixels: int) -> Prepared:
    edited = _read("edited", pair.edited, max_pixels)
    hint = Hint(instruction=pair.instruction, region=_region(pair.region, edited.pixels, max_pixels))
    if np.array_equal(original.pixels, edited.pixels):
        aligned = _untouched(edited.pixels)
        nothing = np.zeros(aligned.valid.shape, np.float32)
        change = Change(nothing, background="identical", group="shared-probe")
        return Prepared(pair, original, edited, hint, aligned, change, asks=False)
    # OpenCV's estimators draw from one generator a thread: no pair may depend on those before it.
    cv2.setRNGSeed(0)
    aligned = align(original.pixels, edited.pixels)
    asks = aligned.geometry.kind != "unrelated" or "donor" in annotator.card.layers
    return Prepared(pair, original, edited, hint, aligned, None, asks)


def conclude(prepared: Prepared, change: Change | None) -> Examined:
    """What is done with the annotator's answer; None is for a pair that is unrelated.

    Where the annotator laid the pair anew, that is what is scored and shown. Where it says a group, the pair
    has that group, whatever the alignment was.

    Raises:
        InputError: the change map does not fit the edited picture, or leaves 0..1; the layer of what was
            taken does not fit the original; or the group is none of `GROUPS`.
    """
    pair, original, edited = prepared.pair, prepared.original, prepared.edited
    region = prepared.hint.region
    if change is None:
        return _unrelated(prepared)
    _check_answer(change, original.pixels, edited.pixels)
    aligned = change.aligned or prepared.aligned
    mask: Mask = change.map >= np.float32(0.5)
    scores = score_pair(aligned, change, mask, original=original.pixels, region=region)
    verdict = verdict_of(
        Findings(
            same_bytes=original.data is not None and original.data == edited.data,
            same_pixels=prepared.change is not None,
            geometry=aligned.geometry.kind,
            group=change.group,
            area_frac=scores["area_frac"] or 0.0,
            tone_shift_de=scores["tone_shift_de"] or 0.0,
            noise_floor=scores["noise_floor"] or 0.0,
            unexplained=scores["unexplained"] or 0.0,
        )
    )
    if verdict == "different_photograph":
        return _unrelated(prepared)
    height, width = mask.shape
    annotation = Annotation(
        id=pair.id,
        status="ok",
        verdict=verdict,
        group=change.group,
        background=None if verdict == "object_taken" else change.background,
        grounding=change.grounding if region is None else "region",
        geometry=aligned.geometry,
        tone=aligned.tone,
        width=width,
        height=height,
        change=change.map,
        mask=mask,
        ignore=change.ignore,
        layers=change.layers,
        scores=scores,
        original_read=",".join(original.done),
        edited_read=",".join(edited.done),
    )
    annotation = _described(instructed(annotation, pair), original, edited)
    data = (original.data, edited.data)
    return Examined(annotation, original.pixels, edited.pixels, data, region, aligned, change)


def _concluded(prepared: Prepared, annotator: Annotator) -> Examined:
    if not prepared.asks:
        return conclude(prepared, prepared.change)
    (change,) = annotator.annotate([prepared.aligned], [prepared.hint])
    return conclude(prepared, change)


def _described(annotation: Annotation, original: Decoded, edited: Decoded | None = None) -> Annotation:
    small = reduced(original.pixels)
    return replace(
        annotation,
        original_phash=phash(small),
        descriptor=describe(small),
        edited_descriptor=None if edited is None else describe(reduced(edited.pixels)),
    )


def _check_answer(change: Change, original: Picture, edited: Picture) -> None:
    laid = None if change.aligned is None else change.aligned.edited
    check_same_grid(change=change.map, edited=edited, laid=laid)
    check_same_grid(donor=change.layers.get(DONOR), original=original)
    if not (change.map.min() >= 0 and change.map.max() <= 1):
        raise InputError("the annotator gave a change map with values outside 0..1")
    if change.group is not None and change.group not in GROUPS:
        raise InputError(f"the annotator gave the group {change.group!r}, not one of {', '.join(GROUPS)}")


def _read(role: str, picture: PictureLike, max_pixels: int) -> Decoded:
    try:
        return read_picture(picture, max_pixels=max_pixels)
    except InputError as error:
        raise InputError(f"{role}: {error}", hint=error.hint, reason=error.reason) from error


def _region(region: PictureLike | Shape | None, edited: Picture, max_pixels: int) -> Mask | None:
    if region is None:
        return None
    height, width = edited.shape[:2]
    return read_region(region, width=width, height=height, max_pixels=max_pixels)


def _untouched(picture: Picture) -> Aligned:
    everywhere = np.ones(picture.shape[:2], np.bool_)
    return Aligned(picture, picture, everywhere, Geometry("identity", np.eye(3)), unlaid=picture)


def _unrelated(prepared: Prepared) -> Examined:
    """Of two different photographs, by the alignment or because the annotator says so.

    An alignment that the annotator does not believe is told in `detail`, and is none in the columns.
    """
    pair, original, edited = prepared.pair, prepared.original, prepared.edited
    (height, width), geometry = edited.pixels.shape[:2], prepared.aligned.geometry
    detail = ""
    if geometry.kind != "unrelated":
        detail = f"the annotator takes them for unrelated, though an alignment was found: {geometry.kind}"
        matrix = resizing((width, height), (original.pixels.shape[1], original.pixels.shape[0]))
        geometry = Geometry("unrelated", matrix, float("nan"))
    annotation = Annotation(
        id=pair.id,
        status="rejected",
        reason="unrelated",
        detail=detail,
        verdict="different_photograph",
        group="unrelated",
        geometry=geometry,
        width=width,
        height=height,
        original_read=",".join(original.done),
        edited_read=",".join(edited.done),
    )
    annotation = _described(instructed(annotation, pair), original, edited)
    data = (original.data, edited.data)
    return Examined(annotation, original.pixels, edited.pixels, data, prepared.hint.region)
