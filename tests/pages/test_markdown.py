"""What strangers write stays what they wrote: read back by a parser of CommonMark with tables."""

import json
import re
from html import unescape

import pytest
import yaml as reader
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from maskwright.pages.lines import Code
from maskwright.pages.markdown import cell, code, escaped, fenced, line, own, yaml
from maskwright.pages.words import cleaned

ACTING = [
    *(
        "*a*",
        "__a__",
        "`a`",
        "[a](b)",
        "![a](b)",
        "<b>a</b>",
        "<!-- a",
        "# a",
        "#a",
        "- a",
        "+ a",
        "1. a",
        "2) a",
    ),
    *(
        "> a",
        "===",
        "---",
        "***",
        "a | b",
        "|---|",
        "~~a~~",
        "$a$",
        "&amp;",
        "\\*",
        "[^1]",
        "<http://a>",
        "    a",
    ),
    *("![", "``` a", "~~~", "\\", "`", "``", "`` ` ``", "a\\|b", "\\`", "<a href='x'>"),
]
TEXTS = (
    st.text(st.sampled_from(list("ab *_`~<>&#-+=1.|[]()!\\$:/\n\t\"'{}")))
    | st.text()
    | st.sampled_from(ACTING)
)


def parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def words_of(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html)).strip()


def tags(html: str) -> set[str]:
    return set(re.findall(r"<(\w+)", html))


def plain(text: str) -> str:
    """The text as a reader of markdown has it: spaces at the ends of a line are nobody's."""
    return cleaned(text).strip()


@given(TEXTS)
def test_escaped_text_is_a_paragraph_of_that_text(text: str) -> None:
    html = parser().render(f"x\n\n{escaped(text)}\n\ny")
    assert tags(html) <= {"p", "code"} | ({"pre"} if cleaned(text).startswith("    ") else set())
    if "code" not in tags(html):
        assert words_of(html) == "\n".join(["x", *([plain(text)] if plain(text) else []), "y"])


@given(TEXTS)
def test_code_is_a_code_span_of_that_text(text: str) -> None:
    html = parser().render(line(["x ", Code(text)]))
    assert tags(html) <= {"p", "code"}
    assert words_of(html).removeprefix("x").strip() == plain(text)


@given(st.lists(TEXTS, min_size=2, max_size=2))
def test_a_row_of_a_table_has_its_cells(texts: list[str]) -> None:
    shown = (cell([texts[0]]), cell([Code(texts[1])]))
    row = "|".join(f" {each} " for each in shown)
    html = parser().render(f"| a | b |\n|---|---|\n|{row}|\n")
    assert html.count("<td") == 2


@pytest.mark.parametrize("text", ACTING)
def test_what_acts_in_markdown_does_not(text: str) -> None:
    assert words_of(parser().render(escaped(text))) == plain(text)
    assert words_of(parser().render(code(text))) == plain(text)


@pytest.mark.parametrize("text", ["see http://a.example", "www.a.example", "mail a@b.example", "mailto:a"])
def test_an_address_is_code_and_no_link(text: str) -> None:
    assert parser().render(escaped(text)) == f"<p><code>{text}</code></p>\n"


@given(st.text())
def test_a_fence_holds_any_lines(text: str) -> None:
    html = parser().render(f"{fenced(text, 'sh')}\n\nafter\n")
    assert html.endswith("<p>after</p>\n")
    assert tags(html) == {"pre", "code", "p"}


def test_a_fence_is_longer_than_any_in_it() -> None:
    html = parser().render(fenced("a\n````\nb\n```", "sh"))
    assert words_of(html) == "a\n````\nb\n```"


@given(TEXTS)
def test_yaml_reads_the_text_back(text: str) -> None:
    quoted = yaml(text)
    assert reader.safe_load(f"name: {quoted}\nnext: 1\n") == {"name": cleaned(text), "next": 1}
    assert json.loads(quoted) == cleaned(text)


def test_a_name_that_is_not_ours_is_no_part_of_an_address() -> None:
    assert own("least-sure") == "least-sure"
    with pytest.raises(ValueError, match="no name of ours"):
        own("a) b")
