"""The page of a measurement, in a real browser, from values made by hand."""

from __future__ import annotations

import base64
import dataclasses
import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.errors import GridError
from maskwright.pages.bench import (
    FALSE,
    HIT,
    MASK_PX,
    MISS,
    NEITHER,
    BenchCard,
    BenchView,
    MaskPicture,
    PairRow,
    PairRows,
    Section,
    ValueRows,
    bench_page,
    mask_uri,
)
from maskwright.pages.images import shot_of
from maskwright.pages.plots import Bar, Curve, Curves, Dot, Dots, Histogram, Point, Scatter
from tests.browser import DESKTOP, PHONE, needs_browser, opened
from tests.contracts.page import HOSTILE, SHOWN, PageContract
from tests.pages.test_comparison import scene

TABLE = (("method", "F1", ""), ("ours", "0.902", "[0.878, 0.923]"), (HOSTILE, "0.860", ""))


def card(number: int) -> BenchCard:
    original, edited = scene(number)
    truth = np.zeros((240, 320), np.bool_)
    truth[40:100, 60:140] = True
    ours = np.roll(truth, 10, axis=1)
    return BenchCard(
        anchor=f"pair-{number}",
        name=f"{number} {HOSTILE}",
        facts="F1 0.598, baseline 0.584",
        says=f"local edit; background resaved, in the table {HOSTILE}",
        shot=shot_of(original, edited, ours, None, longest_px=384),
        masks=[
            MaskPicture("truth", "6.2 % of the picture", mask_uri(truth, truth)),
            MaskPicture(HOSTILE, "12 % of the truth missed", mask_uri(ours, truth)),
            MaskPicture("baseline", "all of it false", mask_uri(~truth, truth)),
        ],
        figures=(("mask", "F1", "IoU"), (HOSTILE, "0.598", "0.427"), ("baseline", "0.584", "0.413")),
        note=f"odd: {HOSTILE}",
    )


