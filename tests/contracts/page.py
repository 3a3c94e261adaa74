"""What every page keeps. A new page inherits the class and gives the fixture `page`: a file whose every
foreign text (id, name, instruction, column, value) is `HOSTILE` or holds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import DESKTOP, PHONE, needs_browser, opened

HOSTILE = "</script><img src=x onerror=alert(1)> photos[b]{{ 7*7 }}\u202egpj\x1b[31m"
SHOWN = "</script><img src=x onerror=alert(1)> photos[b]{{ 7*7 }}gpj[31m"
"""The same as a page shows it: all of it as text, without what turns the writing or acts on a terminal."""


class PageContract:
    """Inherit, and give the fixture `page` in the class or its module."""

    def test_it_has_at_most_ten_megabytes(self, page: Path) -> None:
        assert 10_000 < page.stat().st_size <= 10_000_000

    @needs_browser
    @pytest.mark.parametrize("size", [DESKTOP, PHONE])
    @pytest.mark.parametrize("dark", [False, True])
    def test_it_fits_asks_for_nothing_and_shows_every_picture(
        self, page: Path, size: tuple[int, int], dark: bool
    ) -> None:
        with opened(page, size=size, dark=dark) as seen:
            assert (seen.outside, seen.trouble) == ([], [])
            assert (seen.too_wide(), seen.without_alt(), seen.broken()) == (0, 0, 0)

    @needs_browser
    def test_hostile_words_are_text(self, page: Path) -> None:
        with opened(page) as seen:
            assert SHOWN in seen.text()
            assert seen.page.locator("img[src=x]").count() == 0
            assert not {"\u202e", "\x1b"} & set(seen.page.content())
            assert seen.trouble == []

    @needs_browser
    def test_a_script_that_slips_in_is_not_run(self, page: Path, tmp_path: Path) -> None:
        text = page.read_text(encoding="utf-8")
        slipped = "<script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\">"
        (tmp_path / "slipped.html").write_text(text.replace("</main>", f"{slipped}</main>"), encoding="utf-8")
        with opened(tmp_path / "slipped.html") as seen:
            assert seen.page.title() != "run"
            assert any("Content Security Policy" in line for line in seen.trouble)

    @needs_browser
    def test_every_link_leads_to_a_place_on_it(self, page: Path) -> None:
        with opened(page) as seen:
            lost = seen.page.evaluate(
                "[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))"
                ".filter(h => !h.startsWith('#') || !document.getElementById(h.slice(1)))"
            )
        assert lost == []

    @needs_browser
    def test_every_picture_is_there_without_scripts(self, page: Path) -> None:
        with opened(page) as with_scripts, opened(page, scripts=False) as without:
            pictures = "document.querySelectorAll('main img:not(.stage img)').length"
            assert without.page.locator("main img").count() == with_scripts.page.evaluate(pictures) > 0
            assert without.page.locator("button").count() == 0
