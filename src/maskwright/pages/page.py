"""One HTML file from a template: no request leaves it, and no text in it can act.

Every value is escaped by Jinja2 and cleaned of control characters before. The page's one
style and one script are named in its content security policy by their digests, so a script
that slipped in by any way would not be run (docs/decisions/0005).
"""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import secrets
from importlib import metadata
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from maskwright.errors import RunError
from maskwright.pages import words
from maskwright.pages.images import lighter
from maskwright.pages.lines import pieces_of

MOST_BYTES = 10_000_000
"""A page is mailed and kept; design.md allows no more."""
LIGHTER = (0.7, 0.7, 0.6, 0.6)
"""Pictures of a page that is too heavy are made smaller by these factors, one after the other."""


def render(template: str, **values: Any) -> str:
    """A page from `templates/<template>.html` and what it is to show.

    Args:
        values: by the names the template uses; a name it lacks is an error, not a blank.

    Raises:
        RunError: the page has more than `MOST_BYTES`, also with its pictures at a sixth of their size.
    """
    page = (
        _environment()
        .get_template(f"{template}.html")
        .render(version=metadata.version("maskwright"), **values)
    )
    for factor in LIGHTER:
        if len(page.encode()) <= MOST_BYTES:
            return page
        page = lighter(page, factor)
    if (length := len(page.encode())) > MOST_BYTES:
        raise RunError(f"the page has {words.size(length)}, at most {words.size(MOST_BYTES)} are written")
    return page


def render_drawing(template: str, **values: Any) -> str:
    """An SVG file from `templates/<template>.svg`, by the same rules."""
    return _environment().get_template(f"{template}.svg").render(**values)


def save_page(page: str, path: Path) -> None:
    """Write a page whole, taking the place of an older one of ours.

    Raises:
        RunError: something else is there, or it cannot be written.
    """
    check_place(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".tmp-{path.name}-{secrets.token_hex(4)}")
        try:
            temporary.write_text(page, encoding="utf-8")
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror or error}") from error


def check_place(path: Path) -> None:
    """Refuse a path that a page may not take; to be asked before a long run, not after it.

    Raises:
        RunError: something else is there.
    """
    try:
        taken = path.exists() and not is_page(path)
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror or error}") from error
    if taken:
        raise RunError(
            f"{path} is there already and is no page of maskwright",
            hint="name another file, like page.html",
        )


_MARK = b'<meta name="generator" content="maskwright '


def is_page(path: Path) -> bool:
    """Whether a page of ours is there, by how it begins; devices and folders are not read."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return _MARK in file.read(2000)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("maskwright.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("counted", "percent", "figure", "short", "edge"):
        environment.filters[name] = getattr(words, name)
    environment.filters.update(pieces=pieces_of, lines=_lines)
    for kind in ("css", "js"):
        source = (Path(__file__).parent / "templates" / f"page.{kind}").read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        environment.globals[kind] = Markup(source)  # ours, not a stranger's
        environment.globals[f"{kind}_digest"] = f"sha256-{digest}"
    return environment


def _lines(text: str) -> Markup:
    """Text of several lines, for `pre`; elsewhere line breaks become spaces."""
    return Markup("\n").join(escape(words.cleaned(line)) for line in text.splitlines())


def _shown(value: Any) -> Any:
    """What an expression of a template puts on the page."""
    if isinstance(value, Markup | jinja2.Undefined):
        return value
    return "" if value is None else words.cleaned(str(value))
