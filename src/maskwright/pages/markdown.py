"""Markdown from a template, in which no text of a stranger can act: not as markup, HTML, link or YAML.

As on pages, every value is cleaned of control characters. Then it is escaped, unless it went through one
of the filters `code`, `fenced`, `line`, `cell`, `own` and `yaml`, which quote in their own way.
"""

from __future__ import annotations

import functools
import json
import re
from importlib import metadata
from typing import Any

import jinja2

from maskwright.pages import words
from maskwright.pages.lines import Code, Line, Link, pieces_of

_SIGNS = re.compile(r"[\\`*_{}\[\]|~$]")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ADDRESS = re.compile(r"://|www\.|mailto:|@", re.IGNORECASE)
"""What renderers turn into links without being asked to."""
_BLOCK = re.compile(r"^(\s*)([#+=-])|^(\s*\d+)([.)])(?=\s|$)")
"""A line that begins so could be a heading, a list or a rule."""
_OURS = re.compile(r"[A-Za-z0-9_-]+")


class Quoted(str):
    """Markdown that is ready: quoted, so that it is not quoted again."""

    __slots__ = ()


def render_markdown(template: str, **values: Any) -> str:
    """A text from `templates/<template>.md` and what it is to show; ends with one line break."""
    version = metadata.version("maskwright")
    found = _environment().get_template(f"{template}.md").render(version=version, **values)
    return re.sub(r"\n{3,}", "\n\n", found).strip() + "\n"


def escaped(text: str, *, tabled: bool = False) -> Quoted:
    r"""Text that means itself; an address in it is quoted as code, so that it is no link.

    Args:
        tabled: whether it stands in a table.

    >>> escaped("a *b* <img>"), escaped("see http://x.y")
    ('a \\*b\\* &lt;img&gt;', '`see http://x.y`')
    """
    clean = words.cleaned(text)
    if _ADDRESS.search(clean):
        return code(clean, tabled=tabled)
    signs = _BLOCK.sub(r"\1\3\\\2\4", _SIGNS.sub(lambda found: "\\" + found[0], clean))
    return Quoted("".join(_HTML.get(sign, sign) for sign in signs))


def code(text: str, *, tabled: bool = False) -> Quoted:
    r"""Text as a code span; empty text stays empty.

    >>> code("a `b`"), code("x|y", tabled=True)
    ('`` a `b` ``', '`x\\|y`')
    """
    clean = words.cleaned(text).strip()
    if not clean:
        return Quoted("")
    ticks = "`" * (_longest_run(clean) + 1)
    room = " " if "`" in (clean[0], clean[-1]) else ""
    span = f"{ticks}{room}{clean}{room}{ticks}"
    # Rows of a table are split before code spans are read, and only there is the backslash taken away.
    return Quoted(span.replace("|", "\\|") if tabled else span)


def line(found: Line, *, tabled: bool = False) -> Quoted:
    """The pieces of a sentence; one that begins like a block of another kind does not become one."""
    shown = []
    for piece in pieces_of(found):
        if isinstance(piece, Code):
            shown.append(code(piece.text, tabled=tabled))
        elif isinstance(piece, Link):
            shown.append(Quoted(f"<{piece.address}>"))
        else:
            shown.append(escaped(piece, tabled=tabled))
    return Quoted("".join(shown))


def cell(found: Line) -> Quoted:
    """A sentence in a table."""
    return line(found, tabled=True)


def fenced(text: str, language: str = "") -> Quoted:
    """Lines as a block of code, behind a fence longer than any in it."""
    clean = "\n".join(words.cleaned(each) for each in text.splitlines())
    fence = "`" * max(3, _longest_run(clean) + 1)
    return Quoted(f"{fence}{language}\n{clean}\n{fence}")


def yaml(text: str) -> Quoted:
    r"""A YAML scalar in double quotes, which is also one of JSON.

    >>> yaml('a: "b" # c')
    '"a: \\"b\\" # c"'
    """
    return Quoted(json.dumps(words.cleaned(text), ensure_ascii=False))


def own(name: str) -> Quoted:
    """A name of ours, as part of an address; nothing in it could act.

    Raises:
        ValueError: it is somebody else's.
    """
    if not _OURS.fullmatch(name):
        raise ValueError(f"{name!r} is no name of ours")
    return Quoted(name)


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("maskwright.pages"),
        autoescape=False,  # that of HTML; `finalize` escapes every value for markdown
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(code=code, line=line, cell=cell, fenced=fenced, yaml=yaml, own=own)
    return environment


def _shown(value: Any) -> Any:
    if isinstance(value, Quoted | jinja2.Undefined):
        return value
    return "" if value is None else escaped(str(value))
