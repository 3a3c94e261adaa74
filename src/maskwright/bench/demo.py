"""The main job on photographs that come with it: known edits, saved as people save them, annotated.

The photographs are scikit-image's samples that lie inside its package (nothing is
downloaded): the astronaut (NASA, public domain), the rocket (SpaceX, public domain), the
cat (CC0, Stefan van der Walt), the cup of coffee (CC0, Rachel Michetti) and the retina
(CC0, Mikael Haeggstroem).
"""

from __future__ import annotations

import csv
import importlib.util
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator, default_rng

from maskwright.corpus.annotate import Progress, annotate
from maskwright.corpus.reader import Corpus, open_corpus
from maskwright.detectors.single import detect
from maskwright.errors import MissingExtraError, RunError, SettingError
from maskwright.measures.metrics import pixel_f1
from maskwright.pages.overlay import draw_overlay
from maskwright.pages.sheet import Row, contact_sheet
from maskwright.pairs.picture import encode_png, read_picture
from maskwright.pairs.values import Mask, Picture
from maskwright.synthesis import corruptions, fills, objects, surfaces
from maskwright.synthesis.regenerate import regenerate
from maskwright.synthesis.regions import Draw
from maskwright.synthesis.steps import Made, Step, begin, chain

PHOTOS = {
    "astronaut": "astronaut.png",
    "cat": "chelsea.png",
    "coffee": "coffee.png",
    "rocket": "rocket.jpg",
    "retina": "retina.jpg",
}
"""Name -> file in scikit-image's folder of sample pictures."""

SEED = 7
"""Of all chance in the edits; the same seed gives the same bytes."""

SAVE_SETTINGS = {
    "png": (".png", []),
    "jpeg 95": (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 95]),
    "jpeg 85": (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 85]),
    "jpeg 75": (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 75]),
    "webp 85": (".webp", [cv2.IMWRITE_WEBP_QUALITY, 85]),
}
"""How a picture is saved -> suffix and OpenCV's settings."""


LOOKED_AT = "paste"
"""The pair whose edited picture is looked at alone."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One pair to make.

    Args:
        edit: the edit in words; empty for none.
        step: the edit itself.
        after: what happens to the whole edited picture, in words and as a step.
        original_as, edited_as: keys of `SAVE_SETTINGS`.
    """

    name: str
    photo: str
    edit: str = ""
    step: Step | None = None
    after_words: str = ""
    after: Step | None = None
    original_as: str = "png"
    edited_as: str = "jpeg 85"

    @property
    def saved_words(self) -> str:
        return ", ".join(filter(None, [self.after_words, self.edited_as]))


@dataclass(frozen=True, slots=True)
class Shown:
    """What became of one pair of the demonstration.

    Args:
        f1: against the known mask, without what it leaves open; None where the pair has none.
    """

    name: str
    edit: str
    saved_as: str
    status: str
    reason: str
    verdict: str
    f1: float | None


@dataclass(frozen=True, slots=True)
class Demonstration:
    """Where everything is, and how well it went.

    Args:
        out: the folder of it all.
        table: the pairs as a table with their known masks.
        run: what `annotate` wrote.
        sheet: all pairs as one picture.
        f1_mean: over the pairs that were edited.
        looked: the edited picture that was looked at alone, without its original.
        detected: the page about it; empty where the detector is not here.
        finding: what it says, or why there is none.
    """

    out: str
    table: str
    run: str
    sheet: str
    pairs: tuple[Shown, ...]
    f1_mean: float
    looked: str
    detected: str
    finding: str


