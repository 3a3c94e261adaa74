"""A comparison in words: what was found, and what it does not show."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from maskwright.masks.insertion import CONTRAST, Insertion
from maskwright.masks.verdict import sentence_of
from maskwright.pages.words import figure, percent
from maskwright.pairs.values import DONOR, Aligned, Annotation

NOTICED_SCALE, NOTICED_DEG = 0.02, 1.0
"""Changes of an object's size and angle that are worth a word. Judgement: of 1 % and half a degree people see
nothing."""
OF_AN_OBJECT = (
    "Where the rest of the edited picture comes from: it was compared with this one original alone.",
    "Whether the object was retouched after it was taken, and whether anything else was.",
    "Which picture the object was in first: it may have come into both from a third.",
)
ALWAYS = (
    "Which of the two files is older, who made the change, and why.",
    "Whether the original is authentic: it is taken as it is.",
    "Whether what the files say of themselves is true: anyone can write it. Content Credentials"
    " are looked for, not verified.",
)


def sentences(annotation: Annotation, scores: Mapping[str, float | None], inserted: Insertion) -> list[str]:
    """What was found, the finding first.

    Args:
        scores: by the names of `maskwright.masks.scores.SCORES`.
        inserted: what came of edits that were inserted into this very pair.
    """
    said = [sentence_of(annotation.verdict)]
    if annotation.verdict == "object_taken":
        return [*said, *_of_the_object(annotation, scores), *_of_the_region(annotation, scores)]
    area_frac = scores["area_frac"] or 0.0
    if area_frac:
        count = int(scores["components"] or 0)
        where = f"{count} regions" if count > 1 else "one region"
        said[0] = f"{said[0].removesuffix('.')}: {percent(area_frac)} in {where}."
    geometry = annotation.geometry
    if geometry and annotation.status == "ok" and geometry.kind != "identity":
        way = {"similarity": "turned or scaled", "affine": "stretched or sheared"}
        said.append(f"The edited picture is {way.get(geometry.kind, geometry.kind)}; that was allowed for.")
    if annotation.tone and not annotation.tone.is_identity and annotation.verdict != "tone_only":
        said.append("A change of brightness or colour over the whole picture was allowed for.")
    if area_frac:
        said.append(f"Of what looks changed, {percent(scores['qes'] or 0.0)} is certain.")
    said += _of_the_region(annotation, scores)
    if inserted.seen_px == 1:
        said.append("A change of a single pixel would have been seen.")
    elif inserted.seen_px is not None:
        side = inserted.seen_px
        said.append(f"Edits smaller than about {side} x {side} px could have been missed.")
    elif inserted.largest_px:
        side = inserted.largest_px
        said.append(f"Even an edit of {side} x {side} px could have been missed.")
    return said


def _of_the_object(annotation: Annotation, scores: Mapping[str, float | None]) -> list[str]:
    """Where an object that was taken is in either picture, and what was done to it."""
    if not scores["area_frac"]:
        return ["Where it is could not be told."]
    count, donor = int(scores["components"] or 0), annotation.layers.get(DONOR)
    pieces = f", in {count} pieces" if count > 1 else ""
    share = None if donor is None else float((donor >= np.float32(0.5)).mean())
    there = f", and {percent(share)} of the original" if share else ""
    said = [f"It covers {percent(scores['area_frac'])} of the edited picture{pieces}{there}."]
    done = []
    if (scale := scores["scale"]) is not None and abs(scale - 1) >= NOTICED_SCALE:
        done.append(f"{figure(scale, 2)} times as large")
    if (turned := scores["rotation_deg"]) is not None and abs(turned) >= NOTICED_DEG:
        way = "" if scores["mirrored"] else " counter-clockwise" if turned > 0 else " clockwise"
        done.append(f"turned by {abs(turned):.0f} degrees{way}")
    done += ["mirrored"] if scores["mirrored"] else []
    if done:
        listed = " and ".join(filter(None, [", ".join(done[:-1]), done[-1]]))
        said.append(f"Against the original it is {listed}.")
    if annotation.tone and not annotation.tone.is_identity:
        said.append("A change of its brightness or colour was allowed for.")
    said.append(f"Of what looks taken, {percent(scores['qes'] or 0.0)} is certain.")
    return said


def _of_the_region(annotation: Annotation, scores: Mapping[str, float | None]) -> list[str]:
    """What the edit did beyond the region it was meant for; nothing where none is known or all of it was."""
    grounding, taken = annotation.grounding, annotation.verdict == "object_taken"
    beyond, used = scores["side_effect_frac"], scores["region_used_frac"]
    if beyond is None or grounding == "whole":
        return []
    region = (
        "the given region"
        if grounding == "region"
        else f"what the instruction names, as {grounding} finds it"
    )
    said = []
    if scores["area_frac"]:
        what = "the object" if taken else "what changed"
        said.append(f"Of {what}, {percent(beyond)} lies outside {region}.")
    if used is not None:
        said.append(f"Of the given region, {percent(used)} {'is covered by it' if taken else 'was changed'}.")
    aligned, raw = (_compares(scores, suffix) for suffix in ("", "_raw"))
    if aligned and raw:
        both = (
            aligned if aligned == raw else f"{aligned} after alignment, {raw} with the original only resized"
        )
        said.append(f"Outside the given region the pictures compare at {both}.")
    return said


def _compares(scores: Mapping[str, float | None], suffix: str) -> str:
    """Figures of the outside; empty where there is no outside, or too little of it."""
    decibels, similarity = scores[f"outside_psnr{suffix}"], scores[f"outside_ssim{suffix}"]
    if decibels is None:
        return ""
    return f"{figure(decibels)} dB" + ("" if similarity is None else f" (SSIM {figure(similarity)})")


def laid_words(aligned: Aligned) -> str:
    """How the original was brought onto the edited picture's grid, in a few words."""
    said = "as it is" if aligned.geometry.kind == "identity" else "laid on the edited picture"
    said += "" if aligned.tone.is_identity else ", its colours fitted"
    return said if aligned.valid.all() else f"{said}; grey where it has no pixel"


