"""The card of a dataset as other programs read it: hubs, YAML, markdown, and whoever runs its lines."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from maskwright.datasets.card import write_card
from maskwright.datasets.formats import FORMATS, load_format
from maskwright.datasets.values import ROW
from tests.contracts.page import HOSTILE
from tests.datasets.carded import TAKEN, card_of, dataset, entries, front

WORDS = f"{HOSTILE} | `x` [a](http://evil.example) *b* $c$ <!-- \n---\nlicense: mit\n# h"
"""Beyond what acts on a page: what acts in markdown, in a table of it, and in YAML."""


def rendered(card: str) -> str:
    """HTML as a renderer makes it that lets HTML through."""
    body = card.split("---\n", 2)[2]
    return str(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(body))


def test_the_hub_s_own_library_reads_the_front_matter(tmp_path: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")
    told = hub.DatasetCard(card_of(tmp_path / "made", entries(14, 5))).data
    assert told.license == "unknown"
    assert told.task_categories == ["image-segmentation"]
    assert told.size_categories == ["n<1K"]
    assert "image-forensics" in told.tags
    assert told.pretty_name == "made"


@pytest.mark.parametrize(
    ("licence", "wanted"),
    [
        ("CC BY 4.0", {"license": "cc-by-4.0"}),
        ("for *research*", {"license": "other", "license_name": "for-research"}),
    ],
)
def test_a_licence_becomes_what_the_hub_knows(tmp_path: Path, licence: str, wanted: dict[str, str]) -> None:
    told = front(card_of(tmp_path / "made", entries(3, 0), licence=licence))
    assert {key: told[key] for key in told if key.startswith("license")} == wanted


@pytest.mark.parametrize("form", [name for name in FORMATS if load_format(name).hub])
def test_datasets_loads_the_folder_with_exactly_its_splits(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    given = entries(16, 6)
    card_of(tmp_path / "made", given, form)
    loaded = datasets.load_dataset(str(tmp_path / "made"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(rows) for name, rows in loaded.items()} == Counter(one.split for one in given)


@pytest.mark.parametrize("form", [name for name in FORMATS if not load_format(name).hub])
def test_a_format_the_hub_cannot_load_offers_its_rows(tmp_path: Path, form: str) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    given = entries(16, 0)
    card = card_of(tmp_path / "made", given, form)
    assert "not its pictures" in card
    loaded = datasets.load_dataset(str(tmp_path / "made"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(rows) for name, rows in loaded.items()} == Counter(one.split for one in given)
    assert set(loaded["train"].column_names) == set(ROW)


@pytest.mark.parametrize("form", list(FORMATS))
def test_every_format_shows_the_masks_that_it_holds(tmp_path: Path, form: str) -> None:
    write_card(dataset(tmp_path / "made", entries(4, 0), form))
    page = (tmp_path / "made" / "card.html").read_text(encoding="utf-8")
    assert page.count('alt="The mask of ') == 4
    assert "could not be read" not in page
    assert page.count('class="over" d="M') == (0 if form == "masks" else 4)


@pytest.mark.parametrize("form", ["imagefolder", "parquet"])
def test_the_lines_that_load_it_run(tmp_path: Path, form: str) -> None:
    pytest.importorskip("datasets")
    card = card_of(tmp_path / "made", entries(8, 2), form)
    (lines,) = re.findall(r"```python\n(.+?)```", card, re.DOTALL)
    environment = {**os.environ, "HF_HOME": str(tmp_path / "cache"), "HF_DATASETS_OFFLINE": "1"}
    program = (
        lines.replace("FOLDER", str(tmp_path / "made")) + "\nassert mask.size == picture.size == (96, 72)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_words_of_strangers_are_words_in_yaml_and_in_markdown(tmp_path: Path) -> None:
    given = entries(
        9,
        3,
        source=WORDS,
        id=WORDS,
        licence=WORDS,
        instruction=WORDS,
        annotator=WORDS,
        annotator_digest=WORDS,
        verdict=WORDS,
        background=WORDS,
        redistribute="pictures",
    )
    hostile = replace(
        TAKEN, source=WORDS, selection=WORDS, conditions=(WORDS,), funnel=((WORDS, 3), (WORDS, 2))
    )
    card = card_of(
        tmp_path / "made",
        given,
        name=WORDS,
        taken=(hostile,),
        licence=WORDS,
        encoding=WORDS,
        command=WORDS,
        excluded=((WORDS, 1),),
        versions={"maskwright": WORDS},
    )
    told = front(card)
    assert set(told) == {
        *("license", "license_name", "pretty_name", "task_categories", "size_categories", "tags", "configs"),
    }
    assert told["license"] == "other"
    assert told["pretty_name"].startswith("</script><img src=x")
    html = rendered(card)
    text = re.sub(r"<[^>]+>", "", html)
    assert text.count("&lt;img src=x onerror=alert(1)&gt;") > 15
    harmless = "h1 h2 h3 p strong em ul li table thead tbody tr th td code pre img a blockquote hr"
    assert set(re.findall(r"<(\w+)", html)) <= set(harmless.split())
    assert set(re.findall(r'(?:src|href)="([^"]+)"', html)) == {
        *(f"card/{name}.jpg" for name in ("pictures", "least-sure", "surest")),
        *("card/area_frac.svg", "card/qes.svg", "card.html"),
    }
    assert html.count("<em>") == 1
    assert html.count("<h1>") == 1
    assert not {"\u202e", "\x1b"} & set(card)


def test_a_table_keeps_its_columns_whatever_words_are_in_it(tmp_path: Path) -> None:
    card = card_of(tmp_path / "made", entries(4, 0, licence="a|b `c|d` \\| e", source="x|y\\|z"))
    cells = re.findall(r"<tr>(.*?)</tr>", rendered(card), re.DOTALL)
    assert {row.count("<td") for row in cells} == {0, 2, 3, 4}
    assert "<code>x|y\\|z</code>" in rendered(card)
