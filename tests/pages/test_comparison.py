"""The page of a comparison, in a real browser."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import maskwright
from maskwright.pages import page as page_module
from maskwright.pages.images import laid_on
from maskwright.pairs.values import Encoded
from tests.browser import needs_browser, opened
from tests.contracts.page import HOSTILE, PageContract


def scene(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A picture of 320x240 and the same with two boxes painted."""
    coarse = np.random.default_rng(seed).integers(40, 200, (12, 16, 3)).astype(np.uint8)
    original = np.asarray(cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC))
    edited = original.copy()
    edited[40:100, 60:140] = (250, 240, 30)
    edited[180:200, 250:270] = (20, 30, 220)
    return original, edited


def save(path: Path, picture: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", picture[..., ::-1])[1].tobytes())
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `compare -o` writes."""
    place = tmp_path_factory.mktemp("comparison")
    original, edited = scene()
    before, after = save(place / "before.png", original), save(place / "after.png", edited)
    maskwright.compare(before, after).save(place / "out")
    return place / "out"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a pair that a source knows by a hostile name; a file cannot have all of it."""
    before, after = (cv2.imencode(".png", each)[1].tobytes() for each in scene())
    found = maskwright.compare(Encoded(before, HOSTILE), Encoded(after, HOSTILE))
    path = tmp_path_factory.mktemp("page") / "compare.html"
    path.write_text(found.to_html(command=f"maskwright compare {HOSTILE}"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def meant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the same pair, where the edit was meant for the left: the second box is a side effect."""
    place = tmp_path_factory.mktemp("meant")
    region = np.zeros((240, 320), np.uint8)
    region[20:120, 40:160] = 255
    maskwright.compare(*scene(), region=region).save(place)
    return place / "compare.html"


def box_of(seen: object, selector: str) -> list[float]:
    """Left, top, right and bottom of what is drawn, on the picture's pixels."""
    script = f"(() => {{ const b = document.querySelector('{selector}').getBBox();"
    return list(seen.page.evaluate(f"{script} return [b.x, b.y, b.x + b.width, b.y + b.height] }})()"))  # type: ignore[attr-defined]


@needs_browser
def test_the_region_is_outlined_where_it_is(meant: Path) -> None:
    with opened(meant) as seen:
        assert box_of(seen, ".stage svg .meant") == [40, 20, 160, 120]


@needs_browser
def test_what_changed_outside_the_region_is_outlined_in_another_colour(meant: Path) -> None:
    with opened(meant) as seen:
        assert box_of(seen, ".stage svg .beyond") == pytest.approx([250, 180, 270, 200], abs=3)
        colours = [
            seen.page.eval_on_selector(f".stage svg .over{kind}", "e => getComputedStyle(e).stroke")
            for kind in (":not(.meant, .beyond)", ".meant", ".beyond")
        ]
    assert len(set(colours)) == 3


@needs_browser
def test_the_lines_are_explained_in_words_also_without_scripts(meant: Path) -> None:
    for scripts in (True, False):
        with opened(meant, scripts=scripts) as seen:
            assert seen.page.locator(".lines").is_visible()
            assert [line.strip() for line in seen.page.locator(".lines li").all_inner_texts()] == [
                "what changed",
                "what changed outside the region: side effects",
                "the region the edit was meant for",
            ]


@needs_browser
def test_without_a_region_no_lines_are_explained(folder: Path) -> None:
    with opened(folder / "compare.html") as seen:
        assert seen.page.locator(".lines").count() == 0


class TestComparisonPage(PageContract):
    """Of the pair above."""


def test_the_same_pair_gives_the_same_page() -> None:
    pages = [maskwright.compare(*scene()).to_html() for _ in range(2)]
    assert pages[0] == pages[1]


@pytest.mark.slow
def test_a_picture_of_twelve_megapixels_gives_a_page_of_at_most_ten_megabytes() -> None:
    rng = np.random.default_rng(0)
    original = rng.integers(0, 255, (3000, 4000, 3)).astype(np.uint8)  # noise: nothing codes worse
    edited = original.copy()
    for x in range(100, 3900, 300):
        edited[200:400, x : x + 180] = 255 - edited[200:400, x : x + 180]
    page = maskwright.compare(original, edited).to_html()
    assert 1_000_000 < len(page) <= 10_000_000


def test_different_photographs_are_shown_side_by_side_and_not_wiped() -> None:
    page = maskwright.compare(scene(1)[0], scene(2)[0]).to_html()
    assert "different photographs" in page
    assert 'class="versus main"' not in page


def test_what_lies_outside_the_original_is_among_the_limits() -> None:
    original, _ = scene()
    noisy = np.random.default_rng(5).integers(0, 60, original.shape).astype(np.uint8)
    moved = np.roll(original + noisy, 40, axis=1)
    moved[:, :40] = 0
    page = maskwright.compare(original + noisy, moved).to_html()
    assert "lies outside the original" in page


@needs_browser
def test_without_scripts_both_pictures_stand_side_by_side(folder: Path) -> None:
    with opened(folder / "compare.html", scripts=False) as seen:
        boxes = [
            seen.page.locator(f".versus.main .{side} img").bounding_box() for side in ("original", "edited")
        ]
    assert all(box["width"] > 300 for box in boxes)
    assert boxes[0]["y"] == boxes[1]["y"]


def shown_of_edited(seen: object) -> float:
    """Share of the stage's width on which the edited picture is seen, in percent."""
    script = "getComputedStyle(document.querySelectorAll('.stage img')[1]).clipPath"
    left = str(seen.page.evaluate(script)).removesuffix(")").split()[-1]  # type: ignore[attr-defined]
    return 100 - float(left.removesuffix("%").removesuffix("px"))


@needs_browser
def test_the_arrow_keys_wipe(folder: Path) -> None:
    with opened(folder / "compare.html") as seen:
        seen.page.keyboard.press("ArrowRight")
        first = shown_of_edited(seen)
        seen.page.keyboard.press("ArrowRight")
        assert shown_of_edited(seen) == first - 5
        seen.page.keyboard.press("ArrowLeft")
        seen.page.keyboard.press("ArrowLeft")
        assert shown_of_edited(seen) == first + 5


@needs_browser
def test_b_blinks_and_blinks_no_more(folder: Path) -> None:
    with opened(folder / "compare.html") as seen:
        first = shown_of_edited(seen)
        seen.page.keyboard.press("b")
        assert seen.page.inner_text(".tag.left") == "original"
        assert shown_of_edited(seen) == 0
        seen.page.locator(".tag.left", has_text="edited").wait_for()
        assert shown_of_edited(seen) == 100
        seen.page.keyboard.press("b")
        assert shown_of_edited(seen) == first


@needs_browser
def test_who_wants_less_motion_changes_sides_by_hand(folder: Path) -> None:
    with opened(folder / "compare.html", still=True) as seen:
        seen.page.keyboard.press("b")
        seen.page.wait_for_timeout(1000)  # longer than a blink takes
        assert seen.page.inner_text(".tag.left") == "original"
        seen.page.keyboard.press("b")
        assert seen.page.inner_text(".tag.left") == "edited"


@needs_browser
def test_o_takes_the_outlines_away(folder: Path) -> None:
    with opened(folder / "compare.html") as seen:
        assert seen.page.locator(".stage svg.outline").is_visible()
        seen.page.keyboard.press("o")
        assert not seen.page.locator(".stage svg.outline").is_visible()


@needs_browser
def test_on_paper_the_pictures_stand_side_by_side_on_a4(folder: Path, tmp_path: Path) -> None:
    with opened(folder / "compare.html") as seen:
        seen.page.emulate_media(media="print")
        assert seen.page.locator(".versus.main").is_visible()
        assert not seen.page.locator(".viewer").is_visible()
        paper = seen.page.pdf(prefer_css_page_size=True)
    assert b"/MediaBox [0 0 595" in paper or b"/MediaBox [0 0 594.9" in paper


@needs_browser
def test_the_outline_lies_around_the_edit(folder: Path) -> None:
    with opened(folder / "compare.html") as seen:
        box = box_of(seen, ".stage svg .over")
    assert box == pytest.approx([60, 40, 270, 200], abs=3)


@needs_browser
def test_what_changed_on_the_left_is_seen_before_anything_is_moved(folder: Path) -> None:
    with opened(folder / "compare.html") as seen:
        assert shown_of_edited(seen) > 100 * (1 - 60 / 320)


@needs_browser
def test_regions_are_numbered_on_the_picture(folder: Path) -> None:
    with opened(folder / "compare.html") as seen:
        assert seen.page.locator(".stage svg text").all_text_contents() == ["1", "2"]


def test_where_the_original_has_no_pixel_it_is_grey_and_nothing_is_invented() -> None:
    original, _ = scene()
    grain = np.random.default_rng(5).integers(0, 60, original.shape).astype(np.uint8)
    moved = np.roll(original + grain, 40, axis=1)
    moved[:, :40] = 0
    found = maskwright.compare(original + grain, moved)
    assert found.aligned is not None
    assert not found.aligned.valid[:, :38].any()
    assert (laid_on(found.aligned)[:, :38] == 128).all()
    assert "grey where it has no pixel" in found.to_html()


def test_a_page_that_would_be_too_heavy_gets_smaller_pictures_and_masks_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = maskwright.compare(*scene())
    found.save(tmp_path / "whole")
    whole = (tmp_path / "whole" / "compare.html").stat().st_size
    monkeypatch.setattr(page_module, "MOST_BYTES", whole * 7 // 8)
    found.save(tmp_path / "light")
    assert (tmp_path / "light" / "compare.html").stat().st_size <= whole * 7 // 8
    masks = [(tmp_path / name / "mask.png").read_bytes() for name in ("whole", "light")]
    assert masks[0] == masks[1]


def test_a_page_of_another_version_is_written_anew(tmp_path: Path) -> None:
    found = maskwright.compare(*scene())
    found.save(tmp_path / "out")
    page = tmp_path / "out" / "compare.html"
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace('content="maskwright ', 'content="maskwright 0.0.'), encoding="utf-8")
    found.save(tmp_path / "out")
    assert page.read_text(encoding="utf-8") == text


def test_the_line_on_the_page_holds_for_names_that_begin_with_a_dash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, edited = scene()
    save(tmp_path / "-a.png", original)
    save(tmp_path / "-b.png", edited)
    monkeypatch.chdir(tmp_path)
    maskwright.compare("-a.png", "-b.png").save("-out")
    assert "maskwright compare --out=-out -- -a.png -b.png" in Path("./-out/compare.html").read_text(
        encoding="utf-8"
    )
