"""Make docs/why/failures.md and its pictures: the twelve worst kinds of failure of the compact annotator.

    python docs/make_failures.py

Every kind (docs/failure_kinds.py) is a grid of pairs: five photographs, each with the same edit in three
strengths or sizes. All are annotated, kinds are ranked by their mean F1, and of each the worst pair is shown.
A kind that no longer fails makes room for the next. The photographs are scikit-image's (see
maskwright.bench.demo), the edits maskwright's own; the same seed gives the same pairs. Takes a minute or two.
"""

from __future__ import annotations

import textwrap
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from failure_kinds import KINDS, Kind
from numpy.random import default_rng

from maskwright.bench.demo import PHOTOS, photo
from maskwright.masks.annotators.compact import Compact
from maskwright.masks.pipeline import Examined, examine
from maskwright.measures.metrics import pixel_f1
from maskwright.pages.sheet import Row, contact_sheet
from maskwright.pages.words import counted
from maskwright.pairs.values import Mask, Pair, Picture
from maskwright.synthesis.steps import Made, begin
from maskwright.synthesis.truth import window_of

ROOT = Path(__file__).parents[1]
PAGE, PICTURES = ROOT / "docs" / "why" / "failures.md", ROOT / "docs" / "pictures" / "failures"
SEED = 11
SHOWN = 12
"""Kinds on the page."""
FAILS = 0.8
"""A pair below this F1 is a failure; a kind whose worst pair is above it is none."""
LONGEST_PX = 420
LEAST_PX = 100
"""Truths smaller than this are no fair question."""
TILES_PX = (210, 180, 150, 120)
MOST_BYTES = 40_000
"""Of a picture; tiles are made smaller until it is met."""
CREDITS = {
    "astronaut": "NASA, public domain",
    "cat": "CC0, Stefan van der Walt",
    "coffee": "CC0, Rachel Michetti",
    "rocket": "SpaceX, public domain",
    "retina": "CC0, Mikael Haeggstroem",
}


@dataclass(frozen=True, slots=True)
class Tried:
    """A pair, what came of it, and how well it covers the truth."""

    photo: str
    made: Made
    found: Examined
    mask: Mask
    f1: float

    @property
    def confidence(self) -> float:
        return float((self.found.change.scores if self.found.change else {}).get("confidence") or 0)


def main() -> None:
    annotator = Compact()
    tried = {kind: list(trials(kind, annotator)) for kind in KINDS}
    ranked = sorted(tried, key=lambda kind: mean_f1(tried[kind]))
    failing = [kind for kind in ranked if worst(tried[kind]).f1 < FAILS]
    if len(failing) < SHOWN:
        raise SystemExit(f"only {len(failing)} of {len(KINDS)} kinds fail; think of {SHOWN} that do")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for old in PICTURES.glob("*.jpg"):
        old.unlink()
    for kind in failing[:SHOWN]:
        (PICTURES / f"{kind.name}.jpg").write_bytes(drawn(worst(tried[kind])))
    rest = [kind for kind in ranked if kind not in failing[:SHOWN]]
    PAGE.write_text(page(tried, failing[:SHOWN], rest), encoding="utf-8")


def trials(kind: Kind, annotator: Compact) -> Iterator[Tried]:
    """Every photograph with every strength and size; where an edit left next to nothing, no pair."""
    names = list(PHOTOS)
    for number, name in enumerate(names):
        donor = small(names[(number + 1) % len(names)])
        for variant, step in enumerate(kind.steps(donor)):
            rng = default_rng([SEED, zlib.crc32(kind.name.encode()), number, variant])
            made = step(begin(small(name)), rng)
            if np.count_nonzero(made.mask) < LEAST_PX:
                continue
            found = examine(Pair(kind.name, made.original, made.edited), annotator)
            given = found.annotation.mask
            mask = np.zeros_like(made.mask) if given is None else given
            yield Tried(name, made, found, mask, pixel_f1(mask, made.mask, ignore=made.ignore))


def small(name: str) -> Picture:
    picture = photo(name)
    scale = LONGEST_PX / max(picture.shape[:2])
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def worst(tried: Sequence[Tried]) -> Tried:
    """The least F1; of equal ones the largest edit."""
    return min(tried, key=lambda each: (round(each.f1, 2), -np.count_nonzero(each.made.mask)))


