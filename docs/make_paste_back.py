"""Make the picture of docs/why/shortcuts.md: what paste-back keeps of an edited picture, and its seams.

    python docs/make_paste_back.py

The photograph is the cat of scikit-image's (CC0, Stefan van der Walt).
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.random import default_rng

from maskwright.bench.demo import oval, photo
from maskwright.datasets.shortcuts.containers import on_grid, paste_back
from maskwright.pages.sheet import Row, contact_sheet
from maskwright.pairs.values import Picture
from maskwright.synthesis import corruptions, surfaces
from maskwright.synthesis.regenerate import regenerate
from maskwright.synthesis.steps import Step, begin, chain

OUT = Path(__file__).parent / "pictures" / "paste-back.jpg"
TIMES = 16
"""Differences are shown so many times as large."""
WIDER_PX = 17
"""Masks of annotators are a little wider than an edit; here by 8 pixels on each side."""
EYES = chain(
    surfaces.recolour(oval(0.385, 0.385, 0.078, 0.105)), surfaces.recolour(oval(0.71, 0.455, 0.06, 0.09))
)


def row(words: str, after: Step) -> Row:
    """The edited picture, where it differs from the original, and both for what was pasted back."""
    made = chain(EYES, after)(begin(photo("cat")), default_rng(3))
    laid, valid = on_grid(made.original, made.edited)
    wider = cv2.dilate(made.mask.astype(np.uint8), np.ones((WIDER_PX, WIDER_PX), np.uint8)) > 0
    pasted = paste_back(laid, valid, made.edited, wider)
    pictures = (made.edited, difference(laid, made.edited), pasted, difference(laid, pasted))
    return Row(words, tuple(picture[:, 70:370] for picture in pictures))


def difference(one: Picture, other: Picture) -> Picture:
    """Absolute difference, enlarged."""
    apart = np.abs(one.astype(np.int16) - other).max(axis=2) * TIMES
    return np.repeat(np.minimum(apart, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def main() -> None:
    columns = f"edited, its difference to the original x {TIMES}, pasted back, and the same"
    rows = [
        row(f"Every pixel was touched by a generator: {columns}", regenerate(0.5)),
        row(
            "The whole picture was made darker, too: a seam shows about the eyes",
            corruptions.tone((0.75, 0.75, 0.75)),
        ),
    ]
    sheet = contact_sheet(rows, tile_px=300)
    OUT.write_bytes(cv2.imencode(".jpg", sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())


if __name__ == "__main__":
    main()
