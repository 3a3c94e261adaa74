"""A real browser that looks at a page: Debian's chromium, driven by playwright."""

import atexit
import functools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium")

DESKTOP, PHONE = (1280, 900), (390, 844)


class Seen:
    """A page in the browser, and everything it tried that a page of ours must not do."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.requests: list[str] = []
        self.trouble: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.trouble.append(message.text))
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("dialog", lambda dialog: (self.trouble.append(f"dialog {dialog.message}"), dialog.dismiss()))

    @property
    def outside(self) -> list[str]:
        """Addresses asked for beyond the file itself and the pictures in it."""
        return [url for url in self.requests[1:] if not url.startswith("data:")]

    def text(self) -> str:
        return str(self.page.inner_text("body"))

    def too_wide(self) -> int:
        """Pixels by which the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    def without_alt(self) -> int:
        return int(self.page.evaluate("[...document.images].filter(i => !i.alt).length"))

    def broken(self) -> int:
        """Pictures that do not show."""
        return int(
            self.page.evaluate("[...document.images].filter(i => !i.complete || !i.naturalWidth).length")
        )


@contextmanager
def opened(
    path: Path,
    *,
    size: tuple[int, int] = DESKTOP,
    scripts: bool = True,
    dark: bool = False,
    still: bool = False,
) -> Iterator[Seen]:
    """The page in a window of that size."""
    context = _browser().new_context(
        viewport={"width": size[0], "height": size[1]},
        java_script_enabled=scripts,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if still else "no-preference",
    )
    try:
        page = context.new_page()
        seen = Seen(page)
        page.goto(path.resolve().as_uri())
        yield seen
    finally:
        context.close()


@functools.cache
def _browser() -> Any:
    """One browser for all tests of a process: it takes a second to start."""
    from playwright.sync_api import sync_playwright

    driver = sync_playwright().start()
    atexit.register(driver.stop)
    return driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