def limits(annotation: Annotation, aligned: Aligned | None, smallest_seen_px: int | None) -> list[str]:
    """What a comparison does not show, a sentence each; those of this very pair first.

    Args:
        aligned: None for different photographs.
        smallest_seen_px: side of the smallest inserted edit that was seen; None where none was.
    """
    if annotation.verdict == "object_taken":
        return [*OF_AN_OBJECT, *ALWAYS]
    said = []
    if aligned is None:
        said.append(
            "The pictures were not compared pixel by pixel, since they are taken for different photographs."
        )
    elif (share := 1 - float(aligned.valid.mean())) > 0:
        said.append(
            f"{percent(share)} of the edited picture lies outside the original's frame:"
            " nothing is said of it."
        )
    if (cropped := annotation.scores.get("crop_frac") or 0.0) > 0:
        said.append(f"{percent(cropped)} of the original lies outside the edited picture's frame.")
    if aligned is not None and not aligned.tone.is_identity:
        said.append(
            "A change of brightness or colour over the whole picture was taken out of the original before the"
            " comparison; it is not in the mask, and the original is shown with it."
        )
    if annotation.background in ("regenerated", "redrawn"):
        said.append(
            "Every pixel differs, as after a generator: changes of fine texture cannot be told from"
            " its noise."
        )
    if smallest_seen_px is not None and smallest_seen_px > 1:
        said.append(
            f"Smaller or fainter edits than squares of {smallest_seen_px} x {smallest_seen_px} px"
            f" that differ by {CONTRAST} of 255 levels."
        )
    if annotation.grounding == "region":
        said.append(
            "Whether the region is the right one: a change outside it is no fault where the instruction"
            " asks for it, like a shadow of what was added."
        )
    return [*said, *ALWAYS]
