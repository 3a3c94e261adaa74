"""Kinds of pairs that were made to be hard, for docs/make_failures.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from failure_edits import (
    at_edge,
    below,
    line,
    looked,
    of_area,
    shadow,
    slid,
    softened,
    striped,
    tinted,
    veiled,
)

from maskwright.pairs.values import Picture
from maskwright.synthesis import corruptions, fills, objects, overlays, reshape, signals, surfaces
from maskwright.synthesis.regenerate import regenerate
from maskwright.synthesis.regions import ellipse
from maskwright.synthesis.steps import Step, chain


@dataclass(frozen=True, slots=True)
class Kind:
    """A cause of failure, and pairs that show it.

    Args:
        name: of the picture's file.
        title, why: for people; true of every pair of the kind.
        steps: what is done to a photograph, one for every strength and size; given a donor.
    """

    name: str
    title: str
    why: str
    steps: Callable[[Picture], Sequence[Step]]


NOISE = (0.6, 1.0, 1.4)
KINDS = (
    Kind(
        "small-under-noise",
        "A small thing under a generator's noise",
        "A generator moves every pixel by as much as the thing does. Blurring the signed difference takes"
        " the noise away, but a thing that is hardly wider than the blur goes with it.",
        lambda donor: [chain(surfaces.replacement(donor, of_area(0.004)), regenerate(n)) for n in NOISE],
    ),
    Kind(
        "thin-line",
        "Thin lines under a generator's noise",
        "The network sees the pictures at half their size. There a line of two pixels is one wide and mixed"
        " with what lies beside it. Along edges, which generators draw anew, just as much differs.",
        lambda donor: [chain(line(width), regenerate(n)) for width, n in ((2, 0.5), (2, 1.0), (3, 1.0))],
    ),
    Kind(
        "fine-gaps",
        "An edit with fine gaps in it",
        "Gaps of two pixels, as behind a fence or hair, are one wide where the network looks. They are"
        " filled, or the whole is taken for texture.",
        lambda donor: [
            chain(looked(tinted(50), striped(of_area(0.05), gap)), last)
            for gap, last in ((2, corruptions.jpeg(80)), (3, corruptions.jpeg(60)), (3, regenerate(0.6)))
        ],
    ),
    Kind(
        "faint-tint",
        "A colour moved by few levels",
        "Codecs and generators move calm colours by as many levels, over regions as large. A border would"
        " tell, but on a texture a border of few levels cannot be seen.",
        lambda donor: [
            chain(looked(tinted(levels), of_area(0.03)), last)
            for levels, last in ((10, corruptions.jpeg(40)), (12, regenerate(0.8)), (14, regenerate(1.2)))
        ],
    ),
    Kind(
        "small-warp",
        "A part bent by one to three pixels",
        "Bent places look as before. Only their edges differ, along thin lines whose signed difference is"
        " as often above as below zero, and blurring cancels it. Generators bend what they draw by as much.",
        lambda donor: [
            chain(reshape.reshape(of_area(frac)), regenerate(n))
            for frac, n in ((0.004, 0.3), (0.004, 0.7), (0.012, 1.0))
        ],
    ),
    Kind(
        "enlarged",
        "A thing made larger by a hair",
        "The thing lies on itself. What differs are its edges, by a pixel or two, and no more than a"
        " generator's edges differ anywhere.",
        lambda donor: [
            chain(objects.jitter(of_area(0.02), grow=grow, shift_px=1.5, feather_px=1), regenerate(n))
            for grow, n in ((0.05, 0.3), (0.06, 0.7), (0.08, 1.2))
        ],
    ),
    Kind(
        "same-filling",
        "Something taken out of a calm place",
        "The filling continues what lies around it, so it hardly differs from what was there. Under a"
        " generator's noise only the strongest parts of the hole are found.",
        lambda donor: [
            chain(fills.removal("patch", of_area(frac)), regenerate(n))
            for frac, n in ((0.01, 0.6), (0.03, 1.0), (0.03, 1.4))
        ],
    ),
    Kind(
        "same-texture",
        "A texture copied onto itself",
        "Fur on fur, wood on wood: colour and structure are those that were there, and only single pixels"
        " differ. A generator makes single pixels differ everywhere.",
        lambda donor: [
            chain(looked(slid(far_px), of_area(0.02)), regenerate(n))
            for far_px, n in ((8, 0.5), (12, 1.0), (16, 1.4))
        ],
    ),
    Kind(
        "regraded",
        "Regraded, differently from place to place",
        "What one curve for each channel explains is taken out before anything is compared. A change of"
        " light that drifts over the picture is left, and an edit of as many levels cannot be told from it.",
        lambda donor: [
            chain(
                looked(tinted(35), of_area(0.03)),
                corruptions.tone((1.1, 1.0, 0.85), gamma=gamma),
                signals.local_tone(14),
                signals.drift(10),
                corruptions.jpeg(80),
            )
            for gamma in (0.6, 0.8, 1.6)
        ],
    ),
    Kind(
        "most-tinted",
        "A veil over most of the picture",
        "A change of tone that more than half of the pixels agree on is taken for the picture's own, and"
        " taken out. Then what was left alone is what differs, and the mask is its own opposite.",
        lambda donor: [
            chain(looked(veiled(0.35), below(frac)), last)
            for frac, last in (
                (0.75, corruptions.jpeg(80)),
                (0.85, corruptions.jpeg(80)),
                (0.85, regenerate(0.5)),
            )
        ],
    ),
    Kind(
        "most-replaced",
        "Most of the picture replaced",
        "Alignment needs what both pictures show, and the noise is read off the calmest part of the pair."
        " Where four fifths are new there is little of either, and pairs are rejected as two different"
        " photographs.",
        lambda donor: [
            chain(surfaces.backdrop(donor, of_area(frac, ellipse)), regenerate(n))
            for frac, n in ((0.1, 0.8), (0.2, 1.4), (0.3, 1.4))
        ],
    ),
    Kind(
        "redrawn",
        "The whole scene drawn anew",
        "Where every edge has moved by some pixels and light has changed everywhere, all of the picture"
        " differs. Which of it was asked for, only someone who knows what the picture shows could tell.",
        lambda donor: [
            chain(
                surfaces.replacement(donor, of_area(0.05)),
                corruptions.bend(far_px, spacing_px=60),
                regenerate(1.8),
                signals.local_tone(25),
            )
            for far_px in (3, 5, 8)
        ],
    ),
    Kind(
        "other-view",
        "Things that moved each by their own way",
        "Alignment moves the whole picture by one rule. What moved otherwise, as things do when seen from"
        " another place, stays moved: it is marked though nobody edited it.",
        lambda donor: [
            chain(
                surfaces.replacement(donor, of_area(0.03)),
                corruptions.bend(far_px, spacing_px=160),
                corruptions.jpeg(80),
            )
            for far_px in (6, 10, 16)
        ],
    ),
    Kind(
        "shadow",
        "A faint shadow",
        "A shadow has no border and keeps all structure. A faint one fades into the slow changes of light"
        " that generators make anywhere.",
        lambda donor: [
            chain(shadow(opacity, 0.05), last)
            for opacity, last in (
                (0.15, corruptions.jpeg(50)),
                (0.15, regenerate(0.8)),
                (0.2, regenerate(1.4)),
            )
        ],
    ),
    Kind(
        "see-through",
        "A shape one can see through",
        "A sticker at a seventh of its strength moves pixels by some levels and keeps the structure. Where"
        " what is below has a colour like its own nothing changes, and the mask falls apart.",
        lambda donor: [
            chain(overlays.sticker(opacity=opacity), last)
            for opacity, last in (
                (0.12, corruptions.jpeg(60)),
                (0.15, regenerate(0.7)),
                (0.2, regenerate(1.2)),
            )
        ],
    ),
    Kind(
        "softened",
        "A part out of focus",
        "Blur takes fine structure and leaves colours. So do codecs and generators, all over the picture,"
        " and they are what the noise floor is measured by.",
        lambda donor: [
            chain(looked(softened(sigma), of_area(0.04)), last)
            for sigma, last in (
                (1.5, corruptions.jpeg(60)),
                (2, regenerate(0.6)),
                (3, regenerate(1.2)),
            )
        ],
    ),
    Kind(
        "at-the-edge",
        "A remainder at the picture's edge",
        "A crop has left a narrow strip of the edit. There is half as much around it to compare with, and"
        " alignment is least sure at the rim.",
        lambda donor: [
            chain(at_edge(donor, share), last)
            for share, last in (
                (0.01, corruptions.jpeg(75)),
                (0.015, regenerate(0.7)),
                (0.02, regenerate(1.2)),
            )
        ],
    ),
    Kind(
        "saved-badly",
        "Saved again in very low quality",
        "JPEG of quality 12 to 20 moves whole blocks of 8 pixels by as much as the edit does, most of all"
        " along edges and between strong colours.",
        lambda donor: [
            chain(looked(tinted(45), of_area(0.003)), corruptions.jpeg(quality)) for quality in (12, 16, 20)
        ],
    ),
    Kind(
        "thumbnail",
        "Very small pictures",
        "In a picture of 100 pixels an edit is some pixels wide, and the grid the network sees is half as"
        " fine.",
        lambda donor: [
            chain(
                corruptions.resize(0.24, side="both"),
                surfaces.replacement(donor, of_area(0.02)),
                regenerate(n),
                corruptions.jpeg(75),
            )
            for n in (0.3, 0.6, 1.0)
        ],
    ),
    Kind(
        "in-the-dark",
        "In the dark",
        "In a dark place a new colour is a few levels away from the old one, and what a codec or a"
        " generator does to calm places is as much.",
        lambda donor: [
            chain(
                *(corruptions.tone((0.12, 0.12, 0.12), side=side) for side in ("original", "edited")),
                looked(tinted(10), of_area(0.03)),
                last,
            )
            for last in (corruptions.jpeg(50), corruptions.webp(50), regenerate(1.0))
        ],
    ),
    Kind(
        "specks",
        "Many small retouches",
        "Each is a few pixels wide, which by itself is taken for a speck of noise. Some are marked and some"
        " are not, and borders are drawn too wide.",
        lambda donor: [
            chain(*[looked(tinted(50), of_area(0.0003, ellipse))] * 14, last)
            for last in (corruptions.jpeg(60), regenerate(0.5), regenerate(1.0))
        ],
    ),
)
