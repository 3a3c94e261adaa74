"""What was changed between two pictures, in a sentence, a mask and numbered regions."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.masks.annotators import ANNOTATORS, DEFAULT, Annotator, load_annotator
from maskwright.masks.files import write_all
from maskwright.masks.insertion import Insertion, insert_and_look
from maskwright.masks.pipeline import examine
from maskwright.masks.scores import SCORES, stored_levels
from maskwright.masks.sentences import laid_words, limits, sentences
from maskwright.masks.side_effects import LAYER, side_effect
from maskwright.pages.cards import CARD_PX, Gallery, PairCard
from maskwright.pages.comparison import ComparisonView, Side, Taken, comparison_page
from maskwright.pages.images import laid_on, png_of, shot_of
from maskwright.pages.overlay import Region, draw_overlay, regions
from maskwright.pairs.filefacts import FileFacts, file_facts
from maskwright.pairs.opening import name_of
from maskwright.pairs.picture import MAX_PIXELS, encode_png
from maskwright.pairs.values import (
    DONOR,
    Aligned,
    Annotation,
    Card,
    ChangeMap,
    Hint,
    Mask,
    Pair,
    Picture,
    PictureLike,
)

JSON_VERSION = 1
"""Of the object that `comparison_json` gives; a key that goes or changes its meaning raises it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` found.

    Args:
        verdict: a key of `maskwright.pairs.values.VERDICTS`.
        sentence: the finding for people, with how sure it is.
        mask: (H, W) bool on the edited picture's grid; empty where nothing was found.
        change: (H, W) float32 in 0..1, the probability that a pixel was edited.
        regions: connected regions of the mask, largest first.
        scores: by the names of `maskwright.masks.scores.SCORES`; None = not known.
        smallest_seen_px: side of the smallest square edit that was seen when edits were inserted
            into this very pair; None where even the largest was not, or none was inserted.
        annotation: all that is known of the pair.
        card: of the annotator.
        original: (H0, W0, 3) uint8, as read.
        edited: (H, W, 3) uint8, as read.
        aligned: the original on the edited picture's grid, for `object_taken` as the object lies; None for
            different photographs.
        region: (H, W) bool, where the edit was meant to be; None where none was given.
        region_name: what it was called; empty without one, or for one that has no name.
        instruction: the words the editor was given; None where none were.
        names: what original and edited were called; empty for pictures that have no name.
        files: what the two files are and say of themselves; None for pictures without a file.
    """

    verdict: str
    sentence: str
    mask: Mask
    change: ChangeMap
    regions: tuple[Region, ...]
    scores: Mapping[str, float | None]
    smallest_seen_px: int | None
    annotation: Annotation
    card: Card
    original: Picture
    edited: Picture
    aligned: Aligned | None
    region: Mask | None
    region_name: str
    instruction: str | None
    names: tuple[str, str]
    files: tuple[FileFacts | None, FileFacts | None]

    @property
    def side_effect(self) -> ChangeMap | None:
        """The change map outside the region, or outside what the annotator took for it, (H, W) float32.

        None where there is neither, and for different photographs.
        """
        if self.region is not None and self.aligned is not None:
            return side_effect(self.change, self.region)
        return self.annotation.layers.get(LAYER)

    @property
    def donor(self) -> ChangeMap | None:
        """What was taken, on the ORIGINAL's grid, (H0, W0) float32 in 0..1; None where nobody says."""
        return self.annotation.layers.get(DONOR)

    @property
    def donor_regions(self) -> tuple[Region, ...]:
        """Connected regions of what was taken, largest first, on the original's grid; numbers are its own."""
        return () if self.donor is None else regions(self.donor >= np.float32(0.5))

    def overlay(self) -> Picture:
        """The edited picture with the regions outlined and numbered, (H, W, 3) uint8."""
        return draw_overlay(self.edited, self.mask, self.regions)

    def donor_overlay(self) -> Picture:
        """The original with what was taken outlined, (H0, W0, 3) uint8; plain where nobody says."""
        donor = np.zeros(self.original.shape[:2], np.float32) if self.donor is None else self.donor
        return draw_overlay(self.original, donor >= np.float32(0.5), ())

    def as_dict(self) -> dict[str, Any]:
        """See `comparison_json`."""
        return comparison_json(self)

    def to_html(self, *, command: str = "") -> str:
        """A page about it, one file: the sentence, wipe and blink, crops of the regions, the files' facts.

        Args:
            command: what was typed to make it, for the foot of the page.
        """
        return comparison_page(_view(self, command))

    def save(self, folder: str | PathLike[str]) -> None:
        """Write compare.html, mask.png, change.png, overlay.png and compare.json, all of them or none.

        With a region, side_effect.png too: the change map outside it. Where an object was taken, donor.png
        and donor_overlay.png, both as large as the original: where it was.

        Raises:
            RunError: other files of these names are there, or the folder cannot be written.
        """
        maps = {"change": self.change, "side_effect": self.side_effect, "donor": self.donor}
        write_all(
            Path(folder),
            {
                "compare.html": self.to_html(command=_command(self, folder)).encode(),
                "mask.png": encode_png(self.mask),
                "overlay.png": self._repr_png_(),
                **{
                    f"{name}.png": encode_png(stored_levels(each))
                    for name, each in maps.items()
                    if each is not None
                },
                **({} if self.donor is None else {"donor_overlay.png": png_of(self.donor_overlay())}),
                "compare.json": (
                    json.dumps(comparison_json(self), indent=2, ensure_ascii=False) + "\n"
                ).encode("utf-8", "backslashreplace"),  # file names that are no UTF-8
            },
        )

    def _repr_png_(self) -> bytes:
        return png_of(self.overlay())

    def _repr_html_(self) -> str:
        taken, donor = self.verdict == "object_taken", self.donor
        original = self.original if taken or self.aligned is None else laid_on(self.aligned)
        shot = shot_of(
            *(original, self.edited, self.mask, self.change),
            apart=taken,
            donor=None if not taken or donor is None else donor >= np.float32(0.5),
            longest_px=CARD_PX,
        )
        card = PairCard("", self.names[1], "", "", shot)
        return Gallery(self.sentence, (card,))._repr_html_()


def compare(
    original: PictureLike,
    edited: PictureLike,
    *,
    instruction: str | None = None,
    region: PictureLike | None = None,
    annotator: str | Annotator = DEFAULT,
    max_pixels: int = MAX_PIXELS,
) -> Comparison:
    """What was changed between two pictures, where, and how small an edit could have been missed.

    Args:
        original, edited: path, bytes, Pillow image, or uint8 array.
        instruction: the words the editor was given, for annotators that ground them.
        region: where the edit was meant to be: a mask of any common kind, as large as the edited picture.
        annotator: a name, `package.module:Class`, the path of an .onnx file, or the thing itself.
        max_pixels: larger pictures are refused.

    Returns:
        Comparison. Two different photographs are an answer, too: verdict `different_photograph`
        with an empty mask.

    Raises:
        InputError: a picture or the region cannot be read, or the region does not fit; `reason` is a key
            of `REASONS`.
        SettingError, MissingExtraError: there is no such annotator.
    """
    loaded = load_annotator(annotator) if isinstance(annotator, str) else annotator
    pair = Pair("compare", original, edited, instruction=instruction, region=region)
    seen = examine(pair, loaded, max_pixels=max_pixels)
    annotation = seen.annotation
    nothing = np.zeros(seen.edited.shape[:2], np.float32)
    change = nothing if annotation.change is None else annotation.change
    mask = change >= np.float32(0.5)
    scores = annotation.scores or dict.fromkeys(SCORES)
    inserted = Insertion(None, 0)
    # of the rest of another photograph there is nothing that an edit could be told from
    if seen.aligned is not None and annotation.verdict not in (
        "identical_file",
        "same_pixels",
        "object_taken",
    ):
        inserted = insert_and_look(seen.aligned, mask, loaded, Hint(instruction, seen.region))
    return Comparison(
        verdict=annotation.verdict,
        sentence=" ".join(sentences(annotation, scores, inserted)),
        mask=mask,
        change=change,
        regions=regions(mask),
        scores=scores,
        smallest_seen_px=inserted.seen_px,
        annotation=annotation,
        card=loaded.card,
        original=seen.original,
        edited=seen.edited,
        aligned=seen.aligned,
        region=seen.region,
        region_name="" if region is None else name_of(region),
        instruction=instruction,
        names=(name_of(original), name_of(edited)),
        files=(_facts(seen.data[0]), _facts(seen.data[1])),
    )


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """A comparison as one JSON object: the columns of a corpus, and what only a comparison has.

    `version` is raised when a key goes or changes its meaning. Pictures are not in it.
    """
    annotation = comparison.annotation
    geometry, tone = annotation.geometry, annotation.tone
    scores = dict(comparison.scores)
    if scores.get("mirrored") is not None:
        scores["mirrored"] = bool(scores["mirrored"])
    return {
        "version": JSON_VERSION,
        "original": comparison.names[0],
        "edited": comparison.names[1],
        "status": annotation.status,
        "reason": annotation.reason,
        "verdict": comparison.verdict,
        "sentence": comparison.sentence,
        "width": annotation.width,
        "height": annotation.height,
        "group": annotation.group,
        "background": annotation.background,
        "instruction": comparison.instruction,
        "action": annotation.action,
        "original_concept": annotation.original_concept,
        "edited_concept": annotation.edited_concept,
        "region": comparison.region_name or None,
        "grounding": annotation.grounding,
        "annotator": comparison.card.name,
        "annotator_digest": comparison.card.digest,
        "original_read": annotation.original_read,
        "edited_read": annotation.edited_read,
        "kind": geometry.kind if geometry else None,
        "matrix": geometry.matrix.tolist() if geometry else None,
        "tone_gain": tone.gain.tolist() if tone else None,
        "tone_offset": tone.offset.tolist() if tone else None,
        "smallest_seen_px": comparison.smallest_seen_px,
        **scores,
        "regions": [asdict(region) for region in comparison.regions],
        "donor_regions": [asdict(region) for region in comparison.donor_regions],
    }


def _view(comparison: Comparison, command: str) -> ComparisonView:
    annotation, aligned, card = comparison.annotation, comparison.aligned, comparison.card
    reads = (annotation.original_read, annotation.edited_read)
    sides = [Side(*side) for side in zip(comparison.names, comparison.files, reads, strict=True)]
    beyond = comparison.side_effect
    known = [(name, comparison.scores[name]) for name in SCORES]
    return ComparisonView(
        sentence=comparison.sentence,
        original=comparison.original if aligned is None else laid_on(aligned),
        edited=comparison.edited,
        aligned=aligned is not None,
        laid="as it is" if aligned is None else laid_words(aligned),
        mask=comparison.mask,
        change=comparison.change,
        regions=comparison.regions,
        meant=comparison.region,
        side_effect=None if beyond is None else beyond >= np.float32(0.5),
        sides=(sides[0], sides[1]),
        figures=[(name, SCORES[name], value) for name, value in known if value is not None],
        limits=limits(annotation, aligned, comparison.smallest_seen_px),
        annotator=f"{card.name} {card.version}, digest {card.digest[:16]}",
        command=command,
        taken=None
        if aligned is None or comparison.verdict != "object_taken"
        else Taken(comparison.original, comparison.donor, aligned.geometry.kind != "unrelated"),
    )


def _command(comparison: Comparison, folder: str | PathLike[str]) -> str:
    """The line that makes the page; empty where a picture or the region has no name."""
    names, region = comparison.names, comparison.region_name
    if not all(names) or (comparison.region is not None and not region):
        return ""
    dashed = ["--"] if any(name.startswith("-") for name in names) else []
    meant = [f"--region={region}"] if region else []
    meant += [f"--instruction={comparison.instruction}"] if comparison.instruction else []
    named = comparison.card.name
    meant += [f"--annotator={named}"] if named in ANNOTATORS and named != DEFAULT else []
    # the folder's own name: one comparison has one page, however its place is spelt
    return shlex.join(["maskwright", "compare", f"--out={Path(folder).name or '.'}", *meant, *dashed, *names])


def _facts(data: bytes | None) -> FileFacts | None:
    return None if data is None else file_facts(data)