def demo(out: str | Path, *, progress: Progress | None = None) -> Demonstration:
    """Make pairs with known edits, save them as people do, annotate them, and compare.

    Args:
        out: a folder, new or of an earlier demonstration. Will hold `pairs.csv`, `pairs/`,
            `run/`, `sheet.jpg`, and `detected/` where the shipped detector is here.
        progress: as for `annotate`.

    Raises:
        MissingExtraError: scikit-image, whose sample photographs are used, is not installed.
        SettingError: the folder holds something else.
    """
    folder = Path(out)
    table = folder / "pairs.csv"
    if folder.exists() and not table.exists() and any(folder.iterdir()):
        raise SettingError(f"{folder} is not empty", hint="give a new folder: maskwright demo -o NEW")
    recipes = all_recipes()
    truths = _write_pairs(folder, table, recipes)
    annotate(table, folder / "run", progress=progress)
    corpus = open_corpus(folder / "run")
    found = {
        row["name"]: row for row in corpus.table(["id", "name", "status", "reason", "verdict"]).to_pylist()
    }
    shown = tuple(
        Shown(
            recipe.name,
            recipe.edit or "none",
            recipe.saved_words,
            found[recipe.name]["status"],
            found[recipe.name]["reason"],
            found[recipe.name]["verdict"],
            _f1(corpus, found[recipe.name]["id"], truths.get(recipe.name)),
        )
        for recipe in recipes
    )
    ids = {name: row["id"] for name, row in found.items()}
    sheet = folder / "sheet.jpg"
    _write(sheet, _encoded(_sheet(corpus, shown, ids, truths), "jpeg 85")[1])
    edited = [each.f1 for each in shown if each.f1 is not None and each.edit != "none"]
    looked = next((folder / "pairs" / "edited").glob(f"{LOOKED_AT}.*"))
    detected, finding = _detected(looked, folder / "detected")
    return Demonstration(
        out=str(folder),
        table=str(table),
        run=str(folder / "run"),
        sheet=str(sheet),
        pairs=shown,
        f1_mean=float(np.mean(edited)),
        looked=str(looked),
        detected=detected,
        finding=finding,
    )


def _detected(picture: Path, out: Path) -> tuple[str, str]:
    """The page of the shipped detector on a picture, and its finding; why not, where it is not here."""
    try:
        detected = detect(picture)
    except MissingExtraError as lacking:
        return "", str(lacking)
    detected.save(out)
    return str(out / "detect.html"), detected.sentence


def all_recipes() -> tuple[Recipe, ...]:
    """The pairs of the demonstration: eight edited, two that are not, two that have no answer."""
    cat, retina = photo("cat"), photo("retina")
    cat_eyes = oval(0.385, 0.385, 0.078, 0.105), oval(0.71, 0.455, 0.06, 0.09)
    crop = corruptions.crop(0.06, 0.04, 0.97, 0.95)
    return (
        Recipe(
            "badge",
            "astronaut",
            "badge painted over",
            fills.removal("telea", oval(0.335, 0.757, 0.085, 0.085)),
        ),
        Recipe(
            "eyes",
            "cat",
            "eyes in another colour",
            chain(*map(surfaces.recolour, cat_eyes)),
            original_as="jpeg 95",
            edited_as="webp 85",
        ),
        Recipe(
            "spoon",
            "coffee",
            "spoon painted over",
            fills.removal("ns", oval(0.615, 0.70, 0.085, 0.13)),
            "resized to 75 %",
            corruptions.resize(0.75),
        ),
        Recipe("paste", "astronaut", "eye of a cat pasted", objects.paste(cat, cat_eyes[0], feather_px=2.0)),
        Recipe(
            "copy",
            "rocket",
            "rocket copied",
            objects.copy_move(oval(0.503, 0.6, 0.03, 0.3)),
            "moved by 3 px, 2 px",
            corruptions.shift(3, 2),
            original_as="jpeg 95",
        ),
        Recipe(
            "light",
            "coffee",
            "a region relit",
            surfaces.relight(oval(0.2, 0.75, 0.14, 0.18)),
            "cropped",
            crop,
        ),
        Recipe(
            "redrawn",
            "cat",
            "a retina pasted",
            objects.paste(retina, oval(0.5, 0.5, 0.45, 0.45), scale=0.1),
            "redrawn as by a generator",
            regenerate(0.4),
        ),
        Recipe(
            "exact",
            "rocket",
            "nose of a cat pasted",
            objects.paste(cat, oval(0.57, 0.8, 0.09, 0.1)),
            edited_as="png",
        ),
        Recipe("saved_again", "coffee", original_as="jpeg 95", edited_as="jpeg 75"),
        Recipe("half_size", "astronaut", after_words="resized to 50 %", after=corruptions.resize(0.5)),
        Recipe("other_photo", "cat", "another photograph", _exchanged("rocket")),
        Recipe("cut_off", "coffee", "file cut off in the middle"),
    )


