"""The page of detectors, in a real browser, from values made by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from maskwright.pages.bench import Section
from maskwright.pages.detectors import DetectorsView, detectors_page
from maskwright.pages.plots import Curve, Curves, Dot, Dots
from tests.browser import needs_browser, opened
from tests.contracts.page import HOSTILE, PageContract
from tests.pages.test_bench import card

pytestmark = pytest.mark.slow
STEPS = [(place / 6, str(step)) for place, step in enumerate((0, 3, 7, 11, 15, 19, 23))]


def view(detectors: int = 5) -> DetectorsView:
    """Every part of a page, with a stranger's text wherever one can stand."""
    curves = [
        Curve(f"{HOSTILE} {k}", [(place, 0.9 - place / 2 - k / 10) for place, _ in STEPS], style=k % 4)
        for k in range(detectors)
    ]
    table = (("detector", "F1", ""), (HOSTILE, "0.902", "[0.878, 0.923]"))
    return DetectorsView(
        name=HOSTILE,
        sentence=f"{HOSTILE} has F1 0.902",
        says=[HOSTILE],
        sections=[
            Section("plain-0-0", HOSTILE, HOSTILE, [], [Dots("F1", "", [Dot(HOSTILE, 0.9, 0.8, 1)])], table),
            Section("blur", "Blur", "", [], [Curves("F1", "", "kernel", curves, STEPS, (0, 1))], table),
        ],
        sheets=[
            (HOSTILE, HOSTILE, [dataclasses.replace(card(number), shot=None) for number in range(2)]),
            ("none", "", []),
        ],
        sets=(("set", "pictures"), (HOSTILE, "7")),
        faults=(("picture", "reason"), (HOSTILE, HOSTILE)),
        faults_left=3,
        unasked=[HOSTILE],
        definitions=[(HOSTILE, HOSTILE)],
        limits=[HOSTILE],
        facts=[(HOSTILE, HOSTILE)],
        command=f"maskwright bench detectors --data '{HOSTILE}'",
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "detectors.html"
    path.write_text(detectors_page(view()), encoding="utf-8")
    return path


class TestDetectorsPage(PageContract):
    pass


@needs_browser
def test_each_curve_stands_with_its_name_below_the_plot_and_every_step_is_written(page: Path) -> None:
    with opened(page) as seen:
        plot = seen.page.locator("#blur .plot > svg")
        assert plot.locator("polyline").count() == plot.locator("line.curve").count() == 5
        shown = plot.text_content()
        assert all(step in shown for _, step in STEPS)
        bottom = plot.bounding_box()["y"] + plot.bounding_box()["height"]
        names = [text.bounding_box() for text in plot.locator("text.value").all()]
        assert len(names) == 5
        assert max(box["y"] + box["height"] for box in names) <= bottom + 1
        places = np.array([[box["x"], box["y"]] for box in names])
        assert len(np.unique(places.round(), axis=0)) == 5


@needs_browser
def test_a_sheet_without_pictures_is_not_shown(page: Path) -> None:
    with opened(page) as seen:
        assert seen.page.locator("#sheet-0 .card").count() == 2
        assert seen.page.locator("#sheet-1").count() == 0
