"""Make the screenshots of the manual's pages, from the pairs of `maskwright demo`.

    python docs/make_screenshots.py

The photographs are scikit-image's, in the public domain or CC0. Needs Debian's chromium, or another that is
named `chromium`, `chromium-browser` or `google-chrome`.
"""

from __future__ import annotations

import contextlib
import csv
import io
import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

import maskwright
from maskwright.bench.demo import demo

FOLDER = Path(__file__).parent / "pictures"
WIDTH = 1100


def shoot(page: Page, source: Path, name: str, top: int, height: int) -> None:
    """A strip of a page, from a height on."""
    page.goto(source.resolve().as_uri())
    shot = page.screenshot(full_page=True)
    strip = Image.open(io.BytesIO(shot)).convert("RGB")
    strip = strip.crop((0, top, strip.width, min(top + height, strip.height)))
    strip.save(FOLDER / f"{name}.jpg", quality=85, optimize=True)


def card_page() -> Path:
    """The card of a dataset of the demo's pairs."""
    with Path("look/pairs.csv").open(newline="") as file:
        rows = [{**row, "licence": "CC0 1.0"} for row in csv.DictReader(file)]
    with Path("look/stated.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    maskwright.annotate("look/stated.csv", "out", annotator="compact")
    maskwright.select(["out"], ["qes > 0.5"], name="good")
    options = maskwright.BuildOptions(authentic=1, originals_are_photographs=True, licence="CC BY 4.0")
    maskwright.build("dataset", outs=["out"], selection="good", format="parquet", options=options)
    return Path("dataset/card.html")


def main() -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name), sync_playwright() as driver:
        for picture in ("before.jpg", "after.jpg"):
            shutil.copy(FOLDER / picture, picture)
        demo(Path("look"))
        maskwright.report("look/run").save("report.html")
        maskwright.compare("before.jpg", "after.jpg").save("compared")
        region = np.zeros((461, 461), np.uint8)  # as in docs/how-to/test-an-editor.md
        region[300:400, 100:200] = 255
        maskwright.compare("before.jpg", "after.jpg", region=region).save("meant")
        maskwright.inspect("look/pairs", roles=maskwright.Roles(swap=True)).save("inspect.html")
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 900})
        shoot(page, Path("report.html"), "report-page", 0, 1180)
        shoot(page, Path("compared/compare.html"), "compare-page", 0, 760)
        shoot(page, Path("meant/compare.html"), "side-effects-page", 0, 1030)
        shoot(page, Path("inspect.html"), "inspect-page", 0, 900)
        shoot(page, card_page(), "card-page", 0, 1180)
        browser.close()


if __name__ == "__main__":
    main()