@cache
def photo(name: str) -> Picture:
    """One of `PHOTOS`, (H, W, 3) uint8; not to be written to.

    Raises:
        MissingExtraError: scikit-image is not installed, or lacks the picture.
    """
    package = importlib.util.find_spec("skimage")
    hint = "pip install 'maskwright[demo]'"
    if package is None or not package.submodule_search_locations:
        raise MissingExtraError("the demonstration needs scikit-image's sample photographs", hint=hint)
    path = Path(package.submodule_search_locations[0]) / "data" / PHOTOS[name]
    if not path.exists():
        raise MissingExtraError(f"scikit-image's sample photographs lack {PHOTOS[name]}", hint=hint)
    picture = read_picture(path).pixels
    picture.flags.writeable = False
    return picture


def oval(x: float, y: float, half_width: float, half_height: float) -> Draw:
    """Draws an ellipse at a place, in shares of the picture's width and height."""

    def draw(height: int, width: int, rng: Generator) -> Mask:
        rows, columns = np.mgrid[:height, :width]
        return np.asarray(
            ((columns / width - x) / half_width) ** 2 + ((rows / height - y) / half_height) ** 2 <= 1
        )

    return draw


def _exchanged(name: str) -> Step:
    """The edited picture is another photograph altogether."""
    new = photo(name)
    everywhere = np.ones(new.shape[:2], np.bool_)
    return lambda made, rng: Made(made.original, new, everywhere, ~everywhere)


def _write_pairs(folder: Path, table: Path, recipes: tuple[Recipe, ...]) -> dict[str, Made]:
    """Write pictures, masks, what to ignore, and the table; returns those with a known mask by name."""
    truths: dict[str, Made] = {}
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(["name", "original", "edited", "mask", "ignore", "edit", "saved_as"])
    for number, recipe in enumerate(recipes):
        rng = default_rng([SEED, number])
        made = begin(photo(recipe.photo))
        for step in filter(None, (recipe.step, recipe.after)):
            made = step(made, rng)
        names = {}
        for role, picture, how in (
            ("original", made.original, recipe.original_as),
            ("edited", made.edited, recipe.edited_as),
        ):
            suffix, data = _encoded(picture, how)
            if recipe.name == "cut_off" and role == "edited":
                data = data[: len(data) // 2]
            names[role] = f"pairs/{role}/{recipe.name}{suffix}"
            _write(folder / names[role], data)
        names |= {"mask": "", "ignore": ""}
        if recipe.name not in ("other_photo", "cut_off"):
            truths[recipe.name] = made
            for role, mask in (("mask", made.mask), ("ignore", made.ignore)):
                if role == "mask" or mask.any():
                    names[role] = f"pairs/{role}/{recipe.name}.png"
                    _write(folder / names[role], encode_png(mask))
        writer.writerow([recipe.name, *names.values(), recipe.edit, recipe.saved_words])
    _write(table, lines.getvalue().encode())
    return truths


def _encoded(picture: Picture, how: str) -> tuple[str, bytes]:
    suffix, settings = SAVE_SETTINGS[how]
    done, data = cv2.imencode(suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), settings)
    if not done:
        raise RunError(f"this OpenCV cannot write {suffix} files")
    return suffix, data.tobytes()


def _write(path: Path, data: bytes) -> None:
    """Write only what is new, so that a second demonstration in the same folder goes on with the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)


def _f1(corpus: Corpus, pair_id: str, truth: Made | None) -> float | None:
    """A pair without an answer counts as an empty mask (design, Measures)."""
    if truth is None:
        return None
    mask = corpus.mask(pair_id)
    found = np.zeros_like(truth.mask) if mask is None else mask
    return pixel_f1(found, truth.mask, ignore=truth.ignore)


def _sheet(corpus: Corpus, shown: tuple[Shown, ...], ids: dict[str, str], truths: dict[str, Made]) -> Picture:
    rows = []
    for each in shown:
        if each.reason == "truncated":
            continue
        original, edited = corpus.pictures(ids[each.name])
        mask = corpus.mask(ids[each.name])
        truth = truths[each.name].mask if each.name in truths else None
        empty = np.zeros(edited.shape[:2], np.bool_)
        overlay = draw_overlay(edited, empty if mask is None else mask)
        maps = [
            np.repeat((empty if m is None else m).astype(np.uint8)[..., None] * 255, 3, 2)
            for m in (mask, truth)
        ]
        score = "" if each.f1 is None else f"   F1 {each.f1:.2f}"
        title = f"{each.name}: {each.edit}; {each.saved_as}   {each.verdict}{score}"
        rows.append(Row(title, (original, edited, overlay, *maps)))
    return contact_sheet(rows, tile_px=180)