def view(cards: int = 3) -> BenchView:
    """Every part of a page, with a stranger's text wherever one can stand."""
    dots = Dots(HOSTILE, HOSTILE, [Dot(HOSTILE, 0.9, 0.8, 0.95, figures=HOSTILE, link="value-0")], zero=True)
    points = [Point(HOSTILE, 0.4, 0.6, f"pair-{rank}", marked=True) for rank in range(cards)]
    plots = [
        Scatter("F1", "", HOSTILE, HOSTILE, [*points, Point("p", 1, 1, "row-0")], [(0.2, 0.3), (0.2, 0.3)]),
        Histogram(HOSTILE, "", [Bar(0, 0.5, 3, "f1-0"), Bar(0.5, 1, 9)]),
        Curves("trust", "", "kept", [Curve(HOSTILE, [(0.1, 0.9), (1, 0.7)])]),
    ]
    values = [ValueRows("value-0", HOSTILE, [(HOSTILE, "row-0")])]
    return BenchView(
        name=HOSTILE,
        sentence=f"{HOSTILE} has F1 0.902",
        says=[HOSTILE],
        sections=[
            Section("methods", HOSTILE, HOSTILE, [HOSTILE], [dots], TABLE),
            Section("by-0", f"By {HOSTILE}", "", [], [dots], TABLE, values, agrees=True),
            Section("each", "Pair by pair", "", plots=plots, large=True),
        ],
        cards=[card(number) for number in range(cards)],
        cards_title="Worst",
        cards_why=HOSTILE,
        pairs=[PairRows("f1-0", HOSTILE, [PairRow("row-0", HOSTILE, [HOSTILE] * 5, "pair-0")])],
        pairs_head=["pair", HOSTILE, "IoU", "baseline", "verdict", HOSTILE],
        pairs_left=7,
        unmeasured=(("id", "reason", "what was seen"), (HOSTILE, "file_missing", HOSTILE)),
        unasked=[HOSTILE],
        definitions=[("F1", HOSTILE)],
        limits=[HOSTILE],
        facts=[("table", HOSTILE)],
        command=HOSTILE,
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "bench.html"
    path.write_text(bench_page(view()), encoding="utf-8")
    return path


def decoded(uri: str) -> np.ndarray:
    coded = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    return cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def test_hit_missed_false_and_neither_have_their_colours() -> None:
    mask, truth = np.array([[1, 0, 1, 0]], np.bool_), np.array([[1, 1, 0, 0]], np.bool_)
    shown = decoded(mask_uri(mask, truth))
    assert [tuple(pixel) for pixel in shown[0].tolist()] == [HIT, MISS, FALSE, NEITHER]


def test_the_colours_of_masks_differ_in_grey_too() -> None:
    def luminance(colour: tuple[int, int, int]) -> float:
        linear = [((v / 255 + 0.055) / 1.055) ** 2.4 if v > 10 else v / 255 / 12.92 for v in colour]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    found = sorted(luminance(colour) for colour in (HIT, MISS, FALSE, NEITHER))
    contrasts = [(b + 0.05) / (a + 0.05) for a, b in itertools.pairwise(found)]
    assert min(contrasts) > 2


def test_a_mask_is_made_small_and_keeps_its_shape() -> None:
    truth = np.zeros((600, 1200), np.bool_)
    assert decoded(mask_uri(truth, truth)).shape == (MASK_PX // 2, MASK_PX, 3)


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(GridError):
        mask_uri(np.zeros((4, 4), np.bool_), np.zeros((4, 5), np.bool_))


def test_the_same_values_give_the_same_page() -> None:
    assert bench_page(view()) == bench_page(view())


def test_no_style_attribute_is_written_that_the_policy_forbids() -> None:
    assert " style=" not in bench_page(view()).split("<body>")[1]


class TestBenchPage(PageContract):
    """Of values made by hand."""


@needs_browser
def test_a_page_with_a_single_pair_fits(tmp_path: Path) -> None:
    (tmp_path / "one.html").write_text(bench_page(view(cards=1)), encoding="utf-8")
    with opened(tmp_path / "one.html", size=PHONE) as seen:
        assert (seen.too_wide(), seen.trouble) == (0, [])
        assert seen.page.locator(".card").count() == 1


@needs_browser
def test_hostile_ids_values_and_names_are_text(page: Path) -> None:
    with opened(page) as seen:
        text = seen.text()
        for words in (f"{SHOWN} has F1", f"By {SHOWN}", f"odd: {SHOWN}", f"in the table {SHOWN}"):
            assert words in text, words
        seen.page.locator(".behind summary").click()
        assert SHOWN in seen.page.inner_text("#value-0")


@needs_browser
def test_the_wipe_of_a_card_opens_by_keyboard_and_moves_on(page: Path) -> None:
    with opened(page) as seen:
        seen.page.locator("#pair-1 .open").focus()
        seen.page.keyboard.press("Enter")
        assert seen.page.inner_text("dialog h2").startswith("1 </script>")
        seen.page.keyboard.press("n")
        assert seen.page.inner_text("dialog h2").startswith("2 </script>")
        clip = "getComputedStyle(document.querySelectorAll('dialog .stage img')[1]).clipPath"
        before = seen.page.evaluate(clip)
        seen.page.keyboard.press("ArrowRight")
        assert seen.page.evaluate(clip) != before
        seen.page.keyboard.press("Escape")
        assert not seen.page.locator("dialog").is_visible()


@needs_browser
def test_a_ring_of_the_scatter_plot_leads_to_its_card(page: Path) -> None:
    with opened(page) as seen:
        seen.page.locator("a[href='#pair-2']").first.focus()
        seen.page.keyboard.press("Enter")
        top = seen.page.evaluate("document.getElementById('pair-2').getBoundingClientRect().top")
        assert 0 <= top < DESKTOP[1]


@needs_browser
def test_points_lie_where_their_figures_say(page: Path) -> None:
    with opened(page) as seen:
        places = seen.page.evaluate(
            "[...document.querySelectorAll('circle.point')]"
            ".map(c => [c.cx.baseVal.value, c.cy.baseVal.value])"
        )
    assert places == pytest.approx(np.array([[40 + 120, 310 - 180]] * 3 + [[340, 10]]))


@needs_browser
def test_without_scripts_pictures_masks_and_numbers_are_all_there(page: Path) -> None:
    with opened(page, scripts=False) as seen:
        assert seen.page.locator("#pair-0 .side img").count() == 2
        masks = seen.page.locator("#pair-0 .masks img")
        boxes = [masks.nth(number).bounding_box() for number in range(3)]
        assert len({box["y"] for box in boxes}) == 1
        assert boxes[0]["x"] < boxes[1]["x"] < boxes[2]["x"]
        assert "0.427" in seen.page.inner_text("#pair-0")


def test_a_card_without_pictures_says_why() -> None:
    gone = dataclasses.replace(card(0), shot=None, masks=(), note="No longer to be read: gone")
    page = bench_page(dataclasses.replace(view(), cards=[gone]))
    assert "No longer to be read: gone" in page
    assert 'class="versus"' not in page
