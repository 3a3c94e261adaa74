"""Make the pictures of the README and of examples/pairs: photographs, and known edits of them.

    python docs/make_pictures.py

The photographs are scikit-image's: NASA's portrait of Eileen Collins (public domain), a cat (CC0, Stefan van
der Walt), a cup of coffee (CC0, Rachel Michetti).
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.random import default_rng

import maskwright
from maskwright.bench.demo import all_recipes, oval, photo
from maskwright.pages.sheet import Row, contact_sheet
from maskwright.pairs.values import Picture
from maskwright.synthesis import corruptions, fills, surfaces
from maskwright.synthesis.steps import begin, chain

FOLDER = Path(__file__).parent / "pictures"
PAIRS = Path(__file__).parents[1] / "examples" / "pairs"

EDIT = chain(
    fills.removal("telea", oval(0.335, 0.757, 0.085, 0.085)),  # the mission's badge
    surfaces.recolour(oval(0.815, 0.12, 0.05, 0.14)),  # the shuttle's tank
    corruptions.resize(0.9),
)


def save(picture: Picture, path: Path, quality: int) -> None:
    data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.tobytes())


def save_small_pairs() -> None:
    """Three pairs of the demonstration, 320 pixels wide, as a folder people might have."""
    for recipe in all_recipes():
        if recipe.name in ("badge", "eyes", "spoon") and recipe.step is not None:
            smaller = corruptions.resize(320 / photo(recipe.photo).shape[1], side="both")
            made = recipe.step(smaller(begin(photo(recipe.photo)), default_rng(1)), default_rng(1))
            save(made.original, PAIRS / "original" / f"{recipe.name}.jpg", 92)
            save(made.edited, PAIRS / "edited" / f"{recipe.name}.jpg", 85)


def main() -> None:
    made = EDIT(begin(photo("astronaut")), default_rng(1))
    save(made.original, FOLDER / "before.jpg", 90)
    save(made.edited, FOLDER / "after.jpg", 85)
    comparison = maskwright.compare(FOLDER / "before.jpg", FOLDER / "after.jpg")
    mask = np.repeat(comparison.mask.astype(np.uint8)[..., None] * 255, 3, axis=2)
    pictures = (
        maskwright.read_picture(FOLDER / "before.jpg").pixels,
        comparison.edited,
        mask,
        comparison.overlay(),
    )
    words = "original, edited (smaller, JPEG), the mask, and the mask's outline on the edited picture"
    save(contact_sheet([Row(words, pictures)], tile_px=300), FOLDER / "result.jpg", 88)
    save_small_pairs()


if __name__ == "__main__":
    main()
