"""The pages of a detection and of a folder of them, in a real browser."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import maskwright
from maskwright.detectors.overview import save_overview
from maskwright.pairs.values import Encoded
from tests.browser import PHONE, needs_browser, opened
from tests.contracts.page import HOSTILE, PageContract
from tests.detectors.looked import BOX, detector, picture, png

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("detector")
    return str(detector(place / "bright.onnx", score_threshold=0.5, false_alarms=0.049))


class TestOnePicture(PageContract):
    @pytest.fixture(scope="class")
    @classmethod
    def page(cls, tmp_path_factory: pytest.TempPathFactory, network: str) -> Path:
        """Of a picture that a source knows by a hostile name, by a detector whose card is hostile, too."""
        pixels = picture(width=320, height=240)
        pixels[150:190, 200:280] = 230
        found = maskwright.detect(Encoded(png(pixels), HOSTILE), network)
        card = replace(found.card, name=HOSTILE, training_data=HOSTILE)
        path = tmp_path_factory.mktemp("page") / "detect.html"
        text = replace(found, card=card).to_html(command=f"maskwright detect {HOSTILE}")
        path.write_text(text, encoding="utf-8")
        return path

    @needs_browser
    def test_regions_are_outlined_where_they_are_and_numbered(self, page: Path) -> None:
        with opened(page) as seen:
            box = seen.page.evaluate(
                "(() => { const b = document.querySelector('.stacked svg .over').getBBox();"
                " return [b.x, b.y, b.x + b.width, b.y + b.height] })()"
            )
            assert box == [BOX[0], BOX[1], 280, 190]
            assert seen.page.locator(".stacked svg text").all_text_contents() == ["1", "2"]
            assert seen.page.locator(".crops li").count() == 2

    @needs_browser
    def test_picture_and_map_are_as_wide_as_a_phone(self, page: Path) -> None:
        with opened(page, size=PHONE) as seen:
            widths = seen.page.evaluate(
                "[...document.querySelectorAll('.stacked img')].map(i => i.clientWidth)"
            )
        assert min(widths) > 330

    def test_it_says_what_the_detector_is_and_what_it_does_not_show(self, page: Path, network: str) -> None:
        text = page.read_text(encoding="utf-8")
        assert maskwright.detect(picture(), network).card.digest in text
        assert "That a picture is authentic: what was not found may be there all the same." in text


class TestFolder(PageContract):
    @pytest.fixture(scope="class")
    @classmethod
    def page(cls, tmp_path_factory: pytest.TempPathFactory, network: str) -> Path:
        """Of a folder whose pictures, reasons and detector have hostile names."""
        place = tmp_path_factory.mktemp("overview")
        (place / "photos").mkdir()
        # the speck is on the map, and its score is below the threshold
        boxes = {"box": BOX, "plain": None, "no": BOX, "speck": (9, 9, 5, 5)}
        for name, box in boxes.items():
            (place / "photos" / f"{name}.png").write_bytes(png(picture(box=box)))
        (place / "photos" / "cut.png").write_bytes(png(picture())[:200])
        found = maskwright.detect_folder(place / "photos", place / "out", detector=network, workers=1)
        rows = pq.read_table(found.table).to_pylist()
        os.remove(place / "photos" / "no.png")  # its card is without a picture
        for row in rows:
            if row["id"] not in ("box.png", "speck.png"):
                row |= {"id": f"{HOSTILE} {row['id']}", "detail": row["detail"] and HOSTILE}
        hostile = replace(found, card=replace(found.card, name=HOSTILE), command=f"maskwright {HOSTILE}")
        save_overview(hostile, rows)
        return Path(found.page)

    @needs_browser
    def test_a_picture_that_looks_edited_is_outlined_and_one_that_does_not_is_not(self, page: Path) -> None:
        with opened(page) as seen:
            assert seen.page.locator("#edited-0 svg .over, #edited-1 svg .over").count() == 1
            assert seen.page.locator("#sheet-below .card img").count() == 2
            assert seen.page.locator("#sheet-below svg").count() == 0

    @needs_browser
    def test_a_picture_that_is_gone_says_so(self, page: Path) -> None:
        with opened(page) as seen:
            assert "it cannot be shown" in seen.page.locator("#sheet-edited .nopicture").inner_text()

    @needs_browser
    def test_the_list_leads_to_the_cards(self, page: Path) -> None:
        with opened(page) as seen:
            assert seen.page.locator("details a[href='#edited-0']").count() == 1
