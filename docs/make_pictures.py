"""Make the pictures of the README: a photograph, an edit of it, and what maskwright says.

    python docs/make_pictures.py

The photograph is NASA's portrait of Eileen Collins, in the public domain, as it lies in scikit-image.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.random import default_rng

import maskwright
from maskwright.bench.demo import oval, photo
from maskwright.pages.sheet import Row, contact_sheet
from maskwright.pairs.values import Picture
from maskwright.synthesis import corruptions, edits
from maskwright.synthesis.steps import begin, chain

FOLDER = Path(__file__).parent / "pictures"

EDIT = chain(
    edits.removal("telea", oval(0.335, 0.757, 0.085, 0.085)),  # the mission's badge
    edits.recolour(oval(0.815, 0.12, 0.05, 0.14)),  # the shuttle's tank
    corruptions.resize(0.9),
)


def save(picture: Picture, name: str, quality: int) -> None:
    data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    (FOLDER / name).write_bytes(data.tobytes())


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    (original, edited), _ = EDIT(*begin(photo("astronaut")), default_rng(1))
    save(original, "before.jpg", 90)
    save(edited, "after.jpg", 85)
    comparison = maskwright.compare(FOLDER / "before.jpg", FOLDER / "after.jpg")
    mask = np.repeat(comparison.mask.astype(np.uint8)[..., None] * 255, 3, axis=2)
    pictures = (
        maskwright.read_picture(FOLDER / "before.jpg").pixels,
        comparison.edited,
        mask,
        comparison.overlay(),
    )
    words = "original, edited (smaller, JPEG), the mask, and the mask's outline on the edited picture"
    save(contact_sheet([Row(words, pictures)], tile_px=300), "result.jpg", 88)


if __name__ == "__main__":
    main()
