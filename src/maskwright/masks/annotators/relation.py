"""How two pictures are related, MIML's question: a changed copy, an object taken, or nothing in common.

Both pictures are brought to one square before anything is measured: neither size, nor aspect, nor format
of a file may tell. A few figures say how much of the edited picture agrees with the original, and where; a
multinomial logistic weighs them. Its constants are on the card, from synthetic pairs of `train` photographs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from maskwright.masks.annotators.located import Located, grids_of
from maskwright.pairs.registration import (
    Blocks,
    Flags,
    Views,
    blocks_of,
    grey_of,
    resizing,
    views_of,
)
from maskwright.pairs.registration_warp import resized
from maskwright.pairs.values import GROUPS, Aligned, Picture

SQUARE = 256
"""Side of the square both pictures are brought to."""
BLOCK = 8
"""Side of a block in its pixels."""
GRID = (SQUARE // BLOCK, SQUARE // BLOCK)
BORDER = 2
"""Blocks; the border of the picture is as wide, and the rim of what lies within the original."""
FIGURES = (
    "agreement",
    "coarse",
    "found",
    "covered",
    "border",
    "within",
    "rim",
    "overlap",
    "rest",
    "coherence",
    "likeness",
)
"""What is known of a pair, see `figures_of`."""
CONSTANTS = tuple(f"{group}_{name}" for group in GROUPS for name in ("bias", *FIGURES))
"""What a card must hold for it."""


def figures_of(aligned: Aligned, found: Sequence[Located]) -> dict[str, float]:
    """What speaks for each group; each of `FIGURES`, 0 where there is nothing to measure.

    agreement
        share of the telling blocks that agree as the pair was aligned, of 8 pixels in a square of 256.
    coarse
        mean coherence of the gradients on a square of 64 pixels, as the pair was aligned.
    found
        1 where a map was found that holds, else 0; what follows is of the first such map.
    covered, border
        share of the telling blocks that agree under it, of the whole picture and of its border.
    within, rim
        the same share of what lies within the original, and of the rim of that, as wide as the border: of a
        changed copy it agrees however little of the copy the original shows, of a taken object it does not.
    overlap
        share of the blocks that lie within the original.
    rest
        mean coherence where neither a block nor one near it agrees.
    coherence
        mean coherence where blocks agree.
    likeness
        mean cosine of the descriptors that led to it.
    """
    original = aligned.original if aligned.unlaid is None else aligned.unlaid
    edited = _square(aligned.edited)
    told = dict.fromkeys(FIGURES, 0.0)
    here = edited.levels[0]
    laid = _square(aligned.original)
    plain = blocks_of(laid, here, np.eye(3), BLOCK)
    told["agreement"] = _share(grids_of(plain, GRID).agrees.ravel(), plain.telling)
    small = blocks_of(laid, edited.levels[2], np.eye(3), BLOCK)
    told["coarse"] = _mean(small, small.telling)
    if found:
        told |= _figures_of_map(original, aligned.edited, edited, found[0])
    return told


def group_of(figures: Mapping[str, float], constants: Mapping[str, float]) -> tuple[str, dict[str, float]]:
    """The likeliest of `GROUPS`, and the probability of each.

    Args:
        constants: by `CONSTANTS`, of the card.
    """
    odds = np.array(
        [
            constants[f"{group}_bias"] + sum(constants[f"{group}_{name}"] * figures[name] for name in FIGURES)
            for group in GROUPS
        ]
    )
    chances = np.exp(odds - odds.max())
    chances /= chances.sum()
    return GROUPS[int(chances.argmax())], dict(zip(GROUPS, chances.tolist(), strict=True))


def _figures_of_map(original: Picture, picture: Picture, edited: Views, best: Located) -> dict[str, float]:
    size = (picture.shape[1], picture.shape[0])
    theirs = (original.shape[1], original.shape[0])
    square = (SQUARE, SQUARE)
    onto = resizing(theirs, square) @ best.matrix @ resizing(square, size)
    blocks = blocks_of(_square(original), edited.levels[0], onto, BLOCK)
    seen = grids_of(blocks, GRID)
    near = cv2.dilate(seen.agrees.view(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return {
        "found": 1.0,
        "covered": _share(seen.agrees, seen.telling),
        "border": _share(seen.agrees, seen.telling & _rim(np.ones(GRID, np.bool_))),
        "within": _share(seen.agrees, seen.telling & seen.inside),
        "rim": _share(seen.agrees, seen.telling & _rim(seen.inside)),
        "overlap": float(seen.inside.mean()),
        "rest": _mean(blocks, blocks.telling & blocks.inside & ~near.ravel()),
        "coherence": _mean(blocks, blocks.telling & seen.agrees.ravel()),
        "likeness": best.likeness,
    }


def _rim(part: Flags) -> Flags:
    """(rows, columns): the blocks of a part that have something beyond it within `BORDER`."""
    around = np.ones((2 * BORDER + 1, 2 * BORDER + 1), np.uint8)
    inner = cv2.erode(part.view(np.uint8), around, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(part & (inner == 0))


def _square(picture: Picture) -> Views:
    return views_of(grey_of(resized(picture, SQUARE, SQUARE)))


def _share(part: Flags, whole: Flags) -> float:
    return int(np.count_nonzero(part & whole)) / max(1, int(np.count_nonzero(whole)))


def _mean(blocks: Blocks, use: Flags) -> float:
    return float(blocks.coherence[use].mean()) if use.any() else 0.0