def drawn(each: Tried) -> bytes:
    """original | edited | truth | mask about the edit, as JPEG; what the truth leaves open is grey."""
    height, width = each.mask.shape
    aligned = each.found.aligned
    original = aligned.original if aligned else cv2.resize(each.made.original, (width, height))
    truth = np.where(each.made.ignore, np.uint8(128), each.made.mask * np.uint8(255))
    grey = [np.repeat(m[..., None], 3, axis=2) for m in (truth, each.mask * np.uint8(255))]
    seen = window_about(each.made.mask | each.mask)
    tiles = tuple(picture[seen] for picture in (np.asarray(original, np.uint8), each.made.edited, *grey))
    for tile_px in TILES_PX:
        sheet = contact_sheet([Row("original, edited, truth, mask", tiles)], tile_px=tile_px)
        coded = cv2.imencode(".jpg", sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
        if coded.size <= MOST_BYTES:
            break
    return coded.tobytes()


def window_about(region: Mask) -> tuple[slice, slice]:
    """A square about a region with room around it, so that small things can be seen; within the picture."""
    rows, columns = window_of(region)
    side = max(96, round(1.5 * max(rows.stop - rows.start, columns.stop - columns.start)))
    window = []
    for part, length in zip((rows, columns), region.shape, strict=True):
        start = max(0, min((part.start + part.stop - side) // 2, length - side))
        window.append(slice(start, min(length, start + side)))
    return window[0], window[1]


def page(tried: dict[Kind, list[Tried]], shown: Sequence[Kind], rest: Sequence[Kind]) -> str:
    """The page in Markdown; every figure is of this run."""
    every = [each for some in tried.values() for each in some]
    bad = [each for each in every if each.f1 < FAILS]
    good = [each for each in every if each.f1 >= FAILS]
    blocks = [
        "# Where the compact annotator fails",
        "<!-- written by docs/make_failures.py: change that -->",
        f"The {len(shown)} worst of {len(tried)} kinds of pairs that were made to be hard: five photographs,"
        " each with an edit in three strengths or sizes,"
        f" {counted(len(every), 'pair')} in all. Kinds are in the order of their mean F1. Of each you see the"
        " worst pair, the part about its edit: the original as the annotator saw it, aligned and with its"
        " tone fitted; the edited picture; the truth, grey where nobody can tell; and the mask that was made."
        " These pairs are harder than those you will meet; [how good it is](compact.md#how-good-it-is) was"
        " measured on others.",
        "`python docs/make_failures.py` makes the pairs, ranks the kinds and writes this page.",
    ]
    for number, kind in enumerate(shown, start=1):
        each, some = worst(tried[kind]), tried[kind]
        blocks += [
            f"## {number}. {kind.title}",
            f"![{kind.title}: original, edited, truth, mask](../pictures/failures/{kind.name}.jpg)",
            kind.why,
            f"Here ({each.photo}): F1 {each.f1:.2f}, {told(each)}."
            f" Over {counted(len(some), 'such pair')}: F1 {mean_f1(some):.2f}.",
        ]
    table = [f"| {kind.title} | {len(tried[kind])} | {mean_f1(tried[kind]):.2f} |" for kind in rest]
    credits = "; ".join(f"{name} ({credit})" for name, credit in CREDITS.items())
    blocks += [
        "## What helps",
        f"Confidence knows some of this: it is below 0.5 for {unsure_of(bad)} of the {len(bad)} pairs with an"
        f" F1 below {FAILS}, and for {unsure_of(good)} of the {len(good)} others."
        " `maskwright report` shows the least sure pairs first. Keep pictures at full size, and originals in"
        " the format that the editor wrote: where pixels outside the edit are equal, masks are exact.",
    ]
    if table:
        blocks += ["## Kinds that fail less", "\n".join(["| kind | pairs | F1 |", "|---|---|---|", *table])]
    blocks += ["## Photographs", f"They come with scikit-image: {credits}."]
    return (
        "\n\n".join(
            block if block[0] in "!|<#" else textwrap.fill(block, 116, break_on_hyphens=False)
            for block in blocks
        )
        + "\n"
    )


def told(each: Tried) -> str:
    """What was made of a pair, in words."""
    annotation = each.found.annotation
    if annotation.status != "ok":
        return f"rejected as {annotation.reason}"
    truth = each.made.mask & ~each.made.ignore
    share = np.count_nonzero(each.mask & truth) / np.count_nonzero(truth)
    marked = f"{share:.0%} of the truth marked" if each.mask.any() else "nothing marked"
    return f"{marked}, background taken for {annotation.background}, confidence {each.confidence:.2f}"


def unsure_of(tried: Sequence[Tried]) -> int:
    return sum(each.confidence < 0.5 for each in tried)


def mean_f1(tried: Sequence[Tried]) -> float:
    return float(np.mean([each.f1 for each in tried]))


if __name__ == "__main__":
    main()
